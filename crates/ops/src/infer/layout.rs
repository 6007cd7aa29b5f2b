//! How a file is laid out: what stands between fields, and what stands around the table.

use super::records::{Cut, Row, Rows, cut};
use super::values;

/// The delimiters that are tried. Two pipes come before one, which cuts them, too.
const DELIMITERS: [&str; 8] = ["||", ";", ",", "\t", "|", "^", "~", "::"];
/// Quotes and escapes that are tried, the usual ones first.
const QUOTES: [(Option<char>, Option<char>); 5] = [
    (Some('"'), None),
    (Some('"'), Some('\\')),
    (Some('\''), None),
    (None, None),
    // As databases write tables as text.
    (None, Some('\\')),
];
/// How many records are cut in each way that is tried.
const TRIED: usize = 500;
/// How much text is cut in each way that is tried, in bytes.
const TRIED_BYTES: usize = 1 << 18;
/// The most fields that a document may give to a scope.
pub(super) const MOST_COLUMNS: usize = 5_000;
/// The most lines before a header.
const PREAMBLE: usize = 30;
/// What the last line of a file begins with if it is a sum or an end mark.
const TRAILERS: [&str; 18] = [
    "trailer",
    "total",
    "totals",
    "grandtotal",
    "footer",
    "end",
    "eof",
    "endoffile",
    "sum",
    "summe",
    "gesamt",
    "ende",
    "fin",
    "somme",
    "pied",
    "suma",
    "trl",
    "tlr",
];

/// How a file is laid out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) cut: Cut,
    /// How many fields a record has.
    pub(super) width: usize,
    /// How many lines stand before the header or the first record.
    pub(super) skip: usize,
    pub(super) has_header: bool,
    /// The pattern of the last line, if it is no record, and whether it holds the number of records.
    pub(super) trailer: Option<(String, bool)>,
    /// The labels, or none if there is no header.
    pub(super) labels: Vec<String>,
}

/// A file that is laid out.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) layout: Layout,
    /// The records behind the header.
    pub(super) rows: Vec<Row<'a>>,
    /// Records of another width.
    pub(super) odd: usize,
    /// Values and labels with blanks around them.
    pub(super) padded: usize,
    /// Records that span lines.
    pub(super) spanning: usize,
    pub(super) stray: usize,
    pub(super) comments: usize,
}

/// Finds out how a text is laid out; None if there is nothing in it. `known` tells labels that mean something.
pub(super) fn of<'a>(text: &'a str, is_whole: bool, known: &dyn Fn(&str) -> bool) -> Option<Table<'a>> {
    let how = guess(text)?;
    Some(read(text, how, is_whole, known))
}

/// Reads a text that is laid out in a known way.
pub(super) fn read<'a>(text: &'a str, how: Cut, is_whole: bool, known: &dyn Fn(&str) -> bool) -> Table<'a> {
    let mut found = cut(text, &how, usize::MAX);
    let width = usual_width(&found.records);
    let first = first(&found.records, width);
    let header = found.records.get(first);
    let before = header.map_or(0, |row| row.line);
    let is_comment = |line: &str| how.comment.is_some_and(|prefix| line.starts_with(prefix));
    // Comments are not read, wherever they stand.
    let skip = if text.lines().take(before).all(is_comment) { 0 } else { before };
    let behind = found.records.get(first + 1..).unwrap_or_default();
    let has_header = width <= MOST_COLUMNS && header.is_some_and(|row| is_header(row, behind, known));
    let labels: Vec<String> = match header {
        Some(row) if has_header => row.cells.iter().map(|cell| cell.trim().to_owned()).collect(),
        _ => Vec::new(),
    };
    let padded_labels = header.filter(|_| has_header).map_or(0, padded);
    let mut rows = found.records.split_off((first + usize::from(has_header)).min(found.records.len()));
    let trailer = if is_whole { trailer(&mut rows, width, &how, found.lines) } else { None };
    let all = rows.len();
    let spanning = rows.iter().filter(|row| row.lines > 1).count();
    rows.retain(|row| row.cells.len() == width);
    if !is_whole {
        // The last record may be cut in its middle.
        rows.pop();
    }
    let padded = padded_labels + rows.iter().map(padded).sum::<usize>();
    let layout = Layout { cut: how, width, skip, has_header, trailer, labels };
    let odd = all.saturating_sub(rows.len() + usize::from(!is_whole));
    Table { layout, odd, padded, spanning, rows, stray: found.stray, comments: found.comments }
}

/// The place of the first record of the table: its header, or its first record without one.
fn first(rows: &[Row<'_>], width: usize) -> usize {
    // Spreadsheet programs are told the delimiter by a first line such as `sep=;`.
    let begins = |row: &Row<'_>| {
        row.cells.len() == width
            && !row.cells.first().is_some_and(|cell| cell.to_lowercase().starts_with("sep="))
    };
    let first = rows.iter().take(PREAMBLE).position(begins).unwrap_or(0);
    // A line of headings over several columns has gaps, and the labels stand below it.
    let has_gaps = rows.get(first).is_some_and(|row| row.cells.iter().any(|cell| cell.trim().is_empty()));
    let next = rows.get(first + 1).filter(|row| has_gaps && row.cells.len() == width && is_header_like(row));
    let behind = rows.get(first + 2..).unwrap_or_default();
    first + usize::from(next.is_some_and(|row| contrasts(row, behind)))
}

