//! Our readers of zip and tar against the crates `zip` and `tar`: whatever archive we take, both read the same members.
//!
//! Archives come from the writers of these crates, from our own builders, from programs, and from all of them mangled.
//! What is compared, and where we decided to read otherwise, is in `oracle.rs`.

use std::cell::Cell;
use std::io::{Cursor, Write};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use tidewaiter_archive::Limits;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

use crate::oracle::{Decided, Reading, assert_agrees, by_tar, by_zip, ours, resealed};
use crate::support::{
    Part, bz2, end_record, gz, noise, python, refused, seal, tar, tar_entry, tar_header, zip,
};

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Both take it, and read the same.
#[track_caller]
fn assert_taken(name: &str, archive: &[u8]) {
    let members = ours(name, archive, &Limits::default());
    assert!(members.is_some(), "{name} is not taken: {:?}", crate::support::run(name, archive).1);
    assert!(assert_agrees(name, archive, &Limits::default()), "{name} is not compared");
}

/// A file or folder of an archive. The number at its start makes each name another.
#[derive(Debug, Clone)]
struct File {
    path: String,
    content: Vec<u8>,
    method: u8,
    is_large: bool,
    is_folder: bool,
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}\\.csv",
        2 => "([a-zé _-]{1,12}/){1,4}[A-Za-zü0-9]{1,12}\\.csv",
        // Beyond the field for a name, the one for its folders, and both.
        1 => "[a-z]{60,90}/[a-z]{60,95}\\.csv",
        1 => "([a-z]{90}/){2,5}[a-z]{100,200}\\.csv",
        1 => Just("__MACOSX/._a.csv".to_owned()),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::collection::vec(any::<u8>(), 0..40),
        (500..520_usize).prop_map(noise),
        "([0-9]{1,5};[a-z]{0,9}@example.org\n){0,40}".prop_map(String::into_bytes),
        Just(noise(140_000)),
    ]
}

fn files() -> impl Strategy<Value = Vec<File>> {
    files_with(content())
}

/// Small archives of every shape, whose bytes are mostly headers.
fn small_files() -> impl Strategy<Value = Vec<File>> {
    files_with(prop::collection::vec(any::<u8>(), 0..20))
}

