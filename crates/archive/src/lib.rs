//! Reads archives that may be broken or hostile, as streams, within limits.
//!
//! Partners upload `.zip .tar .gz .bz2 .tar.gz .tgz .tar.bz2`. [`extract`] walks one of
//! them and hands each member to a [`Sink`], piece by piece. Three outcomes are kept
//! apart, because three different people have to act:
//!
//! * [`ExtractError::Refused`]: the archive is bad. This is a finding about the partner's
//!   data, with a stable code, the member, what was measured and how to mend it.
//! * [`ExtractError::Source`]: the bytes of the archive could not be read. Ours; retry.
//! * [`ExtractError::Sink`]: what the caller does with the members failed. The caller's.
//!
//! An archive is taken as a whole or not at all. When it is refused, the sink may already
//! hold some members and part of another: nothing is promised about them, discard them.
//!
//! A document that is a zip itself, such as a workbook, is no archive of files: [`Package`] gives its parts by path, in any
//! order, with the same checks.
//!
//! # Memory
//!
//! Constant, however large the archive or a member: one buffer, the decoder's window, and
//! the names of at most [`Limits::members`] entries (of at most 1 KiB each), which finding
//! duplicates needs, with some numbers each. This is why the zip directory, and the way from
//! one tar header to the next, are read here and not by a general library: those load every
//! record, or a name of any length, before anybody can object. The modules tell the details.
//!
//! Blocks of bzip2 are decoded on all processors, up to eight side by side: some 5 MB for each.
//!
//! # Strictness
//!
//! Where archive programs disagree about the meaning of some bytes, the archive is refused
//! instead of guessed at. [`RefusalCode`] documents each ground, [`Format`] what is
//! accepted of each format.
//!
//! ```
//! use std::convert::Infallible;
//! use std::io::{Cursor, Write};
//! use tidewaiter_archive::{Format, Limits, Sink, extract};
//!
//! #[derive(Default)]
//! struct Sizes(Vec<(String, usize)>);
//!
//! impl Sink for Sizes {
//!     type Error = Infallible;
//!     fn begin(&mut self, name: &str) -> Result<(), Infallible> {
//!         self.0.push((name.to_owned(), 0));
//!         Ok(())
//!     }
//!     fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
//!         if let Some((_, size)) = self.0.last_mut() {
//!             *size += bytes.len();
//!         }
//!         Ok(())
//!     }
//!     fn end(&mut self) -> Result<(), Infallible> {
//!         Ok(())
//!     }
//! }
//!
//! let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
//! packed.write_all(b"id;email\n")?;
//! let source = Cursor::new(packed.finish()?);
//!
//! let name = "brand_contacts_main_20260131.csv.gz";
//! let format = Format::from_name(name).ok_or("not an archive")?;
//! let mut sizes = Sizes::default();
//! let summary = extract(format, name, source, &Limits::default(), &mut sizes)?;
//! assert_eq!(summary.members, 1);
//! assert_eq!(sizes.0, [("brand_contacts_main_20260131.csv".to_owned(), 9)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bz2;
mod deliver;
mod fields;
mod fill;
mod format;
mod input;
mod limits;
mod name;
mod package;
mod printable;
mod refusal;
mod roster;
mod sink;
mod sniff;
mod source;
mod tar;
mod tar_block;
mod zip;

use std::io::{Read, Seek};

pub use crate::format::Format;
pub use crate::limits::{Limits, RATIO_FLOOR};
pub use crate::package::{Package, PackageError, Part};
pub use crate::refusal::{ExtractError, Refusal, RefusalCode};
pub use crate::sink::{Ignored, Sink, Summary};

use crate::deliver::Courier;
use crate::input::Input;
use crate::source::Source;

/// Reads the archive in `source` from its first byte to its last, and hands every member
/// to `sink`, in the order in which their data lie in the archive.
///
/// `archive_name` is the file name of the archive, without folders: `.gz` and `.bz2` take
/// the name of their only member from it. The source must answer `SeekFrom::End` with its
/// true length: fewer bytes than that are a failure of the source, not a cut archive. It is
/// read in pieces of up to 256 KiB and forward; only a zip needs its end first. A zip is
/// checked completely, as far as its directory tells, before the first member is unpacked.
pub fn extract<R: Read + Seek, S: Sink>(
    format: Format,
    archive_name: &str,
    source: R,
    limits: &Limits,
    sink: &mut S,
) -> Result<Summary, ExtractError<S::Error>> {
    let mut source = Source::open(source).map_err(ExtractError::Source)?;
    let outcome = unpack(format, archive_name, &mut source, limits, sink);
    match (source.into_fault(), outcome) {
        // The decoder saw the same failure and judged the bytes it got; they were not all.
        (Some(fault), Ok(_) | Err(ExtractError::Refused(_))) => Err(ExtractError::Source(fault)),
        (_, outcome) => outcome,
    }
}

fn unpack<R: Read + Seek, S: Sink>(
    format: Format,
    archive_name: &str,
    source: &mut Source<R>,
    limits: &Limits,
    sink: &mut S,
) -> Result<Summary, ExtractError<S::Error>> {
    let head = source.peek(sniff::HEAD).map_err(|error| Refusal::io(None, &error))?;
    sniff::expect(format, &head)?;
    let courier = Courier::new(limits, sink);
    match format {
        Format::Zip => zip::unpack(source, limits, courier),
        Format::Tar => tar::unpack(Input::plain(source, limits), limits, courier),
        Format::TarGz => tar::unpack(Input::gz(source, limits), limits, courier),
        Format::TarBz2 => tar::unpack(Input::bz2(source, limits), limits, courier),
        Format::Gz => unpack_single(format, archive_name, Input::gz(source, limits), limits, courier),
        Format::Bz2 => unpack_single(format, archive_name, Input::bz2(source, limits), limits, courier),
    }
}

/// `.gz` and `.bz2` hold one member, named like the archive without its extension. The name that a gzip header may
/// carry is ignored: it is invisible, and it survives renaming.
fn unpack_single<R: Read + Seek, S: Sink>(
    format: Format,
    archive_name: &str,
    mut input: Input<'_, R>,
    limits: &Limits,
    mut courier: Courier<'_, S>,
) -> Result<Summary, ExtractError<S::Error>> {
    let path = format.member_name(archive_name).unwrap_or(archive_name);
    name::check(path.as_bytes())?;
    let mut roster = roster::Roster::new(limits);
    let name = roster.register(path.as_bytes())?;
    courier.deliver(name, |buffer| input.fill(buffer))?;
    courier.finish(roster.into_ignored())
}
