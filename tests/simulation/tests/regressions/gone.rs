//! A file that disappears while processes have it.

use super::*;

/// Two processes check a file of a group that is all or nothing, and one of them passes it. Then the file is deleted. The
/// other process gave it an outcome that the sequencer no longer waited for, and the rest of the group was imported
/// without it.
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

/// A process had read a file before it was deleted. It loaded the file after another process had decided the outcome,
/// while the next file was processed.
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
