//! The records of a universe as a line sees them, while nothing of what it does is written yet.
//!
//! [`land`](tidewaiter::record::land) asks for records one by one and cannot wait for the network. So it runs
//! on what has been fetched; if it asks for something else, the answer is [`Missing`], that is fetched, and
//! the line begins again. What a line writes counts only when it has ended.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::write::{Becomes, RECORD_BYTES, Told, bytes_of};
use tidewaiter::id::ImportId;
use tidewaiter::record::{Effect, Layout, Plan, Record, RecordTx, Source, owned_prefix};
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;

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
    /// What lines did to it, if more than the record says itself.
    pub(super) told: Option<Told>,
}

impl Held {
    /// There is no such item.
    pub(super) fn none() -> Self {
        Self { record: None, revision: None, told: None }
    }

    /// What a line did to the record, if it was landed before: the record was written with that.
    fn effect(&self, import: ImportId, line: u64) -> Option<Effect> {
        let Some((of, lines)) = &self.told else {
            let is_last = self.record.as_ref()?.changed == Source { import, line };
            return is_last.then_some(Effect::Imported);
        };
        let same = lines.iter().find(|(number, _)| *of == import && *number == line);
        same.map(|(_, effect)| effect.clone())
    }
}

/// What has been fetched, and what lines did to it.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Records as the table has them.
    held: HashMap<Name, Held>,
    matching: HashMap<(String, String, String), BTreeSet<String>>,
    owned: HashMap<Name, BTreeSet<String>>,
    /// What the lines of the part at hand did.
    changed: BTreeMap<Name, Option<Record>>,
    dropped: BTreeSet<Name>,
    /// What the lines of the part at hand did to the record that they are about.
    told: HashMap<Name, Told>,
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

    /// True if the table has this record with this value in a column.
    pub(super) fn holds(&self, name: &Name, column: &str, value: &str) -> bool {
        let record = self.held.get(name).and_then(|held| held.record.as_ref());
        record.is_some_and(|record| record.text(column) == Some(value))
    }

    /// What a line did to the record that it is about, if it was landed before.
    pub(super) fn effect(&self, name: &Name, import: ImportId, line: u64) -> Result<Option<Effect>, Missing> {
        let held = self.held.get(name).ok_or_else(|| Missing::Record(name.clone()))?;
        Ok(held.effect(import, line))
    }

    /// True if the table has a value of the record that comes from this line.
    pub(super) fn has_value_of(&self, name: &Name, import: ImportId, line: u64) -> bool {
        let source = Source { import, line };
        let record = self.held.get(name).and_then(|held| held.record.as_ref());
        record.is_some_and(|record| record.values.values().any(|value| value.source == source))
    }

    /// Notes what the line at hand did to the record that it is about.
    pub(super) fn tell(&mut self, name: Name, import: ImportId, line: u64, effect: Effect) {
        self.told.entry(name).or_insert_with(|| (import, Vec::new())).1.push((line, effect));
    }

    /// True if the line at hand changes at most this record, and takes no value from it that it can be matched by.
    pub(super) fn is_alone(&self, name: &Name, plan: &Plan) -> bool {
        let stays = |(of, record): (&Name, &Option<Record>)| {
            of == name
                && self.held.get(of).is_some_and(|held| {
                    Becomes { name: of, held, record: record.as_ref(), told: None }.stays_matched(plan)
                })
        };
        self.line_dropped.is_empty() && self.line.iter().all(stays)
    }

    /// The line at hand has ended: what it did counts.
    pub(super) fn keep(&mut self) {
        self.changed.append(&mut self.line);
        self.dropped.append(&mut self.line_dropped);
    }

    /// What the line at hand is to write.
    pub(super) fn line_writes(&self) -> impl Iterator<Item = Becomes<'_>> {
        self.line.iter().filter_map(|(name, record)| {
            let held = self.held.get(name)?;
            Some(Becomes { name, held, record: record.as_ref(), told: None })
        })
    }

    /// Of what the line at hand did, so many changes of subscriptions count. The line begins again, so the subscription by
    /// which it finds its contact stays as it is.
    pub(super) fn keep_subscriptions(&mut self, most: usize, but: Option<&str>) {
        let of_line = std::mem::take(&mut self.line).into_iter();
        let is_kept = |(scope, key): &Name| scope == SUBSCRIPTIONS && Some(key.as_str()) != but;
        self.changed.extend(of_line.filter(|(name, _)| is_kept(name)).take(most));
        self.line_dropped.clear();
    }

    /// The line at hand begins again.
    pub(super) fn undo(&mut self) {
        self.line.clear();
        self.line_dropped.clear();
    }

    /// How many records the lines of the part at hand change.
    pub(super) fn changes(&self) -> usize {
        self.changed.len()
    }

    /// What the part at hand is to write.
    pub(super) fn writes(&self) -> impl Iterator<Item = Becomes<'_>> {
        self.changed.iter().filter_map(|(name, record)| {
            let (held, told) = (self.held.get(name)?, self.told.get(name));
            Some(Becomes { name, held, record: record.as_ref(), told })
        })
    }

    /// The owners whose records the part at hand drops, by scope.
    pub(super) fn drops(&self) -> impl Iterator<Item = &Name> {
        self.dropped.iter()
    }

    /// The part at hand was written under this revision.
    pub(super) fn written(&mut self, revision: &str) {
        self.told.clear();
        for (name, record) in std::mem::take(&mut self.changed) {
            // What was removed leaves an item.
            let has_item =
                record.is_some() || self.held.get(&name).is_some_and(|held| held.revision.is_some());
            let revision = has_item.then(|| revision.to_owned());
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
            self.held.insert(name, Held { record, revision, told: None });
        }
        for dropped in std::mem::take(&mut self.dropped) {
            let keys = self.owned.insert(dropped.clone(), BTreeSet::new()).unwrap_or_default();
            for key in keys {
                self.held.remove(&(dropped.0.clone(), key));
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
pub(super) fn foreseen(plan: &Plan, layout: &Layout, change: &tidewaiter::record::Change) -> Vec<Name> {
    use tidewaiter::record::Subject;
    let subscribed = plan.subscribed(layout, change);
    let mut names: Vec<Name> = subscribed.map(|key| (SUBSCRIPTIONS.to_owned(), key)).collect();
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
