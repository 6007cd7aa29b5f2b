//! A deployment in a temporary folder, in memory where that is possible.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter_engine::Result;
use tidewaiter_folder::disk::Interference;
use tidewaiter_folder::{Local, Runner};
use tokio::sync::Notify;

use crate::scenario;

/// When the clock of a deployment begins, in milliseconds since 1970.
const BEGINS: i64 = 1_790_000_000_000;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with these failures.
    ByItself(Vec<String>),
    /// It was given up: the process is dead, or makes more calls than any run needs.
    GivenUp,
    /// It panicked.
    Panicked(String),
}

impl Ended {
    /// What it said that it could not do.
    pub fn failures(&self) -> &[String] {
        match self {
            Self::ByItself(failures) => failures,
            Self::GivenUp | Self::Panicked(_) => &[],
        }
    }
}

/// What stands between a run and the file system.
#[derive(Clone, Default)]
pub struct Between {
    /// What sees each call.
    pub interference: Option<Arc<dyn Interference>>,
    /// By how many milliseconds the clock has jumped.
    pub clock: Arc<AtomicI64>,
    /// Told when the run is to be given up.
    pub ends: Arc<Notify>,
}

/// A deployment in a temporary folder.
pub struct Deployment {
    folder: TempDir,
    clock: Arc<AtomicI64>,
}

impl Deployment {
    /// One in which something was imported already, and nothing is dropped.
    pub fn new() -> Self {
        let deployment = Self::empty();
        for name in [scenario::ACME, scenario::BETA, scenario::GAMMA, scenario::DELTA] {
            let repository: Repository = name.parse().expect("the name is one of a repository");
            Local::init(&deployment.root(), &repository).expect("the folders can be made");
        }
        fs::create_dir(deployment.outside()).expect("a folder can be made");
        fs::write(deployment.outside().join("keys.csv"), scenario::OUTSIDE).expect("a file can be written");
        scenario::before(&deployment.root());
        let ended = deployment.run(&Between::default());
        assert_eq!(ended, Ended::ByItself(Vec::new()), "what is imported before fails nowhere");
        deployment
    }

    /// A folder with nothing in it.
    pub fn empty() -> Self {
        // Each trial writes and syncs some hundred files: in memory that costs nothing.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let deployment =
            Self { folder: folder.expect("a temporary folder can be made"), clock: Arc::default() };
        for folder in [deployment.root(), deployment.side()] {
            fs::create_dir(folder).expect("a folder can be made");
        }
        deployment
    }

    /// A copy of everything, as if nothing had happened yet since.
    #[must_use]
    pub fn copied(&self) -> Self {
        let copy = Self::empty();
        copy.clock.store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
        copy_folder(self.folder.path(), copy.folder.path());
        copy
    }

    /// Its root.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A folder outside of it, which is somebody else's.
    pub fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    /// Where the harness keeps what may come back.
    pub fn side(&self) -> PathBuf {
        self.folder.path().join("side")
    }

    /// Runs it as a process would: everything is opened anew.
    pub fn run(&self, between: &Between) -> Ended {
        let run = || runtime().block_on(self.run_async(between));
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(ended) => ended,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                Ended::Panicked(text.unwrap_or_default())
            }
        }
    }

    async fn run_async(&self, between: &Between) -> Ended {
        let mut runner = match self.open(between) {
            Ok(runner) => runner,
            Err(error) => return Ended::ByItself(vec![error.to_string()]),
        };
        let summary = tokio::select! {
            biased;
            () = between.ends.notified() => return Ended::GivenUp,
            summary = runner.run(Duration::ZERO) => summary,
        };
        Ended::ByItself(summary.failures.iter().map(ToString::to_string).collect())
    }

    fn open(&self, between: &Between) -> Result<Runner> {
        let (clock, jumps) = (self.clock.clone(), between.clock.clone());
        let now = move || {
            let at = BEGINS + clock.fetch_add(1, Ordering::Relaxed) + jumps.load(Ordering::Relaxed);
            Timestamp::from_millisecond(at).expect("the clock stays in its century")
        };
        let local = Local::open_with(&self.root(), between.interference.clone())?;
        Runner::new(local.without_settling().with_clock(now), Duration::ZERO)
    }
}

impl Default for Deployment {
    fn default() -> Self {
        Self::new()
    }
}

/// A runtime whose clock passes as soon as there is nothing else to do.
pub fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    runtime.expect("a runtime can be made")
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder can be read") {
        let entry = entry.expect("a folder can be read");
        let (kind, to) = (entry.file_type().expect("it is there"), to.join(entry.file_name()));
        if kind.is_dir() {
            if !to.is_dir() {
                fs::create_dir(&to).expect("a folder can be made");
            }
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), &to).expect("a file can be copied");
        }
    }
}
