//! Patterns of file names: how an import recognises files that keep the names their sender gives them.
//!
//! `products_{date}.csv.gz`: text stands for itself, `{date}` for a day, `{suffix}` for letters and digits, `*` for anything.
//! What a file is packed in does not count: the pattern fits `products_20261128.csv`, too. The ending may be written in
//! any case of letters.

use std::collections::HashSet;
use std::fmt;

use jiff::civil::Date;

use super::{MAX_NAME_BYTES, packed_name};
use crate::finding::is_treacherous;

mod overlap;

pub use overlap::{Steps, TooMuch};

/// A pattern of file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePattern {
    written: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    /// One character.
    Char(char),
    /// A day, in one of these forms.
    Date(Vec<Form>),
    /// One or more ASCII letters and digits.
    Suffix,
    /// Anything.
    Any,
}

/// The form of a day: its parts and what stands between them.
type Form = Vec<Piece>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece {
    /// Four digits.
    Year,
    /// Two digits, from 2000 on.
    ShortYear,
    Month,
    Day,
    Char(char),
}

/// What a name that fits a pattern says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternMatch {
    /// The day in it; None if the pattern has none.
    pub date: Option<Date>,
    /// The text that stands for `{suffix}`.
    pub suffix: Option<String>,
}

/// The forms that `{date}` alone stands for: no two of them read one text as different days.
const USUAL: [&str; 3] = ["yyyymmdd", "yyyy-mm-dd", "yyyy_mm_dd"];
/// The most `*` and `{suffix}` of a pattern.
const MOST_OPEN: usize = 4;

impl FilePattern {
    /// Reads a pattern.
    ///
    /// ```
    /// use tidewaiter_model::name::FilePattern;
    ///
    /// let pattern = FilePattern::parse("products_{date:dd-mm-yyyy}_{suffix}.csv").unwrap();
    /// let found = pattern.fit("products_28-11-2026_a7.csv").unwrap();
    /// assert_eq!(found.date, Some(jiff::civil::date(2026, 11, 28)));
    /// assert_eq!(found.suffix.as_deref(), Some("a7"));
    /// assert_eq!(pattern.fit("products_31-02-2026_a7.csv"), None);
    /// ```
    ///
    /// # Errors
    /// Why it is no pattern, in words.
    pub fn parse(written: &str) -> Result<Self, String> {
        let unpacked = unpacked(written);
        let (mut parts, mut rest) = (Vec::new(), &*unpacked);
        while let Some(c) = rest.chars().next() {
            let (part, length) = match c {
                '*' => (Part::Any, 1),
                '{' => {
                    let (inner, _) =
                        rest.get(1..).and_then(|rest| rest.split_once('}')).ok_or("a `{` is not closed")?;
                    (placeholder(inner)?, inner.len() + 2)
                }
                '/' | '\\' | '%' | '}' => return Err(format!("a file name has no `{c}`")),
                c if is_treacherous(c) => return Err("a file name has no such character".to_owned()),
                c => (Part::Char(c), c.len_utf8()),
            };
            parts.push(part);
            rest = rest.get(length..).unwrap_or_default();
        }
        let count = |wanted: fn(&Part) -> bool| parts.iter().filter(|part| wanted(part)).count();
        if count(|part| matches!(part, Part::Date(_))) > 1 || count(|part| *part == Part::Suffix) > 1 {
            return Err("`{date}` and `{suffix}` stand there once at most".to_owned());
        }
        if count(|part| matches!(part, Part::Any | Part::Suffix)) > MOST_OPEN {
            return Err(format!("it has more than {MOST_OPEN} `*`"));
        }
        if count(|part| matches!(part, Part::Char(c) if c.is_alphanumeric())) == 0 {
            return Err("it has no letter of its own, so that it fits any file".to_owned());
        }
        if written.len() > MAX_NAME_BYTES {
            return Err("it is longer than a file name".to_owned());
        }
        Ok(Self { written: written.to_owned(), parts })
    }

