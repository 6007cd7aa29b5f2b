//! bzip2 on several processors.
//!
//! A bzip2 stream is a sequence of blocks of at most 900 kB, each decoded by itself, which takes long: one processor gives
//! some 35 MB a second. So blocks are cut out where the next one seems to begin, decoded side by side, and handed on in
//! their order.
//!
//! Where a block begins is no more than a guess, since its mark may stand at any bit and may occur within a block. A wrong
//! guess shows: what was cut out does not decode, or its checksum does not fit. Then, and with whatever else is not as it
//! mostly is, the stream is read again from its beginning by one decoder, which decides. What comes out, and what is said
//! of a broken archive, is the same.

mod block;
mod marks;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, Cursor, Read, Seek};
use std::thread;

use bzip2::bufread::BzDecoder;

use self::block::Block;
use self::marks::{CHECKSUM_BITS, MARK_BITS};
use crate::source::Source;

/// How many bytes are read at a time.
const PIECE: u64 = 256 << 10;
/// The longest block that is looked for, in bits: more than twice what 900 kB of noise take.
const LONGEST_BITS: u64 = (2 << 20) * 8;
/// The bits before the first mark: `BZh` and a digit.
const HEAD_BITS: u64 = 32;
/// The most blocks that are decoded side by side: what they hold is in memory.
const MOST: usize = 8;

/// A stream of unpacked bytes out of one bzip2 stream.
pub(crate) struct Bz2<'a, R> {
    way: Way<'a, R>,
}

enum Way<'a, R> {
    Blocks(Box<Blocks<'a, R>>),
    Whole(BzDecoder<&'a mut Source<R>>),
    /// Only while one way is left for the other.
    Neither,
}

impl<'a, R: Read + Seek> Bz2<'a, R> {
    /// The stream that begins where the source stands.
    pub(crate) fn new(source: &'a mut Source<R>) -> Self {
        Self::on(source, thread::available_parallelism().map_or(1, usize::from))
    }

    /// The same on so many processors.
    pub(crate) fn on(source: &'a mut Source<R>, processors: usize) -> Self {
        let way = if processors > 1 {
            Way::Blocks(Box::new(Blocks::new(source, processors.min(MOST))))
        } else {
            Way::Whole(BzDecoder::new(source))
        };
        Self { way }
    }

    /// Goes from blocks to one decoder, which reads the stream from its beginning, and leaves out what was given.
    fn change_over(&mut self) -> io::Result<()> {
        if let Way::Blocks(blocks) = std::mem::replace(&mut self.way, Way::Neither) {
            let Blocks { source, start, given, .. } = *blocks;
            source.seek_to(start)?;
            let mut decoder = BzDecoder::new(source);
            io::copy(&mut decoder.by_ref().take(given), &mut io::sink())?;
            self.way = Way::Whole(decoder);
        }
        Ok(())
    }

    /// Up to which byte of the source it has read for what it has given so far.
    pub(crate) fn position(&self) -> u64 {
        match &self.way {
            Way::Blocks(blocks) => blocks.position,
            Way::Whole(decoder) => decoder.get_ref().position(),
            Way::Neither => 0,
        }
    }

    /// The source; behind the stream, once that has ended. None only after a failure of the source.
    pub(crate) fn into_inner(self) -> Option<&'a mut Source<R>> {
        match self.way {
            Way::Blocks(blocks) => Some(blocks.source),
            Way::Whole(decoder) => Some(decoder.into_inner()),
            Way::Neither => None,
        }
    }
}

impl<R: Read + Seek> Read for Bz2<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Way::Blocks(blocks) = &mut self.way {
            if let Some(count) = blocks.read(buffer)? {
                return Ok(count);
            }
            self.change_over()?;
        }
        match &mut self.way {
            Way::Whole(decoder) => decoder.read(buffer),
            Way::Blocks(_) | Way::Neither => Err(io::Error::other("the source failed before")),
        }
    }
}

/// The blocks of one stream.
struct Blocks<'a, R> {
    source: &'a mut Source<R>,
    processors: usize,
    /// Where the stream begins.
    start: u64,
    /// What was read of the source and is needed still.
    window: Window,
    /// The digit of its head: how large blocks are. None before it is read.
    level: Option<u8>,
    /// The bit of the window at which the next mark is.
    next: u64,
    /// The checksum of all blocks that are decoded.
    checksum: u32,
    /// What is decoded and not given yet, and up to which byte of the source each part of it is from.
    ready: VecDeque<(Cursor<Vec<u8>>, u64)>,
    /// How many bytes were given, and up to which byte of the source they are from.
    given: u64,
    position: u64,
    /// What comes behind what is ready.
    then: Then,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Blocks,
    /// Nothing: all of it was in order.
    End,
    /// Something that one decoder for the whole stream has to look at.
    Odd,
}

/// What was found at a mark.
enum Found {
    Block(Block),
    /// The end of the stream, the byte of the source behind it, and the checksum of all blocks.
    End(u64, u32),
}

