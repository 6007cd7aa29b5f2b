//! What cells mean, by the standard and as Excel shows them.

use super::support::{MAIN, Parts, lines, read, refused, taken};
use std::io::Cursor;
use tidewaiter_sheet::{Choice, Limits, NoScratch, Value, Workbook};

const STYLES: &str = "<numFmts count=\"2\"><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy;@\"/>\
    <numFmt numFmtId=\"165\" formatCode=\"[h]:mm\"/></numFmts>\
    <cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs>\
    <cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"22\"/><xf numFmtId=\"164\"/><xf numFmtId=\"165\"/>\
    <xf numFmtId=\"20\"/><xf/></cellXfs>";

#[test]
fn every_kind_of_cell_is_read() {
    let parts = Parts::of(
        "<row r=\"3\"><c r=\"A3\" t=\"s\"><v>1</v></c><c r=\"B3\" t=\"str\"><f>A1</f><v>a_x000D_\r\nb</v></c>\
         <c r=\"C3\" t=\"inlineStr\"><is><t> a </t><rPh sb=\"0\" eb=\"1\"><t>no</t></rPh></is></c><c r=\"D3\" t=\"b\"><v>1</v></c>\
         <c r=\"E3\" t=\"e\"><v>#N/A</v></c><c r=\"F3\" t=\"n\"><v> 4.00638E+12 </v></c><c r=\"G3\" s=\"1\"><v>60</v></c>\
         <c r=\"H3\" s=\"3\"/><c r=\"I3\"><f>SUM(A1:A2)</f></c><c r=\"J3\" t=\"d\" s=\"1\"><v>2026-11-28T00:00:00</v></c>\
         <c r=\"K3\" s=\"4\"><v>1.5</v></c><c r=\"L3\" s=\"5\"><v>0.25</v></c><c r=\"M3\" s=\"99\"><v>1</v></c>\
         <c r=\"N3\" t=\"str\"><f>\"\"</f><v></v></c><c r=\"O3\"><v/></c><c r=\"P3\" s=\"1\"><v>-5</v></c></row>",
    )
    .strings(
        "<si><t>0</t></si><si><r><rPr><b/></rPr><t>one</t></r><r><t xml:space=\"preserve\"> &amp; </t></r><r><t><![CDATA[two]]></t></r>\
         <rPh sb=\"0\" eb=\"3\"><t>wan</t></rPh><phoneticPr fontId=\"1\"/></si>",
    )
    .styles(STYLES);
    let wanted = [
        "A3 text one & two",
        "B3 =text a\r\nb",
        "C3 text a",
        "D3 bool true",
        "E3 error #N/A",
        "F3 number 4006380000000",
        "G3 date 1900-02-29",
        "I3 =empty ",
        "J3 date 2026-11-28",
        "K3 duration 36:00:00",
        "L3 time 06:00:00",
        "M3 number 1",
        "N3 =text ",
        "P3 number -5",
    ];
    assert_eq!(taken(&parts), wanted);
}

#[test]
fn days_count_from_1904_where_the_workbook_says_so() {
    let parts = Parts::of(
        "<row r=\"1\"><c r=\"A1\" s=\"1\"><v>0</v></c><c r=\"B1\" s=\"2\"><v>44892.5</v></c></row>",
    )
    .styles(STYLES)
    .changed("xl/workbook.xml", "<sheets>", "<workbookPr date1904=\"1\"/><sheets>");
    assert_eq!(taken(&parts), ["A1 date 1904-01-01", "B1 datetime 2026-11-28T12:00:00"]);
}

#[test]
fn positions_that_are_not_told_follow_the_ones_before() {
    let parts = Parts::of(
        "<row><c><v>1</v></c><c r=\"D1\"><v>4</v></c><c><v>5</v></c></row><row r=\"5\"><c><v>6</v></c></row>\
         <row><c r=\"B6\"><v>8</v></c><c r=\"A6\"><v>7</v></c><c r=\"c6\"><v>9</v></c></row><row r=\"8\"/><row><c><v>10</v></c></row>",
    );
    let wanted = [
        "A1 number 1",
        "D1 number 4",
        "E1 number 5",
        "A5 number 6",
        "A6 number 7",
        "B6 number 8",
        "C6 number 9",
        "A9 number 10",
    ];
    assert_eq!(taken(&parts), wanted);
}

