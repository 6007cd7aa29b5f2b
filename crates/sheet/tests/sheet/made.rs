//! Workbooks that real programs wrote: see `tests/made/make.py`.

use std::io::Cursor;
use std::path::Path;

use tidewaiter_sheet::{Choice, Limits, NoScratch, Workbook};

use super::support::{lines, read, refused};

fn file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/made").join(name);
    std::fs::read(path).expect("the workbook is in the repository")
}

#[track_caller]
fn expect(name: &str, choice: Choice<'_>, wanted: &[&str]) {
    let mut workbook =
        Workbook::open(Cursor::new(file(name)), NoScratch, &Limits::default()).expect("it opens");
    let mut rows = workbook.rows(choice).expect("the sheet opens");
    assert_eq!(lines(&mut rows).expect("it is read"), wanted);
}

/// What all programs write of the same rows.
const TABLE: [&str; 22] = [
    "A1 text id",
    "B1 text name",
    "C1 text price",
    "D1 text day",
    "E1 text at",
    "F1 text active",
    "G1 text note",
    "A2 text A-1",
    "B2 text Žofia Kühn",
    "C2 number 12.5",
    "D2 date 2026-11-28",
    "E2 datetime 2026-11-28T09:30:05.250",
    "F2 bool true",
    "G2 text two\nlines",
    "A3 text A-2",
    "B3 text   blanks  ",
    "C3 number 1.1",
    "D3 date 2026-11-28",
    "E3 datetime 2026-11-28T09:30:05.250",
    "F3 bool false",
    "A4 text 00017",
    "B4 text <&>\"'",
];

#[test]
fn openpyxl() {
    let mut wanted = TABLE.to_vec();
    wanted.extend([
        "C4 number 4006381333931",
        // It does not escape what looks like an escape.
        "G4 text \r",
        "A7 text after two empty rows",
        "B7 =empty ",
        "C7 time 06:15:00",
        "D7 duration 30:05:00",
        "E7 error #REF!",
        "F7 text plain bold end",
        "A9 text merged",
    ]);
    expect("openpyxl.xlsx", Choice::FirstVisible, &wanted);
    expect("openpyxl.xlsx", Choice::Named("HIDDEN"), &["A1 text not for people"]);
    expect("openpyxl.xlsx", Choice::Named("Empty"), &[]);

    let workbook =
        Workbook::open(Cursor::new(file("openpyxl.xlsx")), NoScratch, &Limits::default()).expect("it opens");
    let sheets: Vec<_> =
        workbook.sheets().iter().map(|sheet| (sheet.name.as_str(), sheet.is_hidden)).collect();
    assert_eq!(sheets, [("Hidden", true), ("Orders & more", false), ("Empty", false)]);
}

#[test]
fn openpyxl_with_days_from_1904() {
    let wanted = [
        "A1 text day",
        "B1 date 2026-11-28",
        "A2 text at",
        "B2 datetime 2026-11-28T09:30:05.250",
        "A3 text inline",
        "B3 text text",
    ];
    expect("openpyxl_1904.xlsx", Choice::FirstVisible, &wanted);
}

#[test]
fn xlsxwriter() {
    let mut wanted = TABLE.to_vec();
    wanted.extend([
        "C4 number 4006381333931",
        "G4 text _x000D_",
        "A6 =number 84",
        "B6 =text ab",
        "C6 =error #DIV/0!",
        "D6 cut 1000000000000000",
        "E6 cut 1234567890123457000",
        "F6 number 0.3",
        "G6 text plain bold end",
        "XFD6 text the last column",
    ]);
    expect("xlsxwriter.xlsx", Choice::FirstVisible, &wanted);
    let inline = ["A1 text a", "B1 text  b ", "C1 text c\nd", "D1 text é", "B4 number 1", "C4 bool true"];
    expect("xlsxwriter_inline.xlsx", Choice::FirstVisible, &inline);
}

#[test]
fn pandas() {
    let wanted = read(&file("pandas.xlsx")).expect("it is read");
    for line in [
        "F1 text active",
        "G1 text missing",
        "D2 date 2026-11-28",
        "E2 datetime 2026-11-28T09:30:05.250",
        "A4 text 00017",
        "G4 number 3",
    ] {
        assert!(wanted.iter().any(|one| one == line), "{line} in {wanted:?}");
    }
    assert!(!wanted.iter().any(|line| line.starts_with("G3")), "{wanted:?}");
}

#[test]
fn pyexcelerate_whose_days_have_no_format() {
    let read = read(&file("pyexcelerate.xlsx")).expect("it is read");
    for line in
        ["A1 text id", "B2 text Žofia Kühn", "D2 number 46354", "C4 number 4006381333931", "B4 text <&>\"'"]
    {
        assert!(read.iter().any(|one| one == line), "{line} in {read:?}");
    }
}

#[test]
fn other_formats_are_recognised() {
    refused(read(&file("other.xls")), "other-format", "old format (.xls); save it as");
    refused(read(&file("other.ods")), "other-format", "OpenDocument");
    refused(read(&file("protected.xlsx")), "protected", "protected by a password; save it without");
}
