//! Advice on the value of a cell: a table of classic causes, each with how to recognise it, and with what
//! to write instead where there is no doubt.

use super::nearest;
use crate::schema::FieldType;
use crate::schema::compile::{Column, Problem};

/// One cause. The first of [`CAUSES`] that recognises a value gives the advice.
struct Cause {
    /// The problems it can explain.
    explains: fn(&Column, Problem) -> bool,
    /// The advice, if the value looks like it.
    advice: fn(&Column, &str) -> Option<Advice>,
}

/// What to do about a value.
struct Advice {
    /// In words.
    text: String,
    /// What is meant beyond doubt, if anything is. What a person has to decide, or what has lost digits, is
    /// not.
    meant: Option<String>,
}

impl Advice {
    /// Words alone.
    fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), meant: None }
    }

    /// Words, and what is meant beyond doubt.
    fn write(text: impl Into<String>, meant: impl Into<String>) -> Self {
        Self { text: text.into(), meant: Some(meant.into()) }
    }
}

const CAUSES: &[Cause] = &[
    Cause { explains: |_, _| true, advice: spaces },
    Cause { explains: |_, _| true, advice: unseen },
    Cause { explains: any_type, advice: no_value },
    Cause { explains: numeric, advice: plus_sign },
    Cause { explains: numeric_or_phone, advice: scientific },
    Cause { explains: numeric, advice: minus_sign },
    Cause { explains: numeric, advice: thousands },
    Cause { explains: numeric, advice: decimal_comma },
    Cause { explains: numeric, advice: decimals },
    Cause { explains: numeric, advice: unit },
    Cause { explains: dated, advice: date_and_time },
    Cause { explains: dated, advice: month_name },
    Cause { explains: dated, advice: day_order },
    Cause { explains: dated, advice: compact_date },
    Cause { explains: dated, advice: day_number },
    Cause { explains: dated, advice: no_such_day },
    Cause { explains: |c, p| p == Problem::Type && c.field_type() == FieldType::Boolean, advice: truth },
    Cause { explains: any_type, advice: several_addresses },
    Cause { explains: |_, p| p == Problem::OneOf, advice: near_miss },
];

/// How to mend a value, if the cause is a classic one.
pub(crate) fn cell(column: &Column, problem: Problem, value: &str) -> Option<String> {
    advice(column, problem, value).map(|advice| advice.text)
}

/// What is meant by a value, if that is beyond doubt. The column takes it; empty text means "no value".
pub(crate) fn meant(column: &Column, problem: Problem, value: &str) -> Option<String> {
    let meant = advice(column, problem, value)?.meant?;
    (meant.is_empty() || accepts(column, &meant)).then_some(meant)
}

fn advice(column: &Column, problem: Problem, value: &str) -> Option<Advice> {
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
fn spaces(column: &Column, value: &str) -> Option<Advice> {
    let bare = value.trim();
    (bare != value && accepts(column, bare))
        .then(|| Advice::write("remove the spaces before and after the value", bare))
}

/// A value that would be right without characters that nobody sees, or without the quotes that text programs curl.
fn unseen(column: &Column, value: &str) -> Option<Advice> {
    const UNSEEN: [char; 9] = [
        '\u{a0}', '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}',
        '\u{feff}',
    ];
    const QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '«', '»', '"'];
    let seen: String = value.chars().filter(|c| !UNSEEN.contains(c)).collect();
    let bare = seen.trim_matches(|c: char| QUOTES.contains(&c) || c.is_whitespace());
    if bare == value || bare.is_empty() || !accepts(column, bare) {
        return None;
    }
    let what = match (seen != value, bare != seen) {
        (true, false) => "it holds characters that cannot be seen",
        (false, _) => "it has quotes around it that are none in CSV",
        (true, true) => "it has quotes around it that are none in CSV, and characters that cannot be seen",
    };
    Some(Advice::write(format!("{what}: write `{bare}`"), bare))
}

