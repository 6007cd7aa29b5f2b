//! `config history` and `config rollback`: the versions of a configuration.

use serde_json::{Value, json};

use crate::support::{Answer, Place, answer, command};

const FIRST: &str = r#"{ "shop": { "contacts": { "crm": {} } } }"#;
const SECOND: &str = r#"{ "shop": { "contacts": { "crm": { "policy": "strict" }, "web": {} } }, "settings": { "phone_prefix": "33" } }"#;
const DOCUMENT: &str = "shop_imports_config.json";

/// A deployment with a repository whose universe `shop` is not configured yet.
fn place() -> Place {
    let place = Place::empty();
    place.run(&["init", "drop", "--repository", "acme"]).expect(0);
    place
}

/// As Ana, whatever the machine calls the user.
fn as_ana(place: &Place, arguments: &[&str]) -> Answer {
    let mut command = command(&place.path(""), arguments);
    command.env_remove("SUDO_USER").env("USER", "ana");
    answer(command, b"")
}

fn activate(place: &Place, document: &str) {
    place.write(DOCUMENT, document);
    as_ana(place, &["config", "activate", "drop", "--repository", "acme", DOCUMENT]).expect(0);
}

fn drop(place: &Place, document: &str) {
    place.write(&format!("drop/imports/acme/{DOCUMENT}"), document);
    place.import().expect(0);
}

/// The list, without what differs from run to run.
fn history(place: &Place) -> String {
    let listed = place.run(&["config", "history", "drop", "shop"]).expect(0).out;
    let mut lines = Vec::new();
    for line in listed.lines() {
        let cells = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty());
        let told = cells.map(|cell| match cell.split_once('@') {
            Some((user, rest)) => {
                let more = rest.split_once(',').map(|(_, more)| format!(",{more}")).unwrap_or_default();
                format!("{user}@host{more}")
            }
            None => match cell.split_once(" (import ") {
                Some((file, _)) => format!("{file} (import …)"),
                None if cell.ends_with('Z') && cell.contains(':') => "WHEN".to_owned(),
                None => cell.to_owned(),
            },
        });
        lines.push(told.collect::<Vec<_>>().join(" | "));
    }
    lines.join("\n")
}

fn active(place: &Place) -> String {
    std::fs::read_to_string(place.path("drop/config/acme/shop.json")).unwrap()
}

