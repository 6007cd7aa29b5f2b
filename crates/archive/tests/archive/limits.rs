//! Bombs of every build, stopped while they are small.

use crate::support::{
    Part, assert_refusal, bz2, deflate, gz, noise, refused_within, run, run_within, tar, tar_entry,
    tar_header, zip,
};
use tidewaiter_archive::{Limits, RATIO_FLOOR};

const ZEROS: usize = 200 << 20;
/// What may pass before a bomb is recognised: the floor, and the piece being filled.
const SOON: usize = RATIO_FLOOR as usize + (256 << 10);

#[test]
fn flat_bombs_are_stopped_early() {
    let zeros = vec![0; ZEROS];
    let limits = Limits { ratio: 500, ..Limits::default() };
    let archives = [("a.csv.gz", gz(&zeros)), ("a.csv.bz2", bz2(&zeros))];
    for (name, archive) in archives {
        let (kept, refusal) = refused_within(name, &archive, &limits);
        assert_refusal(&refusal, "ratio-too-high", None, "beyond the limit of 500 to 1");
        assert!(kept.bytes <= SOON, "{name}: {} bytes passed", kept.bytes);
    }
    // A zip declares what comes: nothing is unpacked.
    let honest = Part::deflated("a.csv", &zeros);
    let (kept, refusal) = refused_within("d.zip", &zip(std::slice::from_ref(&honest)), &limits);
    assert_refusal(&refusal, "ratio-too-high", Some("a.csv"), "unpack to 209715200 bytes");
    assert_eq!(kept.bytes, 0);
    // And when it lies, it is stopped at its own word.
    let liar = Part { size: 1000, ..honest };
    let (kept, refusal) = refused_within("d.zip", &zip(&[liar]), &limits);
    assert_refusal(&refusal, "corrupt", Some("a.csv"), "more than the 1000 bytes it declares");
    assert!(kept.bytes <= SOON);
}

#[test]
fn bombs_within_compressed_tars_are_stopped() {
    let limits = Limits { ratio: 500, ..Limits::default() };
    let zeros = vec![0; 20 << 20];
    let behind = [tar(&[tar_entry("a.csv", b'0', b"x")]), zeros.clone()].concat();
    let bombs = [
        tar(&[tar_entry("a.csv", b'0', &zeros)]),
        // In data that are passed over, and behind the end.
        tar(&[tar_entry(".DS_Store", b'0', &zeros)]),
        behind,
    ];
    for bomb in bombs {
        for (name, archive) in [("d.tgz", gz(&bomb)), ("d.tar.bz2", bz2(&bomb))] {
            let (kept, refusal) = refused_within(name, &archive, &limits);
            assert_refusal(&refusal, "ratio-too-high", None, "compressed bytes unpack to");
            assert!(kept.bytes <= SOON, "{name}: {} bytes passed", kept.bytes);
        }
    }
}

#[test]
fn many_small_bombs_are_one() {
    let limits = Limits { ratio: 100, ..Limits::default() };
    let bomb = |index: u32| Part::deflated(format!("{index}.csv"), &vec![0; RATIO_FLOOR as usize]);
    assert!(run_within("d.zip", &zip(&[bomb(1)]), &limits).1.is_ok());
    let parts: Vec<_> = (0..10).map(bomb).collect();
    let (kept, refusal) = refused_within("d.zip", &zip(&parts), &limits);
    assert_refusal(&refusal, "ratio-too-high", None, "10485760 bytes");
    assert_eq!(kept.bytes, 0);
}

#[test]
fn small_repetitive_files_are_no_bombs() {
    let content = vec![b'0'; RATIO_FLOOR as usize];
    let (kept, result) = run("a.csv.bz2", &bz2(&content));
    assert!(bz2(&content).len() < 100);
    assert!(result.is_ok());
    assert_eq!(kept.bytes, content.len());
}

