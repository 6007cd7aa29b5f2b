//! The check of a file, before anything is loaded: what it read, what was wrong, and the verdict of the
//! policy. The partner's preflight and the import use the same code, so they cannot disagree.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink, Summary};
use tidewaiter::config::{Config, Subsection};
use tidewaiter::finding::{Code, Finding};
use tidewaiter::report::{Counts, Outcome, Reason};
use tidewaiter::schema::compile::Scope;

use crate::conclude::Findings;
use crate::configs::hex;

/// What a file is checked against.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The scope.
    pub scope: Arc<Scope>,
    /// The options of the subsection.
    pub options: Subsection,
    /// How long lines may be, and the like.
    pub limits: Limits,
}

impl Terms {
    /// The terms of a scope and subsection; None if the configuration does not have them.
    pub fn find(config: &Config, scope: &str, subsection: &str) -> Option<Self> {
        let options = config.subsection(scope, subsection)?.clone();
        let scope = config.scope(scope)?.clone();
        let line_bytes = usize::try_from(config.settings().limits.max_line_bytes).unwrap_or(usize::MAX);
        let limits = Limits { line_bytes, ..Limits::default() };
        Some(Self { scope, options, limits })
    }

    /// A checker for a file from its beginning.
    pub fn checker(&self) -> Checker {
        Checker::new(self.scope.clone(), Dialect { delimiter: self.options.delimiter.as_byte() }, self.limits)
    }
}

/// A file that is being checked.
pub struct Examination {
    checker: Checker,
    hash: Sha256,
    terms: Terms,
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
    pub fn new(terms: Terms) -> Self {
        Self { checker: terms.checker(), hash: Sha256::new(), terms }
    }

    /// Takes the next bytes. False if the rest of the file does not matter any more.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        self.hash.update(bytes);
        self.checker.feed(bytes, &mut Ignore);
        !self.checker.is_bogus()
    }

    /// The verdict. `whole` says whether the file was read to its end.
    pub fn finish(self, whole: bool) -> Examined {
        let mut summary = self.checker.finish(&mut Ignore);
        let sha256 = whole.then(|| hex(&self.hash.finalize()));
        let reason = if summary.bogus {
            Some(first_finding(&summary))
        } else {
            let reason = self.terms.options.policy.verdict(summary.lines_read, summary.rejected);
            if let Some(reason) = &reason {
                summary.findings.push(Finding::file(Code::PolicyExceeded, reason.clone()));
            }
            reason.map(|message| {
                Reason::new(Code::PolicyExceeded.as_str(), message).with_hint(Some(
                    "mend the lines named in the log and drop the whole file again".to_owned(),
                ))
            })
        };
        Examined { summary, sha256, reason }
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

/// The check keeps no lines.
struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}
