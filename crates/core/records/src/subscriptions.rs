//! What a line does to the subscriptions of its contact.
//!
//! A subscription is a record of a table of its own, one for each resource, channel and address. So whether an address is
//! subscribed is known without its contact, and outlives it: an address whose contact was deleted is not subscribed again
//! by the file that brings the contact back.

use std::collections::BTreeMap;

use tidewaiter_schema::catalogue::{CONTACTS, SUBSCRIPTIONS};
use tidewaiter_schema::config::{OnCreate, OnUpdate};

use super::normal::Form;
use super::{Change, Layout, MatchBy, Plan, Record, RecordTx, Source, Subject, Value, join_key};

/// The column of a subscription with the key of the contact.
pub const CONTACT: &str = "contact";
const STATUS: &str = "status";
const CHANGED_AT: &str = "changed_at";

/// The longest address, in bytes: every store keeps a key with it.
pub const ADDRESS_BYTES: usize = 1_000;

/// What names subscriptions, up to the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribable {
    /// What is subscribed to.
    pub resource: String,
    /// How it is sent.
    pub channel: String,
    /// The column of a line with the address.
    pub column: String,
    /// The form of addresses.
    pub(super) form: Form,
}

impl Subscribable {
    /// The address in a value of the column. `prefix` is the country code of telephone numbers that have none.
    pub fn address(&self, value: &str, prefix: Option<&str>) -> String {
        self.form.key(value, prefix).into_owned()
    }

    /// The key of the subscription of an address.
    pub fn key(&self, address: &str) -> String {
        join_key([self.resource.as_str(), &self.channel, address].into_iter())
    }
}

/// What lines subscribe their contacts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribing {
    /// To what, and by which column.
    pub to: Subscribable,
    /// The status of a subscription that there is not yet.
    pub on_create: OnCreate,
    /// What becomes of a subscription that exists.
    pub on_update: OnUpdate,
}

impl Subscribing {
    /// The subscription after a line about this contact.
    fn after(&self, before: Option<&Record>, address: &str, of: &Contact<'_>, source: Source) -> Record {
        let mut values = before.map(|before| before.values.clone()).unwrap_or_default();
        let status = match (values.get(STATUS), self.on_update) {
            // A file decides once about a subscription.
            (Some(status), _) if status.source.import == source.import => None,
            (Some(_), OnUpdate::Leave) => None,
            (Some(_), OnUpdate::Subscribe) => Some("subscribed"),
            (Some(_), OnUpdate::Suspend) => Some("suspended"),
            (Some(_), OnUpdate::Unsubscribe) => Some("unsubscribed"),
            (None, OnUpdate::Suspend) if of.existed => Some("suspended"),
            (None, OnUpdate::Unsubscribe) if of.existed => Some("unsubscribed"),
            (None, _) => Some(match self.on_create {
                OnCreate::Subscribed => "subscribed",
                OnCreate::Unconfirmed => "unconfirmed",
            }),
        };
        let mut put = |column: &str, text: &str| {
            let is_new = values.get(column).is_none_or(|value| value.text != text);
            if is_new {
                values.insert(column.to_owned(), Value { text: text.to_owned(), source });
            }
            is_new
        };
        put("resource", &self.to.resource);
        put("channel", &self.to.channel);
        put("address", address);
        put(CONTACT, of.key);
        // Registration gives a run its id, with the moment. So each try writes the same.
        if status.is_some_and(|status| put(STATUS, status)) {
            put(CHANGED_AT, &source.import.at().to_string());
        }
        Record { values, changed: source }
    }
}

