//! What the lines of one import do, worked out once.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tidewaiter_model::id::ImportId;
use tidewaiter_model::lists;
use tidewaiter_schema::catalogue::{self, CONTACTS, SUBSCRIPTIONS};
use tidewaiter_schema::compile::Scope;
use tidewaiter_schema::config::{self, Empty, ImportOptions, Location, Mode, Subscription, SubscriptionName};
use tidewaiter_schema::{ForeignKey, Generated, OnExisting, RowEffect, Scopes, TableSchema};

use super::match_by::MatchBy;
use super::normal::{Form, KeyForm};
use super::subscriptions::{CONTACT, Subscribable, Subscribing};
use super::table::Table;
use super::{Record, Source, Subject, Value};

/// What the lines of one import do.
#[derive(Debug, Clone)]
pub struct Plan {
    scope: Arc<Scope>,
    /// The scope whose records the lines change.
    pub records: String,
    /// Whether records may be created, changed, or both.
    pub mode: Mode,
    /// True if the changes of its lines are marked as quiet.
    pub quiet: bool,
    /// What an empty cell means.
    pub empty: Empty,
    /// What happens to a record that exists.
    pub on_existing: OnExisting,
    /// What a line does.
    pub row: RowEffect,
    /// The country code of telephone numbers that have none.
    pub phone_prefix: Option<String>,
    /// What records are matched by, if it is not their key.
    pub match_by: Option<MatchBy>,
    /// The form in which values of a column are kept, if it is not that of the file.
    kept: BTreeMap<String, Form>,
    /// What is filled from where an address is.
    location: Option<Location>,
    /// The columns of the key, each with the form of what is kept. Of an `identifiedBy` the first with a value is the
    /// key.
    pub(super) key: Vec<(String, Form)>,
    pub(super) key_is_one_of: bool,
    /// How a key is made for lines without one, and the form of the column it is made from.
    pub(super) generated: Option<(Generated, KeyForm)>,
    /// What lines refer to.
    pub references: Vec<Reference>,
    /// The reference under whose key added records are kept.
    pub(super) owner: Option<usize>,
    /// The scope whose record of the same key takes the record's place.
    pub gives_way_to: Option<String>,
    /// The scopes whose records of the same key give way.
    pub displaces: Vec<Displaced>,
    /// The scopes with records that belong to one of these.
    pub dependents: Vec<String>,
    /// What a line does to a record it refers to.
    pub adjusts: Option<Adjustment>,
    /// By which columns the records of each scope may be matched, other than by their key.
    pub alternate_keys: BTreeMap<String, Vec<String>>,
    /// What lines subscribe their contacts to.
    pub subscriptions: Vec<Subscribing>,
    /// The column with lists, and the list that every line joins unless it says otherwise.
    pub joins: Option<(String, u32)>,
    /// The tables of the scopes whose records lines write: their own, and those that they adjust or claim.
    pub tables: Vec<Table>,
}

/// A scope whose records give way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Displaced {
    /// Its name.
    pub scope: String,
    /// The scopes with records that belong to one of its records, and go with it.
    pub dependents: Vec<String>,
}

/// A reference that lines may make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The columns of the file that hold it.
    pub columns: Vec<String>,
    /// The scopes in which the record may be found.
    pub scopes: Vec<String>,
    /// How its key is written.
    pub form: KeyForm,
    /// Columns that must hold the same on both sides.
    pub matching: Vec<String>,
    /// The column of the referenced record that notes the claim.
    pub claims: Option<String>,
}

/// What a line does to a record it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjustment {
    /// Which of the references.
    pub reference: usize,
    /// Numbers to add: the column here and the column there.
    pub add: BTreeMap<String, String>,
    /// Values to put: the column here and the column there.
    pub set: BTreeMap<String, String>,
    /// A date that must not be before the one that is there: the column here and the column there.
    pub latest: Option<(String, String)>,
}

