//! What the operator of a folder decides: `tidewaiter.toml` in its root.
//!
//! Partners write below `imports/` only, so that none of them can change it. It is checked as configurations are: a
//! key that is not known is a mistake with its path, and with a mistake in it nothing is done at all.

use std::path::Path;
use std::{fs, io};

use tidewaiter::mistake::Mistake;
use toml::{Table, Value};

use tidewaiter_engine::{Error, Result};

/// The name of the file.
const FILE: &str = "tidewaiter.toml";

/// The settings of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether a configuration that a partner drops takes effect.
    pub partners_activate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { partners_activate: true }
    }
}

impl Settings {
    /// The settings of the folder `root`; the defaults if it has none.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(Error::object(path.display().to_string(), error)),
        };
        Self::parse(&text).map_err(|mistakes| {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            Error::Settings { key: path.display().to_string(), mistakes: mistakes.join("; ") }
        })
    }

    fn parse(text: &str) -> std::result::Result<Self, Vec<Mistake>> {
        let table: Table =
            text.parse().map_err(|error: toml::de::Error| vec![Mistake::new("", error.message())])?;
        let (mut settings, mut mistakes) = (Self::default(), Vec::new());
        for (name, value) in table {
            match (name.as_str(), value) {
                ("configurations", Value::Table(table)) => settings.take(table, &mut mistakes),
                ("configurations", _) => mistakes.push(Mistake::new(name, "this is a table")),
                _ => mistakes.push(unknown(&name, "configurations")),
            }
        }
        if mistakes.is_empty() { Ok(settings) } else { Err(mistakes) }
    }

    fn take(&mut self, configurations: Table, mistakes: &mut Vec<Mistake>) {
        for (name, value) in configurations {
            let path = format!("configurations.{name}");
            match (name.as_str(), value) {
                ("partners_activate", Value::Boolean(answer)) => self.partners_activate = answer,
                ("partners_activate", _) => mistakes.push(Mistake::new(path, "this is true or false")),
                _ => mistakes.push(unknown(&path, "configurations.partners_activate")),
            }
        }
    }
}

fn unknown(path: &str, known: &str) -> Mistake {
    Mistake::new(path, "unknown setting").with_hint(format!("there is `{known}`"))
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
        let told = |text: &str| {
            Settings::parse(text).unwrap_err().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            told("record = 1\n[configurations]\npartners = true\npartners_activate = 1"),
            [
                "configurations.partners: unknown setting (there is `configurations.partners_activate`)",
                "configurations.partners_activate: this is true or false",
                "record: unknown setting (there is `configurations`)",
            ]
        );
        assert_eq!(told("configurations = 1"), ["configurations: this is a table"]);
        assert_eq!(told("[configurations").len(), 1, "it is no TOML");
    }
}
