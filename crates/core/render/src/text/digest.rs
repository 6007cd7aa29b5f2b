//! The digest as plain text: the same as in HTML.

use std::fmt::{Result, Write};

use tidewaiter_model::report::digest::{Digest, Ends, FINE, File, KINDS, LOOK};
use tidewaiter_model::report::{Counts, Outcome, Worst, worst};

use super::Text;
use crate::phrases::{beyond_fine, beyond_look, ended, other_kinds, taken, times};
use crate::words::number;
use crate::{Headline, Renderer};

impl Renderer<Digest> for Text {
    fn render(&self, digest: &Digest) -> String {
        let mut out = String::new();
        // Writing into a String cannot fail.
        write_text(&mut out, digest).unwrap_or_default();
        out
    }
}

fn write_text(out: &mut String, digest: &Digest) -> Result {
    writeln!(out, "{}\n", Headline.render(digest))?;
    writeln!(out, "{:<12}{}", "repository", digest.repository())?;
    writeln!(out, "{:<12}{}", "time", digest.span())?;
    writeln!(out, "{:<12}{}", "files", files(digest.files().len() as u64, digest.ends()))?;
    let Counts { read, imported, unchanged, superseded, rejected, .. } = digest.counts();
    if read > 0 {
        let superseded = match superseded {
            0 => String::new(),
            count => format!(" + {} superseded", number(count)),
        };
        let [read, imported, unchanged, rejected] = [read, imported, unchanged, rejected].map(number);
        writeln!(
            out,
            "{:<12}{read} read = {imported} imported + {unchanged} unchanged{superseded} + {rejected} rejected",
            "lines"
        )?;
    }
    if !digest.look().is_empty() {
        writeln!(out, "\nNeeds attention")?;
        digest.look().iter().take(LOOK).try_for_each(|file| write_look(out, file))?;
        if let Some(more) = beyond_look(digest) {
            writeln!(out, "\n{more}")?;
        }
    }
    if !digest.fine().is_empty() {
        writeln!(out, "\nCompleted\n")?;
        for file in digest.fine().iter().take(FINE) {
            writeln!(out, "  {:>22}  {}", taken(file), file.name)?;
        }
        if let Some(more) = beyond_fine(digest) {
            writeln!(out, "{more}")?;
        }
    }
    Ok(())
}

fn files(all: u64, ends: Ends) -> String {
    let Ends { whole, part, remarked, bogus, not_processed } = ends;
    let of = [
        (whole, "completed"),
        (part, "partly imported"),
        (remarked, "with findings"),
        (bogus, Outcome::Bogus.word()),
        (not_processed, Outcome::NotProcessed.word()),
    ];
    let of: Vec<String> = (of.iter())
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", number(*count)))
        .collect();
    format!("{} = {}", number(all), of.join(" + "))
}

fn write_look(out: &mut String, file: &File) -> Result {
    writeln!(out, "\n{}\n  {}", file.name, ended(file))?;
    let Some(report) = &file.report else { return Ok(()) };
    let advice = report.reason.as_ref().and_then(|reason| reason.hint.as_deref());
    if let Some(hint) = advice {
        writeln!(out, "  hint: {hint}")?;
    }
    let kinds = worst(report, KINDS, 1);
    kinds.iter().try_for_each(|kind| write_kind(out, kind, advice))?;
    if let Some(more) = other_kinds(report.kinds.len()) {
        writeln!(out, "  {more}")?;
    }
    if let Some(badlines) = &report.badlines {
        writeln!(out, "  badlines  {badlines}")?;
    }
    writeln!(out, "  now at    {}", report.place)?;
    writeln!(out, "  log       {}", report.log)
}

/// `told`: the advice that was given already.
fn write_kind(out: &mut String, worst: &Worst<'_>, told: Option<&str>) -> Result {
    let kind = worst.kind;
    let column = match kind.field.as_deref().filter(|field| !field.is_empty()) {
        Some(field) => format!(" in {field}"),
        None => String::new(),
    };
    write!(out, "  {} {}{column}", times(kind.count), kind.code)?;
    if let Some(example) = worst.examples.first() {
        write!(out, ": {}", example.message)?;
        if let Some(line) = example.line {
            write!(out, ", line {line}")?;
        }
        if let Some(value) = &example.value {
            write!(out, ", found `{value}`")?;
        }
        if let Some(hint) = example.hint.as_deref().filter(|hint| Some(*hint) != told) {
            write!(out, ". Hint: {hint}")?;
        }
    }
    writeln!(out)
}
