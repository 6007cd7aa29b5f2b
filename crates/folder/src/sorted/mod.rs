//! Sorts the changes of a file by their records, in bounded memory.
//!
//! A table keeps its rows in the order of their keys. If lines land in that order, each page of the table is read and
//! written once; if they land in the order of the file, pages are read and written again and again. [`Sorter`] takes
//! changes in any order. [`Sorted`] returns them by the name of their subject, and those of one name by line.
//!
//! Changes that fill less than half of the memory stay there. Otherwise a second thread sorts each full buffer and
//! writes it to a temporary file as a *run*, while the next buffer fills. [`Sorter::finish`] merges the runs. The file
//! has no name, so a process that is killed leaves nothing behind.
//!
//! | module | what it does |
//! |---|---|
//! | `record` | writes a change as bytes, and reads it |
//! | `buffer` | holds changes in memory, and sorts them |
//! | `run` | writes sorted changes to the temporary file, and reads them |
//! | `merge` | merges runs |

mod buffer;
mod merge;
mod record;
mod run;
#[cfg(test)]
mod tests;

use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use tidewaiter::record::Change;

use buffer::Buffer;
pub(crate) use merge::{Sorted, SortedChange};
use run::{Run, Scratch};

/// The most memory that is used: the place of a change in a buffer is 32 bits wide.
const MOST_MEMORY: usize = 1 << 31;

/// Takes changes in any order, and sorts them by the name of their subject and by line.
///
/// Changes of one name and one line keep the order in which they were pushed.
#[derive(Debug)]
pub(crate) struct Sorter {
    directory: PathBuf,
    memory: usize,
    buffer: Buffer,
    shared: SharedPrefix,
    helper: Option<Helper>,
    /// True if full buffers were lost.
    is_broken: bool,
}

impl Sorter {
    /// A sorter that uses about `memory` bytes, and at most one large change more. If that is not enough, it makes a
    /// temporary file in `directory`.
    pub(crate) fn new(directory: &Path, memory: usize) -> Self {
        Self {
            directory: directory.to_owned(),
            memory: memory.min(MOST_MEMORY),
            buffer: Buffer::default(),
            shared: SharedPrefix::default(),
            helper: None,
            is_broken: false,
        }
    }

    /// Adds a change, and where it stands in the file: which batch, and which change of the batch.
    ///
    /// # Errors
    /// The temporary file cannot be created or written. This may concern changes that were pushed before. The sorter
    /// is of no use any more.
    pub(crate) fn push(&mut self, batch: u64, at: u32, change: &Change) -> io::Result<()> {
        self.buffer.push(batch, at, change)?;
        self.shared.note(change.subject.name().as_bytes());
        // One buffer fills while the other one is written: each may have half of the memory.
        if self.buffer.bytes() < self.memory / 2 { Ok(()) } else { self.spill() }
    }

    /// Sorts what was pushed.
    ///
    /// # Errors
    /// The temporary file cannot be created, written or read.
    pub(crate) fn finish(mut self) -> io::Result<Sorted> {
        self.check()?;
        let shared = self.shared.bytes;
        self.buffer.sort(shared);
        let runs = self.helper.map_or(Ok(Vec::new()), Helper::finish)?;
        merge::merged(&self.directory, runs, self.buffer, self.memory, shared)
    }

    /// Hands the full buffer to the second thread.
    fn spill(&mut self) -> io::Result<()> {
        self.check()?;
        let helper = match &mut self.helper {
            Some(helper) => helper,
            none => none.insert(Helper::start(Scratch::create(&self.directory)?)?),
        };
        let full = mem::take(&mut self.buffer);
        if helper.full.send((full, self.shared.bytes)).is_ok() {
            // The thread returned the buffer before this one when it was done with it.
            self.buffer = helper.empty.try_recv().unwrap_or_default();
            return Ok(());
        }
        self.is_broken = true;
        self.helper.take().map_or(Ok(Vec::new()), Helper::finish).and(Err(broken()))
    }

    fn check(&self) -> io::Result<()> {
        if self.is_broken { Err(broken()) } else { Ok(()) }
    }
}

fn broken() -> io::Error {
    io::Error::other("changes that were to be sorted are lost")
}

/// How many bytes all names begin with in common. Keys often begin alike (`contact-0…`): their order is decided behind
/// that.
#[derive(Debug, Default)]
struct SharedPrefix {
    name: Option<Vec<u8>>,
    bytes: usize,
}

impl SharedPrefix {
    fn note(&mut self, name: &[u8]) {
        let Some(first) = &self.name else {
            self.bytes = name.len();
            self.name = Some(name.to_owned());
            return;
        };
        let alike = first.iter().zip(name).take(self.bytes).take_while(|(one, other)| one == other);
        self.bytes = alike.count();
    }
}

/// The second thread: it sorts full buffers, and writes them.
#[derive(Debug)]
struct Helper {
    full: SyncSender<(Buffer, usize)>,
    empty: Receiver<Buffer>,
    thread: JoinHandle<io::Result<Vec<Run>>>,
}

impl Helper {
    fn start(scratch: Scratch) -> io::Result<Self> {
        // Without room for a buffer that waits: there are never more than two.
        let (full, to_sort) = sync_channel(0);
        let (sorted, empty) = channel();
        let work = move || spill_all(&Arc::new(scratch), &to_sort, &sorted);
        let thread = thread::Builder::new().name("sort".to_owned()).spawn(work)?;
        Ok(Self { full, empty, thread })
    }

    /// Waits until everything is written.
    fn finish(self) -> io::Result<Vec<Run>> {
        drop(self.full);
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread that sorts has failed")))
    }
}

/// Sorts and writes buffers until there are no more.
fn spill_all(
    scratch: &Arc<Scratch>,
    full: &Receiver<(Buffer, usize)>,
    empty: &Sender<Buffer>,
) -> io::Result<Vec<Run>> {
    let (mut runs, mut end) = (Vec::new(), 0);
    while let Ok((mut buffer, shared)) = full.recv() {
        buffer.sort(shared);
        let mut writer = run::Writer::new(scratch, end);
        buffer.records().try_for_each(|record| writer.push(record))?;
        let run = writer.finish()?;
        end = run.end();
        runs.push(run);
        buffer.clear();
        // The sorter may be gone. Then no buffer is needed.
        let _ = empty.send(buffer);
    }
    Ok(runs)
}
