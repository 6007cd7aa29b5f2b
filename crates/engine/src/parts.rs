//! Checks one file on all processors: threads judge its parts, and the verdicts are taken in the order of the file.
//! The thread that asks for the check judges parts too, instead of waiting.
//!
//! If a file can be read at any position, the judging thread reads its own part, so that the bytes need not come from
//! the cache of another processor.
//!
//! The verdict does not depend on how the file is cut or on which thread is faster: see `tidewaiter::check::Judge`.
//! Only a few parts are in memory at a time.

mod buffers;

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use memchr::memchr;
use tidewaiter::check::{Checker, Header, Judge, Judged, Line, Sink, Summary};

pub(crate) use self::buffers::Buffers;
use crate::hash::Hash;

/// How much is judged in one go, in bytes.
pub(crate) const PART: usize = 256 << 10;
/// How many parts may wait for each judging thread.
const AHEAD: usize = 3;

/// Reads into a buffer what a file has from a byte on, and says how much that is; 0 at its end.
pub type ReadAt = Arc<dyn Fn(u64, &mut [u8]) -> io::Result<usize> + Send + Sync>;

/// A checker, perhaps with threads that judge for it, and the hash of what it was told.
pub(crate) struct Parts {
    checker: Checker,
    hash: Option<Hash>,
    team: Option<Team>,
    /// What is not told to the checker yet, in the order of the file.
    waiting: VecDeque<Part>,
    /// Why a part could not be read.
    failed: Option<io::Error>,
}

/// A part of the file, and the verdict on it when it is there.
struct Part {
    content: Content,
    verdict: Receiver<Verdict>,
}

/// The bytes of a part, or where they are.
#[derive(Clone)]
enum Content {
    Here(Bytes),
    There(ReadAt, Range<u64>),
}

/// What is said of a part.
type Verdict = io::Result<Read>;

/// A part that was read. Its first line may have begun before, and its last one may end later.
struct Read {
    bytes: Bytes,
    /// Where the first line begins that it holds from its beginning, and what is said from there on.
    begin: usize,
    judged: Option<Judged>,
}

/// The judges: some threads, and the reading thread when it has nothing else to do.
struct Team {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    own: Worker,
}

/// One judging thread.
struct Worker {
    judge: Judge,
    buffers: Buffers,
}

/// Parts to be judged, in the order of the file. A free thread takes the next one.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// No more will come.
    over: bool,
}

struct Job {
    content: Content,
    verdict: Sender<Verdict>,
}

impl Parts {
    /// A checker that works alone.
    pub(crate) fn new(checker: Checker, hash: Option<Hash>) -> Self {
        Self { checker, hash, team: None, waiting: VecDeque::new(), failed: None }
    }

