//! Looks for queries that are due, and asks fetch for them.
//!
//! Each minute the repositories are looked at of which a query is known. To learn which these are costs one small request,
//! so that a stack without queries pays next to nothing. A query that is new is found by the reconciliation, which looks at
//! all repositories, and reads their configurations anyway.

use tidewaiter::keys::Repository;
use tidewaiter_engine::capabilities::{HasObjects, HasQueue, HasState};
use tidewaiter_engine::ports::Objects;
use tidewaiter_engine::{Error, Result, fetch};

use crate::deployment::Messaging;

/// Looks at the repositories of which a query is known.
///
/// # Errors
/// If the state cannot be asked; or one of those of [`ask_all`].
pub(crate) async fn look(deployment: &Messaging) -> Result<()> {
    ask_all(deployment, deployment.state().repositories_with_queries().await?).await
}

/// Looks at all repositories that have a configuration, in a stack that reads queries.
///
/// # Errors
/// If the bucket cannot be asked; or one of those of [`ask_all`].
pub(crate) async fn look_everywhere(deployment: &Messaging) -> Result<()> {
    if !deployment.queue().leads_to_fetch() {
        return Ok(());
    }
    ask_all(deployment, deployment.objects().configured().await?).await
}

/// Asks for what is due in these repositories. One that cannot be looked at keeps no other from it.
///
/// # Errors
/// The first one of ours. That a configuration is broken is for those who wrote it.
async fn ask_all(deployment: &Messaging, repositories: Vec<Repository>) -> Result<()> {
    let mut asked = Ok(());
    for repository in repositories {
        match Box::pin(fetch::ask(deployment, &repository)).await {
            Ok(()) => {}
            Err(error @ Error::Configuration { .. }) => {
                tracing::warn!(%repository, %error, "its queries are not read");
            }
            Err(error) => {
                tracing::error!(%repository, %error, transient = error.is_transient(), "its queries are not looked at");
                asked = asked.and(Err(error));
            }
        }
    }
    asked
}
