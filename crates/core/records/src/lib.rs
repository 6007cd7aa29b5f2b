//! What a good line does to the records.
//!
//! A [`Plan`] says what the lines of one import do: it is made from the schemas and the options of the
//! import. A [`Reader`] turns each good line into a [`Change`], and [`land()`] carries the change out on a
//! [`RecordTx`], which is what a store looks like to one line. So SQLite and DynamoDB cannot disagree about
//! what an import means.
//!
//! The order of the lines of one record matters, that of different records does not, as long as the plan
//! says so ([`Plan::splits`]): then the lines may be shared out among loaders by [`Change::share`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tidewaiter_model::id::ImportId;

mod cells;
mod ean;
mod land;
mod location;
mod match_by;
mod normal;
mod phone;
mod plan;
mod reader;
mod subscribe;
mod subscriptions;
mod table;
mod tx;

pub use cells::Cells;
pub use land::land;
pub use location::{Locate, Place};
pub use match_by::MatchBy;
pub use normal::{Form, KeyForm};
pub use phone::may_lack_country_code;
pub use plan::{Adjustment, Displaced, Plan, Reference};
pub use reader::{Layout, Reader};
pub use subscribe::hand_over;
pub use subscriptions::{ADDRESS_BYTES, CONTACT, Subscribable, Subscribing};
pub use table::{MOST_COLUMNS, OWN, Table, TableColumn, TableKey, free_name, split_key};
pub use tx::RecordTx;

/// Joins the parts of a key that has several; inside a part it is escaped, so that two keys are never one.
pub const KEY_SEPARATOR: char = '\u{1f}';
const KEY_ESCAPE: char = '\u{1e}';

/// Where something came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The import.
    pub import: ImportId,
    /// The line of its file, counted from 1; 0 for what the file as a whole did.
    pub line: u64,
}

/// A value of a record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// The value, as the file wrote it or, where values have several spellings, in the one that is kept.
    pub text: String,
    /// The line it came from: the first one since it has been this value.
    pub source: Source,
}

/// A record: its values by column. An absent column has no value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The values.
    pub values: BTreeMap<String, Value>,
    /// What last changed it.
    pub changed: Source,
}

/// The texts of a record, and the sources of those values that are older than its last change, each by column.
pub type Apart<'a> = (BTreeMap<&'a str, &'a str>, BTreeMap<&'a str, Source>);

impl Record {
    /// What stores keep of it, beside its last change.
    pub fn apart(&self) -> Apart<'_> {
        let texts = self.values.iter().map(|(column, value)| (column.as_str(), value.text.as_str()));
        let earlier = self.values.iter().filter(|(_, value)| value.source != self.changed);
        (texts.collect(), earlier.map(|(column, value)| (column.as_str(), value.source)).collect())
    }

    /// The record of which that was kept.
    pub fn of(texts: BTreeMap<String, String>, earlier: &BTreeMap<String, Source>, changed: Source) -> Self {
        let values = texts.into_iter().map(|(column, text)| {
            let source = earlier.get(&column).copied().unwrap_or(changed);
            (column, Value { text, source })
        });
        Self { values: values.collect(), changed }
    }

    /// The text in a column.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.values.get(column).map(|value| value.text.as_str())
    }
}

/// A good line, ready to land.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The line in the file, counted from 1; the header is line 1.
    pub line: u64,
    /// Which record it is about.
    pub subject: Subject,
    /// A value for each column, in the order of [`Layout::columns`].
    pub values: Cells,
    /// The records it refers to: which of [`Plan::references`], and the key.
    pub references: Vec<(usize, String)>,
}

/// How a line says which record it is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// By the key.
    Key(String),
    /// By something else; the key, if the line has one, is for a record that must be made.
    Match {
        /// The value of [`Plan::match_by`].
        value: String,
        /// The key.
        key: Option<String>,
    },
    /// By a key that is to be made from this value.
    Generated(String),
}

impl Subject {
    /// What it is named by: the key, or what the key is found or made by.
    pub fn name(&self) -> &str {
        match self {
            Self::Key(name) | Self::Match { value: name, .. } | Self::Generated(name) => name,
        }
    }
}

