//! Numbers as people and programs write them: with signs, units, and marks between thousands and before decimals.

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::{Column, MOST_DIGITS};

use super::style::Mark;
use super::text::is_blank;
use super::{Advice, Because, Style, accepts, all_digits};

/// Marks of money that stand before or behind an amount.
const MONEY: [char; 4] = ['€', '$', '£', '¥'];
/// The same as words.
const CURRENCIES: [&str; 20] = [
    "EUR", "USD", "GBP", "CHF", "JPY", "CAD", "AUD", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "MAD", "TND",
    "XOF", "BRL", "MXN", "CNY", "INR",
];
const MINUS: [char; 4] = ['-', '\u{2212}', '\u{2013}', '\u{2014}'];

/// A number, taken apart.
struct Written {
    negative: bool,
    /// The sign is not a `-` before the number.
    odd_sign: bool,
    plus: bool,
    money: bool,
    percent: bool,
    /// The digits are those of another script.
    foreign: bool,
    /// Digits, with marks between them.
    digits: String,
}

impl Written {
    fn of(value: &str) -> Option<Self> {
        let ascii: String = value.chars().map(|c| digit(c).unwrap_or(c)).collect();
        let mut written = Self {
            negative: false,
            odd_sign: false,
            plus: false,
            money: false,
            percent: false,
            foreign: ascii != value,
            digits: String::new(),
        };
        let mut rest = written.without_unit(ascii.trim_matches(is_blank));
        if let Some(inner) = rest.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')) {
            rest = written.without_unit(inner);
            (written.negative, written.odd_sign) = (true, true);
        } else if let Some(inner) = rest.strip_prefix(MINUS) {
            written.odd_sign = !rest.starts_with('-');
            written.negative = true;
            rest = written.without_unit(inner);
        } else if let Some(inner) = rest.strip_suffix('-') {
            rest = written.without_unit(inner);
            (written.negative, written.odd_sign) = (true, true);
        } else if let Some(inner) = rest.strip_prefix('+') {
            rest = inner;
            written.plus = true;
        }
        rest.clone_into(&mut written.digits);
        rest.chars().any(|c| c.is_ascii_digit()).then_some(written)
    }

    /// The number without a unit before or behind it, which is noted.
    fn without_unit<'a>(&mut self, text: &'a str) -> &'a str {
        if let Some(rest) = text.strip_suffix('%') {
            self.percent = true;
            return rest.trim_matches(is_blank);
        }
        let symbol = text.strip_prefix(MONEY).or_else(|| text.strip_suffix(MONEY));
        let mut words = CURRENCIES.iter();
        let bare = symbol
            .or_else(|| words.find_map(|word| text.strip_prefix(word).or_else(|| text.strip_suffix(word))));
        self.money |= bare.is_some();
        bare.unwrap_or(text).trim_matches(is_blank)
    }
}

/// A digit of another script as one of ours.
fn digit(c: char) -> Option<char> {
    let zeros = ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];
    let value = zeros.iter().find_map(|zero| (c as u32).checked_sub(*zero as u32).filter(|n| *n < 10))?;
    char::from_digit(value, 10)
}

/// The marks of a number that is clear by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) decimal: Option<char>,
    pub(super) thousands: Option<char>,
}

impl Marks {
    /// None if it is no number, or one with two readings.
    pub(super) fn of(digits: &str) -> Option<Self> {
        match Reading::all(digits).as_slice() {
            [one] => Some(one.marks),
            _ => None,
        }
    }

    /// The options of an import whose numbers have these marks.
    fn option(self) -> Option<String> {
        let decimal = self.decimal.filter(|mark| *mark != '.').map(|mark| format!("\"decimal\": \"{mark}\""));
        let thousands = self.thousands.map(|mark| format!("\"thousands\": \"{mark}\""));
        let options: Vec<String> = decimal.into_iter().chain(thousands).collect();
        (!options.is_empty()).then(|| options.join(", "))
    }
}

/// One way to read digits with marks.
struct Reading {
    whole: String,
    fraction: String,
    /// There is a mark before decimals.
    pointed: bool,
    marks: Marks,
}

