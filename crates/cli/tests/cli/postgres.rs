//! A folder whose settings choose PostgreSQL for its records.

use std::fmt::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;
use tidewaiter_tests::postgres::{Database, Stoppable};

use crate::support::{Answer, CONTACTS, GOOD, MIXED, Place, command};

const NEXT: &str = "default_contacts_main_20260201.csv";

/// A deployment with its records in a database.
fn deployment(database: &Database) -> Place {
    let place = Place::deployment();
    place.write("drop/tidewaiter.toml", database.settings());
    place
}

fn failures(answer: &Answer) -> Vec<&str> {
    answer.err.lines().filter(|line| line.starts_with("failed:")).collect()
}

#[test]
fn files_land_where_any_client_reads_them_and_every_command_does() {
    let database = Database::new();
    let place = deployment(&database);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let sql = "SELECT c._key, c.firstname, r.file, c._line FROM \"default\".contacts c
               JOIN \"default\"._runs r ON r.id = c._run ORDER BY 1";
    assert_eq!(
        database.rows(sql),
        [format!("ana.lopez@example.org Ana {CONTACTS} 2"), format!("bo@example.org Bo {CONTACTS} 3")]
    );
    assert!(!place.path("drop/records").exists(), "nothing is kept in the folder");
    place.dropped(NEXT, "email;firstname\nana.lopez@example.org;Ana\nbo@example.org;Bob\n");
    place.import().expect(0);
    let counts = place.run(&["records", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(counts, json!([{ "universe": "default", "scope": "contacts", "count": 2 }]));
    let one = place.run(&["records", "drop", "contacts", "--key", "bo@example.org"]).expect(0).out;
    assert!(one.contains("Bob") && one.contains(NEXT) && one.contains(CONTACTS), "{one}");
    let export = |arguments: &[&str]| {
        place
            .run(&[&["records", "drop", "contacts", "--universe", "default"], arguments].concat())
            .expect(0)
            .out
    };
    let csv = export(&["--format", "csv", "--where", "firstname=Bob", "--provenance"]);
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 2, "{csv}");
    assert!(lines[0].starts_with("_key,_import,_line,customer_key,email,"), "{csv}");
    assert!(lines[1].starts_with("bo@example.org,01") && lines[1].contains(",3,,bo@example.org,"), "{csv}");
    assert_eq!(export(&["--format", "jsonl", "--since", "2100-01-01"]), "");
    assert_eq!(export(&["--format", "jsonl"]).lines().count(), 2);
    export(&["--format", "parquet", "--output", "contacts.parquet"]);
    assert!(place.path("contacts.parquet").metadata().unwrap().len() > 100);
    let changes = place.run(&["changes", "drop", "--since", "2"]).expect(0).json_lines();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!((&changes[0]["order"], &changes[0]["values"]["firstname"]), (&json!(3), &json!("Bob")));
    for arguments in [&["status", "drop"][..], &["explain", "drop", NEXT], &["report", "drop", NEXT]] {
        place.run(arguments).expect(0);
    }
}

#[test]
fn a_name_that_is_mistyped_is_proposed() {
    let database = Database::new();
    let place = deployment(&database);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let answer = place.run(&["records", "drop", "contcats", "--format", "csv"]).expect(2);
    assert!(
        answer.err.contains("there is no scope contcats") && answer.err.contains("contacts"),
        "{answer:?}"
    );
    let answer =
        place.run(&["records", "drop", "contacts", "--format", "csv", "--where", "fristname=Bo"]).expect(2);
    assert!(answer.err.contains("no column fristname") && answer.err.contains("firstname"), "{answer:?}");
    let answer = place.run(&["changes", "drop", "--universe", "defualt"]).expect(2);
    assert!(answer.err.contains("there are no changes of universe defualt; there are default"), "{answer:?}");
}

#[test]
fn a_folder_that_keeps_no_changes_says_so() {
    for engine in [String::from("[records]\n"), Database::new().settings()] {
        let place = Place::deployment();
        place.write("drop/tidewaiter.toml", format!("{engine}keep_changes_days = 0\n"));
        place.dropped(CONTACTS, GOOD);
        place.import().expect(0);
        let answer = place.run(&["changes", "drop"]).expect(2);
        assert!(answer.err.contains("keep_changes_days is 0"), "{answer:?}");
        // What was not kept is not passed by.
        place.write("drop/tidewaiter.toml", &engine);
        let answer = place.run(&["changes", "drop", "--since", "1"]).expect(2);
        assert!(answer.err.contains("the changes 2 to 2 are not kept any more"), "{engine}: {answer:?}");
        place.dropped(NEXT, "email;firstname\nbo@example.org;Bob\n");
        place.import().expect(0);
        let changes = place.run(&["changes", "drop", "--since", "2"]).expect(0).json_lines();
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0]["order"], json!(3));
    }
}

