//! Zip archives that lie, overlap, or are packed in ways we do not take.

use crate::formats::fixture;
use crate::support::{
    Part, assert_refusal, deflate, end_record, noise, python, refused, refused_within, run_within, taken, zip,
};
use tidewaiter_archive::Limits;

#[test]
fn encrypted_members_are_refused() {
    refused(
        "d.zip",
        fixture!("encrypted.zip"),
        "encrypted-member",
        Some("contacts.csv"),
        "without a password",
    );
    let aes = Part { method: 99, flags: 1, ..Part::stored("a.csv", b"x") };
    refused("d.zip", &zip(&[aes]), "encrypted-member", Some("a.csv"), "is encrypted");
}

#[test]
fn unknown_methods_are_refused_by_name() {
    for (method, label) in
        [(9, "Deflate64"), (14, "LZMA (method 14)"), (93, "Zstandard"), (1234, "the method 1234")]
    {
        let part = Part { method, ..Part::stored("a.csv", b"x") };
        refused("d.zip", &zip(&[part]), "unsupported-compression", Some("a.csv"), label);
    }
}

#[test]
fn declared_sizes_and_checksums_must_be_true() {
    let good = Part::deflated("a.csv", &[b'x'; 1000]);
    let more = Part { size: 999, ..good.clone() };
    refused("d.zip", &zip(&[more]), "corrupt", Some("a.csv"), "more than the 999 bytes it declares");
    let less = Part { size: 1001, ..good.clone() };
    refused("d.zip", &zip(&[less]), "corrupt", Some("a.csv"), "unpacks to 1000 bytes, but declares 1001");
    let crc = Part { crc: 0xdead_beef, ..good.clone() };
    refused("d.zip", &zip(&[crc]), "corrupt", Some("a.csv"), "deadbeef is declared");
    let mut hidden = good.clone();
    hidden.data.extend(b"hidden");
    hidden.packed += 6;
    refused("d.zip", &zip(&[hidden]), "corrupt", Some("a.csv"), "6 of");
    let mut cut = good;
    cut.data.pop();
    cut.packed -= 1;
    refused("d.zip", &zip(&[cut]), "corrupt", Some("a.csv"), "damaged");
    let stored = Part { size: 3, ..Part::stored("a.csv", b"xy") };
    refused("d.zip", &zip(&[stored]), "corrupt", Some("a.csv"), "unpacks to 2 bytes, but declares 3");
    let noise = Part { method: 8, ..Part::stored("a.csv", b"\xff\xff\xff\xff") };
    refused("d.zip", &zip(&[noise]), "corrupt", Some("a.csv"), "damaged");
}

#[test]
fn overlapping_members_are_refused_before_unpacking() {
    let first = Part::stored("a.csv", &[b'x'; 100]);
    // The same data under another name.
    let same = Part { offset: Some(0), ..Part::stored("b.csv", &[b'x'; 100]) };
    let archive = zip(&[first.clone(), same]);
    let kept = refused("d.zip", &archive, "overlapping-members", Some("b.csv"), "with a.csv");
    assert_eq!(kept.bytes, 0);
    // A member within the data of another.
    let inner = zip(&[Part::stored("b.csv", b"y")]);
    let outer = Part::stored("a.csv", &[b"..".as_slice(), &inner].concat());
    let inside = Part { offset: Some(37), ..Part::stored("b.csv", b"y") };
    refused("d.zip", &zip(&[outer, inside]), "overlapping-members", Some("b.csv"), "with a.csv");
    // Data that a long local header pushes into the next member.
    let pushed = Part { local_extra: vec![0; 60], packed: 100, ..first };
    let mut archive = zip(&[Part { data: vec![b'x'; 40], ..pushed }, Part::stored("b.csv", b"y")]);
    let kept = refused("d.zip", &archive, "overlapping-members", Some("a.csv"), "reach into");
    assert_eq!(kept.bytes, 0);
    // Data beyond the directory.
    let beyond = Part { packed: 1000, ..Part::stored("a.csv", b"x") };
    archive = zip(&[beyond]);
    refused("d.zip", &archive, "corrupt", Some("a.csv"), "beyond the directory");
}

#[test]
fn both_headers_must_agree() {
    let renamed = Part { local_name: Some(b"evil.exe".to_vec()), ..Part::stored("good.csv", b"x") };
    refused("d.zip", &zip(&[renamed]), "corrupt", Some("good.csv"), "evil.exe");
    let mut archive = zip(&[Part::stored("a.csv", b"x")]);
    archive[8] = 8;
    refused("d.zip", &archive, "corrupt", Some("a.csv"), "packed otherwise");
    let nowhere = Part { offset: Some(1), packed: 4, ..Part::stored("a.csv", b"xxxxxxxx") };
    refused("d.zip", &zip(&[nowhere]), "corrupt", Some("a.csv"), "something that is no member");
}

#[test]
fn the_end_must_be_the_end() {
    let good = zip(&[Part::stored("a.csv", b"x")]);
    let followed = [good.as_slice(), b"<script>"].concat();
    refused("d.zip", &followed, "trailing-garbage", None, "8 bytes follow");
    refused("d.zip", &[good.clone(), good.clone()].concat(), "corrupt", None, "directory does not lie");
    let mut cut = good.clone();
    cut.truncate(good.len() - 22);
    refused("d.zip", &cut, "truncated", None, "directory at the end");
    let mut split = good.clone();
    let at = good.len() - 22;
    split[at + 4] = 1;
    refused("d.zip", &split, "corrupt", None, "split archive");
    let mut fewer = good.clone();
    fewer[at + 8..at + 12].fill(0);
    refused("d.zip", &fewer, "corrupt", None, "more than its 0 entries");
    let mut more = good;
    more[at + 8] = 2;
    more[at + 10] = 2;
    refused("d.zip", &more, "corrupt", None, "damaged");
}

