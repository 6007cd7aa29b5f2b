//! Files are fixed where there is no doubt, and left as they are elsewhere.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests")]

use std::sync::Arc;

use proptest::prelude::*;
use tidewaiter::check::fix::{Encoding, Fixed, fix};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink, Summary};
use tidewaiter::finding::Code;
use tidewaiter::schema::compile::Scope;

fn scope() -> Arc<Scope> {
    let schema = serde_json::json!({
        "fields": [
            { "name": "id", "type": "integer", "constraints": { "required": true } },
            { "name": "price", "type": "number" },
            { "name": "day", "type": "date" },
            { "name": "first_name" },
            { "name": "status", "constraints": { "enum": ["paid", "sent"] } },
            { "name": "flag", "type": "boolean" },
        ],
        "primaryKey": ["id"],
    });
    Arc::new(Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap())
}

struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _: &[u8], _: &Header) {}
    fn accepted(&mut self, _: &Line<'_>) {}
    fn rejected(&mut self, _: &[u8]) {}
}

fn check(content: &[u8]) -> Summary {
    let mut checker = Checker::new(scope(), Dialect::default(), Limits::default());
    checker.feed(content, &mut Ignore);
    checker.finish(&mut Ignore)
}

fn fixed(content: &[u8]) -> Fixed {
    fix(content, &scope(), &Dialect::default(), None)
}

fn said(notes: &[tidewaiter::check::fix::Note]) -> Vec<&str> {
    notes.iter().map(|note| note.what.as_str()).collect()
}

/// Fixes a file to exactly this, saying this.
#[track_caller]
fn assert_fixed(content: impl AsRef<[u8]>, expected: &str, change: &str) {
    let found = fixed(content.as_ref());
    assert_eq!(String::from_utf8_lossy(&found.content), expected);
    assert!(said(&found.changes).contains(&change), "{found:?}");
    let summary = check(&found.content);
    assert_eq!((summary.bogus, summary.rejected), (false, 0), "{:?}", summary.findings);
}

/// Leaves a file as it is, and says why.
#[track_caller]
fn assert_left(content: impl AsRef<[u8]>, why: &str) {
    let found = fixed(content.as_ref());
    assert_eq!(found.content, content.as_ref());
    assert_eq!(said(&found.changes), Vec::<&str>::new());
    assert!(said(&found.left).iter().any(|what| what.contains(why)), "{:?}", found.left);
}

/// The same for a file with another delimiter.
#[track_caller]
fn assert_left_with(delimiter: u8, content: &str, why: &str) {
    let found = fix(content.as_bytes(), &scope(), &Dialect::delimited_by(delimiter), None);
    assert_eq!(String::from_utf8_lossy(&found.content), content);
    assert!(said(&found.left).iter().any(|what| what.contains(why)), "{:?}", found.left);
}

const GOOD: &str = "id;price;first_name\r\n1;2.50;\"Ada; \"\"A\"\"\"\r\n2;;\n3;1;x";

#[test]
fn a_good_file_stays_as_it_is() {
    let found = fixed(GOOD.as_bytes());
    assert_eq!((found.content.as_slice(), found.changes.len(), found.left.len()), (GOOD.as_bytes(), 0, 0));
}

#[test]
fn a_byte_order_mark() {
    assert_fixed(format!("\u{feff}{GOOD}"), GOOD, "removed the byte order mark");
}

#[test]
fn utf_16_and_utf_32() {
    let good = "id;first_name\n1;Zoé 𝄞\n";
    let utf16: Vec<u16> = std::iter::once(0xfeff).chain(good.encode_utf16()).collect();
    let utf32 = std::iter::once(0xfeff).chain(good.chars().map(u32::from));
    let le: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    assert_fixed(&le, good, "rewritten from UTF-16 as UTF-8");
    assert_fixed(be, good, "rewritten from UTF-16 as UTF-8");
    assert_fixed(
        utf32.clone().flat_map(u32::to_le_bytes).collect::<Vec<_>>(),
        good,
        "rewritten from UTF-32 as UTF-8",
    );
    assert_fixed(
        utf32.flat_map(u32::to_be_bytes).collect::<Vec<_>>(),
        good,
        "rewritten from UTF-32 as UTF-8",
    );
    assert_left(&le[..le.len() - 1], "damaged");
}

