//! What was chosen, and why.

use serde::Serialize;

/// A choice of an inference, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// What was chosen, and why.
    pub text: String,
    /// True if the data do not settle it: a person has to look.
    pub is_doubt: bool,
}

/// The remarks on one import.
#[derive(Debug, Clone, Default)]
pub(super) struct Remarks(pub(super) Vec<Remark>);

impl Remarks {
    /// The data settle it.
    pub(super) fn chose(&mut self, text: String) {
        self.0.push(Remark { text, is_doubt: false });
    }

    /// The data do not settle it.
    pub(super) fn doubt(&mut self, text: String) {
        self.0.push(Remark { text, is_doubt: true });
    }
}
