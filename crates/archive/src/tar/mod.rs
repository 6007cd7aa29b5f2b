//! Tar archives, plain or out of a decompressor.
//!
//! The fields of a header are read by the `tar` library; the walk from one to the next and the
//! pax records are not. These promises do not hold with its iterators (tried: 0.4.46):
//!
//! * Bounded memory: it reads a long name of any claimed length into memory, and a compressed
//!   archive claims cheaply. Its raw iterator leaves that to the caller, but finds the next
//!   header by the size in this one, while pax keeps sizes from 8 GiB on in a record.
//! * One meaning: it applies pax records to a global header that comes between them and their
//!   member, and of a GNU and a pax name it picks one. `PaxExtensions` splits records at line
//!   feeds, which the binary values of extended attributes hold too, and stops at an empty line.
//! * Refusals that help: after a damaged header it tells neither the member nor the place.

mod extension;
mod header;

use std::io::{Read, Seek};

use crate::deliver::{Courier, member_too_large};
use crate::input::Input;
use crate::limits::Limits;
use crate::name;
use crate::refusal::{ExtractError, Refusal, RefusalCode};
use crate::roster::Roster;
use crate::sink::{Sink, Summary};
use crate::tar_block::{BLOCK, looks_like_tar};

use self::extension::Pending;
use self::header::Header;

/// Hands all members of a tar to the courier.
pub(crate) fn unpack<R: Read + Seek, S: Sink>(
    input: Input<'_, R>,
    limits: &Limits,
    mut courier: Courier<'_, S>,
) -> Result<Summary, ExtractError<S::Error>> {
    let mut blocks = Blocks { input, position: 0 };
    let mut roster = Roster::new(limits);
    let mut pending = Pending::default();
    while let Some(block) = blocks.header()? {
        let header = Header::parse(&block, blocks.position - BLOCK as u64)?;
        match header.kind {
            b'L' => pending.long_name(blocks.extension(&header)?)?,
            b'K' => {
                blocks.extension(&header)?;
                pending.long_link()?;
            }
            b'x' => pending.pax(&blocks.extension(&header)?)?,
            b'g' => {
                roster.count()?;
                extension::check_global(&blocks.extension(&header)?)?;
            }
            _ => {
                roster.count()?;
                let entry = Entry::new(&header, std::mem::take(&mut pending));
                let path = &entry.path;
                if entry.admit(&mut roster, courier.sink())? {
                    if entry.size > limits.member_bytes {
                        let measured = format_args!("{} bytes, more than", entry.size);
                        return Err(member_too_large(limits, measured).of(path).into());
                    }
                    let mut left = entry.size;
                    let name = roster.register(path)?;
                    courier.deliver(name, |buffer| blocks.data(&mut left, buffer, path))?;
                    blocks.skip(padding(entry.size), path)?;
                } else {
                    blocks.skip(entry.size, path)?;
                    blocks.skip(padding(entry.size), path)?;
                }
            }
        }
    }
    if !pending.is_empty() {
        let what = "the archive ends between the long name of a member and the member";
        return Err(Refusal::new(RefusalCode::Truncated, what).into());
    }
    courier.finish(roster.into_ignored())
}

/// An entry that is neither an extension nor the end.
struct Entry {
    path: Vec<u8>,
    kind: u8,
    size: u64,
    is_sparse: bool,
}

impl Entry {
    fn new(header: &Header<'_>, mut pending: Pending) -> Self {
        Self {
            path: pending.path().unwrap_or_else(|| header.path()),
            kind: header.kind,
            size: pending.size().unwrap_or(header.size),
            is_sparse: pending.is_sparse(),
        }
    }

    /// Whether it is a file to deliver; false for what is passed over.
    fn admit<S: Sink>(&self, roster: &mut Roster<'_>, sink: &S) -> Result<bool, Refusal> {
        let path = &self.path;
        name::check(path)?;
        let refuse = |code, what: &str| Err(Refusal::new(code, what).of(path));
        // Before directories had a kind of their own, they were files with a slash.
        let is_folder = self.kind == b'5' || (matches!(self.kind, 0 | b'0') && name::is_folder(path));
        if is_folder {
            // To some programs this size is a hint and no data follow; to others they do.
            if self.size != 0 {
                return refuse(RefusalCode::Corrupt, "the folder has a size");
            }
            return Ok(false);
        }
        match self.kind {
            0 | b'0' | b'7' if self.is_sparse => {
                refuse(RefusalCode::SpecialFile, "the member is a sparse file")
            }
            0 | b'0' | b'7' => Ok(!roster.ignores(path, self.size, sink)),
            b'1' => refuse(RefusalCode::Link, "the member is a hard link"),
            b'2' => refuse(RefusalCode::Link, "the member is a symbolic link"),
            b'3' | b'4' => refuse(RefusalCode::SpecialFile, "the member is a device"),
            b'6' => refuse(RefusalCode::SpecialFile, "the member is a named pipe"),
            b'S' => refuse(RefusalCode::SpecialFile, "the member is a sparse file"),
            kind => {
                let kind = kind.escape_ascii();
                refuse(
                    RefusalCode::SpecialFile,
                    &format!("the member is of the kind '{kind}', not a plain file"),
                )
            }
        }
    }
}

