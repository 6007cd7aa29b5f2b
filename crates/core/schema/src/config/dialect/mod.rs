//! How the files of an import are written, where they differ from the strict form: UTF-8 without a byte order mark,
//! fields between `;`, quotes `"`, one header line whose labels are the names of columns, canonical values.
//!
//! A partner's export stays as it is; these options say how to read it. `tidewaiter_check` does the reading.

mod date_format;
mod encoding;
mod layout;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;

pub use date_format::DateFormat;
pub use encoding::Encodings;
pub use values::{Decimal, Delimiter, Escape, Prefix, Quote, Thousands, Trailer};

use super::fields::{Fields, wrong_format};
use super::json::below;
use crate::bounds;

/// How the files of an import are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(default)]
pub struct DialectOptions {
    /// The name of the sheet that is read of a workbook (`.xlsx`); its first visible one unless given.
    #[schemars(length(min = 1, max = SHEET_NAME))]
    pub sheet: Option<String>,
    /// The encoding of the files: a label such as `windows-1252` or `utf-16le`, or `auto`, which is UTF-8 with or
    /// without a byte order mark. A list names several; each line is read by the first that fits it. Strict UTF-8
    /// without a byte order mark unless given.
    pub encoding: Encodings,
    /// What stands between two fields: one to eight characters.
    pub delimiter: Delimiter,
    /// The character around a field that may contain delimiters. An empty text: files have no quotes.
    pub quote: Quote,
    /// The character that takes the meaning from the one behind it, such as `\`. None unless given.
    pub escape: Option<Escape>,
    /// Whether files have a header: true, false (then `columns` lists the fields in their order), or the number of
    /// lines that it takes; labels of several lines are joined by a space.
    pub header: Header,
    /// How many lines stand before the header, or `auto`: the header is the first line that names known columns.
    pub skip_lines: SkipLines,
    /// What comment lines begin with. They are not read.
    pub comment: Option<Prefix>,
    /// The last line of each file, such as `TRAILER;{count}`. `{count}` is the number of records, `{lines}` the number
    /// of all lines of the file; both must be right. `*` stands for anything. A file without its trailer is incomplete,
    /// and is refused.
    pub trailer: Option<Trailer>,
    /// The fields by the labels of the files; null for a column that is not read. Without a header a list: the fields
    /// in the order of the columns. A label that is not named here is the field of that name.
    pub columns: Columns,
    /// What becomes of columns that are no field.
    pub unknown_columns: UnknownColumns,
    /// How labels are compared with the names of fields.
    pub labels: Labels,
    /// The decimal separator of numbers.
    pub decimal: Decimal,
    /// The thousands separator of numbers: `,`, `.`, `'`, `_`, or a space, which stands for every kind of space.
    /// None unless given.
    pub thousands: Option<Thousands>,
    /// The forms of dates and times, such as `dd/mm/yyyy`, `yyyymmdd`, `dd.mm.yyyy hh:mm:ss`, `epoch` (seconds),
    /// `epoch_ms`, or patterns of strptime (`%d/%m/%Y`). With it, dates of other forms are mistakes.
    #[schemars(length(max = bounds::WORDS.most))]
    pub date_formats: Vec<DateFormat>,
    /// The texts that mean true, instead of those of the field.
    #[schemars(length(max = bounds::WORDS.most))]
    pub true_values: Vec<String>,
    /// The texts that mean false, instead of those of the field.
    #[schemars(length(max = bounds::WORDS.most))]
    pub false_values: Vec<String>,
    /// The texts that mean "no value", besides those of the scope: `NULL`, `\N`, `n/a`.
    #[schemars(length(max = bounds::WORDS.most))]
    pub missing_values: Vec<String>,
    /// Removes blanks at both ends of every value and label.
    pub trim: bool,
    /// What becomes of line breaks within quotes.
    pub line_breaks: LineBreaks,
}

/// Whether files have a header, and how many lines it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BoolOrNumber", into = "BoolOrNumber")]
pub struct Header {
    /// So many lines; 0 if there is no header.
    pub lines: u8,
}

/// The longest name that a sheet can have, in characters.
const SHEET_NAME: usize = 31;
/// The most lines that a header may take.
const HEADER_LINES: u64 = 5;
/// The most lines that may stand before a header.
const SKIPPED: u64 = 1_000;

/// `true`, `false`, or a number.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum BoolOrNumber {
    Bool(bool),
    Number(u64),
}

impl Default for Header {
    fn default() -> Self {
        Self { lines: 1 }
    }
}

impl TryFrom<BoolOrNumber> for Header {
    type Error = String;

    fn try_from(value: BoolOrNumber) -> Result<Self, String> {
        match value {
            BoolOrNumber::Bool(is_there) => Ok(Self { lines: u8::from(is_there) }),
            BoolOrNumber::Number(lines @ 1..=HEADER_LINES) => Ok(Self { lines: lines as u8 }),
            BoolOrNumber::Number(lines) => Err(format!("a header does not take {lines} lines")),
        }
    }
}

