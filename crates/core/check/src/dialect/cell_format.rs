//! From a value as a file writes it to the form that the type of its column has.

use std::borrow::Cow;
use std::sync::Arc;

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Column;
use tidewaiter_schema::config::DialectOptions;
use tidewaiter_schema::config::dialect::{DateFormat, Decimal, Thousands};

/// How the values of one column are read.
#[derive(Debug, Clone, Default)]
pub(crate) struct CellFormat {
    trims: bool,
    form: Form,
}

#[derive(Debug, Clone, Default)]
enum Form {
    /// As it stands.
    #[default]
    Strict,
    Number {
        decimal: Decimal,
        thousands: Option<Thousands>,
    },
    Dates {
        column: Arc<Column>,
        formats: Arc<[DateFormat]>,
    },
    Boolean {
        yes: Arc<[String]>,
        no: Arc<[String]>,
        written: (Arc<str>, Arc<str>),
    },
}

/// What a value would have to be, to be read: `a number such as 1.234,50`.
pub(crate) struct Unreadable(pub(crate) String);

impl CellFormat {
    /// How an import reads the values of a column.
    pub(crate) fn of(options: &DialectOptions, column: &Column) -> Self {
        let form = match column.field_type() {
            FieldType::Integer | FieldType::Number
                if options.decimal != Decimal::Point || options.thousands.is_some() =>
            {
                Form::Number { decimal: options.decimal, thousands: options.thousands }
            }
            FieldType::Date | FieldType::Datetime | FieldType::Time if !options.date_formats.is_empty() => {
                Form::Dates { column: Arc::new(column.clone()), formats: options.date_formats.clone().into() }
            }
            FieldType::Boolean if !options.true_values.is_empty() => match column.truths() {
                Some((yes, no)) => Form::Boolean {
                    yes: options.true_values.clone().into(),
                    no: options.false_values.clone().into(),
                    written: (yes.into(), no.into()),
                },
                None => Form::Strict,
            },
            _ => Form::Strict,
        };
        Self { trims: options.trim, form }
    }

    /// True if values are read as they stand.
    #[inline]
    pub(crate) fn is_strict(&self) -> bool {
        !self.trims && matches!(self.form, Form::Strict)
    }

    /// A value without what is not part of it.
    #[inline]
    pub(crate) fn clean<'a>(&self, value: Cow<'a, str>) -> Cow<'a, str> {
        if !self.trims {
            return value;
        }
        match value {
            Cow::Borrowed(value) => Cow::Borrowed(value.trim()),
            Cow::Owned(value) => Cow::Owned(value.trim().to_owned()),
        }
    }

    /// A clean value that is not missing, in the form of its column's type.
    pub(crate) fn read<'a>(&self, value: Cow<'a, str>) -> Result<Cow<'a, str>, Unreadable> {
        match &self.form {
            Form::Strict => Ok(value),
            Form::Number { decimal, thousands } => match number(&value, *decimal, *thousands) {
                Some(read) => Ok(Cow::Owned(read)),
                None => Err(Unreadable(format!("a number such as {}", example(*decimal, *thousands)))),
            },
            Form::Dates { column, formats } => {
                let mut read = formats.iter().filter_map(|format| column.write(format.read(&value)?));
                read.next().map(Cow::Owned).ok_or_else(|| {
                    let forms: Vec<String> =
                        formats.iter().map(|format| format!("`{}`", format.as_str())).collect();
                    Unreadable(format!("a date of the form {}", forms.join(" or ")))
                })
            }
            Form::Boolean { yes, no, written } => {
                let is_in = |texts: &[String]| texts.iter().any(|text| *text == value);
                if is_in(yes) {
                    Ok(Cow::Owned(written.0.to_string()))
                } else if is_in(no) {
                    Ok(Cow::Owned(written.1.to_string()))
                } else {
                    let (yes, no) = (yes.join("`, `"), no.join("`, `"));
                    Err(Unreadable(format!("true (`{yes}`) or false (`{no}`)")))
                }
            }
        }
    }
}

/// A number in the form of types: digits, with a point before its fraction. Thousands, where they are separated, are
/// separated from the first to the last. None for a text that is no number with these separators.
pub fn number(text: &str, decimal: Decimal, thousands: Option<Thousands>) -> Option<String> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    let (whole, fraction) = match digits.split_once(decimal.get()) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let mut read = String::with_capacity(text.len());
    read.push_str(sign);
    let separates = |c: char| thousands.is_some_and(|thousands| thousands.is(c));
    for (n, group) in whole.split(separates).enumerate() {
        let fits = if n > 0 { group.len() == 3 } else { !group.is_empty() };
        if !fits || !group.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        read.push_str(group);
    }
    // A first group of more than three digits has no separator behind it where one belongs.
    let first = whole.split(separates).next().unwrap_or_default();
    if first.len() > 3 && first.len() != whole.len() {
        return None;
    }
    if let Some(fraction) = fraction {
        if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        read.push('.');
        read.push_str(fraction);
    }
    Some(read)
}

fn example(decimal: Decimal, thousands: Option<Thousands>) -> String {
    let separator = match thousands {
        None => "",
        Some(Thousands::Comma) => ",",
        Some(Thousands::Point) => ".",
        Some(Thousands::Apostrophe) => "'",
        Some(Thousands::Underscore) => "_",
        Some(Thousands::Space) => " ",
    };
    format!("1{separator}234{}50", decimal.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_a_comma() {
        let read = |text| number(text, Decimal::Comma, Some(Thousands::Point));
        assert_eq!(read("1.234,50").as_deref(), Some("1234.50"));
        assert_eq!(read("-12,5").as_deref(), Some("-12.5"));
        assert_eq!(read("1.234.567").as_deref(), Some("1234567"));
        assert_eq!(read("1234,5").as_deref(), Some("1234.5"));
        for text in
            ["1.23,5", "1,234.50", "12.50", "1234.567,0", ",5", "5,", "1..234", ".123", "", "-", "1 234"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_point_is_no_decimal_where_a_comma_is() {
        assert_eq!(number("1.355", Decimal::Comma, None), None);
        assert_eq!(number("1,355", Decimal::Comma, None).as_deref(), Some("1.355"));
        assert_eq!(number("1,355", Decimal::Point, Some(Thousands::Comma)).as_deref(), Some("1355"));
        let spaces = |text| number(text, Decimal::Comma, Some(Thousands::Space));
        assert_eq!(spaces("1\u{202f}234,5").as_deref(), Some("1234.5"));
        assert_eq!(spaces("1 234 567").as_deref(), Some("1234567"));
    }
}
