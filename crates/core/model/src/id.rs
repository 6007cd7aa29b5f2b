//! Identity and time, as values that are handed in.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A moment, in UTC.
pub type Timestamp = jiff::Timestamp;

/// The day of a moment, in UTC.
pub fn day_of(moment: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(moment).date()
}

/// Ids that follow an archive's and are kept for its members: more than an archive may ever have.
const MEMBERS: u128 = 1 << 40;

/// The id of one import: a ULID, so that ids sort by the time at which the file was first seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImportId(ulid::Ulid);

impl ImportId {
    /// An id for a file first seen at `at`. `random` must be fresh for each id; 79 bits of it
    /// are used, so that ids can be counted up from it.
    pub fn new(at: Timestamp, random: u128) -> Self {
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(ulid::Ulid::from_parts(millis, random & (u128::MAX >> 49)))
    }

    /// The id of a file seen at `at` and after the one with id `previous`: it sorts behind it, also when
    /// both were seen in the same millisecond.
    #[must_use]
    pub fn after(previous: Option<Self>, at: Timestamp, random: u128) -> Self {
        let fresh = Self::new(at, random);
        match previous {
            Some(previous) if fresh <= previous => previous.plus(MEMBERS),
            _ => fresh,
        }
    }

    /// The time it was made with, in whole milliseconds.
    pub fn at(self) -> Timestamp {
        let millis = i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// The id of the `number`th member of the archive with this id: the same whenever the archive is
    /// unpacked again, and in the order of the members.
    #[must_use]
    pub fn member(self, number: u64) -> Self {
        self.plus(u128::from(number) + 1)
    }

    /// The id of the `number`th run about what was written to the file of this run after its outcome: the same each
    /// time. No member of an archive has it.
    #[must_use]
    pub fn rest(self, number: u64) -> Self {
        self.plus((1 << 79) + u128::from(number))
    }

    fn plus(self, step: u128) -> Self {
        Self(ulid::Ulid::from_parts(self.0.timestamp_ms(), self.0.random().wrapping_add(step)))
    }
}

impl fmt::Display for ImportId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ImportId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ulid::Ulid::from_string(text).map(Self).map_err(|e| format!("`{text}` is not an import id: {e}"))
    }
}

impl TryFrom<String> for ImportId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ImportId> for String {
    fn from(id: ImportId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_by_arrival_and_leave_room_for_members() {
        let at = Timestamp::from_second(1_790_000_000).unwrap();
        let first = ImportId::new(at, u128::MAX);
        let second = ImportId::after(Some(first), at, 0);
        assert!(first < first.member(0) && first.member(0) < first.member(1));
        assert!(first.member(1_000_000) < second);
        let later = ImportId::after(Some(second), Timestamp::from_second(1_790_000_001).unwrap(), 0);
        assert!(second < later);
    }
}
