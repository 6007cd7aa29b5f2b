//! Every format as real programs write it: exact names, exact bytes.

use std::fmt::Write;

use crate::support::{Part, bz2, gz, noise, python, taken, tar, tar_entry, zip};

const CONTACTS: &str = "id;email\n1;ann@example.org\n2;bob@example.org\n";
const ORDERS: &str = "id;total\n7;12.50\n";

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/", $name))
    };
}
pub(crate) use fixture;

#[test]
fn archives_of_common_programs_are_read() {
    let both = [("contacts.csv", CONTACTS), ("orders.csv", ORDERS)];
    let archives: [(&str, &[u8]); 4] = [
        ("drop.zip", fixture!("info-zip.zip")),
        ("drop.tar.gz", fixture!("gnu.tar.gz")),
        ("drop.tgz", fixture!("v7.tar.gz")),
        ("drop.tar.bz2", fixture!("gnu.tar.bz2")),
    ];
    for (name, archive) in archives {
        let (kept, summary) = taken(name, archive);
        assert_eq!(kept.texts(), both, "{name}");
        assert_eq!(summary.ignored.count, 0);
    }
}

#[test]
fn single_files_are_named_like_their_archive() {
    // The gzip header says `contacts.csv`; the name of the archive counts.
    let (kept, _) = taken("other.csv.gz", fixture!("contacts.csv.gz"));
    assert_eq!(kept.texts(), [("other.csv", CONTACTS)]);
    let (kept, _) = taken("other.csv.BZ2", fixture!("contacts.csv.bz2"));
    assert_eq!(kept.texts(), [("other.csv", CONTACTS)]);
}

#[test]
fn bzip2_members_of_a_zip_are_read() {
    let (kept, _) = taken("drop.zip", fixture!("bzip2-method.zip"));
    assert_eq!(kept.texts(), [("contacts.csv", CONTACTS)]);
}

#[test]
fn a_zip64_stream_is_read() {
    let (kept, _) = taken("drop.zip", fixture!("zip64-stream.zip"));
    assert_eq!(kept.texts(), [("-", CONTACTS)]);
}

#[test]
fn every_python_zip_is_read() {
    let archive = python(
        "z = zipfile.ZipFile(b := io.BytesIO(), 'w', zipfile.ZIP_DEFLATED)
z.comment = b'a comment with PK\\x05\\x06 in it'
z.mkdir('folder') if hasattr(z, 'mkdir') else z.writestr('folder/', '')
z.writestr('folder/deflated.csv', 'a;b\\n' * 100000)
z.writestr('stored.csv', 'c;d\\n', zipfile.ZIP_STORED)
z.writestr('bzip2.csv', 'e;f\\n', zipfile.ZIP_BZIP2)
z.writestr('été.csv', 'g;h\\n')
z.writestr('empty.csv', '')
with z.open('long.csv', 'w', force_zip64=True) as f: f.write(b'i;j\\n')
z.close()
out.write(b.getvalue())",
    );
    let (kept, _) = taken("drop.zip", &archive);
    let large = "a;b\n".repeat(100_000);
    let expected = [
        ("deflated.csv", large.as_str()),
        ("stored.csv", "c;d\n"),
        ("bzip2.csv", "e;f\n"),
        ("été.csv", "g;h\n"),
        ("empty.csv", ""),
        ("long.csv", "i;j\n"),
    ];
    assert_eq!(kept.texts(), expected);
}

#[test]
fn a_zip_written_to_a_pipe_is_read() {
    // Without seeking, sizes and checksums follow the data.
    let archive = python(
        "class Pipe:
    def write(self, b): return out.write(b)
    def flush(self): pass
with zipfile.ZipFile(Pipe(), 'w', zipfile.ZIP_DEFLATED) as z:
    z.writestr('a.csv', 'a;b\\n')
    z.writestr('b.csv', 'c;d\\n', zipfile.ZIP_STORED)",
    );
    let (kept, _) = taken("drop.zip", &archive);
    assert_eq!(kept.texts(), [("a.csv", "a;b\n"), ("b.csv", "c;d\n")]);
}

