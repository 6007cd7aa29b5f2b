//! What records, groups and whole files do to each other: each case as somebody met it.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

use std::collections::BTreeMap;

use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::{Conclusion, Progress, StoredRecord};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

/// Drops files together and treats them.
fn deliver(world: &World, files: &[(&str, &str)]) {
    for (name, content) in files {
        world.drop(PARTNER, name, content);
    }
    world.run();
    world.check();
}

fn done(world: &World, file: &str) -> Conclusion {
    match world.import(file).progress {
        Progress::Done(conclusion) => conclusion,
        other => panic!("{file} has no outcome: {other:?}"),
    }
}

fn keys(world: &World, scope: &str) -> Vec<String> {
    world.records().remove(scope).unwrap_or_default().into_iter().map(|record| record.key).collect()
}

fn log(world: &World, file: &str) -> String {
    let tree: BTreeMap<String, Vec<u8>> = world.tree();
    String::from_utf8(tree[&format!("logs/{PARTNER}/{file}.log")].clone()).unwrap()
}

fn configured(config: &str) -> World {
    let world = World::new();
    world.config("acme", config);
    world
}

#[test]
fn a_file_that_replaces_all_names_records_by_their_key_where_they_have_nothing_else() {
    let world = configured(
        r#"{ "acme": { "contacts": { "crm": {},
             "full": { "match_by": "customer_key", "replace_all": { "max_removed": 0 } } } } }"#,
    );
    deliver(&world, &[("acme_contacts_crm_20260101.csv", "email\na@example.org\nb@example.org\n")]);
    let whole = "customer_key;email\n1;a@example.org\n2;b@example.org\n";
    deliver(&world, &[("acme_contacts_full_20260102.csv", whole)]);
    assert_eq!(done(&world, "acme_contacts_full_20260102.csv").outcome, Outcome::Imported);
    assert_eq!(keys(&world, "contacts"), ["a@example.org", "b@example.org"]);
}

#[test]
fn who_deletes_by_one_column_does_not_mean_what_another_names() {
    let world = configured(
        r#"{ "acme": { "contacts": { "crm": {} }, "deletecontacts": { "keys": { "match_by": "customer_key" } } } }"#,
    );
    deliver(
        &world,
        &[("acme_contacts_crm_20260101.csv", "email;customer_key\na@example.org;\nb@example.org;K1\n")],
    );
    let file = "acme_deletecontacts_keys_20260102.csv";
    deliver(&world, &[(file, "customer_key;email\nK9;a@example.org\nK8;b@example.org\n")]);
    assert_eq!(keys(&world, "contacts"), ["a@example.org", "b@example.org"]);
    assert_eq!((done(&world, file).counts.unknown, done(&world, file).counts.rejected), (2, 0));
}

#[test]
fn what_passed_with_its_group_is_imported_with_its_group() {
    let world = configured(
        r#"{ "acme": { "contacts": { "crm": {}, "full": { "replace_all": { "max_removed": 0.1 } } } },
             "settings": { "group_policy": "all_or_nothing" } }"#,
    );
    deliver(&world, &[("acme_contacts_crm_20260101.csv", "email\na@example.org\nb@example.org\n")]);
    let (first, second) =
        ("g.01-02_acme_contacts_crm_20260102.csv", "g.02-02_acme_contacts_full_20260102.csv");
    deliver(&world, &[(first, "email\nc@example.org\n"), (second, "email\na@example.org\nb@example.org\n")]);
    assert_eq!(done(&world, first).outcome, Outcome::Imported);
    assert_eq!(done(&world, second).outcome, Outcome::Imported);
    assert_eq!(keys(&world, "contacts").len(), 3, "what came with the group since the check does not go");
    assert!(log(&world, second).contains("nothing was removed: the file would remove 1 of 3 records"));
}

#[test]
fn a_parent_in_the_same_file_stands_above_its_child() {
    let world = configured(
        r#"{ "acme": { "cats": { "strict": { "policy": "strict", "check_references": "group" } } },
             "scopes": { "cats": { "fields": [{ "name": "id" }, { "name": "parent" }], "primaryKey": ["id"],
               "foreignKeys": [{ "fields": ["parent"], "reference": { "resource": "cats" } }] } } }"#,
    );
    let (wrong, right) = ("acme_cats_strict_20260101.csv", "acme_cats_strict_20260102.csv");
    deliver(&world, &[(wrong, "id;parent\nchild;top\ntop;\n")]);
    assert_eq!(
        done(&world, wrong).outcome,
        Outcome::Bogus,
        "a strict file is taken as a whole or not at all"
    );
    assert!(log(&world, wrong).contains("put its line before the lines that refer to it"));
    deliver(&world, &[(right, "id;parent\ntop;\nchild;top\n")]);
    assert_eq!(keys(&world, "cats"), ["child", "top"]);
}

