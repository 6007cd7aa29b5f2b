//! A sink that remembers, and builders for archives that no honest program makes.

use std::convert::Infallible;
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use flate2::{Compression, Crc};
use tidewaiter::name::is_tool_file;
use tidewaiter_archive::{ExtractError, Format, Limits, Refusal, Sink, Summary, extract};

/// Keeps everything it gets.
#[derive(Default, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Complete members.
    pub(crate) members: Vec<(String, Vec<u8>)>,
    /// The member that began and did not end.
    pub(crate) open: Option<(String, Vec<u8>)>,
    /// Bytes that came in all.
    pub(crate) bytes: usize,
}

impl Sink for Kept {
    type Error = Infallible;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, name: &str) -> Result<(), Infallible> {
        assert!(self.open.is_none(), "a member began within another");
        self.open = Some((name.to_owned(), Vec::new()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        assert!(!bytes.is_empty());
        self.bytes += bytes.len();
        self.open.as_mut().expect("a member is open").1.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        self.members.push(self.open.take().expect("a member is open"));
        Ok(())
    }
}

impl Kept {
    /// The members with their contents as text.
    pub(crate) fn texts(&self) -> Vec<(&str, &str)> {
        let text = |bytes| std::str::from_utf8(bytes).expect("test content is text");
        self.members.iter().map(|(name, bytes)| (name.as_str(), text(bytes))).collect()
    }
}

/// Extracts from memory; the format is that of the name.
pub(crate) fn run_within(
    name: &str,
    archive: &[u8],
    limits: &Limits,
) -> (Kept, Result<Summary, ExtractError<Infallible>>) {
    let mut kept = Kept::default();
    let format = Format::from_name(name).expect("the name of an archive");
    let result = extract(format, name, Cursor::new(archive), limits, &mut kept);
    (kept, result)
}

pub(crate) fn run(name: &str, archive: &[u8]) -> (Kept, Result<Summary, ExtractError<Infallible>>) {
    run_within(name, archive, &Limits::default())
}

/// Extracts an archive that is good.
#[track_caller]
pub(crate) fn taken(name: &str, archive: &[u8]) -> (Kept, Summary) {
    let (kept, result) = run(name, archive);
    let summary = result.unwrap_or_else(|error| panic!("{name} was not taken: {error}"));
    assert_eq!(summary.members, kept.members.len() as u64);
    assert_eq!(summary.bytes, kept.bytes as u64);
    (kept, summary)
}

#[track_caller]
pub(crate) fn refused_within(name: &str, archive: &[u8], limits: &Limits) -> (Kept, Refusal) {
    match run_within(name, archive, limits) {
        (kept, Err(ExtractError::Refused(refusal))) => (kept, refusal),
        (_, other) => panic!("{name} was not refused: {other:?}"),
    }
}

/// Extracts an archive that is bad, and checks the ground: code, member, part of the message.
#[track_caller]
pub(crate) fn refused(name: &str, archive: &[u8], code: &str, member: Option<&str>, message: &str) -> Kept {
    let (kept, refusal) = refused_within(name, archive, &Limits::default());
    assert_refusal(&refusal, code, member, message);
    kept
}

#[track_caller]
pub(crate) fn assert_refusal(refusal: &Refusal, code: &str, member: Option<&str>, message: &str) {
    assert_eq!(refusal.code.as_str(), code, "{refusal}");
    assert_eq!(refusal.member.as_deref(), member, "{refusal}");
    assert!(refusal.message.contains(message), "{refusal}");
    assert!(refusal.message.contains("; "), "no advice: {refusal}");
}

/// What a Python program writes to its standard output, as binary `out`.
pub(crate) fn python(program: &str) -> Vec<u8> {
    let prelude = "import sys, io, zipfile, tarfile, gzip, bz2\nout = sys.stdout.buffer\n";
    let output = Command::new("python3")
        .arg("-c")
        .arg(format!("{prelude}{program}"))
        .stderr(Stdio::inherit())
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "the Python program failed");
    output.stdout
}

