//! What an import means, written down a second time: one line after the other, over a map, as plainly and
//! as slowly as possible. Nothing here asks the code that is tested how anything is done.

mod landing;
mod subscriptions;

use std::collections::{BTreeMap, BTreeSet};

use tidewaiter::config::Mode;
use tidewaiter::id::ImportId;
use tidewaiter::record::{Effect, Record, Source, Value};
use tidewaiter::report::Counts;

use self::landing::Landing;
pub use self::subscriptions::Subscribes;
use super::spelling::{composed, contact, email, joined, lists, moment, number, phone, truth, written};

/// The cells of a line that are not empty, by column.
pub type Line = BTreeMap<String, String>;

/// What is configured for an import.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which records lines may touch.
    pub mode: Mode,
    /// Whether an empty cell removes a value.
    pub clear: bool,
    /// The column that records are matched by, if it is not their key; or a subscription: `news/email/email`.
    pub match_by: Option<&'static str>,
    /// Whether the file is the whole of something.
    pub replace_all: Option<ReplaceAll>,
    /// The country code of national telephone numbers.
    pub prefix: Option<&'static str>,
    /// What contacts are subscribed to.
    pub subscribes: Subscribes,
}

/// The resource, the channel and the column of what records are matched by, if it is a subscription.
fn subscription(match_by: &'static str) -> Option<[&'static str; 3]> {
    let parts: Vec<&str> = match_by.split('/').collect();
    parts.try_into().ok()
}

impl Options {
    /// The column that lines are matched by.
    #[must_use]
    pub fn match_column(&self) -> Option<&'static str> {
        self.match_by.map(|by| subscription(by).map_or(by, |[.., column]| column))
    }

    /// The name of the subsection with these options.
    #[must_use]
    pub fn name(&self) -> String {
        let mode = match self.mode {
            Mode::Upsert => "upsert",
            Mode::Create => "create",
            Mode::Update => "update",
        };
        let mut name = format!("{mode}-{}", if self.clear { "clear" } else { "ignore" });
        if let Some(column) = self.match_by {
            name = format!("{name}-{}", column.replace(['_', '/'], ""));
        }
        if let Some(rule) = self.replace_all {
            let list = rule.list.map(|list| list.to_string());
            name = format!("{name}-all{}-{}", list.unwrap_or_default(), rule.max_removed * 100.0);
        }
        name + self.prefix.unwrap_or_default() + self.subscribes.name()
    }

    /// These options as they stand in a configuration.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let empty = if self.clear { "clear" } else { "ignore" };
        let mut json = serde_json::Map::from_iter([
            ("mode".to_owned(), serde_json::json!(self.mode)),
            ("empty".to_owned(), serde_json::json!(empty)),
        ]);
        if let Some(column) = self.match_by {
            let by = match subscription(column) {
                Some([resource, channel, column]) => serde_json::json!({
                    "subscription": { "resource": resource, "channel": channel, "column": column }
                }),
                None => column.into(),
            };
            json.insert("match_by".to_owned(), by);
        }
        if let Some(prefix) = self.prefix {
            json.insert("phone_prefix".to_owned(), prefix.into());
        }
        if self.subscribes != Subscribes::Nothing {
            json.insert("subscriptions".to_owned(), self.subscribes.json());
        }
        if let Some(ReplaceAll { list, max_removed }) = self.replace_all {
            let rule = match list {
                Some(list) => serde_json::json!({ "max_removed": max_removed, "list": list }),
                None => serde_json::json!({ "max_removed": max_removed }),
            };
            json.insert("replace_all".to_owned(), rule);
        }
        json.into()
    }
}

/// A file that is the whole of its scope, or of a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplaceAll {
    /// The list; the whole scope if there is none.
    pub list: Option<u32>,
    /// The greatest share of the records that may go, from 0 to 1.
    pub max_removed: f64,
}

/// The good lines of a file.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Its import.
    pub import: ImportId,
    /// Its scope.
    pub scope: &'a str,
    /// What is configured for it.
    pub options: &'a Options,
    /// Its header.
    pub columns: &'a [String],
    /// Each with its number in the file.
    pub lines: &'a [(u64, Line)],
    /// How many lines the check rejected.
    pub rejected: u64,
}

