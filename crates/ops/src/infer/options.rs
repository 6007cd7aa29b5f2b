//! The options of an import that do not depend on its scope, and the remarks on them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dates::forms;
use super::decide::Decision;
use super::draft::Draft;
use super::encoding::Wanted;
use super::group::Group;
use super::judge::{Judged, Shape};
use super::layout::Layout;
use super::remark::Remarks;
use super::values::STYLES;
use crate::text::plural;

/// A draft with the options that do not depend on the scope, and the remarks on them.
pub(super) fn begin(group: &Group<'_>, decision: &Decision, judged: &[Judged]) -> (Draft, Remarks) {
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
            "fields between {shown}: {width} in {rows} of {all} rows, and another number in {odd}"
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
        None if layout.cut.escape.is_some() => {
            set("quote", "".into());
        }
        None => {
            set("quote", "".into());
            remarks.doubt(
                "quotes are characters like others, because they do not enclose fields throughout".to_owned(),
            );
        }
    }
    if let Some(escape) = layout.cut.escape {
        set("escape", escape.to_string().into());
        let what =
            if layout.cut.quote.is_some() { "a quote within quotes" } else { "a delimiter within a value" };
        remarks.chose(format!("`{escape}` stands before {what}"));
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
