//! What a check says, on a terminal or as JSON.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write;

use tidewaiter::finding::Finding;
use tidewaiter::report::Outcome;
use tidewaiter::schema::catalogue;
use tidewaiter_ops::preflight::Preflight;

use crate::Result;
use crate::commands::config::tell_mistakes;
use crate::format::Format;
use crate::printer::{JsonList, Line, Printer, style};
use crate::text::{number, plural, slots};

/// How many findings are shown unless all are asked for.
const SHOWN: usize = 10;

/// The most groups that are remembered for the words at the end.
const GROUPS: usize = 1_000;

/// Shows what is said of files, one by one.
pub(in crate::commands) struct Renderer<'a> {
    printer: &'a Printer,
    json: Option<JsonList<'a>>,
    shown: usize,
    files: u64,
    flawed: u64,
    groups: BTreeMap<(String, u8), BTreeSet<u8>>,
    refers: bool,
}

impl<'a> Renderer<'a> {
    pub(in crate::commands) fn new(printer: &'a Printer, format: Format, all: bool) -> Self {
        Self {
            printer,
            json: (format == Format::Json).then(|| printer.json_list()),
            shown: if all { usize::MAX } else { SHOWN },
            files: 0,
            flawed: 0,
            groups: BTreeMap::new(),
            refers: false,
        }
    }

    /// Shows what is said of a file.
    pub(in crate::commands) fn show(&mut self, preflight: &Preflight) -> Result<()> {
        self.files += 1;
        self.flawed += u64::from(preflight.needs_attention());
        if let Some(json) = &mut self.json {
            return json.push(preflight);
        }
        if let Some(group) = &preflight.group
            && self.groups.len() < GROUPS
        {
            self.groups.entry((group.id.clone(), group.last)).or_default().insert(group.slot);
        }
        let schema = preflight.scope.as_ref().and_then(|scope| catalogue::scopes().get(scope));
        self.refers |= preflight.counts.accepted > 0 && schema.is_some_and(|s| !s.foreign_keys.is_empty());
        self.text(preflight)
    }

    /// Prints the summary of all files. True if one needs attention.
    pub(in crate::commands) fn finish(self) -> Result<bool> {
        let found = self.flawed > 0;
        if let Some(json) = self.json {
            json.finish()?;
            return Ok(found);
        }
        for ((id, last), present) in &self.groups {
            let missing: Vec<u8> = (1..=*last).filter(|slot| !present.contains(slot)).collect();
            if !missing.is_empty() {
                self.printer.line(Line::from("group ").styled(style::BOLD, id).text(format!(
                    " would wait for {} of {last:02}, not among these files",
                    slots(&missing)
                )))?;
            }
        }
        if self.refers {
            let note = "references, such as the contact of an order, are looked up only during import";
            self.printer.line(Line::new().styled(style::DIM, format!("note: {note}")))?;
        }
        if self.files > 1 {
            let good = number(self.files - self.flawed);
            let flawed =
                Line::new().styled(if found { style::WARN } else { style::PLAIN }, number(self.flawed));
            let head =
                Line::new().styled(style::BOLD, plural(self.files, "file")).text(format!(": {good} good, "));
            self.printer.line(head.then(flawed).text(" with findings"))?;
        }
        Ok(found)
    }

    fn text(&self, preflight: &Preflight) -> Result<()> {
        let name = Line::new().styled(style::BOLD, &preflight.file);
        let name = match &preflight.archive {
            Some(archive) => name.styled(style::DIM, format!(" in {archive}")),
            None => name,
        };
        self.printer.line(name.text(": ").then(verdict(preflight)))?;
        if let Some(hint) = preflight.reason.as_ref().and_then(|reason| reason.hint.as_ref()) {
            self.dim(&format!("hint: {hint}"))?;
        }
        if let Some(fixed) = &preflight.fixed {
            super::fix::tell(fixed, self.printer)?;
        }
        for note in &preflight.notes {
            self.dim(&format!("note: {note}"))?;
        }
        tell_mistakes(&preflight.mistakes, self.printer)?;
        self.findings(preflight)
    }

