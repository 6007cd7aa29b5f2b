//! A whole line at a glance: how long its values are decides about most columns, and the lengths of all of them are looked
//! at together. Like a quick way, a glance may only say yes.

use tidewaiter_schema::compile::{Lengths, Letters, Quick};

use super::plan::Plan;
use super::scan::{BLOCK, Marks};
use super::split::Span;

/// How many lengths are looked at together.
const LANES: usize = 8;

/// What is asked of the values of a line.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// By column: the least length that is right in bytes, and how many more it may have. Behind the first column come full
    /// [`LANES`]; what is added to that end takes any length.
    least: Vec<u32>,
    spread: Vec<u32>,
    /// The columns about which their length does not decide.
    closer: Vec<Closer>,
}

/// A column whose values are looked at.
#[derive(Debug)]
struct Closer {
    place: usize,
    quick: Quick,
    empty: bool,
}

impl Glance {
    pub(crate) fn new(plan: &[Plan]) -> Self {
        let mut glance = Self::default();
        for (place, Plan { quick, empty, .. }) in plan.iter().enumerate() {
            let decided = match quick.lengths() {
                Some(Lengths { least: 0, most }) => Some((u32::from(!empty), most)),
                Some(Lengths { least, most }) if !empty => {
                    u32::try_from(least).ok().map(|least| (least, most))
                }
                _ => None,
            };
            // In bytes, the least length that is right beyond doubt may be more than the greatest one: 2 to 5 characters.
            let decided = decided.filter(|(least, most)| *least as usize <= *most);
            let (least, most) = decided.unwrap_or(ANY);
            glance.size(least, most);
            if decided.is_none() {
                glance.closer.push(Closer { place, quick: quick.clone(), empty: *empty });
            }
        }
        while !behind(&glance.least).len().is_multiple_of(LANES) {
            glance.size(ANY.0, ANY.1);
        }
        glance
    }

    /// Adds a column.
    fn size(&mut self, least: u32, most: usize) {
        self.least.push(least);
        self.spread.push(u32::try_from(most).unwrap_or(u32::MAX).saturating_sub(least));
    }

    /// True if the values of a line without quotes have lengths that are right beyond doubt, wherever their length
    /// decides. It has as many values as there are columns.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "only what is inlined may use the features of a kernel")]
    pub(crate) fn accepts_lengths(&self, line: Marks<'_>) -> bool {
        let Self { least, spread, .. } = self;
        let Some(ends) = line.padded.get(..least.len()) else { return false };
        let ([end, ..], [first_least, ..], [first_spread, ..]) = (ends, least.as_slice(), spread.as_slice())
        else {
            return false;
        };
        if is_wrong(end.wrapping_sub(line.start), *first_least, *first_spread) > 0 {
            return false;
        }
        // Without a branch: this is done for many columns at once.
        let mut wrong = [0; LANES];
        let sizes = lanes(behind(least)).zip(lanes(behind(spread)));
        for ((befores, ends), (least, spread)) in lanes(ends).zip(lanes(behind(ends))).zip(sizes) {
            let lengths =
                befores.iter().zip(ends).map(|(before, end)| end.wrapping_sub(before.wrapping_add(1)));
            for (((wrong, length), least), spread) in wrong.iter_mut().zip(lengths).zip(least).zip(spread) {
                *wrong |= is_wrong(length, *least, *spread);
            }
        }
        wrong == [0; LANES]
    }

    /// The same for a line whose values stand in these spans of it; `doubled` says whether one of them holds doubled quotes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `accepts_lengths`")]
    pub(crate) fn accepts_spans(&self, spans: &[Span], doubled: bool) -> bool {
        let spans = || spans.iter().zip(&self.least);
        let wrong = spans().zip(&self.spread).fold(0, |wrong, ((span, least), spread)| {
            wrong | is_wrong(span.end.wrapping_sub(span.start), *least, *spread)
        });
        // Of a value with doubled quotes, at least half remains.
        let remains = |span: &Span| span.end.wrapping_sub(span.start) >> u32::from(span.doubled);
        wrong == 0 && !(doubled && spans().any(|(span, least)| remains(span) < *least))
    }

