//! What can be wrong with the data, as values.
//!
//! A finding is never an `Err`: bad data is normal, is counted, and moves a file to a known place.
//! The codes are stable; where Frictionless has a name for a mistake, that name is used.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of mistake, each with a stable name that programs may rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Code {
    // The file as a whole.
    /// The file holds no bytes, or nothing but line breaks.
    EmptyFile,
    /// The bytes are not UTF-8, or begin with a byte order mark.
    EncodingError,
    /// The bytes are another kind of file: an archive, a spreadsheet, a web page.
    FormatError,
    /// The header line is longer than the limit.
    HeaderTooLong,
    // The header.
    /// A column has no name.
    BlankLabel,
    /// A column is unknown in the scope.
    ExtraLabel,
    /// A required column is not there.
    MissingLabel,
    /// A column is there twice.
    DuplicateLabel,
    // A line.
    /// The line is empty.
    BlankRow,
    /// The line has fewer fields than the header.
    MissingCell,
    /// The line has more fields than the header.
    ExtraCell,
    /// A quote is opened and not closed before the line ends.
    UnclosedQuote,
    /// A quoted value holds a line break, so that one record spans several lines.
    QuotedLineBreak,
    /// A quote stands where none may be, or text follows a closing quote.
    StrayQuote,
    /// A NUL byte, or a carriage return that does not end the line.
    ControlCharacter,
    /// The line is longer than the limit.
    LineTooLong,
    // A cell.
    /// The value is not of the column's type or format.
    TypeError,
    /// The value breaks a constraint of its column: required, length, range, pattern, enumeration.
    ConstraintError,
    /// A column of the record's key has no value.
    PrimaryKey,
    /// A rule over several columns is broken, such as "an e-mail or a cellphone".
    RowConstraint,
    /// The record that this line refers to does not exist.
    ForeignKey,
    /// Which record is meant is not clear, or its key belongs to another one.
    UniqueError,
    /// What the line adds to a record gives no number that can be kept.
    SumError,
    /// The file was changed after it was taken in.
    FileChanged,
    /// The file has the same content as one that was imported before.
    DuplicateFile,
    /// The answer of the query has other columns than the one before.
    SourceChanged,
    // The verdict on a file.
    /// More lines were rejected than the policy of the import allows.
    PolicyExceeded,
    /// The file would remove more records than the import allows.
    RemovalExceeded,
}

impl Code {
    /// The stable name, as it stands in reports: `missing-cell`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyFile => "empty-file",
            Self::EncodingError => "encoding-error",
            Self::FormatError => "format-error",
            Self::HeaderTooLong => "header-too-long",
            Self::BlankLabel => "blank-label",
            Self::ExtraLabel => "extra-label",
            Self::MissingLabel => "missing-label",
            Self::DuplicateLabel => "duplicate-label",
            Self::BlankRow => "blank-row",
            Self::MissingCell => "missing-cell",
            Self::ExtraCell => "extra-cell",
            Self::UnclosedQuote => "unclosed-quote",
            Self::QuotedLineBreak => "quoted-line-break",
            Self::StrayQuote => "stray-quote",
            Self::ControlCharacter => "control-character",
            Self::LineTooLong => "line-too-long",
            Self::TypeError => "type-error",
            Self::ConstraintError => "constraint-error",
            Self::PrimaryKey => "primary-key",
            Self::RowConstraint => "row-constraint",
            Self::ForeignKey => "foreign-key",
            Self::UniqueError => "unique-error",
            Self::SumError => "sum-error",
            Self::FileChanged => "file-changed",
            Self::DuplicateFile => "duplicate-file",
            Self::SourceChanged => "source-changed",
            Self::PolicyExceeded => "policy-exceeded",
            Self::RemovalExceeded => "removal-exceeded",
        }
    }
}

