//! Workbooks built to harm, and files that are no workbooks: each ends in a sentence.

use tidewaiter_sheet::{Choice, Limits, SheetError};

use super::support::{MAIN, Parts, read, read_within, refused, taken};

const SHEET: &str = "xl/worksheets/sheet1.xml";

#[test]
fn entities_and_document_types_are_refused() {
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><worksheet xmlns=\"{MAIN}\"><sheetData><row><c \
         t=\"str\"><v>&b;</v></c></row></sheetData></worksheet>"
    );
    refused(read(&Parts::of("").with(SHEET, &bomb).zip()), "document-type", "it has a document type");
    let rows = "<row><c t=\"str\"><v>&b;</v></c></row>";
    refused(read(&Parts::of(rows).zip()), "document-type", "an entity of its own, &b;");
    let rows = "<row><c t=\"str\"><v>&#0;</v></c></row>";
    refused(read(&Parts::of(rows).zip()), "damaged", "is no character");
}

#[test]
fn what_is_too_large_is_refused() {
    let long = "x".repeat(2 << 20);
    let cases = [
        format!("<row><c t=\"str\"><v>{long}</v></c></row>"),
        format!("<row><c t=\"{long}\"><v>1</v></c></row>"),
        format!("<row><c><{long}/></c></row>"),
        format!("<!--{long}-->"),
        format!(
            "<row><c t=\"inlineStr\"><is>{}</is></c></row>",
            format!("<r><t>{}</t></r>", &long[..1 << 18]).repeat(6)
        ),
    ];
    for rows in cases {
        refused(read(&Parts::of(&rows).zip()), "limit", "more than 1048576 bytes");
    }
    let many = "&amp;".repeat(2 << 20);
    let rows = format!("<row><c t=\"str\"><v>{many}</v></c></row>");
    refused(read(&Parts::of(&rows).zip()), "limit", "more than 1048576 bytes");
    let deep = "<x>".repeat(100) + &"</x>".repeat(100);
    refused(read(&Parts::of(&deep).zip()), "limit", "nested more than 64 deep");

    let small = Limits { strings: 2, row_bytes: 10, sheets: 0, styles: 1, ..Limits::default() };
    let within = |parts: &Parts, limits: &Limits| read_within(&parts.zip(), Choice::FirstVisible, limits);
    let one = |change: fn(&mut Limits, &Limits)| {
        let mut limits = Limits::default();
        change(&mut limits, &small);
        limits
    };
    let parts = Parts::of("").strings("<si><t>a</t></si><si/><si><r><t>c</t></r></si>");
    refused(
        within(&parts, &one(|limits, small| limits.strings = small.strings)),
        "limit",
        "more than 2 different texts",
    );
    let parts = Parts::of("<row><c t=\"str\"><v>0123456789a</v></c></row>");
    refused(
        within(&parts, &one(|limits, small| limits.row_bytes = small.row_bytes)),
        "limit",
        "row 1 has more than 10 bytes",
    );
    refused(
        within(&parts, &one(|limits, small| limits.sheets = small.sheets)),
        "limit",
        "more than 0 sheets",
    );
    let parts = parts.styles("<cellXfs><xf/><xf/></cellXfs>");
    refused(
        within(&parts, &one(|limits, small| limits.styles = small.styles)),
        "limit",
        "more than 1 cell formats",
    );
}

#[test]
fn a_zip_bomb_is_refused_by_the_rules_of_archives() {
    let parts = Parts::of(&" ".repeat(64 << 20));
    refused(read(&parts.zip()), "archive", "beyond the limit of 1000 to 1");
}

#[test]
fn many_attributes_take_no_longer_than_their_bytes() {
    let attributes = (0..80_000).map(|number| format!(" a{number}=\"\"")).collect::<Vec<_>>().concat();
    assert_eq!(
        taken(&Parts::of(&format!("<row{attributes}><c{attributes}><v>1</v></c></row>"))),
        ["A1 number 1"]
    );
}

#[test]
fn parts_that_are_missing_are_named() {
    let parts = || Parts::of("<row><c><v>1</v></c></row>");
    let cases = [
        (
            parts().without(SHEET),
            "missing-part",
            "xl/worksheets/sheet1.xml: the sheet \"Data\" is not in the workbook",
        ),
        (parts().without("xl/sharedStrings.xml"), "missing-part", "xl/sharedStrings.xml"),
        (parts().without("xl/styles.xml"), "missing-part", "xl/styles.xml"),
        (parts().without("xl/workbook.xml"), "missing-part", "xl/workbook.xml"),
        (parts().without("xl/_rels/workbook.xml.rels"), "missing-part", "named nowhere"),
        (parts().without("_rels/.rels"), "not-a-workbook", "a zip archive of other files"),
        (
            parts().with(
                "_rels/.rels",
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"/>",
            ),
            "not-a-workbook",
            "names no document",
        ),
        (
            parts().changed("_rels/.rels", "xl/workbook.xml", "word/document.xml"),
            "not-a-workbook",
            "a Word document",
        ),
        (parts().changed("_rels/.rels", "xl/workbook.xml", "xl/workbook.bin"), "other-format", ".xlsb"),
    ];
    for (parts, code, said) in cases {
        refused(read(&parts.zip()), code, said);
    }
    let unreferred = parts().changed("xl/_rels/workbook.xml.rels", "sharedStrings\"", "other\"").changed(
        "xl/_rels/workbook.xml.rels",
        "/styles\"",
        "/other\"",
    );
    assert_eq!(taken(&unreferred.without("xl/sharedStrings.xml").without("xl/styles.xml")), ["A1 number 1"]);
}

