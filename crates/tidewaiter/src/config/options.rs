//! The options of one configured import.

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fields::{Fields, wrong_format};
use crate::mistake::Mistake;

/// One configured import, all options resolved: an empty object `{}` in the document is complete.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subsection {
    /// Which records lines may touch.
    pub mode: Mode,
    /// How many rejected lines a file may have.
    pub policy: Policy,
    /// What an empty cell means for a record that exists.
    pub empty: Empty,
    /// The character between two fields.
    pub delimiter: Delimiter,
    /// Who gets the report of each import; those of the settings unless given.
    pub report_recipients: Vec<Email>,
    /// Who is told when a file is refused or an import fails; those of the settings unless given.
    pub alert_recipients: Vec<Email>,
}

/// Which records the lines of a file may touch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Create those that do not exist, change those that do.
    #[default]
    Upsert,
    /// Only create; a line whose record exists leaves it alone and counts as unchanged.
    Create,
    /// Only change; a line whose record does not exist is left alone and counts as unchanged.
    Update,
}

/// What an empty cell does to the value of a record that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Empty {
    /// Nothing: the value stays.
    #[default]
    Ignore,
    /// The value is removed.
    Clear,
}

/// How many rejected lines a file may have before none of it is loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Any number: they are put aside, the others are loaded.
    #[default]
    Quarantine,
    /// None.
    Strict,
    /// At most this many.
    MaxRejected(#[schemars(range(max = MOST_REJECTED))] u64),
    /// At most this share of the lines read, from 0 to 1.
    MaxRejectedShare(#[schemars(range(min = 0.0, max = 1.0))] f64),
}

/// More lines than any file has, and still exact wherever JSON is read.
const MOST_REJECTED: u64 = 1 << 53;

impl Policy {
    /// Judges a file by its lines: `None` if it passes, otherwise why not, in words and numbers.
    ///
    /// ```
    /// use tidewaiter::config::Policy;
    ///
    /// assert_eq!(Policy::MaxRejectedShare(0.05).verdict(100, 5), None);
    /// assert_eq!(
    ///     Policy::Strict.verdict(120, 1).as_deref(),
    ///     Some("1 of 120 lines was rejected, and the policy allows none")
    /// );
    /// ```
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 lines")]
    pub fn verdict(&self, read: u64, rejected: u64) -> Option<String> {
        let (passes, allowed) = match *self {
            Self::Quarantine => return None,
            Self::Strict => (rejected == 0, "none".to_owned()),
            Self::MaxRejected(most) => (rejected <= most, format!("at most {most}")),
            // Divided, not multiplied: 29 of 100 is then exactly the share that people write as 0.29.
            Self::MaxRejectedShare(most) => {
                (read == 0 || rejected as f64 / read as f64 <= most, format!("at most {} %", percent(most)))
            }
        };
        let were = if rejected == 1 { "was" } else { "were" };
        let lines = if read == 1 { "line" } else { "lines" };
        (!passes)
            .then(|| format!("{rejected} of {read} {lines} {were} rejected, and the policy allows {allowed}"))
    }

    fn is_possible(&self) -> bool {
        match self {
            Self::Quarantine | Self::Strict => true,
            Self::MaxRejected(most) => *most <= MOST_REJECTED,
            Self::MaxRejectedShare(share) => (0.0..=1.0).contains(share),
        }
    }
}

/// A share as a percentage, without the digits that binary fractions add.
fn percent(share: f64) -> f64 {
    (share * 100.0 * 1e9).round() / 1e9
}

/// The character between two fields: printable ASCII or a tab, but nothing that values are made of
/// (letters, digits, `.`, `-`), and not the quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Delimiter(u8);

impl Delimiter {
    /// The character as a byte.
    pub fn as_byte(self) -> u8 {
        self.0
    }
}

impl Default for Delimiter {
    /// `;`
    fn default() -> Self {
        Self(b';')
    }
}

impl TryFrom<char> for Delimiter {
    type Error = String;

    fn try_from(c: char) -> Result<Self, Self::Error> {
        match u8::try_from(c) {
            Ok(b'"' | b'.' | b'-') => Err(format!("{c:?} cannot be a delimiter")),
            Ok(byte) if byte == b'\t' || byte == b' ' || byte.is_ascii_punctuation() => Ok(Self(byte)),
            _ => Err(format!("{c:?} cannot be a delimiter")),
        }
    }
}

impl From<Delimiter> for char {
    fn from(delimiter: Delimiter) -> Self {
        char::from(delimiter.0)
    }
}

impl JsonSchema for Delimiter {
    fn schema_name() -> Cow<'static, str> {
        "Delimiter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let allowed: Vec<String> = (0..128_u8)
            .filter_map(|byte| Delimiter::try_from(char::from(byte)).ok())
            .map(|delimiter| char::from(delimiter).to_string())
            .collect();
        json_schema!({ "type": "string", "enum": allowed })
    }
}

