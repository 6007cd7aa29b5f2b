//! How the records of a scope leave the store: row by row, as typed values.

use std::fmt::{self, Write as _};
use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use tidewaiter::id::ImportId;
use tidewaiter::schema::FieldType;

use super::{Records, StoredRecord};
use crate::Result;

/// How many records the general way reads at a time.
const PAGE: usize = 500;

/// Which records of a scope are exported.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// The scope.
    pub scope: String,
    /// Only records of this universe.
    pub universe: Option<String>,
    /// Only records that this import or a later one changed last.
    pub since: Option<ImportId>,
    /// Only records that meet each of these.
    pub conditions: Vec<Condition>,
    /// At most so many.
    pub limit: Option<u64>,
    /// True if rows tell their key, and the import and line that changed them last.
    pub with_origin: bool,
}

impl Selection {
    /// True if the records of a universe are asked for.
    pub fn has_universe(&self, universe: &str) -> bool {
        self.universe.as_ref().is_none_or(|only| only == universe)
    }

    /// True if a record is asked for.
    pub fn has(&self, stored: &StoredRecord) -> bool {
        let StoredRecord { universe, record, .. } = stored;
        let text = |field: &String| record.values.get(field).map(|value| value.text.as_str());
        self.has_universe(universe)
            && self.since.is_none_or(|since| record.changed.import >= since)
            && self.conditions.iter().all(|condition| condition.value.as_deref() == text(&condition.field))
    }
}

/// What a value has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The field.
    pub field: String,
    /// Its value in the form in which it is kept; None if it must have none.
    pub value: Option<String>,
}

/// A column of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportColumn {
    /// The field.
    pub field: String,
    /// The type of its values.
    pub kind: FieldType,
}

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The record has no value.
    Missing,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A year, which is written with four digits.
    Year(i64),
    /// A number that is exactly the value.
    Number(f64),
    /// A text; also a date, a time, or a number of more digits than the other forms hold.
    Text(&'a str),
}

impl<'a> Cell<'a> {
    /// The value that a record keeps as this text.
    pub fn of(kind: FieldType, text: &'a str) -> Self {
        let is_written_so = |written: fmt::Arguments<'_>| {
            let mut rest = Rest(text.as_bytes());
            rest.write_fmt(written).is_ok() && rest.0.is_empty()
        };
        match kind {
            FieldType::Boolean if text == "true" => Self::Boolean(true),
            FieldType::Boolean if text == "false" => Self::Boolean(false),
            FieldType::Integer => match text.parse::<i64>() {
                Ok(number) if is_written_so(format_args!("{number}")) => Self::Integer(number),
                _ => Self::Text(text),
            },
            FieldType::Number => match text.parse::<f64>() {
                Ok(number) if number.is_finite() && is_written_so(format_args!("{number}")) => {
                    Self::Number(number)
                }
                _ => Self::Text(text),
            },
            FieldType::Year => match text.parse::<i64>() {
                Ok(year) if is_written_so(format_args!("{year:04}")) => Self::Year(year),
                _ => Self::Text(text),
            },
            _ => Self::Text(text),
        }
    }
}

/// What of a text is not written yet.
struct Rest<'a>(&'a [u8]);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// Where a row comes from. All but the universe is empty unless [`Selection::with_origin`] asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The universe.
    pub universe: &'a str,
    /// The key of the record.
    pub key: &'a str,
    /// The import that changed it last.
    pub import: &'a str,
    /// The line of that import's file; 0 for the file as a whole.
    pub line: u64,
}

/// Takes the rows of an export: for each row [`begin`](Self::begin), then a [`cell`](Self::cell) for each column in
/// their order, then [`end`](Self::end).
///
/// A failure to write is kept here. [`end`](Self::end) then breaks, and the store reads no further.
pub trait Rows: Send + 'static {
    /// Begins a row.
    fn begin(&mut self, origin: &Origin<'_>);
    /// Takes the value of the next column.
    fn cell(&mut self, cell: Cell<'_>);
    /// Ends a row. Breaks if no more rows are wanted.
    fn end(&mut self) -> ControlFlow<()>;
}

/// A store whose records can be exported.
///
/// What is here serves any store, page by page. A store that can stream its rows does that instead.
pub trait Exports: Records {
    /// The fields that records of a scope have or may have, in the order in which the store has them. The type is None
    /// if the store does not know it.
    fn fields(
        &self,
        selection: &Selection,
    ) -> impl Future<Output = Result<Vec<(String, Option<FieldType>)>>> + Send {
        fields_by_scan(self, selection)
    }

    /// Hands over the rows of a selection, by universe and key; gives `rows` back.
    ///
    /// # Errors
    /// If the store cannot be read; [`Error::Changed`](crate::Error::Changed) if records have a field that is not among
    /// the columns.
    fn export<R: Rows>(
        &self,
        selection: &Selection,
        columns: &Arc<[ExportColumn]>,
        rows: R,
    ) -> impl Future<Output = Result<R>> + Send {
        export_by_scan(self, selection, columns, rows)
    }
}

async fn fields_by_scan<S: Records + ?Sized>(
    records: &S,
    selection: &Selection,
) -> Result<Vec<(String, Option<FieldType>)>> {
    let mut fields = std::collections::BTreeSet::new();
    let mut pages = Pages::new(selection);
    while let Some(page) = pages.next(records, PAGE).await? {
        for stored in page {
            fields.extend(stored.record.values.into_keys());
        }
    }
    Ok(fields.into_iter().map(|field| (field, None)).collect())
}

/// Adds the fields of one universe to those of others. A field that has two types is text: that is what their values have in
/// common.
pub fn join_fields(
    fields: &mut Vec<(String, Option<FieldType>)>,
    more: impl IntoIterator<Item = (String, Option<FieldType>)>,
) {
    for (field, kind) in more {
        match fields.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) if *known != kind => *known = Some(FieldType::String),
            Some(_) => {}
            None => fields.push((field, kind)),
        }
    }
}