    /// Lets so many threads help, if the header is known, and one more with the hash.
    pub(crate) fn share(&mut self, threads: usize) {
        if self.team.is_none() {
            self.team = Team::gather(&self.checker, threads);
        }
        if let (Some(_), Some(hash)) = (&self.team, &mut self.hash) {
            hash.move_away();
        }
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &Bytes) {
        if self.team.is_none() {
            return self.tell(Read { bytes: bytes.clone(), begin: 0, judged: None });
        }
        let mut rest = bytes.clone();
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(PART));
            self.wait_for(Content::Here(part));
        }
    }

    /// Takes what a file has in a range, which the judging threads read. `observe` is told of each byte up to which
    /// parts were given out.
    pub(crate) fn read(
        &mut self,
        file: &ReadAt,
        range: Range<u64>,
        mut observe: impl FnMut(u64),
    ) -> io::Result<()> {
        let mut at = range.start;
        while at < range.end && self.failed.is_none() {
            let end = range.end.min(at + PART as u64);
            self.wait_for(Content::There(Arc::clone(file), at..end));
            observe(end);
            at = end;
        }
        while self.tell_one() {}
        self.failed.take().map_or(Ok(()), Err)
    }

    /// True if others help.
    pub(crate) fn is_shared(&self) -> bool {
        self.team.is_some()
    }

    /// True if the file as a whole is refused.
    pub(crate) fn is_bogus(&self) -> bool {
        self.checker.is_bogus()
    }

    /// The file ends here. The hash is that of all of it.
    pub(crate) fn finish(mut self) -> (Summary, Option<Hash>) {
        while self.tell_one() {}
        (self.checker.finish(&mut Ignore), self.hash)
    }

    fn wait_for(&mut self, content: Content) {
        while self.waiting.len() >= self.team.as_ref().map_or(1, Team::most) {
            self.tell_one();
        }
        let (verdict, comes) = channel();
        if let Some(team) = &self.team {
            team.queue.push(Job { content: content.clone(), verdict });
        }
        self.waiting.push_back(Part { content, verdict: comes });
    }

    /// Tells the checker of the first part that waits; false if there is none.
    fn tell_one(&mut self) -> bool {
        let Some(Part { content, verdict }) = self.waiting.pop_front() else { return false };
        let verdict = self.team.as_mut().and_then(|team| team.wait(&verdict));
        // If there is no thread, or it is gone, its work is done here.
        let read = verdict.unwrap_or_else(|| {
            let bytes = content.bytes(&mut Buffers::default())?;
            Ok(Read { bytes, begin: 0, judged: None })
        });
        match read {
            Ok(read) => self.tell(read),
            Err(error) => self.failed = self.failed.take().or(Some(error)),
        }
        true
    }

    fn tell(&mut self, Read { bytes, begin, judged }: Read) {
        if let Some(hash) = &mut self.hash {
            hash.feed(&bytes);
        }
        let Some((before, lines)) = bytes.split_at_checked(begin) else { return };
        self.checker.feed(before, &mut Ignore);
        match judged {
            Some(judged) => self.checker.feed_judged(lines, &judged),
            None => self.checker.feed(lines, &mut Ignore),
        }
    }
}

impl Content {
    fn bytes(self, buffers: &mut Buffers) -> io::Result<Bytes> {
        match self {
            Self::Here(bytes) => Ok(bytes),
            Self::There(file, range) => buffers.fill(range, |at, buffer| file(at, buffer)),
        }
    }
}

impl Team {
    /// A team with so many threads, or as many as there is memory for; None if the header is not known.
    fn gather(checker: &Checker, threads: usize) -> Option<Self> {
        let queue = Arc::new(Queue::default());
        let worker = || Some(Worker { judge: checker.judge()?, buffers: Buffers::default() });
        let mut team = Self { queue, threads: Vec::new(), own: worker()? };
        for _ in 0..threads {
            let (queue, mut worker) = (Arc::clone(&team.queue), worker()?);
            let work = move || {
                while let Some(job) = queue.wait() {
                    worker.does(job);
                }
            };
            let Ok(thread) = thread::Builder::new().name("judge".to_owned()).spawn(work) else { break };
            team.threads.push(thread);
        }
        Some(team)
    }

    /// How many parts may wait.
    fn most(&self) -> usize {
        (self.threads.len() + 1) * AHEAD
    }

    /// Waits for a verdict, and judges parts that no thread has begun meanwhile. None if the thread that had it is
    /// gone.
    fn wait(&mut self, verdict: &Receiver<Verdict>) -> Option<Verdict> {
        loop {
            match verdict.try_recv() {
                Ok(verdict) => return Some(verdict),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            match self.queue.pop() {
                Some(job) => self.own.does(job),
                None => return verdict.recv().ok(),
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.queue.lock().over = true;
        self.queue.more.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of it has been said on standard error, and its work was done elsewhere.
            drop(thread.join());
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is to be judged.
    fn push(&self, job: Job) {
        self.lock().waiting.push_back(job);
        self.more.notify_one();
    }

    /// The next, if one waits.
    fn pop(&self) -> Option<Job> {
        self.lock().waiting.pop_front()
    }

    /// The next, when it comes; None if no more will.
    fn wait(&self) -> Option<Job> {
        let mut jobs = self.lock();
        loop {
            if jobs.over {
                return None;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            jobs = self.more.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Worker {
    fn does(&mut self, Job { content, verdict }: Job) {
        let read = content.bytes(&mut self.buffers).map(|bytes| {
            let begin = memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
            let judged = self.judge.judge(bytes.get(begin..).unwrap_or_default());
            Read { bytes, begin, judged: Some(judged) }
        });
        // No thread waits for it if the file is given up.
        let _ = verdict.send(read);
    }
}

/// The check keeps no lines.
struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}

#[cfg(test)]
mod tests;
