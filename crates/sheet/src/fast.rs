//! Cells as nearly all programs write them, recognised without an XML parser.
//!
//! An XML parser looks at a cell in five steps and copies each. Here a cell that is unpacked as a whole is cut from the
//! buffer at once, if it is of one of these shapes:
//!
//! ```xml
//! <c r="A1" s="2" t="s"><v>17</v></c>
//! <c r="A1"><f>B1+C1</f><v>17</v></c>
//! <c r="A1" t="inlineStr"><is><t xml:space="preserve">text</t></is></c>
//! <c r="A1" s="2"/>
//! ```
//!
//! with attributes in any order, and without entities, carriage returns and markup within a text. Everything else is left to the parser,
//! which stays where it is: elements are passed over as a whole.

use crate::cell::{CellName, MAX_COLUMNS};

/// What a cell is made from.
#[derive(Default, Clone, Copy)]
pub(crate) struct RawCell<'x> {
    pub(crate) name: Option<&'x str>,
    pub(crate) style: Option<&'x str>,
    pub(crate) kind: Option<&'x str>,
    pub(crate) is_formula: bool,
    pub(crate) content: Content<'x>,
}

/// What stands in a cell.
#[derive(Default, Clone, Copy)]
pub(crate) enum Content<'x> {
    #[default]
    Nothing,
    /// The text of `v`.
    Value(&'x str),
    /// The text of `is`, as it is meant.
    Inline(&'x str),
    /// The text of the only `t` of `is`, as it is written, and whether its blanks count.
    Piece(&'x str, bool),
}

/// Cuts elements from the bytes that are there.
pub(crate) struct Quick<'x> {
    rest: &'x [u8],
    len: usize,
}

impl<'x> Quick<'x> {
    pub(crate) fn new(bytes: &'x [u8]) -> Self {
        Self { rest: bytes, len: bytes.len() }
    }

    /// Bytes of the elements that were cut.
    pub(crate) fn position(&self) -> usize {
        self.len - self.rest.len()
    }

    /// The next element, if it is a cell of a usual shape and as a whole there.
    pub(crate) fn cell(&mut self) -> Option<RawCell<'x>> {
        let mut cursor = Cursor(self.rest);
        let mut cell = RawCell::default();
        cursor.take(b"<c")?;
        let is_empty = loop {
            if cursor.takes(b">") {
                break false;
            }
            if cursor.takes(b"/>") {
                break true;
            }
            let (name, value) = cursor.attribute()?;
            let place = match name {
                b"r" => &mut cell.name,
                b"s" => &mut cell.style,
                b"t" => &mut cell.kind,
                _ => continue,
            };
            if place.replace(value).is_some() {
                return None;
            }
        };
        if !is_empty {
            cursor.content(&mut cell)?;
            cursor.take(b"</c>")?;
        }
        self.rest = cursor.0;
        Some(cell)
    }

    /// The next element, if it is a shared string of one plain text: the text, and whether its blanks count.
    pub(crate) fn string(&mut self) -> Option<(&'x str, bool)> {
        let mut cursor = Cursor(self.rest);
        cursor.take(b"<si>")?;
        let text = cursor.piece()?;
        cursor.take(b"</si>")?;
        self.rest = cursor.0;
        Some(text)
    }
}

/// What is left to look at.
struct Cursor<'x>(&'x [u8]);

impl<'x> Cursor<'x> {
    fn takes(&mut self, wanted: &[u8]) -> bool {
        self.take(wanted).is_some()
    }

    fn take(&mut self, wanted: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    /// A blank, a name, and a value in double quotes without entities.
    fn attribute(&mut self) -> Option<(&'x [u8], &'x str)> {
        self.take(b" ")?;
        let equals =
            self.0.iter().position(|one| !matches!(one, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b':'))?;
        let (name, rest) = self.0.split_at_checked(equals)?;
        let rest = rest.strip_prefix(b"=\"")?;
        let end = rest.iter().position(|one| matches!(one, b'"' | b'&' | b'<'))?;
        let (value, rest) = rest.split_at_checked(end)?;
        self.0 = rest.strip_prefix(b"\"")?;
        Some((name, std::str::from_utf8(value).ok()?))
    }

    /// Text up to the next tag, if it has neither entities nor line ends that XML would change.
    fn text(&mut self) -> Option<&'x str> {
        let end = self.0.iter().position(|one| matches!(one, b'<' | b'&' | b'\r'))?;
        let (text, rest) = self.0.split_at_checked(end)?;
        if rest.first() != Some(&b'<') {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn content(&mut self, cell: &mut RawCell<'x>) -> Option<()> {
        if self.takes(b"<is>") {
            let (text, is_kept) = self.piece()?;
            cell.content = Content::Piece(text, is_kept);
            return self.take(b"</is>");
        }
        if self.takes(b"<f>") {
            let end = self.0.iter().position(|one| *one == b'<')?;
            self.0 = self.0.get(end..)?;
            self.take(b"</f>")?;
            cell.is_formula = true;
        }
        if self.takes(b"<v>") {
            cell.content = Content::Value(self.text()?);
            self.take(b"</v>")?;
        }
        Some(())
    }

    fn piece(&mut self) -> Option<(&'x str, bool)> {
        let is_kept = self.takes(b"<t xml:space=\"preserve\">");
        if !is_kept {
            self.take(b"<t>")?;
        }
        let text = self.text()?;
        self.take(b"</t>")?;
        Some((text, is_kept))
    }
}

/// The column of a cell with this name in this row; none if it is not in this row.
#[inline]
pub(crate) fn column(name: &str, row: u32) -> Option<u16> {
    match split(name) {
        Some((column, number)) if number == row && column < MAX_COLUMNS => Some(column),
        Some(_) => None,
        // Small letters are rare.
        None => CellName::parse(name).filter(|name| name.row == row).map(|name| name.column),
    }
}

/// Up to three capitals and up to seven digits.
fn split(name: &str) -> Option<(u16, u32)> {
    let bytes = name.as_bytes();
    let (mut column, mut at) = (0_u32, 0);
    while let Some(letter @ b'A'..=b'Z') = bytes.get(at) {
        column = column * 26 + u32::from(letter - b'A') + 1;
        at += 1;
        if at > 3 {
            return None;
        }
    }
    let digits =
        bytes.get(at..).filter(|digits| (1..=7).contains(&digits.len()) && !digits.starts_with(b"0"))?;
    let mut number = 0_u32;
    for digit in digits {
        number = number * 10 + u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some((u16::try_from(column.checked_sub(1)?).ok()?, number))
}