#[test]
fn windows_1252_is_believed_to_who_says_so() {
    let content = b"id;first_name\n1;Zo\xe9 \x80\n";
    assert_left(content, "--encoding windows-1252");
    let found = fix(content, &scope(), &Dialect::default(), Some(Encoding::Windows1252));
    assert_eq!(String::from_utf8(found.content).unwrap(), "id;first_name\n1;Zoé €\n");
    assert_left(
        "id;first_name\n1;Zoé\n".as_bytes().iter().chain(b"2;Zo\xe9\n").copied().collect::<Vec<_>>(),
        "two files were joined",
    );
    // A line of each.
    let mixed = ["id;first_name\n1;Zoé\n".as_bytes(), b"2;Zo\xe9\n"].concat();
    let found = fix(&mixed, &scope(), &Dialect::default(), Some(Encoding::Windows1252));
    assert_eq!(String::from_utf8(found.content).unwrap(), "id;first_name\n1;Zoé\n2;Zoé\n");
    let glued = [b"id;first_name\n1;Ada\n".as_slice(), b"\xff\xfe2\0;\0B\0\n\0"].concat();
    let found = fix(&glued, &scope(), &Dialect::default(), Some(Encoding::Windows1252));
    assert_eq!((found.content, found.changes.len()), (glued, 0));
}

#[test]
fn line_ends_and_empty_lines() {
    assert_fixed(
        "id;price\r1;2\r",
        "id;price\n1;2\n",
        "the lines end with LF instead of a bare carriage return",
    );
    assert_fixed("\r\n\nid\n1\n\n2\n", "id\n1\n2\n", "removed empty lines");
    let mark = "removed the end-of-file mark of old systems";
    assert_fixed("id;price\r\n1;2\r\n\x1a", "id;price\r\n1;2\r\n", mark);
    assert_fixed(
        "sep=;\nid;price\n1;2\n",
        "id;price\n1;2\n",
        "removed the first line, a spreadsheet setting",
    );
}

#[test]
fn another_delimiter() {
    let change = "delimited by `;` instead of `,`";
    assert_fixed("id,first_name\n1,\"a,b\"\n2,c;d\n", "id;first_name\n1;\"a,b\"\n2;\"c;d\"\n", change);
    assert_fixed("id\tprice\n1\t2,5\n", "id;price\n1;2.5\n", "delimited by `;` instead of a tab");
    // An unquoted decimal comma: what belongs together is not known.
    let found = fixed(b"id,price\n1,2\n2,3,5\n");
    assert_eq!(found.content, b"id;price\n1;2\n2,3,5\n");
    assert_eq!(said(&found.left), ["cannot be told apart by `,`"]);
    // Nothing of it is known.
    assert_eq!(fixed(b"a,b\n1,2\n").content, b"a,b\n1,2\n");
}

#[test]
fn labels() {
    let change = "a column name in the header is spelled as the scope has it";
    assert_fixed("ID; Price ;\"First Name\"\n1;2;x\n", "id;price;first_name\n1;2;x\n", change);
    let found = fixed(b"id;Price;PRICE\n1;2;3\n");
    assert_eq!(found.content, b"id;Price;PRICE\n1;2;3\n");
    assert_eq!(said(&found.left), ["two columns of the header would get the same name"; 1]);
    // Like a column, but not beyond doubt.
    assert_eq!(fixed(b"id;pricee\n1;2\n").content, b"id;pricee\n1;2\n");
}

#[test]
fn trailing_delimiters() {
    assert_fixed(
        "id;price;\n1;2;\n2;3\n",
        "id;price\n1;2\n2;3\n",
        "removed an extra delimiter at the end of the header",
    );
    assert_fixed(
        "id;price\n1;2;\n2;3\n",
        "id;price\n1;2\n2;3\n",
        "removed an extra delimiter at the end of the line",
    );
    assert_left("id;price;\r\n1;2;x\r\n", "the last column has values but no name");
}

/// The line was shifted by one column, and called good.
#[test]
fn a_delimiter_at_the_end_may_be_one_in_a_value() {
    assert_left(
        "id;first_name;price;flag\n1;Smith;Jones;;\n",
        "the line ends with an extra delimiter, or an earlier value",
    );
}

