//! `config check`, `config try` and `config schema`.

use serde_json::json;

use crate::support::{CONTACTS, GOOD, MIXED, Place};

#[test]
fn every_mistake_is_told_with_its_path() {
    let place = Place::empty();
    let document = r#"{ "acme": { "contacts": { "crm": { "modes": 1, "delimiter": "x" } } } }"#;
    place.write("acme_imports_config.json", document);
    let answer = place.run(&["config", "check", "acme_imports_config.json"]).expect(1);
    assert!(answer.out.starts_with("acme_imports_config.json: 2 mistakes\n"), "{answer:?}");
    for path in ["  acme.contacts.crm.modes: ", "  acme.contacts.crm.delimiter: "] {
        assert!(answer.out.contains(path), "{answer:?}");
    }
    let answer =
        place.run(&["config", "check", "acme_imports_config.json", "--format", "json"]).expect(1).json();
    assert_eq!((&answer["valid"], &answer["universe"]), (&json!(false), &json!("acme")));
    assert_eq!(answer["mistakes"].as_array().unwrap().len(), 2);
    assert!(answer["mistakes"][0]["path"].as_str().unwrap().starts_with("acme.contacts.crm."));
}

#[test]
fn a_valid_one_is_described_by_what_differs() {
    let place = Place::empty();
    let document = r#"{
        "acme": { "contacts": { "crm": {}, "web": { "mode": "create", "delimiter": "," } } },
        "scopes": { "contacts": { "fields": [{ "name": "shoe_size", "type": "number" }] } },
        "settings": { "settle_seconds": 3, "report_recipients": ["data@example.org"] }
    }"#;
    place.write("acme.json", document);
    let answer = place.run(&["config", "check", "acme.json"]).expect(0);
    insta::assert_snapshot!(answer.out, @r#"
    acme.json: valid, 2 imports of universe acme
      acme_contacts_crm_<yyyymmdd>.csv
      acme_contacts_web_<yyyymmdd>.csv  mode "create", delimiter ","
      settings  settle_seconds 3, report_recipients ["data@example.org"]
      scopes with columns of its own: contacts
    "#);
    let answer = place.run(&["config", "check", "acme.json", "--format", "json"]).expect(0).json();
    assert_eq!(answer["valid"], true);
    assert_eq!(answer["imports"][1]["changed"], json!({ "mode": "create", "delimiter": "," }));
    assert_eq!(answer["imports"][0]["options"]["mode"], "upsert");
    assert_eq!(answer["own_scopes"], json!(["contacts"]));
}

#[test]
fn what_records_are_matched_by_and_what_is_replaced_is_described() {
    let place = Place::empty();
    let document = r#"{
        "acme": {
            "contacts": {
                "crm": { "match_by": "customer_key", "check_references": "load" },
                "news": { "replace_all": { "list": 5, "max_removed": 0.2 }, "phone_prefix": "44" }
            },
            "orders": { "web": { "check_references": "group", "phone_prefix": "33" } },
            "stores": { "crm": { "replace_all": {} } }
        },
        "settings": { "phone_prefix": "33" }
    }"#;
    place.write("acme.json", document);
    let answer = place.run(&["config", "check", "acme.json"]).expect(0);
    insta::assert_snapshot!(answer.out, @r#"
    acme.json: valid, 4 imports of universe acme
      acme_contacts_crm_<yyyymmdd>.csv  match_by "customer_key"
      acme_contacts_news_<yyyymmdd>.csv  replace_all {"list":5,"max_removed":0.2}, phone_prefix "44"
      acme_orders_web_<yyyymmdd>.csv  check_references "group"
      acme_stores_crm_<yyyymmdd>.csv  replace_all {"max_removed":0.1}
      settings  phone_prefix "33"
    "#);
    let answer = place.run(&["config", "check", "acme.json", "--format", "json"]).expect(0).json();
    let options = |n: usize| &answer["imports"][n]["options"];
    assert_eq!(
        (&options(0)["match_by"], &options(0)["phone_prefix"]),
        (&json!("customer_key"), &json!("33"))
    );
    assert_eq!(answer["imports"][2]["changed"], json!({ "check_references": "group" }));
    assert_eq!(answer["imports"][3]["changed"]["replace_all"]["max_removed"], 0.1);
}

#[test]
fn tags_and_groups_are_told_with_the_import_and_its_files() {
    let place = Place::deployment();
    let document = r#"{ "default": { "contacts": { "main": {
        "tags": ["weekly"], "access": { "see": ["marketing"], "run": ["data"] }, "quiet": true,
        "subscriptions": [{ "resource": "news", "channel": "email", "column": "email" }] } } } }"#;
    place.write("default_imports_config.json", document);
    let checked = place.run(&["config", "check", "default_imports_config.json"]).expect(0).out;
    insta::assert_snapshot!(checked, @r#"
    default_imports_config.json: valid, 1 import of universe default
      default_contacts_main_<yyyymmdd>.csv  subscriptions [{"resource":"news","channel":"email","column":"email","on_create":"subscribed","on_update":"leave"}], quiet true, tags ["weekly"], access {"see":["marketing"],"run":["data"]}
    "#);
    place.dropped("default_imports_config.json", document).dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let history = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    let told: Vec<_> = history.as_array().unwrap().iter().filter(|entry| entry["file"] == CONTACTS).collect();
    assert_eq!(told.len(), 1, "{history}");
    assert_eq!(told[0]["tags"], json!(["weekly"]));
    assert_eq!(told[0]["access"], json!({ "see": ["marketing"], "run": ["data"] }));
    // The subscriptions are records as any others.
    let export = ["records", "drop", "subscriptions", "--universe", "default", "--format", "jsonl"];
    let rows = place.run(&export).expect(0).json_lines();
    let told: Vec<_> = rows.iter().map(|row| (row["address"].clone(), row["status"].clone())).collect();
    let subscribed = |address: &str| (json!(address), json!("subscribed"));
    assert_eq!(told, [subscribed("ana.lopez@example.org"), subscribed("bo@example.org")]);
    let one = [
        "records",
        "drop",
        "subscriptions",
        "--key",
        "news / email / ana.lopez@example.org",
        "--format",
        "json",
    ];
    let shown = place.run(&one).expect(0).out;
    assert!(shown.contains("\"contact\"") && shown.contains("\"subscribed\""), "{shown}");
    let changes = place.run(&["changes", "drop"]).expect(0).json_lines();
    assert_eq!(changes.len(), 4, "contacts and subscriptions: {changes:?}");
    assert!(changes.iter().all(|change| change["quiet"] == true), "{changes:?}");
}

