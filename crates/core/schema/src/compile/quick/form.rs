//! Forms: texts of at most 16 bytes, each byte of which lies within bounds of its own.

use regex_syntax::hir::{Class, Hir, HirKind};
use wide::u8x16;

/// How many forms a pattern may stand for; of more, its automaton is as fast.
const MOST: usize = 6;

/// The texts of a certain length whose bytes lie within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// The least byte in each place, and the greatest one. Behind the text anything goes.
    first: [u8; 16],
    last: [u8; 16],
    length: usize,
}

impl Form {
    /// No byte yet.
    const EMPTY: Self = Self { first: [0; 16], last: [0xff; 16], length: 0 };

    /// The form of texts between these two, byte by byte.
    pub(super) const fn between(first: [u8; 16], last: [u8; 16]) -> Self {
        Self { first, last, length: 16 }
    }

    /// True if these bytes begin with a text of this form.
    #[inline]
    pub(super) fn begins(&self, bytes: &[u8; 16]) -> bool {
        let (first, last) = (u8x16::new(self.first), u8x16::new(self.last));
        let above = u8x16::new(*bytes) - first;
        above.min(last - first).simd_eq(above).to_bitmask() == 0xffff
    }

    /// True if these bytes begin with a text of this form, of which this is the length.
    #[inline]
    pub(super) fn is_whole(&self, bytes: &[u8; 16], length: usize) -> bool {
        (self.length == length) & self.begins(bytes)
    }

    /// The forms of the texts that match a pattern as a whole, as far as they are ASCII; None if they are not a few of at
    /// most 16 bytes.
    pub(crate) fn of(pattern: &Hir) -> Option<Box<[Self]>> {
        Some(Self::extended(&[Self::EMPTY], pattern)?.into_boxed_slice())
    }

    /// Each of these forms with what matches behind it.
    fn extended(forms: &[Self], hir: &Hir) -> Option<Vec<Self>> {
        let every = |options: Vec<Option<Vec<Self>>>| {
            let forms: Option<Vec<_>> = options.into_iter().collect();
            forms.map(|forms| forms.concat()).filter(|forms| forms.len() <= MOST)
        };
        match hir.kind() {
            HirKind::Empty => Some(forms.to_vec()),
            HirKind::Literal(literal) => {
                let then =
                    |form: &Self| literal.0.iter().try_fold(*form, |form, byte| form.then(*byte, *byte));
                forms.iter().map(then).collect()
            }
            HirKind::Class(class) => {
                let one =
                    |(first, last): &(u8, u8)| forms.iter().map(|form| form.then(*first, *last)).collect();
                every(ranges(class).iter().map(one).collect())
            }
            HirKind::Capture(capture) => Self::extended(forms, &capture.sub),
            HirKind::Concat(parts) => {
                parts.iter().try_fold(forms.to_vec(), |forms, part| Self::extended(&forms, part))
            }
            HirKind::Alternation(options) => {
                every(options.iter().map(|option| Self::extended(forms, option)).collect())
            }
            HirKind::Repetition(repeated) => {
                let (mut now, mut all) = (forms.to_vec(), Vec::new());
                for count in 0..=repeated.max.filter(|&most| most <= 16)? {
                    if count >= repeated.min {
                        all.push(Some(now.clone()));
                    }
                    if count < repeated.max? {
                        now = Self::extended(&now, &repeated.sub)?;
                    }
                }
                every(all)
            }
            HirKind::Look(_) => None,
        }
    }

    /// The form with a byte within bounds behind it.
    fn then(mut self, first: u8, last: u8) -> Option<Self> {
        *self.first.get_mut(self.length)? = first;
        *self.last.get_mut(self.length)? = last;
        self.length += 1;
        Some(self)
    }
}

/// The ASCII characters of a class. Of the others a form says nothing, so that they are left to the exact way.
fn ranges(class: &Class) -> Vec<(u8, u8)> {
    let ranges: Vec<_> = match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let ascii = |(first, last): (u32, u32)| {
        let first = u8::try_from(first).ok().filter(u8::is_ascii)?;
        Some((first, u8::try_from(last).unwrap_or(u8::MAX).min(0x7f)))
    };
    ranges.into_iter().filter_map(ascii).collect()
}
