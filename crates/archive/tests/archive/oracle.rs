//! What the crates `zip` and `tar` read in an archive, held against what we read.
//!
//! Of an archive that we take, the crate must read the same members: the same names, the same bytes, in the same order.
//! What only the crate takes is no difference here. Ours is the stricter reader, and `RefusalCode` gives each ground.
//!
//! Names are compared without folders. We deliver no others, and `Summary::ignored` tells which entries of packing programs
//! were left out. The crate `zip` lists members in the order of the directory, and ours come in the order of their data.
//!
//! Where we take what the crate refuses or reads otherwise, that was decided, and [`Decided`] gives the reason. Each decision
//! has a test in `agreement.rs`.

use std::convert::Infallible;
use std::io::{self, Cursor, Read};

use tidewaiter::name::is_tool_file;
use tidewaiter_archive::{Format, Limits, Sink, Summary, extract};

/// More than any archive of these tests holds: what a crate unpacks beyond is a difference.
const MOST_BYTES: u64 = 8 << 20;

/// Everything in a tar comes in blocks of this many bytes.
const BLOCK: usize = 512;

/// What we take although the crate does not, or reads otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decided {
    /// A zip whose comment holds what looks like the end of another zip. The end is the one whose comment reaches to the end of
    /// the file, say most programs; the crate takes the last one.
    EndInComment,
    /// A tar header whose checksum sums signed bytes. Old programs wrote it, and GNU tar takes it.
    SignedChecksum,
    /// A pax value that holds a line feed, as extended attributes do. Records have a length, and we go by it; the crate
    /// goes by line.
    PaxLines,
    /// A pax header with two records of one key. POSIX says that the later one counts; the crate takes the first.
    PaxTwice,
    /// A pax header for all members that stands between a member and its own extension. GNU tar applies the extension to
    /// the member; the crate applies it to the header in between.
    GlobalBetween,
    /// A long name with more than one NUL behind it. Programs in C stop at the first; the crate drops only the last.
    LongNamePadded,
    /// A long name or pax header whose block has no magic. GNU tar goes by the kind alone; the crate takes the entry for a
    /// member.
    ExtensionWithoutMagic,
}

/// Name without folders, and content, of each file.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// What a crate makes of an archive.
pub(crate) enum Reading {
    /// It takes the archive.
    Members(Files),
    /// It reads this archive otherwise than we do, and should.
    Decided(Decided),
    /// It does not take the archive.
    Refused(String),
}

/// Extracts an archive in memory. `None` if we refuse it.
pub(crate) fn ours(name: &str, archive: &[u8], limits: &Limits) -> Option<(Summary, Files)> {
    let format = Format::from_name(name)?;
    let mut members = Members(Vec::new());
    let summary = extract(format, name, Cursor::new(archive), limits, &mut members).ok()?;
    Some((summary, members.0))
}

struct Members(Files);

impl Sink for Members {
    type Error = Infallible;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> Result<(), Infallible> {
        self.0.push((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.last_mut().expect("a member has begun").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Panics if we take an archive and the crate of its format reads other members. True if we take it and both read the same.
pub(crate) fn assert_agrees(name: &str, archive: &[u8], limits: &Limits) -> bool {
    let Some((summary, members)) = ours(name, archive, limits) else { return false };
    let reading = match Format::from_name(name) {
        Some(Format::Zip) => by_zip(archive, &summary),
        Some(Format::Tar) => by_tar(archive, &summary),
        Some(Format::TarGz) => by_tar(&unpacked(flate2::bufread::MultiGzDecoder::new(archive)), &summary),
        Some(Format::TarBz2) => by_tar(&unpacked(bzip2::bufread::MultiBzDecoder::new(archive)), &summary),
        _ => unreachable!("{name} holds no members with names of their own"),
    };
    match reading {
        Reading::Members(theirs) => {
            assert_eq!(members, theirs, "{name}: ours is left, that of the crate right");
        }
        Reading::Decided(_) => return false,
        Reading::Refused(reason) => panic!("{name} is taken, but the crate does not: {reason}"),
    }
    true
}

/// What comes out up to a fault: behind the data the decoders may meet zeros, which we allow.
fn unpacked(decoder: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = decoder.take(MOST_BYTES).read_to_end(&mut bytes);
    bytes
}

/// The last part of a path, if the file at this path is one to deliver.
fn delivered(path: &[u8], summary: &Summary) -> Option<String> {
    let path = String::from_utf8_lossy(path);
    let is_left_out = summary.ignored.paths.iter().any(|ignored| *ignored == path);
    (!is_left_out).then(|| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned())
}

/// The members as the crate `zip` reads them.
pub(crate) fn by_zip(archive: &[u8], summary: &Summary) -> Reading {
    let comment = end_of_zip(archive).and_then(|end| archive.get(end + 4..)).unwrap_or_default();
    if comment.windows(4).any(|bytes| bytes == END) {
        return Reading::Decided(Decided::EndInComment);
    }
    match zip_members(archive, summary) {
        Ok(mut members) => {
            members.sort_by_key(|(position, ..)| *position);
            Reading::Members(members.into_iter().map(|(_, name, content)| (name, content)).collect())
        }
        Err(error) => Reading::Refused(error.to_string()),
    }
}

const END: &[u8] = b"PK\x05\x06";

/// Where the end record of a zip begins: its comment, whose length closes the 22 bytes, reaches to the end of the file.
fn end_of_zip(archive: &[u8]) -> Option<usize> {
    (0..archive.len()).rev().find(|&at| {
        let len =
            archive.get(at + 20..at + 22).and_then(|len| Some(u16::from_le_bytes(len.try_into().ok()?)));
        archive[at..].starts_with(END) && len.is_some_and(|len| at + 22 + usize::from(len) == archive.len())
    })
}

fn zip_members(
    archive: &[u8],
    summary: &Summary,
) -> Result<Vec<(u64, String, Vec<u8>)>, zip::result::ZipError> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive))?;
    let mut members = Vec::new();
    for index in 0..zip.len() {
        // By the directory alone: what is not delivered is not opened by us either, so it may be in any state.
        let entry = zip.by_index_data(index)?;
        // Some programs tell a folder by its mode alone.
        let is_folder = entry.is_dir() || entry.unix_mode().is_some_and(|mode| mode & 0o170_000 == 0o040_000);
        // Not `name`, which takes a name for one of an old code page unless it is marked as UTF-8.
        let name = delivered(entry.name_raw(), summary).filter(|_| !is_folder);
        if let Some(name) = name {
            let mut file = zip.by_index(index)?;
            let mut content = Vec::new();
            (&mut file).take(MOST_BYTES).read_to_end(&mut content)?;
            members.push((file.header_start(), name, content));
        }
    }
    Ok(members)
}

/// The members as the crate `tar` reads them.
pub(crate) fn by_tar(archive: &[u8], summary: &Summary) -> Reading {
    match (decided(archive), tar_members(archive, summary)) {
        (Some(decided), _) => Reading::Decided(decided),
        (None, Ok(members)) => Reading::Members(members),
        (None, Err(error)) => Reading::Refused(error.to_string()),
    }
}

fn tar_members(archive: &[u8], summary: &Summary) -> io::Result<Files> {
    let mut members = Vec::new();
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let path = entry.path_bytes().into_owned();
        // Before folders had a kind of their own, they were files with a slash.
        let is_folder = kind.is_dir() || (kind.is_file() && matches!(path.last(), Some(b'/' | b'\\')));
        if kind.is_pax_global_extensions() || is_folder {
            continue;
        }
        if !kind.is_file() && !kind.is_contiguous() {
            return Err(io::Error::other(format!("an entry of the kind {kind:?}")));
        }
        let mut content = Vec::new();
        (&mut entry).take(MOST_BYTES).read_to_end(&mut content)?;
        if let Some(name) = delivered(&path, summary) {
            members.push((name, content));
        }
    }
    Ok(members)
}

