//! A workbook: one of its sheets is the data file.
//!
//! The sheet is written as the file that the import takes: by its delimiter, its decimal separator and its forms of dates. So
//! everything behind reads a workbook as it reads a file, and rejected lines are a file that the import takes.

use std::io::{self, BufWriter, Read, Seek, Write};

use tidewaiter::id::day_of;
use tidewaiter::name::packed_name;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::{Limits, Sink};
use tidewaiter_sheet::{Choice, Doubt, Rows, SeekScratch, SheetError, Workbook, to_csv};

use super::members::{Member, Stopped, write_pieces};
use super::{archive_limits, encrypted, lone, lose};
use crate::conclude::{self, Findings};
use crate::intake::TakesIn;
use crate::ports::{ImportRun, Objects, Refusal};
use crate::{Error, Result, configs};

mod doubts;
mod form;

use doubts::Doubts;
pub use form::SheetForm;

/// How much is handed on at once.
const PIECE: usize = 64 << 10;
/// How many rows are looked at for the widest one, where the row of the header is not known.
const FIRST_ROWS: u32 = 100;

/// Why a sheet was not written to its end.
#[derive(Debug)]
pub enum SheetStopped<E> {
    /// The workbook is bad.
    Refused(Refusal),
    /// Its bytes cannot be read.
    Source(io::Error),
    /// There is no place for the texts that do not fit into memory.
    Scratch(io::Error),
    /// The sink failed.
    Sink(E),
}

/// Writes the sheet of a workbook as one member of this name. What there is to say of it.
///
/// # Errors
/// [`SheetStopped`]
pub fn write_sheet<R: Read + Seek, S: Sink>(
    reader: R,
    name: &str,
    form: &SheetForm,
    limits: &Limits,
    sink: &mut S,
) -> std::result::Result<Vec<String>, SheetStopped<S::Error>> {
    let limits = tidewaiter_sheet::Limits { archive: limits.clone(), ..tidewaiter_sheet::Limits::default() };
    let scratch = SeekScratch::new(tempfile::tempfile().map_err(SheetStopped::Scratch)?);
    let mut out = Out { sink, failed: None };
    let written = write(reader, name, form, &limits, scratch, &mut out);
    match (out.failed, written) {
        (Some(failed), _) => Err(SheetStopped::Sink(failed)),
        (None, Ok(notes)) => Ok(notes),
        (None, Err(SheetError::Refused(refusal))) => Err(SheetStopped::Refused(refused(refusal))),
        (None, Err(SheetError::Source(error))) => Err(SheetStopped::Source(error)),
        (None, Err(SheetError::Scratch(error) | SheetError::Output(error))) => {
            Err(SheetStopped::Scratch(error))
        }
    }
}

fn write<R: Read + Seek, S: Sink>(
    reader: R,
    name: &str,
    form: &SheetForm,
    limits: &tidewaiter_sheet::Limits,
    scratch: SeekScratch<std::fs::File>,
    out: &mut Out<'_, S>,
) -> std::result::Result<Vec<String>, SheetError> {
    let mut workbook = Workbook::open(reader, scratch, limits)?;
    let choice = form.sheet.as_deref().map_or(Choice::FirstVisible, Choice::Named);
    let sheet = workbook.find(choice)?.name.clone();
    let header = match form.header_row {
        Some(row) => row,
        None => widest_row(&mut workbook.rows(choice)?)?,
    };
    let mut doubts = Doubts::default();
    out.begin(name)?;
    let mut writer = BufWriter::with_capacity(PIECE, &mut *out);
    writer.write_all(form.mark()).map_err(SheetError::Output)?;
    to_csv(&mut workbook.rows(choice)?, header, form, &mut writer, |cell, doubt: Doubt| {
        doubts.add(cell, doubt);
    })?;
    writer.flush().map_err(SheetError::Output)?;
    drop(writer);
    out.end()?;
    Ok(doubts.notes(&sheet))
}

/// The widest of the first rows: that of the header, where people wrote something above it.
fn widest_row<R: Read + Seek, S: tidewaiter_sheet::Scratch>(
    rows: &mut Rows<'_, R, S>,
) -> std::result::Result<u32, SheetError> {
    let (mut widest, mut at) = (0, 1);
    while let Some(row) = rows.next_row()?
        && row.number() <= FIRST_ROWS
    {
        let width = row.cells().last().map_or(0, |cell| cell.column + 1);
        if width > widest {
            (widest, at) = (width, row.number());
        }
    }
    Ok(at)
}