impl Plan {
    /// What a line subscribes, by the number of the subscription, with the address.
    pub(super) fn addresses<'a>(
        &'a self,
        layout: &'a Layout,
        change: &'a Change,
    ) -> impl Iterator<Item = (usize, &'a Subscribing, String)> {
        let prefix = self.phone_prefix.as_deref();
        self.subscriptions.iter().enumerate().filter_map(move |(at, rule)| {
            let column = layout.columns.iter().position(|name| *name == rule.to.column)?;
            Some((at, rule, rule.to.address(change.values.get(column)?, prefix)))
        })
    }

    /// The keys of the subscriptions that a line reads: those that it is about, and the one that it is matched by.
    pub fn subscribed<'a>(
        &'a self,
        layout: &'a Layout,
        change: &'a Change,
    ) -> impl Iterator<Item = String> + 'a {
        let matched = match (&self.match_by, &change.subject) {
            (Some(MatchBy::Subscription(by)), Subject::Match { value, .. }) => Some(by.key(value)),
            _ => None,
        };
        self.addresses(layout, change).map(|(_, rule, address)| rule.to.key(&address)).chain(matched)
    }
}

/// The contact of a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contact<'a> {
    /// The key it has after the line.
    pub(super) key: &'a str,
    /// The key it had before.
    pub(super) before: &'a str,
    /// True if it existed before the line.
    pub(super) existed: bool,
}

/// The subscriptions that a line about a contact changes, by key.
pub(super) fn changed<S: RecordTx>(
    store: &mut S,
    addresses: Vec<(usize, &Subscribing, String)>,
    of: &Contact<'_>,
    (prefix, source): (Option<&str>, Source),
) -> Result<BTreeMap<String, Record>, S::Error> {
    let (mut changed, mut seen) = (BTreeMap::new(), Vec::new());
    for (_, rule, address) in addresses {
        let key = rule.to.key(&address);
        // The first of several columns with one address decides.
        if seen.contains(&key) {
            continue;
        }
        let before = store.get(SUBSCRIPTIONS, &key)?;
        let whose = before.as_ref().and_then(|before| before.text(CONTACT));
        let mut contact = *of;
        if let Some(other) = whose.filter(|whose| *whose != of.before && *whose != of.key) {
            // Of several contacts with one address, the first one keeps the subscription as long as it has the address.
            let record = store.get(CONTACTS, other)?;
            let has = record.as_ref().and_then(|record| record.text(&rule.to.column));
            if has.is_some_and(|value| rule.to.address(value, prefix) == address) {
                contact.key = other;
            }
        }
        let after = rule.after(before.as_ref(), &address, &contact, source);
        if before.as_ref().is_none_or(|before| !same_texts(&before.values, &after.values)) {
            changed.insert(key.clone(), after);
        }
        seen.push(key);
    }
    Ok(changed)
}

/// The contact with a subscription, if there is one.
pub(super) fn contact_of<S: RecordTx>(store: &mut S, key: &str) -> Result<Option<String>, S::Error> {
    let subscription = store.get(SUBSCRIPTIONS, key)?;
    let Some(contact) = subscription.as_ref().and_then(|record| record.text(CONTACT)) else { return Ok(None) };
    Ok(store.exists(CONTACTS, contact)?.then(|| contact.to_owned()))
}

/// Gives the subscriptions of a contact to its new key; without one, to no contact. Each keeps its status.
///
/// # Errors
/// What the store answers.
pub fn hand_over<S: RecordTx>(
    store: &mut S,
    contact: &str,
    to: Option<&str>,
    source: Source,
) -> Result<(), S::Error> {
    if to == Some(contact) {
        return Ok(());
    }
    loop {
        let keys = store.matching(SUBSCRIPTIONS, CONTACT, contact)?;
        let mut is_done = true;
        for key in keys {
            let Some(mut record) = store.get(SUBSCRIPTIONS, &key)? else { continue };
            match to {
                Some(to) => {
                    record.values.insert(CONTACT.to_owned(), Value { text: to.to_owned(), source });
                }
                None => drop(record.values.remove(CONTACT)),
            }
            record.changed = source;
            store.put(SUBSCRIPTIONS, &key, &record)?;
            is_done = false;
        }
        if is_done {
            return Ok(());
        }
    }
}

/// True if two records hold the same, wherever it came from.
pub(super) fn same_texts(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((a, one), (b, other))| a == b && one.text == other.text)
}