fn no_value(_: &Column, value: &str) -> Option<Advice> {
    let word = value.trim().to_ascii_lowercase();
    matches!(word.as_str(), "null" | "nil" | "none" | "n/a" | "#n/a" | "na" | "nan" | "-" | "\\n")
        .then(|| Advice::write("leave the cell empty where there is no value", ""))
}

fn plus_sign(column: &Column, value: &str) -> Option<Advice> {
    let bare = value.strip_prefix('+')?;
    let advice = || Advice::write(format!("write positive numbers without a sign: `{bare}`"), bare);
    accepts(column, bare).then(advice)
}

/// `1,23E+10`: what spreadsheets make of long numbers.
fn scientific(_: &Column, value: &str) -> Option<Advice> {
    let (mantissa, exponent) = value.split_once(['e', 'E'])?;
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let mantissa: String = mantissa.chars().filter(|c| !matches!(c, '.' | ',' | '-')).collect();
    (digits(&mantissa) && digits(exponent)).then(|| {
        Advice::say(
            "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again",
        )
    })
}

/// A minus after the number, in parentheses, or of another kind.
fn minus_sign(column: &Column, value: &str) -> Option<Advice> {
    let inner = value.strip_suffix('-').or_else(|| value.strip_prefix(['\u{2212}', '\u{2013}', '\u{2014}']));
    let inner = inner.or_else(|| value.strip_prefix('(')?.strip_suffix(')'))?;
    let written = format!("-{inner}");
    let text = format!("write negative numbers with a `-` before them: `{written}`");
    accepts(column, &written).then(|| Advice::write(text, written))
}

/// `1 234,50`, `1.234,50`, `1'234.50`, `1,234,567`.
fn thousands(column: &Column, value: &str) -> Option<Advice> {
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
    let text = format!("write numbers without thousands separators: `{written}`");
    accepts(column, &written).then(|| Advice::write(text, written))
}

fn decimal_comma(column: &Column, value: &str) -> Option<Advice> {
    let written = value.replacen(',', ".", 1);
    if written == value || value.contains('.') {
        return None;
    }
    if column.field_type() == FieldType::Integer && is_number(&written) {
        return Some(Advice::say("the column takes whole numbers only, written without any separator"));
    }
    if !accepts(column, &written) {
        return None;
    }
    let text = format!("write decimals with a point, not a comma: `{written}`");
    // `1,234` may be a thousand and more; `0,234` and `1234,567` can not.
    let (whole, fraction) = written.strip_prefix('-').unwrap_or(&written).split_once('.')?;
    let grouped = fraction.len() == 3 && whole.len() <= 3 && !whole.starts_with('0');
    Some(if grouped { Advice::say(text) } else { Advice::write(text, written) })
}

/// A number of decimals where a whole number is wanted, or without a digit on one side of its point.
fn decimals(column: &Column, value: &str) -> Option<Advice> {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.')?;
    let written = if column.field_type() == FieldType::Number {
        let zero = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
        format!("{sign}{}.{}", zero(whole), zero(fraction))
    } else if fraction.bytes().all(|b| b == b'0') {
        format!("{sign}{whole}")
    } else {
        return is_number(value).then(|| Advice::say("the column takes whole numbers only"));
    };
    accepts(column, &written).then(|| Advice::write(format!("write it as `{written}`"), written))
}

/// `12 €`, `$12`, `12%`.
fn unit(column: &Column, value: &str) -> Option<Advice> {
    let mark =
        |c: char| matches!(c, '€' | '$' | '£' | '¥' | '%') || c.is_whitespace() || c.is_ascii_uppercase();
    let bare = value.trim_matches(mark);
    // Whether the column is in that unit, or a share is meant by `%`, is not for us to say.
    (bare != value && accepts(column, bare)).then(|| Advice::say(format!("write the number alone: `{bare}`")))
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('-').unwrap_or(text).split_once('.').is_some_and(|(a, b)| digits(a) && digits(b))
}

