//! What is told while files are imported: by `run` and by `watch`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::json;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::report::{Counts, NONE_IMPORTED, Outcome, Report};
use tidewaiter_engine::ports::{Observation, SourceError};
use tidewaiter_folder::Failure;

use super::relative;
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::progress::Progress;
use crate::text::{gone_along, left_alone, plural};
use crate::{Result, Status};

/// How many files beside the repositories are named.
const NAMED_STRAYS: usize = 3;

/// How wide the word for an outcome is.
const WORD: usize = 14;

/// Tells what happens, and remembers how much of it.
pub(super) struct Teller {
    printer: Printer,
    progress: Progress,
    format: Format,
    tally: Mutex<Tally>,
}

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// How many files ended how.
    pub(super) files: BTreeMap<Outcome, u64>,
    /// What became of their lines.
    pub(super) lines: Counts,
    /// How many files need attention.
    pub(super) need_attention: u64,
    /// How many queries could not be read.
    pub(super) unread: u64,
}

impl Teller {
    pub(super) fn new(printer: &Printer, format: Format) -> Self {
        let (progress, tally) = (Progress::new(printer), Mutex::default());
        Self { printer: printer.clone(), progress, format, tally }
    }

    /// Takes what the engine observed. Output that fails does not stop an import: the end of the
    /// command says so, when it flushes.
    pub(super) fn observe(&self, observation: &Observation<'_>) {
        match observation {
            Observation::Checking { file, done, of } => self.progress.show("checking", file, *done, *of),
            Observation::Loading { file, done, of } => self.progress.show("loading", file, *done, *of),
            Observation::Reading { file, rows } => self.progress.rows(file, *rows),
            Observation::Unread { repository, entry, error } => {
                self.progress.clear();
                self.tally.lock().unwrap_or_else(PoisonError::into_inner).unread += 1;
                self.unread(repository, entry, error);
            }
            Observation::Concluded(report) => {
                self.progress.clear();
                self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(report);
                let _ = self.tell(report).and_then(|()| self.printer.flush());
            }
        }
    }

    /// Tells why a query cannot be read.
    fn unread(&self, repository: &Repository, entry: &Entry, error: &SourceError) {
        let SourceError { message, hint, .. } = error;
        if self.format == Format::Json {
            let (query, again) = (entry.to_string(), error.is_transient());
            let event = json!({
                "event": "unread", "repository": repository, "query": query, "message": message, "hint": hint,
                "is_tried_again": again,
            });
            let _ = self.printer.json_line(&event).and_then(|()| self.printer.flush());
            return;
        }
        let line = Line::new().styled(style::BAD, "not read").padded(WORD);
        let _ = self.printer.line(line.text(format!("{repository}/{entry}: {message}")));
        if let Some(hint) = hint {
            let _ =
                self.printer.line(Line::from(" ".repeat(WORD)).styled(style::DIM, format!("hint: {hint}")));
        }
        let _ = self.printer.flush();
    }

    /// Tells what could not be done.
    pub(super) fn failed(&self, failure: &Failure) {
        self.event("failed", failure);
        let Failure { what, error, .. } = failure;
        // Most errors about a file begin with its path: once is enough.
        let names_it = what.strip_prefix("registering ").is_some_and(|path| error.starts_with(path));
        let mut told = failure.to_string();
        if names_it {
            told.replace_range(..what.len() + 2, "");
        }
        let line = Line::new().styled(style::BAD, "failed").text(format!(": {told}"));
        self.printer.error(&line);
    }

    /// Tells that what could not be done goes on.
    pub(super) fn recovered(&self, failure: &Failure) {
        self.event("recovered", failure);
        let told = format!(": {}; it failed before: {}", failure.what, failure.error);
        self.printer.error(&Line::new().styled(style::GOOD, "recovered").text(told));
    }

    /// Tells of what lies beside the repositories.
    pub(super) fn stray(&self, root: &Path, path: &Path) {
        if self.format == Format::Json {
            let event = json!({ "event": "stray", "path": relative(root, path) });
            let _ = self.printer.json_line(&event).and_then(|()| self.printer.flush());
        }
        if let Some(sentence) = strays(root, &[path.to_owned()]) {
            self.printer.error(&Line::new().styled(style::WARN, sentence));
        }
    }

    fn event(&self, event: &str, failure: &Failure) {
        if self.format == Format::Json {
            let Failure { what, error, waiting } = failure;
            let event = json!({ "event": event, "what": what, "error": error, "waiting": waiting });
            let _ = self.printer.json_line(&event).and_then(|()| self.printer.flush());
        }
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, report: &Report) -> Result<()> {
        if self.format == Format::Json {
            return self.printer.json_line(&json!({ "event": "concluded", "report": report }));
        }
        for line in lines(report) {
            self.printer.line(line)?;
        }
        Ok(())
    }
}

impl Tally {
    fn add(&mut self, report: &Report) {
        *self.files.entry(report.outcome).or_default() += 1;
        self.need_attention += u64::from(report.needs_attention());
        let (sum, counts) = (&mut self.lines, &report.counts);
        sum.read += counts.read;
        sum.imported += counts.imported;
        sum.unchanged += counts.unchanged;
        sum.superseded += counts.superseded;
        sum.rejected += counts.rejected;
        sum.existing += counts.existing;
        sum.unknown += counts.unknown;
        sum.removed += counts.removed;
    }

