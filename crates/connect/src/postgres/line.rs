//! A row of `COPY … TO STDOUT` in the text format.

use memchr::memchr;
use tidewaiter_engine::ports::{RowBatch, SourceError};

use super::kinds::Writing;
use crate::numbers::{write_float, write_single};
use crate::tabbed::{self, unescaped, with_exponent};

/// Reads a row into a batch.
pub(crate) fn read(row: &[u8], writings: &[Writing], batch: &mut RowBatch) -> Result<(), SourceError> {
    tabbed::read(row.strip_suffix(b"\n").unwrap_or(row), writings, write, batch)
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
}
