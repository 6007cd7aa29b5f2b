//! Records as CSV, in the form of the files that are dropped, or for a spreadsheet program.

use std::borrow::Cow;

/// By this Excel knows that a file is UTF-8. Others pass over it.
pub const MARK: &[u8] = "\u{feff}".as_bytes();

/// Cells as a line of CSV; quotes only where they are needed. A line that is otherwise empty is quoted, so
/// that it is not taken for no line.
pub fn line<'a>(delimiter: u8, cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut line = Vec::new();
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            line.push(delimiter);
        }
        if cell.bytes().any(|b| matches!(b, b'"' | b'\n' | b'\r') || b == delimiter) {
            line.push(b'"');
            line.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            line.push(b'"');
        } else {
            line.extend_from_slice(cell.as_bytes());
        }
    }
    if line.is_empty() {
        line.extend_from_slice(b"\"\"");
    }
    line.push(b'\n');
    line
}

/// A cell that no spreadsheet program computes: what begins like a formula begins with `'` instead, as OWASP advises
/// ("CSV Injection"). So does what would begin a cell if the program split at another delimiter than ours. A negative
/// number is no formula, and stays a number.
pub fn inert(cell: &str) -> Cow<'_, str> {
    if !cell.contains(FORMULA) || is_negative_number(cell) {
        return cell.into();
    }
    let mut inert = String::with_capacity(cell.len() + 1);
    let mut begins = true;
    for c in cell.chars() {
        if begins && FORMULA.contains(&c) {
            inert.push('\'');
        }
        inert.push(c);
        begins = matches!(c, ',' | ';' | '|' | '\t' | '\r' | '\n') || begins && c == '"';
    }
    inert.into()
}

/// What a formula begins with, also in full width, which some programs take for the same.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn is_negative_number(cell: &str) -> bool {
    let Some(number) = cell.strip_prefix('-') else { return false };
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_they_must_be() {
        assert_eq!(line(b';', ["a", "", "b;c", "5\" disc"].into_iter()), b"a;;\"b;c\";\"5\"\" disc\"\n");
        assert_eq!(line(b';', [""].into_iter()), b"\"\"\n");
    }

    #[test]
    fn nothing_is_computed_by_a_spreadsheet() {
        for formula in
            ["=cmd|' /C calc'!A0", "@SUM(A1)", "+33612345678", "-1+1", "-", "＝1+1", "-1.2.3", "-1e5"]
        {
            assert_eq!(inert(formula), format!("'{formula}"));
        }
        assert_eq!(inert("\t=1"), "'\t'=1");
        assert_eq!(inert("a,=1;\"@b"), "a,'=1;\"'@b", "split at commas or not");
        for harmless in ["", "a=1", "a, b-c", "12.50", "-12.50", "-3", "-0,5", "'=1", "2026-01-31"] {
            assert_eq!(inert(harmless), harmless);
        }
    }
}
