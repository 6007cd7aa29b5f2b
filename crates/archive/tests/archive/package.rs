//! Parts of a document, found by path and read in any order.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use tidewaiter_archive::{ExtractError, Limits, Package, PackageError, RefusalCode};
use zip::write::SimpleFileOptions;

fn packed(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in parts {
        zip.start_file(*path, SimpleFileOptions::default()).expect("a part begins");
        zip.write_all(content).expect("a part is written");
    }
    zip.finish().expect("the zip is complete").into_inner()
}

fn content<R: Read + Seek>(package: &mut Package<R>, path: &str) -> Result<Option<Vec<u8>>, PackageError> {
    let Some(mut part) = package.part(path)? else { return Ok(None) };
    let (mut content, mut buffer) = (Vec::new(), [0; 7]);
    loop {
        let count = part.fill(&mut buffer)?;
        content.extend_from_slice(&buffer[..count]);
        if count < buffer.len() {
            return Ok(Some(content));
        }
    }
}

#[test]
fn parts_with_one_name_in_two_folders_are_read_in_any_order() {
    let parts: [(&str, &[u8]); 4] = [
        ("xl/_rels/a.xml", b"first"),
        ("xl/b/_rels/a.xml", b"second, and longer"),
        ("xl\\media\\a.zip", b"PK\x03\x04"),
        (".DS_Store", b""),
    ];
    let mut package = Package::open(Cursor::new(packed(&parts)), &Limits::default()).expect("it opens");
    assert_eq!(package.paths().count(), 4);
    for path in ["xl/b/_rels/a.xml", "XL/_rels/A.xml", "xl/b/_rels/a.xml"] {
        let wanted = if path.contains("/b/") { parts[1].1 } else { parts[0].1 };
        assert_eq!(content(&mut package, path).expect("it is read"), Some(wanted.to_vec()));
    }
    assert_eq!(content(&mut package, "xl/media/a.zip").expect("it is read"), Some(b"PK\x03\x04".to_vec()));
    assert_eq!(content(&mut package, ".ds_store").expect("it is read"), Some(Vec::new()));
    assert_eq!(content(&mut package, "a.xml").expect("it is asked for"), None);
    assert!(package.contains("xl/_rels/a.xml") && !package.contains("xl"));
}

#[test]
fn two_parts_with_one_path_are_refused() {
    let archive = packed(&[("xl/a.xml", b"one"), ("XL/A.xml", b"two")]);
    match Package::open(Cursor::new(archive), &Limits::default()) {
        Err(ExtractError::Refused(refusal)) => assert_eq!(refusal.code, RefusalCode::DuplicateName),
        _ => panic!("either part could count"),
    }
}

#[test]
fn a_damaged_part_is_refused_and_another_is_read() {
    let mut archive = packed(&[("a.xml", b"some content"), ("b.xml", b"more")]);
    let at = archive.windows(4).position(|bytes| bytes == b"a.xm").expect("the local header") + 8;
    archive[at] ^= 0x55;
    let mut package = Package::open(Cursor::new(archive), &Limits::default()).expect("it opens");
    assert!(matches!(content(&mut package, "a.xml"), Err(ExtractError::Refused(_))));
    assert_eq!(content(&mut package, "b.xml").expect("it is read"), Some(b"more".to_vec()));
}

/// A source that fails from some byte on.
struct Failing(Cursor<Vec<u8>>, u64);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.position() >= self.1 && self.0.position() < self.1 + (1 << 20) {
            return Err(io::Error::other("the connection broke"));
        }
        self.0.read(buffer)
    }
}

impl Seek for Failing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_source_that_fails_is_no_finding() {
    let noise = super::support::noise(3 << 20);
    let archive = packed(&[("a.xml", &noise)]);
    let source = Failing(Cursor::new(archive), 1 << 20);
    let mut package = Package::open(source, &Limits::default()).expect("the directory is read");
    match content(&mut package, "a.xml") {
        Err(ExtractError::Source(error)) => assert_eq!(error.to_string(), "the connection broke"),
        _ => panic!("the failure is ours"),
    }
}
