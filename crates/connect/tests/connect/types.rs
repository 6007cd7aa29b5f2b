//! Each type of each server: how its values are written, and which are refused. The table of `docs/queries.md` is what
//! the servers answer; `UPDATE_TYPES=1` writes it.

mod tables;

use std::fmt::Write as _;
use std::path::PathBuf;

use tidewaiter_connect::Connection;

use tables::{CLICKHOUSE, MARIADB, POSTGRES, SQLITE, SQLSERVER};

use crate::support::{ClickHouse, Mariadb, Postgres, SqlServer, ask, sqlite};

/// A row of the table: what is asked, and what comes of it.
async fn row(connection: &Connection, kind: &str, value: &str, sql: &str) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let told = match ask(connection, sql, None).await {
        Ok(answer) => {
            let written = match &answer.rows[0][0] {
                None => "NULL".to_owned(),
                Some(bytes) if bytes.is_empty() => "the empty text".to_owned(),
                Some(bytes) => format!("`{}`", String::from_utf8_lossy(bytes).replace('\0', "\\0")),
            };
            format!("{written} | {}", format!("{:?}", answer.columns[0].form).to_lowercase())
        }
        Err(error) => {
            let hint = error.hint.unwrap_or_else(|| panic!("{sql}: {}", error.message));
            assert!(error.message.contains("which a file cannot hold"), "{sql}: {}", error.message);
            format!("refused: {} | ", hint.replace("\"v\"", "v"))
        }
    };
    let (kind, value) = (cell(kind), cell(value));
    format!("| `{kind}` | `{value}` | {} |\n", told.trim_end())
}

async fn postgres() -> String {
    let database = Postgres::new().await;
    let made = "CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN price AS numeric CHECK (VALUE > 0);
        CREATE TYPE point_of_sale AS (id int, name text);";
    database.client().await.batch_execute(made).await.unwrap();
    let mut table = String::new();
    for (kind, value) in POSTGRES {
        let name = kind.split(" (").next().unwrap();
        let sql = format!("SELECT CAST({value} AS {name}) AS v");
        table += &row(&database.connection(), kind, value, &sql).await;
    }
    table
}

/// None where no MariaDB can be had.
async fn of_mariadb() -> Option<String> {
    let database = Mariadb::new().await?;
    let mut table = String::new();
    for (n, (kind, value)) in MARIADB.iter().enumerate() {
        let made = format!("CREATE TABLE t{n} (v {kind})");
        // A client in another zone than the one that moments are written in.
        database
            .run(&[
                &made,
                "SET time_zone = '+05:30', sql_mode = ''",
                &format!("INSERT INTO t{n} VALUES ({value})"),
            ])
            .await;
        let told = row(&database.connection(), kind, value, &format!("SELECT v FROM t{n}")).await;
        table += &told.replace("`v`", "v");
    }
    Some(table)
}

async fn of_sqlite() -> String {
    let mut table = String::new();
    for (kind, value) in SQLITE {
        let folder = tempfile::tempdir().unwrap();
        let connection =
            sqlite(folder.path(), &format!("CREATE TABLE t (v {kind}); INSERT INTO t VALUES ({value})"));
        table += &row(&connection, kind, value, "SELECT v FROM t").await;
    }
    table
}

/// None where no such server can be had.
async fn of_sqlserver() -> Option<String> {
    let server = SqlServer::new()?;
    let mut table = String::new();
    for (kind, value, select) in SQLSERVER {
        let told = row(&server.connection(), kind, value, &format!("SELECT {select}")).await;
        table += &told.replace("[v]", "v");
    }
    Some(table)
}

/// None where ClickHouse is not installed.
async fn of_clickhouse() -> Option<String> {
    let database = ClickHouse::new()?;
    let mut table = String::new();
    for (n, (kind, value)) in CLICKHOUSE.iter().enumerate() {
        let made = format!("CREATE TABLE t{n} (v {kind}) ENGINE = MergeTree ORDER BY tuple()");
        database.run(&[&made, &format!("INSERT INTO t{n} SELECT {value}")]).await;
        let told = row(&database.connection(), kind, value, &format!("SELECT v FROM t{n}")).await;
        table += &told.replace("`v`", "v");
    }
    Some(table)
}

/// A page with other text between two marks.
fn replaced(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- types of {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("docs/queries.md lacks {begin}"));
    let (_, behind) = rest.split_once(&end).unwrap_or_else(|| panic!("docs/queries.md lacks {end}"));
    format!("{before}{begin}{text}{end}{behind}")
}

#[tokio::test]
async fn the_types_are_written_as_documented() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/queries.md");
    let page = std::fs::read_to_string(&path).unwrap();
    let mut made = page.clone();
    for (name, rows) in [
        ("PostgreSQL", Some(postgres().await)),
        ("MariaDB", of_mariadb().await),
        ("SQLite", Some(of_sqlite().await)),
        ("SQL Server", of_sqlserver().await),
        ("ClickHouse", of_clickhouse().await),
    ] {
        let Some(rows) = rows else { continue };
        let mut text = String::from("| type | value | in the file | form |\n|---|---|---|---|\n");
        write!(text, "{rows}").unwrap();
        made = replaced(&made, name, &text);
    }
    if std::env::var("UPDATE_TYPES").is_ok() {
        std::fs::write(&path, made).unwrap();
    } else {
        assert!(page == made, "UPDATE_TYPES=1 writes docs/queries.md anew; the servers answer:\n{made}");
    }
}