#[test]
fn the_universe_comes_from_the_name_or_is_given() {
    let place = Place::empty();
    place.write("draft.txt", r#"{ "acme": {} }"#);
    let answer = place.run(&["config", "check", "draft.txt"]).expect(2);
    assert!(answer.err.contains("--universe"), "{answer:?}");
    place.run(&["config", "check", "draft.txt", "--universe", "acme"]).expect(0);
    place.run(&["config", "check", "nowhere.json"]).expect(2);
}

#[test]
fn the_schema_is_that_of_the_core() {
    let schema = Place::empty().run(&["config", "schema"]).expect(0).json();
    assert_eq!(schema, tidewaiter::config::json_schema());
}

#[test]
fn a_configuration_is_tried_on_what_came_last_without_any_effect() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED).dropped("customers 2026.txt", "email,first\nada@example.org,Ada\n");
    place.dropped("default_orders_main_20260131.csv", "order_id\n");
    place.import().expect(1);
    let contacts = r#"{ "main": { "date_formats": ["dd/mm/yyyy"] },
        "shop": { "files": "customers*.txt", "delimiter": ",", "columns": { "first": "firstname" } } }"#;
    let document = format!(r#"{{ "default": {{ "contacts": {contacts} }} }}"#);
    place.write("default_imports_config.json", document);
    let before = place.run(&["records", "drop", "contacts"]).out;
    let answer = place.run(&["config", "try", "drop", "default_imports_config.json"]).expect(0);
    insta::assert_snapshot!(answer.out, @r"
    better     customers 2026.txt  now refused: the name does not end in `.csv`; then 1 of 1 line
    otherwise  default_contacts_main_20260131.csv  1 of 3 lines
               line 2, field 3 (birthdate): type-error: not a date of the form `dd/mm/yyyy`, found `1988-04-23`
               line 3, field 3 (birthdate): type-error: not a date of the form `dd/mm/yyyy`, found `1988-04-23`
    otherwise  default_orders_main_20260131.csv  now refused: the required column `contact` is missing (and 2 more); then not processed: no configuration available for orders imports
    3 files, 1 better, 2 otherwise
      missing-label: 3 now, 0 then
      type-error in column birthdate: 1 now, 2 then
    nothing was imported
    ");
    let answer = place.run(&[
        "config",
        "try",
        "drop",
        "default_imports_config.json",
        "--last",
        "1",
        "--format",
        "json",
    ]);
    assert_eq!(answer.json()["files"].as_array().map(Vec::len), Some(1));
    // One that takes less, and one that is wrong.
    place.write("default_imports_config.json", r#"{ "default": { "contacts": { "other": {} } } }"#);
    let worse = place.run(&["config", "try", "drop", "default_imports_config.json"]).expect(1);
    assert!(worse.out.contains("worse") && worse.out.contains("can't find config for contacts"), "{worse:?}");
    place.write("default_imports_config.json", r#"{ "default": { "contacts": { "main": { "x": 1 } } } }"#);
    let wrong = place.run(&["config", "try", "drop", "default_imports_config.json"]).expect(1);
    assert!(wrong.out.contains("1 mistake"), "{wrong:?}");
    assert_eq!(place.run(&["records", "drop", "contacts"]).out, before);
    assert!(place.import().expect(0).out.contains("nothing to do"));
}

#[test]
fn values_that_a_configuration_reads_otherwise_are_shown() {
    let place = Place::deployment();
    place.write("drop/config/default/default.json", r#"{ "default": { "products": { "main": {} } } }"#);
    place.dropped(
        "default_products_main_20260131.csv",
        "product_id;name;price\nA1; Tug boat;1.250\nB2;Ark;2\n",
    );
    place.import().expect(0);
    place.write(
        "default_imports_config.json",
        r#"{ "default": { "products": { "main": { "trim": true, "decimal": ",", "thousands": "." } } } }"#,
    );
    let answer = place.run(&["config", "try", "drop", "default_imports_config.json"]).expect(0);
    insta::assert_snapshot!(answer.out, @r"
    otherwise  default_products_main_20260131.csv  2 of 2 lines
               column name: 1 value read otherwise, such as ` Tug boat` as `Tug boat` in line 2
               column price: 1 value read otherwise, such as `1.250` as `1250` in line 2
    1 file, 1 otherwise
    nothing was imported
    ");
}
