//! What stands before the records, and what the labels mean.

use serde_json::json;

use crate::support::{Import, texts};

#[test]
fn labels_are_mapped_and_columns_left_out() {
    let options = json!({
        "delimiter": ",",
        "columns": { "First Name": "firstname", "E-Mail": "email", "internal": null },
    });
    let import = Import::new(&texts(&["email", "firstname", "city"]), &options);
    let read = import.read("internal,First Name,E-Mail,city\n7,Ada,ada@example.org,Paris\n");
    assert_eq!(read.lines(), ["ada@example.org|Ada|Paris"]);
    // Labels are case-sensitive, unless the import says otherwise.
    let read = import.read("internal,first name,E-Mail\n7,Ada,ada@example.org\n");
    assert_eq!(read.findings(), ["1 first name: the column is unknown in things"]);
}

#[test]
fn loose_labels() {
    let options =
        json!({ "labels": "loose", "columns": { "Prénom": "firstname" }, "unknown_columns": "ignore" });
    let import = Import::new(&texts(&["email", "firstname", "shoe_size"]), &options);
    let read = import.read("E-MAIL; prénom ;Shoe Size;\na;b;c;d\n");
    assert_eq!(read.lines(), ["a|b|c"]);
}

#[test]
fn unknown_columns_are_ignored_where_the_import_says_so() {
    let fields = texts(&["id", "name"]);
    let strict = Import::new(&fields, &json!({}));
    assert!(strict.read("id;name;new\n1;a;b\n").summary.bogus);
    let read = Import::new(&fields, &json!({ "unknown_columns": "ignore" }))
        .read("id;new;name;\n1;\u{fffd}\"x;a;\n2;x;b;\n");
    assert_eq!(read.lines(), ["2|b"], "the structure of a line counts, whatever is not read");
}

#[test]
fn a_column_that_is_mapped_twice_is_told() {
    let import =
        Import::new(&texts(&["id", "name"]), &json!({ "columns": { "Name": "name" }, "labels": "loose" }));
    let read = import.read("id;Name;NAME\n1;a;b\n");
    assert_eq!(read.findings(), ["1 NAME: the column appears twice, first as column 2"]);
    // Another column of the field's own name is not the field.
    let import = Import::new(&texts(&["id", "name"]), &json!({ "columns": { "Full name": "name" } }));
    let read = import.read("id;Full name;name\n1;a;b\n");
    assert_eq!(read.findings(), ["1 name: the column is unknown in things"]);
    let hint = read.summary.findings.kept()[0].hint.clone().unwrap();
    assert!(hint.starts_with("the import takes the column `Full name` for `name`: name it so"), "{hint}");
}

#[test]
fn no_header() {
    let options = json!({ "header": false, "columns": ["id", null, "name"] });
    let import = Import::new(&texts(&["id", "name"]), &options);
    let read = import.read("1;x;a\n2;y;b\n3;z\n");
    assert_eq!(read.lines(), ["1|a", "2|b"]);
    assert_eq!(read.findings(), ["3: 2 fields where the header has 3"]);
    assert_eq!((read.good[0].0, read.header.len()), (1, 0));
    assert!(import.read("").summary.bogus);
}

#[test]
fn a_preamble_is_skipped() {
    let fields = texts(&["id", "name"]);
    let file = "Report of 29.11.2026\n\n;;\nid;name\n1;a\n";
    let read = Import::new(&fields, &json!({ "skip_lines": 3 })).read(file);
    assert_eq!(read.lines(), ["1|a"]);
    assert_eq!(read.good[0].0, 5, "line numbers are those of the file");
    let read = Import::new(&fields, &json!({ "skip_lines": "auto" })).read(file);
    assert_eq!(read.lines(), ["1|a"]);
    let read = Import::new(&fields, &json!({ "skip_lines": "auto" })).read("a;b\nc;d\n");
    assert_eq!(read.findings(), ["file: the file ends before its header"]);
}

#[test]
fn a_header_of_two_lines() {
    let options = json!({ "header": 2, "columns": { "Customer Id": "id", "Customer Name": "name" } });
    let read = Import::new(&texts(&["id", "name"]), &options).read("Customer;Customer\nId;Name\n1;a\n");
    assert_eq!(read.lines(), ["1|a"]);
}

#[test]
fn comments_before_and_between_the_records() {
    let import = Import::new(&texts(&["id", "name"]), &json!({ "comment": "#" }));
    let read = import.read("# made by x\nid;name\n1;a\n# note; \"\n2;#b\n");
    assert_eq!(read.lines(), ["1|a", "2|#b"]);
    assert_eq!(read.aside, [b"# note; \"\n"]);
    assert_eq!(read.good[1].0, 5);
}

