//! A file that somebody removed while it was at work.
//!
//! Whoever finds that out may not be the only one at work on it: another copy of the message may have read all of it
//! before. So the records are closed to it first, and only then it has its outcome: what is said of it stays true, and
//! nothing of it is loaded when it is the turn of the next file.

use crate::capabilities::HasRecords;
use crate::conclude::Concludes;
use crate::ports::{ImportRun, Progress, Records, RunLedger};
use crate::{Error, Result, conclude, unpack};

/// Ends an import whose file is not there any more, and whose lines so many loaders share.
pub(super) async fn leave<D: Concludes + HasRecords>(
    deployment: &D,
    import: &ImportRun,
    loaders: u32,
) -> Result<()> {
    // Mostly somebody else was faster with it, and has brought it to its place.
    if let Some(now) = deployment.runs().run(import.id).await?
        && let Progress::Concluding(conclusion) | Progress::Done(conclusion) = &now.progress
    {
        return conclude::carry_out(deployment, &now, conclusion).await;
    }
    let has_begun = deployment.records().close(import.id, loaders).await?;
    let error = Error::NotFound { key: import.source.key.clone() };
    unpack::cannot_open(deployment, import, error, has_begun).await
}
