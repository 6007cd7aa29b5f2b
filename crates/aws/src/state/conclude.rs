//! Deciding an outcome: mostly one request.
//!
//! The same transaction claims the keys of the outputs, on the condition that they are unclaimed; and the date of an
//! imported file becomes the latest one, on the condition that there is no later. Only if one of them does not hold
//! is it looked at why.

use jiff::civil::Date;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::report::Outcome;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Conclusion, Decision, ImportRun, Kind, SeenColumns, Told};

use super::imports::{document, put_document, recall, replace};
use super::run_cache::RunCache;
use super::{claim, keys, read};
use crate::table::{Table, Tries, Write, Written, text, text_of};

const WHAT: &str = "deciding an outcome";
/// The attribute with the latest date that was imported.
const LATEST: &str = "date";

/// Decides an outcome; see [`RunLedger::conclude`](tidewaiter_engine::ports::RunLedger::conclude).
pub(super) async fn conclude(
    table: &Table,
    known: &RunCache,
    seen: &ImportRun,
    decided: &Conclusion,
    outputs: &[&Key],
    told: Told<'_>,
) -> Result<Decision> {
    let id = seen.id;
    let mut tries = Tries::new(WHAT);
    let mut is_first = true;
    loop {
        let found = recall(table, known, WHAT, id).await?;
        // It is ours also if it was written before, and the answer to that was lost.
        let Some((import, revision)) =
            found.as_ref().filter(|(import, _)| import.conclusion() != Some(decided))
        else {
            return claim::claim(table, outputs, id).await.map(Decision::Taken);
        };
        let mut after = import.clone();
        if let Some(otherwise) = after.conclude(seen, decided) {
            return Ok(otherwise);
        }
        let mut writes = replace(import, &after, *revision, WHAT)?;
        if told.late.is_none() && decided.outcome == Outcome::Imported {
            match raised(table, import, is_first).await? {
                Raised::Write(write) => writes.push(write),
                Raised::Late(date) => return Ok(Decision::Late(date)),
                Raised::Nothing => {}
            }
        }
        if let (Some(columns), Kind::Data { name, .. }) = (told.columns, &import.kind) {
            // The first write has the condition, too: why it failed is looked at here.
            if !is_first && seen_columns(table, &import.repository, name).await?.revision != columns.revision
            {
                return Ok(Decision::Columns);
            }
            let at = keys::seen_columns(&import.repository, name);
            writes.push(put_document(at, columns, columns.revision, WHAT)?);
        }
        if is_first {
            writes.extend(outputs.iter().map(|key| claim::fresh(key, id)));
        }
        if let Written::Done = table.write(WHAT, writes).await? {
            known.put(&after, revision + 1);
            return Ok(Decision::Taken(if is_first {
                outputs.iter().map(|key| Some(key.renamed(id))).collect()
            } else {
                claim::claim(table, outputs, id).await?
            }));
        }
        known.forget(id);
        is_first = false;
        tries.again().await?;
    }
}

/// The ignored columns that the files of an import had.
pub(super) async fn seen_columns(
    table: &Table,
    repository: &Repository,
    name: &DataName,
) -> Result<SeenColumns> {
    const WHAT: &str = "reading ignored columns";
    let Some(found) = table.get(WHAT, &keys::seen_columns(repository, name)).await? else {
        return Ok(SeenColumns::default());
    };
    let (columns, revision) = document::<SeenColumns>(&found, WHAT)?;
    Ok(SeenColumns { revision, ..columns })
}

/// What becomes of the latest date when a file is imported.
enum Raised {
    /// The file's own, if there is no later one.
    Write(Write),
    /// It stays, and was there before the file came.
    Late(Date),
    /// It stays.
    Nothing,
}

/// At first it is taken to be in order.
async fn raised(table: &Table, import: &ImportRun, is_first: bool) -> Result<Raised> {
    let ImportRun { repository, kind: Kind::Data { name, .. }, arrived, .. } = import else {
        return Ok(Raised::Nothing);
    };
    let at = keys::latest_date(repository, name);
    if !is_first {
        if let Some(date) = read::later_date(table, repository, name, *arrived).await? {
            return Ok(Raised::Late(date));
        }
        let latest = table.get(WHAT, &at).await?;
        let latest = latest.as_ref().and_then(|item| text_of(item, LATEST)?.parse::<Date>().ok());
        if latest.is_some_and(|latest| latest > name.date) {
            return Ok(Raised::Nothing);
        }
    }
    Ok(Raised::Write(Write::Raise(at, LATEST, text(name.date.to_string()))))
}
