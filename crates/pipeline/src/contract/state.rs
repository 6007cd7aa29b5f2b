//! What a store of state promises.

use std::ops::Range;

use jiff::civil::date;
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Place, Repository};
use tidewaiter::name::{DataName, GroupTag};
use tidewaiter::report::{Counts, Outcome, Reason};
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready, Running};

use super::{at, digests, id, repository};
use crate::ports::{
    AdvanceWrites, Conclusion, Configurations, Content, Decision, Delivery, DroppedObject, Group,
    HistoryFilter, ImportRun, KeptReport, Kind, Nature, Pinned, Progress, Refusal, Source, State, Trouble,
    Turn,
};
use crate::{Error, Result};

/// Puts a store of state through everything it promises. It is to be empty.
pub async fn state<S: State>(state: &S) -> Result<()> {
    an_import_goes_down_its_path_once(state).await?;
    a_version_is_registered_once(state).await?;
    ready_work_is_in_treatment_order(state).await?;
    a_group_is_a_set_of_slots(state).await?;
    a_generation_is_closed_to_late_files(state).await?;
    a_group_expires_only_while_it_is_incomplete(state).await?;
    a_key_is_taken_from_its_owner_and_remembered(state).await?;
    a_lost_race_writes_nothing(state).await?;
    a_file_that_came_late_says_so(state).await?;
    configurations_in_flight_are_counted(state).await?;
    an_unresolved_file_becomes_what_it_is(state).await?;
    the_latest_configuration_is_the_active_one(state).await?;
    a_universe_has_one_owner(state).await?;
    digests::digests(state).await?;
    the_ledger_is_kept(state).await?;
    the_ledger_is_read_by_the_time_of_outcomes(state).await
}

fn name(file: &str, scope: &str, day: i8) -> DataName {
    DataName {
        file: file.to_owned(),
        group: None,
        universe: "acme".to_owned(),
        scope: scope.to_owned(),
        subsection: "crm".to_owned(),
        date: date(2026, 1, day),
        suffix: None,
    }
}

fn data(place: &str, n: u32, kind: Kind) -> ImportRun {
    let file = match &kind {
        Kind::Data { name, .. } => name.file.clone(),
        _ => format!("file-{n}"),
    };
    ImportRun {
        id: id(n),
        repository: repository(place),
        source: Source { key: format!("waiting/{n}"), version: None },
        file,
        archive: None,
        bytes: 1,
        arrived: at(n),
        kind,
        progress: Progress::Registered,
    }
}

pub(super) fn single(place: &str, n: u32, file: &str, rank: usize, day: i8) -> ImportRun {
    let name = name(file, &format!("scope{rank}"), day);
    data(place, n, Kind::Data { name, rank, settle_seconds: 10, group: None })
}

fn member(place: &str, n: u32, group: &str, slot: u8, last: u8, file: &str) -> ImportRun {
    let tag = GroupTag { id: group.to_owned(), slot, last };
    let name = DataName { group: Some(tag), ..name(file, "contacts", 1) };
    let group = GroupRef { id: group.to_owned(), last, generation: 0 };
    let group = Group { group, slot, rule: GroupRule::AllOrNothing, late: false };
    data(place, n, Kind::Data { name, rank: 0, settle_seconds: 10, group: Some(group) })
}

/// An outcome of an import, with a report that is kept elsewhere and a mail that is due.
pub fn conclusion(import: &ImportRun, outcome: Outcome) -> Conclusion {
    Conclusion {
        outcome,
        code: None,
        counts: Counts { read: 3, imported: 2, rejected: 1, ..Counts::default() },
        findings: vec!["type-error".to_owned()],
        sha256: Some("00".to_owned()),
        finished: at(90),
        place: Key::placed(Place::Archives, &import.repository, &import.file),
        log: Key::log(&import.repository, &import.file),
        report: KeptReport::At(Key::report(&import.repository, &import.file, import.id, 1)),
        badlines: None,
        mail_due: true,
        mail_trouble: None,
        digest: None,
    }
}

async fn end<S: State>(state: &S, import: &ImportRun, outcome: Outcome) -> Result<()> {
    let conclusion = conclusion(import, outcome);
    state.conclude(import, &conclusion, &[&conclusion.place], None).await?;
    state.finish(import.id).await
}

