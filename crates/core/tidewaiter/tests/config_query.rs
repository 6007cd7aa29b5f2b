//! What is said about queries that are wrong, and what right ones mean.
#![allow(clippy::panic, reason = "a test stops at what it does not expect")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use serde_json::{Value, json};
use tidewaiter::config::{Config, Empty, LastItemOptions, Missing, QueryOptions, Repeat};
use tidewaiter::item::{Form, Lag, LastItem};

const AFTER: &str = "SELECT id, at FROM visits WHERE id > {lastItem} ORDER BY id";

fn document(import: &Value) -> Vec<u8> {
    json!({ "acme": { "contacts": { "crm": import } } }).to_string().into_bytes()
}

/// The mistakes of an import with this query, as people read them, without the way to the query.
fn mistakes(query: &Value) -> Vec<String> {
    let found = Config::parse("acme", &document(&json!({ "query": query }))).unwrap_err();
    let told = found.iter().map(ToString::to_string);
    told.map(|told| told.strip_prefix("acme.contacts.crm.query.").map_or(told.clone(), str::to_owned))
        .collect()
}

fn parse(query: &Value) -> QueryOptions {
    let config = Config::parse("acme", &document(&json!({ "query": query })));
    let config = config.unwrap_or_else(|mistakes| panic!("{query}: {mistakes:?}"));
    config.subsection("contacts", "crm").unwrap().query.clone().unwrap()
}

/// A query with this column of the last item.
fn with(sql: &str, last_item: &Value) -> Value {
    json!({ "connection": "shop", "sql": sql, "last_item": last_item })
}

#[test]
fn a_query_has_everything_that_is_not_said() {
    let query = parse(&with(AFTER, &json!({ "column": "id", "start": 0 })));
    let last = query.last_item.unwrap();
    assert_eq!((query.repeat, query.run_on_change, query.schedule), (Repeat::Once, false, None));
    assert_eq!((last.unique, last.lag, last.missing), (true, None, Missing::Refuse));
    assert_eq!(last.start, LastItem { text: "0".to_owned(), form: Form::Integer });
}

#[test]
fn sql_may_be_a_list_of_its_lines() {
    let query = parse(&json!({ "connection": "shop", "sql": ["SELECT 1", "FROM visits"] }));
    assert_eq!(query.sql.as_str(), "SELECT 1\nFROM visits");
}

#[test]
fn a_start_has_the_form_that_its_text_shows() {
    let sql = "SELECT at FROM visits WHERE at > {lastItem} ORDER BY at";
    for (start, form) in [
        (json!(0), Form::Integer),
        (json!(-12), Form::Integer),
        (json!(1.5), Form::Number),
        (json!("2026-01-31"), Form::Date),
        (json!("2026-01-31T13:45:00"), Form::Datetime),
        (json!("2026-01-31T13:45:00Z"), Form::Moment),
        (json!("A100"), Form::Text),
    ] {
        let query = parse(&with(sql, &json!({ "column": "at", "start": start })));
        assert_eq!(query.last_item.unwrap().start.form, form, "{start}");
    }
}

#[test]
fn a_lag_is_a_number_or_a_time() {
    let lag = |start: Value, lag: Value| {
        let last_item = json!({ "column": "id", "start": start, "lag": lag });
        parse(&with(AFTER, &last_item)).last_item.and_then(|last: LastItemOptions| last.lag).unwrap()
    };
    assert_eq!(lag(json!(0), json!(1_000)), Lag::Numbers(1_000));
    for (written, seconds) in [("30 seconds", 30), ("1 minute", 60), ("2 hours", 7_200), ("1 day", 86_400)] {
        assert_eq!(lag(json!("2026-01-31"), json!(written)), Lag::Seconds(seconds), "{written}");
    }
}

#[test]
fn every_mistake_is_told_at_its_path() {
    let wrong = "wrong format for configuration value";
    let missing = "missing mandatory configuration value";
    assert_eq!(
        mistakes(
            &json!({ "conection": "shop", "sql": 1, "repeat": "twice", "last_item": { "unique": "no" } })
        ),
        [
            format!(
                "connection: {missing} \"connection\": expected the name of a connection, as the operator has called it"
            ),
            format!(
                "sql: {wrong} \"sql\": expected a text that begins with SELECT or WITH, or a list of its lines, found 1"
            ),
            format!("last_item.column: {missing} \"column\": expected the name of a column of the query"),
            format!(
                "last_item.start: {missing} \"start\": expected a number, or a text such as \"2026-01-31\""
            ),
            format!("last_item.unique: {wrong} \"unique\": expected true or false, found \"no\""),
            format!("repeat: {wrong} \"repeat\": expected \"once\" or \"until_empty\", found \"twice\""),
            "conection: unknown configuration option \"conection\" (did you mean `connection`?)".to_owned(),
        ]
    );
    for (last_item, expected) in [
        (json!({ "column": "id", "start": true }), "last_item.start"),
        (json!({ "column": "id", "start": "" }), "last_item.start"),
        (json!({ "column": "id", "start": 0, "lag": 0 }), "last_item.lag"),
        (json!({ "column": "id", "start": 0, "lag": "soon" }), "last_item.lag"),
        (json!({ "column": "id", "start": 0, "lag": "+5 minutes" }), "last_item.lag"),
        (json!({ "column": "id", "start": 0, "lag": "99999999 days" }), "last_item.lag"),
        (json!({ "column": "id", "start": 0, "missing": "ignore" }), "last_item.missing"),
    ] {
        let found = mistakes(&with(AFTER, &last_item));
        let path = format!("{expected}: {wrong}");
        assert!(
            found.len() == 1 && found.iter().all(|told| told.starts_with(&path)),
            "{last_item}: {found:?}"
        );
    }
}

