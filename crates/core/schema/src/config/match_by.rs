//! What records are matched by.

use schemars::JsonSchema;
use serde::Serialize;

use super::fields::Fields;
use super::subscriptions::SubscriptionName;

/// What records are matched by, instead of their key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum MatchBy {
    /// The value in a column.
    Column(String),
    /// The address of a subscription.
    Subscription(BySubscription),
}

/// The contact is the one whose subscription has the address of the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BySubscription {
    /// The subscription.
    pub subscription: SubscriptionName,
}

impl MatchBy {
    /// The column that lines need a value in.
    pub fn column(&self) -> &str {
        match self {
            Self::Column(column) => column,
            Self::Subscription(by) => &by.subscription.column,
        }
    }
}

/// Reads what records are matched by.
pub(super) fn read(fields: &mut Fields<'_>) -> Option<MatchBy> {
    if !fields.is_object("match_by") {
        let expected = "the name of a column or an object with a `subscription`";
        return fields.read("match_by", expected).map(MatchBy::Column);
    }
    fields.read_object("match_by", |fields| {
        if !fields.has("subscription") {
            fields.missing("subscription", "an object with `resource`, `channel` and `column`");
        }
        let subscription = fields.read_object("subscription", SubscriptionName::read)?;
        Some(MatchBy::Subscription(BySubscription { subscription }))
    })
}
