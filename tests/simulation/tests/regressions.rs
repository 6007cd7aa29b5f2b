//! What the simulation found, each by itself: the calls that break are named, nothing is left to chance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::Report;
use tidewaiter_engine::ports::{
    Conclusion, ConfigStore, DroppedObject, GroupQueue, KeptReport, Message, Nature, News, Progress, Records,
    RunLedger, Source, Task,
};
use tidewaiter_simulation::gate::{Call, Verdict, drive};
use tidewaiter_simulation::process::{Function, Process};
use tidewaiter_simulation::scenario::{Data, Dropped, Member, Partner, Variant, What, tar};
use tidewaiter_simulation::watch::{Upload, Watch};
use tidewaiter_simulation::world::{Body, Envelope, Inner, Rates, World, at};
use tidewaiter_tests::generate::Chance;

const CONFIG: Variant = Variant {
    strict: false,
    clear: false,
    create: false,
    reports: true,
    alerts: false,
    shop: true,
    all_or_nothing: false,
    settle_seconds: 0,
    alert_after_hours: None,
    expire_after_hours: None,
};

fn world() -> Arc<World> {
    world_with(CONFIG)
}

fn world_with(config: Variant) -> Arc<World> {
    let repository: Repository = "acme".parse().unwrap();
    let partner = Partner { repository, universe: "acme", variants: vec![config], is_configured: true };
    let world = World::new(Chance::new(1), Rates::default(), Watch::new(vec![partner]), false).unwrap();
    world.with(|inner| inner.bucket.put("config/acme/acme.json", config.document("acme"), false)).unwrap();
    world
}

/// A file that is no data file, dropped as the `n`th.
fn drop_notes(world: &World, n: i64, content: &'static str) -> Body {
    drop(world, n, "notes.txt", &Bytes::from_static(content.as_bytes()), What::Junk)
}

fn drop(world: &World, n: i64, file: &str, bytes: &Bytes, what: What) -> Body {
    drop_in(world, "acme", n, file, bytes, what)
}

fn drop_in(world: &World, repository: &str, n: i64, file: &str, bytes: &Bytes, what: What) -> Body {
    let key = format!("imports/{repository}/{file}");
    let arrived = at(1_790_000_000_000 + n);
    let import = ImportId::new(arrived, n.unsigned_abs().into());
    let source = world.with(|inner| {
        let version = inner.bucket.put(&key, bytes.clone(), false).ok();
        let source = Source { key, version };
        let dropped = Dropped { partner: 0, file: file.to_owned(), bytes: bytes.clone(), what };
        inner.watch.uploaded(import, Upload::new(dropped, source.clone()));
        source
    });
    let (repository, file) = (repository.parse().unwrap(), file.to_owned());
    let (bytes, nature) = (bytes.len() as u64, Nature::File);
    Body::Upload(DroppedObject { repository, file, import, source, nature, bytes, arrived })
}

/// Has a new process treat a message. None if it was killed; true if it came to its end.
async fn treat(
    world: &Arc<World>,
    body: &Body,
    decide: impl FnMut(&Call) -> Option<Verdict>,
) -> Option<bool> {
    treat_late(world, body, 0, decide).await
}

/// The same, with a clock that is so many milliseconds ahead of that of the others.
async fn treat_late(
    world: &Arc<World>,
    body: &Body,
    late: i64,
    decide: impl FnMut(&Call) -> Option<Verdict>,
) -> Option<bool> {
    let process = Process::new(Arc::clone(world), 1, Function::of(body), late, 1, Duration::ZERO);
    drive(process.lane(), process.handle(body, 1), decide).await.map(|done| done.is_ok())
}

/// Has another process treat a message for the second time.
async fn treat_again(world: &Arc<World>, body: &Body) {
    let process = Process::new(Arc::clone(world), 2, Function::of(body), 0, 1, Duration::ZERO);
    let again = drive(process.lane(), process.handle(body, 2), go).await;
    assert!(again.is_some_and(|done| done.is_ok()));
}

#[expect(clippy::unnecessary_wraps, reason = "others kill")]
fn go(_: &Call) -> Option<Verdict> {
    Some(Verdict::Go)
}

