//! A data file that cannot be read to its end.
//!
//! Another worker with a copy of the message may have read all of it. So the records are closed to the run first, and
//! only then it gets its outcome. The report stays true, and nothing of the file is loaded while the next file is
//! processed.

use super::begin::File;
use super::{Processes, end};
use crate::lost::Lost;
use crate::ports::{Records, RunLedger};
use crate::{Result, conclude};

/// Ends a run whose file is lost.
pub(super) async fn leave<D: Processes>(deployment: &D, file: &File, lost: Lost) -> Result<()> {
    let (run, records) = (&file.run, deployment.records());
    let universe = &file.name.universe;
    let has_begun = match lost {
        Lost::Gone => {
            // Usually another process was faster, and has moved the file to its place.
            if let Some(now) = deployment.runs().run(run.id).await?
                && let Some(conclusion) = now.conclusion()
            {
                return conclude::carry_out(deployment, &now, conclusion).await;
            }
            records.close(universe, run.id, file.pinned.loaders).await?
        }
        Lost::Locked(_) => file.has_begun || records.has_begun(universe, run.id).await?,
    };
    end(deployment, file, &lost.findings(run, has_begun)).await
}
