//! Times of day and zones, as people and programs write them.

use tidewaiter_schema::compile::Column;

use super::text::is_blank;
use super::{Advice, Style, accepts, all_digits};

/// A time of day, with the zone that it is in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// `08:30:00`, with a fraction if it has one. The hour may be 24.
    pub(super) text: String,
    pub(super) zone: Zone,
    /// It has no seconds.
    pub(super) short: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Zone {
    None,
    /// An offset as the columns take it: `Z`, `+02:00`.
    Offset(String),
    /// A name, whose offset depends on the day.
    Name,
}

impl Clock {
    pub(super) fn of(text: &str) -> Option<Self> {
        let is_time = |c: char| c.is_ascii_digit() || matches!(c, ':' | '.' | ',');
        let end = text.find(|c| !is_time(c)).unwrap_or(text.len());
        let (time, rest) = text.split_at_checked(end)?;
        let (time, fraction) = match time.split_once(['.', ',']) {
            Some((time, fraction)) => (time, Some(fraction).filter(|digits| all_digits(digits))?),
            None => (time, ""),
        };
        let parts: Vec<&str> = time.split(':').collect();
        let (hour, minute, second) = match *parts.as_slice() {
            [hour, minute] if fraction.is_empty() => (hour, minute, "00"),
            [hour, minute, second] => (hour, minute, second),
            _ => return None,
        };
        let fits = (1..=2).contains(&hour.len()) && minute.len() == 2 && second.len() == 2;
        let is_real =
            fits && minute < "60" && second < "60" && [hour, minute, second].into_iter().all(all_digits);
        let mut hour: u8 = Some(hour).filter(|_| is_real)?.parse().ok()?;
        let (half, zone) = half(rest.trim_matches(is_blank));
        match half {
            Some(_) if !(1..=12).contains(&hour) => return None,
            Some(afternoon) => hour = hour % 12 + if afternoon { 12 } else { 0 },
            None if hour > 24 => return None,
            None => {}
        }
        let point = if fraction.is_empty() { "" } else { "." };
        let text = format!("{hour:02}:{minute}:{second}{point}{fraction}");
        Some(Self { text, zone: Zone::of(zone.trim_matches(is_blank))?, short: parts.len() == 2 })
    }

    /// True for a time of day that says nothing. Midnight of another zone is another day here.
    pub(super) fn is_midnight(&self) -> bool {
        self.zone == Zone::None && self.text.chars().all(|c| matches!(c, '0' | ':' | '.'))
    }

    /// The end of a day, which is the beginning of the next one.
    pub(super) fn is_end_of_day(&self) -> bool {
        self.text.strip_prefix("24").is_some_and(|rest| rest.chars().all(|c| matches!(c, '0' | ':' | '.')))
    }
}

/// Which half of the day is meant, and what follows: `AM`, `p.m.`
fn half(text: &str) -> (Option<bool>, &str) {
    for (word, afternoon) in [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)] {
        if let Some((head, rest)) = text.split_at_checked(word.len())
            && head.eq_ignore_ascii_case(word)
            && !rest.starts_with(|c: char| c.is_alphanumeric())
        {
            return (Some(afternoon), rest);
        }
    }
    (None, text)
}

impl Zone {
    fn of(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::None);
        }
        if ["z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
            return Some(Self::Offset("Z".to_owned()));
        }
        if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
            return text.chars().all(is_name).then_some(Self::Name);
        }
        let digits = text.strip_prefix(['+', '-'])?;
        let sign = text.get(..1)?;
        let (hours, minutes) = match digits.len() {
            1 | 2 => (digits, "00"),
            4 => digits.split_at_checked(2)?,
            5 => digits.split_once(':')?,
            _ => return None,
        };
        let fits = all_digits(hours) && all_digits(minutes) && minutes.len() == 2;
        fits.then(|| Self::Offset(format!("{sign}{hours:0>2}:{minutes}")))
    }
}

/// `8:30` in a column of times.
pub(super) fn time_of_day(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let clock = Clock::of(value).filter(|clock| clock.zone == Zone::None)?;
    let text = clock.text;
    (text != value && accepts(column, &text))
        .then(|| Advice::write(format!("write the time in full: `{text}`"), text))
}
