//! `[records]`: which engine keeps the records of a folder, where it is reached, and for how long changes are kept.

use std::path::{Path, PathBuf};

use tidewaiter::mistake::Mistake;
use tidewaiter_engine::ports::KEEP_CHANGES_DAYS;
use tidewaiter_postgres::{Address, Secret};
use toml::{Table, Value};

use super::unknown;

/// The longest time for which changes are kept, in days.
const MOST_DAYS: u32 = 3_650;
const KNOWN: &str = "`engine`, `address`, `address_file`, `address_variable`, `password_file`, `password_variable` and \
                     `keep_changes_days` in `records`";
const ONE_ADDRESS: &str =
    "name one of `records.address`, `records.address_file` and `records.address_variable`";
const ONE_PASSWORD: &str = "name one of `records.password_file` and `records.password_variable`";
/// How settings call the engines.
pub(crate) const SQLITE: &str = "sqlite";
pub(crate) const POSTGRES: &str = "postgres";

/// How the records of a folder are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSettings {
    /// What keeps them.
    pub engine: Engine,
    /// For how many days changes are kept; 0 keeps none.
    pub keep_changes_days: u32,
}

/// What keeps records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Engine {
    /// SQLite: a database for each universe, in the folder.
    Sqlite,
    /// PostgreSQL.
    Postgres(Box<Address>),
}

impl Engine {
    /// How settings call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => SQLITE,
            Self::Postgres(_) => POSTGRES,
        }
    }
}

impl Default for RecordSettings {
    fn default() -> Self {
        Self { engine: Engine::Sqlite, keep_changes_days: KEEP_CHANGES_DAYS }
    }
}

impl RecordSettings {
    /// The same; paths begin at this folder.
    pub(super) fn below(&mut self, root: &Path) {
        if let Engine::Postgres(address) = &mut self.engine {
            **address = Address::clone(address).below(root);
        }
    }
}

