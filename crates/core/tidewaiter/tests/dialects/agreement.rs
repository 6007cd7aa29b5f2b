//! No value of an accepted record differs from what the file says by its dialect: compared with the crate `csv`, and with a
//! reader that goes byte by byte.

use proptest::prelude::*;
use serde_json::{Value, json};
use tidewaiter::check::Limits;

use crate::support::{Import, texts};

/// A dialect in which fields are told apart.
#[derive(Debug, Clone)]
struct Form {
    delimiter: &'static str,
    quote: Option<char>,
    escape: Option<char>,
    keeps: bool,
}

impl Form {
    fn options(&self) -> Value {
        let mut options = json!({
            "delimiter": self.delimiter,
            "quote": self.quote.map(String::from).unwrap_or_default(),
            "line_breaks": if self.keeps { "keep" } else { "reject" },
        });
        if let Some(escape) = self.escape {
            options["escape"] = json!(escape.to_string());
        }
        options
    }
}

fn forms(delimiters: &'static [&'static str]) -> impl Strategy<Value = Form> {
    let quotes = prop::sample::select(vec![Some('"'), Some('"'), Some('\''), None]);
    let escapes = prop::sample::select(vec![None, None, Some('\\')]);
    (prop::sample::select(delimiters), quotes, escapes, any::<bool>())
        .prop_map(|(delimiter, quote, escape, keeps)| Form { delimiter, quote, escape, keeps })
}

/// Reads a file slowly: every record is looked at from its beginning, character by character. Gives the records that are
/// good: the line that each begins on, and its two values.
fn slowly(form: &Form, file: &str) -> Vec<(u64, [String; 2])> {
    let lines: Vec<&str> = file.split_inclusive('\n').skip(1).collect();
    let (mut at, mut good) = (0, Vec::new());
    while at < lines.len() {
        let mut took = 1;
        // The shortest run of lines that is a whole record.
        for count in 1..=lines.len() - at {
            let text = lines[at..at + count].concat();
            let content =
                text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
            match fields(form, content) {
                Cut::Good(values) => {
                    if let Ok(values) = <[String; 2]>::try_from(values) {
                        good.push((at as u64 + 2, values));
                    }
                    took = count;
                    break;
                }
                Cut::Open if form.keeps => {}
                Cut::Open | Cut::Bad => break,
            }
        }
        at += took;
    }
    good
}

enum Cut {
    Good(Vec<String>),
    Open,
    Bad,
}

fn fields(form: &Form, record: &str) -> Cut {
    if record.is_empty() || record.contains('\0') {
        return Cut::Bad;
    }
    let chars: Vec<char> = record.chars().collect();
    let delimiter: Vec<char> = form.delimiter.chars().collect();
    let (mut at, mut values) = (0, Vec::new());
    loop {
        let mut value = String::new();
        let is_quoted = form.quote.is_some() && chars.get(at).copied() == form.quote;
        at += usize::from(is_quoted);
        loop {
            let rest = &chars[at.min(chars.len())..];
            match rest.first().copied() {
                None if is_quoted => return Cut::Open,
                None => {
                    values.push(value);
                    return Cut::Good(values);
                }
                Some(_) if !is_quoted && rest.starts_with(&delimiter) => break,
                Some(c) if Some(c) == form.escape => {
                    let Some(next) = rest.get(1) else { return Cut::Open };
                    // A carriage return ends a line, or the line is rejected, whatever stands before it.
                    if *next == '\r' && !form.keeps {
                        return Cut::Bad;
                    }
                    let behind = &rest[2..];
                    let starts = value.is_empty() && (at == 0 || chars[..at].ends_with(&delimiter));
                    if !is_quoted
                        && starts
                        && *next == 'N'
                        && (behind.is_empty() || behind.starts_with(&delimiter))
                    {
                        value.push(c);
                    }
                    value.push(*next);
                    at += 2;
                }
                Some(c) if Some(c) == form.quote => {
                    if !is_quoted {
                        return Cut::Bad;
                    }
                    let behind = &rest[1..];
                    if behind.first().copied() == form.quote {
                        value.push(c);
                        at += 2;
                    } else if behind.is_empty() {
                        values.push(value);
                        return Cut::Good(values);
                    } else if behind.starts_with(&delimiter) {
                        at += 1;
                        break;
                    } else {
                        return Cut::Bad;
                    }
                }
                Some('\r') if !(is_quoted && form.keeps) => return Cut::Bad,
                Some(c) => {
                    value.push(c);
                    at += 1;
                }
            }
        }
        values.push(value);
        at += delimiter.len();
    }
}

