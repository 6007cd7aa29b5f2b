//! How the values of each type of MySQL and MariaDB are written.

use mysql_async::Column;
use mysql_async::consts::{ColumnFlags, ColumnType};
use tidewaiter_engine::ports::{Form, SourceColumn, SourceError};

use crate::columns::refused_type;

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// What has to be done to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writing {
    /// By the type that the value has itself.
    AsIs,
    /// Bits are a whole number.
    Bits,
    /// A date alone.
    Date,
    /// Date and time.
    Datetime,
    /// Date and time, in UTC.
    Moment,
}

/// A column of an answer.
pub(crate) fn column(found: &Column) -> Result<(SourceColumn, Writing), SourceError> {
    let name = found.name_str().into_owned();
    let kind = kind(found);
    if let Some((form, writing)) = form(found) {
        return Ok((SourceColumn { name, kind, form }, writing));
    }
    let hint = match found.column_type() {
        ColumnType::MYSQL_TYPE_GEOMETRY => format!("select ST_AsText(`{name}`), or leave it out"),
        _ => format!("select HEX(`{name}`), or leave it out"),
    };
    Err(refused_type(&name, &kind, hint))
}

fn form(found: &Column) -> Option<(Form, Writing)> {
    use ColumnType::{
        MYSQL_TYPE_BIT, MYSQL_TYPE_BLOB, MYSQL_TYPE_DATE, MYSQL_TYPE_DATETIME, MYSQL_TYPE_DATETIME2,
        MYSQL_TYPE_DECIMAL, MYSQL_TYPE_DOUBLE, MYSQL_TYPE_ENUM, MYSQL_TYPE_FLOAT, MYSQL_TYPE_INT24,
        MYSQL_TYPE_JSON, MYSQL_TYPE_LONG, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_LONGLONG, MYSQL_TYPE_MEDIUM_BLOB,
        MYSQL_TYPE_NEWDATE, MYSQL_TYPE_NEWDECIMAL, MYSQL_TYPE_NULL, MYSQL_TYPE_SET, MYSQL_TYPE_SHORT,
        MYSQL_TYPE_STRING, MYSQL_TYPE_TIME, MYSQL_TYPE_TIME2, MYSQL_TYPE_TIMESTAMP, MYSQL_TYPE_TIMESTAMP2,
        MYSQL_TYPE_TINY, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR, MYSQL_TYPE_YEAR,
    };
    Some(match found.column_type() {
        MYSQL_TYPE_TINY | MYSQL_TYPE_SHORT | MYSQL_TYPE_INT24 | MYSQL_TYPE_LONG | MYSQL_TYPE_LONGLONG
        | MYSQL_TYPE_YEAR => (Form::Integer, Writing::AsIs),
        MYSQL_TYPE_BIT => (Form::Integer, Writing::Bits),
        MYSQL_TYPE_FLOAT | MYSQL_TYPE_DOUBLE | MYSQL_TYPE_DECIMAL | MYSQL_TYPE_NEWDECIMAL => {
            (Form::Number, Writing::AsIs)
        }
        MYSQL_TYPE_DATE | MYSQL_TYPE_NEWDATE => (Form::Date, Writing::Date),
        MYSQL_TYPE_TIME | MYSQL_TYPE_TIME2 => (Form::Time, Writing::AsIs),
        MYSQL_TYPE_DATETIME | MYSQL_TYPE_DATETIME2 => (Form::Datetime, Writing::Datetime),
        MYSQL_TYPE_TIMESTAMP | MYSQL_TYPE_TIMESTAMP2 => (Form::Moment, Writing::Moment),
        MYSQL_TYPE_JSON | MYSQL_TYPE_ENUM | MYSQL_TYPE_SET | MYSQL_TYPE_NULL => (Form::Text, Writing::AsIs),
        MYSQL_TYPE_VARCHAR
        | MYSQL_TYPE_VAR_STRING
        | MYSQL_TYPE_STRING
        | MYSQL_TYPE_BLOB
        | MYSQL_TYPE_TINY_BLOB
        | MYSQL_TYPE_MEDIUM_BLOB
        | MYSQL_TYPE_LONG_BLOB
            if found.character_set() != BINARY =>
        {
            (Form::Text, Writing::AsIs)
        }
        _ => return None,
    })
}

/// The type as people write it.
fn kind(found: &Column) -> String {
    use ColumnType as T;
    let is_bytes = found.character_set() == BINARY;
    let has = |flag| found.flags().contains(flag);
    let name = match found.column_type() {
        T::MYSQL_TYPE_TINY => "tinyint",
        T::MYSQL_TYPE_SHORT => "smallint",
        T::MYSQL_TYPE_INT24 => "mediumint",
        T::MYSQL_TYPE_LONG => "int",
        T::MYSQL_TYPE_LONGLONG => "bigint",
        T::MYSQL_TYPE_YEAR => "year",
        T::MYSQL_TYPE_BIT => "bit",
        T::MYSQL_TYPE_FLOAT => "float",
        T::MYSQL_TYPE_DOUBLE => "double",
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => "decimal",
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => "date",
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => "time",
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => "datetime",
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => "timestamp",
        T::MYSQL_TYPE_JSON => "json",
        T::MYSQL_TYPE_GEOMETRY => "geometry",
        T::MYSQL_TYPE_NULL => "null",
        _ if has(ColumnFlags::ENUM_FLAG) => "enum",
        _ if has(ColumnFlags::SET_FLAG) => "set",
        T::MYSQL_TYPE_STRING => {
            if is_bytes {
                "binary"
            } else {
                "char"
            }
        }
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING => {
            if is_bytes {
                "varbinary"
            } else {
                "varchar"
            }
        }
        T::MYSQL_TYPE_BLOB
        | T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB => {
            if is_bytes {
                "blob"
            } else {
                "text"
            }
        }
        _ => "unknown",
    };
    let is_number = matches!(
        found.column_type(),
        T::MYSQL_TYPE_TINY
            | T::MYSQL_TYPE_SHORT
            | T::MYSQL_TYPE_INT24
            | T::MYSQL_TYPE_LONG
            | T::MYSQL_TYPE_LONGLONG
    );
    if is_number && has(ColumnFlags::UNSIGNED_FLAG) { format!("{name} unsigned") } else { name.to_owned() }
}
