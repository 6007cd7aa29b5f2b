//! The workbook: which sheets there are, and where their parts lie.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::io::{Read, Seek};

use tidewaiter_archive::Package;

use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalCode, SheetError, printable};
use crate::rows::Rows;
use crate::scratch::Scratch;
use crate::sniff;
use crate::strings::Strings;
use crate::styles::Styles;
use crate::text::push_unescaped;
use crate::xml::{Xml, bad};

/// Where every package of the standard says what it is.
const ROOT_RELATIONS: &str = "_rels/.rels";

/// One sheet with rows. Sheets that only show a chart are not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What its tab says.
    pub name: String,
    /// Whether it is hidden from people.
    pub is_hidden: bool,
}

/// Which sheet is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice<'n> {
    /// The first one that is not hidden.
    FirstVisible,
    /// The one with this name, hidden or not; case does not count, as in Excel.
    Named(&'n str),
}

/// A workbook that was opened: its sheets, formats and shared strings are known.
pub struct Workbook<R, S> {
    package: Package<R>,
    sheets: Vec<Sheet>,
    /// The parts of the sheets.
    paths: Vec<String>,
    strings: Strings<S>,
    styles: Styles,
    is_1904: bool,
    limits: Limits,
}

impl<R: Read + Seek, S: Scratch> Workbook<R, S> {
    /// Opens the workbook: checks the zip, reads the list of sheets, the formats, and the shared strings, of which the scratch
    /// gets what exceeds [`Limits::resident_bytes`].
    pub fn open(mut source: R, scratch: S, limits: &Limits) -> Result<Self, SheetError> {
        sniff::expect_zip(&mut source)?;
        let mut package = Package::open(source, &limits.archive)?;
        let main = main_part(&mut package, limits)?;
        let relations = Relations::read(&mut package, &relations_of(&main), &main, limits)?;
        let (listed, is_1904) = with_part(&mut package, &main, "workbook", limits, |xml| list(xml, limits))?;
        let (mut sheets, mut paths) = (Vec::new(), Vec::new());
        for (sheet, relation) in listed {
            let Some(target) = relations.by_id.get(&relation) else {
                let what = format!("the part of the sheet {} is named nowhere", shown(&sheet.name));
                return Err(SheetError::from(Refusal::new(RefusalCode::MissingPart, what)).of(&main));
            };
            if target.kind == "worksheet" {
                expect(&package, &target.path, &format!("the sheet {}", shown(&sheet.name)))?;
                sheets.push(sheet);
                paths.push(target.path.clone());
            }
        }
        let styles = match relations.of_kind("styles") {
            Some(path) => {
                expect(&package, path, "the part of the formats")?;
                with_part(&mut package, path, "styleSheet", limits, |xml| Styles::read(xml, limits))?
            }
            None => Styles::default(),
        };
        let mut strings = Strings::new(scratch, limits);
        if let Some(path) = relations.of_kind("sharedStrings") {
            expect(&package, path, "the part of the texts")?;
            with_part(&mut package, path, "sst", limits, |xml| strings.read(xml))?;
        }
        Ok(Self { package, sheets, paths, strings, styles, is_1904, limits: limits.clone() })
    }

    /// The sheets in the order of their tabs.
    pub fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    /// The sheet that is meant.
    pub fn find(&self, choice: Choice<'_>) -> Result<&Sheet, SheetError> {
        self.sheets.get(self.position(choice)?).ok_or_else(|| no_sheet("the workbook has no sheet"))
    }

