//! Cuts a name into the parts that can be told without knowing the configuration: the group tag, the
//! date, the suffix.

use jiff::civil::Date;

use super::error::NameFault;
use super::tool_file::strip_ending;
use super::{GroupTag, LONGEST};
use crate::finding::is_treacherous;

/// What every data file ends with, in any case of letters.
pub(super) const EXTENSION: &str = ".csv";

/// The longest name of a data file, in bytes: shorter than file systems allow by what an import id
/// takes, so that an older file can always be renamed and keep its meaning.
pub const MAX_NAME_BYTES: usize = LONGEST - "_".len() - super::rename::ID_BYTES;

/// One way to read the part behind the group tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading<'a> {
    /// `<universe>_<scope>_<name>`.
    pub(super) joined: &'a str,
    pub(super) date: Date,
    pub(super) suffix: Option<&'a str>,
}

/// A name cut into its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape<'a> {
    pub(super) group: Option<GroupTag>,
    /// The date is the last part, or it is followed by a suffix. Both can be true only if the suffix
    /// looks like a date, or the import's own name ends with one.
    pub(super) plain: Option<Reading<'a>>,
    pub(super) suffixed: Option<Reading<'a>>,
}

impl<'a> Shape<'a> {
    /// Cuts a name; an error means that no configuration could ever make it valid.
    pub(super) fn of(file: &'a str) -> Result<Self, NameFault> {
        if file.len() > MAX_NAME_BYTES {
            return Err(NameFault::TooLong(file.len()));
        }
        // A `%` stands for what was cleaned from a name: see `keys::clean_name`.
        if let Some(c) = file.chars().find(|c| is_treacherous(*c) || matches!(c, '/' | '\\' | '%')) {
            return Err(NameFault::Unsafe(c));
        }
        let stem = strip_ending(file, EXTENSION).ok_or(NameFault::Extension)?;
        let (group, base) = match stem.rsplit_once('.') {
            Some((id, rest)) => {
                let (group, base) = group_tag(id, rest)?;
                (Some(group), base)
            }
            None => (None, stem),
        };
        let plain = plain_reading(base);
        let suffixed = suffixed_reading(base);
        if plain.is_none() && suffixed.is_none() {
            return Err(no_date(base));
        }
        let possible = |reading: &Reading<'_>| joined_is_possible(reading.joined).is_ok();
        let shape = Self { group, plain: plain.filter(possible), suffixed: suffixed.filter(possible) };
        match (shape.readings().next(), plain.or(suffixed)) {
            (None, Some(reading)) => {
                Err(joined_is_possible(reading.joined).err().unwrap_or(NameFault::NoDate))
            }
            _ => Ok(shape),
        }
    }

    /// Both readings, the plain one first.
    pub(super) fn readings(&self) -> impl Iterator<Item = Reading<'a>> + use<'a> {
        [self.plain, self.suffixed].into_iter().flatten()
    }
}

/// Cuts the group tag off a name of any form; None if it has none.
pub(super) fn split_group(file: &str) -> Option<(GroupTag, &str)> {
    file.match_indices('.').find_map(|(at, _)| group_tag(file.get(..at)?, file.get(at + 1..)?).ok())
}

/// Reads `<id>` and `<YY>-<ZZ>_<rest>`; the last dot of a stem is the one between them.
fn group_tag<'a>(id: &str, rest: &'a str) -> Result<(GroupTag, &'a str), NameFault> {
    if !rest.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(NameFault::Dot);
    }
    let (numbers, base) = rest.split_once('_').ok_or_else(|| NameFault::GroupTag(rest.to_owned()))?;
    let malformed = || NameFault::GroupTag(numbers.to_owned());
    let (slot, last) = numbers.split_once('-').ok_or_else(malformed)?;
    let slot = two_digits(slot).ok_or_else(malformed)?;
    let last = two_digits(last).ok_or_else(malformed)?;
    if slot == 0 || last == 0 {
        return Err(NameFault::GroupZero(numbers.to_owned()));
    }
    if slot > last {
        return Err(NameFault::GroupBeyond { slot, last });
    }
    if id.is_empty() {
        return Err(NameFault::GroupWithoutId);
    }
    Ok((GroupTag { id: id.to_owned(), slot, last }, base))
}

fn two_digits(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

fn plain_reading(base: &str) -> Option<Reading<'_>> {
    let (joined, date) = base.rsplit_once('_')?;
    Some(Reading { joined, date: real_date(date)?, suffix: None })
}

fn suffixed_reading(base: &str) -> Option<Reading<'_>> {
    let (front, suffix) = base.rsplit_once('_')?;
    let reading = plain_reading(front)?;
    is_suffix(suffix).then_some(Reading { suffix: Some(suffix), ..reading })
}

fn is_suffix(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Reads `yyyymmdd`, if that day is in the calendar.
pub(super) fn real_date(text: &str) -> Option<Date> {
    if !is_eight_digits(text) {
        return None;
    }
    let year = text.get(..4)?.parse().ok()?;
    let month = text.get(4..6)?.parse().ok()?;
    let day = text.get(6..)?.parse().ok()?;
    if year == 0 { None } else { Date::new(year, month, day).ok() }
}

fn is_eight_digits(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Cuts off a trailing `_yyyymmdd`, if it is a real date.
pub(super) fn without_date(joined: &str) -> Option<&str> {
    plain_reading(joined).map(|reading| reading.joined)
}

/// True for what may be the name of a universe, a scope or a subsection: 1 to 64 ASCII letters,
/// digits, `_` and `-`.
pub fn is_part(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(is_part_character)
}

fn is_part_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

fn joined_is_possible(joined: &str) -> Result<(), NameFault> {
    if let Some(c) = joined.chars().find(|c| !is_part_character(*c)) {
        return Err(NameFault::Character(c));
    }
    // `a_b_c` is the shortest: two underscores with something before, between and behind them.
    let inner = joined.get(1..joined.len().saturating_sub(1)).unwrap_or_default();
    let first = inner.find('_').map(|at| at + 2);
    match first.and_then(|at| inner.get(at..)) {
        Some(rest) if rest.contains('_') => Ok(()),
        _ => Err(NameFault::TooFewParts(joined.to_owned())),
    }
}

/// Says what is wrong with the date or the suffix of a name in which no date was found.
fn no_date(base: &str) -> NameFault {
    let parts: Vec<(usize, &str)> = base
        .match_indices('_')
        .map(|(at, _)| (at, base.get(at + 1..).unwrap_or_default()))
        .map(|(at, rest)| (at, rest.split('_').next().unwrap_or_default()))
        .collect();
    for (at, part) in parts.iter().rev() {
        let Some(head) = part.get(..8) else { continue };
        if !is_eight_digits(head) {
            continue;
        }
        let behind = base.get(at + 9..).unwrap_or_default();
        if real_date(head).is_none() && part.len() == 8 {
            return NameFault::Date(head.to_owned());
        }
        if real_date(head).is_some() && !behind.is_empty() {
            return NameFault::Suffix(behind.strip_prefix('_').unwrap_or(behind).to_owned());
        }
    }
    NameFault::NoDate
}
