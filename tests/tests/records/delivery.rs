//! Files on their way into a store, delivered as loaders do, and as bad days do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use tempfile::TempDir;
use tidewaiter::check::{Header, Line as Checked, Sink};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Effect, Plan, Reader, Record};
use tidewaiter_engine::examine::CheckSpec;
use tidewaiter_engine::ports::{
    Answer, Applied, Batch, BatchNumber, Cargo, ChangeFeed, ChangePage, Landing, Operation, Pruned, Pruning,
    Records,
};
use tidewaiter_folder::SqliteRecords;
use tokio::runtime::Runtime;

use crate::cases::{CONFIG, CaseFile, scopes_with_records};
use tidewaiter_tests::reference::Line;

/// How a file is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Batch after batch.
    Once,
    /// Each batch twice.
    Twice,
    /// Stopped after some batch and begun again, more than once.
    Interrupted,
    /// Shared among so many loaders, one after the other.
    OneByOne(u32),
    /// Shared among so many loaders, who take turns.
    SideBySide(u32),
}

/// Numbers that look random, always the same for a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) as usize % end.max(1)
    }
}

/// A file that was checked.
pub(crate) struct CheckedFile {
    pub(crate) terms: CheckSpec,
    pub(crate) columns: Vec<String>,
    /// The good lines.
    pub(crate) lines: Vec<(u64, Line)>,
    pub(crate) read: u64,
    pub(crate) rejected: u64,
    pub(crate) reader: Reader,
    pub(crate) changes: Vec<Change>,
}

/// Checks a file; None if it is refused as a whole.
pub(crate) fn check(file: &CaseFile, terms: &CheckSpec, import: ImportId) -> Option<CheckedFile> {
    let mut collected = Collected {
        reader: Reader::new(Arc::clone(&terms.plan), import),
        columns: Vec::new(),
        lines: Vec::new(),
        changes: Vec::new(),
    };
    let mut checker = terms.checker();
    checker.feed(file.csv.as_bytes(), &mut collected);
    let summary = checker.finish(&mut collected);
    let Collected { reader, columns, lines, changes } = collected;
    let (read, rejected) = (summary.lines_read, summary.rejected);
    (!summary.bogus).then(|| CheckedFile {
        terms: terms.clone(),
        columns,
        lines,
        read,
        rejected,
        reader,
        changes,
    })
}

/// The terms of a file.
pub(crate) fn terms(file: &CaseFile) -> CheckSpec {
    let found = CheckSpec::find(&CONFIG, file.scope, &file.options.name());
    found.unwrap_or_else(|| panic!("{} {} is not configured", file.scope, file.options.name()))
}

struct Collected {
    reader: Reader,
    columns: Vec<String>,
    lines: Vec<(u64, Line)>,
    changes: Vec<Change>,
}

impl Sink for Collected {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
        self.columns = header.labels().to_vec();
    }

    fn accepted(&mut self, line: &Checked<'_>) {
        self.changes.push(self.reader.change(line));
        let cells = self.columns.iter().cloned().zip(line.fields().map(String::from));
        self.lines.push((line.number(), cells.filter(|(_, text)| !text.is_empty()).collect()));
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}

/// What loading a file did.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Loaded {
    pub(crate) effects: Vec<Effect>,
    pub(crate) removed: u64,
    pub(crate) swept: (u64, u64),
}

fn texts(
    records: &BTreeMap<(String, String), Record>,
) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let texts = |record: &Record| {
        record.values.iter().map(|(field, value)| (field.clone(), value.text.clone())).collect()
    };
    records.iter().map(|(name, record)| (name.clone(), texts(record))).collect()
}

/// A store that may show what was decided.
pub(crate) trait Shows {
    /// True if it finds records by any column, and not only by the `alternateKeys` of their scopes.
    fn finds_by_any_column(&self) -> bool {
        true
    }

    /// The changes behind one of them. None if the store keeps no changes.
    fn shown_changes(&self, _runtime: &Runtime, _universe: &str, _after: u64) -> Option<ChangePage> {
        None
    }
}

impl Shows for SqliteRecords {
    fn shown_changes(&self, runtime: &Runtime, universe: &str, after: u64) -> Option<ChangePage> {
        Some(runtime.block_on(self.changes(universe, after, 1)).expect("they are kept"))
    }
}

/// A store that serves many cases, each in a universe of its own.
pub(crate) struct Store<R> {
    runtime: Runtime,
    records: R,
    universes: u64,
    imports: u128,
    /// Where the records are, if that goes with the store.
    _folder: Option<TempDir>,
}

