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