impl<'a, R: Read + Seek> Blocks<'a, R> {
    fn new(source: &'a mut Source<R>, processors: usize) -> Self {
        let start = source.position();
        Self {
            source,
            processors,
            start,
            window: Window::new(start),
            level: None,
            next: 0,
            checksum: 0,
            ready: VecDeque::new(),
            given: 0,
            position: start,
            then: Then::Blocks,
        }
    }

    /// Some bytes, or none at the end of the stream. None if it is not for us to say what comes next.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        loop {
            if let Some((bytes, end)) = self.ready.front_mut() {
                let count = bytes.read(buffer)?;
                if count > 0 {
                    self.given += count as u64;
                    self.position = *end;
                    return Ok(Some(count));
                }
                self.ready.pop_front();
                continue;
            }
            match self.then {
                Then::Blocks => self.decode()?,
                Then::End => return Ok(Some(0)),
                Then::Odd => return Ok(None),
            }
        }
    }

    /// Decodes the next blocks, as many as there are processors.
    fn decode(&mut self) -> io::Result<()> {
        let mut blocks = Vec::new();
        let mut end = None;
        while blocks.len() < self.processors && end.is_none() && self.then == Then::Blocks {
            match self.find()? {
                Some(Found::Block(block)) => blocks.push(block),
                Some(Found::End(behind, checksum)) => end = Some((behind, checksum)),
                None => self.then = Then::Odd,
            }
        }
        for (block, decoded) in blocks.iter().zip(block::decode(&blocks)) {
            let Some(bytes) = decoded else {
                self.then = Then::Odd;
                return Ok(());
            };
            self.checksum = self.checksum.rotate_left(1) ^ block.checksum;
            self.ready.push_back((Cursor::new(bytes), block.end));
        }
        if let Some((behind, checksum)) = end {
            self.then = if checksum == self.checksum { Then::End } else { Then::Odd };
            self.source.seek_to(behind)?;
        }
        Ok(())
    }

    /// What is at the next mark. None if that is not clear.
    fn find(&mut self) -> io::Result<Option<Found>> {
        self.next -= self.window.forget(self.next);
        let Some(level) = self.head()? else { return Ok(None) };
        let at = self.next;
        let behind = at + MARK_BITS + CHECKSUM_BITS;
        if !self.window.reach(self.source, behind)? {
            return Ok(None);
        }
        let bits = &self.window.bytes;
        let checksum =
            marks::bits(bits, at + MARK_BITS, CHECKSUM_BITS).and_then(|sum| u32::try_from(sum).ok());
        match (marks::bits(bits, at, MARK_BITS), checksum) {
            (Some(marks::END), Some(checksum)) => Ok(Some(Found::End(self.window.byte(behind), checksum))),
            (Some(marks::BLOCK), Some(checksum)) => {
                let Some(next) = self.mark_behind(behind)? else { return Ok(None) };
                self.next = next;
                let packed = block::alone(&self.window.bytes, at..next, level, checksum);
                Ok(Some(Found::Block(Block { packed, checksum, end: self.window.byte(next) })))
            }
            _ => Ok(None),
        }
    }

    /// The digit of the stream's head, and the first mark is behind it.
    fn head(&mut self) -> io::Result<Option<u8>> {
        if self.level.is_none()
            && self.window.reach(self.source, HEAD_BITS)?
            && let Some([b'B', b'Z', b'h', level @ b'1'..=b'9']) = self.window.bytes.first_chunk()
        {
            self.level = Some(*level);
            self.next = HEAD_BITS;
        }
        Ok(self.level)
    }

    /// The first mark from a bit on, if there is one near enough.
    fn mark_behind(&mut self, from: u64) -> io::Result<Option<u64>> {
        let mut from = from;
        loop {
            match marks::find(&self.window.bytes, from) {
                Ok(mark) => return Ok(Some(mark)),
                Err(looked) => from = looked,
            }
            let bits = self.window.bits();
            if bits > LONGEST_BITS || !self.window.reach(self.source, bits + 1)? {
                return Ok(None);
            }
        }
    }
}

/// What was read ahead of the source.
struct Window {
    bytes: Vec<u8>,
    /// The position of the first of them.
    base: u64,
}

impl Window {
    fn new(base: u64) -> Self {
        Self { bytes: Vec::new(), base }
    }

    /// How many bits there are.
    fn bits(&self) -> u64 {
        self.bytes.len() as u64 * 8
    }

    /// The byte of the source that is not before this bit.
    fn byte(&self, bit: u64) -> u64 {
        self.base + bit.div_ceil(8)
    }

    /// Forgets whole bytes before a bit: how many bits these were.
    fn forget(&mut self, bit: u64) -> u64 {
        let count = usize::try_from(bit / 8).unwrap_or(usize::MAX).min(self.bytes.len());
        self.bytes.drain(..count);
        self.base += count as u64;
        count as u64 * 8
    }

    /// Reads on until there are so many bits; false if the source has no more.
    fn reach(&mut self, source: &mut Source<impl Read + Seek>, bits: u64) -> io::Result<bool> {
        while self.bits() < bits {
            if source.take(PIECE).read_to_end(&mut self.bytes)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
