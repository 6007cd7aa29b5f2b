//! Records as CSV, in the form of the files that are dropped.

/// What tidewaiter's own files are separated by.
const DELIMITER: u8 = b';';

/// Cells as a line of CSV; quotes only where they are needed. A line that is otherwise empty is quoted, so
/// that it is not taken for no line.
pub(super) fn line<'a>(cells: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut line = Vec::new();
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            line.push(DELIMITER);
        }
        if cell.bytes().any(|b| matches!(b, DELIMITER | b'"' | b'\n' | b'\r')) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_only_where_they_must_be() {
        assert_eq!(line(["a", "", "b;c", "5\" disc"].into_iter()), b"a;;\"b;c\";\"5\"\" disc\"\n");
        assert_eq!(line([""].into_iter()), b"\"\"\n");
    }
}
