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
}

/// Writes all rows as CSV by RFC 4180: UTF-8, commas, line feeds, values as [`Value`] displays them. Gives the number of
/// records.
///
/// The number of a record is that of its row: a row without values is a record of empty fields. From the row `header` on,
/// a record has at least as many fields as that row, and more only if they hold something. Cells that deserve a finding are
/// handed to `doubt`.
pub fn to_csv<R: Read + Seek, S: Scratch, W: Write>(
    rows: &mut Rows<'_, R, S>,
    header: u32,
    mut out: W,
    mut doubt: impl FnMut(CellName, Doubt),
) -> Result<u32, SheetError> {
    let mut records = 0;
    let mut width = 1;
    let mut padding = 0_u64;
    let (mut field, mut record) = (String::new(), Vec::new());
    loop {
        let unpacked = rows.unpacked();
        let Some(row) = rows.next_row()? else { return Ok(records) };
        record.clear();
        while records + 1 < row.number() {
            records += 1;
            padding += u64::from(width);
            check_padding(padding, unpacked, row.number())?;
            write_empty(width, &mut out)?;
        }
        let mut next = 0;
        for cell in row.cells() {
            field.clear();
            _ = write!(field, "{}", cell.value);
            let about = match cell.value {
                Value::Empty => Some(Doubt::NotComputed),
                Value::Number { is_exact: false, .. } => Some(Doubt::DigitsLost),
                Value::Error(_) => Some(Doubt::Error),
                _ => None,
            };
            if let Some(about) = about {
                doubt(row.name(cell.column), about);
            }
            // Fields that hold nothing are written when one follows that does, or to the width.
            if !field.is_empty() {
                padding += u64::from(cell.column - next);
                record.extend(std::iter::repeat_n(b',', usize::from(cell.column - next)));
                write_field(&field, &mut record);
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
        record.extend(std::iter::repeat_n(b',', usize::from(missing)));
        if record.is_empty() {
            record.extend_from_slice(b"\"\"");
        }
        record.push(b'\n');
        out.write_all(&record).map_err(SheetError::Output)?;
    }
}

fn check_padding(padding: u64, unpacked: u64, row: u32) -> Result<(), SheetError> {
    if padding > PADDING_FLOOR.saturating_add(unpacked.saturating_mul(PADDING_RATIO)) {
        let what = format!("the sheet is nearly empty up to row {row}");
        return Err(Refusal::new(RefusalCode::Limit, what).into());
    }
    Ok(())
}

/// A line without anything is passed over by many readers; one empty field in quotes is not.
fn write_empty(width: u16, out: &mut impl Write) -> Result<(), SheetError> {
    let commas = [b','; 256];
    let mut left = usize::from(width.saturating_sub(1));
    if left == 0 {
        return out.write_all(b"\"\"\n").map_err(SheetError::Output);
    }
    while left > 0 {
        let piece = commas.get(..left).unwrap_or(&commas);
        out.write_all(piece).map_err(SheetError::Output)?;
        left -= piece.len();
    }
    out.write_all(b"\n").map_err(SheetError::Output)
}

fn write_field(field: &str, record: &mut Vec<u8>) {
    if !field.bytes().any(|one| matches!(one, b',' | b'"' | b'\r' | b'\n')) {
        return record.extend_from_slice(field.as_bytes());
    }
    record.push(b'"');
    for one in field.bytes() {
        if one == b'"' {
            record.push(b'"');
        }
        record.push(one);
    }
    record.push(b'"');
}
