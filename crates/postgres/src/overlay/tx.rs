//! The overlay as a line sees it.

use std::sync::Arc;

use tidewaiter::id::ImportId;
use tidewaiter::record::{Record, RecordTx, Source, owned_prefix, split_key};

use super::{Entry, FEW_MATCHES, KEY_BYTES, Missing, Now, Overlay, Was, text_of};
use crate::row::{record_of, row_holds};

impl Overlay {
    fn change(&mut self, scope: &str, key: &str, now: Now) -> Result<(), Missing> {
        let at = self.scope(scope);
        let Some(known) = self.scopes.get_mut(at) else { return Ok(()) };
        if let Now::Is(_) | Now::Fresh(_) = &now {
            if key.len() > KEY_BYTES {
                return Err(Missing::Impossible(format!("a key of {scope} has {} bytes", key.len())));
            }
            for (field, values) in &mut known.matching {
                if let Some(matches) = text_of(&self.fresh, &now, field).and_then(|text| values.get_mut(text))
                {
                    matches.added.insert(key.to_owned());
                }
            }
            if !known.owned.is_empty()
                && let [owner, _, ..] = split_key(key).as_slice()
                && let Some(keys) = known.owned.get_mut(owner)
            {
                keys.insert(key.to_owned());
            }
        }
        if let Some(entry) = known.entries.get_mut(key) {
            let before = std::mem::replace(&mut entry.now, now);
            self.line.push((at, key.to_owned(), before));
        } else if known.is_empty {
            known.entries.insert(key.to_owned(), Entry { was: Was::Absent, now });
            self.line.push((at, key.to_owned(), Now::Same));
        } else {
            return Err(Missing::Existence(scope.to_owned(), key.to_owned()));
        }
        Ok(())
    }
}

impl RecordTx for Overlay {
    type Error = Missing;

    fn get(&mut self, scope: &str, key: &str) -> Result<Option<Record>, Missing> {
        let missing = || Missing::Record(scope.to_owned(), key.to_owned());
        let at = self.scope(scope);
        let Some(known) = self.scopes.get_mut(at) else { return Err(missing()) };
        let Some(entry) = known.entries.get_mut(key) else {
            return if known.is_empty { Ok(None) } else { Err(missing()) };
        };
        match (&entry.now, &entry.was) {
            (Now::Is(record), _) | (Now::Same, Was::Read(record)) => Ok(Some(Record::clone(record))),
            (Now::Fresh(fresh), _) => Ok(Some(self.fresh.record(*fresh))),
            (Now::Gone(_), _) | (Now::Same, Was::Absent) => Ok(None),
            (Now::Same, Was::Unread) => Err(missing()),
            (Now::Same, Was::Row(row)) => {
                let table = known.table.as_ref().ok_or_else(missing)?;
                let unknown =
                    self.runs.unknown(table, row).map_err(|error| Missing::Broken(error.to_string()))?;
                if !unknown.is_empty() {
                    return Err(Missing::Runs(unknown));
                }
                let read = record_of(table, &self.runs, row);
                let (_, record) = read.map_err(|error| Missing::Broken(error.to_string()))?;
                entry.was = Was::Read(Arc::new(record.clone()));
                Ok(Some(record))
            }
        }
    }

    fn exists(&mut self, scope: &str, key: &str) -> Result<bool, Missing> {
        let missing = || Missing::Existence(scope.to_owned(), key.to_owned());
        let Some(known) = self.known(scope) else { return Err(missing()) };
        match known.entries.get(key) {
            Some(entry) => Ok(entry.is_there()),
            None if known.is_empty => Ok(false),
            None => Err(missing()),
        }
    }

