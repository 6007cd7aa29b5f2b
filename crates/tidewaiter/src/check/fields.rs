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

/// Splits a line with quotes, and gives the number of its fields. At most `most` spans are kept. Positions of spans and faults count from the line.
pub(crate) fn quoted(line: Marks<'_>, most: usize, spans: &mut Vec<Span>) -> Result<usize, QuoteFault> {
    spans.clear();
    let (mut ends, mut quotes) = (line.ends.iter().copied(), line.quotes.iter().copied().peekable());
    let mut start = line.start;
    let mut field = 0;
    while let Some(mut end) = ends.next() {
        let at = |byte: u32| (byte - line.start) as usize;
        let mut span = Span { start: start - line.start, end: end - line.start, doubled: false };
        match quotes.peek() {
            Some(&quote) if quote == start => {
                quotes.next();
                let close = loop {
                    let Some(quote) = quotes.next() else {
                        return Err(QuoteFault::Open { field, at: at(start) });
                    };
                    if quotes.next_if_eq(&(quote + 1)).is_none() {
                        break quote;
                    }
                    span.doubled = true;
                };
                // The delimiters within the quotes end nothing.
                while end <= close {
                    end = ends.next().unwrap_or(u32::MAX);
                }
                if end != close + 1 {
                    return Err(QuoteFault::Stray { field, at: at(close + 1) });
                }
                (span.start, span.end) = (span.start + 1, close - line.start);
            }
            Some(&quote) if quote < end => return Err(QuoteFault::Stray { field, at: at(quote) }),
            _ => {}
        }
        if spans.len() < most {
            spans.push(span);
        }
        field += 1;
        start = end.saturating_add(1);
    }
    Ok(field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::check::scan::{Index, Kernel};
    use crate::check::split;

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
            index.fill(lines.as_bytes(), b';', Kernel::default());
            let marks = index.lines().nth(1).unwrap();
            let (mut expected, mut spans) = (Vec::new(), Vec::new());
            let fields = split::quoted(line.as_bytes(), b';', most, &mut expected);
            prop_assert_eq!(quoted(marks, most, &mut spans), fields);
            if fields.is_ok() {
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
