//! A sequence of packets, of which one after the other is read. RFC 9580, section 4.2.

use std::io::{self, Read};

use crate::refusal::{Refusal, RefusalCode};
use crate::verdict::Verdict;

/// What a packet is, by the number in its header.
pub(crate) mod tag {
    pub(crate) const PUBLIC_KEY_SESSION: u8 = 1;
    pub(crate) const SIGNATURE: u8 = 2;
    pub(crate) const PASSWORD_SESSION: u8 = 3;
    pub(crate) const ONE_PASS_SIGNATURE: u8 = 4;
    pub(crate) const SECRET_KEY: u8 = 5;
    pub(crate) const PUBLIC_KEY: u8 = 6;
    pub(crate) const COMPRESSED: u8 = 8;
    pub(crate) const UNPROTECTED: u8 = 9;
    pub(crate) const MARKER: u8 = 10;
    pub(crate) const LITERAL: u8 = 11;
    pub(crate) const PROTECTED: u8 = 18;
    pub(crate) const GNUPG_AEAD: u8 = 20;
    pub(crate) const PADDING: u8 = 21;
    /// From here on, what a reader does not know may be skipped.
    pub(crate) const FIRST_NOT_CRITICAL: u8 = 40;
}

/// The refusal for an error that comes without a reason.
pub(crate) fn damaged(error: &io::Error) -> Refusal {
    Refusal::new(RefusalCode::Corrupt, format_args!("the message is damaged ({error})"))
}

/// How much of a body is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// So many bytes, and another length behind them if it is a part.
    Bytes { left: u64, is_part: bool },
    /// Everything up to the end.
    ToTheEnd,
}

/// Packets. As a reader, the body of the one that was begun last.
#[derive(Debug)]
pub(crate) struct Packets<R> {
    reader: R,
    verdict: Verdict,
    left: Left,
}

impl<R: Read> Packets<R> {
    /// The packets of a reader. What is wrong with them is noted.
    pub(crate) fn new(reader: R, verdict: &Verdict) -> Self {
        Self { reader, verdict: verdict.clone(), left: Left::Bytes { left: 0, is_part: false } }
    }

    /// Skips the rest of a packet and begins the next one. Its tag, or None at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<u8>> {
        io::copy(self, &mut io::sink())?;
        let Some(header) = self.byte()? else { return Ok(None) };
        if header & 0x80 == 0 {
            return Err(self.corrupt("there is something else where a packet should begin"));
        }
        if header & 0x40 != 0 {
            self.left = self.length()?;
            return Ok(Some(header & 0x3f));
        }
        let octets = match header & 3 {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => {
                self.left = Left::ToTheEnd;
                return Ok(Some((header >> 2) & 0x0f));
            }
        };
        self.left = Left::Bytes { left: self.number(octets)?, is_part: false };
        Ok(Some((header >> 2) & 0x0f))
    }

    /// The next `N` bytes of a body.
    pub(crate) fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes).map_err(|_| self.corrupt("a packet is too short"))?;
        Ok(bytes)
    }

    /// The whole body, if it has at most so many bytes.
    pub(crate) fn body(&mut self, most: u64) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        Read::take(&mut *self, most + 1).read_to_end(&mut body)?;
        Ok((body.len() as u64 <= most).then_some(body))
    }

    /// Reads on to the end of everything, where nothing may be.
    pub(crate) fn expect_end(&mut self) -> Result<(), Refusal> {
        match self.byte() {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(Refusal::new(
                RefusalCode::TrailingGarbage,
                "more bytes follow the end of the encrypted message",
            )),
            Err(error) => Err(damaged(&error)),
        }
    }

    /// A length in the new format.
    fn length(&mut self) -> io::Result<Left> {
        let first = self.number(1)?;
        let left = match first {
            0..=191 => first,
            192..=223 => ((first - 192) << 8) + self.number(1)? + 192,
            255 => self.number(4)?,
            _ => return Ok(Left::Bytes { left: 1 << (first & 0x1f), is_part: true }),
        };
        Ok(Left::Bytes { left, is_part: false })
    }

    fn number(&mut self, octets: u8) -> io::Result<u64> {
        let mut number = 0;
        for _ in 0..octets {
            let byte = self.byte()?.ok_or_else(|| self.cut())?;
            number = number << 8 | u64::from(byte);
        }
        Ok(number)
    }

    /// The next byte of the reader, whatever it belongs to.
    fn byte(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        loop {
            match self.reader.read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(u8::from_be_bytes(byte))),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn corrupt(&self, what: &str) -> io::Error {
        self.verdict.refuse(Refusal::new(RefusalCode::Corrupt, what))
    }

    fn cut(&self) -> io::Error {
        self.verdict.refuse(Refusal::new(RefusalCode::Truncated, "the encrypted message ends too early"))
    }
}

impl<R: Read> Read for Packets<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self.left {
                Left::ToTheEnd => return self.reader.read(buffer),
                Left::Bytes { left: 0, is_part: false } => return Ok(0),
                Left::Bytes { left: 0, is_part: true } => self.left = self.length()?,
                Left::Bytes { left, is_part } => {
                    let end = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let count = self.reader.read(buffer.get_mut(..end).unwrap_or_default())?;
                    if count == 0 {
                        return Err(self.cut());
                    }
                    self.left = Left::Bytes { left: left - count as u64, is_part };
                    return Ok(count);
                }
            }
        }
    }
}
