//! A deployment in a temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tidewaiter::keys::Repository;
use tidewaiter_engine::capabilities::{HasDecryptionKeys, HasRecords, HasState, Keys};
use tidewaiter_engine::ports::{
    ConfigStore, GroupQueue, HistoryFilter, ImportRun, Observation, Progress, Records, RunLedger,
    StoredRecord, WaitingGroup,
};
use tidewaiter_folder::{Local, RunSummary, Runner};
use tokio::runtime::Runtime;

use crate::mail::{self, Mail};
use crate::mask::{self, Mask};

/// The prefixes that people see.
pub const VISIBLE: [&str; 10] = [
    "imports",
    "config",
    "unpacked",
    "waiting",
    "archives",
    "badlines",
    "bogus",
    "logs",
    "notprocessed",
    "outbox",
];

/// The repository that files go to where a test does not say otherwise.
pub const PARTNER: &str = "partner";

/// A deployment in a temporary folder, run as `tidewaiter run --quiet-for 0` runs it.
pub struct World {
    folder: TempDir,
    runtime: Runtime,
    /// Import ids in a stable order: that of the runs, then of file names.
    seen: Mutex<Vec<String>>,
    /// Import ids in the order in which they reached their outcome, as far as our own runs saw it.
    concluded: Arc<Mutex<Vec<String>>>,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// An empty deployment with the repository `partner`.
    pub fn new() -> Self {
        Self::in_folder(tempfile::tempdir().expect("a temporary folder can be made"))
    }

