//! Where things are: the keys of objects, the same on S3 and in a folder.
//!
//! The keys that S3 and a folder have in common are built here and nowhere else, and none of them lies
//! under `imports/`: the one prefix that fires events can never be written to by accident. A folder's own
//! `waiting/` is made by its adapter.

use std::fmt::{self, Write};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::finding::is_treacherous;
use crate::id::ImportId;
use crate::name::DataName;

/// The longest file name that is taken, in bytes.
pub const NAME_BYTES: usize = 255;

/// The most bytes a log's or report's name takes of the file's own, so that endings and an import id fit.
const LOGGED_NAME_BYTES: usize = NAME_BYTES - 40;

/// A dropped file's name as it is used from then on. [Treacherous](is_treacherous) characters, which could
/// forge a line of a log, steer a terminal or make a name look like another, are written as `%` and their
/// bytes, and so are slashes ([`SLASH`]): the places are flat, so that a folder of one name and a file of the
/// same never meet. No legal name has a `%`: what was cleaned is never taken for a name that it was not.
pub fn clean_name(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        if c == '/' || is_treacherous(c) {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a string cannot fail.
                let _ = write!(clean, "%{byte:02X}");
            }
        } else {
            clean.push(c);
        }
    }
    clean
}

/// Stands for the slash in the name of a file that was dropped in a folder of its own.
pub const SLASH: &str = "%2F";

/// A name cut to the length that leaves room for endings; only names that are illegal anyway are so long.
fn fitting(name: &str) -> &str {
    let mut end = name.len().min(LOGGED_NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name)
}

/// The name of one partner's drop folder: letters, digits, `.`, `_`, `-`, at most 64 of them,
/// beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Repository(String);

impl Repository {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Repository {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let begins_well = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
        let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if begins_well && text.len() <= 64 && text.chars().all(known) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!(
                "`{}` is not a repository name: up to 64 letters, digits, `.`, `_`, `-`, the first a letter or digit",
                crate::finding::shorten(text.as_bytes())
            ))
        }
    }
}

impl TryFrom<String> for Repository {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Repository> for String {
    fn from(repository: Repository) -> Self {
        repository.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The prefixes under which a file can end, and what each says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// Imported, or unpacked, or activated.
    Archives,
    /// The rejected lines of an imported file.
    Badlines,
    /// Illegal: nothing was imported.
    Bogus,
    /// The log for people and the report for programs.
    Logs,
    /// Not taken up, for a reason that lies outside the file.
    NotProcessed,
}

impl Place {
    /// The prefix, without the slash.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Archives => "archives",
            Self::Badlines => "badlines",
            Self::Bogus => "bogus",
            Self::Logs => "logs",
            Self::NotProcessed => "notprocessed",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.prefix())
    }
}

