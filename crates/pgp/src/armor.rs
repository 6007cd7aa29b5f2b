//! The bytes of a message, out of its text form if it has one. RFC 9580, section 6.
//!
//! The text is decoded as it comes, in lines of any length. Its checksum is optional and protects against nothing, so
//! it is passed over.

use std::io::{self, BufRead, BufReader, Read};

use crate::refusal::{Refusal, RefusalCode};
use crate::source::Source;
use crate::verdict::Verdict;

/// What the text form of an encrypted message begins and ends with.
const BEGIN: &[u8] = b"-----BEGIN PGP MESSAGE-----";
const END: &[u8] = b"-----END PGP MESSAGE-----";
/// Bytes read at a time.
const BUFFER: usize = 64 << 10;
/// The longest line outside the data, and how many of them there may be before it.
const LINE: u64 = 1024;
const LINES: u32 = 64;

/// The bytes of a message.
#[derive(Debug)]
pub(crate) enum Message<R> {
    /// As they are in the file.
    Binary(BufReader<R>),
    /// As the text form says.
    Armored(Dearmor<R>),
}

impl<R: Read> Message<Source<R>> {
    /// Tells by the first byte in which form a message is.
    pub(crate) fn open(source: Source<R>, outer: &Verdict) -> Result<Self, Refusal> {
        let mut input = BufReader::with_capacity(BUFFER, source);
        let unread = |error: io::Error| Refusal::new(RefusalCode::Corrupt, error);
        match input.fill_buf().map_err(unread)?.first() {
            None => Err(Refusal::new(RefusalCode::NotEncrypted, "the file has no bytes")),
            // A packet begins with a byte that no text in ASCII has, and the mark of UTF-8 is none of an encrypted message.
            Some(first) if first & 0x80 != 0 && *first != 0xef => Ok(Self::Binary(input)),
            Some(_) => Dearmor::open(input, outer).map(Self::Armored),
        }
    }
}

impl<R: Read> Read for Message<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Binary(input) => input.read(buffer),
            Self::Armored(armored) => armored.read(buffer),
        }
    }
}

/// Decodes the text form of a message.
#[derive(Debug)]
pub(crate) struct Dearmor<R> {
    input: BufReader<R>,
    outer: Verdict,
    /// Decoded, and not handed on from `at` on.
    decoded: Vec<u8>,
    at: usize,
    /// The bits of characters that are no whole bytes yet, and how many characters they are, padding included.
    bits: u32,
    characters: u8,
    padding: u8,
    is_line_start: bool,
    has_ended: bool,
}

impl<R: Read> Dearmor<R> {
    /// Reads up to the data.
    fn open(input: BufReader<R>, outer: &Verdict) -> Result<Self, Refusal> {
        let mut dearmor = Self {
            input,
            outer: outer.clone(),
            decoded: Vec::new(),
            at: 0,
            bits: 0,
            characters: 0,
            padding: 0,
            is_line_start: true,
            has_ended: false,
        };
        let unread = |error: io::Error| Refusal::new(RefusalCode::Corrupt, error);
        let mut first = None;
        for _ in 0..LINES {
            let Some(line) = dearmor.line().map_err(unread)? else { break };
            let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            match (&first, line) {
                // Blank lines before the message.
                (None, []) => {}
                (None, line) => {
                    begins(line)?;
                    first = Some(());
                }
                // A blank line ends the headers of the message.
                (Some(()), []) => return Ok(dearmor),
                (Some(()), _) => {}
            }
        }
        Err(match first {
            Some(()) => Refusal::new(RefusalCode::Truncated, "the encrypted message ends before its data"),
            None => Refusal::new(RefusalCode::NotEncrypted, "the file holds nothing but blank lines"),
        })
    }

