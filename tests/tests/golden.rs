//! Every folder under `tests/golden/` is a case; see `tidewaiter_tests::golden`.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tidewaiter_tests::golden;

#[test]
fn golden_folders() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
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
                    let judged = std::panic::catch_unwind(|| golden::judge(&case, update));
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
