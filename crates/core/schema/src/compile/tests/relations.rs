//! What schemas say of the relations between records, and every mistake in it.

#![expect(clippy::needless_pass_by_value, reason = "tests read better so")]

use super::*;

/// A schema with a key, a text, a whole number, a date and these properties.
fn with(properties: Value) -> Result<Scope, Vec<Mistake>> {
    let required = json!({ "required": true });
    let mut schema = json!({
        "fields": [
            { "name": "id", "constraints": required }, { "name": "who", "constraints": required },
            { "name": "n", "type": "integer" }, { "name": "day", "type": "date", "constraints": required },
        ],
        "primaryKey": ["id"],
    });
    schema.as_object_mut().unwrap().extend(properties.as_object().unwrap().clone());
    compile(schema)
}

fn leads(to: &str, more: Value) -> Value {
    let mut key = json!({ "fields": ["who"], "reference": { "resource": to } });
    key.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    key
}

#[test]
fn columns_with_lists_are_strings_and_no_keys() {
    assert_mistakes(
        compile(json!({
            "fields": [
                { "name": "a", "merge": "lists" }, { "name": "b", "merge": "lists", "type": "integer" },
                { "name": "c", "merge": "lists", "format": "email" },
            ],
            "primaryKey": ["a"],
            "alternateKeys": ["c", "d"],
        })),
        &[
            ("fields[2].format", "columns of lists have no format"),
            ("alternateKeys[1]", "there is no field `d`"),
            ("fields[1].merge", "columns of lists are strings"),
            ("fields[1].merge", "a scope has at most one column of lists"),
            ("fields[2].merge", "a scope has at most one column of lists"),
            ("primaryKey[0]", "`a` contains lists and cannot be a key"),
            ("alternateKeys[0]", "`c` contains lists and cannot be a key"),
        ],
    );
}

#[test]
fn keys_are_made_for_one_column_from_one_that_is_there() {
    let made = |field: &str, from: &str| json!({ "generated": { "field": field, "from": from } });
    assert_mistakes(
        with(made("id", "who")),
        &[("generated.field", "`id` is required, so nothing is generated")],
    );
    assert_mistakes(
        with(made("n", "n")),
        &[
            ("generated.field", "`n` is not the primary key"),
            ("generated.from", "`n` is not required, so a key cannot always be generated from it"),
        ],
    );
    let scope = |code: Value, more: Value| {
        let mut schema = json!({
            "fields": [{ "name": "code", "constraints": code }, { "name": "who", "constraints": { "required": true } }],
            "primaryKey": ["code"],
            "generated": { "field": "code", "from": "who" },
        });
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        compile(schema)
    };
    assert!(scope(json!({ "pattern": "[0-9]{13}" }), json!({})).unwrap().generated() == Some(0));
    assert_mistakes(
        scope(json!({ "maxLength": 12 }), json!({})),
        &[("generated.field", "`code` does not take a code such as 2000000000008")],
    );
    assert_mistakes(
        scope(json!({}), json!({ "onExisting": "append" })),
        &[("generated", "records that are only added have no key")],
    );
}

#[test]
fn references_that_belong_or_claim_fit_what_happens_to_records() {
    let owned = leads("a", json!({ "dependent": true, "matching": ["n", "x"] }));
    let claim = leads("b", json!({ "claims": "by;whom" }));
    assert_mistakes(
        with(json!({ "foreignKeys": [owned, owned, claim], "records": "c", "givesWayTo": "d" })),
        &[
            ("foreignKeys[0].matching[1]", "there is no field `x`"),
            (
                "foreignKeys[0].dependent",
                "records that belong to others have no key of their own: set onExisting to append",
            ),
            ("foreignKeys[0].dependent", "records that belong to others need a scope of their own"),
            ("foreignKeys[1].matching[1]", "there is no field `x`"),
            (
                "foreignKeys[1].dependent",
                "records that belong to others have no key of their own: set onExisting to append",
            ),
            ("foreignKeys[1].dependent", "records belong to one other record, not to several"),
            ("foreignKeys[1].dependent", "records that belong to others need a scope of their own"),
            ("foreignKeys[2].claims", "a changed claim would never be released: set onExisting to keep"),
            ("foreignKeys[2].claims", "the name holds a delimiter, a quote or a control character"),
            ("givesWayTo", "records that give way need a scope of their own"),
        ],
    );
    let good = leads("a", json!({ "dependent": true, "matching": ["n"] }));
    assert!(with(json!({ "foreignKeys": [good], "onExisting": "append", "primaryKey": [] })).is_ok());
    assert_mistakes(
        with(json!({ "givesWayTo": "d", "onExisting": "append" })),
        &[("givesWayTo", "records that are only added have no key to give way to")],
    );
}

