//! Options that an import cannot have, since its scope is not made for them.

#![allow(
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    reason = "a test stops at what it does not expect, and reads better with values"
)]

use serde_json::{Value, json};
use tidewaiter::config::{CheckReferences, Config, ReplaceAll};

/// Scopes that the catalogue has nothing like.
fn scopes() -> Value {
    json!({
        "parcels": {
            "fields": [{ "name": "id" }, { "name": "label" }], "primaryKey": ["id"], "alternateKeys": ["label", "id"],
        },
        "contents": {
            "fields": [{ "name": "parcel" }], "onExisting": "append",
            "foreignKeys": [{ "fields": ["parcel"], "reference": { "resource": "orders", "orIn": ["parcels"] }, "dependent": true }],
        },
        "drafts": { "fields": [{ "name": "id" }, { "name": "label" }], "primaryKey": ["id"], "alternateKeys": ["label"], "givesWayTo": "finals" },
        "finals": { "fields": [{ "name": "id" }, { "name": "label" }], "primaryKey": ["id"], "alternateKeys": ["label"] },
        "pairs": { "fields": [{ "name": "a" }, { "name": "b" }], "primaryKey": ["a", "b"] },
        "nicknames": { "fields": [{ "name": "email", "format": "email" }, { "name": "cellphone", "format": "phone" }], "identifiedBy": ["email", "cellphone"], "records": "contacts" },
        "wrong": { "fields": [], "primaryKey": ["x"] },
    })
}

/// What is said about these options of an import of a scope, and where.
fn said(scope: &str, options: &Value) -> Vec<String> {
    let mut scopes = scopes();
    if scope != "wrong" {
        scopes.as_object_mut().unwrap().remove("wrong");
    }
    let document = json!({ "acme": { scope: { "crm": options } }, "scopes": scopes }).to_string();
    let mistakes = Config::parse("acme", document.as_bytes()).err().unwrap_or_default();
    let prefix = format!("acme.{scope}.crm.");
    mistakes
        .iter()
        .map(|m| m.to_string().replace(&prefix, ""))
        .filter(|m| !m.starts_with("scopes."))
        .collect()
}

#[track_caller]
fn assert_good(scope: &str, options: Value) {
    assert_eq!(said(scope, &options), Vec::<String>::new(), "{scope}: {options}");
}

#[track_caller]
fn assert_said(scope: &str, options: Value, expected: &str) {
    assert_eq!(said(scope, &options), [expected], "{scope}: {options}");
}

#[test]
fn options_that_fit() {
    for column in ["email", "cellphone", "customer_key"] {
        assert_good("contacts", json!({ "match_by": column }));
        assert_good("deletecontacts", json!({ "match_by": column }));
    }
    for column in ["lastname", "birthdate", "store_id"] {
        assert_good("contacts", json!({ "match_by": column }));
    }
    assert_good("pairs", json!({ "match_by": "a" }));
    assert_good("deletecontacts", json!({ "match_by": { "subscription": news("cellphone") } }));
    assert_good(
        "contacts",
        json!({ "match_by": { "subscription": news("customer_key") }, "mode": "update" }),
    );
    assert_good("contacts", json!({ "subscriptions": [news("email"), news("cellphone")] }));
    assert_good("nicknames", json!({ "subscriptions": [news("email")] }));
    assert_good("orders", json!({ "match_by": "order_id" }));
    assert_good("parcels", json!({ "match_by": "id" }));
    assert_good("products", json!({ "match_by": "ean", "mode": "update", "empty": "clear" }));
    assert_good("events", json!({ "mode": "create" }));
    assert_good("ordersitems", json!({ "mode": "create", "check_references": "group" }));
    assert_good("batch", json!({ "check_references": "group" }));
    assert_good("tierchange", json!({ "mode": "update" }));
    assert_good("stores", json!({ "replace_all": {} }));
    assert_good("orders", json!({ "replace_all": { "max_removed": 0 } }));
    assert_good(
        "contacts",
        json!({ "replace_all": { "list": 0, "max_removed": 1 }, "match_by": "customer_key" }),
    );
    assert_good("pairs", json!({ "replace_all": { "max_removed": 0.25 } }));
}

#[test]
fn what_options_mean() {
    let document = json!({
        "acme": { "contacts": { "a": { "replace_all": { "list": 5 } }, "b": { "phone_prefix": "49" } } },
        "settings": { "phone_prefix": "33" },
    });
    let config = Config::parse("acme", document.to_string().as_bytes()).unwrap();
    let a = config.subsection("contacts", "a").unwrap();
    assert_eq!(a.replace_all, Some(ReplaceAll { list: Some(5), max_removed: 0.1 }));
    assert_eq!((&a.match_by, a.check_references), (&None, CheckReferences::Load));
    let prefix = |name| config.subsection("contacts", name).unwrap().phone_prefix.clone().unwrap();
    assert_eq!((prefix("a").as_str(), prefix("b").as_str()), ("33", "49"));
}