impl From<Header> for BoolOrNumber {
    fn from(header: Header) -> Self {
        match header.lines {
            0 => Self::Bool(false),
            1 => Self::Bool(true),
            lines => Self::Number(lines.into()),
        }
    }
}

impl JsonSchema for Header {
    fn schema_name() -> Cow<'static, str> {
        "Header".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["boolean", "integer"], "minimum": 1, "maximum": HEADER_LINES })
    }
}

/// What stands before the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WordOrNumber", into = "WordOrNumber")]
pub enum SkipLines {
    /// So many lines.
    Lines(u64),
    /// Any lines up to the first that names known columns.
    Auto,
}

/// `"auto"`, or a number.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum WordOrNumber {
    Word(String),
    Number(u64),
}

impl Default for SkipLines {
    fn default() -> Self {
        Self::Lines(0)
    }
}

impl TryFrom<WordOrNumber> for SkipLines {
    type Error = String;

    fn try_from(value: WordOrNumber) -> Result<Self, String> {
        match value {
            WordOrNumber::Word(word) if word == "auto" => Ok(Self::Auto),
            WordOrNumber::Number(lines @ 0..=SKIPPED) => Ok(Self::Lines(lines)),
            WordOrNumber::Word(word) => Err(format!("{word:?} is not `auto`")),
            WordOrNumber::Number(lines) => Err(format!("{lines} lines are too many")),
        }
    }
}

impl From<SkipLines> for WordOrNumber {
    fn from(skip: SkipLines) -> Self {
        match skip {
            SkipLines::Lines(lines) => Self::Number(lines),
            SkipLines::Auto => Self::Word("auto".to_owned()),
        }
    }
}

impl JsonSchema for SkipLines {
    fn schema_name() -> Cow<'static, str> {
        "SkipLines".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "minimum": 0, "maximum": SKIPPED },
            { "type": "string", "enum": ["auto"] },
        ] })
    }
}

/// Which field each column of the files is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Columns {
    /// By the label; None: the column is not read.
    ByLabel(BTreeMap<String, Option<String>>),
    /// By the place; None: the column is not read.
    InOrder(Vec<Option<String>>),
}

impl Default for Columns {
    fn default() -> Self {
        Self::ByLabel(BTreeMap::new())
    }
}

impl Columns {
    /// The fields that are named, with the place in the document that names each.
    pub fn fields(&self) -> Vec<(String, &str)> {
        match self {
            Self::ByLabel(labels) => labels
                .iter()
                .filter_map(|(label, field)| Some((below("columns", label), field.as_deref()?)))
                .collect(),
            Self::InOrder(fields) => (fields.iter().enumerate())
                .filter_map(|(n, field)| Some((format!("columns[{n}]"), field.as_deref()?)))
                .collect(),
        }
    }

    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        const EXPECTED: &str = "an object from labels to fields, or a list of fields";
        let path = fields.at("columns");
        match fields.take("columns")? {
            Value::Object(labels) => {
                if let Some(beyond) = bounds::FIELDS.check(&path, labels.len()) {
                    fields.mistakes.push(beyond);
                    return None;
                }
                let mut read = BTreeMap::new();
                for (label, value) in labels {
                    let field = Self::field(&below(&path, &label), &label, value, fields.mistakes);
                    read.insert(label, field);
                }
                Some(Self::ByLabel(read))
            }
            Value::Array(values) => {
                if let Some(beyond) = bounds::FIELDS.check(&path, values.len()) {
                    fields.mistakes.push(beyond);
                    return None;
                }
                let read = values.into_iter().enumerate().map(|(n, value)| {
                    Self::field(&format!("{path}[{n}]"), "columns", value, fields.mistakes)
                });
                Some(Self::InOrder(read.collect()))
            }
            other => {
                fields.mistakes.push(wrong_format(&path, "columns", EXPECTED, &other));
                None
            }
        }
    }

    /// Reads the field of a column; None if the column is not read, or if its field is a mistake, which is reported.
    fn field(path: &str, key: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<String> {
        match value {
            Value::Null => None,
            Value::String(field) => Some(field),
            other => {
                mistakes.push(wrong_format(path, key, "the name of a field, or null", &other));
                None
            }
        }
    }
}

impl JsonSchema for Columns {
    fn schema_name() -> Cow<'static, str> {
        "Columns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let most = bounds::FIELDS.most;
        let field = serde_json::json!({ "anyOf": [{ "type": "string" }, { "const": null }] });
        json_schema!({ "anyOf": [
            { "type": "object", "additionalProperties": field, "maxProperties": most },
            { "type": "array", "items": field, "maxItems": most },
        ] })
    }
}

