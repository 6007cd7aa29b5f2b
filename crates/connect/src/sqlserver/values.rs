//! Values of SQL Server as texts.

use std::io::Write;

use tiberius::ColumnData;
use tiberius::time::Time;
use tidewaiter_engine::ports::{Fault, RowBatch, SourceError};

use super::days::{FROM_0001_TO_1900, date};
use crate::numbers::{write_float, write_single};

/// An amount of money below this, in ten-thousandths, is exact as the floating-point number that the client makes of it.
const EXACT_MONEY: f64 = 225_179_981_368.0;
/// How many parts of a second a datetime counts.
const TICKS: u64 = 300;

/// Writes a value into a batch.
pub(super) fn write(value: &ColumnData<'_>, is_money: bool, batch: &mut RowBatch) -> Result<(), SourceError> {
    let into = batch.value();
    let is_value = match value {
        ColumnData::U8(value) => shown(*value, into),
        ColumnData::I16(value) => shown(*value, into),
        ColumnData::I32(value) => shown(*value, into),
        ColumnData::I64(value) => shown(*value, into),
        ColumnData::Bit(value) => shown(*value, into),
        ColumnData::F32(value) => value.map(|number| write_single(number, into)).is_some(),
        ColumnData::F64(Some(amount)) if is_money => {
            money(*amount, into)?;
            true
        }
        ColumnData::F64(value) => value.map(|number| write_float(number, into)).is_some(),
        ColumnData::Numeric(value) => {
            value.map(|number| decimal(number.value(), number.scale(), into)).is_some()
        }
        ColumnData::String(value) => shown(value.as_ref(), into),
        ColumnData::Xml(value) => shown(value.as_ref(), into),
        ColumnData::Guid(value) => shown(value.map(|id| id.hyphenated().to_string().to_uppercase()), into),
        ColumnData::Date(value) => value.map(|day| date(i64::from(day.days()), into)).is_some(),
        ColumnData::Time(value) => value.map(|at| time(at, into)).is_some(),
        ColumnData::DateTime2(value) => value
            .map(|at| {
                date(i64::from(at.date().days()), into);
                into.push(b'T');
                time(at.time(), into);
            })
            .is_some(),
        ColumnData::DateTimeOffset(value) => value
            .map(|at| {
                // It is sent in UTC, beside the offset that it is shown with there.
                let at = at.datetime2();
                date(i64::from(at.date().days()), into);
                into.push(b'T');
                time(at.time(), into);
                into.push(b'Z');
            })
            .is_some(),
        ColumnData::DateTime(value) => value
            .map(|at| {
                date(FROM_0001_TO_1900 + i64::from(at.days()), into);
                into.push(b'T');
                ticks(u64::from(at.seconds_fragments()), into);
            })
            .is_some(),
        ColumnData::SmallDateTime(value) => value
            .map(|at| {
                date(FROM_0001_TO_1900 + i64::from(at.days()), into);
                into.push(b'T');
                // Its parts are minutes.
                ticks(u64::from(at.seconds_fragments()) * 60 * TICKS, into);
            })
            .is_some(),
        ColumnData::Binary(_) => {
            let message = "the server answers bytes in a column that holds none";
            return Err(SourceError::new(Fault::Passing, message));
        }
    };
    if is_value {
        batch.end();
    } else {
        batch.push_null();
    }
    Ok(())
}

/// Writes a value as it shows itself, if there is one.
fn shown(value: Option<impl std::fmt::Display>, into: &mut Vec<u8>) -> bool {
    // Writing to memory does not fail.
    value.map(|value| drop(write!(into, "{value}"))).is_some()
}

/// Writes an amount with its four digits.
fn money(amount: f64, into: &mut Vec<u8>) -> Result<(), SourceError> {
    if amount.abs() >= EXACT_MONEY {
        let message = "an amount of the type money is too large to be read with all of its digits";
        return Err(SourceError::new(Fault::Query, message)
            .with_hint("select CAST(… AS decimal(19, 4)) of that column"));
    }
    let _ = write!(into, "{amount:.4}");
    Ok(())
}

/// Writes a decimal with all of its digits.
pub(super) fn decimal(value: i128, scale: u8, into: &mut Vec<u8>) {
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, part) = digits.split_at(digits.len() - scale);
    let sign = if value < 0 { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    let _ = write!(into, "{sign}{whole}{point}{part}");
}

