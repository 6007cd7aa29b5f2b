//! Findings by kind, the most frequent first, each with a few lines that show it.

use super::Report;
use crate::finding::{Finding, Kind};

/// A kind of finding, and examples of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worst<'a> {
    /// The kind, with its exact count.
    pub kind: &'a Kind,
    /// The first findings of this kind, in the order of the file.
    pub examples: Vec<&'a Finding>,
}

impl<'a> Worst<'a> {
    /// How many findings of the kind are not among the examples.
    pub fn beyond(&self) -> u64 {
        self.kind.count.saturating_sub(self.examples.len() as u64)
    }

    /// The advice that all examples have in common.
    pub fn hint(&self) -> Option<&'a str> {
        let hint = self.examples.first()?.hint.as_deref()?;
        self.examples.iter().all(|finding| finding.hint.as_deref() == Some(hint)).then_some(hint)
    }

    /// What is wrong, if all examples say it in the same words.
    pub fn message(&self) -> Option<&'a str> {
        let message = self.examples.first()?.message.as_str();
        self.examples.iter().all(|finding| finding.message == message).then_some(message)
    }
}

/// At most so many kinds, with at most so many examples each. Kinds are in the order of the report: the most
/// frequent first.
pub fn worst(report: &Report, kinds: usize, examples: usize) -> Vec<Worst<'_>> {
    let of = |kind: &Kind, finding: &Finding| {
        finding.code == kind.code && finding.field.as_ref().map(|field| &field.name) == kind.field.as_ref()
    };
    let shown = |kind| report.findings.iter().filter(|finding| of(kind, finding)).take(examples).collect();
    report.kinds.iter().take(kinds).map(|kind| Worst { kind, examples: shown(kind) }).collect()
}
