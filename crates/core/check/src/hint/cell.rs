//! Advice on the value of a cell: a table of classic causes, each with how to recognise it, and with what
//! to write instead where there is no doubt.

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::{Column, Problem};

use super::nearest;

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
    Cause { explains: phoned, advice: decimal_phone },
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

/// How to fix a value, if the cause is a classic one.
pub(crate) fn cell(column: &Column, problem: Problem, value: &str) -> Option<String> {
    advice(column, problem, value).map(|advice| advice.text)
}

/// What is meant by a value, if that is beyond doubt. The column takes it; empty text means "no value".
pub(crate) fn meant(column: &Column, problem: Problem, value: &str) -> Option<String> {
    let meant = advice(column, problem, value)?.meant?;
    (meant.is_empty() || accepts(column, &meant)).then_some(meant)
}

/// What the values of one column say about how it is written. A value that is clear by itself makes others doubtful:
/// beside `1,5`, is `1.234` one and a bit?
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writing {
    /// A comma is before decimals, or a point between thousands.
    comma: bool,
    /// A point that may be between thousands.
    grouped: bool,
    /// The day is before the month, behind the year.
    day_second: bool,
}

impl Writing {
    /// Takes one more value of the column into account.
    pub(crate) fn see(&mut self, column: &Column, value: &str) {
        match column.field_type() {
            // A column of whole numbers takes no point, so nothing passes there that is not clear.
            FieldType::Number => {
                let digits = value.trim_matches(|c: char| !c.is_ascii_digit());
                self.grouped |= may_be_grouped(digits);
                self.comma |= has_decimal_comma(digits);
            }
            FieldType::Date | FieldType::Datetime => self.day_second |= has_day_second(value),
            _ => {}
        }
    }

    /// Why no value of the column is clear, if so.
    pub(crate) fn doubt(self) -> Option<&'static str> {
        if self.comma && self.grouped {
            Some("it has decimal commas and numbers such as `1.234`, which may be thousands")
        } else if self.day_second {
            Some("it has dates written year, day, month: day and month cannot be told apart")
        } else {
            None
        }
    }
}

/// True for `1,5`, `1.234,50` and `1.234.567`: with a comma before decimals, or points between thousands.
fn has_decimal_comma(digits: &str) -> bool {
    let is_mark = |c: char| c.is_whitespace() || matches!(c, ',' | '.' | '\'' | '\u{2019}');
    if !digits.chars().all(|c| c.is_ascii_digit() || is_mark(c)) {
        return false;
    }
    let (points, commas) = (digits.matches('.').count(), digits.matches(',').count());
    match (points, commas) {
        (2.., 0) => true,
        (0, 1) => !may_be_grouped(&digits.replace(',', ".")),
        (_, 1) => digits.rfind(',') > digits.rfind('.'),
        _ => false,
    }
}

