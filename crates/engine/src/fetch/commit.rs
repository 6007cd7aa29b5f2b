//! How a read ends: its file and the new state of the query are written in one step, or nothing is.

use tidewaiter::keys::Key;

use super::read::Work;
use super::{Fetches, state_of};
use crate::Result;
use crate::ports::{ImportRun, Objects, Phase, QueryState, QueryStates, RunLedger};

/// The state of a query whose read ends.
pub(super) struct Commit<'a, D> {
    pub(super) deployment: &'a D,
    pub(super) work: &'a Work<'a>,
    pub(super) state: QueryState,
    pub(super) version: u64,
}

impl<D: Fetches> Commit<'_, D> {
    /// Writes how the read ended, and registers its file if it has one. False if the read belongs to another process.
    ///
    /// A person may have asked for another read since the state was claimed, which takes nothing from this one.
    pub(super) async fn end(
        mut self,
        apply: impl Fn(&mut QueryState),
        file: Option<(&ImportRun, &Key)>,
    ) -> Result<bool> {
        let Work { repository, entry, reading, .. } = self.work;
        let queries = self.deployment.queries();
        loop {
            apply(&mut self.state);
            let is_put = match file {
                Some((run, _)) => queries.register_fetched(run, entry, &self.state, self.version).await?,
                None => queries.put_query(repository, entry, &self.state, self.version).await?,
            };
            if is_put {
                return Ok(true);
            }
            (self.state, self.version) = state_of(self.deployment, repository, entry).await?;
            if !matches!(&self.state.phase, Phase::Reading(current) if current == *reading) {
                break;
            }
        }
        let Some((run, key)) = file else { return Ok(false) };
        // A store may have repeated a write that had taken effect.
        let registered = self.deployment.runs().run(run.id).await?;
        if registered.is_some_and(|registered| registered.source == run.source) {
            return Ok(true);
        }
        tracing::info!(%repository, %key, "another process reads the query: this file is removed");
        self.deployment.objects().discard(key).await?;
        Ok(false)
    }
}
