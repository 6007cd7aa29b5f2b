//! Tries a proposal: the check of an import judges the samples.

use std::collections::BTreeMap;

use bytes::Bytes;
use tidewaiter::config::Config;
use tidewaiter::finding::Code;
use tidewaiter_engine::examine::{CheckSpec, Examination};

use super::draft::{Draft, document};
use super::group::Group;

/// What the check says of the samples of an import.
#[derive(Debug, Default)]
pub(super) struct Trial {
    pub(super) read: u64,
    pub(super) accepted: u64,
    /// Why a file is refused as a whole.
    pub(super) refused: Option<String>,
    /// The columns whose values break rules, by their labels.
    pub(super) failing: BTreeMap<String, Failing>,
    /// The first finding of another kind: a row of another width, a quote that stays open.
    pub(super) other: Option<String>,
}

/// Values of a column that break its rules.
#[derive(Debug, Default)]
pub(super) struct Failing {
    /// How many there are.
    pub(super) count: u64,
    /// What is wrong with the first.
    pub(super) first: String,
}

/// What is wrong with values, and not with how a row is written.
const VALUES: [Code; 4] = [Code::TypeError, Code::ConstraintError, Code::PrimaryKey, Code::RowConstraint];

/// Tries a draft alone.
pub(super) fn of(universe: &str, draft: &Draft, group: &Group<'_>) -> Trial {
    let mut trial = Trial::default();
    let text = document(universe, std::slice::from_ref(draft));
    let config = match Config::parse(universe, text.as_bytes()) {
        Ok(config) => config,
        Err(mistakes) => {
            trial.refused = mistakes.first().map(ToString::to_string);
            return trial;
        }
    };
    let Some(spec) = CheckSpec::find(&config, &draft.scope, &draft.import) else {
        trial.refused = Some("the import is not in the document".to_owned());
        return trial;
    };
    for member in &group.members {
        let mut spec = spec.clone();
        if !member.sample.is_whole {
            // The last line of a sample is not that of the file.
            spec.options.dialect.trailer = None;
            spec.dialect = tidewaiter::check::Dialect::of(&spec.options.dialect);
        }
        let mut examination = Examination::without_hash(spec);
        examination.feed(&Bytes::copy_from_slice(&member.sample.bytes));
        let examined = examination.finish(true);
        let summary = examined.summary;
        trial.read += summary.lines_read;
        trial.accepted += summary.accepted;
        for finding in summary.findings.kept() {
            let message = match &finding.value {
                Some(value) if !value.is_empty() => format!("{}, found `{value}`", finding.message),
                _ => finding.message.clone(),
            };
            let name = finding.field.as_ref().map(|field| field.name.clone()).unwrap_or_default();
            if VALUES.contains(&finding.code) && !summary.bogus {
                let failing = trial.failing.entry(name).or_default();
                if failing.first.is_empty() {
                    failing.first = message;
                }
            } else {
                trial.other = trial.other.or(Some(message));
            }
        }
        for kind in summary.findings.kinds().iter().filter(|kind| VALUES.contains(&kind.code)) {
            if let Some(failing) = trial.failing.get_mut(kind.field.as_deref().unwrap_or_default()) {
                failing.count += kind.count;
            }
        }
        if let Some(reason) = examined.reason {
            trial.refused = trial.refused.or(Some(format!("{}: {}", member.sample.name, reason.message)));
        }
    }
    trial
}

impl Trial {
    /// True if every record lands.
    pub(super) fn is_clean(&self) -> bool {
        self.refused.is_none() && self.accepted == self.read
    }

    /// True if nearly all values keep the rules. Rows that are written wrongly do not count: no scope takes them.
    pub(super) fn is_nearly_clean(&self) -> bool {
        self.refused.is_none() && !self.failing.values().any(|failing| self.is_too_much(failing))
    }

    /// True if so many values of a column fail that it is another kind of column. A few are mistakes, and one is
    /// a mistake in a small file, too.
    pub(super) fn is_too_much(&self, failing: &Failing) -> bool {
        let few = if self.read < 3 { 0 } else { (self.read / 20).max(1) };
        failing.count > few
    }
}
