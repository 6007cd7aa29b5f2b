//! The store of records.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Change, Effect, Landed, Layout, Plan, Record};

use crate::Result;

/// What is landed: the lines of one file.
#[derive(Debug, Clone, Copy)]
pub struct Cargo<'a> {
    /// The universe of the records.
    pub universe: &'a str,
    /// The import.
    pub import: ImportId,
    /// The name of the file.
    pub file: &'a str,
    /// How many bytes of it are loaded.
    pub bytes: u64,
    /// What its lines do, and the tables that they write.
    pub plan: &'a Arc<Plan>,
}

/// A run of good lines of one file, to be landed in order and as one.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The universe of the records.
    pub universe: &'a str,
    /// The import.
    pub import: ImportId,
    /// Which batch of the import it is. The same import always has the same batches.
    pub number: BatchNumber,
    /// True if an earlier try may have landed it: then it is better to ask for the answer first.
    pub is_again: bool,
    /// What lines do.
    pub plan: &'a Arc<Plan>,
    /// What the lines have in common.
    pub layout: &'a Layout,
    /// The lines.
    pub changes: &'a Arc<Vec<Change>>,
}

/// Which batch of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchNumber {
    /// Which loader's, from 0.
    pub share: u32,
    /// Which one in the file, from 0.
    pub batch: u64,
}

/// What a batch did, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// What the lines did, in their order: an effect, and how many lines in a row had it.
    runs: Vec<(Effect, u32)>,
    /// How many other records were removed.
    #[serde(default)]
    pub removed: u64,
    /// How many records have another key now.
    #[serde(default)]
    pub moved: u64,
}

impl Applied {
    /// Adds what the next line did.
    pub fn push(&mut self, landed: Landed) {
        self.removed += landed.removed;
        self.moved += u64::from(landed.moved);
        match self.runs.last_mut() {
            Some((effect, lines)) if *effect == landed.effect => *lines += 1,
            _ => self.runs.push((landed.effect, 1)),
        }
    }

    /// Adds what the lines of a further part did.
    pub fn extend(&mut self, part: Self) {
        self.removed += part.removed;
        self.moved += part.moved;
        for (effect, lines) in part.runs {
            match self.runs.last_mut() {
                Some((last, before)) if *last == effect => *before += lines,
                _ => self.runs.push((effect, lines)),
            }
        }
    }

    /// What each line did, in their order.
    pub fn effects(&self) -> impl Iterator<Item = &Effect> {
        self.runs.iter().flat_map(|(effect, lines)| std::iter::repeat_n(effect, *lines as usize))
    }

    /// How many lines the batch had.
    pub fn lines(&self) -> u64 {
        self.runs.iter().map(|(_, lines)| u64::from(*lines)).sum()
    }
}

/// What becomes of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is landed.
    Landed(Applied),
    /// It is landed together with others, by [`Landing::settle`].
    PutOff,
}

/// What the batches that were put off did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many lines are imported.
    pub imported: u64,
    /// How many lines took the place of an earlier line of the file.
    pub superseding: u64,
    /// How many lines changed nothing.
    pub unchanged: u64,
    /// How many other records were removed.
    pub removed: u64,
    /// True if some lines did something else: they were rejected, or left alone. What each did, [`Landing::apply`] answers.
    pub has_others: bool,
}

impl Settled {
    /// Adds what a batch did.
    pub fn add(&mut self, applied: &Applied) {
        self.removed += applied.removed;
        self.has_others |= applied.moved > 0;
        for (effect, lines) in &applied.runs {
            let lines = u64::from(*lines);
            match effect {
                Effect::Imported => self.imported += lines,
                Effect::Superseding => self.superseding += lines,
                Effect::Unchanged => self.unchanged += lines,
                _ => self.has_others = true,
            }
        }
    }
}

/// A page of a scope, on which what a file does not name is removed.
pub struct Pruning<'a> {
    /// The universe.
    pub universe: &'a str,
    /// The import.
    pub import: ImportId,
    /// Which page it is, from 0.
    pub page: u64,
    /// The key behind which it begins; the answer to the page before says it.
    pub after: Option<&'a str>,
    /// How many records it has at most.
    pub limit: usize,
    /// The plan of the import: its records, and what belongs to them.
    pub plan: &'a Arc<Plan>,
    /// What stays: asked with the key and the record.
    pub stays: Arc<Stays>,
}

