//! The records of a universe as a line sees them, while nothing of what it does is written yet.
//!
//! [`land`](tidewaiter::record::land) asks for records one by one and cannot wait for the network. So it runs
//! on what has been fetched; if it asks for something else, the answer is [`Missing`], that is fetched, and
//! the line begins again. What a line writes counts only when it has ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::write::{RECORD_BYTES, bytes_of};
use tidewaiter::record::{Plan, Record, RecordTx, owned_prefix};

/// A record by its scope and key.
pub(super) type Name = (String, String);

/// Something that was asked for and has not been fetched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Missing {
    /// A record.
    Record(Name),
    /// The keys of the records of a scope that have a value in a column: scope, column, value.
    Matching(String, String, String),
    /// The keys of the records of a scope that belong to an owner: scope, owner.
    Owned(String, String),
}

/// A record as the table has it, and the revision under which it was read or written.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) record: Option<Record>,
    /// None: there is no such item.
    pub(super) revision: Option<String>,
}

impl Held {
    /// There is no such record.
    pub(super) fn none() -> Self {
        Self { record: None, revision: None }
    }
}

/// What has been fetched, and what lines did to it.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Records as the table has them.
    held: HashMap<Name, Held>,
    matching: HashMap<(String, String, String), BTreeSet<String>>,
    owned: HashMap<Name, BTreeSet<String>>,
    /// What the lines of the transaction at hand did.
    changed: BTreeMap<Name, Option<Record>>,
    dropped: BTreeSet<Name>,
    /// What the line at hand does.
    line: BTreeMap<Name, Option<Record>>,
    line_dropped: BTreeSet<Name>,
}

impl Overlay {
    pub(super) fn hold(&mut self, name: Name, held: Held) {
        self.held.insert(name, held);
    }

    pub(super) fn hold_matching(&mut self, asked: (String, String, String), keys: BTreeSet<String>) {
        self.matching.insert(asked, keys);
    }

    pub(super) fn hold_owned(&mut self, owner: Name, keys: BTreeSet<String>) {
        self.owned.insert(owner, keys);
    }

    pub(super) fn has(&self, name: &Name) -> bool {
        self.held.contains_key(name)
    }

    /// The line at hand has ended: what it did counts.
    pub(super) fn keep(&mut self) {
        self.changed.append(&mut self.line);
        self.dropped.append(&mut self.line_dropped);
    }

    /// The line at hand begins again.
    pub(super) fn undo(&mut self) {
        self.line.clear();
        self.line_dropped.clear();
    }

    /// How many items the lines of the transaction at hand change.
    pub(super) fn changes(&self) -> usize {
        self.changed.len()
    }

    /// What the transaction at hand is to write: each record with what it was.
    pub(super) fn writes(&self) -> impl Iterator<Item = (&Name, &Held, Option<&Record>)> {
        self.changed.iter().filter_map(|(name, record)| Some((name, self.held.get(name)?, record.as_ref())))
    }

    /// The owners whose records the transaction at hand drops, by scope.
    pub(super) fn drops(&self) -> impl Iterator<Item = &Name> {
        self.dropped.iter()
    }

    /// The transaction at hand was written under this revision.
    pub(super) fn written(&mut self, revision: &str) {
        for (name, record) in std::mem::take(&mut self.changed) {
            let revision = record.is_some().then(|| revision.to_owned());
            for ((scope, column, value), keys) in &mut self.matching {
                if *scope == name.0 {
                    let has = record.as_ref().is_some_and(|record| record.text(column) == Some(value));
                    if has {
                        keys.insert(name.1.clone());
                    } else {
                        keys.remove(&name.1);
                    }
                }
            }
            for ((scope, owner), keys) in &mut self.owned {
                if *scope == name.0 && name.1.starts_with(&owned_prefix(owner)) {
                    if record.is_some() {
                        keys.insert(name.1.clone())
                    } else {
                        keys.remove(&name.1)
                    };
                }
            }
            self.held.insert(name, Held { record, revision });
        }
        for dropped in std::mem::take(&mut self.dropped) {
            let keys = self.owned.insert(dropped.clone(), BTreeSet::new()).unwrap_or_default();
            for key in keys {
                self.held.insert((dropped.0.clone(), key), Held::none());
            }
        }
    }

