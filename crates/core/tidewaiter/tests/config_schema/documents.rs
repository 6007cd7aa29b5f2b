//! The documents that are tried.

use serde_json::{Value, json};

/// A document whose import reads a connection by this query.
pub(crate) fn query(query: &Value) -> Value {
    let mut query = query.clone();
    query["connection"] = json!("shop");
    json!({ "acme": { "contacts": { "crm": { "query": query } } } })
}

/// A document with every option there is.
#[expect(clippy::too_many_lines, reason = "it has every option")]
pub(crate) fn full() -> Value {
    json!({
        "$schema": "https://example.org/config.schema.json",
        "acme": {
            "contacts": {
                "crm": {},
                "web": {
                    "mode": "create", "policy": "strict", "empty": "clear", "delimiter": "\t",
                    "report_recipients": [], "alert_recipients": ["ops@example.org"],
                    "report_on": "always", "digest": "none",
                    "match_by": "customer_key", "check_references": "group", "phone_prefix": "33",
                },
                "push": {
                    "match_by": { "subscription": { "resource": "news", "channel": "push", "column": "customer_key" } },
                    "subscriptions": [
                        {
                            "resource": "news", "channel": "push", "column": "customer_key",
                            "on_create": "unconfirmed", "on_update": "suspend",
                        },
                        { "resource": "news", "channel": "email", "column": "email" },
                    ],
                    "quiet": true, "tags": ["weekly"],
                    "location": { "address": "lastname", "country": "country", "city": "city" },
                    "access": { "see": ["marketing", "data"], "change": ["data"], "run": ["data"] },
                },
                "news": { "check_references": "load", "replace_all": { "list": 0, "max_removed": 0.5 } },
            },
            "orders": { "crm": { "policy": { "max_rejected": 100 }, "query": {
                "connection": "shop", "sql": "SELECT id FROM orders WHERE id > {lastItem} ORDER BY id",
                "last_item": { "column": "id", "start": 0, "unique": true, "lag": 100, "missing": "skip" },
                "repeat": "until_empty", "run_on_change": false,
            } } },
            "visits": { "crm": { "policy": { "max_rejected_share": 0.05 } } },
        },
        "settings": {
            "settle_seconds": 30, "scope_order": ["stores", "visits"], "group_policy": "all_or_nothing",
            "phone_prefix": "4930", "report_recipients": ["data@example.org"], "alert_recipients": [],
            "report_on": "problems", "digest": "hour",
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
            "cards": {
                "fields": [
                    { "name": "code" }, { "name": "who", "constraints": { "required": true } },
                    { "name": "alias" }, { "name": "lists", "merge": "lists" },
                    { "name": "level", "merge": "replace" },
                ],
                "primaryKey": ["code"], "alternateKeys": ["alias"],
                "generated": { "field": "code", "from": "who" },
                "foreignKeys": [
                    { "fields": ["who"], "reference": { "resource": "stores", "orIn": ["products"] }, "dependent": false },
                ],
            },
            "uses": {
                "fields": [
                    { "name": "id" }, { "name": "card" }, { "name": "visit" }, { "name": "level" },
                    { "name": "contact" }, { "name": "points", "type": "integer" },
                    { "name": "day", "type": "date", "constraints": { "required": true } },
                ],
                "primaryKey": ["id"], "onExisting": "keep", "row": "adjust",
                "adjusts": {
                    "resource": "cards", "add": { "points": "balance" },
                    "set": { "level": "level", "day": "since" }, "latest": "day",
                },
                "foreignKeys": [
                    {
                        "fields": ["card"], "reference": { "resource": "cards" }, "matching": ["level"],
                        "claims": "used_by",
                    },
                ],
            },
            "old_cards": { "fields": [{ "name": "code" }], "primaryKey": ["code"], "givesWayTo": "cards" },
            "lost_cards": {
                "fields": [{ "name": "code" }], "primaryKey": ["code"], "records": "cards", "row": "delete",
            },
            "marks": {
                "fields": [{ "name": "code" }], "onExisting": "append",
                "foreignKeys": [
                    {
                        "fields": ["code"], "dependent": true,
                        "reference": { "resource": "cards", "fields": ["code"], "orIn": ["old_cards"] },
                    },
                ],
            },
        },
    })
}