impl Plan {
    /// The plan of an import: of its scope, among the scopes of its configuration, with its options.
    pub fn new(scope: Arc<Scope>, scopes: &Scopes, options: &ImportOptions) -> Self {
        let schema = scope.schema().clone();
        let records = schema.records.clone().unwrap_or_else(|| scope.name().to_owned());
        let (references, kept) = references(&schema, &records, scopes);
        let (key, key_is_one_of) = key_of(&schema);
        let key: Vec<(String, Form)> = key.into_iter().map(|(name, form)| (name, form.kept())).collect();
        // The first of the columns that identify a record is its key wherever it has a value.
        let is_key = |column: &str| {
            key.first().is_some_and(|(first, _)| first == column) && (key_is_one_of || key.len() == 1)
        };
        let subscribable = |resource: &String, channel: &String, column: &String| Subscribable {
            resource: resource.clone(),
            channel: channel.clone(),
            column: column.clone(),
            form: form_of(&schema, column).kept(),
        };
        let match_by = options.match_by.as_ref().and_then(|by| match by {
            config::MatchBy::Column(column) => (!is_key(column)).then(|| MatchBy::Column(column.clone())),
            config::MatchBy::Subscription(by) => {
                let SubscriptionName { resource, channel, column } = &by.subscription;
                Some(MatchBy::Subscription(subscribable(resource, channel, column)))
            }
        });
        let adjusts = schema.adjusts.as_ref().and_then(|adjusts| {
            let leads = |reference: &Reference| reference.scopes.contains(&adjusts.resource);
            let there = |here: &String| Some((here.clone(), adjusts.set.get(here)?.clone()));
            Some(Adjustment {
                reference: references.iter().position(leads)?,
                add: adjusts.add.clone(),
                set: adjusts.set.clone(),
                latest: adjusts.latest.as_ref().and_then(there),
            })
        });
        let subscribing = |one: &Subscription| Subscribing {
            to: subscribable(&one.resource, &one.channel, &one.column),
            on_create: one.on_create,
            on_update: one.on_update,
        };
        let subscriptions: Vec<Subscribing> = options.subscriptions.iter().map(subscribing).collect();
        let dependent = schema.foreign_keys.iter().position(|key| key.dependent);
        let lists = schema.fields.iter().find(|field| field.merge == tidewaiter_schema::Merge::Lists);
        let list = options.replace_all.as_ref().and_then(|replace| replace.list);
        Self {
            mode: options.mode,
            quiet: options.quiet,
            empty: options.empty,
            on_existing: schema.on_existing,
            row: schema.row,
            phone_prefix: options.phone_prefix.as_ref().map(|prefix| prefix.as_str().to_owned()),
            generated: schema.generated.clone().map(|rule| {
                let column =
                    |reference: &&Reference| matches!(&reference.columns[..], [only] if *only == rule.from);
                let form = references.iter().find(column).map(|reference| reference.form.clone());
                let form = form.unwrap_or_else(|| KeyForm::new(vec![form_of(&schema, &rule.from).kept()]));
                (rule, form)
            }),
            owner: dependent.or(adjusts.as_ref().map(|adjusts| adjusts.reference)),
            gives_way_to: schema.gives_way_to.clone(),
            displaces: (scopes.iter())
                .filter(|(_, other)| other.gives_way_to.as_ref() == Some(&records))
                .map(|(name, _)| Displaced { scope: name.clone(), dependents: dependents(name, scopes) })
                .collect(),
            dependents: dependents(&records, scopes),
            alternate_keys: scopes
                .keys()
                .map(String::as_str)
                .chain([SUBSCRIPTIONS])
                .filter_map(|name| Some((name.to_owned(), alternate_keys(catalogue::schema(name, scopes)?))))
                .collect(),
            joins: lists.and_then(|field| Some((field.name.clone(), list?))),
            tables: written(&records, adjusts.as_ref(), (&references, !subscriptions.is_empty()), scopes),
            subscriptions,
            match_by,
            kept,
            location: options.location.clone(),
            key,
            key_is_one_of,
            references,
            adjusts,
            records,
            scope,
        }
    }

    /// True if lines of different records may land in any order, so that loaders can share them.
    pub fn splits(&self) -> bool {
        let own = |reference: &Reference| reference.scopes.contains(&self.records);
        let claims = |reference: &Reference| reference.claims.is_some();
        // What a line adjusts must follow from its key, or two loaders would meet at one record.
        let adjusts_by_key = self.adjusts.as_ref().is_none_or(|adjusts| {
            let columns = self.references.get(adjusts.reference).map(|reference| &reference.columns);
            let in_key = |column: &String| self.key.iter().any(|(name, _)| name == column);
            self.on_existing == OnExisting::Append
                || columns.is_some_and(|columns| columns.iter().all(in_key))
        });
        // Two contacts may have one address, unless it is the key of its contact.
        let subscribes_by_key = self.subscriptions.iter().all(|one| {
            self.key_is_one_of && self.key.first().is_some_and(|(first, _)| *first == one.to.column)
        });
        self.match_by.is_none()
            && self.generated.is_none()
            && adjusts_by_key
            && subscribes_by_key
            && !self.references.iter().any(|reference| own(reference) || claims(reference))
    }

    /// True if what a line does follows from the record that it is about, and from records of other scopes that it reads.
    /// It changes no other record, unless it takes the place of one.
    pub fn is_by_record(&self) -> bool {
        self.splits() && self.adjusts.is_none() && self.subscriptions.is_empty()
    }

    /// The column that records are matched by, if it is one and not their key.
    pub fn matched_column(&self) -> Option<&str> {
        match &self.match_by {
            Some(MatchBy::Column(column)) => Some(column),
            _ => None,
        }
    }

