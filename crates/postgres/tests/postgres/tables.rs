//! What other clients find: tables with columns of their types, and where each row comes from.

use serde_json::{Value, json};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::Records;

use crate::support::{Database, checked, checked_with, rows};

fn things() -> Value {
    json!({
        "fields": [
            { "name": "id" }, { "name": "Name" }, { "name": "size", "type": "integer" },
            { "name": "price", "type": "number" }, { "name": "active", "type": "boolean" },
            { "name": "day", "type": "date" }, { "name": "at", "type": "datetime" },
            { "name": "opens", "type": "time" }, { "name": "since", "type": "year" },
            { "name": "month", "type": "yearmonth" }, { "name": "lists", "merge": "lists" }
        ],
        "primaryKey": ["id"]
    })
}

const HEADER: &str = "id;Name;size;price;active;day;at;opens;since;month;lists";

#[tokio::test]
async fn a_column_holds_values_of_its_type() {
    let database = Database::new().await;
    let csv = format!(
        "{HEADER} | a;O'Neil \\ \u{e9};007;1.50;1;2026-01-31;2026-01-31T13:45:00+01:00;09:30:00;2020;2026-02;5 1 | \
         b;;;;;;2026-01-31T13:45:00;;;;"
    );
    checked(1, "acme", "things", &things(), &csv).land(&database.records()).await.unwrap();
    let client = database.client().await;
    let types = rows(
        &client,
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute
         WHERE attrelid = 'acme.things'::regclass AND attnum > 0 ORDER BY attnum",
    )
    .await;
    let expected = [
        "id text",
        "Name text",
        "size numeric",
        "price numeric",
        "active boolean",
        "day date",
        "at timestamp with time zone",
        "opens time without time zone",
        "since integer",
        "month text",
        "lists text",
        "_run integer",
        "_line bigint",
        "_earlier json",
        "_exact jsonb",
    ];
    assert_eq!(types, expected);
    client.batch_execute("SET TIME ZONE 'UTC'").await.unwrap();
    let sql = "SELECT id, \"Name\", size, price, active, day, at, opens, since, month, lists, _exact FROM acme.things ORDER BY id";
    let found = rows(&client, sql).await;
    assert_eq!(
        found,
        [
            "a O'Neil \\ \u{e9} 7 1.5 t 2026-01-31 2026-01-31 12:45:00+00 09:30:00 2020 2026-02 1 5 -",
            "b - - - - - 2026-01-31 13:45:00+00 - - - - {\"at\": \"2026-01-31T13:45:00\"}",
        ]
    );
    let stored = database.records().find("things", "b", 10).await.unwrap();
    assert_eq!(stored[0].record.text("at"), Some("2026-01-31T13:45:00"), "the text is what it was");
    assert_eq!(stored[0].record.text("Name"), None);
}

#[tokio::test]
async fn lists_can_be_joined() {
    let database = Database::new().await;
    let records = database.records();
    let client = database.client().await;
    let lists = "SELECT id, list FROM acme.things_lists ORDER BY 1, 2";
    checked(1, "acme", "things", &things(), "id;lists | a;5 1 | b;7").land(&records).await.unwrap();
    assert_eq!(rows(&client, lists).await, ["a 1", "a 5", "b 7"]);
    checked(2, "acme", "things", &things(), "id;lists | a;-5 12 | b;-7 | c;7").land(&records).await.unwrap();
    assert_eq!(rows(&client, lists).await, ["a 1", "a 12", "c 7"]);
    assert_eq!(rows(&client, "SELECT id, lists FROM acme.things ORDER BY 1").await, ["a 1 12", "b -", "c 7"]);
}

#[tokio::test]
async fn a_value_says_which_file_it_came_from() {
    let database = Database::new().await;
    let records = database.records();
    checked(1, "acme", "things", &things(), "id;Name;size | a;Boat;3").land(&records).await.unwrap();
    let second = checked(2, "acme", "things", &things(), "id;size | b;1 | a;4");
    second.land(&records).await.unwrap();
    let client = database.client().await;
    let sql = "SELECT t.id, r.import, r.file, t._line, (SELECT e.import FROM acme._runs e WHERE e.id = (t._earlier -> 'Name' ->> 0)::int)
               FROM acme.things t JOIN acme._runs r ON r.id = t._run ORDER BY t.id";
    let first = checked(1, "acme", "things", &things(), "id | a").import;
    let expected =
        [format!("a {} file.csv 3 {first}", second.import), format!("b {} file.csv 2 -", second.import)];
    assert_eq!(rows(&client, sql).await, expected);
}