/// What becomes of columns that are no field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownColumns {
    /// The file is refused.
    #[default]
    Reject,
    /// They are not read. A column that was not there before is told once.
    Ignore,
}

/// How labels are compared with the names of fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// Byte for byte.
    #[default]
    Exact,
    /// Whatever their case, spaces, hyphens and underscores.
    Loose,
}

/// What becomes of line breaks within quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineBreaks {
    /// A record is a line: a quote that stays open rejects it.
    #[default]
    Reject,
    /// They are part of the value: a record may span lines, as RFC 4180 says.
    Keep,
}

impl DialectOptions {
    /// Reads the options of an import. What is wrong is reported, and its default taken.
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let words = |fields: &mut Fields<'_>, key| {
            fields.read_texts(key, "a list of texts", &bounds::WORDS).unwrap_or_default()
        };
        Self {
            sheet: fields.read_checked("sheet", "the name of a sheet", |name: &String| {
                (1..=SHEET_NAME).contains(&name.chars().count())
            }),
            encoding: fields.read("encoding", encoding::EXPECTED).unwrap_or_default(),
            delimiter: fields.read("delimiter", values::DELIMITER).unwrap_or_default(),
            quote: fields.read("quote", values::QUOTE).unwrap_or_default(),
            escape: fields.read("escape", values::ESCAPE),
            header: fields
                .read("header", "true, false, or the number of its lines from 1 to 5")
                .unwrap_or_default(),
            skip_lines: fields
                .read("skip_lines", r#"a whole number from 0 to 1000, or "auto""#)
                .unwrap_or_default(),
            comment: fields.read("comment", values::PREFIX),
            trailer: fields.read("trailer", values::TRAILER),
            columns: Columns::read(fields).unwrap_or_default(),
            unknown_columns: fields.read_word("unknown_columns", &["reject", "ignore"]).unwrap_or_default(),
            labels: fields.read_word("labels", &["exact", "loose"]).unwrap_or_default(),
            decimal: fields.read("decimal", values::DECIMAL).unwrap_or_default(),
            thousands: fields.read("thousands", values::THOUSANDS),
            date_formats: date_format::read(fields),
            true_values: words(fields, "true_values"),
            false_values: words(fields, "false_values"),
            missing_values: words(fields, "missing_values"),
            trim: fields.read("trim", "true or false").unwrap_or_default(),
            line_breaks: fields.read_word("line_breaks", &["reject", "keep"]).unwrap_or_default(),
        }
    }

    /// The pairs of options that contradict each other: where, and why.
    pub(super) fn contradictions(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut say = |at: &str, why: String| found.push((at.to_owned(), why));
        let is_listed = matches!(self.columns, Columns::InOrder(_));
        if self.header.lines == 0 && !is_listed {
            say("columns", "files without a header need `columns` as a list of fields in their order".into());
        }
        if self.header.lines > 0 && is_listed {
            say("columns", "a list of fields is for files without a header: set `header` to false".into());
        }
        if self.header.lines == 0 && self.skip_lines == SkipLines::Auto {
            say("skip_lines", "`auto` looks for a header, but `header` is false".into());
        }
        let mut seen = BTreeMap::new();
        for (at, field) in self.columns.fields() {
            if let Some(first) = seen.insert(field.to_owned(), at.clone()) {
                say(&at, format!("`{field}` is the field of {first}, too"));
            }
        }
        let delimiter = self.delimiter.as_str();
        if self.quote.get().is_some_and(|quote| delimiter.contains(quote)) {
            say("quote", "the delimiter contains the quote".into());
        }
        if let Some(escape) = self.escape.map(Escape::get)
            && (delimiter.contains(escape) || self.quote.get() == Some(escape))
        {
            say("escape", "the escape is the quote, or a part of the delimiter".into());
        }
        if self.thousands.is_some_and(|thousands| thousands.is(self.decimal.get())) {
            say("thousands", "the decimal separator and the thousands separator are the same".into());
        }
        if let Some(both) = self.true_values.iter().find(|text| self.false_values.contains(text)) {
            say("false_values", format!("`{both}` means both true and false"));
        }
        if self.true_values.is_empty() != self.false_values.is_empty() {
            let at = if self.true_values.is_empty() { "true_values" } else { "false_values" };
            say(at, "`true_values` and `false_values` go together".into());
        }
        found.extend(date_format::contradictions(&self.date_formats));
        found
    }

    /// True if these are the options of the strict form, apart from the delimiter.
    pub fn is_strict(&self) -> bool {
        // The sheet of a workbook is written in the form that the other options say.
        let (sheet, delimiter) = (self.sheet.clone(), self.delimiter.clone());
        let strict = Self { sheet, delimiter, ..Self::default() };
        *self == strict && self.delimiter.as_byte().is_some()
    }
}
