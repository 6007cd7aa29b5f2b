//! The versions of a configuration: what became active in a repository, when, and who did it.

use serde::{Deserialize, Serialize};

use tidewaiter_model::id::{ImportId, Timestamp};

/// A version of the configuration of a universe in a repository. Versions are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigVersion {
    /// Its number in the repository and universe. The first one is 1.
    pub number: u32,
    /// The activation that added it: the import run of a dropped file, or the id of an operator's command.
    pub id: ImportId,
    /// When it was about to become active; of one that was changed by hand, when that was found.
    pub at: Timestamp,
    /// SHA-256 of the document in hexadecimal. The store of configurations keeps the document under it.
    pub sha256: String,
    /// Who did it.
    pub by: Author,
    /// The number of the version that was active until then; None if nothing was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub replaces: Option<u32>,
    /// The number of the version whose document it is, if an operator went back to that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restores: Option<u32>,
}

/// Who made a version active.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Author {
    /// A partner, who dropped this file.
    Dropped {
        /// The name of the file.
        file: String,
    },
    /// An operator, with a command.
    Operator {
        /// The user and the machine on which the command ran.
        name: String,
    },
    /// Unknown. The document was found under `config/` when the next version came: it was changed by hand, or before
    /// versions were recorded.
    Hand,
}

/// A document that is about to become active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activates {
    /// The activation: the import run of a dropped file, or the id of an operator's command.
    pub id: ImportId,
    /// The time.
    pub at: Timestamp,
    /// SHA-256 of the document in hexadecimal.
    pub sha256: String,
    /// Who does it.
    pub by: Author,
    /// The number of the version whose document it is, if an operator goes back to that.
    pub restores: Option<u32>,
    /// SHA-256 of the document that is active now, in hexadecimal.
    pub found: Option<String>,
}

impl Activates {
    /// Returns the versions that it adds to those that are there, which are in the order of their numbers: none if an
    /// earlier try added them, or if the same document is active already; two if what is active is no known version.
    #[must_use]
    pub fn added(&self, versions: &[ConfigVersion]) -> Vec<ConfigVersion> {
        let with = |sha256: &str| versions.iter().rev().find(|version| version.sha256 == sha256);
        let known = self.found.as_deref().and_then(with);
        let is_active = self.found.as_ref() == Some(&self.sha256);
        if is_active && known.is_some() || versions.iter().any(|version| version.id == self.id) {
            return Vec::new();
        }
        let last = versions.last().map(|version| version.number);
        let mut number = last.map_or(1, |last| last.saturating_add(1));
        let mut added = Vec::new();
        let mut replaces = known.map(|version| version.number);
        if let Some(found) = self.found.as_ref().filter(|_| known.is_none() && !is_active) {
            added.push(ConfigVersion {
                number,
                id: self.id,
                at: self.at,
                sha256: found.clone(),
                by: Author::Hand,
                replaces: last,
                restores: None,
            });
            replaces = Some(number);
            number = number.saturating_add(1);
        }
        added.push(ConfigVersion {
            number,
            id: self.id,
            at: self.at,
            sha256: self.sha256.clone(),
            by: self.by.clone(),
            replaces: if is_active { last } else { replaces },
            restores: self.restores,
        });
        added
    }
}