#[test]
fn records_are_matched_by_what_identifies_them() {
    assert_said(
        "contacts",
        json!({ "match_by": "emial" }),
        r#"match_by: records of "contacts" are not matched by "emial" (did you mean `email`?)"#,
    );
    assert_said(
        "stores",
        json!({ "match_by": "colour" }),
        r#"match_by: records of "stores" are not matched by "colour" (there is no such field)"#,
    );
    assert_said(
        "contacts",
        json!({ "match_by": "subscriptions" }),
        r#"match_by: records of "contacts" are not matched by lists"#,
    );
    assert_said(
        "deletecontacts",
        json!({ "match_by": "reason" }),
        r#"match_by: records of "contacts" have no field `reason` of the same type and format"#,
    );
    assert_said(
        "ordersitems",
        json!({ "match_by": "order_id" }),
        r#"match_by: records of "ordersitems" are only added, so there is nothing to match"#,
    );
    assert_said(
        "cardcode",
        json!({ "match_by": "contact" }),
        r#"match_by: records of "cardcode" are matched by their generated key"#,
    );
}

/// What names subscriptions to the news.
fn news(column: &str) -> Value {
    json!({ "resource": "news", "channel": "email", "column": column })
}

#[test]
fn contacts_are_matched_by_subscriptions_that_there_can_be() {
    let by = |subscription: Value| json!({ "match_by": { "subscription": subscription } });
    assert_said(
        "orders",
        by(news("contact")),
        r#"match_by: records of "orders" have no subscriptions (match them by a column)"#,
    );
    assert_said(
        "contacts",
        by(news("emial")),
        r#"match_by.subscription.column: lines of "contacts" have no field `emial` (did you mean `email`?)"#,
    );
    assert_said(
        "contacts",
        json!({ "match_by": { "subscription": news("cellphone") }, "replace_all": {} }),
        "match_by: a file that is the whole of something names its records by their key or a column (match by a column, or remove `replace_all`)",
    );
    assert_said(
        "contacts",
        json!({ "match_by": {} }),
        r#"match_by.subscription: missing mandatory configuration value "subscription": expected an object with `resource`, `channel` and `column`"#,
    );
}

