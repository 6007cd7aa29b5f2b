//! Workbooks that were cut, or of which a byte was changed: they are read or refused, and nothing stops.

use std::sync::OnceLock;

use proptest::prelude::*;
use tidewaiter_sheet::{Choice, Limits, SheetError};

use super::support::{Parts, read_within};

fn parts() -> Parts {
    Parts::of(
        "<row r=\"1\"><c r=\"A1\" t=\"s\"><v>1</v></c><c r=\"B1\" s=\"1\"><v>46354.5</v></c><c r=\"C1\" t=\"b\"><v>1</v></c></row>\
         <row r=\"7\" spans=\"1:3\"><c r=\"A7\" t=\"inlineStr\"><is><t xml:space=\"preserve\"> &#233;_x000D_ </t></is></c>\
         <c r=\"C7\"><f>A1&amp;\"x\"</f><v>1.1000000000000001</v></c></row>",
    )
    .strings("<si><t>a</t></si><si><r><t>b</t></r><r><t>c</t></r></si>")
    .styles("<numFmts><numFmt numFmtId=\"164\" formatCode=\"d.m.yyyy h:mm\"/></numFmts><cellXfs><xf/><xf numFmtId=\"164\"/></cellXfs>")
}

fn zip() -> &'static [u8] {
    static ZIP: OnceLock<Vec<u8>> = OnceLock::new();
    ZIP.get_or_init(|| parts().zip())
}

/// The memory of the reader is the only one of the test, so nothing but a refusal may come.
fn ends(workbook: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits { resident_bytes: 2, ..Limits::default() };
    match read_within(workbook, Choice::FirstVisible, &limits) {
        Ok(_) | Err(SheetError::Refused(_)) => Ok(()),
        Err(other) => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

#[test]
fn a_cut_workbook_is_refused_wherever_it_is_cut() {
    for len in 0..zip().len() {
        let result = read_within(&zip()[..len], Choice::FirstVisible, &Limits::default());
        assert!(matches!(result, Err(SheetError::Refused(_))), "{len}: {result:?}");
    }
}

#[test]
fn a_part_that_is_cut_is_refused_wherever_it_is_cut() {
    for (path, content) in parts().0 {
        for len in 0..content.len() {
            let mut cut = parts().without(&path);
            cut.0.push((path.clone(), content[..len].to_vec()));
            let result = read_within(&cut.zip(), Choice::FirstVisible, &Limits::default());
            assert!(matches!(result, Err(SheetError::Refused(_))), "{path} {len}: {result:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn flipped_bytes_of_the_zip_are_survived(flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut workbook = zip().to_vec();
        for (at, byte) in flips {
            let at = at.index(workbook.len());
            workbook[at] = byte;
        }
        ends(&workbook)?;
    }

    #[test]
    fn flipped_bytes_of_the_parts_are_survived(
        part in 0_usize..6,
        flips in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(b"<>/\"'&;= \n\0\xff0129AZrstv!?-[".to_vec())), 1..6),
    ) {
        let mut parts = parts();
        let content = &mut parts.0[part].1;
        for (at, byte) in flips {
            let at = at.index(content.len());
            content[at] = byte;
        }
        ends(&parts.zip())?;
    }
}
