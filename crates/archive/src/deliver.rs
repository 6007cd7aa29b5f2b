//! Hands one member after the other to the sink, measuring what really comes.

use crate::limits::Limits;
use crate::refusal::{ExtractError, Refusal, RefusalCode};
use crate::sink::{Ignored, Sink, Summary};
use crate::sniff;

/// Bytes handed over at a time. Large enough that calls cost nothing beside decoding, and
/// more than [`sniff::HEAD`], so that a first piece suffices to recognise an archive.
const PIECE: usize = 128 << 10;

/// Carries members to the sink and keeps the totals.
pub(crate) struct Courier<'a, S> {
    limits: &'a Limits,
    sink: &'a mut S,
    buffer: Vec<u8>,
    members: u64,
    bytes: u64,
}

impl<'a, S: Sink> Courier<'a, S> {
    pub(crate) fn new(limits: &'a Limits, sink: &'a mut S) -> Self {
        Self { limits, sink, buffer: vec![0; PIECE], members: 0, bytes: 0 }
    }

    /// Who takes the members.
    pub(crate) fn sink(&self) -> &S {
        self.sink
    }

    /// Carries one member. `fill` fills its buffer completely, save at the member's end,
    /// and checks there whatever the format lets it check.
    pub(crate) fn deliver(
        &mut self,
        name: &str,
        mut fill: impl FnMut(&mut [u8]) -> Result<usize, Refusal>,
    ) -> Result<(), ExtractError<S::Error>> {
        let mut size = 0_u64;
        loop {
            let filled = fill(&mut self.buffer)?;
            let piece = self.buffer.get(..filled).unwrap_or_default();
            if size == 0 {
                refuse_nested(name, piece)?;
                self.sink.begin(name).map_err(ExtractError::Sink)?;
            }
            size += filled as u64;
            self.bytes += filled as u64;
            self.check_sizes(name, size)?;
            if !piece.is_empty() {
                self.sink.write(piece).map_err(ExtractError::Sink)?;
            }
            if filled < PIECE {
                break;
            }
        }
        self.members += 1;
        self.sink.end().map_err(ExtractError::Sink)
    }

    /// Closes the archive. One without any data file is refused: its sender expected that something was sent.
    pub(crate) fn finish(self, ignored: Ignored) -> Result<Summary, ExtractError<S::Error>> {
        if self.members == 0 {
            let what = "the archive holds no files";
            return Err(Refusal::new(RefusalCode::EmptyArchive, what).into());
        }
        Ok(Summary { members: self.members, bytes: self.bytes, ignored })
    }

    fn check_sizes(&self, name: &str, size: u64) -> Result<(), Refusal> {
        if size > self.limits.member_bytes {
            return Err(member_too_large(self.limits, "more than").of(name));
        }
        if self.bytes > self.limits.total_bytes {
            return Err(archive_too_large(self.limits, "more than"));
        }
        Ok(())
    }
}

/// `measured` is how much it is: a number, or how it compares to the limit.
pub(crate) fn member_too_large(limits: &Limits, measured: impl std::fmt::Display) -> Refusal {
    let limit = limits.member_bytes;
    let what = format_args!("the member unpacks to {measured} the limit of {limit} bytes");
    Refusal::new(RefusalCode::MemberTooLarge, what)
}

/// `measured` is how much it is: a number, or how it compares to the limit.
pub(crate) fn archive_too_large(limits: &Limits, measured: impl std::fmt::Display) -> Refusal {
    let limit = limits.total_bytes;
    let what = format_args!("the archive unpacks to {measured} the limit of {limit} bytes");
    Refusal::new(RefusalCode::ArchiveTooLarge, what)
}

/// `unpacked` bytes came, or are to come, out of `packed` ones.
pub(crate) fn ratio_too_high(limits: &Limits, unpacked: u64, packed: u64) -> Refusal {
    let what = format_args!(
        "{packed} compressed bytes unpack to {unpacked} bytes or more, beyond the limit of {} to 1",
        limits.ratio
    );
    Refusal::new(RefusalCode::RatioTooHigh, what)
}

fn refuse_nested(name: &str, head: &[u8]) -> Result<(), Refusal> {
    match sniff::identify(head) {
        Some(kind) => {
            let what = format_args!("the content of the member is a {kind} archive");
            Err(Refusal::new(RefusalCode::NestedArchive, what).of(name))
        }
        None => Ok(()),
    }
}
