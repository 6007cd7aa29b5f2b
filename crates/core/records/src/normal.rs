//! Normal forms: what makes two ways to write the same value one key, and one value of a record.

use std::borrow::Cow;

use tidewaiter_schema::compile::{Reading, email, is_phone, nfc};
use tidewaiter_schema::{FieldSchema, FieldType};

use super::phone::phone;

/// How the values of a column are kept and compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Form {
    /// Byte for byte.
    #[default]
    Exact,
    /// A text, composed (NFC): `é` is one letter, however it was typed.
    Text,
    /// An e-mail address, however its case and its domain are written.
    Email,
    /// A telephone number: its digits, country code first.
    Phone,
    /// A value of a type that has a form of its own, such as a date.
    Typed(Reading),
    /// One of these: the value shows which.
    OneOf(Vec<Form>),
}

impl Form {
    /// The form of keys in a column.
    pub(super) fn of(field: &FieldSchema) -> Self {
        match (field.kind, field.format.as_deref()) {
            (FieldType::String, Some("email")) => Self::Email,
            (FieldType::String, Some("phone")) => Self::Phone,
            _ => Reading::of(field).map_or(Self::Text, Self::Typed),
        }
    }

    /// The form of values that are in this form already, or in that of an older version: what was read by its type is
    /// not read again.
    pub(super) fn kept(self) -> Self {
        match self {
            Self::Typed(_) => Self::Exact,
            Self::OneOf(forms) => Self::OneOf(forms.into_iter().map(Self::kept).collect()),
            form => form,
        }
    }

    /// The value as a part of a key. `prefix` is the country code of numbers that have none.
    pub fn key<'a>(&self, value: &'a str, prefix: Option<&str>) -> Cow<'a, str> {
        match self {
            Self::Exact => value.into(),
            Self::Text => nfc(value),
            Self::Email => email(value),
            Self::Phone => phone(value, prefix),
            Self::Typed(reading) => reading.kept(value),
            Self::OneOf(forms) => recognized(forms, value).key(value, prefix),
        }
    }
}

/// How a key is written by those who refer to it: the form of each of its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyForm(Vec<Form>);

impl KeyForm {
    /// A key of parts in these forms.
    pub(super) fn new(parts: Vec<Form>) -> Self {
        Self(parts)
    }

    /// The form of values that are kept: see [`Form::kept`].
    pub(super) fn kept(self) -> Self {
        Self(self.0.into_iter().map(Form::kept).collect())
    }

    /// The form of each part.
    pub(super) fn parts(&self) -> &[Form] {
        &self.0
    }

    /// The key that these values name.
    pub fn key<'a>(&self, values: impl ExactSizeIterator<Item = &'a str>, prefix: Option<&str>) -> String {
        let parts: Vec<Cow<'_, str>> =
            values.zip(&self.0).map(|(value, form)| form.key(value, prefix)).collect();
        super::join_key(parts.iter().map(AsRef::as_ref))
    }
}

fn recognized<'a>(forms: &'a [Form], value: &str) -> &'a Form {
    let fits = |form: &Form| match form {
        Form::Email => value.contains('@'),
        Form::Phone => is_phone(value),
        _ => true,
    };
    forms.iter().find(|form| fits(form)).unwrap_or(&Form::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_however_it_is_written() {
        assert_eq!(Form::Email.key("Ana.Lopez@Example.ORG", None), "ana.lopez@example.org");
        assert_eq!(Form::Text.key("C-1", None), "C-1");
    }

    /// As docs/scopes.md says. Composed and decomposed letters look alike and mean the same: a file that passes through
    /// another system comes back in the other form, and its records must not double. Case may tell keys apart.
    #[test]
    fn keys_are_compared_in_composed_form_and_addresses_in_lower_case_too() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        for form in [Form::Text, Form::Email] {
            assert_eq!(form.key(composed, None), form.key(decomposed, None), "NFC and NFD are one key");
            assert_eq!(form.key(decomposed, None), composed);
        }
        assert_ne!(Form::Text.key("SO-1", None), Form::Text.key("so-1", None));
        assert_eq!(
            Form::Email.key("\u{212a}ate@example.org", None),
            "kate@example.org",
            "the KELVIN SIGN is a k"
        );
        assert_eq!(Form::Text.key("\u{212a}1", None), "K1", "Unicode composes it to a K");
        assert_eq!(
            Form::Email.key("JOS\u{c9}@example.org", None),
            Form::Email.key("jos\u{e9}@example.org", None)
        );
    }

    #[test]
    fn a_reference_shows_by_its_value_what_it_names() {
        let contact = KeyForm::new(vec![Form::OneOf(vec![Form::Email, Form::Phone])]);
        assert_eq!(contact.key(["Ana@Example.org"].into_iter(), None), "ana@example.org");
        assert_eq!(contact.key(["+33 6 12 34 56 78"].into_iter(), None), "33612345678");
        assert_eq!(contact.key(["nobody"].into_iter(), None), "nobody");
        let pair = KeyForm::new(vec![Form::Text, Form::Text]);
        assert_eq!(pair.key(["a", "b"].into_iter(), None), "a\u{1f}b");
    }

    #[test]
    fn what_was_read_by_its_type_is_not_read_again() {
        let field = serde_json::json!({ "name": "day", "type": "date", "format": "%Y-%d-%m" });
        let form = Form::of(&serde_json::from_value(field).unwrap());
        let kept = form.key("2026-02-01", None).into_owned();
        assert_eq!(kept, "2026-01-02");
        assert_eq!(form.kept().key(&kept, None), kept);
    }
}
