//! The table of a scope's columns.

use std::fmt::Write;

use tidewaiter::schema::{Bound, Constraints, FieldSchema, FieldType, Merge, TableSchema};

/// The columns of a scope as a table.
pub(super) fn table(schema: &TableSchema) -> String {
    let mut table =
        "| column | required | values | what it holds | example |\n|---|---|---|---|---|\n".to_owned();
    for field in &schema.fields {
        let example = field.example.as_deref().map(code).unwrap_or_default();
        let description = cell(field.description.as_deref().unwrap_or_default());
        let required = required(schema, field);
        let values = values(field);
        let _ = writeln!(table, "| `{}` | {required} | {values} | {description} | {example} |", field.name);
    }
    table
}

fn required(schema: &TableSchema, field: &FieldSchema) -> &'static str {
    let one_of = std::iter::once(&schema.identified_by).chain(&schema.require_any);
    if field.constraints.required {
        "yes"
    } else if one_of.into_iter().any(|columns| columns.contains(&field.name)) {
        "one of these"
    } else if schema.generated.as_ref().is_some_and(|rule| rule.field == field.name) {
        "made if empty"
    } else {
        ""
    }
}

/// What may stand in a column, in words.
fn values(field: &FieldSchema) -> String {
    let mut words = vec![kind(field)];
    words.extend(constraints(&field.constraints));
    words.join(", ")
}

fn kind(field: &FieldSchema) -> String {
    let format = field.format.as_deref().filter(|format| !matches!(*format, "default" | "any"));
    let named = match (field.kind, format) {
        (FieldType::String, _) if field.merge == Merge::Lists => "numbers of lists",
        (FieldType::String, Some("email")) => "e-mail address",
        (FieldType::String, Some("uri")) => "address of a page",
        (FieldType::String, Some("uuid")) => "UUID",
        (FieldType::String, Some("phone")) => "telephone number",
        (FieldType::String, _) => "text",
        (FieldType::Integer, _) => "whole number",
        (FieldType::Number, _) => "decimal number",
        (FieldType::Boolean, _) => return boolean(field),
        (FieldType::Date, _) => "date",
        (FieldType::Datetime, _) => "date and time",
        (FieldType::Time, _) => "time",
        (FieldType::Year, _) => "year",
        (FieldType::Yearmonth, _) => "year and month",
    };
    match format {
        Some(format) if field.kind != FieldType::String => format!("{named} as {}", code(format)),
        _ => named.to_owned(),
    }
}

fn boolean(field: &FieldSchema) -> String {
    let words = |values: &[String], otherwise: &str| match values {
        [] => otherwise.to_owned(),
        values => values.iter().map(|value| code(value)).collect::<Vec<_>>().join(", "),
    };
    match (&field.true_values[..], &field.false_values[..]) {
        ([], []) => "true or false".to_owned(),
        (yes, no) => format!("{} for true, {} for false", words(yes, "`true`"), words(no, "`false`")),
    }
}

fn constraints(constraints: &Constraints) -> Vec<String> {
    let Constraints { required: _, min_length, max_length, minimum, maximum, pattern, one_of } = constraints;
    let mut words = Vec::new();
    match (min_length, max_length) {
        (None, None) => {}
        (Some(least), Some(most)) if least == most => words.push(characters(*most)),
        (Some(least), Some(most)) => words.push(format!("{least} to {}", characters(*most))),
        (Some(least), None) => words.push(format!("at least {}", characters(*least))),
        (None, Some(most)) => words.push(format!("at most {}", characters(*most))),
    }
    match (minimum.as_ref().map(bound), maximum.as_ref().map(bound)) {
        (None, None) => {}
        (Some(least), Some(most)) => words.push(format!("{least} to {most}")),
        (Some(least), None) => words.push(format!("not below {least}")),
        (None, Some(most)) => words.push(format!("not above {most}")),
    }
    words.extend(pattern.as_ref().map(|pattern| format!("matching {}", code(pattern))));
    words.extend(one_of.as_ref().map(|values| {
        let values: Vec<String> = values.iter().map(|value| code(value)).collect();
        format!("one of {}", values.join(", "))
    }));
    words
}

fn characters(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} character{plural}")
}

fn bound(bound: &Bound) -> String {
    match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Text(text) => text.clone(),
    }
}

/// Text as it must stand in a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}