#[test]
fn sheets_that_are_not_there_are_told_with_those_that_are() {
    let zip = Parts::of("").zip();
    let result = read_within(&zip, Choice::Named("Orders"), &Limits::default());
    refused(result, "no-such-sheet", "there is no sheet \"Orders\"; the workbook has \"Data\"");
    let hidden = Parts::of("").changed("xl/workbook.xml", "sheetId", "state=\"veryHidden\" sheetId").zip();
    refused(read(&hidden), "no-such-sheet", "no visible sheet");
    let twice = Parts::of("")
        .changed("xl/workbook.xml", "</sheets>", "<sheet name=\"DATA\" r:id=\"r0\"/></sheets>")
        .zip();
    refused(read(&twice), "damaged", "two sheets are named \"DATA\"");
}

#[test]
fn xml_that_is_none_is_refused() {
    let cases = [
        ("", "holds no element"),
        ("<worksheet/>", "its namespace is unknown"),
        ("<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "html instead of worksheet"),
        ("<worksheet xmlns=\"{}\"><sheetData>", "before its last element"),
        ("<worksheet xmlns=\"{}\"><sheetData><row></sheetData></row></worksheet>", "no well-formed XML"),
        ("<worksheet xmlns=\"{}\"><sheetData/></worksheet><worksheet/>", "second outermost element"),
        ("<worksheet xmlns=\"{}\"><sheetData/>", "before its last element"),
        (
            "<?xml version=\"1.0\" encoding=\"windows-1252\"?><worksheet xmlns=\"{}\"/>",
            "it is in windows-1252 instead of UTF-8",
        ),
        (
            "<worksheet xmlns=\"{}\" xmlns:y=\"{}\"><sheetData><y:row/></sheetData></worksheet>",
            "another prefix",
        ),
        (
            "<worksheet xmlns=\"{}\"><sheetData><row r=\"1\" r=\"2\"/></sheetData></worksheet>",
            "r stands twice",
        ),
        ("<worksheet xmlns=\"{}\"><sheetData><row r=1/></sheetData></worksheet>", "cannot be read"),
        (
            "<worksheet xmlns=\"{}\"><sheetData><row><c><v>1<v>2</v></v></c></row></sheetData></worksheet>",
            "within a text",
        ),
    ];
    for (sheet, said) in cases {
        let parts = Parts::of("").with(SHEET, &sheet.replace("{}", MAIN));
        let refusal = refused(read(&parts.zip()), "damaged", said);
        assert_eq!(refusal.part.as_deref(), Some(SHEET));
    }
    let mut parts = Parts::of("").without(SHEET);
    let utf16 = [0xff, 0xfe].into_iter().chain("<worksheet/>".encode_utf16().flat_map(u16::to_le_bytes));
    parts.0.push((SHEET.to_owned(), utf16.collect()));
    refused(read(&parts.zip()), "damaged", "not in UTF-8");
    let mut parts = Parts::of("").without(SHEET);
    let sheet = format!(
        "<worksheet xmlns=\"{MAIN}\"><sheetData><row><c t=\"str\"><v>?</v></c></row></sheetData></worksheet>"
    );
    parts.0.push((SHEET.to_owned(), sheet.bytes().map(|one| if one == b'?' { 0xe9 } else { one }).collect()));
    refused(read(&parts.zip()), "damaged", "UTF-8");
}

#[test]
fn other_files_are_recognised() {
    let mut container = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    refused(read(&container), "not-a-workbook", "a container without a workbook");
    container.extend(vec![0; (1 << 20) - 30]);
    container.extend("EncryptedPackage".encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    refused(read(&container), "protected", "protected by a password");
    let cases: [(&[u8], &str); 6] = [
        (b"", "but empty; send an Excel workbook"),
        (b"id,name\n1,a\n", "plain text"),
        (b"<html><table>", "a web page"),
        (b"\xef\xbb\xbf<?xml version=\"1.0\"?><Workbook>", "an XML document"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x00\x01", "something else"),
    ];
    for (content, said) in cases {
        refused(read(content), "not-a-workbook", said);
    }
    refused(read(b"\x09\x04\x06\x00\x00\x00\x10\x00"), "other-format", "(.xls)");
    refused(read(b"PK\x03\x04"), "archive", "");
}

#[test]
fn texts_beyond_memory_need_a_scratch() {
    let strings =
        (0..1_000).map(|number| format!("<si><t>text {number}</t></si>")).collect::<Vec<_>>().concat();
    let rows = "<row><c t=\"s\"><v>999</v></c><c t=\"s\"><v>0</v></c></row>";
    let zip = Parts::of(rows).strings(&strings).zip();
    let limits = Limits { resident_bytes: 100, ..Limits::default() };
    let wanted = ["A1 text text 999", "B1 text text 0"];
    assert_eq!(read_within(&zip, Choice::FirstVisible, &limits).expect("it is read"), wanted);
    let without =
        tidewaiter_sheet::Workbook::open(std::io::Cursor::new(zip), tidewaiter_sheet::NoScratch, &limits);
    assert!(matches!(without, Err(SheetError::Scratch(_))));
}
