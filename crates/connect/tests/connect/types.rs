//! Each type of each server: how its values are written, and which are refused. The table of `docs/queries.md` is what
//! the servers answer; `UPDATE_TYPES=1` writes it.

use std::fmt::Write as _;
use std::path::PathBuf;

use tidewaiter_connect::Connection;

use crate::support::{Mariadb, Postgres, ask, sqlite};

/// The types of PostgreSQL, each with a value.
const POSTGRES: [(&str, &str); 51] = [
    ("boolean", "true"),
    ("smallint", "-32768"),
    ("integer", "2147483647"),
    ("bigint", "-9223372036854775808"),
    ("oid", "4294967295"),
    ("numeric(20,4)", "1234567890123456.1000"),
    ("numeric", "0.00000000000000000001"),
    ("numeric", "'NaN'"),
    ("real", "0.1"),
    ("real", "1e20"),
    ("double precision", "0.30000000000000004"),
    ("double precision", "1e-7"),
    ("double precision", "'-Infinity'"),
    ("money", "'12.50'"),
    ("text", "'a;b'"),
    ("text", "''"),
    ("text", "NULL"),
    ("varchar(5)", "'abc'"),
    ("char(5)", "'abc'"),
    ("name", "'abc'"),
    ("\"char\"", "'a'"),
    ("bytea", "'\\x00ff'"),
    ("date", "'2026-01-31'"),
    ("date", "'infinity'"),
    ("date", "'0044-03-15 BC'"),
    ("time", "'13:45:00.5'"),
    ("timetz", "'13:45:00+02'"),
    ("timestamp", "'2026-01-31 13:45:00.123456'"),
    ("timestamptz", "'2026-01-31 13:45:00+05:30'"),
    ("timestamptz", "'-infinity'"),
    ("interval", "'1 day 02:03:04'"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("json", "'{\"a\": [1, null]}'"),
    ("jsonb", "'{\"a\":[1,null]}'"),
    ("inet", "'192.0.2.1/24'"),
    ("cidr", "'192.0.2.0/24'"),
    ("macaddr", "'08:00:2b:01:02:03'"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'"),
    ("bit(4)", "B'1010'"),
    ("varbit", "B'101'"),
    ("mood (an enum)", "'happy'"),
    ("price (a domain over numeric)", "'1.50'"),
    ("integer[]", "'{1,2}'"),
    ("point_of_sale (a composite)", "'(1,a)'"),
    ("int4range", "'[1,5)'"),
    ("int4multirange", "'{[1,5)}'"),
    ("point", "'(1,2)'"),
    ("tsvector", "'a b'"),
    ("tsquery", "'a & b'"),
    ("regclass", "'pg_class'"),
    ("pg_lsn", "'0/0'"),
];

/// The types of MariaDB, each with a value.
const MARIADB: [(&str, &str); 44] = [
    ("TINYINT", "-128"),
    ("BOOLEAN", "TRUE"),
    ("SMALLINT", "-32768"),
    ("MEDIUMINT UNSIGNED", "16777215"),
    ("INT", "-2147483648"),
    ("BIGINT", "-9223372036854775808"),
    ("BIGINT UNSIGNED", "18446744073709551615"),
    ("INT(6) ZEROFILL", "42"),
    ("YEAR", "2026"),
    ("BIT(1)", "b'1'"),
    ("BIT(12)", "b'101000000001'"),
    ("DECIMAL(20,4)", "1234567890123456.1"),
    ("DECIMAL(65,30)", "0.000000000000000000000000000001"),
    ("FLOAT", "0.1"),
    ("FLOAT", "1e20"),
    ("DOUBLE", "0.30000000000000004"),
    ("DOUBLE", "-1.5e-7"),
    ("CHAR(5)", "'abc'"),
    ("VARCHAR(5)", "'a;b'"),
    ("VARCHAR(5)", "''"),
    ("VARCHAR(5)", "NULL"),
    ("TEXT", "'äöü'"),
    ("LONGTEXT", "'abc'"),
    ("VARCHAR(5) CHARACTER SET latin1", "'äöü'"),
    ("ENUM('a','b')", "'b'"),
    ("SET('a','b')", "'a,b'"),
    ("JSON", "'{\"a\": [1, null]}'"),
    ("UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("INET4", "'192.0.2.1'"),
    ("INET6", "'2001:db8::1'"),
    ("DATE", "'2026-01-31'"),
    ("DATE", "'0000-00-00'"),
    ("TIME", "'13:45:00'"),
    ("TIME(6)", "'-838:59:58.5'"),
    ("DATETIME", "'2026-01-31 13:45:00'"),
    ("DATETIME(6)", "'2026-01-31 13:45:00.120000'"),
    ("TIMESTAMP NULL", "'2026-01-31 13:45:00'"),
    ("BINARY(2)", "x'00ff'"),
    ("VARBINARY(5)", "x'00ff'"),
    ("BLOB", "x'00ff'"),
    ("TINYBLOB", "x'00ff'"),
    ("LONGBLOB", "x'00ff'"),
    ("POINT", "ST_GeomFromText('POINT(1 2)')"),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)')"),
];

/// The types of SQLite, each with a value.
const SQLITE: [(&str, &str); 20] = [
    ("INTEGER", "-9223372036854775808"),
    ("BIGINT", "7"),
    ("REAL", "0.1"),
    ("REAL", "1e22"),
    ("DOUBLE", "-1.5e-7"),
    ("REAL", "9e999"),
    ("NUMERIC", "12.50"),
    ("DECIMAL(10,2)", "'12.50'"),
    ("TEXT", "'a;b'"),
    ("TEXT", "''"),
    ("TEXT", "NULL"),
    ("VARCHAR(10)", "'abc'"),
    ("BOOLEAN", "1"),
    ("BOOLEAN", "'maybe'"),
    ("DATE", "'2026-01-31'"),
    ("TIME", "'13:45:00'"),
    ("DATETIME", "'2026-01-31 13:45:00'"),
    ("BLOB", "x'00ff'"),
    ("TEXT", "x'00ff'"),
    ("INTEGER", "'seven'"),
];

/// A row of the table: what is asked, and what comes of it.
async fn row(connection: &Connection, kind: &str, value: &str, sql: &str) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let told = match ask(connection, sql, None).await {
        Ok(answer) => {
            let written = match &answer.rows[0][0] {
                None => "NULL".to_owned(),
                Some(bytes) if bytes.is_empty() => "the empty text".to_owned(),
                Some(bytes) => format!("`{}`", String::from_utf8_lossy(bytes)),
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
