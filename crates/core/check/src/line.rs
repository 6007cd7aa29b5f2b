//! An accepted line, as a sink sees it.

use std::borrow::Cow;

use tidewaiter_schema::compile::Scope;

use super::fields::Fields;
use super::header::Header;
use super::split::value_of;

/// An accepted line: as many fields as the header, each of them checked.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub(crate) number: u64,
    pub(crate) byte: u64,
    pub(crate) raw: &'a [u8],
    pub(crate) text: &'a str,
    pub(crate) fields: Fields<'a>,
    pub(crate) header: &'a Header,
    pub(crate) scope: &'a Scope,
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

    /// Its text without the line break.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The header of its file.
    pub fn header(&self) -> &'a Header {
        self.header
    }

    /// How many fields it has: as many as the header.
    pub fn width(&self) -> usize {
        self.fields.len()
    }

    /// The value of a field, counted from 0 in the order of the file, without quotes.
    pub fn field(&self, number: usize) -> Option<Cow<'a, str>> {
        self.fields.span(number).map(|span| value_of(self.text, span))
    }

    /// The value in a column of the scope. None if the file has no such column, or the cell means "no value".
    pub fn value(&self, column: usize) -> Option<Cow<'a, str>> {
        let value = self.field(self.header.file_column(column)?)?;
        (!self.scope.is_missing(&value)).then_some(value)
    }

    /// The fields in the order of the file.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Cow<'a, str>> + use<'a> {
        let text = self.text;
        self.fields.spans().map(move |span| value_of(text, span))
    }
}