    /// What a name says that fits; None if it does not.
    pub fn fit(&self, file: &str) -> Option<PatternMatch> {
        let found = PatternMatch { date: None, suffix: None };
        fit(&self.parts, 0, &unpacked(file), 0, &found, &mut HashSet::new())
    }

    /// What stands before the first part that is open: names that do not begin with it do not fit.
    pub(super) fn prefix(&self) -> String {
        let is_char = |part: &Part| if let Part::Char(c) = part { Some(*c) } else { None };
        self.parts.iter().map_while(is_char).collect()
    }
}

impl fmt::Display for FilePattern {
    /// As it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// A name without what it is packed in, and with the ending in small letters.
fn unpacked(file: &str) -> String {
    let file = packed_name(file).unwrap_or_else(|| file.to_owned());
    match file.rsplit_once('.') {
        Some((stem, ending)) if ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            format!("{stem}.{}", ending.to_ascii_lowercase())
        }
        _ => file,
    }
}

/// Reads what stands between braces.
fn placeholder(inner: &str) -> Result<Part, String> {
    match inner.split_once(':').unwrap_or((inner, "")) {
        ("suffix", "") => Ok(Part::Suffix),
        ("date", "") => Ok(Part::Date(USUAL.iter().filter_map(|form| form_of(form)).collect())),
        ("date", form) => match form_of(form) {
            Some(form) => Ok(Part::Date(vec![form])),
            None => Err(format!("`{form}` is not the form of a day, such as `yyyymmdd` or `dd-mm-yyyy`")),
        },
        _ => Err(format!("`{{{inner}}}` is neither `{{date}}`, `{{date:dd-mm-yyyy}}` nor `{{suffix}}`")),
    }
}

/// Reads `dd-mm-yyyy`: a day, a month and a year, each once.
fn form_of(text: &str) -> Option<Form> {
    const LETTERS: [(&str, Piece); 4] =
        [("yyyy", Piece::Year), ("yy", Piece::ShortYear), ("mm", Piece::Month), ("dd", Piece::Day)];
    let (mut form, mut rest) = (Form::new(), text);
    while let Some(c) = rest.chars().next() {
        let found = LETTERS.iter().find(|(letters, _)| rest.starts_with(letters));
        let (piece, length) = match found {
            Some((letters, piece)) => (*piece, letters.len()),
            None if matches!(c, '-' | '_' | '.' | ' ') => (Piece::Char(c), 1),
            None => return None,
        };
        form.push(piece);
        rest = rest.get(length..)?;
    }
    let count = |wanted: &[Piece]| form.iter().filter(|piece| wanted.contains(piece)).count();
    let is_whole = count(&[Piece::Year, Piece::ShortYear]) == 1
        && count(&[Piece::Month]) == 1
        && count(&[Piece::Day]) == 1;
    is_whole.then_some(form)
}

/// Fits the rest of a name to the rest of a pattern. What was tried in vain is not tried again, so the work is at most the
/// product of both lengths.
fn fit(
    parts: &[Part],
    n: usize,
    file: &str,
    at: usize,
    found: &PatternMatch,
    tried: &mut HashSet<(usize, usize)>,
) -> Option<PatternMatch> {
    let rest = file.get(at..)?;
    let Some(part) = parts.get(n) else { return rest.is_empty().then(|| found.clone()) };
    if !tried.insert((n, at)) {
        return None;
    }
    match part {
        Part::Char(c) => {
            rest.starts_with(*c).then_some(())?;
            fit(parts, n + 1, file, at + c.len_utf8(), found, tried)
        }
        Part::Date(forms) => forms.iter().find_map(|form| {
            let (date, length) = read(form, rest)?;
            let found = PatternMatch { date: Some(date), ..found.clone() };
            fit(parts, n + 1, file, at + length, &found, tried)
        }),
        Part::Suffix => {
            let longest = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            (1..=longest).rev().find_map(|length| {
                let suffix = rest.get(..length).map(str::to_owned);
                fit(parts, n + 1, file, at + length, &PatternMatch { suffix, ..found.clone() }, tried)
            })
        }
        Part::Any => {
            let ends = rest.char_indices().map(|(end, _)| end).chain([rest.len()]);
            ends.into_iter().find_map(|end| fit(parts, n + 1, file, at + end, found, tried))
        }
    }
}