/// Programs that take the last end record they can read would follow the one in the comment.
#[test]
fn a_comment_cannot_bring_another_directory() {
    let hidden = zip(&[Part::stored("evil.csv", b"evil")]);
    let records = hidden[38 + 4..hidden.len() - 22].to_vec();
    let mut good = zip(&[Part::stored("a.csv", b"good"), Part::stored("b.bin", &records)]);
    let start = good.windows(records.len()).position(|bytes| bytes == records).unwrap();
    let mut comment = end_record(1, records.len() as u32, start as u32);
    comment.push(b'.');
    let at = good.len() - 2;
    good[at..].copy_from_slice(&(comment.len() as u16).to_le_bytes());
    good.extend(&comment);
    let (kept, _) = taken("d.zip", &good);
    assert_eq!(kept.members[0], ("a.csv".to_owned(), b"good".to_vec()));
    assert_eq!(kept.members[1], ("b.bin".to_owned(), records));
    // Without the dot both would be the end of the file.
    good.pop();
    good[at] -= 1;
    refused("d.zip", &good, "corrupt", None, "directory does not lie");
}

/// A folder brings no data, so that it harms nobody twice.
#[test]
fn folders_may_be_listed_twice_and_files_may_not() {
    let file = Part::stored("x/a.csv", b"1");
    let folder = Part { mode: 0o040_755, ..Part::stored("x/", b"") };
    let twice = [folder.clone(), file.clone(), folder];
    assert_eq!(taken("d.zip", &zip(&twice)).0.texts(), [("a.csv", "1")]);
    let again = [file.clone(), file];
    refused("d.zip", &zip(&again), "duplicate-name", Some("x/a.csv"), "also named \"a.csv\"");
}

#[test]
fn missing_long_sizes_are_damage() {
    let part = Part { size: u32::MAX, ..Part::stored("a.csv", b"x") };
    refused("d.zip", &zip(&[part]), "corrupt", None, "directory is damaged at byte 36");
}

#[test]
fn huge_claims_cost_nothing() {
    let unlimited = Limits { members: u64::MAX, ..Limits::default() };
    let mut claims = b"PK\x03\x04".to_vec();
    claims.extend(end_record(u16::MAX - 1, 0, 4));
    refused("d.zip", &claims, "too-many-members", None, "65534 entries, more than the limit of 10000");
    assert_eq!(refused_within("d.zip", &claims, &unlimited).1.code.as_str(), "corrupt");
    // The same by zip64, with 2^62 entries.
    let mut claims = b"PK\x03\x04PK\x06\x06\x2c\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    claims.extend((1_u64 << 62).to_le_bytes().repeat(2));
    claims.extend(0_u64.to_le_bytes());
    claims.extend(4_u64.to_le_bytes());
    claims.extend(b"PK\x06\x07\0\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0");
    claims.extend(end_record(u16::MAX, u32::MAX, u32::MAX));
    refused("d.zip", &claims, "too-many-members", None, "4611686018427387904 entries");
    assert_eq!(refused_within("d.zip", &claims, &unlimited).1.code.as_str(), "corrupt");
}

#[test]
fn more_members_than_the_old_end_record_can_count_are_read() {
    let archive = python(
        "z = zipfile.ZipFile(b := io.BytesIO(), 'w')
for i in range(65600): z.writestr(zipfile.ZipInfo('%d.csv' % i), b'')
z.close()
out.write(b.getvalue())",
    );
    let limits = Limits { members: 65_600, ..Limits::default() };
    let (kept, result) = run_within("d.zip", &archive, &limits);
    assert_eq!(result.unwrap().members, 65_600);
    assert_eq!(kept.members[65_599].0, "65599.csv");
    let mut liar = archive;
    let at = liar.len() - 22;
    liar[at + 8..at + 12].copy_from_slice(&[1, 0, 1, 0]);
    assert_refusal(&refused_within("d.zip", &liar, &limits).1, "corrupt", None, "contradict");
}

#[test]
fn members_come_in_the_order_of_their_data() {
    let a = Part::stored("a.csv", b"1");
    let b = Part::stored("b.csv", b"2");
    let archive = zip(&[a, b]);
    // Swap the two records of the directory, which are equally long.
    let start = archive.len() - 22 - 2 * 51;
    let mut swapped = archive.clone();
    swapped[start..start + 51].copy_from_slice(&archive[start + 51..start + 102]);
    swapped[start + 51..start + 102].copy_from_slice(&archive[start..start + 51]);
    assert_eq!(taken("d.zip", &swapped).0.texts(), [("a.csv", "1"), ("b.csv", "2")]);
}

#[test]
fn a_deflate_stream_may_have_many_blocks() {
    let content = noise(2_000_000);
    assert!(deflate(&content).len() > 100_000);
    let (kept, _) = taken("d.zip", &zip(&[Part::deflated("a.bin", &content)]));
    assert_eq!(kept.members[0].1, content);
}
