//! `check`: the verdict of an import, before there is one.

use std::io::Write;

use serde_json::{Value, json};

use crate::support::{CONTACTS, GOOD, MIXED, Place};

const CONFIG: &str = r#"{ "acme": { "contacts": { "crm": {}, "strict": { "policy": "strict" } },
    "orders": { "shop": { "delimiter": "," } } } }"#;

fn place() -> Place {
    let place = Place::empty();
    place.write("acme_imports_config.json", CONFIG);
    place
}

fn check(place: &Place, arguments: &[&str]) -> Value {
    place
        .run(&[&["check", "--format", "json", "--config", "acme_imports_config.json"], arguments].concat())
        .json()
}

#[test]
fn a_good_file_is_good() {
    let place = place();
    place.write("acme_contacts_crm_20260131.csv", GOOD);
    let arguments = ["check", "--config", "acme_imports_config.json", "acme_contacts_crm_20260131.csv"];
    let answer = place.run(&arguments).expect(0);
    assert_eq!(answer.out, "acme_contacts_crm_20260131.csv: good: all 2 lines\n");
}

#[test]
fn findings_have_positions_hints_and_counts() {
    let place = place();
    place.write("acme_contacts_crm_20260131.csv", MIXED);
    let arguments = ["check", "--config", "acme_imports_config.json", "acme_contacts_crm_20260131.csv"];
    let answer = place.run(&arguments).expect(1);
    insta::assert_snapshot!(answer.out, @r#"
    acme_contacts_crm_20260131.csv: would be imported: 1 of 3 lines, 2 rejected
      line 3, field 1 (email): type-error: not an e-mail address, found `nobody`
      line 4, field 3 (birthdate): type-error: not a date such as 2026-01-31, found `23/04/1988`
          hint: write it as `1988-04-23`, or add `"date_formats": ["dd/mm/yyyy"]` to the import
           1  type-error in column birthdate
           1  type-error in column email
    "#);
}

#[test]
fn the_verdict_is_that_of_the_import() {
    let place = Place::deployment();
    let files = [
        (CONTACTS, MIXED.to_owned()),
        ("default_contacts_main_20260101.csv", "email;nmae\na@example.org;A\n".to_owned()),
        ("default_contacts_other_20260131.csv", GOOD.to_owned()),
        ("default_contacts_main_20260231.csv", GOOD.to_owned()),
        ("default_stores_main_20260131.csv", String::new()),
        ("default_contacts_main_20260102.csv", format!("\u{feff}{GOOD}")),
    ];
    let mut arguments = vec!["check", "--format", "json", "--dir", "drop"];
    for (file, content) in &files {
        place.write(file, content);
        arguments.push(file);
    }
    let before = place.run(&arguments).expect(1).json();
    for (file, content) in &files {
        place.dropped(file, content);
    }
    place.import().expect(1);
    for ((file, _), checked) in files.iter().zip(before.as_array().unwrap()) {
        let report: Value = place.run(&["report", "drop", file, "--format", "json"]).expect(0).json();
        for key in ["file", "outcome", "reason", "findings_total", "kinds", "findings", "sha256", "bytes"] {
            assert_eq!(checked.get(key), report.get(key), "{file}: {key}");
        }
        if report["outcome"] == "imported" {
            assert_eq!(checked["counts"]["rejected"], report["counts"]["rejected"], "{file}");
        }
    }
}

#[test]
fn a_policy_is_applied() {
    let place = place();
    place.write("acme_contacts_strict_20260131.csv", MIXED);
    let checked = check(&place, &["acme_contacts_strict_20260131.csv"]);
    assert_eq!(checked[0]["outcome"], "bogus");
    assert_eq!(checked[0]["reason"]["code"], "policy-exceeded");
}

#[test]
fn names_are_judged_by_a_configuration_only() {
    let place = place();
    place.write("acme_contacts_web_20260131.csv", GOOD);
    let checked = check(&place, &["acme_contacts_web_20260131.csv"]);
    assert_eq!(checked[0]["outcome"], "notprocessed");
    assert_eq!(checked[0]["reason"]["message"], r#"can't find config for contacts scope import named "web""#);
    let answer = place.run(&["check", "--scope", "contacts", "acme_contacts_web_20260131.csv"]).expect(0);
    assert!(answer.out.contains("good: all 2 lines"), "{answer:?}");
}

#[test]
fn without_a_configuration_the_scope_is_taken_from_the_name() {
    let place = place();
    place
        .write("acme_contacts_web_20260131.csv", GOOD)
        .write("export.csv", GOOD)
        .write("a_contacts_b.csv", GOOD);
    let answer = place.run(&["check", "acme_contacts_web_20260131.csv"]).expect(0);
    assert!(answer.out.contains("note: checked as contacts because of its name"), "{answer:?}");
    let answer = place.run(&["check", "export.csv"]).expect(2);
    assert!(answer.err.contains("--scope"), "{answer:?}");
    let answer = place.run(&["check", "a_contacts_b.csv"]).expect(1);
    assert!(answer.out.contains("refused: the name has no date"), "{answer:?}");
    assert!(answer.out.contains("its content was not checked"), "{answer:?}");
    let answer = place.run(&["check", "--scope", "cats", "export.csv"]).expect(2);
    assert!(answer.err.contains("there is no scope cats; there are contacts, stores"), "{answer:?}");
}

#[test]
fn standard_input_needs_a_scope() {
    let place = place();
    let answer = place.run_with(&["check", "--scope", "contacts", "-"], MIXED.as_bytes()).expect(1);
    assert!(
        answer.out.starts_with("standard input: would be imported: 1 of 3 lines, 2 rejected\n"),
        "{answer:?}"
    );
    place.run_with(&["check", "--scope", "contacts", "-"], GOOD.as_bytes()).expect(0);
    place.run_with(&["check", "-"], GOOD.as_bytes()).expect(2);
    let commas = GOOD.replace(';', ",");
    place.run_with(&["check", "--scope", "contacts", "--delimiter", ",", "-"], commas.as_bytes()).expect(0);
    place.run_with(&["check", "--scope", "contacts", "-"], commas.as_bytes()).expect(1);
}

#[test]
fn only_the_first_findings_are_shown_unless_all_are_asked_for() {
    let place = place();
    let bad = (0..30).map(|n| format!("bad{n}\n")).collect::<Vec<_>>().concat();
    place.write("acme_contacts_crm_20260131.csv", format!("email\n{bad}"));
    let arguments = ["check", "--config", "acme_imports_config.json", "acme_contacts_crm_20260131.csv"];
    let few = place.run(&arguments).expect(1).out;
    assert_eq!(few.matches("type-error: ").count(), 10, "{few}");
    assert!(few.contains("… and 20 findings not shown; all are counted; --all shows more"), "{few}");
    assert!(few.contains("30  type-error in column email"), "{few}");
    let all = place.run(&[arguments.as_slice(), &["--all"]].concat()).expect(1).out;
    assert_eq!(all.matches("type-error: ").count(), 20, "{all}");
    assert!(all.contains("… and 10 findings not shown; all are counted\n"), "{all}");
}

#[test]
fn archives_are_looked_into() {
    let place = place();
    let members = [
        ("d.01-02_acme_contacts_crm_20260131.csv", MIXED),
        ("acme_contacts_crm_20260131.csv", GOOD),
        ("notes.txt", "hello"),
    ];
    place.write("monday.tar.gz", gz(&tar(&members)));
    let checked = check(&place, &["monday.tar.gz"]);
    let seen: Vec<(&str, &str)> = (checked.as_array().unwrap().iter())
        .map(|c| (c["file"].as_str().unwrap(), c["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("monday.tar.gz", "unpacked"),
            ("d.01-02_acme_contacts_crm_20260131.csv", "imported"),
            ("acme_contacts_crm_20260131.csv", "notprocessed"),
            ("notes.txt", "notprocessed"),
        ]
    );
    assert_eq!(checked[1]["counts"], json!({ "read": 3, "accepted": 1, "rejected": 2 }));
    assert_eq!(checked[1]["archive"], "monday.tar.gz");
    assert_eq!(checked[2]["reason"]["code"], "not-grouped");

    let answer = place.run(&["check", "monday.tar.gz", "--config", "acme_imports_config.json"]).expect(1);
    assert!(answer.out.contains("group d would wait for slot 02 of 02, not among these files"), "{answer:?}");
    let answer = place.run(&["check", "monday.tar.gz"]).expect(1);
    assert!(
        answer.out.contains("acme_contacts_crm_20260131.csv in monday.tar.gz: would not be"),
        "{answer:?}"
    );
}

#[test]
fn an_archive_of_one_data_file_is_that_file() {
    let place = place();
    place
        .write("acme_contacts_crm_20260131.csv.gz", gz(MIXED.as_bytes()))
        .write("acme_contacts_crm_20260201.tar", tar(&[("export.csv", GOOD), ("_SUCCESS", "")]))
        .write("acme_contacts_crm_20260201.tar.ok", "");
    let checked = check(
        &place,
        &[
            "acme_contacts_crm_20260131.csv.gz",
            "acme_contacts_crm_20260201.tar",
            "acme_contacts_crm_20260201.tar.ok",
        ],
    );
    let seen: Vec<(&str, &str)> = (checked.as_array().unwrap().iter())
        .map(|c| (c["file"].as_str().unwrap(), c["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("acme_contacts_crm_20260131.csv", "imported"),
            ("export.csv", "imported"),
            ("acme_contacts_crm_20260201.tar.ok", "notprocessed"),
        ]
    );
    assert_eq!(checked[0]["archive"], "acme_contacts_crm_20260131.csv.gz");
    assert_eq!(checked[0]["counts"], json!({ "read": 3, "accepted": 1, "rejected": 2 }));
    assert_eq!(checked[1]["date"], "2026-02-01", "by the name of the archive");
    let clean = ["check", "--config", "acme_imports_config.json", "acme_contacts_crm_20260201.tar.ok"];
    place.run(&clean).expect(0);
}

#[test]
fn nothing_is_said_of_the_members_of_a_refused_archive() {
    let place = place();
    let whole = gz(&tar(&[("d.01-01_acme_contacts_crm_20260131.csv", GOOD)]));
    place.write("cut.tar.gz", &whole[..whole.len() - 9]).write("fake.zip", "no");
    let checked = check(&place, &["cut.tar.gz", "fake.zip"]);
    assert_eq!(checked.as_array().unwrap().len(), 2);
    assert_eq!(checked[0]["reason"]["code"], "truncated");
    assert_eq!(checked[1]["outcome"], "bogus");
    place.write("one.tar.gz", &whole);
    place.run(&["check", "--config", "acme_imports_config.json", "one.tar.gz"]).expect(0);
}

#[test]
fn configurations_are_judged_beside_the_active_ones() {
    let place = Place::deployment();
    place.write("acme_imports_config.json", CONFIG);
    let answer = place.run(&["check", "--dir", "drop", "acme_imports_config.json"]).expect(0);
    assert_eq!(answer.out, "acme_imports_config.json: good: would be activated\n");
    let active = r#"{ "acme": {}, "settings": { "settle_seconds": 5 } }"#;
    place.dropped("acme_imports_config.json", active).import().expect(0);
    let differs = r#"{ "globex": {}, "settings": { "settle_seconds": 60 } }"#;
    place.write("globex_imports_config.json", differs);
    let answer = place.run(&["check", "--dir", "drop", "globex_imports_config.json"]).expect(1);
    assert!(answer.out.contains("settings.settle_seconds: "), "{answer:?}");
}

#[test]
fn what_cannot_be_read_is_a_failure_and_keeps_no_other_from_being_checked() {
    let place = place();
    place.write("acme_contacts_crm_20260131.csv", GOOD);
    let config = ["check", "--config", "acme_imports_config.json"];
    let files = ["gone_20260131.csv", ".", "acme_contacts_crm_20260131.csv"];
    let answer = place.run(&[config.as_slice(), &files].concat()).expect(2);
    assert!(answer.err.contains("cannot read"), "{answer:?}");
    assert!(answer.out.contains("good: all 2 lines"), "{answer:?}");
    place.run(&["check", "--config", "nowhere_imports_config.json", "x.csv"]).expect(2);
    place.write("bad.json", r#"{ "bad": 1 }"#);
    let answer = place.run(&["check", "--config", "bad.json", "x.csv"]).expect(2);
    assert!(answer.err.contains("bad.json is not a usable configuration"), "{answer:?}");
    place.run(&["check"]).expect(2);
}

#[test]
fn several_repositories_need_a_choice() {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme", "--repository", "globex"]).expect(0);
    place.write("acme_contacts_main_20260131.csv", GOOD);
    let answer = place.run(&["check", "--dir", "drop", "acme_contacts_main_20260131.csv"]).expect(2);
    assert!(answer.err.contains("acme, globex\nhint: name one with --repository"), "{answer:?}");
    let arguments = ["check", "--dir", "drop", "--repository", "acme", "acme_contacts_main_20260131.csv"];
    place.run(&arguments).expect(0);
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar of files, in the oldest form that everybody reads.
fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in members {
        let mut header = [0_u8; 512];
        let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, "0000644\0");
        put(108, "0000000\0");
        put(116, "0000000\0");
        put(124, &format!("{:011o}\0", content.len()));
        put(136, "00000000000\0");
        put(148, "        ");
        put(156, "0");
        put(257, "ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&header);
        out.extend_from_slice(content.as_bytes());
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn a_workbook_is_checked_as_the_file_that_it_holds() {
    let place = place();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/workbooks");
    let workbook = std::fs::read(format!("{golden}/deliveries/1/Customers 2026-11-28.xlsx")).unwrap();
    std::fs::write(place.path("Customers 2026-11-28.xlsx"), workbook).unwrap();
    std::fs::copy(format!("{golden}/config/shop.json"), place.path("shop_imports_config.json")).unwrap();
    let arguments = ["check", "--config", "shop_imports_config.json", "Customers 2026-11-28.xlsx"];
    let answer = place.run(&arguments).expect(1);
    insta::assert_snapshot!(answer.out, @r#"
    Customers 2026-11-28.csv in Customers 2026-11-28.xlsx: would be imported: 3 of 4 lines, 1 rejected
      note: 4 records in 6 lines: some records hold line breaks, and counts are of records
      note: sheet "Kunden": line numbers are rows, field 1 is column A; below a cell with a line break, line numbers are larger than rows
      note: cell B5: a formula without a stored result, which is read as empty: save the workbook in Excel
      line 5, field 1 (Email): type-error: not an e-mail address, found `cyd@example`
    "#);
    // Any other file of that name.
    place.write("Customers 2026-11-28.xlsx", GOOD);
    let answer = place.run(&arguments).expect(1);
    assert!(answer.out.contains("the file is no workbook, but plain text"), "{answer:?}");
}

/// A file of the golden folder of encrypted files.
fn encrypted(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/encrypted");
    std::fs::read(folder.join(name)).unwrap()
}

/// What a check says of files, with these arguments more: file, archive, outcome and reason.
fn said(place: &Place, file: &str, arguments: &[&str]) -> Vec<[String; 3]> {
    place.write(file, encrypted(&format!("deliveries/1/{file}")));
    let config = ["check", "--format", "json", "--config", "acme_imports_config.json"];
    let answer = place.run(&[&config[..], arguments, &[file]].concat()).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let said = answer.as_array().unwrap().iter().map(|one| {
        let outcome = format!("{} {}", text(&one["outcome"]), text(&one["reason"]["code"]));
        [text(&one["file"]), text(&one["archive"]), outcome.trim_end().to_owned()]
    });
    said.collect()
}

#[test]
fn an_encrypted_file_is_looked_into_with_a_key() {
    let place = Place::empty();
    place.write("acme_imports_config.json", encrypted("config/acme.json"));
    for name in ["ours.asc", "rotated.asc", "passphrases"] {
        place.write(name, encrypted(&format!("keys/{name}")));
    }
    let keys = ["--key-file", "ours.asc", "--key-file", "rotated.asc", "--passphrase-file", "passphrases"];
    for (dropped, file, outcome) in [
        ("acme_contacts_crm_20260131.csv.pgp", "acme_contacts_crm_20260131.csv", "imported"),
        ("acme_contacts_crm_20260201.csv.gz.GPG", "acme_contacts_crm_20260201.csv", "imported"),
        ("acme_stores_crm_20260131.zip.asc", "export.csv", "imported"),
        ("acme_orders_erp_20261128.xlsx.pgp", "acme_orders_erp_20261128.csv", "imported"),
        ("Customers 2026-11-28.csv.pgp", "Customers 2026-11-28.csv", "imported"),
        ("acme_contacts_crm_20260301.csv.pgp", "", "bogus other-key"),
        ("acme_contacts_crm_20260304.csv.pgp", "", "bogus modified"),
        ("acme_contacts_crm_20260308.csv.gz.pgp", "", "bogus not-an-archive"),
        ("acme_contacts_crm_20260309.csv.pgp.asc", "", "bogus name"),
        (
            "other_contacts_crm_20260131.csv.pgp",
            "other_contacts_crm_20260131.csv",
            "notprocessed not-configured",
        ),
    ] {
        let expected = if file.is_empty() { [dropped, "", outcome] } else { [file, dropped, outcome] };
        assert_eq!(said(&place, dropped, &keys), [expected.map(str::to_owned)]);
    }
    let (archive, grouped) = ("monday.tar.gz.pgp", "day.01-02_acme_contacts_crm_20260202.csv");
    let monday = said(&place, archive, &keys);
    assert_eq!(monday.len(), 3);
    assert_eq!(monday[0], [archive, "", "unpacked"]);
    assert_eq!(monday[1], [grouped, archive, "imported"]);
}

#[test]
fn without_a_key_a_check_says_what_it_can() {
    let place = Place::empty();
    place.write("acme_imports_config.json", encrypted("config/acme.json"));
    let file = "acme_contacts_crm_20260131.csv.pgp";
    assert_eq!(said(&place, file, &[])[0][2], "notprocessed no-decryption-key");
    let answer = place.run(&["check", "--config", "acme_imports_config.json", file]).expect(1);
    insta::assert_snapshot!(answer.out, @r"
    acme_contacts_crm_20260131.csv.pgp: would not be processed: the file is encrypted, so what it holds was not checked
      hint: check the file before it is encrypted, or name the secret key with --key-file
    ");
    let answer = place.run(&["check", "--scope", "contacts", "--fix", "out.csv", file]).expect(1);
    assert!(answer.out.contains("fix the file before it is encrypted"), "{answer:?}");
    // A key that cannot be read is told, and no verdict.
    let answer = place
        .run(&["check", "--config", "acme_imports_config.json", "--key-file", "none.asc", file])
        .expect(2);
    assert!(answer.err.contains("none.asc does not exist"), "{answer:?}");
    let answer = place.run(&["init", "drop", "--from", file]).expect(2);
    assert!(answer.out.contains("is encrypted: name the file as it was before"), "{answer:?}");
}

#[test]
fn a_check_beside_a_folder_uses_its_keys() {
    let place = Place::deployment();
    place.write("drop/tidewaiter.toml", encrypted("tidewaiter.toml"));
    for name in ["ours.asc", "rotated.asc", "passphrases"] {
        place.write(&format!("drop/keys/{name}"), encrypted(&format!("keys/{name}")));
    }
    let file = "default_contacts_main_20260131.csv.pgp";
    place.write(file, encrypted("deliveries/1/acme_contacts_crm_20260131.csv.pgp"));
    let answer = place.run(&["check", "--format", "json", "--dir", "drop", file]).json();
    assert_eq!((&answer[0]["counts"]["read"], &answer[0]["outcome"]), (&json!(2), &json!("imported")));
}
