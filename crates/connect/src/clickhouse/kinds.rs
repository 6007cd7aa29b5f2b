//! The types of ClickHouse, how their values are written, and which of them a file cannot hold.

use tidewaiter_engine::ports::{Form, SourceColumn, SourceError};

use crate::columns::refused_type;

/// What has to be done to the text that the server writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// Nothing.
    AsIs,
    /// An exponent becomes digits.
    Float,
    /// The same, in single precision.
    Single,
    /// The digits of its second that say something.
    Moment,
}

/// A column of an answer.
pub(super) fn column(name: &str, kind: &str) -> Result<(SourceColumn, Writing), SourceError> {
    match known(kind) {
        Some((form, writing)) => {
            Ok((SourceColumn { name: name.to_owned(), kind: kind.to_owned(), form }, writing))
        }
        None => Err(refused_type(name, kind, hint(name, kind))),
    }
}

/// A type that is around another one.
fn inside<'a>(kind: &'a str, around: &str) -> Option<&'a str> {
    kind.strip_prefix(around)?.strip_prefix('(')?.strip_suffix(')')
}

/// The type without what is around it: it may be NULL, or is kept in another way.
fn bare(kind: &str) -> &str {
    let around = ["Nullable", "LowCardinality"].iter().find_map(|around| inside(kind, around));
    let kept = || {
        inside(kind, "SimpleAggregateFunction")
            .and_then(|inside| inside.split_once(", "))
            .map(|(_, kind)| kind)
    };
    around.or_else(kept).map_or(kind, bare)
}

fn known(kind: &str) -> Option<(Form, Writing)> {
    let kind = bare(kind);
    let name = kind.split('(').next().unwrap_or_default();
    Some(match name {
        "Bool" => (Form::Boolean, Writing::AsIs),
        "Int8" | "Int16" | "Int32" | "Int64" | "Int128" | "Int256" | "UInt8" | "UInt16" | "UInt32"
        | "UInt64" | "UInt128" | "UInt256" => (Form::Integer, Writing::AsIs),
        "Float64" => (Form::Number, Writing::Float),
        "Float32" | "BFloat16" => (Form::Number, Writing::Single),
        "Decimal" | "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => (Form::Number, Writing::AsIs),
        "Date" | "Date32" => (Form::Date, Writing::AsIs),
        "DateTime" | "DateTime64" => (Form::Moment, Writing::Moment),
        "String" | "FixedString" | "Enum8" | "Enum16" | "UUID" | "IPv4" | "IPv6" | "Nothing" => {
            (Form::Text, Writing::AsIs)
        }
        _ => return None,
    })
}

/// What to select instead.
fn hint(name: &str, kind: &str) -> String {
    let quoted = format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"));
    match bare(kind).split('(').next().unwrap_or_default() {
        "Array" => format!("select arrayStringConcat({quoted}, ','), or arrayJoin({quoted})"),
        "AggregateFunction" => format!("select finalizeAggregation({quoted}), or leave it out"),
        "Map" | "Tuple" | "Nested" | "JSON" | "Object" | "Variant" | "Dynamic" => {
            format!("select its parts, or toJSONString({quoted})")
        }
        _ => format!("select toString({quoted}), or leave it out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_inside_of_others() {
        let form = |kind| known(kind).map(|(form, _)| form);
        assert_eq!(form("LowCardinality(Nullable(String))"), Some(Form::Text));
        assert_eq!(form("SimpleAggregateFunction(sum, Nullable(Decimal(38, 2)))"), Some(Form::Number));
        assert_eq!(form("Nullable(DateTime64(3, 'Asia/Kolkata'))"), Some(Form::Moment));
        assert_eq!(form("Enum8('Array(' = 1, 'b' = 2)"), Some(Form::Text));
        assert_eq!(form("Array(String)"), None);
        assert_eq!(form("Int6"), None);
    }
}
