//! What a line must be: each rule, with the exact bytes that are rejected and the exact finding.

use crate::support::{Call, Calls, people, run, run_with, scope};
use tidewaiter::check::{Checker, Dialect, Limits};
use tidewaiter::finding::{Code, Field};

/// Line 3 of 4 is rejected, with one finding: code, column, value, message, hint.
#[track_caller]
fn assert_rejected(header: &str, line: &[u8], expected: (Code, Option<(u64, &str)>, &str, &str, &str)) {
    let good = format!("1{}", ";".repeat(header.matches(';').count()));
    let file =
        [header.as_bytes(), b"\n", good.as_bytes(), b"\n", line, b"\n", good.as_bytes(), b"\n"].concat();
    let run = run(&file);
    assert_eq!(run.accepted(), [2, 4]);
    assert_eq!(run.rejected(), String::from_utf8_lossy(&[line, b"\n"].concat()));
    let (code, field, value, message, hint) = expected;
    let finding = run.only_finding();
    assert_eq!(finding.code, code);
    assert_eq!((finding.line, finding.lines), (Some(3), 1));
    assert_eq!(finding.byte, Some((header.len() + good.len() + 2) as u64));
    assert_eq!(finding.field, field.map(|(number, name)| Field { number, name: name.to_owned() }));
    assert_eq!(finding.value.as_deref().unwrap_or_default(), value);
    assert_eq!(finding.message, message);
    assert_eq!(finding.hint.as_deref().unwrap_or_default(), hint);
}

#[test]
fn good_lines_keep_their_line_breaks() {
    let run = run("id;name\r\n1;Ada\r\n2;\"B; \"\"b\"\"\"\n3;Cyd");
    let expected = [
        (2, 9, "1;Ada\r\n", ["1", "Ada"]),
        (3, 16, "2;\"B; \"\"b\"\"\"\n", ["2", "B; \"b\""]),
        (4, 29, "3;Cyd", ["3", "Cyd"]),
    ];
    let expected = expected.map(|(number, byte, raw, fields)| Call::Accepted {
        number,
        byte,
        raw: raw.as_bytes().to_vec(),
        fields: fields.map(str::to_owned).to_vec(),
    });
    assert_eq!(run.calls[1..], expected);
}

#[test]
fn values_by_column_of_the_scope() {
    struct Values(Vec<Option<String>>);
    impl tidewaiter::check::Sink for Values {
        fn header(&mut self, _: &[u8], _: &tidewaiter::check::Header) {}
        fn accepted(&mut self, line: &tidewaiter::check::Line<'_>) {
            self.0.extend((0..3).map(|column| line.value(column).map(String::from)));
        }
        fn rejected(&mut self, _: &[u8]) {}
    }
    let mut values = Values(Vec::new());
    let mut checker = Checker::new(people(), Dialect::default(), Limits::default());
    checker.feed(b"score;id\n;7\n", &mut values);
    checker.finish(&mut values);
    assert_eq!(values.0, [Some("7".to_owned()), None, None]);
}

#[test]
fn encoding() {
    assert_rejected(
        "id;name",
        b"2;Ren\xe9e",
        (
            Code::EncodingError,
            None,
            "2;Ren\u{fffd}e",
            "byte 6 of the line, 0xE9, is not UTF-8",
            "it seems to be Windows-1252 or Latin-1, `2;Renée`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import",
        ),
    );
    assert_rejected(
        "id;name",
        b"2;\xff",
        (Code::EncodingError, None, "2;\u{fffd}", "byte 3 of the line, 0xFF, is not UTF-8", ""),
    );
}

#[test]
fn control_characters() {
    let nul = "the line contains a NUL byte";
    assert_rejected("id;name", b"2;a\0b", (Code::ControlCharacter, None, "2;a\\u{0}b", nul, ""));
    let doubled = "the lines end with CR CR LF: save the file with LF or CRLF line endings";
    let cr = "the line contains a carriage return that does not end the line";
    assert_rejected("id;name", b"2;a\rb", (Code::ControlCharacter, None, "2;a\\rb", cr, ""));
    assert_rejected("id;name", b"2;\"a\rb\"", (Code::ControlCharacter, None, "2;\"a\\rb\"", cr, ""));
    assert_rejected("id;name", b"2;ab\r\r", (Code::ControlCharacter, None, "2;ab\\r", cr, doubled));
}

