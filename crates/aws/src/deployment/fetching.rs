//! How fetch is put together: with the connections that the operator opens.

use super::{Fetching, Names, queues};
use crate::environment::{Environment, Missing};
use crate::{StackConnections, clients};

impl Fetching {
    /// As the environment says.
    ///
    /// # Errors
    /// If it does not say everything.
    pub async fn from_environment<F>(mut environment: Environment<F>) -> Result<Self, Missing>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let (names, urls) = (Names::from(&mut environment), environment.queues());
        let place = environment.connections(&names.bucket);
        environment.complete()?;
        let config = clients::environment().await;
        let deployment = names.deployment(&config, (), (), queues(&config, urls), ());
        Ok(deployment.with_connections(StackConnections::new(&config, place)))
    }
}
