//! Scopes of a document that lead nowhere, or to what they must not.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test stops at what it does not expect, and reads better with values"
)]

use serde_json::{Value, json};
use tidewaiter::config::Config;
use tidewaiter::mistake::MOST;

/// What is said about these scopes; the paths are below `scopes`.
fn said(scopes: &Value) -> Vec<String> {
    let document = json!({ "acme": {}, "scopes": scopes }).to_string();
    let mistakes = Config::parse("acme", document.as_bytes()).err().unwrap_or_default();
    mistakes.iter().map(|m| m.to_string().replacen("scopes.", "", 1)).collect()
}

#[track_caller]
fn assert_said(scopes: Value, expected: &[&str]) {
    assert_eq!(said(&scopes), expected, "{scopes}");
}

/// A scope with a key, some columns, and these properties.
fn scope(more: Value) -> Value {
    let required = json!({ "required": true });
    let mut scope = json!({
        "fields": [
            { "name": "id", "constraints": required }, { "name": "email", "format": "email" },
            { "name": "n", "type": "integer" }, { "name": "day", "type": "date", "constraints": required },
        ],
        "primaryKey": ["id"],
    });
    scope.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scope
}

/// The same with a reference of `id` to a scope, which says this as well.
fn referring(resource: &str, reference: Value, key: Value, more: Value) -> Value {
    let mut there = json!({ "resource": resource });
    there.as_object_mut().unwrap().extend(reference.as_object().unwrap().clone());
    let mut foreign = json!({ "fields": ["id"], "reference": there });
    foreign.as_object_mut().unwrap().extend(key.as_object().unwrap().clone());
    let mut scope = scope(json!({ "foreignKeys": [foreign] }));
    scope.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    scope
}

#[test]
fn references_lead_to_records_with_a_key() {
    assert_said(
        json!({
            "a": referring("deletecontacts", json!({}), json!({}), json!({})),
            "b": referring("ordersitems", json!({}), json!({}), json!({})),
            "c": referring("order", json!({}), json!({}), json!({})),
        }),
        &[
            r#"a.foreignKeys[0].reference.resource: records of "deletecontacts" are stored as "contacts" (name "contacts" instead)"#,
            r#"b.foreignKeys[0].reference.resource: records of "ordersitems" have no key to refer to"#,
            r#"c.foreignKeys[0].reference.resource: unknown scope "order" (did you mean `orders`?)"#,
        ],
    );
}

#[test]
fn other_scopes_of_a_reference_have_keys_of_the_same_kind() {
    let or_in = json!(["order", "orders", "stores", "contacts", "ordersitems", "tierchange", "stores"]);
    assert_said(
        json!({ "a": referring("orders", json!({ "orIn": or_in }), json!({}), json!({})) }),
        &[
            r#"a.foreignKeys[0].reference.orIn[0]: unknown scope "order" (did you mean `orders`?)"#,
            r#"a.foreignKeys[0].reference.orIn[1]: "orders" is named twice"#,
            r#"a.foreignKeys[0].reference.orIn[3]: keys of "contacts" have another format than those of "orders""#,
            r#"a.foreignKeys[0].reference.orIn[4]: records of "ordersitems" have no key to refer to"#,
            r#"a.foreignKeys[0].reference.orIn[5]: keys of "tierchange" have another format than those of "orders""#,
            r#"a.foreignKeys[0].reference.orIn[6]: "stores" is named twice"#,
        ],
    );
}

#[test]
fn columns_that_match_are_on_both_sides() {
    let both = json!({ "matching": ["n", "email", "day"] });
    assert_said(
        json!({ "a": referring("b", json!({ "orIn": ["stores"] }), both, json!({})), "b": scope(json!({})) }),
        &[
            r#"a.foreignKeys[0].matching[0]: there is no field `n` in "stores""#,
            r#"a.foreignKeys[0].matching[2]: there is no field `day` in "stores""#,
        ],
    );
}

