//! What one line means, by its scope.

use std::collections::BTreeMap;

use tidewaiter::config::Mode;
use tidewaiter::id::Timestamp;
use tidewaiter::record::{Effect, Record, Refusal, Source, Value};

use super::{File, Line, Reference, subscription};
use crate::spelling::{contact, ean13, joined, lists, written};

/// The references of a scope: the column, and where the record may be.
fn references(scope: &str) -> &'static [(&'static str, &'static [&'static str])] {
    match scope {
        "orders" | "abandonedcarts" | "events" | "cardcode" => {
            &[("contact", &["contacts"]), ("store_id", &["stores"])]
        }
        "ordersitems" => &[("order_id", &["orders", "abandonedcarts"]), ("product_id", &["products"])],
        "creditpoints" => &[("card_code", &["cardcode"]), ("order_id", &["orders"])],
        "tierchange" => &[("card_code", &["cardcode"])],
        "earnreward" => &[
            ("card_code", &["cardcode"]),
            ("reward_id", &["masterreward"]),
            ("order_id", &["orders"]),
            ("store_id", &["stores"]),
        ],
        "burnreward" => &[
            ("card_code", &["cardcode"]),
            ("earn_id", &["earnreward"]),
            ("reward_id", &["masterreward"]),
            ("order_id", &["orders"]),
            ("store_id", &["stores"]),
        ],
        _ => &[],
    }
}

/// The place of a burn's earn among the references.
const EARN: usize = 1;

/// A line that lands.
pub(super) struct Landing<'a> {
    pub(super) reference: &'a mut Reference,
    pub(super) file: &'a File<'a>,
    pub(super) line: &'a Line,
    pub(super) number: u64,
    pub(super) removed: u64,
}

