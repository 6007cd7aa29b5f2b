//! What a queue of groups promises.

use tidewaiter::id::ImportId;
use tidewaiter::report::Outcome;
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready, Running};

use super::super::{at, id, repository};
use super::{conclusion, data, end, member, ready, single};
use crate::ports::{
    AdvanceWrites, ConfigStore, Configurations, GroupQueue, ImportRun, Kind, Pinned, Progress, RunLedger,
    Told, Turn,
};
use crate::{Error, Result};

pub(super) async fn ready_work_is_in_treatment_order<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
    let place = repository("order");
    let mut files = [
        single("order", 14, "d.csv", 1, 1),
        member("order", 10, "beta", 1, 1, "beta.01-01_x.csv"),
        single("order", 13, "c.csv", 0, 2),
        single("order", 12, "b.csv", 0, 1),
        member("order", 11, "alpha", 1, 1, "alpha.01-01_x.csv"),
        single("order", 15, "a.csv", 2, 1),
        single("order", 16, "a.csv", 0, 1),
    ];
    state.register(&files).await?;
    // Groups first, by id; then by rank, date and name.
    let expected = [11, 10, 16, 12, 13, 14, 15].map(id);
    let queued: Vec<ImportId> = state.queued(&place, 100).await?.iter().map(|i| i.id).collect();
    assert_eq!(queued, expected);
    assert_eq!(state.queued(&place, 2).await?.len(), 2);
    files.sort_by_key(|file| expected.iter().position(|id| *id == file.id));
    for file in &files {
        match ready(state, &place).await? {
            Some(Ready::File(found)) => assert_eq!(found, file.id),
            Some(Ready::Group(group, rule)) => {
                assert_eq!(rule, GroupRule::AllOrNothing);
                assert_eq!(state.next_member(&place, &group, false).await?, Some(file.id));
                end(state, file, Outcome::Imported).await?;
                assert_eq!(state.next_member(&place, &group, false).await?, None);
                state.close(&place, &group).await?;
            }
            other => unreachable!("{other:?} is not ready"),
        }
        end(state, file, Outcome::Imported).await?;
    }
    assert_eq!(ready(state, &place).await?, None);
    Ok(())
}

pub(super) async fn a_group_is_a_set_of_slots<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
    let place = repository("slots");
    let first = member("slots", 20, "daily", 1, 3, "daily.01-03_b.csv");
    let again = member("slots", 21, "daily", 1, 3, "daily.01-03_a.csv");
    let third = member("slots", 22, "daily", 3, 3, "daily.03-03_a.csv");
    let elsewhere = member("slots", 23, "daily", 2, 2, "daily.02-02_a.csv");
    // One after the other and more than once: three files and a repetition do not make three slots.
    for file in [&third, &first, &again, &first, &elsewhere] {
        state.register(std::slice::from_ref(file)).await?;
    }
    assert_eq!(ready(state, &place).await?, None);
    let waiting = state.waiting(&place).await?;
    let of = |last: u8| waiting.iter().find(|group| group.group.last == last);
    assert_eq!(of(3).map(|g| (g.missing.clone(), g.since)), Some((vec![2], at(20))));
    assert_eq!(of(3).map(|g| g.files.len()), Some(3));
    assert_eq!(of(2).map(|g| g.missing.clone()), Some(vec![1]), "the number of slots is part of the group");

    let second = member("slots", 24, "daily", 2, 3, "daily.02-03_a.csv");
    state.register(&[second]).await?;
    let group = GroupRef { id: "daily".to_owned(), last: 3, generation: 1 };
    let complete = Some(Ready::Group(group.clone(), GroupRule::AllOrNothing));
    assert_eq!(ready(state, &place).await?, complete);
    let mut surplus = member("slots", 25, "daily", 3, 3, "daily.03-03_b.csv");
    if let Kind::Data { group: Some(member), .. } = &mut surplus.kind {
        member.rule = GroupRule::Sequential;
    }
    state.register(&[surplus]).await?;
    assert_eq!(ready(state, &place).await?, complete, "the rule of the file that completed it holds");
    let pin = Pinned {
        at: at(30),
        config: "one".to_owned(),
        loaders: 1,
        notes: vec![],
        checked: true,
        content: None,
    };
    let mut order = Vec::new();
    while let Some(next) = state.next_member(&place, &group, true).await? {
        order.push(next);
        state.start(next, &pin).await?;
    }
    assert_eq!(order, [21, 20, 24, 22, 25].map(id), "slot, then date, then name");
    let members = state.group_members(&place, &group).await?;
    assert_eq!(members.iter().map(|member| member.id).collect::<Vec<_>>(), order, "in the same order");
    assert_eq!(state.next_member(&place, &group, false).await?, Some(id(21)), "checked is not done");
    Ok(())
}

