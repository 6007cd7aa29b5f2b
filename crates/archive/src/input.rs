//! The bytes of a gz, bz2 or tar archive after decompression, measured as they come.

use std::io::{self, BufRead, Read, Seek};

use flate2::bufread::GzDecoder;

use crate::bz2::Bz2;
use crate::deliver::{archive_too_large, ratio_too_high};
use crate::fill::fill;
use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalCode};
use crate::sniff;
use crate::source::Source;

/// As much of the next stream as it takes to recognise it.
const MAGIC_BYTES: u64 = 10;

/// A stream of unpacked bytes that refuses to become too long for what it is made of.
pub(crate) struct Input<'a, R> {
    decoder: Decoder<'a, R>,
    limits: &'a Limits,
    unpacked: u64,
}

enum Decoder<'a, R> {
    Plain(&'a mut Source<R>),
    Gz(Box<GzDecoder<&'a mut Source<R>>>),
    Bz2(Bz2<'a, R>),
    Ended,
}

impl<'a, R: Read + Seek> Input<'a, R> {
    pub(crate) fn plain(source: &'a mut Source<R>, limits: &'a Limits) -> Self {
        Self::new(Decoder::Plain(source), limits)
    }

    pub(crate) fn gz(source: &'a mut Source<R>, limits: &'a Limits) -> Self {
        Self::new(Decoder::Gz(Box::new(GzDecoder::new(source))), limits)
    }

    pub(crate) fn bz2(source: &'a mut Source<R>, limits: &'a Limits) -> Self {
        Self::new(Decoder::Bz2(Bz2::new(source)), limits)
    }

    fn new(decoder: Decoder<'a, R>, limits: &'a Limits) -> Self {
        Self { decoder, limits, unpacked: 0 }
    }

    /// Fills the buffer, save at the end of the data: a short count means that there is no
    /// more, and that everything up to the last byte of the archive was in order.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        fill(buffer, |rest| self.read(rest))
    }

    /// Some bytes, or none at the very end. The buffer must not be empty.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        loop {
            let result = match &mut self.decoder {
                Decoder::Plain(source) => source.read(buffer),
                Decoder::Gz(decoder) => decoder.read(buffer),
                Decoder::Bz2(decoder) => decoder.read(buffer),
                Decoder::Ended => return Ok(0),
            };
            match result.map_err(|error| Refusal::io(None, &error))? {
                0 => self.next_stream()?,
                count => {
                    self.measure(count)?;
                    return Ok(count);
                }
            }
        }
    }

    /// A stream has ended and was found whole. Compressed files may be put one behind the
    /// other, and tape-minded programs pad with zeros; nothing else may follow.
    fn next_stream(&mut self) -> Result<(), Refusal> {
        let io = |error: io::Error| Refusal::io(None, &error);
        self.decoder = match std::mem::replace(&mut self.decoder, Decoder::Ended) {
            Decoder::Gz(decoder) => {
                let source = decoder.into_inner();
                let head = source.peek(MAGIC_BYTES).map_err(io)?;
                if sniff::identify(&head) == Some("gzip") {
                    Decoder::Gz(Box::new(GzDecoder::new(source)))
                } else {
                    expect_zeros(source)?;
                    Decoder::Ended
                }
            }
            Decoder::Bz2(decoder) => {
                let Some(source) = decoder.into_inner() else { return Ok(()) };
                let head = source.peek(MAGIC_BYTES).map_err(io)?;
                if sniff::identify(&head) == Some("bzip2") {
                    Decoder::Bz2(Bz2::new(source))
                } else {
                    expect_zeros(source)?;
                    Decoder::Ended
                }
            }
            Decoder::Plain(_) | Decoder::Ended => Decoder::Ended,
        };
        Ok(())
    }

    fn measure(&mut self, count: usize) -> Result<(), Refusal> {
        self.unpacked += count as u64;
        let packed = match &self.decoder {
            Decoder::Gz(decoder) => decoder.get_ref().position(),
            Decoder::Bz2(decoder) => decoder.position(),
            // Nothing grows: the members are measured when they are delivered.
            Decoder::Plain(_) | Decoder::Ended => return Ok(()),
        };
        if self.limits.is_bomb(self.unpacked, packed) {
            return Err(ratio_too_high(self.limits, self.unpacked, packed));
        }
        if self.unpacked > self.limits.total_bytes {
            return Err(archive_too_large(self.limits, "more than"));
        }
        Ok(())
    }
}

fn expect_zeros<R: Read + Seek>(source: &mut Source<R>) -> Result<(), Refusal> {
    let end = source.position();
    loop {
        let bytes = source.fill_buf().map_err(|error| Refusal::io(None, &error))?;
        if bytes.is_empty() {
            return Ok(());
        }
        let count = bytes.len();
        if bytes.iter().any(|byte| *byte != 0) {
            let extra = source.len() - end;
            let what = format_args!("{extra} bytes follow the end of the data at byte {end}");
            return Err(Refusal::new(RefusalCode::TrailingGarbage, what));
        }
        source.consume(count);
    }
}