#[test]
fn an_address_is_matched_however_it_is_written_also_where_it_is_not_the_key() {
    let world = configured(
        r#"{ "acme": { "people": { "crm": {}, "mail": { "match_by": "mail" } } },
             "scopes": { "people": { "fields": [{ "name": "id" }, { "name": "mail", "format": "email" }],
               "primaryKey": ["id"], "alternateKeys": ["mail"] } } }"#,
    );
    deliver(&world, &[("acme_people_crm_20260101.csv", "id;mail\n1;Ada@Example.org\n2;bob@example.org\n")]);
    let file = "acme_people_mail_20260102.csv";
    deliver(&world, &[(file, "id;mail\n1;ada@example.ORG\n9;BOB@example.org\n")]);
    assert_eq!(done(&world, file).counts.rejected, 0);
    assert_eq!(keys(&world, "people"), ["1", "9"], "the second one has another key now");
    assert!(log(&world, file).contains("1 record of people now has another key"));
}

#[test]
fn a_file_of_a_group_that_stopped_says_how_to_send_it_again() {
    let world = configured(r#"{ "acme": { "contacts": { "crm": {} } } }"#);
    deliver(
        &world,
        &[
            ("g.01-02_acme_contacts_crm_20260101.csv", "emial\na@example.org\n"),
            ("g.02-02_acme_contacts_crm_20260101.csv", "email\nb@example.org\n"),
        ],
    );
    assert!(log(&world, "g.01-02_acme_contacts_crm_20260101.csv").contains("without `g.01-02_` in its name"));
    assert!(log(&world, "g.02-02_acme_contacts_crm_20260101.csv").contains("without the group tag"));
}

/// Sums were kept at the greatest number of 128 bits, and said to be imported.
#[test]
fn a_sum_that_cannot_be_kept_is_a_rejected_line_and_never_another_number() {
    let world = configured(
        r#"{ "acme": { "accounts": { "crm": {} }, "moves": { "crm": {} } }, "scopes": {
            "accounts": {
                "fields": [{ "name": "id", "constraints": { "required": true } }, { "name": "balance", "type": "integer" }],
                "primaryKey": ["id"]
            },
            "moves": {
                "fields": [
                    { "name": "account", "constraints": { "required": true } },
                    { "name": "amount", "type": "integer", "constraints": { "required": true } }
                ],
                "foreignKeys": [{ "fields": ["account"], "reference": { "resource": "accounts" } }],
                "onExisting": "append", "row": "adjust", "adjusts": { "resource": "accounts", "add": { "amount": "balance" } }
            }
        } }"#,
    );
    let most = "9".repeat(38);
    let accounts = format!("id;balance\na;{most}\nb;-{most}\nc;10\n");
    let moves = format!("account;amount\na;{most}\na;1\na;-2\nb;-1\nb;{most}\nc;-4\n");
    deliver(
        &world,
        &[("acme_accounts_crm_20260131.csv", &accounts), ("acme_moves_crm_20260201.csv", &moves)],
    );
    let counts = done(&world, "acme_moves_crm_20260201.csv").counts;
    assert_eq!((counts.read, counts.imported, counts.rejected), (6, 3, 3));
    let balance = |record: &StoredRecord| record.record.text("balance").map(str::to_owned).unwrap();
    let balances: Vec<String> = world.records()["accounts"].iter().map(balance).collect();
    assert_eq!(balances, [format!("{}7", "9".repeat(37)), "0".to_owned(), "6".to_owned()]);
    let rejected = world.text("badlines/partner/acme_moves_crm_20260201.csv");
    assert_eq!(rejected, format!("account;amount\na;{most}\na;1\nb;-1\n"));
    assert!(
        log(&world, "acme_moves_crm_20260201.csv").contains(
            "(acme_moves_crm_20260201.csv:3) can't load line: sum-error in field 2 (amount): with it, `balance` of \
             the record in accounts is no whole number of at most 38 digits, found `1`. Hint: check the amount"
        ),
        "{}",
        log(&world, "acme_moves_crm_20260201.csv")
    );
}