async fn ended(world: &World, body: &Body) -> Conclusion {
    let Body::Upload(dropped) = body else { panic!("{body:?}") };
    let import = world.state.run(dropped.import).await.unwrap().unwrap();
    let Progress::Done(conclusion) = import.progress else { panic!("{import:?}") };
    conclusion
}

/// A file of contacts, dropped as the `n`th, until it is handed out to be imported: its event, and that message.
async fn handed_out(world: &Arc<World>, n: i64, bytes: &'static [u8]) -> (Body, Body) {
    let bytes = Bytes::from_static(bytes);
    let data = Data { group: None, bytes: bytes.clone(), ..member(1).data };
    let event = drop(world, n, "acme_contacts_crm_20260101.csv", &bytes, What::Data(data));
    let work = hand_out(world, &event).await;
    (event, work)
}

/// Treats the event of a file, and has the sequencer hand the file out: the message that says so.
async fn hand_out(world: &Arc<World>, event: &Body) -> Body {
    let Body::Upload(dropped) = event else { panic!("{event:?}") };
    assert_eq!(treat(world, event, go).await, Some(true));
    let poke = Message::Sequence { repository: dropped.repository.clone(), news: News::Poke, known: None };
    assert_eq!(treat(world, &Body::Message(poke), go).await, Some(true));
    Body::Message(Message::Work { import: dropped.import, task: Task::Import, known: None, landed: 0 })
}

/// Another copy of a message comes now, to a process with such a clock, which does all of it.
fn all_at_once(world: &Arc<World>, body: &Body, late: i64) {
    let treated = meanwhile(async || treat_late(world, body, late, go).await);
    assert_eq!(treated, Some(true));
}

/// Something happens now, while a process is held up at a call.
fn meanwhile<T: Send>(what: impl AsyncFnOnce() -> T + Send) -> T {
    let other = || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(what())
    };
    std::thread::scope(|scope| scope.spawn(other).join()).unwrap()
}

/// Somebody deletes the version that was dropped for good, which partners may not.
fn delete_for_good(world: &World, event: &Body) {
    let Body::Upload(DroppedObject { source, .. }) = event else { panic!("{event:?}") };
    world.with(|inner| inner.bucket.delete(&source.key, source.version.as_deref()));
}

fn content(world: &World, key: &str) -> Option<Bytes> {
    world.with(|inner| inner.bucket.content(key, None))
}

/// Whom to tell was asked of the configuration; if that failed for a moment, nobody was told, ever.
#[tokio::test]
async fn a_configuration_that_cannot_be_listed_for_a_moment_costs_nobody_a_mail() {
    let world = world();
    let notes = drop_notes(&world, 1, "for whom?");
    let mut lists = 0;
    let fails = |call: &Call| {
        lists += usize::from(call.name == "objects.list");
        Some(if lists == 2 && call.name == "objects.list" { Verdict::FailBefore } else { Verdict::Go })
    };
    // The second list is the one for the mail, after that for the name.
    let first = treat(&world, &notes, fails).await;
    if first != Some(true) {
        assert_eq!(treat(&world, &notes, go).await, Some(true));
    }
    assert!(ended(&world, &notes).await.mail_due, "somebody is told");
}

/// The second file took the keys of the first, which was on its way there; the first then took them back, and the
/// ledger said of both that they were elsewhere.
#[tokio::test]
async fn a_name_used_again_while_its_file_is_brought_to_its_place_waits_for_it() {
    let world = world();
    let (first, second) = (drop_notes(&world, 1, "one"), drop_notes(&world, 2, "two"));
    let dies = |call: &Call| (call.name != "objects.copy").then_some(Verdict::Go);
    assert_eq!(treat(&world, &first, dies).await, None);
    assert_eq!(treat(&world, &second, go).await, Some(false), "it waits");
    assert_eq!(treat(&world, &first, go).await, Some(true));
    assert_eq!(treat(&world, &second, go).await, Some(true));
    for (notes, bytes) in [(&first, "one"), (&second, "two")] {
        let ended = ended(&world, notes).await;
        assert_eq!(content(&world, ended.place.as_str()).unwrap(), bytes, "{}", ended.place);
        assert!(content(&world, ended.log.as_str()).is_some(), "{}", ended.log);
    }
    assert_eq!(
        world.with(|inner| inner.bucket.current("").count()),
        5,
        "two files, two logs, a configuration"
    );
}

