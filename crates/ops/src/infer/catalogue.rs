//! Which scope of the catalogue a table seems to be, by its labels.

use tidewaiter::schema::catalogue;
use tidewaiter::schema::{FieldSchema, TableSchema};

use super::synonyms::{BARE_KEYS, SUBJECTS, SYNONYMS};
use super::words::{key, words};

/// A scope whose required fields are there.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) scope: &'static str,
    pub(super) schema: &'static TableSchema,
    /// The field of each label.
    pub(super) fields: Vec<Option<&'static FieldSchema>>,
    /// What it needs and no label is: fields, or one of several fields.
    pub(super) missing: Vec<String>,
    /// How well it fits; the larger the better.
    pub(super) score: usize,
}

impl Candidate {
    /// How many labels are fields.
    pub(super) fn mapped(&self) -> usize {
        self.fields.iter().flatten().count()
    }

    /// The place of the label that is a field.
    pub(super) fn place(&self, field: &str) -> Option<usize> {
        self.fields.iter().position(|mapped| mapped.is_some_and(|mapped| mapped.name == field))
    }

    /// True if no file can do without this field: it is required, or nothing else that is there identifies a record.
    pub(super) fn needs(&self, field: &str) -> bool {
        let is_alone = |set: &Vec<String>| {
            let there: Vec<&String> = set.iter().filter(|name| self.place(name).is_some()).collect();
            matches!(there.as_slice(), [only] if only.as_str() == field)
        };
        let is_required = |known: &FieldSchema| known.name == field && known.constraints.required;
        self.schema.fields.iter().any(is_required)
            || self.schema.primary_key.iter().any(|name| name == field)
            || self.schema.require_any.iter().chain([&self.schema.identified_by]).any(is_alone)
    }

    /// The labels of which the first with a value is the key of a record, as places.
    pub(super) fn key(&self) -> Vec<usize> {
        let keys = if self.schema.primary_key.is_empty() {
            &self.schema.identified_by
        } else {
            &self.schema.primary_key
        };
        keys.iter().filter_map(|name| self.place(name)).collect()
    }
}

/// The scopes that fit labels, the best ones first. `subject` are the words of the files' names. An empty label is no
/// column.
pub(super) fn candidates(labels: &[String], subject: &[String]) -> Vec<Candidate> {
    close(labels, subject).into_iter().filter(|candidate| candidate.missing.is_empty()).collect()
}

/// Why no scope fits labels, if one nearly does.
pub(super) fn nearly(labels: &[String], subject: &[String]) -> Option<String> {
    let close = close(labels, subject);
    let Candidate { scope, missing, .. } = close.first().filter(|candidate| !candidate.missing.is_empty())?;
    Some(format!(
        "the labels are close to those of {scope} of the catalogue, but no column is its {}",
        missing.join(" or its ")
    ))
}

/// Scopes whose fields most labels are, the best ones first.
fn close(labels: &[String], subject: &[String]) -> Vec<Candidate> {
    let scopes = catalogue::names().filter_map(|name| Some((name, catalogue::scopes().get(name)?)));
    let mut found: Vec<Candidate> =
        scopes.filter_map(|(name, schema)| candidate(name, schema, labels, subject)).collect();
    found.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
    found
}

/// True if a label means a field of some scope.
pub(super) fn is_known(label: &str) -> bool {
    let label = key(label);
    !label.is_empty()
        && (SYNONYMS.iter().any(|(_, _, labels)| labels.contains(&label.as_str()))
            || catalogue::scopes()
                .values()
                .flat_map(|schema| &schema.fields)
                .any(|field| key(&field.name) == label))
}

fn candidate(
    scope: &'static str,
    schema: &'static TableSchema,
    labels: &[String],
    subject: &[String],
) -> Option<Candidate> {
    let subjects = subjects(scope);
    let is_subject = subject.iter().any(|word| subjects.contains(&word.as_str()))
        || subjects.contains(&subject.concat().as_str());
    // Nothing is deleted because of a guess.
    if scope == "deletecontacts" && !is_subject {
        return None;
    }
    let mut pairs: Vec<(u8, usize, usize)> = Vec::new();
    for (n, label) in labels.iter().enumerate() {
        for (m, field) in schema.fields.iter().enumerate() {
            let strength = strength(label, field, scope, schema, is_subject);
            if strength > 0 {
                pairs.push((strength, n, m));
            }
        }
    }
    // The strongest meaning first; of two labels of one meaning the first.
    pairs.sort_by_key(|(strength, n, m)| (std::cmp::Reverse(*strength), *n, *m));
    let mut fields: Vec<Option<&'static FieldSchema>> = vec![None; labels.len()];
    let mut points = 0;
    for (strength, n, m) in pairs {
        let Some(field) = schema.fields.get(m) else { continue };
        let is_taken = fields.iter().flatten().any(|taken| taken.name == field.name);
        let Some(place) = fields.get_mut(n) else { continue };
        if place.is_none() && !is_taken {
            *place = Some(field);
            points += 10 + usize::from(strength);
        }
    }
    points += if is_subject { 15 } else { 0 };
    let mut candidate = Candidate { scope, schema, fields, missing: Vec::new(), score: points };
    let has = |name: &String| candidate.place(name).is_some();
    let made = schema.generated.as_ref().map(|rule| &rule.field);
    let required =
        schema.fields.iter().filter(|field| field.constraints.required && Some(&field.name) != made);
    let lacks: Vec<String> = required
        .filter(|field| !has(&field.name))
        .map(|field| format!("`{}`", field.name))
        .chain(
            (schema.require_any.iter().chain([&schema.identified_by]))
                .filter(|set| !set.is_empty() && !set.iter().any(has))
                .map(|set| format!("`{}`", set.join("` or `"))),
        )
        .collect();
    for name in lacks {
        if !candidate.missing.contains(&name) {
            candidate.missing.push(name);
        }
    }
    let columns = labels.iter().filter(|label| !label.is_empty()).count();
    let mapped = candidate.mapped();
    // A scope in which most columns have no place is another kind of record.
    let is_close = mapped * 5 >= columns * 2 && (mapped >= 2 || columns == 1);
    is_close.then_some(candidate)
}