#[test]
fn empty_lines() {
    assert_rejected("id;name", b"", (Code::BlankRow, None, "", "the line is empty", ""));
    assert_rejected("id;name", b"\r", (Code::BlankRow, None, "", "the line is empty", ""));
    assert_rejected("id", b"", (Code::BlankRow, None, "", "the line is empty", ""));
    let message = "the line holds no values, only delimiters";
    let advice = "remove the line: it holds delimiters, and no value";
    for line in [";", " ; ", "\"\";\"\"", ";;;"] {
        assert_rejected("id;name", line.as_bytes(), (Code::BlankRow, None, "", message, advice));
    }
}

#[test]
fn width() {
    assert_rejected(
        "id;name;score",
        b"2;a",
        (Code::MissingCell, None, "2;…", "2 fields where the header has 3", ""),
    );
    assert_rejected(
        "id;name;score",
        b"2,a,3",
        (
            Code::MissingCell,
            None,
            "2,a…",
            "1 field where the header has 3",
            "the line seems to be delimited by `,`; `;` is expected",
        ),
    );
    assert_rejected(
        "id;name",
        b"2;a;",
        (
            Code::ExtraCell,
            None,
            "2;…",
            "3 fields where the header has 2",
            "the line ends with an extra delimiter, or an earlier value contains one and needs quotes",
        ),
    );
    assert_rejected(
        "id;name",
        b"2;a;\"b;c\";d",
        (
            Code::ExtraCell,
            None,
            "2;a;\"b…",
            "4 fields where the header has 2",
            "put a value that contains the delimiter in quotes",
        ),
    );
}

#[test]
fn stray_quotes() {
    let advice = "put quotes around the whole value and double those inside it: `\"5\"\" disc\"`";
    let message = "a quote is out of place";
    assert_rejected(
        "id;name",
        b"2;5\" disc",
        (Code::StrayQuote, Some((2, "name")), "2;5\" disc", message, advice),
    );
    assert_rejected(
        "id;name",
        b"2;\"a\"b",
        (Code::StrayQuote, Some((2, "name")), "2;\"a\"b", message, advice),
    );
    let blank = "remove the spaces between the quotes and the delimiter";
    assert_rejected(
        "id;name",
        b"2;\"a\" ",
        (Code::StrayQuote, Some((2, "name")), "2;\"a\" ", message, blank),
    );
    assert_rejected("id;name", b"2;a;b\"", (Code::StrayQuote, None, "2;a;b\"", message, advice));
}

#[test]
fn unclosed_quotes() {
    let advice = "remove the quote, or close it after the value; double a quote inside a quoted value";
    let message = "a quote is opened but not closed";
    assert_rejected("id;name", b"2;\"a", (Code::UnclosedQuote, Some((2, "name")), "\"a", message, advice));
    assert_rejected("id;name", b"\"2;a", (Code::UnclosedQuote, Some((1, "id")), "\"2;a", message, advice));
    assert_rejected("id;name", b"2;a;\"", (Code::UnclosedQuote, None, "\"", message, advice));
}

#[test]
fn cells() {
    assert_rejected(
        "id;name",
        b"x;a",
        (Code::TypeError, Some((1, "id")), "x", "not a whole number such as -12", ""),
    );
    assert_rejected(
        "id;name;score",
        b"2;a;1,5",
        (
            Code::TypeError,
            Some((3, "score")),
            "1,5",
            "not a number such as -12.50",
            "write decimals with a point, not a comma: `1.5`, or add `\"decimal\": \",\"` to the import",
        ),
    );
    assert_rejected(
        "id;name",
        "2;ééééééééééééé".as_bytes(),
        (
            Code::ConstraintError,
            Some((2, "name")),
            "ééééééééééééé",
            "13 characters where at most 12 are allowed",
            "",
        ),
    );
    assert_rejected(
        "id;score",
        b"2;-0.5",
        (Code::ConstraintError, Some((2, "score")), "-0.5", "less than 0", ""),
    );
    assert_rejected(
        "id;name",
        b";a",
        (Code::PrimaryKey, Some((1, "id")), "", "no value in a column of the key", ""),
    );
    assert_rejected(
        "id;name",
        b"\"\";a",
        (Code::PrimaryKey, Some((1, "id")), "", "no value in a column of the key", ""),
    );
}