pub(super) async fn a_generation_is_closed_to_late_files<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
    let place = repository("generations");
    let first = member("generations", 40, "daily", 1, 1, "daily.01-01_a.csv");
    state.register(std::slice::from_ref(&first)).await?;
    let group = GroupRef { id: "daily".to_owned(), last: 1, generation: 1 };
    for _ in 0..2 {
        state.seal(&place, &group).await?;
    }
    let late = member("generations", 41, "daily", 1, 1, "daily.01-01_b.csv");
    state.register(std::slice::from_ref(&late)).await?;
    let place_of = |import: Option<ImportRun>| match import.map(|i| i.kind) {
        Some(Kind::Data { group: Some(group), .. }) => Some((group.group.generation, group.late)),
        _ => None,
    };
    assert_eq!(place_of(state.run(late.id).await?), Some((2, true)), "it came after the group began");
    assert_eq!(state.next_member(&place, &group, false).await?, Some(first.id));
    end(state, &first, Outcome::Imported).await?;
    assert_eq!(
        state.next_member(&place, &group, false).await?,
        None,
        "the late one is not of this generation"
    );
    for _ in 0..2 {
        state.close(&place, &group).await?;
    }
    let next = GroupRef { generation: 2, ..group };
    assert_eq!(ready(state, &place).await?, Some(Ready::Group(next.clone(), GroupRule::AllOrNothing)));
    state.seal(&place, &next).await?;
    end(state, &late, Outcome::Imported).await?;
    state.close(&place, &next).await?;
    let third = member("generations", 42, "daily", 1, 1, "daily.01-01_c.csv");
    state.register(std::slice::from_ref(&third)).await?;
    assert_eq!(place_of(state.run(third.id).await?), Some((3, false)), "a new day is not late");
    Ok(())
}

pub(super) async fn a_group_expires_only_while_it_is_incomplete<S: RunLedger + GroupQueue>(
    state: &S,
) -> Result<()> {
    let place = repository("expiry");
    let first = member("expiry", 45, "weekly", 1, 2, "weekly.01-02_a.csv");
    state.register(std::slice::from_ref(&first)).await?;
    let group = GroupRef { id: "weekly".to_owned(), last: 2, generation: 1 };
    assert!(!state.expire(&place, &GroupRef { generation: 2, ..group.clone() }).await?, "it has not begun");
    assert!(state.expire(&place, &group).await?);
    assert!(!state.expire(&place, &group).await?, "it is over");
    assert_eq!(ready(state, &place).await?, Some(Ready::Expired(group.clone())));
    assert_eq!(state.waiting(&place).await?, []);
    // What comes now begins anew.
    let second = member("expiry", 46, "weekly", 2, 2, "weekly.02-02_a.csv");
    state.register(std::slice::from_ref(&second)).await?;
    let waiting = state.waiting(&place).await?;
    assert_eq!(
        waiting.iter().map(|g| (g.group.generation, g.missing.clone())).collect::<Vec<_>>(),
        [(2, vec![1])]
    );
    assert_eq!(state.next_member(&place, &group, false).await?, Some(first.id));
    end(state, &first, Outcome::NotProcessed).await?;
    state.close(&place, &group).await?;
    assert_eq!(ready(state, &place).await?, None);
    let third = member("expiry", 47, "weekly", 1, 2, "weekly.01-02_b.csv");
    state.register(std::slice::from_ref(&third)).await?;
    let next = GroupRef { generation: 2, ..group };
    assert_eq!(ready(state, &place).await?, Some(Ready::Group(next.clone(), GroupRule::AllOrNothing)));
    assert!(!state.expire(&place, &next).await?, "it is complete");
    Ok(())
}

