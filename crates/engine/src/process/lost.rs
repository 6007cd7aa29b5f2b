//! A data file that cannot be brought to its end.
//!
//! Another worker with a copy of the message may have read all of it. So the records are closed to the run first, and
//! only then it gets its outcome. The report stays true, and nothing of the file is loaded while the next file is
//! processed.

use super::begin::File;
use super::{Processes, end};
use crate::lost::Lost;
use crate::ports::{Objects, Records, RunLedger};
use crate::{Result, conclude};

/// Ends a run whose file is lost.
pub(super) async fn leave<D: Processes>(deployment: &D, file: &File, lost: Lost) -> Result<()> {
    let (run, records) = (&file.run, deployment.records());
    let universe = &file.name.universe;
    let lost = match lost {
        Lost::Closed => closed(deployment, file).await?,
        lost => lost,
    };
    let has_begun = match lost {
        Lost::Gone | Lost::Closed | Lost::TooLong(_) => {
            // Usually another process was faster, and has given the run its outcome.
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

/// Why another worker closed a run, which it did not come to say: its file is gone; or, if it is still there, loading it
/// takes too long. Where a file can be written again under its name, it was gone.
async fn closed<D: Processes>(deployment: &D, file: &File) -> Result<Lost> {
    let (objects, source) = (deployment.objects(), file.run.content().0);
    let may_take_too_long = deployment.records().lands_whole() && objects.is_fixed(source);
    let is_there = may_take_too_long && objects.find(source).await?.is_some();
    Ok(if is_there { Lost::TooLong(None) } else { Lost::Gone })
}
