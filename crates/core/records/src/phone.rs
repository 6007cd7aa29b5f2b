//! Telephone numbers: which spellings are one number.

use std::borrow::Cow;

use tidewaiter_schema::compile::is_phone;

/// The country codes whose numbers may begin with a 0 that is dialled from abroad, too: Italy, the Ivory Coast, Burkina
/// Faso, Benin, Congo, San Marino and Tajikistan.
const KEEP_ZERO: [&str; 7] = ["39", "225", "226", "229", "242", "378", "992"];

/// The country codes within which a 0 is dialled before every number, and no number begins with a 0 itself; in groups by
/// the most digits that a number has there. A 0 behind one of these codes belongs to those who dial within the country.
const TRUNK_ZERO: [(usize, &[&str]); 10] = [
    (7, &["291"]),
    (8, &["232", "370", "373", "374", "386", "389", "686", "961"]),
    (
        9,
        &[
            "211", "212", "213", "218", "231", "233", "249", "251", "252", "255", "256", "260", "261", "262",
            "264", "265", "32", "33", "355", "377", "382", "385", "387", "40", "421", "423", "508", "51",
            "590", "591", "594", "596", "93", "94", "962", "963", "967", "994", "995",
        ],
    ),
    (
        10,
        &[
            "20", "243", "254", "263", "27", "353", "380", "44", "53", "58", "60", "64", "84", "850", "855",
            "856", "880", "95", "964", "966", "970", "976", "98", "996",
        ],
    ),
    (11, &["31", "54", "55", "57", "593", "595", "886", "977"]),
    (12, &["358", "381", "383", "41", "46", "61", "86", "92", "971", "972"]),
    (13, &["43", "63", "66", "81", "90", "91"]),
    (14, &["234", "82"]),
    (15, &["49"]),
    (17, &["62"]),
];

/// The digits of a number, country code first. The form of a form is itself. What is no telephone number stays as it is:
/// its digits alone would be another number.
///
/// No country code begins with 0, so a number that begins with one 0 is national: with a `prefix`, this takes the place
/// of the 0, or stands before it where the country keeps it. A 0 behind the country code is dropped where that is beyond
/// doubt: see [`without_trunk_zero`].
pub(crate) fn phone<'a>(value: &'a str, prefix: Option<&str>) -> Cow<'a, str> {
    let is_digits = !value.starts_with('0') && value.bytes().all(|b| b.is_ascii_digit());
    if !is_digits && !is_phone(value) {
        return value.into();
    }
    if is_digits {
        let zero = |code: &&str| behind(value, code.len());
        let number = prefix.filter(zero).and_then(|code| {
            // Without a + there must be no other way to read it.
            longest(code).filter(|longest| value.len() > *longest).and_then(|_| without_zero(value, code))
        });
        return number.map_or(value.into(), Cow::Owned);
    }
    let mut number: String = value.chars().filter(|c| matches!(c, '0'..='9' | '(' | ')')).collect();
    // +33 (0)6 …: the 0 is for those who dial without the country code, unless the country keeps it.
    if let Some(at) = number.find("(0)").filter(|at| *at > 0) {
        let code = number.get(..at).unwrap_or_default().replace(['(', ')'], "");
        if !KEEP_ZERO.contains(&code.strip_prefix("00").unwrap_or(&code)) {
            number.replace_range(at..at + "(0)".len(), "");
        }
    }
    number.retain(|c| c.is_ascii_digit());
    if let Some(international) = number.strip_prefix("00") {
        return without_trunk_zero(international).into();
    }
    match (number.strip_prefix('0'), prefix) {
        (Some(_), Some(prefix)) if KEEP_ZERO.contains(&prefix) => format!("{prefix}{number}").into(),
        (Some(national), Some(prefix)) => format!("{prefix}{national}").into(),
        (Some(_), None) => number.into(),
        (None, _) if value.starts_with('+') => without_trunk_zero(&number).into(),
        (None, _) => phone(&number, prefix).into_owned().into(),
    }
}

/// The most digits of a number of the country with this code, if it is one of [`TRUNK_ZERO`].
fn longest(code: &str) -> Option<usize> {
    TRUNK_ZERO.iter().find(|(_, codes)| codes.contains(&code)).map(|(longest, _)| *longest)
}

/// True if a 0 stands behind so many digits.
fn behind(number: &str, digits: usize) -> bool {
    number.as_bytes().get(digits) == Some(&b'0')
}

/// An international number without a 0 that stands behind its country code where numbers have none.
fn without_trunk_zero(number: &str) -> String {
    // Most numbers have no 0 there, and need not be looked up.
    let codes = [2, 3].into_iter().filter(|digits| behind(number, *digits));
    let mut codes = codes.filter_map(|digits| number.get(..digits)).filter(|code| longest(code).is_some());
    codes.find_map(|code| without_zero(number, code)).unwrap_or_else(|| number.to_owned())
}

/// The same for a number of one country. Two zeros are no trunk prefix, and too few digits no number.
fn without_zero(number: &str, code: &str) -> Option<String> {
    let national = number.strip_prefix(code)?.strip_prefix('0').filter(|rest| !rest.starts_with('0'))?;
    Some(format!("{code}{national}")).filter(|number| is_phone(number))
}

