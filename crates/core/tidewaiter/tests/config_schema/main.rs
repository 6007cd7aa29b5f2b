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

mod documents;

use documents::{full, malformed, query};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.schema.json");

/// How the messages about mistakes begin that no JSON Schema can find. Besides them there is what
/// compiling a scope's schema finds, at a path below `scopes`.
const SEMANTIC: [&str; 23] = [
    "can't find universe ",
    "missing mandatory configuration value \"acme\"",
    "unknown scope ",
    "a file name such as ",
    "the catalogue already has a field ",
    "the key here is not that of ",
    "records of ",
    "lines of ",
    "the subscription to ",
    "a file that is the whole of something ",
    "references lead to the key of ",
    "a reference to ",
    "`replace_all` both creates and updates records",
    "the query asks for rows behind {lastItem}",
    "the query does not ask for rows behind {lastItem}",
    "`> {lastItem}` misses",
    "`>= {lastItem}` has",
    "without ORDER BY",
    "without `last_item`",
    "the lag does not fit",
    "the files of a query have",
    "the query does not begin with",
    "with `last_item` a read has",
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
        json!({ "acme": { "contacts": { "crm": { "replace_all": {} } } } }),
        json!({ "acme": { "contacts": { "crm": { "replace_all": { "list": 999_999_999.0, "max_removed": 0 } } } } }),
        json!({ "acme": { "contacts": { "crm": { "phone_prefix": "1" } } } }),
        json!({ "acme": { "contacts": { "crm": {
            "encoding": ["utf-8", "windows-1252"], "delimiter": "||", "quote": "", "escape": "\\", "header": 2,
            "skip_lines": "auto", "comment": "#", "trailer": "END;{count}", "columns": { "Mail": "email", "x": null },
            "unknown_columns": "ignore", "labels": "loose", "decimal": ",", "thousands": ".",
            "date_formats": ["dd/mm/yyyy", "epoch"], "true_values": ["o"], "false_values": ["n"],
            "missing_values": ["NULL"], "trim": true, "line_breaks": "keep",
        } } } }),
        json!({ "acme": { "contacts": { "crm": { "files": "kunden_{date:dd.mm.yyyy}.csv.gz" } } } }),
        json!({ "acme": { "contacts": { "crm": { "files": ["a*_{suffix}.txt", "b_{date}.csv"] } } } }),
        json!({ "acme": { "contacts": { "crm": { "header": false, "columns": ["email", null], "skip_lines": 2 } } } }),
        json!({ "acme": {}, "settings": { "settle_seconds": 5.0, "limits": { "archive": {} } }, "scopes": {} }),
        query(&json!({ "sql": "SELECT * FROM customers" })),
        query(&json!({
            "sql": ["SELECT id, email FROM customers", "WHERE id > {lastItem} ORDER BY id LIMIT 10000"],
            "last_item": { "column": "id", "start": 0, "lag": 1_000 },
            "repeat": "until_empty", "run_on_change": true,
            "schedule": { "every": "day", "at": "06:00", "time_zone": "Europe/Paris" },
        })),
        query(&json!({
            "sql": "SELECT id, at FROM visits WHERE at >= {lastItem} OR at IS NULL ORDER BY at",
            "last_item": {
                "column": "at", "start": "2026-01-31T13:45:00Z", "unique": false, "lag": "10 minutes", "missing": "import",
            },
        })),
        // What most of the malformed documents are but for one thing.
        json!({ "acme": {}, "scopes": { "visits": {
            "fields": [{ "name": "x" }], "primaryKey": ["x"],
            "foreignKeys": [{ "fields": ["x"], "reference": { "resource": "stores" } }],
        } } }),
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
    for document in malformed() {
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
            prop_oneof![
                Just("append"),
                Just("keep"),
                Just("delete"),
                Just("adjust"),
                Just("cards"),
                Just("code")
            ]
            .prop_map(Value::from),
            prop_oneof![
                Just("uses"),
                Just("marks"),
                Just("email"),
                Just("level"),
                Just("points"),
                Just("33")
            ]
            .prop_map(Value::from),
            Just(json!([])),
            Just(json!(["contact"])),
            Just(json!([[]])),
            Just(Value::Object(Map::new())),
            Just(json!({ "crm": {} })),
            Just(json!({ "resource": "cards" })),
            Just(json!({ "level": "level" })),
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
            Just("replace_all"), Just("match_by"), Just("adjusts"), Just("generated"), Just("orIn"), Just("set"),
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