    /// The columns by which records are looked for, with their scopes.
    pub fn indexes(&self) -> impl Iterator<Item = (&str, &str)> {
        let matched = self.matched_column().map(|column| (self.records.as_str(), column));
        let subscribes = !self.subscriptions.is_empty();
        matched.into_iter().chain(subscribes.then_some((SUBSCRIPTIONS, CONTACT)))
    }

    /// True if lines change contacts, whose keys subscriptions hold.
    pub fn has_contacts(&self) -> bool {
        self.records == CONTACTS
    }

    /// True if columns are filled from where an address is.
    pub fn locates(&self) -> bool {
        self.location.is_some()
    }

    /// The column with the address, and those for the country and the city.
    #[expect(clippy::type_complexity, reason = "three columns, of which two may be missing")]
    pub(super) fn located(&self) -> Option<(&str, (Option<&str>, Option<&str>))> {
        let location = self.location.as_ref()?;
        Some((&location.address, location.filled(self.scope.schema())))
    }

    /// True if the value is one that a line might have in the column.
    pub(super) fn takes(&self, column: &str, value: &str) -> bool {
        let at = self.scope.column(column).and_then(|at| self.scope.columns().get(at));
        at.is_some_and(|column| !self.scope.is_missing(value) && column.check(value).is_ok())
    }

    /// True if the column holds lists.
    pub(super) fn holds_lists(&self, column: &str) -> bool {
        let field = self.scope.column(column).and_then(|at| self.scope.schema().fields.get(at));
        field.is_some_and(|field| field.merge == tidewaiter_schema::Merge::Lists)
    }

    /// The form in which the values of a column are kept.
    pub(super) fn kept_form(&self, column: &str) -> Form {
        self.kept.get(column).cloned().unwrap_or_default()
    }

    /// The key of a record with these values, as they are kept; None if it has none.
    pub fn key<'a>(&self, value: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
        let prefix = self.phone_prefix.as_deref();
        let part = |(name, form): &(String, Form)| {
            Some(form.key(value(name).filter(|text| !text.is_empty())?, prefix))
        };
        if self.key_is_one_of {
            return self.key.iter().find_map(part).map(std::borrow::Cow::into_owned);
        }
        let parts: Vec<_> = self.key.iter().map(part).collect::<Option<_>>()?;
        (!parts.is_empty()).then(|| super::join_key(parts.iter().map(AsRef::as_ref)))
    }

    /// True if a record is in the list that the import replaces, or there is no such list.
    pub fn is_replaced(&self, record: &Record) -> bool {
        match &self.joins {
            None => true,
            Some((column, list)) => record.text(column).is_some_and(|all| lists::contains(all, *list)),
        }
    }

    /// What becomes of a record that a file which replaces all does not name: it leaves the list, or, if
    /// there is no list, nothing is left of it.
    pub fn left_out(&self, record: &Record, import: ImportId) -> Option<Record> {
        let (column, list) = self.joins.as_ref()?;
        let source = Source { import, line: 0 };
        let mut record = Record { values: record.values.clone(), changed: source };
        match lists::merged(record.text(column), &format!("-{list}")) {
            Some(text) => record.values.insert(column.clone(), Value { text, source }),
            None => record.values.remove(column),
        };
        Some(record)
    }

    /// What names a record in a file that replaces all: the value it is matched by or, where it has none,
    /// its key. One of [`Plan::names_in`] of a line that names it.
    pub fn name_of(&self, key: &str, record: &Record) -> String {
        match self.matched_column().and_then(|column| record.text(column)) {
            Some(value) => by_value(value),
            None => by_key(key),
        }
    }

    /// The names of the records that a line names: the one that is matched, and the one of its key, which
    /// is meant if it has no value to be matched by.
    pub fn names_in(subject: &Subject) -> Vec<String> {
        match subject {
            Subject::Key(key) => vec![by_key(key)],
            Subject::Match { value, key } => {
                std::iter::once(by_value(value)).chain(key.as_deref().map(by_key)).collect()
            }
            Subject::Generated(_) => Vec::new(),
        }
    }

    /// How two values of a column stand to each other; None if they cannot be compared.
    pub(super) fn compare(&self, column: &str, one: &str, other: &str) -> Option<Ordering> {
        self.scope.columns().get(self.scope.column(column)?)?.compare(one, other)
    }
}

impl KeyForm {
    /// How files write the keys of a scope's records.
    pub fn of(schema: &TableSchema) -> Self {
        let (columns, one_of) = key_of(schema);
        let forms = columns.into_iter().map(|(_, form)| form).collect();
        Self::new(if one_of { vec![Form::OneOf(forms)] } else { forms })
    }
}

