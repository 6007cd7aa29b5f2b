//! Advice on the value of a cell: a table of classic causes, each with how to recognise it.

use super::nearest;
use crate::schema::FieldType;
use crate::schema::compile::{Column, Problem};

/// One cause. The first of [`CAUSES`] that recognises a value gives the advice.
struct Cause {
    /// The problems it can explain.
    explains: fn(&Column, Problem) -> bool,
    /// The advice, if the value looks like it.
    advice: fn(&Column, &str) -> Option<String>,
}

const CAUSES: &[Cause] = &[
    Cause { explains: |_, _| true, advice: spaces },
    Cause { explains: any_type, advice: no_value },
    Cause { explains: numeric, advice: plus_sign },
    Cause { explains: numeric_or_phone, advice: scientific },
    Cause { explains: numeric, advice: minus_sign },
    Cause { explains: numeric, advice: thousands },
    Cause { explains: numeric, advice: decimal_comma },
    Cause { explains: numeric, advice: decimals },
    Cause { explains: numeric, advice: unit },
    Cause { explains: dated, advice: date_and_time },
    Cause { explains: dated, advice: day_order },
    Cause { explains: dated, advice: compact_date },
    Cause { explains: dated, advice: day_number },
    Cause { explains: |c, p| p == Problem::Type && c.field_type() == FieldType::Boolean, advice: truth },
    Cause { explains: any_type, advice: several_addresses },
    Cause { explains: |_, p| p == Problem::OneOf, advice: near_miss },
];

/// How to mend a value, if the cause is a classic one.
pub(crate) fn cell(column: &Column, problem: Problem, value: &str) -> Option<String> {
    if value.len() > 1024 {
        return None;
    }
    CAUSES
        .iter()
        .filter(|cause| (cause.explains)(column, problem))
        .find_map(|cause| (cause.advice)(column, value))
}

fn any_type(_: &Column, problem: Problem) -> bool {
    problem == Problem::Type
}

fn numeric(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && matches!(column.field_type(), FieldType::Integer | FieldType::Number)
}

fn numeric_or_phone(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && (numeric(column, problem) || is_format(column, "33120202020"))
}

fn dated(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && matches!(column.field_type(), FieldType::Date | FieldType::Datetime)
}

/// True if a column has a form, and the sample has it.
fn is_format(column: &Column, sample: &str) -> bool {
    column.field_type() == FieldType::String && column.check("\u{1}").is_err() && column.check(sample).is_ok()
}

fn accepts(column: &Column, value: &str) -> bool {
    column.check(value).is_ok()
}

/// A value that would be right without the spaces around it.
fn spaces(column: &Column, value: &str) -> Option<String> {
    let bare = value.trim();
    (bare != value && accepts(column, bare))
        .then(|| "remove the spaces before and after the value".to_owned())
}

fn no_value(_: &Column, value: &str) -> Option<String> {
    let word = value.trim().to_ascii_lowercase();
    matches!(word.as_str(), "null" | "nil" | "none" | "n/a" | "#n/a" | "na" | "nan" | "-" | "\\n")
        .then(|| "leave the cell empty where there is no value".to_owned())
}

fn plus_sign(column: &Column, value: &str) -> Option<String> {
    let bare = value.strip_prefix('+')?;
    accepts(column, bare).then(|| format!("write positive numbers without a sign: `{bare}`"))
}

/// `1,23E+10`: what spreadsheets make of long numbers.
fn scientific(_: &Column, value: &str) -> Option<String> {
    let (mantissa, exponent) = value.split_once(['e', 'E'])?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa: String = mantissa.chars().filter(|c| !matches!(c, '.' | ',' | '-')).collect();
    (digits(&mantissa) && digits(exponent)).then(|| {
        "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again"
            .to_owned()
    })
}

/// A minus after the number, in parentheses, or of another kind.
fn minus_sign(column: &Column, value: &str) -> Option<String> {
    let inner = value.strip_suffix('-').or_else(|| value.strip_prefix(['\u{2212}', '\u{2013}', '\u{2014}']));
    let inner = inner.or_else(|| value.strip_prefix('(')?.strip_suffix(')'))?;
    let written = format!("-{inner}");
    accepts(column, &written).then(|| format!("write negative numbers with a `-` before them: `{written}`"))
}

/// `1 234,50`, `1.234,50`, `1'234.50`, `1,234,567`.
fn thousands(column: &Column, value: &str) -> Option<String> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let separator = digits.chars().find(|c| !c.is_ascii_digit())?;
    if !matches!(separator, ',' | '.' | ' ' | '\'' | '\u{2019}' | '\u{a0}' | '\u{202f}') {
        return None;
    }
    let decimal = digits.chars().rev().find(|c| !c.is_ascii_digit()).filter(|c| *c != separator);
    let (whole, fraction) = match decimal {
        Some(mark @ ('.' | ',')) => digits.split_once(mark)?,
        Some(_) => return None,
        None => (digits, ""),
    };
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped =
        (1..=3).contains(&first.len()) && !rest.is_empty() && rest.iter().all(|group| group.len() == 3);
    // A single comma or point before three digits may be a decimal one as well.
    if !grouped || (rest.len() == 1 && decimal.is_none() && matches!(separator, ',' | '.')) {
        return None;
    }
    let sign = if value.starts_with('-') { "-" } else { "" };
    let point = if fraction.is_empty() { "" } else { "." };
    let written = format!("{sign}{first}{}{point}{fraction}", rest.concat());
    accepts(column, &written).then(|| format!("write numbers without thousands separators: `{written}`"))
}

