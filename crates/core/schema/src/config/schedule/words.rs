//! A schedule as people say it.

use std::fmt::Write as _;

use jiff::civil::{Date, Time};

use super::Schedule;
use super::days::{Days, MonthDay, WeekDay};
use super::times::{DAY, Times, time_of};

/// How many days or times are told one by one.
const TOLD: usize = 12;

pub(super) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
pub(super) const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

impl Schedule {
    /// The schedule in words: `every Monday and Thursday at 06:00, Europe/Paris time, until 30 June 2027`.
    pub fn in_words(&self) -> String {
        let mut words = match &self.times {
            Times::At(times) => format!("{} at {}", self.days.in_words(), listed(times, |time| clock(*time))),
            Times::Each { minutes, first, last } => {
                format!("{}{}", interval(*minutes, *first, *last), self.days.behind())
            }
        };
        // Writing to a text does not fail.
        let _ = match self.zone_name.as_str() {
            "UTC" => write!(words, ", UTC"),
            zone => write!(words, ", {zone} time"),
        };
        let _ = self.from.map(|date| write!(words, ", from {}", day(date)));
        let _ = self.until.map(|date| write!(words, ", until {}", day(date)));
        words
    }
}

impl Days {
    fn in_words(&self) -> String {
        match self {
            Self::Every => "every day".to_owned(),
            Self::Week(days) => format!("every {}", weekdays(days)),
            Self::Month(days) => format!("on {} of each month", listed(days, |day| month_day(*day))),
            Self::Dates(dates) => format!("on {}", listed(dates, |date| day(*date))),
        }
    }

    /// The days behind an interval.
    fn behind(&self) -> String {
        match self {
            Self::Every => String::new(),
            Self::Week(days) => format!(" on {}", weekdays(days)),
            other => format!(" {}", other.in_words()),
        }
    }
}

fn interval(minutes: u16, first: u16, last: u16) -> String {
    let every = match (minutes, minutes / 60, minutes % 60) {
        (1, ..) => "every minute".to_owned(),
        (_, 1, 0) => "every hour".to_owned(),
        (_, hours, 0) => format!("every {hours} hours"),
        _ => format!("every {minutes} minutes"),
    };
    let told = |minute: u16| time_of(minute).map(clock).unwrap_or_default();
    if (first, last) == (0, DAY - 1) {
        every
    } else {
        format!("{every} from {} to {}", told(first), told(last))
    }
}

/// Days of the week; three and more that follow each other as `Monday to Friday`.
fn weekdays(days: &[WeekDay]) -> String {
    let name = |day: &WeekDay| WEEKDAYS.get(day.number()).copied().unwrap_or_default();
    match days {
        [first, .., last] if days.len() > 2 && last.number() - first.number() + 1 == days.len() => {
            format!("{} to {}", name(first), name(last))
        }
        _ => listed(days, |day| name(day).to_owned()),
    }
}

fn month_day(day: MonthDay) -> String {
    let weekday = |day: WeekDay| WEEKDAYS.get(day.number()).copied().unwrap_or_default();
    match day {
        MonthDay::Day(number) => {
            let ending = match number {
                1 | 21 | 31 => "st",
                2 | 22 => "nd",
                3 | 23 => "rd",
                _ => "th",
            };
            let where_it_is = if number > 28 { " (if there is one)" } else { "" };
            format!("the {number}{ending}{where_it_is}")
        }
        MonthDay::Last => "the last day".to_owned(),
        MonthDay::Nth(nth, day) => {
            let at = usize::try_from(nth - 1).unwrap_or_default();
            let where_it_is = if nth > 4 { " (if there is one)" } else { "" };
            format!("the {} {}{where_it_is}", ORDINALS.get(at).copied().unwrap_or_default(), weekday(day))
        }
        MonthDay::LastWeekday(day) => format!("the last {}", weekday(day)),
    }
}

fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}

/// `06:00`.
pub(super) fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}

/// `a, b and c`; of many the first ones.
fn listed<T>(items: &[T], told: impl Fn(&T) -> String) -> String {
    let mut words: Vec<String> = items.iter().take(TOLD).map(told).collect();
    if items.len() > TOLD {
        words.push(format!("{} more", items.len() - TOLD));
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}
