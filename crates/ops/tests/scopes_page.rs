//! The page about scopes is what the schemas say, and its examples are good files.

use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::schema::compile::Scope;
use tidewaiter::schema::{TableSchema, catalogue};
use tidewaiter_ops::scopes_page as docs;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scopes.md");

#[test]
fn the_page_is_what_the_schemas_say() {
    let generated = docs::scopes();
    if std::env::var("UPDATE_SCHEMAS").is_ok() {
        std::fs::write(COMMITTED, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap_or_default();
    assert!(committed == generated, "run `UPDATE_SCHEMAS=1 cargo test -p tidewaiter-ops --test scopes_page`");
}

struct Nothing;

impl Sink for Nothing {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}

#[test]
fn every_example_is_a_good_file() {
    let page = docs::scopes();
    for (name, schema) in catalogue::scopes() {
        let scope = Arc::new(Scope::compile(name, schema).unwrap());
        for example in docs::examples(schema) {
            assert!(page.contains(&format!("```csv\n{example}```")), "{name}");
            let mut checker = Checker::new(scope.clone(), Dialect::default(), Limits::default());
            checker.feed(example.as_bytes(), &mut Nothing);
            let summary = checker.finish(&mut Nothing);
            let findings: Vec<&str> = summary.findings.kept().iter().map(|f| f.message.as_str()).collect();
            assert_eq!((summary.accepted, findings), (1, vec![]), "{name}: {example}");
        }
    }
}

#[test]
fn the_configuration_on_the_page_is_valid() {
    let page = docs::scopes();
    let document = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    tidewaiter::config::Config::parse("shop", document.as_bytes()).unwrap();
}

#[test]
fn what_a_schema_says_is_put_into_words() {
    let schema: TableSchema = serde_json::from_str(
        r#"{
            "title": "Visits",
            "description": "Who came by.",
            "fields": [
                { "name": "visit_id", "constraints": { "required": true, "minLength": 2, "maxLength": 8, "pattern": "V|W.*" } },
                { "name": "day", "type": "date", "format": "%d/%m/%Y", "example": "31/01/2026" },
                { "name": "sold", "type": "boolean", "trueValues": ["yes"], "falseValues": ["no"], "example": "yes" },
                { "name": "note", "example": "say \"hi\"; bye" }
            ],
            "primaryKey": ["visit_id"],
            "onExisting": "keep"
        }"#,
    )
    .unwrap();
    let text = docs::scope("visits", &schema, catalogue::scopes());
    for part in [
        "## visits\n\n**Visits.** Who came by.\n",
        "- A line creates a record.\n- Its key is `visit_id`.\n- An existing record stays unchanged",
        r"| `visit_id` | yes | text, 2 to 8 characters, matching `V\|W.*` |",
        "| date as `%d/%m/%Y` |",
        "| `yes` for true, `no` for false |",
        ";31/01/2026;yes;\"say \"\"hi\"\"; bye\"\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
