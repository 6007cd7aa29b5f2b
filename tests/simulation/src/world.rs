//! What all processes share: the bucket, the tables, the queues, the clock, and whoever watches.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter_engine::ports::{ImportRun, ImportSnapshot};
use tidewaiter_engine::{Error, Result};
use tidewaiter_folder::{SqliteRecords, SqliteState};
use tidewaiter_tests::generate::Chance;

use crate::bucket::Bucket;
use crate::fault::{Fault, Faults};
use crate::messages::{Body, Envelope, describe};
use crate::table::Table;
use crate::watch::Watch;

/// The revision of a run as it was registered.
pub(crate) const FIRST_REVISION: u64 = 1;
/// When histories begin, in milliseconds since 1970.
const BEGIN: i64 = 1_790_000_000_000;
/// How late a message may be, in milliseconds: SQS hands out what it has within a minute; a retry takes longer.
const LATE: u64 = 20 * 60 * 1_000;

/// How often things go wrong in a history, in a thousand: some histories are rough, some are calm.
#[derive(Debug, Clone, Copy, Default)]
#[expect(missing_docs, reason = "each is the fault of the same name")]
pub struct Rates {
    pub message_twice: u64,
    pub message_late: u64,
    pub message_lost: u64,
    pub event_twice: u64,
    pub event_late: u64,
    pub event_lost: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub throttled: u64,
    pub killed: u64,
    pub stalled: u64,
    pub two_at_once: u64,
    pub clock: u64,
    pub skewed: u64,
    pub redeployed: u64,
    pub swept: u64,
    pub handed_on: u64,
}

impl Rates {
    /// The rates of a history.
    pub fn draw(chance: &mut Chance) -> Self {
        // None in a third of the histories, so that what one fault does is not hidden by others.
        let mut rate = |most: u64| match chance.below(3) {
            0 => 0,
            1 => 1 + chance.below(most / 4 + 1),
            _ => 1 + chance.below(most),
        };
        Self {
            message_twice: rate(200),
            message_late: rate(200),
            message_lost: rate(100),
            event_twice: rate(300),
            event_late: rate(200),
            event_lost: rate(60),
            failed: rate(40),
            timed_out: rate(8),
            throttled: rate(8),
            killed: rate(40),
            stalled: rate(30),
            two_at_once: rate(120),
            clock: rate(60),
            skewed: rate(300),
            redeployed: rate(10),
            swept: rate(20),
            handed_on: rate(600),
        }
    }
}

/// All that changes.
pub struct Inner {
    /// Everything that looks like chance while the history goes on.
    pub chance: Chance,
    /// What goes wrong how often; nothing any more once it is calm.
    pub rates: Rates,
    /// How often what went wrong.
    pub faults: Faults,
    /// The clock, in milliseconds since 1970.
    pub now: i64,
    /// The objects.
    pub bucket: Bucket,
    /// The messages.
    pub queue: Vec<Envelope>,
    /// How many messages were sent.
    pub sent: u64,
    /// What was seen, and whether it was right.
    pub watch: Watch,
    /// Each import as it was seen last in its table, with its revision.
    pub imports: BTreeMap<ImportId, ImportSnapshot>,
    /// Single files as they were when they became ready, if that was not when they were registered.
    pub(crate) markers: BTreeMap<ImportId, ImportSnapshot>,
    /// The tables that are read, by the number of their partner.
    pub tables: BTreeMap<usize, Table>,
    /// What happened, for people; None if nobody reads it.
    pub trace: Option<Vec<String>>,
}

impl Inner {
    /// So many milliseconds pass.
    pub fn pass(&mut self, millis: i64) {
        self.now += millis;
        self.bucket.now = self.now;
    }

    /// The time on the world's clock.
    pub fn time(&self) -> Timestamp {
        at(self.now)
    }

    /// True so many times in a thousand.
    pub fn happens(&mut self, in_a_thousand: u64) -> bool {
        in_a_thousand > 0 && self.chance.below(1_000) < in_a_thousand
    }

