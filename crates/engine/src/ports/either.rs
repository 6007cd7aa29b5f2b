//! A landing in whichever of two stores a deployment has chosen.

use super::{Answer, Batch, Landing, Pruned, Pruning, Settled, StoredRecord};
use crate::Result;

/// A landing in one store or in another one.
#[derive(Debug)]
pub enum EitherLanding<A, B> {
    /// In the one.
    One(A),
    /// In the other, on the heap: a landing in a database is large.
    Other(Box<B>),
}

/// Asks whichever landing it is.
macro_rules! either {
    ($of:expr, $landing:ident => $ask:expr) => {
        match $of {
            Self::One($landing) => $ask,
            Self::Other($landing) => $ask,
        }
    };
}

impl<A: Landing, B: Landing> Landing for EitherLanding<A, B> {
    async fn apply(&self, batch: &Batch<'_>) -> Result<Answer> {
        either!(self, landing => landing.apply(batch).await)
    }

    async fn settle(&self) -> Result<Settled> {
        either!(self, landing => landing.settle().await)
    }

    async fn prune_unlisted(&self, pruning: &Pruning<'_>) -> Result<Pruned> {
        either!(self, landing => landing.prune_unlisted(pruning).await)
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        either!(self, landing => landing.scan(scope, after, limit).await)
    }

    async fn keep(self) -> Result<()> {
        either!(self, landing => landing.keep().await)
    }
}
