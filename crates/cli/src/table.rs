//! Tables for people.

use crate::Result;
use crate::printer::{Line, Printer, style};

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
