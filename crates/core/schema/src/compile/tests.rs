//! Schemas that are right, and every mistake in those that are not.

use serde_json::{Value, json};

use super::*;

mod relations;

fn compile(schema: Value) -> Result<Scope, Vec<Mistake>> {
    Scope::compile("things", &serde_json::from_value(schema).unwrap())
}

/// A schema with a good key and this field.
fn with_field(field: &Value) -> Result<Scope, Vec<Mistake>> {
    compile(json!({ "fields": [{ "name": "id" }, field], "primaryKey": ["id"] }))
}

fn check(field: &Value, value: &str) -> Result<(), Problem> {
    with_field(field).unwrap().columns()[1].check(value)
}

#[track_caller]
fn assert_mistakes(found: Result<Scope, Vec<Mistake>>, expected: &[(&str, &str)]) {
    let found = found.map(|scope| scope.name).unwrap_err();
    let found: Vec<_> = found.iter().map(|m| (m.path.as_str(), m.message.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_good_schema_has_its_names_looked_up() {
    let scope = compile(json!({
        "fields": [{ "name": "a" }, { "name": "b", "constraints": { "required": true } }, { "name": "c", "type": "integer" }],
        "primaryKey": ["b", "a"],
        "requireAny": [["a", "c"]],
        "foreignKeys": [{ "fields": ["c"], "reference": { "resource": "stores", "fields": ["id"] } }],
        "missingValues": ["", "NA"],
    }))
    .unwrap();
    assert_eq!(scope.name(), "things");
    assert_eq!(scope.primary_key(), [1, 0]);
    assert_eq!(scope.require_any(), [vec![0, 2]]);
    assert_eq!(scope.column("c"), Some(2));
    assert_eq!(scope.column("d"), None);
    assert_eq!(scope.foreign_keys()[0].columns, [2]);
    assert_eq!(scope.foreign_keys()[0].resource, "stores");
    assert!(scope.columns()[1].required());
    assert!(scope.is_missing("") && scope.is_missing("NA") && !scope.is_missing("na"));
}

#[test]
fn no_fields() {
    assert_mistakes(
        compile(json!({ "fields": [], "onExisting": "append" })),
        &[("fields", "a scope needs at least one field")],
    );
}

#[test]
fn names_of_fields() {
    assert_mistakes(
        compile(json!({
            "fields": [
                { "name": "a" }, { "name": "a" }, { "name": "" }, { "name": " b" }, { "name": "c;d" },
                { "name": "e\"f" }, { "name": "g\th" }, { "name": "{i}" }, { "name": "j".repeat(129) }, { "name": "an é is fine" },
                { "name": "evil\u{202e}gpj" }, { "name": "a\u{200b}b" },
            ],
            "primaryKey": ["a"],
        })),
        &[
            ("fields[1].name", "`a` is already the name of fields[0]"),
            ("fields[2].name", "the name is empty"),
            ("fields[3].name", "the name begins or ends with a space"),
            ("fields[4].name", "the name holds a delimiter, a quote or a control character"),
            ("fields[5].name", "the name holds a delimiter, a quote or a control character"),
            ("fields[6].name", "the name holds a delimiter, a quote or a control character"),
            ("fields[7].name", "the name begins with a bracket"),
            ("fields[8].name", "the name is longer than 128 bytes"),
            ("fields[10].name", "the name holds a character that cannot be seen"),
            ("fields[11].name", "the name holds a character that cannot be seen"),
        ],
    );
}

#[test]
fn constraints_must_fit_the_type() {
    let all =
        json!({ "minLength": 1, "maxLength": 2, "minimum": 1, "maximum": 2, "pattern": "a", "enum": ["x"] });
    assert_mistakes(
        with_field(&json!({ "name": "b", "type": "boolean", "constraints": all })),
        &[
            ("fields[1].constraints.minLength", "boolean columns have no minLength"),
            ("fields[1].constraints.maxLength", "boolean columns have no maxLength"),
            ("fields[1].constraints.minimum", "boolean columns have no minimum"),
            ("fields[1].constraints.maximum", "boolean columns have no maximum"),
            ("fields[1].constraints.pattern", "boolean columns have no pattern"),
            ("fields[1].constraints.enum", "boolean columns have no enum"),
        ],
    );
    assert_mistakes(
        with_field(&json!({ "name": "b", "type": "string", "constraints": { "minimum": "a" } })),
        &[("fields[1].constraints.minimum", "string columns have no minimum")],
    );
}

#[test]
fn bounds_are_read() {
    assert_mistakes(
        with_field(
            &json!({ "name": "b", "type": "date", "constraints": { "minimum": 2026, "maximum": "2026-02-30" } }),
        ),
        &[
            ("fields[1].constraints.minimum", "`2026` is not a date such as 2026-01-31"),
            ("fields[1].constraints.maximum", "`2026-02-30` is not a date such as 2026-01-31"),
        ],
    );
    assert_mistakes(
        with_field(
            &json!({ "name": "b", "type": "number", "constraints": { "minimum": "2.10", "maximum": 2 } }),
        ),
        &[("fields[1].constraints.minimum", "the minimum, 2.10, is more than the maximum, 2")],
    );
    assert_mistakes(
        with_field(&json!({ "name": "b", "constraints": { "minLength": 3, "maxLength": 2 } })),
        &[("fields[1].constraints.minLength", "minLength is 3, more than maxLength, which is 2")],
    );
    assert!(with_field(&json!({ "name": "b", "type": "year", "constraints": { "minimum": 2000 } })).is_ok());
}

#[test]
fn patterns_are_built() {
    let pattern = |text: &str| with_field(&json!({ "name": "b", "constraints": { "pattern": text } }));
    assert_mistakes(
        pattern("(a"),
        &[("fields[1].constraints.pattern", "`(a` is not a regular expression: unclosed group")],
    );
    assert!(pattern("a)|(b").is_err());
    assert_mistakes(
        pattern("(\\w{1000}){1000}"),
        &[("fields[1].constraints.pattern", "the pattern has 1000000 places where at most 1000 are allowed")],
    );
}

#[test]
fn formats_belong_to_types() {
    assert_mistakes(
        compile(json!({
            "fields": [
                { "name": "a", "format": "e-mail" }, { "name": "b", "type": "integer", "format": "%d" },
                { "name": "c", "type": "date", "format": "%d/%m" }, { "name": "d", "type": "date", "format": "any" },
                { "name": "e", "type": "boolean", "trueValues": ["1"], "falseValues": ["1"] },
                { "name": "f", "type": "string", "trueValues": ["1"] }, { "name": "g", "type": "time", "format": "%!" },
                { "name": "h", "type": "date", "format": "default" },
            ],
            "primaryKey": ["a"],
        })),
        &[
            ("fields[0].format", "`e-mail` is not a format of strings"),
            ("fields[1].format", "integer has no formats"),
            ("fields[2].format", "`%d/%m` is not a pattern from which a date can be read"),
            ("fields[3].format", "`any` is not a pattern from which a date can be read"),
            ("fields[4]", "`1` means both true and false"),
            ("fields[5]", "trueValues and falseValues are for booleans only"),
            ("fields[6].format", "`%!` is not a pattern from which a time can be read"),
        ],
    );
}

#[test]
fn examples_and_enumerations_must_be_valid() {
    assert_mistakes(
        with_field(
            &json!({ "name": "b", "type": "integer", "example": "x", "constraints": { "minimum": 1 } }),
        ),
        &[("fields[1].example", "the example `x` is not a whole number such as -12")],
    );
    assert_mistakes(
        with_field(&json!({ "name": "b", "type": "integer", "constraints": { "enum": ["1", "two"] } })),
        &[("fields[1].constraints.enum[1]", "`two` is not a whole number such as -12")],
    );
    assert_mistakes(
        with_field(&json!({ "name": "b", "constraints": { "enum": [] } })),
        &[("fields[1].constraints.enum", "an empty enum allows no value at all")],
    );
}

#[test]
fn keys_name_columns() {
    assert_mistakes(
        compile(json!({
            "fields": [{ "name": "a" }],
            "primaryKey": ["a", "x", "a"],
            "identifiedBy": ["y"],
            "requireAny": [["z"], []],
            "foreignKeys": [{ "fields": ["w"], "reference": { "resource": "", "fields": ["a", "b"] } }],
        })),
        &[
            ("primaryKey[1]", "there is no field `x`"),
            ("primaryKey[2]", "`a` is named twice"),
            ("identifiedBy[0]", "there is no field `y`"),
            ("requireAny[0][0]", "there is no field `z`"),
            ("requireAny[1]", "at least one column must be named"),
            ("foreignKeys[0].fields[0]", "there is no field `w`"),
            ("foreignKeys[0].reference.resource", "the name is empty"),
            ("foreignKeys[0].reference.fields", "1 columns here refer to 2 there"),
            ("identifiedBy", "a scope has either a primaryKey or identifiedBy, not both"),
        ],
    );
    assert_mistakes(
        compile(json!({ "fields": [{ "name": "a" }] })),
        &[("primaryKey", "records that are merged or replaced need a key")],
    );
    assert!(compile(json!({ "fields": [{ "name": "a" }], "onExisting": "append" })).is_ok());
    assert!(compile(json!({ "fields": [{ "name": "a" }], "identifiedBy": ["a"] })).is_ok());
}

#[test]
fn cells_are_checked_in_a_fixed_order() {
    let code = json!({ "name": "b", "constraints": { "minLength": 2, "maxLength": 3, "pattern": "[a-zé]+", "enum": ["éé", "ab", "abc"] } });
    assert_eq!(check(&code, "éé"), Ok(()));
    assert_eq!(check(&code, "é"), Err(Problem::MinLength));
    assert_eq!(check(&code, "éééé"), Err(Problem::MaxLength));
    assert_eq!(check(&code, "ab1"), Err(Problem::Pattern));
    assert_eq!(check(&code, "abd"), Err(Problem::OneOf));
    let sum =
        json!({ "name": "b", "type": "number", "constraints": { "minimum": "0.10", "maximum": "9.99" } });
    assert_eq!(check(&sum, "0.1"), Ok(()));
    assert_eq!(check(&sum, "0.0999"), Err(Problem::Minimum));
    assert_eq!(check(&sum, "9.991"), Err(Problem::Maximum));
    assert_eq!(check(&sum, "9,99"), Err(Problem::Type));
    let day = json!({ "name": "b", "type": "date", "format": "%d/%m/%Y", "constraints": { "minimum": "01/02/2026" } });
    assert_eq!(check(&day, "02/02/2026"), Ok(()));
    assert_eq!(check(&day, "31/01/2026"), Err(Problem::Minimum));
    assert_eq!(check(&day, "2026-02-02"), Err(Problem::Type));
}

#[test]
fn a_pattern_is_about_the_whole_value() {
    let field = json!({ "name": "b", "constraints": { "pattern": "a|bc" } });
    assert_eq!(check(&field, "bc"), Ok(()));
    assert_eq!(check(&field, "abc"), Err(Problem::Pattern));
}

#[test]
fn truth_has_usual_texts_and_own_ones() {
    let usual = with_field(&json!({ "name": "b", "type": "boolean" })).unwrap();
    let column = &usual.columns()[1];
    assert_eq!(
        [column.truth("1"), column.truth("FALSE"), column.truth("yes")],
        [Some(true), Some(false), None]
    );
    let own =
        with_field(&json!({ "name": "b", "type": "boolean", "trueValues": ["oui"], "falseValues": ["non"] }))
            .unwrap();
    assert_eq!(own.columns()[1].check("oui"), Ok(()));
    assert_eq!(own.columns()[1].check("1"), Err(Problem::Type));
}

#[test]
fn problems_are_described() {
    let scope =
        with_field(&json!({ "name": "b", "constraints": { "minLength": 2, "enum": ["aa", "bb"] } })).unwrap();
    let column = &scope.columns()[1];
    assert_eq!(column.describe(Problem::MinLength, "a"), "1 character where at least 2 are required");
    assert_eq!(column.describe(Problem::OneOf, "cc"), "not one of `aa`, `bb`");
}

#[test]
fn the_catalogue_compiles() {
    for (name, schema) in crate::catalogue::scopes() {
        assert_eq!(
            Scope::compile(name, schema).map(|scope| scope.name).map_err(|m| format!("{m:#?}")).as_deref(),
            Ok(name.as_str())
        );
    }
}