/// The first piece of ready work.
async fn ready<S: State>(state: &S, place: &Repository) -> Result<Option<Ready>> {
    Ok(state.turn(place).await?.ready.into_iter().next())
}

async fn claim<S: State>(state: &S, key: &Key, id: ImportId) -> Result<Option<Key>> {
    Ok(state.claim(&[key], id).await?.pop().flatten())
}

/// Its event and a reconciliation that found it may give it other ids.
async fn a_version_is_registered_once<S: State>(state: &S) -> Result<()> {
    let place = repository("versions");
    let dropped = |n: u32, version: &str| {
        let source = Source { key: "imports/versions/a.csv".to_owned(), version: Some(version.to_owned()) };
        ImportRun { source, ..single("versions", n, "a.csv", 0, 1) }
    };
    let drop_of = |import: &ImportRun| DroppedObject {
        repository: import.repository.clone(),
        file: import.file.clone(),
        import: import.id,
        source: import.source.clone(),
        nature: Nature::File,
        bytes: import.bytes,
        arrived: import.arrived,
    };
    let (first, again, other) = (dropped(901, "v1"), dropped(902, "v1"), dropped(903, "v2"));
    let all = [&first, &again, &other].map(drop_of);
    assert_eq!(state.unregistered(all.to_vec()).await?, all, "nobody has told of them");
    assert_eq!(state.register(std::slice::from_ref(&first)).await?, std::slice::from_ref(&first));
    for _ in 0..2 {
        assert_eq!(state.register(std::slice::from_ref(&again)).await?, std::slice::from_ref(&first));
    }
    assert_eq!(state.import(again.id).await?, None, "no version is imported twice");
    assert_eq!(state.unregistered(all.to_vec()).await?, all[2..]);
    assert_eq!(state.register(std::slice::from_ref(&other)).await?, std::slice::from_ref(&other));
    assert_eq!(state.unregistered(all.to_vec()).await?, []);
    end(state, &first, Outcome::Imported).await?;
    let registered = state.register(std::slice::from_ref(&again)).await?;
    assert_eq!(
        registered.iter().map(|import| import.id).collect::<Vec<_>>(),
        [first.id],
        "nor when it is done"
    );
    assert_eq!(ready(state, &place).await?, Some(Ready::File(other.id)));
    assert_eq!(state.unregistered(vec![drop_of(&single("versions", 904, "b.csv", 0, 1))]).await?, []);
    Ok(())
}

