//! Normal forms: what makes two ways to write the same address or number one key.

use std::borrow::Cow;

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::is_phone;

/// How the values of a column are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// Byte for byte.
    #[default]
    Exact,
    /// An e-mail address: upper and lower case are the same.
    Email,
    /// A telephone number: its digits, country code first.
    Phone,
}

impl Form {
    /// The form of a column of this type and format.
    pub(super) fn of(kind: FieldType, format: Option<&str>) -> Self {
        match (kind, format) {
            (FieldType::String, Some("email")) => Self::Email,
            (FieldType::String, Some("phone")) => Self::Phone,
            _ => Self::Exact,
        }
    }

    /// The value as a part of a key. `prefix` is the country code of numbers that have none.
    pub fn key<'a>(self, value: &'a str, prefix: Option<&str>) -> Cow<'a, str> {
        match self {
            Self::Exact => value.into(),
            Self::Email => lower(value),
            Self::Phone => phone(value, prefix),
        }
    }
}

/// How a key is written by those who refer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyForm {
    /// All of these columns.
    All(Vec<Form>),
    /// One of several columns: the value shows which.
    One(Vec<Form>),
}

impl KeyForm {
    /// The key that these values name.
    pub fn key<'a>(&self, values: impl ExactSizeIterator<Item = &'a str>, prefix: Option<&str>) -> String {
        let parts: Vec<Cow<'_, str>> = match self {
            Self::All(forms) => values.zip(forms).map(|(value, form)| form.key(value, prefix)).collect(),
            Self::One(forms) => values.map(|value| recognized(forms, value).key(value, prefix)).collect(),
        };
        super::join_key(parts.iter().map(AsRef::as_ref))
    }
}

fn recognized(forms: &[Form], value: &str) -> Form {
    let fits = |form: &Form| match form {
        Form::Email => value.contains('@'),
        Form::Phone => is_phone(value),
        Form::Exact => true,
    };
    forms.iter().copied().find(fits).unwrap_or_default()
}

fn lower(value: &str) -> Cow<'_, str> {
    if value.chars().any(char::is_uppercase) { value.to_lowercase().into() } else { value.into() }
}

/// The country codes behind which a 0 that begins a number is dialled, too: Italy, the Ivory Coast, Benin, Congo and
/// San Marino.
const KEEP_ZERO: [&str; 5] = ["39", "225", "229", "242", "378"];

/// The digits of a number, country code first. No country code begins with 0, so a number that begins with
/// one 0 is national: with a `prefix`, this takes the place of the 0, or stands before it where the country keeps it. The
/// form of a form is itself. What is no telephone number stays as it is: its digits alone would be another number.
fn phone<'a>(value: &'a str, prefix: Option<&str>) -> Cow<'a, str> {
    if !value.starts_with('0') && value.bytes().all(|b| b.is_ascii_digit()) || !is_phone(value) {
        return value.into();
    }
    let mut number: String = value.chars().filter(|c| matches!(c, '0'..='9' | '(' | ')')).collect();
    // +33 (0)6 …: the 0 is for those who dial without the country code.
    if let Some(at) = number.find("(0)").filter(|at| *at > 0) {
        number.replace_range(at..at + "(0)".len(), "");
    }
    number.retain(|c| c.is_ascii_digit());
    if let Some(international) = number.strip_prefix("00") {
        return international.to_owned().into();
    }
    match (number.strip_prefix('0'), prefix) {
        (Some(_), Some(prefix)) if KEEP_ZERO.contains(&prefix) => format!("{prefix}{number}").into(),
        (Some(national), Some(prefix)) => format!("{prefix}{national}").into(),
        _ => number.into(),
    }
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
            assert_eq!(Form::Phone.key(text, Some("33")), "33612345678", "{text}");
        }
        assert_eq!(Form::Phone.key("0612345678", None), "0612345678", "nobody said which country");
        for text in ["0033 (0)6 12 34 56 78", "33 (0) 612345678", "+(33)(0)612345678"] {
            assert_eq!(Form::Phone.key(text, Some("33")), "33612345678", "{text}");
            assert_eq!(Form::Phone.key(text, None), "33612345678", "{text}");
        }
        assert_eq!(Form::Phone.key("(0)612345678", Some("33")), "33612345678");
        assert_eq!(Form::Phone.key("44 7700 900123", Some("33")), "447700900123");
        assert_eq!(Form::Phone.key("06 1234 5678", Some("39")), "390612345678", "Rome keeps its 0");
        assert_eq!(Form::Phone.key("+39 06 1234 5678", Some("39")), "390612345678");
    }

    /// `33612345678.0` became `336123456780`: its decimal became a digit of the telephone number.
    #[test]
    fn what_is_no_number_is_never_turned_into_one() {
        for text in
            ["33612345678.0", "+0612345678", "000612345678", "6.12E+10", "C-1", "0612345678 / 0698765432"]
        {
            assert_eq!(Form::Phone.key(text, Some("33")), text);
            assert_eq!(Form::Phone.key(text, None), text);
        }
    }

    #[test]
    fn one_address_however_it_is_written() {
        assert_eq!(Form::Email.key("Ana.Lopez@Example.ORG", None), "ana.lopez@example.org");
        assert_eq!(Form::Exact.key("C-1", None), "C-1");
    }

    /// As docs/scopes.md says. Other rules would make one record of two, or two of one, in stores that are in use.
    #[test]
    fn keys_are_compared_character_by_character_and_addresses_in_lower_case() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        for form in [Form::Exact, Form::Email] {
            assert_ne!(form.key(composed, None), form.key(decomposed, None), "NFC and NFD are two keys");
        }
        assert_ne!(Form::Exact.key("SO-1", None), Form::Exact.key("so-1", None));
        assert_eq!(
            Form::Email.key("\u{212a}ate@example.org", None),
            "kate@example.org",
            "the KELVIN SIGN is a k"
        );
        assert_ne!(Form::Exact.key("\u{212a}1", None), Form::Exact.key("K1", None));
        assert_eq!(
            Form::Email.key("JOS\u{c9}@example.org", None),
            Form::Email.key("jos\u{e9}@example.org", None)
        );
    }

    #[test]
    fn a_reference_shows_by_its_value_what_it_names() {
        let contact = KeyForm::One(vec![Form::Email, Form::Phone]);
        assert_eq!(contact.key(["Ana@Example.org"].into_iter(), None), "ana@example.org");
        assert_eq!(contact.key(["+33 6 12 34 56 78"].into_iter(), None), "33612345678");
        assert_eq!(contact.key(["nobody"].into_iter(), None), "nobody");
        let pair = KeyForm::All(vec![Form::Exact, Form::Exact]);
        assert_eq!(pair.key(["a", "b"].into_iter(), None), "a\u{1f}b");
    }
}
