//! What the simulation found, each by itself: the calls that break are named, nothing is left to chance.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]
mod configurations;
mod gone;
mod keys;
mod queries;
mod sweeps;
mod tried;

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
use tidewaiter_simulation::messages::{Body, Envelope};
use tidewaiter_simulation::process::{Function, Process};
use tidewaiter_simulation::scenario::{Data, Dropped, Member, Partner, Variant, What, tar};
use tidewaiter_simulation::watch::{Upload, Watch};
use tidewaiter_simulation::world::{Inner, Lands, Rates, World, at};
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
    query: None,
};

fn world() -> Arc<World> {
    world_with(CONFIG)
}

fn world_with(config: Variant) -> Arc<World> {
    let repository: Repository = "acme".parse().unwrap();
    let partner = Partner { repository, universe: "acme", variants: vec![config], is_configured: true };
    // Batch by batch: much of what went wrong was about a file that is half loaded.
    let (watch, lands) = (Watch::new(vec![partner]), Lands::InParts);
    let world = World::new(Chance::new(1), Rates::default(), watch, false, lands).unwrap();
    world.with(|inner| inner.bucket.put("config/acme/acme.json", config.document("acme"), false)).unwrap();
    world
}

/// A file that is no data file, dropped as the `n`th.
fn drop_notes(world: &World, n: i64, content: &'static str) -> Body {
    // No configuration can be for it: its name holds what stands for an invisible character.
    drop(world, n, "notes%.txt", &Bytes::from_static(content.as_bytes()), What::Junk)
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

/// An operator deletes the dropped version for good. Partners have no permission for that.
fn delete_for_good(world: &World, event: &Body) {
    let Body::Upload(DroppedObject { source, .. }) = event else { panic!("{event:?}") };
    world.with(|inner| inner.bucket.delete(&source.key, source.version.as_deref()));
}

fn content(world: &World, key: &str) -> Option<Bytes> {
    world.with(|inner| inner.bucket.content(key, None))
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
