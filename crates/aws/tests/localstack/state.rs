//! A table as a store of state.

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::name::{DataName, GroupTag};
use tidewaiter::report::Outcome;
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready};
use tidewaiter_aws::StateTable;
use tidewaiter_engine::contract;
use tidewaiter_engine::ports::{
    AdvanceWrites, ConfigStore, Group, GroupQueue, HistoryFilter, ImportRun, Kind, Pinned, Progress,
    RunLedger, Source, Told,
};

use crate::support::{Requests, state_table, table};

fn id(n: u32) -> ImportId {
    let at = Timestamp::from_second(1_790_000_000 + i64::from(n)).unwrap();
    ImportId::new(at, u128::from(n))
}

/// A file for a slot of group `daily`.
fn member(n: u32, slot: u8, last: u8) -> ImportRun {
    let file = format!("daily.{slot:02}-{last:02}_acme_contacts_crm_20260101_{n:03}.csv");
    let name = DataName {
        file: file.clone(),
        group: Some(GroupTag { id: "daily".to_owned(), slot, last }),
        universe: "acme".to_owned(),
        scope: "contacts".to_owned(),
        subsection: "crm".to_owned(),
        date: jiff::civil::date(2026, 1, 1),
        suffix: None,
    };
    let group = GroupRef { id: "daily".to_owned(), last, generation: 0 };
    let group = Group { group, slot, rule: GroupRule::Sequential, late: false };
    ImportRun {
        id: id(n),
        repository: "acme".parse().unwrap(),
        file,
        source: Source { key: format!("imports/acme/{n}"), version: Some("v".to_owned()) },
        archive: None,
        fetched: None,
        bytes: 1,
        arrived: Timestamp::from_second(1_790_000_000 + i64::from(n)).unwrap(),
        kind: Kind::Data { name, rank: 0, settle_seconds: 0, group: Some(group), unpacked: None },
        progress: Progress::Registered,
    }
}

#[tokio::test]
async fn a_table_is_a_store_of_state() {
    Box::pin(contract::state(&state_table(&Requests::default()).await)).await.unwrap();
}

#[tokio::test]
async fn a_group_whose_files_arrive_at_the_same_time_is_complete_once() {
    let state = state_table(&Requests::default()).await;
    let place = "acme".parse().unwrap();
    let mut arrivals = tokio::task::JoinSet::new();
    for n in 0..12_u32 {
        // Each file twice, as events come.
        for _ in 0..2 {
            let state = state.clone();
            let file = member(n, u8::try_from(n % 6 + 1).unwrap(), 6);
            arrivals.spawn(async move { state.register(&[file]).await });
        }
    }
    while let Some(done) = arrivals.join_next().await {
        done.unwrap().unwrap();
    }
    let group = GroupRef { id: "daily".to_owned(), last: 6, generation: 1 };
    let rule = GroupRule::Sequential;
    assert_eq!(state.turn(&place).await.unwrap().ready, [Ready::Group(group, rule)]);
    assert_eq!(state.waiting(&place).await.unwrap(), []);
    let queued: Vec<ImportId> = state.queued(&place, 100).await.unwrap().iter().map(|i| i.id).collect();
    assert_eq!(queued, [0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11].map(id));
}

/// The marker of a file that is ready holds it as it was registered. A process that knew nothing else believed it
/// over and over, lost each time against the table, and asked for ever.
#[tokio::test]
async fn what_was_found_beside_a_repository_is_not_believed_against_the_table() {
    let (client, name) = table().await;
    let [ours, other] = [(); 2].map(|()| StateTable::new(client.clone(), &name));
    let mut file = member(1, 1, 1);
    if let Kind::Data { group, .. } = &mut file.kind {
        *group = None;
    }
    let place = file.repository.clone();
    ours.register(std::slice::from_ref(&file)).await.unwrap();
    let runs = sequence::State {
        running: Some(sequence::Running::File { import: file.id }),
        ..sequence::State::default()
    };
    let pin = |config: &str| Pinned {
        at: file.arrived,
        config: config.to_owned(),
        loaders: 1,
        notes: Vec::new(),
        checked: false,
        content: None,
    };
    let (first, later) = (pin("first"), pin("later"));
    let begins = |pin| AdvanceWrites { begins: Some((file.id, pin)), ..AdvanceWrites::default() };
    assert!(ours.advance(&place, 0, &runs, begins(&first)).await.unwrap());
    let mut tries = 0;
    loop {
        let turn = other.turn(&place).await.unwrap();
        assert_eq!(turn.ready, [Ready::File(file.id)]);
        if other.advance(&place, turn.version, &runs, begins(&later)).await.unwrap() {
            break;
        }
        tries += 1;
        assert!(tries < 3, "it asks for ever");
    }
    let import = other.run(file.id).await.unwrap().unwrap();
    assert_eq!(import.progress, Progress::Started(first), "what it runs under is fixed once");
}