/// What a tar that we take holds that the crate is known to read otherwise.
fn decided(archive: &[u8]) -> Option<Decided> {
    let (mut at, mut is_extended, mut pax_size) = (0, false, None);
    while let Some(block) = archive.get(at..at + BLOCK)
        && block.iter().any(|byte| *byte != 0)
    {
        let header = tar::Header::from_byte_slice(block);
        let kind = header.entry_type();
        let mut sealed = header.clone();
        sealed.set_cksum();
        if sealed.cksum().ok() != header.cksum().ok() {
            return Some(Decided::SignedChecksum);
        }
        let is_extension = kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions();
        if is_extension && header.as_gnu().is_none() && header.as_ustar().is_none() {
            return Some(Decided::ExtensionWithoutMagic);
        }
        if kind.is_pax_global_extensions() && is_extended {
            return Some(Decided::GlobalBetween);
        }
        let has_own_size = is_extension || kind.is_pax_global_extensions();
        let size = if has_own_size { None } else { pax_size.take() };
        let size = size.or_else(|| header.entry_size().ok()).and_then(|size| usize::try_from(size).ok())?;
        at += BLOCK;
        if kind.is_gnu_longname() && archive.get(at..at.checked_add(size)?)?.ends_with(b"\0\0") {
            return Some(Decided::LongNamePadded);
        }
        if kind.is_pax_local_extensions() {
            match pax(archive.get(at..at.checked_add(size)?)?) {
                Ok(size) => pax_size = size,
                Err(decided) => return Some(decided),
            }
        }
        is_extended = is_extension;
        at = at.checked_add(size.checked_next_multiple_of(BLOCK)?)?;
    }
    None
}

/// The size that a pax header gives to the next member.
fn pax(records: &[u8]) -> Result<Option<u64>, Decided> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in records.strip_suffix(b"\n").unwrap_or(records).split(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        let record = text.split_once(' ').and_then(|(len, record)| {
            let is_whole = len.parse() == Ok(line.len() + 1);
            record.split_once('=').filter(|_| is_whole)
        });
        let (key, value) = record.ok_or(Decided::PaxLines)?;
        if found.iter().any(|(other, _)| other == key) {
            return Err(Decided::PaxTwice);
        }
        found.push((key.to_owned(), value.to_owned()));
    }
    Ok(found.iter().find(|(key, _)| key == "size").and_then(|(_, size)| size.parse().ok()))
}

/// The tar with the checksum of each header made right, so that a change of a header is one of its meaning.
pub(crate) fn resealed(archive: &[u8]) -> Vec<u8> {
    let mut sealed = archive.to_vec();
    let mut at = 0;
    while let Some(block) = sealed.get_mut(at..at + BLOCK)
        && block.iter().any(|byte| *byte != 0)
    {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
        let size = header.entry_size().ok().and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        let Some(next) = size.checked_next_multiple_of(BLOCK).and_then(|size| size.checked_add(at + BLOCK))
        else {
            break;
        };
        at = next;
    }
    sealed
}