#[test]
fn subscriptions_are_those_of_contacts() {
    let with = |change: Value| {
        let mut one = news("email");
        one.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({ "subscriptions": [one] })
    };
    let wrong = "wrong format for configuration value";
    let name = "a name of 1 to 64 ASCII letters, digits, `_` and `-`";
    let table = [
        (with(json!({ "column": "emial" })), r#"[0].column: lines of "contacts" have no field `emial` (did you mean `email`?)"#.to_owned()),
        (
            with(json!({ "column": "birthdate" })),
            r#"[0].column: lines of "contacts" have no contact data in `birthdate` (contact data is text or a whole number: an address, a telephone number, a token)"#.to_owned(),
        ),
        (
            with(json!({ "column": "subscriptions" })),
            r#"[0].column: lines of "contacts" have no contact data in `subscriptions` (contact data is text or a whole number: an address, a telephone number, a token)"#.to_owned(),
        ),
        (with(json!({ "channel": "e mail" })), format!(r#"[0].channel: {wrong} "channel": expected {name}, found "e mail""#)),
        (
            with(json!({ "on_create": "subscribe" })),
            format!(r#"[0].on_create: {wrong} "on_create": expected "subscribed" or "unconfirmed", found "subscribe" (did you mean `subscribed`?)"#),
        ),
        (
            with(json!({ "on_update": "unsubscribed" })),
            format!(r#"[0].on_update: {wrong} "on_update": expected "subscribe", "suspend", "unsubscribe" or "leave", found "unsubscribed" (did you mean `unsubscribe`?)"#),
        ),
        (
            json!({ "subscriptions": [news("email"), with(json!({ "on_update": "suspend" }))["subscriptions"][0]] }),
            "[1]: the subscription to news by email with `email` is there twice (keep one of them)".to_owned(),
        ),
        (json!({ "subscriptions": vec![news("email"); 21] }), ": 21 subscriptions where at most 20 are allowed (split the import into several)".to_owned()),
    ];
    for (options, expected) in table {
        assert_said("contacts", options, &format!("subscriptions{expected}"));
    }
    for scope in ["orders", "deletecontacts"] {
        let expected = format!(
            "subscriptions: lines of {scope:?} make no contacts, so they subscribe nobody (subscriptions belong to contacts: give them to an import into contacts)"
        );
        assert_said(scope, json!({ "subscriptions": [news("contact")] }), &expected);
    }
}

#[test]
fn columns_are_filled_from_an_address_in_a_column() {
    let at = |address: &str| json!({ "location": { "address": address } });
    assert_good("contacts", at("firstname"));
    assert_good("contacts", json!({ "location": { "address": "firstname", "city": "lastname" } }));
    assert_good("stores", json!({ "location": { "address": "name", "country": "country" } }));
    for (scope, location, expected) in [
        (
            "contacts",
            json!({ "address": "firstnam" }),
            ".address: lines of \"contacts\" have no field `firstnam` (did you mean `firstname`?)",
        ),
        (
            "contacts",
            json!({ "address": "birthdate" }),
            ".address: `birthdate` of \"contacts\" holds no text",
        ),
        (
            "contacts",
            json!({ "address": "firstname", "country": "countri" }),
            ".country: lines of \"contacts\" have no field `countri` (did you mean `country`?)",
        ),
        (
            "contacts",
            json!({ "address": "firstname", "city": "firstname" }),
            ".city: `firstname` is named twice (each of the columns is another one)",
        ),
        (
            "contacts",
            json!({ "address": "firstname", "city": "customer_key" }),
            ".city: records are found by `customer_key`, so it is not filled from an address (name another column)",
        ),
        (
            "finals",
            json!({ "address": "id" }),
            ": lines of \"finals\" have neither a field `country` nor a field `city` (name the columns to fill in `country` and `city`)",
        ),
        (
            "deletecontacts",
            json!({ "address": "email" }),
            ": lines of \"deletecontacts\" make no records, so there is nothing to fill (remove `location`)",
        ),
        (
            "contacts",
            json!({}),
            ".address: missing mandatory configuration value \"address\": expected the name of a column",
        ),
    ] {
        assert_said(scope, json!({ "location": location }), &format!("location{expected}"));
    }
    assert_said(
        "contacts",
        json!({ "match_by": "city", "location": { "address": "firstname" } }),
        "location.city: records are found by `city`, so it is not filled from an address (name another column)",
    );
}

#[test]
fn the_table_of_subscriptions_is_nobody_elses() {
    let document = json!({
        "acme": { "subscriptions": { "crm": {} } },
        "scopes": { "subscriptions": { "fields": [{ "name": "id" }], "primaryKey": ["id"] } },
    });
    let mistakes = Config::parse("acme", document.to_string().as_bytes()).unwrap_err();
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    let expected = [
        r#"scopes.subscriptions: "subscriptions" is the table in which imports keep subscriptions (call the scope something else)"#,
        r#"acme.subscriptions: unknown scope "subscriptions" (imports into contacts fill it: give one of them `subscriptions`)"#,
    ];
    assert_eq!(told, expected);
}

#[test]
fn tags_and_groups_are_short_texts() {
    assert_good(
        "orders",
        json!({ "tags": ["weekly", "Été 2026"], "access": { "see": ["marketing"], "run": ["data"] } }),
    );
    let text = "expected a text of 1 to 64 characters, without blanks at the ends or line breaks";
    let wrong = "wrong format for configuration value";
    let table = [
        (json!({ "tags": ["a", "a"] }), r#"tags[1]: "a" is named twice (keep one of them)"#.to_owned()),
        (json!({ "tags": [" a"] }), format!(r#"tags[0]: {wrong} "tags[0]": {text}, found " a""#)),
        (
            json!({ "tags": ["x".repeat(65)] }),
            format!(r#"tags[0]: {wrong} "tags[0]": {text}, found "{}…"#, "x".repeat(39)),
        ),
        (
            json!({ "tags": vec!["a"; 21] }),
            "tags: 21 tags where at most 20 are allowed (use fewer of them)".to_owned(),
        ),
        (
            json!({ "access": { "see": [] } }),
            "access.see: an empty list lets nobody in (name a group, or leave the list out)".to_owned(),
        ),
        (
            json!({ "access": { "sees": ["a"] } }),
            r#"access.sees: unknown configuration option "sees" (did you mean `see`?)"#.to_owned(),
        ),
        (json!({ "access": { "run": [1] } }), format!(r#"access.run[0]: {wrong} "run[0]": {text}, found 1"#)),
        (
            json!({ "quiet": "yes" }),
            format!(r#"quiet: {wrong} "quiet": expected true or false, found "yes""#),
        ),
    ];
    for (options, expected) in table {
        assert_said("orders", options, &expected);
    }
}

#[test]
fn a_key_that_others_hang_on_is_what_records_are_matched_by() {
    assert_said(
        "parcels",
        json!({ "match_by": "label" }),
        r#"match_by: records of "parcels" keep their key: records of "contents" depend on it (match them by their key, id)"#,
    );
    assert_said(
        "finals",
        json!({ "match_by": "label" }),
        r#"match_by: records of "finals" keep their key: records of "drafts" depend on it (match them by their key, id)"#,
    );
    assert_said(
        "drafts",
        json!({ "match_by": "label" }),
        r#"match_by: records of "drafts" keep their key: records of "finals" depend on it (match them by their key, id)"#,
    );
}

#[test]
fn modes_that_would_do_nothing() {
    for verb in ["create", "update"] {
        assert_said(
            "deletecontacts",
            json!({ "mode": verb }),
            &format!(
                r#"mode: lines of "deletecontacts" delete records, so there is nothing to {verb} (remove `mode`)"#
            ),
        );
    }
    for scope in ["events", "burnreward", "ordersitems", "creditpoints"] {
        assert_said(
            scope,
            json!({ "mode": "update" }),
            &format!(r#"mode: records of "{scope}" never change, so no line can update one"#),
        );
    }
}

#[test]
fn files_that_cannot_be_the_whole() {
    let table = [
        ("deletecontacts", r#"lines of "deletecontacts" delete records, so no file can replace them all"#),
        ("tierchange", r#"lines of "tierchange" adjust records, so no file can replace them all"#),
        ("creditpoints", r#"lines of "creditpoints" adjust records, so no file can replace them all"#),
        ("ordersitems", r#"records of "ordersitems" are only added, so no file can replace them all"#),
        ("cardcode", r#"records of "cardcode" may get a generated key, so no file names them all"#),
        ("nicknames", r#"records of "nicknames" are stored as "contacts", so no file can replace them all"#),
        ("burnreward", r#"records of "burnreward" claim others permanently, so none is removed"#),
        ("earnreward", r#"records of "earnreward" are claimed by others permanently, so none is removed"#),
    ];
    for (scope, message) in table {
        assert_said(scope, json!({ "replace_all": {} }), &format!("replace_all: {message}"));
    }
    assert_said(
        "stores",
        json!({ "replace_all": { "list": 5 } }),
        r#"replace_all.list: records of "stores" have no column of lists"#,
    );
    for mode in ["create", "update"] {
        assert_said(
            "contacts",
            json!({ "replace_all": {}, "mode": mode }),
            "mode: `replace_all` both creates and updates records (set `mode` to upsert, or remove `replace_all`)",
        );
    }
}

#[test]
fn what_is_inside_an_option_has_its_own_path() {
    let wrong = "wrong format for configuration value";
    let table = [
        (
            json!({ "replace_all": true }),
            format!(r#"replace_all: {wrong} "replace_all": expected an object, found true"#),
        ),
        (
            json!({ "replace_all": [] }),
            format!(r#"replace_all: {wrong} "replace_all": expected an object, found a list"#),
        ),
        (
            json!({ "replace_all": { "lists": 5 } }),
            r#"replace_all.lists: unknown configuration option "lists" (did you mean `list`?)"#.to_owned(),
        ),
        (
            json!({ "replace_all": { "list": -1 } }),
            format!(
                r#"replace_all.list: {wrong} "list": expected a whole number from 0 to 999999999, found -1"#
            ),
        ),
        (
            json!({ "replace_all": { "list": 1_000_000_000 } }),
            format!(
                r#"replace_all.list: {wrong} "list": expected a whole number from 0 to 999999999, found 1000000000"#
            ),
        ),
        (
            json!({ "replace_all": { "max_removed": 10 } }),
            format!(
                r#"replace_all.max_removed: {wrong} "max_removed": expected a share from 0 to 1, found 10"#
            ),
        ),
        (
            json!({ "match_by": ["email"] }),
            format!(
                r#"match_by: {wrong} "match_by": expected the name of a column or an object with a `subscription`, found a list"#
            ),
        ),
        (
            json!({ "check_references": "groups" }),
            format!(
                r#"check_references: {wrong} "check_references": expected "load" or "group", found "groups" (did you mean `group`?)"#
            ),
        ),
        (
            json!({ "phone_prefix": "+33" }),
            format!(
                r#"phone_prefix: {wrong} "phone_prefix": expected a country code such as "33", found "+33""#
            ),
        ),
    ];
    for (options, expected) in table {
        assert_said("contacts", options, &expected);
    }
}

#[test]
fn nothing_is_said_about_a_scope_that_is_wrong_itself() {
    assert_good("wrong", json!({ "match_by": "y", "replace_all": { "list": 1 }, "mode": "update" }));
}
