//! The names that files of an import may have besides the usual form.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::FilePattern;

use super::fields::{Fields, wrong_format};
use crate::bounds;

/// Patterns of file names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilePatterns(Vec<FilePattern>);

impl FilePatterns {
    /// The patterns, in the order in which they are tried.
    pub fn iter(&self) -> impl Iterator<Item = &FilePattern> {
        self.0.iter()
    }

    /// Reads one pattern, or a list of them. Each that is none is reported at its place.
    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        const EXPECTED: &str = "a pattern of file names such as \"products_{date}.csv\", or a list of them";
        let path = fields.at("files");
        let written = match fields.take("files") {
            None => return Self::default(),
            Some(Value::String(pattern)) => vec![(path, pattern)],
            Some(Value::Array(patterns)) => {
                if let Some(beyond) = bounds::FILE_PATTERNS.check(&path, patterns.len()) {
                    fields.mistakes.push(beyond);
                    return Self::default();
                }
                let mut texts = Vec::new();
                for (n, pattern) in patterns.into_iter().enumerate() {
                    let path = format!("{path}[{n}]");
                    match pattern {
                        Value::String(pattern) => texts.push((path, pattern)),
                        other => fields.mistakes.push(wrong_format(&path, "files", EXPECTED, &other)),
                    }
                }
                texts
            }
            Some(other) => {
                fields.mistakes.push(wrong_format(&path, "files", EXPECTED, &other));
                return Self::default();
            }
        };
        let mut patterns = Vec::new();
        for (path, pattern) in written {
            match FilePattern::parse(&pattern) {
                Ok(pattern) => patterns.push(pattern),
                Err(why) => {
                    let message = format!("{pattern:?} is not a pattern of file names: {why}");
                    fields.mistakes.push(Mistake::new(path, message));
                }
            }
        }
        Self(patterns)
    }
}

impl Serialize for FilePatterns {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(FilePattern::to_string))
    }
}

impl JsonSchema for FilePatterns {
    fn schema_name() -> Cow<'static, str> {
        "FilePatterns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let most = bounds::FILE_PATTERNS.most;
        json_schema!({ "anyOf": [
            { "type": "string", "minLength": 1 },
            { "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": most },
        ] })
    }
}