    /// The next line without what ends it; None at the end. Of a line that is too long, the beginning.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let count = Read::take(&mut self.input, LINE).read_until(b'\n', &mut line)?;
        if count == 0 {
            return Ok(None);
        }
        line.truncate(line.trim_ascii_end().len());
        Ok(Some(line))
    }

    /// Decodes what is in the buffer of the input, at most up to where the data end.
    fn decode(&mut self) -> io::Result<()> {
        self.decoded.clear();
        self.at = 0;
        while self.decoded.is_empty() && !self.has_ended {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Err(self.cut());
            }
            let (mut taken, mut ends, mut is_wrong) = (0, false, false);
            for byte in available {
                let was_line_start = std::mem::replace(&mut self.is_line_start, *byte == b'\n');
                let value = match byte {
                    b'\n' | b'\r' | b' ' | b'\t' => {
                        taken += 1;
                        continue;
                    }
                    b'=' if self.characters > 1 => {
                        self.padding += 1;
                        0
                    }
                    b'-' | b'=' if was_line_start && self.characters == 0 => {
                        ends = true;
                        break;
                    }
                    _ => match sextet(*byte) {
                        Some(value) if self.padding == 0 => value,
                        _ => {
                            is_wrong = true;
                            break;
                        }
                    },
                };
                taken += 1;
                self.bits = self.bits << 6 | value;
                self.characters += 1;
                if self.characters == 4 {
                    let [_, whole @ ..] = self.bits.to_be_bytes();
                    let count = whole.len() - usize::from(self.padding.min(2));
                    self.decoded.extend(whole.iter().take(count));
                    // Padding stays: nothing but the end may follow it.
                    (self.bits, self.characters) = (0, 0);
                }
            }
            self.input.consume(taken);
            if is_wrong {
                let what = "the text of the encrypted message has characters that it may not have";
                return Err(self.outer.refuse(Refusal::new(RefusalCode::Corrupt, what)));
            }
            if ends {
                self.end()?;
            }
        }
        Ok(())
    }

    /// Reads what stands behind the data: a checksum, the last line, and nothing else.
    fn end(&mut self) -> io::Result<()> {
        let mut line = self.line()?;
        if line.as_ref().is_some_and(|line| line.starts_with(b"=")) {
            line = self.line()?;
        }
        match line {
            Some(line) if line == END => {}
            Some(line) if !END.starts_with(&line) => {
                let what = "the text of the encrypted message does not end as it should";
                return Err(self.outer.refuse(Refusal::new(RefusalCode::Corrupt, what)));
            }
            _ => return Err(self.cut()),
        }
        self.has_ended = true;
        loop {
            let available = self.input.fill_buf()?;
            if available.is_empty() {
                return Ok(());
            }
            if !available.iter().all(u8::is_ascii_whitespace) {
                let what = "more text follows the end of the encrypted message";
                return Err(self.outer.refuse(Refusal::new(RefusalCode::TrailingGarbage, what)));
            }
            let count = available.len();
            self.input.consume(count);
        }
    }

    fn cut(&self) -> io::Error {
        let what = "the text of the encrypted message ends too early";
        self.outer.refuse(Refusal::new(RefusalCode::Truncated, what))
    }
}

impl<R: Read> Read for Dearmor<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.decoded.len() {
            self.decode()?;
        }
        let mut rest = self.decoded.get(self.at..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        Ok(count)
    }
}

/// Whether a text is an encrypted message, by its first line.
fn begins(line: &[u8]) -> Result<(), Refusal> {
    let refuse = |code, what: &str| Err(Refusal::new(code, what));
    if line == BEGIN {
        return Ok(());
    }
    if BEGIN.starts_with(line) {
        return refuse(RefusalCode::Truncated, "the encrypted message ends in its first line");
    }
    let label = line.strip_prefix(b"-----BEGIN PGP ").and_then(|rest| rest.strip_suffix(b"-----"));
    match label {
        Some(b"SIGNED MESSAGE") => refuse(RefusalCode::NotEncrypted, "the file is signed, not encrypted"),
        Some(b"SIGNATURE") => refuse(
            RefusalCode::NotEncrypted,
            "the file is the signature of another file, not an encrypted file",
        ),
        Some(b"PUBLIC KEY BLOCK" | b"PRIVATE KEY BLOCK") => {
            refuse(RefusalCode::NotEncrypted, "the file is a key, not an encrypted file")
        }
        Some(label) if label.starts_with(b"MESSAGE, PART ") => {
            refuse(RefusalCode::Unsupported, "the message is a part of a message in several parts")
        }
        _ => refuse(
            RefusalCode::NotEncrypted,
            "the file is named like an encrypted file, but is not encrypted",
        ),
    }
}

/// What a character of base64 stands for.
fn sextet(byte: u8) -> Option<u32> {
    let value = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    };
    Some(u32::from(value))
}