impl Reading {
    /// All ways; two if a single point or comma may be before decimals or between thousands: `1.234`.
    fn all(digits: &str) -> Vec<Self> {
        let decimals = |mark: char, thousands: Option<char>| {
            let (whole, fraction) = digits.rsplit_once(mark)?;
            let whole = ungrouped(whole, thousands)?;
            let fits = fraction.bytes().all(|b| b.is_ascii_digit())
                && (!whole.is_empty() || !fraction.is_empty())
                && (!fraction.is_empty() || mark == '.');
            let marks = Marks { decimal: Some(mark), thousands };
            fits.then(|| Self { whole, fraction: fraction.to_owned(), pointed: true, marks })
        };
        let thousands = |mark: Option<char>| {
            let whole = ungrouped(digits, mark).filter(|whole| !whole.is_empty())?;
            let marks = Marks { decimal: None, thousands: mark };
            Some(Self { whole, fraction: String::new(), pointed: false, marks })
        };
        let mut marks = digits.chars().filter(|c| !c.is_ascii_digit());
        let Some(first) = marks.next() else { return thousands(None).into_iter().collect() };
        let last = marks.next_back().unwrap_or(first);
        let readings = if first != last {
            [decimals(last, Some(first)).filter(|_| is_decimal(last)), None]
        } else if digits.matches(first).count() > 1 {
            [thousands(Some(first)), None]
        } else {
            [decimals(first, None).filter(|_| is_decimal(first)), thousands(Some(first))]
        };
        readings.into_iter().flatten().collect()
    }

    fn is_whole(&self) -> bool {
        self.fraction.bytes().all(|b| b == b'0')
    }

    /// As a column of this kind has it.
    fn text(&self, kind: FieldType, negative: bool) -> String {
        let or_zero = |text: &str| if text.is_empty() { "0".to_owned() } else { text.to_owned() };
        let (sign, whole) = (if negative { "-" } else { "" }, or_zero(&self.whole));
        if !self.pointed || (kind == FieldType::Integer && self.is_whole()) {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{}", or_zero(&self.fraction))
    }
}

fn is_decimal(mark: char) -> bool {
    matches!(mark, ',' | '.')
}

/// Digits without the marks between thousands, all of which must be where they belong.
fn ungrouped(digits: &str, mark: Option<char>) -> Option<String> {
    let Some(mark) = mark else {
        return digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.to_owned());
    };
    if !is_decimal(mark) && !matches!(mark, '\'' | '\u{2019}') && !is_blank(mark) {
        return None;
    }
    let mut groups = digits.split(mark);
    let first = groups.next()?;
    let rest: Vec<&str> = groups.collect();
    let grouped = (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && !rest.is_empty()
        && rest.iter().all(|group| group.len() == 3);
    let whole = format!("{first}{}", rest.concat());
    (grouped && all_digits(&whole)).then_some(whole)
}

/// True for `1.234`: a point that may be before decimals or between thousands. `0.234`, `1234.567` and `1.2345` are clear.
pub(super) fn may_be_grouped(digits: &str) -> bool {
    digits.contains('.') && Reading::all(digits).len() > 1
}

/// Any number that a column does not take as it is.
pub(super) fn number(column: &Column, value: &str, style: &Style) -> Option<Advice> {
    let written = Written::of(value)?;
    if written.percent {
        // Whether a share or a hundred times as much is wanted is not for us to say.
        let is_number = !Reading::all(&written.digits).is_empty();
        return is_number.then(|| Advice::say("write the number in the unit of the column, without `%`"));
    }
    let readings = Reading::all(&written.digits);
    let (reading, because) = match readings.as_slice() {
        [one] => (one, None),
        [decimal, thousands] => {
            let settled = style.mark(decimal.marks.decimal.unwrap_or_default());
            match settled {
                Some((Mark::Decimal, because)) => (decimal, Some(because)),
                Some((Mark::Thousands, because)) => (thousands, Some(because)),
                None => return Some(whichever(column, [decimal, thousands], written.negative)),
            }
        }
        _ => return None,
    };
    let advice = read(column, value, &written, reading, because)?;
    let is_clear = !style.is_mixed() || reading.marks == Marks::default();
    Some(if is_clear { advice } else { Advice { meant: None, ..advice } })
}

/// For a value that a column takes, but that may be a thousand times as much: `1.234`.
pub(super) fn with_two_readings(column: &Column, value: &str, style: &Style) -> Option<Advice> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    if column.field_type() != FieldType::Number || !may_be_grouped(digits) {
        return None;
    }
    match style.mark('.') {
        Some((Mark::Decimal, because)) => {
            Some(Advice::write(format!("write it as `{value}`"), value).because(Some(because)))
        }
        _ => number(column, value, style),
    }
}