/// Whoever registers the members of an archive remembers them. When another process decided one of them and died, the
/// first one carried it out and did not write down that it was done, since by what it remembered it was not decided.
#[tokio::test]
async fn what_another_process_decided_is_finished_whatever_is_remembered() {
    let (client, name) = table().await;
    let [ours, other] = [(); 2].map(|()| StateTable::new(client.clone(), &name));
    let file = member(1, 1, 1);
    ours.register(std::slice::from_ref(&file)).await.unwrap();
    let conclusion = contract::conclusion(&file, Outcome::NotProcessed);
    other.conclude(&file, &conclusion, &[], Told::default()).await.unwrap();
    ours.finish(file.id).await.unwrap();
    let import = other.run(file.id).await.unwrap().unwrap();
    assert_eq!(import.progress, Progress::Done(conclusion));
}

#[tokio::test]
async fn an_archive_with_more_members_than_a_transaction_takes_is_registered_whole() {
    let state = state_table(&Requests::default()).await;
    let place = "acme".parse().unwrap();
    let archive = id(1_000);
    let members: Vec<ImportRun> = (0..120_u32)
        .map(|n| {
            let mut member = member(n, u8::try_from(n % 3 + 1).unwrap(), 3);
            member.archive = Some((archive, "a.zip".to_owned()));
            member
        })
        .collect();
    // An earlier try got as far as its first pieces.
    let begun = ImportRun { archive: None, ..members[0].clone() };
    state.register(&[begun]).await.unwrap();
    assert_eq!(state.members(archive).await.unwrap(), []);
    for _ in 0..2 {
        state.register(&members).await.unwrap();
    }
    assert_eq!(state.queued(&place, 1_000).await.unwrap().len(), 120);
    assert_eq!(state.queued(&place, 7).await.unwrap().len(), 7);
    let found: Vec<ImportId> = state.members(archive).await.unwrap().iter().map(|i| i.id).collect();
    assert_eq!(found, (1..120).map(id).collect::<Vec<_>>(), "in the order of the archive");
    let all = HistoryFilter { limit: 1_000, ..HistoryFilter::default() };
    assert_eq!(state.history(&all).await.unwrap().len(), 120, "page by page");
}

#[tokio::test]
async fn an_archive_with_a_group_for_each_member_is_registered_whole() {
    let state = state_table(&Requests::default()).await;
    let members: Vec<ImportRun> = (0..30_u32)
        .map(|n| {
            let mut member = member(n, 1, 1);
            member.archive = Some((id(1_000), "a.zip".to_owned()));
            if let Kind::Data { group: Some(place), .. } = &mut member.kind {
                place.group.id = format!("group{n:02}");
            }
            member
        })
        .collect();
    state.register(&members).await.unwrap();
    assert_eq!(state.queued(&"acme".parse().unwrap(), 1_000).await.unwrap().len(), 30);
    assert_eq!(state.members(id(1_000)).await.unwrap().len(), 30);
}

#[tokio::test]
async fn a_configuration_larger_than_an_item_is_kept() {
    let state = state_table(&Requests::default()).await;
    let document: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
    for _ in 0..2 {
        state.keep("hash", &document).await.unwrap();
    }
    assert!(state.kept("hash").await.unwrap().unwrap() == document);
}
