//! The checker against a slow and obvious one that has the whole file in memory.

use std::sync::Arc;

use crate::support::{Call, people, run_with, scope};
use proptest::prelude::*;
use tidewaiter::check::Limits;
use tidewaiter::finding::Code;
use tidewaiter::schema::compile::Scope;

const LIMITS: Limits = Limits { line_bytes: 24, header_bytes: 100, open_quote_lines: 3, columns: 100 };
const HEADER: &str = "id;name\n";

/// What a text is as fields: the fields, or what is wrong with its quotes.
#[derive(Debug, PartialEq)]
enum Parsed {
    Fields(Vec<Vec<u8>>),
    Stray,
    Open,
}

fn parse(text: &[u8]) -> Parsed {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let mut field = Vec::new();
        if rest.first() == Some(&b'"') {
            rest = &rest[1..];
            loop {
                if rest.is_empty() {
                    return Parsed::Open;
                } else if rest.starts_with(b"\"\"") {
                    field.push(b'"');
                    rest = &rest[2..];
                } else if rest[0] == b'"' {
                    rest = &rest[1..];
                    break;
                } else {
                    field.push(rest[0]);
                    rest = &rest[1..];
                }
            }
            if !rest.is_empty() && rest[0] != b';' {
                return Parsed::Stray;
            }
        } else {
            while !rest.is_empty() && rest[0] != b';' {
                if rest[0] == b'"' {
                    return Parsed::Stray;
                }
                field.push(rest[0]);
                rest = &rest[1..];
            }
        }
        fields.push(field);
        if rest.is_empty() {
            return Parsed::Fields(fields);
        }
        rest = &rest[1..];
    }
}

fn content(raw: &[u8]) -> &[u8] {
    let line = raw.strip_suffix(b"\n").unwrap_or(raw);
    if line.len() < raw.len() { line.strip_suffix(b"\r").unwrap_or(line) } else { line }
}

/// The fields of a good line, or the codes of what is wrong with it.
fn judge(raw: &[u8]) -> Result<Vec<String>, Vec<Code>> {
    if raw.strip_suffix(b"\n").unwrap_or(raw).len() > LIMITS.line_bytes {
        return Err(vec![Code::LineTooLong]);
    }
    let line = content(raw);
    if std::str::from_utf8(line).is_err() {
        return Err(vec![Code::EncodingError]);
    }
    if line.contains(&0) || line.contains(&b'\r') {
        return Err(vec![Code::ControlCharacter]);
    }
    if line.is_empty() {
        return Err(vec![Code::BlankRow]);
    }
    let fields = match parse(line) {
        Parsed::Stray => return Err(vec![Code::StrayQuote]),
        Parsed::Open => return Err(vec![Code::UnclosedQuote]),
        Parsed::Fields(fields) => fields,
    };
    if fields.len() < 2 {
        return Err(vec![Code::MissingCell]);
    }
    if fields.len() > 2 {
        return Err(vec![Code::ExtraCell]);
    }
    let fields: Vec<String> = fields.into_iter().map(|f| String::from_utf8(f).unwrap()).collect();
    let mut codes = Vec::new();
    if fields[0].is_empty() {
        codes.push(Code::PrimaryKey);
    } else if !fields[0].strip_prefix('-').unwrap_or(&fields[0]).chars().all(|c| c.is_ascii_digit())
        || fields[0] == "-"
    {
        codes.push(Code::TypeError);
    }
    if fields[1].chars().count() > 4 {
        codes.push(Code::ConstraintError);
    }
    if codes.is_empty() { Ok(fields) } else { Err(codes) }
}

/// How many lines from this one on are one record with line breaks in it; None if they are not.
fn broken_record(lines: &[&[u8]]) -> Option<usize> {
    for more in 1..=LIMITS.open_quote_lines.min(lines.len() - 1) {
        let joined = lines[..=more].concat();
        if joined.len() > LIMITS.line_bytes || judge(lines[more]).is_ok() {
            return None;
        }
        match parse(content(&joined)) {
            Parsed::Fields(fields) => return (fields.len() == 2).then_some(more + 1),
            Parsed::Stray => return None,
            Parsed::Open => {}
        }
    }
    None
}

/// The calls (rejected lines whole) and the findings (code, line, lines) of a body after [`HEADER`].
fn reference(body: &[u8]) -> (Vec<Call>, Vec<(Code, u64, u64)>) {
    let lines: Vec<&[u8]> = body.split_inclusive(|&b| b == b'\n').collect();
    let mut calls = Vec::new();
    let mut findings = Vec::new();
    let mut byte = HEADER.len() as u64;
    let mut explained = 0;
    for (n, &raw) in lines.iter().enumerate() {
        let number = n as u64 + 2;
        match judge(raw) {
            Ok(fields) => calls.push(Call::Accepted { number, byte, raw: raw.to_vec(), fields }),
            Err(codes) => {
                calls.push(Call::Rejected(raw.to_vec()));
                if n >= explained {
                    let record =
                        (codes == [Code::UnclosedQuote]).then(|| broken_record(&lines[n..])).flatten();
                    if let Some(count) = record {
                        findings.push((Code::QuotedLineBreak, number, count as u64));
                        explained = n + count;
                    } else {
                        findings.extend(codes.into_iter().map(|code| (code, number, 1)));
                    }
                }
            }
        }
        byte += raw.len() as u64;
    }
    (calls, findings)
}