/// Reads a day at the beginning of a text, and how long it is.
fn read(form: &[Piece], text: &str) -> Option<(Date, usize)> {
    let (mut at, mut year, mut month, mut day) = (0, 0_i16, 0_i8, 0_i8);
    for piece in form {
        let length = piece.length();
        let part = text.get(at..at + length)?;
        at += length;
        if let Piece::Char(c) = piece {
            part.starts_with(*c).then_some(())?;
            continue;
        }
        part.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
        match piece {
            Piece::Year => year = part.parse().ok()?,
            Piece::ShortYear => year = 2000 + part.parse::<i16>().ok()?,
            Piece::Month => month = part.parse().ok()?,
            Piece::Day => day = part.parse().ok()?,
            Piece::Char(_) => {}
        }
    }
    let date = Date::new(year, month, day).ok().filter(|date| date.year() > 0)?;
    Some((date, at))
}

impl Piece {
    fn length(self) -> usize {
        match self {
            Self::Year => 4,
            Self::ShortYear | Self::Month | Self::Day => 2,
            Self::Char(c) => c.len_utf8(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> FilePattern {
        FilePattern::parse(text).unwrap()
    }

    fn date(text: &str, file: &str) -> Option<String> {
        pattern(text).fit(file)?.date.map(|date| date.to_string())
    }

    #[test]
    fn days_in_their_forms() {
        for file in ["p_20261128.csv", "p_2026-11-28.csv", "p_2026_11_28.csv"] {
            assert_eq!(date("p_{date}.csv", file).as_deref(), Some("2026-11-28"), "{file}");
        }
        assert_eq!(date("p-{date:ddmmyy}.txt", "p-281126.txt").as_deref(), Some("2026-11-28"));
        assert_eq!(date("p_{date}.csv", "p_20261131.csv"), None);
        assert_eq!(date("p_{date}.csv", "p_28-11-2026.csv"), None);
        assert_eq!(
            date("*export {date:dd.mm.yyyy} (*).csv", "My export 28.11.2026 (2).csv").as_deref(),
            Some("2026-11-28")
        );
        assert_eq!(
            pattern("customers.csv").fit("customers.csv"),
            Some(PatternMatch { date: None, suffix: None })
        );
        assert_eq!(pattern("customers.csv").fit("Customers.csv"), None);
    }

    #[test]
    fn what_a_file_is_packed_in_does_not_count() {
        for file in ["p_20261128.csv", "p_20261128.CSV", "p_20261128.csv.gz", "p_20261128.zip"] {
            for written in ["p_{date}.csv.gz", "p_{date}.csv", "p_{date}.zip", "p_{date}.CSV"] {
                assert_eq!(date(written, file).as_deref(), Some("2026-11-28"), "{written} {file}");
            }
        }
        assert_eq!(date("p_{date}.TXT", "p_20261128.txt").as_deref(), Some("2026-11-28"));
        assert_eq!(date("p_{date}.txt", "p_20261128.csv"), None);
    }

    #[test]
    fn what_is_no_pattern_is_told() {
        for text in [
            "*",
            "{date}",
            "a{date",
            "a{day}.csv",
            "a{date}{date}",
            "a/b.csv",
            "a}.csv",
            "{date:yyyy-mm}.csv",
            "a*b*c*d*e*f",
            "a%2F",
            "a\n",
        ] {
            assert!(FilePattern::parse(text).is_err(), "{text}");
        }
    }
}