    /// The same in memory, where the system has such folders: for tests that kill processes. After a kill the next run
    /// syncs the whole file system, so on a disk such a test waits for what others write.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self::in_folder(folder.expect("a temporary folder can be made"))
    }

    fn in_folder(folder: TempDir) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be made");
        let world = Self { folder, runtime, seen: Mutex::default(), concluded: Arc::default() };
        world.repository(PARTNER);
        world
    }

    /// Makes the folders of one more repository.
    pub fn repository(&self, name: &str) {
        let repository: Repository = name.parse().expect("a test names repositories well");
        Local::init(self.root(), &repository).expect("the folders can be made");
    }

    /// The folder of the deployment.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Where something lies, by its key.
    pub fn path(&self, key: &str) -> PathBuf {
        self.root().join(key)
    }

    /// Makes a configuration the active one of a universe, as an operator does who writes the file.
    pub fn config(&self, universe: &str, json: &str) {
        self.config_of(PARTNER, universe, json);
    }

    /// The same in another repository.
    pub fn config_of(&self, repository: &str, universe: &str, json: &str) {
        write(&self.path(&format!("config/{repository}/{universe}.json")), json.as_bytes());
    }

    /// A universe belongs to one repository, and the operator shares it with another one.
    pub fn share(&self, universe: &str, owner: &str, other: &str) {
        let local = self.local();
        let name = |name: &str| name.parse::<Repository>().expect("the name is one of a repository");
        self.runtime.block_on(async {
            local.state().own(universe, &name(owner)).await.expect("the state can be written");
            local.state().share(universe, &name(other), true).await.expect("the state can be written");
        });
    }

    /// The keys that the settings name.
    pub fn decryption_keys(&self) -> Option<Arc<Keys>> {
        let local = self.local();
        self.runtime.block_on(local.decryption_keys()).expect("the keys can be read")
    }

    /// Drops a file. The name may lead into a folder.
    pub fn drop(&self, repository: &str, name: &str, content: impl AsRef<[u8]>) {
        write(&self.path(&format!("imports/{repository}/{name}")), content.as_ref());
    }

    /// Treats what was dropped, and wants no failure.
    pub fn run(&self) {
        let summary = self.try_run(Duration::ZERO, Duration::ZERO);
        assert!(summary.failures.is_empty(), "the run failed: {:#?}", summary.failures);
    }

    /// Treats what was dropped and has not changed for `quiet`; waits for the rest up to `patience`.
    pub fn try_run(&self, quiet: Duration, patience: Duration) -> RunSummary {
        let concluded = self.concluded.clone();
        let local = self.local().without_settling().observed_by(move |observation| {
            if let Observation::Concluded(report) = observation {
                concluded.lock().expect("no test panicked with the lock").push(report.import.to_string());
            }
        });
        let mut runner = Runner::new(local, quiet).expect("nobody else works on the folder");
        let summary = self.runtime.block_on(runner.run(patience));
        drop(runner);
        self.note_ids();
        summary
    }

    fn local(&self) -> Local {
        Local::open(self.root()).expect("the folder can be opened")
    }

    /// Gives the imports that are new since the last call their place among the masked ids. Only needed
    /// where something else than this world made a run.
    pub fn note_ids(&self) {
        let mut imports = self.history();
        let place = |i: &ImportRun| (i.file.clone(), i.repository.clone(), finished(i), i.id);
        imports.sort_by_key(place);
        let mut seen = self.seen.lock().expect("no test panicked with the lock");
        for import in imports {
            let id = import.id.to_string();
            if !seen.contains(&id) {
                seen.push(id);
            }
        }
    }

    /// All imports, in the order in which they came.
    pub fn history(&self) -> Vec<ImportRun> {
        let local = self.local();
        let all = HistoryFilter { limit: usize::MAX >> 1, ..HistoryFilter::default() };
        let mut imports = self.runtime.block_on(local.state().history(&all)).expect("the ledger can be read");
        imports.sort_by_key(|import| import.id);
        imports
    }

    /// The imports that reached their outcome, in the order in which they did.
    pub fn treated(&self) -> Vec<ImportRun> {
        let mut imports = self.history();
        imports.retain(|import| matches!(import.progress, Progress::Done(_)));
        // The clock may not tell two that follow each other apart.
        let concluded = self.concluded.lock().expect("no test panicked with the lock");
        let seen = |import: &ImportRun| concluded.iter().position(|id| *id == import.id.to_string());
        imports.sort_by_key(|import| (finished(import), seen(import)));
        imports
    }

    /// The import of a file that was dropped once.
    pub fn import(&self, file: &str) -> ImportRun {
        let mut found: Vec<ImportRun> =
            self.history().into_iter().filter(|import| import.file == file).collect();
        assert_eq!(found.len(), 1, "imports of {file}");
        found.pop().expect("there is one")
    }

    /// Groups that are not complete.
    pub fn waiting(&self) -> Vec<WaitingGroup> {
        let local = self.local();
        let mut waiting = Vec::new();
        self.runtime.block_on(async {
            for repository in local.state().repositories().await.expect("the state can be read") {
                waiting.extend(local.state().waiting(&repository).await.expect("the state can be read"));
            }
        });
        waiting
    }

    /// All records, by scope, in the order of universe and key.
    pub fn records(&self) -> BTreeMap<String, Vec<StoredRecord>> {
        let local = self.local();
        self.runtime.block_on(async {
            let mut records = BTreeMap::new();
            for (_, scope, _) in local.records().counts().await.expect("records can be counted") {
                let mut found: Vec<StoredRecord> = Vec::new();
                loop {
                    let after = found.last().map(|last| (last.universe.as_str(), last.key.as_str()));
                    let page =
                        local.records().scan(&scope, after, 10_000).await.expect("records can be read");
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page);
                }
                records.insert(scope, found);
            }
            records
        })
    }

    /// The keys of the records of a scope.
    pub fn keys(&self, scope: &str) -> Vec<String> {
        let records = self.records().remove(scope).unwrap_or_default();
        records.into_iter().map(|record| record.key).collect()
    }

    /// The mails, by import.
    pub fn mails(&self) -> BTreeMap<String, Mail> {
        let files = files(&self.path("outbox"), "");
        files.into_iter().map(|(name, content)| (name, mail::parse(&content))).collect()
    }

    /// What hides ids and times, so that two worlds can be compared.
    pub fn mask(&self) -> Mask {
        Mask::new(&self.seen.lock().expect("no test panicked with the lock"))
    }

    /// Everything under the visible prefixes, by key, as it lies there.
    pub fn raw_tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mut tree = BTreeMap::new();
        for prefix in VISIBLE {
            tree.extend(files(&self.path(prefix), &format!("{prefix}/")));
        }
        tree
    }

    /// Everything under the visible prefixes, with import ids as `<id1>`, `<id2>`, … and times masked.
    pub fn tree(&self) -> BTreeMap<String, Vec<u8>> {
        let mask = self.mask();
        let masked = |(key, content): (String, Vec<u8>)| {
            let content = match key.split('/').next() {
                Some("logs") => mask.log(&content),
                Some("outbox") => mail::parse(&content).masked(&mask).to_string().into_bytes(),
                _ => content,
            };
            (mask.ids(&key), content)
        };
        self.raw_tree().into_iter().map(masked).collect()
    }

    /// The text of a visible file, masked.
    pub fn text(&self, key: &str) -> String {
        let tree = self.tree();
        let content = tree.get(key).unwrap_or_else(|| panic!("{key} is not among {:#?}", tree.keys()));
        String::from_utf8_lossy(content).into_owned()
    }
}

fn finished(import: &ImportRun) -> String {
    match &import.progress {
        // Fixed in length, so that it sorts as text.
        Progress::Done(done) => format!("{:020}", done.finished.as_nanosecond()),
        _ => "not yet".to_owned(),
    }
}

fn write(path: &Path, content: &[u8]) {
    let folder = path.parent().expect("a key has a folder");
    fs::create_dir_all(folder).expect("the folder can be made");
    fs::write(path, content).expect("the file can be written");
}

/// All files below a folder, by path; folders that are empty end with a slash, links and the like with `@`.
pub fn files(folder: &Path, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let entry = entry.expect("the folder can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().expect("the file is there");
        if kind.is_dir() {
            let below = files(&entry.path(), &format!("{name}/"));
            let depth = name.matches('/').count();
            if below.is_empty() && depth > 1 {
                found.insert(format!("{name}/"), Vec::new());
            }
            found.extend(below);
        } else if kind.is_file() {
            let content = fs::read(entry.path()).unwrap_or_else(|error| mask::unreadable(&error));
            found.insert(name, content);
        } else {
            found.insert(format!("{name}@"), Vec::new());
        }
    }
    found
}
