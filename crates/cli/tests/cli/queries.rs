//! Imports that fetch their rows by a query, on SQLite: no server is needed.

use serde_json::{Value, json};
use tidewaiter_tests::rusqlite::Connection;

use crate::support::{Answer, Place};

/// A deployment with a database of a partner, and an import that reads it with these options.
fn place(query: &Value, options: &Value) -> (Place, Connection) {
    let place = Place::deployment();
    std::fs::remove_file(place.path("drop/config/default/default.json")).unwrap();
    place.write(
        "drop/tidewaiter.toml",
        "[connections.shop]\nengine = \"sqlite\"\nfile = \"shop.sqlite\"\nrepositories = [\"default\"]\n",
    );
    let shop = Connection::open(place.path("drop/shop.sqlite")).unwrap();
    shop.execute_batch("CREATE TABLE customers (id INTEGER, mail TEXT, name TEXT, at TIMESTAMP)").unwrap();
    configure(&place, query, options).expect(0);
    (place, shop)
}

fn configure(place: &Place, query: &Value, options: &Value) -> Answer {
    let mut import = json!({
        "columns": { "id": "customer_key", "mail": "email", "name": "firstname", "at": null }, "query": query,
    });
    import.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let document = json!({ "shop": { "contacts": { "crm": import } } });
    place.write("shop_imports_config.json", document.to_string());
    place.run(&["config", "activate", "drop", "--repository", "default", "shop_imports_config.json"])
}

/// A query by id, as it is written.
fn by_id(more: &Value) -> Value {
    let mut query = json!({
        "connection": "shop",
        "sql": "SELECT id, mail, name, at FROM customers WHERE id > {lastItem} ORDER BY id LIMIT 2",
        "last_item": { "column": "id", "start": 0 },
    });
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    query
}

fn add(shop: &Connection, rows: &[(i64, &str, &str)]) {
    for (id, mail, at) in rows {
        let name = format!("No {id}");
        shop.execute("INSERT INTO customers VALUES (?1, ?2, ?3, ?4)", (id, mail, name, at)).unwrap();
    }
}

const DAY: &str = "2026-01-31 10:00:00";

fn landed(place: &Place) -> Vec<String> {
    let database = place.path("drop/records/shop.sqlite");
    if !database.exists() {
        return Vec::new();
    }
    let records = Connection::open(database).unwrap();
    let mut found =
        records.prepare("SELECT email FROM contacts ORDER BY CAST(customer_key AS INTEGER)").unwrap();
    let emails = found.query_map([], |row| row.get(0)).unwrap();
    emails.collect::<Result<_, _>>().unwrap()
}

fn status(place: &Place) -> Value {
    place.run(&["query", "status", "drop", "crm", "--format", "json"]).expect(0).json()[0].clone()
}

