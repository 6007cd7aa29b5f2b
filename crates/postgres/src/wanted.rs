//! What a batch needs of the tables.

use std::collections::{BTreeMap, BTreeSet};

use tidewaiter::record::{CONTACT, Change, Layout, Plan, Subject};
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;
use tidewaiter::schema::{OnExisting, RowEffect};
use tidewaiter_engine::{Error, Result};

use crate::failure::broken;
use crate::overlay::{FEW_MATCHES, Missing, Overlay};

const READING: &str = "reading records";

/// What is to be fetched.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Records by scope and key; true if they are read, and not only looked for.
    pub(crate) records: BTreeMap<String, Vec<(String, bool)>>,
    /// Values by scope, field, and how many keys of each at most.
    pub(crate) matching: BTreeMap<(String, String, usize), BTreeSet<String>>,
    pub(crate) owned: BTreeMap<String, BTreeSet<String>>,
    pub(crate) runs: BTreeSet<i32>,
}

impl Wanted {
    fn record(&mut self, overlay: &Overlay, scope: &str, key: &str, read: bool) {
        if overlay.has(scope, key, read) {
            return;
        }
        let keys = match self.records.get_mut(scope) {
            Some(keys) => keys,
            None => self.records.entry(scope.to_owned()).or_default(),
        };
        keys.push((key.to_owned(), read));
    }

    /// Adds what a line asked for.
    pub(crate) fn add(&mut self, overlay: &Overlay, missing: Missing) -> Result<()> {
        match missing {
            Missing::Record(scope, key) => self.record(overlay, &scope, &key, true),
            Missing::Existence(scope, key) => self.record(overlay, &scope, &key, false),
            Missing::Matching(scope, field, value, limit) => {
                self.matching.entry((scope, field, limit)).or_default().insert(value);
            }
            Missing::Owned(scope, owner) => {
                self.owned.entry(scope).or_default().insert(owner);
            }
            Missing::Runs(numbers) => self.runs.extend(numbers),
            Missing::Impossible(reason) => {
                return Err(Error::Refused { what: "loading records".to_owned(), reason });
            }
            Missing::Broken(reason) => return Err(broken(READING, reason)),
        }
        Ok(())
    }

    /// Adds what a line will certainly ask for: what it is about, and what it refers to.
    pub(crate) fn foresee(&mut self, overlay: &Overlay, (plan, layout): (&Plan, &Layout), change: &Change) {
        for (number, key) in &change.references {
            let Some(to) = plan.references.get(*number) else { continue };
            let is_adjusted = plan.adjusts.as_ref().is_some_and(|adjusts| adjusts.reference == *number);
            let read = is_adjusted || to.claims.is_some() || !to.matching.is_empty();
            to.scopes.iter().for_each(|scope| self.record(overlay, scope, key, read));
        }
        for key in plan.subscribed(layout, change) {
            self.record(overlay, SUBSCRIPTIONS, &key, true);
        }
        match &change.subject {
            Subject::Key(key) => {
                if plan.row == RowEffect::Delete && plan.has_contacts() && !overlay.is_empty(SUBSCRIPTIONS) {
                    let asked = (SUBSCRIPTIONS.to_owned(), CONTACT.to_owned(), FEW_MATCHES);
                    self.matching.entry(asked).or_default().insert(key.clone());
                }
                if plan.on_existing != OnExisting::Append {
                    self.record(overlay, &plan.records, key, true);
                }
                let others = plan.displaces.iter().map(|other| &other.scope).chain(&plan.gives_way_to);
                others.for_each(|scope| self.record(overlay, scope, key, false));
            }
            Subject::Match { value, .. } => {
                if let Some(field) = plan.matched_column() {
                    let asked = (plan.records.clone(), field.to_owned(), FEW_MATCHES);
                    self.matching.entry(asked).or_default().insert(value.clone());
                }
            }
            Subject::Generated(_) => {}
        }
    }
}

/// The scopes that the lines of an import may ask for.
pub(crate) fn scopes(plan: &Plan) -> BTreeSet<&str> {
    let referred = plan.references.iter().flat_map(|to| &to.scopes);
    let displaced = plan.displaces.iter().flat_map(|other| other.dependents.iter().chain([&other.scope]));
    let all = referred.chain(displaced).chain(&plan.dependents).chain(&plan.gives_way_to);
    let subscriptions = plan.has_contacts().then_some(SUBSCRIPTIONS);
    all.map(String::as_str).chain([plan.records.as_str()]).chain(subscriptions).collect()
}
