//! The records of a universe as a line sees them, while nothing of what a batch does is written yet.
//!
//! [`land`](tidewaiter::record::land) asks for records one by one and cannot wait for the network. So it runs on what was
//! fetched for the whole batch. If it asks for something else, the answer is [`Missing`]: that is fetched, for this line
//! and those behind it, and the line begins again. When all lines have landed, the overlay says what differs from the
//! tables, and that is written as a set.

mod tx;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tidewaiter::record::{Plan, Record, owned_prefix};
use tokio_postgres::Row;

use crate::fresh::{Fresh, FreshRecords};
use crate::row::Runs;
use crate::stored::Stored;

/// The longest key that an index takes, with room for the number of the page that PostgreSQL adds.
const KEY_BYTES: usize = 2_400;
/// How many keys with one value are fetched at first. Two are enough, unless earlier lines took some away.
pub(crate) const FEW_MATCHES: usize = 16;

/// Something that a line asked for and that was not fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A record of a scope, by its key.
    Record(String, String),
    /// Whether there is such a record.
    Existence(String, String),
    /// The keys of the records of a scope with a value in a field, and how many of them at most.
    Matching(String, String, String, usize),
    /// The keys of the records of a scope that belong to an owner.
    Owned(String, String),
    /// The runs with these numbers.
    Runs(Vec<i32>),
    /// The key of a record cannot be kept in the columns of its table.
    Impossible(String),
    /// A row cannot be read.
    Broken(String),
}

/// A record as the table has it.
#[derive(Debug, Clone)]
pub(crate) enum Was {
    /// There is none.
    Absent,
    /// There is one, and it was not read.
    Unread,
    /// This row.
    Row(Arc<Row>),
    /// This one.
    Read(Arc<Record>),
}

/// A record as the lines have left it.
#[derive(Debug, Clone)]
pub(crate) enum Now {
    /// As it was.
    Same,
    /// Removed by this line.
    Gone(u64),
    /// A new one.
    Fresh(Fresh),
    /// This one.
    Is(Arc<Record>),
}

#[derive(Debug)]
struct Entry {
    was: Was,
    now: Now,
}

impl Entry {
    fn is_there(&self) -> bool {
        !matches!((&self.now, &self.was), (Now::Gone(_), _) | (Now::Same, Was::Absent))
    }
}

/// Keys with one value, as far as they were fetched. Each is looked at again before it counts.
#[derive(Debug, Default)]
struct Matches {
    /// As the table has them.
    keys: BTreeSet<String>,
    /// Those that lines gave the value.
    added: BTreeSet<String>,
    /// None if all were fetched.
    limit: Option<usize>,
}

/// What is known of a scope.
#[derive(Debug, Default)]
struct Known {
    scope: String,
    /// None if the scope has no table yet.
    table: Option<Arc<Stored>>,
    /// True if its table has no rows: then nothing has to be fetched.
    is_empty: bool,
    entries: HashMap<String, Entry>,
    /// By field and value.
    matching: HashMap<String, HashMap<String, Matches>>,
    owned: HashMap<String, BTreeSet<String>>,
}

/// What was fetched, and what lines did to it.
#[derive(Debug)]
pub(crate) struct Overlay {
    plan: Arc<Plan>,
    pub(crate) runs: Runs,
    /// The line at hand.
    pub(crate) at: u64,
    fresh: FreshRecords,
    scopes: Vec<Known>,
    /// What the line at hand changed: the scope, the key, and what was there before.
    line: Vec<(usize, String, Now)>,
}

/// The key of a record that changed, what it is, and what it was, if that was read.
pub(crate) type Changed = (String, Arc<Record>, Option<Arc<Record>>);

/// What is to be written of one scope.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) scope: String,
    /// New records, in the order of their keys.
    pub(crate) new: Vec<(String, Arc<Record>)>,
    /// The same, of those that are as a line wrote them.
    pub(crate) fresh: Vec<(String, Fresh)>,
    /// Changed records, in the order of their keys.
    pub(crate) changed: Vec<Changed>,
    /// The keys of removed records, and the lines that removed them.
    pub(crate) removed: Vec<(String, u64)>,
}

impl Overlay {
    pub(crate) fn new(plan: Arc<Plan>, runs: Runs) -> Self {
        Self { plan, runs, at: 0, fresh: FreshRecords::default(), scopes: Vec::new(), line: Vec::new() }
    }

    fn scope(&mut self, name: &str) -> usize {
        if let Some(at) = self.scopes.iter().position(|known| known.scope == name) {
            return at;
        }
        self.scopes.push(Known { scope: name.to_owned(), ..Known::default() });
        self.scopes.len() - 1
    }

    fn known(&mut self, scope: &str) -> Option<&mut Known> {
        let at = self.scope(scope);
        self.scopes.get_mut(at)
    }

    /// Says whether the table of a scope has rows.
    pub(crate) fn open(&mut self, scope: &str, table: Option<Arc<Stored>>, is_empty: bool) {
        if let Some(known) = self.known(scope) {
            (known.table, known.is_empty) = (table, is_empty);
        }
    }

