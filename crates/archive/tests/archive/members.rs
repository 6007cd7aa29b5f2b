//! Names and kinds of members, whatever the format.

use crate::formats::fixture;
use crate::support::{Part, bz2, gz, refused, taken, tar, tar_entry, zip};

/// The same members as a zip and as a tar.
fn both(names: &[&[u8]]) -> [(&'static str, Vec<u8>); 2] {
    let parts: Vec<_> = names.iter().map(|name| Part::stored(name, b"x")).collect();
    let entries: Vec<_> = names.iter().map(|name| tar_entry(name, b'0', b"x")).collect();
    [("d.zip", zip(&parts)), ("d.tar", tar(&entries))]
}

#[test]
fn unsafe_names_are_refused() {
    let cases: [(&[u8], &str, &str); 9] = [
        (b"../a.csv", "../a.csv", "'..'"),
        (b"x\\..\\..\\a.csv", "x\\..\\..\\a.csv", "'..'"),
        (b"/etc/a.csv", "/etc/a.csv", "absolute"),
        (b"C:\\a.csv", "C:\\a.csv", "drive"),
        (b"x/c:a.csv", "x/c:a.csv", "drive"),
        (b"a\tb.csv", "a\\u{9}b.csv", "U+0009"),
        (b"caf\x82.csv", "caf\u{fffd}.csv", "not UTF-8"),
        (b"..", "..", "'..'"),
        (b"x/.", "x/.", "has no name"),
    ];
    for (name, shown, reason) in cases {
        for (format, archive) in both(&[b"good.csv", name]) {
            refused(format, &archive, "unsafe-name", Some(shown), reason);
        }
    }
    refused("d.zip", &zip(&[Part::stored(b"a\0.csv", b"")]), "unsafe-name", Some("a\\u{0}.csv"), "U+0000");
    refused("d.zip", &zip(&[Part::stored(b"", b"x")]), "unsafe-name", Some(""), "empty");
    refused("d.tar", &tar(&[tar_entry(b"", b'0', b"x")]), "unsafe-name", Some(""), "empty");
    let long = "n".repeat(256);
    let shown = format!("{}…", "n".repeat(120));
    let archive = zip(&[Part::stored(&long, b"")]);
    refused("d.zip", &archive, "unsafe-name", Some(&shown), "256 bytes, more than 255");
    refused(".gz", &gz(b"x"), "unsafe-name", Some(""), "empty");
}

/// Regression: a zip of an old program was refused as a whole for the name of a folder that is not used.
#[test]
fn only_names_that_are_used_must_be_readable() {
    for (format, archive) in both(&[b"donn\x82es/a.csv", b"donn\x82es/._\x82.csv"]) {
        let (kept, summary) = taken(format, &archive);
        assert_eq!(kept.texts(), [("a.csv", "x")]);
        assert_eq!(summary.ignored.paths, ["donn\u{fffd}es/._\u{fffd}.csv"]);
    }
    let folder = Part { mode: 0o040_755, ..Part::stored(b"donn\x82es/", b"") };
    let archive = zip(&[folder, Part::stored(b"donn\x82es/a.csv", b"x")]);
    assert_eq!(taken("d.zip", &archive).0.texts(), [("a.csv", "x")]);
    // Two folders that differ only in what is no text give members of one name.
    for (format, archive) in both(&[b"\x82/a.csv", b"\x83/a.csv"]) {
        refused(format, &archive, "duplicate-name", Some("\u{fffd}/a.csv"), "\"a.csv\"");
    }
}

#[test]
fn folders_are_flattened_and_names_unique() {
    for (format, archive) in both(&[b"x/a.csv", b"y\\b.csv", b"./c.csv"]) {
        assert_eq!(taken(format, &archive).0.texts(), [("a.csv", "x"), ("b.csv", "x"), ("c.csv", "x")]);
    }
    for (format, archive) in both(&[b"x/a.csv", b"y/a.csv"]) {
        refused(format, &archive, "duplicate-name", Some("y/a.csv"), "\"a.csv\"");
    }
    for (format, archive) in both(&["É.csv".as_bytes(), "é.CSV".as_bytes()]) {
        refused(format, &archive, "duplicate-name", Some("é.CSV"), "case do not count");
    }
}

#[test]
fn metadata_of_packing_programs_is_ignored() {
    let names: [&[u8]; 6] =
        [b"a.csv", b"__MACOSX/._a.csv", b".DS_Store", b"x/Thumbs.db", b"desktop.ini", b"._a"];
    for (format, archive) in both(&names) {
        let (kept, summary) = taken(format, &archive);
        assert_eq!(kept.texts(), [("a.csv", "x")]);
        assert_eq!(summary.ignored.count, 5);
        assert_eq!(
            summary.ignored.paths,
            ["__MACOSX/._a.csv", ".DS_Store", "x/Thumbs.db", "desktop.ini", "._a"]
        );
    }
    // Being ignored does not excuse a path.
    for (format, archive) in both(&[b"a.csv", b"../.DS_Store"]) {
        refused(format, &archive, "unsafe-name", Some("../.DS_Store"), "'..'");
    }
}

#[test]
fn archives_within_archives_are_refused() {
    for extension in ["zip", "tar", "gz", "bz2", "tgz", "tar.gz", "7z", "RAR", "xz", "zst"] {
        let name = format!("inner.{extension}");
        for (format, archive) in both(&[name.as_bytes()]) {
            refused(format, &archive, "nested-archive", Some(&name), "the name of an archive");
        }
    }
    refused("x.zip.gz", &gz(b"x"), "nested-archive", Some("x.zip"), "the name of an archive");
    let inner_zip = zip(&[Part::stored("a.csv", b"x")]);
    let inner_tar = tar(&[tar_entry("a.csv", b'0', b"x")]);
    let contents = [("zip", inner_zip), ("tar", inner_tar), ("gzip", gz(b"x")), ("bzip2", bz2(b"x"))];
    for (kind, content) in contents {
        let message = format!("is a {kind} archive");
        let archives = [
            ("a.csv.gz", gz(&content)),
            ("a.csv.bz2", bz2(&content)),
            ("d.zip", zip(&[Part::deflated("a.csv", &content)])),
            ("d.tar", tar(&[tar_entry("a.csv", b'0', &content)])),
        ];
        for (name, archive) in archives {
            let kept = refused(name, &archive, "nested-archive", Some("a.csv"), &message);
            assert_eq!(kept.bytes, 0);
        }
    }
}

#[test]
fn links_and_special_files_are_refused() {
    refused("d.zip", fixture!("symlink.zip"), "link", Some("link.csv"), "symbolic link");
    for (kind, code, what) in [
        (b'1', "link", "hard link"),
        (b'2', "link", "symbolic link"),
        (b'3', "special-file", "device"),
        (b'4', "special-file", "device"),
        (b'6', "special-file", "named pipe"),
        (b'S', "special-file", "sparse"),
        (b'V', "special-file", "kind 'V'"),
    ] {
        refused("d.tar", &tar(&[tar_entry("a", kind, b"")]), code, Some("a"), what);
    }
    for (mode, code) in [(0o120_777, "link"), (0o140_644, "special-file"), (0o060_644, "special-file")] {
        let part = Part { mode, ..Part::stored("a", b"") };
        refused("d.zip", &zip(&[part]), code, Some("a"), "the member is a");
    }
    refused("d.tgz", fixture!("sparse-gnu.tar.gz"), "special-file", Some("sparse.csv"), "sparse");
    let (_, refusal) = crate::support::refused_within(
        "d.tgz",
        fixture!("sparse-pax.tar.gz"),
        &tidewaiter_archive::Limits::default(),
    );
    assert_eq!(refusal.code.as_str(), "special-file");
}

#[test]
fn archives_without_files_are_refused() {
    for name in ["d.zip", "d.tar", "a.gz", "a.bz2", "d.tgz", "d.tar.bz2"] {
        refused(name, b"", "empty-archive", None, "no bytes");
    }
    let no_files = "holds no files";
    refused("d.zip", &zip(&[]), "empty-archive", None, no_files);
    refused("d.tar", &tar(&[]), "empty-archive", None, no_files);
    refused("d.tgz", &gz(&tar(&[])), "empty-archive", None, no_files);
    refused("d.tgz", &gz(b""), "empty-archive", None, no_files);
    refused("d.tar", &tar(&[tar_entry("x/", b'5', b"")]), "empty-archive", None, no_files);
    for (format, archive) in both(&[b".DS_Store"]) {
        refused(format, &archive, "empty-archive", None, no_files);
    }
}

#[test]
fn what_is_no_archive_is_called_by_its_name() {
    let code = "not-an-archive";
    for name in ["d.zip", "d.tar", "a.gz", "a.bz2", "d.tgz", "d.tar.bz2"] {
        refused(name, b"<!DOCTYPE html><html>404</html>", code, None, "an HTML page");
        refused(name, b"id;email\n1;a@example.org\n", code, None, "plain text");
        refused(name, b"\xfd7zXZ\0\0\0", code, None, "xz archive");
    }
    refused("d.zip", &gz(b"x"), code, None, "named like a zip archive, but is a gzip archive");
    refused("a.gz", &zip(&[Part::stored("a", b"")]), code, None, "is a zip archive");
    refused("d.tar", &gz(b"x"), code, None, "is a gzip archive");
    refused("d.tgz", &gz(b"id;email\n"), code, None, "decompressed content is not a tar");
    refused("d.tar.bz2", &bz2(&[b'x'; 2000]), code, None, "decompressed content is not a tar");
}
