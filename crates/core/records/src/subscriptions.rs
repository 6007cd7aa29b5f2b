//! What becomes of a subscription.
//!
//! A subscription is a record of a table of its own, one for each resource, channel and address. So whether an address is
//! subscribed is known without its contact, and outlives it: an address whose contact was deleted is not subscribed again
//! by the file that brings the contact back.

use std::collections::BTreeMap;

use tidewaiter_schema::config::{OnCreate, OnUpdate};

use super::normal::Form;
use super::{Record, Source, Value, join_key};

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
    pub(super) fn after(
        &self,
        before: Option<&Record>,
        address: &str,
        of: &Contact<'_>,
        source: Source,
    ) -> Record {
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

/// True if two records hold the same, wherever it came from.
pub(super) fn same_texts(one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|((a, one), (b, other))| a == b && one.text == other.text)
}

#[cfg(test)]
mod tests {
    use tidewaiter_model::id::{ImportId, Timestamp};

    use super::*;

    /// The subscription after one more file.
    fn next(
        before: Option<&Record>,
        (file, existed): (u128, bool),
        on_create: OnCreate,
        on_update: OnUpdate,
    ) -> Record {
        let to = Subscribable {
            resource: "news".to_owned(),
            channel: "email".to_owned(),
            column: "email".to_owned(),
            form: Form::Email,
        };
        let at = Timestamp::from_millisecond(1_000 * i64::try_from(file).unwrap_or_default());
        let source = Source { import: ImportId::new(at.unwrap_or_default(), file), line: 2 };
        let contact = Contact { key: "a@x.org", before: "a@x.org", existed };
        Subscribing { to, on_create, on_update }.after(before, "a@x.org", &contact, source)
    }

    const UPDATES: [OnUpdate; 4] =
        [OnUpdate::Leave, OnUpdate::Subscribe, OnUpdate::Suspend, OnUpdate::Unsubscribe];

    #[test]
    fn a_subscription_that_there_is_not_gets_the_status_for_new_ones() {
        for (on_create, status) in
            [(OnCreate::Subscribed, "subscribed"), (OnCreate::Unconfirmed, "unconfirmed")]
        {
            for on_update in UPDATES {
                let new = next(None, (1, false), on_create, on_update);
                assert_eq!(new.text("status"), Some(status), "{on_update:?}");
            }
            let of_known: Vec<_> = UPDATES
                .map(|on_update| next(None, (1, true), on_create, on_update))
                .iter()
                .filter_map(|record| record.text("status").map(str::to_owned))
                .collect();
            // What ends subscriptions never makes an active one.
            assert_eq!(of_known, [status, status, "suspended", "unsubscribed"]);
        }
    }

    #[test]
    fn one_that_exists_changes_as_the_import_says_and_tells_since_when() {
        for first in UPDATES {
            let made = next(None, (1, true), OnCreate::Unconfirmed, first);
            for (on_update, status) in
                UPDATES.into_iter().zip([None, Some("subscribed"), Some("suspended"), Some("unsubscribed")])
            {
                let after = next(Some(&made), (2, true), OnCreate::Subscribed, on_update);
                assert_eq!(after.text("status"), status.or(made.text("status")));
                let since = if after.text("status") == made.text("status") { "01" } else { "02" };
                let expected = format!("1970-01-01T00:00:{since}Z");
                assert_eq!(after.text("changed_at"), Some(expected.as_str()));
            }
        }
    }

    #[test]
    fn a_file_decides_once_about_a_subscription() {
        let made = next(None, (1, false), OnCreate::Subscribed, OnUpdate::Unsubscribe);
        let again = next(Some(&made), (1, true), OnCreate::Subscribed, OnUpdate::Unsubscribe);
        assert_eq!(again.text("status"), Some("subscribed"), "its own line before made it");
        let later = next(Some(&again), (2, true), OnCreate::Subscribed, OnUpdate::Unsubscribe);
        assert_eq!(later.text("status"), Some("unsubscribed"));
    }
}
