//! A zip that is one document: its parts are found by their paths and read in any order.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{Read, Seek};

use crate::format::Format;
use crate::limits::Limits;
use crate::name;
use crate::refusal::{ExtractError, Refusal};
use crate::sniff;
use crate::source::Source;
use crate::zip::{self, Data, Member};

/// Why a package or a part of it was not read. There is no sink here, so [`ExtractError::Sink`] never happens.
pub type PackageError = ExtractError<Infallible>;

/// A zip that holds the parts of one document, as office programs write it.
///
/// The directory is checked as a whole when the package is opened, within the same [`Limits`] and by the same rules as an
/// archive, save three: a part is named by its whole path, a part may be an archive itself, and no part is taken for
/// metadata of a packing program. Memory holds the directory, and one part at a time while it is read.
///
/// ```
/// use std::io::{Cursor, Write};
/// use tidewaiter_archive::{Limits, Package};
///
/// let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
/// zip.start_file("xl/workbook.xml", zip::write::SimpleFileOptions::default())?;
/// zip.write_all(b"<workbook/>")?;
///
/// let mut package = Package::open(zip.finish()?, &Limits::default())?;
/// let mut part = package.part("XL/workbook.xml")?.ok_or("no such part")?;
/// let mut buffer = [0; 64];
/// let count = part.fill(&mut buffer)?;
/// assert_eq!(buffer.get(..count), Some(&b"<workbook/>"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Package<R> {
    source: Source<R>,
    members: Vec<Member>,
    /// Places in `members` by path, as paths are compared.
    by_path: HashMap<String, usize>,
}

impl<R: Read + Seek> Package<R> {
    /// Reads and checks the directory. The source must answer `SeekFrom::End` with its true length.
    pub fn open(source: R, limits: &Limits) -> Result<Self, PackageError> {
        let mut source = Source::open(source).map_err(ExtractError::Source)?;
        match Self::members(&mut source, limits) {
            Ok(members) => {
                // Each path was read as text when it was registered.
                let by_path = (members.iter().enumerate())
                    .filter_map(|(at, member)| Some((name::key(name::whole(&member.path).ok()?), at)))
                    .collect();
                Ok(Self { source, members, by_path })
            }
            Err(refusal) => Err(told(source.take_fault(), refusal)),
        }
    }

    fn members(source: &mut Source<R>, limits: &Limits) -> Result<Vec<Member>, Refusal> {
        let head = source.peek(sniff::HEAD).map_err(|error| Refusal::io(None, &error))?;
        sniff::expect(Format::Zip, &head)?;
        zip::members(source, limits)
    }

    /// The paths of all parts as the zip writes them, in the order of their data.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.members.iter().filter_map(|member| name::whole(&member.path).ok())
    }

    /// Whether there is a part with this path; neither case nor the kind of separator counts.
    pub fn contains(&self, path: &str) -> bool {
        self.by_path.contains_key(&name::key(path))
    }

    /// Opens the part with this path, if there is one; neither case nor the kind of separator counts.
    pub fn part(&mut self, path: &str) -> Result<Option<Part<'_, R>>, PackageError> {
        let found = self.by_path.get(&name::key(path));
        let Some(member) = found.and_then(|at| self.members.get(*at)) else {
            return Ok(None);
        };
        // Whether it can be opened is asked first: what borrows the source cannot tell afterwards whether the source failed.
        if let Err(refusal) = Data::open(&mut self.source, member) {
            return Err(told(self.source.take_fault(), refusal));
        }
        let data = Data::open(&mut self.source, member)?;
        Ok(Some(Part { data }))
    }
}

/// One part of a [`Package`] while it is unpacked.
pub struct Part<'a, R: Read> {
    data: Data<'a, R>,
}

impl<R: Read + Seek> Part<'_, R> {
    /// Fills the buffer, save at the end: a short count means that the part is complete, and that its length and checksum are
    /// those of the directory.
    pub fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, PackageError> {
        let result = self.data.fill(buffer);
        result.map_err(|refusal| told(self.data.take_fault(), refusal))
    }
}

/// What a decoder says about the bytes that it got is no finding if the source failed to give them.
fn told(fault: Option<std::io::Error>, refusal: Refusal) -> PackageError {
    fault.map_or(ExtractError::Refused(refusal), ExtractError::Source)
}