    /// True if all other values of a line are good: each stands where `place` says. Those that a quick way does not let
    /// pass are judged by `is_good`, which is told the column.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `accepts_lengths`")]
    pub(crate) fn accepts_others(
        &self,
        lines: &[u8],
        place: impl Fn(usize) -> Option<(u32, u32)>,
        letters: impl Fn(&[u8; BLOCK]) -> Letters + Copy,
        is_good: impl Fn(usize) -> bool,
    ) -> bool {
        for closer in &self.closer {
            let passes = match place(closer.place) {
                Some(value) => closer.accepts(lines, value, letters),
                None => false,
            };
            if !passes && !is_good(closer.place) {
                return false;
            }
        }
        true
    }
}

impl Closer {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see `accepts_lengths`")]
    fn accepts(
        &self,
        lines: &[u8],
        (begin, end): (u32, u32),
        letters: impl Fn(&[u8; BLOCK]) -> Letters,
    ) -> bool {
        let tail = lines.get(begin as usize..).unwrap_or_default();
        self.quick.accepts(tail, (end - begin) as usize, self.empty, letters)
    }
}

/// The bounds of a length that is right in any case.
const ANY: (u32, usize) = (0, usize::MAX);

#[inline]
fn is_wrong(length: u32, least: u32, spread: u32) -> u32 {
    u32::from(length.wrapping_sub(least) > spread)
}

/// All but the first.
#[inline]
fn behind(all: &[u32]) -> &[u32] {
    all.get(1..).unwrap_or_default()
}

/// As many at a time as are looked at together.
#[inline]
fn lanes(all: &[u32]) -> std::slice::Iter<'_, [u32; LANES]> {
    all.as_chunks().0.iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dialect::CellFormat;
    use crate::plan::Need;
    use crate::scan::tests::fill;
    use crate::scan::{Index, Kernel};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn lengths_are_judged_as_one_by_one(
            columns in prop::collection::vec((1_usize..6, any::<bool>(), 0_usize..7, any::<bool>()), 1..40),
            lenient in any::<bool>(),
            before in "(a{0,7};)*\n",
            behind in "(\n(a{0,7};)*)?",
        ) {
            // Most values of most lines are right, or only wrong ones would be tried.
            let columns = columns.into_iter().map(|(most, empty, length, doubled)| {
                if lenient {
                    (most.max(5), true, length, doubled && length > 1)
                } else {
                    (most, empty, length, doubled)
                }
            });
            let columns: Vec<_> = columns.collect();
            let plan = |&(most, empty, ..): &(usize, bool, usize, bool)| Plan {
                column: Some(0),
                format: CellFormat::default(),
                need: Need::Optional,
                empty,
                quick: Quick::text(Lengths { least: 0, most }),
            };
            let glance = Glance::new(&columns.iter().map(plan).collect::<Vec<_>>());
            let values: Vec<_> = columns.iter().map(|&(_, _, length, _)| "x".repeat(length)).collect();
            let lines = format!("{before}{}{behind}", values.join(";"));
            let fits = |most: usize, empty: bool, length: usize| length <= most && (empty || length > 0);

            let mut index = Index::default();
            fill(&mut index, lines.as_bytes(), b';', Kernel::default());
            if let Some(line) = index.lines().nth(1) {
                let expected = columns.iter().all(|&(most, empty, length, _)| fits(most, empty, length));
                prop_assert_eq!(glance.accepts_lengths(line), expected);
            }

            let span = |&(_, _, length, doubled): &(usize, bool, usize, bool)| Span {
                start: 7,
                end: 7 + length as u32,
                doubled,
            };
            let spans: Vec<Span> = columns.iter().map(span).collect();
            let expected = columns.iter().all(|&(most, empty, length, doubled)| {
                fits(most, empty, length) && (empty || length >> u32::from(doubled) > 0)
            });
            let doubled = spans.iter().any(|span| span.doubled);
            prop_assert_eq!(glance.accepts_spans(&spans, doubled), expected);
        }
    }
}