/// What the keys say, before it is known whether they go together.
#[derive(Default)]
struct Given {
    is_postgres: bool,
    has_engine: bool,
    address: Option<String>,
    /// Where the address lies: the key that says so, and the place.
    named: Vec<(&'static str, Secret)>,
    passwords: Vec<(&'static str, Secret)>,
}

/// Reads the table, or tells every mistake.
pub(super) fn read(table: Table, mistakes: &mut Vec<Mistake>) -> RecordSettings {
    let (mut settings, mut given) = (RecordSettings::default(), Given::default());
    let before = mistakes.len();
    for (name, value) in table {
        if name == "keep_changes_days" {
            match days(&value) {
                Some(days) => settings.keep_changes_days = days,
                None => mistakes.push(Mistake::new(
                    "records.keep_changes_days",
                    format!("this is a number of days, from 0 to {MOST_DAYS}"),
                )),
            }
        } else if let Err(mistake) = given.take(&name, value) {
            mistakes.push(mistake);
        }
    }
    if mistakes.len() == before {
        match given.engine() {
            Ok(engine) => settings.engine = engine,
            Err(mistake) => mistakes.push(mistake),
        }
    }
    settings
}

fn days(value: &Value) -> Option<u32> {
    u32::try_from(value.as_integer()?).ok().filter(|days| *days <= MOST_DAYS)
}

impl Given {
    fn take(&mut self, name: &str, value: Value) -> Result<(), Mistake> {
        let path = format!("records.{name}");
        let text = |what: &str| match value {
            Value::String(text) if !text.is_empty() => Ok(text),
            _ => Err(Mistake::new(&path, format!("this is {what}"))),
        };
        let file = |text: String| Secret::File(PathBuf::from(text));
        match name {
            "engine" => {
                let engine = text("\"sqlite\" or \"postgres\"")?;
                (self.is_postgres, self.has_engine) = (engine == POSTGRES, true);
                if !self.is_postgres && engine != SQLITE {
                    return Err(Mistake::new(path, "this is \"sqlite\" or \"postgres\""));
                }
            }
            "address" => {
                self.address = Some(text("an address such as \"postgresql://user@host:5432/database\"")?);
            }
            "address_file" => self.named.push(("address_file", file(text("the path of a file")?))),
            "address_variable" => {
                let variable = text("the name of an environment variable")?;
                self.named.push(("address_variable", Secret::Environment(variable)));
            }
            "password_file" => self.passwords.push(("password_file", file(text("the path of a file")?))),
            "password_variable" => {
                let variable = text("the name of an environment variable")?;
                self.passwords.push(("password_variable", Secret::Environment(variable)));
            }
            "password" => {
                return Err(Mistake::new(path, "a password is not written into this file").with_hint(
                    "write it into a file that no other user reads, and name that in `records.password_file`",
                ));
            }
            _ => return Err(unknown(&path, KNOWN)),
        }
        Ok(())
    }

    fn engine(mut self) -> Result<Engine, Mistake> {
        let keys = self.address.iter().map(|_| "address");
        let keys: Vec<&str> =
            keys.chain(self.named.iter().chain(&self.passwords).map(|(key, _)| *key)).collect();
        if !self.is_postgres {
            let Some(key) = keys.first() else { return Ok(Engine::Sqlite) };
            let mistake =
                Mistake::new(format!("records.{key}"), "SQLite keeps records in the folder, and takes none");
            return Err(mistake.with_hint("`engine = \"postgres\"` keeps them in that database"));
        }
        if self.passwords.len() > 1 {
            return Err(
                Mistake::new("records.password_variable", "there are two passwords").with_hint(ONE_PASSWORD)
            );
        }
        let password = self.passwords.pop();
        let address = match (self.address, self.named.pop()) {
            (Some(text), None) => Address::parse(&text, password.map(|(_, secret)| secret))
                .map_err(|error| Mistake::new("records.address", Address::reason(error)))?,
            (None, Some((_, secret))) if self.named.is_empty() => {
                if let Some((key, _)) = password {
                    let mistake =
                        Mistake::new(format!("records.{key}"), "an address that is named holds its password");
                    return Err(mistake.with_hint("write the password into the address that is named, or name it beside `records.address`"));
                }
                Address::named(secret)
            }
            (None, None) => {
                let mistake = Mistake::new("records.engine", "the address of the database is missing");
                return Err(mistake.with_hint(ONE_ADDRESS));
            }
            _ => {
                return Err(
                    Mistake::new("records.address", "there are several addresses").with_hint(ONE_ADDRESS)
                );
            }
        };
        Ok(Engine::Postgres(Box::new(address)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RecordSettings, Vec<String>> {
        let mut mistakes = Vec::new();
        let settings = read(text.parse().unwrap(), &mut mistakes);
        if mistakes.is_empty() {
            Ok(settings)
        } else {
            Err(mistakes.iter().map(ToString::to_string).collect())
        }
    }

    #[test]
    fn an_engine_is_chosen() {
        assert_eq!(parse(""), Ok(RecordSettings::default()));
        assert_eq!(parse("engine = \"sqlite\"\nkeep_changes_days = 0").unwrap().keep_changes_days, 0);
        for text in [
            "engine = \"postgres\"\naddress = \"postgresql://tidewaiter@db.example.org/records?sslmode=verify-full\"",
            "address = \"postgresql://t@db/r\"\npassword_file = \"secret\"\nengine = \"postgres\"",
            "engine = \"postgres\"\naddress = \"postgresql://t@db/r\"\npassword_variable = \"PGPASSWORD\"",
            "engine = \"postgres\"\naddress_variable = \"DATABASE_URL\"",
            "engine = \"postgres\"\naddress_file = \"/run/secrets/database\"",
        ] {
            let engine = parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}")).engine;
            assert_eq!(engine.name(), "postgres", "{text}");
        }
    }

    #[test]
    fn each_mistake_is_told_with_its_path_and_no_password_is() {
        for (text, told) in [
            ("engine = \"postgresql\"", "records.engine: this is \"sqlite\" or \"postgres\""),
            ("engine = 1", "records.engine: this is \"sqlite\" or \"postgres\""),
            ("engine = \"postgres\"", "records.engine: the address of the database is missing"),
            ("address = \"postgresql://u@db/r\"", "records.address: SQLite keeps records in the folder"),
            ("password_file = \"a\"", "records.password_file: SQLite keeps records in the folder"),
            ("password = \"hunter2\"", "records.password: a password is not written into this file"),
            ("adress = \"hunter2\"", "records.adress: unknown setting (there is `engine`, `address`"),
            ("keep_changes_days = -1", "records.keep_changes_days: this is a number of days, from 0 to 3650"),
            (
                "keep_changes_days = \"7\"",
                "records.keep_changes_days: this is a number of days, from 0 to 3650",
            ),
            ("address_file = 1", "records.address_file: this is the path of a file"),
            (
                "engine = \"postgres\"\naddress = \"postgresql://u:hunter2@db/r\"",
                "records.address: it holds a password",
            ),
            ("engine = \"postgres\"\naddress = \"db:hunter2\"", "records.address: it begins with neither"),
            (
                "engine = \"postgres\"\naddress = \"postgresql://u@db/r?sslmode=prefer\"",
                "records.address: sslmode=prefer does not say",
            ),
            (
                "engine = \"postgres\"\naddress = \"postgresql://u@db/r\"\naddress_file = \"a\"",
                "records.address: there are several addresses",
            ),
            (
                "engine = \"postgres\"\naddress_variable = \"A\"\naddress_file = \"a\"",
                "records.address: there are several addresses",
            ),
            (
                "engine = \"postgres\"\naddress = \"postgresql://u@db/r\"\npassword_file = \"a\"\npassword_variable = \"B\"",
                "records.password_variable: there are two passwords",
            ),
            (
                "engine = \"postgres\"\naddress_file = \"a\"\npassword_file = \"b\"",
                "records.password_file: an address that is named holds its password",
            ),
        ] {
            let mistakes = parse(text).unwrap_err();
            assert_eq!(mistakes.len(), 1, "{mistakes:?}");
            assert!(mistakes[0].starts_with(told), "{mistakes:?}");
            assert!(!mistakes[0].contains("hunter2"), "{mistakes:?}");
        }
    }
}