fn member(slot: u8) -> Member {
    let bytes = Bytes::from_static(b"email\na@x.org\n");
    let data = Data {
        scope: "contacts",
        subsection: "crm",
        group: Some(("g".to_owned(), slot, 2)),
        day: 1,
        columns: vec!["email".to_owned()],
        is_valid: true,
        lines: Vec::new(),
        bytes,
    };
    Member { file: format!("g.{slot:02}-02_acme_contacts_crm_20260101.csv"), data }
}

/// An unpack that failed in the midst of an archive removed what it had written. Another copy of the same message had
/// written the same, and registered it: the members were waiting for their group, and their bytes were nowhere.
#[tokio::test]
async fn an_unpack_that_fails_leaves_the_members_that_another_one_registered() {
    let world = world();
    let members = vec![member(1), member(2)];
    let archive = drop(&world, 1, "monday.tar", &tar(&members).into(), What::Archive(Some(members)));
    let Body::Upload(dropped) = &archive else { panic!("{archive:?}") };
    let mut puts = 0;
    let overtaken = |call: &Call| {
        puts += usize::from(call.name == "objects.put");
        if call.name != "objects.put" || puts != 2 {
            return Some(Verdict::Go);
        }
        all_at_once(&world, &archive, 0);
        Some(Verdict::FailBefore)
    };
    assert_eq!(treat(&world, &archive, overtaken).await, Some(false));
    for n in [0, 1] {
        let member = world.state.run(dropped.import.member(n)).await.unwrap().unwrap();
        assert!(content(&world, &member.source.key).is_some(), "{} is there", member.source.key);
    }
}

