//! `check --fix`: what was changed, in words.

use tidewaiter::check::fix::Note;
use tidewaiter_ops::preflight::Fixed;

use crate::Result;
use crate::printer::{Line, Printer, style};
use crate::text::{number, plural};

/// How many lines of a kind are named.
const NAMED: usize = 5;

/// Says what was done.
pub(super) fn tell(fixed: &Fixed, printer: &Printer) -> Result<()> {
    match &fixed.written {
        Some(path) => printer.line(
            Line::from("  ").styled(style::GOOD, "fixed").text(format!(", written to {}", path.display())),
        )?,
        None => printer.line("  nothing was fixed or written")?,
    }
    fixed.changes.iter().try_for_each(|note| printer.line(line("changed", note)))?;
    fixed.left.iter().try_for_each(|note| printer.line(line("not changed", note)))
}

fn line(word: &str, note: &Note) -> Line {
    let column = note.column.as_ref().map(|column| format!(" in column {column}")).unwrap_or_default();
    let mut lines: Vec<String> = note.lines.iter().take(NAMED).map(|&line| number(line)).collect();
    if note.count > lines.len() as u64 && !lines.is_empty() {
        lines.push("…".to_owned());
    }
    let place = match lines.as_slice() {
        [] => String::new(),
        [one] => format!(", line {one}"),
        several => format!(", lines {}", several.join(", ")),
    };
    let times = if note.count > 1 { format!(" ({}{place})", plural(note.count, "time")) } else { place };
    Line::from("    ").styled(style::DIM, word).text(format!("{column}: {}{times}", note.what))
}
