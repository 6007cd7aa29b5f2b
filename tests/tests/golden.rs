//! Every folder under `tests/golden/` is a case; see `tidewaiter_tests::golden`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::panic::RefUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tidewaiter_tests::{golden, postgres};

#[test]
fn golden_folders() {
    judge_all(std::env::var_os("UPDATE_GOLDEN").is_some(), String::new);
}

/// What comes of a delivery does not depend on the engine that keeps the records.
#[test]
fn golden_folders_with_records_in_postgres() {
    judge_all(false, || postgres::Database::new().settings());
}

/// Judges all cases, each with more settings than its own.
fn judge_all(update: bool, more: impl Fn() -> String + Sync + RefUnwindSafe) {
    let only = std::env::var("GOLDEN").unwrap_or_default();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let mut cases: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|case| case.is_dir() && case.to_string_lossy().contains(&only))
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "there are no cases");
    let (queue, failures) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(8) {
            scope.spawn(|| {
                loop {
                    let Some(case) = queue.lock().unwrap().pop() else { break };
                    let judged = std::panic::catch_unwind(|| golden::judge(&case, &more(), update));
                    let failure = judged.unwrap_or_else(|_| Some(format!("{}: see above", case.display())));
                    failures.lock().unwrap().extend(failure);
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{}\n{} cases differ; with UPDATE_GOLDEN=1 what is found is taken as expected",
        failures.join("\n"),
        failures.len()
    );
}
