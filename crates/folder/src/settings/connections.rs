//! `[connections.NAME]`: the databases that queries may read, and who may use each.

use tidewaiter::mistake::Mistake;
use tidewaiter_connect::{Definitions, Forms, PasswordKey};
use tidewaiter_postgres::Secret;
use toml::Table;

/// What a folder takes.
const FORMS: Forms<Secret> = Forms {
    passwords: &[
        PasswordKey {
            key: "password_file",
            what: "the path of a file",
            place: |text| Secret::File(text.into()),
        },
        PasswordKey {
            key: "password_variable",
            what: "the name of an environment variable",
            place: Secret::Environment,
        },
    ],
    advice: "write it into a file that no other user reads, and name that in `password_file`",
    certificates: "the path of a file",
    has_files: true,
    user_beside_password: false,
};

/// Reads the table, or tells every mistake.
pub(super) fn read(table: Table, mistakes: &mut Vec<Mistake>) -> Definitions<Secret> {
    let read = match serde_json::to_value(table) {
        Ok(document) => Definitions::read("connections", document, &FORMS),
        Err(_) => Err(vec![Mistake::new("connections", "this is a table with a connection for each name")]),
    };
    read.unwrap_or_else(|found| {
        mistakes.extend(found);
        Definitions::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tidewaiter_connect::Definition;

    use super::*;

    /// A connection without a mistake. Each line of `more` is in the place of the one with the same key; an empty value
    /// removes it.
    fn shop(more: &[(&str, &str)]) -> String {
        let mut keys = vec![
            ("engine", "\"postgres\""),
            ("host", "\"db.example.org\""),
            ("database", "\"shop\""),
            ("user", "\"reader\""),
            ("password_file", "\"secrets/shop\""),
            ("repositories", "[\"acme\"]"),
        ];
        for (key, value) in more {
            keys.retain(|(known, _)| known != key);
            keys.push((key, value));
        }
        let lines = keys
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| format!("{key} = {value}\n"));
        format!("[shop]\n{}", lines.collect::<String>())
    }

    fn parse(text: &str) -> Result<Definitions<Secret>, Vec<String>> {
        let mut mistakes = Vec::new();
        let definitions = read(text.parse().unwrap(), &mut mistakes);
        if mistakes.is_empty() {
            Ok(definitions)
        } else {
            Err(mistakes.iter().map(ToString::to_string).collect())
        }
    }

    fn only(text: &str) -> Definition<Secret> {
        let definitions = parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"));
        definitions.iter().next().unwrap().clone()
    }

    #[test]
    fn a_connection_is_read_with_what_it_leaves_out() {
        let shop = only(&self::shop(&[]));
        assert_eq!((shop.name(), shop.engine(), shop.user()), ("shop", "postgres", Some("reader")));
        assert_eq!(shop.place(), "db.example.org:5432/shop");
        assert_eq!(shop.password(), Some(&Secret::File("secrets/shop".into())));
        assert_eq!(shop.repositories(), ["acme".parse().unwrap()]);
        assert_eq!(
            (shop.limits().rows, shop.limits().time, shop.max_reads()),
            (100_000_000, Duration::from_hours(1), 1)
        );
        for (engine, place) in
            [("mysql", "[::1]:3306/shop"), ("mariadb", "[::1]:3306/shop"), ("postgres", "[::1]:5432/shop")]
        {
            let engine = format!("\"{engine}\"");
            let text = self::shop(&[("engine", &engine), ("host", "\"::1\""), ("tls", "false")]);
            assert_eq!(only(&text).place(), place);
        }
    }

    #[test]
    fn limits_and_ports_are_the_operators() {
        let shop = only(&self::shop(&[
            ("port", "6432"),
            ("certificates", "\"ca.pem\""),
            ("password_file", ""),
            ("password_variable", "\"SHOP_PASSWORD\""),
            ("repositories", "[\"globex\", \"acme\", \"globex\"]"),
            ("max_rows", "1000"),
            ("max_bytes", "1048576"),
            ("max_row_bytes", "4096"),
            ("max_seconds", "5"),
            ("max_reads", "3"),
        ]));
        assert_eq!(
            (shop.place(), shop.certificates()),
            ("db.example.org:6432/shop".to_owned(), Some("ca.pem"))
        );
        assert_eq!(shop.password(), Some(&Secret::Environment("SHOP_PASSWORD".into())));
        assert_eq!(shop.repositories().len(), 2);
        let limits = shop.limits();
        assert_eq!((limits.rows, limits.bytes, limits.row_bytes), (1_000, 1 << 20, 4_096));
        assert_eq!(
            (limits.time, limits.connect, shop.max_reads()),
            (Duration::from_secs(5), Duration::from_secs(5), 3)
        );
    }

    #[test]
    fn a_file_of_sqlite_needs_no_login() {
        let stock = only("[stock]\nengine = \"sqlite\"\nfile = \"stock.sqlite\"\nrepositories = [\"acme\"]");
        assert_eq!((stock.place(), stock.user(), stock.password()), ("stock.sqlite".to_owned(), None, None));
        let text =
            "[stock]\nengine = \"sqlite\"\nrepositories = [\"acme\"]\nhost = \"db\"\npassword_file = \"a\"";
        assert_eq!(
            parse(text).unwrap_err(),
            [
                "connections.stock.host: a database of SQLite is a file, and takes none (`file` names it)",
                "connections.stock.password_file: a database of SQLite is a file, and takes none (`file` names it)",
                "connections.stock.file: this is missing (it is the path of a database of SQLite)",
            ]
        );
    }

    #[test]
    fn each_mistake_is_told_with_its_path_and_no_password_is() {
        for (more, told) in [
            (("engine", ""), "engine: this is missing (it is one of sqlite, postgres"),
            (("engine", "1"), "engine: this is one of sqlite, postgres"),
            (("engine", "\"postgresql\""), "engine: this is one of sqlite, postgres, mysql"),
            (("engine", "\"mysq\""), "engine: this is one of sqlite, postgres"),
            (("host", ""), "host: this is missing (it is the name or the address of a server)"),
            (("host", "\"\""), "host: this is the name or the address of a server"),
            (
                ("host", "\"db.example.org:5432\""),
                "host: this is the name or the address of a server, and nothing else (write its port into `port`)",
            ),
            (
                ("host", "\"postgresql://u:hunter2@db/shop\""),
                "host: this is the name or the address of a server, and nothing else (port, database",
            ),
            (("port", "0"), "port: this is a whole number from 1 to 65535"),
            (("port", "\"5432\""), "port: this is a whole number from 1 to 65535"),
            (("database", ""), "database: this is missing"),
            (("database", "[]"), "database: this is the name of a database"),
            (("user", ""), "user: this is missing"),
            (("password", "\"hunter2\""), "password: a password is not written here (write it into a file"),
            (("password_file", "1"), "password_file: this is the path of a file"),
            (
                ("password_variable", "\"SHOP\""),
                "password_variable: there are two passwords (remove this one or `password_file`)",
            ),
            (
                ("pasword_file", "\"hunter2\""),
                "pasword_file: unknown setting (did you mean `password_file`?)",
            ),
            (
                ("schema", "\"hunter2\""),
                "schema: unknown setting (there are engine, host, port, database, password_file",
            ),
            (
                ("file", "\"shop.sqlite\""),
                "file: this engine is reached by a network, and takes none (`host`",
            ),
            (("tls", "\"no\""), "tls: this is true or false"),
            (("tls", "false"), "tls: TLS may be left out for this machine only (remove it"),
            (("certificates", "true"), "certificates: this is the path of a file"),
            (
                ("repositories", ""),
                "repositories: this is missing (it lists those that may use the connection",
            ),
            (("repositories", "[]"), "repositories: this is a list of repositories"),
            (("repositories", "\"acme\""), "repositories: this is a list of repositories"),
            (("repositories", "[\"*\"]"), "repositories[0]: `*` is not a repository name"),
            (("repositories", "[\"acme\", 1]"), "repositories[1]: this is the name of a repository"),
            (("max_rows", "0"), "max_rows: this is a whole number from 1 to 1000000000000"),
            (("max_bytes", "-1"), "max_bytes: this is a whole number from 1 to"),
            (("max_row_bytes", "100"), "max_row_bytes: this is a whole number from 1024 to 1073741824"),
            (("max_seconds", "1.5"), "max_seconds: this is a whole number from 1 to 86400"),
            (("max_reads", "101"), "max_reads: this is a whole number from 1 to 100"),
        ] {
            let mistakes = parse(&shop(&[more])).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{more:?}: {mistakes:?}");
            assert!(mistakes[0].starts_with(&format!("connections.shop.{told}")), "{more:?}: {mistakes:?}");
            assert!(!mistakes[0].contains("hunter2"), "{mistakes:?}");
        }
        let without_tls =
            shop(&[("host", "\"localhost\""), ("tls", "false"), ("certificates", "\"ca.pem\"")]);
        assert_eq!(
            parse(&without_tls).unwrap_err(),
            ["connections.shop.certificates: without TLS there are no certificates (remove `tls = false`)"]
        );
        assert_eq!(
            parse("shop = 1\n[\"my shop\"]").unwrap_err(),
            [
                "connections.shop: this is a table",
                "connections.my shop: the name of a connection has up to 64 letters, digits, `_` and `-`",
            ]
        );
    }
}
