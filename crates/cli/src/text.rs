//! Words, numbers, times and tables for people.

use std::borrow::Cow;

use tidewaiter::finding::is_treacherous;
pub use tidewaiter::report::{gone_along, left_alone, number, plural};
pub use tidewaiter_ops::text::{ago, listed, moment, size, slots};
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
    fn long_names_keep_their_beginning_and_their_end() {
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 30), "acme_contacts_crm_20260131.csv");
        assert_eq!(shortened("acme_contacts_crm_20260131.csv", 10), "acme_….csv");
    }

    #[test]
    fn treacherous_characters_are_escaped_and_others_are_not() {
        assert_eq!(safe("dépôt 数.csv"), "dépôt 数.csv");
        assert_eq!(safe("a\tb\u{1b}]0;x\u{7}"), "a\\tb\\u{1b}]0;x\\u{7}");
    }
}
