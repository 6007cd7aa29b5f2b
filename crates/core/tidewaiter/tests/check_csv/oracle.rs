//! What the crate `csv` reads in a file, held against what the checker reads.
//!
//! Of a line that the checker accepts, the crate must read the same fields, set to the same delimiter. What only the crate
//! takes is no difference here, since ours is the stricter reader: it rejects quotes that are out of place, lines that are
//! blank or of another width, and what is not UTF-8.
//!
//! Two things are decided, and kept out of the comparison:
//! * A record ends with its line. The crate reads over the line breaks within quotes, so it is given line by line what the
//!   checker accepts, and a whole file only if the checker accepts all of it.
//! * A byte order mark is one only at the beginning of a file. So is it to the crate, which is why it is never given a line
//!   alone.

use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Limits};
use tidewaiter::schema::compile::Scope;

use crate::support::{Call, Calls, scope};

/// The delimiters to compare by.
pub(crate) const DELIMITERS: [u8; 4] = *b";,\t|";

/// A scope whose cells may be anything.
pub(crate) fn wide(columns: usize) -> (Arc<Scope>, Vec<String>) {
    let labels: Vec<String> = (0..columns).map(|column| format!("c{column}")).collect();
    let fields: Vec<String> = labels.iter().map(|label| format!("{{ \"name\": \"{label}\" }}")).collect();
    (scope(&format!("{{ \"fields\": [{}], \"onExisting\": \"append\" }}", fields.join(","))), labels)
}

/// Checks a body behind a header of so many columns, and panics if the crate reads other fields in an accepted line. Gives
/// how many lines were compared.
pub(crate) fn assert_agrees_with_csv(body: &[u8], delimiter: u8, columns: usize) -> usize {
    let (scope, labels) = wide(columns);
    let header = labels.join(&char::from(delimiter).to_string());
    let file = [header.as_bytes(), b"\n", body].concat();
    let mut calls = Calls::default();
    let mut checker = Checker::new(scope, Dialect::delimited_by(delimiter), Limits::default());
    checker.feed(&file, &mut calls);
    let summary = checker.finish(&mut calls);
    assert!(!summary.bogus, "the header is good: {:?}", summary.findings.kept());
    let mut records = Vec::new();
    for call in &calls.0 {
        match call {
            Call::Header { labels, .. } => records.push(labels.clone()),
            Call::Accepted { raw, fields, .. } => {
                let behind_another = [b"x\n", &raw[..]].concat();
                assert_eq!(
                    by_csv(&behind_another, delimiter),
                    [vec!["x".to_owned()], fields.clone()],
                    "{raw:?}"
                );
                records.push(fields.clone());
            }
            Call::Rejected(_) => {}
        }
    }
    if summary.rejected == 0 {
        assert_eq!(by_csv(&file, delimiter), records);
    }
    records.len() - 1
}

/// All records of a file.
fn by_csv(file: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(file);
    let records = reader.records().map(|record| record.expect("the checker has accepted it"));
    records.map(|record| record.iter().map(str::to_owned).collect()).collect()
}
