//! Whole and decimal numbers as they are written, compared exactly.
//!
//! Amounts must not pass through floating point: `0.1` is one tenth. So a number stays its digits, and only zeros that
//! do not count are dropped when it is kept.

use std::borrow::Cow;
use std::cmp::Ordering;

/// The most digits a number may have; what databases that keep exact decimals can hold.
pub const MOST_DIGITS: usize = 38;

/// A number split into its parts, borrowed from the text it was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

/// A number that owns its digits: a bound in a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedDecimal {
    negative: bool,
    whole: Box<[u8]>,
    fraction: Box<[u8]>,
}

/// Reads a whole number: an optional `-`, then 1 to [`MOST_DIGITS`] digits. Leading zeros are allowed,
/// because numbers such as store codes are often padded.
pub(crate) fn integer(text: &[u8]) -> Option<Decimal<'_>> {
    let (negative, digits) = sign(text);
    (all_digits(digits) && digits.len() <= MOST_DIGITS).then_some(Decimal {
        negative,
        whole: digits,
        fraction: &[],
    })
}

/// Reads a decimal number: a whole number, or one with a point and digits on both sides of it.
pub(crate) fn number(text: &[u8]) -> Option<Decimal<'_>> {
    let (negative, rest) = sign(text);
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let (whole, tail) = rest.split_at_checked(digits)?;
    let fraction = match tail.split_first() {
        None => &[][..],
        Some((b'.', fraction)) if all_digits(fraction) => fraction,
        Some(_) => return None,
    };
    let known = !whole.is_empty() && whole.len() + fraction.len() <= MOST_DIGITS;
    known.then_some(Decimal { negative, whole, fraction })
}

/// A whole number as it is kept: without zeros that do not count, and without the sign of zero. None if it is none.
pub(crate) fn kept_integer(text: &str) -> Option<Cow<'_, str>> {
    integer(text.as_bytes()).map(|number| kept(text, number))
}

/// The same for a decimal number.
pub(crate) fn kept_number(text: &str) -> Option<Cow<'_, str>> {
    number(text.as_bytes()).map(|number| kept(text, number))
}

fn kept<'a>(text: &'a str, read: Decimal<'a>) -> Cow<'a, str> {
    let trimmed = read.trimmed();
    // One zero stays before the point.
    let zero = usize::from(trimmed.whole.is_empty());
    let same = (read.negative, read.whole.len(), read.fraction.len())
        == (trimmed.negative, trimmed.whole.len() + zero, trimmed.fraction.len());
    if same {
        return text.into();
    }
    let digits = |digits: &[u8]| digits.iter().map(|b| char::from(*b)).collect::<String>();
    let sign = if trimmed.negative { "-" } else { "" };
    let whole = if trimmed.whole.is_empty() { "0".to_owned() } else { digits(trimmed.whole) };
    let point = if trimmed.fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{}", digits(trimmed.fraction)).into()
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        _ => (false, text),
    }
}

fn all_digits(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

impl Decimal<'_> {
    pub(crate) const ZERO: Self = Decimal { negative: false, whole: b"0", fraction: b"" };

    /// The same number with its digits copied.
    pub(crate) fn to_owned(self) -> OwnedDecimal {
        OwnedDecimal { negative: self.negative, whole: self.whole.into(), fraction: self.fraction.into() }
    }

    /// Compares by value: `-0` is `0`, `1.50` is `1.5`, `007` is `7`.
    pub(crate) fn compare(self, other: Decimal<'_>) -> Ordering {
        let (a, b) = (self.trimmed(), other.trimmed());
        match (a.negative, b.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => a.magnitude(b),
            (true, true) => b.magnitude(a),
        }
    }

    /// Without the zeros that do not count, and without the sign of zero.
    fn trimmed(mut self) -> Self {
        while let Some((b'0', rest)) = self.whole.split_first() {
            self.whole = rest;
        }
        while let Some((b'0', rest)) = self.fraction.split_last() {
            self.fraction = rest;
        }
        self.negative &= !(self.whole.is_empty() && self.fraction.is_empty());
        self
    }

    /// Compares two trimmed numbers without their signs.
    fn magnitude(self, other: Decimal<'_>) -> Ordering {
        (self.whole.len().cmp(&other.whole.len()))
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl OwnedDecimal {
    /// The same number, borrowed.
    pub(crate) fn borrow(&self) -> Decimal<'_> {
        Decimal { negative: self.negative, whole: &self.whole, fraction: &self.fraction }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_have_digits_and_perhaps_a_minus() {
        for good in ["0", "-0", "7", "007", "-12", "99999999999999999999999999999999999999"] {
            assert!(integer(good.as_bytes()).is_some(), "{good}");
        }
        let too_long = "9".repeat(MOST_DIGITS + 1);
        for bad in ["", "-", "+1", "--1", "1-", "1.0", "1e3", " 1", "1 ", "0x1", "١", too_long.as_str()] {
            assert!(integer(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn decimal_numbers_have_digits_on_both_sides_of_the_point() {
        for good in ["0", "-0.0", "12", "12.50", "-0.5", "007.10"] {
            assert!(number(good.as_bytes()).is_some(), "{good}");
        }
        let too_long = format!("1.{}", "9".repeat(MOST_DIGITS));
        for bad in [
            "", "-", ".", ".5", "5.", "1,5", "1.2.3", "1.-2", "1e3", "+1.0", "1 000", "NaN", "inf", &too_long,
        ] {
            assert!(number(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn numbers_compare_by_value() {
        let ordered = [
            "-10",
            "-9.5",
            "-0.01",
            "0",
            "0.1",
            "0.11",
            "0.2",
            "9",
            "10",
            "10.01",
            "99999999999999999999999",
        ];
        for (i, a) in ordered.iter().enumerate() {
            for (j, b) in ordered.iter().enumerate() {
                let (x, y) = (number(a.as_bytes()).unwrap(), number(b.as_bytes()).unwrap());
                assert_eq!(x.compare(y), i.cmp(&j), "{a} and {b}");
                assert_eq!(x.compare(y.to_owned().borrow()), i.cmp(&j), "{a} and {b}, owned");
            }
        }
        for (a, b) in [("-0", "0.00"), ("1.50", "1.5"), ("007", "7")] {
            let (x, y) = (number(a.as_bytes()).unwrap(), number(b.as_bytes()).unwrap());
            assert_eq!(x.compare(y), Ordering::Equal, "{a} and {b}");
        }
    }
}
