//! Queries that are read while others do something about them.

use tidewaiter::name::Entry;
use tidewaiter_engine::ports::{Phase, QueryState, QueryStates};
use tidewaiter_simulation::messages::Act;
use tidewaiter_simulation::scenario::queries::{Kind, Missing, Query};
use tidewaiter_simulation::table::Row;

use super::*;

const QUERY: Query = Query {
    kind: Kind::Unique,
    limit: None,
    missing: Missing::NotAsked,
    repeats: false,
    on_change: false,
    strict: false,
    hours: 1,
};

fn entry() -> Entry {
    Entry { universe: "acme".to_owned(), scope: "creditpoints".to_owned(), subsection: "db".to_owned() }
}

fn acme() -> Repository {
    "acme".parse().unwrap()
}

/// A row is committed.
fn commit(world: &World, id: u64) {
    world.with(|inner| {
        let row = Row { id, rev: 1, at: Some(1_790_000_000), is_bad: false };
        inner.tables.entry(0).or_default().rows.insert(id, row);
    });
}

/// A table with three rows, of which a read is asked for.
async fn asked() -> (Arc<World>, Body) {
    let world = world_with(Variant { query: Some(QUERY), ..CONFIG });
    (1..=3).for_each(|id| commit(&world, id));
    treat_again(&world, &Body::Person(acme(), Act::Ask)).await;
    (world, Body::Message(Message::Fetch { repository: acme(), entry: entry() }))
}

async fn state(world: &World) -> QueryState {
    world.state.query(&acme(), &entry()).await.unwrap().unwrap().0
}

/// What the files of reads hold that lie in the bucket.
fn files(world: &World) -> Vec<String> {
    let text = |body: &Option<Bytes>| String::from_utf8(body.clone().unwrap_or_default().to_vec()).unwrap();
    world.with(|inner| inner.bucket.current("fetched/").map(|(_, version)| text(&version.body)).collect())
}

#[tokio::test]
async fn a_person_who_asks_while_rows_are_read_takes_nothing_from_the_read() {
    let (world, fetch) = asked().await;
    let mut calls = 0;
    let meanwhile_asked = |call: &Call| {
        calls += usize::from(call.name == "source.next");
        if call.name == "source.next" && calls == 1 {
            meanwhile(async || treat_again(&world, &Body::Person(acme(), Act::Ask)).await);
        }
        Some(Verdict::Go)
    };
    assert_eq!(treat(&world, &fetch, meanwhile_asked).await, Some(true));
    let state = state(&world).await;
    assert!(matches!(state.phase, Phase::Landing(_)), "its file is registered: {:?}", state.phase);
    assert!(state.asked.is_some(), "and another read follows");
}

/// A process is so late that another one has taken over, which sees a row more. The file of the late one does not take the
/// place of the other one's, and does not stay.
#[tokio::test]
async fn a_process_that_is_late_writes_over_nothing() {
    let (world, fetch) = asked().await;
    let mut calls = 0;
    let overtaken = |call: &Call| {
        calls += usize::from(call.name == "source.next");
        if call.name == "source.next" && calls == 1 {
            commit(&world, 4);
            world.with(|inner| inner.pass(3_600_000));
            meanwhile(async || treat_again(&world, &fetch).await);
        }
        Some(Verdict::Go)
    };
    assert_eq!(treat(&world, &fetch, overtaken).await, Some(true));
    let files = files(&world);
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files.concat().lines().count(), 5, "a header, and four rows: {files:?}");
    assert_eq!(state(&world).await.position.last.unwrap().text, "4");
}
