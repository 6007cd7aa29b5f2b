//! The end of a zip: where its directory lies.
//!
//! Every freedom here is one that programs use differently, so none is left: the end record
//! closes the file, and the directory lies directly before it.

use std::io::{self, Read, Seek};

use crate::fields::Fields;
use crate::refusal::{Refusal, RefusalCode};
use crate::source::Source;

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END_BYTES: usize = 22;
const LOCATOR_SIGNATURE: u32 = 0x0706_4b50;
const LOCATOR_BYTES: usize = 20;
const END64_SIGNATURE: u32 = 0x0606_4b50;
const END64_BYTES: usize = 56;

/// What the end record says about the directory; consistent with the length of the file.
pub(super) struct End {
    /// Records in the directory.
    pub(super) entries: u64,
    /// Where it begins.
    pub(super) offset: u64,
    /// Where it ends.
    pub(super) limit: u64,
}

pub(super) fn find<R: Read + Seek>(source: &mut Source<R>) -> Result<End, Refusal> {
    let tail_len = source.len().min((END_BYTES + usize::from(u16::MAX)) as u64);
    let tail_start = source.len() - tail_len;
    let io = |error: io::Error| Refusal::io(None, &error);
    source.seek_to(tail_start).map_err(io)?;
    let tail = source.peek(tail_len).map_err(io)?;
    let at = locate(&tail)?;
    let record =
        tail.get(at..).and_then(Record::parse).ok_or_else(|| corrupt("its end record is damaged"))?;
    let position = tail_start + at as u64;
    let end = match locator(source, position)? {
        Some(position64) => read64(source, position64, position, &record)?,
        None if record.is_split() => return Err(corrupt("it is one part of a split archive")),
        None => End { entries: record.entries.into(), offset: record.offset.into(), limit: position },
    };
    let size = end.limit.checked_sub(end.offset);
    if size.is_none() || (record.size != u32::MAX && size != Some(record.size.into())) {
        return Err(corrupt("its directory does not lie where the end record says"));
    }
    Ok(end)
}

/// Where in the tail the end record begins: its comment must reach to the end of the file.
fn locate(tail: &[u8]) -> Result<usize, Refusal> {
    let mut nearest = None;
    for at in (0..=tail.len().saturating_sub(END_BYTES)).rev() {
        let Some(record) = tail.get(at..).filter(|rest| rest.starts_with(END_SIGNATURE)) else {
            continue;
        };
        let Some(comment) = Record::parse(record).map(|parsed| usize::from(parsed.comment_len)) else {
            continue;
        };
        let behind = record.len() - END_BYTES;
        if comment == behind {
            return Ok(at);
        }
        nearest.get_or_insert((comment, behind));
    }
    Err(match nearest {
        Some((comment, behind)) if behind > comment => {
            let what = format_args!("{} bytes follow the end of the archive", behind - comment);
            Refusal::new(RefusalCode::TrailingGarbage, what)
        }
        _ => Refusal::new(RefusalCode::Truncated, "the directory at the end of the archive is missing"),
    })
}

/// The end record as it was before zip64.
struct Record {
    disk: u16,
    directory_disk: u16,
    entries_here: u16,
    entries: u16,
    size: u32,
    offset: u32,
    comment_len: u16,
}

impl Record {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes.get(END_SIGNATURE.len()..)?);
        Some(Self {
            disk: fields.u16()?,
            directory_disk: fields.u16()?,
            entries_here: fields.u16()?,
            entries: fields.u16()?,
            size: fields.u32()?,
            offset: fields.u32()?,
            comment_len: fields.u16()?,
        })
    }

    fn is_split(&self) -> bool {
        self.disk != 0 || self.directory_disk != 0 || self.entries_here != self.entries
    }

    /// Whether what was too large for this record is in the other, and the rest is the same.
    fn agrees(&self, entries: u64, size: u64, offset: u64) -> bool {
        let fits = |short: u64, limit: u64, long: u64| short == limit || short == long;
        fits(self.entries.into(), u16::MAX.into(), entries)
            && fits(self.size.into(), u32::MAX.into(), size)
            && fits(self.offset.into(), u32::MAX.into(), offset)
    }
}

/// Where the zip64 end record is, if the end record has one before it.
fn locator<R: Read + Seek>(source: &mut Source<R>, end: u64) -> Result<Option<u64>, Refusal> {
    let Some(start) = end.checked_sub(LOCATOR_BYTES as u64) else {
        return Ok(None);
    };
    let bytes = read_at(source, start, LOCATOR_BYTES)?;
    let mut fields = Fields(&bytes);
    if fields.u32() != Some(LOCATOR_SIGNATURE) {
        return Ok(None);
    }
    match (fields.u32(), fields.u64(), fields.u32()) {
        (Some(0), Some(position), Some(0 | 1)) => Ok(Some(position)),
        _ => Err(corrupt("it is one part of a split archive")),
    }
}

fn read64<R: Read + Seek>(
    source: &mut Source<R>,
    position: u64,
    end_position: u64,
    record: &Record,
) -> Result<End, Refusal> {
    let misplaced = || corrupt("its zip64 end record does not lie where it should");
    let locator = end_position - LOCATOR_BYTES as u64;
    if position.checked_add(END64_BYTES as u64).is_none_or(|end| end > locator) {
        return Err(misplaced());
    }
    let bytes = read_at(source, position, END64_BYTES)?;
    let end = parse64(&bytes, position, locator).ok_or_else(misplaced)?;
    if !record.agrees(end.entries, end.limit - end.offset, end.offset) {
        return Err(corrupt("its two end records contradict each other"));
    }
    Ok(end)
}

/// `None` unless the record reaches exactly to its locator, and the directory to it.
fn parse64(bytes: &[u8], position: u64, locator: u64) -> Option<End> {
    let mut fields = Fields(bytes);
    if fields.u32()? != END64_SIGNATURE || position.checked_add(12)?.checked_add(fields.u64()?)? != locator {
        return None;
    }
    fields.bytes(4)?; // versions
    let (disk, directory_disk) = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let (size, offset) = (fields.u64()?, fields.u64()?);
    let is_whole = disk == 0 && directory_disk == 0 && entries_here == entries;
    let is_before = offset.checked_add(size)? == position;
    (is_whole && is_before).then_some(End { entries, offset, limit: position })
}

fn read_at<R: Read + Seek>(source: &mut Source<R>, position: u64, count: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = vec![0; count];
    source
        .seek_to(position)
        .and_then(|()| source.read_exact(&mut bytes))
        .map_err(|error| Refusal::io(None, &error))?;
    Ok(bytes)
}

fn corrupt(what: &str) -> Refusal {
    Refusal::new(RefusalCode::Corrupt, format_args!("the archive is damaged: {what}"))
}