/// True if a record has a text in a column that holds numbers, dates or addresses behind it.
fn contrasts(row: &Row<'_>, behind: &[Row<'_>]) -> bool {
    let holds_values = |n: usize| {
        let mut values = behind.iter().take(TRIED).filter_map(|row| row.cells.get(n)).map(|cell| cell.trim());
        let mut values = values.by_ref().filter(|value| !value.is_empty()).peekable();
        values.peek().is_some() && values.all(values::is_clearly_a_value)
    };
    let is_text = |cell: &str| !cell.is_empty() && !values::is_clearly_a_value(cell);
    row.cells.iter().enumerate().any(|(n, cell)| is_text(cell.trim()) && holds_values(n))
}

/// The way in which most records have the same width.
fn guess(text: &str) -> Option<Cut> {
    let mut best: Option<(f64, Cut)> = None;
    let head = head(text);
    for delimiter in DELIMITERS {
        for (quote, escape) in QUOTES {
            let how = Cut { delimiter, quote, escape, comment: None };
            let found = cut(head, &how, TRIED);
            if found.records.is_empty() {
                return None;
            }
            // A file without such quotes has none, whatever else stands in it.
            if quote == Some('\'') && found.quoted == 0 {
                continue;
            }
            let Some(score) = score(&found) else { continue };
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, how));
            }
        }
    }
    let mut how = best.map_or_else(|| one_column(head), |(_, how)| how);
    let found = cut(head, &how, TRIED);
    let width = usual_width(&found.records);
    let mut hashes = found.records.iter().filter(|row| row.begins_with_hash).peekable();
    if hashes.peek().is_some() && hashes.all(|row| row.cells.len() != width) {
        how.comment = Some("#");
    }
    Some(how)
}

/// The way to cut one column: a delimiter that does not occur keeps each line one value.
fn one_column(head: &str) -> Cut {
    let unused = |delimiter: &&&str| !head.contains(**delimiter);
    let delimiter = [";", ",", "\t", "|"].iter().find(unused).copied().unwrap_or("^");
    Cut { delimiter, quote: Some('"'), escape: None, comment: None }
}

/// Whole lines from the beginning.
fn head(text: &str) -> &str {
    if text.len() <= TRIED_BYTES {
        return text;
    }
    let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= TRIED_BYTES).last().unwrap_or(0);
    let head = text.get(..end).unwrap_or(text);
    head.rfind('\n').and_then(|at| head.get(..=at)).unwrap_or(head)
}

/// How well a way to cut fits; None if it does not.
#[expect(clippy::cast_precision_loss, reason = "a few hundred records are compared")]
fn score(found: &Rows<'_>) -> Option<f64> {
    let width = usual_width(&found.records);
    if width < 2 {
        return None;
    }
    let first = found.records.iter().position(|row| row.cells.len() == width)?;
    let table = found.records.get(first..)?;
    let even = table.iter().filter(|row| row.cells.len() == width).count() as f64 / table.len() as f64;
    if even < 0.5 || first > PREAMBLE {
        return None;
    }
    let header = table.first().is_some_and(|row| is_header_like(row));
    let cells = (found.records.len() * width) as f64;
    let wide = width.min(50) as f64 / 1_000.0;
    let begins = if first == 0 { 0.1 } else { 0.0 };
    let labelled = if header { 0.3 } else { 0.0 };
    let stray = (found.stray as f64 / found.records.len() as f64).min(1.0);
    let quoted = found.quoted as f64 / cells / 100.0;
    // Empty fields between all others: two pipes that were cut as one.
    let empty = table.iter().flat_map(|row| &row.cells).filter(|cell| cell.is_empty()).count() as f64;
    Some(even + begins + labelled + wide + quoted - stray - 0.2 * empty / cells)
}

/// The width that most records have; the larger one of two.
fn usual_width(rows: &[Row<'_>]) -> usize {
    let mut counts = std::collections::BTreeMap::<usize, usize>::new();
    for row in rows {
        *counts.entry(row.cells.len()).or_default() += 1;
    }
    let usual = counts.iter().max_by_key(|(width, count)| (**count, **width));
    usual.map_or(1, |(width, _)| *width)
}

/// True if a record may hold labels.
fn is_header_like(row: &Row<'_>) -> bool {
    let filled: Vec<&str> =
        row.cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
    filled.len() * 2 > row.cells.len() && filled.iter().all(|cell| !values::is_clearly_a_value(cell))
}

/// True if a record holds the labels of those behind it.
fn is_header(row: &Row<'_>, behind: &[Row<'_>], known: &dyn Fn(&str) -> bool) -> bool {
    if !is_header_like(row) {
        return false;
    }
    if behind.is_empty() || row.cells.iter().any(|cell| known(cell)) || contrasts(row, behind) {
        return true;
    }
    // A label is not a value of its own column.
    let repeats = |n: usize, label: &str| {
        !label.trim().is_empty()
            && behind.iter().take(TRIED).any(|row| row.cells.get(n).is_some_and(|cell| cell == label))
    };
    !row.cells.iter().enumerate().any(|(n, label)| repeats(n, label))
}

