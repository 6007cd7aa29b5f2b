//! `check --fix`: the mended file, and what was changed.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tidewaiter::check::Dialect;
use tidewaiter::check::mend::{Encoding, Note, mend};

use super::Check;
use super::judge::Ruling;
use crate::commands::file_name;
use crate::printer::{Line, Printer, style};
use crate::text::{number, plural};
use crate::{Error, Result};

/// The largest file that is mended, in bytes: it is held in memory.
const LARGEST: u64 = 1 << 30;
/// How many lines of a kind are named.
const NAMED: usize = 5;

/// Where a mended file goes.
#[derive(Debug)]
pub struct Fix {
    /// The file to be written; it must not be there.
    pub out: PathBuf,
    /// What the file is in, if it does not say so itself.
    pub encoding: Option<Encoding>,
}

/// What was done to a file.
#[derive(Debug, Clone, Serialize)]
pub struct Fixed {
    /// Where the mended file is; none if there was nothing to mend.
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<PathBuf>,
    /// What was changed.
    changes: Vec<Note>,
    /// What would have to be guessed, and was left.
    left: Vec<Note>,
}

/// Mends a data file, writes it if anything was changed, and judges what is there now.
pub(super) fn fix(check: &mut Check<'_>, path: &Path, fix: &Fix) -> Result<()> {
    let cannot = |source| Error::Read { path: path.to_owned(), source };
    let name = file_name(path);
    let mut file = File::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.len() > LARGEST {
        let why = format!("it is larger than the {} bytes that can be fixed at once", number(LARGEST));
        return Err(cannot(io::Error::other(why)));
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(cannot)?;
    let ruling = check.judge.rule(&name)?;
    let Ruling::Check { terms, .. } = &ruling else {
        let preflight = check.data(&name, ruling, &mut io::empty(), 0, cannot)?;
        return check.out.show(&preflight);
    };
    let dialect = Dialect { delimiter: terms.options.delimiter.as_byte() };
    let mended = mend(&content, &terms.scope, dialect, fix.encoding);
    let written = !mended.changes.is_empty();
    if written {
        let cannot = |source| Error::Write { path: fix.out.clone(), source };
        // Nothing is overwritten, the original least of all.
        let mut out = OpenOptions::new().write(true).create_new(true).open(&fix.out).map_err(cannot)?;
        out.write_all(&mended.content).and_then(|()| out.sync_all()).map_err(cannot)?;
    }
    let bytes = mended.content.len() as u64;
    let mut preflight = check.data(&name, ruling, &mut mended.content.as_slice(), bytes, cannot)?;
    preflight.fixed =
        Some(Fixed { written: written.then(|| fix.out.clone()), changes: mended.changes, left: mended.left });
    check.out.show(&preflight)
}

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