#[test]
fn places_that_contradict_each_other_are_refused() {
    let cases = [
        ("<row r=\"2\"/><row r=\"2\"/>", "row 2 comes after row 2"),
        ("<row r=\"0\"/>", "the number 0"),
        ("<row r=\"1048577\"/>", "the number 1048577"),
        ("<row r=\"1\"><c r=\"A2\"><v>1</v></c></row>", "A2 stands in row 1"),
        ("<row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row>", "no sheet has a cell"),
        ("<row r=\"1\"><c r=\"XFD1\"/><c><v>1</v></c></row>", "more than 16384 cells"),
        (
            "<row r=\"1\"><c r=\"B1\"><v>1</v></c><c r=\"B1\"><v>2</v></c></row>",
            "cell B1: the cell stands twice",
        ),
        ("<row r=\"1\"><c r=\"B1\"><v>x</v></c></row>", "cell B1: \"x\" is no number"),
        (
            "<row r=\"1\"><c r=\"B1\" t=\"s\"><v>0</v></c></row>",
            "cell B1: it names the text 0, and the workbook has 0 texts",
        ),
        ("<row r=\"1\"><c r=\"B1\" t=\"b\"><v>yes</v></c></row>", "neither true nor false"),
        ("<row r=\"1\"><c r=\"B1\" t=\"d\"><v>28.11.2026</v></c></row>", "is no date"),
        ("<row r=\"1\"><c r=\"B1\" t=\"x\"><v>1</v></c></row>", "its kind is unknown"),
        ("<row r=\"1\"><c r=\"B1\" s=\"-1\"><v>1</v></c></row>", "its style is no number"),
    ];
    for (rows, said) in cases {
        refused(read(&Parts::of(rows).zip()), "bad-cell", said);
    }
}

#[test]
fn spellings_that_are_rare_mean_the_same() {
    let usual = "<row r=\"1\"><c r=\"A1\" s=\"1\"><v>46354</v></c><c r=\"B1\" t=\"inlineStr\"><is><t>a b</t></is></c>\
                 <c r=\"C1\"><f>1+1</f><v>2</v></c><c r=\"D1\" t=\"str\"><v>x</v></c></row>";
    let wanted = taken(&Parts::of(usual).styles(STYLES));
    assert_eq!(wanted.len(), 4);
    let rare = [
        usual.replace('"', "'"),
        usual.replace("<c r=", "<c  xml:lang=\"en\"\n\tr ="),
        usual.replace("</c>", "<!-- a comment --></c>\r\n  "),
        usual.replace("<f>1+1</f>", "<f t=\"shared\" ref=\"C1:C2\" si=\"0\">A1&lt;1</f>"),
        usual.replace("<v>", "<v >").replace("</c>", "</c >"),
        usual.replace("a b", "a&#32;b").replace("46354", "4635<![CDATA[4]]>"),
        usual.replace("<v>46354</v>", "<extLst><ext><v>1</v></ext></extLst><v>46354</v>"),
    ];
    for rows in rare {
        assert_eq!(taken(&Parts::of(&rows).styles(STYLES)), wanted, "{rows}");
    }
    let prefixed = usual.replace("</", "</x:").replace('<', "<x:").replace("<x:/x:", "</x:");
    let sheet = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><x:worksheet xmlns:x=\"{MAIN}\"><x:sheetData>{prefixed}</x:sheetData></x:worksheet>"
    );
    assert_eq!(taken(&Parts::of("").styles(STYLES).with("xl/worksheets/sheet1.xml", &sheet)), wanted);
    let strict = Parts::of(usual).styles(STYLES).changed(
        "xl/worksheets/sheet1.xml",
        MAIN,
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    );
    assert_eq!(taken(&strict), wanted);
}

#[test]
fn numbers_tell_how_they_were_spelled() {
    let zip =
        Parts::of("<row r=\"1\"><c r=\"A1\"><v>1.1000000000000001</v></c><c r=\"B1\"><v>1E+15</v></c></row>")
            .zip();
    let mut workbook = Workbook::open(Cursor::new(zip), NoScratch, &Limits::default()).expect("it opens");
    let mut rows = workbook.rows(Choice::FirstVisible).expect("the sheet opens");
    let row = rows.next_row().expect("it is read").expect("a row");
    let values: Vec<_> = row.cells().map(|cell| cell.value).collect();
    assert_eq!(
        values,
        [
            Value::Number { text: "1.1", raw: "1.1000000000000001", is_exact: true },
            Value::Number { text: "1000000000000000", raw: "1E+15", is_exact: false },
        ]
    );
}

#[test]
fn a_sheet_is_read_again_from_its_beginning() {
    let zip =
        Parts::of("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"2\"><c r=\"A2\"><v>2</v></c></row>")
            .zip();
    let mut workbook = Workbook::open(Cursor::new(zip), NoScratch, &Limits::default()).expect("it opens");
    let mut rows = workbook.rows(Choice::FirstVisible).expect("the sheet opens");
    assert_eq!(rows.next_row().expect("it is read").expect("a row").number(), 1);
    let mut rows = workbook.rows(Choice::Named("data")).expect("the sheet opens");
    assert_eq!(lines(&mut rows).expect("it is read"), ["A1 number 1", "A2 number 2"]);
}

#[test]
fn macros_charts_and_embedded_documents_do_no_harm() {
    let parts = Parts::of("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>")
        .with("xl/vbaProject.bin", "\u{0}")
        .with("xl/embeddings/oleObject1.zip", "PK\u{3}\u{4}")
        .with("docProps/.DS_Store", "");
    assert_eq!(taken(&parts), ["A1 number 1"]);
}
