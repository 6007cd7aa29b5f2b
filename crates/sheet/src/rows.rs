//! The rows of one sheet, one after the other.

use std::io::{Read, Seek};

use crate::cell::{CellName, Held, MAX_COLUMNS, MAX_ROWS, Row, RowBuffer};
use crate::date::{self, Moment};
use crate::fast::{self, Content, Quick, RawCell};
use crate::format::Shown;
use crate::limits::Limits;
use crate::number::{self, Exactness};
use crate::refusal::{Refusal, RefusalCode, SheetError};
use crate::scratch::Scratch;
use crate::strings::Strings;
use crate::styles::Styles;
use crate::text::{push_piece, push_unescaped, rich, whole};
use crate::xml::{Tag, Xml, bad};

/// Reads the rows of a sheet. Memory holds one row at a time.
///
/// Rows without any value are passed over: the numbers of the rows tell. Merged cells are given as they are stored; the
/// value of a merged area is in its first cell.
pub struct Rows<'w, R: Read, S> {
    xml: Xml<'w, R>,
    path: String,
    cells: Cells<'w, S>,
    /// The text of the element that is read, and a piece of it.
    value: String,
    piece: String,
    is_done: bool,
}

/// The cells of the row that is read, and what it takes to understand them.
struct Cells<'w, S> {
    strings: &'w mut Strings<S>,
    styles: &'w Styles,
    is_1904: bool,
    row_limit: usize,
    buffer: RowBuffer,
    /// The row that is read, from 1; 0 before the first.
    row: u32,
    /// Where the next cell is that does not say.
    column: u16,
}

impl<'w, R: Read + Seek, S: Scratch> Rows<'w, R, S> {
    pub(crate) fn open(
        mut xml: Xml<'w, R>,
        path: &str,
        strings: &'w mut Strings<S>,
        styles: &'w Styles,
        is_1904: bool,
        limits: &Limits,
    ) -> Result<Self, SheetError> {
        let mut is_done = true;
        while let Some(tag) = xml.child()? {
            if tag.name == "sheetData" {
                is_done = false;
                break;
            }
            xml.skip()?;
        }
        if is_done {
            xml.finish()?;
        }
        let buffer = RowBuffer::default();
        let cells =
            Cells { strings, styles, is_1904, row_limit: limits.row_bytes, buffer, row: 0, column: 0 };
        Ok(Self { xml, path: path.to_owned(), cells, value: String::new(), piece: String::new(), is_done })
    }

    /// Reads the next row that has cells with values. None at the end of the sheet, which was complete and undamaged then.
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, SheetError> {
        match self.advance() {
            Ok(true) => Ok(Some(Row::new(self.cells.row, &self.cells.buffer))),
            Ok(false) => Ok(None),
            Err(error) => {
                self.is_done = true;
                Err(error.of(&self.path))
            }
        }
    }

    /// Bytes of the sheet that were unpacked so far.
    pub(crate) fn unpacked(&self) -> u64 {
        self.xml.unpacked()
    }

    fn advance(&mut self) -> Result<bool, SheetError> {
        while !self.is_done {
            match self.xml.child()? {
                Some(tag) if tag.name == "row" => {
                    self.cells.begin(tag)?;
                    self.read_cells()?;
                    if let Some(column) = self.cells.buffer.order() {
                        let name = CellName { column, row: self.cells.row };
                        return Err(bad_cell(name, "the cell stands twice in its row"));
                    }
                    if !self.cells.buffer.is_empty() {
                        return Ok(true);
                    }
                }
                Some(_) => self.xml.skip()?,
                None => {
                    self.is_done = true;
                    self.xml.finish()?;
                }
            }
        }
        Ok(false)
    }

    fn read_cells(&mut self) -> Result<(), SheetError> {
        loop {
            self.read_quickly()?;
            match self.xml.child()? {
                Some(tag) if tag.name == "c" => self.read_cell()?,
                Some(_) => self.xml.skip()?,
                None => return Ok(()),
            }
        }
    }

