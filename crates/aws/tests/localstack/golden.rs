//! The golden drops of the folder give the same in a bucket: the same keys, bytes, ledger, records and mails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tidewaiter::record::Value;
use tidewaiter_engine::capabilities::{HasRecords, HasState};
use tidewaiter_engine::ports::{GroupQueue, Records, StoredRecord};
use tidewaiter_tests::World;
use tidewaiter_tests::world::{PARTNER, files};

use crate::cloud::{Cloud, deliveries, ledger};

/// What of a tree is the same in both worlds: a folder keeps what waits elsewhere.
pub(crate) fn ended(tree: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    tree.into_iter()
        .filter(|(key, _)| !key.starts_with("waiting/") && !key.starts_with("imports/"))
        .map(|(key, content)| (key, String::from_utf8_lossy(&content).into_owned()))
        .collect()
}

/// The values of a record, and the line that each came from.
type Texts = BTreeMap<String, (String, u64)>;

/// What of records is the same in both worlds, by the texts of their keys. Ids differ, and the times at which files arrived:
/// values, and how many lines they came from. So does the order of keys that are numbers: a table keeps 9 before 10.
pub(crate) fn plain(mut records: Vec<StoredRecord>) -> Vec<(String, Texts, u64)> {
    records.sort_by(|one, other| (&one.universe, &one.key).cmp(&(&other.universe, &other.key)));
    let text = |value: &Value| {
        let is_arrival = value.text == value.source.import.at().to_string();
        if is_arrival { "<arrival>".to_owned() } else { value.text.clone() }
    };
    let texts = |stored: &StoredRecord| {
        let values = stored.record.values.iter();
        values.map(|(column, value)| (column.clone(), (text(value), value.source.line))).collect()
    };
    records.into_iter().map(|r| (r.universe.clone(), texts(&r), r.record.changed.line)).collect()
}

/// A golden case in both worlds. Where it ends badly, that is a panic.
pub(crate) fn judge(case: &Path, made: impl AsyncFn() -> Cloud) {
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let world = World::new();
    tidewaiter_tests::golden::settings(&world, case);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let cloud = runtime.block_on(made());
    for (file, content) in files(&case.join("config"), "") {
        world.config(file.trim_end_matches(".json"), &String::from_utf8_lossy(&content));
        runtime.block_on(cloud.put(&format!("config/{PARTNER}/{file}"), &content));
    }
    for delivery in deliveries(case) {
        for (file, content) in &delivery {
            world.drop(PARTNER, file, content);
        }
        world.run();
        runtime.block_on(cloud.deliver(&delivery));
    }
    let (expected, found) = (ended(world.tree()), runtime.block_on(async { ended(cloud.tree().await) }));
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>(),
        "{name}: files are elsewhere"
    );
    for (key, content) in &expected {
        assert_eq!(&found[key], content, "{name}: {key}");
    }
    assert_eq!(
        runtime.block_on(cloud.ledger()),
        ledger(world.history(), &world.mask()),
        "{name}: the ledger"
    );
    let place = PARTNER.parse().unwrap();
    let waiting = runtime.block_on(cloud.state().waiting(&place)).unwrap();
    let shown = |groups: Vec<tidewaiter_engine::ports::WaitingGroup>| -> Vec<_> {
        groups.into_iter().map(|group| (group.group, group.missing, group.files)).collect()
    };
    assert_eq!(shown(waiting), shown(world.waiting()), "{name}: what waits");
    for (scope, records) in world.records() {
        let scanned = runtime.block_on(cloud.records().scan(&scope, None, 100_000)).unwrap();
        assert_eq!(plain(scanned), plain(records), "{name}: the records of {scope}");
    }
}

/// True for a case of what records in `DynamoDB` cannot do: such a file is not processed there, and told why.
pub(crate) fn is_not_for_a_table(case: &Path) -> bool {
    case.ends_with("match-by-column")
}

/// The golden cases, or those that are asked for.
pub(crate) fn cases() -> Vec<PathBuf> {
    let only = std::env::var("GOLDEN").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|case| case.is_dir() && case.to_string_lossy().contains(&only))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are no cases");
    cases
}

/// Judges cases, several at the same time.
pub(crate) fn judge_all(cases: Vec<PathBuf>, made: impl AsyncFn() -> Cloud + Sync) {
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().pop() else { break };
                    let judged = std::panic::AssertUnwindSafe(|| judge(&case, &made));
                    if std::panic::catch_unwind(judged).is_err() {
                        failed.lock().unwrap().push(case);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), Vec::<PathBuf>::new());
}

#[test]
fn golden_drops_give_the_same_in_a_bucket_as_in_a_folder() {
    judge_all(cases().into_iter().filter(|case| !is_not_for_a_table(case)).collect(), Cloud::new);
}
