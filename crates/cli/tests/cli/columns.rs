//! Columns that an import does not know, where it ignores them: told once, and never a reason to refuse a file.

use crate::support::Place;

const IGNORES: &str = r#"{ "shop": { "contacts": {
    "crm": { "unknown_columns": "ignore", "report_recipients": ["data@example.org"] },
    "web": { "unknown_columns": "ignore" } } } }"#;

fn place(config: &str) -> Place {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme"]).expect(0);
    configure(&place, config);
    place
}

fn configure(place: &Place, config: &str) {
    place.write("shop_imports_config.json", config);
    place.run(&["config", "activate", "drop", "--repository", "acme", "shop_imports_config.json"]).expect(0);
}

/// Drops a file with these columns behind the e-mail address, and returns the notes of its report.
fn notes(place: &Place, import: &str, day: u8, columns: &str) -> Vec<String> {
    let file = format!("shop_contacts_{import}_202601{day:02}.csv");
    let values = ";x".repeat(columns.matches(';').count());
    place.write(&format!("drop/imports/acme/{file}"), format!("email{columns}\nada@example.org{values}\n"));
    place.import().expect(0);
    let report = place.run(&["report", "drop", &file, "--format", "json"]).expect(0).json();
    let notes = report["notes"].as_array().cloned().unwrap_or_default();
    notes.iter().map(|note| note.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_new_column_is_told_once_as_news() {
    let place = place(IGNORES);
    insta::assert_debug_snapshot!(notes(&place, "crm", 1, ";firstname;Internal"), @r#"
    [
        "1 column is not imported, because the import ignores unknown columns: \"Internal\" (column 3)",
    ]
    "#);
    assert_eq!(notes(&place, "crm", 2, ";firstname;Internal"), [""; 0]);
    insta::assert_debug_snapshot!(notes(&place, "crm", 3, ";firstname;Internal;Loyalty Tier"), @r#"
    [
        "new column \"Loyalty Tier\" (column 4), not imported: the import ignores unknown columns; add it to \"columns\" to import it, or set it to null to hide this",
    ]
    "#);
    let log =
        std::fs::read_to_string(place.path("drop/logs/acme/shop_contacts_crm_20260103.csv.log")).unwrap();
    assert!(log.contains("new column \"Loyalty Tier\" (column 4)"), "{log}");
    let mails = place.path("drop/outbox");
    let told = |mail: std::fs::DirEntry| {
        let text = std::fs::read_to_string(mail.path()).unwrap().replace("=\n", "").replace("=\r\n", "");
        text.contains("new column")
    };
    let mails: Vec<bool> = std::fs::read_dir(mails).unwrap().map(|mail| told(mail.unwrap())).collect();
    assert_eq!((mails.len(), mails.iter().filter(|told| **told).count()), (3, 1));
    // One that was away for a while is no news, and another import knows nothing of it.
    assert_eq!(notes(&place, "crm", 4, ";firstname"), [""; 0]);
    assert_eq!(notes(&place, "crm", 5, ";Loyalty Tier;firstname;Internal"), [""; 0]);
    let other = notes(&place, "web", 1, ";Loyalty Tier");
    assert!(other.len() == 1 && other[0].starts_with("1 column is not imported"), "{other:?}");
    // What the configuration names is not told, whether it is imported or not.
    let named = IGNORES.replacen(
        "\"unknown_columns\"",
        "\"columns\": { \"Shoes\": null, \"Given name\": \"firstname\" }, \"unknown_columns\"",
        1,
    );
    configure(&place, &named);
    assert_eq!(notes(&place, "crm", 6, ";Given name;Shoes;Loyalty Tier"), [""; 0]);
}

#[test]
fn the_first_file_without_such_a_column_makes_the_next_one_news() {
    let place = place(IGNORES);
    assert_eq!(notes(&place, "crm", 1, ";firstname"), [""; 0]);
    let news = notes(&place, "crm", 2, ";firstname;A;B");
    assert_eq!(news.len(), 2);
    assert!(news.iter().all(|note| note.starts_with("new column ")), "{news:?}");
}

#[test]
fn a_file_that_is_refused_tells_nothing_of_it_and_the_next_one_does() {
    let place =
        place(&IGNORES.replacen("\"unknown_columns\"", "\"policy\": \"strict\", \"unknown_columns\"", 1));
    assert_eq!(notes(&place, "crm", 1, ";firstname"), [""; 0]);
    place.write("drop/imports/acme/shop_contacts_crm_20260102.csv", "email;Tier\nnobody;x\n");
    place.import().expect(1);
    assert_eq!(notes(&place, "crm", 3, ";Tier").len(), 1);
}

#[test]
fn where_the_import_rejects_them_a_file_with_one_is_refused_as_ever() {
    let place = place(r#"{ "shop": { "contacts": { "crm": {} } } }"#);
    place.write("drop/imports/acme/shop_contacts_crm_20260101.csv", "email;Tier\nada@example.org;x\n");
    let answer = place.import().expect(1);
    assert!(answer.out.contains("the column is unknown in contacts"), "{answer:?}");
}
