//! Whether the options of an import make sense for its scope.

use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::did_you_mean;

use super::relations::key;
use super::{ImportOptions, MatchBy, Mode, location, subscriptions};
use crate::catalogue::CONTACTS;
use crate::{Merge, OnExisting, RowEffect, Scopes, TableSchema};

/// Reports the options at a path that cannot be meant for the scope. Its schema has no mistakes itself.
pub(super) fn check(
    path: &str,
    options: &ImportOptions,
    scope: &str,
    schema: &TableSchema,
    scopes: &Scopes,
    mistakes: &mut Vec<Mistake>,
) {
    let import = ImportRun { options, scope, schema, scopes };
    let found =
        [("mode", import.mode()), ("match_by", import.match_by()), ("replace_all", import.replace_all())];
    for (option, problem) in found {
        let Some(problem) = problem else { continue };
        let mut mistake = Mistake::new(format!("{path}.{}", problem.at.unwrap_or(option)), problem.message);
        mistake.hint = problem.hint;
        mistakes.push(mistake);
    }
    subscriptions::check(path, &options.subscriptions, (scope, schema), mistakes);
    location::check(path, options, (scope, schema), mistakes);
    for (at, why) in options.dialect.contradictions() {
        mistakes.push(Mistake::new(format!("{path}.{at}"), why));
    }
    for (at, field) in options.dialect.columns.fields() {
        if !schema.fields.iter().any(|known| known.name == field) {
            let mut mistake =
                Mistake::new(format!("{path}.{at}"), format!("{scope:?} has no field `{field}`"));
            let names = schema.fields.iter().map(|field| field.name.as_str());
            mistake.hint = did_you_mean(field, names);
            mistakes.push(mistake);
        }
    }
}

/// What is wrong with an option.
struct Problem {
    /// The place, if it is not the option itself.
    at: Option<&'static str>,
    message: String,
    hint: Option<String>,
}

impl Problem {
    fn new(message: String) -> Self {
        Self { at: None, message, hint: None }
    }

    fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// An import and its scope.
struct ImportRun<'a> {
    options: &'a ImportOptions,
    scope: &'a str,
    schema: &'a TableSchema,
    scopes: &'a Scopes,
}

