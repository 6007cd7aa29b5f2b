//! A configuration holds no more than its bounds: one that goes beyond is a mistake at its path, and the published JSON
//! Schema says so where it can.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops at what it does not expect")]

use serde_json::{Map, Value, json};
use tidewaiter::config::{Active, Config, json_schema};
use tidewaiter::mistake::MOST;

fn said(document: &Value) -> Vec<String> {
    let parsed = Config::parse("acme", document.to_string().as_bytes());
    parsed.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("x{n}")).collect()
}

fn emails(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("x{n}@example.org")).collect()
}

fn fields(count: usize) -> Vec<Value> {
    names(count).iter().map(|name| json!({ "name": name })).collect()
}

fn object(keys: &[String], value: &Value) -> Value {
    keys.iter().map(|key| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
}

/// A scope of 60 fields, each required, with something else.
fn scope(more: &Value) -> Value {
    let fields: Vec<Value> =
        names(60).iter().map(|name| json!({ "name": name, "constraints": { "required": true } })).collect();
    let mut scope = json!({ "fields": fields, "primaryKey": ["x0"] });
    scope.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "acme": {}, "scopes": { "visits": scope } })
}

fn field(more: &Value) -> Value {
    let mut field = json!({ "name": "y" });
    field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "acme": {}, "scopes": { "visits": { "fields": [{ "name": "x" }, field], "primaryKey": ["x"] } } })
}

fn reference(more: &Value) -> Value {
    let mut key = json!({ "fields": ["x"], "reference": { "resource": "stores" } });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "acme": {}, "scopes": { "visits": { "fields": fields(20), "primaryKey": ["x0"], "foreignKeys": [key] } } })
}

/// A bound: how many there may be, a document with so many, where it is, and what is told of one more.
type Case = (usize, fn(usize) -> Value, &'static str, &'static str);

const CASES: [Case; 21] = [
    (1_000, |n| json!({ "acme": { "contacts": object(&names(n), &json!({})) } }), "acme", "imports"),
    (
        50,
        |n| json!({ "acme": {}, "settings": { "report_recipients": emails(n) } }),
        "settings.report_recipients",
        "recipients",
    ),
    (
        50,
        |n| json!({ "acme": { "contacts": { "crm": { "alert_recipients": emails(n) } } } }),
        "acme.contacts.crm.alert_recipients",
        "recipients",
    ),
    (
        7,
        |n| json!({ "acme": { "contacts": { "crm": { "expected": { "by": "06:00", "days": &["mon", "tue", "wed", "thu", "fri", "sat", "sun", "mon"][..n] } } } } }),
        "acme.contacts.crm.expected.days",
        "days",
    ),
    (
        250,
        |n| json!({ "acme": {}, "settings": { "scope_order": names(n) } }),
        "settings.scope_order",
        "scopes",
    ),
    (
        200,
        |n| json!({ "acme": {}, "scopes": object(&names(n), &json!({ "fields": [{ "name": "x" }], "primaryKey": ["x"] })) }),
        "scopes",
        "scopes",
    ),
    (
        5_000,
        |n| json!({ "acme": {}, "scopes": { "visits": { "fields": fields(n), "primaryKey": ["x0"] } } }),
        "scopes.visits.fields",
        "fields",
    ),
    (
        5_000,
        |n| json!({ "acme": {}, "scopes": { "contacts": { "fields": fields(n) } } }),
        "scopes.contacts.fields",
        "fields",
    ),
    (16, |n| scope(&json!({ "primaryKey": names(n) })), "scopes.visits.primaryKey", "columns"),
    (16, |n| scope(&json!({ "alternateKeys": names(n) })), "scopes.visits.alternateKeys", "columns"),
    (
        20,
        |n| {
            scope(
                &json!({ "foreignKeys": vec![json!({ "fields": ["x1"], "reference": { "resource": "stores" } }); n] }),
            )
        },
        "scopes.visits.foreignKeys",
        "references",
    ),
    (
        20,
        |n| scope(&json!({ "requireAny": vec![json!(["x1", "x2"]); n] })),
        "scopes.visits.requireAny",
        "sets of columns",
    ),
    (16, |n| scope(&json!({ "requireAny": [names(n)] })), "scopes.visits.requireAny[0]", "columns"),
    (50, |n| scope(&json!({ "missingValues": names(n) })), "scopes.visits.missingValues", "texts"),
    (16, |n| reference(&json!({ "fields": names(n) })), "scopes.visits.foreignKeys[0].fields", "columns"),
    (16, |n| reference(&json!({ "matching": names(n) })), "scopes.visits.foreignKeys[0].matching", "columns"),
    (
        16,
        |n| reference(&json!({ "reference": { "resource": "stores", "orIn": names(n) } })),
        "scopes.visits.foreignKeys[0].reference.orIn",
        "scopes",
    ),
    (
        50,
        |n| field(&json!({ "type": "boolean", "trueValues": names(n) })),
        "scopes.visits.fields[1].trueValues",
        "texts",
    ),
    (
        1_000,
        |n| field(&json!({ "constraints": { "enum": names(n) } })),
        "scopes.visits.fields[1].constraints.enum",
        "values",
    ),
    (
        1_000,
        |n| field(&json!({ "constraints": { "pattern": "a".repeat(n) } })),
        "scopes.visits.fields[1].constraints.pattern",
        "bytes",
    ),
    (
        64,
        |n| field(&json!({ "type": "date", "format": format!("{}%Y-%m-%d", "-".repeat(n - 8)) })),
        "scopes.visits.fields[1].format",
        "bytes",
    ),
];

