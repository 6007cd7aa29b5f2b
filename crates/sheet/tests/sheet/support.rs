//! Builds workbooks part by part, and reads them into lines that are easy to compare.

use std::io::{Cursor, Read, Seek, Write};

use tidewaiter_sheet::{
    Choice, Limits, NoScratch, Refusal, Rows, Scratch, SeekScratch, SheetError, Value, Workbook,
};
use zip::write::SimpleFileOptions;

pub(crate) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// A workbook of one sheet whose parts are given as XML.
pub(crate) struct Parts(pub(crate) Vec<(String, Vec<u8>)>);

impl Parts {
    /// With this content of `sheetData`.
    pub(crate) fn of(rows: &str) -> Self {
        let sheet = format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>");
        let relations = |targets: &[(&str, &str)]| {
            let relations = targets
                .iter()
                .enumerate()
                .map(|(at, (kind, target))| {
                    format!("<Relationship Id=\"r{at}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
                })
                .collect::<Vec<_>>()
                .concat();
            format!("<Relationships xmlns=\"{PACKAGE}\">{relations}</Relationships>")
        };
        let workbook = format!(
            "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Data\" sheetId=\"1\" \
             r:id=\"r0\"/></sheets></workbook>"
        );
        let named = [
            ("worksheet", "worksheets/sheet1.xml"),
            ("sharedStrings", "sharedStrings.xml"),
            ("styles", "styles.xml"),
        ];
        Self(Vec::new())
            .with("_rels/.rels", &relations(&[("officeDocument", "xl/workbook.xml")]))
            .with("xl/workbook.xml", &workbook)
            .with("xl/_rels/workbook.xml.rels", &relations(&named))
            .with("xl/worksheets/sheet1.xml", &sheet)
            .strings("")
            .styles("")
    }

    /// With this content of the shared strings.
    pub(crate) fn strings(self, strings: &str) -> Self {
        self.with("xl/sharedStrings.xml", &format!("<sst xmlns=\"{MAIN}\">{strings}</sst>"))
    }

    /// With this content of the styles.
    pub(crate) fn styles(self, styles: &str) -> Self {
        self.with("xl/styles.xml", &format!("<styleSheet xmlns=\"{MAIN}\">{styles}</styleSheet>"))
    }

    /// With one part replaced or added.
    pub(crate) fn with(mut self, path: &str, content: &str) -> Self {
        self.0.retain(|(one, _)| one != path);
        self.0.push((path.to_owned(), content.as_bytes().to_vec()));
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.0.retain(|(one, _)| one != path);
        self
    }

    /// With text replaced in one part.
    pub(crate) fn changed(self, path: &str, from: &str, to: &str) -> Self {
        let (_, content) = self.0.iter().find(|(one, _)| one == path).expect("the part exists");
        let content = String::from_utf8(content.clone()).expect("a part is text");
        assert!(content.contains(from), "{from} is not in {content}");
        let content = content.replace(from, to);
        self.with(path, &content)
    }

    pub(crate) fn zip(&self) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (path, content) in &self.0 {
            zip.start_file(path.as_str(), SimpleFileOptions::default()).expect("a part begins");
            zip.write_all(content).expect("a part is written");
        }
        zip.finish().expect("the zip is complete").into_inner()
    }
}

/// One line for each cell: its name, the kind of its value, and the value; `=` stands before what a formula gave.
pub(crate) fn lines<R: Read + Seek, S: Scratch>(
    rows: &mut Rows<'_, R, S>,
) -> Result<Vec<String>, SheetError> {
    let mut lines = Vec::new();
    while let Some(row) = rows.next_row()? {
        assert!(row.cells().len() > 0, "a row without values is passed over");
        for cell in row.cells() {
            let kind = match cell.value {
                Value::Empty => "empty",
                Value::Text(_) => "text",
                Value::Number { is_exact: true, .. } => "number",
                Value::Number { .. } => "cut",
                Value::Date(_) => "date",
                Value::DateTime(..) => "datetime",
                Value::Time(_) => "time",
                Value::Duration(_) => "duration",
                Value::Bool(_) => "bool",
                Value::Error(_) => "error",
                _ => "?",
            };
            let formula = if cell.is_formula { "=" } else { "" };
            lines.push(format!("{} {formula}{kind} {}", row.name(cell.column), cell.value));
        }
    }
    Ok(lines)
}

pub(crate) fn read_within(
    workbook: &[u8],
    choice: Choice<'_>,
    limits: &Limits,
) -> Result<Vec<String>, SheetError> {
    let scratch = SeekScratch::new(Cursor::new(Vec::new()));
    let mut workbook = Workbook::open(Cursor::new(workbook), scratch, limits)?;
    lines(&mut workbook.rows(choice)?)
}

pub(crate) fn read(workbook: &[u8]) -> Result<Vec<String>, SheetError> {
    let mut workbook = Workbook::open(Cursor::new(workbook), NoScratch, &Limits::default())?;
    lines(&mut workbook.rows(Choice::FirstVisible)?)
}

/// Reads a workbook that is good.
#[track_caller]
pub(crate) fn taken(parts: &Parts) -> Vec<String> {
    read(&parts.zip()).unwrap_or_else(|error| panic!("it was not read: {error}"))
}

/// Reads a workbook that is bad, and checks the ground: code, and part of what is said.
#[track_caller]
pub(crate) fn refused(result: Result<Vec<String>, SheetError>, code: &str, said: &str) -> Refusal {
    match result {
        Err(SheetError::Refused(refusal)) => {
            let told = refusal.to_string();
            assert_eq!(refusal.code.as_str(), code, "{told}");
            assert!(told.contains(said), "{told}");
            assert!(told.contains("; ") && !told.contains('\n'), "{told}");
            refusal
        }
        other => panic!("it was not refused: {other:?}"),
    }
}