async fn an_import_goes_down_its_path_once<S: State>(state: &S) -> Result<()> {
    let import = single("path", 1, "a.csv", 0, 1);
    assert_eq!(state.import(import.id).await?, None);
    assert_eq!(state.register(std::slice::from_ref(&import)).await?, std::slice::from_ref(&import));
    let pin = Pinned {
        at: at(5),
        config: "one".to_owned(),
        loaders: 2,
        notes: vec!["ignored".to_owned()],
        checked: false,
        content: None,
    };
    let holds = |pin: &Pinned| Some(pin.clone());
    assert_eq!(state.start(import.id, &pin).await?, holds(&pin));
    let other = Pinned { config: "two".to_owned(), loaders: 3, checked: true, ..pin.clone() };
    assert_eq!(state.start(import.id, &other).await?, holds(&pin), "what an import runs under is fixed once");
    let content = |bytes| Content { bytes, sha256: format!("{bytes}") };
    let with_content = |pin: &Pinned, bytes| Pinned { content: Some(content(bytes)), ..pin.clone() };
    assert_eq!(
        state.start(import.id, &with_content(&other, 9)).await?,
        holds(&pin),
        "what was checked under another configuration is not loaded"
    );
    let full = with_content(&pin, 10);
    assert_eq!(state.start(import.id, &full).await?, holds(&full));
    assert_eq!(
        state.start(import.id, &with_content(&pin, 11)).await?,
        holds(&full),
        "what is loaded is fixed once"
    );
    // A message that comes again must not begin it anew.
    let registered = state.register(std::slice::from_ref(&import)).await?;
    assert_eq!(
        registered.into_iter().map(|i| i.progress).collect::<Vec<_>>(),
        [Progress::Started(full.clone())]
    );
    let found = state.import(import.id).await?;
    assert_eq!(found.as_ref().map(|i| &i.progress), Some(&Progress::Started(full)));

    let decided = conclusion(&import, Outcome::Imported);
    let free = decided.place.renamed(import.id);
    let decision = state.conclude(&import, &decided, &[&decided.place], None).await?;
    assert_eq!(decision, Decision::Passed, "by who has seen it before it passed, nothing is decided");
    let import = found.unwrap_or(import);
    assert_eq!(
        state.conclude(&import, &decided, &[&decided.log, &decided.place], None).await?,
        Decision::Taken(vec![Some(decided.log.renamed(import.id)), Some(free)]),
        "the keys are taken with the decision"
    );
    assert_eq!(claim(state, &decided.place, import.id).await?, None, "it is ours");
    let other = Conclusion { outcome: Outcome::Bogus, ..decided.clone() };
    let elsewhere = Key::placed(Place::Bogus, &import.repository, &import.file);
    assert_eq!(
        state.conclude(&import, &other, &[&elsewhere], None).await?,
        Decision::Before(Box::new(decided.clone())),
        "an outcome is decided once"
    );
    assert_eq!(state.start(import.id, &pin).await?, None, "and nothing begins any more");
    assert_eq!(
        claim(state, &elsewhere, import.id).await?,
        Some(elsewhere.renamed(import.id)),
        "who was too late has taken nothing"
    );
    let open = state.unfinished().await?;
    assert!(open.iter().any(|i| i.id == import.id), "an outcome that is not carried out is unfinished");
    for _ in 0..2 {
        state.finish(import.id).await?;
    }
    let found = state.import(import.id).await?;
    assert_eq!(found.map(|i| i.progress), Some(Progress::Done(decided.clone())));
    assert_eq!(state.unmailed().await?, [import.id]);
    let trouble = Trouble { at: at(99), why: "refused".to_owned() };
    state.mailed(import.id, &Delivery::Delayed(trouble.clone())).await?;
    assert_eq!(state.unmailed().await?, [import.id], "what nobody has stays due");
    assert_eq!(mail_of(state, import.id).await?, Some((true, Some(trouble.clone()))));
    state.mailed(import.id, &Delivery::Failed(trouble.clone())).await?;
    assert_eq!(state.unmailed().await?, Vec::<ImportId>::new());
    assert_eq!(mail_of(state, import.id).await?, Some((false, Some(trouble))));
    state.mailed(import.id, &Delivery::Sent).await?;
    assert_eq!(mail_of(state, import.id).await?, Some((false, None)));
    assert_eq!(ready(state, &import.repository).await?, None, "what is done is not ready work");
    Ok(())
}

/// Whether a mail is due, and what is wrong with it.
async fn mail_of<S: State>(state: &S, id: ImportId) -> Result<Option<(bool, Option<Trouble>)>> {
    Ok(match state.import(id).await?.map(|import| import.progress) {
        Some(Progress::Done(done)) => Some((done.mail_due, done.mail_trouble)),
        _ => None,
    })
}

