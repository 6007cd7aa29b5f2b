//! Each step is killed at each request that it makes, before it is sent and after it was answered, and comes
//! again in a process that remembers nothing. What comes of a delivery is what comes of it in a folder.
//!
//! A kill is a panic from within the client, which nothing catches: what would have been done after it is not
//! done. The same with functions that are killed as processes is `faults`.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tidewaiter_engine::capabilities::{HasQueue, HasRecords, HasState};
use tidewaiter_engine::ports::{Message, News, Outbox, Queue, Records};
use tidewaiter_engine::reconcile;
use tidewaiter_tests::World;
use tidewaiter_tests::world::{PARTNER, files};

use crate::cloud::{Cloud, Step, deliveries};
use crate::golden::{ended, plain};
use crate::support::{KILLED, Moment};

/// Cases with archives, groups, rejected lines, and names used again.
const CASES: [&str; 3] = ["archives", "group-all-or-nothing", "same-name"];

/// A kill is no news.
pub(crate) fn kill_quietly() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.payload_as_str() != Some(KILLED) {
            tell(panic);
        }
    }));
}

#[test]
fn a_function_that_is_killed_at_any_request_changes_nothing() {
    kill_quietly();
    for case in CASES {
        for moment in [Moment::Before, Moment::After] {
            let kills = judge(case, moment, Cloud::new);
            println!("{case}: killed {kills} times {moment:?}");
            assert!(kills > 20, "{case}: {kills} kills");
        }
    }
}

/// A golden case in both worlds, with the steps of one of them killed at each of their requests. Answers how often.
pub(crate) fn judge(case: &str, moment: Moment, made: impl AsyncFn() -> Cloud) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(case);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (world, cloud) = (World::new(), runtime.block_on(made()));
    for (file, content) in files(&folder.join("config"), "") {
        world.config(file.trim_end_matches(".json"), &String::from_utf8_lossy(&content));
        runtime.block_on(cloud.put(&format!("config/{PARTNER}/{file}"), &content));
    }
    let (mut kills, mut seen) = (0, HashSet::new());
    for delivery in deliveries(&folder) {
        for (file, content) in &delivery {
            world.drop(PARTNER, file, content);
        }
        world.run();
        for step in runtime.block_on(cloud.events(&delivery)) {
            kills += carry_out(&runtime, &cloud, &step, moment);
        }
        while let Some(message) = cloud.next() {
            let step = Step::Message(message);
            // A message that came before comes again because somebody died: it is handled and not killed, or
            // there would be ever more of them.
            if seen.insert(format!("{step:?}")) {
                kills += carry_out(&runtime, &cloud, &step, moment);
            } else {
                runtime.block_on(cloud.handle(step)).unwrap();
            }
        }
        runtime.block_on(cloud.note_ids());
    }
    let (expected, found) = (ended(world.tree()), ended(runtime.block_on(cloud.tree())));
    let names = |tree: &BTreeMap<String, String>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{case}: files are elsewhere");
    for (key, content) in &expected {
        assert_eq!(&found[key], content, "{case}: {key}");
    }
    assert_eq!(
        runtime.block_on(cloud.ledger()),
        crate::cloud::ledger(world.history(), &world.mask()),
        "{case}: ledger"
    );
    for (scope, records) in world.records() {
        let scanned = runtime.block_on(cloud.records().scan(&scope, None, 100_000)).unwrap();
        assert_eq!(plain(scanned), plain(records), "{case}: the records of {scope}");
    }
    kills
}

/// Kills a step at its first request, then at its second, until it lives to its end. Answers how often.
pub(crate) fn carry_out(
    runtime: &tokio::runtime::Runtime,
    cloud: &Cloud,
    step: &Step,
    moment: Moment,
) -> usize {
    for kills in 0..1_000 {
        let process = cloud.process(moment, kills);
        let tried = if kills == 0 { step.clone() } else { step.clone().again() };
        let lived = catch_unwind(AssertUnwindSafe(|| runtime.block_on(process.handle(tried))));
        // What dies in a thread of its own is an error to whoever waits for it.
        if let Ok(Ok(())) = lived {
            // As the function does with news that came before: what they asked for may have been lost.
            // So may what followed from a file; a reconciliation finds that.
            if kills > 0 && matches!(step, Step::Message(Message::Sequence { .. } | Message::Work { .. })) {
                let poke = Message::news(&PARTNER.parse().unwrap(), News::Poke);
                runtime.block_on(cloud.queue().send(poke, None)).unwrap();
            }
            return kills;
        }
    }
    panic!("{step:?} does not come to its end")
}

#[test]
fn a_digest_that_is_killed_at_any_request_is_one_mail() {
    kill_quietly();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for moment in [Moment::Before, Moment::After] {
        let cloud = runtime.block_on(Cloud::new());
        let config = r#"{ "acme": { "contacts": { "crm": {} } },
            "settings": { "report_recipients": ["data@example.org"], "digest": "run" } }"#;
        runtime.block_on(cloud.put(&format!("config/{PARTNER}/acme.json"), config.as_bytes()));
        let file =
            |day| (format!("acme_contacts_crm_202601{day:02}.csv"), b"email\na@example.org\nb\n".to_vec());
        runtime.block_on(cloud.deliver_events(&(1..=3).map(file).collect(), 1));
        runtime.block_on(reconcile::poke(&cloud)).unwrap();
        let Some(message @ Message::Digest { .. }) = cloud.next() else { panic!("no digest is asked for") };
        let kills = carry_out(&runtime, &cloud, &Step::Message(message), moment);
        println!("a digest: killed {kills} times {moment:?}");
        assert!(kills > 5, "{kills} kills");
        let tree = runtime.block_on(cloud.tree());
        let mails: Vec<&Vec<u8>> =
            tree.iter().filter(|(key, _)| key.starts_with("outbox/")).map(|(_, mail)| mail).collect();
        assert_eq!(mails.len(), 1, "{:?}", tree.keys());
        let mail = String::from_utf8_lossy(mails[0]);
        assert!(mail.contains("[partner] 3 files need attention: 3 partly imported"), "{mail}");
        let digests = runtime.block_on(cloud.state().digests(&PARTNER.parse().unwrap())).unwrap();
        assert_eq!(digests, [], "nothing waits, and nothing is gathered");
        runtime.block_on(reconcile::poke(&cloud)).unwrap();
        assert_eq!(cloud.next(), None);
    }
}
