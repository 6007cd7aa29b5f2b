//! What a store of queries promises.

use tidewaiter::id::ImportId;
use tidewaiter::item::{Form, LastItem};
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::run::{MOST_SEEN, SeenRows, Why};
use tidewaiter::sequence::Ready;

use super::super::{at, id, repository};
use super::{ready, single};
use crate::Result;
use crate::ports::{
    AnswerColumn, Answered, Claim, Definition, GroupQueue, HistoryFilter, Phase, Position, QueryState,
    QueryStates, RunLedger,
};

pub(super) async fn queries<S: RunLedger + GroupQueue + QueryStates>(state: &S) -> Result<()> {
    a_state_is_written_over_the_version_that_was_read(state).await?;
    queries_do_not_share_a_state(state).await?;
    a_file_is_registered_with_the_state_or_not_at_all(state).await?;
    a_run_that_is_registered_stays_as_it_is(state).await?;
    the_largest_state_is_kept(state).await
}

fn entry(name: &str) -> Entry {
    Entry::new("acme", "contacts", name)
}

fn claimed(run: ImportId, holder: &str) -> QueryState {
    let mut state = QueryState::new(at(1));
    let claim = Claim { run, holder, now: at(2), until: at(900) };
    let definition = Definition { hash: "hash", column: Some("id") };
    state.claim(Why::Asked { by: "ada".to_owned() }, definition, claim);
    state
}

fn rows(from: u64, count: usize) -> SeenRows {
    let row = |n: u64| SeenRows::hash(std::iter::once(Some(n.to_be_bytes().as_slice())));
    SeenRows::new((from..).take(count).map(row).collect())
}

fn position(last: &str, seen: SeenRows) -> Position {
    let last = LastItem { text: last.to_owned(), form: Form::Integer };
    Position { column: Some("id".to_owned()), last: Some(last), seen }
}

fn answered(position: Position) -> Answered {
    let columns = vec![AnswerColumn { name: "id".to_owned(), kind: "int8".to_owned() }];
    Answered { rows: 2, left_out: 1, millis: 30, goes_on: true, position, columns }
}

async fn a_state_is_written_over_the_version_that_was_read<S: QueryStates>(state: &S) -> Result<()> {
    let (place, crm) = (repository("queried"), entry("crm"));
    assert_eq!(state.query(&place, &crm).await?, None);
    let (first, second, third) = (QueryState::new(at(1)), claimed(id(1), "one"), claimed(id(2), "two"));
    assert!(!state.put_query(&place, &crm, &first, 1).await?, "there is no version 1 yet");
    assert_eq!(state.query(&place, &crm).await?, None);
    assert!(state.put_query(&place, &crm, &first, 0).await?);
    assert!(!state.put_query(&place, &crm, &second, 0).await?, "there is one");
    assert_eq!(state.query(&place, &crm).await?, Some((first, 1)));
    // Two processes have read the same version.
    assert!(state.put_query(&place, &crm, &second, 1).await?);
    assert!(!state.put_query(&place, &crm, &third, 1).await?, "one of two wins");
    assert_eq!(state.query(&place, &crm).await?, Some((second, 2)));
    assert!(state.put_query(&place, &crm, &third, 2).await?);
    assert_eq!(state.query(&place, &crm).await?, Some((third, 3)));
    Ok(())
}

async fn queries_do_not_share_a_state<S: QueryStates>(state: &S) -> Result<()> {
    let (here, there) = (repository("query-here"), repository("query-there"));
    let held = claimed(id(3), "one");
    assert!(state.put_query(&here, &entry("crm"), &held, 0).await?);
    for (place, entry) in [
        (&there, entry("crm")),
        (&here, entry("web")),
        (&here, Entry::new("acme", "orders", "crm")),
        (&here, Entry::new("globex", "contacts", "crm")),
    ] {
        assert_eq!(state.query(place, &entry).await?, None, "{place} {entry}");
    }
    Ok(())
}

/// A query whose read is claimed, with its state and version.
async fn reading<S: QueryStates>(
    state: &S,
    place: &Repository,
    crm: &Entry,
    n: u32,
) -> Result<(QueryState, u64)> {
    let claimed = claimed(id(n), "one");
    assert!(state.put_query(place, crm, &claimed, 0).await?);
    Ok((claimed, 1))
}

async fn a_file_is_registered_with_the_state_or_not_at_all<S>(state: &S) -> Result<()>
where
    S: RunLedger + GroupQueue + QueryStates,
{
    let (place, crm) = (repository("fetched"), entry("crm"));
    let (before, version) = reading(state, &place, &crm, 400).await?;
    let mut after = before.clone();
    after.register(answered(position("2", rows(0, 2))));
    assert!(matches!(after.phase, Phase::Landing(_)));
    let run = single("fetched", 400, "q400.csv", 0, 1);
    for stale in [version - 1, version + 1] {
        assert!(!state.register_fetched(&run, &crm, &after, stale).await?, "another process wrote it");
        assert_eq!(state.run(run.id).await?, None, "neither is written");
        assert_eq!(ready(state, &place).await?, None);
        assert_eq!(state.query(&place, &crm).await?, Some((before.clone(), version)));
    }
    assert!(state.register_fetched(&run, &crm, &after, version).await?);
    // A process whose answer was lost asks again; the answer may be either.
    state.register_fetched(&run, &crm, &after, version).await?;
    let (kept, version) = state.query(&place, &crm).await?.unwrap_or((before, 0));
    assert_eq!((kept, version), (after, 2), "it is written once, and comes back as it was");
    assert_eq!(state.run(run.id).await?, Some(run.clone()));
    assert_eq!(ready(state, &place).await?, Some(Ready::File(run.id)), "it is ready work");
    let of_place = HistoryFilter { repository: Some(place), limit: 10, ..HistoryFilter::default() };
    assert_eq!(state.history(&of_place).await?, [run], "it is in the ledger");
    Ok(())
}

async fn a_run_that_is_registered_stays_as_it_is<S>(state: &S) -> Result<()>
where
    S: RunLedger + GroupQueue + QueryStates,
{
    let (place, crm) = (repository("refetched"), entry("crm"));
    let (mut reads, version) = reading(state, &place, &crm, 401).await?;
    let run = single("refetched", 401, "q401.csv", 0, 1);
    state.register(std::slice::from_ref(&run)).await?;
    reads.register(answered(position("2", SeenRows::default())));
    let other = single("refetched", 401, "other.csv", 0, 2);
    assert!(state.register_fetched(&other, &crm, &reads, version).await?);
    assert_eq!(state.run(run.id).await?, Some(run));
    assert_eq!(state.query(&place, &crm).await?, Some((reads, 2)));
    Ok(())
}

/// The position, and the one that it may go back to, have as many rows as there may be.
async fn the_largest_state_is_kept<S: RunLedger + QueryStates>(state: &S) -> Result<()> {
    let (place, crm) = (repository("many-rows"), entry("crm"));
    let (mut reads, _) = reading(state, &place, &crm, 402).await?;
    reads.position = position("1", rows(0, MOST_SEEN));
    assert!(state.put_query(&place, &crm, &reads, 1).await?);
    reads.register(answered(position("2", rows(50_000, MOST_SEEN))));
    let run = single("many-rows", 402, "q402.csv", 0, 1);
    assert!(state.register_fetched(&run, &crm, &reads, 2).await?);
    assert_eq!(state.query(&place, &crm).await?, Some((reads, 3)));
    Ok(())
}