/// How surely a label means a field: its name, a synonym, or a bare word such as `id` for the key.
fn strength(label: &str, field: &FieldSchema, scope: &str, schema: &TableSchema, is_subject: bool) -> u8 {
    let words = words(label);
    let whole = words.concat();
    // `Customer First Name` among customers is a first name.
    let rest = match words.split_first() {
        Some((first, rest)) if !rest.is_empty() && subjects(scope).contains(&first.as_str()) => rest.concat(),
        _ => String::new(),
    };
    let is_field = |label: &str| label == key(&field.name);
    let is_synonym = |label: &str| {
        SYNONYMS.iter().any(|(name, scopes, labels)| {
            *name == field.name && (scopes.is_empty() || scopes.contains(&scope)) && labels.contains(&label)
        })
    };
    let own_key = schema.primary_key.first().map_or("customer_key", String::as_str);
    if whole.is_empty() {
        0
    } else if is_field(&whole) {
        4
    } else if is_synonym(&whole) {
        3
    } else if is_field(&rest) || is_synonym(&rest) {
        2
    } else {
        u8::from(is_subject && field.name == own_key && BARE_KEYS.contains(&whole.as_str()))
    }
}

fn subjects(scope: &str) -> &'static [&'static str] {
    SUBJECTS.iter().find(|(name, _)| *name == scope).map_or(&[], |(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(labels: &[&str], subject: &[&str]) -> Option<(&'static str, Vec<Option<&'static str>>)> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let found = candidates(&own(labels), &own(subject)).into_iter().next()?;
        let fields = found.fields.iter().map(|field| field.map(|field| field.name.as_str())).collect();
        Some((found.scope, fields))
    }

    #[test]
    fn labels_lead_to_scopes() {
        let (scope, fields) = best(&["First Name", "Last Name", "E-Mail", "Notes"], &["customers"]).unwrap();
        assert_eq!(
            (scope, fields),
            ("contacts", vec![Some("firstname"), Some("lastname"), Some("email"), None])
        );
        let (scope, fields) = best(&["Artikelnummer", "Bezeichnung", "Preis", "Bestand"], &[]).unwrap();
        assert_eq!(scope, "products");
        assert_eq!(fields, [Some("product_id"), Some("name"), Some("price"), Some("stock")]);
        let (scope, _) = best(&["id", "name", "city", "country"], &["stores"]).unwrap();
        assert_eq!(scope, "stores");
        let (scope, _) = best(&["N° commande", "Courriel", "Date commande", "Montant TTC"], &[]).unwrap();
        assert_eq!(scope, "orders");
        assert!(best(&["a", "b", "c"], &["contacts"]).is_none());
        let labels = ["Bestellnr", "Bestelldatum", "Betrag", "Menge"].map(str::to_owned);
        let why = nearly(&labels, &[]).unwrap();
        assert_eq!(
            why,
            "the labels are close to those of orders of the catalogue, but no column is its `contact`"
        );
    }

    #[test]
    fn nothing_is_deleted_by_a_guess() {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let scopes = |subject: &[&str]| {
            candidates(&own(&["email"]), &own(subject)).iter().map(|found| found.scope).collect::<Vec<_>>()
        };
        assert!(!scopes(&["customers"]).contains(&"deletecontacts"));
        assert_eq!(scopes(&["deletions"]).first(), Some(&"deletecontacts"));
    }

    #[test]
    fn no_field_is_filled_twice() {
        let (_, fields) = best(&["email", "E-Mail", "mail", "firstname"], &[]).unwrap();
        assert_eq!(fields, [Some("email"), None, None, Some("firstname")]);
    }
}
