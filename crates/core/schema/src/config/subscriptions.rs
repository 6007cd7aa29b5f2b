//! What an import subscribes contacts to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::{did_you_mean, is_part};

use super::fields::Fields;
use crate::catalogue::CONTACTS;
use crate::{FieldType, Merge, RowEffect, TableSchema, bounds};

/// What a line subscribes its contact to, if it has a value in the column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// What is subscribed to: `newsletter`.
    #[schemars(regex(pattern = NAME))]
    pub resource: String,
    /// How it is sent: `email`.
    #[schemars(regex(pattern = NAME))]
    pub channel: String,
    /// The column with the contact data that it is sent to: text or whole numbers.
    pub column: String,
    /// The status of a subscription that there is not yet.
    #[serde(default)]
    pub on_create: OnCreate,
    /// What becomes of a subscription that exists. With `suspend` and `unsubscribe`, one that is made for a contact that
    /// exists is not active either.
    #[serde(default)]
    pub on_update: OnUpdate,
}

/// What resources and channels may be called.
const NAME: &str = "^[A-Za-z0-9_-]{1,64}$";

/// The status of a subscription that is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnCreate {
    /// It is sent.
    #[default]
    Subscribed,
    /// It is not sent before the person confirms it.
    Unconfirmed,
}

/// What becomes of a subscription that exists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUpdate {
    /// It keeps its status: nobody is subscribed again.
    #[default]
    Leave,
    /// It is sent, also if it was suspended or ended.
    Subscribe,
    /// It is not sent for the time being.
    Suspend,
    /// It is ended.
    Unsubscribe,
}

/// What names a subscription, up to the address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionName {
    /// What is subscribed to.
    #[schemars(regex(pattern = NAME))]
    pub resource: String,
    /// How it is sent.
    #[schemars(regex(pattern = NAME))]
    pub channel: String,
    /// The column with the address.
    pub column: String,
}

impl SubscriptionName {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut name = |key| {
            let expected = "a name of 1 to 64 ASCII letters, digits, `_` and `-`";
            if !fields.has(key) {
                fields.missing(key, expected);
            }
            fields.read_checked(key, expected, |name: &String| is_part(name))
        };
        let (resource, channel) = (name("resource"), name("channel"));
        let column = fields.read_required("column", "the name of a column");
        Some(Self { resource: resource?, channel: channel?, column: column? })
    }
}

/// Reads what an import subscribes to.
pub(super) fn read(fields: &mut Fields<'_>) -> Vec<Subscription> {
    let expected = "a list of objects with `resource`, `channel` and `column`";
    let all = fields.read_list("subscriptions", expected, &bounds::SUBSCRIPTIONS, one);
    let (mut known, mut read) = (Vec::new(), Vec::new());
    for (at, one) in all.unwrap_or_default() {
        let name = (one.resource.clone(), one.channel.clone(), one.column.clone());
        if known.contains(&name) {
            let Subscription { resource, channel, column, .. } = &one;
            let message =
                format!("the subscription to {resource} by {channel} with `{column}` is there twice");
            fields.mistakes.push(Mistake::new(at, message).with_hint("keep one of them"));
            continue;
        }
        known.push(name);
        read.push(one);
    }
    read
}

fn one(path: &str, value: Value, mistakes: &mut Vec<Mistake>) -> Option<(String, Subscription)> {
    let mut fields = Fields::open(path, value, mistakes)?;
    let name = SubscriptionName::read(&mut fields);
    let on_create = fields.read_word("on_create", &["subscribed", "unconfirmed"]);
    let on_update = fields.read_word("on_update", &["subscribe", "suspend", "unsubscribe", "leave"]);
    fields.finish();
    let SubscriptionName { resource, channel, column } = name?;
    let (on_create, on_update) = (on_create.unwrap_or_default(), on_update.unwrap_or_default());
    Some((path.to_owned(), Subscription { resource, channel, column, on_create, on_update }))
}

/// Reports subscriptions that lines of the scope cannot have.
pub(super) fn check(
    path: &str,
    subscriptions: &[Subscription],
    (scope, schema): (&str, &TableSchema),
    mistakes: &mut Vec<Mistake>,
) {
    if subscriptions.is_empty() {
        return;
    }
    let path = format!("{path}.subscriptions");
    if schema.records.as_deref().unwrap_or(scope) != CONTACTS || schema.row != RowEffect::Upsert {
        let message = format!("lines of {scope:?} make no contacts, so they subscribe nobody");
        let hint = "subscriptions belong to contacts: give them to an import into contacts";
        mistakes.push(Mistake::new(path, message).with_hint(hint));
        return;
    }
    for (n, one) in subscriptions.iter().enumerate() {
        mistakes.extend(check_column(&format!("{path}[{n}].column"), &one.column, (scope, schema)));
    }
}

/// The mistake of a column that holds no addresses.
pub(super) fn check_column(
    path: &str,
    column: &str,
    (scope, schema): (&str, &TableSchema),
) -> Option<Mistake> {
    let Some(field) = schema.fields.iter().find(|field| field.name == column) else {
        let mut mistake = Mistake::new(path, format!("lines of {scope:?} have no field `{column}`"));
        mistake.hint = did_you_mean(column, schema.fields.iter().map(|field| field.name.as_str()));
        return Some(mistake);
    };
    let is_address = matches!(field.kind, FieldType::String | FieldType::Integer);
    (!is_address || field.merge == Merge::Lists).then(|| {
        Mistake::new(path, format!("lines of {scope:?} have no contact data in `{column}`"))
            .with_hint("contact data is text or a whole number: an address, a telephone number, a token")
    })
}
