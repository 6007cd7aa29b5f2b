//! How reads ended, for people.

use serde::{Deserialize, Serialize};
use tidewaiter_model::id::{ImportId, Timestamp};
use tidewaiter_model::item::LastItem;

use super::{Reading, Why};

/// A read that ended, or what a person did to `{lastItem}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The run of its file; of a read that had nothing or failed, the run that its file would have had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<ImportId>,
    /// When it began.
    pub at: Timestamp,
    /// Why it read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// Which part of the occurrence it was.
    pub part: u32,
    /// The rows of its file.
    pub rows: u64,
    /// The rows that were left out, because they were imported before or have no value in the column.
    pub left_out: u64,
    /// How long it read, in milliseconds.
    pub millis: u64,
    /// `{lastItem}` before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<LastItem>,
    /// `{lastItem}` after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<LastItem>,
    /// How it ended.
    pub end: ReadEnd,
}

/// How a read ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadEnd {
    /// A file was registered.
    File,
    /// A file was registered and refused as a whole: `{lastItem}` went back.
    WentBack,
    /// There was nothing new.
    Nothing,
    /// It failed.
    Failed(Trouble),
    /// `{lastItem}` was moved.
    Moved {
        /// Who did it. None: the configuration names another column.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
}

/// Why a read failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What is wrong. No value of a row and no secret is in it.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Ended {
    /// What is known of a read before it ends.
    pub(super) fn of(reading: &Reading) -> Self {
        Self {
            run: Some(reading.run),
            at: reading.at,
            why: Some(reading.why.clone()),
            part: reading.part,
            rows: 0,
            left_out: 0,
            millis: 0,
            before: None,
            after: None,
            end: ReadEnd::Nothing,
        }
    }

    pub(super) fn moved(
        at: Timestamp,
        before: Option<LastItem>,
        after: Option<LastItem>,
        by: Option<String>,
    ) -> Self {
        let end = ReadEnd::Moved { by };
        Self { run: None, at, why: None, part: 0, rows: 0, left_out: 0, millis: 0, before, after, end }
    }
}