/// True if a number may lack its country code. With a `prefix`, it is one without `+` and 0 that does not begin with the
/// prefix and is no longer than a number of that country: `639980012` may be French without its 0, or Philippine, so it
/// is kept as it is. Without a `prefix`, it is one that begins with a 0.
pub fn may_lack_country_code(value: &str, prefix: Option<&str>) -> bool {
    /// The most digits of a number where it is not known.
    const USUAL: usize = 10;
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if value.starts_with('+') || digits.starts_with("00") || !is_phone(value) {
        return false;
    }
    let Some(prefix) = prefix else { return digits.starts_with('0') };
    let longest = longest(prefix).unwrap_or(USUAL);
    !digits.starts_with('0') && !digits.starts_with(prefix) && digits.len() <= longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_however_it_is_written() {
        for text in [
            "33612345678",
            "+33612345678",
            "0033612345678",
            "+33 6 12 34 56 78",
            "+33 (0)6 12 34 56 78",
            "06 12 34 56 78",
            "06.12.34.56.78",
            "0612345678",
            "(06) 12-34-56-78",
        ] {
            assert_eq!(phone(text, Some("33")), "33612345678", "{text}");
        }
        assert_eq!(phone("0612345678", None), "0612345678", "no country is known");
        for text in ["0033 (0)6 12 34 56 78", "33 (0) 612345678", "+(33)(0)612345678"] {
            assert_eq!(phone(text, Some("33")), "33612345678", "{text}");
            assert_eq!(phone(text, None), "33612345678", "{text}");
        }
        assert_eq!(phone("(0)612345678", Some("33")), "33612345678");
        assert_eq!(phone("44 7700 900123", Some("33")), "447700900123");
        assert_eq!(phone("06 1234 5678", Some("39")), "390612345678", "Rome keeps its 0");
        assert_eq!(phone("+39 06 1234 5678", Some("39")), "390612345678");
        assert_eq!(
            phone("+39 (0)6 1234 5678", Some("33")),
            "390612345678",
            "Rome keeps it in parentheses, too"
        );
    }

    /// Spreadsheets, address books and forms put the country code before the 0.
    #[test]
    fn the_zero_behind_a_country_code_is_dropped_where_numbers_have_none() {
        for text in ["+33 06 12 34 56 78", "+330612345678", "00330612345678", "0033 06.12.34.56.78"] {
            assert_eq!(phone(text, Some("33")), "33612345678", "{text}");
            assert_eq!(phone(text, Some("44")), "33612345678", "{text}");
            assert_eq!(phone(text, None), "33612345678", "{text}");
        }
        assert_eq!(phone("330612345678", Some("33")), "33612345678", "twelve digits are no national number");
        assert_eq!(phone("33 06 12 34 56 78", Some("33")), "33612345678");
        assert_eq!(phone("+44 07700 900123", Some("33")), "447700900123");
    }

    #[test]
    fn a_zero_that_may_belong_to_the_number_stays() {
        for (text, prefix) in [
            ("+390612345678", Some("33")),
            ("+2250708123456", Some("225")),
            ("+22607123456", None),
            ("390612345678", Some("39")),
            // Nothing says that this begins with a country code.
            ("330612345678", None),
            ("330612345678", Some("44")),
            // A German number of this length may begin with 490 itself.
            ("4902123456", Some("49")),
            ("+33 00 612345678", Some("33")),
            ("+330123", Some("33")),
        ] {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(phone(text, prefix), digits, "{text}");
        }
    }

    /// `33612345678.0` became `336123456780`: its decimal became a digit of the telephone number.
    #[test]
    fn what_is_no_number_is_never_turned_into_one() {
        for text in
            ["33612345678.0", "+0612345678", "000612345678", "6.12E+10", "C-1", "0612345678 / 0698765432"]
        {
            assert_eq!(phone(text, Some("33")), text);
            assert_eq!(phone(text, None), text);
        }
    }

    /// Eight spellings from one address book: six are the number, one may be another, one is none.
    #[test]
    fn a_number_is_one_contact_or_in_doubt() {
        let book = [
            "+33639980012",
            "+33 (0)6 39 98 00 12",
            "0639980012",
            "+330639980012",
            "33 06 39 98 00 12",
            "00330639980012",
        ];
        for text in book {
            assert_eq!(phone(text, Some("33")), "33639980012", "{text}");
            assert!(!may_lack_country_code(text, Some("33")), "{text}");
        }
        assert_eq!(phone("639980012", Some("33")), "639980012");
        assert!(may_lack_country_code("639980012", Some("33")));
        assert!(!may_lack_country_code("447700900123", Some("33")), "too long for a French number");
        assert!(!may_lack_country_code("33639980012.0", Some("33")), "no number at all");
        assert!(may_lack_country_code("0639980012", None));
        assert!(!may_lack_country_code("33639980012", None));
    }

    #[test]
    fn codes_are_in_one_list_and_none_begins_another() {
        let codes = || TRUNK_ZERO.iter().flat_map(|(_, codes)| codes.iter().copied()).chain(KEEP_ZERO);
        for (n, code) in codes().enumerate() {
            let begins = codes().enumerate().filter(|(m, other)| *m != n && other.starts_with(code)).count();
            assert_eq!(begins, 0, "{code}");
        }
    }

    /// Numbers of all beginnings, by the rules of several countries.
    #[test]
    fn the_form_of_a_form_is_itself() {
        const SIGNS: [&str; 8] = ["0", "3", "33", "4", "9", "(0)", " ", "78123"];
        for prefix in [None, Some("33"), Some("39"), Some("49"), Some("34"), Some("1")] {
            for begin in ["", "+", "00", "0", "+33", "33"] {
                for seed in 0..8_usize.pow(4) {
                    let sign = |n: u32| SIGNS.get(seed / 8_usize.pow(n) % 8).copied().unwrap_or_default();
                    let text = format!("{begin}{}612345", (0..4).map(sign).collect::<String>());
                    let form = phone(&text, prefix);
                    assert_eq!(phone(&form, prefix), form, "{text} with {prefix:?}");
                }
            }
        }
    }
}
