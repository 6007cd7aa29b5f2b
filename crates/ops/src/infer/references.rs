//! Columns that refer to records of other files.

use std::collections::{BTreeMap, HashSet};

use tidewaiter::schema::OnExisting;

use super::catalogue::Candidate;
use super::draft::Draft;
use super::group::Group;
use super::remark::Remarks;
use crate::text::plural;

/// The keys of records that the given files hold, in small letters, by scope.
pub(super) type Keys = BTreeMap<String, HashSet<String>>;
/// Leaves out columns that refer to records that the given files do not hold; an error if they are required.
pub(super) fn refer(
    candidate: &mut Candidate,
    group: &Group<'_>,
    keys: &Keys,
    remarks: &mut Remarks,
) -> Result<(), String> {
    for reference in &candidate.schema.foreign_keys {
        let targets = std::iter::once(&reference.reference.resource).chain(&reference.reference.or_in);
        let targets: Vec<&String> = targets.collect();
        let places: Vec<usize> = reference.fields.iter().filter_map(|field| candidate.place(field)).collect();
        for place in places {
            let known: Vec<&HashSet<String>> =
                targets.iter().filter_map(|target| keys.get(*target)).collect();
            let is_known = |value: &&str| {
                value.is_empty() || known.iter().any(|keys| keys.contains(&value.to_lowercase()))
            };
            let values = group.values(place);
            let missing = values.iter().flatten().find(|value| !is_known(value));
            let Some(missing) = missing else { continue };
            let label = group.labels.get(place).cloned().unwrap_or_default();
            let target = &reference.reference.resource;
            let is_required = candidate
                .fields
                .get(place)
                .copied()
                .flatten()
                .is_some_and(|field| field.constraints.required);
            let why = if known.is_empty() {
                format!("no file given here is one of {target}")
            } else {
                format!("the files of {target} given here have no `{missing}`")
            };
            if is_required {
                let scope = candidate.scope;
                return Err(format!(
                    "the labels are those of {scope} of the catalogue, but there `{label}` refers to {target}, and {why}"
                ));
            }
            remarks.doubt(format!("`{label}` is not read: it refers to {target}, and {why}"));
            if let Some(field) = candidate.fields.get_mut(place) {
                *field = None;
            }
        }
    }
    Ok(())
}

/// Says so if keys are there twice: the last row of a key wins.
pub(super) fn repeated(candidate: &Candidate, group: &Group<'_>, remarks: &mut Remarks) {
    let columns: Vec<Vec<Vec<&str>>> = candidate.key().into_iter().map(|place| group.values(place)).collect();
    let is_composed = candidate.schema.primary_key.len() > 1;
    if is_composed || candidate.schema.on_existing == OnExisting::Append {
        return;
    }
    let Some(first) = columns.first() else { return };
    let mut twice = 0;
    for (n, file) in first.iter().enumerate() {
        let mut seen = HashSet::new();
        for m in 0..file.len() {
            let value =
                columns.iter().filter_map(|column| column.get(n)?.get(m)).find(|value| !value.is_empty());
            twice += u64::from(value.is_some_and(|value| !seen.insert(value.to_lowercase())));
        }
    }
    if twice > 0 {
        let rows = plural(twice, "row");
        remarks.doubt(format!("{rows} with the key of an earlier row: the last one wins, cell by cell"));
    }
}

/// The keys of the records of a group that is of a scope of the catalogue.
pub(super) fn keys_of(draft: &Draft, group: &Group<'_>, candidate: &Candidate) -> HashSet<String> {
    let columns: Vec<Vec<Vec<&str>>> = candidate
        .key()
        .into_iter()
        .filter(|place| draft.columns.get(*place).is_some_and(|column| column.field.is_some()))
        .map(|place| group.values(place))
        .collect();
    let mut keys = HashSet::new();
    for file in columns.iter().flatten() {
        keys.extend(file.iter().filter(|value| !value.is_empty()).map(|value| value.to_lowercase()));
    }
    keys
}
