//! What a file name says: which group a file belongs to, and which configured import it is for.
//!
//! `[<group_id>.<YY>-<ZZ>_]<universe>_<scope>_<name>_<yyyymmdd>[_<suffix>].csv`
//!
//! Every part may contain `_`, so underscores are never counted: the name is cut at its date, and
//! what stands before it is looked up among the configured imports ([`Directory`]). A name of another form is compared
//! with the patterns of the imports ([`FilePattern`]). A name is parsed once, here; everything behind works with the parts.
//!
//! ```
//! use tidewaiter_model::name::{Directory, Entry};
//!
//! let mut names = Directory::default();
//! names.insert(Entry::new("acme_fr", "contacts", "crm"));
//!
//! let today = jiff::civil::date(2026, 2, 1);
//! let name = names.resolve("daily.01-03_acme_fr_contacts_crm_20260131_a7.csv", today)?;
//! assert_eq!(name.universe, "acme_fr");
//! assert_eq!(name.date, jiff::civil::date(2026, 1, 31));
//! assert_eq!(name.suffix.as_deref(), Some("a7"));
//! assert_eq!(name.group.map(|g| (g.id, g.slot, g.last)), Some(("daily".to_owned(), 1, 3)));
//!
//! let error = names.resolve("acme_fr_contacts_shop_20260131.csv", today).unwrap_err();
//! assert_eq!(error.reason(), r#"can't find config for contacts scope import named "shop""#);
//! assert!(!error.is_illegal());
//! # Ok::<(), tidewaiter_model::name::NameError>(())
//! ```

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

mod diagnose;
mod directory;
mod error;
mod pattern;
mod rename;
mod shape;
mod tool_file;

pub use diagnose::did_you_mean;
pub use directory::{Conflict, Directory, Entry};
pub use error::{NameError, NameFault};
pub use pattern::{FilePattern, PatternMatch, Steps, TooMuch};
pub use rename::{with_import_id, without_import_id};
pub use shape::{MAX_NAME_BYTES, is_part};
pub use tool_file::is_tool_file;

use rename::LONGEST;
use tool_file::strip_ending;

/// The place of a file among files that belong together: `<id>.<slot>-<last>_` before the name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupTag {
    /// The group id. It may contain dots and underscores.
    pub id: String,
    /// YY: which slot of the group this file fills, from 1.
    pub slot: u8,
    /// ZZ: how many slots the group has, at most 99.
    pub last: u8,
}

/// The name of a data file, resolved against the configured imports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DataName {
    /// The whole name, as the file was dropped.
    pub file: String,
    /// The group it belongs to, if any.
    pub group: Option<GroupTag>,
    /// The tenant whose records it holds.
    pub universe: String,
    /// The kind of record it holds.
    pub scope: String,
    /// The configured import it is for.
    pub subsection: String,
    /// The date in its name; the day on which it arrived, if there is none.
    pub date: Date,
    /// The optional identifier behind the date.
    pub suffix: Option<String>,
}

impl DataName {
    /// The configured import this file is for.
    pub fn entry(&self) -> Entry {
        Entry::new(&self.universe, &self.scope, &self.subsection)
    }

    /// The name without the group it belongs to: a file of this name is taken up on its own.
    pub fn ungrouped(&self) -> &str {
        let tag = self.group.as_ref().map(|tag| format!("{}.{:02}-{:02}_", tag.id, tag.slot, tag.last));
        tag.and_then(|tag| self.file.strip_prefix(&tag)).unwrap_or(&self.file)
    }
}

/// What was dropped, told by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DroppedName<'a> {
    /// `<universe>_imports_config.json`: a configuration.
    Configuration {
        /// The universe it is for. Whether it is a possible name is checked with the document.
        universe: &'a str,
    },
    /// `.zip`, `.tar`, `.gz`, `.bz2` and their combinations, in any case of letters.
    Archive,
    /// `.xlsx` and `.xlsm`, in any case of letters: a workbook, of which a sheet is a data file.
    Workbook,
    /// `.pgp`, `.gpg` and `.asc`, in any case of letters: an encrypted file.
    Encrypted {
        /// The name of what it holds: its own without this ending. It is never empty.
        content: &'a str,
    },
    /// `.csv`, in any case of letters: a data file, if its name resolves.
    Data,
    /// Anything else: a data file, if a pattern of an import fits it; otherwise [`Directory::resolve`] says what is
    /// wrong with the name.
    Other,
}

/// What the name of a configuration ends with, behind the universe.
pub const CONFIGURATION: &str = "_imports_config.json";

/// The endings of workbooks that are taken.
const WORKBOOKS: [&str; 2] = [".xlsx", ".xlsm"];

/// The endings of encrypted files that are taken.
const ENCRYPTED: [&str; 3] = [".pgp", ".gpg", ".asc"];

