//! What the configuration says of an import for the page: its tags, and which groups may do what.

use serde::Serialize;
use tidewaiter::config::{Access, Active};
use tidewaiter::name::DataName;

/// The tags and groups of an import, as the active configuration has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Marks {
    /// Its tags.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Which groups may do what with it on the page.
    #[serde(skip_serializing_if = "Access::is_open")]
    pub access: Access,
}

impl Marks {
    /// Those of the import that a file is for; none if it is not configured (any more).
    pub(crate) fn of(active: Option<&Active>, name: Option<&DataName>) -> Self {
        let options = active.zip(name).and_then(|(active, name)| active.subsection(name));
        options.map_or_else(Self::default, |options| Self {
            tags: options.tags.clone(),
            access: options.access.clone(),
        })
    }
}
