//! The ledger of a repository of a deployment, and whether there is anything left to do, as JSON: for `make
//! demo-cloud`, until the `tidewaiter` command can look into a stack.
//!
//! usage: ledger STATE-TABLE REPOSITORY, with the usual environment of AWS

#![allow(clippy::print_stdout, reason = "it is what the program is for")]

use serde_json::json;
use tidewaiter::keys::Repository;
use tidewaiter::sequence;
use tidewaiter_aws::{StateTable, clients};
use tidewaiter_engine::ports::{GroupQueue, HistoryFilter, ImportRun, Outbox, Progress, RunLedger};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [table, repository] = arguments.as_slice() else {
        return Err("usage: ledger STATE-TABLE REPOSITORY".into());
    };
    let repository: Repository = repository.parse()?;
    let state = StateTable::new(aws_sdk_dynamodb::Client::new(&clients::environment().await), table);
    let filter =
        HistoryFilter { repository: Some(repository.clone()), limit: 100_000, ..HistoryFilter::default() };
    let imports: Vec<_> = state.history(&filter).await?.into_iter().map(entry).collect();
    let turn = state.turn(&repository).await?;
    let settled = turn.state == sequence::State::default()
        && turn.ready.is_empty()
        && state.unfinished().await?.is_empty()
        && state.unmailed().await?.is_empty();
    let waiting = state.waiting(&repository).await?.into_iter().map(|group| {
        json!({ "group": group.group.id, "last": group.group.last, "missing": group.missing, "files": group.files })
    });
    let waiting: Vec<_> = waiting.collect();
    println!("{}", json!({ "settled": settled, "imports": imports, "waiting": waiting }));
    Ok(())
}

fn entry(import: ImportRun) -> serde_json::Value {
    let archive = import.archive.map(|(_, file)| file);
    let arrived = import.arrived.to_string();
    match import.progress {
        Progress::Done(done) => json!({
            "file": import.file, "archive": archive, "arrived": arrived, "finished": done.finished.to_string(),
            "outcome": done.outcome.as_str(), "code": done.code, "counts": done.counts,
            "place": done.place.to_string(),
        }),
        _ => json!({ "file": import.file, "archive": archive, "arrived": arrived }),
    }
}