#[test]
fn the_trailer_must_be_there_and_right() {
    let import = Import::new(&texts(&["id", "name"]), &json!({ "trailer": "TRAILER;{count}" }));
    let read = import.read("id;name\n1;a\n2\nTRAILER;2\n");
    assert_eq!((read.lines(), read.bad.len()), (vec!["1|a".to_owned()], 1));
    assert!(!read.summary.bogus);
    for (end, why) in [
        ("TRAILER;3\n", "the trailer says 3 records, but the file has 2"),
        ("TRAILER;1\n", "the trailer says 1 records, but the file has 2"),
        ("", "the trailer `TRAILER;{count}` is missing: the file is incomplete"),
        (
            "TRAILER;99999999999999999999999\n",
            "the trailer says 18446744073709551615 records, but the file has 2",
        ),
    ] {
        let read = import.read(format!("id;name\n1;a\n2;b\n{end}"));
        assert!(read.summary.bogus, "{end}");
        assert_eq!(read.summary.incomplete.unwrap().message, why);
    }
    // What follows the trailer keeps its place, whatever it is.
    let both = Import::new(
        &texts(&["id", "name"]),
        &json!({ "trailer": "#END;{count}", "comment": "#", "encoding": "windows-1252" }),
    );
    let read = both.read("id;name\n1;a\n#END;1\n# bye\n\n");
    assert!(!read.summary.bogus, "a trailer may begin like a comment: {:?}", read.findings());
    assert!(
        both.read(b"id;name\n1;a\n#END;1\n\n\x81\n#END;3\n").findings()[0].starts_with("3: records follow")
    );
    let far = format!("id;name\n1;a\n#END;1\n{}", "\n".repeat(2 << 20));
    assert_eq!(both.read(&far).findings()[0], "3: records follow the trailer of the file", "little is held");
    let read = import.read("id;name\n1;a\nTRAILER;1\n2;b\nTRAILER;1");
    assert_eq!(read.findings()[0], "3: records follow the trailer of the file");
    let lines = Import::new(&texts(&["id"]), &json!({ "trailer": "END *;{lines}" }));
    assert!(!lines.read("id\n1\nEND of file;3\n\n").summary.bogus);
}

#[test]
fn a_byte_order_mark_says_the_encoding() {
    let fields = texts(&["id", "name"]);
    for encoding in ["auto", "utf-8", "windows-1252"] {
        let import = Import::new(&fields, &json!({ "encoding": encoding }));
        assert_eq!(import.read("\u{feff}id;name\n1;é\n").lines(), ["1|é"], "{encoding}");
    }
    let wide = |order: fn(u16) -> [u8; 2]| {
        "\u{feff}id;name\r\n1;é€\r\n2;\n".encode_utf16().flat_map(order).collect::<Vec<u8>>()
    };
    for file in [wide(u16::to_le_bytes), wide(u16::to_be_bytes)] {
        let read = Import::new(&fields, &json!({ "encoding": "auto" })).read(&file);
        assert_eq!(read.lines(), ["1|é€", "2"]);
        assert_eq!(read.good[1].0, 3);
    }
    let strict = Import::new(&fields, &json!({ "trim": true })).read("\u{feff}id;name\n1;é\n");
    assert_eq!(strict.findings(), ["1: the file begins with a byte order mark"], "no encoding is said");
    for encoding in ["windows-1252", "auto"] {
        let read = Import::new(&fields, &json!({ "encoding": encoding }))
            .read(b"PK\x03\x04\x14\0\0\0id;name\n1;a\n");
        assert!(read.findings()[0].contains("a zip archive or an Excel workbook"), "{encoding}");
    }
}

#[test]
fn mistakes_of_the_options_stand_at_their_place() {
    let fields = texts(&["id", "name"]);
    for (options, mistake) in [
        (
            json!({ "header": false }),
            "columns: files without a header need `columns` as a list of fields in their order",
        ),
        (
            json!({ "columns": ["id"] }),
            "columns: a list of fields is for files without a header: set `header` to false",
        ),
        (json!({ "columns": { "a": "id", "b": "id" } }), "columns.b: `id` is the field of columns.a, too"),
        (
            json!({ "columns": { "a": "nam" } }),
            "columns.a: \"things\" has no field `nam` (did you mean `name`?)",
        ),
        (
            json!({ "decimal": ",", "thousands": "," }),
            "thousands: the decimal separator and the thousands separator are the same",
        ),
        (
            json!({ "date_formats": ["dd/mm/yyyy", "mm/dd/yyyy"] }),
            "date_formats[1]: `02/01/2026` is another day in the form `dd/mm/yyyy`",
        ),
        (json!({ "delimiter": "'", "quote": "'" }), "quote: the delimiter contains the quote"),
    ] {
        let path = "acme.things.x.";
        assert_eq!(Import::mistakes(&fields, &options), [format!("{path}{mistake}")], "{options}");
    }
    for options in [
        json!({ "encoding": "klingon" }),
        json!({ "encoding": "iso-2022-jp" }),
        json!({ "encoding": ["utf-16", "utf-8"] }),
        json!({ "delimiter": "ab" }),
        json!({ "delimiter": "" }),
        json!({ "quote": "''" }),
        json!({ "escape": "é" }),
        json!({ "header": 6 }),
        json!({ "skip_lines": "some" }),
        json!({ "comment": "" }),
        json!({ "trailer": "{count}" }),
        json!({ "columns": "id" }),
        json!({ "columns": { "a": 1 } }),
        json!({ "decimal": ";" }),
        json!({ "date_formats": ["someday"] }),
        json!({ "line_breaks": "yes" }),
        json!({ "trim": "yes" }),
    ] {
        assert_eq!(Import::mistakes(&fields, &options).len(), 1, "{options}");
    }
}
