//! What the operator of a folder decides: `tidewaiter.toml` in its root.
//!
//! Partners write below `imports/` only, so that none of them can change it. It is checked as configurations are: a
//! key that is not known is a mistake with its path, and with a mistake in it nothing is done at all.

mod connections;
mod records;

use std::path::{Path, PathBuf};
use std::{fs, io};

use tidewaiter::mistake::Mistake;
use tidewaiter_connect::Definitions;
use tidewaiter_engine::{Error, Result};
use tidewaiter_postgres::Secret;
use toml::{Table, Value};

pub use records::{Engine, RecordSettings};
pub(super) use records::{POSTGRES, SQLITE};

/// The name of the file.
pub(super) const FILE: &str = "tidewaiter.toml";

/// The settings of a folder.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether a configuration that a partner drops takes effect.
    pub partners_activate: bool,
    /// The files that hold the keys for encrypted files.
    pub key_files: Vec<PathBuf>,
    /// The file that holds their passphrases, one a line, if they have any.
    pub passphrase_file: Option<PathBuf>,
    /// The database of where IP addresses are.
    pub location_file: Option<PathBuf>,
    /// How records are kept.
    pub records: RecordSettings,
    /// The databases that queries may read.
    pub connections: Definitions<Secret>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            partners_activate: true,
            key_files: Vec::new(),
            passphrase_file: None,
            location_file: None,
            records: RecordSettings::default(),
            connections: Definitions::default(),
        }
    }
}

impl Settings {
    /// The settings of the folder `root`; the defaults if it has none. Paths in them begin at the folder.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::object(path.display().to_string(), error)),
        };
        let mut settings = Self::parse(&text).map_err(|mistakes| {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Error::Settings { key: path.display().to_string(), mistakes: mistakes.join("; ") }
        })?;
        for path in settings.own_paths() {
            *path = root.join(&*path);
        }
        settings.records.below(root);
        settings.connections = settings.connections.below(root);
        Ok(settings)
    }

    fn parse(text: &str) -> std::result::Result<Self, Vec<Mistake>> {
        let table: Table =
            text.parse().map_err(|error: toml::de::Error| vec![Mistake::new("", error.message())])?;
        let (mut settings, mut mistakes) = (Self::default(), Vec::new());
        for (name, value) in table {
            match (name.as_str(), value) {
                ("configurations", Value::Table(table)) => settings.configurations(table, &mut mistakes),
                ("decryption", Value::Table(table)) => settings.decryption(table, &mut mistakes),
                ("location", Value::Table(table)) => settings.location(table, &mut mistakes),
                ("records", Value::Table(table)) => settings.records = records::read(table, &mut mistakes),
                ("connections", Value::Table(table)) => {
                    settings.connections = connections::read(table, &mut mistakes);
                }
                ("configurations" | "connections" | "decryption" | "location" | "records", _) => {
                    mistakes.push(Mistake::new(name, "this is a table"));
                }
                _ => mistakes.push(unknown(
                    &name,
                    "`configurations`, `connections`, `decryption`, `location` and `records`",
                )),
            }
        }
        if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
    }

    fn own_paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.key_files.iter_mut().chain(&mut self.passphrase_file).chain(&mut self.location_file)
    }

    fn configurations(&mut self, table: Table, mistakes: &mut Vec<Mistake>) {
        for (name, value) in table {
            let path = format!("configurations.{name}");
            match (name.as_str(), value) {
                ("partners_activate", Value::Boolean(answer)) => self.partners_activate = answer,
                ("partners_activate", _) => mistakes.push(Mistake::new(path, "this is true or false")),
                _ => mistakes.push(unknown(&path, "`configurations.partners_activate`")),
            }
        }
    }

    fn decryption(&mut self, table: Table, mistakes: &mut Vec<Mistake>) {
        let has_keys = table.contains_key("key_files");
        for (name, value) in table {
            let path = format!("decryption.{name}");
            match (name.as_str(), value) {
                ("key_files", Value::Array(files)) => {
                    let files: Option<Vec<_>> =
                        files.iter().map(|file| Some(file.as_str()?.into())).collect();
                    match files.filter(|files| !files.is_empty()) {
                        Some(files) => self.key_files = files,
                        None => mistakes
                            .push(Mistake::new(path, "this is a list of paths, such as [\"key.asc\"]")),
                    }
                }
                ("key_files", _) => {
                    mistakes.push(Mistake::new(path, "this is a list of paths, such as [\"key.asc\"]"));
                }
                ("passphrase_file", Value::String(_)) if !has_keys => {
                    let mistake = Mistake::new(path, "there is no key that it would unlock");
                    mistakes.push(mistake.with_hint("name the keys in `decryption.key_files`"));
                }
                ("passphrase_file", Value::String(file)) => self.passphrase_file = Some(file.into()),
                ("passphrase_file", _) => mistakes.push(Mistake::new(path, "this is the path of a file")),
                _ => {
                    let known = "`decryption.key_files` and `decryption.passphrase_file`";
                    mistakes.push(unknown(&path, known));
                }
            }
        }
    }

    fn location(&mut self, table: Table, mistakes: &mut Vec<Mistake>) {
        if !table.contains_key("file") {
            let mistake = Mistake::new("location.file", "this is missing");
            mistakes.push(mistake.with_hint("name the database, such as \"GeoLite2-City.mmdb\""));
        }
        for (name, value) in table {
            let path = format!("location.{name}");
            match (name.as_str(), value) {
                ("file", Value::String(file)) if !file.is_empty() => self.location_file = Some(file.into()),
                ("file", _) => mistakes.push(Mistake::new(path, "this is the path of a file")),
                _ => mistakes.push(unknown(&path, "`location.file`")),
            }
        }
    }
}