/// What a file did.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    /// It would remove more than it may, and nothing was imported.
    pub too_much: bool,
    /// What each good line did.
    pub effects: Vec<Effect>,
    /// How many other records the lines removed.
    pub removed: u64,
    /// How many records it did not name and so removed, or took off the list; how many others went too.
    pub swept: (u64, u64),
}

impl Outcome {
    /// What the report must say of a file with so many lines, so many of them rejected by the check.
    pub fn counts(&self, read: u64, rejected: u64, options: &Options) -> Counts {
        let mut counts = Counts { read, rejected, removed: self.removed, ..Counts::default() };
        for effect in &self.effects {
            match effect {
                Effect::Imported => counts.imported += 1,
                Effect::Superseding => counts.superseded += 1,
                Effect::Unchanged | Effect::GaveWay => counts.unchanged += 1,
                Effect::Existing => {
                    counts.unchanged += 1;
                    counts.existing += 1;
                }
                Effect::Unknown => {
                    counts.unchanged += 1;
                    counts.unknown += 1;
                }
                Effect::Refused(_) => counts.rejected += 1,
            }
        }
        // A contact that leaves a list still exists.
        if options.replace_all.is_some_and(|rule| rule.list.is_none()) {
            counts.removed += self.swept.0 + self.swept.1;
        }
        counts
    }
}

/// The records of one universe, by scope and key.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    /// All of them.
    pub records: BTreeMap<(String, String), Record>,
}

impl Reference {
    /// Imports a file.
    pub fn import(&mut self, file: &File<'_>) -> Outcome {
        // From here on, each value has its one spelling.
        let kept = |line: &Line| -> Line {
            line.iter().map(|(column, text)| (column.clone(), file.kept(column, text))).collect()
        };
        let lines: Vec<(u64, Line)> = file.lines.iter().map(|(number, line)| (*number, kept(line))).collect();
        let file = &File { lines: &lines, ..*file };
        let mut outcome = Outcome::default();
        let names: BTreeSet<String> = match file.options.replace_all {
            None => BTreeSet::new(),
            Some(_) => file.lines.iter().flat_map(|(_, line)| file.names_in_line(line)).collect(),
        };
        if let Some(rule) = file.options.replace_all
            && file.rejected == 0
        {
            let there = self.replaced(file);
            let unnamed = there.iter().filter(|key| !self.is_named(file, &names, key)).count();
            let number = |count: usize| f64::from(u32::try_from(count).expect("a case is small"));
            if number(unnamed) > rule.max_removed * number(there.len()) {
                return Outcome { too_much: true, ..outcome };
            }
        }
        for (number, line) in file.lines {
            let mut landing = Landing { reference: self, file, line, number: *number, removed: 0 };
            let effect = landing.land().unwrap_or_else(Effect::Refused);
            outcome.removed += landing.removed;
            outcome.effects.push(effect);
        }
        let refused = outcome.effects.iter().any(|effect| matches!(effect, Effect::Refused(_)));
        if let Some(rule) = file.options.replace_all
            && file.rejected == 0
            && !refused
        {
            for key in self.replaced(file) {
                if self.is_named(file, &names, &key) {
                    continue;
                }
                outcome.swept.0 += 1;
                match rule.list {
                    None => {
                        self.remove(file.scope, &key);
                        if file.scope == "contacts" {
                            self.hand_over(&key, None, Source { import: file.import, line: 0 });
                        }
                        if file.scope == "orders" || file.scope == "abandonedcarts" {
                            outcome.swept.1 += self.drop_items(&key);
                        }
                    }
                    Some(list) => self.leave(file, &key, list),
                }
            }
        }
        outcome
    }

    /// The keys of the records that a file replaces.
    fn replaced(&self, file: &File<'_>) -> Vec<String> {
        let list = file.options.replace_all.and_then(|rule| rule.list);
        let replaced = |record: &Record| match list {
            None => true,
            Some(list) => lists(record.text("subscriptions").unwrap_or_default()).contains(&list),
        };
        self.of(file.scope).filter(|(_, record)| replaced(record)).map(|(key, _)| key.clone()).collect()
    }

