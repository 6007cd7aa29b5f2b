//! What other clients of SQLite find: tables with columns of their types, and where each row comes from.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::config::Config;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Plan, Reader};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{Answer, Batch, BatchNumber, Cargo, Landing, Pruning, Records};
use tidewaiter_folder::SqliteRecords;
use tokio::runtime::Runtime;

struct Collected {
    reader: Reader,
    changes: Vec<Change>,
}

impl Sink for Collected {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.changes.push(self.reader.change(line));
    }

    fn rejected(&mut self, raw: &[u8]) {
        panic!("rejected: {}", String::from_utf8_lossy(raw));
    }
}

/// A folder of records, into which files land.
struct Place {
    root: tempfile::TempDir,
    runtime: Runtime,
    records: SqliteRecords,
    files: u32,
}

impl Place {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let records = SqliteRecords::open(root.path());
        Self { root, runtime, records, files: 0 }
    }

    /// Lands a file of `things`, which are as the schema says.
    fn land(&mut self, schema: &Value, csv: &str) -> Result<(), Error> {
        self.land_in("acme", schema, csv)
    }

    /// The same in another universe.
    fn land_in(&mut self, universe: &str, schema: &Value, csv: &str) -> Result<(), Error> {
        self.files += 1;
        let document = json!({ universe: { "things": { "plain": {} } }, "scopes": { "things": schema } });
        let config = Config::parse(universe, document.to_string().as_bytes()).unwrap();
        let compiled = config.scope("things").unwrap();
        let options = config.subsection("things", "plain").unwrap();
        let plan = &Arc::new(Plan::new(Arc::clone(compiled), config.scopes(), options));
        let import = ImportId::new(Timestamp::from_second(1_790_000_000).unwrap(), self.files.into());
        let mut collected = Collected { reader: Reader::new(Arc::clone(plan), import), changes: Vec::new() };
        let mut checker = Checker::new(Arc::clone(compiled), Dialect::default(), Limits::default());
        checker.feed(csv.as_bytes(), &mut collected);
        let summary = checker.finish(&mut collected);
        assert!(!summary.bogus, "{:?}", summary.findings);
        let changes = &Arc::new(collected.changes);
        let (number, layout) = (BatchNumber { share: 0, batch: 0 }, collected.reader.layout());
        let file = &format!("file{}.csv", self.files);
        self.runtime.block_on(async {
            let cargo = Cargo { universe, import, file, bytes: 0, plan };
            let landing = self.records.begin(cargo).await?;
            let batch = Batch { universe, import, number, is_again: false, plan, layout, changes };
            assert!(matches!(landing.apply(&batch).await?, Answer::Landed(_)));
            landing.keep().await
        })
    }

    /// What a plain client finds.
    fn ask(&self, sql: &str) -> Vec<Vec<Sql>> {
        ask(self.root.path(), sql)
    }
}

fn ask(folder: &Path, sql: &str) -> Vec<Vec<Sql>> {
    let client = Connection::open(folder.join("acme.sqlite")).unwrap();
    let mut statement = client.prepare(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| row.get(at)).collect());
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

fn text(text: &str) -> Sql {
    Sql::Text(text.to_owned())
}

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

#[test]
fn a_column_holds_values_of_its_type() {
    let mut place = Place::new();
    let csv = "id;Name;size;price;active;day;at;opens;since;month;lists\n\
               a;O'Neil \u{e9};007;1.50;1;2026-01-31;2026-01-31T13:45:00+01:00;09:30:00;2020;2026-02;5 1\n\
               b;;;;;;;;;;\n\
               c;;9223372036854775808;0.1000000000000000000001;;;;;;;\n";
    place.land(&things(), csv).unwrap();
    let rows = place.ask(
        "SELECT \"Name\", size, price, active, day, at, opens, since, month, lists, _line, _earlier, _exact
         FROM things ORDER BY id",
    );
    let expected = [
        vec![
            text("O'Neil \u{e9}"),
            Sql::Integer(7),
            Sql::Real(1.5),
            Sql::Integer(1),
            text("2026-01-31"),
            text("2026-01-31T12:45:00Z"),
            text("09:30:00"),
            Sql::Integer(2020),
            text("2026-02"),
            text("1 5"),
            Sql::Integer(2),
            Sql::Null,
            Sql::Null,
        ],
        [vec![Sql::Null; 10], vec![Sql::Integer(3), Sql::Null, Sql::Null]].concat(),
    ];
    assert_eq!(rows[..2], expected);
    assert_eq!(
        rows[2][1..3],
        [Sql::Real(9_223_372_036_854_775_808.0), Sql::Real(0.1)],
        "close to the values"
    );
    let exact = r#"{"price":"0.1000000000000000000001","size":"9223372036854775808"}"#;
    assert_eq!(rows[2][12], text(exact), "and the values");
    assert_eq!(
        place.ask("SELECT list FROM things_lists WHERE id = 'a'"),
        [[Sql::Integer(1)], [Sql::Integer(5)]]
    );
}

