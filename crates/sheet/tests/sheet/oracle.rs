//! Random workbooks, read by this crate and by calamine.
//!
//! calamine keeps numbers as floats and does not say what is a formula; both are compared as far as it goes.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use proptest::prelude::*;
use rust_xlsxwriter::{Format, Formula, Workbook as Made};
use tidewaiter_sheet::{Choice, Limits, SeekScratch, Value, Workbook};

/// What is written into a cell.
#[derive(Debug, Clone)]
enum Put {
    Text(String),
    Number(f64),
    Whole(i64),
    Bool(bool),
    Serial(f64, &'static str),
    Formula(String),
}

const FORMATS: [&str; 4] = ["yyyy-mm-dd", "dd/mm/yyyy hh:mm:ss", "h:mm", "d-mmm-yy"];

fn put() -> impl Strategy<Value = Put> {
    prop_oneof![
        "[a-zA-Z0-9 é<>&\"'\n\t_x]{1,12}".prop_map(Put::Text),
        any::<f64>().prop_filter("a number", |one| one.is_finite()).prop_map(Put::Number),
        (-9_999_999_999_i64..9_999_999_999).prop_map(Put::Whole),
        any::<bool>().prop_map(Put::Bool),
        (1.0..2_958_465.0, prop::sample::select(FORMATS.to_vec()))
            .prop_map(|(serial, format)| Put::Serial(serial, format)),
        "[a-z]{1,5}".prop_map(Put::Formula),
    ]
}

fn made(cells: &BTreeMap<(u32, u16), Put>, is_inline: bool) -> Vec<u8> {
    let mut workbook = Made::new();
    let sheet = if is_inline {
        workbook.add_worksheet_with_constant_memory().expect("a sheet")
    } else {
        workbook.add_worksheet()
    };
    for ((row, column), put) in cells {
        match put {
            Put::Text(text) => sheet.write(*row, *column, text.as_str()),
            Put::Number(number) => sheet.write(*row, *column, *number),
            Put::Whole(number) => sheet.write(*row, *column, *number),
            Put::Bool(value) => sheet.write(*row, *column, *value),
            Put::Serial(serial, format) => {
                sheet.write_with_format(*row, *column, *serial, &Format::new().set_num_format(*format))
            }
            Put::Formula(result) => sheet.write(*row, *column, Formula::new("A1&B1").set_result(result)),
        }
        .expect("it is written");
    }
    workbook.save_to_buffer().expect("it is saved")
}

/// The value as calamine has it.
fn agrees(ours: &Value<'_>, theirs: &Data) -> bool {
    match (ours, theirs) {
        (Value::Text(ours), Data::String(theirs)) => ours == theirs,
        (Value::Number { text, .. }, Data::Float(theirs)) => text.parse() == Ok(*theirs),
        (Value::Number { text, .. }, Data::Int(theirs)) => text.parse() == Ok(*theirs),
        (Value::Bool(ours), Data::Bool(theirs)) => ours == theirs,
        (Value::Date(_) | Value::DateTime(..) | Value::Time(_), Data::DateTime(theirs)) => {
            let (year, month, day, hour, minute, second, milli) = theirs.to_ymd_hms_milli();
            let date = format!("{year:04}-{month:02}-{day:02}");
            let time = format!("{hour:02}:{minute:02}:{second:02}");
            let time = if milli > 0 { format!("{time}.{milli:03}") } else { time };
            match ours {
                Value::Date(ours) => format!("{ours}T00:00:00") == format!("{date}T{time}"),
                Value::DateTime(ours, at) => (ours.to_string(), at.to_string()) == (date, time),
                Value::Time(ours) => ours.to_string() == time,
                _ => false,
            }
        }
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn workbooks_mean_what_they_mean_to_calamine(
        cells in prop::collection::btree_map((0_u32..40, 0_u16..30), put(), 1..120),
        is_inline in any::<bool>(),
        resident_bytes in prop::sample::select(vec![0, 50, 1 << 20]),
    ) {
        let bytes = made(&cells, is_inline);
        let mut theirs: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes.clone())).expect("calamine opens it");
        let range = theirs.worksheet_range("Sheet1").expect("calamine reads it");

        let limits = Limits { resident_bytes, ..Limits::default() };
        let scratch = SeekScratch::new(tempfile::tempfile().expect("a file"));
        let mut workbook = Workbook::open(Cursor::new(bytes), scratch, &limits).expect("it opens");
        let mut rows = workbook.rows(Choice::FirstVisible).expect("the sheet opens");
        let mut count = 0;
        while let Some(row) = rows.next_row().expect("it is read") {
            for cell in row.cells() {
                let place = (row.number() - 1, cell.column);
                let put = &cells[&place];
                let theirs = range.get_value((place.0, place.1.into())).expect("calamine has it");
                prop_assert!(agrees(&cell.value, theirs), "{}: {put:?} is {:?} here and {theirs:?} there", row.name(cell.column), cell.value);
                prop_assert_eq!(cell.is_formula, matches!(put, Put::Formula(_)));
                count += 1;
            }
        }
        prop_assert_eq!(count, cells.len());
    }
}