    /// Reads the rows of a sheet from its first one.
    pub fn rows(&mut self, choice: Choice<'_>) -> Result<Rows<'_, R, S>, SheetError> {
        let at = self.position(choice)?;
        let path = self.paths.get(at).map(String::as_str).unwrap_or_default();
        let part = self.package.part(path)?.ok_or_else(|| missing("the sheet", path))?;
        Xml::open(part, "worksheet", &self.limits)
            .and_then(|xml| {
                Rows::open(xml, path, &mut self.strings, &self.styles, self.is_1904, &self.limits)
            })
            .map_err(|error| error.of(path))
    }

    fn position(&self, choice: Choice<'_>) -> Result<usize, SheetError> {
        let mut sheets = self.sheets.iter();
        match choice {
            Choice::FirstVisible => sheets.position(|sheet| !sheet.is_hidden).ok_or_else(|| {
                no_sheet("the workbook has no visible sheet with rows; show the one that is meant")
            }),
            Choice::Named(name) => {
                let wanted = name.to_lowercase();
                let found = sheets.position(|sheet| sheet.name.to_lowercase() == wanted);
                found.ok_or_else(|| {
                    no_sheet(format_args!("there is no sheet {}; {}", shown(name), self.names()))
                })
            }
        }
    }

    /// A sentence about the sheets that exist.
    fn names(&self) -> String {
        const SHOWN: usize = 5;
        let mut names: Vec<_> = self.sheets.iter().take(SHOWN).map(|sheet| shown(&sheet.name)).collect();
        if self.sheets.len() > SHOWN {
            names.push(format!("{} more", self.sheets.len() - SHOWN));
        }
        format!("the workbook has {}", names.join(", "))
    }
}

/// A name within a message.
fn shown(name: &str) -> String {
    format!("\"{}\"", printable(name))
}

fn no_sheet(what: impl fmt::Display) -> SheetError {
    Refusal::new(RefusalCode::NoSuchSheet, what).into()
}

fn missing(what: &str, path: &str) -> SheetError {
    Refusal::new(RefusalCode::MissingPart, format_args!("{what} is not in the workbook")).of(path).into()
}

fn expect<R: Read + Seek>(package: &Package<R>, path: &str, what: &str) -> Result<(), SheetError> {
    if package.contains(path) { Ok(()) } else { Err(missing(what, path)) }
}

/// Opens a part and reads it; what is wrong with it names it.
fn with_part<R: Read + Seek, T>(
    package: &mut Package<R>,
    path: &str,
    root: &str,
    limits: &Limits,
    read: impl FnOnce(&mut Xml<'_, R>) -> Result<T, SheetError>,
) -> Result<T, SheetError> {
    let part = package.part(path)?.ok_or_else(|| missing("a part", path))?;
    Xml::open(part, root, limits).and_then(|mut xml| read(&mut xml)).map_err(|error| error.of(path))
}

/// The sheets with the relations to their parts, and whether days are counted from 1904.
fn list<R: Read + Seek>(
    xml: &mut Xml<'_, R>,
    limits: &Limits,
) -> Result<(Vec<(Sheet, String)>, bool), SheetError> {
    let (mut sheets, mut is_1904) = (Vec::new(), false);
    let mut names = HashSet::new();
    while let Some(tag) = xml.child()? {
        match tag.name {
            "workbookPr" => {
                is_1904 = matches!(tag.value("date1904")?.as_deref(), Some("1" | "true"));
                xml.skip()?;
            }
            "sheets" => {
                while let Some(tag) = xml.child()? {
                    if tag.name == "sheet" {
                        let mut name = String::new();
                        push_unescaped(&tag.value("name")?.unwrap_or_default(), &mut name);
                        let is_hidden =
                            matches!(tag.value("state")?.as_deref(), Some("hidden" | "veryHidden"));
                        let relation = tag.attribute(|name| name.ends_with(":id"))?.unwrap_or_default();
                        if !names.insert(name.to_lowercase()) {
                            return Err(bad(format_args!("two sheets are named {}", shown(&name))));
                        }
                        sheets.push((Sheet { name, is_hidden }, relation.into_owned()));
                        if sheets.len() > limits.sheets {
                            let what = format!("the workbook has more than {} sheets", limits.sheets);
                            return Err(Refusal::new(RefusalCode::Limit, what).into());
                        }
                    }
                    xml.skip()?;
                }
            }
            _ => xml.skip()?,
        }
    }
    xml.finish()?;
    Ok((sheets, is_1904))
}

/// To which parts a part refers.
struct Relations {
    by_id: HashMap<String, Target>,
}

struct Target {
    /// The last part of the address that stands for the kind of relation.
    kind: String,
    path: String,
}

impl Relations {
    /// Reads the relations of the part `base`; none if it has none.
    fn read<R: Read + Seek>(
        package: &mut Package<R>,
        path: &str,
        base: &str,
        limits: &Limits,
    ) -> Result<Self, SheetError> {
        let mut by_id = HashMap::new();
        if !package.contains(path) {
            return Ok(Self { by_id });
        }
        // Every sheet has a relation; a workbook of a few more parts has a few more.
        let most = limits.sheets.saturating_add(1_000);
        with_part(package, path, "Relationships", limits, |xml| {
            while let Some(tag) = xml.child()? {
                let is_inside = tag.value("TargetMode")?.as_deref() != Some("External");
                if tag.name == "Relationship" && is_inside {
                    let id = tag.value("Id")?.unwrap_or_default().into_owned();
                    let kind = tag.value("Type")?.unwrap_or_default();
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    let target = tag.value("Target")?.unwrap_or_default();
                    by_id.insert(id, Target { kind, path: resolved(base, &target) });
                    if by_id.len() > most {
                        let what = format!("it names more than {most} parts");
                        return Err(Refusal::new(RefusalCode::Limit, what).into());
                    }
                }
                xml.skip()?;
            }
            xml.finish()
        })?;
        Ok(Self { by_id })
    }

    fn of_kind(&self, kind: &str) -> Option<&str> {
        self.by_id.values().filter(|target| target.kind == kind).map(|target| target.path.as_str()).min()
    }
}

/// The path of a target, which is told from the folder of the part that names it, or from the root of the package.
fn resolved(base: &str, target: &str) -> String {
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let target = target.replace('\\', "/");
    let mut steps: Vec<&str> = if target.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for step in target.split('/') {
        match step {
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.retain(|step| !matches!(*step, "" | "."));
    steps.join("/")
}

/// Where the relations of a part are.
fn relations_of(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{path}.rels"),
    }
}

fn has_extension(path: &str, wanted: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case(wanted))
}

/// The part that is the workbook. A package that is something else is told apart.
fn main_part<R: Read + Seek>(package: &mut Package<R>, limits: &Limits) -> Result<String, SheetError> {
    let no_workbook = |what: &str| {
        let what = format_args!("the file is no workbook, but {what}");
        SheetError::from(Refusal::new(RefusalCode::NotAWorkbook, what))
    };
    let other = |what: &str| SheetError::from(Refusal::new(RefusalCode::OtherFormat, what));
    if !package.contains(ROOT_RELATIONS) {
        return Err(if package.contains("content.xml") && package.contains("META-INF/manifest.xml") {
            other("the file is an OpenDocument file (.ods)")
        } else if package.paths().any(|path| has_extension(path, "iwa")) {
            other("the file is a document of Numbers or Pages")
        } else {
            no_workbook("a zip archive of other files")
        });
    }
    let relations = Relations::read(package, ROOT_RELATIONS, "", limits)?;
    let Some(path) = relations.of_kind("officeDocument") else {
        return Err(no_workbook("a zip archive that names no document"));
    };
    if has_extension(path, "bin") {
        return Err(other("the file is a binary workbook (.xlsb)"));
    }
    if path.starts_with("word/") {
        return Err(no_workbook("a Word document"));
    }
    if path.starts_with("ppt/") {
        return Err(no_workbook("a presentation"));
    }
    expect(package, path, "the part of the workbook")?;
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_found_from_where_they_are_named() {
        let cases = [
            ("xl/workbook.xml", "worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/workbook.xml", "/xl/worksheets/sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("xl/workbook.xml", "../other/./a.xml", "other/a.xml"),
            ("xl/workbook.xml", "../../../a.xml", "a.xml"),
            ("xl/workbook.xml", "worksheets\\sheet1.xml", "xl/worksheets/sheet1.xml"),
            ("", "xl/workbook.xml", "xl/workbook.xml"),
            ("book.xml", "sheet.xml", "sheet.xml"),
        ];
        for (base, target, path) in cases {
            assert_eq!(resolved(base, target), path);
        }
        assert_eq!(relations_of("xl/workbook.xml"), "xl/_rels/workbook.xml.rels");
        assert_eq!(relations_of("book.xml"), "_rels/book.xml.rels");
    }
}