impl Change {
    /// The loader, of so many, that takes this line. All lines of one record have the same. The answer is
    /// the same on every machine and in every version.
    pub fn share(&self, plan: &Plan, of: u32) -> u32 {
        if of <= 1 || !plan.splits() {
            return 0;
        }
        let adjusted = plan.adjusts.as_ref().and_then(|adjusts| self.reference(adjusts.reference));
        share(adjusted.unwrap_or_else(|| self.subject.name()), of)
    }

    /// The key of a record it refers to.
    pub fn reference(&self, number: usize) -> Option<&str> {
        self.references.iter().find(|(n, _)| *n == number).map(|(_, key)| key.as_str())
    }
}

/// Which of so many shares a name belongs to. The answer is the same on every machine and in every version.
pub fn share(name: &str, of: u32) -> u32 {
    u32::try_from((fingerprint(name) >> 64) % u128::from(of.max(1))).unwrap_or_default()
}

/// The first half of the SHA-256 of a key: two keys never have the same.
pub fn fingerprint(key: &str) -> u128 {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    hash.iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

/// What a line did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// A record was created, changed, replaced, added or deleted.
    Imported,
    /// The same, to a record that an earlier line of the file had changed: that line is superseded.
    Superseding,
    /// The record already was what the line says.
    Unchanged,
    /// The record exists, and the import only makes new ones.
    Existing,
    /// The record that this one would give way to is there already.
    GaveWay,
    /// The record does not exist, and the import only changes or deletes those that do.
    Unknown,
    /// The line is rejected.
    Refused(Refusal),
}

/// Why a good line is rejected when it is to land.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The record that a reference names does not exist.
    Missing {
        /// Which of [`Plan::references`].
        reference: usize,
    },
    /// The record that a reference names has another value than the line in a column where both must be
    /// the same.
    Differs {
        /// Which of [`Plan::references`].
        reference: usize,
        /// The column.
        column: String,
    },
    /// The record that a reference names is already claimed by another record.
    Claimed {
        /// Which of [`Plan::references`].
        reference: usize,
    },
    /// What the line adds to a record that it refers to gives no whole number of at most
    /// [`MOST_DIGITS`](tidewaiter_schema::compile::MOST_DIGITS) digits.
    Sum {
        /// Which of [`Plan::references`].
        reference: usize,
        /// The column of the line.
        column: String,
        /// The column of the record that holds the sum.
        there: String,
    },
    /// What the line subscribes is longer than [`ADDRESS_BYTES`].
    Address {
        /// Which of [`Plan::subscriptions`].
        subscription: usize,
    },
    /// Several records have the value that they are to be matched by.
    Ambiguous,
    /// The key belongs to another record than the one that was matched.
    Taken,
    /// The record is larger than the store keeps.
    TooLarge,
}

/// What landing a line did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// What it did to the record it is about.
    pub effect: Effect,
    /// How many other records were removed because of it.
    pub removed: u64,
    /// True if the record has another key now. What refers to it keeps the old one.
    pub moved: bool,
}

/// Parts joined to a key.
pub fn join_key<'a>(parts: impl ExactSizeIterator<Item = &'a str>) -> String {
    let several = parts.len() > 1;
    let mut key = String::new();
    for (n, part) in parts.enumerate() {
        if n > 0 {
            key.push(KEY_SEPARATOR);
        }
        if several {
            push_escaped(&mut key, part);
        } else {
            key.push_str(part);
        }
    }
    key
}

/// What the keys of all records that belong to `owner` begin with.
///
/// ```
/// use tidewaiter_records::{join_key, owned_prefix};
///
/// assert!(join_key(["SO-1", "line 2"].into_iter()).starts_with(&owned_prefix("SO-1")));
/// assert!(!join_key(["SO-10", "line 2"].into_iter()).starts_with(&owned_prefix("SO-1")));
/// ```
pub fn owned_prefix(owner: &str) -> String {
    let mut prefix = String::new();
    push_escaped(&mut prefix, owner);
    prefix.push(KEY_SEPARATOR);
    prefix
}

fn push_escaped(key: &mut String, part: &str) {
    for c in part.chars() {
        if matches!(c, KEY_SEPARATOR | KEY_ESCAPE) {
            key.push(KEY_ESCAPE);
        }
        key.push(c);
    }
}
