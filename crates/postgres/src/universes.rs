//! Which universes of a database are those of a deployment.
//!
//! A database may serve several deployments, each with universes of its own: a schema notes to which deployment it belongs.
//! A deployment remembers for which universes it made schemas. From then on one that is missing was lost or exchanged: records
//! would be landed again there, or seem to be gone.

use std::sync::atomic::Ordering;

use tidewaiter_engine::{Error, Result};

use crate::catalog::{self, Listed};
use crate::connections::Connections;
use crate::session::Session;

impl Connections {
    /// The id that the universes of this deployment have.
    pub(crate) fn deployment(&self) -> Option<&str> {
        self.options.registry.as_ref().map(|registry| registry.deployment())
    }

    /// The universes of the deployment and their schemas, in the order of the universes.
    pub(crate) async fn universes(&self, session: &Session) -> Result<Vec<(String, String)>> {
        let listed = self.listed(session, None).await?;
        let is_own = |one: &Listed| self.deployment() == one.deployment.as_deref();
        for known in self
            .options
            .registry
            .iter()
            .map(|registry| registry.universes())
            .collect::<Result<Vec<_>>>()?
            .concat()
        {
            match listed.iter().find(|one| one.universe == known) {
                Some(one) if is_own(one) => {}
                Some(_) => return Err(of_another(&known)),
                None => return Err(lost(&known)),
            }
        }
        Ok(listed.into_iter().filter(is_own).map(|one| (one.universe, one.schema)).collect())
    }

    /// The schema of a universe, if it has one.
    pub(crate) async fn schema_of(&self, session: &Session, universe: &str) -> Result<Option<String>> {
        match self.listed(session, Some(universe)).await?.pop() {
            Some(one) if self.deployment() == one.deployment.as_deref() => Ok(Some(one.schema)),
            Some(_) => Err(of_another(universe)),
            None => {
                let known =
                    self.options.registry.as_ref().map(|registry| registry.universes()).transpose()?;
                let is_known = known.is_some_and(|known| known.iter().any(|one| one == universe));
                if is_known { Err(lost(universe)) } else { Ok(None) }
            }
        }
    }

    async fn listed(&self, session: &Session, universe: Option<&str>) -> Result<Vec<Listed>> {
        if !session.has_tables.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        catalog::listed(session, universe).await
    }
}

fn place_of(universe: &str) -> String {
    format!("universe {universe} in PostgreSQL")
}

fn lost(universe: &str) -> Error {
    Error::Lost { key: place_of(universe), what: "is gone, although files were imported there" }
}

fn of_another(universe: &str) -> Error {
    Error::Lost { key: place_of(universe), what: "belongs to another deployment" }
}
