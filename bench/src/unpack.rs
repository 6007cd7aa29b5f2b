//! Unpacks an archive into nothing.

use std::convert::Infallible;
use std::error::Error;
use std::fs::File;
use std::path::Path;

use tidewaiter_archive::{Format, Limits, Sink, extract};

struct Nowhere;

impl Sink for Nowhere {
    type Error = Infallible;

    fn begin(&mut self, _name: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// How many bytes come out of an archive.
pub(crate) fn run(archive: &str) -> Result<String, Box<dyn Error>> {
    let path = Path::new(archive);
    let name = path.file_name().and_then(|name| name.to_str()).ok_or("the archive has no name")?;
    let format = Format::from_name(name).ok_or("it is not named like an archive")?;
    let summary = extract(format, name, File::open(path)?, &Limits::default(), &mut Nowhere)?;
    Ok(format!("{} bytes", summary.bytes))
}