#[test]
fn each_read_goes_on_behind_the_one_before() {
    let (place, shop) = place(&by_id(&json!({})), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY), (3, "c@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place), ["a@example.org", "b@example.org"], "LIMIT takes two");
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    add(&shop, &[(4, "d@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place).len(), 4);
    let nothing = place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert!(nothing.out.contains("nothing to do"), "{nothing:?}");
    let status = status(&place);
    assert_eq!(status["last_item"]["text"], "4");
    let rows: Vec<&Value> = status["ended"].as_array().unwrap().iter().map(|read| &read["rows"]).collect();
    assert_eq!(rows, [2, 1, 1, 0], "each row once");
    let files = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(files.as_array().unwrap().len(), 3, "a read without new rows makes no file");
    assert!(files[0]["place"].as_str().unwrap().starts_with("archives/default/shop_contacts_crm_"));
    let left = std::fs::read_dir(place.path("drop/fetched/default")).unwrap().count();
    assert_eq!(left, 0, "nothing is left where rows were fetched");
}

#[test]
fn a_large_answer_is_taken_in_parts_in_one_occurrence() {
    let (place, shop) = place(&by_id(&json!({ "repeat": "until_empty" })), &json!({}));
    let rows: Vec<(i64, String)> = (1..=7).map(|id| (id, format!("m{id}@example.org"))).collect();
    add(&shop, &rows.iter().map(|(id, mail)| (*id, mail.as_str(), DAY)).collect::<Vec<_>>());
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place).len(), 7);
    let reads = place.run(&["history", "drop", "--import", "crm", "--format", "json"]).expect(0).json();
    let reads = reads.as_array().unwrap();
    assert_eq!(reads.iter().map(|read| &read["part"]).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(reads[1]["before"]["text"], "2");
    assert_eq!(reads[1]["after"]["text"], "4");
    assert_eq!(reads[4]["end"], "nothing");
    let told = place.run(&["history", "drop", "--import", "crm"]).expect(0).out;
    assert!(told.contains("LAST ITEM BEFORE") && told.contains("nothing new"), "{told}");
}

#[test]
fn a_refused_file_moves_the_last_item_back_and_its_rows_come_again() {
    let (place, shop) = place(&by_id(&json!({})), &json!({ "policy": "strict" }));
    add(&shop, &[(1, "a@example.org", DAY), (2, "nobody", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(landed(&place).is_empty());
    let before = status(&place);
    assert_eq!(before["last_item"]["text"], "0");
    assert_eq!(before["ended"][0]["end"], "went_back");
    shop.execute("UPDATE customers SET mail = 'b@example.org' WHERE id = 2", ()).unwrap();
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place), ["a@example.org", "b@example.org"]);
    place.import().expect(0);
    let standing = place.run(&["status", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(standing[0]["problems"], json!([]), "what was refused came again and was imported");
}

#[test]
fn rows_of_one_moment_are_neither_skipped_nor_imported_twice() {
    let query = json!({
        "connection": "shop",
        "sql": "SELECT id, mail, name, at FROM customers WHERE at >= {lastItem} ORDER BY at LIMIT 3",
        "last_item": { "column": "at", "start": "2026-01-01 00:00:00", "unique": false },
    });
    let (place, shop) = place(&query, &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    // One more of the same moment, which came late.
    add(&shop, &[(3, "c@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place).len(), 3);
    let reads = status(&place)["ended"].clone();
    assert_eq!((&reads[1]["rows"], &reads[1]["left_out"]), (&json!(1), &json!(2)));
    // All three are of one moment, and so many the SQL takes: what follows would never be reached.
    add(&shop, &[(4, "d@example.org", DAY)]);
    let stuck = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(stuck.out.contains("all 3 rows of the answer were imported before"), "{stuck:?}");
    assert!(stuck.out.contains("let LIMIT be greater"), "{stuck:?}");
}

#[test]
fn a_query_that_breaks_its_promise_imports_nothing() {
    let (place, shop) = place(&by_id(&json!({})), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (1, "b@example.org", DAY)]);
    let twice = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(twice.out.contains("several rows have the same `id`"), "{twice:?}");
    let sql = "SELECT id, mail, name, at FROM customers WHERE id > {lastItem} ORDER BY id DESC";
    configure(&place, &by_id(&json!({ "sql": sql })), &json!({})).expect(0);
    shop.execute("DELETE FROM customers", ()).unwrap();
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY)]);
    let unordered = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(unordered.out.contains("the rows do not come in the order of `id`"), "{unordered:?}");
    assert!(landed(&place).is_empty());
    assert_eq!(status(&place)["last_item"]["text"], "0");
}

#[test]
fn a_preview_shows_where_columns_go_and_loads_nothing() {
    let (place, shop) = place(&by_id(&json!({})), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (2, "nobody", DAY), (3, "c@example.org", DAY)]);
    let preview = place.run(&["query", "preview", "drop", "crm"]).expect(1).out;
    for part in ["mail", "TEXT", "a@example.org", "email", "not imported", "2 rows of shop read", "nobody"] {
        assert!(preview.contains(part), "{part}: {preview}");
    }
    let answer =
        place.run(&["query", "preview", "drop", "crm", "--rows", "1", "--format", "json"]).expect(0).json();
    assert_eq!(
        answer["columns"][1],
        json!({
            "column": "mail", "type": "TEXT", "field": "email", "first": "a@example.org", "without_value": 0,
        })
    );
    assert!(answer["columns"][3].get("field").is_none());
    assert!(landed(&place).is_empty());
    assert_eq!(status(&place)["ended"], json!([]));
    // A configuration is tried before it counts.
    let draft = json!({ "shop": { "contacts": { "new": {
        "query": { "connection": "shop", "sql": "SELECT mail AS email FROM customers LIMIT 1" } } } } });
    place.write("draft/shop_imports_config.json", draft.to_string());
    let tried = ["query", "preview", "drop", "new", "--config", "draft/shop_imports_config.json"];
    let tried = place.run(&tried).expect(0);
    assert!(tried.out.contains("1 row of shop read"), "{tried:?}");
}

#[test]
fn a_column_that_is_gone_is_named() {
    let sql = "SELECT * FROM customers WHERE id > {lastItem} ORDER BY id";
    let (place, shop) = place(&by_id(&json!({ "sql": sql })), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    shop.execute_batch("ALTER TABLE customers DROP COLUMN name").unwrap();
    shop.execute("INSERT INTO customers VALUES (2, 'b@example.org', ?1)", [DAY]).unwrap();
    place.run(&["query", "run", "drop", "crm"]).expect(1);
    let report = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(report[1]["findings"], json!(["source-changed"]));
    let import = report[1]["import"].as_str().unwrap();
    let report = place.run(&["report", "drop", import]).expect(0).out;
    assert!(report.contains("column `name` is gone"), "{report}");
}

#[test]
fn what_cannot_be_read_is_told_with_what_to_do() {
    let (place, _shop) = place(&by_id(&json!({ "connection": "shopp" })), &json!({}));
    let unknown = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(unknown.out.contains("not read"), "{unknown:?}");
    assert!(
        unknown.out.contains("repository default has no connection \"shopp\" (did you mean `shop`?)"),
        "{unknown:?}"
    );
    assert!(unknown.out.contains("1 query not read"), "{unknown:?}");
    let status = status(&place);
    assert!(status["ended"][0]["end"]["failed"]["message"].as_str().unwrap().contains("shopp"), "{status}");
    let told = place.run(&["query", "status", "drop"]).expect(0).out;
    assert!(told.contains("failed just now"), "{told}");
}

#[test]
fn a_person_moves_the_last_item_and_is_remembered() {
    let (place, shop) = place(&by_id(&json!({})), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY), (3, "c@example.org", DAY)]);
    let set = place.run(&["query", "set", "drop", "crm", "2", "--by", "ana"]).expect(0);
    assert_eq!(set.out, "the next read of shop.contacts.crm begins behind 2\n");
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place), ["c@example.org"]);
    place.run(&["query", "reset", "drop", "crm", "--by", "bo"]).expect(0);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place).len(), 3);
    let reads = status(&place)["ended"].clone();
    assert_eq!(reads[0]["end"], json!({ "moved": { "by": "ana" } }));
    assert_eq!(reads[2]["end"], json!({ "moved": { "by": "bo" } }));
    let wrong = place.run(&["query", "set", "drop", "crm", "monday"]).expect(2);
    assert!(wrong.err.contains("it is written like 2"), "{wrong:?}");
    let typo = place.run(&["query", "reset", "drop", "shop.contacts.crn"]).expect(2);
    assert!(typo.err.contains("did you mean `shop.contacts.crm`?"), "{typo:?}");
}

