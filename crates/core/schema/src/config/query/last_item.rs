//! The column at which a read goes on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use tidewaiter_model::item::{Form, Lag, LastItem};

use super::{LAST_ITEM, words};
use crate::config::fields::{Fields, wrong_format};

/// The column at which a read goes on, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LastItemOptions {
    /// The column of the answer. Rows come in its order.
    #[schemars(length(min = 1, max = 128))]
    pub column: String,
    /// What the first read goes on behind: a number, or a text such as `2026-01-31` or `2026-01-31T13:45:00Z`.
    #[schemars(with = "Value", extend("type" = ["number", "string"]))]
    #[serde(serialize_with = "as_written")]
    pub start: LastItem,
    /// False if several rows may have the same value. Then the SQL says `>= {lastItem}`, and rows that were imported
    /// before are left out.
    #[serde(default = "yes")]
    pub unique: bool,
    /// How far before the last item each read begins, for rows that come late: a number such as `1000`, or a time such as
    /// `10 minutes`. Rows that were imported before are left out.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "lag_as_written")]
    #[schemars(
        with = "Option<Value>",
        extend("anyOf" = [{ "type": "integer", "minimum": 1 }, { "type": "string", "pattern": LAG_PATTERN }])
    )]
    pub lag: Option<Lag>,
    /// What becomes of rows without a value in the column.
    #[serde(default)]
    pub missing: Missing,
}

fn yes() -> bool {
    true
}

/// What becomes of rows without a value in the column at which a read goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The read fails, and nothing is imported.
    #[default]
    Refuse,
    /// They are imported. Each read that has them imports them again.
    Import,
    /// They are left out.
    Skip,
}

const START: &str = "a number, or a text such as \"2026-01-31\"";
const LAG_PATTERN: &str = "^[1-9][0-9]{0,9} (second|minute|hour|day)s?$";
const LAG: &str = "a number such as 1000, or a time such as \"10 minutes\"";

impl LastItemOptions {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let column = fields.read_required::<String>("column", "the name of a column of the query");
        let path = fields.at("start");
        let start = match fields.take("start") {
            None => {
                fields.missing("start", START);
                None
            }
            Some(value) => {
                let start = start(&value);
                if start.is_none() {
                    fields.mistakes.push(wrong_format(&path, "start", START, &value));
                }
                start
            }
        };
        let unique = fields.read("unique", "true or false").unwrap_or(true);
        let path = fields.at("lag");
        let lag = fields.take("lag").and_then(|value| {
            let lag = lag(&value);
            if lag.is_none() {
                fields.mistakes.push(wrong_format(&path, "lag", LAG, &value));
            }
            lag
        });
        let missing = fields.read_word("missing", &["refuse", "import", "skip"]).unwrap_or_default();
        Some(Self { column: column?, start: start?, unique, lag, missing })
    }

    /// What is wrong with the SQL for this column, as far as that can be seen: where, what, and what to do.
    pub(super) fn contradiction(&self, sql: &str) -> Option<(&'static str, &'static str, &'static str)> {
        if !has_order(sql) {
            return Some((
                "sql",
                "without ORDER BY a database gives rows in any order, and the next read would miss some",
                "end it with ORDER BY and the column of the last item",
            ));
        }
        let numbers = [Form::Integer, Form::Number].contains(&self.start.form);
        if self.lag.is_some_and(|lag| matches!(lag, Lag::Numbers(_)) != numbers) {
            return Some((
                "last_item.lag",
                "the lag does not fit `start`",
                "a lag is a number such as 1000 for whole numbers, and a time such as \"10 minutes\" for dates and times",
            ));
        }
        self.comparison(sql)
    }

    fn comparison(&self, sql: &str) -> Option<(&'static str, &'static str, &'static str)> {
        // With a lag, each read begins at rows that were imported before, and leaves them out.
        if self.lag.is_some() {
            return None;
        }
        let before = sql.split(LAST_ITEM).map(str::trim_end);
        let count = sql.matches(LAST_ITEM).count();
        let (mut beyond, mut from) = (false, false);
        for text in before.take(count) {
            beyond |= text.ends_with('>') && !text.ends_with("<>");
            from |= text.ends_with(">=");
        }
        if beyond && !self.unique {
            return Some((
                "sql",
                "`> {lastItem}` misses rows of the same value that come later",
                "write `>= {lastItem}`, since `unique` is false: rows that were imported before are left out",
            ));
        }
        (from && self.unique).then_some((
            "sql",
            "`>= {lastItem}` has the last row again",
            "write `> {lastItem}`; or say `\"unique\": false` if several rows may have the same value",
        ))
    }
}

/// True if the SQL has the words ORDER BY.
fn has_order(sql: &str) -> bool {
    let words: Vec<&str> = words(sql).collect();
    words.windows(2).any(|pair| {
        matches!(pair, [order, by] if order.eq_ignore_ascii_case("order") && by.eq_ignore_ascii_case("by"))
    })
}

/// A value as it stands in a document. Its form is that of the texts that databases give.
fn start(value: &Value) -> Option<LastItem> {
    let (text, form) = match value {
        Value::Number(number) => {
            let text = number.to_string();
            let form = if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
                Form::Integer
            } else {
                Form::Number
            };
            Form::Number.compare(&text, &text).ok()?;
            (text, form)
        }
        Value::String(text) if !text.is_empty() => (text.clone(), Form::of_date(text).unwrap_or(Form::Text)),
        _ => return None,
    };
    Some(LastItem { text, form })
}

/// `1000`, `10 minutes`.
fn lag(value: &Value) -> Option<Lag> {
    if let Some(number) = value.as_u64() {
        return (number > 0).then_some(Lag::Numbers(number));
    }
    let (number, unit) = value.as_str()?.split_once(' ')?;
    let is_plain = number.starts_with(|c: char| ('1'..='9').contains(&c));
    let number: u32 = number.parse().ok().filter(|_| is_plain)?;
    let seconds = match unit.strip_suffix('s').unwrap_or(unit) {
        "second" => 1,
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Lag::Seconds)
}

fn as_written<S: Serializer>(start: &LastItem, serializer: S) -> Result<S::Ok, S::Error> {
    match (start.form, start.text.parse::<serde_json::Number>()) {
        (Form::Integer | Form::Number, Ok(number)) => number.serialize(serializer),
        _ => start.text.serialize(serializer),
    }
}

#[expect(clippy::ref_option, reason = "serde hands it over like this")]
fn lag_as_written<S: Serializer>(lag: &Option<Lag>, serializer: S) -> Result<S::Ok, S::Error> {
    match lag {
        None => serializer.serialize_none(),
        Some(Lag::Numbers(number)) => serializer.serialize_u64(*number),
        Some(Lag::Seconds(seconds)) => serializer.collect_str(&format_args!("{seconds} seconds")),
    }
}