async fn ready_work_is_in_treatment_order<S: State>(state: &S) -> Result<()> {
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

async fn a_group_is_a_set_of_slots<S: State>(state: &S) -> Result<()> {
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
    assert_eq!(ready(state, &place).await?, Some(Ready::Group(group.clone(), GroupRule::AllOrNothing)));
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
    assert_eq!(order, [21, 20, 24, 22].map(id), "slot, then date, then name");
    let members = state.group_members(&place, &group).await?;
    assert_eq!(members.iter().map(|member| member.id).collect::<Vec<_>>(), order, "in the same order");
    assert_eq!(state.next_member(&place, &group, false).await?, Some(id(21)), "checked is not done");
    Ok(())
}

async fn a_generation_is_closed_to_late_files<S: State>(state: &S) -> Result<()> {
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
    assert_eq!(place_of(state.import(late.id).await?), Some((2, true)), "it came after the group began");
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
    assert_eq!(place_of(state.import(third.id).await?), Some((3, false)), "a new day is not late");
    Ok(())
}

async fn a_group_expires_only_while_it_is_incomplete<S: State>(state: &S) -> Result<()> {
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

async fn a_key_is_taken_from_its_owner_and_remembered<S: State>(state: &S) -> Result<()> {
    let (first, second) = (single("keys", 50, "x.csv", 0, 1), single("keys", 51, "x.csv", 0, 1));
    state.register(&[first.clone(), second.clone()]).await?;
    let key = Key::placed(Place::Archives, &first.repository, &first.file);
    let first_claim = claim(state, &key, first.id).await?;
    assert_eq!(first_claim, Some(key.renamed(first.id)), "what nobody claimed is kept under our own name");
    assert_eq!(claim(state, &key, first.id).await?, None, "afterwards it is ours");
    let too_early = claim(state, &key, second.id).await;
    assert!(too_early.is_err_and(|e| e.is_transient()), "nothing is taken from who is not done");
    end(state, &first, Outcome::Imported).await?;
    let older = key.renamed(first.id);
    for _ in 0..2 {
        assert_eq!(claim(state, &key, second.id).await?, Some(older.clone()), "the same answer each time");
    }
    let Some(Progress::Done(kept)) = state.import(first.id).await?.map(|i| i.progress) else {
        unreachable!("the first import is done")
    };
    assert_eq!(kept.place, older, "the ledger says where the first file is now");
    end(state, &second, Outcome::NotProcessed).await?;
    let taken_back = claim(state, &key, first.id).await;
    assert!(taken_back.is_err_and(|e| e.is_transient()), "who is done takes nothing back");
    // The new name is a valid one: a file that is dropped under it finds it taken.
    let third = single("keys", 52, older.file_name(), 0, 1);
    state.register(std::slice::from_ref(&third)).await?;
    assert_eq!(claim(state, &older, third.id).await?, Some(older.renamed(first.id)));
    // The other way about: the new name was taken before it was needed.
    let [fourth, fifth, sixth] = [53, 54, 55].map(|n| single("keys", n, "y.csv", 0, 1));
    state.register(&[fourth.clone(), fifth.clone(), sixth.clone()]).await?;
    let key = Key::placed(Place::Archives, &fourth.repository, &fourth.file);
    claim(state, &key, fourth.id).await?;
    end(state, &fourth, Outcome::Imported).await?;
    let taken = key.renamed(fourth.id);
    claim(state, &taken, fifth.id).await?;
    let free = taken.renamed(fourth.id);
    for _ in 0..2 {
        assert_eq!(claim(state, &key, sixth.id).await?, Some(free.clone()), "a third file is passed over");
    }
    assert_eq!(claim(state, &taken, fifth.id).await?, None, "it keeps its name");
    Ok(())
}

async fn a_lost_race_writes_nothing<S: State>(state: &S) -> Result<()> {
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
    let progress = async |file: &ImportRun| Ok(state.import(file.id).await?.map(|import| import.progress));
    let begins =
        |file: &ImportRun| AdvanceWrites { begins: Some((file.id, &pin)), ends: None, registered: None };
    assert!(state.advance(&place, version, &runs(first), begins(first)).await?);
    assert_eq!(progress(first).await?, Some(Progress::Started(pin.clone())), "it begins with the same step");
    assert!(!state.advance(&place, version, &runs(second), begins(second)).await?, "somebody was faster");
    assert_eq!(progress(second).await?, Some(Progress::Registered));
    let Turn { state: found, version, .. } = state.turn(&place).await?;
    assert_eq!(found, runs(first));

    let decided = conclusion(first, Outcome::Imported);
    state.conclude(first, &decided, &[&decided.place], None).await?;
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

async fn a_file_that_came_late_says_so<S: State>(state: &S) -> Result<()> {
    // Each is imported at 90. Those with lower numbers came before that.
    let file = |n: u32, day: i8| single("late", n, &format!("{n}.csv"), 0, day);
    let decide = async |import: &ImportRun, late| {
        state.register(std::slice::from_ref(import)).await?;
        let conclusion = conclusion(import, Outcome::Imported);
        let decision = state.conclude(import, &conclusion, &[&conclusion.place], late).await?;
        Ok::<_, crate::Error>((decision, conclusion.place.renamed(import.id)))
    };
    for import in [file(55, 5), file(95, 5), file(54, 3), file(96, 6)] {
        let (decision, free) = decide(&import, None).await?;
        assert_eq!(decision, Decision::Taken(vec![Some(free)]), "{} came in time", import.file);
        state.finish(import.id).await?;
    }
    let late = file(97, 4);
    let (decision, free) = decide(&late, None).await?;
    assert_eq!(decision, Decision::Late(date(2026, 1, 6)));
    assert_eq!(state.import(late.id).await?.map(|i| i.progress), Some(Progress::Registered));
    let (decision, _) = decide(&late, Some(date(2026, 1, 6))).await?;
    assert_eq!(decision, Decision::Taken(vec![Some(free)]));
    let (decision, _) = decide(&late, None).await?;
    assert!(matches!(decision, Decision::Taken(_)), "what is decided is decided");
    let other = data("late", 98, single("late", 98, "98.csv", 1, 1).kind);
    assert!(matches!(decide(&other, None).await?.0, Decision::Taken(_)), "another scope has other dates");
    Ok(())
}

async fn configurations_in_flight_are_counted<S: State>(state: &S) -> Result<()> {
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
    state.conclude(&second, &decided, &[&decided.place], None).await?;
    assert_eq!(counted().await?, of(2, 2), "a refused one is in flight no longer than its outcome is open");
    state.finish(second.id).await?;
    assert_eq!(counted().await?, of(2, 2));
    assert!(begins(turn.version, 2).await?);
    state.reconfigured(&place).await?;
    assert_eq!(counted().await?, of(3, 3), "an operator has changed something");
    assert_eq!(state.turn(&repository("nobody")).await?.configurations, of(0, 0));
    end(state, &file, Outcome::Imported).await
}

async fn an_unresolved_file_becomes_what_it_is<S: State>(state: &S) -> Result<()> {
    let place = repository("unresolved");
    let unresolved = |n: u32| ImportRun {
        file: format!("{n}.csv"),
        ..data("unresolved", n, Kind::Unresolved { settle_seconds: 10 })
    };
    let files = [unresolved(120), unresolved(121), unresolved(122), unresolved(123)];
    state.register(&files).await?;
    assert_eq!(state.register(&files[..1]).await?, &files[..1], "it is registered once");
    assert_eq!(state.unresolved(&place).await?, files);
    let is_open = async |id: ImportId| Ok::<_, Error>(state.unfinished().await?.iter().any(|i| i.id == id));
    assert!(is_open(files[0].id).await?, "a reconciliation finds it");
    assert_eq!(ready(state, &place).await?, None, "and it is no ready work");

    let kind = single("unresolved", 120, "120.csv", 0, 1).kind;
    for _ in 0..2 {
        let resolved = state.resolve(files[0].id, &kind).await?;
        assert_eq!(resolved.map(|import| import.kind), Some(kind.clone()));
    }
    let refusal =
        Refusal { outcome: Outcome::NotProcessed, reason: Reason::new("not-configured", "unknown") };
    let refused = Kind::Refused(refusal);
    let resolved = state.resolve(files[0].id, &refused).await?;
    assert_eq!(resolved.map(|import| import.kind), Some(kind), "the first call wins");
    assert!(!is_open(files[0].id).await?, "a data file is the sequencer's");
    assert_eq!(ready(state, &place).await?, Some(Ready::File(files[0].id)));

    let resolved = state.resolve(files[1].id, &refused).await?;
    assert_eq!(resolved.map(|import| import.kind), Some(refused));
    assert!(is_open(files[1].id).await?, "it has no outcome yet");

    // Members join the open generation, and the last one completes it.
    let group = GroupRef { id: "daily".to_owned(), last: 2, generation: 1 };
    for (slot, file) in (1..).zip(&files[2..]) {
        let kind = member("unresolved", 0, "daily", slot, 2, &file.file).kind;
        let resolved = state.resolve(file.id, &kind).await?;
        let joined = resolved.and_then(|import| match import.kind {
            Kind::Data { group, .. } => group.map(|place| place.group),
            _ => None,
        });
        assert_eq!(joined.as_ref(), Some(&group));
    }
    assert_eq!(state.unresolved(&place).await?, []);
    assert_eq!(
        ready(state, &place).await?,
        Some(Ready::Group(group.clone(), GroupRule::AllOrNothing)),
        "groups come first"
    );
    assert_eq!(state.next_member(&place, &group, true).await?, Some(files[2].id));
    assert_eq!(state.next_member(&place, &group, false).await?, Some(files[2].id));
    let queued: Vec<ImportId> = state.queued(&place, 10).await?.iter().map(|i| i.id).collect();
    assert_eq!(queued, [files[2].id, files[3].id, files[0].id]);
    let all = HistoryFilter { repository: Some(place.clone()), limit: 9, ..HistoryFilter::default() };
    assert_eq!(state.history(&all).await?.len(), 4, "each has one line in the ledger");
    let [single_file, _, members @ ..] = &files;
    for file in members.iter().chain([single_file]) {
        let Some(import) = state.import(file.id).await? else { unreachable!("it is registered") };
        end(state, &import, Outcome::Imported).await?;
    }
    state.close(&place, &group).await?;
    assert_eq!(ready(state, &place).await?, None);
    assert_eq!(state.resolve(id(129), &Kind::Archive).await?, None, "there is no such file");
    Ok(())
}

async fn the_latest_configuration_is_the_active_one<S: State>(state: &S) -> Result<()> {
    let place = repository("latest");
    for (n, universe, expected) in [
        (5, "acme", true),
        (5, "acme", true),
        (4, "acme", false),
        (4, "globex", true),
        (6, "acme", true),
        (5, "acme", false),
    ] {
        let noted = state.activates(&place, universe, id(n)).await?;
        assert_eq!(noted, expected, "configuration {n} of {universe}");
    }
    assert!(state.activates(&repository("other"), "acme", id(1)).await?, "another repository has its own");
    Ok(())
}

async fn a_universe_has_one_owner<S: State>(state: &S) -> Result<()> {
    let (ours, theirs) = (repository("ours"), repository("theirs"));
    assert_eq!(state.universe("owned").await?, None);
    assert!(!state.share("owned", &theirs, true).await?, "what nobody owns cannot be shared");
    assert_eq!(state.universe("owned").await?, None);
    for repository in [&ours, &theirs] {
        let owned = state.own("owned", repository).await?;
        assert_eq!((owned.name.as_str(), &owned.owner), ("owned", &ours), "the first one owns it");
        assert!(owned.admits(&ours) && !owned.admits(&theirs));
    }
    for is_shared in [true, true, false, false, true] {
        assert!(state.share("owned", &theirs, is_shared).await?);
        let owned = state.universe("owned").await?;
        assert_eq!(owned.map(|owned| owned.admits(&theirs)), Some(is_shared));
    }
    state.own("also-owned", &theirs).await?;
    let all = state.universes().await?;
    let named: Vec<(&str, usize)> = all.iter().map(|one| (one.name.as_str(), one.shared.len())).collect();
    assert_eq!(named, [("also-owned", 0), ("owned", 1)], "by name");
    Ok(())
}

/// What a day asks for: files that ended in a range of time, whenever they came.
async fn the_ledger_is_read_by_the_time_of_outcomes<S: State>(state: &S) -> Result<()> {
    let place = repository("ended");
    let files: Vec<ImportRun> =
        (0..5_u32).map(|n| single("ended", 140 + n, &format!("e{n}.csv"), 0, 1)).collect();
    state.register(&files).await?;
    // They do not end in the order in which they came, and the last one does not end at all.
    for (file, finished) in files.iter().zip([230, 210, 220, 240]) {
        let conclusion = Conclusion { finished: at(finished), ..conclusion(file, Outcome::Imported) };
        state.conclude(file, &conclusion, &[], None).await?;
        // The range holds from the decision on, also before it is carried out.
        if finished != 220 {
            state.finish(file.id).await?;
        }
    }
    let found = async |range: Range<u32>, limit| {
        let finished = Some(at(range.start)..at(range.end));
        let filter =
            HistoryFilter { repository: Some(place.clone()), finished, limit, ..HistoryFilter::default() };
        let found = state.history(&filter).await?;
        Ok::<_, Error>(found.into_iter().map(|import| import.id).collect::<Vec<_>>())
    };
    assert_eq!(found(210..240, 9).await?, [140, 142, 141].map(id), "the one that ended last first");
    assert_eq!(found(210..241, 2).await?, [143, 140].map(id), "the latest ones");
    assert_eq!(found(211..230, 9).await?, [id(142)], "the start is in it, the end is not");
    assert_eq!(found(0..210, 9).await?, []);
    assert_eq!(found(241..999, 9).await?, []);
    let named = HistoryFilter {
        finished: Some(at(0)..at(999)),
        file: Some("e1".to_owned()),
        limit: 9,
        ..HistoryFilter::default()
    };
    let found: Vec<ImportId> = state.history(&named).await?.iter().map(|i| i.id).collect();
    assert_eq!(found, [id(141)], "in all repositories, and with other conditions");
    Ok(())
}

async fn the_ledger_is_kept<S: State>(state: &S) -> Result<()> {
    let place = repository("ledger");
    let archive = data("ledger", 70, Kind::Archive);
    state.register(std::slice::from_ref(&archive)).await?;
    assert_eq!(state.members(archive.id).await?, Vec::new());
    assert!(state.unfinished().await?.iter().any(|i| i.id == archive.id), "an archive has work left");
    let mut children: Vec<ImportRun> =
        (0..3_u32).map(|n| single("ledger", 71 + n, &format!("m{n}.csv"), 0, 1)).collect();
    for child in &mut children {
        child.archive = Some((archive.id, archive.file.clone()));
    }
    state.register(&children).await?;
    let members: Vec<ImportId> = state.members(archive.id).await?.iter().map(|i| i.id).collect();
    assert_eq!(members, [71, 72, 73].map(id));
    let Some(first) = children.first() else { return Ok(()) };
    end(state, first, Outcome::Imported).await?;
    let Kind::Data { name, .. } = &first.kind else { return Ok(()) };
    let older = &DataName { date: date(2025, 12, 31), ..name.clone() };
    assert_eq!(state.later_date(&place, older, at(91)).await?, Some(date(2026, 1, 1)));
    assert_eq!(state.later_date(&place, name, at(91)).await?, None, "its own date is not later");
    assert_eq!(state.later_date(&place, older, at(90)).await?, None, "it was not imported before that");
    assert_eq!(state.later_date(&repository("nobody"), older, at(91)).await?, None);

    let all = HistoryFilter { repository: Some(place.clone()), limit: 100, ..HistoryFilter::default() };
    let found: Vec<ImportId> = state.history(&all).await?.iter().map(|i| i.id).collect();
    assert_eq!(found, [73, 72, 71, 70].map(id), "the latest first");
    let some = HistoryFilter { outcome: Some(Outcome::Imported), file: Some("m0".to_owned()), ..all };
    let found: Vec<ImportId> = state.history(&some).await?.iter().map(|i| i.id).collect();
    assert_eq!(found, [id(71)]);
    let of_content =
        HistoryFilter { outcome: None, file: None, sha256: Some("0".to_owned()), ..some.clone() };
    let found: Vec<ImportId> = state.history(&of_content).await?.iter().map(|i| i.id).collect();
    assert_eq!(found, [id(71)], "those that have their outcome know their content");
    let later = HistoryFilter { since: Some(at(72)), sha256: None, ..of_content };
    let found: Vec<ImportId> = state.history(&later).await?.iter().map(|i| i.id).collect();
    assert_eq!(found, [73, 72].map(id));
    let found = state.find_duplicate(&place, name, "00").await?.map(|import| import.id);
    assert_eq!(found, Some(first.id), "who brought a content first");
    assert_eq!(state.find_duplicate(&place, name, "11").await?, None);
    assert_eq!(state.find_duplicate(&repository("nobody"), name, "00").await?, None);
    assert_eq!(state.noticed("once").await?, None);
    assert_eq!(state.note("once", at(1)).await?, at(1));
    assert_eq!(state.note("once", at(2)).await?, at(1), "it was noted before");
    assert_eq!(state.noticed("once").await?, Some(at(1)));
    for again in [2, 3] {
        state.renew("again", at(again)).await?;
        assert_eq!(state.noticed("again").await?, Some(at(again)));
    }
    assert!(state.repositories().await?.contains(&place));

    state.keep_config("hash", b"document").await?;
    state.keep_config("hash", b"document").await?;
    assert_eq!(state.kept_config("hash").await?.as_deref(), Some(b"document".as_slice()));
    assert_eq!(state.kept_config("other").await?, None);
    Ok(())
}
