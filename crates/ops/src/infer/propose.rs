//! From the files of one import to its scope: one of the catalogue, or one of its own.

use tidewaiter::schema::RowEffect;

use super::catalogue::Candidate;
use super::decide::{Decision, decide};
use super::draft::{Draft, Planned};
use super::group::Group;
use super::judge::{Judged, judge};
use super::naming::{import_name, name_files};
use super::options::begin;
use super::own;
use super::references::{Keys, refer, repeated};
use super::remark::Remarks;
use super::trial::{self, Failing, Trial};
use super::typed::Type;
use crate::text::plural;

/// How often a draft is loosened where the check rejects what was inferred.
const ATTEMPTS: usize = 3;

/// A draft and what there is to say of it.
#[derive(Debug)]
pub(super) struct Proposed {
    pub(super) draft: Draft,
    pub(super) remarks: Remarks,
}

/// Tries a scope of the catalogue; an error says why it does not fit.
pub(super) fn catalogued(
    universe: &str,
    group: &Group<'_>,
    mut candidate: Candidate,
    keys: &Keys,
) -> Result<Proposed, String> {
    let mut remarks = Remarks::default();
    let fields = candidate.fields.clone();
    refer(&mut candidate, group, keys, &mut remarks)?;
    let judged: Vec<Judged> = (0..group.labels.len())
        .map(|n| {
            let field = candidate.fields.get(n).copied().flatten();
            let label = group.labels.get(n).map_or("", String::as_str);
            // What is not read has no say in the options.
            let values = if field.is_some() { group.values(n) } else { Vec::new() };
            judge(label, &values, field.map(|field| field.kind))
        })
        .collect();
    let decision = decide(&judged, group.is_european());
    let (mut draft, mut layout_remarks) = begin(group, &decision, &judged);
    candidate.scope.clone_into(&mut draft.scope);
    draft.import = import_name(group, universe, candidate.scope);
    draft.columns = (group.labels.iter().zip(&candidate.fields))
        .map(|(label, field)| Planned {
            label: label.clone(),
            field: field.map(|field| field.name.clone()),
            kind: Type::Text,
            is_required: false,
        })
        .collect();
    name_files(&mut draft, group, universe, &mut layout_remarks);
    note_columns(&decision, &draft, &mut layout_remarks);
    let mut is_fatal = None;
    loosen(universe, &mut draft, group, &mut remarks, |found, column, failing| {
        let name = column.field.as_deref()?;
        // A few bad values are mistakes of the file: their rows are rejected, and said.
        if !found.is_too_much(failing) {
            return None;
        }
        if candidate.needs(name) {
            is_fatal = Some(format!("{}: {}", column.shown(), failing.first));
            return None;
        }
        let field = column.field.take()?;
        Some(format!("does not fit `{field}` of the catalogue, and is not read"))
    });
    let found = trial::of(universe, &draft, group);
    if !found.is_nearly_clean() {
        let failing = || found.failing.iter().find(|(_, failing)| found.is_too_much(failing));
        let why = is_fatal.or_else(|| found.refused.clone());
        let why = why.or_else(|| failing().map(|(label, failing)| format!("`{label}`: {}", failing.first)));
        return Err(why.unwrap_or_else(|| "no reason is known".to_owned()));
    }
    let mapped = draft.columns.iter().filter(|column| column.field.is_some()).count();
    let mut all = Remarks::default();
    let scope = candidate.scope;
    let columns = plural(group.labels.len() as u64, "column");
    let fits = format!("scope {scope} of the catalogue, with fields for {mapped} of {columns}");
    if found.read == 0 {
        all.doubt(format!("{fits}; no row was read, so nothing is known of the values"));
    } else {
        let rows = plural(found.read, "row");
        all.chose(format!("{fits}; its rules hold for {} of {rows}", found.accepted));
    }
    if candidate.schema.row == RowEffect::Delete {
        all.doubt("each row deletes a record: make sure that this is meant".to_owned());
    }
    // Columns that were left out for another reason have a remark of their own.
    let unmapped = draft.columns.iter().zip(&fields).filter(|(_, field)| field.is_none());
    let left: Vec<String> = unmapped.map(|(column, _)| column.shown()).collect();
    if !left.is_empty() {
        all.doubt(format!("not read, since the catalogue has no such field: {}", left.join(", ")));
    }
    rejected(&found, &mut all);
    repeated(&candidate, group, &mut all);
    all.0.extend(remarks.0);
    all.0.extend(layout_remarks.0);
    Ok(Proposed { draft, remarks: all })
}