fn files_with(content: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<File>> {
    let file = (path(), content, 0..3_u8, any::<bool>(), prop::bool::weighted(0.15)).prop_map(
        |(path, content, method, is_large, is_folder)| File { path, content, method, is_large, is_folder },
    );
    prop::collection::vec(file, 1..6).prop_map(|mut files| {
        for (number, file) in files.iter_mut().enumerate() {
            // A folder, so that metadata keeps its name.
            let name = file.path.rsplit_once('/').map_or("", |(folders, _)| folders).to_owned();
            let base = file.path.rsplit('/').next().unwrap_or_default().to_owned();
            let is_metadata = base.starts_with("._");
            let base = if is_metadata { base } else { format!("{number}{base}") };
            file.path = if name.is_empty() { base } else { format!("{name}/{base}") };
            file.path = if is_metadata { format!("{number}/{}", file.path) } else { file.path.clone() };
        }
        files.push(File {
            path: "last.csv".to_owned(),
            content: b"id\n1\n".to_vec(),
            method: 1,
            is_large: false,
            is_folder: false,
        });
        files
    })
}

/// As the crate writes a zip, to a file or to a stream: there checksum and sizes follow the data.
fn by_zip_writer(files: &[File], is_stream: bool, comment: &str) -> Vec<u8> {
    fn write<W: Write + std::io::Seek>(zip: &mut zip::ZipWriter<W>, files: &[File], comment: &str) {
        zip.set_comment(comment).unwrap();
        for file in files {
            let method = [CompressionMethod::Stored, CompressionMethod::Deflated, CompressionMethod::Bzip2]
                [usize::from(file.method)];
            let options = SimpleFileOptions::default()
                .compression_method(method)
                .large_file(file.is_large)
                .with_alignment(if file.is_large { 64 } else { 1 });
            if file.is_folder {
                zip.add_directory(&*file.path, options).unwrap();
            } else {
                zip.start_file(&*file.path, options).unwrap();
                zip.write_all(&file.content).unwrap();
            }
        }
    }
    if is_stream {
        let mut zip = zip::ZipWriter::new_stream(Vec::new());
        write(&mut zip, files, comment);
        zip.finish().unwrap().into_inner()
    } else {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        write(&mut zip, files, comment);
        zip.finish().unwrap().into_inner()
    }
}

/// As our builder of lies writes a zip that tells the truth: sometimes with descriptors, with a signature or without.
fn by_parts(files: &[File], descriptor: u8) -> Vec<u8> {
    let parts: Vec<Part> = files
        .iter()
        .map(|file| match (file.is_folder, file.method) {
            (true, _) => Part { mode: 0o040_755, ..Part::stored(format!("{}/", file.path), b"") },
            (false, 0) => Part::stored(&file.path, &file.content),
            (false, 1) => Part::deflated(&file.path, &file.content),
            (false, _) => Part { method: 12, ..Part::packed(&file.path, &file.content, bz2(&file.content)) },
        })
        .map(|mut part| {
            if descriptor > 0 {
                part.flags |= 1 << 3;
                let mut behind = if descriptor > 1 { b"PK\x07\x08".to_vec() } else { Vec::new() };
                for value in [part.crc, part.packed, part.size] {
                    behind.extend(value.to_le_bytes());
                }
                part.data.extend(behind);
            }
            part
        })
        .collect();
    zip(&parts)
}

/// How a tar holds names that are longer than the old field.
#[derive(Debug, Clone, Copy)]
enum Names {
    Gnu,
    Ustar,
    Pax,
    PaxSize,
}

fn by_tar_writer(files: &[File], names: Names) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = match names {
            Names::Gnu => tar::Header::new_gnu(),
            Names::Ustar | Names::Pax | Names::PaxSize => tar::Header::new_ustar(),
        };
        header.set_mode(0o644);
        header.set_size(if file.is_folder { 0 } else { file.content.len() as u64 });
        header.set_entry_type(match (file.is_folder, file.method) {
            (true, _) => tar::EntryType::Directory,
            (false, 2) => tar::EntryType::Continuous,
            (false, _) => tar::EntryType::Regular,
        });
        let content = if file.is_folder { &[][..] } else { &file.content };
        let size = content.len().to_string();
        match names {
            Names::Gnu => tar.append_data(&mut header, &file.path, content).unwrap(),
            Names::Ustar => {
                // What fits neither field is left to the other kinds.
                if header.set_path(&file.path).is_ok() {
                    header.set_cksum();
                    tar.append(&header, content).unwrap();
                }
            }
            Names::Pax | Names::PaxSize => {
                let records = [("mtime", &b"1700000000.5"[..]), ("path", file.path.as_bytes())];
                tar.append_pax_extensions(records).unwrap();
                header.set_path("short").unwrap();
                header.set_cksum();
                tar.append(&header, content).unwrap();
            }
        }
        if matches!(names, Names::PaxSize) && !file.is_folder {
            // The size in the header says nothing: programs leave it zero where it does not fit.
            tar.append_pax_extensions([
                ("size", size.as_bytes()),
                ("path", format!("s/{}.again", file.path).as_bytes()),
            ])
            .unwrap();
            header.set_size(0);
            header.set_cksum();
            tar.append(&header, content).unwrap();
        }
    }
    tar.into_inner().unwrap()
}