/// Why a bad workbook is not taken.
fn refused(refusal: tidewaiter_sheet::Refusal) -> Refusal {
    let tidewaiter_sheet::Refusal { code, cell, message, .. } = refusal;
    let message = match cell {
        Some(cell) => format!("cell {cell}: {message}"),
        None => message,
    };
    Refusal { outcome: Outcome::Bogus, reason: Reason::new(code.as_str(), message) }
}

/// What is written goes to the sink, and its error is kept.
struct Out<'s, S: Sink> {
    sink: &'s mut S,
    failed: Option<S::Error>,
}

impl<S: Sink> Out<'_, S> {
    fn keep<T>(&mut self, done: std::result::Result<T, S::Error>) -> io::Result<T> {
        done.map_err(|error| {
            self.failed = Some(error);
            io::Error::other("the rows are no longer taken")
        })
    }

    fn begin(&mut self, name: &str) -> std::result::Result<(), SheetError> {
        let begun = self.sink.begin(name);
        self.keep(begun).map_err(SheetError::Output)
    }

    fn end(&mut self) -> std::result::Result<(), SheetError> {
        let ended = self.sink.end();
        self.keep(ended).map_err(SheetError::Output)
    }
}

impl<S: Sink> Write for Out<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.sink.write(bytes);
        self.keep(written).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes the sheet of a workbook that its import reads, and handles the workbook as that file from then on.
pub(super) async fn extract<D: TakesIn>(deployment: &D, workbook: &ImportRun) -> Result<Option<ImportRun>> {
    let active = configs::active(deployment, &workbook.repository).await?;
    let file = packed_name(&workbook.file).unwrap_or_else(|| workbook.file.clone());
    let name = active.resolve(&file, day_of(workbook.arrived)).ok();
    let options = name.and_then(|name| active.subsection(&name).cloned()).unwrap_or_default();
    let (form, limits) = (SheetForm::of(&options.dialect), archive_limits(&active));
    let (written, result) = write_sheet_of(deployment, workbook, file, form, limits).await;
    match (result, &written[..]) {
        (Ok(notes), [sheet]) => {
            lone::treat_as_file(deployment, workbook, &active, sheet, notes).await.map(Some)
        }
        (Ok(_), _) => Err(Error::Task("a sheet was not written as one file".to_owned())),
        (Err(Stopped::Refused(refusal)), written) => {
            for sheet in written {
                deployment.objects().discard(&sheet.key).await?;
            }
            conclude::conclude(deployment, workbook, Findings::refused(refusal)).await?;
            Ok(None)
        }
        (Err(Stopped::Failed(error)), _) => {
            lose(deployment, workbook, error).await?;
            Ok(None)
        }
    }
}

/// Writes the sheet of a workbook, which is decrypted first if it came encrypted. What was written, and what there is to
/// say of it.
async fn write_sheet_of<D: TakesIn>(
    deployment: &D,
    workbook: &ImportRun,
    file: String,
    form: SheetForm,
    limits: Limits,
) -> (Vec<Member>, std::result::Result<Vec<String>, Stopped>) {
    let opened = match encrypted::open(deployment, workbook, &limits).await {
        Ok(opened) => opened,
        Err(stopped) => return (Vec::new(), Err(stopped)),
    };
    let reader = match deployment.objects().open(&opened.source) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Err(Stopped::Failed(error))),
    };
    let key = opened.source.key.clone();
    let (written, result) = write_pieces(deployment, workbook, move |pieces| {
        write_sheet(reader, &file, &form, &limits, pieces).map_err(|stopped| match stopped {
            SheetStopped::Refused(refusal) => Stopped::Refused(refusal),
            SheetStopped::Source(error) => Stopped::Failed(Error::object(key, error)),
            SheetStopped::Scratch(error) => Stopped::Failed(Error::Task(error.to_string())),
            SheetStopped::Sink(error) => Stopped::Failed(Error::Task(error.to_string())),
        })
    })
    .await;
    match opened.close(deployment).await {
        Ok(notes) => (written, result.map(|of_sheet| [notes, of_sheet].concat())),
        Err(error) => (written, Err(Stopped::Failed(error))),
    }
}
