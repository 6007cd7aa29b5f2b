//! Connections: who may use them, and what is wrong with one, step by step.

use std::path::Path;

use serde_json::json;
use tidewaiter_tests::postgres::{Database, Stoppable};
use tidewaiter_tests::{mariadb, tls};

use crate::support::{Answer, Place, command};

const PASSWORD: &str = "correct-horse";
const WRONG: &str = "falsch-falsch";

/// A deployment with these connections.
fn deployment(connections: &str) -> Place {
    let place = Place::deployment();
    place.write("drop/tidewaiter.toml", connections);
    place
}

/// Tests a connection, with all that can be logged.
fn test(place: &Place, name: &str) -> Answer {
    let answer = place.run(&["connection", "test", "drop", name, "-vv"]);
    for secret in [PASSWORD, WRONG] {
        assert!(!answer.out.contains(secret) && !answer.err.contains(secret), "{answer:?}");
    }
    answer
}

/// The steps of an answer, each with its mark.
fn steps(answer: &Answer) -> Vec<String> {
    let marked = |line: &&str| ["  ✓ ", "  ! ", "  ✗ "].iter().any(|mark| line.starts_with(mark));
    let step = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    answer.out.lines().filter(marked).map(step).collect()
}

#[test]
fn a_file_of_sqlite_is_listed_and_tested() {
    let place = deployment(
        "[connections.stock]\nengine = \"sqlite\"\nfile = \"stock.sqlite\"\nrepositories = [\"default\", \"acme\"]\nmax_reads = 2\n",
    );
    let listed = place.run(&["connection", "list", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(
        listed,
        json!([{
            "name": "stock", "engine": "sqlite", "place": "drop/stock.sqlite", "user": null,
            "repositories": ["default", "acme"], "max_rows": 100_000_000, "max_bytes": 68_719_476_736_u64,
            "max_row_bytes": 16_777_216, "max_seconds": 3_600, "max_reads": 2,
        }])
    );
    let text = place.run(&["connection", "list", "drop"]).expect(0).out;
    assert!(text.contains("stock  sqlite  drop/stock.sqlite") && text.contains("default, acme"), "{text}");
    let missing = test(&place, "stock").expect(1);
    assert_eq!(steps(&missing), ["✗ name"], "{missing:?}");
    assert!(missing.out.contains("hint: name a file of SQLite"), "{missing:?}");
    place.write("drop/stock.sqlite", "name;stock\n");
    test(&place, "stock").expect(1);
    std::fs::remove_file(place.path("drop/stock.sqlite")).unwrap();
    // The records of a deployment are a database like any other.
    place.dropped(crate::support::CONTACTS, crate::support::GOOD);
    place.import().expect(0);
    std::fs::copy(place.path("drop/records/default.sqlite"), place.path("drop/stock.sqlite")).unwrap();
    let good = test(&place, "stock").expect(0);
    assert_eq!(steps(&good), ["✓ name", "✓ read-only"], "{good:?}");
    let told = place.run(&["connection", "test", "drop", "--format", "json"]).expect(0).json();
    assert_eq!((&told[0]["works"], &told[0]["steps"][1]["result"]), (&json!(true), &json!("passes")));
}

#[test]
fn without_connections_that_is_said() {
    let place = Place::deployment();
    for what in ["list", "test"] {
        let answer = place.run(&["connection", what, "drop"]).expect(0);
        assert!(answer.out.contains("there are no connections: `[connections.NAME]`"), "{answer:?}");
        assert_eq!(place.run(&["connection", what, "drop", "--format", "json"]).expect(0).json(), json!([]));
        let stack = place.run(&["connection", what, "s3://landing"]).expect(2);
        assert!(stack.err.contains("is a deployed stack"), "{stack:?}");
        assert!(place.run(&["connection", what, "nowhere"]).expect(2).err.contains("there is no folder"));
    }
}

#[test]
fn a_mistake_in_a_connection_is_told_and_nothing_is_done() {
    let place =
        deployment(&format!("[connections.shop]\nengine = \"postgres\"\npassword = \"{PASSWORD}\"\n"));
    for arguments in [&["connection", "test", "drop"][..], &["connection", "list", "drop"], &["run", "drop"]]
    {
        let answer = place.run(arguments).expect(2);
        assert!(
            answer.err.contains("connections.shop.password: a password is not written here"),
            "{answer:?}"
        );
        assert!(answer.err.contains("connections.shop.host: this is missing"), "{answer:?}");
        assert!(!answer.err.contains(PASSWORD), "{answer:?}");
    }
    place.write(
        "drop/tidewaiter.toml",
        "[connections.shop]\nengine = \"sqlite\"\nfile = \"a\"\nrepositories = [\"default\"]\n",
    );
    let unknown = test(&place, "shpo").expect(2);
    assert!(
        unknown.err.contains("there is no connection shpo") && unknown.err.contains("did you mean `shop`?")
    );
}

/// Makes the server ask this user for a password. All others get in without one, as before.
fn ask_for_password(database: &Database, user: &str) {
    let file = database.rows("SHOW hba_file").remove(0);
    let asked = format!("host all {user} 127.0.0.1/32 scram-sha-256");
    database.rows(&format!("COPY (VALUES ('{asked}'), ('host all all 127.0.0.1/32 trust')) TO '{file}'"));
    database.rows("SELECT pg_reload_conf()");
}

/// Settings with the connection `shop`. What is `changed` is in the place of what there was.
fn shop(database: &str, port: u16, changed: &[(&str, &str)]) -> String {
    let mut text = format!(
        "[connections.shop]\nengine = \"postgres\"\nhost = \"localhost\"\nport = {port}\ndatabase = \"{database}\"\n\
         user = \"reader\"\npassword_file = \"password\"\ncertificates = \"ca.pem\"\nrepositories = [\"default\"]\n"
    );
    for (from, to) in changed {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn each_step_to_postgres_is_told() {
    let server = Stoppable::new();
    let database = Database::on(server.address());
    let (_, rest) = database.address().split_once('@').unwrap();
    let (host, rest) = rest.split_once('/').unwrap();
    let name = rest.split_once('?').unwrap().0;
    let password = format!("CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'");
    for sql in [&password, "CREATE TABLE customers (id bigint)", "GRANT SELECT ON customers TO reader"] {
        database.rows(sql);
    }
    ask_for_password(&database, "reader");
    let protected = tls::protect_postgres(host, "localhost");
    let other = tls::protect_postgres(host, "localhost");
    let place = deployment("");
    place.write("drop/ca.pem", &protected.authority).write("drop/other.pem", &other.authority);
    place.write("drop/password", format!("{PASSWORD}\n"));
    let told = |changed: &[(&str, &str)]| {
        place.write("drop/tidewaiter.toml", shop(name, protected.port, changed));
        test(&place, "shop")
    };

    let good = told(&[]).expect(0);
    let all = ["✓ name", "✓ route", "✓ TLS", "✓ login", "✓ rights", "✓ read-only"];
    assert_eq!(steps(&good), all, "{good:?}");

    let host = told(&[("\"localhost\"", "\"db.invalid\"")]).expect(1);
    assert_eq!(steps(&host), ["✗ name"], "{host:?}");
    assert!(host.out.contains("db.invalid") && host.out.contains("hint: check the name"), "{host:?}");

    let closed = told(&[(&format!("port = {}", protected.port), "port = 1")]).expect(1);
    assert_eq!(steps(&closed), ["✓ name", "✗ route"], "{closed:?}");
    assert!(closed.out.contains("localhost:1 is not reached") && closed.out.contains("hint: check the port"));

    for roots in ["certificates = \"other.pem\"\n", ""] {
        let untrusted = told(&[("certificates = \"ca.pem\"\n", roots)]).expect(1);
        assert_eq!(steps(&untrusted), ["✓ name", "✓ route", "✗ TLS"], "{untrusted:?}");
    }
    let certificates = told(&[("ca.pem", "nosuch.pem")]).expect(1);
    assert_eq!(steps(&certificates), ["✗ TLS"], "{certificates:?}");
    assert!(certificates.out.contains("nosuch.pem cannot be read"), "{certificates:?}");

    let nowhere =
        told(&[("password_file = \"password\"", "password_variable = \"TIDEWAITER_NO_SUCH\"")]).expect(1);
    assert!(nowhere.out.contains("TIDEWAITER_NO_SUCH is not set"), "{nowhere:?}");
    place.write("drop/password", format!("{WRONG}\n"));
    let wrong = told(&[]).expect(1);
    assert_eq!(steps(&wrong), ["✓ name", "✓ route", "✗ login"], "{wrong:?}");
    assert!(wrong.out.contains("password authentication failed"), "{wrong:?}");
    database.rows(&format!("ALTER ROLE reader PASSWORD '{WRONG}'"));
    told(&[]).expect(0);

    database.rows("GRANT INSERT ON customers TO reader");
    let writes = told(&[]).expect(0);
    assert!(steps(&writes).contains(&"! rights".to_owned()), "{writes:?}");
    assert!(writes.out.contains("the login may write: table customers"), "{writes:?}");
    assert!(writes.out.contains("hint: use a login of its own"), "{writes:?}");
    let json = place.run(&["connection", "test", "drop", "--format", "json"]).expect(0).json();
    assert_eq!((&json[0]["works"], &json[0]["steps"][4]["result"]), (&json!(true), &json!("warns")));
}

#[test]
fn a_password_may_lie_in_the_environment_and_a_stopped_database_of_records_does_not_matter() {
    let database = Database::new();
    let (_, rest) = database.address().split_once('@').unwrap();
    let (host, rest) = rest.split_once('/').unwrap();
    let port = host.rsplit_once(':').unwrap().1.parse().unwrap();
    let changed = [
        ("\"reader\"", "\"tidewaiter\""),
        ("password_file = \"password\"", "password_variable = \"SHOP_PASSWORD\""),
        ("certificates = \"ca.pem\"", "tls = false"),
    ];
    let connection = shop(rest.split_once('?').unwrap().0, port, &changed);
    let gone = "[records]\nengine = \"postgres\"\naddress = \"postgresql://u@localhost:1/records?sslmode=disable\"\n";
    let place = deployment(&format!("{gone}{connection}"));
    let run = |folder: &Path| {
        let mut command = command(folder, &["connection", "test", "drop"]);
        command.env("SHOP_PASSWORD", PASSWORD);
        crate::support::answer(command, b"")
    };
    let answer = run(&place.path("")).expect(0);
    assert_eq!(steps(&answer), ["✓ name", "✓ route", "✓ login", "! rights", "✓ read-only"], "{answer:?}");
    assert!(!answer.out.contains(PASSWORD), "{answer:?}");
}

#[test]
fn mariadb_is_tested_too() {
    let Some(address) = mariadb::address() else { return };
    let (_, rest) = address.split_once("//").unwrap();
    let (user, rest) = rest.split_once('@').unwrap();
    let (host, database) = rest.split_once('/').unwrap();
    let (host, port) = host.rsplit_once(':').unwrap();
    let connection = |port: &str| {
        format!(
            "[connections.shop]\nengine = \"mariadb\"\nhost = \"{host}\"\nport = {port}\ntls = false\n\
             database = \"{database}\"\nuser = \"{user}\"\nrepositories = [\"default\"]\n"
        )
    };
    let writes = test(&deployment(&connection(port)), "shop").expect(0);
    assert_eq!(steps(&writes), ["✓ name", "✓ route", "✓ login", "! rights", "✓ read-only"], "{writes:?}");
    let closed = test(&deployment(&connection("1")), "shop").expect(1);
    assert_eq!(steps(&closed), ["✓ name", "✗ route"], "{closed:?}");
    assert!(closed.out.contains("hint: check the port"), "{closed:?}");
}