/// At the bound nothing is said of it, beyond it just that. The published schema draws the same line.
#[test]
fn each_bound_is_told_at_its_path() {
    let validator = jsonschema::validator_for(&json_schema()).unwrap();
    for (most, document, path, things) in CASES {
        let beyond = format!("{path}: {} {things} where at most {most} are allowed", most + 1);
        let (at, above) = (document(most), document(most + 1));
        let is_told = |document: &Value| said(document).iter().any(|text| text.starts_with(&beyond));
        assert!(!is_told(&at) && is_told(&above), "{beyond}: {:?} {:?}", said(&at), said(&above));
        assert!(
            said(&above).iter().all(|text| !text.starts_with(&beyond) || text.ends_with(')')),
            "what to do"
        );
        assert!(validator.is_valid(&at) && !validator.is_valid(&above), "{beyond}");
    }
}

#[test]
fn what_several_lists_hold_together_is_bounded_too() {
    let thousand = json!({ "fields": fields(1_000), "primaryKey": ["x0"] });
    let ten = object(&names(10), &thousand);
    assert_eq!(said(&json!({ "acme": {}, "scopes": ten })), Vec::<String>::new());
    let mut more = ten;
    more["one"] = json!({ "fields": [{ "name": "x" }], "primaryKey": ["x"] });
    let told = said(&json!({ "acme": {}, "scopes": more }));
    assert_eq!(
        told,
        [
            "scopes: 10001 fields in all scopes together where at most 10000 are allowed (split the document by universe)"
        ]
    );

    let imports = |n: usize| object(&names(n), &json!({}));
    let two = said(&json!({ "acme": { "contacts": imports(600), "stores": imports(401) } }));
    assert!(two[0].starts_with("acme: 1001 imports where at most 1000"), "{two:?}");

    let many = format!("[{}]", vec!["[]"; 100_000].join(","));
    assert_eq!(
        Config::parse("acme", many.as_bytes()).unwrap_err()[0].to_string(),
        "invalid JSON in \"acme_imports_config.json\": line 1, column 299998: more than the 100000 values allowed"
    );
}