impl<R: Records + Shows> Store<R> {
    /// An empty store, made on the runtime on which it is used.
    pub(crate) fn new(make: impl AsyncFnOnce() -> (R, Option<TempDir>)) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let (records, folder) = runtime.block_on(make());
        Self { runtime, records, universes: 0, imports: 0, _folder: folder }
    }

    /// A universe without records, behind all others.
    pub(crate) fn universe(&mut self) -> String {
        self.universes += 1;
        format!("u{:09}", self.universes)
    }

    pub(crate) fn import_id(&mut self) -> ImportId {
        self.imports += 1;
        // Some files arrive in the same moment.
        let millis = 1_790_000_000_000 + i64::try_from(self.imports / 2).expect("a case is small");
        ImportId::new(Timestamp::from_millisecond(millis).expect("a time"), self.imports)
    }

    /// True if files of an import can be landed here.
    pub(crate) fn takes(&self, plan: &Plan) -> bool {
        let noted = plan.alternate_keys.get(&plan.records);
        let is_noted = |column: &str| noted.is_some_and(|noted| noted.iter().any(|noted| noted == column));
        self.records.finds_by_any_column() || plan.matched_column().is_none_or(is_noted)
    }

    /// The records of the newest universe.
    pub(crate) fn records(&self, universe: &str) -> BTreeMap<(String, String), Record> {
        let mut records = BTreeMap::new();
        for scope in scopes_with_records() {
            let scan = self.records.scan(scope, Some((universe, "")), 10_000);
            for stored in self.runtime.block_on(scan).expect("records can be read") {
                assert_eq!(stored.universe, universe);
                records.insert((scope.to_owned(), stored.key), stored.record);
            }
        }
        if let Some(followed) = self.followed(universe) {
            assert_eq!(followed, texts(&records), "a follower of the changes has the records");
        }
        records
    }

    /// What a follower of the changes of a universe has that reads a few at a time. None if the store keeps no changes.
    fn followed(&self, universe: &str) -> Option<BTreeMap<(String, String), BTreeMap<String, String>>> {
        let (mut followed, mut last) = (BTreeMap::new(), 0);
        loop {
            let page = self.records.shown_changes(&self.runtime, universe, last)?;
            let Some(newest) = page.changes.last() else { return Some(followed) };
            let expected = last + 1..=newest.order;
            assert!(page.changes.iter().map(|change| change.order).eq(expected), "none is missing");
            last = newest.order;
            for change in page.changes {
                let record = (change.scope, change.key);
                match change.operation {
                    Operation::Put => drop(followed.insert(record, change.values)),
                    Operation::Remove => {
                        assert!(followed.remove(&record).is_some(), "only what is there is removed");
                    }
                }
            }
        }
    }

    /// Loads a file.
    pub(crate) fn load(
        &self,
        universe: &str,
        import: ImportId,
        file: &CheckedFile,
        delivery: Delivery,
        random: &mut Random,
    ) -> Loaded {
        let plan = &file.terms.plan;
        let of = match delivery {
            Delivery::OneByOne(of) | Delivery::SideBySide(of) => of,
            _ => 1,
        };
        let mut parcels = parcels(file, of, random);
        if matches!(delivery, Delivery::OneByOne(_)) {
            // One loader after the other, in any order; what each does keeps its order.
            let turns: HashMap<u32, usize> = (0..of).map(|share| (share, random.below(1 << 20))).collect();
            parcels.sort_by_key(|parcel| turns[&parcel.number.share]);
        }
        let page = 1 + random.below(4);
        let mut loading = Loading {
            store: self,
            universe,
            import,
            file,
            answers: HashMap::new(),
            pages: HashMap::new(),
            page,
            // Its lines are sorted on disk, as those of a large file are.
            bytes: if random.below(2) == 0 { u64::MAX } else { 0 },
        };
        if delivery == Delivery::Interrupted {
            for _ in 0..=random.below(3) {
                let stop = random.below(parcels.len() + 4);
                loading.run(&parcels, 1, Some(stop));
            }
        }
        let times = if delivery == Delivery::Twice { 2 } else { 1 };
        let loaded = loading.run(&parcels, times, None).expect("it is not stopped");
        let splits = of > 1 && plan.splits();
        assert!(splits || parcels.iter().all(|parcel| parcel.number.share == 0), "one loader takes all");
        self.runtime.block_on(self.records.forget(universe, import)).expect("it can be forgotten");
        loaded
    }
}

/// A batch of one loader: which lines of the file it holds.
struct Parcel {
    number: BatchNumber,
    places: Vec<usize>,
    changes: Vec<Change>,
}

/// Cuts a file into batches, and each batch into the shares of the loaders.
fn parcels(file: &CheckedFile, of: u32, random: &mut Random) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    let (mut at, mut batch) = (0, 0);
    while at < file.changes.len() {
        let end = file.changes.len().min(at + 1 + random.below(6));
        let mut shares: BTreeMap<u32, Parcel> = BTreeMap::new();
        for place in at..end {
            let change = &file.changes[place];
            let share = change.share(&file.terms.plan, of);
            let number = BatchNumber { share, batch };
            let parcel = shares.entry(share).or_insert_with(|| Parcel {
                number,
                places: Vec::new(),
                changes: Vec::new(),
            });
            parcel.places.push(place);
            parcel.changes.push(change.clone());
        }
        parcels.extend(shares.into_values());
        (at, batch) = (end, batch + 1);
    }
    parcels
}

