//! The last line of a file, which says how much there is.

use std::ops::Range;

use tidewaiter_schema::config::dialect;

/// A trailer's pattern, in parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailer {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// The number of records.
    Count,
    /// The number of lines.
    Lines,
    /// Anything.
    Any,
}

/// A line that fits the pattern: where its numbers stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fitting {
    pub(crate) count: Option<Range<usize>>,
    pub(crate) lines: Option<Range<usize>>,
}

impl Trailer {
    pub(crate) fn of(pattern: &dialect::Trailer) -> Self {
        let (mut rest, mut parts, mut text) = (pattern.as_str(), Vec::new(), String::new());
        let placeholders = [("{count}", Part::Count), ("{lines}", Part::Lines), ("*", Part::Any)];
        while let Some(c) = rest.chars().next() {
            let found = placeholders.iter().find(|(name, _)| rest.starts_with(name));
            if let Some((name, part)) = found {
                if !text.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut text)));
                }
                parts.push(part.clone());
                rest = rest.get(name.len()..).unwrap_or_default();
            } else {
                text.push(c);
                rest = rest.get(c.len_utf8()..).unwrap_or_default();
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Self { written: pattern.as_str().to_owned(), parts }
    }

    /// The pattern, for messages.
    pub(crate) fn pattern(&self) -> &str {
        &self.written
    }

    /// Where the numbers of a line stand that fits the pattern; None if it does not. The line has no line break.
    pub(crate) fn fit(&self, line: &str) -> Option<Fitting> {
        // Most lines are no trailer, and differ in their first characters.
        match self.parts.first() {
            Some(Part::Text(first)) if !line.starts_with(first.as_str()) => None,
            _ => fit(&self.parts, line),
        }
    }

    /// The trailer with other numbers, in its own encoding. Numbers keep their width if they fit it.
    pub(crate) fn rewritten(&self, raw: &[u8], records: u64, lines: u64) -> Vec<u8> {
        // Digits stand in UTF-16 as in ASCII, with a zero byte before or behind each.
        let wide = memchr::memchr_iter(0, raw).count() * 2 >= raw.len() && !raw.is_empty();
        let big = wide && raw.first() == Some(&0);
        let narrow: Vec<u8> = if wide {
            raw.chunks(2).filter_map(|pair| pair.get(usize::from(big)).copied()).collect()
        } else {
            raw.to_vec()
        };
        // Positions are needed, not characters: each byte is taken for one.
        let text: String =
            narrow.iter().map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' }).collect();
        let content = text.trim_end_matches(['\n', '\r']);
        let Some(fitting) = self.fit_bytes(content) else { return raw.to_vec() };
        let mut rewritten = narrow;
        let mut numbers: Vec<(Range<usize>, u64)> = [(fitting.count, records), (fitting.lines, lines)]
            .into_iter()
            .filter_map(|(place, number)| Some((place?, number)))
            .collect();
        numbers.sort_by_key(|(place, _)| std::cmp::Reverse(place.start));
        for (place, number) in numbers {
            let width = if content.get(place.clone()).is_some_and(|old| old.starts_with('0')) {
                place.len()
            } else {
                0
            };
            let digits = format!("{number:0width$}").into_bytes();
            rewritten.splice(place, digits);
        }
        if !wide {
            return rewritten;
        }
        rewritten.into_iter().flat_map(|byte| if big { [0, byte] } else { [byte, 0] }).collect()
    }

    /// The same as [`Self::fit`], for a text whose characters beyond ASCII are `?`, one for each byte.
    fn fit_bytes(&self, line: &str) -> Option<Fitting> {
        let parts: Vec<Part> = self
            .parts
            .iter()
            .map(|part| match part {
                // How many bytes a character has is not known here.
                Part::Text(text) if !text.is_ascii() => Part::Any,
                other => other.clone(),
            })
            .collect();
        fit(&parts, line)
    }
}

/// Fits a line to a pattern. `*` reaches to the first place where what is behind it fits, so that no line is looked at
/// more than once.
fn fit(parts: &[Part], line: &str) -> Option<Fitting> {
    let (mut at, mut found, mut any) = (0, Fitting::default(), false);
    for part in parts {
        let rest = line.get(at..)?;
        let is_number = matches!(part, Part::Count | Part::Lines);
        let start = match part {
            Part::Any => {
                any = true;
                continue;
            }
            Part::Text(text) if any => at + rest.find(text.as_str())?,
            Part::Text(text) => rest.starts_with(text.as_str()).then_some(at)?,
            Part::Count | Part::Lines if any => at + rest.find(|c: char| c.is_ascii_digit())?,
            Part::Count | Part::Lines => at,
        };
        let length = match part {
            Part::Text(text) => text.len(),
            _ => line.get(start..)?.bytes().take_while(u8::is_ascii_digit).count(),
        };
        if is_number && length == 0 {
            return None;
        }
        let place = start..start + length;
        at = place.end;
        match part {
            Part::Count => found.count = Some(place),
            Part::Lines => found.lines = Some(place),
            Part::Text(_) | Part::Any => {}
        }
        any = false;
    }
    (any || at == line.len()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trailer(pattern: &str) -> Trailer {
        Trailer::of(&dialect::Trailer::try_from(pattern.to_owned()).unwrap())
    }

    #[test]
    fn a_trailer_says_how_much_there_is() {
        let found = trailer("TRAILER;{count}").fit("TRAILER;0012").unwrap();
        assert_eq!(found.count, Some(8..12));
        assert_eq!(trailer("TRAILER;{count}").fit("TRAILER;"), None);
        assert_eq!(trailer("TRAILER;{count}").fit("TRAILER;12;"), None);
        let found = trailer("END*;{lines};*").fit("END of file;14;2026-11-29").unwrap();
        assert_eq!(found.lines, Some(12..14));
    }

    #[test]
    fn the_trailer_of_rejected_records_counts_them() {
        let trailer = trailer("TRAILER;{count};{lines}");
        assert_eq!(trailer.rewritten(b"TRAILER;0012;14\r\n", 3, 5), b"TRAILER;0003;5\r\n");
        let wide: Vec<u8> = "TRAILER;12;14\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let expected: Vec<u8> = "TRAILER;3;5\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(trailer.rewritten(&wide, 3, 5), expected);
    }
}
