//! A whole line at a glance: how long its values are decides about most columns, and the lengths of all of them are looked
//! at together. Like a quick way, a glance may only say yes.

use super::rules::Plan;
use super::scan::Marks;
use super::split::Span;
use crate::schema::compile::{Lengths, Quick};

/// What is asked of the values of a line.
#[derive(Debug, Default)]
pub(crate) struct Glance {
    /// By column: the least length that is right in bytes, and how many more it may have.
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
            let decided = match quick {
                Quick::Text(Lengths { least: 0, most }) => Some((u32::from(!empty), *most)),
                Quick::Text(Lengths { least, most }) if !empty => {
                    u32::try_from(*least).ok().map(|least| (least, *most))
                }
                _ => None,
            };
            let (least, most) = decided.unwrap_or((0, usize::MAX));
            glance.least.push(least);
            glance.spread.push(u32::try_from(most).unwrap_or(u32::MAX).saturating_sub(least));
            if decided.is_none() {
                glance.closer.push(Closer { place, quick: quick.clone(), empty: *empty });
            }
        }
        glance
    }

    /// True if the values of a line without quotes have lengths that are right beyond doubt, wherever their length
    /// decides. It has as many values as there are columns.
    #[inline]
    pub(crate) fn accepts_lengths(&self, line: Marks<'_>) -> bool {
        let Self { least, spread, .. } = self;
        let ([first_end, ..], [first_least, ..], [first_spread, ..]) =
            (line.ends, least.as_slice(), spread.as_slice())
        else {
            return false;
        };
        let mut wrong = is_wrong(first_end.wrapping_sub(line.start), *first_least, *first_spread);
        // Without a branch: this is done for many columns at once.
        for (((before, end), least), spread) in
            line.ends.iter().zip(behind(line.ends)).zip(behind(least)).zip(behind(spread))
        {
            wrong |= is_wrong(end.wrapping_sub(before + 1), *least, *spread);
        }
        wrong == 0
    }

    /// The same for a line whose values stand in these spans of it.
    #[inline]
    pub(crate) fn accepts_spans(&self, spans: &[Span]) -> bool {
        let sizes = self.least.iter().zip(&self.spread);
        let wrong = spans.iter().zip(sizes).fold(0, |wrong, (span, (least, spread))| {
            let length = span.end.wrapping_sub(span.start);
            // Of a value with doubled quotes, at least half remains.
            let remains = length >> u32::from(span.doubled);
            wrong | is_wrong(length, *least, *spread) | u32::from(remains < *least)
        });
        wrong == 0
    }

    /// True if all other values of a line are good: each stands where `place` says. Those that a quick way does not let
    /// pass are judged by `is_good`, which is told the column.
    #[inline]
    pub(crate) fn accepts_others(
        &self,
        lines: &[u8],
        place: impl Fn(usize) -> Option<(u32, u32)>,
        is_good: impl Fn(usize) -> bool,
    ) -> bool {
        self.closer.iter().all(|closer| {
            place(closer.place).is_some_and(|value| closer.accepts(lines, value)) || is_good(closer.place)
        })
    }
}

impl Closer {
    #[inline]
    fn accepts(&self, lines: &[u8], (begin, end): (u32, u32)) -> bool {
        let tail = lines.get(begin as usize..).unwrap_or_default();
        self.quick.accepts(tail, (end - begin) as usize, self.empty)
    }
}

#[inline]
fn is_wrong(length: u32, least: u32, spread: u32) -> u32 {
    u32::from(length.wrapping_sub(least) > spread)
}

/// All but the first.
#[inline]
fn behind(all: &[u32]) -> &[u32] {
    all.get(1..).unwrap_or_default()
}
