//! What a line does to the subscriptions of its contact.

use std::collections::BTreeMap;

use tidewaiter_schema::catalogue::{CONTACTS, SUBSCRIPTIONS};

use super::match_by::MatchBy;
use super::plan::Plan;
use super::reader::Layout;
pub(super) use super::subscriptions::Contact;
use super::subscriptions::{CONTACT, Subscribing, same_texts};
use super::tx::RecordTx;
use super::{Change, Record, Source, Subject, Value};

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
        let own = self.addresses(layout, change).map(|(_, rule, address)| rule.to.key(&address));
        own.chain(self.matched_subscription(change))
    }

    /// The key of the subscription that a line is matched by.
    pub fn matched_subscription(&self, change: &Change) -> Option<String> {
        match (&self.match_by, &change.subject) {
            (Some(MatchBy::Subscription(by)), Subject::Match { value, .. }) => Some(by.key(value)),
            _ => None,
        }
    }
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
    let Some(contact) = subscription.as_ref().and_then(|record| record.text(CONTACT)) else {
        return Ok(None);
    };
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
