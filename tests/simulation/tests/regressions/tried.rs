//! A file that was begun goes on, whatever others have changed since.

use super::*;

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

/// A process that tries a file again asks the store whether some of its lines are loaded, whatever the earlier message says.
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

/// A worker that finished a file processes the next one itself, and fails when half of that is loaded. The message that it
/// sends says that the file was tried.
#[tokio::test]
async fn a_file_that_was_tried_on_the_way_is_not_refused_for_what_others_have_added_since() {
    let world = world();
    share_with_globex(&world).await;
    let earlier = batches(&world, "acme", 1, "crm", &["B1", "B2"]);
    let full = batches(&world, "acme", 2, "full", &["B1"]);
    assert_eq!(treat(&world, &full, go).await, Some(true));
    let work = sent(&world, &earlier).await;
    let fails =
        |call: &Call| Some(if call.name == "records.prune" { Verdict::FailBefore } else { Verdict::Go });
    assert_eq!(treat(&world, &work, fails).await, Some(true), "the first one is landed");
    let others = batches(&world, "globex", 3, "crm", &["B3", "B4", "B5", "B6"]);
    let theirs = hand_out(&world, &others).await;
    assert_eq!(treat(&world, &theirs, go).await, Some(true));
    assert_eq!(treat(&world, &waiting(&world, &full), go).await, Some(true), "it goes on with it");
    sequence(&world).await;
    assert_eq!(ended(&world, &full).await.code, None);
}

/// The process that has the file dies after it has loaded the lines, and another repository adds four batches.
async fn half_loaded(world: &Arc<World>, work: &Body) {
    let dies = |call: &Call| (call.name != "records.prune").then_some(Verdict::Go);
    assert_eq!(treat(world, work, dies).await, None);
    let others = batches(world, "globex", 3, "crm", &["B3", "B4", "B5", "B6"]);
    let work = hand_out(world, &others).await;
    assert_eq!(treat(world, &work, go).await, Some(true));
}

/// The next process takes up the file, and processes it to its end.
async fn has_replaced_all(world: &Arc<World>, full: &Body, work: &Body) {
    treat_again(world, work).await;
    sequence(world).await;
    assert_eq!(ended(world, full).await.code, None);
    let records = world.records.scan("batch", None, 10).await.unwrap();
    let left: Vec<&str> = records.iter().map(|stored| stored.key.as_str()).collect();
    assert_eq!(
        left,
        ["B1"],
        "records that the file does not name are removed, whichever repository brought them"
    );
}