#[test]
fn a_new_query_runs_at_once_if_it_asks_for_that_and_one_with_a_schedule_waits() {
    let schedule = json!({ "every": "day", "at": "06:00", "time_zone": "Europe/Paris" });
    let (place, shop) = place(&by_id(&json!({ "schedule": schedule })), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY)]);
    place.import().expect(0);
    assert!(landed(&place).is_empty(), "nothing is due before its first time");
    let told = place.run(&["config", "check", "shop_imports_config.json"]).expect(0).out;
    assert!(told.contains("reads connection shop: every day at 06:00, Europe/Paris time"), "{told}");
    assert_eq!(told.matches(" 06:00 (UTC+0").count(), 5, "{told}");
    let query = by_id(&json!({ "schedule": schedule, "run_on_change": true }));
    configure(&place, &query, &json!({})).expect(0);
    place.import().expect(0);
    assert_eq!(landed(&place), ["a@example.org"]);
    add(&shop, &[(2, "b@example.org", DAY)]);
    place.import().expect(0);
    assert_eq!(landed(&place).len(), 1, "it is not changed since");
}

#[test]
fn every_mistake_of_a_query_is_told_with_its_path() {
    let (place, _shop) = place(&by_id(&json!({})), &json!({}));
    for (query, told) in [
        (json!({ "sql": "SELECT 1" }), "query.connection: missing mandatory"),
        (json!({ "connection": "s" }), "query.sql: missing mandatory"),
        (by_id(&json!({ "last_item": { "column": "id" } })), "query.last_item.start: missing mandatory"),
        (
            by_id(&json!({ "sql": "SELECT 1" })),
            "query.sql: the query does not ask for rows behind {lastItem}",
        ),
        (
            json!({ "connection": "s", "sql": "SELECT {lastItem}" }),
            "query.last_item: the query asks for rows behind",
        ),
        (
            json!({ "connection": "s", "sql": "SELECT 1", "repeat": "until_empty" }),
            "query.repeat: without `last_item`",
        ),
        (by_id(&json!({ "repeat": "until_emty" })), "did you mean `until_empty`?"),
        (by_id(&json!({ "schedule": { "every": "day", "at": "6:00" } })), "query.schedule.at: "),
        (
            by_id(&json!({ "last_item": { "column": "id", "start": 0, "unique": false } })),
            "write `>= {lastItem}`",
        ),
        (
            by_id(&json!({ "last_item": { "column": "id", "start": 0, "lag": "soon" } })),
            "query.last_item.lag: ",
        ),
    ] {
        let wrong = configure(&place, &query, &json!({})).expect(1);
        assert!(wrong.out.contains(told), "{told}: {}", wrong.out);
    }
    let header = configure(&place, &by_id(&json!({})), &json!({ "skip_lines": 2 })).expect(1);
    assert!(
        header.out.contains("shop.contacts.crm.skip_lines: the files of a query have one line"),
        "{header:?}"
    );
}