fn padded(row: &Row<'_>) -> usize {
    row.cells.iter().filter(|cell| cell.trim().len() != cell.len()).count()
}

/// Takes the last record if it is the trailer of the file.
fn trailer(rows: &mut Vec<Row<'_>>, width: usize, how: &Cut, lines: usize) -> Option<(String, bool)> {
    let last = rows.last()?;
    let records = (rows.len() - 1).to_string();
    let first = last.cells.first()?.trim();
    let is_word = first.chars().next().is_some_and(char::is_alphabetic);
    let plain: String = first.to_lowercase().chars().filter(|c| c.is_alphabetic()).collect();
    let is_known = TRAILERS.contains(&plain.as_str());
    let others = last.cells.get(1..).unwrap_or_default();
    let counts = others.iter().any(|cell| cell.trim() == records);
    let is_sparse = others.iter().filter(|cell| cell.trim().is_empty()).count() * 2 >= width;
    let is_odd = last.cells.len() != width;
    let unusual = is_odd || is_sparse;
    if !is_word || width < 2 || !unusual || !(is_known || (counts && is_odd)) {
        return None;
    }
    let mut counted = false;
    let mut pattern = last.cells.first()?.to_string();
    for cell in others {
        pattern.push_str(how.delimiter);
        let cell = cell.trim();
        if cell == records && !counted {
            counted = true;
            pattern.push_str("{count}");
        } else if cell == lines.to_string() && !counted {
            counted = true;
            pattern.push_str("{lines}");
        } else if !cell.is_empty() {
            pattern.push('*');
        }
    }
    rows.pop();
    Some((pattern, counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Layout {
        of(text, true, &|_| false).unwrap().layout
    }

    #[test]
    fn delimiters_are_told_by_even_widths() {
        for (text, delimiter, width) in [
            ("id;price;name\n1;2,50;a\n2;3,50;b\n", ";", 3),
            ("id,name,note\n1,a,x;y\n2,b,z\n", ",", 3),
            ("id\tname\n1\ta, b\n2\tc\n", "\t", 2),
            ("id||name||x\n1||a||\n2||b||c\n", "||", 3),
            ("id|name|x\n1|a|\n2|b|c\n", "|", 3),
            ("id^name\n1^a\n", "^", 2),
            ("id~name\n1~a\n", "~", 2),
            ("name\nAnna\nBo\n", ";", 1),
        ] {
            let found = layout(text);
            assert_eq!(
                (found.cut.delimiter, found.width, found.has_header),
                (delimiter, width, true),
                "{text}"
            );
        }
    }

    #[test]
    fn what_stands_around_the_table_is_told() {
        let found = layout("Export of the ERP\n\nid;name;price\n1;a;2\n2;b;3\nTRAILER;2\n");
        assert_eq!((found.skip, found.trailer), (2, Some(("TRAILER;{count}".to_owned(), true))));
        let found = layout("# made by x\nid;name\n1;a\n# half\n2;b\n");
        assert_eq!((found.cut.comment, found.skip, found.labels.len()), (Some("#"), 0, 2));
        let found = layout("Name,Email\n#1001,a@example.org\n#1002,b@example.org\n");
        assert_eq!((found.cut.comment, found.labels.len()), (None, 2));
        let found = layout("sep=;\nid;name\n1;a\n");
        assert_eq!((found.skip, found.labels.len()), (1, 2));
        let found = layout("Customer;;Order\nid;name;no\n1;a;x\n2;b;y\n");
        assert_eq!(
            (found.skip, found.labels),
            (1, vec!["id".to_owned(), "name".to_owned(), "no".to_owned()])
        );
        let found = layout("1;Anna;2026-01-31\n2;Bo;2026-02-01\n");
        assert!(!found.has_header);
        let found = layout("Total;Name;x\n1;a;2\n3;b;5\nTotal;;\n");
        assert_eq!(found.trailer, Some(("Total;;".to_owned(), false)));
    }

    #[test]
    fn quotes_are_told() {
        let found = layout("a,b\n1,12\" pipe\n2,14\" pipe\n3,x\n");
        assert_eq!(found.cut.quote, None);
        let found = layout("a,b\n'1, x','y'\n'2','z, w'\n");
        assert_eq!((found.cut.quote, found.width), (Some('\''), 2));
        let found = layout("a,b\n\"1 \\\"x\\\", z\",2\n\"3\",4\n");
        assert_eq!((found.cut.escape, found.width), (Some('\\'), 2));
    }
}