/// `31/01/2026`, `1.31.2026`, `2026/01/31`: the parts of a date in another order or with other marks.
fn day_order(column: &Column, value: &str) -> Option<Advice> {
    let date = value.split(['T', ' ']).next()?;
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let numbers: Vec<u16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let (&[a, b, c], &[first, _, last]) = (numbers.as_slice(), parts.as_slice()) else { return None };
    let (year, month, day) = match (first.len(), last.len()) {
        (4, _) if b > 12 => (a, c, b),
        (4, _) => (a, b, c),
        (_, 4) if a > 12 => (c, b, a),
        (_, 4) if b > 12 => (c, a, b),
        (_, 4) if (1..=12).contains(&a) && (1..=12).contains(&b) => {
            return if a == b {
                suggested(column, &format!("{c:04}-{a:02}-{b:02}"), value)
            } else {
                Some(Advice::say(format!(
                    "write the year first, then the month: {c}-{b:02}-{a:02} or {c}-{a:02}-{b:02}, whichever was meant"
                )))
            };
        }
        (1 | 2, 2) if (1..=31).contains(&a) && (1..=31).contains(&b) => {
            return Some(Advice::say("write the year with four digits and first: 2026-01-31"));
        }
        _ => return None,
    };
    suggested(column, &format!("{year:04}-{month:02}-{day:02}"), value)
}

/// `20260131`.
fn compact_date(column: &Column, value: &str) -> Option<Advice> {
    if value.len() != 8 || !value.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    suggested(column, &format!("{}-{}-{}", value.get(..4)?, value.get(4..6)?, value.get(6..)?), value)
}

/// Suggests a date that the column takes; for a moment, with the time that the value has.
fn suggested(column: &Column, date: &str, value: &str) -> Option<Advice> {
    let told = value.split_once(['T', ' ']).map(|(_, time)| time);
    let moment = format!("{date}T{}", told.unwrap_or("00:00:00"));
    if accepts(column, date) && date != value {
        let text = format!("write it as `{date}`");
        // A time that is cut off is lost, unless it is none.
        Some(if told.is_none_or(is_midnight) { Advice::write(text, date) } else { Advice::say(text) })
    } else {
        let text = format!("write it as `{moment}`");
        // A day is not a moment: the midnight is ours.
        let advice = if told.is_some() { Advice::write(text, &moment) } else { Advice::say(text) };
        (accepts(column, &moment) && moment != value).then_some(advice)
    }
}

/// True for a time of day that says nothing: `00:00`, `00:00:00Z`.
fn is_midnight(time: &str) -> bool {
    !time.is_empty() && time.trim_end_matches('Z').chars().all(|c| matches!(c, '0' | ':' | '.'))
}

/// A moment where a day is wanted, a day where a moment is wanted, or a time without seconds.
fn date_and_time(column: &Column, value: &str) -> Option<Advice> {
    if let Some((date, time)) = value.split_once(['T', ' '])
        && accepts(column, date)
    {
        let text = format!("write the date alone: `{date}`");
        return Some(if is_midnight(time) { Advice::write(text, date) } else { Advice::say(text) });
    }
    let with_seconds = format!("{value}:00");
    let with_time = format!("{value}T00:00:00");
    if accepts(column, &with_seconds) {
        return Some(Advice::write(format!("write the time in full: `{with_seconds}`"), with_seconds));
    }
    // A day is not a moment: the midnight is ours.
    accepts(column, &with_time).then(|| Advice::say(format!("write the time in full: `{with_time}`")))
}

/// The first letters of the months in English, French, German, Spanish, Italian and Dutch, without accents:
/// as many as no other month begins with.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene", "gen"],
    &["feb", "fev"],
    &["mar", "maa", "mrt"],
    &["apr", "avr", "abr"],
    &["may", "mai", "mag", "mei"],
    &["jun", "juin", "giu"],
    &["jul", "juil", "lug"],
    &["aug", "aou", "ago"],
    &["sep", "set"],
    &["oct", "okt", "ott", "out"],
    &["nov"],
    &["dec", "dez", "dic"],
];

