//! A watch while what it works with fails.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tidewaiter_folder::{Local, Runner, Told};

const CONFIG: &str = r#"{ "acme": { "contacts": { "crm": {} } }, "settings": { "settle_seconds": 0 } }"#;

fn write(root: &Path, path: &str, content: &str) {
    let path = root.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn database(root: &Path, sql: &str) {
    let database = rusqlite::Connection::open(root.join(".tidewaiter/state.sqlite")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database.execute_batch(sql).unwrap();
}

async fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(2), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// It ended, and whoever had started it had to notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_fails_for_a_while_does_not_end_a_watch() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    write(&root, "config/acme/acme.json", CONFIG);
    write(&root, "imports/acme/acme_contacts_crm_20260101.csv", "email\nana@example.org\n");
    let mut runner = Runner::new(Local::open(&root).unwrap(), Duration::ZERO).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (tells, hears) = (told.clone(), told.clone());
    let watch = tokio::spawn(async move {
        let stop = async { drop(stopped.await) };
        runner.watch(stop, move |one| tells.lock().unwrap().push(one)).await;
    });
    wait_for("the first file", || root.join("archives/acme/acme_contacts_crm_20260101.csv").exists()).await;
    database(&root, "ALTER TABLE imports RENAME TO gone");
    write(&root, "imports/acme/acme_contacts_crm_20260102.csv", "email\nbo@example.org\n");
    wait_for("it is told", || !told.lock().unwrap().is_empty()).await;
    database(&root, "ALTER TABLE gone RENAME TO imports");
    wait_for("the second file", || root.join("archives/acme/acme_contacts_crm_20260102.csv").exists()).await;
    wait_for("it is told", || told.lock().unwrap().iter().any(|one| matches!(one, Told::Recovered(_)))).await;
    stop.send(()).unwrap();
    watch.await.unwrap();
    let told = hears.lock().unwrap();
    let failed = told.iter().filter(|one| matches!(one, Told::Failed(_))).count();
    assert!((1..=2).contains(&failed) && told.len() == 2 * failed, "each cause once: {told:?}");
    assert!(format!("{told:?}").contains("state.sqlite"), "{told:?}");
}
