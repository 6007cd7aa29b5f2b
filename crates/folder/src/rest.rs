//! Bytes that were written to a file after its outcome.
//!
//! A program that has a file open writes to it wherever the file is moved. An import reads what is there, so what such a
//! program writes later lies in `archives/` and in no record. The runner compares the size of each file that was
//! imported recently with what its import accounts for. What came later is a file of its own, under `notprocessed/`:
//! with a log, with a mail to those who are told of the import, and among the open problems.

use std::path::Path;
use std::time::Duration;

use tidewaiter::id::Timestamp;
use tidewaiter::report::{Outcome, Reason, plural};
use tidewaiter_engine::capabilities::{HasObjects, HasState};
use tidewaiter_engine::ports::{
    DroppedObject, GroupQueue, HistoryFilter, ImportRun, Kind, Nature, Objects, Refusal, RunLedger, Source,
};
use tidewaiter_engine::{Error, Result, intake, register};

use crate::Local;
use crate::folder::Partial;

/// How many runs of a repository are compared at a time: the latest ones.
const COMPARED: usize = 10_000;

/// Finds what was written to files after their outcome, of those that were imported `since`, and gives it an outcome of
/// its own. A file is left alone that changed within `quiet`: more may come.
///
/// # Errors
/// The first one, after all other files were compared: a file that cannot be read keeps no other from it.
pub(super) async fn take_in(local: &Local, since: Timestamp, quiet: Duration) -> Result<()> {
    let mut failed = None;
    for repository in local.state().repositories().await? {
        let recent = HistoryFilter {
            repository: Some(repository),
            outcome: Some(Outcome::Imported),
            finished: Some(since..Timestamp::MAX),
            limit: COMPARED,
            ..HistoryFilter::default()
        };
        for run in local.state().history(&recent).await? {
            if let Err(error) = compare(local, &run, quiet).await {
                failed.get_or_insert(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

async fn compare(local: &Local, run: &ImportRun, quiet: Duration) -> Result<()> {
    let Some(conclusion) = run.conclusion().filter(|_| run.is_done()) else { return Ok(()) };
    let Some(mut told) = conclusion.bytes else { return Ok(()) };
    let place = Path::new(conclusion.place.as_str());
    let found = local.disk.stat(place).map_err(|e| Error::object(place.display().to_string(), e))?;
    let Some(found) = found.filter(|found| found.nature == Nature::File && found.bytes > told) else {
        return Ok(());
    };
    if found.modified().elapsed().is_ok_and(|age| age < quiet) {
        return Ok(());
    }
    // Each earlier rest is a run, whose size says up to where.
    let mut number = 0;
    while let Some(rest) = local.state().run(run.id.rest(number)).await? {
        if !rest.is_done() {
            return finish(local, &rest, run, told).await;
        }
        (told, number) = (told + rest.bytes, number + 1);
    }
    let Some(bytes) = found.bytes.checked_sub(told).filter(|bytes| *bytes > 0) else { return Ok(()) };
    let import = run.id.rest(number);
    let repository = run.repository.clone();
    let key = format!("waiting/{repository}/{import}/{}", run.file);
    let dropped = DroppedObject {
        repository,
        file: run.file.clone(),
        import,
        source: Source { key, version: None },
        nature: Nature::File,
        bytes,
        arrived: Timestamp::try_from(found.modified()).unwrap_or(run.arrived),
    };
    let rest = register::register_as(local, &dropped, Kind::Refused(refusal(run, bytes))).await?;
    tracing::warn!(import = %run.id, bytes, "bytes were written to a file after its import");
    finish(local, &rest, run, told).await
}

fn refusal(run: &ImportRun, bytes: u64) -> Refusal {
    let message = format!(
        "{} were written to the file after its import (import {}); no line of them was imported",
        plural(bytes, "byte"),
        run.id
    );
    let hint = "drop the complete file again, and make uploads visible only when they are complete; if the \
                import appends lines, drop only those that are missing, below the header";
    let reason = Reason::new("file-changed", message).with_hint(Some(hint.to_owned()));
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// Copies a rest, from the byte at `from` on, to where its run expects it, and gives that its outcome.
async fn finish(local: &Local, rest: &ImportRun, of: &ImportRun, from: u64) -> Result<()> {
    let place = of.conclusion().map(|conclusion| &conclusion.place);
    if let Some(place) = place.filter(|_| rest.conclusion().is_none()) {
        let target = Path::new(&rest.source.key);
        let failed = |e| Error::writing(rest.source.key.clone(), e);
        if let Some(folder) = target.parent() {
            local.disk.make_folders(folder).map_err(failed)?;
        }
        let mut copy = Partial::create(&local.disk).map_err(failed)?;
        let source = local.objects().source(place);
        let (mut at, end) = (from, from + rest.bytes);
        while at < end {
            let piece = at..end.min(at + local.objects().chunk_bytes());
            let bytes = local.objects().read(&source, piece).await?;
            if bytes.is_empty() {
                break;
            }
            copy.write(&bytes).map_err(failed)?;
            at += bytes.len() as u64;
        }
        copy.place(target).map_err(failed)?;
    }
    intake::take_in(local, rest).await
}
