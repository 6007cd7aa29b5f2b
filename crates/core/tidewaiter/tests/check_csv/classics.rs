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
        EncodingError, "save it as UTF-8 without BOM, or add `\"encoding\": \"auto\"` to the import";
    utf_16: b"\xff\xfei\0d\0;\0n\0a\0m\0e\0\n\0" =>
        EncodingError, "save it as UTF-8 without byte order mark, or add `\"encoding\": \"auto\"` to the import";
    utf_16_without_its_mark: b"i\0d\0;\0n\0a\0m\0e\0\n\0" =>
        EncodingError, "save it as UTF-8 without byte order mark, or add `\"encoding\": \"utf-16le\"` to the import";
    latin_1: b"id;name\n1;Ren\xe9\n" =>
        EncodingError, "it seems to be Windows-1252 or Latin-1, `1;René`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import";
    windows_1252: b"id;name\n1;\x8cuvre\n" =>
        EncodingError, "it seems to be Windows-1252 or Latin-1, `1;Œuvre`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import";
    commas_for_semicolons: b"id,name\n1,Ada\n" =>
        ExtraLabel, "the file seems to be delimited by `,`; `;` is expected: use it, or add `\"delimiter\": \",\"` to the import";
    tabs_for_semicolons: b"id\tname\n1\tAda\n" =>
        ExtraLabel, "the file seems to be delimited by a tab; `;` is expected: use it, or add `\"delimiter\": \"\\t\"` to the import";
    commas_in_one_line: b"id;name\n1,Ada\n" =>
        MissingCell, "the line seems to be delimited by `,`; `;` is expected";
    decimal_comma: b"id;score\n1;12,5\n" =>
        TypeError, "write decimals with a point, not a comma: `12.5`, or add `\"decimal\": \",\"` to the import";
    thousands_separators: b"id;score\n1;1 234 567\n" =>
        TypeError, "write numbers without thousands separators: `1234567`, or add `\"thousands\": \" \"` to the import";
    thousands_separators_and_decimal_comma: b"id;score\n1;1.234,50\n" =>
        TypeError, "write numbers without thousands separators: `1234.50`, or add `\"decimal\": \",\", \"thousands\": \".\"` to the import";
    header_case: b"Id;name\n1;Ada\n" =>
        ExtraLabel, "column names are case-sensitive: write `id`, or add `\"labels\": \"loose\"` to the import";
    near_miss_column: b"id;nmae\n1;Ada\n" =>
        ExtraLabel, "did you mean `name`?";
    duplicate_column: b"id;name;name\n1;Ada;Ada\n" =>
        DuplicateLabel, "remove one of the two, or rename it after what it contains";
    column_that_is_there_twice_but_for_a_space: b"id;name;name \n1;Ada;Ada\n" =>
        ExtraLabel, "`name` is in the header, too: remove one of the two, or rename it after what it contains";
    quoted_line_break: b"id;name\n1;\"Ada\nL\"\n" =>
        QuotedLineBreak, "a record must be one line: replace the line break with a space, or add `\"line_breaks\": \"keep\"` to the import";
    date_with_the_year_last: b"id;born\n1;23/04/1988\n" =>
        TypeError, "write it as `1988-04-23`, or add `\"date_formats\": [\"dd/mm/yyyy\"]` to the import";
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
    one_line_of_windows_1252: b"id;name\n1;Zo\xc3\xa9\n2;10 \x96 20\n" =>
        EncodingError,
        "it seems to be Windows-1252 or Latin-1, `2;10 – 20`: save the file as UTF-8, or add `\"encoding\": \"windows-1252\"` to the import";
    utf_16_joined_to_another_file: b"id;name\n1;Ada\n\xff\xfei\0d\0;\0n\0\n\0" =>
        EncodingError, "a file in UTF-16 seems to be joined to another: join them after saving each as UTF-8";
    rows_of_delimiters: b"id;name\r\n1;Ada\r\n;\r\n" =>
        BlankRow, "remove the line: it holds delimiters, and no value";
    repeated_header: b"id;name\n1;Ada\nid;name\n2;Bob\n" =>
        TypeError, "remove the line: it repeats the header, as where several files are joined into one";
    repeated_header_behind_a_byte_order_mark: b"id;name\n1;Ada\n\xef\xbb\xbfid;name\n2;Bob\n" =>
        TypeError, "remove the line: it repeats the header, as where several files are joined into one";
    footer_of_one_field: b"id;name\n1;Ada\n***END OF FILE***\n" =>
        MissingCell, "it seems to be a footer: remove the line, or describe it with `\"trailer\"` in the import";
    footer_with_a_count: b"id;name\n1;Ada\nTRAILER;1\n" =>
        TypeError, "it seems to be a footer: remove the line, or describe it with `\"trailer\"` in the import";
    comment: b"id;name\n1;Ada\n#2;Bob\n" =>
        TypeError, "it seems to be a comment: remove the line, or say how comments begin with `\"comment\"` in the import";
    doubled_carriage_returns_in_lines: b"id;name\r\n1;Ada\r\r\n" =>
        ControlCharacter, "the lines end with CR CR LF: save the file with LF or CRLF line endings";
    doubled_carriage_returns: b"id;name\r\r\n1;Ada\r\r\n" =>
        ControlCharacter, "the lines end with CR CR LF: save the file with LF or CRLF line endings";
    blank_before_a_quote: b"id;name\n1; \"Ada; A\"\n" =>
        StrayQuote, "remove the spaces between the quotes and the delimiter";
    spreadsheet_guard: b"id;name\n1;=\"01000\"\n" =>
        StrayQuote, "it stands in a spreadsheet's guard for text: write `01000`";
    unfinished_upload: b"id;name\n1;Ada\n2;B\0\0\0\0" =>
        ControlCharacter, "the NUL bytes at the end are those of an unfinished upload: send the whole file again";
    nothing_but_nuls: b"\0\0\0\0\0\0\0\0" =>
        FormatError, "the NUL bytes at the end are those of an unfinished upload: send the whole file again";
    no_header: b"1;Ada;1988-04-23\n2;Bob;1990-01-01\n" =>
        ExtraLabel,
        "the first line seems to be data: add a header line with the names of the columns, or name them with `\"header\"` and `\"columns\"` in the import";
    title: b"Customers of November\n\nid;name\n1;Ada\n" =>
        ExtraLabel,
        "if the first line is a title, remove what stands before the header, or add `\"skip_lines\"` to the import; the columns are `id`, `name`, `score`, `born`, `email`, `phone`; `\"columns\"` in the import maps or ignores other names, and `\"scopes\"` adds columns";
    line_separators_of_unicode: "id;name\u{2028}1;Ada\u{2028}".as_bytes() =>
        ExtraLabel, "it contains a line separator of Unicode: save the file with LF or CRLF line endings";
}
