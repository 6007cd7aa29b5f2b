//! Archives made to hurt: very many members, descriptors that lie, names in every disguise, cut anywhere.

use tidewaiter_archive::{ExtractError, Limits};

use crate::support::{
    Part, assert_refusal, gz, python, refused, refused_within, run, run_within, taken, tar, tar_entry, zip,
};

/// A tar entry with a pax header before it.
fn pax_entry(records: &[u8], name: &str, data: &[u8]) -> Vec<u8> {
    [tar_entry("pax", b'x', records), tar_entry(name, b'0', data)].concat()
}

#[test]
fn a_hundred_thousand_empty_members_are_stopped_at_the_limit() {
    let zipped = python(
        "z = zipfile.ZipFile(b := io.BytesIO(), 'w')
for i in range(100000): z.writestr(zipfile.ZipInfo('%d.csv' % i), b'')
z.close()
out.write(b.getvalue())",
    );
    let tarred = tar(&(0..100_000).map(|n| tar_entry(format!("{n}.csv"), b'0', b"")).collect::<Vec<_>>());
    let packed = gz(&tarred);
    for (name, archive) in [("d.zip", &zipped), ("d.tar", &tarred), ("d.tgz", &packed)] {
        let (kept, refusal) = refused_within(name, archive, &Limits::default());
        assert_eq!(refusal.code.as_str(), "too-many-members", "{name}: {refusal}");
        assert!(kept.members.len() <= 10_000, "{name}");
    }
    // Whoever allows so many gets them.
    let limits = Limits { members: 100_000, ..Limits::default() };
    let (kept, result) = run_within("d.tar", &tarred, &limits);
    assert_eq!(result.unwrap().members, 100_000);
    assert_eq!(kept.members[99_999], ("99999.csv".to_owned(), Vec::new()));
}

#[test]
fn data_descriptors_that_lie_are_noticed() {
    // As written to a pipe: the local header has no sizes, what follows the data has.
    let honest = python(
        "class Pipe(io.RawIOBase):
    def writable(self): return True
    def write(self, data): out.write(data); return len(data)
z = zipfile.ZipFile(Pipe(), 'w', zipfile.ZIP_DEFLATED)
z.writestr(zipfile.ZipInfo('a.csv'), b'id;email\\n' * 20)
z.writestr(zipfile.ZipInfo('b.csv'), b'id;name\\n')
z.close()",
    );
    let whole = taken("d.zip", &honest).0.members;
    assert_eq!(whole.len(), 2);
    let at = honest.windows(4).position(|bytes| bytes == b"PK\x07\x08").expect("a descriptor");
    // The checksum, the packed size, the size.
    for field in [4, 8, 12] {
        for lie in [0_u32, 1, 0xffff_ffff] {
            let mut liar = honest.clone();
            liar[at + field..at + field + 4].copy_from_slice(&lie.to_le_bytes());
            let (_, refusal) = refused_within("d.zip", &liar, &Limits::default());
            assert_refusal(&refusal, "corrupt", Some("a.csv"), "what follows the member");
        }
    }
    // Without a descriptor the header before the data must be true.
    for at in [14, 18, 22] {
        let mut liar = zip(&[Part::stored("a.csv", b"x")]);
        liar[at] ^= 2;
        refused("d.zip", &liar, "corrupt", Some("a.csv"), "another checksum or size than the directory");
    }
}

#[test]
fn names_in_disguise_lead_nowhere() {
    let both = |name: &[u8]| {
        [
            ("d.zip", zip(&[Part::stored(name, b"x")])),
            ("d.zip", zip(&[Part { flags: 1 << 11, ..Part::stored(name, b"x") }])),
            ("d.tar", tar(&[tar_entry(name, b'0', b"x")])),
            ("d.tgz", gz(&tar(&[tar_entry(name, b'0', b"x")]))),
        ]
    };
    // Bytes that are no UTF-8: overlong dots and slashes, UTF-16, the code pages of old programs.
    let no_text: [&[u8]; 6] = [
        b"\xc0\xae\xc0\xae/a.csv",
        b"..\xc0\xaf..\xc0\xafa.csv",
        b"\xe0\x80\xae\xe0\x80\xae/a.csv",
        b"\xff\xfe.\0.\0/\0a\0",
        b"caf\xe9.csv",
        b"\x83\x65\x83\x58\x83\x67.csv",
    ];
    for name in no_text {
        for (format, archive) in both(name) {
            // A tar ends a name at its first NUL.
            let (_, refusal) = refused_within(format, &archive, &Limits::default());
            assert_eq!(refusal.code.as_str(), "unsafe-name", "{name:x?}: {refusal}");
        }
    }
    // Text that something else could decode to `../`: it is a name like any other, and stays as it is.
    for name in [
        "%2e%2e%2fa.csv",
        "..%5c..%5ca.csv",
        "\u{ff0e}\u{ff0e}\u{ff0f}a.csv",
        "&#46;&#46;&#47;a.csv",
        "...csv",
    ] {
        for (format, archive) in both(name.as_bytes()) {
            assert_eq!(taken(format, &archive).0.texts(), [(name, "x")]);
        }
    }
    // Beside a name that is good, and in places that say it better.
    let long = tar(&[tar_entry("@LongLink", b'L', b"../../a.csv\0"), tar_entry("a.csv", b'0', b"x")]);
    refused("d.tar", &long, "unsafe-name", Some("../../a.csv"), "'..'");
    let pax = tar(&[pax_entry(b"20 path=../../a.csv\n", "a.csv", b"x")]);
    refused("d.tar", &pax, "unsafe-name", Some("../../a.csv"), "'..'");
    let mut ustar = tar_entry("a.csv", b'0', b"x");
    ustar[345..352].copy_from_slice(b"../../x");
    let header: &mut [u8; 512] = (&mut ustar[..512]).try_into().unwrap();
    crate::support::seal(header);
    refused("d.tar", &tar(&[ustar]), "unsafe-name", Some("../../x/a.csv"), "'..'");
}

