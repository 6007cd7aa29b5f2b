//! `history` and `records`.

use serde_json::json;

use crate::support::{CONTACTS, GOOD, MIXED, Place};

/// A configuration with an import `main` for the scopes that these tests use.
const ALL_SCOPES: &str = r#"{
    "default": {
        "contacts": { "main": {} }, "products": { "main": {} }, "orders": { "main": {} },
        "ordersitems": { "main": {} }, "cardcode": { "main": {} }, "tierchange": { "main": {} },
        "deletecontacts": { "main": {} }
    },
    "settings": { "phone_prefix": "33" }
}"#;

/// Contacts, one with a cellphone; an order with two items; a card with a change of tier.
fn shop() -> Place {
    let place = Place::deployment();
    place.write("drop/config/default/default.json", ALL_SCOPES);
    let contacts = "email;cellphone;firstname\nAna.Lopez@example.org;;Ana\n;06 12 34 56 78;Bo\n";
    let order = "order_id;contact;order_date;total_price\nSO-100482;ana.lopez@example.org;2026-01-31T13:45:00Z;12.00\n";
    let items = "order_id;product_id;quantity;unit_price\nSO-100482;TOY-1;1;4.00\nSO-100482;TOY-1;2;4.00\n";
    let tier = "card_code;change_date;tier\n2990000000019;2026-02-01T00:00:00Z;gold\n";
    place
        .dropped(CONTACTS, contacts)
        .dropped("default_products_main_20260131.csv", "product_id;name\nTOY-1;Tug boat\n")
        .dropped("default_orders_main_20260131.csv", order)
        .dropped("default_ordersitems_main_20260131.csv", items)
        .dropped(
            "default_cardcode_main_20260131.csv",
            "card_code;contact\n2990000000019;ana.lopez@example.org\n",
        )
        .dropped("default_tierchange_main_20260131.csv", tier);
    place.import().expect(0);
    // A later file changes one value.
    place.dropped("default_contacts_main_20260201.csv", "email;lastname\nana.lopez@example.org;Lopez\n");
    place.import().expect(0);
    place
}

fn imported() -> Place {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    place.import().expect(1);
    place.dropped("default_contacts_main_20260201.csv", GOOD).dropped("x.csv", "a\n");
    place.import().expect(1);
    place
}

#[test]
fn history_is_a_table_with_the_latest_at_the_end() {
    let place = imported();
    let out = place.run(&["history", "drop"]).expect(0).out;
    let lines: Vec<&str> = out.lines().collect();
    let heading = "FINISHED              OUTCOME   FILE                                        READ  IMPORTED  \
                   UNCHANGED  REJECTED  REASON";
    assert_eq!((lines.len(), lines[0]), (4, heading));
    assert!(lines[1].contains("imported  default/default_contacts_main_20260131.csv"), "{out}");
    assert!(out.contains("refused   default/x.csv"), "{out}");
    assert!(out.contains("the name has no date"), "{out}");
    assert!(lines[1].chars().take(20).all(|c| c.is_ascii_digit() || "-: Z".contains(c)), "{out}");
}

#[test]
fn history_as_json_names_every_place() {
    let place = imported();
    let entries = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(entries.as_array().unwrap().len(), 3);
    let first = &entries[0];
    assert_eq!(first["file"], CONTACTS);
    assert_eq!((&first["state"], &first["outcome"]), (&json!("done"), &json!("imported")));
    assert_eq!(
        first["counts"],
        json!({ "read": 3, "imported": 1, "unchanged": 0, "superseded": 0, "rejected": 2 })
    );
    assert_eq!(first["findings"], json!(["type-error"]));
    for place_of in ["place", "log", "badlines"] {
        let key = first[place_of].as_str().unwrap();
        assert!(place.path("drop").join(key).is_file(), "{place_of} {key}");
    }
}

#[test]
fn history_has_columns_for_what_is_rare_where_there_is_something() {
    let place = Place::deployment();
    let twice = "email;firstname\nana@example.org;Ana\nbo@example.org;Bo\nana@example.org;Anna\n";
    place.write("drop/config/default/default.json", ALL_SCOPES);
    place
        .dropped(CONTACTS, twice)
        .dropped("default_deletecontacts_main_20260131.csv", "email\nx@example.org\n");
    let out = place.import().expect(0).out;
    assert!(out.contains("3 lines: 2 imported, 1 superseded\n"), "{out}");
    assert!(out.contains("1 line: 1 unchanged (of which 1 unknown)\n"), "{out}");
    assert!(out.ends_with("4 lines: 2 imported, 1 unchanged (of which 1 unknown), 1 superseded\n"), "{out}");
    let out = place.run(&["history", "drop"]).expect(0).out;
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].ends_with("READ  IMPORTED      UNCHANGED  SUPERSEDED  REJECTED  REASON"), "{out}");
    assert!(lines[1].ends_with("   3         2              0           1         0"), "{out}");
    assert!(lines[2].ends_with("   1         0  1 (1 unknown)           0         0"), "{out}");
    let entries = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    let counts = json!({ "read": 3, "imported": 2, "unchanged": 0, "superseded": 1, "rejected": 0 });
    assert_eq!(entries[0]["counts"], counts);
    assert_eq!(entries[1]["counts"]["unknown"], 1);
}

