use proptest::prelude::*;

use super::*;

const ALL: [Dialect; 5] =
    [Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql, Dialect::SqlServer, Dialect::ClickHouse];

fn rendered(sql: &str, dialect: Dialect) -> String {
    Statement::read(sql, dialect).unwrap_or_else(|error| panic!("{sql}: {error}")).with(|n| format!("<{n}>"))
}

fn refused(sql: &str, dialect: Dialect) -> String {
    Statement::read(sql, dialect).expect_err(sql).to_string()
}

#[test]
fn the_last_item_is_bound_wherever_it_stands() {
    for dialect in ALL {
        assert_eq!(rendered("select 1", dialect), "select 1");
        let twice =
            "-- {lastItem}\nSELECT id FROM t /* {lastItem} ' */ WHERE id>{lastItem} OR '--' < {lastItem};\n;";
        assert_eq!(
            rendered(twice, dialect),
            "SELECT id FROM t /* {lastItem} ' */ WHERE id> <1>  OR '--' <  <2> "
        );
        assert_eq!(Statement::read(twice, dialect).unwrap().places(), 2);
        assert_eq!(
            rendered("WITH a AS (SELECT {lastItem}) SELECT * FROM a -- x", dialect).matches('<').count(),
            1
        );
    }
    assert_eq!(
        rendered("SELECT $a$ ; ' $a$, e'\\';', a$1 FROM t", Dialect::Postgres),
        "SELECT $a$ ; ' $a$, e'\\';', a$1 FROM t"
    );
    assert_eq!(rendered("SELECT /* a /* ; */ ; */ 1", Dialect::Postgres), "SELECT /* a /* ; */ ; */ 1");
    assert_eq!(
        rendered("SELECT '\\';', \"a;\", `b;`, 1--1 # ;\n", Dialect::Mysql),
        "SELECT '\\';', \"a;\", `b;`, 1--1"
    );
    assert_eq!(
        rendered("SELECT [a;], `b;`, \"c;\", 'd'';'", Dialect::Sqlite),
        "SELECT [a;], `b;`, \"c;\", 'd'';'"
    );
    assert_eq!(
        rendered("SELECT [a]];{lastitem}], 'b'';', @@ROWCOUNT /* a /* ; */ ; */ FROM #t", Dialect::SqlServer),
        "SELECT [a]];{lastitem}], 'b'';', @@ROWCOUNT /* a /* ; */ ; */ FROM #t"
    );
    assert_eq!(
        rendered("SELECT '\\';', `a\\`;`, \"b\\\";\", $a$ ; $a$, x ? 1 : 2 # ;\n", Dialect::ClickHouse),
        "SELECT '\\';', `a\\`;`, \"b\\\";\", $a$ ; $a$, x ? 1 : 2"
    );
    assert_eq!(
        rendered("SELECT '\\', 1", Dialect::Postgres),
        "SELECT '\\', 1",
        "a backslash is a character there"
    );
}

#[test]
fn what_is_no_query_is_told() {
    for dialect in ALL {
        assert!(refused("", dialect).starts_with("the query is empty"));
        assert!(refused("-- nothing\n;", dialect).contains("neither SELECT nor WITH"));
        for writes in [
            "DELETE FROM t",
            "INSERT INTO t SELECT 1",
            "(SELECT 1)",
            "selects",
            "EXPLAIN SELECT 1",
            "'SELECT'",
        ] {
            assert!(
                refused(writes, dialect).contains("line 1: the query begins with neither SELECT nor WITH"),
                "{writes}"
            );
        }
        assert!(
            refused("SELECT 1;\nDROP TABLE t", dialect)
                .starts_with("line 2: there is more than one statement")
        );
        assert!(refused("SELECT 1 INTO t", dialect).starts_with("line 1: INTO writes"));
        assert!(refused("SELECT '{lastItem}'", dialect).contains("stands in quotes (remove the quotes"));
        assert!(
            refused("SELECT {last_item}", dialect).contains("{last_item} is not known (write {lastItem})")
        );
        assert!(refused("SELECT { LASTITEM }", dialect).contains("is not known"));
        assert!(refused("SELECT 'a", dialect).contains("a quote is not closed"));
        assert!(refused("SELECT\n\n/* a", dialect).contains("line 3: a comment is not closed"));
        assert!(refused("SELECT 1\0", dialect).contains("NUL"));
        assert!(refused(&format!("SELECT {}", "1,".repeat(200_000)), dialect).contains("more than"));
    }
    assert!(refused("SELECT $1", Dialect::Postgres).contains("$1 is a parameter"));
    assert!(refused("SELECT ?", Dialect::Mysql).contains("? is a parameter"));
    assert!(refused("SELECT :id", Dialect::Sqlite).contains(":id is a parameter"));
    assert!(refused("SELECT @id", Dialect::SqlServer).contains("@id is a parameter"));
    assert!(refused("SELECT [{lastItem}]", Dialect::SqlServer).contains("stands in quotes"));
    assert!(
        refused("SELECT 1\nDrop TABLE t", Dialect::SqlServer)
            .starts_with("line 2: Drop begins another statement (keep one SELECT")
    );
    assert!(Statement::read("SELECT [drop], 'drop' FROM t -- drop", Dialect::SqlServer).is_ok());
    assert!(refused("SELECT 1 /*! INTO OUTFILE 'x' */", Dialect::Mysql).contains("is executed"));
    assert!(refused("SELECT 1 /*M!100100 , 2 */", Dialect::Mysql).contains("is executed"));
    assert!(refused("SELECT $a$ x", Dialect::Postgres).contains("a quote is not closed"));
    assert!(refused("SELECT \"{lastItem}\"", Dialect::Postgres).contains("stands in quotes"));
    assert!(refused("SELECT 1) TO PROGRAM 'x' --; \n; SELECT", Dialect::Postgres).contains("more than one"));
}

#[test]
fn an_error_of_the_server_is_found_on_its_line() {
    let statement =
        Statement::read("-- a\n\nSELECT a,\n  b > {lastItem}\nFROM t", Dialect::Postgres).unwrap();
    let sql = statement.with(|_| "$1".to_owned());
    let at = sql.chars().position(|character| character == 'F').unwrap() + 1;
    assert_eq!(statement.line_of(&sql, at), 5);
    assert_eq!(statement.line_of(&sql, 1), 3);
}

proptest! {
    /// Whatever is written: an answer, and what is kept is what was written.
    #[test]
    fn any_text_is_read(text in "(SELECT )?([a-z'\"`$;?\\[\\]\\\\{}#/*\\-\n é0-9]|\\{lastItem\\}|/\\*|\\*/|--|\\$\\$){0,40}") {
        for dialect in ALL {
            if let Ok(statement) = Statement::read(&text, dialect) {
                let with = statement.with(|_| LAST_ITEM.to_owned()).replace(" {lastItem} ", LAST_ITEM);
                prop_assert!(text.contains(&with), "{:?} in {:?}", with, text);
                prop_assert!(statement.parts.iter().all(|part| !part.is_empty() || statement.places() > 0));
            }
        }
    }
}