pub(super) async fn a_lost_race_writes_nothing<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
    let place = repository("race");
    let files =
        [1, 2].map(|n: u8| single("race", 59 + u32::from(n), &format!("{n}.csv"), 0, n.cast_signed()));
    let [first, second] = &files;
    state.register(&files).await?;
    let Turn { state: idle, version, ready, .. } = state.turn(&place).await?;
    assert_eq!((&idle, version), (&sequence::State::default(), 0));
    assert_eq!(ready, [Ready::File(first.id), Ready::File(second.id)], "two are told of");
    let runs = |file: &ImportRun| sequence::State {
        running: Some(sequence::Running::File { import: file.id }),
        ..sequence::State::default()
    };
    let pin = Pinned {
        at: at(61),
        config: "one".to_owned(),
        loaders: 1,
        notes: Vec::new(),
        checked: false,
        content: None,
    };
    let progress = async |file: &ImportRun| Ok(state.run(file.id).await?.map(|import| import.progress));
    let begins =
        |file: &ImportRun| AdvanceWrites { begins: Some((file.id, &pin)), ends: None, registered: None };
    assert!(state.advance(&place, version, &runs(first), begins(first)).await?);
    assert_eq!(progress(first).await?, Some(Progress::Started(pin.clone())), "it begins with the same step");
    assert!(
        !state.advance(&place, version, &runs(second), begins(second)).await?,
        "another process was faster"
    );
    assert_eq!(progress(second).await?, Some(Progress::Registered));
    let Turn { state: found, version, .. } = state.turn(&place).await?;
    assert_eq!(found, runs(first));

    let decided = conclusion(first, Outcome::Imported);
    state.conclude(first, &decided, &[&decided.place], Told::default()).await?;
    assert_eq!(state.turn(&place).await?.ready, ready, "an outcome that is not carried out ends nothing");
    let along = AdvanceWrites { begins: Some((second.id, &pin)), ends: Some(first.id), registered: None };
    assert!(!state.advance(&place, version + 1, &runs(second), along).await?, "that is not its version");
    assert_eq!(progress(first).await?, Some(Progress::Concluding(decided.clone())));
    assert!(state.advance(&place, version, &runs(second), along).await?);
    assert_eq!(progress(first).await?, Some(Progress::Done(decided)));
    assert_eq!(progress(second).await?, Some(Progress::Started(pin.clone())));
    let Turn { state: found, version, ready, .. } = state.turn(&place).await?;
    assert_eq!((found, ready), (runs(second), vec![Ready::File(second.id)]));

    // What is so already stays so.
    let other = Pinned { config: "two".to_owned(), ..pin.clone() };
    let along = AdvanceWrites { begins: Some((second.id, &other)), ends: Some(first.id), registered: None };
    assert!(state.advance(&place, version, &idle, along).await?);
    assert_eq!(progress(second).await?, Some(Progress::Started(pin)));
    assert_eq!(state.turn(&place).await?.state, idle);
    Ok(())
}

pub(super) async fn configurations_in_flight_are_counted<S: RunLedger + GroupQueue + ConfigStore>(
    state: &S,
) -> Result<()> {
    let place = repository("flight");
    let configuration = |n: u32| data("flight", n, Kind::Configuration { universe: "acme".to_owned() });
    let counted = async || Ok::<_, Error>(state.turn(&place).await?.configurations);
    let of = |registered, concluded| Configurations { registered, concluded };
    assert_eq!(counted().await?, of(0, 0));
    let (first, second) = (configuration(110), configuration(111));
    for _ in 0..2 {
        state.register(std::slice::from_ref(&first)).await?;
        assert_eq!(counted().await?, of(1, 0), "it is counted once");
    }
    let file = single("flight", 112, "a.csv", 0, 1);
    state.register(std::slice::from_ref(&file)).await?;
    let turn = state.turn(&place).await?;
    assert!(turn.configurations.in_flight());
    let file_begins = sequence::State { running: Some(Running::File { import: file.id }), unsettled: None };
    let begins = async |version, registered| {
        let along = AdvanceWrites { registered: Some(registered), ..AdvanceWrites::default() };
        state.advance(&place, version, &file_begins, along).await
    };
    assert!(!begins(turn.version, 0).await?, "a configuration was registered since");
    assert_eq!(state.turn(&place).await?.version, turn.version, "nothing was written");
    end(state, &first, Outcome::Activated).await?;
    assert_eq!(counted().await?, of(1, 1));
    end(state, &first, Outcome::Activated).await?;
    assert_eq!(counted().await?, of(1, 1), "an outcome is counted once");
    state.register(std::slice::from_ref(&second)).await?;
    assert!(!begins(turn.version, 1).await?);
    let decided = conclusion(&second, Outcome::Bogus);
    state.conclude(&second, &decided, &[&decided.place], Told::default()).await?;
    assert_eq!(counted().await?, of(2, 2), "a refused one is in flight no longer than its outcome is open");
    state.finish(second.id).await?;
    assert_eq!(counted().await?, of(2, 2));
    assert!(begins(turn.version, 2).await?);
    state.reconfigured(&place).await?;
    assert_eq!(counted().await?, of(3, 3), "an operator has changed something");
    assert_eq!(state.turn(&repository("nobody")).await?.configurations, of(0, 0));
    end(state, &file, Outcome::Imported).await
}