impl Landing<'_> {
    pub(super) fn land(&mut self) -> Result<Effect, Refusal> {
        self.check_references()?;
        let scope = self.file.scope;
        match scope {
            "contacts" | "products" => match self.find()? {
                Some(key) => self.merge(&key).map(|(effect, _)| effect),
                None => Ok(Effect::Unknown),
            },
            "deletecontacts" => {
                let key = self.find()?;
                let there = key.is_some_and(|key| {
                    self.reference.hand_over(&key, None, self.source());
                    self.reference.remove("contacts", &key)
                });
                Ok(if there { Effect::Imported } else { Effect::Unknown })
            }
            "orders" | "abandonedcarts" => Ok(self.replace()),
            "ordersitems" | "creditpoints" => Ok(self.append()),
            "events" | "burnreward" => self.keep(),
            "cardcode" => {
                let key = self.cell("card_code").map_or_else(|| self.free_code(), str::to_owned);
                self.merge(&key).map(|(effect, _)| effect)
            }
            "tierchange" => {
                let (effect, changed) = self.merge(&self.own_key())?;
                if changed {
                    self.change_tier();
                }
                Ok(effect)
            }
            _ => self.merge(&self.own_key()).map(|(effect, _)| effect),
        }
    }

    fn cell(&self, column: &str) -> Option<&str> {
        self.line.get(column).map(String::as_str)
    }

    fn own_key(&self) -> String {
        self.file.key(self.line).expect("the check asks for it")
    }

    pub(super) fn source(&self) -> Source {
        Source { import: self.file.import, line: self.number }
    }

    fn check_references(&self) -> Result<(), Refusal> {
        for (reference, (column, scopes)) in references(self.file.scope).iter().enumerate() {
            let Some(text) = self.cell(column) else { continue };
            let key = match *column {
                "contact" => contact(text, self.file.options.prefix),
                _ => text.to_owned(),
            };
            if !scopes.iter().any(|scope| self.reference.exists(scope, &key)) {
                return Err(Refusal::Missing { reference });
            }
            if *column == "earn_id" && self.file.scope == "burnreward" {
                let earn = self.reference.get("earnreward", &key).expect("it is there");
                for column in ["card_code", "reward_id"] {
                    if earn.text(column) != self.cell(column) {
                        return Err(Refusal::Differs { reference, column: column.to_owned() });
                    }
                }
            }
        }
        Ok(())
    }

    /// The scope whose records the line changes.
    fn records(&self) -> &'static str {
        match self.file.scope {
            "deletecontacts" | "contacts" => "contacts",
            "products" => "products",
            other => panic!("records of {other} are not matched"),
        }
    }

    /// The key of the record that the line is about, there or to be made; None if the line has none.
    fn find(&self) -> Result<Option<String>, Refusal> {
        let own = self.file.key(self.line);
        let Some(by) = self.file.matches_by() else { return Ok(own) };
        let column = self.file.options.match_column().expect("it is matched");
        let value = self.file.kept(column, self.cell(column).expect("the check asks for it"));
        let scope = self.records();
        let fits: Vec<&String> = match subscription(by) {
            Some([resource, channel, _]) => {
                let there = self.reference.get("subscriptions", &joined(&[resource, channel, &value]));
                let contact = there.and_then(|there| there.text("contact"));
                self.reference.of(scope).map(|(key, _)| key).filter(|key| contact == Some(key)).collect()
            }
            None => (self.reference.of(scope))
                .filter(|(_, record)| record.text(column) == Some(value.as_str()))
                .map(|(key, _)| key)
                .collect(),
        };
        match fits[..] {
            [one] => Ok(Some(one.clone())),
            // A line that deletes by one column does not mean a record that another column names.
            [] if self.file.scope == "deletecontacts" => Ok(None),
            [] => {
                let there = own.as_ref().and_then(|key| self.reference.get(scope, key));
                if there.is_some_and(|record| record.text(column).is_some_and(|known| known != value)) {
                    return Err(Refusal::Taken);
                }
                Ok(own)
            }
            _ => Err(Refusal::Ambiguous),
        }
    }

    /// Why the mode leaves the record alone, if it does.
    fn left_alone(&self, before: Option<&Record>) -> Option<Effect> {
        match (before, self.file.options.mode) {
            (None, Mode::Update) => Some(Effect::Unknown),
            (Some(record), Mode::Create) if record.changed.import != self.file.import => {
                Some(Effect::Existing)
            }
            _ => None,
        }
    }

    /// Puts the cells of the line into the record; says whether anything changed.
    fn merge(&mut self, key: &str) -> Result<(Effect, bool), Refusal> {
        let scope = self.file.scope;
        let before = self.reference.get(scope, key).cloned();
        if let Some(effect) = self.left_alone(before.as_ref()) {
            return Ok((effect, false));
        }
        let mut values = before.as_ref().map(|record| record.values.clone()).unwrap_or_default();
        for column in self.file.columns {
            match self.cell(column) {
                _ if column == "subscriptions" => {}
                Some(text) => {
                    let text = self.file.kept(column, text);
                    put(&mut values, column, text, self.source());
                }
                // A code that is made is the value of the cell.
                None if scope == "cardcode" && column == "card_code" => {}
                None if self.file.options.clear => {
                    values.remove(column);
                }
                None => {}
            }
        }
        if scope == "cardcode" {
            put(&mut values, "card_code", key.to_owned(), self.source());
        }
        self.subscribe(&mut values);
        let mut new_key = key.to_owned();
        if self.file.matches_by().is_some() {
            // What is kept is in its normal form already.
            let text = |column: &str| values.get(column).map(|value| value.text.clone());
            let key_now = match scope {
                "contacts" => text("email").or_else(|| text("cellphone")),
                _ => text("product_id"),
            };
            new_key = key_now.unwrap_or(new_key);
            if new_key != key && self.reference.exists(scope, &new_key) {
                return Err(Refusal::Taken);
            }
        }
        let texts = |values: &BTreeMap<String, Value>| -> Line {
            values.iter().map(|(column, value)| (column.clone(), value.text.clone())).collect()
        };
        let same = before.as_ref().is_some_and(|record| texts(&record.values) == texts(&values));
        let changed = !same || new_key != key;
        if changed {
            self.reference.remove(scope, key);
            self.reference.put(scope, &new_key, Record { values, changed: self.source() });
        }
        let subscribed = scope == "contacts" && self.subscribe_contact(key, &new_key, before.is_some());
        Ok((self.effect(before.as_ref(), changed || subscribed), changed))
    }

    /// Joins and leaves lists.
    fn subscribe(&self, values: &mut BTreeMap<String, Value>) {
        if self.file.scope != "contacts" {
            return;
        }
        let replaced = self.file.options.replace_all.and_then(|rule| rule.list);
        let cell = self.cell("subscriptions");
        if cell.is_none() && replaced.is_none() {
            if self.file.options.clear && self.file.columns.iter().any(|column| column == "subscriptions") {
                values.remove("subscriptions");
            }
            return;
        }
        let mut all = lists(values.get("subscriptions").map_or("", |value| &value.text));
        all.extend(replaced);
        for word in cell.unwrap_or_default().split([' ', ',']).filter(|word| !word.is_empty()) {
            match word.strip_prefix('-') {
                Some(list) => all.remove(&list.parse().expect("the check lets numbers pass only")),
                None => all.insert(word.parse().expect("the check lets numbers pass only")),
            };
        }
        match written(&all) {
            Some(text) => put(values, "subscriptions", text, self.source()),
            None => {
                values.remove("subscriptions");
            }
        }
    }

    /// The line takes the place of the record.
    fn replace(&mut self) -> Effect {
        let scope = self.file.scope;
        let key = self.own_key();
        let before = self.reference.get(scope, &key).cloned();
        if let Some(effect) = self.left_alone(before.as_ref()) {
            return effect;
        }
        if scope == "abandonedcarts" && self.reference.exists("orders", &key) {
            return Effect::GaveWay;
        }
        if scope == "orders" && self.reference.remove("abandonedcarts", &key) {
            self.removed += 1;
        }
        self.removed += self.reference.drop_items(&key);
        let texts = before.as_ref().map(|record| -> Line {
            record.values.iter().map(|(column, value)| (column.clone(), value.text.clone())).collect()
        });
        let kept = |(column, text): (&String, &String)| (column.clone(), self.file.kept(column, text));
        let line: Line = self.line.iter().map(kept).collect();
        let changed = texts != Some(line) || self.removed > 0;
        if changed {
            let record = self.fresh();
            self.reference.put(scope, &key, record);
        }
        self.effect(before.as_ref(), changed)
    }

    /// A record with the values of the line.
    fn fresh(&self) -> Record {
        let source = self.source();
        let value = |(column, text): (&String, &String)| {
            (column.clone(), Value { text: self.file.kept(column, text), source })
        };
        Record { values: self.line.iter().map(value).collect(), changed: source }
    }

    /// The line is kept beside the others.
    fn append(&mut self) -> Effect {
        let scope = self.file.scope;
        let owner = if scope == "ordersitems" { "order_id" } else { "card_code" };
        let owner = self.cell(owner).expect("the check asks for it").to_owned();
        let key = joined(&[&owner, &format!("{}#{:012}", self.file.import, self.number)]);
        let record = self.fresh();
        self.reference.put(scope, &key, record);
        if scope == "creditpoints" {
            let points: i64 = self.cell("points").and_then(|text| text.parse().ok()).expect("a number");
            let card = self.reference.get("cardcode", &owner).expect("it is there");
            let balance: i64 = card.text("points_balance").map_or(0, |text| text.parse().expect("a number"));
            self.change("cardcode", &owner, &[("points_balance", (balance + points).to_string())]);
        }
        Effect::Imported
    }

    /// The record is made, unless it is there.
    fn keep(&mut self) -> Result<Effect, Refusal> {
        let scope = self.file.scope;
        let key = self.own_key();
        if self.reference.exists(scope, &key) {
            return Ok(Effect::Existing);
        }
        if scope == "burnreward" {
            let earn = self.cell("earn_id").expect("the check asks for it").to_owned();
            let claimed = self.reference.get("earnreward", &earn).and_then(|earn| earn.text("burned_by"));
            if claimed.is_some_and(|by| by != key) {
                return Err(Refusal::Claimed { reference: EARN });
            }
            self.change("earnreward", &earn, &[("burned_by", key.clone())]);
        }
        let record = self.fresh();
        self.reference.put(scope, &key, record);
        Ok(Effect::Imported)
    }

    fn change_tier(&mut self) {
        let cell = |column: &str| self.cell(column).expect("the check asks for it").to_owned();
        let (code, tier, since) = (cell("card_code"), cell("tier"), cell("change_date"));
        let at = |text: &str| text.parse::<Timestamp>().expect("a time with its offset");
        let known = self.reference.get("cardcode", &code).and_then(|card| card.text("tier_since"));
        if known.is_none_or(|known| at(&since) >= at(known)) {
            self.change("cardcode", &code, &[("tier", tier), ("tier_since", since)]);
        }
    }

    /// Changes values of another record.
    fn change(&mut self, scope: &str, key: &str, changes: &[(&str, String)]) {
        let mut record = self.reference.get(scope, key).expect("it is there").clone();
        let before = record.values.clone();
        for (column, text) in changes {
            put(&mut record.values, column, text.clone(), self.source());
        }
        if record.values != before {
            record.changed = self.source();
            self.reference.put(scope, key, record);
        }
    }

    /// The code of a card for the contact of the line.
    fn free_code(&self) -> String {
        let prefix = self.file.options.prefix;
        let own = contact(self.cell("contact").expect("the check asks for it"), prefix);
        (0..100)
            .map(|attempt| ean13(&own, attempt))
            .find(|code| match self.reference.get("cardcode", code) {
                None => true,
                Some(card) => card.text("contact").is_some_and(|whose| contact(whose, prefix) == own),
            })
            .expect("there are enough codes")
    }

    fn effect(&self, before: Option<&Record>, changed: bool) -> Effect {
        match before {
            Some(record) if record.changed.import == self.file.import => Effect::Superseding,
            _ if changed => Effect::Imported,
            _ => Effect::Unchanged,
        }
    }
}

/// Puts a value; one that is there already stays, with its source.
fn put(values: &mut BTreeMap<String, Value>, column: &str, text: String, source: Source) {
    if values.get(column).is_none_or(|value| value.text != text) {
        values.insert(column.to_owned(), Value { text, source });
    }
}