#[test]
fn history_can_be_narrowed() {
    let place = imported();
    let files = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["history", "drop", "--format", "json"], arguments].concat();
        let entries = place.run(&arguments).expect(0).json();
        entries.as_array().unwrap().iter().map(|e| e["file"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(files(&["--outcome", "bogus"]), ["x.csv"]);
    assert_eq!(files(&["--file", "20260201"]), ["default_contacts_main_20260201.csv"]);
    assert_eq!(files(&["--limit", "1"]).len(), 1);
    assert_eq!(files(&["--repository", "default"]).len(), 3);
    assert_eq!(
        place.run(&["history", "drop", "--file", "none"]).expect(0).out,
        "no such file was registered\n"
    );
    place.run(&["history", "drop", "--outcome", "fine"]).expect(2);
}

#[test]
fn records_are_counted_without_a_scope() {
    let place = imported();
    let out = place.run(&["records", "drop"]).expect(0).out;
    assert_eq!(out, "UNIVERSE  SCOPE     RECORDS\ndefault   contacts        2\n");
    let counts = place.run(&["records", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(counts, json!([{ "universe": "default", "scope": "contacts", "count": 2 }]));
    let counts = place.run(&["records", "drop", "--format", "csv"]).expect(0).out;
    assert_eq!(counts, "universe,scope,count\ndefault,contacts,2\n");
    let none = place.run(&["records", "drop", "--universe", "acme"]).expect(0).out;
    assert_eq!(none, "there are no records\n");
}

#[test]
fn records_are_lines() {
    let place = imported();
    let out = place.run(&["records", "drop", "contacts", "--limit", "1"]).expect(0).out;
    let first =
        "default  ana.lopez@example.org  birthdate=1988-04-23  email=ana.lopez@example.org  firstname=Ana\n";
    assert_eq!(out, first);
    let records = place.run(&["records", "drop", "contacts", "--format", "json"]).expect(0).json_lines();
    assert_eq!(records.len(), 2);
    assert_eq!(records[1]["values"], json!({ "email": "bo@example.org", "firstname": "Bo" }));
    assert_eq!((&records[1]["universe"], &records[1]["line"]), (&json!("default"), &json!(3)));
    let out = place.run(&["records", "drop", "orders"]).expect(0).out;
    assert_eq!(out, "no such records of orders; there are contacts\n");
}

#[test]
fn a_scope_that_does_not_exist_is_a_mistake_of_who_asks() {
    let place = imported();
    for more in [&[][..], &["--format", "json"], &["--format", "csv"], &["--key", "ana.lopez@example.org"]] {
        let asked = place.run(&[&["records", "drop", "contact"], more].concat()).expect(2);
        assert_eq!(asked.out, "", "{more:?}");
        assert!(asked.err.starts_with("error: there is no scope contact; there are "), "{}", asked.err);
        assert!(asked.err.ends_with("hint: did you mean `contacts`?\n"), "{}", asked.err);
    }
}

#[test]
fn records_as_csv_can_be_dropped_again() {
    let place = imported();
    let listing =
        ["records", "drop", "contacts", "--format", "csv", "--delimiter", ";", "--universe", "default"];
    let csv = place.run(&listing).expect(0).out;
    assert!(csv.starts_with("customer_key;email;cellphone;"), "{csv}");
    place.dropped("default_contacts_main_20260202.csv", &csv);
    assert!(place.import().expect(0).out.contains("2 lines: 2 unchanged"));
    let csv = place.run(&["records", "drop", "contacts", "--format", "csv"]).expect(0).out;
    assert!(csv.starts_with("universe,customer_key,email,"), "{csv}");
    assert!(csv.contains("\ndefault,,bo@example.org,"), "{csv}");
}

#[test]
fn records_for_a_spreadsheet_hold_no_formula() {
    let place = Place::deployment();
    let file = "email;firstname;lastname\nx@example.org;=HYPERLINK(A1);-1+1\n";
    place.dropped(CONTACTS, file);
    place.import().expect(0);
    let list =
        |format| place.run(&["records", "drop", "contacts", "--universe", "default", "--format", format]);
    let sheet = list("spreadsheet").expect(0).out;
    assert!(sheet.starts_with("\u{feff}customer_key;email;"), "{sheet}");
    assert!(sheet.contains(";'=HYPERLINK(A1);'-1+1;"), "{sheet}");
    // What is stored is what was sent.
    let csv = list("csv").expect(0).out;
    assert!(csv.contains(",=HYPERLINK(A1),-1+1,"), "{csv}");
}

#[test]
fn a_page_is_not_the_end() {
    let place = Place::deployment();
    let many = (0..1_203).map(|n| format!("n{n:04}@example.org\n")).collect::<Vec<_>>().concat();
    place.dropped(CONTACTS, format!("email\n{many}"));
    place.import().expect(0);
    let records = |arguments: &[&str]| {
        let all = [&["records", "drop", "contacts", "--format", "json"], arguments].concat();
        place.run(&all).expect(0).json_lines()
    };
    let keys: Vec<String> = records(&[]).iter().map(|r| r["key"].as_str().unwrap().to_owned()).collect();
    assert_eq!(keys.len(), 1_203);
    assert!(keys.is_sorted() && keys[1_202] == "n1202@example.org");
    assert_eq!(records(&["--limit", "501"]).len(), 501);
    assert_eq!(records(&["--limit", "1000"]).len(), 1_000);
    assert_eq!(records(&["--universe", "default"]).len(), 1_203);
    assert_eq!(records(&["--universe", "defaulu"]).len(), 0);
    assert_eq!(records(&["--limit", "0"]).len(), 0);
}

#[test]
fn records_of_several_universes_follow_each_other() {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme", "--repository", "globex"]).expect(0);
    let contacts = |n: usize| {
        let lines = (0..n).map(|n| format!("n{n:04}@example.org\n")).collect::<Vec<_>>();
        format!("email\n{}", lines.concat())
    };
    place.write("drop/imports/acme/acme_contacts_main_20260131.csv", contacts(500));
    place.write("drop/imports/globex/globex_contacts_main_20260131.csv", contacts(501));
    place.import().expect(0);
    let rows = |arguments: &[&str]| {
        let all = [&["records", "drop", "contacts", "--format", "json"], arguments].concat();
        let rows = place.run(&all).expect(0).json_lines();
        let name = |row: &serde_json::Value| format!("{}/{}", row["universe"], row["key"]);
        rows.iter().map(name).collect::<Vec<_>>()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 1_001);
    assert!(all.is_sorted() && all[500].contains("globex"));
    assert_eq!(rows(&["--universe", "acme"]).len(), 500);
    assert_eq!(rows(&["--universe", "globex"]).len(), 501);
    assert_eq!(rows(&["--limit", "777"]).len(), 777);
}

#[test]
fn a_record_is_shown_with_where_each_value_came_from() {
    let place = shop();
    // As a file may write it, not as it is kept.
    let out = place.run(&["records", "drop", "contacts", "--key", "ANA.LOPEZ@example.org"]).expect(0).out;
    let lines: Vec<String> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(lines[0], "default contacts ana.lopez@example.org");
    assert_eq!(lines[1], "COLUMN VALUE FILE LINE IMPORTED");
    let starts = |line: &str, start: &str| assert!(line.starts_with(start), "{out}");
    starts(&lines[2], "email ana.lopez@example.org default_contacts_main_20260131.csv 2 20");
    starts(&lines[3], "firstname Ana default_contacts_main_20260131.csv 2 20");
    starts(&lines[4], "lastname Lopez default_contacts_main_20260201.csv 2 20");
    assert_eq!(lines.len(), 5);

    for number in ["06 12 34 56 78", "+33612345678", "33612345678"] {
        let out = place.run(&["records", "drop", "contacts", "--key", number]).expect(0).out;
        assert!(out.starts_with("default contacts  33612345678\n"), "{out}");
    }
}

#[test]
fn what_belongs_to_a_record_is_shown_with_it() {
    let place = shop();
    let rows = |scope: &str, key: &str| {
        place.run(&["records", "drop", scope, "--key", key, "--format", "json"]).expect(0).json_lines()
    };
    let order = rows("orders", "SO-100482");
    assert_eq!(order.len(), 3, "{order:?}");
    assert_eq!((&order[0]["universe"], &order[0]["scope"]), (&json!("default"), &json!("orders")));
    assert_eq!(order[0]["key"], "SO-100482");
    let total = &order[0]["values"]["total_price"];
    assert_eq!((&total["value"], &total["line"]), (&json!("12"), &json!(2)));
    assert_eq!(total["file"], "default_orders_main_20260131.csv");
    assert!(total["import"].as_str().unwrap().len() == 26 && total["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!((&order[1]["scope"], &order[2]["scope"]), (&json!("ordersitems"), &json!("ordersitems")));
    assert_eq!(order[2]["values"]["quantity"]["line"], 3);

    let items = rows("ordersitems", "SO-100482");
    assert_eq!(items, order[1..]);
    let card = rows("cardcode", "2990000000019");
    assert_eq!((card.len(), &card[1]["scope"]), (2, &json!("tierchange")));
    assert_eq!(card[0]["values"]["tier"]["file"], "default_tierchange_main_20260131.csv");
    assert_eq!(rows("tierchange", "2990000000019 / 2026-02-01T00:00:00Z"), card[1..]);
    assert_eq!(rows("tierchange", "2990000000019"), card[1..]);

    let few = place.run(&["records", "drop", "orders", "--key", "SO-100482", "--limit", "1"]).expect(0).out;
    assert_eq!(few.matches("default ordersitems").count(), 1);
    assert!(few.ends_with("the first 1 of a scope; --limit shows more\n"), "{few}");
    let csv =
        place.run(&["records", "drop", "ordersitems", "--key", "SO-100482", "--format", "csv"]).expect(0).out;
    assert!(csv.starts_with("universe,order_id,product_id,") && csv.lines().count() == 3, "{csv}");
    let none =
        place.run(&["records", "drop", "orders", "--key", "SO-100482", "--universe", "acme"]).expect(0).out;
    assert!(none.starts_with("no such records of orders"), "{none}");
}

#[test]
fn a_key_that_no_record_has_brings_advice() {
    let place = shop();
    let none = |scope: &str, key: &str| place.run(&["records", "drop", scope, "--key", key]).expect(0).out;
    insta::assert_snapshot!(none("contacts", "0711223344"), @"
    no record of contacts has the key 0711223344, or 33711223344 as it is kept
      the key of contacts is the first of these with a value: email, cellphone
      customer_key is ignored
    ");
    insta::assert_snapshot!(none("orders", "SO-1004"), @"
    no record of orders has the key SO-1004
      the key of orders is order_id
      keys with this beginning: SO-100482
    ");
    insta::assert_snapshot!(none("products", "2990000000019"), @"
    no record of products has the key 2990000000019
      the key of products is product_id
      ean is ignored
      there is one of cardcode: `tidewaiter records drop cardcode --key 2990000000019`
    ");
    insta::assert_snapshot!(none("deletecontacts", "ana.lopez@example.org"), @"
    no such records of deletecontacts; there are cardcode, contacts, orders, ordersitems, products and tierchange
      lines of deletecontacts change records of contacts and create none of their own
      there is one of contacts: `tidewaiter records drop contacts --key ana.lopez@example.org`
    ");
    let nothing =
        place.run(&["records", "drop", "orders", "--key", "SO-1", "--format", "json"]).expect(0).out;
    assert_eq!(nothing, "");
    place.run(&["records", "drop", "--key", "SO-1"]).expect(2);
}

#[test]
fn listings_say_where_values_came_from_when_asked() {
    let place = shop();
    let list = |arguments: &[&str]| {
        let all = [&["records", "drop", "contacts", "--universe", "default"], arguments].concat();
        place.run(&all).expect(0)
    };
    let plain = list(&["--format", "json"]).json_lines();
    assert!(plain[1].get("sources").is_none() && plain[1]["values"]["firstname"] == "Ana", "{plain:?}");
    let rows = list(&["--format", "json", "--sources"]).json_lines();
    let (row, first) = (&rows[1], &rows[1]["sources"]["firstname"]);
    assert_eq!(row["values"], plain[1]["values"]);
    assert_eq!(first["line"], 2);
    assert!(
        first["import"] != row["import"] && row["sources"]["lastname"]["import"] == row["import"],
        "{row}"
    );

    let csv = list(&["--format", "csv", "--sources"]).out;
    let mut lines = csv.lines();
    assert!(
        lines.next().unwrap().starts_with("customer_key,customer_key:source,email,email:source,"),
        "{csv}"
    );
    let source = format!(",Ana,{}:2,", first["import"].as_str().unwrap());
    assert!(lines.next_back().unwrap().contains(&source), "{csv}");
    let text = list(&["--sources"]).out;
    assert!(text.contains(&format!("firstname=Ana ({}:2)", first["import"].as_str().unwrap())), "{text}");
}
