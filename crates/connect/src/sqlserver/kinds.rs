//! The types of SQL Server, and which of them a file cannot hold.

use tiberius::{Column, ColumnType as T};
use tidewaiter_engine::ports::{Form, SourceColumn, SourceError};

use crate::columns::refused_type;

/// A column of an answer.
pub(super) fn column(found: &Column) -> Result<SourceColumn, SourceError> {
    let name = found.name();
    let (kind, form) = known(found.column_type());
    let Some(form) = form else { return Err(refused_type(name, kind, hint(name, found.column_type()))) };
    Ok(SourceColumn { name: name.to_owned(), kind: kind.to_owned(), form })
}

/// How people call a type, and how its values are written. Of some types, the answer tells less than a table does.
fn known(kind: T) -> (&'static str, Option<Form>) {
    match kind {
        T::Null => ("null", Some(Form::Text)),
        T::Bit | T::Bitn => ("bit", Some(Form::Boolean)),
        T::Int1 => ("tinyint", Some(Form::Integer)),
        T::Int2 => ("smallint", Some(Form::Integer)),
        T::Int4 | T::Intn => ("int", Some(Form::Integer)),
        T::Int8 => ("bigint", Some(Form::Integer)),
        T::Float4 => ("real", Some(Form::Number)),
        T::Float8 | T::Floatn => ("float", Some(Form::Number)),
        T::Money4 => ("smallmoney", Some(Form::Number)),
        T::Money => ("money", Some(Form::Number)),
        T::Decimaln | T::Numericn => ("decimal", Some(Form::Number)),
        T::Daten => ("date", Some(Form::Date)),
        T::Timen => ("time", Some(Form::Time)),
        T::Datetime4 => ("smalldatetime", Some(Form::Datetime)),
        T::Datetime | T::Datetimen => ("datetime", Some(Form::Datetime)),
        T::Datetime2 => ("datetime2", Some(Form::Datetime)),
        T::DatetimeOffsetn => ("datetimeoffset", Some(Form::Moment)),
        T::Guid => ("uniqueidentifier", Some(Form::Text)),
        T::BigVarChar => ("varchar", Some(Form::Text)),
        T::BigChar => ("char", Some(Form::Text)),
        T::NVarchar => ("nvarchar", Some(Form::Text)),
        T::NChar => ("nchar", Some(Form::Text)),
        T::Text => ("text", Some(Form::Text)),
        T::NText => ("ntext", Some(Form::Text)),
        T::Xml => ("xml", Some(Form::Text)),
        T::BigVarBin => ("varbinary", None),
        T::BigBinary => ("binary", None),
        T::Image => ("image", None),
        T::SSVariant => ("sql_variant", None),
        T::Udt => ("of an assembly (geography, geometry, hierarchyid)", None),
    }
}

/// What to select instead.
fn hint(name: &str, kind: T) -> String {
    let quoted = format!("[{}]", name.replace(']', "]]"));
    match kind {
        T::Udt => format!("select {quoted}.ToString(), or leave it out"),
        T::SSVariant => format!("select CAST({quoted} AS nvarchar(4000)), or leave it out"),
        T::Image => {
            format!("select CONVERT(varchar(max), CONVERT(varbinary(max), {quoted}), 2), or leave it out")
        }
        _ => format!("select CONVERT(varchar(max), {quoted}, 2), or leave it out"),
    }
}