    fn is_named(&self, file: &File<'_>, names: &BTreeSet<String>, key: &str) -> bool {
        let record = self.get(file.scope, key).expect("it is there");
        let value = file.matches_by().and_then(|column| record.text(column));
        // A record without a value to be matched by is found by its key.
        names.contains(&value.map_or_else(|| format!("key {key}"), |value| format!("value {value}")))
    }

    fn leave(&mut self, file: &File<'_>, key: &str, list: u32) {
        let source = Source { import: file.import, line: 0 };
        let mut record = self.get(file.scope, key).expect("it is there").clone();
        let mut all = lists(record.text("subscriptions").unwrap_or_default());
        all.remove(&list);
        match written(&all) {
            None => record.values.remove("subscriptions"),
            Some(text) => record.values.insert("subscriptions".to_owned(), Value { text, source }),
        };
        record.changed = source;
        self.put(file.scope, key, record);
    }

    /// The records of a scope.
    pub fn of(&self, scope: &str) -> impl Iterator<Item = (&String, &Record)> {
        self.records.iter().filter(move |((of, _), _)| of == scope).map(|((_, key), record)| (key, record))
    }

    /// One record.
    pub fn get(&self, scope: &str, key: &str) -> Option<&Record> {
        self.records.get(&(scope.to_owned(), key.to_owned()))
    }

    fn exists(&self, scope: &str, key: &str) -> bool {
        self.get(scope, key).is_some()
    }

    fn put(&mut self, scope: &str, key: &str, record: Record) {
        self.records.insert((scope.to_owned(), key.to_owned()), record);
    }

    fn remove(&mut self, scope: &str, key: &str) -> bool {
        self.records.remove(&(scope.to_owned(), key.to_owned())).is_some()
    }

    /// Removes the items of an order or a cart.
    fn drop_items(&mut self, order: &str) -> u64 {
        let before = self.records.len();
        self.records
            .retain(|(scope, _), record| scope != "ordersitems" || record.text("order_id") != Some(order));
        (before - self.records.len()) as u64
    }
}

impl File<'_> {
    /// The column that records are matched by, if it is not their key.
    fn matches_by(&self) -> Option<&'static str> {
        self.options.match_by.filter(|column| *column != "email")
    }

    fn names_in_line(&self, line: &Line) -> Vec<String> {
        let value = self.matches_by().and_then(|column| Some(self.kept(column, line.get(column)?)));
        let value = value.map(|value| format!("value {value}"));
        value.into_iter().chain(self.key(line).map(|key| format!("key {key}"))).collect()
    }

    /// A value as it is kept.
    fn kept(&self, column: &str, text: &str) -> String {
        match column {
            "cellphone" | "phone" => phone(text, self.options.prefix),
            // A reference is kept as the key it names.
            "contact" => contact(text, self.options.prefix),
            "email" => email(text),
            "active" => truth(text),
            "total_price" | "quantity" | "unit_price" | "points" | "stock" | "value" => number(text),
            column if column.ends_with("_date") => moment(text),
            // The keys of records are texts.
            column if ["_id", "_key", "_code"].iter().any(|end| column.ends_with(end)) => composed(text),
            _ => text.to_owned(),
        }
    }

    /// The key that a line names itself.
    fn key(&self, line: &Line) -> Option<String> {
        let cell = |column: &str| line.get(column).cloned();
        match self.scope {
            "contacts" | "deletecontacts" => cell("email").or_else(|| cell("cellphone")),
            "stores" => cell("store_id"),
            "products" => cell("product_id"),
            "orders" | "abandonedcarts" => cell("order_id"),
            "batch" => cell("batch_id"),
            "cardcode" => cell("card_code"),
            "masterreward" => cell("reward_id"),
            "earnreward" => cell("earn_id"),
            "burnreward" => cell("burn_id"),
            "events" => cell("event_id"),
            "tierchange" => Some(joined(&[&cell("card_code")?, &cell("change_date")?])),
            other => panic!("records of {other} have no key"),
        }
    }
}
