//! The published JSON Schema says what the decoder says, and the committed file is what is generated.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test stops at what it does not expect, and reads the committed file"
)]

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use tidewaiter::config::{Config, json_schema};
use tidewaiter::mistake::Mistake;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.schema.json");

/// How the messages about mistakes begin that no JSON Schema can find. Besides them there is what
/// compiling a scope's schema finds, at a path below `scopes`.
const SEMANTIC: [&str; 9] = [
    "can't find universe ",
    "missing mandatory configuration value \"acme\"",
    "unknown scope ",
    "a file name such as ",
    "the catalogue already has a field ",
    "the key here is not that of ",
    "records of ",
    "references lead to the key of ",
    "a reference to ",
];

/// What the messages about mistakes contain that the JSON Schema finds, too.
const STRUCTURAL: [&str; 4] = [
    "wrong format for configuration value",
    "missing mandatory configuration value",
    "unknown configuration option",
    "cannot be a name",
];

fn is_semantic(mistake: &Mistake) -> bool {
    SEMANTIC.iter().any(|known| mistake.message.starts_with(known))
        || (mistake.path.starts_with("scopes.")
            && !STRUCTURAL.iter().any(|known| mistake.message.contains(known)))
}

fn decode(document: &Value) -> Vec<Mistake> {
    Config::parse("acme", document.to_string().as_bytes()).err().unwrap_or_default()
}

fn full() -> Value {
    json!({
        "$schema": "https://example.org/config.schema.json",
        "acme": {
            "contacts": {
                "crm": {},
                "web": {
                    "mode": "create", "policy": "strict", "empty": "clear", "delimiter": "\t",
                    "report_recipients": [], "alert_recipients": ["ops@example.org"],
                },
            },
            "orders": { "crm": { "policy": { "max_rejected": 100 } } },
            "visits": { "crm": { "policy": { "max_rejected_share": 0.05 } } },
        },
        "settings": {
            "settle_seconds": 30, "scope_order": ["stores", "visits"], "group_policy": "all_or_nothing",
            "report_recipients": ["data@example.org"], "alert_recipients": [],
            "limits": {
                "max_line_bytes": 65_536,
                "archive": {
                    "max_members": 10, "max_member_bytes": 1_000, "max_total_bytes": 5_000, "max_ratio": 20,
                },
            },
        },
        "scopes": {
            "contacts": {
                "fields": [{ "name": "shoe_size", "type": "number", "constraints": { "minimum": 10 } }],
                "foreignKeys": [
                    { "fields": ["store_id"], "reference": { "resource": "stores", "fields": ["store_id"] } },
                ],
            },
            "visits": {
                "title": "Visits", "description": "Who came by.",
                "fields": [
                    {
                        "name": "visit_id", "title": "Id", "description": "What identifies it.",
                        "example": "V1", "constraints": {
                            "required": true, "minLength": 1, "maxLength": 10, "pattern": "V[0-9]+",
                        },
                    },
                    { "name": "contact" },
                    { "name": "day", "type": "date", "format": "%d/%m/%Y" },
                    { "name": "kind", "constraints": { "enum": ["walk-in", "call"] } },
                    { "name": "sold", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"] },
                ],
                "primaryKey": ["visit_id"],
                "foreignKeys": [{ "fields": ["contact"], "reference": { "resource": "contacts" } }],
                "missingValues": ["", "NULL"],
                "requireAny": [["contact", "kind"]],
                "onExisting": "replace",
                "row": "upsert",
            },
        },
    })
}

#[test]
fn the_committed_schema_is_what_is_generated() {
    let generated = format!("{:#}\n", json_schema());
    if std::env::var("UPDATE_SCHEMAS").is_ok() {
        std::fs::write(COMMITTED, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == generated, "run `UPDATE_SCHEMAS=1 cargo test -p tidewaiter --test config_schema`");
}

#[test]
fn both_accept_good_documents() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let good = [
        json!({ "acme": {} }),
        json!({ "acme": { "contacts": {} } }),
        json!({ "acme": { "contacts": { "crm": { "policy": { "max_rejected_share": 1 } } } } }),
        json!({ "acme": {}, "settings": { "settle_seconds": 5.0, "limits": { "archive": {} } }, "scopes": {} }),
        full(),
    ];
    for document in good {
        assert_eq!(decode(&document), []);
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn both_refuse_what_is_not_of_the_form() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    let option = |options: Value| json!({ "acme": { "contacts": { "crm": options } } });
    let setting = |settings: Value| json!({ "acme": {}, "settings": settings });
    let scope = |scope: Value| json!({ "acme": {}, "scopes": { "visits": scope } });
    let bad = [
        json!([]),
        json!({ "acme": [] }),
        json!({ "acme": { "contacts": null } }),
        json!({ "acme": {}, "not a name": {} }),
        json!({ "acme": {}, "$schema": 1 }),
        option(json!({ "mode": "replace" })),
        option(json!({ "mode": null })),
        option(json!({ "mode": { "upsert": null } })),
        option(json!({ "policy": { "strict": null } })),
        option(json!({ "policy": { "max_rejected": -1 } })),
        option(json!({ "policy": { "max_rejected": 1.5 } })),
        option(json!({ "policy": { "max_rejected": 1e20 } })),
        option(json!({ "policy": { "max_rejected": 1, "max_rejected_share": 0.1 } })),
        option(json!({ "policy": { "max_rejected_share": 1.1 } })),
        option(json!({ "policy": {} })),
        option(json!({ "delimiter": "" })),
        option(json!({ "delimiter": ";;" })),
        option(json!({ "delimiter": "\"" })),
        option(json!({ "delimiter": "é" })),
        option(json!({ "report_recipients": "ops@example.org" })),
        option(json!({ "report_recipients": ["ops"] })),
        option(json!({ "report_recipients": ["a@b\r\nBcc: c@d"] })),
        option(json!({ "recipients": [] })),
        setting(json!({ "settle_seconds": 3601 })),
        setting(json!({ "settle_seconds": "10" })),
        setting(json!({ "scope_order": ["stores", "stores"] })),
        setting(json!({ "group_policy": "none" })),
        setting(json!({ "limits": { "max_line_bytes": 1023 } })),
        setting(json!({ "limits": { "archive": { "max_members": 0 } } })),
        scope(json!({})),
        scope(json!({ "fields": [{}] })),
        scope(json!({ "fields": [{ "name": "x", "type": "text" }] })),
        scope(json!({ "fields": [{ "name": "x", "constraints": { "unique": true } }] })),
        scope(json!({ "fields": [{ "name": "x", "constraints": { "minLength": -1 } }] })),
        json!({ "acme": {}, "scopes": { "contacts": { "primaryKey": ["email"] } } }),
    ];
    for document in bad {
        assert!(!validator.is_valid(&document), "the schema accepts {document}");
        assert!(!decode(&document).is_empty(), "the decoder accepts {document}");
    }
}

/// All places of a document, as the keys that lead there.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, &format!("{here}/{key}"), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, item)| places(item, &format!("{here}/{n}"), found));
        }
        _ => {}
    }
}