    pub(crate) fn is_empty(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known.scope == scope && known.is_empty)
    }

    /// True if nothing has to be fetched to know this record.
    pub(crate) fn has(&self, scope: &str, key: &str, read: bool) -> bool {
        let Some(known) = self.scopes.iter().find(|known| known.scope == scope) else { return false };
        known.is_empty
            || known
                .entries
                .get(key)
                .is_some_and(|entry| !(read && matches!((&entry.now, &entry.was), (Now::Same, Was::Unread))))
    }

    /// Holds a record as the table has it.
    pub(crate) fn hold(&mut self, scope: &str, key: String, was: Was) {
        let Some(known) = self.known(scope) else { return };
        match known.entries.get_mut(&key) {
            Some(entry) if matches!(entry.was, Was::Unread) => entry.was = was,
            Some(_) => {}
            None => {
                known.entries.insert(key, Entry { was, now: Now::Same });
            }
        }
    }

    /// Holds that there is no such record, unless one is held.
    pub(crate) fn hold_absent(&mut self, scope: &str, key: String) {
        if let Some(known) = self.known(scope) {
            known.entries.entry(key).or_insert(Entry { was: Was::Absent, now: Now::Same });
        }
    }

    /// Holds the keys with a value in a field, as the table has them: all of them, if they are fewer than `limit`.
    pub(crate) fn hold_matching(
        &mut self,
        scope: &str,
        field: &str,
        value: &str,
        keys: Vec<String>,
        limit: usize,
    ) {
        let at = self.scope(scope);
        let Some(known) = self.scopes.get_mut(at) else { return };
        let limit = (keys.len() >= limit).then_some(limit);
        let matches =
            known.matching.entry(field.to_owned()).or_default().entry(value.to_owned()).or_default();
        matches.limit = limit;
        matches.keys.extend(keys);
        // Lines may have given records this value before it was asked for.
        let fresh = &self.fresh;
        let has = |entry: &Entry| text_of(fresh, &entry.now, field) == Some(value);
        matches
            .added
            .extend(known.entries.iter().filter(|(_, entry)| has(entry)).map(|(key, _)| key.clone()));
    }

    /// Holds the keys that belong to an owner, as the table has them.
    pub(crate) fn hold_owned(&mut self, scope: &str, owner: String, keys: Vec<String>) {
        let Some(known) = self.known(scope) else { return };
        let prefix = owned_prefix(&owner);
        let mut all: BTreeSet<String> = keys.into_iter().collect();
        let is_own = |(key, entry): &(&String, &Entry)| {
            matches!(entry.now, Now::Is(_) | Now::Fresh(_)) && key.starts_with(&prefix)
        };
        all.extend(known.entries.iter().filter(is_own).map(|(key, _)| key.clone()));
        known.owned.insert(owner, all);
    }

    /// The line at hand has ended: what it did counts.
    pub(crate) fn keep(&mut self) {
        self.line.clear();
    }

    /// The line at hand begins again.
    pub(crate) fn undo(&mut self) {
        while let Some((at, key, before)) = self.line.pop() {
            if let Some(entry) = self.scopes.get_mut(at).and_then(|known| known.entries.get_mut(&key)) {
                entry.now = before;
            }
        }
    }

    /// What is to be written: the new records, what differs in each scope, and the runs that are known now.
    pub(crate) fn differences(self) -> (FreshRecords, Vec<Difference>, Runs) {
        let mut all = Vec::new();
        for known in self.scopes {
            let mut difference = Difference { scope: known.scope, ..Difference::default() };
            for (key, entry) in known.entries {
                match (entry.was, entry.now) {
                    (_, Now::Same) | (Was::Absent, Now::Gone(_)) => {}
                    (Was::Absent, Now::Is(record)) => difference.new.push((key, record)),
                    (Was::Absent, Now::Fresh(fresh)) => difference.fresh.push((key, fresh)),
                    // A record that was removed and came again with another line.
                    (_, Now::Fresh(fresh)) => {
                        difference.changed.push((key, Arc::new(self.fresh.record(fresh)), None));
                    }
                    (Was::Unread | Was::Row(_), Now::Is(record)) => {
                        difference.changed.push((key, record, None));
                    }
                    (Was::Read(before), Now::Is(record)) => {
                        if before != record {
                            difference.changed.push((key, record, Some(before)));
                        }
                    }
                    (_, Now::Gone(line)) => difference.removed.push((key, line)),
                }
            }
            // So that neighbours on a page of the index are written together.
            difference.new.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            difference.changed.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            difference.fresh.sort_unstable_by(|one, other| one.0.cmp(&other.0));
            difference.removed.sort_unstable();
            if !difference.is_empty() {
                all.push(difference);
            }
        }
        (self.fresh, all, self.runs)
    }
}

impl Difference {
    fn is_empty(&self) -> bool {
        self.new.is_empty() && self.fresh.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// The text in a field of a record that lines have written.
fn text_of<'a>(fresh: &'a FreshRecords, now: &'a Now, field: &str) -> Option<&'a str> {
    match now {
        Now::Same | Now::Gone(_) => None,
        Now::Fresh(one) => fresh.text(*one, field),
        Now::Is(record) => record.text(field),
    }
}