#[derive(Debug, Clone)]
enum Edit {
    Set(u8),
    Flip(u8),
    Insert(&'static [u8]),
    Remove(usize),
    Repeat(usize),
    Cut,
}

fn edits() -> impl Strategy<Value = Vec<(Index, Edit)>> {
    let words: [&'static [u8]; 9] = [
        b"PK\x01\x02",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xff\xff\xff\xff",
        b"\x01\0\x10\0",
        b"\0",
        b"ustar\0",
        b"size=",
        b"\n",
    ];
    let edit = prop_oneof![
        4 => any::<u8>().prop_map(Edit::Set),
        4 => (0..8_u8).prop_map(|bit| Edit::Flip(1 << bit)),
        1 => prop::sample::select(words.to_vec()).prop_map(Edit::Insert),
        1 => (1..30_usize).prop_map(Edit::Remove),
        1 => prop::sample::select(vec![1, 4, 512, 1024]).prop_map(Edit::Repeat),
        1 => Just(Edit::Cut),
    ];
    prop::collection::vec((any::<Index>(), edit), 1..4)
}

/// The places are among the bytes of headers and directory, as far as these are known.
fn mangle(archive: &[u8], edits: &[(Index, Edit)], places: &[usize]) -> Vec<u8> {
    let mut bytes = archive.to_vec();
    for (at, edit) in edits {
        let at = places[at.index(places.len())].min(bytes.len());
        match *edit {
            Edit::Set(byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = byte),
            Edit::Flip(bits) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old ^= bits),
            Edit::Insert(word) => drop(bytes.splice(at..at, word.iter().copied())),
            Edit::Remove(len) => drop(bytes.drain(at..(at + len).min(bytes.len()))),
            Edit::Repeat(len) => {
                let again = bytes[at..(at + len).min(bytes.len())].to_vec();
                drop(bytes.splice(at..at, again));
            }
            Edit::Cut => bytes.truncate(at),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn zips_of_the_crate_are_read_alike(files in files(), is_stream: bool, comment in "[a-z]{0,9}") {
        assert_taken("d.zip", &by_zip_writer(&files, is_stream, &comment));
    }

    #[test]
    fn zips_of_our_builder_are_read_alike(files in files(), descriptor in 0..3_u8) {
        assert_taken("d.zip", &by_parts(&files, descriptor));
    }

    #[test]
    fn tars_of_the_crate_are_read_alike(
        files in files(),
        names in prop::sample::select(vec![Names::Gnu, Names::Ustar, Names::Pax]),
    ) {
        let archive = by_tar_writer(&files, names);
        assert_taken("d.tar", &archive);
        assert_taken("d.tar.gz", &gz(&archive));
        assert_taken("d.tar.bz2", &bz2(&archive));
    }

    #[test]
    fn tars_with_sizes_of_pax_are_read_alike(files in small_files()) {
        assert_taken("d.tar", &by_tar_writer(&files, Names::PaxSize));
    }

    #[test]
    fn tars_of_our_builder_are_read_alike(files in files()) {
        let entries: Vec<Vec<u8>> = files
            .iter()
            .filter(|file| file.path.len() <= 100)
            .map(|file| match (file.is_folder, file.method) {
                (true, _) => tar_entry(&file.path, b'5', b""),
                (false, 0) => tar_entry(&file.path, 0, &file.content),
                (false, 1) => tar_entry(&file.path, b'0', &file.content),
                (false, _) => tar_entry(&file.path, b'7', &file.content),
            })
            .collect();
        assert_taken("d.tar", &tar(&entries));
    }
}

/// Tries so many mangled archives, and gives how many of them we took and compared.
fn compared<T: std::fmt::Debug>(
    tries: u32,
    mangled: &impl Strategy<Value = T>,
    agrees: impl Fn(T) -> bool,
) -> u32 {
    let compared = Cell::new(0);
    let result = TestRunner::new(cases(tries)).run(mangled, |mangled| {
        compared.set(compared.get() + u32::from(agrees(mangled)));
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    compared.get()
}

#[test]
fn mangled_zips_are_read_alike() {
    let mangled = (small_files(), 0..5_u8, edits(), any::<bool>());
    let compared = compared(2_000, &mangled, |(files, writer, edits, is_in_directory)| {
        let archive = match writer {
            0 => by_zip_writer(&files, false, ""),
            1 => by_zip_writer(&files, true, "comment"),
            descriptor => by_parts(&files, descriptor - 2),
        };
        let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02").unwrap();
        let places: Vec<usize> = (if is_in_directory { directory } else { 0 }..archive.len()).collect();
        assert_agrees("d.zip", &mangle(&archive, &edits, &places), &Limits::default())
    });
    println!("{compared} zips compared");
    assert!(compared >= 50, "only {compared} zips were taken");
}

#[test]
fn mangled_tars_are_read_alike() {
    let names = prop::sample::select(vec![Names::Gnu, Names::Ustar, Names::Pax, Names::PaxSize]);
    let compared = compared(1_000, &(small_files(), names, edits()), |(files, names, edits)| {
        let archive = by_tar_writer(&files, names);
        let blocks =
            archive.chunks(512).enumerate().filter(|(_, block)| block.get(257..262) == Some(b"ustar"));
        // The fields that mean something: name, size, kind, magic, prefix; and what follows, the records of pax.
        let fields = (0..10).chain(124..136).chain(156..157).chain(257..265).chain(345..360).chain(512..560);
        let places: Vec<usize> =
            blocks.flat_map(|(number, _)| fields.clone().map(move |field| number * 512 + field)).collect();
        let mangled = mangle(&archive, &edits, &places);
        let is_taken = assert_agrees("d.tar", &mangled, &Limits::default());
        assert_agrees("d.tar", &resealed(&mangled), &Limits::default()) || is_taken
    });
    println!("{compared} tars compared");
    assert!(compared >= 50, "only {compared} tars were taken");
}

/// What we take and the crate reads otherwise: it is the archive of this decision, and ours are these members.
#[track_caller]
fn assert_decided(archive: &[u8], decided: Decided, expected: &[(&str, &str)]) {
    let name = if archive.starts_with(b"PK") { "d.zip" } else { "d.tar" };
    let (summary, members) = ours(name, archive, &Limits::default()).expect("we take it");
    let texts: Vec<_> =
        members.iter().map(|(name, text)| (&**name, std::str::from_utf8(text).unwrap())).collect();
    assert_eq!(texts, expected);
    let reading = if name == "d.zip" { by_zip(archive, &summary) } else { by_tar(archive, &summary) };
    assert!(matches!(reading, Reading::Decided(found) if found == decided));
}

#[test]
fn the_end_of_a_zip_is_the_one_that_ends_the_file() {
    let mut archive = zip(&[Part::stored("a.csv", b"x")]);
    let comment = [&end_record(0, 0, 0)[..], b"."].concat();
    let at = archive.len() - 2;
    archive[at..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    archive.extend(&comment);
    assert_decided(&archive, Decided::EndInComment, &[("a.csv", "x")]);
}

#[test]
fn signed_checksums_are_taken() {
    let mut block = tar_header("é.csv", b'0', 1);
    seal(&mut block);
    let signed: i32 = (0..512)
        .map(|at| if (148..156).contains(&at) { 32 } else { i32::from(block[at].cast_signed()) })
        .sum();
    block[148..155].copy_from_slice(format!("{signed:06o}\0").as_bytes());
    let archive = [&block[..], b"x", &[0; 511], &[0; 1024]].concat();
    assert_decided(&archive, Decided::SignedChecksum, &[("é.csv", "x")]);
}

#[test]
fn pax_records_go_by_their_length() {
    let records = tar_entry("pax", b'x', b"24 SCHILY.xattr.a=1\n2\n3\n16 path=x/b.csv\n");
    let archive = tar(&[records, tar_entry("a.csv", b'0', b"x")]);
    assert_decided(&archive, Decided::PaxLines, &[("b.csv", "x")]);
}

#[test]
fn the_later_of_two_pax_records_counts() {
    let records = tar_entry("pax", b'x', b"14 path=b.csv\n14 path=c.csv\n");
    let archive = tar(&[records, tar_entry("a.csv", b'0', b"x")]);
    assert_decided(&archive, Decided::PaxTwice, &[("c.csv", "x")]);
}

#[test]
fn a_global_header_does_not_take_what_is_for_the_next_member() {
    let records = tar_entry("pax", b'x', b"14 path=b.csv\n");
    let global = tar_entry("pax", b'g', b"14 comment=hi\n");
    let archive = tar(&[records, global, tar_entry("a.csv", b'0', b"x")]);
    assert_decided(&archive, Decided::GlobalBetween, &[("b.csv", "x")]);
}

#[test]
fn long_names_need_no_magic() {
    let mut name = tar_entry("@LongLink", b'L', b"b.csv\0");
    let block = name.first_chunk_mut::<512>().unwrap();
    block[257..265].fill(0);
    seal(block);
    let archive = tar(&[name, tar_entry("a.csv", b'0', b"x")]);
    assert_decided(&archive, Decided::ExtensionWithoutMagic, &[("b.csv", "x")]);
}

#[test]
fn a_long_name_ends_at_its_first_nul() {
    let archive = tar(&[tar_entry("@LongLink", b'L', b"b.csv\0\0"), tar_entry("a.csv", b'0', b"x")]);
    assert_decided(&archive, Decided::LongNamePadded, &[("b.csv", "x")]);
}

/// The archives of programs, in a folder with files of many kinds.
mod programs {
    use super::*;

    /// What a program writes to its standard output. `None`, and a line that says so, if it is not there.
    fn output(folder: &std::path::Path, program: &str, arguments: &str) -> Option<Vec<u8>> {
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(folder).stderr(Stdio::inherit());
        match command.output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                println!("skipped: {program} is not on this machine");
                None
            }
            Err(error) => panic!("{program} {arguments}: {error}"),
            Ok(done) => {
                assert!(done.status.success(), "{program} {arguments} failed");
                Some(done.stdout)
            }
        }
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let deep = format!("{}/{}", "folder".repeat(12), "deep".repeat(20));
        std::fs::create_dir_all(folder.path().join(&deep)).unwrap();
        for (name, content) in [
            ("contacts.csv".to_owned(), b"id;email\n1;ann@example.org\n".repeat(2_000)),
            ("empty.csv".to_owned(), Vec::new()),
            ("été.csv".to_owned(), b"id\n1\n".to_vec()),
            (format!("{deep}/orders.csv"), noise(100_000)),
            (format!("{deep}/{}.csv", "long".repeat(30)), b"id\n2\n".to_vec()),
        ] {
            std::fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    #[test]
    fn zips_of_info_zip_are_read_alike() {
        let (folder, other) = (folder(), tempfile::tempdir().unwrap());
        for options in
            ["-r", "-r -0", "-r -9", "-r -Z bzip2", "-r -fz", "-r -fd", "-r -D", "-r -X", "-r -UN=UTF8"]
        {
            // Into a file it writes sizes where they belong, into a pipe behind the data.
            let file = other.path().join(format!("{options}.zip"));
            let written = format!("-q {options} {} .", file.display().to_string().replace(' ', ""));
            if output(folder.path(), "zip", &written).is_none() {
                return;
            }
            let archive = std::fs::read(file.display().to_string().replace(' ', "")).unwrap();
            assert_taken("d.zip", &archive);
            let piped = output(folder.path(), "zip", &format!("-q {options} - .")).unwrap();
            if options == "-r -fz" {
                // Its end refers to a zip64 record that Info-ZIP 3.0 does not write into a pipe.
                refused(
                    "d.zip",
                    &piped,
                    "corrupt",
                    None,
                    "its directory does not lie where the end record says",
                );
            } else {
                assert_taken("d.zip", &piped);
            }
        }
    }

    #[test]
    fn tars_of_gnu_tar_are_read_alike() {
        let folder = folder();
        for format in ["gnu", "oldgnu", "pax", "posix"] {
            let arguments = format!("--format={format} -cf - .");
            let Some(archive) = output(folder.path(), "tar", &arguments) else { return };
            assert_taken("d.tar", &archive);
        }
        for format in ["ustar", "v7"] {
            let arguments = format!("--format={format} -cf - contacts.csv empty.csv été.csv");
            let Some(archive) = output(folder.path(), "tar", &arguments) else { return };
            assert_taken("d.tar", &archive);
        }
    }

    #[test]
    fn zips_of_python_are_read_alike() {
        for (open, method) in [("b", "STORED"), ("b", "DEFLATED"), ("b", "BZIP2"), ("Stream()", "DEFLATED")] {
            assert_taken(
                "d.zip",
                &python(&format!(
                    "
class Stream(io.RawIOBase):
    def writable(self): return True
    def write(self, data): return b.write(data)
b = io.BytesIO()
with zipfile.ZipFile({open}, 'w', zipfile.ZIP_{method}) as z:
    z.writestr('contacts.csv', b'id;email\\n' * 5000)
    z.writestr('x/été.csv', b'id\\n')
    z.writestr('y/', b'')
    with z.open('large.csv', 'w', force_zip64=True) as f: f.write(b'id\\n1\\n' * 100)
    z.comment = b'a comment'
out.write(b.getvalue())"
                )),
            );
        }
    }

    #[test]
    fn tars_of_python_are_read_alike() {
        for format in ["USTAR", "GNU", "PAX"] {
            assert_taken(
                "d.tar",
                &python(&format!(
                    "
b = io.BytesIO()
with tarfile.open(fileobj=b, mode='w', format=tarfile.{format}_FORMAT) as t:
    for name in ['contacts.csv', 'x/été.csv', 'x' * 90 + '/' + 'y' * 90 + '.csv']:
        info = tarfile.TarInfo(name); info.size = 3
        if '{format}' == 'PAX': info.pax_headers = {{'comment': 'été', 'mtime': '1700000000.25'}}
        t.addfile(info, io.BytesIO(b'id\\n'))
    info = tarfile.TarInfo('folder'); info.type = tarfile.DIRTYPE
    t.addfile(info)
out.write(b.getvalue())"
                )),
            );
        }
    }
}

/// Where the extra field of Info-ZIP names a member otherwise than its header, programs read either.
#[test]
fn a_zip_member_has_one_name() {
    let (name, other) = (b"a.csv", b"b.csv");
    let mut crc = flate2::Crc::new();
    crc.update(name);
    let extra = |name: &[u8], crc: u32| {
        let len = u16::try_from(name.len() + 5).unwrap();
        [&b"\x75\x70"[..], &len.to_le_bytes(), &[1], &crc.to_le_bytes(), name].concat()
    };
    let with = |extra: Vec<u8>| zip(&[Part { extra, ..Part::stored(name, b"x") }]);
    refused("d.zip", &with(extra(other, crc.sum())), "corrupt", Some("a.csv"), "a second name, b.csv");
    // The same name, and one that belongs to a name the member had before, which programs pass over.
    assert_taken("d.zip", &with(extra(name, crc.sum())));
    assert_taken("d.zip", &with(extra(other, 0)));
    let local = Part { local_extra: extra(other, crc.sum()), ..Part::stored(name, b"x") };
    refused("d.zip", &zip(&[local]), "corrupt", Some("a.csv"), "a second name, b.csv");
}