/// A line with one value more than the others: which of them holds the delimiter cannot be told.
#[test]
fn an_address_that_holds_the_delimiter_shifts_no_cell() {
    let fields = ["email", "firstname", "lastname", "address", "zipcode", "city"];
    let fields = fields.map(|name| serde_json::json!({ "name": name }));
    let schema = serde_json::json!({ "fields": fields, "primaryKey": ["email"] });
    let scope = Arc::new(Scope::compile("contacts", &serde_json::from_value(schema).unwrap()).unwrap());
    let header = "email;firstname;lastname;address;zipcode;city";
    let ada = "ada@example.org;Ada;Lovelace;12; rue du Port;Marseille;";
    for file in [
        format!("{header}\n{ada}\n"),
        format!("{header}\n{ada}\n{ada}\n"),
        format!("{header}\nbob@example.org;Bob;Bobson;1 rue;13002;Nice\n{ada}\n"),
    ] {
        let found = fix(file.as_bytes(), &scope, &Dialect::default(), None);
        assert_eq!(String::from_utf8(found.content).unwrap(), file);
        assert!(said(&found.left)[0].contains("an earlier value contains one"), "{:?}", found.left);
    }
}

/// The last value may end with the delimiter, unless all lines do.
#[test]
fn a_delimiter_behind_a_text_is_dropped_only_where_all_lines_have_one() {
    assert_left("id;first_name\n1;Ada;\n2;Bob\n", "the line ends with an extra delimiter");
    assert_fixed(
        "id;first_name\n1;Ada;\n2;Bob;\n",
        "id;first_name\n1;Ada\n2;Bob\n",
        "removed an extra delimiter at the end of the line",
    );
    // In each line, the price may hold a decimal comma.
    assert_left_with(b',', "id,price,first_name\n1,2,5,\n2,3,5,\n", "the line ends with an extra delimiter");
}

#[test]
fn quotes_that_csv_does_not_know_are_left_in_the_header_and_in_the_lines() {
    for file in ["'ID';'First Name'\n'1';'Ada'\n", "\"\"\"ID\"\"\";\"\"\"First Name\"\"\"\n1;Ada\n"] {
        assert_eq!(fixed(file.as_bytes()).content, file.as_bytes());
    }
}

#[test]
fn a_name_with_the_delimiter_is_written_in_quotes() {
    let schema =
        serde_json::json!({ "fields": [{ "name": "id" }, { "name": "first name" }], "primaryKey": ["id"] });
    let scope = Arc::new(Scope::compile("things", &serde_json::from_value(schema).unwrap()).unwrap());
    let found = fix(b"ID;FIRST_NAME\n1;Ada L\n2;Bob\n", &scope, &Dialect::delimited_by(b' '), None);
    assert_eq!(String::from_utf8(found.content).unwrap(), "id \"first name\"\n1 \"Ada L\"\n2 Bob\n");
    let found = fix(b"ID \"First Name\"\n1 \"Ada L\"\n2 Bob\n", &scope, &Dialect::delimited_by(b' '), None);
    assert_eq!(String::from_utf8(found.content).unwrap(), "id \"first name\"\n1 \"Ada L\"\n2 Bob\n");
}

#[test]
fn doubled_carriage_returns_are_removed_everywhere() {
    let change = "the lines end with CR LF instead of CR CR LF";
    assert_fixed("id;first_name\r\r\n1;Ada\r\r\n2;Bob\r\r\n", "id;first_name\r\n1;Ada\r\n2;Bob\r\n", change);
    assert_fixed("id;first_name\r\n1;Ada\r\r\n2;Bob\n", "id;first_name\r\n1;Ada\r\n2;Bob\n", change);
    // One within a line is no end.
    assert_eq!(fixed(b"id;first_name\r;\n1;Ada\n").content, b"id;first_name\r;\n1;Ada\n");
}

#[test]
fn blanks_behind_delimiters_are_removed_in_header_and_values_alike() {
    assert_fixed(
        "id; first_name; status\n1; Ada; paid\n2; Bob ; sent\n",
        "id;first_name;status\n1;Ada;paid\n2;Bob;sent\n",
        "a column name in the header is spelled as the scope has it",
    );
    assert_fixed(
        "id; \"first_name\"; \"status\"\n1; \"Ada; A\"; \"paid\"\n\"2\" ;\"Bob\";\"sent\"\n",
        "id;\"first_name\";\"status\"\n1;\"Ada; A\";\"paid\"\n\"2\";\"Bob\";\"sent\"\n",
        "removed spaces between quotes and delimiters",
    );
    // The status has no blank of its own, so the name has none either.
    assert_fixed(
        "id;first_name;status\n1; Ada; paid\n2; Bob; sent\n",
        "id;first_name;status\n1;Ada;paid\n2;Bob;sent\n",
        "removed spaces between delimiters and values",
    );
    assert_left("id;first_name\n1; Ada\n2; Bob\n", "add `\"trim\": true` to the import");
    assert_left("id;first_name;status\n1; Ada;PAID\n2;Bob;sent\n", "add `\"trim\": true` to the import");
}

