//! Workbooks: the sheet that an import reads is checked as the file that it is.

use std::convert::Infallible;
use std::fs::File;
use std::path::Path;

use bytes::Bytes;
use tidewaiter::name::packed_name;
use tidewaiter::report::Outcome;
use tidewaiter_archive::Sink;
use tidewaiter_engine::intake::{SheetForm, SheetStopped, write_sheet};

use super::archive::Watched;
use super::exam::Exam;
use super::judge::Ruling;
use super::{Checks, Observer, Phase, Preflight};
use crate::Error;

/// Checks a workbook. `show` gets what is said of its sheet.
pub(super) fn check<E: From<Error>>(
    checks: &Checks,
    (path, name, bytes): (&Path, &str, u64),
    observer: &impl Observer,
    show: &mut impl FnMut(&Preflight) -> Result<(), E>,
) -> Result<(), E> {
    let file = packed_name(name).unwrap_or_else(|| name.to_owned());
    let ruling = checks.judge.rule_lone(name, &file)?;
    let Ruling::Check { terms, .. } = &ruling else {
        return show(&Exam::begin(&file, ruling, checks.hashed).finish(bytes));
    };
    let form = SheetForm::of(&terms.options.dialect);
    let cannot = |source| E::from(Error::Read { path: path.to_owned(), source });
    let source = File::open(path).map_err(cannot)?;
    let source = Watched { file: source, observer, phase: Phase::Checking, name, bytes };
    let mut sheet = Sheet { exam: Exam::begin(&file, ruling, checks.hashed), bytes: 0 };
    let limits = checks.judge.archive_limits();
    let mut preflight = match write_sheet(source, &file, &form, &limits, &mut sheet) {
        Ok(notes) => {
            sheet.exam.end();
            let mut preflight = sheet.exam.finish(sheet.bytes);
            preflight.notes.extend(notes);
            preflight
        }
        Err(SheetStopped::Refused(refusal)) => {
            let mut preflight = Preflight::new(name, Outcome::Bogus, bytes);
            preflight.reason = Some(refusal.reason);
            return show(&preflight);
        }
        Err(SheetStopped::Source(source) | SheetStopped::Scratch(source)) => return Err(cannot(source)),
        Err(SheetStopped::Sink(never)) => match never {},
    };
    preflight.archive = Some(name.to_owned());
    show(&preflight)
}

/// Has a sheet checked as it is read.
struct Sheet {
    exam: Exam,
    bytes: u64,
}

impl Sink for Sheet {
    type Error = Infallible;

    fn begin(&mut self, _: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.exam.feed(&Bytes::copy_from_slice(bytes));
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