/// A row that shares its value with rows that were imported fills a part, and more rows lie behind it.
#[test]
fn parts_do_not_end_where_rows_share_a_value() {
    let query = json!({
        "connection": "shop",
        "sql": "SELECT id, mail, name, at FROM customers WHERE at >= {lastItem} ORDER BY at, id LIMIT 4",
        "last_item": { "column": "at", "start": "2026-01-01", "unique": false },
        "repeat": "until_empty",
    });
    let (place, shop) = place(&query, &json!({}));
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY), (3, "c@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    add(&shop, &[(4, "d@example.org", DAY), (5, "e@example.org", "2026-01-31 11:00:00")]);
    let stuck = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert_eq!(landed(&place).len(), 4);
    assert!(stuck.out.contains("all 4 rows of the answer were imported before"), "{stuck:?}");
}

/// The file of a query is not for people to drop: its rows come again.
#[test]
fn a_refused_file_says_that_its_rows_come_again() {
    let (place, shop) = place(&by_id(&json!({})), &json!({ "policy": "strict" }));
    add(&shop, &[(1, "a@example.org", DAY), (2, "nobody", DAY)]);
    let refused = place.run(&["query", "run", "drop", "crm"]).expect(1);
    let hint = "hint: fix the rows in the database, or the configuration; the next read has these rows again, so do not drop this file";
    assert!(refused.out.contains(hint), "{refused:?}");
    let ended = &status(&place)["ended"][0];
    assert_eq!((&ended["before"], &ended["after"]), (&Value::Null, &Value::Null), "{ended}");
}

/// Each read of such a query has all rows, also if there are none any more.
#[test]
fn a_database_without_rows_empties_what_it_replaces() {
    let all = json!({ "connection": "shop", "sql": "SELECT id, mail, name, at FROM customers ORDER BY id" });
    let (place, shop) = place(&all, &json!({ "replace_all": {} }));
    add(&shop, &[(1, "a@example.org", DAY), (2, "b@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place).len(), 2);
    shop.execute("DELETE FROM customers WHERE id = 1", ()).unwrap();
    let refused = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(
        refused.out.contains("hint: check that the query has all rows; if it does, raise max_removed"),
        "{refused:?}"
    );
    configure(&place, &all, &json!({ "replace_all": { "max_removed": 1 } })).expect(0);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    assert_eq!(landed(&place), ["b@example.org"]);
    shop.execute("DELETE FROM customers", ()).unwrap();
    let none = place.run(&["query", "run", "drop", "crm"]);
    println!("{none:?}");
    assert_eq!(landed(&place), Vec::<String>::new(), "{none:?}");
}

/// A value that is gone from a row is gone from its record.
#[test]
fn a_value_that_becomes_null_is_cleared() {
    let changed = json!({
        "connection": "shop",
        "sql": "SELECT id, mail, name, at FROM customers WHERE at > {lastItem} ORDER BY at",
        "last_item": { "column": "at", "start": "2026-01-01" },
    });
    let (place, shop) = place(&changed, &json!({}));
    add(&shop, &[(1, "a@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    shop.execute("UPDATE customers SET name = NULL, at = '2026-01-31 11:00:00'", ()).unwrap();
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    let records = Connection::open(place.path("drop/records/shop.sqlite")).unwrap();
    let name: Option<String> =
        records.query_row("SELECT firstname FROM contacts", [], |row| row.get(0)).unwrap();
    assert_eq!(name, None);
}

/// The terminal says that a source has changed, and not the log alone.
#[test]
fn a_changed_source_is_told_on_the_terminal() {
    let (place, shop) = place(&by_id(&json!({})), &json!({}));
    add(&shop, &[(1, "a@example.org", DAY)]);
    place.run(&["query", "run", "drop", "crm"]).expect(0);
    let without =
        by_id(&json!({ "sql": "SELECT id, mail FROM customers WHERE id > {lastItem} ORDER BY id" }));
    configure(&place, &without, &json!({})).expect(0);
    add(&shop, &[(2, "b@example.org", DAY)]);
    let told = place.run(&["query", "run", "drop", "crm"]).expect(1);
    assert!(told.out.contains("source-changed: "), "{told:?}");
}
