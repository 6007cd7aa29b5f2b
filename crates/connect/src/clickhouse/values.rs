//! Values of ClickHouse as texts.

use super::kinds::Writing;
use crate::numbers::{write_float, write_single};
use crate::tabbed::{unescaped, with_exponent};

/// Writes a value as its column asks for it.
pub(super) fn write(value: &[u8], writing: Writing, into: &mut Vec<u8>) {
    match writing {
        Writing::AsIs => unescaped(value, into),
        Writing::Float => match no_number(value).or_else(|| with_exponent(value)) {
            Some(number) => write_float(number, into),
            None => into.extend_from_slice(value),
        },
        Writing::Single => match (no_number(value), with_exponent(value)) {
            (Some(word), _) => write_float(word, into),
            (None, Some(number)) => write_single(number, into),
            (None, None) => into.extend_from_slice(value),
        },
        Writing::Moment => moment(value, into),
    }
}

/// What is no number, and is called otherwise here than everywhere else.
fn no_number(value: &[u8]) -> Option<f64> {
    match value {
        b"nan" | b"-nan" => Some(f64::NAN),
        b"inf" => Some(f64::INFINITY),
        b"-inf" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// `2026-01-31T13:45:00.500Z` without the zeros at its end.
fn moment(value: &[u8], into: &mut Vec<u8>) {
    match value.strip_suffix(b"Z") {
        Some(time) if time.contains(&b'.') => {
            let digits = time.iter().rposition(|byte| *byte != b'0').map_or(0, |at| at + 1);
            let time = time.get(..digits).unwrap_or_default();
            into.extend_from_slice(time.strip_suffix(b".").unwrap_or(time));
            into.push(b'Z');
        }
        _ => into.extend_from_slice(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &str, writing: Writing) -> String {
        let mut into = Vec::new();
        write(value.as_bytes(), writing, &mut into);
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn values_are_written_as_files_hold_them() {
        assert_eq!(one("1e22", Writing::Float), "10000000000000000000000");
        assert_eq!(one("1e-7", Writing::Single), "0.0000001");
        assert_eq!(one("0.1", Writing::Float), "0.1");
        assert_eq!(
            ["nan", "inf", "-inf"].map(|word| one(word, Writing::Single)),
            ["NaN", "Infinity", "-Infinity"]
        );
        assert_eq!(one("2026-01-31T13:45:00.500Z", Writing::Moment), "2026-01-31T13:45:00.5Z");
        assert_eq!(one("2026-01-31T13:45:00.000Z", Writing::Moment), "2026-01-31T13:45:00Z");
        assert_eq!(one("2026-01-31T13:45:00Z", Writing::Moment), "2026-01-31T13:45:00Z");
        assert_eq!(one("a\\'b\\\\", Writing::AsIs), "a'b\\");
    }
}
