//! The checker against the crate `csv`: of each line that the checker accepts, both read the same fields.
//!
//! What is compared, and what is not, is in `oracle.rs`.

use proptest::prelude::*;

use crate::oracle::{DELIMITERS, assert_agrees_with_csv, wide};
use crate::support::{Call, Calls};
use tidewaiter::check::{Checker, Dialect, Limits};

fn delimiter() -> impl Strategy<Value = u8> {
    prop::sample::select(DELIMITERS.to_vec())
}

/// A value as people have them: other delimiters and quotes within, spaces around, characters of all lengths.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z0-9 .-]{1,12}",
        "[;,\t|\"'a é€😀\u{feff}\u{a0}]{1,9}",
        // Beyond the 64 bytes that are indexed at a time.
        "[a-z\";,]{50,200}",
    ]
}

/// Bytes that look like lines from afar.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        6 => Just(&b"\""[..]), 6 => Just(&b"D"[..]), 5 => Just(&b"\n"[..]), 1 => Just(&b"\r\n"[..]), 1 => Just(&b"\r"[..]),
        4 => Just(&b"a"[..]), 3 => Just(&b"\"\""[..]), 3 => Just(&b"\"b\""[..]), 2 => Just(&b" "[..]), 1 => Just(&b"\0"[..]),
        1 => Just(&b"\xe9"[..]), 2 => Just("é".as_bytes()), 1 => Just("\u{feff}".as_bytes()), 2 => Just(&b"xDy\n"[..]),
        2 => Just(&b"\"cDd\"De\n"[..]), 1 => Just(&[b'l'; 70][..]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_lines_have_the_fields_of_the_crate(body in soup(), delimiter in delimiter(), columns in 1..5_usize) {
        let body: Vec<u8> = body.iter().map(|&byte| if byte == b'D' { delimiter } else { byte }).collect();
        assert_agrees_with_csv(&body, delimiter, columns);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the crate writes, the checker accepts: all of it, with the values that were written.
    #[test]
    fn what_the_crate_writes_is_accepted(
        rows in prop::collection::vec(prop::collection::vec(value(), 3), 1..20),
        delimiter in delimiter(),
        always: bool,
        is_crlf: bool,
    ) {
        let style = if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
        let end = if is_crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let mut writer =
            csv::WriterBuilder::new().delimiter(delimiter).quote_style(style).terminator(end).from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let body = writer.into_inner().unwrap();
        prop_assert_eq!(assert_agrees_with_csv(&body, delimiter, 3), rows.len());
        let (scope, labels) = wide(3);
        let header = labels.join(&char::from(delimiter).to_string());
        let mut calls = Calls::default();
        let mut checker = Checker::new(scope, Dialect::delimited_by(delimiter), Limits::default());
        checker.feed(&[header.as_bytes(), b"\n", &body].concat(), &mut calls);
        checker.finish(&mut calls);
        let read: Vec<&Vec<String>> =
            calls.0.iter().filter_map(|call| if let Call::Accepted { fields, .. } = call { Some(fields) } else { None }).collect();
        prop_assert_eq!(read, rows.iter().collect::<Vec<_>>());
    }
}

/// The comparison has something to compare, and the decisions that it leaves out are made.
#[test]
fn lines_are_compared_and_what_is_left_out_is_rejected() {
    assert_eq!(assert_agrees_with_csv(b"1;\"a;\"\"b\"\"\"\n;\r\n\"\";x", b';', 2), 3);
    assert_eq!(
        assert_agrees_with_csv("\u{feff}1;a\n".as_bytes(), b';', 2),
        1,
        "a mark behind the header is text"
    );
    for rejected in ["1;\"a\nb\"\n", "1;a\"b\"\n", "1;\"a\"b\n", "\n", "1;a\rb\n", "1;\"a", "1\n", "1;2;3\n"]
    {
        assert_eq!(assert_agrees_with_csv(rejected.as_bytes(), b';', 2), 0, "{rejected:?}");
    }
}
