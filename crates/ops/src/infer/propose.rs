//! From the files of one import to its options and its scope.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value, json};
use tidewaiter::schema::{OnExisting, RowEffect};

use super::catalogue::Candidate;
use super::dates::forms;
use super::decide::{Decision, decide};
use super::draft::{Draft, Planned};
use super::encoding::Wanted;
use super::group::Group;
use super::judge::{Judged, Shape, judge};
use super::layout::Layout;
use super::remark::Remarks;
use super::trial::{self, Failing, Trial};
use super::typed::Type;
use super::values::STYLES;
use super::{names, own};
use crate::text::plural;

/// The keys of records that the given files hold, in small letters, by scope.
pub(super) type Keys = BTreeMap<String, HashSet<String>>;

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
    let fits = format!("scope {scope} of the catalogue: {mapped} of {columns} are fields of it");
    if found.read == 0 {
        all.doubt(format!("{fits}; no row was read, so nothing is known of the values"));
    } else {
        let rows = plural(found.read, "row");
        all.chose(format!("{fits}, and {} of {rows} keep its rules", found.accepted));
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

/// Leaves out columns that refer to records that the given files do not hold; an error if they are required.
fn refer(
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
fn repeated(candidate: &Candidate, group: &Group<'_>, remarks: &mut Remarks) {
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

/// The import's name for files of a scope of the catalogue.
fn import_name(group: &Group<'_>, universe: &str, scope: &str) -> String {
    let usual = group.members.first().and_then(|member| names::usual(&member.sample.name, universe));
    match usual {
        Some((known, import)) if known == scope => import,
        _ => group.naming.import.clone(),
    }
}

/// Adds the pattern of the files' names, unless the names find the import by themselves.
fn name_files(draft: &mut Draft, group: &Group<'_>, universe: &str, remarks: &mut Remarks) {
    let is_usual = group.members.iter().all(|member| {
        names::usual(&member.sample.name, universe)
            .is_some_and(|(scope, import)| scope == draft.scope && import == draft.import)
    });
    if is_usual {
        remarks.chose("files find the import by their names: no pattern is needed".to_owned());
        return;
    }
    name_remarks(group, remarks);
    if let Some(pattern) = &group.naming.pattern {
        let mut options = Map::new();
        options.insert("files".to_owned(), pattern.clone().into());
        options.extend(std::mem::take(&mut draft.before));
        draft.before = options;
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

/// A draft with the options that do not depend on the scope, and the remarks on them.
fn begin(group: &Group<'_>, decision: &Decision, judged: &[Judged]) -> (Draft, Remarks) {
    let mut remarks = Remarks::default();
    let (mut before, mut after) = (Map::new(), Map::new());
    let Some(member) = group.members.first() else {
        return (Draft::empty(), remarks);
    };
    let layout = &member.table.layout;
    encoding(group, &mut before, &mut remarks);
    lines(group, layout, &mut before, &mut remarks);
    let style = decision.style;
    if style.decimal != '.' {
        after.insert("decimal".to_owned(), style.decimal.to_string().into());
    }
    if let Some(thousands) = style.thousands {
        after.insert("thousands".to_owned(), thousands.to_string().into());
    }
    if style != STYLES.first().copied().unwrap_or(style) {
        let numeric = judged.iter().filter(|column| matches!(column.shape, Shape::Numbers { .. })).count();
        let columns = plural(numeric as u64, "column");
        remarks.chose(format!("numbers {}, from {columns}", style.described()));
    }
    if !decision.date_formats.is_empty() {
        after.insert("date_formats".to_owned(), json!(decision.date_formats));
        let values = plural(dated(judged) as u64, "value");
        let listed =
            decision.date_formats.iter().map(|form| format!("`{form}`")).collect::<Vec<_>>().join(", ");
        remarks.chose(format!("dates as {listed}, from {values}"));
    }
    if let Some((yes, no)) = &decision.truths {
        after.insert("true_values".to_owned(), json!(yes));
        after.insert("false_values".to_owned(), json!(no));
        remarks.chose(format!("true is {}, false is {}", texts(yes), texts(no)));
    }
    if !decision.missing.is_empty() {
        after.insert("missing_values".to_owned(), json!(decision.missing));
        remarks.chose(format!("no value: {}", texts(&decision.missing)));
    }
    let padded: usize = group.members.iter().map(|member| member.table.padded).sum();
    if padded > 0 {
        after.insert("trim".to_owned(), true.into());
        let fields = plural(padded as u64, "field");
        remarks.chose(format!("blanks around values are removed: {fields} with them"));
    }
    let spanning: usize = group.members.iter().map(|member| member.table.spanning).sum();
    if group.labels.iter().any(|label| label.contains('\n')) && spanning == 0 {
        after.insert("line_breaks".to_owned(), "keep".into());
        remarks.chose("line breaks within quotes are kept: a label has one".to_owned());
    }
    if spanning > 0 {
        after.insert("line_breaks".to_owned(), "keep".into());
        let rows = plural(spanning as u64, "row");
        remarks.chose(format!("line breaks within quotes are kept: {rows} with them"));
    }
    columns_left(group, &mut remarks);
    let mut ignored = group.twice.clone();
    if group.has_blank && group.has_header() {
        ignored.push(String::new());
    }
    let draft = Draft {
        title: format!("Inferred from {}", group.name()),
        before,
        after,
        has_header: group.has_header(),
        ignored,
        ..Draft::empty()
    };
    (draft, remarks)
}

fn dated(judged: &[Judged]) -> usize {
    let is_dated = |column: &&Judged| match &column.shape {
        Shape::Dates(fitting) => fitting.iter().any(|n| forms().get(*n).is_some()),
        _ => false,
    };
    judged.iter().filter(is_dated).map(|column| column.filled).sum()
}

fn texts(texts: &BTreeSet<String>) -> String {
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(" or ")
}

fn name_remarks(group: &Group<'_>, remarks: &mut Remarks) {
    let naming = &group.naming;
    match &naming.pattern {
        Some(pattern) if pattern.contains("{date") => {
            remarks.chose(format!("files named `{pattern}`"));
            if let Some(other) = naming.other_date {
                remarks.doubt(format!("the date in the name could be `{other}`, too"));
            }
        }
        Some(pattern) if naming.words.is_empty() => {
            remarks.doubt(format!("files named `{pattern}`, which any file of that ending is"));
        }
        Some(pattern) => remarks.chose(format!(
            "files named `{pattern}`; the date of a file is the day on which it arrives, as the name has none"
        )),
        None => remarks.doubt(
            "no pattern fits the name of the file: write one into `files`, or rename the file".to_owned(),
        ),
    }
}

fn encoding(group: &Group<'_>, options: &mut Map<String, Value>, remarks: &mut Remarks) {
    let example = group.example.as_deref().map(|word| format!(", as in `{word}`")).unwrap_or_default();
    let name = |encoding: &'static encoding_rs::Encoding| encoding.name().to_ascii_lowercase();
    let value: Value = match group.encoding {
        Wanted::Any | Wanted::Utf8 => return,
        Wanted::Marked => {
            remarks.chose("UTF-8 with a byte order mark".to_owned());
            "auto".into()
        }
        Wanted::Wide(encoding) => {
            remarks
                .chose(format!("encoding {}, told by its byte order mark or its zero bytes", name(encoding)));
            name(encoding).into()
        }
        Wanted::Guessed(encoding) => {
            remarks.doubt(format!("the bytes are not UTF-8; read as {}{example}", name(encoding)));
            name(encoding).into()
        }
        Wanted::Mixed => {
            remarks.doubt(format!(
                "some lines are UTF-8, others are not; those are read as windows-1252{example}"
            ));
            json!(["utf-8", "windows-1252"])
        }
    };
    options.insert("encoding".to_owned(), value);
}

/// What stands between fields and around the table.
fn lines(group: &Group<'_>, layout: &Layout, options: &mut Map<String, Value>, remarks: &mut Remarks) {
    let mut set = |name: &str, value: Value| options.insert(name.to_owned(), value);
    let delimiter = layout.cut.delimiter;
    let shown = if delimiter == "\t" { "a tab".to_owned() } else { format!("`{delimiter}`") };
    if delimiter != ";" {
        set("delimiter", delimiter.into());
    }
    let odd: usize = group.members.iter().map(|member| member.table.odd).sum();
    let (rows, width) = (group.rows(), layout.width);
    if width == 1 {
        remarks.doubt("the file seems to have one column: no delimiter cuts its rows evenly".to_owned());
    } else if odd > 0 {
        let all = rows + odd;
        remarks.doubt(format!(
            "fields between {shown}: {rows} of {all} rows have {width} of them, and {odd} have not"
        ));
    } else {
        remarks.chose(format!("fields between {shown}: {width} in each of {}", plural(rows as u64, "row")));
    }
    match layout.cut.quote {
        Some('"') => {}
        Some(quote) => {
            set("quote", quote.to_string().into());
            remarks.chose(format!("fields in quotes `{quote}`"));
        }
        None => {
            set("quote", "".into());
            remarks.doubt("quotes are characters like others: no field is enclosed in them".to_owned());
        }
    }
    if let Some(escape) = layout.cut.escape {
        set("escape", escape.to_string().into());
        remarks.chose(format!("`{escape}` stands before a quote within quotes"));
    }
    if !layout.has_header {
        set("header", false.into());
    }
    let skips: BTreeSet<usize> = group.members.iter().map(|member| member.table.layout.skip).collect();
    match (skips.first(), skips.len()) {
        (Some(0), 1) | (None, _) => {}
        (Some(skip), 1) => {
            set("skip_lines", (*skip).into());
            let lines = if *skip == 1 { "line before the header is" } else { "lines before the header are" };
            remarks.chose(format!("{skip} {lines} skipped"));
        }
        _ if layout.has_header => {
            set("skip_lines", "auto".into());
            remarks.chose(
                "the header is found by its labels: the files have different numbers of lines before it"
                    .to_owned(),
            );
        }
        _ => {}
    }
    if let Some(comment) = group.members.iter().find_map(|member| member.table.layout.cut.comment) {
        set("comment", comment.into());
        let count: usize = group.members.iter().map(|member| member.table.comments).sum();
        remarks.chose(format!("lines that begin with `{comment}` are comments: {count} of them"));
    }
    let mut trailers = group.members.iter().filter(|member| member.sample.is_whole);
    if let Some((pattern, is_counted)) = &layout.trailer
        && trailers
            .all(|member| member.table.layout.trailer.as_ref().is_some_and(|(other, _)| other == pattern))
    {
        set("trailer", pattern.clone().into());
        let text = format!("the last line is the trailer `{pattern}`; a file without it is refused");
        if *is_counted { remarks.chose(text) } else { remarks.doubt(text) }
    }
}

fn columns_left(group: &Group<'_>, remarks: &mut Remarks) {
    if !group.twice.is_empty() {
        let twice: Vec<String> = group.twice.iter().map(|label| format!("`{label}`")).collect();
        remarks.doubt(format!("not read, since two columns have the label: {}", twice.join(", ")));
    }
    if group.has_blank && group.has_header() {
        remarks.doubt("a column without a label is not read".to_owned());
    }
    let stray: usize = group.members.iter().map(|member| member.table.stray).sum();
    if stray > 0 && group.members.first().is_some_and(|member| member.table.layout.cut.quote.is_some()) {
        remarks.doubt(format!("{stray} quotes are out of place: their rows may not land"));
    }
}

impl Draft {
    fn empty() -> Self {
        Self {
            scope: String::new(),
            import: String::new(),
            is_own: false,
            title: String::new(),
            before: Map::new(),
            after: Map::new(),
            columns: Vec::new(),
            has_header: true,
            ignored: Vec::new(),
            key: None,
        }
    }
}
