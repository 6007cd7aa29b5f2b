//! Days and moments, as people and programs write them.

use jiff::ToSpan as _;
use jiff::civil::Date;
use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Column;

use super::clock::{Clock, Zone};
use super::{Advice, Style, accepts, all_digits};

/// In which order day and month stand before the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    DayMonth,
    MonthDay,
    /// Behind the year, the month is before the day.
    YearMonth,
}

/// A day as it is written.
enum Day {
    /// The year, the month and the day.
    Clear(u16, u16, u16),
    /// The same, where the day stands before the month although the year is first. Then the days up to the 12th of the
    /// column look as if they were right.
    WrongWay(u16, u16, u16),
    /// The same as [`Day::Clear`], where the day may stand before the month although the year is first; and the mark.
    MonthUnsure(u16, u16, u16, char),
    /// The first number, the second one and the year, with a mark between them.
    Either(u16, u16, u16, char),
    /// The year has two digits.
    ShortYear,
}

impl Day {
    fn of(text: &str) -> Option<Self> {
        if text.len() == 8 && all_digits(text) {
            let number = |range: std::ops::Range<usize>| text.get(range)?.parse().ok();
            // `10121130` is no date of the eleventh century.
            let year = number(0..4).filter(|year| (1800..2200).contains(year))?;
            return Some(Self::Clear(year, number(4..6)?, number(6..8)?));
        }
        numeric(text).or_else(|| named(text))
    }
}

/// The parts of a date of three numbers, with one mark between them: `23/04-1988` may be two days of April.
fn parts(text: &str) -> Option<([&str; 3], [u16; 3], char)> {
    let mut marks = text.chars().filter(|c| !c.is_ascii_digit());
    let mark = marks.next().filter(|mark| matches!(mark, '/' | '.' | '-'))?;
    if marks.next() != Some(mark) || marks.next().is_some() {
        return None;
    }
    let mut split = text.split(mark);
    let texts = [split.next()?, split.next()?, split.next()?];
    let [a, b, c] = texts.map(|part| part.parse().ok());
    Some((texts, [a?, b?, c?], mark))
}

/// `31/01/2026`, `1.31.2026`, `2026/01/31`.
fn numeric(text: &str) -> Option<Day> {
    let ([first, _, last], [a, b, c], mark) = parts(text)?;
    match (first.len(), last.len()) {
        (4, _) if b > 12 => Some(Day::WrongWay(a, c, b)),
        (4, _) if b == c || c > 12 || text == iso(a, b, c) => Some(Day::Clear(a, b, c)),
        (4, _) => Some(Day::MonthUnsure(a, b, c, mark)),
        (_, 4) if a > 12 => Some(Day::Clear(c, b, a)),
        (_, 4) if b > 12 => Some(Day::Clear(c, a, b)),
        (_, 4) if a == b => Some(Day::Clear(c, a, b)),
        (_, 4) if a > 0 && b > 0 => Some(Day::Either(a, b, c, mark)),
        (1 | 2, 2) if (1..=31).contains(&a) && (1..=31).contains(&b) => Some(Day::ShortYear),
        _ => None,
    }
}

/// True for `2026-31-01`, with a time or without.
pub(crate) fn has_day_second(value: &str) -> bool {
    let date = value.trim().split(['T', ' ']).next().unwrap_or_default();
    matches!(numeric(date), Some(Day::WrongWay(_, month, day)) if (1..=12).contains(&month) && day <= 31)
}