impl ImportRun<'_> {
    /// The scope whose records its lines change.
    fn records(&self) -> &str {
        self.schema.records.as_deref().unwrap_or(self.scope)
    }

    fn mode(&self) -> Option<Problem> {
        let scope = self.scope;
        let verb = match self.options.mode {
            Mode::Upsert => return None,
            Mode::Create => "create",
            Mode::Update => "update",
        };
        let kept = matches!(self.schema.on_existing, OnExisting::Append | OnExisting::Keep);
        if self.schema.row == RowEffect::Delete {
            let message = format!("lines of {scope:?} delete records, so there is nothing to {verb}");
            return Some(Problem::new(message).with_hint("remove `mode`"));
        }
        let nothing = kept && self.options.mode == Mode::Update;
        nothing.then(|| Problem::new(format!("records of {scope:?} never change, so no line can update one")))
    }

    fn match_by(&self) -> Option<Problem> {
        let by = self.options.match_by.as_ref()?;
        let (scope, schema) = (self.scope, self.schema);
        if schema.on_existing == OnExisting::Append {
            let message = format!("records of {scope:?} are only added, so there is nothing to match");
            return Some(Problem::new(message));
        }
        if schema.generated.is_some() {
            let message = format!("records of {scope:?} are matched by their generated key");
            return Some(Problem::new(message));
        }
        let problem = match by {
            MatchBy::Column(column) => self.matched_column(column),
            MatchBy::Subscription(by) => self.matched_subscription(&by.subscription.column),
        };
        // One column is the key: the only one of it, or the first of those that identify a record.
        let own = match &schema.primary_key[..] {
            [] => schema.identified_by.first(),
            [only] => Some(only),
            _ => None,
        };
        let is_own = matches!(by, MatchBy::Column(column) if own == Some(column));
        if problem.is_some() || is_own || schema.row == RowEffect::Delete {
            return problem;
        }
        // A line that is matched by another column may change the key, and records that depend on it would be lost.
        let other = self.hangs_on_key()?;
        let message = format!("records of {scope:?} keep their key: records of {other:?} depend on it");
        let hint = format!("match them by their key, {}", key(schema).join(", "));
        Some(Problem::new(message).with_hint(hint))
    }

    /// What is wrong with a column that records are matched by.
    fn matched_column(&self, column: &str) -> Option<Problem> {
        let field = |schema: &TableSchema| schema.fields.iter().find(|field| field.name == column).cloned();
        let Some(here) = field(self.schema) else {
            let message = format!("records of {:?} are not matched by {column:?}", self.scope);
            let names = self.schema.fields.iter().map(|field| field.name.as_str());
            let hint = did_you_mean(column, names).unwrap_or_else(|| "there is no such field".to_owned());
            return Some(Problem::new(message).with_hint(hint));
        };
        if here.merge == Merge::Lists {
            let message = format!("records of {:?} are not matched by lists", self.scope);
            return Some(Problem::new(message));
        }
        let records = self.records();
        let there = self.scopes.get(records).filter(|_| records != self.scope)?;
        let is_same = field(there).is_some_and(|there| {
            (there.kind, &there.format, there.merge) == (here.kind, &here.format, here.merge)
        });
        (!is_same).then(|| {
            Problem::new(format!(
                "records of {records:?} have no field `{column}` of the same type and format"
            ))
        })
    }

    /// What is wrong with matching by the subscription of the address in a column.
    fn matched_subscription(&self, column: &str) -> Option<Problem> {
        if self.records() != CONTACTS {
            let message = format!("records of {:?} have no subscriptions", self.scope);
            return Some(Problem::new(message).with_hint("match them by a column"));
        }
        let at = "match_by.subscription.column";
        if let Some(mistake) = subscriptions::check_column(at, column, (self.scope, self.schema)) {
            return Some(Problem { at: Some(at), message: mistake.message, hint: mistake.hint });
        }
        self.options.replace_all.is_some().then(|| {
            Problem::new(
                "a file that is the whole of something names its records by their key or a column".to_owned(),
            )
            .with_hint("match by a column, or remove `replace_all`")
        })
    }

    /// A scope whose records hang on the keys of the ones that are changed.
    fn hangs_on_key(&self) -> Option<&str> {
        let records = self.records();
        let gives_way = |schema: &TableSchema| schema.gives_way_to.as_deref() == Some(records);
        let belongs = |schema: &TableSchema| {
            (schema.foreign_keys.iter().filter(|key| key.dependent)).any(|key| {
                key.reference.resource == records || key.reference.or_in.iter().any(|or| or == records)
            })
        };
        let other = self.scopes.iter().find(|(_, schema)| gives_way(schema) || belongs(schema));
        other.map(|(name, _)| name.as_str()).or(self.schema.gives_way_to.as_deref())
    }

    /// True if others note in these records that they claim them.
    fn is_claimed(&self) -> bool {
        let claims = |key: &crate::ForeignKey| {
            key.claims.is_some()
                && (key.reference.resource == self.scope
                    || key.reference.or_in.iter().any(|or| or == self.scope))
        };
        self.scopes.values().any(|schema| schema.foreign_keys.iter().any(claims))
    }

    fn replace_all(&self) -> Option<Problem> {
        let replace = self.options.replace_all.as_ref()?;
        let (scope, schema) = (self.scope, self.schema);
        let impossible = match schema.row {
            RowEffect::Delete => {
                Some(format!("lines of {scope:?} delete records, so no file can replace them all"))
            }
            RowEffect::Adjust => {
                Some(format!("lines of {scope:?} adjust records, so no file can replace them all"))
            }
            RowEffect::Upsert if schema.on_existing == OnExisting::Append => {
                Some(format!("records of {scope:?} are only added, so no file can replace them all"))
            }
            RowEffect::Upsert if schema.generated.is_some() => {
                Some(format!("records of {scope:?} may get a generated key, so no file names them all"))
            }
            RowEffect::Upsert if self.records() != scope => {
                let records = self.records();
                Some(format!(
                    "records of {scope:?} are stored as {records:?}, so no file can replace them all"
                ))
            }
            RowEffect::Upsert if schema.foreign_keys.iter().any(|key| key.claims.is_some()) => {
                Some(format!("records of {scope:?} claim others permanently, so none is removed"))
            }
            RowEffect::Upsert if self.is_claimed() => {
                Some(format!("records of {scope:?} are claimed by others permanently, so none is removed"))
            }
            RowEffect::Upsert => None,
        };
        if let Some(message) = impossible {
            return Some(Problem::new(message));
        }
        if replace.list.is_some() && !schema.fields.iter().any(|field| field.merge == Merge::Lists) {
            let message = format!("records of {scope:?} have no column of lists");
            return Some(Problem { at: Some("replace_all.list"), ..Problem::new(message) });
        }
        if self.options.mode == Mode::Upsert {
            return None;
        }
        let message = "`replace_all` both creates and updates records".to_owned();
        let problem = Problem::new(message).with_hint("set `mode` to upsert, or remove `replace_all`");
        Some(Problem { at: Some("mode"), ..problem })
    }
}
