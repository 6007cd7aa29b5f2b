//! What a run leaves to be done: a refused file, or rejected lines.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{ImportRun, Kind};
use tidewaiter_model::id::{ImportId, Timestamp};
use tidewaiter_model::keys::{Key, Place};
use tidewaiter_model::name::without_import_id;
use tidewaiter_model::report::{DUPLICATE, Outcome, Report, TOOL_FILE};

/// A problem of a run. It stays open until a corrected file is imported, or a person dismisses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// No corrected file was imported yet.
    Open,
    /// A later file of the same name was imported.
    Resolved {
        /// Its run.
        by: ImportId,
    },
    /// A person decided that nothing is left to be done.
    Dismissed {
        /// When.
        at: Timestamp,
        /// Who, as the command knows it: a user and a host.
        by: String,
        /// Why, if that was said.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
}

impl Problem {
    /// The problem that a run leaves which ends with this report: lines were rejected, or the file was refused. A file
    /// whose content was imported before leaves none, and neither does what tools put beside data.
    pub fn of(report: &Report) -> Option<Self> {
        let code = report.reason.as_ref().map(|reason| reason.code.as_str());
        let is_refused = matches!(report.outcome, Outcome::Bogus | Outcome::NotProcessed)
            && !matches!(code, Some(DUPLICATE | TOOL_FILE));
        (is_refused || report.counts.rejected > 0).then_some(Self::Open)
    }
}

impl ImportRun {
    /// True if it leaves a problem that is neither resolved nor dismissed.
    pub fn has_open_problem(&self) -> bool {
        self.conclusion().is_some_and(|conclusion| conclusion.problem == Some(Problem::Open))
    }

    /// Ends its open problem. Returns false if it has none.
    pub fn settle(&mut self, problem: &Problem) -> bool {
        let is_open = self.has_open_problem();
        if is_open && let Some(conclusion) = self.conclusion_mut() {
            conclusion.problem = Some(problem.clone());
        }
        is_open
    }

    /// True if it resolves the problems of earlier files of its name: it was imported, at least in part. A file whose
    /// lines were all rejected resolves none.
    pub fn resolves(&self, earlier: &Self) -> bool {
        self.id > earlier.id
            && self.conclusion().is_some_and(|conclusion| match conclusion.outcome {
                Outcome::Imported => {
                    conclusion.counts.rejected == 0 || conclusion.counts.rejected < conclusion.counts.read
                }
                Outcome::Unpacked | Outcome::Activated => true,
                Outcome::Bogus | Outcome::NotProcessed => false,
            })
    }

    /// The keys that a corrected file claims: its place in `archives/` and its log, under each name that it can come
    /// by. These are the name that this file was dropped by, that of the data in it, the same without the tag of a
    /// group, and that of its rejected lines.
    pub fn keys_of_corrections(&self) -> Vec<Key> {
        let badlines = self.conclusion().and_then(|conclusion| conclusion.badlines.as_ref());
        let ungrouped = match &self.kind {
            Kind::Data { name, .. } => Some(name.ungrouped()),
            _ => None,
        };
        let dropped = [self.file.as_str(), self.data_file()].into_iter().chain(ungrouped);
        let plain = dropped.map(|name| without_import_id(name).unwrap_or_else(|| name.to_owned()));
        let names: BTreeSet<String> = plain.chain(badlines.map(|key| key.file_name().to_owned())).collect();
        let of = |name: &String| {
            [Key::placed(Place::Archives, &self.repository, name), Key::log(&self.repository, name)]
        };
        names.iter().flat_map(of).collect()
    }
}
