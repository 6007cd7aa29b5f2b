//! A sheet as CSV: records are rows.

use std::io::Cursor;

use tidewaiter_sheet::{Choice, Commas, Doubt, Limits, NoScratch, SheetError, Workbook, to_csv};

use super::support::Parts;

fn csv(rows: &str, header: u32) -> (Result<u32, SheetError>, String, Vec<String>) {
    let parts = Parts::of(rows).styles("<cellXfs><xf/><xf numFmtId=\"14\"/></cellXfs>");
    let mut workbook =
        Workbook::open(Cursor::new(parts.zip()), NoScratch, &Limits::default()).expect("it opens");
    let mut rows = workbook.rows(Choice::FirstVisible).expect("the sheet opens");
    let (mut out, mut doubts) = (Vec::new(), Vec::new());
    let result = to_csv(&mut rows, header, &Commas, &mut out, |cell, doubt: Doubt| {
        doubts.push(format!("{cell} {doubt:?}"));
    });
    (result, String::from_utf8(out).expect("it is text"), doubts)
}

#[test]
fn records_have_the_numbers_of_their_rows() {
    let (records, text, doubts) = csv(
        "<row r=\"2\"><c r=\"A2\" t=\"str\"><v>id</v></c><c r=\"C2\" t=\"str\"><v>a \"b\", c</v></c></row>\
         <row r=\"5\"><c r=\"B5\" s=\"1\"><v>46354</v></c></row>\
         <row r=\"6\"><c r=\"A6\" t=\"b\"><v>0</v></c><c r=\"B6\" t=\"e\"><v>#REF!</v></c><c r=\"C6\"><v>1E+15</v></c><c r=\"D6\"><f>1</f></c>\
         <c r=\"E6\" t=\"str\"><v></v></c></row>\
         <row r=\"7\"><c r=\"E7\" t=\"str\"><v>two\nlines</v></c></row>",
        2,
    );
    assert_eq!(records.expect("it is written"), 7);
    let wanted = "\"\"\nid,,\"a \"\"b\"\", c\"\n,,\n,,\n,2026-11-28,\nfalse,#REF!,1000000000000000\n,,,,\"two\nlines\"\n";
    assert_eq!(text, wanted);
    assert_eq!(doubts, ["B6 Error", "C6 DigitsLost", "D6 NotComputed", "E7 LineBreak"]);
}

#[test]
fn a_cell_far_away_does_not_fill_a_disk() {
    let wide = "<row r=\"1\"><c r=\"XFD1\"><v>1</v></c></row><row r=\"1048576\"><c><v>1</v></c></row>";
    let (result, text, _) = csv(wide, 1);
    assert!(matches!(result, Err(SheetError::Refused(_))), "{result:?}");
    assert!(text.len() < 64 << 20);
    let narrow = "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c><v>2</v></c></row>";
    assert_eq!(csv(narrow, 1).0.expect("it is written"), 1_048_576);
}