    /// An import as it is in its table, with its revision: one more whenever it has changed.
    pub(crate) fn revised(&mut self, import: ImportRun) -> ImportSnapshot {
        let before = self.imports.get(&import.id);
        let revision = match before {
            Some(before) if before.import == import => before.revision,
            Some(before) => before.revision + 1,
            None => FIRST_REVISION,
        };
        let known = ImportSnapshot { import, revision };
        self.imports.insert(known.import.id, known.clone());
        known
    }

    /// Tells what happened.
    pub fn tell(&mut self, what: impl FnOnce() -> String) {
        let passed = self.now - BEGIN;
        if let Some(trace) = &mut self.trace {
            trace.push(format!(
                "{:>5}  +{:>9}.{:03} s  {}",
                trace.len(),
                passed / 1_000,
                passed % 1_000,
                what()
            ));
        }
    }

    /// Puts a message into its queue, or what becomes of it.
    pub fn send(&mut self, body: Body, at: i64) {
        let is_event = matches!(body, Body::Upload(_));
        let rates = self.rates;
        let (twice, late, lost) = if is_event {
            (rates.event_twice, rates.event_late, rates.event_lost)
        } else {
            (rates.message_twice, rates.message_late, rates.message_lost)
        };
        let fault = |event: Fault, message: Fault| if is_event { event } else { message };
        if self.happens(lost) {
            self.faults.add(fault(Fault::EventLost, Fault::MessageLost));
            self.tell(|| format!("LOST: {}", describe(&body)));
            if let Body::Upload(dropped) = body {
                self.watch.lost.push(dropped);
            }
            return;
        }
        let copies = if self.happens(twice) {
            self.faults.add(fault(Fault::EventTwice, Fault::MessageTwice));
            2
        } else {
            1
        };
        for _ in 0..copies {
            let mut visible = at;
            if self.happens(late) {
                self.faults.add(fault(Fault::EventLate, Fault::MessageLate));
                let most = if self.chance.below(2) == 0 { LATE } else { 5_000 };
                visible += self.chance.below(most).cast_signed();
            }
            self.sent += 1;
            let (number, body) = (self.sent, body.clone());
            self.queue.push(Envelope { number, body, visible, tries: 0, is_in_hand: false });
        }
    }
}

/// A moment, from milliseconds since 1970.
pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// How the store of records lands files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lands {
    /// Each batch for itself, as DynamoDB does.
    InParts,
    /// Each file as a whole, as a folder does.
    Whole,
    /// The same, in the order of its keys, as a folder lands a large file.
    Sorted,
}

impl Lands {
    /// One of them.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(4) {
            0 => Self::InParts,
            1 => Self::Sorted,
            _ => Self::Whole,
        }
    }
}

/// What all processes share.
pub struct World {
    inner: Mutex<Inner>,
    /// The table of state.
    pub state: SqliteState,
    /// The table of records.
    pub records: SqliteRecords,
    /// How files are landed there.
    pub lands: Lands,
    /// Where these records are.
    _folder: TempDir,
}

impl World {
    /// An empty world.
    ///
    /// # Errors
    /// If no database can be made in memory.
    pub fn new(
        chance: Chance,
        rates: Rates,
        watch: Watch,
        is_traced: bool,
        lands: Lands,
    ) -> Result<Arc<Self>> {
        let memory = Path::new(":memory:");
        let inner = Inner {
            chance,
            rates,
            faults: Faults::default(),
            now: BEGIN,
            bucket: Bucket::begun(BEGIN),
            queue: Vec::new(),
            sent: 0,
            watch,
            imports: BTreeMap::new(),
            markers: BTreeMap::new(),
            tables: BTreeMap::new(),
            trace: is_traced.then(Vec::new),
        };
        // A database in memory cannot be read while it is changed; one in a file can.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.map_err(|error| Error::writing("the records of a world", error))?;
        let (state, records) = (SqliteState::open(memory)?, SqliteRecords::open(folder.path()));
        let records = if lands == Lands::InParts { records.in_parts() } else { records };
        Ok(Arc::new(Self { inner: Mutex::new(inner), state, records, lands, _folder: folder }))
    }

    /// Looks at, and changes, what is shared.
    pub fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The id of the import of a version: the same however often its event comes.
pub(crate) fn import_id(key: &str, version: &str, arrived: Timestamp) -> ImportId {
    let hash = Sha256::digest(format!("{key}?{version}"));
    let random = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    ImportId::new(arrived, random)
}