struct Loading<'a, R> {
    store: &'a Store<R>,
    universe: &'a str,
    import: ImportId,
    file: &'a CheckedFile,
    answers: HashMap<BatchNumber, Applied>,
    pages: HashMap<u64, Pruned>,
    page: usize,
    bytes: u64,
}

impl<R: Records + Shows> Loading<'_, R> {
    /// Loads the file from its beginning; None if it was stopped after so many steps.
    fn run(&mut self, parcels: &[Parcel], times: usize, stop: Option<usize>) -> Option<Loaded> {
        let mut steps = 0;
        let mut stopped = || {
            steps += 1;
            stop.is_some_and(|stop| steps > stop)
        };
        let plan = &self.file.terms.plan;
        let (universe, import, bytes) = (self.universe, self.import, self.bytes);
        let cargo = Cargo { universe, import, file: "file.csv", bytes, plan };
        let runtime = &self.store.runtime;
        let landing = runtime.block_on(self.store.records.begin(cargo)).expect("it can begin");
        // Time was up, or the process died.
        let leave = |landing: R::Landing| match stop {
            Some(stop) if stop % 2 == 0 => {
                runtime.block_on(landing.settle()).expect("it can be settled");
                runtime.block_on(landing.keep()).expect("it can be kept");
            }
            _ => drop(landing),
        };
        let mut effects: Vec<Option<Effect>> = vec![None; self.file.changes.len()];
        let mut loaded = Loaded::default();
        for parcel in parcels {
            if stopped() {
                leave(landing);
                return None;
            }
            for _ in 0..times {
                self.apply(&landing, parcel);
            }
        }
        runtime.block_on(landing.settle()).expect("it can be settled");
        for parcel in parcels {
            assert!(self.apply(&landing, parcel), "what is settled is landed");
            let applied = &self.answers[&parcel.number];
            loaded.removed += applied.removed;
            for (place, effect) in parcel.places.iter().zip(applied.effects()) {
                effects[*place] = Some(effect.clone());
            }
        }
        loaded.effects =
            effects.into_iter().map(|effect| effect.expect("each line is in one batch")).collect();
        let refused = loaded.effects.iter().any(|effect| matches!(effect, Effect::Refused(_)));
        if self.file.terms.options.replace_all.is_none() || self.file.rejected > 0 || refused {
            runtime.block_on(landing.keep()).expect("it can be kept");
            return Some(loaded);
        }
        let (mut after, mut number) = (None, 0);
        loop {
            if stopped() {
                leave(landing);
                return None;
            }
            for _ in 0..times {
                self.sweep(&landing, number, after.as_deref());
            }
            let swept = &self.pages[&number];
            loaded.swept.0 += swept.removed;
            loaded.swept.1 += swept.dependents;
            let Some(next) = swept.next.clone() else {
                runtime.block_on(landing.keep()).expect("it can be kept");
                return Some(loaded);
            };
            (after, number) = (Some(next), number + 1);
        }
    }

    /// Applies a batch. The answer is always that of the first time. False if it is put off.
    fn apply(&mut self, landing: &R::Landing, parcel: &Parcel) -> bool {
        let batch = Batch {
            is_again: false,
            universe: self.universe,
            import: self.import,
            number: parcel.number,
            plan: &self.file.terms.plan,
            layout: self.file.reader.layout(),
            changes: &Arc::new(parcel.changes.clone()),
        };
        let answer = self.store.runtime.block_on(landing.apply(&batch)).expect("it can be applied");
        let Answer::Landed(applied) = answer else { return false };
        assert_eq!(applied.lines(), parcel.changes.len() as u64);
        let first = self.answers.entry(parcel.number).or_insert_with(|| applied.clone());
        assert_eq!(*first, applied, "a batch that comes again has the same answer");
        true
    }

    fn sweep(&mut self, landing: &R::Landing, number: u64, after: Option<&str>) {
        let plan = Arc::clone(&self.file.terms.plan);
        let names: BTreeSet<String> =
            self.file.changes.iter().flat_map(|change| Plan::names_in(&change.subject)).collect();
        let stays = move |key: &str, record: &Record| names.contains(&plan.name_of(key, record));
        let sweep = Pruning {
            universe: self.universe,
            import: self.import,
            page: number,
            after,
            limit: self.page,
            plan: &self.file.terms.plan,
            stays: Arc::new(stays),
        };
        let swept = self.store.runtime.block_on(landing.prune_unlisted(&sweep)).expect("it can be swept");
        let first = self.pages.entry(number).or_insert_with(|| swept.clone());
        assert_eq!(*first, swept, "a page that comes again has the same answer");
    }
}
