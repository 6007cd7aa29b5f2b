//! The sequencer's state, and what is written with it in one transaction.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{AdvanceWrites, ImportRun};

use super::imports::{DOCUMENT, REGISTERED, REVISION, find, put_document, recall, replace};
use super::keys;
use super::run_cache::RunCache;
use crate::table::{Table, Write, Written};

const WHAT: &str = "writing a sequence";

/// Writes the sequencer's state; see [`GroupQueue::advance`](tidewaiter_engine::ports::GroupQueue::advance).
pub(super) async fn advance(
    table: &Table,
    known: &RunCache,
    repository: &Repository,
    version: u64,
    state: &sequence::State,
    along: AdvanceWrites<'_>,
) -> Result<bool> {
    let write = put_document(keys::sequence(repository), state, version, WHAT)?;
    let ours = match &write {
        Write::Put(_, attributes, _) => attributes.clone(),
        _ => Vec::new(),
    };
    let begins = |import: &mut ImportRun| {
        if let Some((_, pin)) = along.begins {
            import.start(pin);
        }
    };
    let mut writes = vec![write];
    let mut changed = Vec::new();
    if let Some((id, _)) = along.begins {
        changed.extend(change(table, known, id, begins, &mut writes).await?);
    }
    if let Some(id) = along.ends {
        changed.extend(change(table, known, id, ImportRun::finish, &mut writes).await?);
    }
    if let Some(registered) = along.registered {
        writes.push(Write::If(keys::configurations(repository), REGISTERED, registered));
    }
    match table.write(WHAT, writes).await? {
        Written::Done => {
            for (import, revision) in changed {
                known.put(&import, revision);
            }
            Ok(true)
        }
        Written::Lost(held) => {
            // What was remembered may be what was wrong. It is remembered as it is, or what is found again with the
            // repository would be believed again.
            for (import, _) in &changed {
                known.forget(import.id);
                if let Some((import, revision)) = find(table, WHAT, import.id).await? {
                    known.put(&import, revision);
                }
            }
            // The answer to our own write may have been lost, and the request sent again. (Of several writes that
            // go together the service knows it by itself.)
            debug_assert!(ours.iter().all(|(name, _)| [DOCUMENT, REVISION].contains(name)));
            Ok(ours.iter().all(|(name, value)| held.get(*name) == Some(value)))
        }
    }
}

/// Adds what is written when an import changes; what it is then, with its revision, if it does.
async fn change(
    table: &Table,
    known: &RunCache,
    id: ImportId,
    edit: impl FnOnce(&mut ImportRun),
    writes: &mut Vec<Write>,
) -> Result<Option<(ImportRun, u64)>> {
    let Some((before, revision)) = recall(table, known, WHAT, id).await? else { return Ok(None) };
    let mut after = before.clone();
    edit(&mut after);
    if after == before {
        return Ok(None);
    }
    writes.extend(replace(&before, &after, revision, WHAT)?);
    Ok(Some((after, revision + 1)))
}