    /// The exit code that the files deserve.
    pub(super) fn status(&self) -> Status {
        if self.need_attention + self.unread > 0 { Status::Findings } else { Status::Clean }
    }

    /// `3 files: 2 imported, 1 refused; 12 lines read: …`
    pub(super) fn sentence(&self) -> Line {
        let files: u64 = self.files.values().sum();
        if files == 0 && self.unread > 0 {
            let queries =
                if self.unread == 1 { "1 query".to_owned() } else { format!("{} queries", self.unread) };
            return Line::new().styled(style::BAD, format!("{queries} not read"));
        }
        if files == 0 {
            return Line::from("nothing to do");
        }
        let mut line = Line::new().styled(style::BOLD, plural(files, "file")).text(": ");
        for (n, (outcome, count)) in self.files.iter().enumerate() {
            let (style, word) = word(*outcome);
            line = line.text(if n > 0 { ", " } else { "" }).text(count).text(" ").styled(style, word);
        }
        if self.lines.read > 0 {
            line = line.text("; ").then(counts(&self.lines));
        }
        if let Some(sentence) = gone_along(&self.lines) {
            line = line.text("; ").text(sentence);
        }
        line
    }
}

/// What is said of files beside the repositories, all in one sentence.
pub(super) fn strays(root: &Path, paths: &[PathBuf]) -> Option<String> {
    let named: Vec<String> =
        paths.iter().take(NAMED_STRAYS).map(|path| relative(root, path).display().to_string()).collect();
    let (first, rest) = (named.join(", "), paths.len().saturating_sub(named.len()));
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    (!named.is_empty()).then(|| {
        format!("skipped, in no repository: {first}{more}; move files into a folder imports/<repository>/")
    })
}

/// The word for an outcome and how it looks.
pub(super) fn word(outcome: Outcome) -> (anstyle::Style, &'static str) {
    let style = match outcome {
        Outcome::Imported | Outcome::Unpacked | Outcome::Activated => style::GOOD,
        Outcome::Bogus => style::BAD,
        Outcome::NotProcessed => style::WARN,
    };
    (style, outcome.word())
}

/// `12 lines: 8 imported, 1 unchanged, 2 superseded, 1 rejected`, without what there is none of.
pub(super) fn counts(counts: &Counts) -> Line {
    let mut line = Line::from(plural(counts.read, "line"));
    let of_which = left_alone(counts).map(|words| format!(" (of which {words})")).unwrap_or_default();
    let kinds = [
        (counts.imported, "imported", "", style::PLAIN),
        (counts.unchanged, "unchanged", of_which.as_str(), style::PLAIN),
        (counts.superseded, "superseded", "", style::PLAIN),
        (counts.rejected, "rejected", "", style::WARN),
    ];
    for (n, (count, word, more, style)) in kinds.into_iter().filter(|(count, ..)| *count > 0).enumerate() {
        line = line
            .text(if n > 0 { ", " } else { ": " })
            .styled(style, format!("{} {word}", crate::text::number(count)))
            .text(more);
    }
    line
}

/// A report on a terminal: one line, and one each for advice and for where to look.
fn lines(report: &Report) -> Vec<Line> {
    let (style, word) = word(report.outcome);
    let (style, word) = match report.outcome {
        Outcome::Imported if report.counts.all_rejected() => (style::BAD, NONE_IMPORTED),
        Outcome::Imported if report.counts.rejected > 0 => (style::WARN, word),
        _ => (style, word),
    };
    let head =
        Line::new().styled(style, word).padded(WORD).text(format!("{}/{}", report.repository, report.file));
    let head = match &report.archive {
        Some(archive) => head.styled(style::DIM, format!(" from {archive}")),
        None => head,
    };
    let indent = || Line::from(" ".repeat(WORD));
    let mut lines = Vec::new();
    match &report.reason {
        Some(reason) => {
            lines.push(head);
            lines.push(indent().text(&reason.message));
            lines.extend(reason.hint.iter().map(|hint| indent().styled(style::DIM, format!("hint: {hint}"))));
        }
        None if report.outcome == Outcome::Imported && report.counts.read == 0 => {
            lines.push(head.text("  a header without lines"));
        }
        None if report.outcome == Outcome::Imported => {
            lines.push(head.text("  ").then(counts(&report.counts)));
        }
        None => lines.push(head),
    }
    if let Some(sentence) = gone_along(&report.counts) {
        lines.push(indent().text(sentence));
    }
    let of_file = report.findings.iter().filter(|finding| finding.line.is_none() && report.reason.is_none());
    for finding in of_file {
        lines.push(indent().styled(style::WARN, format!("{}: {}", finding.code, finding.message)));
        lines.extend(finding.hint.iter().map(|hint| indent().styled(style::DIM, format!("hint: {hint}"))));
    }
    for note in report.notes.iter().filter(|_| report.outcome == Outcome::Imported) {
        lines.push(indent().styled(style::DIM, format!("note: {note}")));
    }
    if let Some(badlines) = &report.badlines {
        lines.push(indent().styled(style::DIM, format!("rejected lines: {badlines}")));
    }
    if report.needs_attention() {
        lines.push(indent().styled(style::DIM, format!("log: {}", report.log)));
    }
    lines
}
