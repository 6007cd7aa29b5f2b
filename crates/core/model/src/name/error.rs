//! What can be wrong with the name of a file.

use std::fmt;

use super::shape::MAX_NAME_BYTES;

/// Why a file name was not resolved. `Display` names the file and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameError {
    file: String,
    fault: NameFault,
    hint: Option<String>,
}

/// The reasons. Those up to `NoDate` concern the name itself, the others the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameFault {
    /// The name has this many bytes, more than [`MAX_NAME_BYTES`].
    TooLong(usize),
    /// The name contains a character that no file may have in its name: invisible, a slash, or `%`.
    Unsafe(char),
    /// The name contains a character that no part of a name may have.
    Character(char),
    /// The name does not end in `.csv`.
    Extension,
    /// The name contains a dot that does not end a group id.
    Dot,
    /// What follows the group id is not `YY-ZZ_`.
    GroupTag(String),
    /// A number of the group tag is 00.
    GroupZero(String),
    /// The slot is greater than the number of slots.
    GroupBeyond {
        /// YY.
        slot: u8,
        /// ZZ.
        last: u8,
    },
    /// There is nothing before the dot of the group tag.
    GroupWithoutId,
    /// The date is eight digits but no day of the calendar.
    Date(String),
    /// The text behind the date is not letters and digits behind one `_`.
    Suffix(String),
    /// Before the date there are not universe, scope and name.
    TooFewParts(String),
    /// There is no date.
    NoDate,
    /// No active configuration is for this universe.
    Universe(String),
    /// The universe has no configuration for imports of this scope.
    Scope {
        /// The universe.
        universe: String,
        /// The scope, as far as it can be told.
        scope: String,
    },
    /// The scope has no import of this name.
    ImportOptions {
        /// The universe.
        universe: String,
        /// The scope.
        scope: String,
        /// The name, as far as it can be told.
        name: String,
    },
    /// Two configured imports fit the name.
    Ambiguous(String, String),
}

impl NameError {
    pub(super) fn new(file: &str, fault: NameFault, hint: Option<String>) -> Self {
        Self { file: file.to_owned(), fault, hint }
    }

    /// The name as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// What is wrong, as a value.
    pub fn fault(&self) -> &NameFault {
        &self.fault
    }

    /// What is wrong, in words and without the name of the file, as it stands in the log.
    pub fn reason(&self) -> String {
        self.fault.to_string()
    }

    /// How to mend it, when that is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// True if the name can never be valid: the file goes to `bogus/`. False if only no configured
    /// import fits it: the file goes to `notprocessed/`.
    pub fn is_illegal(&self) -> bool {
        !matches!(
            self.fault,
            NameFault::Universe(_)
                | NameFault::Scope { .. }
                | NameFault::ImportOptions { .. }
                | NameFault::Ambiguous(..)
        )
    }
}

impl NameError {
    /// True if a pattern of a configuration may still fit the name: a configuration that comes later may be for it.
    pub fn may_be_configured(&self) -> bool {
        !matches!(self.fault, NameFault::TooLong(_) | NameFault::Unsafe(_) | NameFault::Ambiguous(..))
    }
}

impl std::error::Error for NameError {}

impl fmt::Display for NameError {
    /// The name is written with its control characters escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.file, self.fault)
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => {
                write!(f, "the name is {bytes} bytes long, more than the {MAX_NAME_BYTES} allowed")
            }
            Self::Unsafe(c) | Self::Character(c) => {
                write!(f, "the name contains {c:?}, which is not allowed")
            }
            Self::Extension => f.write_str("the name does not end in `.csv`"),
            Self::Dot => f.write_str("the name contains a dot outside a group tag"),
            Self::GroupTag(tag) => write!(f, "{tag:?} is not a valid group tag"),
            Self::GroupZero(tag) => write!(f, "the numbers of a group tag start at 01, found {tag:?}"),
            Self::GroupBeyond { slot, last } => {
                write!(f, "slot {slot:02} is greater than the last slot of the group, {last:02}")
            }
            Self::GroupWithoutId => f.write_str("the group tag has no group id"),
            Self::Date(date) => write!(f, "{date:?} is not a valid date"),
            Self::Suffix(suffix) => {
                write!(f, "the suffix after the date, {suffix:?}, is not letters and digits")
            }
            Self::TooFewParts(text) => {
                write!(f, "expected `universe_scope_name_date.csv`, found {text:?} before the date")
            }
            Self::NoDate => f.write_str("the name has no date"),
            Self::Universe(universe) => write!(f, "can't find universe {universe:?}"),
            Self::Scope { scope, .. } => write!(f, "no configuration available for {scope} imports"),
            Self::ImportOptions { scope, name, .. } => {
                write!(f, "can't find config for {scope} scope import named {name:?}")
            }
            Self::Ambiguous(one, other) => {
                write!(f, "the name matches two configured imports, {one} and {other}")
            }
        }
    }
}
