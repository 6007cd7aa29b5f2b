//! What is in hand of a query: a read that was claimed, or its file.

use serde::{Deserialize, Serialize};
use tidewaiter_model::id::{ImportId, Timestamp};

use super::{Position, ReadTrouble};

/// What is in hand.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Nothing.
    #[default]
    Idle,
    /// Rows are read.
    Reading(Reading),
    /// The rows are in a file that has no outcome yet.
    Landing(Landing),
}

/// A read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// The run of its file.
    pub run: ImportId,
    /// Why it reads.
    pub why: Why,
    /// Which part of the occurrence it is, from 1 on.
    pub part: u32,
    /// When it was claimed first. The name of its file tells it, so it does not change.
    pub at: Timestamp,
    /// The process that reads.
    pub holder: String,
    /// Until when no other process takes over; before it, none tries again.
    pub until: Timestamp,
    /// Which attempt at it this is, from 1 on: each process that takes over begins another one. An attempt has a place of
    /// its own for its file, so that a process that is late writes over nothing.
    pub attempt: u32,
    /// How often it failed.
    #[serde(default)]
    pub tries: u32,
    /// What failed. None while a process reads: with it, the read waits for its next try.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<ReadTrouble>,
}

/// A file of a read that has no outcome yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Landing {
    /// Its run.
    pub run: ImportId,
    /// Why it was read.
    pub why: Why,
    /// Which part of the occurrence it is.
    pub part: u32,
    /// Where the read began.
    pub back: Position,
    /// True if the next part is read once the file is imported.
    pub goes_on: bool,
}

/// Why a query is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its schedule says so.
    Scheduled {
        /// The occurrence.
        at: Timestamp,
    },
    /// A person asked for it.
    Asked {
        /// Who, as the command knows it.
        by: String,
    },
    /// It is new, or was changed.
    Changed,
}

/// Who claims a read, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The run of the file that it makes.
    pub run: ImportId,
    /// The process that reads.
    pub holder: &'a str,
    /// When.
    pub now: Timestamp,
    /// Until when no other process takes over.
    pub until: Timestamp,
}

impl Claim<'_> {
    pub(super) fn reading(&self, why: Why, part: u32) -> Phase {
        Phase::Reading(Reading {
            run: self.run,
            why,
            part,
            at: self.now,
            holder: self.holder.to_owned(),
            until: self.until,
            attempt: 1,
            tries: 0,
            trouble: None,
        })
    }
}

/// A query as it is now.
#[derive(Debug, Clone, Copy)]
pub struct Definition<'a> {
    /// What it asks, by a hash.
    pub hash: &'a str,
    /// The column of its last item, if it has one.
    pub column: Option<&'a str>,
}

impl Reading {
    /// True if a process may go on with it: it is its own, or its time is over.
    pub(super) fn may_be_taken_up(&self, holder: &str, now: Timestamp) -> bool {
        let waits = self.trouble.is_some() && now < self.until;
        !waits && (self.holder == holder || now >= self.until)
    }
}
