//! Each protection of the cursor.
#![allow(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use proptest::prelude::*;
use tidewaiter::config::{LastItemOptions, Missing};
use tidewaiter::item::{Lag, LastItem};
use tidewaiter::run::{MOST_SEEN, SeenRows};
use tidewaiter_engine::fetch::Cursor;
use tidewaiter_engine::ports::{Form, Position, SourceColumn, SourceError};

/// A row: an id, and the value of the column of the last item.
type Row = (&'static str, Option<&'static str>);

fn options(unique: bool, lag: Option<Lag>) -> LastItemOptions {
    let start = LastItem { text: "0".to_owned(), form: Form::Integer };
    LastItemOptions { column: "at".to_owned(), start, unique, lag, missing: Missing::Refuse }
}

fn columns(form: Form) -> [SourceColumn; 2] {
    let column = |name: &str, form| SourceColumn { name: name.to_owned(), kind: "any".to_owned(), form };
    [column("id", Form::Integer), column("at", form)]
}

#[expect(clippy::unnecessary_wraps, reason = "a position has perhaps none")]
fn item(text: &str, form: Form) -> Option<LastItem> {
    Some(LastItem { text: text.to_owned(), form })
}

/// A position without rows that come again.
fn at(text: &str, form: Form) -> Position {
    Position { column: Some("at".to_owned()), last: item(text, form), seen: SeenRows::default() }
}

