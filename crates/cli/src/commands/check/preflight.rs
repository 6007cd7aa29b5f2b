//! What a check says of one file.

use std::io::{self, Read};

use bytes::Bytes;
use serde::Serialize;
use tidewaiter::finding::{Finding, Kind};
use tidewaiter::mistake::Mistake;
use tidewaiter::name::GroupTag;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_pipeline::examine::{Examination, ReadAt};

use super::Fixed;
use super::judge::Ruling;

/// What a check says of one file: a report without what only an import can know. Keys that reports have
/// too mean the same.
#[derive(Debug, Clone, Serialize)]
pub struct Preflight {
    /// The file's name.
    pub file: String,
    /// The archive it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of its content, if all of it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The universe of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universe: Option<String>,
    /// The scope it was checked against.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The subsection of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsection: Option<String>,
    /// The date of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its place in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupTag>,
    /// How its import would end.
    pub outcome: Outcome,
    /// Why it would not be imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What its lines are.
    pub counts: Lines,
    /// How many findings there are in all.
    pub findings_total: u64,
    /// How many of each kind, the most frequent first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// Findings with their positions, up to a limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Mistakes in a configuration.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mistakes: Vec<Mistake>,
    /// What else there is to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// What was done to it before it was judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Fixed>,
}

/// What the lines of a file are. `read = accepted + rejected`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Lines {
    /// Lines behind the header.
    pub read: u64,
    /// Lines that are good.
    pub accepted: u64,
    /// Lines that are not.
    pub rejected: u64,
}

impl Preflight {
    /// A file of which nothing more is known than how it would end.
    pub(super) fn new(file: &str, outcome: Outcome, bytes: u64) -> Self {
        Self {
            file: file.to_owned(),
            archive: None,
            bytes,
            sha256: None,
            universe: None,
            scope: None,
            subsection: None,
            date: None,
            group: None,
            outcome,
            reason: None,
            counts: Lines::default(),
            findings_total: 0,
            kinds: Vec::new(),
            findings: Vec::new(),
            mistakes: Vec::new(),
            notes: Vec::new(),
            fixed: None,
        }
    }
}

/// A file that is being checked.
pub(super) struct Exam {
    preflight: Preflight,
    examination: Option<Examination>,
    undecided: bool,
    /// The end was seen.
    ended: bool,
    fed: u64,
}

impl Exam {
    pub(super) fn begin(file: &str, ruling: Ruling, hashed: bool) -> Self {
        let mut preflight = Preflight::new(file, Outcome::Imported, 0);
        let examination = match ruling {
            Ruling::Refuse { refusal, notes } => {
                preflight.notes = notes;
                preflight.outcome = refusal.outcome;
                preflight.reason = Some(refusal.reason);
                None
            }
            Ruling::Check { terms, name, notes } => {
                preflight.scope = Some(terms.scope.name().to_owned());
                preflight.notes = notes;
                if let Some(name) = name {
                    preflight.universe = Some(name.universe);
                    preflight.subsection = Some(name.subsection);
                    preflight.date = Some(name.date.to_string());
                    preflight.group = name.group;
                }
                let begin = if hashed { Examination::new } else { Examination::without_hash };
                Some(begin(*terms))
            }
        };
        let undecided = examination.is_some();
        Self { preflight, examination, undecided, ended: false, fed: 0 }
    }

    /// False as soon as the rest of the file does not matter.
    pub(super) fn wants_more(&self) -> bool {
        self.undecided
    }

    /// The next bytes.
    pub(super) fn feed(&mut self, bytes: &Bytes) {
        if let Some(examination) = &mut self.examination
            && self.undecided
        {
            self.fed += bytes.len() as u64;
            self.undecided = examination.feed(bytes);
        }
    }

    /// All bytes of a reader, as far as they matter. `observe` is told how many were read.
    pub(super) fn read(&mut self, reader: &mut impl Read, observe: impl FnMut(u64)) -> io::Result<()> {
        self.all(observe, |examination, observe| examination.read(reader, observe))
    }

    /// So many bytes of a file, as far as they matter.
    pub(super) fn read_at(&mut self, file: &ReadAt, bytes: u64, observe: impl FnMut(u64)) -> io::Result<()> {
        self.all(observe, |examination, observe| examination.read_at(file, bytes, observe))
    }

    fn all(
        &mut self,
        mut observe: impl FnMut(u64),
        read: impl FnOnce(&mut Examination, &mut dyn FnMut(u64)) -> io::Result<bool>,
    ) -> io::Result<()> {
        let Some(examination) = &mut self.examination else { return Ok(()) };
        let fed = &mut self.fed;
        self.ended = read(examination, &mut |done| {
            *fed = done;
            observe(done);
        })?;
        Ok(())
    }

    /// There are no more bytes.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    pub(super) fn finish(self, bytes: u64) -> Preflight {
        let Self { mut preflight, examination, ended, fed, .. } = self;
        preflight.bytes = bytes.max(fed);
        if let Some(examination) = examination {
            let examined = examination.finish(ended || fed >= bytes);
            let summary = &examined.summary;
            preflight.sha256.clone_from(&examined.sha256);
            preflight.counts =
                Lines { read: summary.lines_read, accepted: summary.accepted, rejected: summary.rejected };
            preflight.findings_total = summary.findings.total();
            preflight.kinds = summary.findings.kinds();
            preflight.findings = summary.findings.kept().to_vec();
            if let Some(reason) = examined.reason {
                preflight.outcome = Outcome::Bogus;
                preflight.reason = Some(reason);
            }
        }
        preflight
    }
}
