//! Reconciliation, and processes that stop.

use super::*;

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
    // The process that has the next file dies, and sends no more signs of life.
    let (_, _) = handed_out(&world, 2, b"email\nf@x.org\n").await;
    assert_eq!(swept(&world), 0, "there was a sign a moment ago");
    world.with(|inner| inner.pass(180_000));
    assert_eq!(swept(&world), 1);
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