#[test]
fn records_are_not_split_between_engines() {
    let database = Database::new();
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    place.dropped(NEXT, GOOD);
    place.write("drop/tidewaiter.toml", database.settings());
    for arguments in [&["run", "drop", "--quiet-for", "0"][..], &["records", "drop"]] {
        let answer = place.run(arguments).expect(2);
        let told =
            "records.engine: this is postgres, and the records of default are in sqlite: they would be split";
        assert!(answer.err.contains(told), "{answer:?}");
    }
    assert!(place.path(&format!("drop/imports/default/{NEXT}")).exists(), "nothing was taken in");
    // The other way round.
    let place = deployment(&database);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    place.write("drop/tidewaiter.toml", "");
    let answer = place.import().expect(2);
    assert!(answer.err.contains("the records of default are in postgres: they would be split"), "{answer:?}");
    // Another database.
    place.write("drop/tidewaiter.toml", Database::new().settings());
    place.dropped(NEXT, GOOD);
    for arguments in [&["records", "drop"][..], &["run", "drop", "--quiet-for", "0"]] {
        let answer = place.run(arguments).expect(2);
        assert!(answer.err.contains("universe default in PostgreSQL is gone"), "{answer:?}");
    }
    place.run(&["init", "drop", "--accept-empty"]).expect(0);
    place.import().expect(0);
    let counts = place.run(&["records", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(counts[0]["count"], json!(2), "it begins anew where an operator says so");
    // Another folder.
    let other = deployment(&database);
    other.dropped(CONTACTS, GOOD);
    let answer = other.import().expect(2);
    assert!(
        answer.err.contains("universe default in PostgreSQL belongs to another deployment"),
        "{answer:?}"
    );
}

#[test]
fn settings_that_cannot_be_used_are_told_without_a_password() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    place.write(
        "drop/tidewaiter.toml",
        "[records]\nengine = \"postgres\"\naddress = \"postgresql://tidewaiter:hunter2@db.example.org/records\"\n",
    );
    let answer = place.import().expect(2);
    assert!(answer.err.contains("records.address: it holds a password"), "{answer:?}");
    assert!(!answer.err.contains("hunter2"), "{answer:?}");
    // A reference that leads nowhere is told when records are needed, and the files wait.
    place.write(
        "drop/tidewaiter.toml",
        "[records]\nengine = \"postgres\"\naddress = \"postgresql://t@localhost/r?sslmode=disable\"\npassword_file = \"secret\"\n",
    );
    let answer = place.import().expect(2);
    let [failure] = failures(&answer)[..] else { panic!("one cause: {answer:?}") };
    assert!(
        failure.contains("the password of PostgreSQL: refused:") && failure.contains("drop/secret"),
        "{answer:?}"
    );
    let history = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(history[0]["outcome"], json!(null), "it is nothing of the partner: {history}");
    place.run(&["status", "drop"]).expect(0);
}

/// The folder of a database that is not reached: files wait, and land when it is.
#[test]
fn a_server_that_is_gone_is_an_error_of_ours() {
    let mut server = Stoppable::new();
    let database = Database::on(server.address());
    let place = deployment(&database);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    server.stop();
    place.dropped(NEXT, MIXED);
    let answer = place.import().expect(2);
    let [failure] = failures(&answer)[..] else { panic!("one cause: {answer:?}") };
    assert!(failure.contains("connecting to PostgreSQL") && failure.contains("refused"), "{answer:?}");
    assert!(answer.out.contains("1 failure; the next run retries it"), "{answer:?}");
    let history = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    let of_next = history.as_array().unwrap().iter().find(|one| one["file"] == NEXT).unwrap();
    assert_eq!(of_next["outcome"], json!(null), "{history}");
    let answer = place.run(&["records", "drop"]).expect(2);
    assert!(answer.err.contains("connecting to PostgreSQL"), "{answer:?}");
    server.start();
    place.import().expect(1);
    assert_eq!(database.rows("SELECT count(*) FROM \"default\".contacts"), ["2"]);
}

/// The server dies while a large file is landed, and comes back.
#[test]
fn a_file_is_whole_though_the_server_dies_while_it_lands() {
    const LINES: usize = 60_000;
    let mut server = Stoppable::new();
    let database = Database::on(server.address());
    let place = deployment(&database);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let mut file = "email;firstname\n".to_owned();
    for n in 0..LINES {
        writeln!(file, "contact{n:06}@example.org;Name {n}").unwrap();
    }
    place.dropped(NEXT, file);
    let mut watch = command(&place.path(""), &["watch", "drop", "--quiet-for", "0"]);
    let mut watch = watch.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let wait_for = |what: &str, sql: &str, is_met: &dyn Fn(u64) -> bool| {
        let begun = Instant::now();
        loop {
            let count: u64 = database.rows(sql)[0].parse().unwrap();
            if is_met(count) {
                return count;
            }
            assert!(begun.elapsed() < Duration::from_mins(3), "{what}: {count}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let visible = "SELECT count(*) FROM \"default\".contacts";
    // Its pages grow, and no reader sees a row.
    let pages = "SELECT pg_relation_size('\"default\".contacts')";
    wait_for("the landing begins", pages, &|bytes| bytes > 200_000);
    assert_eq!(database.rows(visible), ["2"]);
    server.stop();
    std::thread::sleep(Duration::from_millis(300));
    server.start();
    let count = wait_for("the file lands", visible, &|count| count != 2);
    assert_eq!(count, LINES as u64 + 2, "all of it at once");
    let done = Instant::now();
    while !place.path(&format!("drop/archives/default/{NEXT}")).exists() {
        assert!(done.elapsed() < Duration::from_mins(1), "the file is moved");
        std::thread::sleep(Duration::from_millis(20));
    }
    watch.kill().unwrap();
    watch.wait().unwrap();
    let changes = place.run(&["changes", "drop"]).expect(0).json_lines();
    assert!(changes.iter().map(|change| change["order"].as_u64().unwrap()).eq(1..=LINES as u64 + 2));
    let report = place.run(&["report", "drop", NEXT, "--format", "json"]).expect(0).json();
    assert_eq!((&report["outcome"], &report["counts"]["imported"]), (&json!("imported"), &json!(LINES)));
}