/// The endings of archives that are taken, longer ones first.
pub const ARCHIVES: [&str; 7] = [".tar.bz2", ".tar.gz", ".tgz", ".zip", ".tar", ".gz", ".bz2"];

impl<'a> DroppedName<'a> {
    /// Tells configuration, archive and data file apart.
    ///
    /// ```
    /// use tidewaiter_model::name::DroppedName;
    ///
    /// assert_eq!(DroppedName::of("acme_imports_config.json"), DroppedName::Configuration { universe: "acme" });
    /// assert_eq!(DroppedName::of("Monday.TAR.GZ"), DroppedName::Archive);
    /// assert_eq!(DroppedName::of("acme_contacts_crm_20260131.csv"), DroppedName::Data);
    /// assert_eq!(DroppedName::of("acme_contacts_crm_20260131.CSV"), DroppedName::Data);
    /// assert_eq!(DroppedName::of("Customers 2026.xlsx"), DroppedName::Workbook);
    /// assert_eq!(DroppedName::of("a.csv.gz.PGP"), DroppedName::Encrypted { content: "a.csv.gz" });
    /// assert_eq!(DroppedName::of("readme.txt"), DroppedName::Other);
    /// ```
    pub fn of(file: &'a str) -> Self {
        match file.strip_suffix(CONFIGURATION) {
            Some(universe) if !universe.is_empty() => return Self::Configuration { universe },
            _ => {}
        }
        if strip_ending(file, shape::EXTENSION).is_some() {
            Self::Data
        } else if archive_ending(file).is_some() {
            Self::Archive
        } else if workbook_ending(file).is_some() {
            Self::Workbook
        } else if let Some(content) = decrypted_name(file) {
            Self::Encrypted { content }
        } else {
            Self::Other
        }
    }

    /// What a file is behind its encryption, if it has any.
    ///
    /// ```
    /// use tidewaiter_model::name::DroppedName;
    ///
    /// assert_eq!(DroppedName::decrypted("Customers 2026.xlsx.gpg"), DroppedName::Workbook);
    /// assert_eq!(DroppedName::decrypted("Customers 2026.xlsx"), DroppedName::Workbook);
    /// ```
    pub fn decrypted(file: &'a str) -> Self {
        Self::of(decrypted_name(file).unwrap_or(file))
    }
}

/// The name of what an encrypted file holds.
fn decrypted_name(file: &str) -> Option<&str> {
    ENCRYPTED.iter().find_map(|ending| strip_ending(file, ending)).filter(|content| !content.is_empty())
}

/// The name that an archive gives to the only data file in it, and a workbook to its sheet: its own, with `.csv` in place
/// of its ending. For an encrypted file, that of what it holds. None for what is none of these.
///
/// ```
/// use tidewaiter_model::name::packed_name;
///
/// let name = "acme_contacts_crm_20260131.csv";
/// assert_eq!(packed_name("acme_contacts_crm_20260131.csv.gz").as_deref(), Some(name));
/// assert_eq!(packed_name("acme_contacts_crm_20260131.ZIP").as_deref(), Some(name));
/// assert_eq!(packed_name("acme_contacts_crm_20260131.xlsx").as_deref(), Some(name));
/// assert_eq!(packed_name("acme_contacts_crm_20260131.csv.pgp").as_deref(), Some(name));
/// assert_eq!(packed_name("acme_contacts_crm_20260131.tar.gz.asc").as_deref(), Some(name));
/// assert_eq!(packed_name(name), None);
/// ```
pub fn packed_name(archive: &str) -> Option<String> {
    let content = decrypted_name(archive);
    let packed = content.unwrap_or(archive);
    let stem = match archive_ending(packed).or_else(|| workbook_ending(packed)) {
        Some(ending) => packed.strip_suffix(ending)?,
        None => content?,
    };
    let is_whole = strip_ending(stem, shape::EXTENSION).is_some();
    Some(if is_whole { stem.to_owned() } else { format!("{stem}{}", shape::EXTENSION) })
}

/// The archive ending of a name, as it is written there.
fn archive_ending(file: &str) -> Option<&str> {
    let stem = ARCHIVES.iter().find_map(|ending| strip_ending(file, ending))?;
    file.get(stem.len()..)
}

/// What a name ends with because its file is packed or encrypted, as it is written there.
fn packing(file: &str) -> Option<&str> {
    let content = decrypted_name(file);
    let packed = content.unwrap_or(file);
    let stem = archive_ending(packed).and_then(|ending| packed.strip_suffix(ending)).or(content)?;
    file.get(stem.len()..)
}

/// The ending of a workbook's name, as it is written there.
fn workbook_ending(file: &str) -> Option<&str> {
    let stem = WORKBOOKS.iter().find_map(|ending| strip_ending(file, ending))?;
    file.get(stem.len()..)
}