fn by_value(value: &str) -> String {
    format!("v{value}")
}

fn by_key(key: &str) -> String {
    format!("k{key}")
}

/// The columns of a key with their forms, and whether one of them is enough.
fn key_of(schema: &TableSchema) -> (Vec<(String, Form)>, bool) {
    let one_of = schema.primary_key.is_empty();
    let names = if one_of { &schema.identified_by } else { &schema.primary_key };
    (names.iter().map(|name| (name.clone(), form_of(schema, name))).collect(), one_of)
}

/// The columns that records may be matched by, without the one that is their key anyway.
fn alternate_keys(schema: &TableSchema) -> Vec<String> {
    let (key, one_of) = key_of(schema);
    let is_key =
        |column: &String| key.first().is_some_and(|(first, _)| first == column) && (one_of || key.len() == 1);
    schema.alternate_keys.iter().filter(|column| !is_key(column)).cloned().collect()
}

fn form_of(schema: &TableSchema, column: &str) -> Form {
    let field = schema.fields.iter().find(|field| field.name == column);
    field.map(Form::of).unwrap_or_default()
}

/// The references of a schema, and the form in which the values of each of its columns are kept.
fn references(
    schema: &TableSchema,
    records: &str,
    scopes: &Scopes,
) -> (Vec<Reference>, BTreeMap<String, Form>) {
    let mut kept = BTreeMap::new();
    let mut references = Vec::with_capacity(schema.foreign_keys.len());
    for key in &schema.foreign_keys {
        let form = referring(schema, key, scopes);
        // A column that refers to a record holds what names it, so that records can be joined by it.
        for (column, part) in key.fields.iter().zip(form.parts()) {
            kept.entry(column.clone()).or_insert_with(|| part.clone());
        }
        references.push(Reference {
            columns: key.fields.clone(),
            scopes: std::iter::once(&key.reference.resource).chain(&key.reference.or_in).cloned().collect(),
            form: form.kept(),
            matching: key.matching.clone(),
            claims: key.claims.clone(),
        });
    }
    // A scope may change the records of another, and finds them by the keys of that one.
    let keys: BTreeSet<&String> = [Some(schema), scopes.get(records)]
        .into_iter()
        .flatten()
        .flat_map(|schema| {
            let keys = schema.primary_key.iter().chain(&schema.identified_by);
            keys.chain(&schema.alternate_keys).chain(&schema.matched)
        })
        .collect();
    for field in &schema.fields {
        let form = match Form::of(field) {
            // Other texts are for people to read: they stay as they are.
            Form::Text if !keys.contains(&field.name) => continue,
            form => form,
        };
        kept.entry(field.name.clone()).or_insert(form);
    }
    (references, kept)
}

/// How the columns of a reference are read: as those are that they name. Where both have types, each is read by its own,
/// since the same date may be written in another way here.
fn referring(schema: &TableSchema, key: &ForeignKey, scopes: &Scopes) -> KeyForm {
    let there = &key.reference;
    let form = match scopes.get(&there.resource) {
        None => KeyForm::new(vec![Form::Text; key.fields.len()]),
        Some(target) if there.fields.is_empty() => KeyForm::of(target),
        Some(target) => KeyForm::new(there.fields.iter().map(|column| form_of(target, column)).collect()),
    };
    let parts = form.parts().iter().zip(&key.fields);
    KeyForm::new(
        parts
            .map(|(there, column)| match (form_of(schema, column), there) {
                (own @ Form::Typed(_), Form::Typed(_)) => own,
                (_, there) => there.clone(),
            })
            .collect(),
    )
}

/// The tables of the records that lines write.
fn written(
    records: &str,
    adjusts: Option<&Adjustment>,
    (references, subscribes): (&[Reference], bool),
    scopes: &Scopes,
) -> Vec<Table> {
    let adjusted = adjusts.and_then(|adjusts| references.get(adjusts.reference));
    let changed = references.iter().filter(|reference| reference.claims.is_some()).chain(adjusted);
    let names = changed.flat_map(|reference| &reference.scopes).map(String::as_str).chain([records]);
    let names: BTreeSet<&str> = names.chain(subscribes.then_some(SUBSCRIPTIONS)).collect();
    names.into_iter().filter_map(|name| Table::of(name, scopes)).collect()
}

/// The scopes with records that belong to records of this one.
fn dependents(records: &str, scopes: &Scopes) -> Vec<String> {
    let leads_here = |key: &ForeignKey| {
        key.dependent
            && (key.reference.resource == records || key.reference.or_in.iter().any(|other| other == records))
    };
    (scopes.iter())
        .filter(|(_, schema)| schema.foreign_keys.iter().any(leads_here))
        .map(|(name, _)| name.clone())
        .collect()
}
