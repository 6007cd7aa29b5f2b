//! The keys of one table: each is taken by its kind, and what is left is unknown.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use tidewaiter::keys::Repository;
use tidewaiter::mistake::Mistake;
use tidewaiter::name::did_you_mean;

/// The keys of a table that were not taken yet.
pub(super) struct Keys<'a> {
    path: String,
    table: Map<String, Value>,
    known: Vec<&'static str>,
    mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Keys<'a> {
    pub(super) fn new(path: String, table: Map<String, Value>, mistakes: &'a mut Vec<Mistake>) -> Self {
        Self { path, table, known: Vec::new(), mistakes }
    }

    /// A key that is taken here, whether it is there or not. Messages propose it.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.table.remove(key)
    }

    /// Adds a mistake at a key.
    pub(super) fn mistake(&mut self, key: &str, message: &str, hint: &str) {
        let mistake = Mistake::new(self.path_of(key), message);
        self.mistakes.push(if hint.is_empty() { mistake } else { mistake.with_hint(hint) });
    }

    fn path_of(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str, what: &str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => {
                self.mistake(key, &format!("this is {what}"), "");
                None
            }
        }
    }

    /// The same; it has to be there.
    pub(super) fn needed(&mut self, key: &'static str, what: &str) -> Option<String> {
        if !self.table.contains_key(key) {
            self.known.push(key);
            self.mistake(key, "this is missing", &format!("it is {what}"));
            return None;
        }
        self.text(key, what)
    }

    /// True or false.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        match self.take(key) {
            None => default,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.mistake(key, "this is true or false", "");
                default
            }
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = self.take(key)?.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            let (first, last) = range.into_inner();
            self.mistake(key, &format!("this is a whole number from {first} to {last}"), "");
        }
        number
    }

    /// A list of repositories; at least one.
    pub(super) fn repositories(&mut self, key: &'static str) -> Vec<Repository> {
        let names = match self.take(key) {
            Some(Value::Array(names)) if !names.is_empty() => names,
            Some(_) => {
                self.mistake(key, "this is a list of repositories, such as [\"acme\"]", "");
                return Vec::new();
            }
            None => {
                let hint = "it lists those that may use the connection, such as [\"acme\"]";
                self.mistake(key, "this is missing", hint);
                return Vec::new();
            }
        };
        let mut repositories = Vec::new();
        for (n, name) in names.iter().enumerate() {
            match name.as_str().map(str::parse::<Repository>) {
                Some(Ok(repository)) if !repositories.contains(&repository) => repositories.push(repository),
                Some(Ok(_)) => {}
                Some(Err(message)) => {
                    let hint = "name each repository that may use the connection";
                    self.mistake(&format!("{key}[{n}]"), &message, hint);
                }
                None => self.mistake(&format!("{key}[{n}]"), "this is the name of a repository", ""),
            }
        }
        repositories
    }

    /// Tells keys that go with another kind of engine.
    pub(super) fn refuse(&mut self, keys: &[&'static str], message: &str, hint: &str) {
        for key in keys {
            if self.table.remove(*key).is_some() {
                self.mistake(key, message, hint);
            }
        }
    }

    /// Tells what was not taken.
    pub(super) fn finish(mut self) {
        for key in std::mem::take(&mut self.table).into_iter().map(|(key, _)| key) {
            let hint = did_you_mean(&key, self.known.iter().copied())
                .unwrap_or_else(|| format!("there are {}", self.known.join(", ")));
            self.mistake(&key, "unknown setting", &hint);
        }
    }
}
