//! How one line lands.
//!
//! Everything is looked up before anything is written, so a line that is refused has no effect.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use tidewaiter_model::id::ImportId;
use tidewaiter_model::lists;
use tidewaiter_schema::catalogue::SUBSCRIPTIONS;
use tidewaiter_schema::compile::MOST_DIGITS;
use tidewaiter_schema::config::{Empty, Mode};
use tidewaiter_schema::{Generated, OnExisting, RowEffect};

use super::reader::Layout;
use super::subscribe::{self, Contact};
use super::subscriptions::{ADDRESS_BYTES, same_texts};
use super::tx::RecordTx;
use super::{
    Change, Effect, Landed, MatchBy, Plan, Record, Refusal, Source, Subject, Subscribing, Value, ean,
};

/// Lands one line.
///
/// # Errors
/// What the store answers. Nothing is written before everything was looked up that decides what is written.
pub fn land<S: RecordTx>(
    store: &mut S,
    plan: &Plan,
    layout: &Layout,
    change: &Change,
    import: ImportId,
) -> Result<Landed, S::Error> {
    let line = Landing { plan, layout, change, source: Source { import, line: change.line } };
    let effect = match line.parents(store)? {
        Ok(parents) if line.is_all(&parents) && line.add(store)? => Effect::Imported,
        Ok(parents) => match if line.is_all(&parents) { line.unchanged(store)? } else { None } {
            Some(effect) => effect,
            None => match line.find(store)? {
                Ok(found) => return line.carry_out(store, found, parents),
                Err(refusal) => Effect::Refused(refusal),
            },
        },
        Err(refusal) => Effect::Refused(refusal),
    };
    Ok(Landed { effect, removed: 0, moved: false })
}

/// A line on its way.
struct Landing<'a> {
    plan: &'a Plan,
    layout: &'a Layout,
    change: &'a Change,
    source: Source,
}

/// The record that a line is about.
struct Found {
    /// The key it has, or is to have. None: the line has no key, and there is no such record.
    key: Option<String>,
    record: Option<Record>,
}

/// A record that a line refers to and does something to.
struct Parent<'a> {
    scope: &'a str,
    key: &'a str,
    record: Record,
}

/// The parents that are changed, by the number of their reference.
type Parents<'a> = BTreeMap<usize, Parent<'a>>;

