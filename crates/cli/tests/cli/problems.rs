//! Open problems: listed until a corrected file is imported or a person dismisses them.

use crate::support::{CONTACTS, GOOD, MIXED, Place};

/// The names of the open problems, the latest first.
fn open(place: &Place) -> Vec<String> {
    let status = place.run(&["status", "drop", "--format", "json"]).expect(0).json();
    let problems = status[0]["problems"].as_array().unwrap();
    problems.iter().map(|problem| problem["file"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_problem_is_open_until_a_corrected_file_of_its_name_is_imported() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED).dropped("x.csv", "a\n");
    place.import().expect(1);
    assert_eq!(open(&place), ["x.csv", CONTACTS]);
    let shown = place.run(&["status", "drop"]).expect(0).out;
    assert!(shown.contains("  2 open problems, until a corrected file is imported"), "{shown}");
    assert!(shown.contains(&format!("    {CONTACTS}  2 of 3 lines rejected, ")), "{shown}");
    assert!(shown.contains(&format!("      at badlines/default/{CONTACTS}")), "{shown}");
    // A file of another day corrects nothing.
    place.dropped("default_contacts_main_20260201.csv", GOOD);
    place.import().expect(0);
    // Of the same name, with no good line: it is one more problem.
    place.dropped(CONTACTS, "email\nnobody\n");
    place.import().expect(1);
    assert_eq!(open(&place), [CONTACTS, "x.csv", CONTACTS]);
    // The rejected lines, corrected.
    place.dropped(CONTACTS, "email;firstname\nbob@example.org;Bob\n");
    place.import().expect(0);
    assert_eq!(open(&place), ["x.csv"]);
    let told = place.run(&["explain", "drop", CONTACTS]).expect(0).out;
    assert_eq!(told.matches("nothing: a corrected file was imported").count(), 2, "{told}");
}

#[test]
fn a_problem_is_dismissed_once_with_who_and_why() {
    let place = Place::deployment();
    place
        .dropped(CONTACTS, MIXED)
        .dropped("x.csv", "a\n")
        .dropped("default_contacts_main_20260201.csv", GOOD);
    place.import().expect(1);
    let dismiss = ["dismiss", "drop", "x.csv", "--by", "ada", "--reason", "a test of the partner"];
    let said = place.run(&dismiss).expect(0).out;
    assert_eq!(said, "x.csv is dismissed\n");
    let again = place.run(&["dismiss", "drop", "x.csv", "--by", "bo"]).expect(0).out;
    assert!(again.starts_with("x.csv was dismissed before, by ada at "), "{again}");
    assert_eq!(open(&place), [CONTACTS]);
    let told = place.run(&["explain", "drop", "x.csv"]).expect(0).out;
    assert!(told.contains("ada dismissed it at 20") && told.contains(": a test of the partner"), "{told}");
    // Without an error in one of them nothing happens to any.
    let wrong = place.run(&["dismiss", "drop", CONTACTS, "default_contacts_main_20260201.csv"]).expect(2).err;
    assert!(wrong.contains("default_contacts_main_20260201.csv left no problem"), "{wrong}");
    assert_eq!(open(&place), [CONTACTS]);
    assert_eq!(place.run(&["dismiss", "drop", "--all"]).expect(0).out, format!("{CONTACTS} is dismissed\n"));
    assert_eq!(place.run(&["dismiss", "drop", "--all"]).expect(0).out, "there is no open problem\n");
    assert!(open(&place).is_empty());
}

#[test]
fn the_page_of_a_day_lists_open_problems_of_any_day() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    place.import().expect(1);
    let page = place.run(&["report", "drop", "--day", "2020-01-01"]).out;
    assert!(page.contains("<h2>Open problems</h2>") && page.contains("2 of 3 lines rejected"), "{page}");
}
