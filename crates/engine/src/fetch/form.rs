//! The form in which rows are written: that of the files of the import.

use jiff::civil::{Date, DateTime};
use memchr::{memchr2, memchr3};
use tidewaiter::config::DialectOptions;

use crate::ports::{Form, SourceColumn};
use crate::written::WrittenForm;

/// Writes rows as records of a file. NULL is an empty field, and the empty text is one within quotes.
#[derive(Debug, Clone)]
pub struct RowForm {
    written: WrittenForm,
    /// The delimiter and the quote, where values are written as they are.
    plain: Option<(u8, u8)>,
}

impl RowForm {
    /// The form of the files of an import.
    pub fn of(options: &DialectOptions) -> Self {
        let written = WrittenForm::of(options);
        Self { plain: written.plain(), written }
    }

    /// Writes what the file begins with: the names of the columns.
    pub fn header(&self, columns: &[SourceColumn], file: &mut Vec<u8>) {
        file.extend_from_slice(self.written.mark());
        for (n, column) in columns.iter().enumerate() {
            self.begin(n, file);
            self.written.field(&column.name, file);
        }
        file.push(b'\n');
    }

    /// Writes a row.
    pub fn row<'a>(
        &self,
        columns: &[SourceColumn],
        row: impl Iterator<Item = Option<&'a [u8]>>,
        file: &mut Vec<u8>,
    ) {
        let before = file.len();
        for (n, (column, value)) in columns.iter().zip(row).enumerate() {
            self.begin(n, file);
            match value {
                None => {}
                Some(b"") => self.written.quoted("", file),
                Some(value) => self.value(column.form, value, file),
            }
        }
        if file.len() == before {
            // A line without anything on it would be no row.
            self.written.quoted("", file);
        }
        file.push(b'\n');
    }

    fn begin(&self, field: usize, file: &mut Vec<u8>) {
        match self.plain {
            _ if field == 0 => {}
            Some((delimiter, _)) => file.push(delimiter),
            None => file.extend_from_slice(self.written.delimiter().as_bytes()),
        }
    }

    fn value(&self, form: Form, value: &[u8], file: &mut Vec<u8>) {
        let Some((delimiter, quote)) = self.plain else { return self.other(form, value, file) };
        if memchr3(delimiter, quote, b'\n', value).is_none() && memchr2(b'\r', b'\0', value).is_none() {
            return file.extend_from_slice(value);
        }
        file.push(quote);
        for part in value.split_inclusive(|byte| *byte == quote) {
            file.extend_from_slice(part);
            if part.last() == Some(&quote) {
                file.push(quote);
            }
        }
        file.push(quote);
    }

    /// A value in a form that the import has of its own. What is no UTF-8 stays as it is, for the check to find it.
    fn other(&self, form: Form, value: &[u8], file: &mut Vec<u8>) {
        let Ok(text) = std::str::from_utf8(value) else { return file.extend_from_slice(value) };
        let own = match form {
            Form::Integer | Form::Number => self.written.number(text),
            Form::Boolean => {
                let truth = text.parse().ok().and_then(|truth| self.written.truth(truth));
                truth.map(ToOwned::to_owned)
            }
            Form::Date => text.parse::<Date>().ok().and_then(|date| self.written.day(date, None)),
            Form::Datetime => {
                let at = text.parse::<DateTime>().ok();
                at.and_then(|at| self.written.day(at.date(), Some(at.time())))
            }
            // A form of the import has no zone for it.
            Form::Moment | Form::Time | Form::Text => None,
        };
        self.written.field(own.as_deref().unwrap_or(text), file);
    }
}

#[cfg(test)]
mod tests {
    use tidewaiter::config::Config;

    use super::*;

    /// A value, and how its column is written.
    type Cell<'a> = (Form, Option<&'a [u8]>);

    fn written(options: &str, rows: &[&[Cell<'_>]]) -> String {
        let document = format!(r#"{{ "acme": {{ "contacts": {{ "crm": {options} }} }} }}"#);
        let config = Config::parse("acme", document.as_bytes()).unwrap();
        let form = RowForm::of(&config.subsection("contacts", "crm").unwrap().dialect);
        let mut file = Vec::new();
        for row in rows {
            let columns: Vec<SourceColumn> = row
                .iter()
                .map(|(form, _)| SourceColumn { name: "c".to_owned(), kind: "any".to_owned(), form: *form })
                .collect();
            form.row(&columns, row.iter().map(|(_, value)| *value), &mut file);
        }
        String::from_utf8(file).unwrap()
    }

    #[test]
    fn values_are_written_as_they_are_and_quoted_where_that_is_needed() {
        let texts: [&[u8]; 5] = [b"plain", b"a;b", b"the \"b\"", b"two\nlines", b"caf\xc3\xa9"];
        let row: Vec<(Form, Option<&[u8]>)> = texts.iter().map(|text| (Form::Text, Some(*text))).collect();
        assert_eq!(written("{}", &[&row]), "plain;\"a;b\";\"the \"\"b\"\"\";\"two\nlines\";café\n");
    }

    #[test]
    fn null_is_not_the_empty_text_and_no_row_is_an_empty_line() {
        let (null, empty) = ((Form::Text, None), (Form::Text, Some(&b""[..])));
        assert_eq!(written("{}", &[&[null, empty], &[null]]), ";\"\"\n\"\"\n");
    }

    #[test]
    fn values_have_the_form_that_the_import_reads() {
        let row: [(Form, Option<&[u8]>); 5] = [
            (Form::Number, Some(b"12.50")),
            (Form::Date, Some(b"2026-01-31")),
            (Form::Datetime, Some(b"2026-01-31T13:45:00")),
            (Form::Moment, Some(b"2026-01-31T13:45:00Z")),
            (Form::Boolean, Some(b"true")),
        ];
        let options = r#"{ "decimal": ",", "delimiter": ",", "true_values": ["oui"], "false_values": ["non"],
            "date_formats": ["dd/mm/yyyy", "dd/mm/yyyy hh:mm:ss"] }"#;
        assert_eq!(
            written(options, &[&row]),
            "\"12,50\",31/01/2026,31/01/2026 13:45:00,2026-01-31T13:45:00Z,oui\n"
        );
        assert_eq!(
            written("{}", &[&row]),
            "12.50;2026-01-31;2026-01-31T13:45:00;2026-01-31T13:45:00Z;true\n"
        );
    }
}
