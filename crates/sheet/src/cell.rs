//! What callers see of a sheet: rows, cells, values, and the names of cells.

use std::fmt;

use crate::date::{Date, Time};

/// Columns that a sheet has at most, `XFD` being the last.
pub const MAX_COLUMNS: u16 = 16_384;
/// Rows that a sheet has at most.
pub const MAX_ROWS: u32 = 1_048_576;

/// The name of a cell as people know it, `C17`: a column from 0, and a row from 1.
///
/// ```
/// use tidewaiter_sheet::CellName;
/// assert_eq!(CellName { column: 2, row: 17 }.to_string(), "C17");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellName {
    /// The column, from 0.
    pub column: u16,
    /// The row, from 1.
    pub row: u32,
}

impl CellName {
    /// Reads a name such as `C17`. None if no sheet has such a cell.
    pub fn parse(name: &str) -> Option<Self> {
        let bytes = name.as_bytes();
        let letters = bytes.iter().take_while(|one| one.is_ascii_alphabetic()).count();
        let (letters, digits) = bytes.split_at_checked(letters)?;
        let is_name = (1..=3).contains(&letters.len()) && (1..=7).contains(&digits.len());
        if !is_name || digits.first() == Some(&b'0') {
            return None;
        }
        let column = letters
            .iter()
            .fold(0_u32, |column, letter| column * 26 + u32::from(letter.to_ascii_uppercase() - b'A') + 1);
        let mut row = 0_u32;
        for digit in digits {
            row = row * 10 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
        }
        let column = u16::try_from(column - 1).ok().filter(|column| *column < MAX_COLUMNS)?;
        (row <= MAX_ROWS).then_some(Self { column, row })
    }
}

impl fmt::Display for CellName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", ColumnName(self.column), self.row)
    }
}

/// The name of a column, such as `C` for 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnName(pub u16);

impl fmt::Display for ColumnName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut letters = [0; 4];
        let mut rest = u32::from(self.0) + 1;
        let mut count = 0;
        for letter in letters.iter_mut().rev() {
            if rest == 0 {
                break;
            }
            *letter = b'A' + ((rest - 1) % 26) as u8;
            rest = (rest - 1) / 26;
            count += 1;
        }
        let name = letters.get(letters.len() - count..).unwrap_or_default();
        formatter.write_str(std::str::from_utf8(name).unwrap_or_default())
    }
}

/// What a cell holds. `Display` writes it as a text file would have it: numbers in plain digits, `true` and `false`, dates and
/// times by ISO 8601 (`2026-11-28T09:30:00`), spans of time as hours, minutes and seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value<'r> {
    /// Nothing: a formula whose result was not stored.
    Empty,
    /// Text, as it is.
    Text(&'r str),
    /// A number.
    Number {
        /// In plain digits, with a point for decimals, without needless zeros. What a program made of a decimal number
        /// (`1.1000000000000001`) is undone.
        text: &'r str,
        /// As the workbook spells it.
        raw: &'r str,
        /// False if there are more than fifteen digits before the point: Excel keeps fifteen, and the rest may be lost.
        is_exact: bool,
    },
    /// A day.
    Date(Date),
    /// A day and a time.
    DateTime(Date, Time),
    /// A time of no day.
    Time(Time),
    /// A span of time in milliseconds.
    Duration(u64),
    /// True or false.
    Bool(bool),
    /// What Excel shows instead of a result, such as `#REF!`.
    Error(&'r str),
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => Ok(()),
            Self::Text(text) | Self::Number { text, .. } | Self::Error(text) => formatter.write_str(text),
            Self::Date(date) => date.fmt(formatter),
            Self::DateTime(date, time) => write!(formatter, "{date}T{time}"),
            Self::Time(time) => time.fmt(formatter),
            Self::Duration(span) => {
                let seconds = span / 1_000;
                write!(formatter, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)?;
                match span % 1_000 {
                    0 => Ok(()),
                    rest => write!(formatter, ".{rest:03}"),
                }
            }
            Self::Bool(value) => value.fmt(formatter),
        }
    }
}

/// One cell that holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell<'r> {
    /// The column, from 0.
    pub column: u16,
    /// What it holds. That of a formula is what the program that saved the workbook had computed.
    pub value: Value<'r>,
    /// Whether it has a formula. A formula with [`Value::Empty`] was never computed.
    pub is_formula: bool,
}

