//! Tries a proposal: the check of an import judges the samples.

use std::collections::BTreeMap;

use bytes::Bytes;
use tidewaiter::config::Config;
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
    /// The columns with findings, by their labels, and the first finding of each.
    pub(super) failing: BTreeMap<String, String>,
    /// The first finding that is of no column.
    pub(super) other: Option<String>,
}

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
                Some(value) => format!("{}, found `{value}`", finding.message),
                None => finding.message.clone(),
            };
            match &finding.field {
                Some(field) if finding.line.is_some() && !summary.bogus => {
                    trial.failing.entry(field.name.clone()).or_insert(message);
                }
                _ => trial.other = trial.other.or(Some(message)),
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

    /// True if nearly every record lands.
    pub(super) fn is_nearly_clean(&self) -> bool {
        self.refused.is_none() && self.accepted * 100 >= self.read * 98
    }
}