/// Deletes, replaces or renames what stands at a place.
fn mutate(document: &mut Value, place: &str, with: Option<Value>, rename: Option<&str>) {
    let Some((parent, key)) = place.rsplit_once('/') else {
        *document = with.unwrap_or(Value::Null);
        return;
    };
    match document.pointer_mut(parent) {
        Some(Value::Object(map)) => {
            let value = map.shift_remove(key).unwrap_or_default();
            if let Some(name) = rename {
                map.insert(name.to_owned(), value);
            } else if let Some(with) = with {
                map.insert(key.to_owned(), with);
            }
        }
        Some(Value::Array(items)) => {
            let n: usize = key.parse().unwrap();
            match with {
                Some(with) => items[n] = with,
                None => drop(items.remove(n)),
            }
        }
        _ => panic!("{place} is nowhere"),
    }
}

fn replacement() -> impl Strategy<Value = Option<Value>> {
    prop_oneof![
        Just(None),
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            (0..4_000_u32).prop_map(Value::from),
            (-2.0..2.0_f64).prop_map(Value::from),
            "[a-z@.; _-]{0,6}".prop_map(Value::from),
            prop_oneof![Just("upsert"), Just("strict"), Just("date"), Just(";"), Just("a@b.c")]
                .prop_map(Value::from),
            Just(json!([])),
            Just(json!(["contact"])),
            Just(json!([[]])),
            Just(Value::Object(Map::new())),
            Just(json!({ "crm": {} })),
        ]
        .prop_map(Some),
    ]
}

fn name() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        3 => Just(None),
        1 => prop_oneof![
            Just("mode"), Just("modes"), Just("contacts"), Just("settings"), Just("scopes"), Just("stores"),
            Just("x y"), Just(""), Just("fields"), Just("name"), Just("zebra"), Just("$schema"),
        ].prop_map(Some),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn schema_and_decoder_agree(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), replacement(), name()), 1..3),
    ) {
        static VALIDATOR: std::sync::LazyLock<jsonschema::Validator> =
            std::sync::LazyLock::new(|| jsonschema::validator_for(&json_schema()).unwrap());
        let mut document = full();
        for (index, with, rename) in changes {
            let mut found = Vec::new();
            places(&document, "", &mut found);
            // Names with a slash would not be places; none of those above has one.
            let place = index.get(&found).clone();
            mutate(&mut document, &place, with, rename);
        }
        let accepted = VALIDATOR.is_valid(&document);
        let mistakes = decode(&document);
        if accepted {
            for mistake in mistakes {
                prop_assert!(is_semantic(&mistake), "{mistake}: the schema accepts {document}");
            }
        } else {
            prop_assert!(!mistakes.is_empty(), "only the schema refuses {document}");
        }
    }
}
