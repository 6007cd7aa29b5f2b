//! Each type of each server: how its values are written, and which are refused. The table of `docs/queries.md` is what
//! the servers answer; `UPDATE_TYPES=1` writes it.

use std::fmt::Write as _;
use std::path::PathBuf;

use tidewaiter_connect::Connection;

use crate::support::{ClickHouse, Mariadb, Postgres, SqlServer, ask, sqlite};

/// The types of PostgreSQL, each with a value.
const POSTGRES: [(&str, &str); 52] = [
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
    // The server of these tests knows the type, and was built without what reads its values.
    ("xml", "NULL"),
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

/// The types of SQL Server, each with a value, and a query for it. Those that a server of its protocol lacks are bytes that
/// `tests/sqlserver/wire.py` writes after the specification.
const SQLSERVER: [(&str, &str, &str); 43] = [
    ("bit", "1", "CAST(1 AS bit) AS v"),
    ("tinyint", "255", "CAST(255 AS tinyint) AS v"),
    ("smallint", "-32768", "CAST(-32768 AS smallint) AS v"),
    ("int", "-2147483648", "CAST(-2147483648 AS int) AS v"),
    ("bigint", "-9223372036854775808", "CAST(-9223372036854775808 AS bigint) AS v"),
    ("decimal(20,4)", "-1234567890123456.1000", "v FROM wire_decimal"),
    ("decimal(38,38)", "0.99999999999999999999999999999999999999", "v FROM wire_decimal38"),
    ("decimal(20,4)", "NULL", "v FROM wire_null"),
    ("money", "-12.5", "v FROM wire_money"),
    ("smallmoney", "123.4567", "v FROM wire_smallmoney"),
    ("real", "0.5", "CAST(0.5 AS real) AS v"),
    ("float", "0.1", "CAST(0.1 AS float) AS v"),
    ("float", "1e22", "CAST(1e22 AS float) AS v"),
    ("char(5)", "'abc'", "v FROM wire_char"),
    ("varchar(5)", "'äöü' (a code page)", "v FROM wire_varchar"),
    ("nchar(5)", "'abc'", "v FROM wire_nchar"),
    ("nvarchar(20)", "'a;b'", "CAST('a;b' AS nvarchar(20)) AS v"),
    ("nvarchar(20)", "''", "CAST('' AS nvarchar(20)) AS v"),
    ("nvarchar(20)", "NULL", "CAST(NULL AS nvarchar(20)) AS v"),
    ("nvarchar(max)", "'äöü'", "CAST(N'äöü' AS nvarchar(max)) AS v"),
    ("text", "'abc'", "v FROM wire_text"),
    ("ntext", "'äöü'", "v FROM wire_ntext"),
    ("xml", "'<a b=\"1\"/>'", "v FROM wire_xml"),
    ("uniqueidentifier", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "v FROM wire_uniqueidentifier"),
    ("date", "'2026-01-31'", "v FROM wire_date"),
    ("time", "'13:45:00.5'", "v FROM wire_time"),
    ("time(0)", "'13:45:00'", "v FROM wire_time0"),
    ("smalldatetime", "'2026-01-31 13:45:00'", "v FROM wire_smalldatetime"),
    ("datetime", "'2026-01-31 13:45:00.003'", "v FROM wire_datetime"),
    ("datetime", "'2026-01-31 13:45:00'", "CAST('2026-01-31T13:45:00' AS datetime) AS v"),
    ("datetime2", "'2026-01-31 13:45:00.1234567'", "v FROM wire_datetime2"),
    ("datetime2(3)", "'2026-01-31 13:45:00.120'", "v FROM wire_datetime2_3"),
    ("datetimeoffset", "'2026-01-31 13:45:00 +05:30'", "v FROM wire_datetimeoffset"),
    ("binary(8), rowversion", "0x00", "v FROM wire_binary"),
    ("varbinary(5)", "0x00ff", "v FROM wire_varbinary"),
    ("image", "0x00ff", "v FROM wire_image"),
    ("sql_variant", "1", "v FROM wire_sql_variant"),
    ("geography", "'POINT(1 2)'", "v FROM wire_geography"),
    ("hierarchyid", "'/1/'", "v FROM wire_hierarchyid"),
    ("int", "2147483647", "2147483647 AS v"),
    ("int", "NULL", "CAST(NULL AS int) AS v"),
    ("bit", "NULL", "CAST(NULL AS bit) AS v"),
    ("bit", "0", "CAST(0 AS bit) AS v"),
];

/// The types of ClickHouse, each with a value.
const CLICKHOUSE: [(&str, &str); 41] = [
    ("Bool", "true"),
    ("Int8", "-128"),
    ("Int64", "-9223372036854775808"),
    ("UInt64", "18446744073709551615"),
    ("Int128", "'-170141183460469231731687303715884105728'"),
    ("UInt256", "'115792089237316195423570985008687907853269984665640564039457584007913129639935'"),
    ("Float32", "0.1"),
    ("Float32", "1e20"),
    ("Float64", "0.30000000000000004"),
    ("Float64", "-1.5e-7"),
    ("Float64", "nan"),
    ("Float64", "-inf"),
    ("Decimal(20, 4)", "'1234567890123456.1'"),
    ("Decimal(76, 38)", "'-0.00000000000000000000000000000000000001'"),
    ("String", "'a;b'"),
    ("String", "''"),
    ("String", "'äöü\\t\\\\'"),
    ("Nullable(String)", "NULL"),
    ("LowCardinality(Nullable(String))", "'abc'"),
    ("FixedString(5)", "'abc'"),
    ("Enum8('a' = 1, 'b' = 2)", "'b'"),
    ("UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("IPv4", "'192.0.2.1'"),
    ("IPv6", "'2001:db8::1'"),
    ("Date", "'2026-01-31'"),
    ("Date32", "'1900-01-01'"),
    ("DateTime", "'2026-01-31 13:45:00'"),
    ("DateTime('Asia/Kolkata')", "'2026-01-31 13:45:00'"),
    ("DateTime64(6)", "'2026-01-31 13:45:00.120000'"),
    ("DateTime64(3, 'America/New_York')", "'2026-01-31 13:45:00.5'"),
    ("Nullable(Decimal(10, 2))", "1.5"),
    ("Nullable(DateTime)", "NULL"),
    ("SimpleAggregateFunction(sum, UInt64)", "7"),
    ("Array(UInt8)", "[1, 2]"),
    ("Map(String, UInt8)", "map('a', 1)"),
    ("Tuple(a UInt8, b String)", "(1, 'a')"),
    ("JSON", "'{\"a\": 1}'"),
    ("Variant(String, UInt8)", "1::UInt8"),
    ("Dynamic", "1"),
    ("Point", "(1, 2)"),
    ("AggregateFunction(sum, UInt64)", "initializeAggregation('sumState', 1::UInt64)"),
];

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
