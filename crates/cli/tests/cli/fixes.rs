//! `check --fix`: the fixed file, and what is said of it.

use serde_json::json;

use crate::support::Place;

#[test]
fn what_has_one_meaning_is_fixed_and_the_rest_is_told() {
    let place = Place::empty();
    let bad = "\u{feff}Email;firstname;birthdate\r\nana@example.org;Ana;23/04/1988\r\nbo@example.org;Bo;01.02.1988\r\ncy@example.org;Cy;03/04/1988\r\n";
    place.write("in.csv", bad);
    let out = place.run(&["check", "--scope", "contacts", "--fix", "out.csv", "in.csv"]).expect(1).out;
    for told in [
        "in.csv: would be imported: 2 of 3 lines, 1 rejected\n",
        "  fixed, written to out.csv\n",
        "    changed: removed the byte order mark, line 1\n",
        "    changed in column email: a column name in the header is spelled as the scope has it, line 1\n",
        "    changed in column birthdate: values are rewritten in the format of the column, line 2\n",
        "    changed in column birthdate: values are rewritten in the format of the column, read as day/month because of \
         line 2, line 4\n",
        "    not changed in column birthdate: the intent is unclear: write the year first, \
         then the month: 1988-02-01 or 1988-01-02, whichever was meant, line 3\n",
    ] {
        assert!(out.contains(told), "{told}{out}");
    }
    let good = "email;firstname;birthdate\r\nana@example.org;Ana;1988-04-23\r\nbo@example.org;Bo;01.02.1988\r\ncy@example.org;Cy;1988-04-03\r\n";
    assert_eq!(std::fs::read_to_string(place.path("out.csv")).unwrap(), good);
    assert_eq!(std::fs::read_to_string(place.path("in.csv")).unwrap(), bad, "the original stays");
    let again = place.run(&["check", "--scope", "contacts", "--fix", "out.csv", "in.csv"]).expect(2);
    let said = "error: out.csv is there already, and nothing is written over it\nhint: name a file that does not exist yet";
    assert!(again.err.contains(said), "{}", again.err);
}

#[test]
fn a_file_that_is_good_is_not_written_again() {
    let place = Place::empty();
    place.write("in.csv", "email\nana@example.org\n");
    let arguments = ["check", "--scope", "contacts", "--fix", "out.csv", "in.csv", "--format", "json"];
    let checked = place.run(&arguments).expect(0).json();
    assert_eq!(checked[0]["fixed"], json!({ "changes": [], "left": [] }));
    assert!(!place.path("out.csv").exists());
}

#[test]
fn an_encoding_is_believed_to_who_says_it() {
    let place = Place::empty();
    place.write("in.csv", b"email;firstname\nzo@example.org;Zo\xe9\n");
    let check = ["check", "--scope", "contacts", "--fix", "out.csv", "in.csv"];
    let out = place.run(&check).expect(1).out;
    assert!(out.contains("--encoding windows-1252") && !place.path("out.csv").exists(), "{out}");
    place.run(&[check.as_slice(), &["--encoding", "latin-1"]].concat()).expect(0);
    assert_eq!(
        std::fs::read_to_string(place.path("out.csv")).unwrap(),
        "email;firstname\nzo@example.org;Zoé\n"
    );
}

#[test]
fn one_file_is_fixed_at_a_time() {
    let place = Place::empty();
    for files in [["-"].as_slice(), &["a.csv", "b.csv"]] {
        let arguments = [&["check", "--scope", "contacts", "--fix", "out.csv"], files].concat();
        let error = place.run(&arguments).expect(2).err;
        assert!(error.contains("--fix takes one file"), "{error}");
    }
}

/// A deployment whose import of contacts fixes files.
fn fixing() -> Place {
    let place = Place::deployment();
    let configuration = json!({ "default": { "contacts": { "main": { "fix": true } } } });
    place.write("drop/config/default/default.json", configuration.to_string());
    place
}

#[test]
fn an_import_fixes_what_has_one_meaning_and_says_so() {
    let place = fixing();
    let bad = "\u{feff}Email;firstname;birthdate\r\nana@example.org;Ana;23/04/1988\r\nbo@example.org;Bo;01.02.1988\r\ncy@example.org;Cy;03/04/1988\r\n";
    let file = "default_contacts_main_20260131.csv";
    place.write(&format!("checked/{file}"), bad);
    let checked = place.run(&["check", "--dir", "drop", &format!("checked/{file}")]).expect(1).out;
    assert!(checked.contains("would be imported: 2 of 3 lines, 1 rejected"), "the same verdict: {checked}");
    place.dropped(file, bad);
    place.import().expect(1);
    let read = |path: &str| std::fs::read_to_string(place.path(path)).unwrap();
    assert_eq!(read(&format!("drop/archives/default/{file}")), bad, "it stays as it came");
    let rejected = "email;firstname;birthdate\r\nbo@example.org;Bo;01.02.1988\r\n";
    assert_eq!(read(&format!("drop/badlines/default/{file}")), rejected);
    let log = read(&format!("drop/logs/default/{file}.log"));
    for told in [
        "fixed: removed the byte order mark (line 1)",
        "fixed in email: a column name in the header is spelled as the scope has it (line 1)",
        "fixed in birthdate: values are rewritten in the format of the column (line 2)",
        "not fixed in birthdate: the intent is unclear: write the year first",
    ] {
        assert!(log.contains(told) && checked.contains(told), "{told}: {log}{checked}");
    }
    let records = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert!(records.contains("1988-04-23") && records.contains("1988-04-03"), "{records}");
    // What was rejected, corrected by hand.
    place.dropped(
        file,
        "email;firstname;birthdate\nbo@example.org;Bo;01/02/1988\ndee@example.org;Dee;31/01/1990\n",
    );
    place.import().expect(0);
    let records = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert!(records.contains("1988-02-01") && records.contains("1990-01-31"), "{records}");
}

#[test]
fn a_file_that_is_too_large_is_imported_as_it_is() {
    use std::fmt::Write as _;
    let place = fixing();
    let mut large = "Email;firstname\n".to_owned();
    while large.len() <= 16 << 20 {
        let _ = writeln!(large, "ana{}@example.org;{}", large.len(), "x".repeat(400));
    }
    place.dropped("default_contacts_main_20260131.csv", &large);
    place.import().expect(1);
    let log = std::fs::read_to_string(place.path("drop/logs/default/default_contacts_main_20260131.csv.log"))
        .unwrap();
    assert!(log.contains("nothing is fixed: the file is larger than 16 MiB"), "{log}");
    place.write("default_contacts_main_20260201.csv", &large);
    let checked = place.run(&["check", "--dir", "drop", "default_contacts_main_20260201.csv"]).expect(1).out;
    assert!(checked.contains("nothing is fixed: the file is larger than 16 MiB"), "{checked}");
}

#[test]
fn an_import_with_a_form_of_its_own_fixes_nothing() {
    let place = Place::empty();
    place.write(
        "default_imports_config.json",
        r#"{ "default": { "contacts": { "main": { "fix": true, "encoding": "windows-1252" } } } }"#,
    );
    let out = place.run(&["config", "check", "default_imports_config.json"]).expect(1).out;
    assert!(out.contains("default.contacts.main.fix: `fix` repairs files in the strict form"), "{out}");
}