/// The order of day and month, and the mark between them, if the value is clear about it: `31/01/2026`.
pub(super) fn order_of(value: &str) -> Option<(Order, char)> {
    let date = value.trim().split(['T', ' ']).next()?;
    let ([first, _, year], [a, b, c], mark) = parts(date)?;
    if first.len() == 4 {
        return (b <= 12 && (13..=31).contains(&c)).then_some((Order::YearMonth, mark));
    }
    if !matches!(year.len(), 2 | 4) {
        return None;
    }
    match (a, b) {
        (13..=31, 1..=12) => Some((Order::DayMonth, mark)),
        (1..=12, 13..=31) => Some((Order::MonthDay, mark)),
        _ => None,
    }
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
fn named(text: &str) -> Option<Day> {
    let parts: Vec<&str> = text.split([' ', '-', '/', ',', '.']).filter(|part| !part.is_empty()).collect();
    let (day, word, year) = match *parts.as_slice() {
        [word, day, year] if day.parse::<u8>().is_ok() || word.parse::<u8>().is_err() => (day, word, year),
        [day, word, year] | [day, "de", word, "de", year] => (day, word, year),
        _ => return None,
    };
    let plain: String = word.to_lowercase().chars().map(without_accent).collect();
    // As many letters as no other month begins with: of `jui` none is clear.
    let is = |names: &&&[&str]| plain.len() >= 3 && names.iter().any(|name| name.starts_with(plain.as_str()));
    let months: Vec<u16> =
        MONTHS.iter().zip(1..).filter(|(names, _)| is(names)).map(|(_, month)| month).collect();
    let ([month], Ok(day)) =
        (months.as_slice(), day.trim_end_matches(['s', 't', 'n', 'd', 'r', 'h']).parse::<u16>())
    else {
        return None;
    };
    let number = year.parse().ok().filter(|_| plain.chars().all(char::is_alphabetic))?;
    Some(if year.len() == 4 { Day::Clear(number, *month, day) } else { Day::ShortYear })
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

/// The day and the time of a moment: the time begins with a digit, and has a colon.
fn split(value: &str) -> (&str, Option<Clock>, Option<char>) {
    let cuts = value.char_indices().filter(|(_, c)| matches!(c, 'T' | ' '));
    let whole = cuts.filter_map(|(at, mark)| {
        let (date, time) = (value.get(..at)?, value.get(at + 1..)?);
        let is_time = time.starts_with(|c: char| c.is_ascii_digit()) && time.contains(':');
        Some((
            date.trim_end_matches([' ', ',']),
            Some(Clock::of(time.trim_start()).filter(|_| is_time)?),
            Some(mark),
        ))
    });
    whole.into_iter().next().unwrap_or((value, None, None))
}

/// A day or a moment in another form.
pub(super) fn moment(column: &Column, value: &str, style: &Style) -> Option<Advice> {
    let (date, clock, mark) = split(value);
    let (year, month, day, because) = match Day::of(date)? {
        Day::Clear(year, month, day) => (year, month, day, None),
        Day::ShortYear => return Some(Advice::say("write the year with four digits and first: 2026-01-31")),
        Day::WrongWay(year, month, day) => {
            let advice = written(column, value, (&iso(year, month, day), date), clock, mark)?;
            let check = "check whether other dates have the day before the month";
            return Some(Advice::say(format!("{}, and {check}", advice.text)));
        }
        Day::MonthUnsure(year, month, day, between) => {
            let order = style.order(between).filter(|(order, _)| *order == Order::YearMonth);
            let advice = written(column, value, (&iso(year, month, day), date), clock, mark)?;
            return Some(match order {
                Some((_, because)) => advice.because(Some(because)),
                None => Advice { meant: None, ..advice },
            });
        }
        Day::Either(first, second, year, between) => match style.order(between) {
            Some((Order::DayMonth, because)) => (year, second, first, Some(because)),
            Some((Order::MonthDay, because)) => (year, first, second, Some(because)),
            _ => {
                return either(column, &[iso(year, second, first), iso(year, first, second)], clock.as_ref());
            }
        },
    };
    let advice = written(column, value, (&iso(year, month, day), date), clock, mark)?;
    Some(advice.because(because).or_option(option_of(value, because.is_some())))
}

/// The option of an import whose dates are written like this one, if day and month have two digits each, the value is
/// clear about their order, and it has no time.
fn option_of(value: &str, is_settled: bool) -> Option<String> {
    let (order, mark) = order_of(value).filter(|_| !is_settled)?;
    let is_whole = value.split(mark).map(str::len).eq([2, 2, 4]);
    let form = match order {
        Order::DayMonth => format!("dd{mark}mm{mark}yyyy"),
        Order::MonthDay => format!("mm{mark}dd{mark}yyyy"),
        Order::YearMonth => return None,
    };
    is_whole.then(|| format!("\"date_formats\": [\"{form}\"]"))
}

fn iso(year: u16, month: u16, day: u16) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// For a day with two readings: both.
fn either(column: &Column, dates: &[String; 2], clock: Option<&Clock>) -> Option<Advice> {
    let [one, other] = dates;
    let fits = |date: &String| {
        let time = clock.map_or("00:00:00", |clock| clock.text.as_str());
        accepts(column, date) || accepts(column, &format!("{date}T{time}"))
    };
    match (fits(one), fits(other)) {
        (true, true) => Some(Advice::say(format!(
            "write the year first, then the month: {one} or {other}, whichever was meant"
        ))),
        // A bound of the column does not say how a date is written.
        (true, false) | (false, true) => {
            Some(Advice::say("write the year first, then the month: 2026-01-31"))
        }
        (false, false) => None,
    }
}

/// A day, and the time that the value has, as the column takes them.
fn written(
    column: &Column,
    value: &str,
    (date, before): (&str, &str),
    clock: Option<Clock>,
    mark: Option<char>,
) -> Option<Advice> {
    let is_new = date != before;
    if accepts(column, date) {
        if date == value || clock.as_ref().is_some_and(Clock::is_end_of_day) {
            return None;
        }
        let text = if is_new || clock.is_none() {
            format!("write it as `{date}`")
        } else {
            format!("write only the date: `{date}`")
        };
        // A time that is cut off is lost, unless it is none.
        let is_whole = clock.is_none_or(|clock| clock.is_midnight());
        return Some(if is_whole { Advice::write(text, date) } else { Advice::say(text) });
    }
    if column.field_type() != FieldType::Datetime {
        return None;
    }
    let Some(clock) = clock else {
        // A day is not a moment, and a midnight would be ours.
        let advice = "it has no time of day: write both, such as 2026-01-31T13:45:00";
        return accepts(column, &format!("{date}T00:00:00")).then(|| Advice::say(advice));
    };
    let mark = mark.filter(|_| !is_new).unwrap_or('T');
    let offset = match &clock.zone {
        Zone::None => "",
        Zone::Offset(offset) => offset.as_str(),
        Zone::Name => {
            let advice =
                "write the offset from UTC, such as +01:00 or Z, in place of the name of the time zone";
            return accepts(column, &format!("{date}{mark}{}Z", clock.text)).then(|| Advice::say(advice));
        }
    };
    if clock.is_end_of_day() {
        let next = date.parse::<Date>().ok()?.checked_add(1.day()).ok()?;
        let moment = format!("{next}{mark}00:00:00{offset}");
        return accepts(column, &moment)
            .then(|| Advice::say(format!("24:00 is the beginning of the next day: write `{moment}`")));
    }
    let moment = format!("{date}{mark}{}{offset}", clock.text);
    if moment == value || !accepts(column, &moment) {
        return None;
    }
    let how = if clock.short && !is_new { "write the time in full" } else { "write it as" };
    let colon = if clock.short && !is_new { ":" } else { "" };
    Some(Advice::write(format!("{how}{colon} `{moment}`"), moment))
}

/// `45678`: how spreadsheets count days.
pub(super) fn day_number(_: &Column, value: &str, _: &Style) -> Option<Advice> {
    let whole = value.split(['.', ',']).next()?;
    let plausible = whole.len() == 5 && whole.parse().is_ok_and(|n: u32| (15_000..75_000).contains(&n));
    plausible.then(|| {
        Advice::say("this is a spreadsheet's day number: format the column as a date and export it again")
    })
}

/// `1768056331`, `1768056331000`: how programs count time.
pub(super) fn epoch(_: &Column, value: &str, _: &Style) -> Option<Advice> {
    let unit = match value.len() {
        10 => "seconds",
        13 => "milliseconds",
        _ => return None,
    };
    let plausible = all_digits(value) && ("10".."22").contains(&value.get(..2)?);
    plausible.then(|| {
        Advice::say(format!(
            "it seems to count the {unit} since 1970: export it as a date, such as 2026-01-31T13:45:00Z"
        ))
    })
}

/// `2026-02-30`: a day that its month does not have.
pub(super) fn no_such_day(_: &Column, value: &str, _: &Style) -> Option<Advice> {
    let mut parts = value.split(['T', ' ']).next()?.split('-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse::<i8>().ok()?);
    let first = Date::new(year.parse().ok()?, month, 1).ok()?;
    let last = first.days_in_month();
    (day < 1 || day > last).then(|| {
        Advice::say(format!("{} has {last} days: check which one is meant", first.strftime("%B %Y")))
    })
}
