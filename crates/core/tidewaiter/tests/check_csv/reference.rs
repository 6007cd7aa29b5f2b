//! The checker against a slow and obvious one that has the whole file in memory.

use crate::model::{HEADER, LIMITS, assert_agrees, judge, reference, small};
use crate::support::{people, run_with};
use proptest::prelude::*;
use tidewaiter::check::Limits;
use tidewaiter::finding::Code;

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

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_reference(body in soup(60)) {
        assert_agrees(&body);
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