/// Proposes a scope of its own.
pub(super) fn owned(universe: &str, group: &Group<'_>, why: Option<String>) -> Proposed {
    let judged: Vec<Judged> =
        group.labels.iter().enumerate().map(|(n, label)| judge(label, &group.values(n), None)).collect();
    let decision = decide(&judged, group.is_european());
    let (mut draft, layout_remarks) = begin(group, &decision, &judged);
    (draft.scope, draft.import) = own::names_of(group, universe);
    let mut remarks = Remarks::default();
    match why {
        Some(why) => remarks.doubt(format!("scope {} of its own: {why}", draft.scope)),
        None => remarks.chose(format!(
            "scope {} of its own: the labels are not those of a scope of the catalogue",
            draft.scope
        )),
    }
    remarks.0.extend(layout_remarks.0);
    name_files(&mut draft, group, universe, &mut remarks);
    own::plan(&mut draft, group, &judged, &decision.types, &mut remarks);
    note_columns(&decision, &draft, &mut remarks);
    loosen(universe, &mut draft, group, &mut remarks, |_, column, _| {
        let is_typed = column.kind != Type::Text || column.is_required;
        (column.kind, column.is_required) = (Type::Text, false);
        is_typed.then(|| "the check rejects values of the inferred type: kept as text".to_owned())
    });
    let found = trial::of(universe, &draft, group);
    if let Some(why) = &found.refused {
        remarks.doubt(format!("the check refuses the file: {why}"));
    }
    rejected(&found, &mut remarks);
    Proposed { draft, remarks }
}

/// Says how many of the rows looked at do not land.
fn rejected(found: &Trial, remarks: &mut Remarks) {
    if found.refused.is_some() || found.is_clean() {
        return;
    }
    let first = found.other.as_ref().or_else(|| found.failing.values().next().map(|failing| &failing.first));
    let first = first.map(|first| format!("; the first: {first}")).unwrap_or_default();
    let rejected = found.read.saturating_sub(found.accepted);
    remarks.doubt(format!("{rejected} of {} looked at do not land{first}", plural(found.read, "row")));
}

/// Takes back what the check rejects, column by column.
fn loosen(
    universe: &str,
    draft: &mut Draft,
    group: &Group<'_>,
    remarks: &mut Remarks,
    mut change: impl FnMut(&Trial, &mut Planned, &Failing) -> Option<String>,
) {
    for _ in 0..ATTEMPTS {
        let found = trial::of(universe, draft, group);
        if found.is_clean() || found.failing.is_empty() {
            return;
        }
        let key = draft.key;
        let mut is_changed = false;
        for (n, column) in draft.columns.iter_mut().enumerate() {
            let name = if column.label.is_empty() {
                column.field.clone().unwrap_or_default()
            } else {
                column.label.clone()
            };
            let Some(failing) = found.failing.get(&name) else { continue };
            // A key stays one: rows without it cannot be told apart.
            if key == Some(n) {
                continue;
            }
            let shown = column.shown();
            if let Some(done) = change(&found, column, failing) {
                is_changed = true;
                remarks.doubt(format!("{shown} {done} ({})", failing.first));
            }
        }
        if !is_changed {
            return;
        }
    }
}

/// What was decided of columns that are read.
fn note_columns(decision: &Decision, draft: &Draft, remarks: &mut Remarks) {
    for (n, note) in &decision.notes {
        let Some(column) = draft.columns.get(*n).filter(|column| column.field.is_some()) else { continue };
        let text = format!("{}: {}", column.shown(), note.text);
        if note.is_doubt { remarks.doubt(text) } else { remarks.chose(text) }
    }
}