/// What does not go together would skip rows, or import them twice.
#[test]
fn what_does_not_go_together_is_told() {
    let id = json!({ "column": "id", "start": 0 });
    let ties = json!({ "column": "at", "start": "2026-01-31", "unique": false });
    let (all, from) = ("SELECT id FROM visits", "SELECT at FROM visits WHERE at >= {lastItem} ORDER BY at");
    let unordered = "SELECT id FROM visits WHERE id > {lastItem} LIMIT 10";
    for (query, expected) in [
        (
            json!({ "connection": "shop", "sql": AFTER }),
            "last_item: the query asks for rows behind {lastItem}, and nothing says what that is",
        ),
        (with(all, &id), "sql: the query does not ask for rows behind {lastItem}"),
        (
            with(unordered, &id),
            "sql: without ORDER BY a database gives rows in any order, and the next read would miss some",
        ),
        (
            with(from, &json!({ "column": "at", "start": "2026-01-31" })),
            "sql: `>= {lastItem}` has the last row again",
        ),
        (
            with(&from.replace(">=", ">"), &ties),
            "sql: `> {lastItem}` misses rows of the same value that come later",
        ),
        (
            json!({ "connection": "shop", "sql": all, "repeat": "until_empty" }),
            "repeat: without `last_item` each part would have the same rows",
        ),
        (
            with(AFTER, &json!({ "column": "id", "start": 0, "lag": "10 minutes" })),
            "last_item.lag: the lag does not fit `start`",
        ),
        (
            with(from, &json!({ "column": "at", "start": "2026-01-31", "unique": false, "lag": 10 })),
            "last_item.lag: the lag does not fit `start`",
        ),
    ] {
        let found = mistakes(&query);
        assert!(
            found.len() == 1 && found.iter().all(|told| told.starts_with(&format!("{expected} ("))),
            "{query}: {found:?}"
        );
    }
}

/// With a lag, a read begins at rows that were imported before, however the SQL compares.
#[test]
fn with_a_lag_either_comparison_is_right() {
    for comparison in [">", ">="] {
        for unique in [true, false] {
            let sql = format!("SELECT id FROM visits WHERE id {comparison} {{lastItem}} order by id");
            parse(&with(&sql, &json!({ "column": "id", "start": 0, "unique": unique, "lag": 100 })));
        }
    }
}

/// A query writes its files itself.
#[test]
fn options_about_other_files_are_told() {
    let import = json!({
        "skip_lines": 2, "trailer": "END", "query": { "connection": "shop", "sql": "SELECT id FROM visits" },
    });
    let found = Config::parse("acme", &document(&import)).unwrap_err();
    let paths: Vec<&str> = found.iter().map(|mistake| mistake.path.as_str()).collect();
    assert_eq!(paths, ["acme.contacts.crm.skip_lines", "acme.contacts.crm.trailer"]);
}

#[test]
fn the_limit_of_a_query_is_read_from_its_words() {
    for (sql, limit) in [
        ("SELECT id FROM visits WHERE id > {lastItem} ORDER BY id LIMIT 500", Some(500)),
        ("SELECT TOP (20) id FROM visits WHERE id > {lastItem} ORDER BY id", Some(20)),
        ("SELECT id FROM visits WHERE id > {lastItem} ORDER BY id FETCH FIRST 30 ROWS ONLY", Some(30)),
        (
            "SELECT id FROM visits WHERE id > {lastItem} ORDER BY id OFFSET 0 ROWS FETCH NEXT 40 ROWS ONLY",
            Some(40),
        ),
        ("SELECT id, first FROM visits WHERE id > {lastItem} ORDER BY id", None),
    ] {
        let query = parse(&with(sql, &json!({ "column": "id", "start": 0 })));
        assert_eq!(query.limit(), limit, "{sql}");
    }
}

#[test]
fn sql_that_writes_is_told() {
    for sql in
        ["DELETE FROM visits", "PRAGMA user_version", "-- SELECT\nDROP TABLE visits", "SELECTED", "/* SELECT"]
    {
        let told = mistakes(&json!({ "connection": "shop", "sql": sql }));
        assert_eq!(told.len(), 1, "{sql}: {told:?}");
        assert!(told[0].contains("the query does not begin with SELECT or WITH"), "{sql}: {told:?}");
    }
    for sql in [
        "select 1",
        "(SELECT 1) UNION (SELECT 2)",
        "-- all\n/* of\nthem */ WITH a AS (SELECT 1) SELECT * FROM a",
    ] {
        parse(&json!({ "connection": "shop", "sql": sql }));
    }
}

#[test]
fn an_empty_value_of_a_row_is_one_of_its_record() {
    let empty = |more: Value| {
        let mut import = json!({ "query": { "connection": "shop", "sql": "SELECT 1" } });
        import.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let config = Config::parse("acme", &document(&import)).unwrap();
        config.subsection("contacts", "crm").unwrap().empty
    };
    assert_eq!(empty(json!({})), Empty::Clear);
    assert_eq!(empty(json!({ "empty": "ignore" })), Empty::Ignore);
}

#[test]
fn a_part_of_the_rows_is_not_the_whole() {
    let import = json!({ "query": with(AFTER, &json!({ "column": "id", "start": 0 })), "replace_all": {} });
    let told = Config::parse("acme", &document(&import)).unwrap_err();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].path, "acme.contacts.crm.replace_all");
}