#[test]
fn a_claim_is_noted_where_no_file_writes() {
    let claims = |scope: &str, column: &str| {
        referring(scope, json!({}), json!({ "claims": column }), json!({ "onExisting": "keep" }))
    };
    assert_said(json!({ "a": claims("earnreward", "taken_by") }), &[]);
    let hint = "(files may not set it: give the column and the field different names)";
    assert_said(
        json!({
            "a": claims("stores", "manager"),
            "b": claims("orders", "taken_by"),
            "c": claims("earnreward", "burned_by"),
            "d": claims("cardcode", "points_balance"),
        }),
        &[
            &format!(
                r#"a.foreignKeys[0].claims: `manager` of "stores" says which of "a" claims a record {hint}"#
            ),
            r#"b.foreignKeys[0].claims: records of "orders" are replaced as a whole, so the note would be lost"#,
            r#"c.foreignKeys[0].claims: lines of "burnreward" already write to `burned_by` of "earnreward""#,
            r#"d.foreignKeys[0].claims: lines of "creditpoints" already write to `points_balance` of "cardcode""#,
        ],
    );
    // A field that is added where the catalogue notes a claim is the mistake, not the catalogue.
    assert_said(
        json!({ "earnreward": { "fields": [{ "name": "note" }, { "name": "burned_by" }] } }),
        &[&format!(
            r#"earnreward.fields[1].name: `burned_by` of "earnreward" says which of "burnreward" claims a record {hint}"#
        )],
    );
    let twice = json!({ "fields": ["id"], "reference": { "resource": "stores" }, "claims": "by" });
    let message = r#"lines of "a" already write to `by` of "stores""#;
    assert_said(
        json!({ "a": scope(json!({ "foreignKeys": [twice, twice], "onExisting": "keep" })) }),
        &[&format!("a.foreignKeys[0].claims: {message}"), &format!("a.foreignKeys[1].claims: {message}")],
    );
}

