//! What lies at a key agrees with what the ledger says of it, whichever process is delayed.

use super::*;

/// A process reads the recipients from the configuration. When that read failed once, the report was never mailed.
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
    assert!(ended(&world, &notes).await.mail_due, "the report is mailed");
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

/// Each try wrote a report that is too long for the state under the same key. A delayed process wrote its report over the
/// one that was decided, so the log and the report of a file differed.
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

/// A delayed process wrote a report after the outcome was decided, and died before it removed it. No later step removed
/// it either.
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

/// A process that is delayed while it replaces the log of an earlier file does not replace the log of a later one.
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