/// The tar as a sequence of blocks.
struct Blocks<'a, R> {
    input: Input<'a, R>,
    /// Bytes of the tar that were read.
    position: u64,
}

impl<R: Read + Seek> Blocks<'_, R> {
    /// The next header; `None` at the end, after everything behind it was found to be zeros.
    fn header(&mut self) -> Result<Option<[u8; BLOCK]>, Refusal> {
        let mut block = [0; BLOCK];
        let filled = self.fill(&mut block)?;
        if filled == 0 && self.position > 0 {
            // Cut between two members, it would look whole: all programs write the closing block.
            let what = "the tar ends without its closing block of zeros: members may be missing";
            return Err(Refusal::new(RefusalCode::Truncated, what));
        }
        if filled == 0 {
            return Ok(None);
        }
        if block == [0; BLOCK] && filled == BLOCK {
            self.expect_zeros()?;
            return Ok(None);
        }
        // Only the first block can tell: a CSV in a `.tar.gz`, say, has none that fits.
        if self.position <= BLOCK as u64 && !looks_like_tar(&block) {
            let what = "the decompressed content is not a tar archive";
            return Err(Refusal::new(RefusalCode::NotAnArchive, what));
        }
        if filled < BLOCK {
            let what = format_args!("the tar ends after {} bytes, within a header", self.position);
            return Err(Refusal::new(RefusalCode::Truncated, what));
        }
        Ok(Some(block))
    }

    /// The next bytes of a member's data, of which `left` bytes are left.
    fn data(&mut self, left: &mut u64, buffer: &mut [u8], path: &[u8]) -> Result<usize, Refusal> {
        let wanted = usize::try_from(*left).unwrap_or(usize::MAX).min(buffer.len());
        let filled = self.fill(buffer.get_mut(..wanted).unwrap_or_default())?;
        *left -= filled as u64;
        if filled < wanted {
            let what = format_args!("the tar ends {left} bytes before the end of the member");
            return Err(Refusal::new(RefusalCode::Truncated, what).of(path));
        }
        Ok(filled)
    }

    fn skip(&mut self, count: u64, path: &[u8]) -> Result<(), Refusal> {
        let mut buffer = [0; 16 * BLOCK];
        let mut left = count;
        while left > 0 {
            self.data(&mut left, &mut buffer, path)?;
        }
        Ok(())
    }

    /// The data of an entry that describes the next one.
    fn extension(&mut self, header: &Header<'_>) -> Result<Vec<u8>, Refusal> {
        let path = header.path();
        if header.size > extension::MAX_BYTES {
            let (size, limit) = (header.size, extension::MAX_BYTES);
            let what =
                format_args!("the name or attributes of a member take {size} bytes, more than {limit}");
            return Err(Refusal::new(RefusalCode::Corrupt, what).of(path));
        }
        let mut left = header.size;
        let mut data = vec![0; usize::try_from(left).unwrap_or_default()];
        self.data(&mut left, &mut data, &path)?;
        self.skip(padding(header.size), &path)?;
        Ok(data)
    }

    fn expect_zeros(&mut self) -> Result<(), Refusal> {
        let end = self.position;
        let mut buffer = [0; 16 * BLOCK];
        loop {
            let filled = self.fill(&mut buffer)?;
            if filled == 0 {
                return Ok(());
            }
            if buffer.iter().take(filled).any(|byte| *byte != 0) {
                let what = format_args!("the tar ends at byte {end}, but more than zeros follow");
                return Err(Refusal::new(RefusalCode::TrailingGarbage, what));
            }
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        let filled = self.input.fill(buffer)?;
        self.position += filled as u64;
        Ok(filled)
    }
}

/// Zeros after data of this size, up to the next block.
fn padding(size: u64) -> u64 {
    let block = BLOCK as u64;
    (block - size % block) % block
}
