//! Reads workbooks (`.xlsx`, `.xlsm`) that may be broken or hostile, row by row, within limits.
//!
//! [`Workbook::open`] checks the zip and reads what belongs to the workbook as a whole. [`Workbook::rows`] gives the rows of a
//! sheet, one after the other. Cells come as the workbook means them: dates by their formats, numbers in plain digits, texts
//! as people see them. What a cell is good for is not known here. Three outcomes are kept apart, because different people
//! have to act:
//!
//! * [`SheetError::Refused`]: the workbook is bad. This is a finding about the partner's data, with a stable code, the part, the
//!   cell, what was found and how to fix it.
//! * [`SheetError::Source`]: the bytes of the workbook could not be read; retry.
//! * [`SheetError::Scratch`], [`SheetError::Output`]: what the caller lends failed. The caller's.
//!
//! A refusal can come after any number of rows: the checksum of a sheet is known at its end. Rows count when
//! [`Rows::next_row`] has answered `None`.
//!
//! # Memory
//!
//! Constant, however large the workbook is: the directory of the zip, a row, a buffer of each kind, the first
//! [`Limits::resident_bytes`] of the texts that cells share, and four bytes for each of these texts, of which there are
//! [`Limits::strings`] at most. Further texts go to a [`Scratch`] that the caller lends, and are read through a cache of 2 MiB.
//!
//! # What is refused
//!
//! Whatever breaks a rule of [archives](tidewaiter_archive), document types and entities (XML bombs), texts, tags and nesting
//! beyond the [`Limits`], missing parts, rows or cells that stand twice, and values that are not of their kind. Workbooks that are
//! protected by a password, and those of other formats, are recognised. [`RefusalCode`] lists the grounds.
//!
//! ```
//! use std::io::Cursor;
//! use tidewaiter_sheet::{Choice, Limits, NoScratch, Value, Workbook};
//!
//! let mut made = rust_xlsxwriter::Workbook::new();
//! let sheet = made.add_worksheet();
//! sheet.write(0, 0, "id")?;
//! sheet.write(2, 1, 12.5)?;
//! let source = Cursor::new(made.save_to_buffer()?);
//!
//! let mut workbook = Workbook::open(source, NoScratch, &Limits::default())?;
//! assert_eq!(workbook.sheets()[0].name, "Sheet1");
//! let mut rows = workbook.rows(Choice::FirstVisible)?;
//! let mut seen = Vec::new();
//! while let Some(row) = rows.next_row()? {
//!     for cell in row.cells() {
//!         seen.push(format!("{} {}", row.name(cell.column), cell.value));
//!     }
//! }
//! assert_eq!(seen, ["A1 id", "B3 12.5"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cell;
mod csv;
mod date;
mod fast;
mod feed;
mod format;
mod limits;
mod number;
mod refusal;
mod rows;
mod scratch;
mod sniff;
mod strings;
mod styles;
mod text;
mod workbook;
mod xml;

pub use crate::cell::{Cell, CellName, ColumnName, MAX_COLUMNS, MAX_ROWS, Row, Value};
pub use crate::csv::{Commas, Doubt, Form, to_csv};
pub use crate::date::{Date, Time};
pub use crate::limits::Limits;
pub use crate::refusal::{Refusal, RefusalCode, SheetError};
pub use crate::rows::Rows;
pub use crate::scratch::{NoScratch, Scratch, SeekScratch};
pub use crate::workbook::{Choice, Sheet, Workbook};