/// An e-mail address that mail can be sent to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

/// What HTML takes for an address: ASCII, no quoting, nothing that could end a mail header.
const EMAIL: &str = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$";
const EMAIL_CHARACTERS: usize = 254;

impl Email {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(EMAIL).ok());
        let is_address = ADDRESS.as_ref().is_some_and(|address| address.is_match(&text));
        if is_address && text.len() <= EMAIL_CHARACTERS {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not an e-mail address"))
        }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl JsonSchema for Email {
    fn schema_name() -> Cow<'static, str> {
        "Email".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "format": "email", "pattern": EMAIL, "maxLength": EMAIL_CHARACTERS,
        })
    }
}

/// Who is mailed, as far as a document says so.
pub(super) struct Recipients {
    pub(super) report: Option<Vec<Email>>,
    pub(super) alert: Option<Vec<Email>>,
}

impl Recipients {
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let mut list = |key| {
            fields.read_list(key, "a list of e-mail addresses", |path, value, mistakes| {
                address(path, &value, mistakes)
            })
        };
        Self { report: list("report_recipients"), alert: list("alert_recipients") }
    }
}

fn address(path: &str, value: &Value, mistakes: &mut Vec<Mistake>) -> Option<Email> {
    let read = value.as_str().and_then(|text| Email::try_from(text.to_owned()).ok());
    if read.is_none() {
        let key = path.rsplit('.').next().unwrap_or(path);
        mistakes.push(wrong_format(path, key, "an e-mail address", value));
    }
    read
}

impl Subsection {
    /// Reads the options at a path. What is wrong is reported, and its default taken.
    pub(super) fn read(
        path: &str,
        value: Value,
        defaults: &super::Settings,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let Some(mut fields) = Fields::open(path, value, mistakes) else { return Self::default() };
        let mode = fields.read_word("mode", &["upsert", "create", "update"]);
        let policy = fields.read_checked("policy", POLICY, Policy::is_possible);
        let empty = fields.read_word("empty", &["ignore", "clear"]);
        let delimiter = fields.read("delimiter", DELIMITER);
        let recipients = Recipients::read(&mut fields);
        fields.finish();
        Self {
            mode: mode.unwrap_or_default(),
            policy: policy.unwrap_or_default(),
            empty: empty.unwrap_or_default(),
            delimiter: delimiter.unwrap_or_default(),
            report_recipients: recipients.report.unwrap_or_else(|| defaults.report_recipients.clone()),
            alert_recipients: recipients.alert.unwrap_or_else(|| defaults.alert_recipients.clone()),
        }
    }
}

const POLICY: &str =
    r#""quarantine", "strict", {"max_rejected": 100} or {"max_rejected_share": 0.05} (a share from 0 to 1)"#;
const DELIMITER: &str = r#"one character such as ";", "," or "\t", but no quote, letter, digit, "." or "-""#;