/// `23 April 1988`, `Apr 23, 1988`, `23-avr.-1988`.
fn month_name(column: &Column, value: &str) -> Option<Advice> {
    let parts: Vec<&str> = value.split([' ', '-', '/', ',', '.']).filter(|part| !part.is_empty()).collect();
    let (day, word, year) = match *parts.as_slice() {
        [word, day, year] if day.parse::<u8>().is_ok() || word.parse::<u8>().is_err() => (day, word, year),
        [day, word, year] | [day, "de", word, "de", year] => (day, word, year),
        _ => return None,
    };
    let plain: String = word.to_lowercase().chars().map(without_accent).collect();
    let is = |names: &&&[&str]| names.iter().any(|name| plain.starts_with(name));
    let months: Vec<usize> =
        MONTHS.iter().enumerate().filter(|(_, names)| is(names)).map(|(n, _)| n + 1).collect();
    let ([month], Ok(day)) =
        (months.as_slice(), day.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']).parse::<u8>())
    else {
        return None;
    };
    if !plain.chars().all(char::is_alphabetic) || year.parse::<u16>().is_err() {
        return None;
    }
    if year.len() != 4 {
        return Some(Advice::say("write the year with four digits and first: 2026-01-31"));
    }
    suggested(column, &format!("{year}-{month:02}-{day:02}"), "")
}

fn without_accent(c: char) -> char {
    match c {
        'é' | 'è' | 'ê' => 'e',
        'û' | 'ü' | 'ù' => 'u',
        'ä' | 'â' | 'à' => 'a',
        c => c,
    }
}

/// `45678`: how spreadsheets count days.
fn day_number(_: &Column, value: &str) -> Option<Advice> {
    let whole = value.split(['.', ',']).next()?;
    let plausible = whole.len() == 5 && whole.parse().is_ok_and(|n: u32| (15_000..75_000).contains(&n));
    plausible.then(|| {
        Advice::say("this is how a spreadsheet counts days: format the column as a date and export it again")
    })
}

/// `2026-02-30`: a day that its month does not have.
fn no_such_day(_: &Column, value: &str) -> Option<Advice> {
    let mut parts = value.split(['T', ' ']).next()?.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse::<i8>().ok()?);
    let first = jiff::civil::Date::new(year.parse().ok()?, month, 1).ok()?;
    let last = first.days_in_month();
    (day < 1 || day > last)
        .then(|| Advice::say(format!("{} has {last} days: see which one is meant", first.strftime("%B %Y"))))
}

fn truth(column: &Column, value: &str) -> Option<Advice> {
    let word = value.to_lowercase();
    let meant = match word.as_str() {
        "true" | "yes" | "y" | "t" | "1" | "on" | "oui" | "o" | "si" | "sí" | "ja" | "j" | "vrai" => true,
        "false" | "no" | "n" | "f" | "0" | "off" | "non" | "nein" | "faux" => false,
        _ => return None,
    };
    let schema = ["true", "false", "1", "0"].into_iter().find(|text| column.truth(text) == Some(meant))?;
    Some(Advice::write(format!("write it as `{schema}`"), schema))
}

fn several_addresses(column: &Column, value: &str) -> Option<Advice> {
    if !is_format(column, "ada@example.com") {
        return None;
    }
    let parts: Vec<&str> =
        value.split([',', ';', '/', ' ', '<', '>']).filter(|part| accepts(column, part)).collect();
    match parts.as_slice() {
        [] => None,
        // What stands around it may be wanted elsewhere.
        [one] => Some(Advice::say(format!("write the address alone: `{one}`"))),
        _ => Some(Advice::say("write one address only")),
    }
}

fn near_miss(column: &Column, value: &str) -> Option<Advice> {
    let values = || column.one_of().iter().map(String::as_str);
    let same = values().find(|one| one.to_lowercase() == value.trim().to_lowercase());
    let meant = same.or_else(|| nearest(value, values()))?;
    let text = super::words::near_miss(meant);
    // Of several that differ in case alone, none is meant beyond doubt.
    let alike = |one: &&str| one.to_lowercase() == value.trim().to_lowercase();
    Some(if values().filter(alike).count() == 1 { Advice::write(text, meant) } else { Advice::say(text) })
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