/// A document of 68 KB made 2.8 GB of automata, which took a minute and a half.
#[test]
fn patterns_of_a_few_characters_are_no_giants() {
    let fields: Vec<Value> = (0..1_000)
        .map(|n| json!({ "name": format!("x{n}"), "constraints": { "pattern": format!("(?:(?:a?){{100}}){{100}}{n}") } }))
        .collect();
    let told = said(
        &json!({ "acme": { "v": { "crm": {} } }, "scopes": { "v": { "fields": fields, "primaryKey": ["x0"] } } }),
    );
    assert_eq!(told.len(), MOST);
    assert!(
        told[0].starts_with("scopes.v.fields[0].constraints.pattern: the pattern has 10001 places where at most 1000 are allowed (each"),
        "{told:?}"
    );
}

#[test]
fn all_patterns_of_a_document_share_a_budget() {
    let with = |scopes: usize, fields: usize| {
        let scope = |s: usize| {
            let pattern = |n: usize| json!({ "name": format!("x{n}"), "constraints": { "pattern": format!("(?:(?:a?){{30}}){{30}}{s}-{n}") } });
            json!({ "fields": (0..fields).map(pattern).collect::<Vec<_>>(), "primaryKey": ["x0"] })
        };
        let scopes: Map<String, Value> = (0..scopes).map(|s| (format!("s{s}"), scope(s))).collect();
        json!({ "acme": {}, "scopes": scopes })
    };
    assert_eq!(said(&with(10, 5)), Vec::<String>::new());
    // It does not matter how they are spread over scopes. The first that is too much is told, and no other.
    for document in [with(1, 900), with(100, 9)] {
        let told = said(&document);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains(".constraints.pattern: with this one, the patterns of the configuration take more than the 16 MiB allowed for all of them (classes such as"), "{told:?}");
    }
}

/// One document within its bounds is as much as a repository can afford; a hundred of them are not.
#[test]
fn all_configurations_of_a_repository_together_are_bounded() {
    let config = |universe: &str, more: &Value| {
        let mut document = json!({ universe: { "contacts": { "crm": {} } } });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Config::parse(universe, document.to_string().as_bytes()).unwrap()
    };
    // Each adds one to those before it, until it is too much.
    let told = |more: &dyn Fn(usize) -> Value| {
        let mut active = Active::default();
        for n in 0..200 {
            match active.with(config(&format!("u{n}"), &more(n))) {
                Ok(with) => active = with,
                Err(mistakes) => return (n, mistakes[0].to_string()),
            }
        }
        (200, String::new())
    };
    assert_eq!(
        told(&|_| json!({})),
        (100, "101 universes in this repository where at most 100 are allowed (move some of them to another repository)".to_owned())
    );
    let (count, text) = told(
        &|n| json!({ "settings": { "alert_recipients": (0..20).map(|m| format!("{n}-{m}@example.org")).collect::<Vec<_>>() } }),
    );
    assert!(
        count == 2 && text.starts_with("settings.alert_recipients: 60 recipients in all documents"),
        "{count} {text}"
    );
    let (count, text) = told(
        &|n| json!({ "scopes": { "v": { "fields": [{ "name": "x", "description": format!("{n} {}", "x".repeat(1_000_000)) }], "primaryKey": ["x"] } } }),
    );
    assert!(
        count == 4
            && text.contains("bytes in all documents of the repository together where at most 4194304"),
        "{count} {text}"
    );
    let costly = |n: usize, m: usize| json!({ "name": format!("x{m}"), "constraints": { "pattern": format!("(?:(?:a?){{30}}){{30}}{n}-{m}") } });
    let (count, text) = told(
        &|n| json!({ "scopes": { "v": { "fields": (0..100).map(|m| costly(n, m)).collect::<Vec<_>>(), "primaryKey": ["x0"] } } }),
    );
    assert!((2..10).contains(&count) && text.contains("bytes of compiled patterns"), "{count} {text}");
}
