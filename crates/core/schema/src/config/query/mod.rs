//! The query of an import that fetches its rows itself.
//!
//! ```json
//! "query": {
//!   "connection": "shop",
//!   "sql": "SELECT id, email, changed_at FROM customers WHERE id > {lastItem} ORDER BY id LIMIT 10000",
//!   "last_item": { "column": "id", "start": 0 },
//!   "repeat": "until_empty",
//!   "schedule": { "every": "day", "at": "06:00", "time_zone": "Europe/Paris" }
//! }
//! ```

mod last_item;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::name::is_part;

pub use last_item::{LastItemOptions, Missing};

use super::Schedule;
use super::dialect::DialectOptions;
use super::fields::{Fields, wrong_format};
use crate::bounds;

/// What the author writes where the read goes on.
pub(super) const LAST_ITEM: &str = "{lastItem}";

/// Where an import gets its rows from, and when.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct QueryOptions {
    /// The name of the connection, as the operator has called it.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    pub connection: String,
    /// The SQL, in the dialect of its server: one statement that begins with SELECT or WITH. A list of texts: its lines.
    pub sql: Sql,
    /// The column at which the next read goes on, with `{lastItem}` in the SQL. Without it, each read has all rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_item: Option<LastItemOptions>,
    /// Whether a read is followed by another one at once.
    #[serde(default)]
    pub repeat: Repeat,
    /// When it is asked. Without a schedule, only when a person asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// True if it is asked at once when it is new or was changed.
    #[serde(default)]
    pub run_on_change: bool,
}

/// The SQL of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Sql(String);

impl Sql {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a read is followed by another one at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// No: one read each time.
    #[default]
    Once,
    /// Yes, until there are no new rows: a large answer is taken in parts, by `LIMIT` in the SQL. Each part is a file,
    /// and has its outcome before the next part is read.
    UntilEmpty,
}

impl QueryOptions {
    /// Reads a query. What is wrong is reported.
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        if !fields.has("connection") {
            fields.missing("connection", CONNECTION);
        }
        let connection = fields.read_checked("connection", CONNECTION, |name: &String| is_part(name));
        let sql = Sql::read(fields);
        let says_last_item = fields.has("last_item");
        let last_item = fields.read_object("last_item", LastItemOptions::read);
        let is_known = last_item.is_some() || !says_last_item;
        let repeat = fields.read_word("repeat", &["once", "until_empty"]);
        let schedule = fields.read_object("schedule", Schedule::read);
        let run_on_change = fields.read("run_on_change", "true or false").unwrap_or_default();
        let query = Self {
            connection: connection?,
            sql: sql?,
            last_item,
            repeat: repeat.unwrap_or_default(),
            schedule,
            run_on_change,
        };
        // What cannot be read is told, and contradicts nothing.
        for (at, message, hint) in is_known.then(|| query.contradictions()).into_iter().flatten() {
            fields.mistakes.push(Mistake::new(fields.at(at), message).with_hint(hint));
        }
        Some(query)
    }

    /// How many rows the SQL takes at most, if it says so by a number behind LIMIT, TOP, or FETCH FIRST.
    ///
    /// It is read from the words alone. It only tells whether there may be more rows behind those of an answer.
    pub fn limit(&self) -> Option<u64> {
        let (mut limit, mut before) = (None, "");
        for word in words(&self.sql.0) {
            let is_limit =
                ["limit", "top", "first", "next"].iter().any(|name| before.eq_ignore_ascii_case(name));
            if is_limit && let Ok(number) = word.parse() {
                limit = Some(number);
            }
            before = word;
        }
        limit
    }

    /// What does not go together: where, what is wrong, and what to do.
    fn contradictions(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut found = Vec::new();
        let begins = ["select", "with"].iter().any(|word| first_word(&self.sql.0).eq_ignore_ascii_case(word));
        if !begins {
            found.push(("sql", "the query does not begin with SELECT or WITH", "a query may only read"));
        }
        let places = self.sql.0.matches(LAST_ITEM).count();
        match &self.last_item {
            None if places > 0 => found.push((
                "last_item",
                "the query asks for rows behind {lastItem}, and nothing says what that is",
                "name the column and the value before the first one: {\"column\": \"id\", \"start\": 0}",
            )),
            Some(_) if places == 0 => found.push((
                "sql",
                "the query does not ask for rows behind {lastItem}",
                "write `WHERE id > {lastItem} ORDER BY id`, or remove `last_item`",
            )),
            Some(last) => found.extend(last.contradiction(&self.sql.0)),
            None => {}
        }
        if self.repeat == Repeat::UntilEmpty && self.last_item.is_none() {
            found.push((
                "repeat",
                "without `last_item` each part would have the same rows",
                "add `last_item`, or remove `repeat`",
            ));
        }
        found
    }

    /// What says how files are written and does not go together with a query: its files have a header and nothing else.
    pub(super) fn check_form(fields: &mut Fields<'_>, dialect: &DialectOptions) {
        let plain = DialectOptions::default();
        let written = [
            ("sheet", dialect.sheet != plain.sheet),
            ("header", dialect.header != plain.header),
            ("skip_lines", dialect.skip_lines != plain.skip_lines),
            ("comment", dialect.comment != plain.comment),
            ("trailer", dialect.trailer != plain.trailer),
        ];
        for (option, is_stated) in written {
            if is_stated {
                let message =
                    "the files of a query have one line with the names of its columns, and then its rows";
                let hint = "remove this option, or make two imports of it";
                fields.mistakes.push(Mistake::new(fields.at(option), message).with_hint(hint));
            }
        }
    }
}

/// The first word of SQL behind comments and parentheses.
fn first_word(sql: &str) -> &str {
    let mut rest = sql;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '(');
        let comment = match rest {
            _ if rest.starts_with("--") || rest.starts_with('#') => rest.split_once('\n'),
            _ if rest.starts_with("/*") => rest.split_once("*/"),
            _ => return words(rest).next().filter(|word| rest.starts_with(word)).unwrap_or_default(),
        };
        rest = comment.map_or("", |(_, behind)| behind);
    }
}

/// The words of SQL, in quotes and in comments, too.
fn words(sql: &str) -> impl Iterator<Item = &str> {
    sql.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

const CONNECTION: &str = "the name of a connection, as the operator has called it";
const SQL: &str = "a text that begins with SELECT or WITH, or a list of its lines";

impl Sql {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let path = fields.at("sql");
        let text = match fields.take("sql") {
            None => {
                fields.missing("sql", SQL);
                return None;
            }
            Some(Value::String(text)) => text,
            Some(Value::Array(lines)) if lines.iter().all(Value::is_string) => {
                lines.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n")
            }
            Some(other) => {
                fields.mistakes.push(wrong_format(&path, "sql", SQL, &other));
                return None;
            }
        };
        if let Some(beyond) = bounds::SQL_BYTES.check(&path, text.len()) {
            fields.mistakes.push(beyond);
            return None;
        }
        if text.trim().is_empty() || text.contains('\0') {
            fields.mistakes.push(wrong_format(&path, "sql", SQL, &Value::String(text)));
            return None;
        }
        Some(Self(text))
    }
}

impl JsonSchema for Sql {
    fn schema_name() -> Cow<'static, str> {
        "Sql".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "string", "minLength": 1, "maxLength": bounds::SQL_BYTES.most },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        ] })
    }
}