#[tokio::test]
async fn a_name_is_safe_whatever_a_configuration_calls_its_fields() {
    let database = Database::new().await;
    let schema = json!({
        "fields": [
            { "name": "id" }, { "name": "ID" }, { "name": "_run" }, { "name": "xmin" }, { "name": "it's --" },
            { "name": "\u{e4}".repeat(50) }, { "name": "select" }
        ],
        "primaryKey": ["id"]
    });
    let long = "\u{e4}".repeat(50);
    let csv = format!("id;ID;_run;xmin;it's --;{long};select | 1;2;3;4;5;6;7");
    let file = checked(1, "pg_odd", "Things-1", &schema, &csv);
    file.land(&database.records()).await.unwrap();
    let stored = database.records().find("Things-1", "1", 10).await.unwrap();
    assert_eq!(stored[0].universe, "pg_odd");
    let texts: Vec<&str> = ["id", "ID", "_run", "xmin", "it's --", &long, "select"]
        .into_iter()
        .filter_map(|field| stored[0].record.text(field))
        .collect();
    assert_eq!(texts, ["1", "2", "3", "4", "5", "6", "7"]);
    let client = database.client().await;
    let names = "SELECT field, name FROM xpg_odd._columns WHERE field <> name ORDER BY position";
    let cut = "\u{e4}".repeat(30) + "_2";
    assert_eq!(
        rows(&client, names).await,
        ["ID ID_2", "_run x_run", "xmin xmin_2", &format!("{long} {cut}")]
    );
}

#[tokio::test]
async fn a_new_field_is_a_new_column_and_one_that_is_gone_stays() {
    let database = Database::new().await;
    let records = database.records();
    let with = |names: &[&str]| {
        let fields: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "fields": fields, "primaryKey": ["id"] })
    };
    checked(1, "acme", "things", &with(&["id", "old"]), "id;old | a;1").land(&records).await.unwrap();
    checked(2, "acme", "things", &with(&["id", "new"]), "id;new | a;2").land(&records).await.unwrap();
    let client = database.client().await;
    assert_eq!(rows(&client, "SELECT id, old, new FROM acme.things").await, ["a 1 2"]);
}

#[tokio::test]
async fn a_column_gets_another_type_if_each_value_fits() {
    let database = Database::new().await;
    let records = database.records();
    let of = |kind: &str| json!({ "fields": [{ "name": "id" }, { "name": "v", "type": kind }], "primaryKey": ["id"] });
    checked(1, "acme", "things", &of("string"), "id;v | a;2026-01-31T10:00:00 | b;2026-01-31T10:00:00Z | c;")
        .land(&records)
        .await
        .unwrap();
    let moments = checked(2, "acme", "things", &of("datetime"), "id;v | d;2026-02-01T00:00:00Z");
    moments.land(&records).await.unwrap();
    let client = database.client().await;
    client.batch_execute("SET TIME ZONE 'UTC'").await.unwrap();
    let sql = "SELECT id, v, _exact FROM acme.things ORDER BY id";
    assert_eq!(
        rows(&client, sql).await,
        [
            "a 2026-01-31 10:00:00+00 {\"v\": \"2026-01-31T10:00:00\"}",
            "b 2026-01-31 10:00:00+00 -",
            "c - -",
            "d 2026-02-01 00:00:00+00 -"
        ]
    );
    let error = checked(3, "acme", "things", &of("integer"), "id;v | e;1").land(&records).await.unwrap_err();
    let Error::Unfit { why, hint } = &error else { panic!("{error}") };
    assert!(why.starts_with("column v of things holds \"2026-0") && why.ends_with("is no integer"), "{why}");
    assert!(hint.contains("datetime"), "{hint}");
    // Nothing was changed, and the old type goes on.
    checked(4, "acme", "things", &of("datetime"), "id;v | e;2026-02-02T00:00:00Z")
        .land(&records)
        .await
        .unwrap();
    checked(5, "acme", "things", &of("string"), "id;v | f;any").land(&records).await.unwrap();
    assert_eq!(
        rows(&client, sql).await,
        [
            "a 2026-01-31T10:00:00 -",
            "b 2026-01-31T10:00:00Z -",
            "c - -",
            "d 2026-02-01T00:00:00Z -",
            "e 2026-02-02T00:00:00Z -",
            "f any -"
        ]
    );
}

#[tokio::test]
async fn a_table_keeps_its_key() {
    let database = Database::new().await;
    let records = database.records();
    let keyed = |key: &[&str]| json!({ "fields": [{ "name": "id" }, { "name": "no" }], "primaryKey": key });
    checked(1, "acme", "things", &keyed(&["id", "no"]), "id;no | a;1").land(&records).await.unwrap();
    let error =
        checked(2, "acme", "things", &keyed(&["id"]), "id;no | a;1").land(&records).await.unwrap_err();
    assert!(matches!(&error, Error::Unfit { why, .. } if why.contains("id, no")), "{error}");
    let found = records.find("things", "a", 10).await.unwrap();
    assert_eq!(found.len(), 1, "found by what it begins with");
    assert_eq!(found[0].key, "a\u{1f}1");
}

