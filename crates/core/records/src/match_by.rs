//! What records are matched by.

use super::subscriptions::Subscribable;

/// What records are matched by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchBy {
    /// The value in a column.
    Column(String),
    /// The address of a subscription.
    Subscription(Subscribable),
}

impl MatchBy {
    /// The column of lines and records with the value.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) => column,
            Self::Subscription(by) => &by.column,
        }
    }

    /// What records are matched by, of a kept value of the column. `prefix` is the country code of telephone numbers that
    /// have none.
    pub fn value(&self, value: &str, prefix: Option<&str>) -> String {
        match self {
            Self::Column(_) => value.to_owned(),
            Self::Subscription(by) => by.address(value, prefix),
        }
    }
}