#[test]
fn a_version_says_who_and_what_changed_and_going_back_is_one_command() {
    let place = place();
    activate(&place, FIRST);
    drop(&place, SECOND);
    insta::assert_snapshot!(history(&place), @r"
    VERSION | WHEN | STATE | WHO | CHANGES
    2 | WHEN | active | shop_imports_config.json (import …) | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    1 | WHEN | replaced | ana@host | added shop.contacts.crm
    ");
    let back = as_ana(&place, &["config", "rollback", "drop", "shop"]).expect(0);
    insta::assert_snapshot!(back.out, @r"
    version 3 of universe shop is active now in acme, with the document of version 1
      removed shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    ");
    assert_eq!(active(&place), FIRST);
    // Again: nothing happens, and it says what is active and how to go elsewhere.
    let again = as_ana(&place, &["config", "rollback", "drop", "shop"]).expect(0);
    for said in
        ["version 3 of universe shop is active since ", "with the document of version 1; nothing changed"]
    {
        assert!(again.out.contains(said), "{again:?}");
    }
    let again = as_ana(&place, &["config", "rollback", "drop", "shop", "1"]).expect(0);
    insta::assert_snapshot!(again.out, @r"
    version 3 of universe shop is active already, with the document of version 1; nothing changed
    ");
    // Forward again.
    as_ana(&place, &["config", "rollback", "drop", "shop", "2"]).expect(0);
    assert_eq!(active(&place), SECOND);
    insta::assert_snapshot!(history(&place), @r"
    VERSION | WHEN | STATE | WHO | CHANGES
    4 | WHEN | active | ana@host, back to version 2 | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    3 | WHEN | replaced | ana@host, back to version 1 | removed shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    2 | WHEN | replaced | shop_imports_config.json (import …) | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    1 | WHEN | replaced | ana@host | added shop.contacts.crm
    ");
    // A file lands by what is active.
    place.write("drop/imports/acme/shop_contacts_web_20260131.csv", "email\nada@example.org\n");
    place.import().expect(0);
    let shown = place.run(&["config", "history", "drop", "shop", "--format", "json"]).expect(0).json();
    let told = |n: usize| {
        let one: &Value = &shown["versions"][n];
        json!([one["number"], one["state"], one["by"]["kind"], one["replaces"], one["restores"]])
    };
    assert_eq!(told(0), json!([4, "active", "operator", 3, 2]));
    assert_eq!(told(2), json!([2, "replaced", "dropped", 1, null]));
    let removed = json!(["shop.contacts.crm.policy", "shop.contacts.web", "settings.phone_prefix"]);
    assert_eq!(shown["versions"][1]["changes"]["removed"], removed);
    assert_eq!(shown["total"], 4);
}

#[test]
fn what_was_changed_by_hand_is_a_version_too() {
    let place = place();
    activate(&place, FIRST);
    place.write("drop/config/acme/shop.json", SECOND);
    insta::assert_snapshot!(history(&place), @r"
    VERSION | WHEN | STATE | WHO | CHANGES
    2 | unknown | active | changed by hand | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    1 | WHEN | replaced | ana@host | added shop.contacts.crm
    ");
    as_ana(&place, &["config", "rollback", "drop", "shop"]).expect(0);
    assert_eq!(active(&place), FIRST);
    // Nothing of it is lost, and it can be brought back.
    as_ana(&place, &["config", "rollback", "drop", "shop", "2"]).expect(0);
    assert_eq!(active(&place), SECOND);
    insta::assert_snapshot!(history(&place), @r"
    VERSION | WHEN | STATE | WHO | CHANGES
    4 | WHEN | active | ana@host, back to version 2 | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    3 | WHEN | replaced | ana@host, back to version 1 | removed shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    2 | WHEN | replaced | changed by hand | added shop.contacts.crm.policy, shop.contacts.web, settings.phone_prefix
    1 | WHEN | replaced | ana@host | added shop.contacts.crm
    ");
    // One that is gone is told, and the last one comes back.
    std::fs::remove_file(place.path("drop/config/acme/shop.json")).unwrap();
    assert!(history(&place).contains("none is active: config/acme/shop.json is gone"));
    as_ana(&place, &["config", "rollback", "drop", "shop"]).expect(0);
    assert_eq!(active(&place), SECOND);
}

#[test]
fn a_version_that_may_not_be_used_any_more_is_refused() {
    let place = place();
    let pattern = |name: &str, scope: &str| {
        format!(r#"{{ "{name}": {{ "{scope}": {{ "crm": {{ "files": "customers.txt" }} }} }} }}"#)
    };
    activate(&place, &pattern("shop", "contacts"));
    activate(&place, FIRST);
    place.write("other_imports_config.json", pattern("other", "stores"));
    place.run(&["config", "activate", "drop", "--repository", "acme", "other_imports_config.json"]).expect(0);
    let refused = as_ana(&place, &["config", "rollback", "drop", "shop"]).expect(1);
    insta::assert_snapshot!(refused.out, @r#"
    version 1: 1 mistake
      shop.contacts.crm.files: a file name such as "customers.txt" also matches other.stores.crm
        hint: say more in one pattern
    the active configuration stays as it is
    "#);
    assert_eq!(active(&place), FIRST);
    for (arguments, said) in [
        (&["shop", "9"][..], "there is no version 9 of universe shop; the latest one is 2"),
        (&["nothing"], "no configuration of universe nothing was ever active in acme"),
        (&["other"], "no earlier configuration of universe other is known in acme"),
    ] {
        let answer = as_ana(&place, &[&["config", "rollback", "drop"], arguments].concat()).expect(2);
        assert!(answer.err.contains(said), "{answer:?}");
    }
}

#[test]
fn the_example_of_init_is_the_first_version() {
    let place = Place::deployment();
    let listed = place.run(&["config", "history", "drop", "default", "--format", "json"]).expect(0).json();
    let first = &listed["versions"][0];
    assert_eq!((&first["number"], &first["state"]), (&json!(1), &json!("active")));
    assert_eq!(first["by"]["kind"], "operator");
    // A partner drops the same document: that adds no version.
    let document = std::fs::read(place.path("drop/config/default/default.json")).unwrap();
    place.dropped("default_imports_config.json", &document);
    place.import().expect(0);
    let listed = place.run(&["config", "history", "drop", "default", "--format", "json"]).expect(0).json();
    assert_eq!(listed["total"], 1);
}
