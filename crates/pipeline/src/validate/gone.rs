//! A file that disappeared while a worker had it.
//!
//! Another worker with a copy of the message may have read all of the file. So the records are closed to the run
//! first, and only then it gets its outcome. The report stays true, and nothing of the file is loaded while the next
//! file is processed.

use crate::capabilities::HasRecords;
use crate::conclude::Concludes;
use crate::ports::{ImportRun, Progress, Records, RunLedger};
use crate::{Error, Result, conclude, unpack};

/// Ends a run whose file is gone, and whose lines so many loaders share.
pub(super) async fn leave<D: Concludes + HasRecords>(
    deployment: &D,
    import: &ImportRun,
    loaders: u32,
) -> Result<()> {
    // Usually another process was faster, and has moved the file to its place.
    if let Some(now) = deployment.runs().run(import.id).await?
        && let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &now.progress
    {
        return conclude::carry_out(deployment, &now, conclusion).await;
    }
    let has_begun = deployment.records().close(import.id, loaders).await?;
    let error = Error::NotFound { key: import.source.key.clone() };
    unpack::cannot_open(deployment, import, error, has_begun).await
}
