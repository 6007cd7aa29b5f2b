//! The values of options that are texts of a form of their own.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;

use super::fields::{Fields, wrong_format};
use crate::bounds::RECIPIENTS;

/// A country code for telephone numbers: one to four digits, not beginning with 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhonePrefix(String);

const PHONE_PREFIX: &str = "^[1-9][0-9]{0,3}$";

impl PhonePrefix {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PhonePrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits && !text.starts_with('0') {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not a country code"))
        }
    }
}

impl From<PhonePrefix> for String {
    fn from(prefix: PhonePrefix) -> Self {
        prefix.0
    }
}

impl JsonSchema for PhonePrefix {
    fn schema_name() -> Cow<'static, str> {
        "PhonePrefix".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PHONE_PREFIX })
    }
}

/// An e-mail address that mail can be sent to. Its clones share the text: those of the settings are the recipients of
/// every import that names none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(Arc<str>);

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
            Ok(Self(text.into()))
        } else {
            Err(format!("{text:?} is not an e-mail address"))
        }
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0.to_string()
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

/// The recipients of mails, as far as a document names them.
pub(super) struct Recipients {
    pub(super) report: Option<Vec<Email>>,
    pub(super) alert: Option<Vec<Email>>,
}

impl Recipients {
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let mut list = |key| {
            fields.read_list(key, "a list of e-mail addresses", &RECIPIENTS, |path, value, mistakes| {
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

pub(super) const PREFIX: &str = r#"a country code such as "33""#;
