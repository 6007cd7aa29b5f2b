//! A file that is being checked, from its first byte to what is said of it.

use std::io::{self, Read};

use bytes::Bytes;
use tidewaiter::report::Outcome;
use tidewaiter_engine::examine::{Examination, ReadAt, notes};

use super::judge::Ruling;
use super::{Lines, Preflight};

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

    /// There are no more bytes. That was seen, unless the rest of the file had ceased to matter.
    pub(super) fn end(&mut self) {
        self.ended = self.undecided;
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
            preflight.notes.extend(notes(summary));
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