    /// Takes the cells that are unpacked as a whole and are written as nearly all programs write them.
    fn read_quickly(&mut self) -> Result<(), SheetError> {
        let mut quick = Quick::new(self.xml.buffered());
        while let Some(cell) = quick.cell() {
            self.cells.add(cell)?;
        }
        let count = quick.position();
        if count > 0 {
            self.xml.consume(count);
        }
        Ok(())
    }

    /// Takes the cell that was opened, whatever it looks like.
    fn read_cell(&mut self) -> Result<(), SheetError> {
        let (mut name, mut style, mut kind) = (None, None, None);
        for attribute in self.xml.opened()?.attributes() {
            let (attribute, value) = attribute?;
            let place = match attribute {
                "r" => &mut name,
                "s" => &mut style,
                "t" => &mut kind,
                _ => continue,
            };
            if place.replace(value.to_owned()).is_some() {
                return Err(bad(format_args!("the attribute {attribute} stands twice in a cell")));
            }
        }
        let (mut is_formula, mut has_value, mut has_inline) = (false, false, false);
        self.value.clear();
        while let Some(tag) = self.xml.child()? {
            match tag.name {
                "f" => {
                    is_formula = true;
                    self.xml.skip()?;
                }
                // What is written inline counts more than a value beside it.
                "v" if !has_inline => {
                    has_value = true;
                    self.value.clear();
                    self.xml.text(&mut self.value)?;
                }
                "is" => {
                    has_inline = true;
                    self.value.clear();
                    rich(&mut self.xml, &mut self.piece, &mut self.value)?;
                }
                _ => self.xml.skip()?,
            }
        }
        let content = match (has_inline, has_value) {
            (true, _) => Content::Inline(&self.value),
            (false, true) => Content::Value(&self.value),
            (false, false) => Content::Nothing,
        };
        let (name, style, kind) = (name.as_deref(), style.as_deref(), kind.as_deref());
        self.cells.add(RawCell { name, style, kind, is_formula, content })
    }
}