#[test]
fn each_row_and_each_value_names_its_file_and_line() {
    let mut place = Place::new();
    place.land(&things(), "id;Name;size\nb;Bo;1\na;Ada;2\n").unwrap();
    place.land(&things(), "id;size\na;3\nb;1\n").unwrap();
    let sql = "SELECT id, file, _line, _earlier FROM things JOIN _runs ON _runs.id = _run ORDER BY things.id";
    let sql = &sql.replace("SELECT id", "SELECT things.id");
    let expected = [
        [text("a"), text("file2.csv"), Sql::Integer(2), text(r#"{"Name":[1,3],"id":[1,3]}"#)],
        [text("b"), text("file1.csv"), Sql::Integer(2), Sql::Null],
    ];
    assert_eq!(place.ask(sql), expected, "what did not change names the file that brought it");
}

#[test]
fn lists_are_left_and_joined() {
    let mut place = Place::new();
    place.land(&things(), "id;lists\na;5 7\nb;5\n").unwrap();
    place.land(&things(), "id;lists\na;-5 9\n").unwrap();
    let rows = place.ask("SELECT id, list FROM things_lists ORDER BY 1, 2");
    let row = |id: &str, list| vec![text(id), Sql::Integer(list)];
    assert_eq!(rows, [row("a", 7), row("a", 9), row("b", 5)]);
    let mut deletes = things();
    deletes["row"] = json!("delete");
    place.land(&deletes, "id\na\n").unwrap();
    assert_eq!(place.ask("SELECT id, list FROM things_lists"), [row("b", 5)]);
}

fn schema(fields: &Value) -> Value {
    json!({ "fields": fields, "primaryKey": ["id"] })
}

#[test]
fn a_table_grows_with_its_schema_and_loses_nothing() {
    let mut place = Place::new();
    place.land(&schema(&json!([{ "name": "id" }, { "name": "old" }])), "id;old\na;kept\n").unwrap();
    let grown = schema(&json!([{ "name": "id" }, { "name": "new", "type": "integer" }]));
    place.land(&grown, "id;new\na;1\nb;2\n").unwrap();
    let rows = place.ask("SELECT id, old, new FROM things ORDER BY id");
    let one = vec![text("a"), text("kept"), Sql::Integer(1)];
    assert_eq!(rows, [one, vec![text("b"), Sql::Null, Sql::Integer(2)]]);
}

#[test]
fn a_column_gets_another_type_if_all_its_values_fit_and_else_nothing_changes() {
    let typed = |kind: &str| schema(&json!([{ "name": "id" }, { "name": "size", "type": kind }]));
    let mut place = Place::new();
    place.land(&typed("string"), "id;size\na;12\nb;7\n").unwrap();
    place.land(&typed("integer"), "id;size\nc;30\n").unwrap();
    let sizes = |place: &Place| place.ask("SELECT size FROM things ORDER BY size");
    assert_eq!(sizes(&place), [[Sql::Integer(7)], [Sql::Integer(12)], [Sql::Integer(30)]]);
    place.land(&typed("number"), "id;size\nd;1.5\n").unwrap();
    assert_eq!(sizes(&place).first(), Some(&vec![Sql::Real(1.5)]));
    let refused = place.land(&typed("integer"), "id;size\ne;1\n").unwrap_err();
    let Error::Unfit { why, hint } = refused else { panic!("{refused}") };
    assert_eq!(why, "column size of things holds \"1.5\", which is no integer");
    assert_eq!(hint, "configure size as number again, or correct the records first");
    assert_eq!(sizes(&place).len(), 4, "nothing is landed of that file");
    place.land(&typed("string"), "id;size\ne;large\n").unwrap();
    assert_eq!(sizes(&place).last(), Some(&vec![text("large")]));
}

#[test]
fn records_do_not_get_another_key() {
    let mut place = Place::new();
    let by = |key: &str| json!({ "fields": [{ "name": "id" }, { "name": "code", "constraints": { "required": true } }], "primaryKey": [key] });
    place.land(&by("id"), "id;code\na;1\n").unwrap();
    let refused = place.land(&by("code"), "id;code\nb;1\n").unwrap_err();
    let why = "the records of things are kept by id, and the configuration identifies them by code";
    assert!(refused.to_string().starts_with(why), "{refused}");
}

#[test]
fn names_are_safe_whatever_a_configuration_calls_its_fields() {
    let mut place = Place::new();
    let names = ["id", "ID", "_run", "x_run", "select", "a b", "é", "DROP TABLE things --"];
    let fields: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    let csv = format!("{}\n1;2;3;4;5;6;7;8\n", names.join(";"));
    place.land(&schema(&json!(fields)), &csv).unwrap();
    let found = place.ask("SELECT id, ID_2, x_run, x_run_2, \"select\", \"a b\", é FROM things");
    assert_eq!(found, [["1", "2", "3", "4", "5", "6", "7"].map(text)]);
    let columns = place.ask("SELECT field FROM _columns ORDER BY position");
    assert_eq!(columns, names.map(|name| vec![text(name)]), "the catalogue says which field is which");
}

#[test]
fn a_page_of_wide_records_is_bounded_by_their_bytes_and_none_is_left_out() {
    const WIDE: usize = 1_000_000;
    const PAGE: usize = 4 << 20;
    let mut place = Place::new();
    let wide = schema(&json!([{ "name": "id" }, { "name": "text" }]));
    let lines: Vec<String> = (0..7).map(|key| format!("k{key};{}", "x".repeat(WIDE))).collect();
    for universe in ["a", "b"] {
        place.land_in(universe, &wide, &format!("id;text\n{}\n", lines.join("\n"))).unwrap();
    }
    let (mut after, mut keys): (Option<(String, String)>, _) = (None, Vec::new());
    loop {
        let behind = after.as_ref().map(|(universe, key)| (universe.as_str(), key.as_str()));
        let page = place.runtime.block_on(place.records.scan("things", behind, 500)).unwrap();
        assert!(page.len() * WIDE <= PAGE + WIDE, "{} records at a time", page.len());
        let Some(last) = page.last() else { break };
        after = Some((last.universe.clone(), last.key.clone()));
        keys.extend(page.into_iter().map(|record| record.universe + &record.key));
    }
    let all = ["a", "b"].iter().flat_map(|universe| (0..7).map(move |key| format!("{universe}k{key}")));
    assert_eq!(keys, all.collect::<Vec<_>>());
}

/// The lock stayed poisoned once, so that each later call would have taken back what was done before.
#[test]
fn a_panic_takes_its_file_back_and_no_other() {
    let mut place = Place::new();
    let schema = schema(&json!([{ "name": "id" }]));
    place.land(&schema, "id\na\n").unwrap();
    let document = json!({ "acme": { "things": { "plain": {} } }, "scopes": { "things": schema } });
    let config = Config::parse("acme", document.to_string().as_bytes()).unwrap();
    let options = config.subsection("things", "plain").unwrap();
    let plan = &Arc::new(Plan::new(Arc::clone(config.scope("things").unwrap()), config.scopes(), options));
    let import = ImportId::new(Timestamp::UNIX_EPOCH, 1);
    place.runtime.block_on(async {
        let cargo = Cargo { universe: "acme", import, file: "panics.csv", bytes: 0, plan };
        let landing = place.records.begin(cargo).await.unwrap();
        let panics = Pruning {
            universe: "acme",
            import,
            page: 0,
            after: None,
            limit: 10,
            plan,
            stays: Arc::new(|_, _| panic!("on purpose")),
        };
        assert!(landing.prune_unlisted(&panics).await.is_err());
        assert!(landing.keep().await.is_err(), "nothing of it is kept");
    });
    place.land(&schema, "id\nb\n").unwrap();
    place.land(&schema, "id\nc\n").unwrap();
    assert_eq!(place.ask("SELECT id FROM things ORDER BY id"), [[text("a")], [text("b")], [text("c")]]);
}

#[test]
fn the_answers_to_batches_are_dropped_with_the_next_file_or_with_the_store() {
    let mut place = Place::new();
    let answers = "SELECT count(*) FROM _applied";
    for rest in ["1", "2"] {
        place.land(&schema(&json!([{ "name": "id" }])), &format!("id\n{rest}\n")).unwrap();
        assert_eq!(place.ask(answers), [[Sql::Integer(1)]], "only those of the file that was landed last");
        let import = ImportId::new(Timestamp::from_second(1_790_000_000).unwrap(), place.files.into());
        place.runtime.block_on(place.records.forget("acme", import)).unwrap();
    }
    let Place { root, records, .. } = place;
    drop(records);
    assert_eq!(ask(root.path(), answers), [[Sql::Integer(0)]]);
}

/// A value of a type as a file may write it, and what a client finds.
fn value(kind: &'static str) -> BoxedStrategy<(String, Sql)> {
    let none = (String::new(), Sql::Null);
    let some: BoxedStrategy<(String, Sql)> = match kind {
        "integer" => any::<i64>().prop_map(|n| (n.to_string(), Sql::Integer(n))).boxed(),
        "number" => (-1_000_000_i32..1_000_000, 0_u32..100)
            .prop_map(|(whole, cents)| {
                let written = format!("{whole}.{cents:02}");
                let number = written.parse().unwrap();
                (written, Sql::Real(number))
            })
            .boxed(),
        "boolean" => any::<bool>().prop_map(|yes| (yes.to_string(), Sql::Integer(yes.into()))).boxed(),
        "date" => (1_i32..10_000, 1_u32..13, 1_u32..29)
            .prop_map(|(year, month, day)| {
                let day = format!("{year:04}-{month:02}-{day:02}");
                (day.clone(), Sql::Text(day))
            })
            .boxed(),
        _ => "[a-z0-9'\u{e9} ]{0,6}x".prop_map(|word| (word.clone(), Sql::Text(word))).boxed(),
    };
    prop_oneof![1 => Just(none), 4 => some].boxed()
}

const KINDS: [&str; 5] = ["string", "integer", "number", "boolean", "date"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever the schema: a table holds what the last line of each key says, with types and NULLs.
    #[test]
    fn a_table_holds_what_files_say(
        kinds in prop::collection::vec(0..KINDS.len(), 1..6),
        keys in prop::collection::vec(0_u8..12, 1..20),
        seed in any::<u64>(),
    ) {
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            ProptestConfig::default(),
            proptest::test_runner::TestRng::from_seed(
                proptest::test_runner::RngAlgorithm::ChaCha,
                &seed.to_le_bytes().repeat(4),
            ),
        );
        let names: Vec<String> = (0..kinds.len()).map(|n| format!("f{n}")).collect();
        let fields = names.iter().zip(&kinds).map(|(name, kind)| json!({ "name": name, "type": KINDS[*kind] }));
        let fields: Vec<Value> = std::iter::once(json!({ "name": "id" })).chain(fields).collect();
        let mut schema = schema(&json!(fields));
        schema["onExisting"] = json!("replace");
        let mut csv = format!("id;{}\n", names.join(";"));
        let mut expected = std::collections::BTreeMap::new();
        for key in keys {
            let values: Vec<(String, Sql)> = kinds
                .iter()
                .map(|kind| value(KINDS[*kind]).new_tree(&mut runner).unwrap().current())
                .collect();
            let cells: Vec<&str> = values.iter().map(|(written, _)| written.as_str()).collect();
            writeln!(csv, "k{key:02};{}", cells.join(";")).unwrap();
            let found: Vec<Sql> = values.into_iter().map(|(_, found)| found).collect();
            expected.insert(format!("k{key:02}"), found);
        }
        let mut place = Place::new();
        place.land(&schema, &csv).unwrap();
        let found = place.ask(&format!("SELECT {} FROM things ORDER BY id", names.join(", ")));
        prop_assert_eq!(found, expected.into_values().collect::<Vec<_>>());
    }
}
