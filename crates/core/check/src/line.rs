//! An accepted line, as a sink sees it.

use std::borrow::Cow;

use super::fields::Fields;
use super::header::Header;
use super::rules::Rules;
use super::split::value_of;

/// An accepted line: as many fields as the header, each of them checked. Where an import keeps line breaks in quotes, it is a
/// record, which may span several lines of the file.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub(crate) number: u64,
    pub(crate) byte: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) text: &'a str,
    pub(crate) fields: Fields<'a>,
    pub(crate) rules: &'a Rules,
}

impl<'a> Line<'a> {
    /// Its number in the file; the header is line 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The offset in the file at which it begins.
    pub fn byte(&self) -> u64 {
        self.byte
    }

    /// Its bytes as they stood in the file, with the line break, if there was one.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Its text without the line break, as its fields stand in it.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The header of its file.
    pub fn header(&self) -> &'a Header {
        &self.rules.header
    }

    /// How many fields it has: as many as the header.
    pub fn width(&self) -> usize {
        self.fields.len()
    }

    /// The value of a field, counted from 0 in the order of the file, without quotes, as the file writes it.
    pub fn field(&self, number: usize) -> Option<Cow<'a, str>> {
        self.fields.span(number).map(|span| value_of(self.text, span))
    }

    /// The value in a column of the scope, in the form that the column's type has. None if the file has no such column, or
    /// the cell means "no value".
    pub fn value(&self, column: usize) -> Option<Cow<'a, str>> {
        let place = self.rules.header.file_column(column)?;
        self.rules.value(place, self.field(place)?)
    }

    /// The fields in the order of the file, as it writes them.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Cow<'a, str>> + use<'a> {
        let text = self.text;
        self.fields.spans().map(move |span| value_of(text, span))
    }
}