/// Documents that are not of the form.
pub(crate) fn malformed() -> Vec<Value> {
    let mut documents = malformed_options();
    documents.extend(malformed_scopes());
    documents
}

fn malformed_options() -> Vec<Value> {
    let option = |options: Value| json!({ "acme": { "contacts": { "crm": options } } });
    let setting = |settings: Value| json!({ "acme": {}, "settings": settings });
    vec![
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
        option(json!({ "delimiter": ";;;;;;;;;" })),
        option(json!({ "delimiter": ";\n" })),
        option(json!({ "quote": "ab" })),
        option(json!({ "quote": "a" })),
        option(json!({ "escape": "" })),
        option(json!({ "header": 6 })),
        option(json!({ "header": "no" })),
        option(json!({ "skip_lines": -1 })),
        option(json!({ "skip_lines": "some" })),
        option(json!({ "comment": "" })),
        option(json!({ "trailer": "*" })),
        option(json!({ "columns": "email" })),
        option(json!({ "columns": { "a": 1 } })),
        option(json!({ "unknown_columns": "drop" })),
        option(json!({ "labels": "fuzzy" })),
        option(json!({ "decimal": ";" })),
        option(json!({ "thousands": "" })),
        option(json!({ "date_formats": "dd/mm/yyyy" })),
        option(json!({ "true_values": [1], "false_values": ["x"] })),
        option(json!({ "trim": 1 })),
        option(json!({ "line_breaks": true })),
        option(json!({ "encoding": [] })),
        option(json!({ "files": "" })),
        option(json!({ "files": 1 })),
        option(json!({ "files": [["a.csv"]] })),
        option(json!({ "files": null })),
        option(json!({ "delimiter": "\"" })),
        option(json!({ "delimiter": "é" })),
        option(json!({ "report_recipients": "ops@example.org" })),
        option(json!({ "report_recipients": ["ops"] })),
        option(json!({ "report_recipients": ["a@b\r\nBcc: c@d"] })),
        option(json!({ "recipients": [] })),
        option(json!({ "match_by": null })),
        option(json!({ "match_by": ["email"] })),
        option(json!({ "match_by": {} })),
        option(json!({ "location": {} })),
        option(json!({ "location": "lastname" })),
        option(json!({ "location": { "address": "lastname", "city": null } })),
        option(json!({ "location": { "address": "lastname", "region": "city" } })),
        option(json!({ "subscriptions": [{ "resource": "news", "channel": "email" }] })),
        option(json!({ "subscriptions": [{ "resource": "a b", "channel": "email", "column": "email" }] })),
        option(json!({ "access": { "see": [] } })),
        option(json!({ "tags": [" a"] })),
        option(json!({ "tags": ["a", "a"] })),
        option(json!({ "check_references": true })),
        option(json!({ "check_references": "file" })),
        option(json!({ "check_references": null })),
        option(json!({ "check_references": { "group": null } })),
        option(json!({ "replace_all": null })),
        option(json!({ "replace_all": true })),
        option(json!({ "replace_all": [] })),
        option(json!({ "replace_all": [5, 0.1] })),
        option(json!({ "replace_all": { "list": null } })),
        option(json!({ "replace_all": { "list": "5" } })),
        option(json!({ "replace_all": { "list": -0.5 } })),
        option(json!({ "replace_all": { "list": -1 } })),
        option(json!({ "replace_all": { "list": 1_000_000_000 } })),
        option(json!({ "replace_all": { "list": 1e300 } })),
        option(json!({ "replace_all": { "max_removed": null } })),
        option(json!({ "replace_all": { "max_removed": -0.01 } })),
        option(json!({ "replace_all": { "max_removed": 1.01 } })),
        option(json!({ "replace_all": { "max_removed": "10 %" } })),
        option(json!({ "replace_all": { "lists": [5] } })),
        option(json!({ "phone_prefix": 33 })),
        option(json!({ "phone_prefix": null })),
        option(json!({ "phone_prefix": "" })),
        option(json!({ "phone_prefix": "0033" })),
        option(json!({ "phone_prefix": "+33" })),
        option(json!({ "phone_prefix": "12345" })),
        option(json!({ "phone_prefix": "33\n" })),
        option(json!({ "phone_prefix": "٣٣" })),
        setting(json!({ "phone_prefix": null })),
        setting(json!({ "phone_prefix": 33 })),
        setting(json!({ "replace_all": {} })),
        setting(json!({ "settle_seconds": 3601 })),
        setting(json!({ "settle_seconds": "10" })),
        setting(json!({ "scope_order": ["stores", "stores"] })),
        setting(json!({ "group_policy": "none" })),
        setting(json!({ "limits": { "max_line_bytes": 1023 } })),
        setting(json!({ "limits": { "archive": { "max_members": 0 } } })),
    ]
}

