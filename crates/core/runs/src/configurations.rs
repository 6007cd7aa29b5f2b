//! The configurations of a repository, and who may configure a universe.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use tidewaiter_model::keys::Repository;

/// The configurations that were registered in a repository, and those that have their outcome. Both only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Configurations {
    /// How many were registered.
    pub registered: u64,
    /// How many have their outcome, or were changed by an operator. A process that has read the active configurations
    /// at this number need not read them again while it stays, and none is in flight.
    pub concluded: u64,
}

impl Configurations {
    /// True if one is registered and has no outcome yet: no single file and no group begins.
    #[must_use]
    pub fn in_flight(&self) -> bool {
        self.registered != self.concluded
    }
}

/// Who may import into a universe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Universe {
    /// Its name.
    pub name: String,
    /// The repository that activated a configuration of it first.
    pub owner: Repository,
    /// The repositories that an operator shares it with.
    pub shared: BTreeSet<Repository>,
}

impl Universe {
    /// True if a repository may have a configuration of it.
    #[must_use]
    pub fn admits(&self, repository: &Repository) -> bool {
        self.owner == *repository || self.shared.contains(repository)
    }
}
