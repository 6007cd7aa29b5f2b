//! The cells of a line, each written as it is meant.

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Column;

use crate::hint::{self, Because, Style};
use crate::judge::Scratch;
use crate::plan::Need;
use crate::rules::{Fault, Rules};
use crate::split::{self, Span, value_of};

/// What was done about a cell that is not good.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// It is written as it is meant. Another line may have settled that.
    Written(Option<Because>),
    /// It is left: what it means is not clear.
    Left(String),
    /// Nothing is known about it.
    Unknown,
}

/// The line with its cells as they are meant, each that is meant beyond doubt, and what was done about the others. `styles`
/// says how the columns of the file are written; a column without a style is read cell by cell.
pub(super) fn repaired<'r>(
    rules: &'r Rules,
    line: &str,
    styles: &[Style],
) -> (String, Vec<(&'r Column, Done)>) {
    let mut spans = Vec::new();
    if split::quoted(line.as_bytes(), rules.delimiter, rules.width() + 1, &mut spans).is_err() {
        return (line.to_owned(), Vec::new());
    }
    let alone = Style::default();
    let mut written = String::with_capacity(line.len());
    let (mut copied, mut cells) = (0, Vec::new());
    for (n, (&span, plan)) in spans.iter().zip(&rules.plan).enumerate() {
        let value = value_of(line, span);
        let Some(column) = rules.column(plan) else { continue };
        if rules.is_missing(&value, plan.need) {
            continue;
        }
        let fits = |meant: &str| !meant.contains('"') && !meant.as_bytes().contains(&rules.delimiter);
        let meant = match column.check(&value) {
            Ok(()) => {
                let inner = guarded(column, &value).filter(|inner| fits(inner));
                let Some(inner) = inner else { continue };
                Some((inner.to_owned(), None))
            }
            Err(problem) => {
                let style = styles.get(n).unwrap_or(&alone);
                let meant = hint::meant(column, problem, &value, style).filter(|meant| {
                    // An empty cell must mean "no value", and be allowed to.
                    let is_needed = meant.value.is_empty()
                        && !(plan.need == Need::Optional && rules.scope.is_missing(""));
                    fits(&meant.value) && !is_needed
                });
                if meant.is_none() {
                    let done = hint::cell(column, problem, &value).map_or(Done::Unknown, Done::Left);
                    cells.push((column, done));
                }
                meant.map(|meant| (meant.value, meant.because))
            }
        };
        if let Some((meant, because)) = meant {
            written.push_str(line.get(copied..span.start as usize).unwrap_or_default());
            written.push_str(&meant);
            copied = span.end as usize;
            cells.push((column, Done::Written(because)));
        }
    }
    written.push_str(line.get(copied..).unwrap_or_default());
    (written, cells)
}

/// What a text holds that stands in a spreadsheet's guard.
fn guarded<'v>(column: &Column, value: &'v str) -> Option<&'v str> {
    let inner = hint::unguarded(value).filter(|_| column.field_type() == FieldType::String)?;
    column.check(inner).is_ok().then_some(inner)
}

/// The first text of a line that may not be what was meant although its column takes it, and why. A line that is
/// repaired would be imported with it.
pub(super) fn suspect<'r>(rules: &'r Rules, line: &str) -> Option<(&'r str, &'static str)> {
    let mut spans = Vec::new();
    split::quoted(line.as_bytes(), rules.delimiter, rules.width() + 1, &mut spans).ok()?;
    spans.iter().zip(&rules.plan).find_map(|(&span, plan)| {
        let column = rules.column(plan)?;
        // Where a form is asked for, the column itself decides.
        let is_free = column.field_type() == FieldType::String && column.check("\u{1}").is_ok();
        let value = value_of(line, span);
        let why = hint::suspect(&value).filter(|_| is_free && !rules.is_missing(&value, plan.need))?;
        guarded(column, &value).is_none().then_some((column.name(), why.why()))
    })
}

/// How bad a line is: how many of its cells are not good and cannot be repaired; one of which nothing is known counts twice.
/// None if it is not a line as wide as the header.
pub(super) fn badness(rules: &Rules, line: &str, scratch: &mut Scratch) -> Option<usize> {
    match rules.judge_one(line, scratch) {
        Ok(()) => Some(0),
        Err(Fault::Cells) => {
            let (repaired, cells) = repaired(rules, line, &[]);
            let unknown = cells.iter().filter(|(_, done)| *done == Done::Unknown).count();
            match rules.judge_one(&repaired, scratch) {
                Ok(()) => Some(0),
                Err(Fault::Cells) => Some((failing(rules, &repaired) + unknown).max(1)),
                Err(_) => None,
            }
        }
        Err(_) => None,
    }
}

fn failing(rules: &Rules, line: &str) -> usize {
    let mut spans: Vec<Span> = Vec::new();
    let _ = split::quoted(line.as_bytes(), rules.delimiter, rules.width() + 1, &mut spans);
    let cells = spans.iter().zip(&rules.plan);
    cells.filter(|(span, plan)| !rules.is_good_value(value_of(line, **span), plan)).count()
}

/// True if of each cell that is not good something is known, and this one is good or can be repaired.
pub(super) fn is_understood(rules: &Rules, line: &str, field: usize, scratch: &mut Scratch) -> bool {
    match rules.judge_one(line, scratch) {
        Ok(()) => true,
        Err(Fault::Cells) => {
            let (_, cells) = repaired(rules, line, &[]);
            let name = rules.header.label(field);
            let is_known = |(column, done): &(&Column, Done)| match done {
                Done::Written(_) => true,
                Done::Left(_) => column.name() != name,
                Done::Unknown => false,
            };
            !cells.is_empty() && cells.iter().all(is_known)
        }
        Err(_) => false,
    }
}