impl<'a> Landing<'a> {
    fn value(&self, column: &str) -> Option<&'a str> {
        let at = self.layout.columns.iter().position(|name| name == column)?;
        self.change.values.get(at)
    }

    /// Finds what the line refers to; answers the records that it changes.
    fn parents<S: RecordTx>(&self, store: &mut S) -> Result<Result<Parents<'a>, Refusal>, S::Error> {
        let mut parents = BTreeMap::new();
        for (number, key) in &self.change.references {
            let Some(to) = self.plan.references.get(*number) else { continue };
            let mut scope = None;
            for candidate in &to.scopes {
                if store.exists(candidate, key)? {
                    scope = Some(candidate.as_str());
                    break;
                }
            }
            let missing = Refusal::Missing { reference: *number };
            let Some(scope) = scope else { return Ok(Err(missing)) };
            let adjusted = self.plan.adjusts.as_ref().is_some_and(|adjusts| adjusts.reference == *number);
            if to.matching.is_empty() && to.claims.is_none() && !adjusted {
                continue;
            }
            let Some(record) = store.get(scope, key)? else { return Ok(Err(missing)) };
            let differs =
                |column: &&String| self.value(column).is_some_and(|own| record.text(column) != Some(own));
            if let Some(column) = to.matching.iter().find(differs) {
                return Ok(Err(Refusal::Differs { reference: *number, column: column.clone() }));
            }
            parents.insert(*number, Parent { scope, key, record });
        }
        Ok(Ok(parents))
    }

    /// True if the line changes no other record than the one that it is about.
    fn is_all(&self, parents: &Parents<'_>) -> bool {
        parents.is_empty() && self.plan.subscriptions.is_empty()
    }

    /// Adds the record that the line is about, if it is one that is not there yet and is nothing but the line: most
    /// lines of large files are. True if that is done, and all of it.
    fn add<S: RecordTx>(&self, store: &mut S) -> Result<bool, S::Error> {
        let Plan { row, mode, gives_way_to, displaces, .. } = self.plan;
        let Subject::Key(key) = &self.change.subject else { return Ok(false) };
        if *row != RowEffect::Upsert || *mode == Mode::Update || gives_way_to.is_some() {
            return Ok(false);
        }
        for other in displaces {
            if store.exists(&other.scope, key)? {
                return Ok(false);
            }
        }
        let lists = self.layout.lists;
        let merged =
            lists.and_then(|at| self.change.values.get(at)).and_then(|cell| lists::merged(None, cell));
        let values = self.layout.named(&self.change.values).filter_map(|(at, name, value)| {
            Some((name, if lists == Some(at) { merged.as_deref()? } else { value }))
        });
        store.put_new(&self.plan.records, key, values, self.source)
    }

    /// What the line did, if its record holds all that it says already, and this is seen without reading the record: so are
    /// most lines of a file that comes every day.
    fn unchanged<S: RecordTx>(&self, store: &mut S) -> Result<Option<Effect>, S::Error> {
        let Plan { row, mode, empty, on_existing, gives_way_to, displaces, .. } = self.plan;
        let Subject::Key(key) = &self.change.subject else { return Ok(None) };
        let merges = *row == RowEffect::Upsert && *on_existing == OnExisting::Merge && *mode != Mode::Create;
        // What joins or leaves a list is not what the record holds.
        let joins = self.layout.lists.is_some_and(|at| self.change.values.get(at).is_some());
        if !merges || joins || *empty == Empty::Clear || gives_way_to.is_some() || !displaces.is_empty() {
            return Ok(None);
        }
        let values = self.layout.named(&self.change.values).map(|(_, name, value)| (name, value));
        let again = store.holds(&self.plan.records, key, values, self.source.import)?;
        Ok(again.map(|again| if again { Effect::Superseding } else { Effect::Unchanged }))
    }

    /// Finds the record that the line is about.
    fn find<S: RecordTx>(&self, store: &mut S) -> Result<Result<Found, Refusal>, S::Error> {
        let scope = &self.plan.records;
        match &self.change.subject {
            Subject::Key(key) => Ok(Ok(Found { record: store.get(scope, key)?, key: Some(key.clone()) })),
            Subject::Generated(value) => self.find_generated(store, value).map(Ok),
            Subject::Match { value, key } => {
                let Some(by) = &self.plan.match_by else { return Ok(Ok(Found { key: None, record: None })) };
                let mut keys = match by {
                    MatchBy::Column(column) => store.matching(scope, column, value)?,
                    MatchBy::Subscription(by) => {
                        subscribe::contact_of(store, &by.key(value))?.into_iter().collect()
                    }
                };
                match (keys.pop(), keys.pop()) {
                    (Some(_), Some(_)) => Ok(Err(Refusal::Ambiguous)),
                    (Some(known), None) => {
                        Ok(Ok(Found { record: store.get(scope, &known)?, key: Some(known) }))
                    }
                    // A line that deletes by one column does not mean a record that another column names.
                    (None, _) if self.plan.row == RowEffect::Delete => {
                        Ok(Ok(Found { key: None, record: None }))
                    }
                    (None, _) => {
                        let Some(key) = key else { return Ok(Ok(Found { key: None, record: None })) };
                        let record = store.get(scope, key)?;
                        // A record of that key without a value to be matched by is the one that is meant.
                        let known = record.as_ref().and_then(|record| record.text(by.column()));
                        let prefix = self.plan.phone_prefix.as_deref();
                        if known.is_some_and(|known| by.value(known, prefix) != *value) {
                            return Ok(Err(Refusal::Taken));
                        }
                        Ok(Ok(Found { record, key: Some(key.clone()) }))
                    }
                }
            }
        }
    }

    /// The record whose key was made from this value, or the first key that is free for it.
    fn find_generated<S: RecordTx>(&self, store: &mut S, value: &str) -> Result<Found, S::Error> {
        let Some((rule, form)) = &self.plan.generated else { return Ok(Found { key: None, record: None }) };
        let prefix = self.plan.phone_prefix.as_deref();
        let mut attempt = 0;
        loop {
            let key = ean::ean13(value, attempt);
            let record = store.get(&self.plan.records, &key)?;
            let other = record.as_ref().is_some_and(|record| {
                let from = record.text(&rule.from).unwrap_or_default();
                form.key([from].into_iter(), prefix) != value
            });
            if !other {
                return Ok(Found { record, key: Some(key) });
            }
            attempt += 1;
        }
    }

    fn carry_out<S: RecordTx>(
        &self,
        store: &mut S,
        found: Found,
        parents: Parents<'a>,
    ) -> Result<Landed, S::Error> {
        let plan = self.plan;
        let left_alone = |effect| Ok(Landed { effect, removed: 0, moved: false });
        let Some(key) = found.key else { return left_alone(Effect::Unknown) };
        let again = found.record.as_ref().is_some_and(|record| record.changed.import == self.source.import);
        match &found.record {
            None if plan.row == RowEffect::Delete || plan.mode == Mode::Update => {
                return left_alone(Effect::Unknown);
            }
            Some(_) if plan.row == RowEffect::Delete => {
                store.remove(&plan.records, &key)?;
                if plan.has_contacts() {
                    subscribe::hand_over(store, &key, None, self.source)?;
                }
                let removed = remove_owned(store, &plan.dependents, &key)?;
                return Ok(Landed { effect: Effect::Imported, removed, moved: false });
            }
            // What this very file made is not there "already": its last line wins.
            Some(_) if plan.on_existing == OnExisting::Keep || (plan.mode == Mode::Create && !again) => {
                return left_alone(Effect::Existing);
            }
            _ => {}
        }
        if let Some(other) = &plan.gives_way_to
            && store.exists(other, &key)?
        {
            return left_alone(Effect::GaveWay);
        }
        let values = self.values(found.record.as_ref(), &key);
        let moved_to = plan
            .match_by
            .as_ref()
            .and_then(|_| plan.key(|column| values.get(column).map(|value| value.text.as_str())))
            .filter(|new| *new != key);
        if let Some(new) = &moved_to
            && store.exists(&plan.records, new)?
        {
            return left_alone(Effect::Refused(Refusal::Taken));
        }
        let record = Record { values, changed: self.source };
        if !store.fits(&record) {
            return left_alone(Effect::Refused(Refusal::TooLarge));
        }
        let own_key = moved_to.as_deref().unwrap_or(&key);
        for (number, parent) in &parents {
            let claims = plan.references.get(*number).and_then(|to| to.claims.as_ref());
            let claimed = claims.and_then(|column| parent.record.text(column));
            if claimed.is_some_and(|by| by != own_key) {
                return left_alone(Effect::Refused(Refusal::Claimed { reference: *number }));
            }
        }
        let parents = match self.changed_parents(parents, own_key) {
            Ok(changed) => changed,
            Err(refusal) => return left_alone(Effect::Refused(refusal)),
        };
        let contact = Contact { key: own_key, before: &key, existed: found.record.is_some() };
        let addresses: Vec<_> = plan.addresses(self.layout, self.change).collect();
        let is_long = |(_, _, address): &&(usize, &Subscribing, String)| address.len() > ADDRESS_BYTES;
        if let Some((subscription, ..)) = addresses.iter().find(is_long) {
            return left_alone(Effect::Refused(Refusal::Address { subscription: *subscription }));
        }
        let with = (plan.phone_prefix.as_deref(), self.source);
        let subscriptions = subscribe::changed(store, addresses, &contact, with)?;
        let mut displaced = Vec::new();
        for other in &plan.displaces {
            if store.exists(&other.scope, &key)? {
                displaced.push(other);
            }
        }

        // From here on, writes only.
        let mut removed = displaced.len() as u64;
        for other in &displaced {
            store.remove(&other.scope, &key)?;
            removed += remove_owned(store, &other.dependents, &key)?;
        }
        if found.record.is_some() && plan.on_existing == OnExisting::Replace {
            removed += remove_owned(store, &plan.dependents, &key)?;
        }
        let same = found.record.as_ref().is_some_and(|before| same_texts(&before.values, &record.values));
        let changed = !same || removed > 0;
        if changed {
            if moved_to.is_some() {
                store.remove(&plan.records, &key)?;
            }
            store.put(&plan.records, own_key, &record)?;
            for parent in &parents {
                store.put(parent.scope, parent.key, &parent.record)?;
            }
        }
        for (key, record) in &subscriptions {
            store.put(SUBSCRIPTIONS, key, record)?;
        }
        if moved_to.is_some() && plan.has_contacts() {
            subscribe::hand_over(store, &key, Some(own_key), self.source)?;
        }
        let effect = match (again, changed || !subscriptions.is_empty()) {
            (true, _) => Effect::Superseding,
            (false, true) => Effect::Imported,
            (false, false) => Effect::Unchanged,
        };
        Ok(Landed { effect, removed, moved: moved_to.is_some() })
    }

    /// The values of the record after the line.
    fn values(&self, record: Option<&Record>, key: &str) -> BTreeMap<String, Value> {
        let made = self.made();
        let merges = self.plan.on_existing == OnExisting::Merge;
        let before = record.map(|record| &record.values);
        let mut values = before.filter(|_| merges).cloned().unwrap_or_default();
        for (at, (column, cell)) in self.layout.columns.iter().zip(self.change.values.iter()).enumerate() {
            if made.is_some_and(|rule| rule.field == *column) {
                continue;
            }
            let text = match cell {
                Some(cell) if self.layout.lists == Some(at) => {
                    lists::merged(values.get(column).map(|value| value.text.as_str()), cell)
                }
                Some(cell) => Some(cell.to_owned()),
                None if self.plan.empty == Empty::Clear && at < self.layout.own => None,
                None => continue,
            };
            match text {
                Some(text) => self.put(&mut values, column, text),
                None => {
                    values.remove(column);
                }
            }
        }
        if let Some(rule) = made {
            self.put(&mut values, &rule.field, key.to_owned());
        }
        values
    }

    /// How the key was made, if it was.
    fn made(&self) -> Option<&'a Generated> {
        let is_made = matches!(self.change.subject, Subject::Generated(_));
        self.plan.generated.as_ref().filter(|_| is_made).map(|(rule, _)| rule)
    }

    /// Puts a value; one that is there already keeps its source.
    fn put(&self, values: &mut BTreeMap<String, Value>, column: &str, text: String) {
        if values.get(column).is_none_or(|value| value.text != text) {
            values.insert(column.to_owned(), Value { text, source: self.source });
        }
    }

    /// The records referred to that the line changes, as they are after it.
    fn changed_parents(&self, parents: Parents<'a>, own_key: &str) -> Result<Vec<Parent<'a>>, Refusal> {
        let mut changed = Vec::new();
        for (number, mut parent) in parents {
            let before = parent.record.values.clone();
            let values = &mut parent.record.values;
            if let Some(column) = self.plan.references.get(number).and_then(|to| to.claims.as_ref()) {
                self.put(values, column, own_key.to_owned());
            }
            self.adjust(number, values)?;
            if parent.record.values != before {
                parent.record.changed = self.source;
                changed.push(parent);
            }
        }
        Ok(changed)
    }

    fn adjust(&self, number: usize, values: &mut BTreeMap<String, Value>) -> Result<(), Refusal> {
        let Some(adjusts) = self.plan.adjusts.as_ref().filter(|adjusts| adjusts.reference == number) else {
            return Ok(());
        };
        for (here, there) in &adjusts.add {
            let known = values.get(there).map(|value| value.text.as_str());
            let Some(sum) = sum(known, self.value(here)) else {
                let (column, there) = (here.clone(), there.clone());
                return Err(Refusal::Sum { reference: number, column, there });
            };
            self.put(values, there, sum.to_string());
        }
        if let Some((here, there)) = &adjusts.latest
            && let (Some(new), Some(known)) = (self.value(here), values.get(there))
            && self.plan.compare(here, new, &known.text) == Some(Ordering::Less)
        {
            return Ok(());
        }
        for (here, there) in &adjusts.set {
            if let Some(value) = self.value(here) {
                self.put(values, there, value.to_owned());
            }
        }
        Ok(())
    }
}

/// The sum of two whole numbers, of which one that is not there is 0. None if there is none that a column of whole
/// numbers takes: a sum is never another number than the true one.
fn sum(one: Option<&str>, other: Option<&str>) -> Option<i128> {
    let number = |text: Option<&str>| text.map_or(Some(0), |text| text.parse::<i128>().ok());
    let sum = number(one)?.checked_add(number(other)?)?;
    (sum.unsigned_abs() < 10_u128.pow(MOST_DIGITS as u32)).then_some(sum)
}

/// Removes what belongs to a record in these scopes.
fn remove_owned<S: RecordTx>(store: &mut S, scopes: &[String], key: &str) -> Result<u64, S::Error> {
    scopes.iter().try_fold(0, |removed, scope| Ok(removed + store.remove_owned(scope, key)?))
}
