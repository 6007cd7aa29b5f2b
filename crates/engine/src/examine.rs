//! The check of a file, before anything is loaded: what it read, what was wrong, and the verdict of the
//! policy. The partner's preflight and the import use the same code, so they cannot disagree.

use std::io::{self, Read};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use tidewaiter::check::fix::{self, Note};
use tidewaiter::check::{Checker, Dialect, Limits, Summary};
use tidewaiter::config::{Config, ImportOptions};
use tidewaiter::finding::{Code, Finding};
use tidewaiter::record::Plan;
use tidewaiter::report::{Counts, Outcome, Reason, plural};
use tidewaiter::schema::compile::Scope;

use crate::conclude::Findings;
use crate::hash::Hash;
use crate::parts::{Buffers, PART, Parts};

pub use crate::parts::ReadAt;

/// What a file is checked against.
#[derive(Debug, Clone)]
pub struct CheckSpec {
    /// The scope.
    pub scope: Arc<Scope>,
    /// The options of the subsection.
    pub options: ImportOptions,
    /// How files are written.
    pub dialect: Dialect,
    /// What good lines do.
    pub plan: Arc<Plan>,
    /// How long lines may be, and the like.
    pub limits: Limits,
}

impl CheckSpec {
    /// The terms of a scope and subsection; None if the configuration does not have them.
    pub fn find(config: &Config, scope: &str, subsection: &str) -> Option<Self> {
        let options = config.subsection(scope, subsection)?.clone();
        let compiled = config.scope(scope)?;
        let scope = match &options.match_by {
            Some(by) => Arc::new(compiled.matching_by(by.column())),
            None => Arc::clone(compiled),
        };
        let missing = &options.dialect.missing_values;
        let scope = if missing.is_empty() { scope } else { Arc::new(scope.with_missing_texts(missing)) };
        let dialect = Dialect::of(&options.dialect);
        let plan = Arc::new(Plan::new(Arc::clone(&scope), config.scopes(), &options));
        let line_bytes = usize::try_from(config.settings().limits.max_line_bytes).unwrap_or(usize::MAX);
        let limits = Limits { line_bytes, ..Limits::default() };
        Some(Self { scope, options, dialect, plan, limits })
    }

    /// A checker for a file from its beginning.
    pub fn checker(&self) -> Checker {
        Checker::new(self.scope.clone(), self.dialect.clone(), self.limits)
    }
}

/// The largest file that an import fixes, in bytes: it is held in memory.
pub const FIXED_BYTES: u64 = 16 << 20;

/// How many kinds of what would have to be guessed are told.
const LEFT: usize = 5;

/// A file as its import reads it, if that fixes files.
#[derive(Debug, Clone)]
pub struct Fixed {
    /// The fixed content; what it was if nothing was changed. None if the file is larger than [`FIXED_BYTES`].
    pub content: Option<Bytes>,
    /// What was changed, how often, and what would have to be guessed.
    pub notes: Vec<String>,
}

impl Fixed {
    /// Fixes a file.
    pub fn of(content: Bytes, terms: &CheckSpec) -> Self {
        let fixed = fix::fix(&content, &terms.scope, &terms.dialect, None);
        let changes = fixed.changes.iter().map(|note| said("fixed", note));
        let left = fixed.left.iter().take(LEFT).map(|note| said("not fixed", note));
        let notes = changes.chain(left).collect();
        let content = if fixed.changes.is_empty() { content } else { fixed.content.into() };
        Self { content: Some(content), notes }
    }

    /// A file that is too large for it.
    pub fn too_large() -> Self {
        let note = format!("nothing is fixed: the file is larger than {} MiB", FIXED_BYTES >> 20);
        Self { content: None, notes: vec![note] }
    }
}

/// What was changed, or left, in a sentence.
fn said(what: &str, note: &Note) -> String {
    let column = note.column.as_ref().map(|column| format!(" in {column}")).unwrap_or_default();
    let lines = match note.lines.as_slice() {
        [] => String::new(),
        [line] if note.count == 1 => format!(" (line {line})"),
        [first, ..] => format!(" ({}, first in line {first})", plural(note.count, "time")),
    };
    format!("{what}{column}: {}{lines}", note.what)
}

/// What is said of the lines of a file beside its findings: records that span lines are counted as records, and a last
/// line without a line break may be cut off.
pub fn notes(summary: &Summary) -> impl Iterator<Item = String> {
    let spans_lines = summary.file_lines.map(|lines| {
        let (records, lines) = (plural(summary.lines_read, "record"), plural(lines, "line"));
        format!("{records} in {lines}: some records hold line breaks, and counts are of records")
    });
    let is_open = summary.open_end && summary.lines_read > 0;
    let open_end = is_open.then(|| {
        "the last line has no line break; if it was cut off, drop the complete file again".to_owned()
    });
    spans_lines.into_iter().chain(open_end)
}

/// From how many bytes on a file is worth more than one thread.
const LARGE: u64 = 2 << 20;

/// A file that is being checked.
pub struct Examination {
    parts: Parts,
    alone: bool,
    fed: u64,
    terms: CheckSpec,
}

