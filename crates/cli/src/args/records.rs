//! The arguments of `records`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tidewaiter::id::{ImportId, Timestamp};

use super::{Looked, delimiter};
use crate::format::RecordFormat;

/// Arguments of `records`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter records drop                   how many there are
  tidewaiter records drop contacts --limit 10
  tidewaiter records drop contacts --key ana.lopez@example.org
  tidewaiter records drop orders --key SO-100482 --format json
  tidewaiter records drop contacts --universe acme --format csv > contacts.csv
  tidewaiter records drop orders --format parquet --output orders.parquet
  tidewaiter records drop orders --since 2026-01-31 --format jsonl > new.jsonl
  tidewaiter records drop orders --where store_id=S001 --where total_price=12.5
  tidewaiter records drop contacts --format spreadsheet > look.csv
  tidewaiter records s3://bucket contacts

csv, jsonl and parquet are exports. They have the columns of the scope in the
order of its schema, and the universe first unless --universe names one.
  csv      cells are quoted where they must be; an empty cell is no value, and
           `\"\"` an empty text
  jsonl    an object on each line; numbers and booleans are such where JSON holds
           them exactly; a field without a value is left out
  parquet  typed columns; one whose type cannot hold each value exactly is text
--provenance puts the columns _key, _import and _line before the fields: the key
of the record, and the import and line that changed it last.
--output FILE writes a file, which replaces an earlier one when it is complete.
An export of a folder is what the records were at one moment in each universe.

--since takes a time (2026-01-31T13:45:00Z), a day (UTC) or the id of an import.
Files are compared by when they arrived, which is what the id of an import says.
--where takes a value in the form in which it is kept: dates as 2026-01-31,
numbers with a point, true or false. `--where lastname=` is no value.

json is an object on each line: universe, key, values as text, and the import and
line that last changed the record. With --sources it says the same of each value;
csv then has <column>:source behind each column, which holds <import>:<line>.

To drop a listing again, write it with --format csv --delimiter ';' and one
--universe, leave out the columns that only records have (points_balance,
burned_by), and mind that lines are imported like any others: orders drop their
items, points are added. Values stand in csv as they are: a spreadsheet may take
one that begins with `=`, `+`, `-` or `@` for a formula. --format spreadsheet is
for opening in one: such a value begins with `'` there, unless it is a negative
number, cells are separated by `;`, and the file begins with the mark by which
Excel knows UTF-8. It is not for dropping again.

--key shows one record with the file and line that each value came from, and the
records that belong to it: the items of an order, the tier changes and points of
a card. The key may be written as files may write it (`+33 6…`, upper case in an
address); the parts of a key that has several are separated by ` / `. Long values
are shortened; json has them whole: universe, scope, key, and for each value the
value, import, file, line and at. Exports have the records of the scope alone.

Lines are counted from 1, the header's; line 0 is the file as a whole.")]
pub struct RecordsArgs {
    #[command(flatten)]
    pub(crate) deployment: Looked,
    /// The kind of record, such as contacts; without it, records are counted
    pub(crate) scope: Option<String>,
    /// Only the record of this key, and what belongs to it, with where each value came from
    #[arg(long, value_name = "KEY", requires = "scope")]
    pub(crate) key: Option<String>,
    /// Only records of this universe
    #[arg(long, value_name = "U")]
    pub(crate) universe: Option<String>,
    /// Only records that were last changed by files that arrived then or later
    #[arg(long, value_name = "WHEN", requires = "scope", conflicts_with = "key", value_parser = since)]
    pub(crate) since: Option<ImportId>,
    /// Only records with this value in this column; if given again, each must hold
    #[arg(
        long = "where",
        value_name = "COLUMN=VALUE",
        requires = "scope",
        conflicts_with = "key",
        value_parser = condition
    )]
    pub(crate) conditions: Vec<String>,
    /// At most so many; with --key at most so many of each scope, 1000 unless given
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// List the import and line that each value came from
    #[arg(long, requires = "scope", conflicts_with = "provenance")]
    pub(crate) sources: bool,
    /// Export the key of each record, and the import and line that changed it last
    #[arg(long, requires = "scope")]
    pub(crate) provenance: bool,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RecordFormat,
    /// What separates the cells of csv: `,` unless given, and `;` for a spreadsheet; or tab
    #[arg(long, value_name = "C", value_parser = separator)]
    pub(crate) delimiter: Option<u8>,
    /// Write the export to this file
    #[arg(long, value_name = "FILE", requires = "scope", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,
}

/// A moment, a day or an import, as the first import that counts.
fn since(text: &str) -> Result<ImportId, String> {
    if let Ok(import) = text.parse::<ImportId>() {
        return Ok(import);
    }
    let day = |day: Date| day.to_zoned(TimeZone::UTC).ok().map(|begin| begin.timestamp());
    let is_day = text.len() == 10;
    let moment = if is_day { text.parse().ok().and_then(day) } else { text.parse::<Timestamp>().ok() };
    moment.map(|moment| ImportId::new(moment, 0)).ok_or_else(|| {
        "write a time such as 2026-01-31T13:45:00Z, a day such as 2026-01-31, or the id of an import"
            .to_owned()
    })
}

fn condition(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some((column, _)) if !column.is_empty() => Ok(text.to_owned()),
        _ => Err("write column=value, such as city=Paris".to_owned()),
    }
}

/// One character that separates cells.
fn separator(text: &str) -> Result<u8, String> {
    match String::from(delimiter(text)?).as_bytes() {
        [byte] => Ok(*byte),
        _ => Err("exports are separated by one character".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_a_day_or_an_import() {
        let midnight = since("2026-01-31").unwrap();
        assert_eq!(since("2026-01-31T00:00:00Z"), Ok(midnight));
        assert_eq!(since("2026-01-31T01:00:00+01:00"), Ok(midnight));
        assert_eq!(since(&midnight.to_string()), Ok(midnight));
        assert!(since("2026-01-30T23:59:59.999Z").unwrap() < midnight);
        for bad in ["", "yesterday", "2026-02-31", "2026-01-31T00:00:00", "31/01/2026"] {
            assert!(since(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn cells_are_separated_by_one_character() {
        assert_eq!((separator(";"), separator("tab")), (Ok(b';'), Ok(b'\t')));
        for bad in ["", "||", "\"", "é"] {
            assert!(separator(bad).is_err(), "{bad}");
        }
    }
}
