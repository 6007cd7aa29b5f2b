//! The first step: which file it is, and what it is processed under.

use std::sync::Arc;

use bytes::Bytes;
use tidewaiter::config::Config;
use tidewaiter::id::ImportId;
use tidewaiter::name::DataName;
use tidewaiter::report::{Outcome, Reason};

use super::Tried;
use crate::capabilities::{HasRecords, HasRuns};
use crate::configs::{self, Pins, Unpinned};
use crate::examine::{CheckSpec, Fixed};
use crate::ports::{Conclusion, ImportRun, Kind, Pinned, Progress, Records, Refusal, RunLedger};
use crate::{Error, Result};

/// What a worker finds when it takes up a run.
pub(super) enum Begun {
    /// A data file whose turn it is.
    File(Box<File>),
    /// A file whose outcome is decided.
    Concluded(Box<ImportRun>, Box<Conclusion>),
    /// A run that is no data file. The sequencer dispatches none; reconciliation takes up what is not finished.
    NoData,
    /// A file that cannot be processed under any configuration.
    Refused(Box<ImportRun>, Refusal),
}

/// A data file whose turn it is, and what it is processed under.
pub(super) struct File {
    pub(super) run: ImportRun,
    pub(super) name: DataName,
    pub(super) pinned: Pinned,
    pub(super) config: Arc<Config>,
    pub(super) terms: CheckSpec,
    /// Its content as it is imported, if its import fixes files and it was read.
    pub(super) fixed: Option<Fixed>,
    /// True if some of its lines may be records. Then it has passed, and is loaded to its end.
    pub(super) has_begun: bool,
}

impl File {
    /// Its content, if it is held in memory because it was fixed.
    pub(super) fn fixed_content(&self) -> Option<Bytes> {
        self.fixed.as_ref().and_then(|fixed| fixed.content.clone())
    }

    /// True if the verdict on it is final: half of it may be records, or its group goes by it.
    pub(super) fn has_passed(&self) -> bool {
        self.has_begun || self.pinned.checked
    }
}

/// Takes up a run. Usually the sequencer has pinned the configuration when it dispatched the file.
pub(super) async fn begin<D: Pins + HasRuns + HasRecords>(
    deployment: &D,
    id: ImportId,
    tried: Tried,
) -> Result<Begun> {
    let runs = deployment.runs();
    let is_first = tried == Tried::Never;
    let run = if is_first { runs.recall(id).await? } else { runs.run(id).await? };
    let run = run.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
    if let Some(conclusion) = run.conclusion().cloned() {
        return Ok(Begun::Concluded(Box::new(run), Box::new(conclusion)));
    }
    let Kind::Data { name, .. } = &run.kind else { return Ok(Begun::NoData) };
    let name = name.clone();
    let pinned = match &run.progress {
        Progress::Started(pinned) => pinned.clone(),
        _ => match configs::pin(deployment, &run, &name.universe, None).await? {
            Err(why) => return Ok(not_configured(run, &name, why)),
            Ok(pin) => {
                let held = runs.start(id, &pin).await?;
                held.ok_or_else(|| Error::Changed { key: run.source.key.clone() })?
            }
        },
    };
    let config = configs::pinned(deployment, &pinned.config, &name.universe).await?;
    let Some(terms) = CheckSpec::find(&config, &name.scope, &name.subsection) else {
        return Ok(not_configured(run, &name, Unpinned::NotConfigured));
    };
    let has_begun =
        pinned.content.is_some() || !is_first && deployment.records().has_begun(&name.universe, id).await?;
    // Whether this is the first try or another one, the report says when its turn came.
    let run = ImportRun { progress: Progress::Started(pinned.clone()), ..run };
    Ok(Begun::File(Box::new(File { run, name, pinned, config, terms, fixed: None, has_begun })))
}

/// A file whose import was removed from the configuration, or whose repository may no longer import into its
/// universe. Its partner decided neither, so the report explains it.
fn not_configured(run: ImportRun, name: &DataName, why: Unpinned) -> Begun {
    let DataName { universe, scope, subsection, .. } = name;
    let (code, message, hint) = match why {
        Unpinned::NotConfigured => (
            "not-configured",
            format!("can't find config for {scope} scope import named \"{subsection}\""),
            "the configuration existed when the file arrived; restore it, then drop the file again",
        ),
        Unpinned::NotOwned => (
            "universe",
            format!("universe {universe:?} belongs to another repository"),
            "ask the operator of this deployment to share the universe, then drop the file again",
        ),
    };
    let reason = Reason::new(code, message).with_hint(Some(hint.to_owned()));
    Begun::Refused(Box::new(run), Refusal { outcome: Outcome::NotProcessed, reason })
}