    fn matching(&mut self, scope: &str, column: &str, value: &str) -> Result<Vec<String>, Missing> {
        let missing = |limit| Missing::Matching(scope.to_owned(), column.to_owned(), value.to_owned(), limit);
        let at = self.scope(scope);
        let Some(known) = self.scopes.get(at) else { return Err(missing(FEW_MATCHES)) };
        let Some(matches) = known.matching.get(column).and_then(|values| values.get(value)) else {
            return Err(missing(FEW_MATCHES));
        };
        let now = |key: &String| known.entries.get(key).map(|entry| &entry.now);
        let is_match =
            |key: &&String| now(key).and_then(|now| text_of(&self.fresh, now, column)) == Some(value);
        let is_same = |key: &&String| matches!(now(key), None | Some(Now::Same));
        // A line that began again may have left a key behind: each is looked at.
        let same = matches.keys.iter().filter(|key| is_same(key) || is_match(key));
        let added = matches.added.iter().filter(|key| !matches.keys.contains(*key) && is_match(key));
        let found: Vec<String> = same.chain(added).take(2).cloned().collect();
        match matches.limit {
            Some(limit) if found.len() < 2 => Err(missing(limit.saturating_mul(16))),
            _ => Ok(found),
        }
    }

    fn fits(&self, record: &Record) -> bool {
        let key = self.plan.key(|column| record.text(column));
        is_possible(key.as_deref(), record.values.values().map(|value| value.text.as_str()))
    }

    fn put_new<'v>(
        &mut self,
        scope: &str,
        key: &str,
        values: impl Iterator<Item = (&'v str, &'v str)>,
        source: Source,
    ) -> Result<bool, Missing> {
        if self.exists(scope, key)? {
            return Ok(false);
        }
        let fresh = self.fresh.add(source, values);
        // What cannot be kept is refused where a line takes the long way.
        if !is_possible(Some(key), self.fresh.cells(fresh).map(|(_, text)| text)) {
            return Ok(false);
        }
        self.change(scope, key, Now::Fresh(fresh))?;
        Ok(true)
    }

    fn holds<'v>(
        &mut self,
        scope: &str,
        key: &str,
        values: impl Iterator<Item = (&'v str, &'v str)>,
        import: ImportId,
    ) -> Result<Option<bool>, Missing> {
        let Some(known) = self.scopes.iter().find(|known| known.scope == scope) else { return Ok(None) };
        let (Some(table), Some(entry)) = (&known.table, known.entries.get(key)) else { return Ok(None) };
        let (Now::Same, Was::Row(row)) = (&entry.now, &entry.was) else { return Ok(None) };
        let run = row_holds(table, row, values).map_err(|error| Missing::Broken(error.to_string()))?;
        Ok(run.map(|run| self.runs.number(import).is_ok_and(|number| number == run)))
    }

    fn put(&mut self, scope: &str, key: &str, record: &Record) -> Result<(), Missing> {
        self.change(scope, key, Now::Is(Arc::new(record.clone())))
    }

    fn remove(&mut self, scope: &str, key: &str) -> Result<(), Missing> {
        self.change(scope, key, Now::Gone(self.at))
    }

    fn remove_owned(&mut self, scope: &str, owner: &str) -> Result<u64, Missing> {
        let Some(known) = self.known(scope) else { return Ok(0) };
        let keys: Vec<String> = match known.owned.get(owner) {
            Some(keys) => keys.iter().cloned().collect(),
            None if known.is_empty => {
                let prefix = owned_prefix(owner);
                known.entries.keys().filter(|key| key.starts_with(&prefix)).cloned().collect()
            }
            None => return Err(Missing::Owned(scope.to_owned(), owner.to_owned())),
        };
        let mut removed = 0;
        for key in keys {
            let entry = self.known(scope).and_then(|known| known.entries.get(&key));
            let is_there = entry.is_none_or(Entry::is_there);
            if entry.is_none() {
                self.hold(scope, key.clone(), Was::Unread);
            }
            if is_there {
                removed += 1;
                self.change(scope, &key, Now::Gone(self.at))?;
            }
        }
        Ok(removed)
    }
}

/// True if a record of the scope of the plan can be kept: its key fits an index, and no text holds NUL.
fn is_possible<'v>(key: Option<&str>, mut texts: impl Iterator<Item = &'v str>) -> bool {
    key.is_none_or(|key| key.len() <= KEY_BYTES) && texts.all(|text| !text.contains('\0'))
}
