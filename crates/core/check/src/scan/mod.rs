//! Where lines and fields end: the bytes that matter, found 64 at a time.
//!
//! A block of bytes becomes a few masks of 64 bits, one for each kind of byte that matters; the rest is
//! arithmetic on masks. The masks are made by `avx512` or `avx2` where the processor has it, otherwise by `portable`,
//! which is SSE2 on x86-64 and NEON on arm64. All give the same, which tests prove.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(test)]
pub(crate) mod tests;

use tidewaiter_schema::compile::Letters;

/// How many bytes become masks at a time.
pub(crate) const BLOCK: usize = 64;

/// Which bytes of a block are what; bit 0 is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Masks {
    delimiters: u64,
    feeds: u64,
    quotes: u64,
    returns: u64,
    nuls: u64,
}

impl Masks {
    /// The masks of a block, of which `equal` says where a byte is.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "only what is inlined may use the features of a kernel")]
    fn of(delimiter: u8, equal: impl Fn(u8) -> u64) -> Self {
        Self {
            delimiters: equal(delimiter),
            feeds: equal(b'\n'),
            quotes: equal(b'"'),
            returns: equal(b'\r'),
            nuls: equal(0),
        }
    }
}

/// What is done with what a kernel sees. It is compiled for each of them: what `run` calls must be inlined to use the
/// features of the kernel's processor.
pub(crate) trait Work {
    /// Does it. `positions` puts the places of the bits of a mask, counted from a base, at the front of a list.
    fn run(
        self,
        masks: impl Fn(&[u8; BLOCK]) -> Masks,
        positions: impl Fn(u64, u32, &mut [u32; BLOCK]) + Copy,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
    );
}

/// Which code makes the masks, and positions of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// The one that every processor can run.
    Portable,
}

impl Kernel {
    /// Those that this processor can run, the fastest first.
    fn there() -> impl Iterator<Item = Self> {
        let all = [
            #[cfg(target_arch = "x86_64")]
            (Self::Avx512, avx512::is_there()),
            #[cfg(target_arch = "x86_64")]
            (Self::Avx2, avx2::is_there()),
            (Self::Portable, true),
        ];
        all.into_iter().filter_map(|(kernel, is_there)| is_there.then_some(kernel))
    }
}

impl Kernel {
    /// Does some work on lines whose fields end with this byte.
    #[inline]
    pub(crate) fn run(self, delimiter: u8, work: impl Work) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::run(delimiter, work),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::run(delimiter, work),
            Self::Portable => portable::run(delimiter, work),
        }
    }
}

impl Default for Kernel {
    /// The fastest that this processor can run.
    fn default() -> Self {
        Self::there().next().unwrap_or(Self::Portable)
    }
}

/// Where the lines and fields of some whole lines end. Positions are bytes of those lines.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// The end of each field: its delimiter, or the line break. Only the first entries count.
    ends: Vec<u32>,
    /// The quotes. Only the first entries count here too.
    quotes: Vec<u32>,
    lines: Vec<LineEnd>,
}

/// Where a line ends, in the text and in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LineEnd {
    /// The byte behind its line break.
    byte: u32,
    /// Up to here `Index::ends` and `Index::quotes` are about this line and those before it.
    ends: u32,
    quotes: u32,
    control: bool,
}

/// One line of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks<'a> {
    /// The byte at which it begins, and that behind its line break.
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// The end of each field if quotes meant nothing; the last one is the end of the line's content.
    pub(crate) ends: &'a [u32],
    /// The same with more behind it that means nothing, so that many can be looked at at a time.
    pub(crate) padded: &'a [u32],
    /// Its quotes.
    pub(crate) quotes: &'a [u32],
    /// It holds a NUL byte, or a carriage return that does not end it.
    pub(crate) control: bool,
}

impl Marks<'_> {
    /// Where a value begins and ends if quotes mean nothing.
    #[inline]
    pub(crate) fn value(&self, place: usize) -> Option<(u32, u32)> {
        let end = *self.ends.get(place)?;
        let begin = match place.checked_sub(1) {
            Some(before) => self.ends.get(before)? + 1,
            None => self.start,
        };
        Some((begin, end))
    }
}

