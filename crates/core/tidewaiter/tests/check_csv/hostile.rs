//! Files made to hurt: too wide, too long, cut where it is worst, with columns that look like others.

use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::finding::Code;

use crate::support::{people, run, run_chunked, run_with};

#[test]
fn a_hundred_thousand_columns() {
    let wide = |cell: &str| vec![cell; 100_000].join(";");
    let labels: Vec<_> = (0..100_000).map(|n| format!("c{n}")).collect();
    let run = run_with(&people(), Limits::default(), format!("{}\n1\n", labels.join(";")));
    assert!(run.summary.bogus);
    let finding = run.only_finding();
    assert_eq!(finding.message, "the header has 100000 columns where at most 10000 are allowed");
    // In a line they cost this line, and one finding of bounded size.
    let file = format!("id;name\n1;a\n{}\n\"{}\n2;b\n", wide("x"), wide("\"\""));
    let run = run_with(&people(), Limits::default(), file);
    assert_eq!(run.accepted(), [2, 5]);
    assert_eq!(run.summary.rejected, 2);
    assert_eq!(run.codes()[0], (Code::ExtraCell, 3));
    assert!(run.findings().len() <= 2);
    assert!(run.findings().iter().all(|finding| format!("{finding:?}").len() < 1_000));
}

/// Counts what it gets, and remembers the longest piece.
#[derive(Default)]
struct Longest {
    accepted: u64,
    bytes: u64,
    piece: usize,
}

impl Longest {
    fn got(&mut self, raw: &[u8]) {
        self.bytes += raw.len() as u64;
        self.piece = self.piece.max(raw.len());
    }
}

impl Sink for Longest {
    fn header(&mut self, raw: &[u8], _: &Header) {
        self.got(raw);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.accepted += 1;
        self.got(line.raw());
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.got(raw);
    }
}

#[test]
fn a_gigabyte_without_a_line_feed() {
    const PIECE: usize = 256 << 10;
    let pieces = (1 << 30) / PIECE;
    for cell in *b"x\";" {
        let piece = vec![cell; PIECE];
        let mut sink = Longest::default();
        let mut checker = Checker::new(people(), Dialect::default(), Limits::default());
        checker.feed(b"id;name\n1;a\n2;", &mut sink);
        for _ in 0..pieces {
            checker.feed(&piece, &mut sink);
        }
        checker.feed(b"\n3;b\n", &mut sink);
        let summary = checker.finish(&mut sink);
        assert_eq!((summary.accepted, summary.rejected, sink.accepted), (2, 1, 2));
        assert_eq!(summary.findings.kept()[0].code, Code::LineTooLong);
        assert_eq!(sink.bytes, summary.bytes, "every byte is somewhere");
        assert!(sink.piece <= Limits::default().line_bytes + PIECE, "{} bytes at once", sink.piece);
    }
    // Where the header should be, no more is read than a header may have.
    let mut checker = Checker::new(people(), Dialect::default(), Limits::default());
    let piece = vec![b'x'; PIECE];
    let fed = (1..=pieces).find(|_| {
        checker.feed(&piece, &mut Longest::default());
        checker.is_bogus()
    });
    assert!(fed.is_some_and(|fed| fed * PIECE <= Limits::default().header_bytes + 2 * PIECE), "{fed:?}");
}

/// What is no UTF-8, and what is though it looks odd.
const BROKEN: [&[u8]; 12] = [
    b"\x80",
    b"\xbf\xbf",
    b"\xc0\xaf",
    b"\xc1\xbf",
    b"\xc3",
    b"\xe2\x82",
    b"\xe0\x80\xaf",
    b"\xed\xa0\x80",
    b"\xf0\x9f\x98",
    b"\xf0\x80\x80\xaf",
    b"\xf4\x90\x80\x80",
    b"\xff\xfe",
];
const WHOLE: [&str; 6] = ["é", "€", "😀", "\u{ffff}", "\u{10ffff}", "e\u{301}"];

#[test]
fn text_is_judged_the_same_wherever_it_is_cut() {
    let scope = people();
    let cut_everywhere = |file: &[u8]| {
        let whole = run_with(&scope, Limits::default(), file);
        for chunk in 1..=file.len() {
            assert_eq!(run_chunked(&scope, Limits::default(), file, chunk), whole, "in chunks of {chunk}");
        }
        for at in 0..=file.len() {
            let mut sink = crate::support::Calls::default();
            let mut checker = Checker::new(Arc::clone(&scope), Dialect::default(), Limits::default());
            checker.feed(&file[..at], &mut sink);
            checker.feed(&file[at..], &mut sink);
            assert_eq!(
                (checker.finish(&mut sink), sink.0),
                (whole.summary.clone(), whole.calls.clone()),
                "cut at {at}"
            );
        }
        whole
    };
    for bytes in BROKEN {
        for line in [
            [b"2;", bytes, b"\n"].concat(),
            [b"2;a", bytes, b"b\n"].concat(),
            [b"2;\"", bytes, b"\"\r\n"].concat(),
        ] {
            let run = cut_everywhere(&[b"id;name\n1;a\n", line.as_slice(), b"3;c\n"].concat());
            assert_eq!(run.accepted(), [2, 4], "{bytes:x?}");
            assert_eq!(run.codes(), [(Code::EncodingError, 3)], "{bytes:x?}");
        }
        // At the end of a file that has no last line feed.
        let run = cut_everywhere(&[b"id;name\n1;a\n2;", bytes].concat());
        assert_eq!(run.codes(), [(Code::EncodingError, 3)], "{bytes:x?}");
        // In the header it costs the file.
        assert!(cut_everywhere(&[b"id;name;", bytes, b"\n1;a;b\n"].concat()).summary.bogus, "{bytes:x?}");
    }
    for text in WHOLE {
        let run = cut_everywhere(format!("id;name\n1;{text}\n2;\"{text}\"\n").as_bytes());
        assert_eq!((run.accepted(), run.findings().len()), (vec![2, 3], 0), "{text}");
    }
}

#[test]
fn labels_that_only_look_alike_are_never_taken_for_each_other() {
    let twins = [
        ("id;name;\"name\"", Code::DuplicateLabel),
        ("\u{feff}id;name;id", Code::EncodingError),
        ("id;name;NAME", Code::ExtraLabel),
        ("id;name; name", Code::ExtraLabel),
        ("id;name;name\t", Code::ExtraLabel),
        ("id;name;\u{a0}name", Code::ExtraLabel),
        ("id;name;\u{feff}name", Code::ExtraLabel),
        ("id;name;na\u{200b}me", Code::ExtraLabel),
        ("id;name;n\u{430}me", Code::ExtraLabel),
        ("id;name;\u{ff4e}ame", Code::ExtraLabel),
        ("\u{feff}\u{feff}id;name", Code::EncodingError),
    ];
    for (header, code) in twins {
        let run = run(format!("{header}\n1;a;b\n"));
        assert_eq!(run.findings().first().map(|finding| finding.code), Some(code), "{header:?}");
    }
}