#[test]
fn a_value_is_checked_without_its_quotes() {
    let run = run(format!(
        "id;name;score
\"7\";\"{}\";\"1.5\"
",
        "\"\"".repeat(12)
    ));
    assert_eq!(run.accepted(), [2], "twelve doubled quotes are twelve characters");
}

#[test]
fn every_bad_cell_of_a_line_is_told() {
    let run = run("id;name;score;born\nx;a;-1;2026-02-30\n");
    assert_eq!(run.codes(), [(Code::TypeError, 2), (Code::ConstraintError, 2), (Code::TypeError, 2)]);
    assert_eq!(run.summary.rejected, 1);
    let fields: Vec<_> = (0..30).map(|n| format!(r#"{{ "name": "c{n}", "type": "integer" }}"#)).collect();
    let scope = scope(&format!(r#"{{ "fields": [{}], "onExisting": "append" }}"#, fields.join(",")));
    let header: Vec<_> = (0..30).map(|n| format!("c{n}")).collect();
    let run = run_with(&scope, Limits::default(), format!("{}\n{}\n", header.join(";"), ["x"; 30].join(";")));
    assert_eq!((run.summary.rejected, run.summary.findings.total()), (1, 10), "but no more than ten");
}

#[test]
fn rules_over_several_columns() {
    let scope = scope(
        r#"{
            "fields": [
                { "name": "email" }, { "name": "cellphone" }, { "name": "a" }, { "name": "b" },
                { "name": "c", "constraints": { "required": true } }
            ],
            "identifiedBy": ["email", "cellphone"],
            "requireAny": [["a", "b"]],
            "missingValues": ["", "NA"]
        }"#,
    );
    let run = run_with(
        &scope,
        Limits::default(),
        "email;cellphone;a;b;c\nx;;;x;x\nNA;;x;;x\n;x;NA;;x\nx;;x;;NA\n;;NA;;\n",
    );
    assert_eq!(run.accepted(), [2]);
    let found: Vec<_> =
        run.findings().iter().map(|f| (f.line.unwrap(), f.code, f.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (3, Code::PrimaryKey, "one of `email`, `cellphone` must have a value as the key"),
            (4, Code::RowConstraint, "one of `a`, `b` must have a value"),
            (5, Code::ConstraintError, "no value where one is required"),
            (6, Code::ConstraintError, "no value where one is required"),
            (6, Code::PrimaryKey, "one of `email`, `cellphone` must have a value as the key"),
            (6, Code::RowConstraint, "one of `a`, `b` must have a value"),
        ]
    );
    assert_eq!(run.findings()[2].value.as_deref(), Some("NA"));
}

#[test]
fn an_empty_cell_may_be_a_value_but_never_a_key() {
    let scope = scope(
        r#"{
            "fields": [{ "name": "id" }, { "name": "name" }, { "name": "n", "type": "integer" }],
            "primaryKey": ["id"], "missingValues": ["-"]
        }"#,
    );
    let run = run_with(&scope, Limits::default(), "id;name;n\na;;1\n;x;-\na;x;\n");
    assert_eq!(run.accepted(), [2]);
    assert_eq!(run.codes(), [(Code::PrimaryKey, 3), (Code::TypeError, 4)]);
}

#[test]
fn lines_have_a_limit() {
    let limits = Limits { line_bytes: 8, ..Limits::default() };
    let run =
        run_with(&people(), limits, "id;name\n1;345678\n2;3456789\n3;34567\r\n4;345678\r\n5;a\n6;3456789");
    assert_eq!(run.accepted(), [2, 4, 6], "a carriage return counts, a line feed does not");
    assert_eq!(run.rejected(), "2;3456789\n4;345678\r\n6;3456789");
    let finding = &run.findings()[0];
    assert_eq!((finding.code, finding.line, finding.byte), (Code::LineTooLong, Some(3), Some(17)));
    assert_eq!(finding.message, "the line is longer than 8 bytes");
    assert_eq!(run.findings()[2].line, Some(7));
}

#[test]
fn a_line_of_ten_megabytes_passes_in_pieces() {
    let long = vec![b'x'; 10 << 20];
    let file = [&b"id;name\n1;a\n2;"[..], &long, b"\n3;b\n"].concat();
    let run = run_with(&people(), Limits::default(), &file);
    assert_eq!(run.accepted(), [2, 4]);
    assert_eq!(run.codes(), [(Code::LineTooLong, 3)]);
    assert_eq!(run.summary.rejected, 1);
    let longest = run.calls.iter().map(|call| call.raw().len()).max().unwrap();
    assert_eq!(longest, (1 << 20) + 1, "no more than the limit is ever held");
    assert_eq!(crate::support::run_chunked(&people(), Limits::default(), &file, 65_537), run);
}

#[test]
fn three_thousand_columns() {
    let names: Vec<_> = (0..3000).map(|n| format!("c{n}")).collect();
    let fields: Vec<_> = names.iter().map(|n| format!(r#"{{ "name": "{n}", "type": "integer" }}"#)).collect();
    let scope = scope(&format!(r#"{{ "fields": [{}], "primaryKey": ["c7"] }}"#, fields.join(",")));
    let line = |bad: Option<usize>| {
        (0..3000)
            .map(|n| if Some(n) == bad { "x".to_owned() } else { n.to_string() })
            .collect::<Vec<_>>()
            .join(";")
    };
    let run = run_with(
        &scope,
        Limits::default(),
        format!("{}\n{}\n{}\n", names.join(";"), line(None), line(Some(2999))),
    );
    assert_eq!(run.accepted(), [2]);
    assert_eq!(run.only_finding().field, Some(Field { number: 3000, name: "c2999".to_owned() }));
}

#[test]
fn every_byte_may_come() {
    for byte in 0..=255_u8 {
        let run = run([b"id;name\n1;a", &[byte][..], b"b\n2;c\n"].concat());
        let expected = match byte {
            0 | b'\r' => Some(Code::ControlCharacter),
            b'"' => Some(Code::StrayQuote),
            b';' => Some(Code::ExtraCell),
            // The byte breaks the line, and what follows is a line of one field.
            b'\n' => Some(Code::MissingCell),
            0x80.. => Some(Code::EncodingError),
            _ => None,
        };
        assert_eq!(run.findings().iter().map(|f| f.code).next(), expected, "0x{byte:02x}");
        assert_eq!(run.summary.rejected, u64::from(expected.is_some()), "0x{byte:02x}");
    }
}

#[test]
fn a_caller_may_stop_early() {
    let mut sink = Calls::default();
    let mut checker = Checker::new(people(), Dialect::default(), Limits::default());
    checker.feed(b"id;name\n1;a\nx;b\n2;\"c\n", &mut sink);
    assert_eq!((checker.so_far().accepted, checker.so_far().rejected), (1, 2));
    let summary = checker.finish(&mut sink);
    assert_eq!(summary.findings.total(), 2);
}

#[test]
fn findings_do_not_grow_with_the_file() {
    let file = format!("id;name\n{}", "x;\"\n".repeat(50_000));
    let run = run_with(&people(), Limits::default(), file);
    assert_eq!(run.summary.rejected, 50_000);
    assert!(run.findings().len() <= 500);
}

/// A value of 8 bytes was once let pass where 2 to 5 characters were required: 8 bytes are at least 2 characters.
#[test]
fn lengths_are_counted_in_characters_whatever_their_bounds() {
    let bounds = (0..=4).flat_map(|least| (least..=9).map(move |most| (least, most)));
    for ((least, most), required) in bounds.flat_map(|bounds| [(bounds, true), (bounds, false)]) {
        let scope = scope(&format!(
            r#"{{ "fields": [{{ "name": "id" }}, {{ "name": "code", "constraints":
                {{ "required": {required}, "minLength": {least}, "maxLength": {most} }} }}], "primaryKey": ["id"] }}"#
        ));
        let mut file = "id;code\n".to_owned();
        let mut expected = Vec::new();
        let values =
            ["x", "é", "€", "𝄞"].into_iter().flat_map(|one| (0..40).map(move |n| (n, one.repeat(n))));
        for (n, value) in values {
            for line in [format!("1;{value}\n"), format!("\"1\";\"{value}\"\n"), format!("1;{value}\r\n")] {
                file += &line;
                let number = file.matches('\n').count() as u64;
                let is_good = if n == 0 { !required } else { (least..=most).contains(&n) };
                expected.extend(is_good.then_some(number));
            }
        }
        let run = run_with(&scope, Limits::default(), file.as_bytes());
        assert_eq!(run.accepted(), expected, "{least} to {most}, required: {required}");
    }
}
