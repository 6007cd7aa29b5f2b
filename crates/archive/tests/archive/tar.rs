//! Tar archives that are damaged, cut, or say two things at once.

use crate::support::{gz, refused, refused_within, seal, taken, tar, tar_entry, tar_header};
use tidewaiter_archive::Limits;

#[test]
fn damaged_headers_are_refused() {
    let mut archive = tar(&[tar_entry("a.csv", b'0', b"x"), tar_entry("b.csv", b'0', b"y")]);
    archive[1024 + 5] ^= 1;
    let kept = refused(
        "d.tar",
        &archive,
        "corrupt",
        Some("b.csv\\u{1}"),
        "header at byte 1024 has a wrong checksum",
    );
    assert_eq!(kept.members.len(), 1);
    let mut block = tar_header("a.csv", b'0', 0);
    block[124..136].fill(b'9');
    seal(&mut block);
    refused("d.tar", &tar(&[block.to_vec()]), "corrupt", Some("a.csv"), "no valid size");
}

#[test]
fn tars_end_at_a_block_of_zeros() {
    let entry = tar_entry("a.csv", b'0', b"x");
    for end in [512, 1024, 10_000] {
        let archive = [entry.clone(), vec![0; end]].concat();
        assert_eq!(taken("d.tar", &archive).0.texts(), [("a.csv", "x")], "{end}");
    }
    refused("d.tar", &entry, "truncated", None, "without its closing block of zeros");
    let part = [entry.clone(), vec![0; 1]].concat();
    refused("d.tar", &part, "truncated", None, "after 1025 bytes, within a header");
    let followed = [entry.clone(), vec![0; 1024], b"x".to_vec()].concat();
    refused("d.tar", &followed, "trailing-garbage", None, "ends at byte 1536");
    let lone = [entry.clone(), vec![0; 512], entry].concat();
    refused("d.tgz", &gz(&lone), "trailing-garbage", None, "more than zeros");
}

#[test]
fn cut_tars_are_refused() {
    let entry = tar_entry("a.csv", b'0', &[b'x'; 1000]);
    refused("d.tar", &entry[..1000], "truncated", Some("a.csv"), "512 bytes before the end");
    refused("d.tar", &entry[..1520], "truncated", Some("a.csv"), "16 bytes before");
    let two = [entry.clone(), entry].concat();
    refused("d.tar", &two[..1600], "truncated", None, "within a header");
    let dangling = tar_entry("@LongLink", b'L', b"a.csv\0");
    refused("d.tar", &tar(&[dangling]), "truncated", None, "between the long name");
}

#[test]
fn huge_names_are_not_read_into_memory() {
    let header = tar_header("@LongLink", b'L', 4 << 30);
    refused("d.tgz", &gz(&header), "corrupt", Some("@LongLink"), "take 4294967296 bytes, more than 1048576");
    let header = tar_header("pax", b'x', 2 << 20);
    refused("d.tgz", &gz(&header), "corrupt", Some("pax"), "take 2097152 bytes");
}

#[test]
fn declared_sizes_are_judged_at_once() {
    let limits = Limits { member_bytes: 999, ..Limits::default() };
    let header = tar_header("a.csv", b'0', 1000);
    let (kept, refusal) = refused_within("d.tar", &header, &limits);
    crate::support::assert_refusal(
        &refusal,
        "member-too-large",
        Some("a.csv"),
        "1000 bytes, more than the limit of 999",
    );
    assert_eq!(kept.bytes, 0);
}

#[test]
fn pax_sizes_and_names_override_the_header() {
    let records = b"16 path=x/b.csv\n9 size=3\n";
    let mut archive = tar_entry("pax", b'x', records);
    archive.extend(tar_header("a.csv", b'0', 0));
    let mut data = b"abc".to_vec();
    data.resize(512, 0);
    archive.extend(data);
    assert_eq!(taken("d.tar", &tar(&[archive])).0.texts(), [("b.csv", "abc")]);
}

#[test]
fn pax_records_reach_over_a_global_header() {
    let records = tar_entry("pax", b'x', b"16 path=x/b.csv\n");
    let global = tar_entry("pax", b'g', b"14 comment=hi\n");
    let entries = [records, global, tar_entry("a.csv", b'0', b"abc")];
    assert_eq!(taken("d.tar", &tar(&entries)).0.texts(), [("b.csv", "abc")]);
}

/// As GNU tar and bsdtar keep extended attributes: bytes, line feeds among them.
#[test]
fn pax_values_may_be_binary() {
    let mut records = b"40 SCHILY.xattr.com.apple.provenance=\n\n\n".to_vec();
    assert_eq!(records.len(), 40);
    records.extend(b"16 path=x/b.csv\n");
    let entries = [tar_entry("pax", b'x', &records), tar_entry("a.csv", b'0', b"abc")];
    assert_eq!(taken("d.tar", &tar(&entries)).0.texts(), [("b.csv", "abc")]);
}

#[test]
fn sizes_beyond_all_numbers_are_refused() {
    // To a program that reads only the last eight bytes this size is 3.
    let mut block = tar_header("a.csv", b'0', 0);
    block[124..136].copy_from_slice(b"\x80\0\0\x01\0\0\0\0\0\0\0\x03");
    seal(&mut block);
    refused("d.tar", &tar(&[block.to_vec()]), "corrupt", Some("a.csv"), "no valid size");
}

#[test]
fn contradictions_are_refused() {
    let gnu = tar_entry("ext", b'L', b"b.csv\0");
    let pax = tar_entry("ext", b'x', b"14 path=c.csv\n");
    let global = tar_entry("ext", b'g', b"14 path=c.csv\n");
    let nonsense = tar_entry("ext", b'x', b"nonsense");
    let cases = [
        (vec![gnu.clone(), pax], "both a GNU and a pax name"),
        (vec![gnu.clone(), gnu], "two long names"),
        (vec![global], "global pax header sets the path"),
        (vec![nonsense], "malformed"),
    ];
    for (mut entries, message) in cases {
        entries.push(tar_entry("a.csv", b'0', b"x"));
        refused("d.tar", &tar(&entries), "corrupt", None, message);
    }
    let folder = tar_entry("x/", b'5', b"data");
    refused("d.tar", &tar(&[folder]), "corrupt", Some("x/"), "the folder has a size");
}
