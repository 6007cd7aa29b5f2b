//! The types and formats of fields, judged by the compiled rules of a scope.

use std::sync::LazyLock;

use serde_json::{Value, json};
use tidewaiter::schema::compile::Scope;

/// What the values of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Integer,
    Number,
    Boolean,
    Date,
    Datetime,
    Email,
    Uri,
    Uuid,
    /// A country as two letters.
    Country2,
    /// A country as three letters.
    Country3,
}

/// The types that are judged by their rules.
const JUDGED: [Type; 5] = [Type::Date, Type::Datetime, Type::Email, Type::Uri, Type::Uuid];

static RULES: LazyLock<Option<Scope>> = LazyLock::new(|| {
    let field = |kind: &Type| {
        let mut field = json!({ "name": kind.noun() });
        kind.describe(&mut field);
        field
    };
    let fields: Vec<Value> = JUDGED.iter().map(field).collect();
    let schema = serde_json::from_value(json!({ "fields": fields, "onExisting": "append" })).ok()?;
    Scope::compile("types", &schema).ok()
});

/// True if a text is a value of one of the types that have rules of their own.
pub(super) fn fits(kind: Type, text: &str) -> bool {
    let Some(rules) = RULES.as_ref() else { return false };
    let column = rules.column(kind.noun()).and_then(|column| rules.columns().get(column));
    column.is_some_and(|column| column.check(text).is_ok())
}

impl Type {
    /// Adds the type to a field of a Table Schema.
    pub(super) fn describe(self, field: &mut Value) {
        let Some(field) = field.as_object_mut() else { return };
        let mut add = |name: &str, value: Value| field.insert(name.to_owned(), value);
        match self {
            Self::Text => None,
            Self::Integer => add("type", "integer".into()),
            Self::Number => add("type", "number".into()),
            Self::Boolean => add("type", "boolean".into()),
            Self::Date => add("type", "date".into()),
            Self::Datetime => add("type", "datetime".into()),
            Self::Email => add("format", "email".into()),
            Self::Uri => add("format", "uri".into()),
            Self::Uuid => add("format", "uuid".into()),
            Self::Country2 => add("constraints", json!({ "pattern": "[A-Z]{2}" })),
            Self::Country3 => add("constraints", json!({ "pattern": "[A-Z]{3}" })),
        };
    }

    /// What one value is called.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Number => "number",
            Self::Boolean => "true or false",
            Self::Date => "date",
            Self::Datetime => "date with a time",
            Self::Email => "e-mail address",
            Self::Uri => "link",
            Self::Uuid => "UUID",
            Self::Country2 => "country as two letters",
            Self::Country3 => "country as three letters",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_those_of_the_check() {
        assert!(fits(Type::Email, "ana@example.org") && !fits(Type::Email, "ana"));
        assert!(fits(Type::Uri, "https://example.org/a.jpg") && !fits(Type::Uri, "a b"));
        assert!(fits(Type::Date, "2026-01-31") && !fits(Type::Date, "31/01/2026"));
        assert!(fits(Type::Datetime, "2026-01-31T13:45:00+01:00"));
        assert!(fits(Type::Uuid, "123e4567-e89b-12d3-a456-426614174000"));
    }
}