impl Code {
    /// The mistake in a few words, for people: `Too few fields`.
    pub fn title(self) -> &'static str {
        match self {
            Self::EmptyFile => "Empty file",
            Self::EncodingError => "Not UTF-8",
            Self::FormatError => "Not a CSV file",
            Self::HeaderTooLong => "Header too long",
            Self::BlankLabel => "Column without a name",
            Self::ExtraLabel => "Unknown column",
            Self::MissingLabel => "Missing column",
            Self::DuplicateLabel => "Duplicate column",
            Self::BlankRow => "Empty line",
            Self::MissingCell => "Too few fields",
            Self::ExtraCell => "Too many fields",
            Self::UnclosedQuote => "Quote not closed",
            Self::QuotedLineBreak => "Line break in a value",
            Self::StrayQuote => "Quote out of place",
            Self::ControlCharacter => "Control character",
            Self::LineTooLong => "Line too long",
            Self::TypeError => "Wrong type of value",
            Self::ConstraintError => "Value not allowed",
            Self::PrimaryKey => "Missing key",
            Self::RowConstraint => "No value in any of several columns",
            Self::ForeignKey => "Unknown reference",
            Self::UniqueError => "Ambiguous record",
            Self::SumError => "Sum too large",
            Self::FileChanged => "File changed during import",
            Self::DuplicateFile => "Duplicate content",
            Self::SourceChanged => "Changed columns of the source",
            Self::PolicyExceeded => "Too many rejected lines",
            Self::RemovalExceeded => "Too many removals",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One mistake: what, where, the value that shows it, and how to fix it. Control characters and marks of direction in its
/// texts are escaped, so what a partner wrote cannot forge a line of a log or steer a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What kind of mistake it is.
    pub code: Code,
    /// The line in the file, counted from 1; the header is line 1. None if the file as a whole is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u64>,
    /// How many lines are concerned, if more than one: a quoted line break.
    #[serde(skip_serializing_if = "is_one", default = "one")]
    pub lines: u64,
    /// The offset in the file, in bytes from 0, at which the line begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub byte: Option<u64>,
    /// The column, if one is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<Field>,
    /// The value that shows the mistake, shortened and made printable; see [`shorten`].
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
    /// What is wrong, in one sentence without the position.
    pub message: String,
    /// How to mend it, when the cause is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

/// A column: its place in the header and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// The place in the header, counted from 1.
    pub number: u64,
    /// The name; empty if the header has none there.
    pub name: String,
}

fn one() -> u64 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_one(n: &u64) -> bool {
    *n == 1
}

impl Finding {
    /// A finding about the file as a whole.
    pub fn file(code: Code, message: impl AsRef<str>) -> Self {
        Self {
            code,
            line: None,
            lines: 1,
            byte: None,
            field: None,
            value: None,
            message: printable(message.as_ref(), MESSAGE_CHARACTERS),
            hint: None,
        }
    }

    /// A finding about one line. `line` counts from 1, `byte` is where the line begins.
    pub fn line(code: Code, line: u64, byte: u64, message: impl AsRef<str>) -> Self {
        Self { line: Some(line), byte: Some(byte), ..Self::file(code, message) }
    }

    /// The same finding with the column it concerns.
    #[must_use]
    pub fn at(mut self, number: u64, name: impl AsRef<str>) -> Self {
        self.field = Some(Field { number, name: printable(name.as_ref(), NAME_CHARACTERS) });
        self
    }

    /// The same finding with the value that shows it, shortened.
    #[must_use]
    pub fn with_value(mut self, value: &[u8]) -> Self {
        self.value = Some(shorten(value));
        self
    }

    /// The same finding with the beginning of the line that shows it: not more than half of it, since reports
    /// and mails are no place for whole records.
    #[must_use]
    pub fn with_record(mut self, line: &[u8]) -> Self {
        let half = String::from_utf8_lossy(line.get(..line.len().min(8 * SHOWN_VALUE)).unwrap_or_default());
        let characters = half.chars().count().div_ceil(2).min(SHOWN_VALUE);
        self.value = Some(printable(&half, characters));
        self
    }

    /// The same finding with advice on how to mend it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(printable(hint.as_ref(), MESSAGE_CHARACTERS));
        self
    }
}

/// The longest message or hint, in characters. Values of the file and of its schema may stand in it.
const MESSAGE_CHARACTERS: usize = 5_000;
/// The longest name of a column, in characters. A reference may name several.
const NAME_CHARACTERS: usize = 500;

/// The longest value a finding shows, in characters.
pub const SHOWN_VALUE: usize = 40;

/// A value fit to be shown: at most [`SHOWN_VALUE`] characters, bytes that are not UTF-8 replaced,
/// [treacherous](is_treacherous) characters escaped so that nothing a partner sends can steer a terminal or forge a log line.
pub fn shorten(value: &[u8]) -> String {
    // A character takes at most four bytes: no need to look at more of a long value.
    let head = value.get(..value.len().min(4 * (SHOWN_VALUE + 1))).unwrap_or_default();
    printable(&String::from_utf8_lossy(head), SHOWN_VALUE)
}