fn unknown(path: &str, known: &str) -> Mistake {
    Mistake::new(path, "unknown setting").with_hint(format!("there is {known}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_or_every_mistake_is_told_with_its_path() {
        for (text, expected) in
            [("", true), ("# nothing", true), ("[configurations]\npartners_activate = false", false)]
        {
            assert_eq!(
                Settings::parse(text).map(|settings| settings.partners_activate),
                Ok(expected),
                "{text}"
            );
        }
        let text = "[decryption]\nkey_files = [\"a.asc\", \"b.asc\"]\npassphrase_file = \"c\"";
        let settings = Settings::parse(text).unwrap();
        assert_eq!(settings.key_files, [Path::new("a.asc"), Path::new("b.asc")]);
        assert_eq!(settings.passphrase_file.as_deref(), Some(Path::new("c")));
        let told = |text: &str| {
            Settings::parse(text).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            told("record = 1\n[configurations]\npartners = true\npartners_activate = 1"),
            [
                "configurations.partners: unknown setting (there is `configurations.partners_activate`)",
                "configurations.partners_activate: this is true or false",
                "record: unknown setting (there is `configurations`, `connections`, `decryption`, `location` and \
                 `records`)",
            ]
        );
        assert_eq!(told("configurations = 1"), ["configurations: this is a table"]);
        assert_eq!(told("connections = 1"), ["connections: this is a table"]);
        assert_eq!(
            told("[decryption]\nkey_files = \"a\"\npassphrase_file = 1\npassphrases = []"),
            [
                "decryption.key_files: this is a list of paths, such as [\"key.asc\"]",
                "decryption.passphrase_file: this is the path of a file",
                "decryption.passphrases: unknown setting (there is `decryption.key_files` and \
                 `decryption.passphrase_file`)",
            ]
        );
        assert_eq!(told("[decryption]\nkey_files = []").len(), 1);
        assert_eq!(told("[decryption]\npassphrase_file = \"a\"").len(), 1);
        let settings = Settings::parse("[location]\nfile = \"places.mmdb\"").unwrap();
        assert_eq!(settings.location_file.as_deref(), Some(Path::new("places.mmdb")));
        assert_eq!(
            told("[location]\nfiles = []"),
            [
                "location.file: this is missing (name the database, such as \"GeoLite2-City.mmdb\")",
                "location.files: unknown setting (there is `location.file`)",
            ]
        );
        for text in ["location = 1", "[location]\nfile = 1", "[location]\nfile = \"\""] {
            assert_eq!(told(text).len(), 1, "{text}");
        }
        assert_eq!(told("[configurations").len(), 1, "it is no TOML");
    }
}
