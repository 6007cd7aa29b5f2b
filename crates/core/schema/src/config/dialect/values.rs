//! The values of options that are characters and short texts.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub(super) const DELIMITER: &str =
    r#"one to eight characters such as ";", "," or "\t", but no quote, letter, digit, "." or "-""#;
pub(super) const QUOTE: &str = r#"one character such as "\"" or "'", or an empty text for no quotes"#;
pub(super) const ESCAPE: &str = r#"one character such as "\\""#;
pub(super) const PREFIX: &str = r##"one to eight characters such as "#""##;
pub(super) const TRAILER: &str = r#"a line such as "TRAILER;{count}""#;
pub(super) const DECIMAL: &str = r#""." or ",""#;
pub(super) const THOUSANDS: &str = r#"",", ".", "'", "_" or " ""#;

/// The most characters of a delimiter or a prefix.
const LONGEST: usize = 8;

/// What stands between two fields: one to eight characters, but nothing that values are made of (letters, digits, `.`,
/// `-`), no quote, and no line break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Delimiter(String);

/// The same, for the published schema.
const DELIMITERS: &str = r#"^[^\p{L}\p{N}."\-\u0000\r\n]{1,8}$"#;

impl Delimiter {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The delimiter as a byte, if it is one.
    pub fn as_byte(&self) -> Option<u8> {
        match self.0.as_bytes() {
            [byte] if byte.is_ascii() => Some(*byte),
            _ => None,
        }
    }
}

impl Default for Delimiter {
    /// `;`
    fn default() -> Self {
        Self(";".to_owned())
    }
}

impl TryFrom<String> for Delimiter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_part = |c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-' | '"' | '\0' | '\r' | '\n');
        if (1..=LONGEST).contains(&text.chars().count()) && text.chars().all(is_part) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} cannot be a delimiter"))
        }
    }
}

impl From<Delimiter> for String {
    fn from(delimiter: Delimiter) -> Self {
        delimiter.0
    }
}

impl JsonSchema for Delimiter {
    fn schema_name() -> Cow<'static, str> {
        "Delimiter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": DELIMITERS })
    }
}

/// A character that frames or marks: ASCII punctuation.
fn mark(text: &str) -> Result<char, String> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii_punctuation() => Ok(c),
        _ => Err(format!("{text:?} is not one character of punctuation")),
    }
}

/// The character around a field, if files have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quote(Option<char>);

impl Quote {
    /// The character; None if a quote is a character like any other.
    pub fn get(self) -> Option<char> {
        self.0
    }
}

impl Default for Quote {
    /// `"`
    fn default() -> Self {
        Self(Some('"'))
    }
}

impl TryFrom<String> for Quote {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() { Ok(Self(None)) } else { mark(&text).map(|quote| Self(Some(quote))) }
    }
}

impl From<Quote> for String {
    fn from(quote: Quote) -> Self {
        quote.0.map_or_else(Self::new, Self::from)
    }
}

impl JsonSchema for Quote {
    fn schema_name() -> Cow<'static, str> {
        "Quote".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[!-/:-@\[-`{-~]?$" })
    }
}

/// The character that takes the meaning from the one behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Escape(char);

impl Escape {
    /// The character.
    pub fn get(self) -> char {
        self.0
    }
}

impl TryFrom<String> for Escape {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        mark(&text).map(Self)
    }
}

impl From<Escape> for String {
    fn from(escape: Escape) -> Self {
        escape.0.into()
    }
}

impl JsonSchema for Escape {
    fn schema_name() -> Cow<'static, str> {
        "Escape".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[!-/:-@\[-`{-~]$" })
    }
}

/// What comment lines begin with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

impl Prefix {
    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let count = text.chars().count();
        if (1..=LONGEST).contains(&count) && !text.chars().any(char::is_control) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} cannot begin a comment"))
        }
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}

impl JsonSchema for Prefix {
    fn schema_name() -> Cow<'static, str> {
        "Prefix".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[^\p{Cc}]{1,8}$" })
    }
}

/// The last line of a file, as a pattern: text, `{count}`, `{lines}`, `*`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Trailer(String);

/// The longest pattern of a trailer, in characters.
const TRAILER_CHARACTERS: usize = 200;

impl Trailer {
    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Trailer {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let begins = text.chars().next().is_some_and(|c| c != '*' && c != '{');
        let is_line =
            !text.chars().any(char::is_control) || text.chars().all(|c| c == '\t' || !c.is_control());
        if begins && is_line && text.chars().count() <= TRAILER_CHARACTERS {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not the pattern of a line that begins with a fixed text"))
        }
    }
}

impl From<Trailer> for String {
    fn from(trailer: Trailer) -> Self {
        trailer.0
    }
}

impl JsonSchema for Trailer {
    fn schema_name() -> Cow<'static, str> {
        "Trailer".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[^*{\p{Cc}]", "maxLength": TRAILER_CHARACTERS })
    }
}

/// The decimal separator of numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Decimal {
    /// `12.50`
    #[default]
    #[serde(rename = ".")]
    Point,
    /// `12,50`
    #[serde(rename = ",")]
    Comma,
}

impl Decimal {
    /// The character.
    pub fn get(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// The thousands separator of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Thousands {
    /// `1,000`
    #[serde(rename = ",")]
    Comma,
    /// `1.000`
    #[serde(rename = ".")]
    Point,
    /// `1'000`, also with the typographic apostrophe.
    #[serde(rename = "'")]
    Apostrophe,
    /// `1_000`
    #[serde(rename = "_")]
    Underscore,
    /// `1 000`, with any kind of space.
    #[serde(rename = " ")]
    Space,
}

impl Thousands {
    /// True if this character separates thousands.
    pub fn is(self, c: char) -> bool {
        match self {
            Self::Comma => c == ',',
            Self::Point => c == '.',
            Self::Apostrophe => matches!(c, '\'' | '\u{2019}'),
            Self::Underscore => c == '_',
            Self::Space => matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}'),
        }
    }
}
