//! A row of `COPY … TO STDOUT` in the text format: values between tabs, `\N` for NULL.

use memchr::memchr;
use tidewaiter_engine::ports::{Fault, RowBatch, SourceError};

use super::kinds::Writing;
use crate::numbers::{write_float, write_single};

/// Reads a row into a batch.
pub(crate) fn read(row: &[u8], writings: &[Writing], batch: &mut RowBatch) -> Result<(), SourceError> {
    let mut rest = Some(row.strip_suffix(b"\n").unwrap_or(row));
    for writing in writings {
        let Some(text) = rest else { return Err(unexpected()) };
        let end = memchr(b'\t', text);
        let (value, behind) = match end {
            Some(end) => (text.get(..end), text.get(end + 1..)),
            None => (Some(text), None),
        };
        rest = behind;
        match value.unwrap_or_default() {
            b"\\N" => batch.push_null(),
            value => {
                write(value, *writing, batch.value());
                batch.end();
            }
        }
    }
    if rest.is_some() { Err(unexpected()) } else { Ok(()) }
}

fn unexpected() -> SourceError {
    SourceError::new(Fault::Passing, "the server answers rows of another form than it announced")
}

fn write(value: &[u8], writing: Writing, into: &mut Vec<u8>) {
    match writing {
        Writing::AsIs => unescaped(value, into),
        Writing::Boolean => into.extend_from_slice(match value {
            b"t" => b"true",
            b"f" => b"false",
            other => other,
        }),
        Writing::Float => match with_exponent(value) {
            Some(number) => write_float(number, into),
            None => into.extend_from_slice(value),
        },
        Writing::Single => match with_exponent::<f32>(value) {
            Some(number) => write_single(number, into),
            None => into.extend_from_slice(value),
        },
        Writing::Datetime => datetime(value, into),
        Writing::Moment => match value.strip_suffix(b"+00") {
            Some(time) => {
                datetime(time, into);
                into.push(b'Z');
            }
            // `infinity`, or years before Christ, which no file holds: the check finds them.
            None => datetime(value, into),
        },
    }
}

/// A number that is written with an exponent.
fn with_exponent<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    memchr(b'e', value)?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// `2026-01-31 13:45:00` with a `T`.
fn datetime(value: &[u8], into: &mut Vec<u8>) {
    let begin = into.len();
    into.extend_from_slice(value);
    if let Some(blank) = memchr(b' ', value)
        && let Some(byte) = into.get_mut(begin + blank)
    {
        *byte = b'T';
    }
}

/// A text whose control characters and backslashes are written with backslashes.
fn unescaped(value: &[u8], into: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        into.extend_from_slice(plain);
        let Some(letter) = escape.get(1) else { break };
        into.push(match letter {
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            other => *other,
        });
        rest = escape.get(2..).unwrap_or_default();
    }
    into.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(row: &[u8], writings: &[Writing]) -> Vec<Option<String>> {
        let mut batch = RowBatch::default();
        batch.clear(writings.len());
        read(row, writings, &mut batch).unwrap();
        let row = batch.iter().next().unwrap();
        row.map(|value| value.map(|value| String::from_utf8(value.to_vec()).unwrap())).collect()
    }

    fn one(text: &str, writing: Writing) -> String {
        values(format!("{text}\n").as_bytes(), &[writing]).remove(0).unwrap()
    }

    #[test]
    fn null_is_not_the_empty_text() {
        use Writing::AsIs;
        let told = values(b"\\N\t\t\\\\N\ta\\tb\\\\\\n\n", &[AsIs; 4]);
        assert_eq!(told, [None, Some(String::new()), Some("\\N".into()), Some("a\tb\\\n".into())]);
    }

    #[test]
    fn values_are_written_as_files_hold_them() {
        assert_eq!(one("t", Writing::Boolean), "true");
        assert_eq!(one("f", Writing::Boolean), "false");
        assert_eq!(one("1e+22", Writing::Float), "10000000000000000000000");
        assert_eq!(one("-1.5e-09", Writing::Float), "-0.0000000015");
        assert_eq!(one("1e-05", Writing::Single), "0.00001");
        assert_eq!(one("NaN", Writing::Float), "NaN");
        assert_eq!(one("2026-01-31 13:45:00.5", Writing::Datetime), "2026-01-31T13:45:00.5");
        assert_eq!(one("2026-01-31 13:45:00.5+00", Writing::Moment), "2026-01-31T13:45:00.5Z");
        assert_eq!(one("infinity", Writing::Moment), "infinity");
        assert_eq!(one("0044-03-15 00:00:00+00 BC", Writing::Moment), "0044-03-15T00:00:00+00 BC");
    }

    #[test]
    fn a_row_of_another_form_is_an_error() {
        let mut batch = RowBatch::default();
        for row in [&b"a\n"[..], b"a\tb\tc\n"] {
            batch.clear(2);
            assert!(read(row, &[Writing::AsIs; 2], &mut batch).is_err());
        }
    }
}
