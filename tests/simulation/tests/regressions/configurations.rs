//! Configurations that are in flight.

use super::*;

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
    assert!(is_running(&world).await, "the process that concludes a configuration tells the sequencer");
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
