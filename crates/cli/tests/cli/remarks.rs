//! Texts that are imported although they may not be what was meant: the report counts them.

use std::fs;

use crate::support::{CONTACTS, Place};

#[test]
fn texts_that_may_not_be_what_was_meant_are_imported_and_told() {
    let place = Place::deployment();
    place.dropped(
        CONTACTS,
        "email;firstname;lastname\n\
         ana@example.org;Ana ;NULL\n\
         bo@example.org; Bo;Bergström\n\
         cyd@example.org;\"=\"\"007\"\"\";4.00638E+12\n\
         dee@example.org;Rene\u{301}e;Lo\u{ad}velace\n",
    );
    place.import().expect(0);
    let log = fs::read_to_string(place.path(&format!("drop/logs/default/{CONTACTS}.log"))).unwrap();
    for told in [
        "firstname: 2 values with blanks before or after them, which `\"trim\": true` in the import removes (first in line 2)",
        "firstname: 1 value in a spreadsheet's guard for text, such as `=\"01000\"` (first in line 4)",
        "firstname: 1 value with accents apart from their letters (first in line 5)",
        "lastname: 1 value such as `NULL`, which `\"missing_values\"` in the import takes for no value (first in line 2)",
        "lastname: 1 value that a program may have made of identifiers",
        "lastname: 1 value with invisible characters (first in line 5)",
    ] {
        assert!(log.contains(told), "{told}: {log}");
    }
    let records = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert!(records.contains("Ana ") && records.contains("NULL"), "as the file says: {records}");
}

#[test]
fn usual_texts_are_not_told() {
    let place = Place::deployment();
    place.dropped(
        CONTACTS,
        "email;firstname;lastname\nana@example.org;Ana;O'Neil\nbo@example.org;Zoë;van 't Hooft\n",
    );
    place.import().expect(0);
    let log = fs::read_to_string(place.path(&format!("drop/logs/default/{CONTACTS}.log"))).unwrap();
    assert!(!log.contains("value"), "{log}");
}