/// Writes a time of the day, with the digits of its second that say something.
fn time(at: Time, into: &mut Vec<u8>) {
    let scale = at.scale().min(7);
    let parts = 10_u64.pow(u32::from(scale));
    let (seconds, part) = (at.increments() / parts, at.increments() % parts);
    clock(seconds, into);
    if part > 0 {
        let digits = format!("{part:0width$}", width = usize::from(scale));
        let _ = write!(into, ".{}", digits.trim_end_matches('0'));
    }
}

/// Writes a time of the day that was counted in three-hundredths of a second, with seven digits, as `datetime2` has it.
fn ticks(ticks: u64, into: &mut Vec<u8>) {
    clock(ticks / TICKS, into);
    let part = ((ticks % TICKS) * 20_000_000 / TICKS).div_ceil(2);
    if part > 0 {
        let _ = write!(into, ".{}", format!("{part:07}").trim_end_matches('0'));
    }
}

fn clock(seconds: u64, into: &mut Vec<u8>) {
    let _ = write!(into, "{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

#[cfg(test)]
mod tests {
    use tiberius::numeric::Numeric;
    use tiberius::time::{Date, DateTime, DateTime2, DateTimeOffset, SmallDateTime};

    use super::*;

    fn written(value: &ColumnData<'_>, is_money: bool) -> Option<String> {
        let mut batch = RowBatch::default();
        batch.clear(1);
        write(value, is_money, &mut batch).unwrap();
        let mut row = batch.iter().next().unwrap();
        row.next().unwrap().map(|value| String::from_utf8(value.to_vec()).unwrap())
    }

    fn told(value: &ColumnData<'_>) -> String {
        written(value, false).unwrap()
    }

    #[test]
    fn values_are_exact() {
        let decimal = |value, scale| told(&ColumnData::Numeric(Some(Numeric::new_with_scale(value, scale))));
        assert_eq!(decimal(12_345, 2), "123.45");
        assert_eq!(decimal(-5, 3), "-0.005");
        assert_eq!(decimal(7, 0), "7");
        assert_eq!(decimal(-(10_i128.pow(38) - 1), 38), "-0.99999999999999999999999999999999999999");
        assert_eq!(written(&ColumnData::F64(Some(-12.5)), true).unwrap(), "-12.5000");
        assert_eq!(
            written(&ColumnData::F64(Some(225_179_981_367.999_9)), true).unwrap(),
            "225179981367.9999"
        );
        assert!(write(&ColumnData::F64(Some(3e11)), true, &mut RowBatch::default()).is_err());
        assert_eq!(told(&ColumnData::F64(Some(1e22))), "10000000000000000000000");
        assert_eq!(told(&ColumnData::F32(Some(0.1))), "0.1");
        assert_eq!(told(&ColumnData::Bit(Some(true))), "true");
        assert_eq!(written(&ColumnData::Numeric(None), false), None);
        assert_eq!(written(&ColumnData::F64(None), true), None);
    }

    #[test]
    fn times_are_exact() {
        let at = |days, increments, scale| DateTime2::new(Date::new(days), Time::new(increments, scale));
        assert_eq!(told(&ColumnData::Date(Some(Date::new(0)))), "0001-01-01");
        assert_eq!(told(&ColumnData::Date(Some(Date::new(3_652_058)))), "9999-12-31");
        assert_eq!(told(&ColumnData::Time(Some(Time::new(49_500_500, 3)))), "13:45:00.5");
        let datetime2 = ColumnData::DateTime2(Some(at(739_646, 495_001_234_567, 7)));
        assert_eq!(told(&datetime2), "2026-01-31T13:45:00.1234567");
        let moment = DateTimeOffset::new(at(739_646, 29_700, 0), 330);
        assert_eq!(told(&ColumnData::DateTimeOffset(Some(moment))), "2026-01-31T08:15:00Z");
        let datetime = |ticks| told(&ColumnData::DateTime(Some(DateTime::new(46_051, ticks))));
        assert_eq!(datetime(0), "2026-01-31T00:00:00");
        assert_eq!(datetime(1), "2026-01-31T00:00:00.0033333");
        assert_eq!(datetime(2), "2026-01-31T00:00:00.0066667");
        assert_eq!(datetime(3), "2026-01-31T00:00:00.01");
        assert_eq!(datetime(86_400 * 300 - 1), "2026-01-31T23:59:59.9966667");
        let first = ColumnData::DateTime(Some(DateTime::new(-53_690, 0)));
        assert_eq!(told(&first), "1753-01-01T00:00:00");
        let small = ColumnData::SmallDateTime(Some(SmallDateTime::new(46_051, 825)));
        assert_eq!(told(&small), "2026-01-31T13:45:00");
    }
}
