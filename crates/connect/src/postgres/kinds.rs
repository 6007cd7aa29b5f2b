//! How the values of each type of PostgreSQL are written.

use tidewaiter_engine::ports::{Form, SourceColumn, SourceError};
use tokio_postgres::types::{Kind, Type};

use crate::columns::refused_type;

/// What has to be done to the text that PostgreSQL writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// Nothing.
    AsIs,
    /// `t` and `f` become words.
    Boolean,
    /// An exponent becomes digits.
    Float,
    /// The same, in single precision.
    Single,
    /// A `T` stands between date and time.
    Datetime,
    /// The same; `+00` becomes `Z`.
    Moment,
}

/// A column of an answer.
pub(crate) fn column(name: &str, kind: &Type) -> Result<(SourceColumn, Writing), SourceError> {
    let (form, writing) = known(kind).ok_or_else(|| refused_type(name, kind.name(), hint(name, kind)))?;
    Ok((SourceColumn { name: name.to_owned(), kind: kind.name().to_owned(), form }, writing))
}

fn known(kind: &Type) -> Option<(Form, Writing)> {
    use Writing::{AsIs, Boolean, Datetime, Float, Moment, Single};
    Some(match *kind {
        Type::BOOL => (Form::Boolean, Boolean),
        Type::INT2 | Type::INT4 | Type::INT8 | Type::OID => (Form::Integer, AsIs),
        Type::NUMERIC => (Form::Number, AsIs),
        Type::FLOAT4 => (Form::Number, Single),
        Type::FLOAT8 => (Form::Number, Float),
        Type::DATE => (Form::Date, AsIs),
        Type::TIME => (Form::Time, AsIs),
        Type::TIMESTAMP => (Form::Datetime, Datetime),
        Type::TIMESTAMPTZ => (Form::Moment, Moment),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::UUID
        | Type::JSON
        | Type::JSONB
        | Type::XML
        | Type::INET
        | Type::CIDR
        | Type::MACADDR
        | Type::MACADDR8
        | Type::INTERVAL
        | Type::TIMETZ
        | Type::BIT
        | Type::VARBIT
        | Type::UNKNOWN => (Form::Text, AsIs),
        _ => match kind.kind() {
            Kind::Enum(_) => (Form::Text, AsIs),
            Kind::Domain(of) => return known(of),
            Kind::Simple if kind.name() == "citext" => (Form::Text, AsIs),
            _ => return None,
        },
    })
}

/// What to select instead.
fn hint(name: &str, kind: &Type) -> String {
    match (kind, kind.kind()) {
        (&Type::BYTEA, _) => format!("select encode({name:?}, 'hex'), or leave it out"),
        (&Type::MONEY, _) => format!("its text depends on the server's language: select {name:?}::numeric"),
        (_, Kind::Array(_)) => format!("select array_to_string({name:?}, ','), or unnest it"),
        (_, Kind::Composite(_)) => format!("select its fields: ({name:?}).field"),
        _ => format!("select {name:?}::text, or leave it out"),
    }
}
