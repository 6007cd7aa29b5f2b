//! What became of files: the ledger.

use std::collections::BTreeMap;

use serde::Serialize;
use tidewaiter::config::Active;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::report::{Counts, Outcome, Reason};
use tidewaiter_engine::capabilities::HasState;
pub use tidewaiter_engine::ports::HistoryFilter as Search;
use tidewaiter_engine::ports::{
    Conclusion, DigestPlace, Group, ImportRun, KeptReport, Kind, Progress, RunLedger, Trouble,
};
use tidewaiter_engine::{configs, report};

use crate::deployment::{Deployed, Deployment, is_known, with_deployed};
use crate::{Marks, Result};

/// A file in the ledger. What is not known (yet) is left out.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// Its import.
    pub import: ImportId,
    /// Its repository.
    pub repository: Repository,
    /// Its name.
    pub file: String,
    /// The archive it came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<String>,
    /// The universe of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub universe: Option<String>,
    /// The scope of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The subsection of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subsection: Option<String>,
    /// What the active configuration says of its import.
    #[serde(flatten)]
    pub marks: Marks,
    /// The date of its name, as `2026-01-31`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Its place in a group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// Its size.
    pub bytes: u64,
    /// When it arrived.
    pub arrived: Timestamp,
    /// How far it is.
    pub state: Stage,
    /// How it ended, once that is decided.
    #[serde(flatten)]
    pub ended: Option<Ended>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It waits for its turn, or for its group.
    Waiting,
    /// No active configuration knows its name yet.
    Unresolved,
    /// It is being checked or loaded.
    Started,
    /// Its outcome is decided, and is being carried out.
    Concluding,
    /// It has its outcome.
    Done,
}

/// How a file ended.
#[derive(Debug, Serialize)]
pub struct Ended {
    /// Its outcome.
    pub outcome: Outcome,
    /// Why it was not imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What became of its lines.
    pub counts: Counts,
    /// The kinds of findings.
    pub findings: Vec<String>,
    /// SHA-256 of its content, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// When its outcome was decided.
    pub finished: Timestamp,
    /// Where it is.
    pub place: Key,
    /// Where its log is.
    pub log: Key,
    /// Where its report is, if it is too large for the ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<Key>,
    /// Where its rejected lines are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub badlines: Option<Key>,
    /// True while its report is to be mailed by itself.
    pub mail_due: bool,
    /// What is wrong with its mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_trouble: Option<Trouble>,
    /// The digest that its report goes into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestPlace>,
}

/// The latest files that are asked for, the last one at the end.
///
/// # Errors
/// If the ledger cannot be read, or there is no such repository.
pub async fn history(deployment: &Deployment, search: Search) -> Result<Vec<Entry>> {
    with_deployed!(deployment, deployed => {
        is_known(deployed, search.repository.as_ref()).await?;
        let (mut entries, mut known) = (Vec::new(), BTreeMap::new());
        for import in deployed.state().history(&search).await?.into_iter().rev() {
            if !known.contains_key(&import.repository) {
                // Without a configuration that can be used, files are told without what it says of them.
                let active = configs::active(deployed, &import.repository).await.ok();
                known.insert(import.repository.clone(), active);
            }
            let active = known.get(&import.repository).and_then(Option::as_deref);
            entries.push(entry(deployed, import, active).await);
        }
        Ok(entries)
    })
}

async fn entry(deployed: &impl Deployed, import: ImportRun, active: Option<&Active>) -> Entry {
    let waits =
        if matches!(import.kind, Kind::Unresolved { .. }) { Stage::Unresolved } else { Stage::Waiting };
    let (name, group) = match import.kind {
        Kind::Data { name, group, .. } => (Some(name), group),
        _ => (None, None),
    };
    let (state, conclusion) = match import.progress {
        Progress::Registered => (waits, None),
        Progress::Started(_) => (Stage::Started, None),
        Progress::Concluding(conclusion) => (Stage::Concluding, Some(conclusion)),
        Progress::Done(conclusion) => (Stage::Done, Some(conclusion)),
    };
    let ended = match conclusion {
        Some(conclusion) => Some(ended(deployed, import.id, conclusion).await),
        None => None,
    };
    Entry {
        import: import.id,
        repository: import.repository,
        file: import.file,
        archive: import.archive.map(|(_, file)| file),
        universe: name.as_ref().map(|name| name.universe.clone()),
        scope: name.as_ref().map(|name| name.scope.clone()),
        subsection: name.as_ref().map(|name| name.subsection.clone()),
        marks: Marks::of(active, name.as_ref()),
        date: name.as_ref().map(|name| name.date.to_string()),
        group,
        bytes: import.bytes,
        arrived: import.arrived,
        state,
        ended,
    }
}

async fn ended(deployed: &impl Deployed, import: ImportId, conclusion: Conclusion) -> Ended {
    let reason = match &conclusion.code {
        Some(code) => Some(reason(deployed, import, code, &conclusion).await),
        None => None,
    };
    Ended {
        outcome: conclusion.outcome,
        reason,
        counts: conclusion.counts,
        findings: conclusion.findings,
        sha256: conclusion.sha256,
        finished: conclusion.finished,
        place: conclusion.place,
        log: conclusion.log,
        report: match conclusion.report {
            KeptReport::Here(_) => None,
            KeptReport::At(key) => Some(key),
        },
        badlines: conclusion.badlines,
        mail_due: conclusion.mail_due,
        mail_trouble: conclusion.mail_trouble,
        digest: conclusion.digest,
    }
}

/// The reason in words, from the report; from the ledger alone if the report was removed.
async fn reason(deployed: &impl Deployed, import: ImportId, code: &str, conclusion: &Conclusion) -> Reason {
    let report = report::kept(deployed, import, conclusion).await.ok().flatten();
    report.and_then(|report| report.reason).unwrap_or_else(|| Reason::new(code, code))
}
