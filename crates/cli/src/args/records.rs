//! The arguments of `records`.

use clap::Args;

use super::Looked;
use crate::format::RecordFormat;

/// Arguments of `records`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter records drop                   how many there are
  tidewaiter records drop contacts --limit 10
  tidewaiter records drop contacts --key ana.lopez@example.org
  tidewaiter records drop orders --key SO-100482 --format json
  tidewaiter records drop contacts --format json | jq -r .values.email
  tidewaiter records drop contacts --universe acme --format csv > contacts.csv
  tidewaiter records drop contacts --format spreadsheet > look.csv
  tidewaiter records s3://bucket contacts

json is an object on each line: universe, key, values, and the import and line
that last changed the record. With --sources it says the same of each value.
csv has the columns of the scope, separated by `;`, in the order of its schema
and then those that no schema knows; the universe comes first unless --universe
names one. With --sources each column is followed by <column>:source, which
holds <import>:<line>. To drop a listing again, leave out the universe and the
columns that only records have (points_balance, burned_by), and mind that lines
are imported like any others: orders drop their items, points are added. Values
stand in csv as they were sent: a spreadsheet may take one that begins with `=`,
`+`, `-` or `@` for a formula. --format spreadsheet is for opening in one: such a
value begins with `'` there, unless it is a negative number, and the file with
the mark by which Excel knows UTF-8. It is not for dropping again.

--key shows one record with the file and line that each value came from, and the
records that belong to it: the items of an order, the tier changes and points of
a card. The key may be written as files may write it (`+33 6…`, upper case in an
address); the parts of a key that has several are separated by ` / `. Long values
are shortened; json has them whole: universe, scope, key, and for each value the
value, import, file, line and at. csv has the records of the scope alone.

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
    /// At most so many; with --key at most so many of each scope, 1000 unless given
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// List the import and line that each value came from
    #[arg(long, requires = "scope")]
    pub(crate) sources: bool,
    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RecordFormat,
}
