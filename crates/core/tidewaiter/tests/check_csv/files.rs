//! What a file and its header must be: each rule, with its finding.

use crate::support::{Call, people, run, run_with, scope};
use tidewaiter::check::Limits;
use tidewaiter::finding::Code;

/// The file is bogus for one reason: code, message, hint.
#[track_caller]
fn assert_bogus(file: impl AsRef<[u8]>, code: Code, message: &str, hint: &str) {
    let run = run(file);
    assert!(run.summary.bogus);
    let finding = run.only_finding();
    assert_eq!((finding.code, finding.message.as_str()), (code, message));
    assert_eq!(finding.hint.as_deref().unwrap_or_default(), hint);
}

#[test]
fn a_header_alone_is_a_file_without_lines() {
    for file in ["id;name", "id;name\n", "id;name\r\n"] {
        let run = run(file);
        assert!(!run.summary.bogus);
        assert_eq!(run.summary.lines_read, 0);
        let labels = vec!["id".to_owned(), "name".to_owned()];
        assert_eq!(run.calls, [Call::Header { raw: file.as_bytes().to_vec(), labels }]);
    }
}

#[test]
fn empty_files() {
    for file in ["", "\n", "\r\n\r\n", "\n\n\n", "\r", "\r\r\n\r"] {
        assert_bogus(file, Code::EmptyFile, "the file is empty", "");
    }
}

#[test]
fn an_empty_first_line() {
    let advice = "remove the empty lines at the beginning";
    assert_bogus(
        "\nid;name\n1;Ada\n",
        Code::BlankLabel,
        "the first line is empty, but must be the header",
        advice,
    );
    assert_bogus("\r\n\r\n\nid", Code::BlankLabel, "the first line is empty, but must be the header", advice);
}

#[test]
fn byte_order_marks_and_utf16() {
    let bom = "the file begins with a byte order mark";
    assert_bogus(
        "\u{feff}id;name\n",
        Code::EncodingError,
        bom,
        "save it as UTF-8 without BOM, or add `\"encoding\": \"auto\"` to the import",
    );
    let run = run("\u{feff}id;nam\n");
    let codes: Vec<_> = run.codes().into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, [Code::EncodingError, Code::ExtraLabel], "what else is wrong is said too");
    let little: Vec<u8> = "id;name\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = "id;name\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let advice = |label: &str| {
        format!("save it as UTF-8 without byte order mark, or add `\"encoding\": \"{label}\"` to the import")
    };
    for (mark, bytes, name) in [([0xff, 0xfe], little, "little"), ([0xfe, 0xff], big, "big")] {
        let message = format!("the file is UTF-16 ({name}-endian), not UTF-8");
        let label = if name == "little" { "utf-16le" } else { "utf-16be" };
        assert_bogus(&bytes, Code::EncodingError, &message, &advice(label));
        assert_bogus([&mark[..], &bytes].concat(), Code::EncodingError, &message, &advice("auto"));
    }
}