impl<S: Scratch> Cells<'_, S> {
    fn begin(&mut self, tag: Tag<'_>) -> Result<(), SheetError> {
        self.buffer.clear();
        self.column = 0;
        let before = self.row;
        let number = tag.value("r")?;
        let row = match &number {
            Some(number) => whole(number).and_then(|row| u32::try_from(row).ok()).unwrap_or(0),
            None => before + 1,
        };
        if row == 0 || row > MAX_ROWS {
            let what = format!("a row cannot have the number {}", number.unwrap_or_default());
            return Err(Refusal::new(RefusalCode::BadCell, what).into());
        }
        if row <= before {
            let what = format!("row {row} comes after row {before}");
            return Err(Refusal::new(RefusalCode::BadCell, what).into());
        }
        self.row = row;
        Ok(())
    }

    #[inline]
    fn add(&mut self, cell: RawCell<'_>) -> Result<(), SheetError> {
        let column = match cell.name {
            Some(name) => match fast::column(name, self.row) {
                Some(column) => column,
                None => return Err(self.misplaced(name)),
            },
            None => self.column,
        };
        if column >= MAX_COLUMNS {
            let what = format!("row {} has more than {MAX_COLUMNS} cells", self.row);
            return Err(Refusal::new(RefusalCode::BadCell, what).into());
        }
        self.column = column + 1;
        let held = self.held(&cell).map_err(|error| error.at(CellName { column, row: self.row }))?;
        if let Some(held) = held {
            self.buffer.push(column, cell.is_formula, held);
        } else if cell.is_formula {
            self.buffer.push(column, true, Held::Empty);
        }
        if self.buffer.text.len() > self.row_limit {
            let what = format!("row {} has more than {} bytes of text", self.row, self.row_limit);
            return Err(Refusal::new(RefusalCode::Limit, what).into());
        }
        Ok(())
    }

    /// What a cell holds; none if it is empty.
    fn held(&mut self, cell: &RawCell<'_>) -> Result<Option<Held>, SheetError> {
        let raw = match cell.content {
            Content::Nothing => return Ok(None),
            Content::Value(raw) => raw,
            Content::Inline(text) => {
                let mark = self.buffer.mark();
                self.buffer.text.push_str(text);
                return Ok(Some(Held::Text(self.buffer.since(mark))));
            }
            Content::Piece(piece, is_kept) => {
                let mark = self.buffer.mark();
                push_piece(piece, is_kept, &mut self.buffer.text);
                return Ok(Some(Held::Text(self.buffer.since(mark))));
            }
        };
        let mark = self.buffer.mark();
        let bare = raw.trim_matches([' ', '\t', '\r', '\n']);
        match cell.kind.unwrap_or("n") {
            "str" | "inlineStr" => {
                push_unescaped(raw, &mut self.buffer.text);
                Ok(Some(Held::Text(self.buffer.since(mark))))
            }
            _ if bare.is_empty() => Ok(None),
            "n" => self.number(bare, cell.style).map(Some),
            "s" => {
                let number = whole(bare).unwrap_or(usize::MAX);
                if self.strings.append_to(number, &mut self.buffer.text)? {
                    return Ok(Some(Held::Text(self.buffer.since(mark))));
                }
                let count = self.strings.len();
                Err(bad_value(format_args!("it names the text {bare}, and the workbook has {count} texts")))
            }
            "b" => match bare {
                "1" | "true" => Ok(Some(Held::Bool(true))),
                "0" | "false" => Ok(Some(Held::Bool(false))),
                _ => Err(bad_value(format_args!("{bare:?} is neither true nor false"))),
            },
            "e" => {
                push_unescaped(bare, &mut self.buffer.text);
                Ok(Some(Held::Error(self.buffer.since(mark))))
            }
            "d" => match date::written(bare) {
                Some(moment) => Ok(Some(shown_as(moment, self.shown(cell.style)?))),
                None => Err(bad_value(format_args!("{bare:?} is no date"))),
            },
            kind => Err(bad_value(format_args!("its kind is unknown: {kind:?}"))),
        }
    }

    fn number(&mut self, raw: &str, style: Option<&str>) -> Result<Held, SheetError> {
        let shown = self.shown(style)?;
        if shown != Shown::Number
            && let Ok(number) = raw.parse()
            && let Some(moment) = date::moment(number, shown, self.is_1904)
        {
            return Ok(of_moment(moment));
        }
        let mark = self.buffer.mark();
        let Some(exactness) = number::plain(raw, &mut self.buffer.text) else {
            return Err(bad_value(format_args!("{raw:?} is no number")));
        };
        let text = self.buffer.since(mark);
        let is_same = self.buffer.text.get(mark as usize..) == Some(raw);
        let raw = if is_same {
            text
        } else {
            let mark = self.buffer.mark();
            self.buffer.text.push_str(raw);
            self.buffer.since(mark)
        };
        Ok(Held::Number { text, raw, is_exact: exactness == Exactness::Exact })
    }

    fn shown(&self, style: Option<&str>) -> Result<Shown, SheetError> {
        let Some(style) = style else { return Ok(self.styles.shown(0)) };
        match whole(style) {
            Some(style) => Ok(self.styles.shown(style)),
            None => Err(bad_value(format_args!("its style is no number: {style:?}"))),
        }
    }

    fn misplaced(&self, name: &str) -> SheetError {
        let what = match CellName::parse(name) {
            Some(_) => format!("the cell {name} stands in row {}", self.row),
            None => format!("no sheet has a cell {name:?}, which stands in row {}", self.row),
        };
        Refusal::new(RefusalCode::BadCell, what).into()
    }
}

fn of_moment(moment: Moment) -> Held {
    match moment {
        Moment::Date(date) => Held::Date(date),
        Moment::DateTime(date, time) => Held::DateTime(date, time),
        Moment::Time(time) => Held::Time(time),
        Moment::Duration(span) => Held::Duration(span),
    }
}

/// A date that is written out may have a time that its format does not show; midnight is none then.
fn shown_as(moment: Moment, shown: Shown) -> Held {
    match moment {
        Moment::DateTime(date, time) if shown == Shown::Date && time.is_midnight() => Held::Date(date),
        moment => of_moment(moment),
    }
}

fn bad_value(what: impl std::fmt::Display) -> SheetError {
    Refusal::new(RefusalCode::BadCell, what).into()
}

fn bad_cell(name: CellName, what: &str) -> SheetError {
    bad_value(what).at(name)
}