    fn dim(&self, text: &str) -> Result<()> {
        self.printer.line(Line::from("  ").styled(style::DIM, text))
    }

    fn findings(&self, preflight: &Preflight) -> Result<()> {
        let mut told = HashSet::new();
        for finding in preflight.findings.iter().take(self.shown) {
            self.printer.line(line(finding))?;
            // Advice is given once: the tenth decimal comma needs no other words than the first.
            if let Some(hint) = &finding.hint
                && told.insert(hint)
                && preflight.reason.as_ref().and_then(|reason| reason.hint.as_ref()) != Some(hint)
            {
                self.printer.line(Line::from("      ").styled(style::DIM, format!("hint: {hint}")))?;
            }
        }
        let shown = preflight.findings.len().min(self.shown) as u64;
        let hidden = preflight.findings_total - shown;
        if hidden > 0 {
            let kept = preflight.findings.len() as u64 > shown;
            let how = if kept { "; --all shows more" } else { "" };
            self.dim(&format!("… and {} not shown; all are counted{how}", plural(hidden, "finding")))?;
        }
        if preflight.findings_total > 1 {
            for kind in &preflight.kinds {
                let column = kind.field.as_deref().map(|f| format!(" in column {f}")).unwrap_or_default();
                self.printer.line(format!("{:>8}  {}{column}", number(kind.count), kind.code))?;
            }
        }
        Ok(())
    }
}

fn verdict(preflight: &Preflight) -> Line {
    let counts = &preflight.counts;
    let reason =
        || preflight.reason.as_ref().map(|reason| format!(": {}", reason.message)).unwrap_or_default();
    match preflight.outcome {
        Outcome::Imported if counts.rejected > 0 => {
            let good = format!("{} of {}", number(counts.accepted), plural(counts.read, "line"));
            let rejected = format!("{} rejected", number(counts.rejected));
            Line::from(format!("would be imported: {good}, ")).styled(style::WARN, rejected)
        }
        Outcome::Imported if counts.read == 0 => {
            Line::new().styled(style::GOOD, "good").text(": a header without lines")
        }
        Outcome::Imported => {
            Line::new().styled(style::GOOD, "good").text(format!(": all {}", plural(counts.read, "line")))
        }
        Outcome::Unpacked => Line::new().styled(style::GOOD, "good").text(": would be unpacked"),
        Outcome::Activated => Line::new().styled(style::GOOD, "good").text(": would be activated"),
        Outcome::Bogus if !preflight.mistakes.is_empty() => {
            let count = plural(preflight.mistakes.len() as u64, "mistake");
            Line::new().styled(style::BAD, "refused").text(format!(": {count}"))
        }
        Outcome::Bogus => Line::new().styled(style::BAD, "refused").text(reason()),
        Outcome::NotProcessed => Line::new().styled(style::WARN, "would not be processed").text(reason()),
    }
}

/// `line 7, field 2 (email): type-error: not a date, found ‘x’`
pub(in crate::commands) fn line(finding: &Finding) -> Line {
    let mut place = match finding.line {
        Some(line) if finding.lines > 1 => format!("lines {line}-{}", line + finding.lines - 1),
        Some(line) => format!("line {line}"),
        None => "file".to_owned(),
    };
    if let Some(field) = &finding.field {
        let _ = write!(place, ", field {}", field.number);
        if !field.name.is_empty() {
            let _ = write!(place, " ({})", field.name);
        }
    }
    let line = Line::from("  ").text(place).text(": ").styled(style::WARN, finding.code);
    let line = line.text(format!(": {}", finding.message));
    match &finding.value {
        Some(value) => line.text(format!(", found `{value}`")),
        None => line,
    }
}