#[test]
fn adjustments_lead_to_records_that_stay_and_columns_that_fit() {
    let adjusting = |resource: &str, adjusts: Value| {
        let mut said = json!({ "resource": resource });
        said.as_object_mut().unwrap().extend(adjusts.as_object().unwrap().clone());
        let more = json!({ "row": "adjust", "onExisting": "keep", "adjusts": said });
        referring(resource, json!({}), json!({}), more)
    };
    assert_said(
        json!({ "a": adjusting("products", json!({ "add": { "n": "stock" }, "set": { "id": "brand", "day": "counted_on" } })) }),
        &[],
    );
    let sums = "(sums are whole numbers: the type is integer)";
    let same = "(both must have the same type and format)";
    assert_said(
        json!({
            "a": adjusting("products", json!({ "add": { "n": "price" }, "set": { "id": "product_id", "day": "name" } })),
            "b": adjusting("orders", json!({ "add": { "n": "sum" } })),
            "c": adjusting("ordersitems", json!({ "add": { "n": "sum" } })),
            "d": adjusting("product", json!({ "add": { "n": "sum" } })),
            "e": adjusting("contacts", json!({ "set": { "id": "customer_key", "email": "subscriptions" } })),
            "f": adjusting("cardcode", json!({ "set": { "id": "contact" } })),
        }),
        &[
            &format!(r#"a.adjusts.add.n: `n` does not fit `price` of "products" {sums}"#),
            &format!(r#"a.adjusts.set.day: `day` does not fit `name` of "products" {same}"#),
            r#"a.adjusts.set.id: records of "products" are found by `product_id`: it cannot be adjusted"#,
            r#"b.adjusts.resource: records of "orders" are replaced as a whole, so the note would be lost"#,
            r#"c.foreignKeys[0].reference.resource: records of "ordersitems" have no key to refer to"#,
            r#"d.foreignKeys[0].reference.resource: unknown scope "product" (did you mean `products`?)"#,
            r#"e.adjusts.set.email: `email` does not fit `subscriptions` of "contacts" (both must have the same type and format)"#,
            r#"e.adjusts.set.id: records of "contacts" are found by `customer_key`: it cannot be adjusted"#,
            r#"f.adjusts.set.id: records of "cardcode" are found by `contact`: it cannot be adjusted"#,
        ],
    );
    assert_said(
        json!({ "a": scope(json!({ "row": "adjust", "adjusts": { "resource": "product", "set": { "n": "x" } } })) }),
        &[
            r#"a.adjusts.resource: unknown scope "product" (did you mean `products`?)"#,
            r#"a.adjusts.resource: one foreign key must refer to "product""#,
        ],
    );
    // A field that is added where the catalogue adds up is a whole number.
    assert_said(
        json!({ "cardcode": { "fields": [{ "name": "points_balance" }, { "name": "tier_since", "type": "datetime" }] } }),
        &[&format!(
            r#"cardcode.fields[0].type: `points` does not fit `points_balance` of "cardcode" {sums}"#
        )],
    );
}

#[test]
fn whoever_gives_way_has_the_same_key() {
    let way = |to: &str| scope(json!({ "givesWayTo": to }));
    let other = json!({ "fields": [{ "name": "id", "format": "email" }], "primaryKey": ["id"] });
    assert_said(json!({ "a": way("b"), "b": way("c"), "c": scope(json!({})) }), &[]);
    assert_said(
        json!({ "a": way("order"), "b": way("orders"), "c": way("ordersitems"), "d": way("e"), "e": other }),
        &[
            r#"a.givesWayTo: unknown scope "order" (did you mean `orders`?)"#,
            r#"b.givesWayTo: the key here is not that of "orders": order_id"#,
            r#"c.givesWayTo: records of "ordersitems" have no key to refer to"#,
            r#"d.givesWayTo: `id` of "e" has another format (a record is found only if both use the same format for its key)"#,
        ],
    );
}

#[test]
fn nobody_gives_way_in_a_circle() {
    let way = |to: &str| scope(json!({ "givesWayTo": to }));
    let hint = "(of two scopes only one gives way)";
    let circle =
        |name: &str| format!("{name}.givesWayTo: records of {name:?} cannot give way to themselves {hint}");
    assert_said(json!({ "a": way("a") }), &[&circle("a")]);
    assert_said(
        json!({ "a": way("b"), "b": way("c"), "c": way("a"), "outside": way("a") }),
        &[&circle("a"), &circle("b"), &circle("c")],
    );
}

#[test]
fn records_of_another_scope_are_found_there() {
    let of = |records: &str| scope(json!({ "records": records, "alternateKeys": ["email", "n"] }));
    let email = json!({ "fields": [{ "name": "id" }, { "name": "email" }], "primaryKey": ["id"] });
    assert_said(json!({ "a": of("a"), "b": of("c"), "c": scope(json!({})) }), &[]);
    assert_said(
        json!({ "a": of("b"), "b": email, "c": of("a"), "d": of("ordersitems"), "e": of("contacts"), "f": of("contact") }),
        &[
            r#"a.alternateKeys[0]: `email` of "b" has another format (a record is found only if both use the same format for its key)"#,
            r#"a.alternateKeys[1]: there is no field `n` in "b""#,
            r#"c.records: records of "a" are stored as "b" (name "b" instead)"#,
            r#"d.records: records of "ordersitems" have no key to refer to"#,
            r#"e.records: the key here is not that of "contacts": email, cellphone"#,
            r#"e.alternateKeys[1]: there is no field `n` in "contacts""#,
            r#"f.records: unknown scope "contact" (did you mean `contacts`?)"#,
        ],
    );
}

#[test]
fn what_is_inside_a_relation_has_its_own_path() {
    let wrong = "wrong format for configuration value";
    assert_said(
        json!({ "a": scope(json!({
            "generated": { "field": 1, "form": "n" },
            "adjusts": { "add": { "n": 1, "m\u{1b}": null }, "set": [], "latest": {}, "lastest": 1 },
        })) }),
        &[
            &format!(r#"a.generated.field: {wrong} "field": expected the name of a column, found 1"#),
            r#"a.generated.from: missing mandatory configuration value "from": expected the name of a column"#,
            r#"a.generated.form: unknown configuration option "form" (did you mean `from`?)"#,
            r#"a.adjusts.resource: missing mandatory configuration value "resource": expected the name of a scope"#,
            &format!(
                r#"a.adjusts.add.n: {wrong} "n": expected the name of a column of the record referred to, found 1"#
            ),
            &format!(
                r#"a.adjusts.add.m\u{{1b}}: {wrong} "m\u{{1b}}": expected the name of a column of the record referred to, found null"#
            ),
            &format!(r#"a.adjusts.set: {wrong} "set": expected an object, found a list"#),
            &format!(r#"a.adjusts.latest: {wrong} "latest": expected the name of a column, found an object"#),
            r#"a.adjusts.lastest: unknown configuration option "lastest" (did you mean `latest`?)"#,
        ],
    );
    for list in ["generated", "adjusts"] {
        assert_said(
            json!({ "a": scope(json!({ list: ["id", "n"] })) }),
            &[&format!(r#"a.{list}: {wrong} "{list}": expected an object, found a list"#)],
        );
    }
}

#[test]
fn a_scope_of_the_catalogue_is_only_added_to() {
    let keys =
        ["primaryKey", "alternateKeys", "generated", "givesWayTo", "adjusts", "records", "row", "onExisting"];
    for key in keys {
        let found = said(&json!({ "stores": { "fields": [], key: "merge" } }));
        assert_eq!(found, [format!("stores.{key}: unknown configuration option {key:?}")]);
    }
    assert_said(
        json!({ "contacts": { "fields": [{ "name": "lists", "merge": "lists" }] } }),
        &["contacts.fields[0].merge: a scope has at most one column of lists"],
    );
    let dependent =
        json!({ "fields": ["store_id"], "reference": { "resource": "stores" }, "dependent": true });
    assert_said(
        json!({ "contacts": { "foreignKeys": [dependent] } }),
        &[
            "contacts.foreignKeys[0].dependent: records that belong to others have no key of their own: set onExisting to append",
        ],
    );
}

#[test]
fn nothing_is_said_about_what_leads_to_a_scope_that_cannot_be_read() {
    let broken = json!({ "fields": [{ "name": "id" }], "primaryKey": "id" });
    let found = said(&json!({
        "a": referring("broken", json!({ "orIn": ["nothing"] }), json!({ "claims": "id" }), json!({ "onExisting": "keep", "givesWayTo": "broken" })),
        "broken": broken,
        "nothing": 5,
    }));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("broken.primaryKey: wrong format"), "{found:#?}");
    assert!(found[1].starts_with("nothing: wrong format"), "{found:#?}");
}

#[test]
fn a_document_of_nothing_but_mistakes_is_told_in_a_list_of_bounded_length() {
    let column = json!({ "fields": [{ "name": "x" }], "primaryKey": ["x"] });
    let claim = json!({ "fields": ["x"], "reference": { "resource": "stores" }, "claims": "b" });
    let scopes: serde_json::Map<String, Value> = (0..200)
        .map(|n| {
            let mut scope = column.clone();
            scope["onExisting"] = json!("keep");
            scope["foreignKeys"] = json!([claim, claim]);
            (format!("claims_{n}"), scope)
        })
        .collect();
    let found = said(&Value::Object(scopes));
    assert_eq!(found.len(), MOST);
    assert_eq!(
        found[0],
        "claims_0.foreignKeys[0].claims: lines of \"claims_0\" already write to `b` of \"stores\""
    );
    assert_eq!(found[MOST - 1], "there are more mistakes (fix these first)");
}

#[test]
fn records_do_not_adjust_each_other() {
    let adjusts = json!({ "row": "adjust", "adjusts": { "resource": "emp", "set": { "day": "last_day" } } });
    assert_said(
        json!({ "emp": referring("emp", json!({}), json!({}), adjusts) }),
        &[
            "emp.adjusts.resource: records of one scope cannot adjust each other: the effect of a file could not be told apart",
        ],
    );
}
