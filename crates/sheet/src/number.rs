//! Numbers as people write them, from numbers as programs write them.

use std::fmt::Write;

/// Excel keeps fifteen digits of a number, and so do most programs that write workbooks.
const DIGITS: i32 = 15;
/// More digits than any number of a workbook has before or behind its point.
const LONGEST: i32 = 400;

/// Whether a number has all its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exactness {
    Exact,
    /// A whole number of more than fifteen digits: what it was may have been cut.
    Cut,
}

/// Appends the number in plain digits: no exponent, no needless zeros, a point for decimals. None if it is no number.
pub(crate) fn plain(raw: &str, text: &mut String) -> Option<Exactness> {
    // Nearly all numbers are written plainly.
    if raw.len() <= DIGITS as usize && !raw.is_empty() && raw.bytes().all(|one| one.is_ascii_digit()) {
        let trimmed = raw.trim_start_matches('0');
        text.push_str(if trimmed.is_empty() { "0" } else { trimmed });
        return Some(Exactness::Exact);
    }
    let number = Decimal::parse(raw)?;
    if number.scale < 0 && number.digits.len() > DIGITS as usize {
        return Some(number.rounded().write(text));
    }
    Some(number.write(text))
}

/// Digits without zeros around them, times a power of ten.
struct Decimal {
    is_negative: bool,
    digits: String,
    scale: i32,
}

impl Decimal {
    fn parse(raw: &str) -> Option<Self> {
        let unsigned = raw.strip_prefix(['-', '+']).unwrap_or(raw);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let is_digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
                if is_digits.is_empty()
                    || is_digits.len() > 6
                    || !is_digits.bytes().all(|one| one.is_ascii_digit())
                {
                    return None;
                }
                (mantissa, exponent.parse::<i32>().ok()?)
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let len =
            i32::try_from(whole.len() + fraction.len()).ok().filter(|len| (1..=LONGEST).contains(len))?;
        if !whole.bytes().chain(fraction.bytes()).all(|one| one.is_ascii_digit()) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        let zeros = i32::try_from(all.len() - all.trim_end_matches('0').len()).ok()?;
        let scale = exponent - i32::try_from(fraction.len()).ok()? + zeros;
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), scale: 0 });
        }
        let is_sane = (-LONGEST..=LONGEST).contains(&scale) && len <= LONGEST;
        is_sane.then(|| Self { is_negative: raw.starts_with('-'), digits: digits.to_owned(), scale })
    }

    /// Excel writes `1.1` as `1.1000000000000001`. Fifteen digits that are the same number to a computer are what was meant;
    /// where there are none, the shortest ones that are.
    fn rounded(self) -> Self {
        let Ok(value) = format!("{}e{}", self.digits, self.scale).parse::<f64>() else { return self };
        let mut short = format!("{value:.14e}");
        if short.parse() != Ok(value) {
            short.clear();
            _ = write!(short, "{value:e}");
        }
        let is_negative = self.is_negative;
        Self::parse(&short).map_or(self, |short| Self { is_negative, ..short })
    }

    fn write(&self, text: &mut String) -> Exactness {
        let count = i32::try_from(self.digits.len()).unwrap_or(i32::MAX);
        if count == 0 {
            text.push('0');
            return Exactness::Exact;
        }
        if self.is_negative {
            text.push('-');
        }
        let zeros = |text: &mut String, count: i32| (0..count).for_each(|_| text.push('0'));
        let point = count.saturating_add(self.scale);
        if self.scale >= 0 {
            text.push_str(&self.digits);
            zeros(text, self.scale);
        } else if point <= 0 {
            text.push_str("0.");
            zeros(text, -point);
            text.push_str(&self.digits);
        } else {
            let (whole, fraction) = self.digits.split_at(usize::try_from(point).unwrap_or_default());
            text.push_str(whole);
            text.push('.');
            text.push_str(fraction);
        }
        if point > DIGITS { Exactness::Cut } else { Exactness::Exact }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(raw: &str) -> Option<(String, bool)> {
        let mut text = String::new();
        let exactness = plain(raw, &mut text)?;
        Some((text, exactness == Exactness::Exact))
    }

    #[test]
    fn numbers_are_written_in_plain_digits() {
        let cases = [
            ("0", "0", true),
            ("-0", "0", true),
            ("007", "7", true),
            ("12.0", "12", true),
            (".5", "0.5", true),
            ("-1.50", "-1.5", true),
            ("1E+3", "1000", true),
            ("1.5e-7", "0.00000015", true),
            ("4.00638E+12", "4006380000000", true),
            ("4.006381333931E+12", "4006381333931", true),
            ("33639980012.0", "33639980012", true),
            ("999999999999999", "999999999999999", true),
            ("1E+14", "100000000000000", true),
            ("1E+15", "1000000000000000", false),
            ("1234567890123456", "1234567890123456", false),
            ("1.2345678901234568E+18", "1234567890123456800", false),
            ("1.1000000000000001", "1.1", true),
            ("-1.1499999999999999", "-1.15", true),
            ("1234567.8899999999", "1234567.89", true),
            ("0.30000000000000004", "0.30000000000000004", true),
            ("0.1", "0.1", true),
            ("123456789012345.67", "123456789012345.67", true),
        ];
        for (raw, text, is_exact) in cases {
            assert_eq!(of(raw), Some((text.to_owned(), is_exact)), "{raw}");
        }
        for raw in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1,5",
            "NaN",
            "INF",
            "0x10",
            "1e9999999",
            "1e999",
            "1 ",
            "--1",
            "é",
        ] {
            assert_eq!(of(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn the_plain_number_is_the_same_number(value in any::<f64>().prop_filter("a number", |one| one.is_finite())) {
            for raw in [format!("{value:e}"), format!("{value:.16e}")] {
                let (text, _) = of(&raw).expect("it is a number");
                let again: f64 = text.parse().expect("so is this");
                prop_assert!(again.to_bits() == value.to_bits() || value.abs().to_bits() == 0, "{} is {}", raw, text);
                prop_assert!(!text.contains(['e', 'E']));
            }
        }
    }
}
