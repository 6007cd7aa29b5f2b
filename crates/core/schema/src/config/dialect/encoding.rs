//! The encodings of text.

use std::borrow::Cow;

use encoding_rs::Encoding;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub(super) const EXPECTED: &str =
    r#"an encoding such as "windows-1252", "utf-16le" or "auto", or a list of them"#;

/// The most encodings that may be tried.
const MOST: usize = 4;

/// The encodings that a line may have, in the order in which they are tried. A byte order mark counts more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Labels", into = "Labels")]
pub struct Encodings {
    tried: Vec<&'static Encoding>,
}

/// One label, or several.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Labels {
    One(String),
    Several(Vec<String>),
}

impl Encodings {
    /// The encodings, at least one; empty if nothing is said: strict UTF-8 without a byte order mark.
    pub fn tried(&self) -> &[&'static Encoding] {
        &self.tried
    }
}

impl Encodings {
    /// True if text that is not of ASCII alone is of another encoding than UTF-8.
    pub fn is_other_than_utf8(&self) -> bool {
        self.tried.first().is_some_and(|first| *first != encoding_rs::UTF_8)
    }
}

/// The encoding of a label.
fn of_label(label: &str) -> Result<&'static Encoding, String> {
    if label.eq_ignore_ascii_case("auto") {
        return Ok(encoding_rs::UTF_8);
    }
    let found = Encoding::for_label_no_replacement(label.as_bytes());
    // ISO-2022-JP changes its meaning within a text, so that lines cannot be read one by one.
    match found.filter(|found| *found != encoding_rs::ISO_2022_JP && *found != encoding_rs::X_USER_DEFINED) {
        Some(found) => Ok(found),
        None => Err(format!("{label:?} is not an encoding that can be read")),
    }
}

impl TryFrom<Labels> for Encodings {
    type Error = String;

    fn try_from(labels: Labels) -> Result<Self, String> {
        let labels = match labels {
            Labels::One(label) => vec![label],
            Labels::Several(labels) => labels,
        };
        if labels.is_empty() || labels.len() > MOST {
            return Err(format!("one to {MOST} encodings can be named"));
        }
        let mut tried = Vec::new();
        for label in &labels {
            let encoding = of_label(label)?;
            if !tried.contains(&encoding) {
                tried.push(encoding);
            }
        }
        let is_wide =
            |encoding: &&'static Encoding| [encoding_rs::UTF_16LE, encoding_rs::UTF_16BE].contains(encoding);
        if tried.len() > 1 && tried.iter().any(is_wide) {
            return Err("UTF-16 is not one of several encodings of lines".to_owned());
        }
        Ok(Self { tried })
    }
}

impl From<Encodings> for Labels {
    fn from(encodings: Encodings) -> Self {
        Self::Several(encodings.tried.iter().map(|encoding| encoding.name().to_ascii_lowercase()).collect())
    }
}

impl JsonSchema for Encodings {
    fn schema_name() -> Cow<'static, str> {
        "Encodings".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1, "maxItems": MOST },
        ] })
    }
}