#[test]
fn lines_that_are_no_records() {
    let header = "id;first_name;status\n";
    let rows = "removed rows of delimiters without a value";
    assert_fixed(format!("{header}1;Ada;paid\n;;\n\"\"; ;\n;;;;\n"), &format!("{header}1;Ada;paid\n"), rows);
    let repeated = "removed lines that repeat the header";
    let glued = format!("{header}1;Ada;paid\n\u{feff}{header}2;Bob;sent\n{header}");
    assert_fixed(glued, &format!("{header}1;Ada;paid\n2;Bob;sent\n"), repeated);
    assert_left(format!("{header}1;Ada;PAID\nid;status;first_name\n2;SENT;Bob\n"), "files were joined");
    assert_left(format!("A title;;\n;;\n{header}1;Ada;paid\n"), "line 3 seems to be the header");
    // The end of an upload is missing, and cannot be restored.
    assert_eq!(fixed(format!("{header}1;Ada;paid\n2;B\0\0").as_bytes()).changes, Vec::new());
}

#[test]
fn guards_of_spreadsheets() {
    let change = "removed a spreadsheet's guards around values";
    let header = "id;first_name;day\n";
    assert_fixed(format!("{header}1;=\"01000\";\n"), &format!("{header}1;01000;\n"), change);
    let cells = "values are rewritten in the format of the column";
    let quoted = format!("{header}1;\"=\"\"01000\"\"\";\"=\"\"2026-01-31\"\"\"\n");
    assert_fixed(quoted, &format!("{header}1;\"01000\";\"2026-01-31\"\n"), cells);
}

/// The line would be imported with a text that is not what was meant.
#[test]
fn a_line_is_not_repaired_around_a_text_that_is_suspect() {
    for text in ["\\N", "17.0", "4.00638E+12", " Ada", "Ada\u{200b}"] {
        assert_left(format!("id;first_name;price\n1;{text};1,5\n"), "the line is left, because a text");
    }
}

#[test]
fn another_line_settles_what_a_value_means() {
    assert_fixed(
        "id;day;price\n1;01/02/1980;\n2;31/12/1980;1,355\n3;;2,5\n",
        "id;day;price\n1;1980-02-01;\n2;1980-12-31;1.355\n3;;2.5\n",
        "values are rewritten in the format of the column, read as day/month because of line 3",
    );
    let found = fixed(b"id;day;price\n1;01/02/1980;\n2;31/12/1980;1,355\n3;;2,5\n");
    assert!(
        said(&found.changes).iter().any(|what| what.ends_with("read as decimal commas because of line 4"))
    );
    assert_left("id;day\n1;01/02/1980\n2;03/04/1980\n", "whichever was meant");
}

/// Found by damaging files at random: the key was lost, and a second repair dropped what the first one had emptied.
#[test]
fn a_line_of_words_for_no_value_is_not_emptied() {
    let found = fixed(b"price;id\nNULL;\n");
    assert_eq!(String::from_utf8(found.content).unwrap(), "price;id\nNULL;\n");
}

/// Found by damaging files at random: what stood around `1.000` hid that it has two readings.
#[test]
fn a_number_with_two_readings_is_left_whatever_stands_around_it() {
    assert_left("id;price\n1;\u{feff}1.000\u{200b}\n", "write `1.000` or `1000`, whichever was meant");
    assert_left("id;price\n1; 1.000\n", "write `1.000` or `1000`, whichever was meant");
}

/// Found by damaging files at random: a decimal comma broke a line, so it said nothing about `-1.000`.
#[test]
fn a_line_that_cannot_be_read_may_have_a_decimal_comma() {
    assert_left("ID,price,flag\n0,1.234.567,5,true\n1,-1.000,true\n", "which may be thousands");
}

