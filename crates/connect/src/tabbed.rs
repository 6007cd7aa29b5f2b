//! Rows as lines: values between tabs, `\N` for NULL, and control characters with backslashes. PostgreSQL and
//! ClickHouse write them so.

use memchr::memchr;
use tidewaiter_engine::ports::{Fault, RowBatch, SourceError};

/// Reads a row into a batch. Each value is written as its column asks for it.
pub(crate) fn read<W: Copy>(
    row: &[u8],
    writings: &[W],
    write: impl Fn(&[u8], W, &mut Vec<u8>),
    batch: &mut RowBatch,
) -> Result<(), SourceError> {
    let mut rest = Some(row);
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

/// A text whose control characters and backslashes are written with backslashes.
pub(crate) fn unescaped(value: &[u8], into: &mut Vec<u8>) {
    let mut rest = value;
    while let Some(at) = memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        into.extend_from_slice(plain);
        let Some(letter) = escape.get(1) else { break };
        into.push(match letter {
            b'0' => 0,
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

/// A number that is written with an exponent.
pub(crate) fn with_exponent<T: std::str::FromStr>(value: &[u8]) -> Option<T> {
    memchr(b'e', value)?;
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_not_the_empty_text() {
        let mut batch = RowBatch::default();
        batch.clear(4);
        let write = |value: &[u8], (): (), into: &mut Vec<u8>| unescaped(value, into);
        read(b"\\N\t\t\\\\N\ta\\tb\\\\\\n\\0", &[(); 4], write, &mut batch).unwrap();
        let row: Vec<Option<&[u8]>> = batch.iter().next().unwrap().collect();
        assert_eq!(row, [None, Some(&b""[..]), Some(b"\\N"), Some(b"a\tb\\\n\0")]);
    }

    #[test]
    fn a_row_of_another_form_is_an_error() {
        let mut batch = RowBatch::default();
        for row in [&b"a"[..], b"a\tb\tc"] {
            batch.clear(2);
            assert!(read(row, &[(); 2], |_, (), _| {}, &mut batch).is_err());
        }
    }
}
