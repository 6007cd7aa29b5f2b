//! What is said about configurations that are wrong, and what right ones mean.

#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use proptest::prelude::*;
use serde_json::{Value, json};
use tidewaiter::config::{Active, Config, Empty, Mode, Policy};
use tidewaiter::sequence::GroupRule;

fn parse(document: &Value) -> Config {
    Config::parse("acme", document.to_string().as_bytes()).unwrap()
}

/// Each mistake as people read it.
fn mistakes(document: &str) -> Vec<String> {
    said(Config::parse("acme", document.as_bytes()).map(drop))
}

fn said(result: Result<(), Vec<tidewaiter::mistake::Mistake>>) -> Vec<String> {
    result.unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_object_is_a_complete_import() {
    let config = parse(&json!({ "acme": { "contacts": { "crm": {} } } }));
    let crm = config.subsection("contacts", "crm").unwrap();
    assert_eq!((crm.mode, crm.policy, crm.empty), (Mode::Upsert, Policy::Quarantine, Empty::Ignore));
    assert_eq!(crm.dialect.delimiter.as_byte(), Some(b';'));
    assert!(crm.report_recipients.is_empty() && crm.alert_recipients.is_empty());
    assert_eq!(config.settings().settle_seconds, 10);
    assert_eq!(config.settings().limits.archive.max_member_bytes, 50 << 30);
    assert!(config.scope("contacts").is_some() && config.scope("orders").is_none());
}

#[test]
fn recipients_are_those_of_the_settings_unless_given() {
    let config = parse(&json!({
        "acme": { "contacts": { "a": {}, "b": { "report_recipients": [] } } },
        "settings": { "report_recipients": ["data@example.org"] },
    }));
    let recipients = |name| config.subsection("contacts", name).unwrap().report_recipients.len();
    assert_eq!((recipients("a"), recipients("b")), (1, 0));
}

#[test]
fn what_is_not_json_is_located() {
    let invalid = r#"invalid JSON in "acme_imports_config.json": "#;
    let huge = vec![b' '; (1 << 20) + 1];
    let table: [(&[u8], &str); 9] = [
        (b"", "the document is empty"),
        (b"{\n  \"acme\": {},\n}", "line 3, column 1: trailing comma"),
        (b"{\"acme\": {}} x", "line 1, column 14: trailing characters"),
        (b"{'acme': {}}", "line 1, column 2: key must be a string"),
        (b"{\"acme\": {", "line 1, column 10: EOF while parsing an object"),
        (b"\xef\xbb\xbf{}", "the document begins with a byte order mark (save it as UTF-8 without BOM)"),
        (b"{\n\"acm\xe9\": {}}", "line 2: the bytes are not UTF-8 (save it as UTF-8 without BOM)"),
        (b"\xff\xfe{\0", "line 1: the bytes are not UTF-8 (save it as UTF-8 without BOM)"),
        (&huge, "1048577 bytes, more than the 1048576 allowed"),
    ];
    for (document, what) in table {
        assert_eq!(said(Config::parse("acme", document).map(drop)), [format!("{invalid}{what}")]);
    }
    let deep = "[".repeat(100_000);
    assert!(mistakes(&deep)[0].contains("recursion limit"));
}

#[test]
fn every_mistake_is_reported_with_its_path() {
    let document = r#"{
        "acme": {
            "contcts": { "crm": {} },
            "contacts": {
                "crm": { "modes": "upsert", "mode": "Update", "mode": "create", "delimiter": "." },
                "bad name": { "alert_recipients": ["ops@example.org", "ops"] }
            }
        },
        "settings": { "settle_seconds": -1, "scope_order": ["orders", "store"], "limits": [] },
        "scopes": {
            "contacts": { "fields": [{ "name": "email" }, { "name": "a", "type": "numbr" }] },
            "visits": {
                "fields": [{ "name": "id", "constraints": { "required": true } }, { "name": "who" }],
                "primaryKey": ["id"],
                "foreignKeys": [{ "fields": ["who"], "reference": { "resource": "contact" } }]
            },
            "calls": { "primaryKey": ["id"] }
        }
    }"#;
    let mut found = mistakes(document);
    found.sort();
    let wrong = "wrong format for configuration value";
    let expected = [
        r#"acme.contacts.bad name.alert_recipients[1]: wrong format for configuration value "alert_recipients[1]": expected an e-mail address, found "ops""#.to_owned(),
        r#"acme.contacts.bad name: "bad name" is not a valid name (names are made of 1 to 64 ASCII letters, digits, `_` and `-`)"#.to_owned(),
        format!(r#"acme.contacts.crm.delimiter: {wrong} "delimiter": expected one to eight characters such as ";", "," or "\t", but no quote, letter, digit, "." or "-", found ".""#),
        r#"acme.contacts.crm.mode: duplicate key "mode""#.to_owned(),
        format!(r#"acme.contacts.crm.mode: {wrong} "mode": expected "upsert", "create" or "update", found "Update" (did you mean `update`?)"#),
        r#"acme.contacts.crm.modes: unknown configuration option "modes" (did you mean `mode`?)"#.to_owned(),
        r#"acme.contcts: unknown scope "contcts" (did you mean `contacts`?)"#.to_owned(),
        r#"scopes.calls.fields: missing mandatory configuration value "fields": expected a list of fields"#.to_owned(),
        r#"scopes.contacts.fields[0].name: the catalogue already has a field "email" in this scope (add it under another name; fields of the catalogue cannot be changed)"#.to_owned(),
        format!(r#"scopes.contacts.fields[1].type: {wrong} "type": expected "string", "integer", "number", "boolean", "date", "datetime", "time", "year" or "yearmonth", found "numbr" (did you mean `number`?)"#),
        r#"scopes.visits.foreignKeys[0].reference.resource: unknown scope "contact" (did you mean `contacts`?)"#.to_owned(),
        format!(r#"settings.limits: {wrong} "limits": expected an object, found a list"#),
        r#"settings.scope_order[1]: unknown scope "store" (did you mean `stores`?)"#.to_owned(),
        format!(r#"settings.settle_seconds: {wrong} "settle_seconds": expected a whole number from 0 to 3600, found -1"#),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_document_is_for_the_universe_of_its_name() {
    let hint = r#"(the file is named for universe "acme": one document, one universe)"#;
    assert_eq!(mistakes(r#"{ "Acme": {} }"#), [format!(r#"Acme: can't find universe "Acme" {hint}"#)]);
    assert_eq!(
        mistakes("{}"),
        [
            r#"acme: missing mandatory configuration value "acme": expected an object with the scopes of the universe"#
        ]
    );
    assert_eq!(mistakes(r#"{ "acme": {}, "beta": {} }"#).len(), 1);
    assert!(mistakes("[]")[0].starts_with("wrong format"));
    for reserved in ["settings", "scopes", "a b", ""] {
        let document = json!({ reserved: {} }).to_string();
        assert!(Config::parse(reserved, document.as_bytes()).is_err(), "{reserved}");
    }
}

#[test]
fn no_key_or_value_forges_a_line_or_steers_a_terminal() {
    let key = "a\n\u{1b}[31mimported";
    let said_of = |document: Value| said(Config::parse("acme", document.to_string().as_bytes()).map(drop));
    let field = |name: &str, more: Value| {
        let mut field = json!({ "name": name, "type": "string" });
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "fields": [field], "onExisting": "append", "primaryKey": [key] })
    };
    let documents = [
        json!({ key: { key: { key: { key: 1 } } } }),
        json!({ "acme": { key: { key: { key: 1 } }, "contacts": { key: key, "crm": { "mode": key, key: key } } } }),
        json!({ "acme": {}, "settings": { key: 1, "scope_order": [key, key], "limits": { key: 1 } } }),
        json!({ "acme": { "b\n\u{1b}[31mimported": {} }, "scopes": { key: field("x", json!({})) } }),
        json!({ "acme": {}, "scopes": { key: key, "x": field(key, json!({})), "y": field("y", json!({ "format": key })) } }),
        json!({ "acme": {}, "scopes": { "x": field("x", json!({ "constraints": { "pattern": format!("({key}") } })) } }),
        json!({ "acme": {}, "scopes": { "x": field("x", json!({ "constraints": { "enum": [key], "minimum": key } })) } }),
        json!({ "acme": { "contacts": { "crm": { "match_by": key, "replace_all": { key: key } } } } }),
        json!({ "acme": {}, "scopes": { "x": {
            "fields": [{ "name": "x" }], "primaryKey": ["x"], "row": "adjust", "givesWayTo": key, "records": key,
            "generated": { "field": key, "from": key, },
            "adjusts": { "resource": "stores", "add": { key: key }, "set": { key: key, "x": key }, "latest": key },
            "foreignKeys": [{ "fields": ["x"], "reference": { "resource": "stores", "orIn": [key] }, "matching": [key], "claims": key }],
        } } }),
    ];
    for document in documents {
        for mistake in said_of(document) {
            assert!(!mistake.contains(tidewaiter::finding::is_treacherous), "{mistake:?}");
        }
    }
    let twice = r#"{ "acme": { "a\n\u001b[31mimported": {}, "a\n\u001b[31mimported": {} } }"#;
    let found = mistakes(twice);
    let key = r"a\n\u{1b}[31mimported";
    assert_eq!(found[0], format!("acme.{key}: duplicate key \"{key}\""));
    assert!(!found.iter().any(|mistake| mistake.contains(tidewaiter::finding::is_treacherous)), "{found:?}");
}

#[test]
fn a_mistake_is_short_however_long_a_key_is() {
    let long = "k".repeat(100_000);
    let document = json!({ "acme": { "contacts": { "crm": { &long: 1, "mode": &long } } } });
    let found = said(Config::parse("acme", document.to_string().as_bytes()).map(drop));
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|mistake| mistake.len() < 2_000), "{found:?}");
}

#[test]
fn names_that_could_be_confused_are_mistakes() {
    let document = json!({ "acme": { "contacts": { "crm": {}, "crm_20260131": {} } } }).to_string();
    assert_eq!(
        mistakes(&document),
        [
            r#"acme.contacts.crm_20260131: a file name such as "acme_contacts_crm_20260131_20260131.csv" also matches acme.contacts.crm (rename one of the two)"#
        ]
    );
}

#[test]
fn mistakes_in_added_fields_have_the_path_of_the_document() {
    let document = json!({
        "acme": {},
        "scopes": { "stores": {
            "fields": [{ "name": "area" }, { "name": "code", "constraints": { "pattern": "(" } }],
            "foreignKeys": [{ "fields": ["cod"], "reference": { "resource": "orders", "fields": ["email"] } }],
        } },
    });
    let found = mistakes(&document.to_string());
    for path in [
        "scopes.stores.fields[1].constraints.pattern",
        "scopes.stores.foreignKeys[0].fields[0]",
        "scopes.stores.foreignKeys[0].reference.fields: a reference must use the key of \"orders\": order_id",
    ] {
        assert!(found.iter().any(|mistake| mistake.starts_with(path)), "{path}: {found:#?}");
    }
    assert_eq!(found.len(), 3, "{found:#?}");
}

#[test]
fn a_scope_that_is_defined_badly_is_not_unknown_as_well() {
    let document = r#"{ "acme": { "visits": { "crm": {} } }, "scopes": { "visits": 5 } }"#;
    assert_eq!(
        mistakes(document),
        [r#"scopes.visits: wrong format for configuration value "visits": expected an object, found 5"#]
    );
}

#[test]
fn added_fields_and_scopes_are_compiled() {
    let config = parse(&json!({
        "acme": { "contacts": { "crm": {} } },
        "scopes": {
            "contacts": { "fields": [{ "name": "shoe_size", "type": "number" }] },
            "visits": { "fields": [{ "name": "day", "type": "date" }], "onExisting": "append" },
        },
    }));
    assert!(config.scope("contacts").unwrap().column("shoe_size").is_some());
    assert!(config.scope("visits").unwrap().column("day").is_some());
}

#[test]
fn documents_of_a_repository_must_agree_in_what_they_share() {
    let document = |universe: &str, settings: Value| {
        let document = json!({ universe: { "contacts": { "crm": {} } }, "settings": settings });
        Config::parse(universe, document.to_string().as_bytes()).unwrap()
    };
    let first = json!({ "settle_seconds": 60, "limits": { "archive": { "max_members": 5 } } });
    let active = Active::default().with(document("acme", first)).unwrap();
    let silent = active.with(document("beta", json!({ "group_policy": "all_or_nothing" }))).unwrap();
    assert_eq!(silent.settings().settle_seconds, 60);
    assert_eq!(silent.settings().limits.archive.max_members, 5);
    assert_eq!(silent.settings().group_policy, GroupRule::AllOrNothing);
    assert!(silent.resolve("beta_contacts_crm_20260131.csv", jiff::civil::date(2026, 2, 1)).is_ok());
    assert!(
        silent
            .without("beta")
            .resolve("beta_contacts_crm_20260131.csv", jiff::civil::date(2026, 2, 1))
            .is_err()
    );

    let differing = json!({ "settle_seconds": 10, "limits": { "archive": { "max_members": 5 } } });
    assert_eq!(
        said(active.with(document("beta", differing.clone())).map(drop)),
        [
            r#"settings.settle_seconds: settings.settle_seconds differs from the active configuration of universe "acme" (set it in one document only, or to the same value in all)"#
        ]
    );
    // A new document for the same universe replaces the old one: there is nothing to differ from.
    assert_eq!(active.with(document("acme", differing)).unwrap().settings().settle_seconds, 10);
}

#[test]
fn universes_whose_file_names_could_be_confused_cannot_both_be_active() {
    let one = json!({ "acme": { "contacts": { "a_orders_b": {} } } });
    let active = Active::default().with(parse(&one)).unwrap();
    let other = json!({ "acme_contacts_a": { "orders": { "b": {} } } }).to_string();
    let other = Config::parse("acme_contacts_a", other.as_bytes()).unwrap();
    let found = said(active.with(other).map(drop));
    assert!(found[0].starts_with("acme_contacts_a.orders.b: a file name such as"), "{found:?}");
}

#[test]
fn a_policy_counts_exactly() {
    let table = [
        (Policy::Quarantine, 10, 10, true),
        (Policy::Strict, 10, 0, true),
        (Policy::Strict, 10, 1, false),
        (Policy::MaxRejected(3), 10, 3, true),
        (Policy::MaxRejected(3), 10, 4, false),
        (Policy::MaxRejectedShare(0.29), 100, 29, true),
        (Policy::MaxRejectedShare(0.29), 100, 30, false),
        (Policy::MaxRejectedShare(0.0), 0, 0, true),
        (Policy::MaxRejectedShare(1.0), 7, 7, true),
    ];
    for (policy, read, rejected, passes) in table {
        assert_eq!(policy.verdict(read, rejected).is_none(), passes, "{policy:?} {read} {rejected}");
    }
    assert_eq!(
        Policy::MaxRejectedShare(0.29).verdict(100, 30).unwrap(),
        "30 of 100 lines were rejected, but the policy allows at most 29 %"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in r#"[{}\[\]":,a-z0-9. \n-]{0,80}"#) {
        let _ = Config::parse("acme", &bytes);
        let _ = Config::parse("acme", text.as_bytes());
    }
}