/// A text fit to be shown: at most so many of its characters, those that are [treacherous](is_treacherous)
/// escaped. What is printable already is not changed by it.
pub fn printable(text: &str, characters: usize) -> String {
    let mut shown = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == characters {
            shown.push('…');
            break;
        }
        if is_treacherous(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// True for characters that steer a terminal, end a line, or change how the text around them is shown:
/// controls (C0, DEL and C1), line and paragraph separators, those that set the direction of writing, and
/// those that are not seen at all: what Unicode calls default-ignorable.
///
/// ```
/// use tidewaiter_model::finding::is_treacherous;
///
/// let treacherous = ['\n', '\u{1b}', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{200b}', '\u{3164}', '\u{e0041}'];
/// assert!(treacherous.into_iter().all(is_treacherous));
/// assert!(!"dépôt 数.csv".contains(is_treacherous));
/// ```
pub fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}')
        || matches!(c, '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// How many findings of one kind (code and column) are kept with their positions.
pub const KEPT_PER_KIND: u64 = 20;
/// How many findings are kept in all.
pub const KEPT_IN_ALL: usize = 500;
/// How many kinds (code and column) are counted one by one; what is beyond is counted by code alone.
pub const KINDS: usize = 1_000;

/// How often one kind of mistake was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kind {
    /// What kind of mistake it is.
    pub code: Code,
    /// The column's name, if one is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub field: Option<String>,
    /// How many findings there were.
    pub count: u64,
    /// How many of them are kept with their position.
    pub kept: u64,
}

/// Findings counted exactly and kept up to a bound, so that a file with a million bad lines costs no
/// more memory than one with a hundred.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    total: u64,
    /// By code and column.
    kinds: Vec<Kind>,
    kept: Vec<Finding>,
}

impl Tally {
    /// Counts one finding; `make` is called only if this one is kept.
    pub fn add(&mut self, code: Code, field: Option<&str>, make: impl FnOnce() -> Finding) {
        self.total += 1;
        // Beyond the bound a kind stands for many columns, so it names none.
        let is_known = field.is_none() || self.kinds.len() < KINDS || self.find(code, field).is_ok();
        let (kept, kind) = (self.kept.len(), self.kind(code, field.filter(|_| is_known)));
        kind.count += 1;
        if kind.kept < KEPT_PER_KIND && kept < KEPT_IN_ALL {
            kind.kept += 1;
            self.kept.push(make());
        }
    }

    /// Where a kind is, or where it would have to be.
    fn find(&self, code: Code, field: Option<&str>) -> Result<usize, usize> {
        self.kinds
            .binary_search_by(|kind| kind.code.cmp(&code).then_with(|| kind.field.as_deref().cmp(&field)))
    }

    fn kind(&mut self, code: Code, field: Option<&str>) -> &mut Kind {
        let at = self.find(code, field).unwrap_or_else(|at| {
            self.kinds.insert(at, Kind { code, field: field.map(str::to_owned), count: 0, kept: 0 });
            at
        });
        #[expect(clippy::indexing_slicing, reason = "it was found there, or put there")]
        &mut self.kinds[at]
    }

    /// Counts a finding that is already made.
    pub fn push(&mut self, finding: Finding) {
        let field = finding.field.as_ref().map(|f| f.name.clone());
        self.add(finding.code, field.as_deref(), || finding);
    }

    /// How many findings there were in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// True if nothing was found.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// Each kind with its count, the most frequent first, then by code and column.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = self.kinds.clone();
        kinds.sort_by(|a, b| b.count.cmp(&a.count).then(a.code.cmp(&b.code)).then(a.field.cmp(&b.field)));
        kinds
    }

    /// Takes over what was found in the same file by another look at it. All counts are added; what is
    /// kept stays within the bounds, in the order of lines.
    pub fn merge(&mut self, other: Tally) {
        self.total += other.total;
        for theirs in other.kinds {
            self.kind(theirs.code, theirs.field.as_deref()).count += theirs.count;
        }
        for finding in other.kept {
            let field = finding.field.as_ref().map(|field| field.name.as_str());
            let Some(kind) = self.find(finding.code, field).ok().and_then(|at| self.kinds.get_mut(at)) else {
                continue;
            };
            if kind.kept < KEPT_PER_KIND && self.kept.len() < KEPT_IN_ALL {
                kind.kept += 1;
                self.kept.push(finding);
            }
        }
        self.kept.sort_by_key(|finding| finding.line);
    }

    /// The findings that were kept, in the order in which they were found.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }
}
