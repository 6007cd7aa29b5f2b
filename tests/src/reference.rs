//! What an import means, written down a second time: one line after the other, over a map, as plainly and
//! as slowly as possible. Nothing here asks the code that is tested how anything is done.

use std::collections::{BTreeMap, BTreeSet};

use tidewaiter::config::Mode;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Effect, Record, Refusal, Source, Value};
use tidewaiter::report::Counts;

use super::spelling::{contact, ean13, joined, lists, phone, written};

/// The cells of a line that are not empty, by column.
pub type Line = BTreeMap<String, String>;

/// What is configured for an import.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which records lines may touch.
    pub mode: Mode,
    /// Whether an empty cell removes a value.
    pub clear: bool,
    /// The column that records are matched by, if it is not their key.
    pub match_by: Option<&'static str>,
    /// Whether the file is the whole of something.
    pub replace_all: Option<ReplaceAll>,
    /// The country code of national telephone numbers.
    pub prefix: Option<&'static str>,
}

impl Options {
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
            name = format!("{name}-{}", column.replace('_', ""));
        }
        if let Some(rule) = self.replace_all {
            let list = rule.list.map(|list| list.to_string());
            name = format!("{name}-all{}-{}", list.unwrap_or_default(), rule.max_removed * 100.0);
        }
        name + self.prefix.unwrap_or_default()
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
            json.insert("match_by".to_owned(), column.into());
        }
        if let Some(prefix) = self.prefix {
            json.insert("phone_prefix".to_owned(), prefix.into());
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
    /// It would remove more than it may, and nothing of it was taken.
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
        // Who leaves a list is still there.
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
            _ => text.to_owned(),
        }
    }

    /// The key that a line names itself.
    fn key(&self, line: &Line) -> Option<String> {
        let cell = |column: &str| line.get(column).cloned();
        match self.scope {
            "contacts" | "deletecontacts" => cell("email")
                .map(|email| email.to_lowercase())
                .or_else(|| cell("cellphone").map(|number| phone(&number, self.options.prefix))),
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
struct Landing<'a> {
    reference: &'a mut Reference,
    file: &'a File<'a>,
    line: &'a Line,
    number: u64,
    removed: u64,
}

impl Landing<'_> {
    fn land(&mut self) -> Result<Effect, Refusal> {
        self.check_references()?;
        let scope = self.file.scope;
        match scope {
            "contacts" | "products" => match self.find()? {
                Some(key) => self.merge(&key).map(|(effect, _)| effect),
                None => Ok(Effect::Unknown),
            },
            "deletecontacts" => {
                let key = self.find()?;
                let there = key.is_some_and(|key| self.reference.remove("contacts", &key));
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

    fn source(&self) -> Source {
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
        let Some(column) = self.file.matches_by() else { return Ok(own) };
        let value = self.file.kept(column, self.cell(column).expect("the check asks for it"));
        let scope = self.records();
        let fits: Vec<&String> = (self.reference.of(scope))
            .filter(|(_, record)| record.text(column) == Some(value.as_str()))
            .map(|(key, _)| key)
            .collect();
        match fits[..] {
            [one] => Ok(Some(one.clone())),
            // Who deletes by one column does not mean what another one names.
            [] if self.file.scope == "deletecontacts" => Ok(None),
            [] => {
                let there = own.as_ref().and_then(|key| self.reference.get(scope, key));
                if there.is_some_and(|record| record.text(column).is_some()) {
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
                "contacts" => text("email").map(|email| email.to_lowercase()).or_else(|| text("cellphone")),
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
        Ok((self.effect(before.as_ref(), changed), changed))
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