impl Index {
    /// The lines, in order.
    #[inline]
    pub(crate) fn lines(&self) -> impl Iterator<Item = Marks<'_>> {
        let mut before = LineEnd { byte: 0, ends: 0, quotes: 0, control: false };
        self.lines.iter().map(move |&line| {
            let padded = self.ends.get(before.ends as usize..).unwrap_or_default();
            let marks = Marks {
                start: before.byte,
                end: line.byte,
                ends: padded.get(..(line.ends - before.ends) as usize).unwrap_or_default(),
                padded,
                quotes: self.quotes.get(before.quotes as usize..line.quotes as usize).unwrap_or_default(),
                control: line.control,
            };
            before = line;
            marks
        })
    }

    /// Replaces what it holds by the index of these lines, less than 4 GiB. The last one may lack its line break.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "only what is inlined may use the features of a kernel")]
    pub(crate) fn fill(
        &mut self,
        lines: &[u8],
        masks: impl Fn(&[u8; BLOCK]) -> Masks,
        positions: impl Fn(u64, u32, &mut [u32; BLOCK]) + Copy,
    ) {
        self.lines.clear();
        let most = lines.len() + BLOCK + 1;
        if self.ends.len() < most {
            self.ends.resize(most, 0);
            self.quotes.resize(most, 0);
        }
        let (blocks, rest) = lines.as_chunks::<BLOCK>();
        let mut state = State { base: 0, ends: 0, quotes: 0, control: false };
        for block in blocks {
            let next = lines.get(state.base as usize + BLOCK);
            self.add(&mut state, lines, next == Some(&b'\n'), masks(block), positions);
        }
        if !rest.is_empty() {
            let mut block = [0; BLOCK];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            let there = (1 << rest.len()) - 1;
            let all = masks(&block);
            let masks = Masks {
                delimiters: all.delimiters & there,
                feeds: all.feeds & there,
                quotes: all.quotes & there,
                returns: all.returns & there,
                nuls: all.nuls & there,
            };
            self.add(&mut state, lines, false, masks, positions);
        }
        if self.lines.last().map_or(0, |line| line.byte as usize) < lines.len() {
            self.end(&mut state, lines.len() as u32, lines.len() as u32);
        }
    }

    /// Adds a block. `followed` says whether a line feed follows it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `fill`")]
    fn add(
        &mut self,
        state: &mut State,
        lines: &[u8],
        followed: bool,
        masks: Masks,
        positions: impl Fn(u64, u32, &mut [u32; BLOCK]),
    ) {
        let Masks { delimiters, mut feeds, quotes, returns, nuls } = masks;
        let ends = delimiters | feeds;
        // A carriage return before a line feed belongs to the line break.
        let mut controls = nuls | (returns & !((feeds >> 1) | (u64::from(followed) << (BLOCK - 1))));
        let (ends_before, quotes_before) = (state.ends, state.quotes);
        if let Some(room) = room_behind(&mut self.ends, ends_before) {
            positions(ends, state.base, room);
        }
        state.ends += ends.count_ones();
        if quotes != 0 {
            if let Some(room) = room_behind(&mut self.quotes, quotes_before) {
                positions(quotes, state.base, room);
            }
            state.quotes += quotes.count_ones();
        }
        while feeds != 0 {
            let bit = feeds.trailing_zeros();
            // This bit and all below.
            let upto = feeds ^ (feeds - 1);
            let at = state.base + bit;
            let entry = ends_before + (ends & upto).count_ones();
            if (returns != 0 || bit == 0)
                && at > 0
                && lines.get(at as usize - 1) == Some(&b'\r')
                && let Some(end) = self.ends.get_mut(entry as usize - 1)
            {
                *end -= 1;
            }
            self.lines.push(LineEnd {
                byte: at + 1,
                ends: entry,
                quotes: quotes_before + (quotes & upto).count_ones(),
                control: state.control || controls & upto != 0,
            });
            state.control = false;
            controls &= !upto;
            feeds &= feeds - 1;
        }
        state.control |= controls != 0;
        state.base += BLOCK as u32;
    }

    /// Ends a line that has no line break.
    fn end(&mut self, state: &mut State, content: u32, byte: u32) {
        if let Some(end) = self.ends.get_mut(state.ends as usize) {
            *end = content;
            state.ends += 1;
        }
        self.lines.push(LineEnd { byte, ends: state.ends, quotes: state.quotes, control: state.control });
    }
}

/// What is known between two blocks.
struct State {
    /// Where the next block begins.
    base: u32,
    /// How many ends and quotes there are.
    ends: u32,
    quotes: u32,
    /// The line that has begun holds a control character.
    control: bool,
}

/// Where the places of a block's bits go in a list, behind those that are there.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `fill`")]
fn room_behind(list: &mut [u32], there: u32) -> Option<&mut [u32; BLOCK]> {
    list.get_mut(there as usize..).and_then(|room| room.first_chunk_mut())
}

/// The places of the bits, at the front of `room`. What lies behind them is of no use.
#[inline(always)]
#[expect(clippy::inline_always, reason = "see `fill`")]
fn positions(mut bits: u64, base: u32, room: &mut [u32; BLOCK]) {
    // Eight at a time: where the loop ends is easier to foresee than after each.
    for eight in room.as_chunks_mut::<8>().0 {
        if bits == 0 {
            break;
        }
        for place in eight {
            *place = base + bits.trailing_zeros();
            bits &= bits.wrapping_sub(1);
        }
    }
}
