//! On which days.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

/// How many days are looked at. Any day of a month, a fifth Monday, too, comes again within four months.
const HORIZON: usize = 150;

/// On which days something runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    /// On each day.
    Every,
    /// On these days of the week, in their order.
    Week(Vec<WeekDay>),
    /// On these days of each month.
    Month(Vec<MonthDay>),
    /// On these dates, in ascending order.
    Dates(Vec<Date>),
}

/// A day of the week, counted from Monday, 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WeekDay(i8);

/// A day of a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MonthDay {
    /// This day of the month, from 1 to 31. A month that does not have it is left out.
    Day(i8),
    /// The last day.
    Last,
    /// The first of these days of the week (1) to the fifth. A month that has no fifth is left out.
    Nth(i8, WeekDay),
    /// The last of these days of the week.
    LastWeekday(WeekDay),
}

impl WeekDay {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5), Self(6)];

    /// The number of days since Monday.
    pub(super) fn number(self) -> usize {
        usize::from(self.0.unsigned_abs())
    }
}

impl From<Weekday> for WeekDay {
    fn from(day: Weekday) -> Self {
        Self(day.to_monday_zero_offset())
    }
}

impl Days {
    /// The days from one on, in their order. Not for ever: if none of the first ones is one, there is none.
    pub(super) fn after(&self, start: Date) -> Box<dyn Iterator<Item = Date> + '_> {
        match self {
            Self::Dates(dates) => Box::new(dates.iter().copied().filter(move |date| *date >= start)),
            _ => self.walk(start, 1),
        }
    }

    /// The days up to one, backwards. Not for ever, either.
    pub(super) fn before(&self, start: Date) -> Box<dyn Iterator<Item = Date> + '_> {
        match self {
            Self::Dates(dates) => Box::new(dates.iter().rev().copied().filter(move |date| *date <= start)),
            _ => self.walk(start, -1),
        }
    }

    fn walk(&self, start: Date, step: i64) -> Box<dyn Iterator<Item = Date> + '_> {
        let days = std::iter::successors(Some(start), move |date| date.checked_add(step.days()).ok());
        Box::new(days.take(HORIZON).filter(|date| self.has(*date)))
    }

    fn has(&self, date: Date) -> bool {
        match self {
            Self::Every => true,
            Self::Week(days) => days.contains(&WeekDay::from(date.weekday())),
            Self::Month(days) => days.iter().any(|day| day.is(date)),
            Self::Dates(dates) => dates.contains(&date),
        }
    }
}

impl MonthDay {
    fn is(self, date: Date) -> bool {
        let is_on = |day: WeekDay| WeekDay::from(date.weekday()) == day;
        match self {
            Self::Day(day) => date.day() == day,
            Self::Last => date.day() == date.days_in_month(),
            Self::Nth(nth, day) => is_on(day) && (date.day() + 6) / 7 == nth,
            Self::LastWeekday(day) => is_on(day) && date.day() + 7 > date.days_in_month(),
        }
    }
}
