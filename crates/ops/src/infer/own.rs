//! A scope of an import's own: types, what is required, and what identifies a record.

use tidewaiter::schema::catalogue;

use super::draft::{Draft, Planned};
use super::group::Group;
use super::judge::Judged;
use super::names;
use super::remark::Remarks;
use super::typed::Type;
use super::words::{field_names, words};
use crate::text::plural;

/// From how many rows on a column without an empty value is taken to be required.
const ENOUGH: usize = 20;
/// The longest value of an identifier, in characters.
const IDENTIFIER: usize = 80;
/// What labels of identifiers say, the surest first.
const KEYS: [&str; 28] = [
    "id",
    "uuid",
    "guid",
    "key",
    "email",
    "mail",
    "sku",
    "ean",
    "isbn",
    "iban",
    "code",
    "number",
    "no",
    "nr",
    "num",
    "numero",
    "nummer",
    "ref",
    "reference",
    "matricule",
    "n",
    "handle",
    "codigo",
    "clave",
    "kennung",
    "kundennummer",
    "bestellnr",
    "auftragsnr",
];

/// The scope and the import of files whose scope is not in the catalogue.
pub(super) fn names_of(group: &Group<'_>, universe: &str) -> (String, String) {
    let files = group.members.iter().map(|member| names::usual(&member.sample.name, universe));
    let usual: Option<Vec<(String, String)>> = files.collect();
    if let Some(usual) = usual
        && let Some(first) = usual.first()
        && usual.iter().all(|other| other == first)
        && !is_taken(&first.0)
    {
        return first.clone();
    }
    let scope = names::part(&names::telling(&group.naming.words), "_");
    let scope = if is_taken(&scope) { format!("own_{scope}") } else { scope };
    (scope, group.naming.import.clone())
}

/// True if no scope of a document can have this name: one with a name of the catalogue would add fields to that one.
fn is_taken(scope: &str) -> bool {
    catalogue::schema(scope, catalogue::scopes()).is_some()
}

/// Plans the columns of a scope of its own.
pub(super) fn plan(
    draft: &mut Draft,
    group: &Group<'_>,
    judged: &[Judged],
    types: &[Type],
    remarks: &mut Remarks,
) {
    let rows = group.rows();
    draft.is_own = true;
    let fields = field_names(&group.labels);
    draft.columns = (group.labels.iter().zip(fields).zip(judged).zip(types))
        .map(|(((label, field), judged), kind)| Planned {
            label: label.clone(),
            field: Some(field),
            kind: *kind,
            is_required: rows >= ENOUGH && judged.empty == 0,
        })
        .collect();
    for (column, judged) in draft.columns.iter().zip(judged) {
        if column.kind != Type::Text {
            let what = column.kind.noun();
            let values = plural(judged.filled as u64, "value");
            remarks.chose(format!("{}: {what}, in {values}", column.shown()));
        }
    }
    let empty = draft.columns.iter().zip(judged).filter(|(_, judged)| judged.filled == 0);
    let empty: Vec<String> = empty.map(|(column, _)| column.shown()).collect();
    if !empty.is_empty() && rows > 0 {
        remarks.doubt(format!("no values to judge by: {}; kept as text", empty.join(", ")));
    }
    draft.key = key(&draft.columns, judged, rows);
    match draft.key.and_then(|key| draft.columns.get_mut(key)) {
        Some(column) => {
            column.is_required = true;
            let shown = column.shown();
            let text = format!("{shown} identifies a record: no value is empty, and none is there twice");
            if rows >= ENOUGH {
                remarks.chose(format!("{text}, in {}", plural(rows as u64, "row")));
            } else {
                remarks.doubt(format!("{text}, in only {}", plural(rows as u64, "row")));
            }
        }
        None => remarks.doubt(
            "no column identifies a record, so each row is added: a file that is dropped again adds its rows again"
                .to_owned(),
        ),
    }
    let required: Vec<String> =
        draft.columns.iter().filter(|column| column.is_required).map(Planned::shown).collect();
    if rows < ENOUGH {
        remarks.doubt(format!("too few rows ({rows}) to say which columns are required"));
    } else if !required.is_empty() {
        let rows = plural(rows as u64, "row");
        remarks.chose(format!("required, since no value is empty in {rows}: {}", required.join(", ")));
    }
    if !group.has_header() {
        remarks.doubt(
            "the files have no header: name the columns in `columns` and in the fields of the scope"
                .to_owned(),
        );
    }
}

/// The column that identifies a record, as its place.
fn key(columns: &[Planned], judged: &[Judged], rows: usize) -> Option<usize> {
    if rows == 0 {
        return None;
    }
    let is_possible = |(n, (column, judged)): (usize, (&Planned, &Judged))| {
        let is_type = matches!(column.kind, Type::Text | Type::Integer | Type::Email | Type::Uuid);
        let fits = is_type && judged.empty == 0 && judged.is_unique && judged.longest <= IDENTIFIER;
        fits.then_some(n)
    };
    let possible: Vec<usize> = columns.iter().zip(judged).enumerate().filter_map(is_possible).collect();
    let rank = |n: &usize| {
        let words = columns.get(*n).map(|column| words(&column.label)).unwrap_or_default();
        // `Bestellnr` and `OrderNumber` end in what they are.
        let says = |key: &str| {
            words.iter().any(|word| {
                word == key || (key.len() > 1 && word.len() > key.len() + 2 && word.ends_with(key))
            })
        };
        KEYS.iter().position(|key| says(key))
    };
    let named = possible.iter().filter_map(|n| Some((rank(n)?, *n)));
    // Of two that say what they are, the first column is the record's own, and others refer to it.
    let first_named = named.min_by_key(|(rank, n)| (*n, *rank)).map(|(_, n)| n);
    first_named.or_else(|| {
        // Without a telling name, only a first column of short values without blanks is believed.
        let first = possible.first().filter(|n| **n == 0)?;
        let judged = judged.get(*first)?;
        (judged.longest <= 40 && !judged.example.contains(' ')).then_some(*first)
    })
}

impl Planned {
    /// The column in a remark.
    pub(super) fn shown(&self) -> String {
        let name =
            if self.label.is_empty() { self.field.as_deref().unwrap_or_default() } else { &self.label };
        format!("`{name}`")
    }
}