/// What a read has: the ids of its new rows, and where the next one begins; or why it fails.
type Came = Result<(Vec<&'static str>, Position), String>;

/// Follows an answer of a column of this form, whose SQL takes so many rows at most.
fn read(
    options: &LastItemOptions,
    form: Form,
    position: &Position,
    rows: &[Row],
    limit: Option<u64>,
) -> Came {
    let follow = || -> Result<_, SourceError> {
        let begin = Cursor::begin(options, position)?;
        let mut cursor = Cursor::new(options, position.clone(), &begin, &columns(form))?;
        let mut new = Vec::new();
        for (id, value) in rows {
            if cursor.take([Some(id.as_bytes()), value.map(str::as_bytes)].into_iter())? {
                new.push(*id);
            }
        }
        Ok((new, cursor.end(limit)?.0))
    };
    follow().map_err(|error| error.to_string())
}

fn numbers(options: &LastItemOptions, position: &Position, rows: &[Row]) -> Came {
    read(options, Form::Integer, position, rows, None)
}

fn new(came: Came) -> (Vec<&'static str>, Position) {
    came.unwrap()
}

const UNORDERED: &str = "the rows do not come in the order of `at` (write ORDER BY at)";

#[test]
fn the_last_item_is_that_of_the_last_row() {
    let (rows, position) =
        new(numbers(&options(true, None), &Position::default(), &[("a", Some("2")), ("b", Some("10"))]));
    assert_eq!((rows, position), (vec!["a", "b"], at("10", Form::Integer)));
}

#[test]
fn an_answer_without_rows_moves_nothing() {
    let before = Position { seen: SeenRows::new(vec![[7; 8]]), ..at("5", Form::Integer) };
    for options in [options(true, None), options(false, None), options(false, Some(Lag::Numbers(2)))] {
        assert_eq!(new(numbers(&options, &before, &[])), (vec![], before.clone()));
    }
}

#[test]
fn rows_that_are_not_in_order_are_refused() {
    let rows = [("a", Some("10")), ("b", Some("9"))];
    for options in [options(true, None), options(false, None), options(true, Some(Lag::Numbers(5)))] {
        assert_eq!(numbers(&options, &Position::default(), &rows), Err(UNORDERED.to_owned()));
    }
    let moments = [("a", Some("2026-01-31T13:45:00.5Z")), ("b", Some("2026-01-31T13:45:00Z"))];
    let found = read(&options(false, None), Form::Moment, &Position::default(), &moments, None);
    assert_eq!(found, Err(UNORDERED.to_owned()));
}

#[test]
fn a_value_that_comes_twice_is_refused_where_it_is_said_to_be_unique() {
    let expected = "several rows have the same `at`, and `last_item` says that it is unique \
                    (say \"unique\": false in `last_item`, and compare with >= {lastItem})";
    for (form, one, other) in [(Form::Integer, "5", "5"), (Form::Number, "5.0", "5"), (Form::Text, "x", "x")]
    {
        let rows = [("a", Some(one)), ("b", Some(other))];
        let found = read(&options(true, None), form, &Position::default(), &rows, None);
        assert_eq!(found, Err(expected.to_owned()), "{form:?}");
    }
}

#[test]
fn a_row_from_before_the_last_item_is_refused() {
    let expected = "the answer has a row from before {lastItem} in `at` \
                    (the SQL has to leave it out: WHERE at > {lastItem})";
    let expected = Err(expected.to_owned());
    let five = at("5", Form::Integer);
    assert_eq!(numbers(&options(true, None), &five, &[("a", Some("4"))]), expected);
    assert_eq!(numbers(&options(true, None), &five, &[("a", Some("5"))]), expected, "it was imported");
    assert_eq!(numbers(&options(false, None), &five, &[("a", Some("4"))]), expected);
    assert_eq!(numbers(&options(true, None), &Position::default(), &[("a", Some("-1"))]), expected);
    let lag = options(false, Some(Lag::Numbers(3)));
    assert_eq!(numbers(&lag, &five, &[("a", Some("1"))]), expected, "it is from before the lag");
    let text = read(&options(true, None), Form::Text, &at("x", Form::Text), &[("a", Some("x"))], None);
    assert_eq!(text, expected);
}

#[test]
fn a_row_without_a_value_is_what_the_configuration_says() {
    let rows = [("a", Some("1")), ("b", None)];
    let with = |missing| LastItemOptions { missing, ..options(true, None) };
    let found = numbers(&with(Missing::Refuse), &Position::default(), &rows).unwrap_err();
    assert!(found.starts_with("a row has no value in column `at` of the last item ("), "{found}");
    for (missing, expected) in [(Missing::Import, vec!["a", "b"]), (Missing::Skip, vec!["a"])] {
        let (new, position) = new(numbers(&with(missing), &Position::default(), &rows));
        assert_eq!((new, position), (expected, at("1", Form::Integer)), "{missing:?}");
    }
}

#[test]
fn a_value_without_a_place_in_the_order_is_refused() {
    for (form, value) in [(Form::Number, "NaN"), (Form::Date, "infinity"), (Form::Moment, "0044-03-15 BC")] {
        let rows = [("a", Some(value)), ("b", Some(value))];
        let found = read(&options(false, None), form, &Position::default(), &rows, None).unwrap_err();
        assert!(
            found.starts_with("a value of column `at` of the last item (any) is not written as"),
            "{found}"
        );
    }
}

#[test]
fn ties_at_the_boundary_are_left_out_once_they_were_imported() {
    let ties = options(false, None);
    let first = [("a", Some("1")), ("b", Some("5")), ("c", Some("5"))];
    let (rows, position) = new(numbers(&ties, &Position::default(), &first));
    assert_eq!(rows, ["a", "b", "c"]);
    // Another row of the same value was committed since; they come in any order.
    let again = [("d", Some("5")), ("c", Some("5")), ("b", Some("5")), ("e", Some("6"))];
    let (rows, position) = new(numbers(&ties, &position, &again));
    assert_eq!(rows, ["d", "e"]);
    assert_eq!(new(numbers(&ties, &position, &[("e", Some("6"))])).0, Vec::<&str>::new());
}

#[test]
fn two_rows_with_the_same_values_are_two_rows() {
    let ties = options(false, None);
    let (rows, position) = new(numbers(&ties, &Position::default(), &[("a", Some("5")), ("a", Some("5"))]));
    assert_eq!(rows, ["a", "a"]);
    let thrice = [("a", Some("5")), ("a", Some("5")), ("a", Some("5"))];
    assert_eq!(new(numbers(&ties, &position, &thrice)).0, ["a"], "the third one is new");
}

#[test]
fn values_that_are_equal_are_ties_however_they_are_written() {
    let ties = options(false, None);
    for (form, first, second) in [
        (Form::Number, "1.50", "1.5"),
        // Many servers take such texts for the same.
        (Form::Text, "abc", "ABC "),
    ] {
        let rows = [("a", Some(first)), ("b", Some(second))];
        let (came, position) = new(read(&ties, form, &Position::default(), &rows, None));
        assert_eq!(came, ["a", "b"]);
        assert_eq!(new(read(&ties, form, &position, &rows, None)).0, Vec::<&str>::new(), "{form:?}");
    }
}

/// A page ends in the midst of a value, and the next one has other rows of it: what has not come again is still known.
#[test]
fn rows_of_the_boundary_that_do_not_come_are_known_when_they_do() {
    let ties = options(false, None);
    let first = [("a", Some("5")), ("b", Some("5")), ("c", Some("5"))];
    let (_, position) = new(numbers(&ties, &Position::default(), &first));
    let page = [("c", Some("5")), ("d", Some("5"))];
    let (rows, position) = new(read(&ties, Form::Integer, &position, &page, Some(2)));
    assert_eq!(rows, ["d"]);
    let all = [("a", Some("5")), ("b", Some("5")), ("c", Some("5")), ("d", Some("5")), ("e", Some("6"))];
    assert_eq!(new(numbers(&ties, &position, &all)).0, ["e"]);
}

#[test]
fn a_lag_finds_rows_that_come_late_and_imports_none_twice() {
    let lag = options(true, Some(Lag::Numbers(10)));
    let first = [("a", Some("95")), ("b", Some("99")), ("c", Some("100"))];
    let (_, position) = new(numbers(&lag, &Position::default(), &first));
    assert_eq!(Cursor::begin(&lag, &position).unwrap().text, "90");
    let again = [("late", Some("92")), ("a", Some("95")), ("b", Some("99")), ("c", Some("100"))];
    let (rows, position) = new(numbers(&lag, &position, &again));
    assert_eq!((rows, position.last.clone()), (vec!["late"], item("100", Form::Integer)));
    assert_eq!(new(numbers(&lag, &position, &again)).0, Vec::<&str>::new());
}

#[test]
fn rows_from_before_the_lag_are_forgotten() {
    let lag = options(true, Some(Lag::Numbers(10)));
    let rows = [("a", Some("1")), ("b", Some("50")), ("c", Some("60"))];
    let (_, position) = new(numbers(&lag, &Position::default(), &rows));
    assert_eq!(position.seen.len(), 2, "those from 50 on come again");
}

/// A late row fills the page, or the last rows were deleted: the answer ends before the last item.
#[test]
fn the_last_item_never_goes_back_by_itself() {
    let lag = options(true, Some(Lag::Numbers(10)));
    let first = [("a", Some("95")), ("b", Some("100"))];
    let (_, position) = new(numbers(&lag, &Position::default(), &first));
    let page = [("late", Some("91")), ("a", Some("95"))];
    let (rows, position) = new(read(&lag, Form::Integer, &position, &page, Some(2)));
    assert_eq!((rows, position.last.clone()), (vec!["late"], item("100", Form::Integer)));
    let all = [("late", Some("91")), ("a", Some("95")), ("b", Some("100")), ("c", Some("101"))];
    assert_eq!(new(numbers(&lag, &position, &all)).0, ["c"]);
}

#[test]
fn a_lag_of_a_time_reaches_so_far() {
    let lag = options(false, Some(Lag::Seconds(600)));
    let position = at("2026-01-31T13:45:00.5Z", Form::Moment);
    assert_eq!(Cursor::begin(&lag, &position).unwrap().text, "2026-01-31T13:35:00.5Z");
    let unfit = read(&lag, Form::Integer, &Position::default(), &[], None).unwrap_err();
    assert!(unfit.starts_with("the lag does not fit column `at` of the last item"), "{unfit}");
}

#[test]
fn a_page_that_would_come_for_ever_is_refused() {
    let expected = "all 2 rows of the answer were imported before, and there may be more behind them \
                    (let LIMIT be greater than the number of rows that have the same `at`, or none)";
    let ties = options(false, None);
    let page = [("a", Some("5")), ("b", Some("5"))];
    let (_, position) = new(read(&ties, Form::Integer, &Position::default(), &page, Some(2)));
    let again = read(&ties, Form::Integer, &position, &page, Some(2));
    assert_eq!(again, Err(expected.to_owned()));
    assert!(read(&ties, Form::Integer, &position, &page, Some(3)).is_ok(), "there are no more behind them");

    // Rows without a value fill it: those behind them would never come.
    let all = LastItemOptions { missing: Missing::Import, ..options(true, None) };
    let empty = [("a", None), ("b", None)];
    assert_eq!(read(&all, Form::Integer, &Position::default(), &empty, Some(2)), Err(expected.to_owned()));
    assert_eq!(new(read(&all, Form::Integer, &Position::default(), &empty, Some(3))).0, ["a", "b"]);
}

#[test]
fn more_rows_come_again_than_can_be_kept() {
    let rows = |count: usize, last: Row| {
        let mut rows: Vec<Row> = vec![("a", Some("5")); count];
        rows.push(last);
        rows
    };
    let ties = options(false, None);
    let expected = "more than 10000 rows would come again with the next read \
                    (use a shorter lag, or a column whose values are not shared by so many rows)";
    let many = rows(MOST_SEEN, ("b", Some("5")));
    assert_eq!(numbers(&ties, &Position::default(), &many), Err(expected.to_owned()));
    let lag = options(false, Some(Lag::Numbers(10)));
    assert_eq!(numbers(&lag, &Position::default(), &many), Err(expected.to_owned()));
    // What is behind them comes alone.
    let behind = rows(3 * MOST_SEEN, ("b", Some("50")));
    assert_eq!(new(numbers(&ties, &Position::default(), &behind)).1.seen.len(), 1);
    assert_eq!(new(numbers(&lag, &Position::default(), &behind)).1.seen.len(), 1);
}

#[test]
fn another_type_is_refused_and_one_that_is_wider_is_not() {
    let found = read(&options(true, None), Form::Text, &at("5", Form::Integer), &[], None).unwrap_err();
    assert_eq!(
        found,
        "column `at` of the last item has another type than before: it held whole numbers such as 42, and now it holds texts \
         (set where the next read begins: `tidewaiter query set`, or `tidewaiter query reset`)"
    );
    let (rows, position) =
        new(read(&options(true, None), Form::Number, &at("5", Form::Integer), &[("a", Some("5.5"))], None));
    assert_eq!((rows, position), (vec!["a"], at("5.5", Form::Number)));
    let midnight = at("2026-01-31", Form::Date);
    let before = [("a", Some("2026-01-30T23:59:59"))];
    assert!(read(&options(true, None), Form::Datetime, &midnight, &before, None).is_err());
}

#[test]
fn a_column_that_is_gone_is_told_with_one_like_it() {
    let options = LastItemOptions { column: "ta".to_owned(), ..options(true, None) };
    let found = numbers(&options, &Position::default(), &[]).unwrap_err();
    assert!(found.starts_with("the answer has no column `ta`, in which the last item is ("), "{found}");
}

/// What happens to a table between two reads.
#[derive(Debug, Clone)]
struct Round {
    /// Rows that are committed: how far before and behind the greatest value that was read.
    rows: Vec<(i64, i64)>,
    /// Which row is deleted, if one is.
    deleted: Option<usize>,
    /// After how many rows the time of the process is up.
    cut: Option<usize>,
    /// In which order rows of one value come.
    turn: usize,
}

fn round() -> impl Strategy<Value = Round> {
    let rows = proptest::collection::vec((0..12_i64, 0..4_i64), 0..5);
    let cut = proptest::option::weighted(0.4, 1..8_usize);
    let deleted = proptest::option::weighted(0.3, 0..40_usize);
    (rows, deleted, cut, 0..7_usize).prop_map(|(rows, deleted, cut, turn)| Round { rows, deleted, cut, turn })
}

proptest! {
    /// Rows that are committed in time come once, whatever is committed or deleted between reads, wherever a read ends, and
    /// in whatever order rows of one value come.
    #[test]
    fn every_row_that_is_committed_in_time_comes_once(
        lag in proptest::option::of(1..10_i64),
        rounds in proptest::collection::vec(round(), 1..14),
    ) {
        let options = options(false, lag.map(|lag| Lag::Numbers(lag.unsigned_abs())));
        let (mut table, mut next): (Vec<(usize, i64)>, usize) = (Vec::new(), 0);
        let (mut position, mut came): (Position, Vec<usize>) = (Position::default(), Vec::new());
        let last_round = Round { rows: Vec::new(), deleted: None, cut: None, turn: 0 };
        for Round { rows, deleted, cut, turn } in rounds.into_iter().chain([last_round]) {
            let last = position.last.as_ref().map_or(0, |last| last.text.parse::<i64>().unwrap());
            for (before, behind) in rows {
                let value = (last + behind - before.min(lag.unwrap_or(0))).max(0);
                table.push((next, value));
                next += 1;
            }
            if let Some(at) = deleted.filter(|at| *at < table.len()) {
                table.remove(at);
            }
            let begin = Cursor::begin(&options, &position).unwrap();
            let from: i64 = begin.text.parse().unwrap();
            let mut answer: Vec<(usize, i64)> = table.iter().copied().filter(|(_, value)| *value >= from).collect();
            answer.sort_by_key(|(id, value)| (*value, (id + 1) * (turn + 1) % 7));
            let columns = columns(Form::Integer);
            let mut cursor = Cursor::new(&options, position, &begin, &columns).unwrap();
            for (id, value) in answer.iter().take(cut.unwrap_or(usize::MAX)) {
                let (text, value) = (id.to_string(), value.to_string());
                if cursor.take([Some(text.as_bytes()), Some(value.as_bytes())].into_iter()).unwrap() {
                    came.push(*id);
                }
            }
            position = cursor.end(None).unwrap().0;
        }
        let mut once = came.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), came.len(), "a row came twice: {:?}", came);
        let missing: Vec<_> = table.iter().filter(|(id, _)| once.binary_search(id).is_err()).collect();
        prop_assert!(missing.is_empty(), "rows never came: {:?}", missing);
    }
}

