//! From the marks of a line to its fields.

use super::scan::Marks;
use super::split::{QuoteFault, Span};

/// Where the values of a line stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fields<'a> {
    /// There are no quotes: each field ends where one of these says, and the next one begins behind it. Both
    /// count from where `start` does.
    Plain { start: u32, ends: &'a [u32] },
    /// There are quotes.
    Quoted(&'a [Span]),
}

impl<'a> Fields<'a> {
    /// How many there are.
    #[inline]
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Plain { ends, .. } => ends.len(),
            Self::Quoted(spans) => spans.len(),
        }
    }

    /// Where the value of a field stands, counted from 0.
    #[inline]
    pub(crate) fn span(self, number: usize) -> Option<Span> {
        match self {
            Self::Plain { start, ends } => {
                let end = *ends.get(number)?;
                let before = number.checked_sub(1).and_then(|before| ends.get(before));
                let begin = before.map_or(start, |end| end + 1);
                Some(Span { start: begin - start, end: end - start, doubled: false })
            }
            Self::Quoted(spans) => spans.get(number).copied(),
        }
    }

    /// Where the values stand.
    #[inline]
    pub(crate) fn spans(self) -> impl ExactSizeIterator<Item = Span> + use<'a> {
        (0..self.len())
            .map(move |number| self.span(number).unwrap_or(Span { start: 0, end: 0, doubled: false }))
    }
}

/// Splits a line with quotes, and gives the number of its fields, and whether one of them holds doubled quotes. At most
/// `most` spans are kept. Positions of spans and faults count from the line.
pub(crate) fn quoted(
    line: Marks<'_>,
    most: usize,
    spans: &mut Vec<Span>,
) -> Result<(usize, bool), QuoteFault> {
    spans.clear();
    let at = |byte: u32| byte.wrapping_sub(line.start);
    let (mut start, mut ends, mut quotes, mut field) = (line.start, line.ends, line.quotes, 0);
    let mut any_doubled = false;
    while let [quote, behind @ ..] = quotes {
        // From one quote to the next one, and not from field to field: where fields end cannot be foreseen.
        let (plain, rest) = cut(ends, *quote);
        add_plain(spans, most, line.start, start, plain);
        field += plain.len();
        start = plain.last().map_or(start, |end| end + 1);
        if *quote != start {
            return Err(QuoteFault::Stray { field, at: at(*quote) as usize });
        }
        let Some(Closing { close, doubled, behind }) = Closing::find(behind) else {
            return Err(QuoteFault::Open { field, at: at(start) as usize });
        };
        // The delimiters within the quotes end nothing.
        let (_, rest) = cut(rest, close);
        if rest.first() != Some(&(close + 1)) {
            return Err(QuoteFault::Stray { field, at: at(close + 1) as usize });
        }
        if spans.len() < most {
            spans.push(Span { start: at(start + 1), end: at(close), doubled });
        }
        field += 1;
        any_doubled |= doubled;
        start = close + 2;
        (ends, quotes) = (rest.get(1..).unwrap_or_default(), behind);
    }
    add_plain(spans, most, line.start, start, ends);
    Ok((field + ends.len(), any_doubled))
}

/// Adds the spans of fields without quotes, of which the first one begins at `start`. Positions count from `line`.
#[inline]
fn add_plain(spans: &mut Vec<Span>, most: usize, line: u32, start: u32, ends: &[u32]) {
    let span = |(start, end): (u32, &u32)| Span { start: start - line, end: end - line, doubled: false };
    let room = most.saturating_sub(spans.len());
    if let ([first, behind @ ..], 1..) = (ends, room) {
        spans.push(span((start, first)));
        spans.extend(ends.iter().map(|end| end + 1).zip(behind).take(room - 1).map(span));
    }
}

/// A quote that closes a field.
struct Closing<'a> {
    close: u32,
    /// There are doubled quotes before it.
    doubled: bool,
    /// The quotes behind it.
    behind: &'a [u32],
}

impl<'a> Closing<'a> {
    /// The first of these quotes that is not doubled.
    #[inline]
    fn find(mut quotes: &'a [u32]) -> Option<Self> {
        let mut doubled = false;
        loop {
            let (close, behind) = quotes.split_first()?;
            match behind.split_first() {
                Some((next, rest)) if *next == close + 1 => (quotes, doubled) = (rest, true),
                _ => return Some(Self { close: *close, doubled, behind }),
            }
        }
    }
}

/// The ends before a byte, and those behind it.
#[inline]
fn cut(ends: &[u32], byte: u32) -> (&[u32], &[u32]) {
    let before = ends.iter().position(|end| *end > byte).unwrap_or(ends.len());
    ends.split_at_checked(before).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::tests::fill;
    use crate::scan::{Index, Kernel};
    use crate::split;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn fields_are_those_that_are_found_byte_by_byte(
            before in "[a;\"]{0,9}",
            line in "[a;é]{0,3}(\"?[a;é\"]{0,7}\"?;?){0,5}",
            most in 1_usize..6,
        ) {
            let lines = format!("{before}\n{line}\n");
            let mut index = Index::default();
            fill(&mut index, lines.as_bytes(), b';', Kernel::default());
            let marks = index.lines().nth(1).unwrap();
            let (mut expected, mut spans) = (Vec::new(), Vec::new());
            let fields = split::quoted(line.as_bytes(), b';', most, &mut expected);
            let found = quoted(marks, most, &mut spans);
            prop_assert_eq!(found.map(|(fields, _)| fields), fields);
            if let Ok((_, doubled)) = found {
                let mut all = Vec::new();
                split::quoted(line.as_bytes(), b';', usize::MAX, &mut all).unwrap();
                prop_assert_eq!(doubled, all.iter().any(|span| span.doubled));
                prop_assert_eq!(&spans, &expected);
                prop_assert_eq!(&Fields::Quoted(&spans).spans().collect::<Vec<_>>(), &expected);
                if !line.contains('"') && spans.len() < most {
                    let plain = Fields::Plain { start: marks.start, ends: marks.ends };
                    prop_assert_eq!(plain.spans().collect::<Vec<_>>(), expected);
                }
            }
        }
    }
}