#[test]
fn large_members_and_archives_are_stopped_at_the_limit() {
    let content = noise(4_000_000);
    let declared = "4000000 bytes, more than the limit of 500000 bytes";
    let measured = "more than the limit of 500000 bytes";
    let tarred = tar(&[tar_entry("a.csv", b'0', &content)]);
    let archives = [
        ("a.csv.gz", gz(&content), measured),
        ("a.csv.bz2", bz2(&content), measured),
        ("d.zip", zip(&[Part::deflated("a.csv", &content)]), declared),
        ("d.tgz", gz(&tarred), declared),
        ("d.tar", tarred, declared),
    ];
    for (name, archive, message) in archives {
        let small_member = Limits { member_bytes: 500_000, ..Limits::default() };
        let (kept, refusal) = refused_within(name, &archive, &small_member);
        assert_refusal(&refusal, "member-too-large", Some("a.csv"), message);
        assert!(kept.bytes <= 500_000, "{name}");
        let small_total = Limits { total_bytes: 500_000, ..Limits::default() };
        let (kept, refusal) = refused_within(name, &archive, &small_total);
        assert_refusal(&refusal, "archive-too-large", None, measured);
        assert!(kept.bytes <= 500_000, "{name}");
        let exact = Limits { member_bytes: 4_000_000, ..Limits::default() };
        assert!(run_within(name, &archive, &exact).1.is_ok(), "{name}");
    }
}

#[test]
fn members_are_counted() {
    let names: Vec<_> = (0..10_001).map(|index| format!("{index}.csv")).collect();
    let parts: Vec<_> = names.iter().map(|name| Part::stored(name, b"")).collect();
    let entries: Vec<_> = names.iter().map(|name| tar_entry(name, b'0', b"")).collect();
    let build: [(&str, Vec<u8>, Vec<u8>); 3] = [
        ("d.zip", zip(&parts[..10_000]), zip(&parts)),
        ("d.tar", tar(&entries[..10_000]), tar(&entries)),
        ("d.tgz", gz(&tar(&entries[..10_000])), gz(&tar(&entries))),
    ];
    for (name, enough, too_many) in build {
        let (kept, result) = run(name, &enough);
        assert_eq!(result.unwrap().members, 10_000);
        assert_eq!(kept.members.last().unwrap().0, "9999.csv");
        let (_, refusal) = refused_within(name, &too_many, &Limits::default());
        assert_eq!(refusal.code.as_str(), "too-many-members");
        assert!(refusal.message.contains("10000"), "{refusal}");
    }
}

#[test]
fn folders_and_metadata_count_too() {
    let limits = Limits { members: 2, ..Limits::default() };
    let entries =
        [tar_entry("x/", b'5', b""), tar_entry("x/.DS_Store", b'0', b""), tar_entry("x/a.csv", b'0', b"")];
    let (_, refusal) = refused_within("d.tar", &tar(&entries), &limits);
    assert_refusal(&refusal, "too-many-members", None, "more than 2 entries");
    let comments = vec![tar_header("comment", b'g', 0).to_vec(); 3];
    let (_, refusal) = refused_within("d.tar", &tar(&comments), &limits);
    assert_refusal(&refusal, "too-many-members", None, "more than 2 entries");
}

#[test]
fn only_some_ignored_paths_are_kept() {
    let mut parts: Vec<_> = (0..100).map(|index| Part::stored(format!("{index}/.DS_Store"), b"")).collect();
    parts.push(Part::stored("a.csv", b""));
    let (_, result) = run("d.zip", &zip(&parts));
    let ignored = result.unwrap().ignored;
    assert_eq!((ignored.count, ignored.paths.len()), (100, 20));
}

#[test]
fn a_declared_total_beyond_all_numbers_is_too_large() {
    let parts: Vec<_> = (0..3)
        .map(|index| Part { size: u32::MAX - 1, ..Part::stored(format!("{index}.csv"), &deflate(b"")) })
        .collect();
    let limits = Limits { total_bytes: 1 << 33, ratio: u64::MAX, ..Limits::default() };
    let (_, refusal) = refused_within("d.zip", &zip(&parts), &limits);
    assert_refusal(&refusal, "archive-too-large", None, "12884901882 bytes, more than");
}
