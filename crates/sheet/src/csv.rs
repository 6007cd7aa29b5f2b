//! A sheet as CSV: what reads text files reads workbooks too.

use std::fmt::Write as _;
use std::io::{Read, Seek, Write};

use crate::cell::{CellName, Value};
use crate::refusal::{Refusal, RefusalCode, SheetError};
use crate::rows::Rows;
use crate::scratch::Scratch;

/// Bytes of empty fields that any sheet may cost, and how many on top for each byte of the sheet: a few cells at the far end of a sheet
/// must not fill a disk.
const PADDING_FLOOR: u64 = 16 << 20;
const PADDING_RATIO: u64 = 100;

/// What a reader of the CSV cannot see any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// A formula whose result was not stored; its field is empty.
    NotComputed,
    /// A number of more than fifteen digits, which Excel does not keep.
    DigitsLost,
    /// An error such as `#REF!` instead of a value.
    Error,
    /// A line break in a value: from here on, the numbers of lines are larger than those of rows.
    LineBreak,
}

/// How records are written.
pub trait Form {
    /// What stands between two fields.
    fn delimiter(&self) -> &str;

    /// Appends a value as text.
    fn value(&self, value: &Value<'_>, text: &mut String);

    /// Appends a text as a field, in quotes where it needs them.
    fn field(&self, text: &str, record: &mut Vec<u8>);
}

/// CSV by RFC 4180: commas, and values as [`Value`] displays them.
#[derive(Debug, Clone, Copy, Default)]
pub struct Commas;

impl Form for Commas {
    fn delimiter(&self) -> &'static str {
        ","
    }

    fn value(&self, value: &Value<'_>, text: &mut String) {
        _ = write!(text, "{value}");
    }

    fn field(&self, text: &str, record: &mut Vec<u8>) {
        if !text.bytes().any(|one| matches!(one, b',' | b'"' | b'\r' | b'\n')) {
            return record.extend_from_slice(text.as_bytes());
        }
        record.push(b'"');
        for one in text.bytes() {
            if one == b'"' {
                record.push(b'"');
            }
            record.push(one);
        }
        record.push(b'"');
    }
}

/// Writes all rows as records of UTF-8 that end with a line feed. Gives the number of records.
///
/// The number of a record is that of its row: a row without values is a record of empty fields. From the row `header` on,
/// a record has at least as many fields as that row, and more only if they hold something. Cells that deserve a finding are
/// handed to `doubt`.
pub fn to_csv<R: Read + Seek, S: Scratch, W: Write>(
    rows: &mut Rows<'_, R, S>,
    header: u32,
    form: &impl Form,
    mut out: W,
    mut doubt: impl FnMut(CellName, Doubt),
) -> Result<u32, SheetError> {
    let mut records = 0;
    let mut width = 1_u16;
    let mut padding = 0_u64;
    let (mut field, mut record) = (String::new(), Vec::new());
    let separate = |count: u16, record: &mut Vec<u8>| {
        (0..count).for_each(|_| record.extend_from_slice(form.delimiter().as_bytes()));
    };
    loop {
        let unpacked = rows.unpacked();
        let Some(row) = rows.next_row()? else { return Ok(records) };
        record.clear();
        while records + 1 < row.number() {
            records += 1;
            padding += u64::from(width);
            check_padding(padding, unpacked, row.number())?;
            let mut empty = Vec::new();
            separate(width.saturating_sub(1), &mut empty);
            write(empty, &mut out)?;
        }
        let mut next = 0;
        for cell in row.cells() {
            field.clear();
            form.value(&cell.value, &mut field);
            let about = match cell.value {
                Value::Empty => Some(Doubt::NotComputed),
                Value::Number { is_exact: false, .. } => Some(Doubt::DigitsLost),
                Value::Error(_) => Some(Doubt::Error),
                _ if field.contains(['\r', '\n']) => Some(Doubt::LineBreak),
                _ => None,
            };
            if let Some(about) = about {
                doubt(row.name(cell.column), about);
            }
            // Fields that hold nothing are written when one follows that does, or to the width.
            if !field.is_empty() {
                padding += u64::from(cell.column - next);
                separate(cell.column - next, &mut record);
                form.field(&field, &mut record);
                next = cell.column;
            }
        }
        records += 1;
        if records == header {
            width = next + 1;
        }
        let missing = width.saturating_sub(next + 1);
        padding += u64::from(missing);
        check_padding(padding, unpacked, row.number())?;
        separate(missing, &mut record);
        record = write(record, &mut out)?;
    }
}

fn check_padding(padding: u64, unpacked: u64, row: u32) -> Result<(), SheetError> {
    if padding > PADDING_FLOOR.saturating_add(unpacked.saturating_mul(PADDING_RATIO)) {
        let what = format!("the sheet is nearly empty up to row {row}");
        return Err(Refusal::new(RefusalCode::Limit, what).into());
    }
    Ok(())
}

/// Writes a record; what it was built in. A line without anything is passed over by many readers; one empty field in quotes
/// is not.
fn write(mut record: Vec<u8>, out: &mut impl Write) -> Result<Vec<u8>, SheetError> {
    if record.is_empty() {
        record.extend_from_slice(b"\"\"");
    }
    record.push(b'\n');
    out.write_all(&record).map_err(SheetError::Output)?;
    Ok(record)
}
