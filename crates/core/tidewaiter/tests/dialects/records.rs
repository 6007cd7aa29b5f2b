//! How records and their fields are told apart.

use serde_json::json;
use tidewaiter::check::Limits;

use crate::support::{Import, texts};

fn keep() -> Import {
    Import::new(&texts(&["id", "note", "city"]), &json!({ "line_breaks": "keep" }))
}

#[test]
fn a_record_with_line_breaks() {
    let read = keep().read("id;note;city\n1;\"a\nb\";x\r\n2;\"c\r\n\r\nd\"\"\";y\n3;e;z\n");
    assert_eq!(read.lines(), ["1|a\nb|x", "2|c\r\n\r\nd\"|y", "3|e|z"]);
    assert_eq!(
        read.good.iter().map(|good| good.0).collect::<Vec<_>>(),
        [2, 4, 7],
        "the line that each begins on"
    );
    assert_eq!((read.summary.lines_read, read.summary.file_lines), (3, Some(7)));
    assert_eq!(keep().read("id;note;city\n1;a;b\n").summary.file_lines, None);
}

#[test]
fn a_rejected_record_is_all_of_its_lines() {
    let fields = json!([{ "name": "id", "type": "integer" }, { "name": "note" }, { "name": "city" }]);
    let import = Import::new(&fields, &json!({ "line_breaks": "keep" }));
    let read = import.read("id;note;city\nx;\"a\nb\";c\n2;d;e\n3;\"f\ng\";h;i\n");
    assert_eq!(read.lines(), ["2|d|e"]);
    assert_eq!(read.bad, [b"x;\"a\nb\";c\n".to_vec(), b"3;\"f\ng\";h;i\n".to_vec()]);
    assert_eq!(
        read.findings(),
        ["2+1 id: not a whole number such as -12", "5+1: 4 fields where the header has 3"]
    );
}

#[test]
fn an_open_quote_costs_no_valid_record() {
    // Never closed.
    let read = keep().read("id;note;city\n1;\"a;x\n2;b;y\n3;c;z\n");
    assert_eq!(
        (read.lines(), read.bad),
        (vec!["2|b|y".to_owned(), "3|c|z".to_owned()], vec![b"1;\"a;x\n".to_vec()])
    );
    // Closed by what opens the next one.
    let read = keep().read("id;note;city\n1;\"a;x\n2;b;y\n3;\"c\";z\n4;\"d\ne\";z\n");
    assert_eq!(read.lines(), ["2|b|y", "3|c|z", "4|d\ne|z"]);
    // Beyond the bounds.
    let limits = Limits { line_bytes: 20, ..Limits::default() };
    let file = format!("id;note;city\n1;\"{}\";x\n2;b;y\n", "aaaa\n".repeat(10));
    let read = keep().read_in(file.as_bytes(), 3, limits);
    assert_eq!(read.lines(), ["2|b|y"]);
    assert_eq!(read.bytes, file.as_bytes());
    let file = format!("id;note;city\n1;\"{}\";x\n2;b;y\n", "a\n".repeat(1_500));
    assert_eq!(keep().read(&file).lines(), ["2|b|y"]);
}

#[test]
fn a_carriage_return_within_quotes_is_a_line_break() {
    let read = keep().read("id;note;city\n1;\"a\rb\";x\n2;a\rb;x\n3;\"a\r\nb\rc\";x\n4;\"a\0\";x\n");
    assert_eq!(read.lines(), ["1|a\rb|x", "3|a\r\nb\rc|x"]);
}

#[test]
fn delimiters_of_several_characters() {
    let import = Import::new(&texts(&["id", "note"]), &json!({ "delimiter": "||" }));
    let read = import.read("id||note\n1||a|b\n2||\"c||d\"\n3||\"e\"f\n4||\n5\n\n");
    assert_eq!(read.lines(), ["1|a|b", "2|c||d", "4"]);
    assert_eq!(
        read.findings(),
        ["4 note: a quote is out of place", "6: 1 field where the header has 2", "7: the line is empty"]
    );
    let import = Import::new(&texts(&["id", "note"]), &json!({ "delimiter": "\u{1}" }));
    assert_eq!(import.read("id\u{1}note\n1\u{1}a\n").lines(), ["1|a"]);
}

#[test]
fn no_quotes_and_other_quotes() {
    let import = Import::new(&texts(&["id", "note"]), &json!({ "quote": "" }));
    assert_eq!(import.read("id;note\n1;\"a\n2;5\" pipe\n").lines(), ["1|\"a", "2|5\" pipe"]);
    let import = Import::new(&texts(&["id", "note"]), &json!({ "quote": "'", "line_breaks": "keep" }));
    assert_eq!(import.read("id;note\n1;'it''s;\n'\n2;\"b\n").lines(), ["1|it's;\n", "2|\"b"]);
}

/// An escape took the meaning of all carriage returns behind it.
#[test]
fn an_escape_is_for_one_character() {
    let options = json!({ "escape": "\\", "line_breaks": "keep" });
    let import = Import::new(&texts(&["id", "note"]), &options);
    assert_eq!(import.read("id;note\n\\\r1;b\n").lines(), ["\r1|b"]);
    assert_eq!(import.read("id;note\n\\\r\r1;b\n").lines(), Vec::<String>::new());
}

#[test]
fn escapes_as_a_database_writes_them() {
    let options = json!({ "delimiter": "\t", "quote": "", "escape": "\\", "line_breaks": "keep", "missing_values": ["\\N"] });
    let import = Import::new(&texts(&["id", "note"]), &options);
    let read = import.read("id\tnote\n1\ta\\\tb\\\nc\n2\t\\N\n3\tN\n4\tx\\\\\n");
    assert_eq!(read.lines(), ["1|a\tb\nc", "2", "3|N", "4|x\\"]);
}
