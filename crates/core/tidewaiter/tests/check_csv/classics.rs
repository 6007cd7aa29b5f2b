//! The classic causes, in one table: a file as partners send it, what is found, and the advice that fixes it. Each
//! row is a test of its own.

use crate::support::run;
use tidewaiter::finding::Code;

/// The first finding of a file has this code and this advice.
#[track_caller]
fn assert_advised(file: &[u8], code: Code, advice: &str) {
    let run = run(file);
    let finding = &run.findings()[0];
    assert_eq!((finding.code, finding.hint.as_deref()), (code, Some(advice)), "{:#?}", run.findings());
}

macro_rules! classics {
    ($($name:ident: $file:expr => $code:ident, $advice:expr;)+) => {
        $(#[test] fn $name() {
            let file: &[u8] = $file;
            assert_advised(file, Code::$code, $advice);
        })+
    };
}

classics! {
    byte_order_mark: b"\xef\xbb\xbfid;name\n1;Ada\n" =>
        EncodingError, "save it as UTF-8 without BOM";
    utf_16: b"\xff\xfei\0d\0;\0n\0a\0m\0e\0\n\0" =>
        EncodingError, "save it as UTF-8 without byte order mark";
    utf_16_without_its_mark: b"i\0d\0;\0n\0a\0m\0e\0\n\0" =>
        EncodingError, "save it as UTF-8 without byte order mark";
    latin_1: b"id;name\n1;Ren\xe9\n" =>
        EncodingError, "it seems to be Windows-1252 or Latin-1, `1;René`: save the file as UTF-8";
    windows_1252: b"id;name\n1;\x8cuvre\n" =>
        EncodingError, "it seems to be Windows-1252 or Latin-1, `1;Œuvre`: save the file as UTF-8";
    commas_for_semicolons: b"id,name\n1,Ada\n" =>
        ExtraLabel, "the file seems to be delimited by `,`; `;` is expected";
    tabs_for_semicolons: b"id\tname\n1\tAda\n" =>
        ExtraLabel, "the file seems to be delimited by a tab; `;` is expected";
    commas_in_one_line: b"id;name\n1,Ada\n" =>
        MissingCell, "the line seems to be delimited by `,`; `;` is expected";
    decimal_comma: b"id;score\n1;12,5\n" =>
        TypeError, "write decimals with a point, not a comma: `12.5`";
    thousands_separators: b"id;score\n1;1 234 567\n" =>
        TypeError, "write numbers without thousands separators: `1234567`";
    thousands_separators_and_decimal_comma: b"id;score\n1;1.234,50\n" =>
        TypeError, "write numbers without thousands separators: `1234.50`";
    header_case: b"Id;name\n1;Ada\n" =>
        ExtraLabel, "column names are case-sensitive: write `id`";
    near_miss_column: b"id;nmae\n1;Ada\n" =>
        ExtraLabel, "did you mean `name`?";
    duplicate_column: b"id;name;name\n1;Ada;Ada\n" =>
        DuplicateLabel, "remove one of the two, or rename it after what it contains";
    column_that_is_there_twice_but_for_a_space: b"id;name;name \n1;Ada;Ada\n" =>
        ExtraLabel, "`name` is in the header, too: remove one of the two, or rename it after what it contains";
    quoted_line_break: b"id;name\n1;\"Ada\nL\"\n" =>
        QuotedLineBreak, "a record must be one line: replace the line break with a space";
    date_with_the_year_last: b"id;born\n1;23/04/1988\n" =>
        TypeError, "write it as `1988-04-23`";
    date_with_a_month_in_words: b"id;born\n1;23 April 1988\n" =>
        TypeError, "write it as `1988-04-23`";
    date_that_a_spreadsheet_counts: b"id;born\n1;45678\n" =>
        TypeError, "this is a spreadsheet's day number: format the column as a date and export it again";
    scientific_notation: b"id;phone\n1;3,31202E+10\n" =>
        TypeError,
        "a spreadsheet shortened the number and may have lost digits: format the column as text and export it again";
    trailing_delimiter: b"id;name\n1;Ada;\n" =>
        ExtraCell, "the line ends with an extra delimiter, or an earlier value contains one and needs quotes";
    trailing_delimiter_of_the_header: b"id;name;\n1;Ada;\n" =>
        BlankLabel, "the header seems to end with an extra delimiter";
    end_of_file_mark: b"id;name\r\n1;Ada\r\n\x1a" =>
        MissingCell, "remove this line: it is the end-of-file mark of old systems, 0x1A";
    html_error_page: b"<!DOCTYPE html>\n<html><body>503</body></html>\n" =>
        FormatError, "a download may have saved an error page";
    workbook_with_the_name_csv: b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0" =>
        FormatError, "save a workbook as CSV (UTF-8); an archive needs a name that ends in `.zip`";
}