/// SQLite compares dates and times as texts, in which a blank sorts before a `T`.
#[test]
fn dates_and_times_with_a_blank_are_asked_for_with_a_blank() {
    let lag = options(false, Some(Lag::Seconds(600)));
    let asked = Cursor::begin(&lag, &at("2026-05-01 10:20:00", Form::Datetime)).unwrap();
    assert_eq!(asked.text, "2026-05-01 10:10:00");
    let rows: [Row; 1] = [("a", Some("2026-05-02 00:30:00"))];
    for (start, fits) in [("2026-05-01T00:00:00", false), ("2026-05-01 00:00:00", true), ("2026-05-01", true)]
    {
        let start = LastItem { text: start.to_owned(), form: Form::of_date(start).unwrap() };
        let options = LastItemOptions { start: start.clone(), ..options(false, None) };
        let came = read(&options, Form::Datetime, &Position::default(), &rows, None);
        assert_eq!(came.is_ok(), fits, "{start:?}: {came:?}");
        if let Err(told) = came {
            assert!(told.contains("SQLite compares them as texts, and misses rows"), "{told}");
        }
    }
}

/// The rows are in the order that SQLite has, and no other one helps.
#[test]
fn a_column_with_blanks_and_letters_between_date_and_time_is_refused() {
    let options = LastItemOptions { start: item("2026-05-01", Form::Date).unwrap(), ..options(false, None) };
    let rows: [Row; 2] = [("a", Some("2026-05-01 12:00:00")), ("b", Some("2026-05-01T11:00:00"))];
    let told = read(&options, Form::Datetime, &Position::default(), &rows, None).unwrap_err();
    assert!(told.contains("has a blank between date and time in some rows, and a `T` in others"), "{told}");
}

/// MySQL sorts them by a number, and compares them with a text by their names.
#[test]
fn a_column_that_is_sorted_otherwise_than_it_is_compared_is_refused() {
    let options = options(true, None);
    let mut columns = columns(Form::Text);
    columns[1].kind = "enum".to_owned();
    let refused = Cursor::new(&options, Position::default(), &options.start, &columns).unwrap_err();
    assert!(refused.message.contains("sorted in one order and compared in another"), "{refused}");
}