#[test]
fn every_python_tar_is_read() {
    for format in ["USTAR", "GNU", "PAX"] {
        let program = format!(
            "t = tarfile.open(fileobj=out, mode='w|', format=tarfile.{format}_FORMAT)
for n, d in [('./a.csv', b'a;b\\n'), ('x' * 90 + '/' + 'y' * 90 + '/b.csv', b'c;d\\n'), ('empty.csv', b'')]:
    i = tarfile.TarInfo(n); i.size = len(d); t.addfile(i, io.BytesIO(d))
i = tarfile.TarInfo('folder'); i.type = tarfile.DIRTYPE; t.addfile(i)
t.close()"
        );
        let archive = python(&program);
        let expected = [("a.csv", "a;b\n"), ("b.csv", "c;d\n"), ("empty.csv", "")];
        let variants = [("d.tar", archive.clone()), ("d.tgz", gz(&archive)), ("d.tar.bz2", bz2(&archive))];
        for (name, archive) in variants {
            assert_eq!(taken(name, &archive).0.texts(), expected, "{format} {name}");
        }
    }
}

#[test]
fn long_and_unicode_names_of_tars_are_read() {
    for format in ["GNU", "PAX"] {
        let program = format!(
            "t = tarfile.open(fileobj=out, mode='w|', format=tarfile.{format}_FORMAT, pax_headers={{'comment': 'hi'}})
i = tarfile.TarInfo('é' * 100 + '.csv'); i.size = 1; t.addfile(i, io.BytesIO(b'x'))
t.close()"
        );
        let name = format!("{}.csv", "é".repeat(100));
        assert_eq!(taken("d.tar", &python(&program)).0.texts(), [(name.as_str(), "x")], "{format}");
    }
}

#[test]
fn concatenated_streams_and_padding_are_legal() {
    let streams = [b"one\n".as_slice(), b"", b"two\n"];
    for (name, [one, none, two]) in [("a.csv.gz", streams.map(gz)), ("a.csv.bz2", streams.map(bz2))] {
        let mut archive = [one, none.clone(), two].concat();
        assert_eq!(taken(name, &archive).0.texts(), [("a.csv", "one\ntwo\n")]);
        archive.extend([0; 5000]);
        assert_eq!(taken(name, &archive).0.texts(), [("a.csv", "one\ntwo\n")]);
        assert_eq!(taken(name, &none).0.texts(), [("a.csv", "")]);
    }
}

#[test]
fn python_gz_and_bz2_are_read() {
    let mut content = String::new();
    for id in 0..200_000 {
        writeln!(content, "{id};name").unwrap();
    }
    let archive = python("out.write(gzip.compress(b''.join(b'%d;name\\n' % i for i in range(200000))))");
    assert_eq!(taken("a.csv.gz", &archive).0.texts(), [("a.csv", content.as_str())]);
    let archive = python("out.write(bz2.compress(b''.join(b'%d;name\\n' % i for i in range(200000))))");
    assert_eq!(taken("a.csv.bz2", &archive).0.texts(), [("a.csv", content.as_str())]);
}

#[test]
fn contents_may_end_at_the_edge_of_a_piece() {
    let piece = 128 << 10;
    for len in [1, 511, 512, 513, piece - 1, piece, piece + 1, 2 * piece] {
        let content = noise(len);
        let tarred = tar(&[tar_entry("a.bin", b'0', &content)]);
        let archives = [
            ("a.bin.gz", gz(&content)),
            ("a.bin.bz2", bz2(&content)),
            ("d.zip", zip(&[Part::stored("a.bin", &content)])),
            ("d.zip", zip(&[Part::deflated("a.bin", &content)])),
            ("d.zip", zip(&[Part { method: 12, ..Part::packed("a.bin", &content, bz2(&content)) }])),
            ("d.tgz", gz(&tarred)),
            ("d.tar.bz2", bz2(&tarred)),
            ("d.tar", tarred),
        ];
        for (name, archive) in archives {
            let (kept, _) = taken(name, &archive);
            assert_eq!(kept.members, [("a.bin".to_owned(), content.clone())], "{name} of {len} bytes");
        }
    }
}
