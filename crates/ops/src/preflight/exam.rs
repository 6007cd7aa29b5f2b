//! A file that is being checked, from its first byte to what is said of it.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};
use tidewaiter::report::Outcome;
use tidewaiter_engine::examine::{CheckSpec, Examination, FIXED_BYTES, Fixed, ReadAt, notes};

use super::judge::Ruling;
use super::{Lines, Preflight};

/// A file that is being checked.
pub(super) struct Exam {
    preflight: Preflight,
    examination: Option<Examination>,
    /// The beginning of a file that its import fixes, and what it is fixed for.
    held: Option<Held>,
    undecided: bool,
    /// The end was seen.
    ended: bool,
    fed: u64,
}

/// What is held of a file that its import fixes.
struct Held {
    terms: CheckSpec,
    content: BytesMut,
}

impl Exam {
    pub(super) fn begin(file: &str, ruling: Ruling, hashed: bool) -> Self {
        let mut preflight = Preflight::new(file, Outcome::Imported, 0);
        let mut held = None;
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
                held = terms.options.fix.then(|| Held { terms: (*terms).clone(), content: BytesMut::new() });
                let begin = if hashed { Examination::new } else { Examination::without_hash };
                Some(begin(*terms))
            }
        };
        let undecided = examination.is_some();
        Self { preflight, examination, held, undecided, ended: false, fed: 0 }
    }

    /// The next bytes.
    pub(super) fn feed(&mut self, bytes: &Bytes) {
        if let Some(held) = &mut self.held {
            held.content.extend_from_slice(bytes);
            self.fed += bytes.len() as u64;
            self.give_up_if_too_large();
        } else if let Some(examination) = &mut self.examination
            && self.undecided
        {
            self.fed += bytes.len() as u64;
            self.undecided = examination.feed(bytes);
        }
    }

    /// All bytes of a reader, as far as they matter. `observe` is told how many were read.
    pub(super) fn read(&mut self, reader: &mut impl Read, observe: impl FnMut(u64)) -> io::Result<()> {
        if self.held.is_some() {
            let mut content = Vec::new();
            let read = reader.take(FIXED_BYTES + 1).read_to_end(&mut content)? as u64;
            self.feed(&content.into());
            if read <= FIXED_BYTES {
                self.ended = true;
                return Ok(());
            }
        }
        self.all(observe, |examination, observe| examination.read(reader, observe))
    }

    /// So many bytes of a file, as far as they matter.
    pub(super) fn read_at(&mut self, file: &ReadAt, bytes: u64, observe: impl FnMut(u64)) -> io::Result<()> {
        if self.held.is_some() {
            let mut content = vec![0; usize::try_from(bytes.min(FIXED_BYTES + 1)).unwrap_or_default()];
            let mut at = 0;
            while let Some(room) = content.get_mut(at..).filter(|room| !room.is_empty()) {
                match file(at as u64, room)? {
                    0 => break,
                    read => at += read,
                }
            }
            content.truncate(at);
            if bytes <= FIXED_BYTES {
                self.feed(&content.into());
                self.ended = true;
                return Ok(());
            }
            self.held = None;
            self.preflight.notes.extend(Fixed::too_large().notes);
        }
        self.all(observe, |examination, observe| examination.read_at(file, bytes, observe))
    }

    /// Goes on without fixing, if there is more than an import fixes.
    fn give_up_if_too_large(&mut self) {
        if let Some(held) = self.held.take_if(|held| held.content.len() as u64 > FIXED_BYTES)
            && let Some(examination) = &mut self.examination
        {
            self.preflight.notes.extend(Fixed::too_large().notes);
            self.undecided = examination.feed(&held.content.freeze());
        }
    }

    fn all(
        &mut self,
        mut observe: impl FnMut(u64),
        read: impl FnOnce(&mut Examination, &mut dyn FnMut(u64)) -> io::Result<bool>,
    ) -> io::Result<()> {
        let Some(examination) = &mut self.examination else { return Ok(()) };
        let (before, fed) = (self.fed, &mut self.fed);
        self.ended = read(examination, &mut |done| {
            *fed = before.max(done);
            observe(done);
        })?;
        Ok(())
    }

    /// There are no more bytes. That was seen, unless the rest of the file had ceased to matter.
    pub(super) fn end(&mut self) {
        self.ended = self.undecided;
    }

    pub(super) fn finish(self, bytes: u64) -> Preflight {
        let Self { mut preflight, examination, held, mut ended, fed, .. } = self;
        preflight.bytes = bytes.max(fed);
        if let Some(mut examination) = examination {
            if let Some(Held { terms, content }) = held {
                let Fixed { content, notes } = Fixed::of(content.freeze(), &terms);
                preflight.notes.extend(notes);
                ended = examination.feed(&content.unwrap_or_default());
            }
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