/// A report that is too long for the state was written under one key by each try. Whoever had been held up wrote its
/// own over the one that was decided, and log and report of a file told different stories.
#[tokio::test]
async fn a_report_that_was_decided_is_not_written_over_by_who_was_held_up() {
    let entries: Vec<String> =
        (0..40).map(|n| format!(r#""subsection{n}": {{ "nonexistent{n}": "upsert" }}"#)).collect();
    let document = format!(r#"{{ "acme": {{ "contacts": {{ {} }} }} }}"#, entries.join(", "));
    // It dies at its first or second write, or not at all.
    for dies_at in 1..=3 {
        let world = world();
        let mistaken = drop(&world, 1, "acme_imports_config.json", &document.clone().into(), What::Junk);
        let mut puts = 0;
        let overtaken = |call: &Call| {
            puts += usize::from(call.name == "objects.put");
            if call.name == "objects.put" && puts == 1 {
                all_at_once(&world, &mistaken, 1_000);
            }
            Some(if call.name == "objects.put" && puts == dies_at { Verdict::DieAfter } else { Verdict::Go })
        };
        treat(&world, &mistaken, overtaken).await;
        assert_eq!(treat(&world, &mistaken, go).await, Some(true));
        let ended = ended(&world, &mistaken).await;
        let KeptReport::At(kept) = &ended.report else { panic!("it is too long for the state") };
        let report: Report = serde_json::from_slice(&content(&world, kept.as_str()).unwrap()).unwrap();
        assert_eq!(content(&world, ended.log.as_str()).unwrap(), Log.render(&report));
        let logs = world.with(|inner| inner.bucket.current("logs/").count());
        assert_eq!(logs, 2, "a log and a report, and nothing else is left behind");
    }
}

/// Whoever had been held up wrote a report when the outcome was decided, died before it was removed, and nobody came
/// after it.
#[tokio::test]
async fn who_is_too_late_leaves_no_report_behind() {
    let entries: Vec<String> =
        (0..40).map(|n| format!(r#""subsection{n}": {{ "nonexistent{n}": "upsert" }}"#)).collect();
    let document = format!(r#"{{ "acme": {{ "contacts": {{ {} }} }} }}"#, entries.join(", "));
    let world = world();
    let mistaken = drop(&world, 1, "acme_imports_config.json", &document.into(), What::Junk);
    let mut puts = 0;
    let overtaken = |call: &Call| {
        puts += usize::from(call.name == "objects.put");
        if call.name == "objects.put" && puts == 1 {
            all_at_once(&world, &mistaken, 1_000);
        }
        (call.name != "objects.delete").then_some(Verdict::Go)
    };
    treat(&world, &mistaken, overtaken).await;
    assert!(
        matches!(ended(&world, &mistaken).await.report, KeptReport::At(_)),
        "it is too long for the state"
    );
    let logs = world.with(|inner| inner.bucket.current("logs/").count());
    assert_eq!(logs, 2, "a log and a report");
}

/// Of two that check a file of a group that is all or nothing, one passes it. Then it is deleted, and the other one gave
/// it an outcome, which nobody was waiting for any more: the rest of the group was imported without it.
#[tokio::test]
async fn a_file_that_is_gone_when_it_has_passed_stops_its_group() {
    let world = world_with(Variant { all_or_nothing: true, ..CONFIG });
    let [first, second] = [1, 2].map(|slot| {
        let Member { file, data } = member(slot);
        drop(&world, slot.into(), &file, &data.bytes.clone(), What::Data(data))
    });
    assert_eq!(treat(&world, &second, go).await, Some(true));
    let check = sent(&world, &first).await;
    let mut reads = 0;
    let overtaken = |call: &Call| {
        reads += usize::from(call.name == "objects.read");
        if call.name == "objects.read" && reads == 1 {
            all_at_once(&world, &check, 0);
            delete_for_good(&world, &first);
        }
        Some(Verdict::Go)
    };
    assert_eq!(treat(&world, &check, overtaken).await, Some(false), "it leaves it to whose turn it will be");
    let next = |inner: &mut Inner| {
        let at = inner.queue.iter().position(|envelope| {
            matches!(envelope.body, Body::Message(Message::Work { .. } | Message::Sequence { .. }))
        })?;
        Some(inner.queue.remove(at).body)
    };
    while let Some(body) = world.with(next) {
        if treat(&world, &body, go).await == Some(false) {
            treat_again(&world, &body).await;
        }
    }
    assert_eq!(ended(&world, &first).await.code.as_deref(), Some("gone"));
    assert_eq!(ended(&world, &second).await.code.as_deref(), Some("group-stopped"));
    assert!(world.records.scan("contacts", None, 10).await.unwrap().is_empty());
}

/// Who had read a file before it was deleted loaded it when its outcome was decided, and it was the turn of the next.
#[tokio::test]
async fn nothing_is_loaded_of_a_file_that_was_found_to_be_gone() {
    let world = world();
    let (event, work) = handed_out(&world, 1, b"email\na@x.org\n").await;
    let overtaken = |call: &Call| {
        if call.name == "records.apply" {
            delete_for_good(&world, &event);
            all_at_once(&world, &work, 0);
        }
        Some(Verdict::Go)
    };
    assert_eq!(treat(&world, &work, overtaken).await, Some(true));
    let report = match ended(&world, &event).await {
        Conclusion { code: Some(code), report: KeptReport::Here(report), .. } if code == "gone" => report,
        other => panic!("{other:?}"),
    };
    assert_eq!(report.notes, Vec::<String>::new(), "nothing of it was loaded, and nothing else is said");
    assert!(world.records.scan("contacts", None, 10).await.unwrap().is_empty());
}

/// Batches of a repository, dropped as the `n`th: its event.
fn batches(world: &World, repository: &str, n: i64, subsection: &'static str, ids: &[&str]) -> Body {
    let mut bytes = b"batch_id;batch_date\n".to_vec();
    for id in ids {
        bytes.extend_from_slice(format!("{id};2026-01-31T02:00:00Z\n").as_bytes());
    }
    let bytes = Bytes::from(bytes);
    let data = Data { scope: "batch", subsection, group: None, bytes: bytes.clone(), ..member(1).data };
    let file = format!("acme_batch_{subsection}_20260101.csv");
    drop_in(world, repository, n, &file, &bytes, What::Data(data))
}

/// Of two that check the same file, one passes it and has loaded half of it; then another repository adds to the same
/// universe, and the other one finds that too much would go.
#[tokio::test]
async fn a_file_that_is_being_loaded_is_not_refused_for_what_others_have_added_since() {
    let (world, full, work) = replacing().await;
    let mut scans = 0;
    let overtaken = |call: &Call| {
        scans += usize::from(call.name == "records.scan");
        if call.name == "records.scan" && scans == 1 {
            meanwhile(async || half_loaded(&world, &work).await);
        }
        Some(Verdict::Go)
    };
    assert_eq!(
        treat(&world, &work, overtaken).await,
        Some(false),
        "it leaves it to the one that is loading it"
    );
    assert_eq!(scans, 2, "it counts once: a page, and an empty one behind it");
    has_replaced_all(&world, &full, &work).await;
}

/// Who tries a file again looks whether something of it is loaded, whatever the message says that was sent before.
#[tokio::test]
async fn a_file_that_is_tried_again_is_not_refused_for_what_others_have_added_since() {
    let (world, full, work) = replacing().await;
    half_loaded(&world, &work).await;
    has_replaced_all(&world, &full, &work).await;
}

/// Another repository imports into the same universe, as an operator has decided.
async fn share_with_globex(world: &World) {
    world.with(|inner| inner.bucket.put("config/globex/acme.json", CONFIG.document("acme"), false)).unwrap();
    world.state.own("acme", &"acme".parse().unwrap()).await.unwrap();
    assert!(world.state.share("acme", &"globex".parse().unwrap(), true).await.unwrap());
}

/// Two batches are there. A file that replaces them by one of them is handed out: its event, and the message that the
/// sequencer has sent.
async fn replacing() -> (Arc<World>, Body, Body) {
    let world = world();
    share_with_globex(&world).await;
    let earlier = batches(&world, "acme", 1, "crm", &["B1", "B2"]);
    assert_eq!(treat(&world, &sent(&world, &earlier).await, go).await, Some(true));
    sequence(&world).await;
    let full = batches(&world, "acme", 2, "full", &["B1"]);
    let work = sent(&world, &full).await;
    (world, full, work)
}

/// Who has landed a file goes on with the next one, and fails when half of it is loaded: whoever gets the message knows
/// that it was tried.
#[tokio::test]
async fn a_file_that_was_tried_on_the_way_is_not_refused_for_what_others_have_added_since() {
    let world = world();
    share_with_globex(&world).await;
    let earlier = batches(&world, "acme", 1, "crm", &["B1", "B2"]);
    let full = batches(&world, "acme", 2, "full", &["B1"]);
    assert_eq!(treat(&world, &full, go).await, Some(true));
    let work = sent(&world, &earlier).await;
    let fails =
        |call: &Call| Some(if call.name == "records.sweep" { Verdict::FailBefore } else { Verdict::Go });
    assert_eq!(treat(&world, &work, fails).await, Some(true), "the first one is landed");
    let others = batches(&world, "globex", 3, "crm", &["B3", "B4", "B5", "B6"]);
    let theirs = hand_out(&world, &others).await;
    assert_eq!(treat(&world, &theirs, go).await, Some(true));
    assert_eq!(treat(&world, &waiting(&world, &full), go).await, Some(true), "it goes on with it");
    sequence(&world).await;
    assert_eq!(ended(&world, &full).await.code, None);
}

/// Treats the event of a file: the message with which the sequencer then hands it out.
async fn sent(world: &Arc<World>, event: &Body) -> Body {
    assert_eq!(treat(world, event, go).await, Some(true));
    sequence(world).await;
    waiting(world, event)
}

/// The message that hands a file out.
fn waiting(world: &World, event: &Body) -> Body {
    let Body::Upload(dropped) = event else { panic!("{event:?}") };
    let is_it = |body: &Body| matches!(body, Body::Message(Message::Work { import, .. }) if *import == dropped.import);
    let queued = |inner: &mut Inner| {
        inner.queue.iter().map(|envelope| &envelope.body).find(|body| is_it(body)).cloned()
    };
    world.with(queued).unwrap()
}

/// Treats what is queued for the sequencer.
async fn sequence(world: &Arc<World>) {
    let is_news = |envelope: &Envelope| matches!(envelope.body, Body::Message(Message::Sequence { .. }));
    let next = |inner: &mut Inner| {
        let at = inner.queue.iter().position(is_news)?;
        Some(inner.queue.remove(at).body)
    };
    while let Some(news) = world.with(next) {
        assert_eq!(treat(world, &news, go).await, Some(true));
    }
}

/// Whoever has the file dies when its lines are loaded, and another repository adds four batches.
async fn half_loaded(world: &Arc<World>, work: &Body) {
    let dies = |call: &Call| (call.name != "records.sweep").then_some(Verdict::Go);
    assert_eq!(treat(world, work, dies).await, None);
    let others = batches(world, "globex", 3, "crm", &["B3", "B4", "B5", "B6"]);
    let work = hand_out(world, &others).await;
    assert_eq!(treat(world, &work, go).await, Some(true));
}

/// Who comes next goes on with the file, to its end.
async fn has_replaced_all(world: &Arc<World>, full: &Body, work: &Body) {
    treat_again(world, work).await;
    sequence(world).await;
    assert_eq!(ended(world, full).await.code, None);
    let records = world.records.scan("batch", None, 10).await.unwrap();
    let left: Vec<&str> = records.iter().map(|stored| stored.key.as_str()).collect();
    assert_eq!(left, ["B1"], "what it does not name is gone, whoever brought it");
}

/// The ledger said of the rejected lines of an earlier file that they were kept under another name, since a later file
/// had taken their key. It was deleted before they were.
#[tokio::test]
async fn rejected_lines_are_where_the_ledger_says_when_the_file_that_took_their_key_is_gone() {
    let world = world();
    let (first, work) = handed_out(&world, 1, b"email\nnobody\na@x.org\n").await;
    assert_eq!(treat(&world, &work, go).await, Some(true));
    let poke = Message::Sequence { repository: "acme".parse().unwrap(), news: News::Poke, known: None };
    assert_eq!(treat(&world, &work, go).await, Some(true), "it is written down that it is done");
    assert_eq!(treat(&world, &Body::Message(poke), go).await, Some(true));
    let (second, work) = handed_out(&world, 2, b"email\nno one\na@x.org\n").await;
    let mut has_claimed = false;
    let dies = |call: &Call| {
        let dies = has_claimed;
        has_claimed |= call.name == "state.claim";
        (!dies).then_some(Verdict::Go)
    };
    assert_eq!(treat(&world, &work, dies).await, None, "it dies when it has taken the key");
    delete_for_good(&world, &second);
    assert_eq!(treat(&world, &work, go).await, Some(true));
    assert_eq!(treat(&world, &work, go).await, Some(true), "it is written down that it is done");
    assert_eq!(ended(&world, &second).await.code.as_deref(), Some("gone"));
    let badlines = ended(&world, &first).await.badlines.unwrap();
    assert_eq!(content(&world, badlines.as_str()).unwrap(), "email\nnobody\n", "{badlines}");
}

/// Whoever is held up when it writes a log over that of an earlier file does not write over that of a later one.
#[tokio::test]
async fn what_came_since_is_not_written_over() {
    let world = world();
    let (_, work) = handed_out(&world, 1, b"email\na@x.org\n").await;
    assert_eq!(treat(&world, &work, go).await, Some(true));
    sequence(&world).await;
    let (_, work) = handed_out(&world, 2, b"email\nb@x.org\n").await;
    let (mut has_claimed, mut later) = (false, None);
    let overtaken = |call: &Call| {
        if call.name == "objects.put" && has_claimed && later.is_none() {
            later = Some(meanwhile(async || {
                assert_eq!(treat(&world, &work, go).await, Some(true));
                sequence(&world).await;
                let (event, next) = handed_out(&world, 3, b"email\nc@x.org\n").await;
                assert_eq!(treat(&world, &next, go).await, Some(true));
                sequence(&world).await;
                event
            }));
        }
        has_claimed |= call.name == "state.claim";
        Some(Verdict::Go)
    };
    treat(&world, &work, overtaken).await;
    let ended = ended(&world, &later.unwrap()).await;
    let KeptReport::Here(report) = &ended.report else { panic!("it is short") };
    assert_eq!(content(&world, ended.log.as_str()).unwrap(), Log.render(report));
    assert_eq!(content(&world, ended.place.as_str()).unwrap(), "email\nc@x.org\n");
}

/// A reconciliation handed out each file that took longer than the time between two reconciliations: several loaded it at once.
#[tokio::test]
async fn a_sweep_leaves_alone_who_gives_signs_of_life() {
    let world = world();
    let bytes = b"email\na@x.org\nb@x.org\nc@x.org\nd@x.org\ne@x.org\n";
    let (event, work) = handed_out(&world, 1, bytes).await;
    let mut pokes = Vec::new();
    let slowly = |call: &Call| {
        if call.name == "records.apply" {
            world.with(|inner| inner.pass(61_000));
            pokes.push(swept(&world));
        }
        Some(Verdict::Go)
    };
    assert_eq!(treat(&world, &work, slowly).await, Some(true));
    assert_eq!(pokes, [1, 0, 0], "the first one comes before there is a sign");
    sequence(&world).await;
    assert_eq!(ended(&world, &event).await.counts.imported, 5);
    // Whoever has the next one dies and says no more.
    let (_, _) = handed_out(&world, 2, b"email\nf@x.org\n").await;
    assert_eq!(swept(&world), 0, "there was a sign a moment ago");
    world.with(|inner| inner.pass(180_000));
    assert_eq!(swept(&world), 1);
}

/// The schedule fires now: how many repositories are to look what they have to do.
fn swept(world: &Arc<World>) -> usize {
    let is_poke = |envelope: &Envelope| {
        matches!(&envelope.body, Body::Message(Message::Sequence { news: News::Poke, .. }))
    };
    let pokes = || world.with(|inner| inner.queue.iter().filter(|envelope| is_poke(envelope)).count());
    let before = pokes();
    all_at_once(world, &Body::Sweep, 0);
    pokes() - before
}

/// The time of a process was up in the middle of a file: the next one goes on where it stopped, and does not check the
/// file again.
#[tokio::test]
async fn what_somebody_has_no_more_time_for_is_left_to_another_one() {
    let world = world();
    let bytes = b"email\na@x.org\nnobody\nb@x.org\nc@x.org\nd@x.org\ne@x.org\n";
    let (event, work) = handed_out(&world, 1, bytes).await;
    world.with(|inner| inner.rates.handed_on = 1_000);
    let mut next = Some(work);
    let mut told = Vec::new();
    while let Some(work) = next.take() {
        let process = Process::new(Arc::clone(&world), 1, Function::Validate, 0, 2, Duration::ZERO);
        let done = drive(process.lane(), process.handle(&work, 1), go).await;
        assert!(done.is_some_and(|done| done.is_ok()));
        let Body::Message(Message::Work { landed, .. }) = &work else { panic!("{work:?}") };
        told.push(*landed);
        let is_next = |envelope: &Envelope| matches!(&envelope.body, Body::Message(Message::Work { landed, .. }) if *landed > 0);
        next = world.with(|inner| {
            let at = inner.queue.iter().position(is_next)?;
            Some(inner.queue.remove(at).body)
        });
    }
    assert_eq!(told, [0, 1, 2], "each lands one batch more");
    sequence(&world).await;
    let conclusion = ended(&world, &event).await;
    assert_eq!((conclusion.counts.imported, conclusion.counts.rejected), (5, 1));
    let badlines = conclusion.badlines.unwrap();
    assert_eq!(content(&world, badlines.as_str()).unwrap(), "email\nnobody\n");
}

/// A configuration, dropped as the `n`th: its event.
fn configuration(world: &World, n: i64) -> Body {
    let what = What::Configuration(Some(0));
    drop(world, n, "acme_imports_config.json", &CONFIG.document("acme"), what)
}

/// A file of contacts, dropped as the `n`th: its event.
fn contacts(world: &World, n: i64) -> Body {
    let bytes = Bytes::from_static(b"email\na@x.org\n");
    let data = Data { group: None, bytes: bytes.clone(), ..member(1).data };
    drop(world, n, "acme_contacts_crm_20260101.csv", &bytes, What::Data(data))
}

/// Registers a configuration, and dies before it is active.
async fn registered_only(world: &Arc<World>, event: &Body) {
    let dies = |call: &Call| (call.name != "objects.read").then_some(Verdict::Go);
    assert_eq!(treat(world, event, dies).await, None);
}

async fn is_running(world: &World) -> bool {
    world.state.turn(&"acme".parse().unwrap()).await.unwrap().state.running.is_some()
}

/// The state was asked before the configuration was registered, and the drop zone after that: neither told of it.
#[tokio::test]
async fn a_file_waits_for_a_configuration_that_is_registered_between_two_questions() {
    let world = world();
    let (event, file) = (configuration(&world, 1), contacts(&world, 2));
    assert_eq!(treat(&world, &file, go).await, Some(true));
    let mut heads = 0;
    let overtaken = |call: &Call| {
        heads += usize::from(call.name == "objects.head");
        if call.name == "objects.head" && heads == 1 {
            meanwhile(async || registered_only(&world, &event).await);
        }
        Some(Verdict::Go)
    };
    let poke = Message::Sequence { repository: "acme".parse().unwrap(), news: News::Poke, known: None };
    let poke = Body::Message(poke);
    assert_eq!(treat(&world, &poke, overtaken).await, Some(true));
    assert!(!is_running(&world).await, "it has no outcome yet");
    treat_again(&world, &event).await;
    sequence(&world).await;
    assert!(is_running(&world).await, "whoever gives it its outcome says so");
    assert_eq!(world.with(|inner| inner.watch.violations.clone()), Vec::<String>::new());
}

/// The same of a file whose name nothing knows.
#[tokio::test]
async fn a_name_is_not_refused_when_a_configuration_is_registered_between_two_questions() {
    let world = world();
    world.with(|inner| inner.bucket.delete("config/acme/acme.json", None));
    let (event, file) = (configuration(&world, 1), contacts(&world, 2));
    let mut heads = 0;
    let overtaken = |call: &Call| {
        heads += usize::from(call.name == "objects.head");
        if call.name == "objects.head" && heads == 1 {
            meanwhile(async || registered_only(&world, &event).await);
        }
        Some(Verdict::Go)
    };
    // Its settle time is over.
    assert_eq!(treat_late(&world, &file, 60_000, overtaken).await, Some(true));
    let unresolved = world.state.unresolved(&"acme".parse().unwrap()).await.unwrap();
    assert_eq!(unresolved.len(), 1, "it waits");
    treat_again(&world, &event).await;
    let told = |inner: &mut Inner| {
        let is_it = |body: &Body| matches!(body, Body::Message(Message::TakeIn { .. }));
        inner.queue.iter().map(|envelope| &envelope.body).find(|body| is_it(body)).cloned()
    };
    let look_again = world.with(told).unwrap();
    assert_eq!(treat(&world, &look_again, go).await, Some(true));
    assert!(world.state.unresolved(&"acme".parse().unwrap()).await.unwrap().is_empty());
    sequence(&world).await;
    assert!(is_running(&world).await);
}

/// Two configurations, and the event of the earlier one comes last.
#[tokio::test]
async fn the_configuration_that_was_dropped_last_stays_active() {
    let world = world();
    let strict = Variant { strict: true, ..CONFIG };
    world.with(|inner| inner.watch.partners[0].variants.push(strict));
    let earlier = configuration(&world, 1);
    let what = What::Configuration(Some(1));
    let later = drop(&world, 2, "acme_imports_config.json", &strict.document("acme"), what);
    for event in [&later, &earlier] {
        assert_eq!(treat(&world, event, go).await, Some(true));
        assert_eq!(content(&world, "config/acme/acme.json"), Some(strict.document("acme")));
    }
    assert_eq!(ended(&world, &earlier).await.outcome, tidewaiter::report::Outcome::Activated);
}