/// Found by damaging files at random: where all lines ended with a delimiter, a line passed with `\N` as a name.
#[test]
fn a_text_that_is_suspect_keeps_a_line_from_losing_its_last_delimiter() {
    let found = fixed(b"id;price;first_name\n1;;Ada;\n2;;\\N;\n");
    assert_eq!(String::from_utf8(found.content).unwrap(), "id;price;first_name\n1;;Ada\n2;;\\N;\n");
}

/// Each repair was made only if it was the last one needed.
#[test]
fn repairs_do_not_depend_on_each_other() {
    let content = "ID,First Name,Day,Status\r\n1,\"a\r\nb\",31/12/1980,PAID\r\n2,, 01/02/1980,sent,\r\n";
    let expected = "id;first_name;day;status\r\n1;\"a b\";1980-12-31;paid\r\n2;;1980-02-01;sent\r\n";
    assert_fixed(content, expected, "replaced a line break in a value with a space");
}

#[test]
fn an_address_is_never_invented() {
    let schema =
        serde_json::json!({ "fields": [{ "name": "email", "format": "email" }], "primaryKey": ["email"] });
    let scope = Arc::new(Scope::compile("contacts", &serde_json::from_value(schema).unwrap()).unwrap());
    for address in ["jean\u{a0} paul@example.org", "jean paul@example.org", "jean.paul@exam\u{ad}ple.org"] {
        let file = format!("email\n{address}\n");
        let found = fix(file.as_bytes(), &scope, &Dialect::default(), None);
        assert_eq!(found.content, file.as_bytes());
    }
}

#[test]
fn a_line_break_in_a_value() {
    let change = "replaced a line break in a value with a space";
    assert_fixed("id;first_name\n1;\"a\nb\nc\"\n2;d\n", "id;first_name\n1;\"a b c\"\n2;d\n", change);
    // A good line is never part of another one.
    let open = "id;first_name\n1;\"a\n2;b\n3;c\"\n";
    assert_eq!(fixed(open.as_bytes()).content, open.as_bytes());
}

#[test]
fn cells_that_are_meant_beyond_doubt() {
    for (before, after) in [
        ("1;12,5;;;;", "1;12.5;;;;"),
        ("1;1 234,50;;;;", "1;1234.50;;;;"),
        ("1;1.234,50;;;;", "1;1234.50;;;;"),
        ("1;0,123;;;;", "1;0.123;;;;"),
        (" 1 ;+2;;;;", "1;2;;;;"),
        ("1;(2.5);;;;", "1;-2.5;;;;"),
        ("1;NULL;;;;", "1;;;;;"),
        ("1;;31/01/2026;;;", "1;;2026-01-31;;;"),
        ("1;;\"31.1.2026\";;;", "1;;\"2026-01-31\";;;"),
        ("1;;05/05/2026;;;", "1;;2026-05-05;;;"),
        ("1;;20260131;;;", "1;;2026-01-31;;;"),
        ("1;;2026-01-31 00:00:00;;;", "1;;2026-01-31;;;"),
        ("1;;31 January 2026;;;", "1;;2026-01-31;;;"),
        ("1;;31-janv.-2026;;;", "1;;2026-01-31;;;"),
        ("1;;Jan 31st, 2026;;;", "1;;2026-01-31;;;"),
        ("1;;31 de enero de 2026;;;", "1;;2026-01-31;;;"),
        ("1;;31. März 2026;;;", "1;;2026-03-31;;;"),
        ("1;;;;PAID;yes", "1;;;;paid;true"),
    ] {
        let header = "id;price;day;first_name;status;flag\n";
        assert_fixed(
            format!("{header}{before}\n"),
            &format!("{header}{after}\n"),
            "values are rewritten in the format of the column",
        );
    }
}

#[test]
fn cells_that_may_mean_two_things_are_left_and_told() {
    for (line, why) in [
        ("1;1,234;;;;", "write `1.234` or `1234`, whichever was meant"),
        ("1.000;;;;;", "write `1` or `1000`, whichever was meant"),
        ("1,000;;;;;", "write `1` or `1000`, whichever was meant"),
        ("1;-;;;;", "leave the cell empty"),
        ("1;none;;;;", "leave the cell empty"),
        ("1;;2026-31-01;;;", "day and month cannot be told apart"),
        ("1;;2026-01-31T00:00:00Z;;;", "write only the date"),
        ("1;12 €;;;;", "write only the number"),
        ("1;1.2E+10;;;;", "a spreadsheet shortened the number"),
        ("1;;01/02/2026;;;", "whichever was meant"),
        ("1;;31/01/26;;;", "four digits"),
        ("1;;31-Jan-26;;;", "four digits"),
        ("1;;2026-01-31 13:45:00;;;", "write only the date"),
        ("1;;45678;;;", "a spreadsheet's day number"),
        ("1;;;;piad;", "did you mean"),
    ] {
        assert_left(format!("id;price;day;first_name;status;flag\n{line}\n"), why);
    }
}