fn good(import: &Import, file: &str, chunk: usize) -> Vec<(u64, [String; 2])> {
    let read = import.read_in(file.as_bytes(), chunk, Limits::default());
    assert_eq!(read.bytes, file.as_bytes());
    let value = |value: &Option<String>| value.clone().unwrap_or_default();
    read.good.iter().map(|(number, _, values)| (*number, [value(&values[0]), value(&values[1])])).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any text, in any dialect, cut anywhere.
    #[test]
    fn records_are_those_of_a_slow_reader(
        form in forms(&[";", ",", "||", "¦", "\t", "::"]),
        parts in prop::collection::vec(
            prop::sample::select(vec!["a", "é", "¦", ";", ",", "|", "||", ":", "\t", "\"", "\"", "'", "\\", "\\N", "\n", "\n", "\r\n", "\r", "1;b\n", "\"x\"", "\";\"", "N"]),
            0..24,
        ),
        chunk in 1_usize..9,
    ) {
        let import = Import::new(&texts(&["a", "b"]), &form.options());
        let file = format!("a{}b\n{}", form.delimiter, parts.concat());
        let expected = slowly(&form, &file);
        prop_assert_eq!(good(&import, &file, usize::MAX), expected.clone());
        prop_assert_eq!(good(&import, &file, chunk), expected);
    }

    /// Any values, written by the crate `csv`.
    #[test]
    fn what_the_crate_csv_writes_is_read(
        delimiter in prop::sample::select(vec![b',', b';', b'\t', b'|']),
        rows in prop::collection::vec(["[a;,|\t\"\r\né']{0,6}", "[a;,|\t\"\né']{0,6}"], 1..8),
        quotes in prop::sample::select(vec![csv::QuoteStyle::Necessary, csv::QuoteStyle::Always, csv::QuoteStyle::NonNumeric]),
        returns in any::<bool>(),
    ) {
        let terminator = if returns { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote_style(quotes)
            .terminator(terminator)
            .from_writer(Vec::new());
        writer.write_record(["a", "b"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let file = String::from_utf8(writer.into_inner().unwrap()).unwrap();
        let options = json!({ "delimiter": char::from(delimiter).to_string(), "line_breaks": "keep" });
        let import = Import::new(&texts(&["a", "b"]), &options);
        let found: Vec<[String; 2]> = good(&import, &file, 5).into_iter().map(|(_, values)| values).collect();
        prop_assert_eq!(found, rows);
    }

    /// A text in an encoding is read as the same text in UTF-8 is.
    #[test]
    fn encodings_are_read_as_utf8_is(
        rows in prop::collection::vec("[a-z0-9éèüß;\"]{0,8};[a-zàçñ]{0,6}", 0..12),
        label in prop::sample::select(vec!["windows-1252", "utf-16le", "utf-16be", "iso-8859-15"]),
        keeps in any::<bool>(),
        chunk in 1_usize..9,
    ) {
        let file = format!("a;b\r\n{}", rows.join("\r\n"));
        let bytes: Vec<u8> = match label {
            "utf-16le" => file.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            "utf-16be" => file.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            label => encoding_rs::Encoding::for_label(label.as_bytes()).unwrap().encode(&file).0.into_owned(),
        };
        let breaks = if keeps { "keep" } else { "reject" };
        let own = Import::new(&texts(&["a", "b"]), &json!({ "encoding": label, "line_breaks": breaks }));
        let plain = Import::new(&texts(&["a", "b"]), &json!({ "encoding": "utf-8", "line_breaks": breaks }));
        let (one, other) = (
            own.read_in(&bytes, chunk, Limits::default()),
            plain.read_in(file.as_bytes(), usize::MAX, Limits::default()),
        );
        prop_assert_eq!(one.lines(), other.lines());
        prop_assert_eq!(one.findings(), other.findings());
        prop_assert_eq!(one.bytes, bytes);
    }
}