/// The key of an object: parts joined by `/`, none of them empty, `.` or `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// `<place>/<repository>/<file>`: where a file ends.
    pub fn placed(place: Place, repository: &Repository, file: &str) -> Self {
        Self(format!("{place}/{repository}/{file}"))
    }

    /// `badlines/<repository>/<file>`: where the rejected lines of a file go. Without the group's prefix: mended and
    /// dropped again, they must not wait for a group.
    pub fn badlines(repository: &Repository, name: &DataName) -> Self {
        Self::placed(Place::Badlines, repository, name.ungrouped())
    }

    /// `logs/<repository>/<file>.log`: the log for people.
    pub fn log(repository: &Repository, file: &str) -> Self {
        Self(format!("logs/{repository}/{}.log", fitting(file)))
    }

    /// The report for programs, beside the log, with the import's id in its name as [`Key::renamed`] has it: no other
    /// run has it, so it need not be claimed, and never moves. It is written before the outcome is decided: if that
    /// is tried more than once, there is a `draft` of each try, counted from 1, and one of them stays.
    pub fn report(repository: &Repository, file: &str, import: ImportId, draft: u32) -> Self {
        let number = if draft == 1 { String::new() } else { format!(".{draft}") };
        let name = crate::name::with_import_id(fitting(file), import);
        Self(format!("logs/{repository}/{name}{number}.json"))
    }

    /// `config/<repository>/<universe>.json`: the active configuration of a universe.
    pub fn config(repository: &Repository, universe: &str) -> Self {
        Self(format!("config/{repository}/{universe}.json"))
    }

    /// `config/<repository>/replaced/<universe>.<import id>.json`: the configuration that was active until
    /// this import replaced it. It may have been made by hand, and be nowhere else.
    pub fn replaced_config(repository: &Repository, universe: &str, import: ImportId) -> Self {
        Self(format!("config/{repository}/replaced/{universe}.{import}.json"))
    }

    /// `config/<repository>/`: the prefix of a repository's active configurations.
    pub fn configs(repository: &Repository) -> String {
        format!("config/{repository}/")
    }

    /// `unpacked/<repository>/<import id>/<member>`: a member of an archive on its way through.
    pub fn unpacked(repository: &Repository, import: ImportId, file: &str) -> Self {
        Self(format!("unpacked/{repository}/{import}/{file}"))
    }

    /// `fetched/<repository>/<import id>/<file>`: the rows of a query until the file has its outcome. From the second attempt
    /// on, its number stands before the name.
    pub fn fetched(repository: &Repository, import: ImportId, attempt: u32, file: &str) -> Self {
        let folder = Self::fetched_by(repository, import);
        match attempt {
            0 | 1 => Self(format!("{folder}{file}")),
            attempt => Self(format!("{folder}{attempt}_{file}")),
        }
    }

    /// `fetched/<repository>/<import id>/`: the prefix of what the attempts of a read have written.
    pub fn fetched_by(repository: &Repository, import: ImportId) -> String {
        format!("fetched/{repository}/{import}/")
    }

    /// The key under which the content of an earlier import is kept when its name is used again:
    /// the file's name with the earlier import's id; for a log or report, that of the file it is about.
    #[must_use]
    pub fn renamed(&self, earlier: ImportId) -> Self {
        let (folder, file) = self.0.rsplit_once('/').unwrap_or(("", &self.0));
        let is_log = folder.starts_with("logs/");
        let about = [".log", ".json"].iter().find(|end| is_log && file.ends_with(**end));
        let (name, end) = about.map_or((file, ""), |end| (&file[..file.len() - end.len()], *end));
        Self(format!("{folder}/{}{end}", crate::name::with_import_id(name, earlier)))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part: the file's own name.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// Reads any key: parts joined by `/`, none of them empty, `.` or `..`, without control characters.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn parse(key: &str) -> Result<Self, String> {
        let bad_part = |part: &str| matches!(part, "" | "." | "..");
        if key.split('/').any(bad_part) || key.contains(char::is_control) {
            return Err(format!("`{}` is not a key", crate::finding::shorten(key.as_bytes())));
        }
        Ok(Self(key.to_owned()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_name_cannot_leave_its_folder() {
        for bad in ["", "..", ".hidden", "a/b", "a b", "é", &"x".repeat(65)] {
            assert!(bad.parse::<Repository>().is_err(), "{bad}");
        }
        for good in ["acme", "a.b-c_d", "9lives"] {
            assert!(good.parse::<Repository>().is_ok(), "{good}");
        }
    }

    #[test]
    fn a_key_stays_where_it_is_and_has_no_control_characters() {
        for bad in ["", "/x", "x/", "a//b", "a/../b", "./a", "a\0", "a\nb", "a/\u{1b}[2J", "a\u{9b}b"] {
            assert!(Key::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Key::parse("archives/acme/é x.csv").unwrap().as_str(), "archives/acme/é x.csv");
    }

    #[test]
    fn a_name_is_cleaned_of_what_could_deceive() {
        for (dropped, clean) in [
            ("a\u{202e}vsc.csv", "a%E2%80%AEvsc.csv"),
            ("a\nb\u{1b}[2J\u{9b}.csv", "a%0Ab%1B[2J%C2%9B.csv"),
            ("a\u{200b}b\u{2028}c\u{ad}\u{feff}.csv", "a%E2%80%8Bb%E2%80%A8c%C2%AD%EF%BB%BF.csv"),
            ("sub/dépôt 数.csv", "sub%2Fdépôt 数.csv"),
        ] {
            assert_eq!(clean_name(dropped), clean);
        }
    }
}