#[tokio::test]
async fn a_row_that_did_not_change_is_not_written() {
    let database = Database::new().await;
    let records = database.records();
    let csv = "id;Name | a;Boat | b;Tug";
    checked(1, "acme", "things", &things(), csv).land(&records).await.unwrap();
    let client = database.client().await;
    let written = "SELECT id, ctid, xmin FROM acme.things ORDER BY id";
    let before = rows(&client, written).await;
    checked(2, "acme", "things", &things(), "id;Name | a;Boat | b;Tugs").land(&records).await.unwrap();
    let after = rows(&client, written).await;
    assert_eq!(before[0], after[0]);
    assert_ne!(before[1], after[1]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_and_the_rest_is_landed() {
    let database = Database::new().await;
    let long = "x".repeat(5_000);
    let csv = format!("id;Name | {long};Boat | b;{long}");
    let effects = checked(1, "acme", "things", &things(), &csv).land(&database.records()).await.unwrap();
    assert_eq!(format!("{effects:?}"), "[Refused(TooLarge), Imported]");
}

#[tokio::test]
async fn a_key_may_be_made_of_numbers_and_days() {
    let database = Database::new().await;
    let records = database.records();
    let schema = |row: &str| {
        json!({
            "fields": [{ "name": "no", "type": "integer" }, { "name": "day", "type": "date" }, { "name": "v" }],
            "primaryKey": ["no", "day"], "row": row
        })
    };
    let csv = "no;day;v | 10;2026-01-31;a | 9;2026-01-31;b | 10;2026-02-01;c | 010;2026-01-31;d";
    let effects = checked(1, "acme", "things", &schema("upsert"), csv).land(&records).await.unwrap();
    assert_eq!(format!("{effects:?}"), "[Imported, Imported, Imported, Superseding]");
    checked(2, "acme", "things", &schema("upsert"), "no;day;v | 9;2026-01-31;e")
        .land(&records)
        .await
        .unwrap();
    checked(3, "acme", "things", &schema("delete"), "no;day | 10;2026-02-01").land(&records).await.unwrap();
    let client = database.client().await;
    let sql = "SELECT no, day, v FROM acme.things ORDER BY no, day";
    assert_eq!(rows(&client, sql).await, ["9 2026-01-31 e", "10 2026-01-31 d"]);
    let found = records.find("things", "10", 10).await.unwrap();
    assert_eq!(found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["10\u{1f}2026-01-31"]);
    assert_eq!(records.find("things", "10\u{1f}2026-01-31", 10).await.unwrap(), found);
    assert_eq!(records.find("things", "x", 10).await.unwrap(), []);
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let page = records
            .scan("things", after.as_ref().map(|key: &String| ("acme", key.as_str())), 1)
            .await
            .unwrap();
        let Some(last) = page.into_iter().next() else { break };
        keys.push(last.key.clone());
        after = Some(last.key);
    }
    assert_eq!(keys, ["9\u{1f}2026-01-31", "10\u{1f}2026-01-31"]);
    let asked =
        [("things", "9\u{1f}2026-01-31"), ("things", "9\u{1f}2026-02-01"), ("things", "9"), ("others", "9")];
    let asked = asked.map(|(scope, key)| (scope.to_owned(), key.to_owned()));
    assert_eq!(records.exist("acme", &asked).await.unwrap(), [true, false, false, false]);
}

#[tokio::test]
async fn records_are_matched_by_a_column_of_any_type() {
    let database = Database::new().await;
    let records = database.records();
    let schema = json!({
        "fields": [{ "name": "id" }, { "name": "at", "type": "datetime" }, { "name": "v" }],
        "primaryKey": ["id"], "alternateKeys": ["at"]
    });
    let csv =
        "id;at;v | a;2026-01-31T10:00:00;1 | b;2026-01-31T10:00:00Z;2 | c;2026-01-31T11:00:00.1234567Z;3";
    checked(1, "acme", "things", &schema, csv).land(&records).await.unwrap();
    let by = json!({ "match_by": "at", "mode": "update" });
    let csv = "id;at;v | a;2026-01-31T10:00:00;4 | c;2026-01-31T12:00:00.1234567+01:00;5 | \
               x;2026-01-31T11:00:00.123456Z;6";
    let effects = checked_with(&by, 2, "acme", "things", &schema, csv).land(&records).await.unwrap();
    assert_eq!(format!("{effects:?}"), "[Imported, Imported, Unknown]");
    let client = database.client().await;
    assert_eq!(rows(&client, "SELECT id, v FROM acme.things ORDER BY id").await, ["a 4", "b 2", "c 5"]);
    let indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = 'things' AND indexdef LIKE '%hash%'";
    assert_eq!(rows(&client, indexes).await, ["1"]);
}

/// The part of a header that names so many columns.
fn columns_of(count: u32) -> String {
    (0..count).fold(String::new(), |header, n| header + ";c" + &n.to_string())
}

/// A row has to fit a page of 8 KiB, which 450 long values did not: the file was tried again for ever.
#[tokio::test]
async fn a_row_of_many_values_has_room() {
    let database = Database::new().await;
    let records = database.records();
    let kinds = ["string", "integer", "datetime", "string", "number", "boolean"];
    for (universe, columns, length) in [("long", 1_400_u32, 60), ("short", 1_400, 22), ("some", 330, 400)] {
        let kind = |n: u32| kinds[n as usize % kinds.len()];
        let mut fields = vec![json!({ "name": "id" })];
        fields.extend((0..columns).map(|n| json!({ "name": format!("c{n}"), "type": kind(n) })));
        let schema = json!({ "fields": fields, "primaryKey": ["id"] });
        let value = |n: u32, round: u32| match kind(n) {
            "string" => format!("{}{n}.{round}", "x".repeat(length)),
            "integer" => format!("{}{n}", 7 + round),
            "number" => format!("12345678{n}.{}", 25 + round),
            "boolean" => "true".to_owned(),
            _ => format!("2026-01-31T13:45:{:02}Z", n % 60),
        };
        let header = columns_of(columns);
        let line = |key: &str, count: u32, round: u32| {
            let cells = (0..columns)
                .map(|n| if n < count { format!(";{}", value(n, round)) } else { ";".to_owned() });
            format!("{key}{}", cells.collect::<String>())
        };
        let first = format!("id{header} | a{} | b{}", &line("", columns, 0), &line("", 20, 0));
        checked(1, universe, "things", &schema, &first).land(&records).await.unwrap();
        let text = |key: &'static str, n: u32| {
            let records = &records;
            async move {
                let found = records.find("things", key, 10).await.unwrap();
                let one = found.iter().find(|one| one.universe == universe && one.key == key).unwrap();
                one.record.text(&format!("c{n}")).map(str::to_owned)
            }
        };
        for n in [0, 1, 2, columns / 2, columns - 1] {
            assert_eq!(text("a", n).await, Some(value(n, 0)), "{universe} {n}");
        }
        // The narrow one becomes wide, and the wide one gets other values, and the narrow one becomes narrow.
        let next = format!("id{header} | a{} | b{}", &line("", 700.min(columns), 1), &line("", columns, 1));
        checked(2, universe, "things", &schema, &next).land(&records).await.unwrap();
        for n in [0, 3, columns / 3, columns - 1] {
            let round = u32::from(n < 700.min(columns));
            assert_eq!(text("a", n).await, Some(value(n, round)), "{universe} {n}");
            assert_eq!(text("b", n).await, Some(value(n, 1)), "{universe} {n}");
        }
        let again = checked(3, universe, "things", &schema, &next).land(&records).await.unwrap();
        assert_eq!(again, [tidewaiter::record::Effect::Unchanged, tidewaiter::record::Effect::Unchanged]);
    }
}