/// What the check found.
#[derive(Debug)]
pub struct Examined {
    /// What was read and what was wrong.
    pub summary: Summary,
    /// SHA-256 of the file; None if it was not read to its end.
    pub sha256: Option<String>,
    /// Why the file is not imported, if it is not.
    pub reason: Option<Reason>,
}

impl Examination {
    /// Begins with the first byte of a file.
    pub fn new(terms: CheckSpec) -> Self {
        Self::begin(terms, Some(Hash::new()))
    }

    /// The same for who does not ask for the hash of the file.
    pub fn without_hash(terms: CheckSpec) -> Self {
        Self::begin(terms, None)
    }

    fn begin(terms: CheckSpec, hash: Option<Hash>) -> Self {
        Self { parts: Parts::new(terms.checker(), hash), alone: true, fed: 0, terms }
    }

    /// Takes the next bytes. False if the rest of the file does not matter any more.
    ///
    /// A large file is checked by all processors; what is said of it is the same.
    pub fn feed(&mut self, bytes: &Bytes) -> bool {
        self.parts.feed(bytes);
        self.fed += bytes.len() as u64;
        if self.alone && self.fed >= LARGE {
            self.alone = false;
            let processors = thread::available_parallelism().map_or(1, NonZero::get);
            if processors > 1 {
                self.parts.share(processors - 1);
            }
        }
        !self.parts.is_bogus()
    }

    /// Takes what comes out of a reader, to its end, if the rest does not cease to matter before. `observe` is told how many
    /// bytes were read. True if the end was seen.
    pub fn read(&mut self, reader: &mut impl Read, mut observe: impl FnMut(u64)) -> io::Result<bool> {
        let mut buffers = Buffers::default();
        while !self.parts.is_bogus() {
            let bytes = buffers.fill(0..PART as u64, |_, buffer| reader.read(buffer))?;
            if bytes.is_empty() {
                return Ok(true);
            }
            self.feed(&bytes);
            observe(self.fed);
        }
        Ok(false)
    }

    /// The same for the first bytes of a file that can be read at any position: those who judge a large one read it, each its
    /// parts.
    pub fn read_at(&mut self, file: &ReadAt, bytes: u64, mut observe: impl FnMut(u64)) -> io::Result<bool> {
        let mut buffers = Buffers::default();
        while !self.parts.is_shared() && self.fed < bytes && !self.parts.is_bogus() {
            let end = bytes.min(self.fed + PART as u64);
            let read = buffers.fill(self.fed..end, |at, buffer| file(at, buffer))?;
            if read.is_empty() {
                return Ok(true);
            }
            self.feed(&read);
            observe(self.fed);
        }
        if self.parts.is_bogus() {
            return Ok(false);
        }
        self.parts.read(file, self.fed..bytes, observe)?;
        Ok(true)
    }

    /// The verdict. `whole` says whether the file was read to its end.
    pub fn finish(self, whole: bool) -> Examined {
        let (summary, hash) = self.parts.finish();
        let sha256 = hash.filter(|_| whole).and_then(Hash::finish);
        let reason = summary.bogus.then(|| match &summary.incomplete {
            Some(finding) => {
                Reason::new(finding.code.as_str(), finding.message.clone()).with_hint(finding.hint.clone())
            }
            None => first_finding(&summary),
        });
        let mut examined = Examined { summary, sha256, reason };
        examined.judge(&self.terms.options);
        examined
    }
}

fn first_finding(summary: &Summary) -> Reason {
    let Some(first) = summary.findings.kept().first() else {
        return Reason::new("format-error", "the file cannot be read");
    };
    let more = match summary.findings.total() {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    let field = first.field.as_ref().filter(|f| !f.name.trim().is_empty());
    let named = field.filter(|f| !first.message.contains(&f.name)).map(|f| format!("{}: ", f.name));
    let message = format!("{}{}{more}", named.unwrap_or_default(), first.message);
    Reason::new(first.code.as_str(), message).with_hint(first.hint.clone())
}

impl Examined {
    /// Lets the policy of the import decide, unless the file is refused already.
    pub fn judge(&mut self, options: &ImportOptions) {
        if self.reason.is_none()
            && let Some(message) = options.policy.verdict(self.summary.lines_read, self.summary.rejected)
        {
            let hint = "fix the lines named in the log and drop the whole file again";
            self.refuse(Code::PolicyExceeded, message, hint);
        }
    }

    /// Refuses the file as a whole.
    pub fn refuse(&mut self, code: Code, message: String, hint: &str) {
        self.summary.findings.push(Finding::file(code, message.clone()));
        self.reason = Some(Reason::new(code.as_str(), message).with_hint(Some(hint.to_owned())));
    }

    /// What is to be said of a file whose verdict is final: it is not imported.
    pub fn into_refusal(self, reason: Reason) -> Findings {
        let counts =
            Counts { read: self.summary.lines_read, rejected: self.summary.lines_read, ..Counts::default() };
        Findings {
            reason: Some(reason),
            counts,
            tally: self.summary.findings,
            sha256: self.sha256,
            ..Findings::outcome(Outcome::Bogus)
        }
    }
}