/// One row that has cells.
#[derive(Clone, Copy)]
pub struct Row<'r> {
    number: u32,
    buffer: &'r RowBuffer,
}

impl<'r> Row<'r> {
    pub(crate) fn new(number: u32, buffer: &'r RowBuffer) -> Self {
        Self { number, buffer }
    }

    /// The number of the row as the sheet shows it, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The cells that hold something, by column.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = Cell<'r>> + use<'r> {
        let buffer = self.buffer;
        buffer.slots.iter().map(|slot| Cell {
            column: slot.column,
            value: buffer.value(slot.held),
            is_formula: slot.is_formula,
        })
    }

    /// The name of the cell of this row in a column.
    pub fn name(&self, column: u16) -> CellName {
        CellName { column, row: self.number }
    }
}

/// A piece of the texts of a row.
pub(crate) type Piece = (u32, u32);

/// What a slot holds; its texts lie in the buffer.
#[derive(Clone, Copy)]
pub(crate) enum Held {
    Empty,
    Text(Piece),
    Number { text: Piece, raw: Piece, is_exact: bool },
    Date(Date),
    DateTime(Date, Time),
    Time(Time),
    Duration(u64),
    Bool(bool),
    Error(Piece),
}

#[derive(Clone, Copy)]
struct Slot {
    column: u16,
    is_formula: bool,
    held: Held,
}

/// The cells of one row. It is filled anew for each row, so that reading allocates nothing.
#[derive(Default)]
pub(crate) struct RowBuffer {
    pub(crate) text: String,
    slots: Vec<Slot>,
    /// The column that the cells so far end with, if they are in order.
    is_unordered: bool,
}

impl RowBuffer {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.slots.clear();
        self.is_unordered = false;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Where the next text will begin.
    pub(crate) fn mark(&self) -> u32 {
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    /// The text since then.
    pub(crate) fn since(&self, mark: u32) -> Piece {
        (mark, self.mark())
    }

    pub(crate) fn push(&mut self, column: u16, is_formula: bool, held: Held) {
        self.is_unordered |= self.slots.last().is_some_and(|last| last.column >= column);
        self.slots.push(Slot { column, is_formula, held });
    }

    /// Puts the cells in order; gives a column that stands twice, if there is one.
    pub(crate) fn order(&mut self) -> Option<u16> {
        if !self.is_unordered {
            return None;
        }
        self.slots.sort_by_key(|slot| slot.column);
        let pairs = self.slots.iter().zip(self.slots.iter().skip(1));
        pairs.into_iter().find(|(one, next)| one.column == next.column).map(|(one, _)| one.column)
    }

    fn piece(&self, (start, end): Piece) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or_default()
    }

    fn value(&self, held: Held) -> Value<'_> {
        match held {
            Held::Empty => Value::Empty,
            Held::Text(text) => Value::Text(self.piece(text)),
            Held::Number { text, raw, is_exact } => {
                Value::Number { text: self.piece(text), raw: self.piece(raw), is_exact }
            }
            Held::Date(date) => Value::Date(date),
            Held::DateTime(date, time) => Value::DateTime(date, time),
            Held::Time(time) => Value::Time(time),
            Held::Duration(span) => Value::Duration(span),
            Held::Bool(value) => Value::Bool(value),
            Held::Error(text) => Value::Error(self.piece(text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_cells_are_those_of_excel() {
        let cases = [
            (0, 1, "A1"),
            (2, 17, "C17"),
            (25, 9, "Z9"),
            (26, 10, "AA10"),
            (701, 2, "ZZ2"),
            (702, 2, "AAA2"),
        ];
        for (column, row, name) in cases {
            assert_eq!(CellName { column, row }.to_string(), name);
        }
        assert_eq!(ColumnName(16_383).to_string(), "XFD");
        for column in 0..MAX_COLUMNS {
            let name = CellName { column, row: MAX_ROWS };
            assert_eq!(CellName::parse(&name.to_string()), Some(name));
        }
        for name in
            ["", "A", "1", "A0", "A01", "XFE1", "A1048577", "AAAA1", "A1B", "$A$1", "A-1", "É1", "A99999999"]
        {
            assert_eq!(CellName::parse(name), None, "{name}");
        }
    }
}
