//! Reads a JSON document without losing anything: keys that stand twice are found, where a plain
//! parser keeps the last of them and says nothing.

use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use tidewaiter_model::finding::printable;
use tidewaiter_model::mistake::{self, Mistake};
use tidewaiter_model::name::CONFIGURATION;

use super::CONFIGURATION_BYTES;
use crate::bounds::VALUES;

/// Reads the document of a universe, whose name is used in messages only.
///
/// Whole numbers come out as integers, however they are written: `5.0` is 5 here, as it is in JSON
/// Schema.
pub(super) fn read(universe: &str, bytes: &[u8]) -> Result<(Value, Vec<Mistake>), Mistake> {
    let invalid = |what: String| {
        let file = format!("{universe}{CONFIGURATION}");
        Mistake::new("", format!("invalid JSON in {file:?}: {what}"))
    };
    if bytes.len() > CONFIGURATION_BYTES {
        let size = bytes.len();
        return Err(invalid(format!("{size} bytes, more than the {CONFIGURATION_BYTES} allowed")));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(invalid("the document begins with a byte order mark".to_owned())
            .with_hint("save it as UTF-8 without BOM"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        invalid(format!("line {line}: the bytes are not UTF-8")).with_hint("save it as UTF-8 without BOM")
    })?;
    if text.trim_ascii().is_empty() {
        return Err(invalid("the document is empty".to_owned()));
    }
    let reading = Reading::default();
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Node { path: &Path::Root, reading: &reading }
        .deserialize(&mut json)
        .and_then(|value| json.end().map(|()| value))
        .map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            let what = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
            invalid(format!("line {line}, column {column}: {what}"))
        })?;
    Ok((value, reading.duplicates.into_inner()))
}

/// How much of a key stands in a path, in characters. No key that means anything is longer.
const KEY_CHARACTERS: usize = 128;

/// The path of a key below a path. A document may hold any key, so it is made printable.
pub(super) fn below(path: &str, key: &str) -> String {
    let key = printable(key, KEY_CHARACTERS);
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// What is known of the document so far.
#[derive(Default)]
struct Reading {
    values: Cell<usize>,
    duplicates: RefCell<Vec<Mistake>>,
}

/// The way to a value. It becomes text only for a mistake: a deep document has long paths, and many of them.
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(above, key) => below(&above.text(), key),
            Self::Item(above, number) => format!("{}[{number}]", above.text()),
        }
    }
}

/// One value of the document, with the path that leads to it.
struct Node<'a> {
    path: &'a Path<'a>,
    reading: &'a Reading,
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let values = self.reading.values.get() + 1;
        if values > VALUES {
            return Err(D::Error::custom(format_args!("more than the {VALUES} values allowed")));
        }
        self.reading.values.set(values);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    #[expect(clippy::cast_precision_loss, reason = "the bound is a power of two")]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        /// Up to here every whole number has a float of its own.
        const EXACT: i64 = 1 << 53;
        let whole = value.fract() == 0.0 && value.abs() <= EXACT as f64;
        if whole {
            return Ok((value as i64).into());
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        loop {
            let path = Path::Item(self.path, values.len());
            let node = Node { path: &path, reading: self.reading };
            match items.next_element_seed(node)? {
                Some(value) => values.push(value),
                None => return Ok(Value::Array(values)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let path = Path::Key(self.path, &key);
            let value = entries.next_value_seed(Node { path: &path, reading: self.reading })?;
            if !map.contains_key(&key) {
                map.insert(key, value);
                continue;
            }
            let mut duplicates = self.reading.duplicates.borrow_mut();
            if !mistake::enough(&duplicates) {
                let message = format!("duplicate key {key:?}");
                duplicates.push(Mistake::new(path.text(), message));
            }
        }
        Ok(Value::Object(map))
    }
}
