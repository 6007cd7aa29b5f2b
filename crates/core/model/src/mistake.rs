//! What can be wrong with a configuration: each mistake with its path in the document.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::printable;

/// The longest path that is shown, in characters: a document may hold any key.
const PATH_CHARACTERS: usize = 512;
/// The longest message or hint, in characters: values may stand in it.
const MESSAGE_CHARACTERS: usize = 1_000;

/// How many mistakes of a document are told. When there are so many, the rest of it is not looked at.
pub const MOST: usize = 100;

/// True if there are so many mistakes that no more are looked for.
pub fn enough(mistakes: &[Mistake]) -> bool {
    mistakes.len() >= MOST
}

/// At most [`MOST`] mistakes; the last one says so if there are more.
pub fn told(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    if enough(&mistakes) {
        mistakes.truncate(MOST - 1);
        mistakes.push(Mistake::new("", "there are more mistakes").with_hint("fix these first"));
    }
    mistakes
}

/// One mistake in a configuration document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Mistake {
    /// Where: the keys from the root joined by dots, indexes in brackets: `acme.contacts.crm.mode`,
    /// `scopes.visits.fields[2].type`. Empty for the document as a whole.
    pub path: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// How to mend it, when that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
}

impl Mistake {
    /// A mistake at a path. Both texts are shortened where they are very long, and made
    /// [printable]: a key or value of the document can neither forge a line of a log nor steer a terminal.
    pub fn new(path: impl AsRef<str>, message: impl AsRef<str>) -> Self {
        Self {
            path: printable(path.as_ref(), PATH_CHARACTERS),
            message: printable(message.as_ref(), MESSAGE_CHARACTERS),
            hint: None,
        }
    }

    /// The same mistake with advice, made printable like the message.
    #[must_use]
    pub fn with_hint(mut self, hint: impl AsRef<str>) -> Self {
        self.hint = Some(printable(hint.as_ref(), MESSAGE_CHARACTERS));
        self
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
