//! An outcome that is decided, and what is left to do for it.

use tidewaiter::keys::Key;
use tidewaiter::report::Report;

use super::outputs::{Output, write_outputs};
use super::{Concludes, tell_people};
use crate::capabilities::{HasQueue, HasRuns};
use crate::ports::{Conclusion, ImportRun, Observation, RunLedger};
use crate::{Result, report};

/// An outcome that is decided, and whose keys are claimed. Its log is not written, and its file is not moved.
#[derive(Debug)]
pub struct Postponed {
    pub(super) import: ImportRun,
    pub(super) conclusion: Conclusion,
    pub(super) report: Report,
    pub(super) outputs: Vec<Output>,
    /// What lies at the keys of the outputs is kept under these.
    pub(super) older: Vec<Option<Key>>,
}

impl Postponed {
    /// The run, as it was when its outcome was decided.
    pub fn import(&self) -> &ImportRun {
        &self.import
    }

    /// Its outcome.
    pub fn conclusion(&self) -> &Conclusion {
        &self.conclusion
    }

    /// Writes the log and moves the file. The outcome has to be durable.
    ///
    /// # Errors
    /// If an output cannot be written. The run is not done, so a reconciliation carries its outcome out.
    pub async fn carry_out<D: Concludes>(&self, deployment: &D) -> Result<()> {
        deployment.observe(&Observation::Concluded(&self.report));
        report::remove_other_drafts(deployment, &self.import, &self.conclusion.report, None).await?;
        let (report, outputs) = (Some(&self.report), &self.outputs);
        Box::pin(write_outputs(deployment, &self.import, report, outputs, &self.older)).await
    }

    /// Marks the run done, after [`Postponed::carry_out`], and tells people.
    ///
    /// # Errors
    /// If the state cannot be written. A reconciliation marks the run done.
    pub async fn finish<D: HasRuns + HasQueue>(&self, deployment: &D) -> Result<()> {
        deployment.runs().finish(self.import.id).await?;
        tell_people(deployment, self.import.id, &self.conclusion).await
    }
}
