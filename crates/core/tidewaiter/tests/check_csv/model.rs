//! A slow and obvious reading of the lines of a file, which it has in memory as a whole.

use std::sync::Arc;

use crate::support::{Call, run_with, scope};
use tidewaiter::check::Limits;
use tidewaiter::finding::Code;
use tidewaiter::schema::compile::Scope;

pub(crate) const LIMITS: Limits =
    Limits { line_bytes: 24, header_bytes: 100, open_quote_lines: 3, columns: 100 };
pub(crate) const HEADER: &str = "id;name\n";

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
pub(crate) fn judge(raw: &[u8]) -> Result<Vec<String>, Vec<Code>> {
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
    if fields.iter().flatten().all(|byte| matches!(byte, b' ' | b'\t')) {
        return Err(vec![Code::BlankRow]);
    }
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
pub(crate) fn reference(body: &[u8]) -> (Vec<Call>, Vec<(Code, u64, u64)>) {
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

pub(crate) fn small() -> Arc<Scope> {
    scope(
        r#"{ "fields": [{ "name": "id", "type": "integer" }, { "name": "name", "constraints": { "maxLength": 4 } }], "primaryKey": ["id"] }"#,
    )
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

/// Checks a body behind [`HEADER`] and compares what came out with what should.
pub(crate) fn assert_agrees(body: &[u8]) {
    let file = [HEADER.as_bytes(), body].concat();
    let run = run_with(&small(), LIMITS, &file);
    let (calls, findings) = reference(body);
    assert_eq!(with_whole_lines(&run.calls[1..]), calls);
    let found: Vec<_> = run.findings().iter().map(|f| (f.code, f.line.unwrap(), f.lines)).collect();
    if found.len() as u64 == run.summary.findings.total() {
        assert_eq!(found, findings);
    } else {
        assert_eq!(run.summary.findings.total(), findings.len() as u64);
    }
}
