//! Takes a JSON object apart key by key, and reports every mistake instead of the first.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tidewaiter_model::mistake::{self, Mistake};
use tidewaiter_model::name::did_you_mean;

use super::json::below;
use crate::bounds::Bound;

/// The message for a value of the wrong kind.
pub(super) fn wrong_format(path: &str, key: &str, expected: &str, found: &Value) -> Mistake {
    let found = match found {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        other => tidewaiter_model::finding::shorten(other.to_string().as_bytes()),
    };
    let message = format!("wrong format for configuration value {key:?}: expected {expected}, found {found}");
    Mistake::new(path, message)
}

/// The message for a value that must be there.
pub(super) fn missing(path: &str, key: &str, expected: &str) -> Mistake {
    Mistake::new(path, format!("missing mandatory configuration value {key:?}: expected {expected}"))
}

/// The keys of one object that have not been read yet.
pub(super) struct Fields<'a> {
    path: String,
    map: Map<String, Value>,
    known: Vec<&'static str>,
    pub(super) mistakes: &'a mut Vec<Mistake>,
}

impl<'a> Fields<'a> {
    /// Opens an object; anything else is a mistake.
    pub(super) fn open(path: &str, value: Value, mistakes: &'a mut Vec<Mistake>) -> Option<Self> {
        match value {
            Value::Object(map) => Some(Self { path: path.to_owned(), map, known: Vec::new(), mistakes }),
            other => {
                let key = path.rsplit('.').next().unwrap_or(path);
                mistakes.push(wrong_format(path, key, "an object", &other));
                None
            }
        }
    }

    /// The path of a key of this object.
    pub(super) fn at(&self, key: &str) -> String {
        below(&self.path, key)
    }

    /// Takes a key out as it is.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.map.shift_remove(key)
    }

    /// Reads a key, if it is there. `expected` says in words what its values are.
    pub(super) fn read<T: DeserializeOwned>(&mut self, key: &'static str, expected: &str) -> Option<T> {
        self.read_checked(key, expected, |_| true)
    }

    /// Reads a key whose value must fulfil something else than its type says.
    pub(super) fn read_checked<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &str,
        check: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let value = self.take(key)?;
        // Leaving a key out is the one way to say nothing; the published schema has no null, either.
        let read = if has_null(&value) { None } else { serde_json::from_value::<T>(value.clone()).ok() };
        let read = read.filter(check);
        if read.is_none() {
            self.mistakes.push(wrong_format(&self.at(key), key, expected, &value));
        }
        read
    }

    /// Reads a key whose values are words, with advice for those that are nearly right.
    pub(super) fn read_word<T: DeserializeOwned>(&mut self, key: &'static str, words: &[&str]) -> Option<T> {
        let found = self.map.get(key).and_then(Value::as_str).map(str::to_owned);
        let before = self.mistakes.len();
        let read = self.read(key, &one_of(words));
        if let (Some(found), Some(mistake)) = (found, self.mistakes.get_mut(before)) {
            mistake.hint = did_you_mean(&found, words.iter().copied());
        }
        read
    }

    /// Reads a whole number within bounds.
    pub(super) fn read_number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.read_checked(key, &expected, |number| range.contains(number))
    }

    /// Reads a list item by item; each item is handed over with its path. A list beyond its bound is not read.
    pub(super) fn read_list<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        bound: &Bound,
        mut item: impl FnMut(&str, Value, &mut Vec<Mistake>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let path = self.at(key);
        let values = match self.take(key)? {
            Value::Array(values) => values,
            other => {
                self.mistakes.push(wrong_format(&path, key, expected, &other));
                return None;
            }
        };
        if self.exceeds(bound, &path, values.len()) {
            return None;
        }
        let mut read = Vec::with_capacity(values.len());
        for (n, value) in values.into_iter().enumerate() {
            if mistake::enough(self.mistakes) {
                break;
            }
            read.extend(item(&format!("{path}[{n}]"), value, self.mistakes));
        }
        Some(read)
    }

    /// Reads a list of texts, such as the names of columns. A list beyond its bound is not read.
    pub(super) fn read_texts(
        &mut self,
        key: &'static str,
        expected: &str,
        bound: &Bound,
    ) -> Option<Vec<String>> {
        let count = self.map.get(key).and_then(Value::as_array).map_or(0, Vec::len);
        if self.exceeds(bound, &self.at(key), count) {
            self.take(key);
            return None;
        }
        self.read(key, expected)
    }

    /// Reads a text of at most so many bytes.
    pub(super) fn read_text(&mut self, key: &'static str, expected: &str, bound: &Bound) -> Option<String> {
        let text: String = self.read(key, expected)?;
        (!self.exceeds(bound, &self.at(key), text.len())).then_some(text)
    }

    /// True if there is more of something than may be, which is reported.
    fn exceeds(&mut self, bound: &Bound, path: &str, count: usize) -> bool {
        let beyond = bound.check(path, count);
        let is_beyond = beyond.is_some();
        self.mistakes.extend(beyond);
        is_beyond
    }

    /// Opens the object at a key, if it is there, and reads what is in it.
    pub(super) fn read_object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key)?;
        let mut fields = Fields::open(&self.at(key), value, self.mistakes)?;
        let read = read(&mut fields);
        fields.finish();
        read
    }

    /// Reads an object whose keys are free and whose values are texts. One beyond its bound is not read.
    pub(super) fn read_pairs(
        &mut self,
        key: &'static str,
        expected: &str,
        bound: &Bound,
    ) -> BTreeMap<String, String> {
        let path = self.at(key);
        let Some(entries) = self.take(key).and_then(|value| Fields::open(&path, value, self.mistakes)) else {
            return BTreeMap::new();
        };
        let entries = entries.rest();
        if self.exceeds(bound, &path, entries.len()) {
            return BTreeMap::new();
        }
        let mut texts = BTreeMap::new();
        for (key, value) in entries {
            match value {
                Value::String(text) => drop(texts.insert(key, text)),
                other => self.mistakes.push(wrong_format(&below(&path, &key), &key, expected, &other)),
            }
        }
        texts
    }

    /// Reads a key that must be there.
    pub(super) fn read_required<T: DeserializeOwned>(
        &mut self,
        key: &'static str,
        expected: &str,
    ) -> Option<T> {
        if !self.map.contains_key(key) {
            self.missing(key, expected);
        }
        self.read(key, expected)
    }

    /// Reports a key that must be there and is not.
    pub(super) fn missing(&mut self, key: &str, expected: &str) {
        let mistake = missing(&self.at(key), key, expected);
        self.mistakes.push(mistake);
    }

    /// True if the key is there and has not been read.
    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    /// True if the key is there, has not been read, and is an object.
    pub(super) fn is_object(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(Value::is_object)
    }

    /// The keys that were not read, with their values.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.map
    }

    /// Reports every key that was not read as unknown.
    pub(super) fn finish(self) {
        for key in self.map.keys() {
            if mistake::enough(self.mistakes) {
                return;
            }
            let mut mistake =
                Mistake::new(below(&self.path, key), format!("unknown configuration option {key:?}"));
            mistake.hint = did_you_mean(key, self.known.iter().copied());
            self.mistakes.push(mistake);
        }
    }
}

/// True for null, and for what serde would take for the name of a variant: `{"strict": null}`.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(Value::is_null),
        other => other.is_null(),
    }
}

/// `"a", "b" or "c"`.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}