/// The advice for a number with one reading.
fn read(
    column: &Column,
    value: &str,
    written: &Written,
    reading: &Reading,
    because: Option<Because>,
) -> Option<Advice> {
    let kind = column.field_type();
    let text = reading.text(kind, written.negative);
    if kind == FieldType::Integer && !reading.is_whole() {
        let comma = reading.marks.decimal == Some(',');
        return Some(Advice::say(if comma {
            "the column takes whole numbers only, written without any separator"
        } else {
            "the column takes whole numbers only"
        }));
    }
    if text == value || !accepts(column, &text) {
        return None;
    }
    if written.money {
        // Whether the column is in that unit is not for us to say.
        return Some(Advice::say(format!("write only the number: `{text}`")));
    }
    let how = match reading.marks {
        _ if written.foreign => "write it with the digits 0 to 9",
        _ if written.odd_sign => "write negative numbers with a `-` before them",
        _ if written.plus => "write positive numbers without a sign",
        Marks { thousands: Some(_), .. } => "write numbers without thousands separators",
        Marks { decimal: Some(','), .. } => "write decimals with a point, not a comma",
        _ => return Some(Advice::write(format!("write it as `{text}`"), text).because(because)),
    };
    let is_plain = !(written.foreign || written.odd_sign || written.plus);
    let option = reading.marks.option().filter(|_| is_plain);
    Some(Advice::write(format!("{how}: `{text}`"), text).because(because).or_option(option))
}

/// For a number with two readings: both, as far as the column takes them.
fn whichever(column: &Column, [decimal, thousands]: [&Reading; 2], negative: bool) -> Advice {
    let kind = column.field_type();
    let texts = [decimal, thousands].map(|reading| reading.text(kind, negative));
    let [decimal, thousands] = &texts;
    Advice::say(match (accepts(column, decimal), accepts(column, thousands)) {
        (true, true) => format!("write `{decimal}` or `{thousands}`, whichever was meant"),
        (false, true) if kind == FieldType::Integer => {
            format!("the column takes whole numbers only: write `{thousands}` if it means thousands")
        }
        _ => "write decimals with a point, and thousands without any separator".to_owned(),
    })
}

/// More digits than a number has.
pub(super) fn too_long(_: &Column, value: &str, _: &Style) -> Option<Advice> {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_long = whole.len() + fraction.len() > MOST_DIGITS;
    (is_long && all_digits(whole) && all_digits(fraction)).then(|| {
        Advice::say(format!(
            "a number has at most {MOST_DIGITS} digits: round it, or let the field be a string"
        ))
    })
}

/// `1,23E+10`: what spreadsheets make of long numbers.
pub(super) fn scientific(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let is_text = column.field_type() == FieldType::String;
    let is_shortened = if is_text { is_shortened(value) } else { is_scientific(value) };
    is_shortened.then(|| {
        Advice::say(
            "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again",
        )
    })
}

/// True for what only a number is written as. `123e4567` may be an identifier of its own.
pub(super) fn is_shortened(value: &str) -> bool {
    value.contains(['.', ',', '+']) && is_scientific(value)
}

fn is_scientific(value: &str) -> bool {
    let Some((mantissa, exponent)) = value.split_once(['e', 'E']) else { return false };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let mantissa: String = mantissa.chars().filter(|c| !matches!(c, '.' | ',' | '-')).collect();
    all_digits(&mantissa) && all_digits(exponent)
}

/// `4006381333931.0` in a column of texts: what a program made of an identifier that it took for a number.
pub(super) fn float(column: &Column, value: &str, _: &Style) -> Option<Advice> {
    let (whole, _) = value.split_once(['.', ','])?;
    (is_float(value) && accepts(column, whole)).then(|| {
        Advice::say(
            "a program took the identifier for a number and may have dropped leading zeros: format the column as text and export it again",
        )
    })
}

pub(super) fn is_float(value: &str) -> bool {
    value.split_once(['.', ',']).is_some_and(|(whole, fraction)| {
        all_digits(whole) && !fraction.is_empty() && fraction.bytes().all(|b| b == b'0')
    })
}
