//! What is in a message: one file, compressed or not, with signatures around it or without.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use tidewaiter_archive::{Limits, Sink};

use crate::Decrypted;
use crate::packets::{Packets, damaged, tag};
use crate::refusal::{Refusal, RefusalCode};
use crate::verdict::{Stop, Verdict};

/// How much is handed on at once.
const PIECE: usize = 64 << 10;

/// Hands the file in a message to a sink.
pub(crate) struct Content<'a, S: Sink> {
    name: &'a str,
    limits: &'a Limits,
    /// How many bytes of the encrypted file were read.
    packed: Rc<Cell<u64>>,
    sink: &'a mut S,
    failure: Option<S::Error>,
    /// What is wrong within the message. It counts only if the message is as it was sent.
    inner: Verdict,
    is_begun: bool,
    is_signed: bool,
    bytes: u64,
}

impl<'a, S: Sink> Content<'a, S> {
    pub(crate) fn new(name: &'a str, limits: &'a Limits, packed: Rc<Cell<u64>>, sink: &'a mut S) -> Self {
        Self {
            name,
            limits,
            packed,
            sink,
            failure: None,
            inner: Verdict::default(),
            is_begun: false,
            is_signed: false,
            bytes: 0,
        }
    }

    /// Reads all that is in a message.
    pub(crate) fn walk(&mut self, message: &mut impl Read) -> Result<(), Refusal> {
        let walked = self.packets(message, false);
        match (self.inner.take(), walked) {
            (Some(Stop::Refused(refusal)), _) => Err(refusal),
            (_, Err(error)) => Err(damaged(&error)),
            (_, Ok(())) if !self.is_begun => {
                Err(Refusal::new(RefusalCode::Corrupt, "the message holds no file"))
            }
            (_, Ok(())) => Ok(()),
        }
    }

    /// True if the sink failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// What the sink failed with, if it did.
    pub(crate) fn into_failure(self) -> Option<S::Error> {
        self.failure
    }

    /// The message is as it was sent, and so is what the sink got.
    pub(crate) fn finish(self) -> Result<Decrypted, S::Error> {
        self.sink.end()?;
        Ok(Decrypted { bytes: self.bytes, is_signed: self.is_signed })
    }

    fn packets(&mut self, reader: &mut dyn Read, is_compressed: bool) -> io::Result<()> {
        let mut packets = Packets::new(reader, &self.inner);
        while let Some(tag) = packets.next()? {
            match tag {
                tag::LITERAL if !self.is_begun => self.literal(&mut packets)?,
                tag::LITERAL => return self.refuse(RefusalCode::Corrupt, "the message holds several files"),
                tag::COMPRESSED if is_compressed => {
                    return self.refuse(RefusalCode::Unsupported, "the message is compressed twice");
                }
                tag::COMPRESSED => self.compressed(&mut packets)?,
                // They say who signed, which nothing here depends on.
                tag::SIGNATURE | tag::ONE_PASS_SIGNATURE => self.is_signed = true,
                tag::MARKER | tag::PADDING => {}
                tag if tag >= tag::FIRST_NOT_CRITICAL => {}
                tag::PROTECTED | tag::GNUPG_AEAD | tag::UNPROTECTED => {
                    return self.refuse(RefusalCode::Unsupported, "the message is encrypted twice");
                }
                tag => {
                    let what = format!("the message holds a packet of kind {tag} beside its file");
                    return self.refuse(RefusalCode::Corrupt, &what);
                }
            }
        }
        Ok(())
    }

    fn compressed(&mut self, packets: &mut Packets<&mut dyn Read>) -> io::Result<()> {
        let [method] = packets.take()?;
        let body = BufReader::new(packets);
        let decoder: Box<dyn Read + '_> = match method {
            0 => Box::new(body),
            1 => Box::new(DeflateDecoder::new(body)),
            2 => Box::new(ZlibDecoder::new(body)),
            3 => Box::new(BzDecoder::new(body)),
            method => {
                let what = format!("the message is compressed by method {method}");
                return self.refuse(RefusalCode::Unsupported, &what);
            }
        };
        let (limits, packed, inner) = (self.limits, Rc::clone(&self.packed), self.inner.clone());
        self.packets(&mut Measured { decoder, limits, packed, inner, unpacked: 0 }, true)
    }

    /// Hands the file on.
    fn literal(&mut self, packets: &mut Packets<&mut dyn Read>) -> io::Result<()> {
        let [_form, length] = packets.take()?;
        // Its name and its time.
        for _ in 0..usize::from(length) + 4 {
            let [_] = packets.take()?;
        }
        self.is_begun = true;
        let begun = self.sink.begin(self.name);
        self.keep(begun)?;
        let mut buffer = vec![0; PIECE];
        loop {
            let count = match packets.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.bytes += count as u64;
            let most = self.limits.member_bytes.min(self.limits.total_bytes);
            if self.bytes > most {
                let what = format!("the file in the message has more than the {most} bytes allowed");
                return self.refuse(RefusalCode::TooLarge, &what);
            }
            let written = self.sink.write(buffer.get(..count).unwrap_or_default());
            self.keep(written)?;
        }
    }

    fn keep(&mut self, done: Result<(), S::Error>) -> io::Result<()> {
        done.map_err(|error| {
            self.failure = Some(error);
            io::Error::other("the content is no longer taken")
        })
    }

    fn refuse(&self, code: RefusalCode, what: &str) -> io::Result<()> {
        Err(self.inner.refuse(Refusal::new(code, what)))
    }
}

/// What comes out of a decompressor, measured as it comes.
struct Measured<'a> {
    decoder: Box<dyn Read + 'a>,
    limits: &'a Limits,
    packed: Rc<Cell<u64>>,
    inner: Verdict,
    unpacked: u64,
}

impl Read for Measured<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer)?;
        self.unpacked += count as u64;
        let (unpacked, packed) = (self.unpacked, self.packed.get());
        if self.limits.is_bomb(unpacked, packed) {
            let what = format!(
                "{unpacked} bytes come out of {packed}, more than {} times as many",
                self.limits.ratio
            );
            return Err(self.inner.refuse(Refusal::new(RefusalCode::RatioTooHigh, what)));
        }
        if unpacked > self.limits.total_bytes {
            let most = self.limits.total_bytes;
            let what = format!("the message has more than the {most} bytes allowed when it is decompressed");
            return Err(self.inner.refuse(Refusal::new(RefusalCode::TooLarge, what)));
        }
        Ok(count)
    }
}
