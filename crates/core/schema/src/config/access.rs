//! What the page shows of an import, and to whom. The command line is the operator's, and asks for none of it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;

use super::fields::{Fields, wrong_format};
use crate::bounds::{self, Bound};

/// Which groups may do what with an import on the page. Without groups, everybody may whom the page lets in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// Who may see the import and its runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = bounds::GROUPS.most), inner(regex(pattern = NAME)), extend("uniqueItems" = true))]
    pub see: Vec<String>,
    /// Who may change its options.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = bounds::GROUPS.most), inner(regex(pattern = NAME)), extend("uniqueItems" = true))]
    pub change: Vec<String>,
    /// Who may begin a run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = bounds::GROUPS.most), inner(regex(pattern = NAME)), extend("uniqueItems" = true))]
    pub run: Vec<String>,
}

/// What tags and groups may be called: texts that fit a line, without blanks at the ends.
pub(super) const NAME: &str = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?$";

impl Access {
    /// True if no groups are named.
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    pub(super) fn read(fields: &mut Fields<'_>) -> Self {
        let mut groups = |key| {
            let before = fields.mistakes.len();
            let groups = names(fields, key, "a list of names of groups", &bounds::GROUPS)?;
            if groups.is_empty() && fields.mistakes.len() == before {
                let message = "an empty list lets nobody in";
                let mistake = Mistake::new(fields.at(key), message);
                fields.mistakes.push(mistake.with_hint("name a group, or leave the list out"));
            }
            Some(groups)
        };
        let (see, change, run) = (groups("see"), groups("change"), groups("run"));
        Self {
            see: see.unwrap_or_default(),
            change: change.unwrap_or_default(),
            run: run.unwrap_or_default(),
        }
    }
}

/// Reads the tags of an import.
pub(super) fn tags(fields: &mut Fields<'_>) -> Vec<String> {
    names(fields, "tags", "a list of short texts", &bounds::TAGS).unwrap_or_default()
}

fn names(fields: &mut Fields<'_>, key: &'static str, expected: &str, bound: &Bound) -> Option<Vec<String>> {
    let mut known: Vec<String> = Vec::new();
    let all = fields.read_list(key, expected, bound, |path, value, mistakes| {
        let name = name(path, &value, mistakes)?;
        if known.contains(&name) {
            mistakes
                .push(Mistake::new(path, format!("{name:?} is named twice")).with_hint("keep one of them"));
            return None;
        }
        known.push(name);
        Some(())
    });
    all.map(|_| known)
}

fn name(path: &str, value: &Value, mistakes: &mut Vec<Mistake>) -> Option<String> {
    let fits = |text: &&str| {
        let is_short = (1..=64).contains(&text.chars().count());
        is_short && text.trim() == *text && !text.chars().any(|c| c.is_ascii_control())
    };
    let name = value.as_str().filter(fits);
    if name.is_none() {
        let key = path.rsplit('.').next().unwrap_or(path);
        let expected = "a text of 1 to 64 characters, without blanks at the ends or line breaks";
        mistakes.push(wrong_format(path, key, expected, value));
    }
    name.map(str::to_owned)
}