fn malformed_scopes() -> Vec<Value> {
    let scope = |scope: Value| json!({ "acme": {}, "scopes": { "visits": scope } });
    let extended = |mut value: Value, more: Value| {
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        value
    };
    let with =
        |more: Value| scope(extended(json!({ "fields": [{ "name": "x" }], "primaryKey": ["x"] }), more));
    let foreign = |more: Value| {
        let key = extended(json!({ "fields": ["x"], "reference": { "resource": "stores" } }), more);
        with(json!({ "foreignKeys": [key] }))
    };
    vec![
        scope(json!({})),
        scope(json!({ "fields": [{}] })),
        scope(json!({ "fields": [{ "name": "x", "type": "text" }] })),
        scope(json!({ "fields": [{ "name": "x", "constraints": { "unique": true } }] })),
        scope(json!({ "fields": [{ "name": "x", "constraints": { "minLength": -1 } }] })),
        json!({ "acme": {}, "scopes": { "contacts": { "primaryKey": ["email"] } } }),
        json!({ "acme": {}, "scopes": { "contacts": { "alternateKeys": ["lastname"] } } }),
        with(json!({ "alternateKeys": "x" })),
        with(json!({ "alternateKeys": [null] })),
        with(json!({ "generated": null })),
        with(json!({ "generated": ["x", "x"] })),
        with(json!({ "generated": { "field": "x" } })),
        with(json!({ "generated": { "field": "x", "from": null } })),
        with(json!({ "generated": { "field": "x", "from": "x", "by": "x" } })),
        with(json!({ "givesWayTo": ["orders"] })),
        with(json!({ "givesWayTo": null })),
        with(json!({ "adjusts": null })),
        with(json!({ "adjusts": {} })),
        with(json!({ "adjusts": ["cardcode"] })),
        with(json!({ "adjusts": { "resource": "cardcode", "add": ["x"] } })),
        with(json!({ "adjusts": { "resource": "cardcode", "add": null } })),
        with(json!({ "adjusts": { "resource": "cardcode", "set": { "x": null } } })),
        with(json!({ "adjusts": { "resource": "cardcode", "set": { "x": ["y"] } } })),
        with(json!({ "adjusts": { "resource": "cardcode", "latest": null } })),
        with(json!({ "adjusts": { "resource": "cardcode", "puts": {} } })),
        with(json!({ "onExisting": "ignore" })),
        with(json!({ "fields": [{ "name": "x", "merge": "sum" }] })),
        with(json!({ "fields": [{ "name": "x", "merge": null }] })),
        foreign(json!({ "dependent": "yes" })),
        foreign(json!({ "dependent": null })),
        foreign(json!({ "matching": "x" })),
        foreign(json!({ "matching": null })),
        foreign(json!({ "claims": ["x"] })),
        foreign(json!({ "claims": null })),
        foreign(json!({ "reference": { "resource": "stores", "orIn": "products" } })),
        foreign(json!({ "reference": { "resource": "stores", "orIn": [1] } })),
        foreign(json!({ "reference": { "resource": "stores", "orIn": null } })),
        foreign(json!({ "reference": { "resource": "stores", "or_in": [] } })),
    ]
}