#[test]
fn lines_that_delete_make_nothing() {
    let claim = leads("b", json!({ "claims": "by" }));
    assert_mistakes(
        with(json!({ "row": "delete", "onExisting": "keep", "givesWayTo": "a", "foreignKeys": [claim] })),
        &[
            ("givesWayTo", "lines that delete records generate no key"),
            ("foreignKeys[0].claims", "lines that delete records generate no key"),
        ],
    );
    assert_mistakes(
        with(json!({ "row": "delete", "onExisting": "append" })),
        &[("onExisting", "lines that delete records need the key of the record")],
    );
}

fn adjusting(adjusts: Value, more: Value) -> Result<Scope, Vec<Mistake>> {
    let mut schema = json!({ "row": "adjust", "adjusts": adjusts, "onExisting": "keep", "foreignKeys": [leads("cards", json!({}))] });
    schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    with(schema)
}

#[test]
fn what_is_adjusted_is_said_once_and_clearly() {
    let add = json!({ "resource": "cards", "add": { "n": "sum" } });
    assert!(adjusting(add.clone(), json!({})).is_ok());
    assert_mistakes(
        with(json!({ "row": "adjust" })),
        &[("adjusts", "a scope whose lines adjust records needs `adjusts`")],
    );
    assert_mistakes(
        adjusting(add.clone(), json!({ "row": "upsert" })),
        &[("row", "a scope with `adjusts` has the row effect `adjust`")],
    );
    assert_mistakes(
        adjusting(json!({ "resource": "cards" }), json!({})),
        &[("adjusts", "it adds nothing and sets nothing")],
    );
    let none = [("adjusts.resource", "one foreign key must refer to \"cards\"")];
    assert_mistakes(adjusting(add.clone(), json!({ "foreignKeys": [] })), &none);
    let key = leads("cards", json!({}));
    let either = json!({ "fields": ["who"], "reference": { "resource": "accounts", "orIn": ["cards"] } });
    assert_mistakes(adjusting(add.clone(), json!({ "foreignKeys": [key, either] })), &none);
    assert_mistakes(
        adjusting(add, json!({ "foreignKeys": [either] })),
        &[("adjusts.resource", "the foreign key must refer to \"cards\" alone, without orIn")],
    );
}

#[test]
fn columns_of_adjustments_fit_what_is_done_with_them() {
    assert_mistakes(
        adjusting(
            json!({ "resource": "cards", "add": { "who": "a", "x": "a" }, "set": { "y": "a", "n": " b" }, "latest": "day" }),
            json!({ "onExisting": "merge" }),
        ),
        &[
            ("adjusts.add", "added amounts cannot be changed: set onExisting to append or keep"),
            ("adjusts.add.who", "`who` is not a column of whole numbers"),
            ("adjusts.add.x", "there is no field `x`"),
            ("adjusts.set.y", "there is no field `y`"),
            ("adjusts.add.x", "`a` is named twice"),
            ("adjusts.set.n", "the name begins or ends with a space"),
            ("adjusts.set.y", "`a` is named twice"),
            ("adjusts.latest", "`day` is not among the columns of `set`"),
        ],
    );
    let latest = |column: &str| {
        adjusting(json!({ "resource": "cards", "set": { column: "since" }, "latest": column }), json!({}))
    };
    assert!(latest("day").is_ok());
    assert_mistakes(
        latest("n"),
        &[
            ("adjusts.latest", "`n` is not a column of dates"),
            ("adjusts.latest", "`n` is not required, so a line may lack the date that decides"),
        ],
    );
}