#[test]
fn another_name_in_an_extra_field_is_not_followed() {
    // Info-ZIP's field for names in Unicode, with another name in it.
    let other = b"../../evil.csv";
    let mut crc = flate2::Crc::new();
    crc.update(b"a.csv");
    let mut field = vec![0x75, 0x70, (5 + other.len()) as u8, 0, 1];
    field.extend(crc.sum().to_le_bytes());
    field.extend(other);
    let archive = zip(&[Part { local_extra: field, ..Part::stored("a.csv", b"x") }]);
    match run("d.zip", &archive) {
        (kept, Ok(_)) => assert_eq!(kept.texts(), [("a.csv", "x")]),
        (_, Err(ExtractError::Refused(_))) => {}
        (_, other) => panic!("{other:?}"),
    }
}

#[test]
fn sparse_tars_of_every_kind_are_refused() {
    let old = tar(&[tar_entry("a.csv", b'S', b"")]);
    refused("d.tar", &old, "special-file", Some("a.csv"), "sparse");
    for records in [
        &b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n27 GNU.sparse.name=a.csv.x\n33 GNU.sparse.realsize=1000000000\n"[..],
        b"33 GNU.sparse.size=100000000000\n25 GNU.sparse.numblocks=0\n",
        b"28 GNU.sparse.map=0,1,999,1\n",
    ] {
        let archive = tar(&[pax_entry(records, "a.csv", b"x")]);
        let (kept, refusal) = refused_within("d.tar", &archive, &Limits::default());
        assert!(["special-file", "corrupt"].contains(&refusal.code.as_str()), "{refusal}");
        assert!(kept.members.is_empty());
    }
}

#[test]
fn long_forms_may_not_be_cut_anywhere() {
    let long = format!("{}/a.csv", "folder".repeat(30));
    // The length of the record counts its own three digits.
    let name = format!("{} path={long}\n", "000 path=\n".len() + long.len());
    let archives = [
        ("d.zip", include_bytes!("../fixtures/zip64-stream.zip").to_vec()),
        ("d.zip", include_bytes!("../fixtures/bzip2-method.zip").to_vec()),
        ("d.zip", include_bytes!("../fixtures/info-zip.zip").to_vec()),
        ("d.tar", tar(&[pax_entry(name.as_bytes(), "x", b"1;2\n")])),
        (
            "d.tar",
            tar(&[
                tar_entry("@LongLink", b'L', format!("{long}\0").as_bytes()),
                tar_entry("x", b'0', b"1;2\n"),
            ]),
        ),
    ];
    for (format, archive) in archives {
        let whole = taken(format, &archive).0.members;
        for len in 0..archive.len() {
            match run(format, &archive[..len]) {
                (_, Err(ExtractError::Refused(_))) => {}
                // Anywhere behind the first of the blocks that end a tar.
                (kept, Ok(_)) => {
                    assert!(format == "d.tar" && len >= archive.len() - 512, "taken after {len} bytes");
                    assert_eq!(kept.members, whole);
                }
                (_, other) => panic!("{format} cut to {len} bytes: {other:?}"),
            }
        }
    }
}

#[test]
fn names_that_differ_by_case_are_one_name() {
    let pairs = [
        ("a.csv", "A.CSV"),
        ("x/orders.csv", "y/Orders.csv"),
        ("straße.csv", "STRAẞE.csv"),
        ("Σ.csv", "σ.csv"),
    ];
    for (one, other) in pairs {
        let zipped = zip(&[Part::stored(one, b"1"), Part::stored(other, b"2")]);
        let tarred = tar(&[tar_entry(one, b'0', b"1"), tar_entry(other, b'0', b"2")]);
        for (format, archive) in [("d.zip", zipped), ("d.tgz", gz(&tarred)), ("d.tar", tarred)] {
            let (_, refusal) = refused_within(format, &archive, &Limits::default());
            assert_refusal(&refusal, "duplicate-name", Some(other), "also named");
        }
    }
}
