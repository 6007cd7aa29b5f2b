//! What becomes of the subscriptions of contacts.
#![allow(clippy::indexing_slicing, reason = "each subscription has a status")]

use serde_json::json;
use tidewaiter::record::{Record, Source, Value};

use super::Reference;
use super::landing::Landing;
use crate::spelling::{composed, joined};

const SCOPE: &str = "subscriptions";

/// What an import subscribes contacts to, of a few examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subscribes {
    /// To nothing.
    Nothing,
    /// To one thing, by the column that is the key of most contacts.
    Mail,
    /// The same, and to another thing, by a column that contacts may share.
    Phone,
    /// To that other thing, by several columns.
    Several,
}

/// A subscription: the resource, the channel, the column, the status of a new one, and what becomes of others.
type Rule = (&'static str, &'static str, &'static str, &'static str, &'static str);

impl Subscribes {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Nothing, Self::Mail, Self::Phone, Self::Several];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Mail => "-mail",
            Self::Phone => "-phone",
            Self::Several => "-several",
        }
    }

    fn rules(self) -> &'static [Rule] {
        match self {
            Self::Nothing => &[],
            Self::Mail => &[("news", "email", "email", "subscribed", "leave")],
            Self::Phone => &[
                ("news", "email", "email", "unconfirmed", "unsubscribe"),
                ("alerts", "sms", "cellphone", "subscribed", "suspend"),
            ],
            Self::Several => &[
                ("alerts", "sms", "cellphone", "unconfirmed", "subscribe"),
                ("alerts", "sms", "firstname", "subscribed", "leave"),
                ("news", "email", "firstname", "subscribed", "unsubscribe"),
            ],
        }
    }

    /// The subscriptions as they stand in a configuration.
    pub(super) fn json(self) -> serde_json::Value {
        let rule = |(resource, channel, column, on_create, on_update): &Rule| {
            json!({ "resource": resource, "channel": channel, "column": column,
                    "on_create": on_create, "on_update": on_update })
        };
        self.rules().iter().map(rule).collect::<Vec<_>>().into()
    }
}

impl Reference {
    /// The subscriptions of a contact belong to another one, or to nobody.
    pub(super) fn hand_over(&mut self, contact: &str, to: Option<&str>, source: Source) {
        let own: Vec<String> = (self.of(SCOPE))
            .filter(|(_, record)| record.text("contact") == Some(contact))
            .map(|(key, _)| key.clone())
            .collect();
        for key in own {
            let mut record = self.get(SCOPE, &key).expect("it is there").clone();
            match to {
                Some(to) => {
                    drop(record.values.insert("contact".to_owned(), Value { text: to.to_owned(), source }));
                }
                None => drop(record.values.remove("contact")),
            }
            record.changed = source;
            self.put(SCOPE, &key, record);
        }
    }
}

impl Landing<'_> {
    /// Subscribes the contact that had one key before the line and has one after it; says whether that changed anything.
    pub(super) fn subscribe_contact(&mut self, before: &str, after: &str, existed: bool) -> bool {
        let mut changed = false;
        let mut done: Vec<String> = Vec::new();
        for rule in self.file.options.subscribes.rules() {
            let Some(text) = self.line.get(rule.2) else { continue };
            let address = composed(text);
            let key = joined(&[rule.0, rule.1, &address]);
            if !done.contains(&key) {
                changed |= self.subscribe_to(rule, &key, &address, (before, after, existed));
                done.push(key);
            }
        }
        if before != after {
            let source = self.source();
            self.reference.hand_over(before, Some(after), source);
        }
        changed
    }

    fn subscribe_to(
        &mut self,
        (resource, channel, column, on_create, on_update): &Rule,
        key: &str,
        address: &str,
        (contact_before, contact, existed): (&str, &str, bool),
    ) -> bool {
        let source = self.source();
        let before = self.reference.get(SCOPE, key).cloned();
        let (status, contact) = match &before {
            None => {
                let status = match *on_update {
                    "suspend" if existed => "suspended",
                    "unsubscribe" if existed => "unsubscribed",
                    _ => on_create,
                };
                (status, contact)
            }
            Some(before) => {
                let there = &before.values["status"];
                let status = match *on_update {
                    _ if there.source.import == source.import => there.text.as_str(),
                    "subscribe" => "subscribed",
                    "suspend" => "suspended",
                    "unsubscribe" => "unsubscribed",
                    _ => there.text.as_str(),
                };
                let whose = before.text("contact").filter(|whose| *whose != contact_before);
                let has = |whose: &&str| {
                    let record = self.reference.get("contacts", whose);
                    record
                        .and_then(|record| record.text(column))
                        .is_some_and(|text| composed(text) == address)
                };
                (status, whose.filter(has).unwrap_or(contact))
            }
        };
        let mut record = Record {
            values: before.as_ref().map(|before| before.values.clone()).unwrap_or_default(),
            changed: source,
        };
        let mut is_new = before.is_none();
        let is_changed = before.as_ref().and_then(|before| before.text("status")) != Some(status);
        let at = self.file.import.at().to_string();
        let values = [
            ("resource", *resource),
            ("channel", *channel),
            ("address", address),
            ("contact", contact),
            ("status", status),
            ("changed_at", &at),
        ];
        for (column, text) in values {
            let known = record.text(column).map(str::to_owned);
            if known.as_deref() != Some(text) && (column != "changed_at" || is_changed) {
                record.values.insert(column.to_owned(), Value { text: text.to_owned(), source });
                is_new = true;
            }
        }
        if is_new {
            self.reference.put(SCOPE, key, record);
        }
        is_new
    }
}