#[test]
fn what_is_no_csv_is_left() {
    assert_left("<!DOCTYPE html><p>504</p>", "a web page");
    assert_left(b"PK\x03\x04\x14\x00rest", "an Excel workbook");
}

#[test]
fn what_was_done_is_counted_and_the_first_lines_are_named() {
    let lines: String = (0..50).fold("id;price\n".to_owned(), |text, n| format!("{text}{n};1,5\n"));
    let found = fixed(lines.as_bytes());
    assert_eq!((found.changes.len(), found.changes[0].count), (1, 50));
    assert_eq!(found.changes[0].lines, (2..=21).collect::<Vec<u64>>());
    assert_eq!(found.changes[0].column.as_deref(), Some("price"));
}

/// Pieces of files, good and bad.
fn cells() -> impl Strategy<Value = String> {
    let known = [
        "",
        "1",
        "2.5",
        "12,5",
        "1,234",
        "1 234,5",
        "+3",
        "x",
        " 7 ",
        "NULL",
        "2026-01-31",
        "31/01/2026",
        "01/02/2026",
        "3 Feb 2026",
        "20260131",
        "PAID",
        "piad",
        "yes",
        "maybe",
        "\"a;b\"",
        "\"a",
        "b\"",
        "é",
        "1E+9",
        "\"12,5\"",
        "\"31/01/2026\"",
    ];
    prop_oneof![8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[ -~é]{0,6}"]
}

fn files() -> impl Strategy<Value = Vec<u8>> {
    let labels =
        ["id", "ID", "price", " price", "day", "First Name", "first_name", "status", "flag", "", "pricee"];
    let header = prop::collection::vec(prop::sample::select(labels.to_vec()), 1..7);
    let lines = prop::collection::vec((prop::collection::vec(cells(), 0..8), 0..3_usize), 0..10);
    (header, lines, 0..3_usize, 0..6_usize).prop_map(|(header, lines, delimiter, start)| {
        let delimiter = [";", ",", "\t"][delimiter];
        let mut text = ["", "\u{feff}", "\n", "sep=;\n", "", ""][start].to_owned();
        text.push_str(&header.join(delimiter));
        text.push('\n');
        for (cells, end) in lines {
            text.push_str(&cells.join(delimiter));
            text.push_str(["\n", "\r\n", ";\n"][end]);
        }
        text.into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is claimed to be fixed passes the check; a good line stays as it is; and there is nothing left to do.
    #[test]
    fn what_is_claimed_to_be_fixed_passes_the_check(content in files()) {
        let before = check(&content);
        let found = fixed(&content);
        let after = check(&found.content);
        if found.changes.is_empty() {
            prop_assert_eq!(&found.content, &content);
        }
        if !before.bogus && before.rejected == 0 {
            prop_assert_eq!(&found.content, &content);
        }
        prop_assert!(after.accepted >= before.accepted, "{:?} {:?}", before, after);
        for change in &found.changes {
            for finding in after.findings.kept() {
                let there = finding.line.is_some_and(|line| change.lines.contains(&line));
                let same = match (&change.column, &finding.field) {
                    (Some(column), Some(field)) => *column == field.name,
                    (None, None) => finding.code == Code::ExtraCell && change.what.contains("too many"),
                    _ => false,
                };
                prop_assert!(!(there && same), "{:?} is claimed, and there is {:?}", change, finding);
            }
        }
        let again = fixed(&found.content);
        prop_assert_eq!(&again.content, &found.content);
        prop_assert_eq!(again.changes, Vec::new());
    }

    #[test]
    fn no_bytes_are_too_strange(content in prop::collection::vec(any::<u8>(), 0..200)) {
        fixed(&content);
        fix(&content, &scope(), &Dialect::default(), Some(Encoding::Windows1252));
    }
}