fn decimal_comma(column: &Column, value: &str) -> Option<String> {
    let written = value.replacen(',', ".", 1);
    if written == value || value.contains('.') {
        return None;
    }
    if column.field_type() == FieldType::Integer && is_number(&written) {
        return Some("the column takes whole numbers only, written without any separator".to_owned());
    }
    accepts(column, &written).then(|| format!("write decimals with a point, not a comma: `{written}`"))
}

/// A number of decimals where a whole number is wanted, or without a digit on one side of its point.
fn decimals(column: &Column, value: &str) -> Option<String> {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.')?;
    let written = if column.field_type() == FieldType::Number {
        let zero = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
        format!("{sign}{}.{}", zero(whole), zero(fraction))
    } else if fraction.bytes().all(|b| b == b'0') {
        format!("{sign}{whole}")
    } else {
        return is_number(value).then(|| "the column takes whole numbers only".to_owned());
    };
    accepts(column, &written).then(|| format!("write it as `{written}`"))
}

/// `12 €`, `$12`, `12%`.
fn unit(column: &Column, value: &str) -> Option<String> {
    let mark =
        |c: char| matches!(c, '€' | '$' | '£' | '¥' | '%') || c.is_whitespace() || c.is_ascii_uppercase();
    let bare = value.trim_matches(mark);
    (bare != value && accepts(column, bare)).then(|| format!("write the number alone: `{bare}`"))
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('-').unwrap_or(text).split_once('.').is_some_and(|(a, b)| digits(a) && digits(b))
}

/// `31/01/2026`, `1.31.2026`, `2026/01/31`: the parts of a date in another order or with other marks.
fn day_order(column: &Column, value: &str) -> Option<String> {
    let date = value.split(['T', ' ']).next()?;
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let numbers: Vec<u16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let (&[a, b, c], &[first, _, last]) = (numbers.as_slice(), parts.as_slice()) else { return None };
    let (year, month, day) = match (first.len(), last.len()) {
        (4, _) => (a, b, c),
        (_, 4) if a > 12 => (c, b, a),
        (_, 4) if b > 12 => (c, a, b),
        (_, 4) if (1..=12).contains(&a) && (1..=12).contains(&b) => {
            return Some(format!(
                "write the year first, then the month: {c}-{b:02}-{a:02} or {c}-{a:02}-{b:02}, whichever was meant"
            ));
        }
        (1 | 2, 2) if (1..=31).contains(&a) && (1..=31).contains(&b) => {
            return Some("write the year with four digits and first: 2026-01-31".to_owned());
        }
        _ => return None,
    };
    suggested(column, &format!("{year:04}-{month:02}-{day:02}"), value)
}

/// `20260131`.
fn compact_date(column: &Column, value: &str) -> Option<String> {
    if value.len() != 8 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    suggested(column, &format!("{}-{}-{}", value.get(..4)?, value.get(4..6)?, value.get(6..)?), value)
}

/// Suggests a date that the column takes; for a moment, with the time that the value has.
fn suggested(column: &Column, date: &str, value: &str) -> Option<String> {
    let time = value.split_once(['T', ' ']).map_or("00:00:00", |(_, time)| time);
    let moment = format!("{date}T{time}");
    if accepts(column, date) && date != value {
        Some(format!("write it as `{date}`"))
    } else {
        (accepts(column, &moment) && moment != value).then(|| format!("write it as `{moment}`"))
    }
}

/// A moment where a day is wanted, a day where a moment is wanted, or a time without seconds.
fn date_and_time(column: &Column, value: &str) -> Option<String> {
    if let Some((date, _)) = value.split_once(['T', ' '])
        && accepts(column, date)
    {
        return Some(format!("write the date alone: `{date}`"));
    }
    let with_seconds = format!("{value}:00");
    let with_time = format!("{value}T00:00:00");
    let written = [with_seconds, with_time].into_iter().find(|written| accepts(column, written))?;
    Some(format!("write the time in full: `{written}`"))
}

/// `45678`: how spreadsheets count days.
fn day_number(_: &Column, value: &str) -> Option<String> {
    let whole = value.split(['.', ',']).next()?;
    let plausible = whole.len() == 5 && whole.parse().is_ok_and(|n: u32| (15_000..75_000).contains(&n));
    plausible.then(|| {
        "this is how a spreadsheet counts days: format the column as a date and export it again".to_owned()
    })
}

fn truth(column: &Column, value: &str) -> Option<String> {
    let word = value.to_lowercase();
    let meant = match word.as_str() {
        "true" | "yes" | "y" | "t" | "1" | "on" | "oui" | "o" | "si" | "sí" | "ja" | "j" | "vrai" => true,
        "false" | "no" | "n" | "f" | "0" | "off" | "non" | "nein" | "faux" => false,
        _ => return None,
    };
    let schema = ["true", "false", "1", "0"].into_iter().find(|text| column.truth(text) == Some(meant))?;
    Some(format!("write it as `{schema}`"))
}

fn several_addresses(column: &Column, value: &str) -> Option<String> {
    if !is_format(column, "ada@example.com") {
        return None;
    }
    let parts: Vec<&str> =
        value.split([',', ';', '/', ' ', '<', '>']).filter(|part| accepts(column, part)).collect();
    match parts.as_slice() {
        [] => None,
        [one] => Some(format!("write the address alone: `{one}`")),
        _ => Some("write one address only".to_owned()),
    }
}

fn near_miss(column: &Column, value: &str) -> Option<String> {
    let values = || column.one_of().iter().map(String::as_str);
    let same = values().find(|one| one.to_lowercase() == value.trim().to_lowercase());
    let meant = same.or_else(|| nearest(value, values()))?;
    Some(format!("did you mean `{meant}`?"))
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
