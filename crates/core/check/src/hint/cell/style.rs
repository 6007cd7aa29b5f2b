//! How the values of one column are written. A value that is clear by itself settles others of its column:
//! `31/12/1980` says that `01/02/1980` is in February. And it makes others doubtful: beside `1,5`, is `1.234` one and
//! a bit?

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Column;

use super::day::{Order, has_day_second, order_of};
use super::number::{Marks, may_be_grouped};

/// The line that settles a reading, and which reading it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Because {
    /// The reading, in words: `day/month`.
    pub(crate) reading: &'static str,
    /// The number of the line.
    pub(crate) line: u64,
}

/// What is settled about a column. Nothing is by default: each value is read alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Style {
    /// What a comma that may be either is, and a point.
    comma: Option<(Mark, u64)>,
    point: Option<(Mark, u64)>,
    /// The order of day and month in dates with the mark `/`, `.` or `-`.
    orders: [Option<(Order, u64)>; 3],
    /// A mark is before decimals in one value, and between thousands in another: no number with marks is clear.
    mixed: bool,
}

/// What a mark in a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Decimal,
    Thousands,
}

impl Style {
    /// True if no number with marks is clear.
    pub(super) fn is_mixed(&self) -> bool {
        self.mixed
    }

    /// What this mark is in a number in which it may be either.
    pub(super) fn mark(&self, mark: char) -> Option<(Mark, Because)> {
        let (meaning, line) = if mark == ',' { self.comma } else { self.point }?;
        let reading = match (mark, meaning) {
            (',', Mark::Decimal) => "decimal commas",
            (',', Mark::Thousands) => "commas between thousands",
            (_, Mark::Decimal) => "decimal points",
            (_, Mark::Thousands) => "points between thousands",
        };
        Some((meaning, Because { reading, line }))
    }

    /// The order of day and month in a date with this mark.
    pub(super) fn order(&self, mark: char) -> Option<(Order, Because)> {
        let (order, line) = self.orders.get(place(mark)?).copied().flatten()?;
        let reading = match order {
            Order::DayMonth => "day/month",
            Order::MonthDay => "month/day",
            Order::YearMonth => "year/month/day",
        };
        Some((order, Because { reading, line }))
    }
}

fn place(mark: char) -> Option<usize> {
    ['/', '.', '-'].iter().position(|known| *known == mark)
}

/// What the values of one column say about how it is written, as they are read. Each holds the first line that says it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writing {
    decimal_comma: Option<u64>,
    decimal_point: Option<u64>,
    thousands_comma: Option<u64>,
    thousands_point: Option<u64>,
    /// A line that cannot be read may have a decimal comma.
    unread_comma: bool,
    /// A point that may be between thousands, in a value that the column takes.
    grouped: bool,
    days: [Option<u64>; 3],
    months: [Option<u64>; 3],
    years: [Option<u64>; 3],
    /// The day is before the month, behind the year.
    day_second: bool,
}

impl Writing {
    /// Takes one more value of the column into account.
    pub(crate) fn see(&mut self, column: &Column, value: &str, line: u64) {
        match column.field_type() {
            FieldType::Number | FieldType::Integer => self.see_number(column, value, line),
            FieldType::Date | FieldType::Datetime => {
                self.day_second |= has_day_second(value);
                if let Some((order, mark)) = order_of(value)
                    && let Some(place) = place(mark)
                {
                    let lines = match order {
                        Order::DayMonth => &mut self.days,
                        Order::MonthDay => &mut self.months,
                        Order::YearMonth => &mut self.years,
                    };
                    if let Some(first) = lines.get_mut(place) {
                        first.get_or_insert(line);
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes into account that a line that cannot be read may have a decimal comma in this column.
    pub(crate) fn see_unread_comma(&mut self) {
        self.unread_comma = true;
    }

    /// Takes into account that a line that cannot be read may have a day before its month, behind the year, in this column.
    pub(crate) fn see_unread_day(&mut self) {
        self.day_second = true;
    }

    fn see_number(&mut self, column: &Column, value: &str, line: u64) {
        let digits = value.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.'));
        // A column of whole numbers takes no point, so nothing passes there that is not clear.
        self.grouped |= column.field_type() == FieldType::Number && may_be_grouped(digits);
        let Some(marks) = Marks::of(digits) else { return };
        for (said, known) in [
            (marks.decimal == Some(','), &mut self.decimal_comma),
            (marks.decimal == Some('.'), &mut self.decimal_point),
            (marks.thousands == Some(','), &mut self.thousands_comma),
            (marks.thousands == Some('.'), &mut self.thousands_point),
        ] {
            if said {
                known.get_or_insert(line);
            }
        }
    }

    /// What is settled. What some values say and others deny is not.
    pub(crate) fn style(&self) -> Style {
        let Self { decimal_comma, decimal_point, thousands_comma, thousands_point, .. } = *self;
        let decimal = |line: u64| (Mark::Decimal, line);
        let thousands = |line: u64| (Mark::Thousands, line);
        let comma = if decimal_point.or(thousands_comma).is_none() {
            decimal_comma.or(thousands_point).map(decimal)
        } else if decimal_comma.or(thousands_point).is_none() {
            // Decimal points alone say nothing about a comma: `2.5` and `1,234` may come from two hands.
            thousands_comma.map(thousands)
        } else {
            None
        };
        let point = if decimal_comma.or(thousands_point).is_none() {
            decimal_point.or(thousands_comma).map(decimal)
        } else if decimal_point.or(thousands_comma).is_none() {
            thousands_point.map(thousands)
        } else {
            None
        };
        let mut orders = [None; 3];
        let lines = self.days.iter().zip(self.months).zip(self.years);
        for (order, ((day, month), year)) in orders.iter_mut().zip(lines) {
            *order = match (day, month, year) {
                (Some(line), None, None) => Some((Order::DayMonth, *line)),
                (None, Some(line), None) => Some((Order::MonthDay, line)),
                (None, None, Some(line)) => Some((Order::YearMonth, line)),
                _ => None,
            };
        }
        let both = |one: Option<u64>, other: Option<u64>| one.and(other).is_some();
        let mixed = both(decimal_comma, thousands_comma) || both(decimal_point, thousands_point);
        Style { comma, point, orders, mixed }
    }

    /// Why no value of the column is clear, if so.
    pub(crate) fn doubt(self) -> Option<&'static str> {
        let has_comma = self.unread_comma || self.decimal_comma.or(self.thousands_point).is_some();
        if has_comma && self.grouped {
            Some("it has decimal commas and numbers such as `1.234`, which may be thousands")
        } else if self.day_second {
            Some("it has dates written year, day, month: day and month cannot be told apart")
        } else {
            None
        }
    }
}