/// True for `2026-31-01`.
fn has_day_second(value: &str) -> bool {
    let date = value.split(['T', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let [year, day, month] = parts.as_slice() else { return false };
    let number = |text: &str| text.parse::<u8>().unwrap_or_default();
    year.len() == 4 && (13..=31).contains(&number(day)) && (1..=12).contains(&number(month))
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
    numeric(column, problem) || phoned(column, problem)
}

fn phoned(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && is_format(column, "33120202020")
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

/// A value that would be right without its invisible characters, or without the quotes that text programs curl.
fn unseen(column: &Column, value: &str) -> Option<Advice> {
    // What is seen as a space is none of these, and may stand for another character: `12 50`, `ada lovelace@…`.
    const UNSEEN: [char; 7] =
        ['\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}'];
    // Some programs show it as a hyphen: before a number it may be a minus.
    const SOFT_HYPHEN: char = '\u{ad}';
    const QUOTES: [char; 8] = ['“', '”', '„', '‘', '’', '«', '»', '"'];
    let is_text = column.field_type() == FieldType::String;
    let is_unseen = |c: &char| UNSEEN.contains(c) || (is_text && *c == SOFT_HYPHEN);
    let seen: String = value.chars().filter(|c| !is_unseen(c)).collect();
    let bare = seen.trim();
    // One alone is a unit or a mark: 5” are inches, ’90 is a year.
    let quoted = bare.strip_prefix(QUOTES).and_then(|rest| rest.strip_suffix(QUOTES)).map(str::trim);
    let (bare, is_quoted) = quoted.map_or((bare, false), |inner| (inner, true));
    if bare == value || bare.is_empty() || !accepts(column, bare) {
        return None;
    }
    let what = match (seen != value, is_quoted) {
        (_, false) => "it contains invisible characters",
        (false, true) => "it has quotes around it that CSV does not know",
        (true, true) => "it has quotes around it that CSV does not know, and invisible characters",
    };
    Some(Advice::write(format!("{what}: write `{bare}`"), bare))
}

fn no_value(_: &Column, value: &str) -> Option<Advice> {
    let advice = "leave the cell empty where there is no value";
    match value.trim().to_ascii_lowercase().as_str() {
        // Databases, spreadsheets and statistics programs write these for a missing value. They have no other meaning.
        "null" | "\\n" | "n/a" | "#n/a" | "nan" => Some(Advice::write(advice, "")),
        // A person may mean nothing at all, or zero, or that a value is to be removed.
        "nil" | "none" | "na" | "-" => Some(Advice::say(advice)),
        _ => None,
    }
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

/// `33612345678.0`: what programs make of a column of telephone numbers that they take for amounts.
fn decimal_phone(column: &Column, value: &str) -> Option<Advice> {
    let (whole, fraction) = value.split_once(['.', ','])?;
    let zeros = !fraction.is_empty() && fraction.bytes().all(|b| b == b'0');
    // It may have begun with a 0, which amounts do not.
    (zeros && accepts(column, whole)).then(|| {
        Advice::say(
            "a program took the number for an amount and may have dropped a leading 0: format the column as text and export it again",
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
    let grouped = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3);
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
        return Some(whichever(column, &written).unwrap_or_else(|| {
            Advice::say("the column takes whole numbers only, written without any separator")
        }));
    }
    if !accepts(column, &written) {
        return None;
    }
    let text = format!("write decimals with a point, not a comma: `{written}`");
    Some(whichever(column, &written).unwrap_or_else(|| Advice::write(text, written)))
}

/// A number of decimals where a whole number is wanted, or without a digit on one side of its point.
fn decimals(column: &Column, value: &str) -> Option<Advice> {
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.')?;
    if let Some(advice) = whichever(column, value) {
        return Some(advice);
    }
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

/// For a number with one mark that may be before its decimals or between its thousands, written with a point: both, as
/// far as the column takes them. `1.234` may be one and a bit, or a thousand and more.
fn whichever(column: &Column, value: &str) -> Option<Advice> {
    if !may_be_grouped(value) {
        return None;
    }
    let (sign, digits) = value.strip_prefix('-').map_or(("", value), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.')?;
    let thousands = format!("{sign}{whole}{fraction}");
    let decimals = match column.field_type() {
        FieldType::Integer if fraction == "000" => format!("{sign}{whole}"),
        _ => value.to_owned(),
    };
    Some(Advice::say(match (accepts(column, &decimals), accepts(column, &thousands)) {
        (true, true) => format!("write `{decimals}` or `{thousands}`, whichever was meant"),
        (false, true) => {
            format!("the column takes whole numbers only: write `{thousands}` if it means thousands")
        }
        _ => "write decimals with a point, and thousands without any separator".to_owned(),
    }))
}

/// True for `1.234`: a point that may be before decimals or between thousands. `0.234`, `1234.567` and `1.2345` are clear.
fn may_be_grouped(value: &str) -> bool {
    let Some((whole, fraction)) = value.strip_prefix('-').unwrap_or(value).split_once('.') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    fraction.len() == 3
        && (1..=3).contains(&whole.len())
        && !whole.starts_with('0')
        && digits(whole)
        && digits(fraction)
}

/// `12 €`, `$12`, `12%`.
fn unit(column: &Column, value: &str) -> Option<Advice> {
    let mark =
        |c: char| matches!(c, '€' | '$' | '£' | '¥' | '%') || c.is_whitespace() || c.is_ascii_uppercase();
    let bare = value.trim_matches(mark);
    // Whether the column is in that unit, or a share is meant by `%`, is not for us to say.
    (bare != value && accepts(column, bare)).then(|| Advice::say(format!("write only the number: `{bare}`")))
}

fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.strip_prefix('-').unwrap_or(text).split_once('.').is_some_and(|(a, b)| digits(a) && digits(b))
}

/// `31/01/2026`, `1.31.2026`, `2026/01/31`: the parts of a date in another order or with other marks.
fn day_order(column: &Column, value: &str) -> Option<Advice> {
    let date = value.split(['T', ' ']).next()?;
    // `23/04-1988` may be two days of April.
    let mut marks = date.chars().filter(|c| !c.is_ascii_digit());
    if marks.next() != marks.next() {
        return None;
    }
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let numbers: Vec<u16> = parts.iter().filter_map(|part| part.parse().ok()).collect();
    let (&[a, b, c], &[first, _, last]) = (numbers.as_slice(), parts.as_slice()) else { return None };
    let (year, month, day) = match (first.len(), last.len()) {
        // Then the days up to the 12th of the column are there, too, and look as if they were right.
        (4, _) if b > 12 => {
            let advice = suggested(column, &format!("{a:04}-{c:02}-{b:02}"), value)?;
            return Some(Advice::say(format!(
                "{}, and check whether other dates have the day before the month",
                advice.text
            )));
        }
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
    // `10121130` is no date of the eleventh century.
    if !("1800".."2200").contains(&value.get(..4)?) {
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

/// True for a time of day that says nothing: `00:00`, `00:00:00.000`. Midnight of another zone is another day here.
fn is_midnight(time: &str) -> bool {
    !time.is_empty() && time.chars().all(|c| matches!(c, '0' | ':' | '.'))
}

/// A moment where a day is wanted, a day where a moment is wanted, or a time without seconds.
fn date_and_time(column: &Column, value: &str) -> Option<Advice> {
    if let Some((date, time)) = value.split_once(['T', ' '])
        && accepts(column, date)
    {
        let text = format!("write only the date: `{date}`");
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

/// The months in English, French, German, Spanish, Italian, Dutch and Portuguese, without accents, and what is short for
/// them but no beginning of them.
const MONTHS: [&[&str]; 12] = [
    &["january", "janvier", "januar", "enero", "gennaio", "januari", "janeiro"],
    &["february", "fevrier", "februar", "febrero", "febbraio", "februari", "fevereiro"],
    &["march", "mars", "marz", "maerz", "marzo", "maart", "marco", "mrt", "mrz"],
    &["april", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "mei", "maio"],
    &["june", "juin", "juni", "junio", "giugno", "junho"],
    &["july", "juillet", "juli", "julio", "luglio", "julho"],
    &["august", "aout", "agosto", "augustus"],
    &["september", "septembre", "septiembre", "settembre", "setembro"],
    &["october", "octobre", "oktober", "octubre", "ottobre", "outubro"],
    &["november", "novembre", "noviembre", "novembro"],
    &["december", "decembre", "dezember", "diciembre", "dicembre", "dezembro"],
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
    // As many letters as no other month begins with: of `jui` none is clear.
    let is = |names: &&&[&str]| plain.len() >= 3 && names.iter().any(|name| name.starts_with(plain.as_str()));
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
        'ç' => 'c',
        c => c,
    }
}

/// `45678`: how spreadsheets count days.
fn day_number(_: &Column, value: &str) -> Option<Advice> {
    let whole = value.split(['.', ',']).next()?;
    let plausible = whole.len() == 5 && whole.parse().is_ok_and(|n: u32| (15_000..75_000).contains(&n));
    plausible.then(|| {
        Advice::say("this is a spreadsheet's day number: format the column as a date and export it again")
    })
}

/// `2026-02-30`: a day that its month does not have.
fn no_such_day(_: &Column, value: &str) -> Option<Advice> {
    let mut parts = value.split(['T', ' ']).next()?.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse::<i8>().ok()?);
    let first = jiff::civil::Date::new(year.parse().ok()?, month, 1).ok()?;
    let last = first.days_in_month();
    (day < 1 || day > last).then(|| {
        Advice::say(format!("{} has {last} days: check which one is meant", first.strftime("%B %Y")))
    })
}

fn truth(column: &Column, value: &str) -> Option<Advice> {
    let word = value.to_lowercase();
    let meant = match word.as_str() {
        // No `o`: it is short for oui, and looks like a zero.
        "true" | "yes" | "y" | "t" | "1" | "on" | "oui" | "si" | "sí" | "ja" | "j" | "vrai" => true,
        "false" | "no" | "n" | "f" | "0" | "off" | "non" | "nein" | "faux" => false,
        _ => return None,
    };
    // Where the column has numbers of its own for it, those of others mean nothing.
    if column.truth("1") == Some(false) || column.truth("0") == Some(true) {
        return None;
    }
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
        [one] => Some(Advice::say(format!("write only the address: `{one}`"))),
        _ => Some(Advice::say("write one address only")),
    }
}

fn near_miss(column: &Column, value: &str) -> Option<Advice> {
    let values = || column.one_of().iter().map(String::as_str);
    let same = values().find(|one| one.to_lowercase() == value.trim().to_lowercase());
    let meant = same.or_else(|| nearest(value, values()))?;
    let text = super::messages::near_miss(meant);
    // Of several that differ in case alone, none is meant beyond doubt.
    let alike = |one: &&str| one.to_lowercase() == value.trim().to_lowercase();
    Some(if values().filter(alike).count() == 1 { Advice::write(text, meant) } else { Advice::say(text) })
}

#[cfg(test)]
#[path = "cell_tests.rs"]
mod tests;
