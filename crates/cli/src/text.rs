//! Words, numbers, times and tables for people.

use std::borrow::Cow;
use std::fmt::Write;

use tidewaiter::finding::is_treacherous;
use tidewaiter::id::Timestamp;
pub use tidewaiter::report::{ago, gone_along, left_alone, number, plural};
use unicode_width::UnicodeWidthStr;

use crate::Result;
use crate::printer::{Line, Printer, style};

/// Text with treacherous characters escaped.
pub fn safe(text: &str) -> Cow<'_, str> {
    if !text.contains(is_treacherous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_treacherous(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// How many columns of a terminal a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// A text cut in its middle to so many characters: the beginning of a name says what it is for, the end
/// which one it is.
pub fn shortened(text: &str, characters: usize) -> String {
    let count = text.chars().count();
    if count <= characters {
        return text.to_owned();
    }
    let kept = characters.saturating_sub(1);
    let (head, tail) = (kept - kept / 2, kept / 2);
    text.chars().take(head).chain(['…']).chain(text.chars().skip(count - tail)).collect()
}

/// A size: `812 B`, `4.2 MiB`.
#[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = None;
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(next);
    }
    match unit {
        None => format!("{bytes} B"),
        Some(unit) => format!("{value:.1} {unit}"),
    }
}

/// A moment: `2026-01-31 13:45:00Z`.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Things in a sentence: `a`, `a and b`, `a, b and c`.
pub fn listed(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [only] => only.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

/// Slots of a group in a sentence: `slot 02`, `slots 02 and 05`, with runs as `03-07`.
pub fn slots(slots: &[u8]) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for slot in slots {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*slot) => *last = *slot,
            _ => runs.push((*slot, *slot)),
        }
    }
    let mut words = Vec::new();
    for (first, last) in runs {
        let mut word = format!("{first:02}");
        match last - first {
            0 => {}
            1 => {
                words.push(word);
                word = format!("{last:02}");
            }
            _ => {
                let _ = write!(word, "-{last:02}");
            }
        }
        words.push(word);
    }
    let noun = if slots.len() == 1 { "slot" } else { "slots" };
    format!("{noun} {}", listed(&words))
}

/// Rows under headings, each column as wide as its widest cell.
#[derive(Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Line>>,
}

/// On which side the cells of a column stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

impl Table {
    /// A table with these headings.
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Align)>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Line>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Prints it.
    pub fn print(self, printer: &Printer) -> Result<()> {
        let headings = self.columns.iter().map(|(name, _)| Line::new().styled(style::BOLD, *name)).collect();
        let rows: Vec<Vec<Line>> = std::iter::once(headings).chain(self.rows).collect();
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|n| rows.iter().filter_map(|row| row.get(n)).map(Line::width).max().unwrap_or(0))
            .collect();
        for row in rows {
            let mut line = Line::new();
            for (n, ((cell, width), (_, align))) in
                row.into_iter().zip(&widths).zip(&self.columns).enumerate()
            {
                if n > 0 {
                    line = line.text("  ");
                }
                line = match align {
                    Align::Left => line.then(cell.padded(*width)),
                    Align::Right => {
                        let before = " ".repeat(width.saturating_sub(cell.width()));
                        line.text(before).then(cell)
                    }
                };
            }
            printer.line(line)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (at, told) in [
            ("2026-01-31T12:00:03Z", "just now"),
            ("2026-01-31T11:59:58Z", "just now"),
            ("2026-01-31T11:59:50Z", "10 seconds ago"),
            ("2026-01-31T11:58:59Z", "1 minute ago"),
            ("2026-01-30T13:00:00Z", "23 hours ago"),
            ("2026-01-29T11:00:00Z", "2 days ago"),
        ] {
            assert_eq!(ago(now, at.parse().unwrap()), told, "{at}");
        }
        assert_eq!(moment(now), "2026-01-31 12:00:00Z");
    }

    #[test]
    fn long_names_keep_their_beginning_and_their_end() {
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 30), "acme_contacts_crm_20260131.csv");
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 10), "acme_….csv");
    }

    #[test]
    fn slots_are_told_in_runs() {
        assert_eq!(slots(&[2]), "slot 02");
        assert_eq!(slots(&[2, 3]), "slots 02 and 03");
        assert_eq!(slots(&[1, 3, 4, 5, 9]), "slots 01, 03-05 and 09");
    }

    #[test]
    fn sizes_and_numbers_are_short() {
        assert_eq!((size(812), size(4_404_019)), ("812 B".to_owned(), "4.2 MiB".to_owned()));
        assert_eq!(
            (number(0), number(999), number(1_234_567)),
            ("0".into(), "999".into(), "1,234,567".into())
        );
    }

    #[test]
    fn treacherous_characters_are_escaped_and_others_are_not() {
        assert_eq!(safe("dépôt 数.csv"), "dépôt 数.csv");
        assert_eq!(safe("a\tb\u{1b}]0;x\u{7}"), "a\\tb\\u{1b}]0;x\\u{7}");
    }
}