/// Hands over the rows of a selection as any store can: page by page.
///
/// # Errors
/// As [`Exports::export`].
pub async fn export_by_scan<S: Records + ?Sized, R: Rows>(
    records: &S,
    selection: &Selection,
    columns: &[ExportColumn],
    mut rows: R,
) -> Result<R> {
    let mut pages = Pages::new(selection);
    while let Some(page) = pages.next(records, PAGE).await? {
        if hand_over(&page, columns, &mut rows)?.is_break() {
            break;
        }
    }
    Ok(rows)
}

/// Hands over records as rows.
///
/// # Errors
/// [`Error::Changed`](crate::Error::Changed) if one has a field that is not among the columns.
pub fn hand_over<R: Rows>(
    records: &[StoredRecord],
    columns: &[ExportColumn],
    rows: &mut R,
) -> Result<ControlFlow<()>> {
    for StoredRecord { universe, key, record } in records {
        let import = record.changed.import.to_string();
        rows.begin(&Origin { universe, key, import: &import, line: record.changed.line });
        let mut written = 0;
        for column in columns {
            let value = record.values.get(&column.field);
            written += usize::from(value.is_some());
            rows.cell(value.map_or(Cell::Missing, |value| Cell::of(column.kind, &value.text)));
        }
        if written < record.values.len() {
            return Err(crate::Error::Changed { key: format!("universe {universe}") });
        }
        if rows.end().is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The records of a selection, page by page.
#[derive(Debug)]
pub struct Pages<'a> {
    selection: &'a Selection,
    left: u64,
    after: Option<(String, String)>,
}

impl<'a> Pages<'a> {
    /// From the first record on.
    pub fn new(selection: &'a Selection) -> Self {
        // No record has an empty key: all of the universe lie behind it.
        let after = selection.universe.clone().map(|universe| (universe, String::new()));
        Self { selection, left: selection.limit.unwrap_or(u64::MAX), after }
    }

    /// The next page, of records that are asked for; it may be empty. None if there are no more.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn next<S: Records + ?Sized>(
        &mut self,
        records: &S,
        most: usize,
    ) -> Result<Option<Vec<StoredRecord>>> {
        if self.left == 0 {
            return Ok(None);
        }
        let after = self.after.as_ref().map(|(universe, key)| (universe.as_str(), key.as_str()));
        let limit = if self.selection.conditions.is_empty() && self.selection.since.is_none() {
            usize::try_from(self.left).unwrap_or(usize::MAX).min(most)
        } else {
            // How many of them are asked for is not known yet.
            most
        };
        let mut page = records.scan(&self.selection.scope, after, limit).await?;
        let Some(last) = page.last().filter(|last| !self.is_behind(&last.universe, &page)) else {
            return Ok(None);
        };
        self.after = Some((last.universe.clone(), last.key.clone()));
        page.retain(|stored| self.selection.has(stored));
        page.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= page.len() as u64;
        Ok(Some(page))
    }

    /// True if a page lies wholly behind the universe that is asked for.
    fn is_behind(&self, last: &str, page: &[StoredRecord]) -> bool {
        !self.selection.has_universe(last)
            && page.first().is_some_and(|first| !self.selection.has_universe(&first.universe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_a_number_only_where_the_number_is_written_so() {
        assert_eq!(Cell::of(FieldType::Integer, "-7"), Cell::Integer(-7));
        assert_eq!(Cell::of(FieldType::Integer, "9223372036854775808"), Cell::Text("9223372036854775808"));
        assert_eq!(Cell::of(FieldType::Number, "12.5"), Cell::Number(12.5));
        let long = "0.1000000000000000000001";
        assert_eq!(Cell::of(FieldType::Number, long), Cell::Text(long));
        assert_eq!(Cell::of(FieldType::Number, "inf"), Cell::Text("inf"));
        assert_eq!(Cell::of(FieldType::Year, "0099"), Cell::Year(99));
        assert_eq!(Cell::of(FieldType::Year, "99"), Cell::Text("99"));
        assert_eq!(Cell::of(FieldType::Boolean, "true"), Cell::Boolean(true));
        assert_eq!(Cell::of(FieldType::Boolean, "yes"), Cell::Text("yes"));
        assert_eq!(Cell::of(FieldType::String, "1"), Cell::Text("1"));
    }
}
