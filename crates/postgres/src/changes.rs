//! The change feed: what each batch did, noted in the transaction that does it.
//!
//! A universe is changed by one transaction at a time, which has its lock from before its first change until it is committed.
//! So the numbers of the changes come in the order in which they become visible, and a reader that remembers the last number
//! misses nothing and reads nothing twice. Of a record that several lines of a batch changed, the feed has the outcome.

use std::collections::BTreeMap;

use tidewaiter::id::ImportId;
use tidewaiter::record::Record;
use tidewaiter_engine::Result;

use crate::copy::Copy;
use crate::fresh::FreshRecords;
use crate::names::table;
use crate::overlay::Difference;
use crate::row::{Runs, line_of, to_json};
use crate::session::Session;
use crate::stored::Stored;

/// Notes what changed in one scope.
pub(crate) async fn write(
    session: &Session,
    stored: &Stored,
    runs: &Runs,
    import: ImportId,
    fresh: &FreshRecords,
    all: &Difference,
) -> Result<()> {
    let feed = table(&stored.schema, "_changes");
    let sql = format!("COPY {feed} (run, line, operation, scope, key, record) FROM STDIN");
    let mut copy = Copy::begin(session, &sql).await?;
    let run = runs.number(import)?;
    for (key, line) in &all.removed {
        let line = i64::try_from(*line).unwrap_or(i64::MAX);
        copy.change((run, line), "remove", (&stored.scope, key), None).await?;
    }
    let changed = all.changed.iter().map(|(key, record, _)| (key, record));
    for (key, record) in changed.chain(all.new.iter().map(|(key, record)| (key, record))) {
        let json = to_json(&texts(record))?;
        let line = line_of(record.changed);
        copy.change((run, line), "put", (&stored.scope, key), Some(&json)).await?;
    }
    for (key, one) in &all.fresh {
        let texts: BTreeMap<&str, &str> = fresh
            .cells(*one)
            .filter_map(|(at, text)| Some((fresh.fields().get(at)?.as_str(), text)))
            .collect();
        let json = to_json(&texts)?;
        copy.change((run, line_of(one.source)), "put", (&stored.scope, key), Some(&json)).await?;
    }
    copy.finish().await
}

fn texts(record: &Record) -> BTreeMap<&str, &str> {
    record.values.iter().map(|(field, value)| (field.as_str(), value.text.as_str())).collect()
}

impl Copy {
    async fn change(
        &mut self,
        (run, line): (i32, i64),
        operation: &str,
        (scope, key): (&str, &str),
        record: Option<&str>,
    ) -> Result<()> {
        self.number(run.into());
        self.number(line);
        self.cell(Some(operation));
        self.cell(Some(scope));
        self.cell(Some(key));
        self.cell(record);
        self.end_row().await
    }
}
