//! What a ledger of runs promises.

use std::ops::Range;

use jiff::civil::date;
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Place};
use tidewaiter::name::DataName;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::{GroupRef, GroupRule, Ready};

use super::super::{at, id, repository};
use super::{StateStore, claim, conclusion, data, end, member, name, ready, single};
use crate::ports::{
    Conclusion, Content, Decision, Delivery, DroppedObject, GroupQueue, HistoryFilter, ImportRun, Kind,
    Nature, Pinned, Problem, Progress, Refusal, RunLedger, SeenColumns, Source, Told, Trouble,
    UnlistedColumn, Unpacked,
};
use crate::{Error, Result};

pub(super) async fn an_import_goes_down_its_path_once<S: StateStore>(state: &S) -> Result<()> {
    let import = single("path", 1, "a.csv", 0, 1);
    assert_eq!(state.run(import.id).await?, None);
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
    let found = state.run(import.id).await?;
    assert_eq!(found.as_ref().map(|i| &i.progress), Some(&Progress::Started(full)));

    let decided = conclusion(&import, Outcome::Imported);
    let free = decided.place.renamed(import.id);
    let decision = state.conclude(&import, &decided, &[&decided.place], Told::default()).await?;
    assert_eq!(decision, Decision::Passed, "by who has seen it before it passed, nothing is decided");
    let import = found.unwrap_or(import);
    assert_eq!(
        state.conclude(&import, &decided, &[&decided.log, &decided.place], Told::default()).await?,
        Decision::Taken(vec![Some(decided.log.renamed(import.id)), Some(free)]),
        "the keys are taken with the decision"
    );
    assert_eq!(claim(state, &decided.place, import.id).await?, None, "it is ours");
    let other = Conclusion { outcome: Outcome::Bogus, ..decided.clone() };
    let elsewhere = Key::placed(Place::Bogus, &import.repository, &import.file);
    assert_eq!(
        state.conclude(&import, &other, &[&elsewhere], Told::default()).await?,
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
    let found = state.run(import.id).await?;
    assert_eq!(found.map(|i| i.progress), Some(Progress::Done(decided.clone())));
    assert_eq!(state.unmailed().await?, [import.id]);
    let trouble = Trouble { at: at(99), why: "refused".to_owned() };
    state.mailed(import.id, &Delivery::Delayed(trouble.clone())).await?;
    assert_eq!(state.unmailed().await?, [import.id], "a mail that no recipient has stays due");
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
async fn mail_of<S: RunLedger>(state: &S, id: ImportId) -> Result<Option<(bool, Option<Trouble>)>> {
    Ok(match state.run(id).await?.map(|import| import.progress) {
        Some(Progress::Done(done)) => Some((done.mail_due, done.mail_trouble)),
        _ => None,
    })
}

/// Its event and a reconciliation that found it may give it other ids.
pub(super) async fn a_version_is_registered_once<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
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
    assert_eq!(state.unregistered(all.to_vec()).await?, all, "their versions are not registered");
    assert_eq!(state.register(std::slice::from_ref(&first)).await?, std::slice::from_ref(&first));
    for _ in 0..2 {
        assert_eq!(state.register(std::slice::from_ref(&again)).await?, std::slice::from_ref(&first));
    }
    assert_eq!(state.run(again.id).await?, None, "no version is imported twice");
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

pub(super) async fn a_file_that_came_late_says_so<S: RunLedger>(state: &S) -> Result<()> {
    // Each is imported at 90. Those with lower numbers came before that.
    let file = |n: u32, day: i8| single("late", n, &format!("{n}.csv"), 0, day);
    let decide = async |import: &ImportRun, late| {
        state.register(std::slice::from_ref(import)).await?;
        let conclusion = conclusion(import, Outcome::Imported);
        let told = Told { late, ..Told::default() };
        let decision = state.conclude(import, &conclusion, &[&conclusion.place], told).await?;
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
    assert_eq!(state.run(late.id).await?.map(|i| i.progress), Some(Progress::Registered));
    let (decision, _) = decide(&late, Some(date(2026, 1, 6))).await?;
    assert_eq!(decision, Decision::Taken(vec![Some(free)]));
    let (decision, _) = decide(&late, None).await?;
    assert!(matches!(decision, Decision::Taken(_)), "what is decided is decided");
    let other = data("late", 98, single("late", 98, "98.csv", 1, 1).kind);
    assert!(matches!(decide(&other, None).await?.0, Decision::Taken(_)), "another scope has other dates");
    Ok(())
}

pub(super) async fn an_unresolved_file_becomes_what_it_is<S: RunLedger + GroupQueue>(
    state: &S,
) -> Result<()> {
    let place = repository("unresolved");
    let unresolved = |n: u32| ImportRun {
        file: format!("{n}.csv"),
        ..data("unresolved", n, Kind::Unresolved { settle_seconds: 10, unpacked: None })
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
        let Some(import) = state.run(file.id).await? else { unreachable!("it is registered") };
        end(state, &import, Outcome::Imported).await?;
    }
    state.close(&place, &group).await?;
    assert_eq!(ready(state, &place).await?, None);
    assert_eq!(state.resolve(id(129), &Kind::Archive).await?, None, "there is no such file");
    Ok(())
}

pub(super) async fn an_archive_of_one_file_becomes_that_file<S: RunLedger + GroupQueue>(
    state: &S,
) -> Result<()> {
    let place = repository("lone");
    let archives = [130, 131, 132].map(|n| data("lone", n, Kind::Archive));
    let [first, second, third] = &archives;
    state.register(&archives).await?;
    let unpacked = |n: u32| {
        let source = Source { key: format!("unpacked/lone/{n}"), version: None };
        Some(Box::new(Unpacked {
            file: format!("{n}.csv"),
            source,
            bytes: 7,
            notes: vec!["a note".to_owned()],
        }))
    };
    let mut file = single("lone", 130, "130.csv", 0, 1).kind;
    if let Kind::Data { unpacked: held, .. } = &mut file {
        *held = unpacked(130);
    }
    let other = Kind::Unresolved { settle_seconds: 10, unpacked: unpacked(131) };
    for kind in [&file, &other] {
        let resolved = state.resolve(first.id, kind).await?;
        assert_eq!(resolved.map(|import| import.kind), Some(file.clone()), "the first call wins");
    }
    assert_eq!(ready(state, &place).await?, Some(Ready::File(first.id)), "it is ready work");
    let unfinished = state.unfinished().await?;
    assert!(unfinished.iter().all(|import| import.id != first.id), "a data file is the sequencer's");
    // A worker that still takes it for an archive decides nothing: the outputs of the file have other keys.
    let refused = conclusion(first, Outcome::Bogus);
    assert_eq!(state.conclude(first, &refused, &[], Told::default()).await?, Decision::Passed);

    // One whose name nothing is configured for waits as a file does.
    let resolved = state.resolve(second.id, &other).await?;
    assert_eq!(resolved.map(|import| import.kind), Some(other));
    let unresolved: Vec<ImportId> = state.unresolved(&place).await?.iter().map(|i| i.id).collect();
    assert_eq!(unresolved, [second.id]);

    // A workbook waits for its import before its sheet is read, and is that file from then on.
    let workbook = data("lone", 133, Kind::Unresolved { settle_seconds: 10, unpacked: None });
    state.register(std::slice::from_ref(&workbook)).await?;
    let mut sheet = single("lone", 133, "133.csv", 0, 1).kind;
    if let Kind::Data { unpacked: held, .. } = &mut sheet {
        *held = unpacked(133);
    }
    for kind in [Kind::Archive, sheet.clone()] {
        let resolved = state.resolve(workbook.id, &kind).await?;
        assert_eq!(resolved.map(|import| import.kind), Some(kind.clone()));
        let is_open = state.unfinished().await?.iter().any(|import| import.id == workbook.id);
        assert_eq!(is_open, kind == Kind::Archive, "a reconciliation finds it until it is a file");
    }
    let unresolved: Vec<ImportId> = state.unresolved(&place).await?.iter().map(|i| i.id).collect();
    assert_eq!(unresolved, [second.id]);

    // One that has its outcome stays what it is.
    end(state, third, Outcome::Bogus).await?;
    assert_eq!(state.resolve(third.id, &file).await?.map(|import| import.kind), Some(Kind::Archive));
    for archive in [first, second, &workbook] {
        let Some(import) = state.run(archive.id).await? else { unreachable!("it is registered") };
        end(state, &import, Outcome::Imported).await?;
    }
    assert_eq!((ready(state, &place).await?, state.unresolved(&place).await?), (None, Vec::new()));
    Ok(())
}

pub(super) async fn the_ledger_is_kept<S: RunLedger + GroupQueue>(state: &S) -> Result<()> {
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
    assert!(state.repositories().await?.contains(&place));
    Ok(())
}

/// What a day asks for: files that ended in a range of time, whenever they came.
pub(super) async fn the_ledger_is_read_by_the_time_of_outcomes<S: RunLedger>(state: &S) -> Result<()> {
    let place = repository("ended");
    let files: Vec<ImportRun> =
        (0..5_u32).map(|n| single("ended", 140 + n, &format!("e{n}.csv"), 0, 1)).collect();
    state.register(&files).await?;
    // They do not end in the order in which they came, and the last one does not end at all.
    for (file, finished) in files.iter().zip([230, 210, 220, 240]) {
        let conclusion = Conclusion { finished: at(finished), ..conclusion(file, Outcome::Imported) };
        state.conclude(file, &conclusion, &[], Told::default()).await?;
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

pub(super) async fn a_problem_is_open_until_it_is_settled<S: StateStore>(state: &S) -> Result<()> {
    let [first, second] = [(170, "bad.csv"), (171, "bad.csv")].map(|(n, file)| single("open", n, file, 0, 1));
    let repository = &first.repository;
    state.register(&[first.clone(), second.clone()]).await?;
    let listed = async || {
        let problems = state.problems(repository).await?;
        Ok::<_, Error>(problems.into_iter().map(|run| run.id).collect::<Vec<_>>())
    };
    for run in [&second, &first] {
        let conclusion = Conclusion { problem: Some(Problem::Open), ..conclusion(run, Outcome::Imported) };
        state.conclude(run, &conclusion, &[&conclusion.log], Told::default()).await?;
        state.finish(run.id).await?;
    }
    assert_eq!(listed().await?, [first.id, second.id], "by id");
    let log = Key::log(repository, "bad.csv");
    let places = [log.renamed(first.id), log.clone(), Key::log(repository, "other.csv")];
    assert!(state.owners(&places[2..]).await?.is_empty());
    assert_eq!(state.owners(&places[1..]).await?, [first.id].into(), "it took the key last");
    let resolved = Problem::Resolved { by: second.id };
    assert!(state.settle(first.id, &resolved).await?);
    assert_eq!(listed().await?, [second.id]);
    let dismissed = Problem::Dismissed { at: at(95), by: "ada@host".to_owned(), reason: None };
    assert!(!state.settle(first.id, &dismissed).await?, "it is over");
    assert!(!state.settle(id(179), &dismissed).await?, "there is no such run");
    let kept = state.run(first.id).await?;
    assert_eq!(kept.and_then(|run| run.conclusion()?.problem.clone()), Some(resolved));
    assert!(state.settle(second.id, &dismissed).await?);
    assert!(listed().await?.is_empty());
    Ok(())
}

pub(super) async fn ignored_columns_are_remembered_with_the_outcome<S: RunLedger>(state: &S) -> Result<()> {
    let place = repository("columns");
    let file = |n: u32, scope: &str| {
        let name = name(&format!("{n}.csv"), scope, 1);
        data("columns", n, Kind::Data { name, rank: 0, settle_seconds: 10, group: None, unpacked: None })
    };
    let column = |number: usize, label: &str| UnlistedColumn { number, label: label.to_owned() };
    let of = name("any.csv", "contacts", 9);
    let none = state.seen_columns(&place, &of).await?;
    assert_eq!(none, SeenColumns::default());
    let first = none.with(&[column(1, "a")]).unwrap_or_default();
    let decide = async |import: &ImportRun, outcome: Outcome, columns: &SeenColumns| {
        state.register(std::slice::from_ref(import)).await?;
        let conclusion = conclusion(import, outcome);
        let told = Told { late: None, columns: Some(columns) };
        state.conclude(import, &conclusion, &[], told).await
    };
    let one = file(2_001, "contacts");
    // Twice, as after an answer that was lost.
    for _ in 0..2 {
        assert_eq!(decide(&one, Outcome::Imported, &first).await?, Decision::Taken(Vec::new()));
    }
    let held = state.seen_columns(&place, &of).await?;
    assert_eq!((held.labels.as_slice(), held.revision), (&["a".to_owned()][..], 1));
    // A run whose report uses an older list decides nothing: another run has added to the list.
    let (two, three) = (file(2_002, "contacts"), file(2_003, "contacts"));
    let older = none.with(&[column(1, "b")]).unwrap_or_default();
    assert_eq!(decide(&two, Outcome::Imported, &older).await?, Decision::Columns);
    assert_eq!(state.run(two.id).await?.map(|run| run.progress), Some(Progress::Registered));
    let newer = held.with(&[column(1, "b")]).unwrap_or_default();
    assert_eq!(decide(&two, Outcome::Imported, &newer).await?, Decision::Taken(Vec::new()));
    assert_eq!(decide(&three, Outcome::Imported, &newer).await?, Decision::Columns);
    // What another try decided stays, and so does what is remembered.
    let last = state.seen_columns(&place, &of).await?;
    let late = last.with(&[column(1, "c")]).unwrap_or_default();
    assert!(matches!(decide(&two, Outcome::Bogus, &late).await?, Decision::Before(_)));
    assert_eq!(state.seen_columns(&place, &of).await?, last);
    assert_eq!((last.labels.as_slice(), last.revision), (&["a".to_owned(), "b".to_owned()][..], 2));
    // Another import has its own.
    assert_eq!(state.seen_columns(&place, &name("any.csv", "orders", 9)).await?, none);
    assert_eq!(state.seen_columns(&repository("other-columns"), &of).await?, none);
    Ok(())
}