/// Bytes that do not compress, the same in every run.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

pub(crate) fn gz(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn bz2(data: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::best());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data).expect("memory");
    encoder.finish().expect("memory")
}

/// A member of a zip, every field of which can be made to lie.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) data: Vec<u8>,
    pub(crate) crc: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) mode: u16,
    pub(crate) offset: Option<u32>,
    /// An extra field that only the record of the directory has.
    pub(crate) extra: Vec<u8>,
    /// An extra field that only the local header has.
    pub(crate) local_extra: Vec<u8>,
}

impl Part {
    pub(crate) fn stored(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        let size = u32::try_from(content.len()).expect("a small test");
        Self {
            name: name.as_ref().to_vec(),
            local_name: None,
            flags: 0,
            method: 0,
            data: content.to_vec(),
            crc: crc.sum(),
            packed: size,
            size,
            mode: 0o100_644,
            offset: None,
            extra: Vec::new(),
            local_extra: Vec::new(),
        }
    }

    pub(crate) fn deflated(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        Self { method: 8, ..Self::packed(name, content, deflate(content)) }
    }

    /// The content as `data`, by a method that is still to be told.
    pub(crate) fn packed(name: impl AsRef<[u8]>, content: &[u8], data: Vec<u8>) -> Self {
        let packed = u32::try_from(data.len()).expect("a small test");
        Self { data, packed, ..Self::stored(name, content) }
    }

    fn len16(bytes: &[u8]) -> [u8; 2] {
        u16::try_from(bytes.len()).expect("a small test").to_le_bytes()
    }

    fn middle(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(self.flags.to_le_bytes());
        bytes.extend(self.method.to_le_bytes());
        bytes.extend([0, 0, 0x21, 0]);
        for value in [self.crc, self.packed, self.size] {
            bytes.extend(value.to_le_bytes());
        }
        bytes
    }
}

pub(crate) fn zip(parts: &[Part]) -> Vec<u8> {
    let mut archive = Vec::new();
    let mut directory = Vec::new();
    for part in parts {
        let offset = part.offset.unwrap_or(archive.len() as u32);
        let local_name = part.local_name.as_ref().unwrap_or(&part.name);
        archive.extend(b"PK\x03\x04\x14\0");
        archive.extend(part.middle());
        archive.extend(Part::len16(local_name));
        archive.extend(Part::len16(&part.local_extra));
        archive.extend(local_name);
        archive.extend(&part.local_extra);
        archive.extend(&part.data);
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        directory.extend(part.middle());
        directory.extend(Part::len16(&part.name));
        directory.extend(Part::len16(&part.extra));
        directory.extend([0; 6]);
        directory.extend([0, 0]);
        directory.extend(part.mode.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&part.name);
        directory.extend(&part.extra);
    }
    let start = archive.len() as u32;
    archive.extend(&directory);
    archive.extend(end_record(parts.len() as u16, directory.len() as u32, start));
    archive
}

pub(crate) fn end_record(entries: u16, size: u32, offset: u32) -> Vec<u8> {
    let mut record = b"PK\x05\x06\0\0\0\0".to_vec();
    record.extend(entries.to_le_bytes());
    record.extend(entries.to_le_bytes());
    record.extend(size.to_le_bytes());
    record.extend(offset.to_le_bytes());
    record.extend([0, 0]);
    record
}

/// A header block of a tar, with a checksum that fits.
pub(crate) fn tar_header(name: impl AsRef<[u8]>, kind: u8, size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let name = name.as_ref();
    block[..name.len()].copy_from_slice(name);
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

pub(crate) fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
}

/// One entry: header, data, padding.
pub(crate) fn tar_entry(name: impl AsRef<[u8]>, kind: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = tar_header(name, kind, data.len() as u64).to_vec();
    bytes.extend(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// The entries and the two blocks that end a tar.
pub(crate) fn tar(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = entries.concat();
    bytes.extend([0; 1024]);
    bytes
}