/// What had no room in its column is found when records are matched by it.
#[tokio::test]
async fn records_are_matched_by_a_column_that_had_no_room() {
    let database = Database::new().await;
    let records = database.records();
    let mut fields = vec![json!({ "name": "id" })];
    fields.extend((0..500).map(|n| json!({ "name": format!("c{n}") })));
    let schema = json!({ "fields": fields, "primaryKey": ["id"], "alternateKeys": ["c499"] });
    let header = columns_of(500);
    let cells = columns_of(500).replace('c', &"x".repeat(30));
    checked(1, "acme", "things", &schema, &format!("id{header} | a{cells}")).land(&records).await.unwrap();
    let client = database.client().await;
    assert_eq!(
        rows(&client, "SELECT c499, c0 IS NULL FROM acme.things").await,
        ["- f"],
        "the last ones have no room"
    );
    let options = json!({ "match_by": "c499", "mode": "update" });
    let csv = format!("id;c499;c1 | a;{}499;other", "x".repeat(30));
    checked_with(&options, 2, "acme", "things", &schema, &csv).land(&records).await.unwrap();
    let found = records.find("things", "a", 10).await.unwrap();
    assert_eq!(found[0].record.text("c1"), Some("other"));
    assert_eq!(rows(&client, "SELECT count(*) FROM acme.things").await, ["1"]);
}
