//! Why a workbook is not read, told so that its sender can fix it.

use std::fmt;
use std::io;

use tidewaiter_archive::{ExtractError, PackageError};

/// The ground for a refusal. The text of a code is stable: programs may compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The content is something else: text, a web page, a document of another kind.
    NotAWorkbook,
    /// A workbook of another format: `.xls`, `.xlsb`, `.ods`.
    OtherFormat,
    /// The workbook is protected by a password, so everything in it is encrypted.
    Protected,
    /// The zip that the workbook is breaks a rule or a limit; the message says which.
    Archive,
    /// A part that the workbook refers to is not there.
    MissingPart,
    /// A part is not well-formed XML, or not what the standard asks for.
    Damaged,
    /// A part has a document type, or an entity of its own: how XML bombs are built.
    DocumentType,
    /// A cell cannot be read: its position or its value contradicts the standard.
    BadCell,
    /// One of [`Limits`](crate::Limits) is exceeded.
    Limit,
    /// The workbook has no visible sheet, or none with this name.
    NoSuchSheet,
}

impl RefusalCode {
    /// The stable text of the code, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotAWorkbook => "not-a-workbook",
            Self::OtherFormat => "other-format",
            Self::Protected => "protected",
            Self::Archive => "archive",
            Self::MissingPart => "missing-part",
            Self::Damaged => "damaged",
            Self::DocumentType => "document-type",
            Self::BadCell => "bad-cell",
            Self::Limit => "limit",
            Self::NoSuchSheet => "no-such-sheet",
        }
    }

    /// How the sender can fix it; closes every message that has no better advice.
    fn advice(self) -> Option<&'static str> {
        match self {
            Self::NotAWorkbook => Some("send an Excel workbook (.xlsx)"),
            Self::OtherFormat => Some("save it as Excel workbook (.xlsx)"),
            Self::Protected => Some("save it without a password"),
            Self::MissingPart | Self::Damaged | Self::BadCell | Self::DocumentType => {
                Some("open the workbook in Excel and save it again")
            }
            Self::Limit => Some("split the workbook into smaller ones"),
            // The archive's message has advice of its own; a caller who names a sheet gets the names that exist.
            Self::Archive | Self::NoSuchSheet => None,
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a workbook was not read: a finding about the sender's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The ground.
    pub code: RefusalCode,
    /// The part of the workbook at fault, such as `xl/worksheets/sheet1.xml`; none if it is the workbook as a whole.
    pub part: Option<String>,
    /// The cell at fault, such as `C17`.
    pub cell: Option<String>,
    /// What was found, against what was expected, and how to fix it. One line.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, what: impl fmt::Display) -> Self {
        let what = printable(&what.to_string());
        let message = match code.advice() {
            Some(advice) => format!("{what}; {advice}"),
            None => what,
        };
        Self { code, part: None, cell: None, message }
    }

    /// Names the part, unless a part is named already.
    pub(crate) fn of(mut self, part: &str) -> Self {
        self.part.get_or_insert_with(|| printable(part));
        self
    }

    pub(crate) fn at(mut self, cell: impl fmt::Display) -> Self {
        self.cell.get_or_insert_with(|| cell.to_string());
        self
    }
}

/// Text of a workbook within a message: one line of bounded length.
pub(crate) fn printable(text: &str) -> String {
    const SHOWN: usize = 300;
    let mut shown: String =
        text.chars().take(SHOWN).map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect();
    if shown.len() < text.len() && text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: ", self.code)?;
        if let Some(part) = &self.part {
            write!(formatter, "{part}: ")?;
        }
        if let Some(cell) = &self.cell {
            write!(formatter, "cell {cell}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

/// Why a workbook was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum SheetError {
    /// The workbook is bad: a finding about the sender's data. Trying again gives the same.
    #[error("the workbook is refused: {0}")]
    Refused(Refusal),
    /// The bytes of the workbook could not be read. Trying again may help.
    #[error("the workbook could not be read")]
    Source(#[source] io::Error),
    /// The scratch did not keep the texts, or gave back others.
    #[error("the texts of the workbook could not be kept")]
    Scratch(#[source] io::Error),
    /// The output did not take what was written to it.
    #[error("the rows of the workbook could not be written")]
    Output(#[source] io::Error),
}

impl From<Refusal> for SheetError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<PackageError> for SheetError {
    fn from(error: PackageError) -> Self {
        match error {
            ExtractError::Refused(refusal) => {
                let part = refusal.member;
                let what = format!("{} ({})", refusal.message, refusal.code);
                let told = Refusal::new(RefusalCode::Archive, what);
                Self::Refused(match part {
                    Some(part) => told.of(&part),
                    None => told,
                })
            }
            ExtractError::Source(error) => Self::Source(error),
            ExtractError::Sink(never) => match never {},
        }
    }
}

impl SheetError {
    /// Names the part, if it is a refusal that names none.
    pub(crate) fn of(self, part: &str) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.of(part)),
            other => other,
        }
    }

    pub(crate) fn at(self, cell: impl fmt::Display) -> Self {
        match self {
            Self::Refused(refusal) => Self::Refused(refusal.at(cell)),
            other => other,
        }
    }
}
