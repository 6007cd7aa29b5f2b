//! Where an export is written: standard output, or a file that replaces an earlier one when it is complete.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::printer::Printer;

/// What an export is written to.
pub(crate) enum Output {
    /// Standard output.
    Printed(Printer),
    /// A file, which takes its place at the end.
    Replaced(Replaced),
    /// Something that is no plain file, such as a named pipe.
    Direct(BufWriter<File>),
}

/// A file beside the one that it will replace.
pub(crate) struct Replaced {
    file: BufWriter<File>,
    part: Part,
    place: PathBuf,
}

/// Removed unless it has taken its place.
struct Part(Option<PathBuf>);

impl Drop for Part {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Nothing depends on it, and why the export failed is what counts.
            let _ = fs::remove_file(path);
        }
    }
}

impl Output {
    /// A file by its path. What lies there stays until the export is complete.
    pub(crate) fn file(path: &Path) -> io::Result<Self> {
        // Where the path is a link, what it leads to is replaced.
        let place = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&place).is_ok_and(|found| !found.is_file()) {
            return Ok(Self::Direct(BufWriter::new(File::options().write(true).open(&place)?)));
        }
        let mut name = OsString::from(".");
        name.push(place.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?);
        name.push(format!(".{}.part", std::process::id()));
        let part = place.with_file_name(name);
        let file = BufWriter::new(File::create(&part)?);
        Ok(Self::Replaced(Replaced { file, part: Part(Some(part)), place }))
    }

    /// Ends it: a file takes its place.
    pub(crate) fn keep(self) -> io::Result<()> {
        if let Self::Replaced(Replaced { file, mut part, place }) = self {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            if let Some(path) = &part.0 {
                fs::rename(path, place)?;
            }
            part.0 = None;
        }
        Ok(())
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Printed(printer) => {
                printer.raw(bytes).map_err(io::Error::other)?;
                // Printing goes on in silence when the reader is gone. An export ends.
                if printer.is_closed() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
            }
            Self::Replaced(replaced) => replaced.file.write(bytes),
            Self::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Printed(printer) => printer.flush().map_err(io::Error::other),
            Self::Replaced(replaced) => replaced.file.flush(),
            Self::Direct(file) => file.flush(),
        }
    }
}