/// Says of a key and its record whether they stay.
pub type Stays = dyn Fn(&str, &Record) -> bool + Send + Sync;

impl fmt::Debug for Pruning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pruning")
            .field("import", &self.import)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// What pruning a page did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pruned {
    /// How many records were removed, or left the list.
    pub removed: u64,
    /// How many others went with them.
    pub dependents: u64,
    /// The key behind which the next page begins; None if this was the last one.
    pub next: Option<String>,
}

/// A record with its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The universe.
    pub universe: String,
    /// The key.
    pub key: String,
    /// What it holds.
    pub record: Record,
}

/// The store of records.
pub trait Records: Send + Sync + 'static {
    /// What one worker lands of one import.
    type Landing: Landing;

    /// Begins to land a file. Waits for its turn, where only one import may change a universe at a time.
    ///
    /// # Errors
    /// [`Error::Unfit`](crate::Error::Unfit) if the tables that it writes cannot become what its configuration says.
    fn begin(&self, cargo: Cargo<'_>) -> impl Future<Output = Result<Self::Landing>> + Send;
    /// True if a batch of the import was landed, as far as it is not forgotten.
    fn has_begun(&self, universe: &str, import: ImportId) -> impl Future<Output = Result<bool>> + Send;
    /// From now on nothing of the run is landed or pruned, although a worker may still have its lines: it is told
    /// [`Error::Closed`](crate::Error::Closed). True if something was. So many loaders share its lines.
    fn close(
        &self,
        universe: &str,
        import: ImportId,
        loaders: u32,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Drops the answers to the batches of an import that is over: its batches do not come again. A store whose answers
    /// expire does nothing.
    fn forget(&self, _universe: &str, _import: ImportId) -> impl Future<Output = Result<()>> + Send {
        async { Ok(()) }
    }
    /// True if readers see a landing only when it is kept, and a landing that is not kept leaves nothing.
    fn lands_whole(&self) -> bool;
    /// Brings what goes on in the background to its end. Called before a process may be made to stand still.
    fn rest(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
    /// How many lines make a batch: always as many.
    fn batch_lines(&self) -> usize {
        5_000
    }
    /// Which of these records exist, in their order: scopes and keys.
    fn exist(
        &self,
        universe: &str,
        records: &[(String, String)],
    ) -> impl Future<Output = Result<Vec<bool>>> + Send;
    /// The record of a scope with this key and those whose keys begin with it, in the order of universe
    /// and key; at most so many.
    fn find(
        &self,
        scope: &str,
        key: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredRecord>>> + Send;
    /// Records of a scope in the order of universe and key, behind `after`: at most `limit`, and fewer where they are
    /// wide. There are no more only if the answer is empty. Keys that are whole numbers may come in the order of numbers.
    fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredRecord>>> + Send;
    /// How many records each scope has, by universe and scope.
    fn counts(&self) -> impl Future<Output = Result<Vec<(String, String, u64)>>> + Send;
}

/// What one worker lands of one import.
///
/// A store with transactions keeps it back until [`Landing::keep`]: readers see a file as a whole. If the
/// landing is dropped before that, or the process ends, nothing of it has happened. A store without them lands each
/// batch for itself; then a batch is seen as soon as it is landed.
pub trait Landing: Send + Sync + 'static {
    /// Lands a batch: all of it, once, each line as [`tidewaiter::record::land`] has it. Given the same import and
    /// number again, it changes nothing and answers what it answered the first time.
    ///
    /// A store may put off the batches of a large file, to land all of them in the order in which it keeps records. It
    /// answers for them after [`Landing::settle`].
    fn apply(&self, batch: &Batch<'_>) -> impl Future<Output = Result<Answer>> + Send;
    /// Lands what was put off.
    fn settle(&self) -> impl Future<Output = Result<Settled>> + Send {
        async { Ok(Settled::default()) }
    }
    /// Removes the records of a page that do not stay; if the import replaces a list, they leave the list
    /// instead. Takes effect once, like a batch.
    fn prune_unlisted(&self, pruning: &Pruning<'_>) -> impl Future<Output = Result<Pruned>> + Send;
    /// As [`Records::scan`], of the records as this landing has changed them.
    fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<StoredRecord>>> + Send;
    /// Keeps what was landed, whatever happens from now on, and shows it.
    fn keep(self) -> impl Future<Output = Result<()>> + Send;
}
