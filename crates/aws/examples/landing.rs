//! What it costs a processor to load lines into DynamoDB: for `make bench-landing`, against a service that answers at once.
//!
//! usage: landing ENDPOINT LOADERS FILE, a file of contacts; prints how many lines it landed

#![allow(clippy::print_stdout, reason = "it is what the program is for")]

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use futures_util::future::try_join_all;
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::config::ImportOptions;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Plan, Reader};
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;
use tidewaiter_aws::{RecordsTable, clients};
use tidewaiter_engine::ports::{Batch, BatchNumber, Cargo, Landing, Records};

const SCOPE: &str = "contacts";

/// The changes of good lines.
struct Changes {
    reader: Reader,
    changes: Vec<Change>,
}

impl Sink for Changes {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let change = self.reader.change(line);
        self.changes.push(change);
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [endpoint, loaders, file] = arguments.as_slice() else {
        return Err("usage: landing ENDPOINT LOADERS FILE".into());
    };
    let loaders = loaders.parse()?;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(Credentials::new("a", "b", None, None, "landing"))
        .http_client(clients::http())
        .endpoint_url(endpoint)
        .build();
    let records = RecordsTable::new(aws_sdk_dynamodb::Client::from_conf(config), "records");
    let scopes = catalogue::scopes();
    let schema = scopes.get(SCOPE).ok_or("there is no such scope")?;
    let scope = Arc::new(Scope::compile(SCOPE, schema).map_err(|_| "the scope does not compile")?);
    let plan = Arc::new(Plan::new(Arc::clone(&scope), scopes, &ImportOptions::default()));
    let import = ImportId::new(Timestamp::now(), 1);
    let mut lines = Changes { reader: Reader::new(plan.clone(), import), changes: Vec::new() };
    let mut checker = Checker::new(scope, Dialect::default(), Limits::default());
    checker.feed(&std::fs::read(file)?, &mut lines);
    checker.finish(&mut lines);
    let Changes { reader, changes } = lines;
    let count = changes.len();
    let mut rest = changes.into_iter();
    let cargo = Cargo { universe: "acme", import, file: "landing.csv", bytes: 0, plan: &plan };
    let landing = records.begin(cargo).await?;
    for batch in 0.. {
        let mut shares: BTreeMap<u32, Vec<Change>> = BTreeMap::new();
        for change in rest.by_ref().take(records.batch_lines()) {
            shares.entry(change.share(&plan, loaders)).or_default().push(change);
        }
        if shares.is_empty() {
            break;
        }
        let shares: Vec<(u32, Arc<Vec<Change>>)> =
            shares.into_iter().map(|(share, changes)| (share, Arc::new(changes))).collect();
        let batches: Vec<Batch<'_>> = shares
            .iter()
            .map(|(share, changes)| Batch {
                universe: "acme",
                import,
                number: BatchNumber { share: *share, batch },
                is_again: false,
                plan: &plan,
                layout: reader.layout(),
                changes,
            })
            .collect();
        try_join_all(batches.iter().map(|batch| landing.apply(batch))).await?;
    }
    println!("{count}");
    Ok(())
}
