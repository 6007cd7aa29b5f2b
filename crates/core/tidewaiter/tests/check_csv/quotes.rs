//! What an open quote costs: its own line, never a neighbour; and how a quoted line break is told.

use crate::support::{people, run, run_with};
use tidewaiter::check::Limits;
use tidewaiter::finding::{Code, Field};

#[test]
fn a_quoted_line_break_is_one_finding() {
    let run = run("id;name;score\n1;a;1\n2;\"b\nc\";2\n3;d;3\n");
    assert_eq!(run.accepted(), [2, 5]);
    assert_eq!(run.rejected(), "2;\"b\nc\";2\n");
    assert_eq!(run.summary.rejected, 2);
    let finding = run.only_finding();
    assert_eq!(
        (finding.code, finding.line, finding.lines, finding.byte),
        (Code::QuotedLineBreak, Some(3), 2, Some(20))
    );
    assert_eq!(finding.field, Some(Field { number: 2, name: "name".to_owned() }));
    assert_eq!(finding.value.as_deref(), Some("\"b"));
    assert_eq!(finding.message, "a quoted value contains a line break, so one record spans 2 lines");
    assert_eq!(
        finding.hint.as_deref(),
        Some(
            "a record must be one line: replace the line break with a space, or add `\"line_breaks\": \"keep\"` to the import"
        )
    );
}

#[test]
fn a_quoted_value_may_hold_many_line_breaks() {
    let run = run("id;name;score\r\n2;\"b\r\n\r\n\"\"x\"\"\r\n; ;\r\nc\";2\r\n3;d;3\r\n");
    assert_eq!(run.accepted(), [7]);
    assert_eq!((run.only_finding().code, run.only_finding().lines), (Code::QuotedLineBreak, 5));
}

#[test]
fn two_values_of_a_record_may_be_broken() {
    let run = run("id;name;email\n2;\"b\nc\";\"d\ne\"\n3;x;\n");
    assert_eq!(run.accepted(), [5]);
    assert_eq!((run.only_finding().code, run.only_finding().lines), (Code::QuotedLineBreak, 3));
}

#[test]
fn a_good_line_is_never_part_of_a_broken_record() {
    let run = run("id;name\n2;\"b\n3;c\n4;d\"\n5;e\n");
    assert_eq!(run.accepted(), [3, 5]);
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::StrayQuote, 4)]);
}

#[test]
fn a_record_of_the_wrong_width_is_no_record() {
    let run = run("id;name;score\n2;\"b\nc\"\n3;d;3\n");
    assert_eq!(run.accepted(), [4]);
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::StrayQuote, 3)]);
    let run = crate::support::run("id;name\n2;\"b\nc\";3;4\n3;d\n");
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::StrayQuote, 3)]);
}

#[test]
fn lines_held_back_are_explained_in_order() {
    let run = run("id;name\n2;\"b\n\nx;y\n3\n4;e\n");
    assert_eq!(run.accepted(), [6]);
    assert_eq!(
        run.codes(),
        [(Code::UnclosedQuote, 2), (Code::BlankRow, 3), (Code::TypeError, 4), (Code::MissingCell, 5)]
    );
}

#[test]
fn the_line_that_breaks_a_search_may_begin_another() {
    let run = run("id;name\n2;\"b\n3;\"c\nd\"\n4;e\n");
    assert_eq!(run.accepted(), [5]);
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::QuotedLineBreak, 3)]);
}

#[test]
fn an_open_quote_at_the_end_costs_its_line_only() {
    let run = run("id;name\n1;a\n2;\"b\nx\n");
    assert_eq!(run.accepted(), [2]);
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 3), (Code::MissingCell, 4)]);
}

#[test]
fn the_search_is_bounded_in_lines() {
    let limits = Limits { open_quote_lines: 3, ..Limits::default() };
    let file = |between: usize| format!("id;name\n2;\"b\n{}c\"\n", "-\n".repeat(between));
    let run = run_with(&people(), limits, file(2));
    assert_eq!((run.only_finding().code, run.only_finding().lines), (Code::QuotedLineBreak, 4));
    let run = run_with(&people(), limits, file(3));
    assert_eq!(run.codes()[0], (Code::UnclosedQuote, 2));
    assert_eq!(run.summary.findings.total(), 5);
    let run = run_with(&people(), Limits { open_quote_lines: 0, ..limits }, file(0));
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::StrayQuote, 3)]);
}

#[test]
fn the_search_is_bounded_in_bytes() {
    let limits = Limits { line_bytes: 12, ..Limits::default() };
    let run = run_with(&people(), limits, "id;name\n2;\"bbb\n34567\"\n");
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::StrayQuote, 3)]);
    let run = run_with(&people(), limits, "id;name\n2;\"bbb\n3456\"");
    assert_eq!(run.only_finding().code, Code::QuotedLineBreak);
    let run = run_with(&people(), limits, "id;name\n2;\"b\n1234567890123\nc\"\n");
    assert_eq!(run.codes(), [(Code::UnclosedQuote, 2), (Code::LineTooLong, 3), (Code::StrayQuote, 4)]);
}

#[test]
fn many_open_quotes_cost_no_more_than_their_lines() {
    // Each would look a hundred lines ahead, were it not for the next one.
    for line in ["1;\"a\n", "\"\n", "1;\"\"\"\n", "1;\"a\n-\n-\n", ";\"\n;\"\"\n"] {
        let file = format!("id;name\n{}", line.repeat(200_000 / line.matches('\n').count()));
        let run = run_with(&people(), Limits::default(), file);
        assert_eq!(run.summary.rejected, run.summary.lines_read);
        assert!(run.summary.lines_read >= 199_998);
    }
}