fn small() -> Arc<Scope> {
    scope(
        r#"{ "fields": [{ "name": "id", "type": "integer" }, { "name": "name", "constraints": { "maxLength": 4 } }], "primaryKey": ["id"] }"#,
    )
}

/// Bytes that look like CSV from afar.
fn soup(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => Just(&b"\""[..]), 6 => Just(&b";"[..]), 6 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b"\r"[..]),
        4 => Just(&b"1"[..]), 4 => Just(&b"a"[..]), 1 => Just(&b"-"[..]), 1 => Just(&b"\0"[..]), 1 => Just(&b"\xe9"[..]),
        2 => Just("é".as_bytes()), 3 => Just(&b"1;a\n"[..]), 2 => Just(&b"2;\"b\"\n"[..]), 1 => Just(&b"3;\"\nc\"\n"[..]),
    ];
    prop::collection::vec(piece, 0..longest).prop_map(|pieces| pieces.concat())
}

fn good_lines() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just(String::new()),
        "[a-zé ]{1,4}",
        "[a-z;é]{1,4}".prop_map(|v| format!("\"{v}\"")),
        "[a-z]{1,3}".prop_map(|v| format!("\"{v}\"\"\"")),
    ];
    let line = ("-?[0-9]{1,3}", any::<bool>(), value, prop_oneof![Just("\n"), Just("\r\n")]).prop_map(
        |(id, quoted, value, end)| {
            if quoted { format!("\"{id}\";{value}{end}") } else { format!("{id};{value}{end}") }
        },
    );
    prop::collection::vec(line, 1..8).prop_map(|lines| lines.concat())
}

/// Pieces of one long line made whole again, which is how the reference sees it.
fn with_whole_lines(calls: &[Call]) -> Vec<Call> {
    let mut whole: Vec<Call> = Vec::new();
    let mut partial = false;
    for call in calls {
        match (whole.last_mut(), call) {
            (Some(Call::Rejected(before)), Call::Rejected(raw)) if partial => before.extend_from_slice(raw),
            _ => whole.push(call.clone()),
        }
        partial = !call.raw().ends_with(b"\n");
    }
    whole
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(body in soup(60)) {
        let file = [HEADER.as_bytes(), &body].concat();
        let run = run_with(&small(), LIMITS, &file);
        let (calls, findings) = reference(&body);
        prop_assert_eq!(with_whole_lines(&run.calls[1..]), calls);
        let found: Vec<_> = run.findings().iter().map(|f| (f.code, f.line.unwrap(), f.lines)).collect();
        if found.len() as u64 == run.summary.findings.total() {
            prop_assert_eq!(found, findings);
        } else {
            prop_assert_eq!(run.summary.findings.total(), findings.len() as u64);
        }
    }

    #[test]
    fn any_bytes_at_all_keep_the_promises(file in soup(40)) {
        run_with(&small(), LIMITS, &file);
    }

    #[test]
    fn an_inserted_quote_costs_its_line_and_no_other(lines in good_lines(), at in any::<prop::sample::Index>()) {
        let good = run_with(&small(), Limits::default(), format!("{HEADER}{lines}"));
        prop_assert_eq!(good.summary.rejected, 0, "{:?}", good.findings());
        let mut places: Vec<usize> = (0..lines.len()).filter(|&n| lines.is_char_boundary(n)).collect();
        // After a carriage return the line break is still one: the quote would go between CR and LF.
        places.retain(|&n| n == 0 || lines.as_bytes()[n - 1] != b'\r');
        let at = places[at.index(places.len())];
        let number = 2 + lines[..at].matches('\n').count() as u64;
        let broken = format!("{HEADER}{}\"{}", &lines[..at], &lines[at..]);
        let run = run_with(&small(), Limits::default(), &broken);
        let expected: Vec<u64> = good.accepted().into_iter().filter(|&n| n != number).collect();
        prop_assert_eq!(run.accepted(), expected);
        let line = broken.split_inclusive('\n').nth(number as usize - 1).unwrap();
        prop_assert_eq!(run.rejected(), line);
    }
}

#[test]
fn the_reference_knows_what_the_tests_know() {
    assert_eq!(judge(b"1;a\n"), Ok(vec!["1".to_owned(), "a".to_owned()]));
    assert_eq!(reference(b"1;\"a\nb\"\n").1, [(Code::QuotedLineBreak, 2, 2)]);
    assert_eq!(people().columns().len(), 6);
}
