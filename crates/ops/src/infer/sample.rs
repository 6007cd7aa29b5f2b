//! The beginning of a file, unpacked if it came packed.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use tidewaiter::config::DialectOptions;
use tidewaiter::config::dialect::SkipLines;
use tidewaiter::keys::clean_name;
use tidewaiter::name::{DroppedName, is_tool_file};
use tidewaiter_archive::{ExtractError, Format, Limits, Sink, extract};
use tidewaiter_engine::intake::{SheetForm, SheetStopped, write_sheet};

use crate::preflight::file_name;
use crate::text::size;

/// How much of a file is looked at, in bytes.
pub const SAMPLE_BYTES: usize = 16 << 20;

/// What a configuration is inferred from.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The name under which the file is dropped.
    pub name: String,
    /// Its content, or whole lines from its beginning.
    pub bytes: Vec<u8>,
    /// True if that is all of it.
    pub is_whole: bool,
}

/// A file that cannot be looked at, or from which nothing can be inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its name.
    pub file: String,
    /// Why, in words that follow the name.
    pub why: String,
}

impl Unusable {
    pub(super) fn new(file: &str, why: impl Into<String>) -> Self {
        Self { file: file.to_owned(), why: why.into() }
    }
}

impl Sample {
    /// A sample of these bytes.
    pub fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self::cut(name, bytes, SAMPLE_BYTES)
    }

    /// Reads the beginning of a file of this machine. An archive must hold one data file.
    ///
    /// # Errors
    /// If it cannot be read or unpacked.
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        let name = file_name(path);
        let unusable = |why: String| Unusable::new(&name, why);
        let cannot = |error: std::io::Error| unusable(format!("cannot be read: {error}"));
        let file = File::open(path).map_err(cannot)?;
        if file.metadata().map_err(cannot)?.is_dir() {
            return Err(unusable("is a folder".to_owned()));
        }
        if is_tool_file(&name, file.metadata().map_err(cannot)?.len()) {
            return Err(unusable("is a file that a tool left beside the data".to_owned()));
        }
        if let DroppedName::Encrypted { .. } = DroppedName::of(&name) {
            return Err(unusable("is encrypted: name the file as it was before".to_owned()));
        }
        let bytes = if let Some(format) = Format::from_name(&name) {
            unpacked(format, &name, file).map_err(unusable)?
        } else if DroppedName::of(&name) == DroppedName::Workbook {
            sheet(&name, file).map_err(unusable)?
        } else {
            let mut bytes = Vec::new();
            file.take(SAMPLE_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(cannot)?;
            bytes
        };
        Ok(Self::new(&name, bytes))
    }

    fn cut(name: &str, mut bytes: Vec<u8>, most: usize) -> Self {
        let is_whole = bytes.len() <= most;
        if !is_whole {
            bytes.truncate(most);
            // The last line may be cut in its middle. In UTF-16 the line feed may be, too: decoding drops the odd byte.
            let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(most, |at| at + 1);
            bytes.truncate(end);
        }
        Self { name: name.to_owned(), bytes, is_whole }
    }

    /// How much was read, in words.
    pub(super) fn extent(&self) -> String {
        if self.is_whole {
            "the whole file".to_owned()
        } else {
            format!("the first {}", size(self.bytes.len() as u64))
        }
    }
}

/// The beginning of the only data file of an archive.
fn unpacked(format: Format, name: &str, file: File) -> Result<Vec<u8>, String> {
    let mut first = First::default();
    match extract(format, name, file, &Limits::default(), &mut first) {
        Ok(_) | Err(ExtractError::Sink(Stop::Enough)) => {}
        Err(ExtractError::Sink(Stop::Another)) => {
            return Err("holds several files: unpack it, and name the files themselves".to_owned());
        }
        Err(ExtractError::Refused(refusal)) => {
            return Err(format!("cannot be unpacked: {}", refusal.message));
        }
        Err(ExtractError::Source(error)) => return Err(format!("cannot be read: {error}")),
    }
    match first.name {
        Some(_) => Ok(first.bytes),
        None => Err("holds no data file".to_owned()),
    }
}

/// The beginning of the first visible sheet of a workbook, in the strict form.
fn sheet(name: &str, file: File) -> Result<Vec<u8>, String> {
    let options = DialectOptions { skip_lines: SkipLines::Auto, ..DialectOptions::default() };
    let (form, mut first) = (SheetForm::of(&options), First::default());
    match write_sheet(file, name, &form, &Limits::default(), &mut first) {
        Ok(_) | Err(SheetStopped::Sink(_)) => Ok(first.bytes),
        Err(SheetStopped::Refused(refusal)) => Err(format!("cannot be read: {}", refusal.reason.message)),
        Err(SheetStopped::Source(error) | SheetStopped::Scratch(error)) => {
            Err(format!("cannot be read: {error}"))
        }
    }
}

/// Takes the beginning of the first member.
#[derive(Default)]
struct First {
    name: Option<String>,
    bytes: Vec<u8>,
}

/// Why no more is unpacked.
enum Stop {
    /// The sample is complete.
    Enough,
    /// There is a second member.
    Another,
}

impl Sink for First {
    type Error = Stop;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> Result<(), Stop> {
        match self.name.replace(clean_name(name)) {
            None => Ok(()),
            Some(_) => Err(Stop::Another),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > SAMPLE_BYTES { Err(Stop::Enough) } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), Stop> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_cut_behind_a_line() {
        let sample = Sample::cut("a.csv", b"id;name\n1;a\n2;b\n".to_vec(), 13);
        assert_eq!((sample.bytes.as_slice(), sample.is_whole), (b"id;name\n1;a\n".as_slice(), false));
        assert!(Sample::cut("a.csv", b"id\n".to_vec(), 3).is_whole);
    }
}
