//! Each kernel against a loop over bytes.

use proptest::prelude::*;
use tidewaiter_schema::compile::Letters;

use super::{BLOCK, Index, Kernel, Masks, Work};

/// An index, and the letters of a block, as a kernel makes them.
struct Seeing<'a> {
    lines: &'a [u8],
    index: &'a mut Index,
    block: &'a [u8; BLOCK],
    letters: Option<&'a mut Letters>,
}

impl Work for Seeing<'_> {
    fn run(
        self,
        masks: impl Fn(&[u8; BLOCK]) -> Masks,
        positions: impl Fn(u64, u32, &mut [u32; BLOCK]) + Copy,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
    ) {
        self.index.fill(self.lines, masks, positions);
        if let Some(seen) = self.letters {
            *seen = letters(self.block);
        }
    }
}

/// Replaces what an index holds by that of some lines.
pub(crate) fn fill(index: &mut Index, lines: &[u8], delimiter: u8, kernel: Kernel) {
    kernel.run(delimiter, Seeing { lines, index, block: &[0; BLOCK], letters: None });
}

/// A line as a loop over bytes sees it.
#[derive(Debug, PartialEq)]
struct Seen {
    start: usize,
    end: usize,
    ends: Vec<usize>,
    quotes: Vec<usize>,
    control: bool,
}

fn by_kernel(lines: &[u8], delimiter: u8, kernel: Kernel, index: &mut Index) -> Vec<Seen> {
    let places = |places: &[u32]| places.iter().map(|&place| place as usize).collect();
    fill(index, lines, delimiter, kernel);
    let seen = index.lines().map(|line| Seen {
        start: line.start as usize,
        end: line.end as usize,
        ends: places(line.ends),
        quotes: places(line.quotes),
        control: line.control,
    });
    seen.collect()
}

fn by_hand(lines: &[u8], delimiter: u8) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut start = 0;
    for raw in lines.split_inclusive(|&b| b == b'\n') {
        let content = match raw.strip_suffix(b"\n") {
            Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
            None => raw,
        };
        let all =
            |wanted: u8| (0..content.len()).filter(move |&n| content[n] == wanted).map(move |n| start + n);
        seen.push(Seen {
            start,
            end: start + raw.len(),
            ends: all(delimiter).chain([start + content.len()]).collect(),
            quotes: all(b'"').collect(),
            control: content.contains(&0) || content.contains(&b'\r'),
        });
        start += raw.len();
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn kernels_see_what_a_loop_sees(
        pieces in prop::collection::vec(prop_oneof![
            Just(&b";"[..]), Just(&b"\n"[..]), Just(&b"\r\n"[..]), Just(&b"\r"[..]), Just(&b"\""[..]), Just(&b"\0"[..]),
            Just(&b" "[..]), Just(&b"plain text"[..]), Just("é".as_bytes()), Just(&b"\xff"[..]),
            Just(&b"a text that is longer than a block of sixty-four bytes, so that some have nothing in them"[..]),
        ], 0..200),
        delimiter in prop_oneof![Just(b';'), Just(b' '), Just(b'\t')],
    ) {
        let lines = pieces.concat();
        let expected = by_hand(&lines, delimiter);
        // What an index held before must not be seen again.
        let mut index = Index::default();
        fill(&mut index, b"\"1;\n;2\"\r3", b';', Kernel::default());
        for kernel in Kernel::there() {
            prop_assert_eq!(by_kernel(&lines, delimiter, kernel, &mut index), &expected[..], "{:?}", kernel);
        }
    }
}

#[test]
fn every_byte_at_every_place() {
    let mut index = Index::default();
    for at in 0..130 {
        for byte in 0..=255 {
            let mut lines = [b'x'; 130];
            lines[at] = byte;
            let expected = by_hand(&lines, b';');
            for kernel in Kernel::there() {
                assert_eq!(by_kernel(&lines, b';', kernel, &mut index), expected, "{byte} at {at}");
            }
        }
    }
}

#[test]
fn every_letter_at_every_place() {
    // Behind these nothing need be said.
    const SAID: usize = 48;
    for at in 0..SAID {
        for byte in 0..=255_u8 {
            let mut block = [b'x'; BLOCK];
            block[at] = byte;
            let is = |what: bool| u64::from(what) << at;
            let rest = !(1 << at);
            let expected = Letters {
                words: rest | is(byte.is_ascii_alphanumeric()),
                ats: is(byte == b'@'),
                dots: is(byte == b'.'),
                hyphens: is(byte == b'-'),
                others: is(byte == b'_' || byte == b'+'),
            };
            let said = |letters: Letters| {
                let Letters { words, ats, dots, hyphens, others } = letters;
                [words, ats, dots, hyphens, others].map(|bits| bits & ((1 << SAID) - 1))
            };
            for kernel in Kernel::there() {
                let mut letters = Letters { words: 0, ats: 0, dots: 0, hyphens: 0, others: 0 };
                let (index, block) = (&mut Index::default(), &block);
                kernel.run(b';', Seeing { lines: b"", index, block, letters: Some(&mut letters) });
                assert_eq!(said(letters), said(expected), "{byte} at {at}, {kernel:?}");
            }
        }
    }
}