#[test]
fn other_kinds_of_files() {
    let mut tar = vec![b'a'; 600];
    tar[257..262].copy_from_slice(b"ustar");
    let kinds: [(&[u8], &str); 13] = [
        (b"PK\x03\x04\x14\0\0\0", "a zip archive or an Excel workbook (xlsx)"),
        (b"PK\x03\x04\x0a\0\0\0", "a zip archive or an Excel workbook (xlsx)"),
        (b"\x1f\x8b\x08\0\0", "a gzip archive"),
        (b"BZh91AY&SY\x01", "a bzip2 archive"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an old Office document, perhaps an Excel workbook (xls)"),
        (b"<!DOCTYPE html>\n<html>", "a web page"),
        (b"  <HTML><body>", "a web page"),
        (b"<?xml version='1.0'?>\n", "XML"),
        (b"{\n  \"id\": 1\n}", "JSON"),
        (b"[{\"id\": 1}]", "JSON"),
        (b"{\\rtf1", "a rich text document"),
        (&tar, "a tar archive"),
    ];
    for (file, name) in kinds {
        let run = run(file);
        let finding = run.only_finding();
        assert_eq!(finding.code, Code::FormatError, "{name}");
        assert_eq!(finding.message, format!("the file seems to be {name}, not CSV"));
        assert!(finding.hint.is_some());
    }
}

#[test]
fn a_header_in_another_encoding() {
    let run = run(b"id;pr\xe9nom\n1;Ada\n");
    let finding = run.only_finding();
    assert_eq!((finding.code, finding.line, finding.byte), (Code::EncodingError, Some(1), Some(0)));
    assert_eq!(finding.message, "byte 6 of the line, 0xE9, is not UTF-8");
    assert!(finding.hint.as_deref().unwrap().contains("`id;prénom`"));
}

#[test]
fn control_characters_in_the_header() {
    let mac = "the lines end with a bare carriage return: save the file with LF or CRLF line endings";
    assert_bogus("id;name\r1;Ada\r", Code::ControlCharacter, "the header contains a carriage return", mac);
    assert_bogus("id;na\rme\n", Code::ControlCharacter, "the header contains a carriage return", "");
    assert_bogus("id;na\0me\n", Code::ControlCharacter, "the header contains a NUL byte", "");
}

#[test]
fn headers_have_limits() {
    let limits = Limits { header_bytes: 7, columns: 2, ..Limits::default() };
    assert!(!run_with(&people(), limits, "id;name\n1;a\n").summary.bogus);
    let run = run_with(&people(), limits, "id;names\n");
    assert_eq!(run.only_finding().code, Code::HeaderTooLong);
    assert_eq!(run.only_finding().message, "the header is longer than 7 bytes");
    let run = run_with(&people(), limits, "id;a;b\n");
    assert_eq!(run.only_finding().message, "the header has 3 columns where at most 2 are allowed");
    let run = run_with(&people(), limits, "id\r1\r2\r3\r4\r5");
    assert_eq!(run.only_finding().code, Code::ControlCharacter);
}

#[test]
fn labels_may_be_quoted_and_in_any_order() {
    let run = run("\"name\";\"id\"\nAda;1\n");
    assert_eq!(run.accepted(), [2]);
}

#[test]
fn unknown_labels() {
    let run = run("id;Name;foo;e-mail\n1;2;3;4\n");
    let found: Vec<_> = run
        .findings()
        .iter()
        .map(|f| (f.code, f.field.as_ref().map(|f| (f.number, f.name.as_str())), f.hint.as_deref()))
        .collect();
    let known = "the columns are `id`, `name`, `score`, `born`, `email`, `phone`; `\"columns\"` in the import maps or ignores other names, and `\"scopes\"` adds columns";
    assert_eq!(
        found,
        [
            (
                Code::ExtraLabel,
                Some((2, "Name")),
                Some(
                    "column names are case-sensitive: write `name`, or add `\"labels\": \"loose\"` to the import"
                )
            ),
            (Code::ExtraLabel, Some((3, "foo")), Some(known)),
            (
                Code::ExtraLabel,
                Some((4, "e-mail")),
                Some("did you mean `email`? Write it so, or add `\"labels\": \"loose\"` to the import")
            ),
        ]
    );
}

#[test]
fn a_label_cannot_steer_a_terminal() {
    let run = run("id;\u{1b}[31m\n");
    assert_eq!(run.only_finding().field.as_ref().unwrap().name, "\\u{1b}[31m");
}

#[test]
fn labels_twice_and_labels_without_name() {
    let twice = "the column appears twice, first as column 1";
    assert_bogus(
        "id;name;id\n",
        Code::DuplicateLabel,
        twice,
        "remove one of the two, or rename it after what it contains",
    );
    assert_bogus("id;;name\n", Code::BlankLabel, "the column has no name", "");
    assert_bogus("id; ;name\n", Code::BlankLabel, "the column has no name", "");
    let trailing = "the header seems to end with an extra delimiter";
    assert_bogus("id;name;\n", Code::BlankLabel, "the column has no name", trailing);
}

#[test]
fn the_wrong_delimiter() {
    let seems = "the file seems to be delimited by `,`; `;` is expected: use it, or add `\"delimiter\": \",\"` to the import";
    assert_bogus("id,name\n1,Ada\n", Code::ExtraLabel, "the header is a single unknown column", seems);
    assert_bogus("\"id\",\"name\"\n", Code::StrayQuote, "a quote is out of place in the header", seems);
}

#[test]
fn quotes_in_the_header() {
    assert_bogus(
        "id;\"name\n1;\"\n",
        Code::UnclosedQuote,
        "a quote is opened but not closed in the header",
        "",
    );
    assert_bogus("id;na\"me\n", Code::StrayQuote, "a quote is out of place in the header", "");
}

#[test]
fn headers_as_spreadsheets_leave_them() {
    let message = "the first line declares the delimiter, but must be the header";
    let hint = "remove the first line: it is a spreadsheet setting, not data";
    assert_bogus("sep=;\nid;name\n1;Ada\n", Code::ExtraLabel, message, hint);
    assert_bogus("SEP=,\nid;name\n", Code::ExtraLabel, message, hint);
    let message = "the whole header is in quotes";
    let hint = "quote each column name separately or not at all, with `;` between them";
    assert_bogus("\"id;name\"\n\"1;Ada\"\n", Code::ExtraLabel, message, hint);
}

#[test]
fn required_columns() {
    assert_bogus("name;score\n", Code::MissingLabel, "the key column `id` is missing", "");
    let scope = scope(
        r#"{
            "fields": [
                { "name": "email" }, { "name": "cellphone" }, { "name": "a" }, { "name": "b" },
                { "name": "c", "constraints": { "required": true } }
            ],
            "identifiedBy": ["email", "cellphone"],
            "requireAny": [["cellphone", "email"], ["a", "b"], ["a"]]
        }"#,
    );
    let run = run_with(&scope, Limits::default(), "x\n");
    let messages: Vec<_> = run.findings().iter().map(|f| f.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "the column is unknown in people",
            "the required column `c` is missing",
            "one of the columns `email`, `cellphone` is required",
            "one of the columns `a`, `b` is required",
            "the column `a` is missing",
        ]
    );
    assert!(!run_with(&scope, Limits::default(), "cellphone;a;c\n1;2;3\n").summary.bogus);
}

#[test]
fn a_bogus_file_is_known_before_its_end() {
    use tidewaiter::check::{Checker, Dialect};
    let mut sink = crate::support::Calls::default();
    let mut checker = Checker::new(people(), Dialect::default(), Limits::default());
    checker.feed(b"x;y\n", &mut sink);
    assert!(checker.is_bogus());
    checker.feed(b"1;2\n", &mut sink);
    let summary = checker.finish(&mut sink);
    assert_eq!((summary.lines_read, summary.bytes, sink.0.len()), (0, 8, 0));
}
