//! When something runs by itself: a query that is imported every night, every 15 minutes, on the last Friday of a month.
//!
//! ```json
//! { "every": "day", "at": ["06:00", "18:30"], "time_zone": "Europe/Paris" }
//! { "every": "week", "on": ["monday", "thursday"], "at": "06:00", "until": "2027-06-30" }
//! { "every": "month", "on": [1, 15, "last day", "first monday", "last friday"], "at": "06:00" }
//! { "on": ["2026-12-24", "2026-12-31"], "at": "06:00" }
//! { "every": "15 minutes", "between": ["08:00", "18:00"], "on": ["monday", "friday"] }
//! ```
//!
//! Times are those of a clock on the wall in the time zone. Where clocks are put forward, a time that does not exist runs at
//! the first time that does. Where clocks are put back, a time that comes twice runs once, the first time. An interval
//! (`15 minutes`) runs through the repeated hour again: two runs are never further apart than the interval says.
//!
//! Time zones come from the database that is compiled into the program, not from the machine: the same schedule means
//! the same moments on Lambda, on a laptop and in a simulation. The rest of the core uses the same one, so it adds
//! nothing to the size of the program.

mod days;
mod items;
mod json;
mod read;
mod times;
mod words;

use std::fmt;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::Value;
use tidewaiter_model::mistake::{self, Mistake};

use super::fields::Fields;
use days::Days;
use times::Times;

/// No clock was put back further than this since 1900.
const PUT_BACK: SignedDuration = SignedDuration::from_hours(4);

/// When something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    days: Days,
    times: Times,
    zone: TimeZone,
    /// The name of the zone, as the database has it.
    zone_name: String,
    /// The first day; a day before has no times.
    from: Option<Date>,
    /// The last day.
    until: Option<Date>,
}

/// A moment of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Occurrence {
    /// When.
    pub at: Timestamp,
}

impl Occurrence {
    /// A name that no other moment has, and that does not depend on the schedule: `20261130T050000Z`. It sorts by time,
    /// and may stand in a key or a file name.
    pub fn id(&self) -> String {
        self.at.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id())
    }
}

impl Schedule {
    /// Reads a schedule. `path` says where in a document it stands.
    ///
    /// ```
    /// use serde_json::json;
    /// use tidewaiter_schema::config::Schedule;
    ///
    /// let daily = json!({ "every": "day", "at": "06:00", "time_zone": "Europe/Paris" });
    /// let schedule = Schedule::parse("schedule", daily).unwrap();
    /// assert_eq!(schedule.in_words(), "every day at 06:00, Europe/Paris time");
    /// let next = schedule.next("2026-11-30T12:00:00Z".parse().unwrap()).unwrap();
    /// assert_eq!(next.id(), "20261201T050000Z");
    ///
    /// let mistakes = Schedule::parse("schedule", json!({ "every": "day", "at": "6:00" })).unwrap_err();
    /// assert_eq!(mistakes[0].path, "schedule.at");
    /// ```
    ///
    /// # Errors
    /// Every mistake, at least one.
    pub fn parse(path: &str, value: Value) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let schedule = Fields::open(path, value, &mut mistakes).and_then(|mut fields| {
            let schedule = Self::read(&mut fields);
            fields.finish();
            schedule
        });
        match schedule {
            Some(schedule) if mistakes.is_empty() => Ok(schedule),
            _ => Err(mistake::told(mistakes)),
        }
    }

    /// The first moment after `after`. None if there is no more.
    pub fn next(&self, after: Timestamp) -> Option<Occurrence> {
        let start = self.zone.to_datetime(after).saturating_sub(PUT_BACK);
        let first = self.from.map_or(start.date(), |from| from.max(start.date()));
        let days = self.days.after(first).take_while(|date| self.until.is_none_or(|until| *date <= until));
        let walls = days.flat_map(|date| self.times.of_day().map(move |time| date.to_datetime(time)));
        self.closest(walls.filter(|wall| *wall >= start), |at| at > after, Timestamp::min)
    }

    /// The last moment at or before `now`: after downtime, the one that is made up for. None if there was none.
    pub fn latest(&self, now: Timestamp) -> Option<Occurrence> {
        let start = self.zone.to_datetime(now).saturating_add(PUT_BACK);
        let last = self.until.map_or(start.date(), |until| until.min(start.date()));
        let days = self.days.before(last).take_while(|date| self.from.is_none_or(|from| *date >= from));
        let walls = days.flat_map(|date| self.times.of_day().rev().map(move |time| date.to_datetime(time)));
        self.closest(walls.filter(|wall| *wall <= start), |at| at <= now, Timestamp::max)
    }

    /// The closest moment that counts, of planned times in their order.
    fn closest(
        &self,
        walls: impl Iterator<Item = DateTime>,
        counts: impl Fn(Timestamp) -> bool,
        closer: impl Fn(Timestamp, Timestamp) -> Timestamp,
    ) -> Option<Occurrence> {
        let mut found: Option<(DateTime, Timestamp)> = None;
        for wall in walls {
            // Where clocks are put back, a time that was planned later may be the closer moment.
            if found.is_some_and(|(first, _)| wall.duration_since(first).abs() > PUT_BACK) {
                break;
            }
            for at in self.moments_of(wall).into_iter().flatten().filter(|at| counts(*at)) {
                found = Some(found.map_or((wall, at), |(first, before)| (first, closer(before, at))));
            }
        }
        found.map(|(_, at)| Occurrence { at })
    }

    /// The moments after `after`, in their order, until there are no more.
    pub fn upcoming(&self, after: Timestamp) -> impl Iterator<Item = Occurrence> + '_ {
        std::iter::successors(self.next(after), |before| self.next(before.at))
    }

    /// A moment as a clock in the time zone shows it: `Tuesday 2026-12-01 06:00 (UTC+01)`.
    pub fn local(&self, occurrence: Occurrence) -> String {
        let zoned = occurrence.at.to_zoned(self.zone.clone());
        let offset = zoned.offset();
        let day = zoned.strftime("%A %Y-%m-%d %H:%M");
        if offset.seconds() == 0 { format!("{day} (UTC)") } else { format!("{day} (UTC{offset})") }
    }

    /// The name of the time zone.
    pub fn time_zone(&self) -> &str {
        &self.zone_name
    }

    /// The moments at which a clock shows a planned time.
    fn moments_of(&self, planned: DateTime) -> [Option<Timestamp>; 2] {
        use jiff::tz::AmbiguousOffset::{Fold, Gap, Unambiguous};
        match self.zone.to_ambiguous_timestamp(planned).offset() {
            Unambiguous { offset } => [offset.to_timestamp(planned).ok(), None],
            Fold { before, after } => {
                let comes_again = matches!(self.times, Times::Each { .. });
                let second = if comes_again { after.to_timestamp(planned).ok() } else { None };
                [before.to_timestamp(planned).ok(), second]
            }
            Gap { before, .. } => [before.to_timestamp(planned).ok().and_then(|at| self.forward(at)), None],
        }
    }

    /// The moment at which clocks were put forward, of one that is inside of the gap.
    fn forward(&self, inside: Timestamp) -> Option<Timestamp> {
        let behind = inside.checked_add(1.second()).ok()?;
        self.zone.preceding(behind).next().map(|transition| transition.timestamp())
    }
}