    /// The record as the line at hand sees it.
    fn seen(&self, name: &Name) -> Result<Option<&Record>, Missing> {
        if let Some(record) = self.line.get(name).or_else(|| self.changed.get(name)) {
            return Ok(record.as_ref());
        }
        match self.held.get(name) {
            Some(held) => Ok(held.record.as_ref()),
            None => Err(Missing::Record(name.clone())),
        }
    }
}

impl RecordTx for Overlay {
    type Error = Missing;

    fn get(&mut self, scope: &str, key: &str) -> Result<Option<Record>, Missing> {
        Ok(self.seen(&(scope.to_owned(), key.to_owned()))?.cloned())
    }

    fn exists(&mut self, scope: &str, key: &str) -> Result<bool, Missing> {
        Ok(self.seen(&(scope.to_owned(), key.to_owned()))?.is_some())
    }

    fn matching(&mut self, scope: &str, column: &str, value: &str) -> Result<Vec<String>, Missing> {
        let asked = (scope.to_owned(), column.to_owned(), value.to_owned());
        let Some(keys) = self.matching.get(&asked) else {
            return Err(Missing::Matching(asked.0, asked.1, asked.2));
        };
        let mut found = keys.clone();
        for ((of, key), record) in self.changed.iter().chain(&self.line).filter(|((of, _), _)| of == scope) {
            debug_assert_eq!(of, scope);
            if record.as_ref().is_some_and(|record| record.text(column) == Some(value)) {
                found.insert(key.clone());
            } else {
                found.remove(key);
            }
        }
        Ok(found.into_iter().take(2).collect())
    }

    fn fits(&self, record: &Record) -> bool {
        bytes_of(record) <= RECORD_BYTES
    }

    fn put(&mut self, scope: &str, key: &str, record: &Record) -> Result<(), Missing> {
        let name = (scope.to_owned(), key.to_owned());
        self.seen(&name)?;
        self.line.insert(name, Some(record.clone()));
        Ok(())
    }

    fn remove(&mut self, scope: &str, key: &str) -> Result<(), Missing> {
        let name = (scope.to_owned(), key.to_owned());
        self.seen(&name)?;
        self.line.insert(name, None);
        Ok(())
    }

    fn remove_owned(&mut self, scope: &str, owner: &str) -> Result<u64, Missing> {
        let name = (scope.to_owned(), owner.to_owned());
        let Some(keys) = self.owned.get(&name) else { return Err(Missing::Owned(name.0, name.1)) };
        if self.dropped.contains(&name) || self.line_dropped.contains(&name) {
            return Ok(0);
        }
        let removed = keys.len() as u64;
        if removed > 0 {
            self.line_dropped.insert(name);
        }
        Ok(removed)
    }
}

/// What a line will certainly ask for: what it is about, and what it refers to.
pub(super) fn foreseen(plan: &Plan, change: &tidewaiter::record::Change) -> Vec<Name> {
    use tidewaiter::record::Subject;
    let mut names = Vec::new();
    for (number, key) in &change.references {
        let scopes = plan.references.get(*number).map(|to| to.scopes.as_slice()).unwrap_or_default();
        names.extend(scopes.iter().map(|scope| (scope.clone(), key.clone())));
    }
    if let Subject::Key(key) | Subject::Match { key: Some(key), .. } = &change.subject {
        names.push((plan.records.clone(), key.clone()));
        names.extend(plan.gives_way_to.iter().map(|scope| (scope.clone(), key.clone())));
        names.extend(plan.displaces.iter().map(|other| (other.scope.clone(), key.clone())));
    }
    names
}
