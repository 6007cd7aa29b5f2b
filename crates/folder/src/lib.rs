//! One machine: a folder for objects, SQLite for state, SQLite or PostgreSQL for records, an outbox for mails.
//!
//! Everything of a deployment lies in one folder:
//!
//! | what | where |
//! |---|---|
//! | the keys of the design | `imports/`, `config/`, `unpacked/`, `archives/`, … |
//! | files that were taken in and have no outcome yet | `waiting/<repository>/<import id>/<file>` |
//! | records, unless they are in PostgreSQL | `records/<universe>.sqlite` |
//! | mails | `outbox/<time>-<repository>-<file>.eml` |
//! | state, lock, the deployment's id, half-written files | `.tidewaiter/` |
//! | what the operator decides | `tidewaiter.toml` |

mod connections;
pub mod disk;
mod drops;
mod engines;
mod folder;
mod identity;
mod key_files;
mod location_file;
mod lock;
mod mail;
mod pins;
mod queue;
mod records;
mod rest;
mod runner;
mod settings;
mod sorted;
mod sqlite;
mod sqlite_open;
mod state;
mod taken_in;
mod together;
mod troubles;
mod writers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use connections::FolderConnections;
use disk::{Disk, Interference};
pub use drops::{Inbox, Looked, StillWriting, Taken};
pub use engines::{FolderLanding, FolderRecords};
pub use folder::Folder;
pub use key_files::KeyFiles;
use location_file::LocationFile;
pub use mail::EmlFolder;
pub use queue::LocalQueue;
pub use records::{SqliteLanding, SqliteRecords};
pub use runner::{RunSummary, Runner, Told};
pub use settings::{Engine, RecordSettings, Settings};
pub use state::SqliteState;
use taken_in::TakenIn;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::record::Locate;
use together::Together;
pub use troubles::Failure;

use tidewaiter_engine::capabilities::{
    Capacity, CleansUp, Clock, HasConfigCache, HasConnections, HasDecryptionKeys, HasLocator, HasMailer,
    HasObjects, HasQueue, HasRecords, HasState, IntakePolicy, Keys, Observes, Postpones, Reader,
};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::ports::{
    DroppedObject, GroupQueue, Observation, Postponed, Records, RunLedger, Untaken,
};
use tidewaiter_engine::{Error, Result};

/// Where the state, the lock and half-written files are.
const PRIVATE: &str = ".tidewaiter";

/// For how long a read of a database belongs to the process that claimed it, in seconds: longer than any connection allows.
const READ_SECONDS: u32 = 7 * 24 * 3_600;

type Observer = Arc<dyn Fn(&Observation<'_>) + Send + Sync>;
type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A deployment in a folder.
pub struct Local {
    disk: Disk,
    objects: Folder,
    state: SqliteState,
    records: FolderRecords,
    /// What small files share that follow each other.
    together: Together,
    mailer: EmlFolder,
    queue: LocalQueue,
    configs: Cache,
    connections: FolderConnections,
    settings: Settings,
    keys: KeyFiles,
    locations: LocationFile,
    clock: Now,
    quiet_period: Option<i64>,
    loaders: u32,
    observer: Option<Observer>,
}

impl Local {
    /// Opens a folder that was made by [`Local::init`], or that has an `imports/`, to work on it. What a new deployment
    /// needs is made.
    ///
    /// # Errors
    /// [`Error::Lost`] if one of its databases was lost or emptied; then nothing is changed.
    pub fn open(root: &Path) -> Result<Self> {
        Self::open_with(root, None)
    }

    /// The same, with something between it and the file system.
    pub fn open_with(root: &Path, interference: Option<Arc<dyn Interference>>) -> Result<Self> {
        Self::opened(root, interference, |root, disk, settings| {
            make_private(disk).and_then(|()| identity::open(root, settings))
        })
    }

    /// Opens a folder to look at it: nothing is written, and nothing need be writable. What another process does
    /// meanwhile is seen.
    ///
    /// # Errors
    /// As of [`Local::open`].
    pub fn look(root: &Path) -> Result<Self> {
        Self::opened(root, None, |root, _, settings| identity::look(root, settings))
    }

    /// Opens a folder though one of its databases was lost or emptied: it begins anew, without what it knew.
    pub fn open_anew(root: &Path) -> Result<Self> {
        Self::opened(root, None, |root, disk, settings| {
            make_private(disk).and_then(|()| identity::accept(root, settings))
        })
    }

    fn opened(
        root: &Path,
        interference: Option<Arc<dyn Interference>>,
        stores: impl Fn(&Path, &Disk, &RecordSettings) -> Result<identity::Stores>,
    ) -> Result<Self> {
        let imports = || root.join("imports").display().to_string();
        let disk = Disk::with(root, interference).map_err(|e| Error::object(imports(), e))?;
        if !disk.is_folder(Path::new("imports")).map_err(|e| Error::object(imports(), e))? {
            return Err(Error::NotFound { key: imports() });
        }
        let settings = Settings::read(root)?;
        let (state, records) = stores(root, &disk, &settings.records)?;
        let (state, together) = state.on(&disk).together(&disk);
        Ok(Self {
            objects: Folder::new(&disk),
            records: records.on(&disk, &settings.records, &together),
            together,
            state,
            mailer: EmlFolder::new(&disk),
            queue: LocalQueue::default(),
            configs: Cache::default(),
            connections: FolderConnections::new(root, &settings),
            keys: KeyFiles::new(settings.key_files.clone(), settings.passphrase_file.clone()),
            locations: LocationFile::new(settings.location_file.clone()),
            settings,
            clock: Arc::new(now),
            quiet_period: None,
            loaders: 1,
            observer: None,
            disk,
        })
    }

    /// Makes the folders of a repository, and those around it.
    pub fn init(root: &Path, repository: &Repository) -> Result<()> {
        for prefix in ["imports", "config", "archives", "badlines", "bogus", "logs", "notprocessed"] {
            let folder = root.join(prefix).join(repository.as_str());
            std::fs::create_dir_all(&folder).map_err(|e| Error::writing(folder.display().to_string(), e))?;
        }
        Ok(())
    }

    /// Orders files at once, without waiting for more of them: what is there is all there is.
    #[must_use]
    pub fn without_settling(mut self) -> Self {
        self.quiet_period = Some(0);
        self
    }

    /// With another clock than that of the machine, for tests of what takes days.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Shares the lines of each file among so many loaders. One database writes no faster for it; it is how
    /// functions work side by side on a large file.
    #[must_use]
    pub fn with_loaders(mut self, loaders: u32) -> Self {
        self.loaders = loaders;
        self
    }

    /// Told what is going on.
    #[must_use]
    pub fn observed_by(mut self, observer: impl Fn(&Observation<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The repositories that have a drop folder, and those in which something was ever registered.
    pub async fn repositories(&self) -> Result<Vec<Repository>> {
        let mut repositories = drops::drop_folders(&self.disk)?;
        repositories.extend(self.state.repositories().await?);
        repositories.sort();
        repositories.dedup();
        Ok(repositories)
    }

    /// What lies in the drop zone and was not taken in yet, by repository and name.
    pub fn untaken(&self) -> Result<Looked<Untaken>> {
        drops::untaken(&self.disk)
    }

    /// True if a process works on the folder; None if that cannot be told, since the lock may not be read.
    pub fn is_at_work(&self) -> Option<bool> {
        lock::is_held(&self.disk)
    }

    /// What lies beside the repositories in the drop zone, where nothing is taken in from.
    pub fn strays(&self) -> Result<Vec<PathBuf>> {
        Ok(drops::strays(&self.disk)?.into_iter().map(|path| self.root().join(path)).collect())
    }

    /// What was taken in and could not be registered: an active configuration cannot be used, or a process
    /// was stopped.
    pub async fn unregistered(&self) -> Result<Looked<DroppedObject>> {
        let mut unregistered = Vec::new();
        let noted = TakenIn::default();
        let taken = Inbox::new(&self.disk, &noted, std::time::Duration::ZERO).taken_before()?;
        for dropped in taken.drops {
            if self.state.run(dropped.import).await?.is_none() {
                unregistered.push(dropped);
            }
        }
        Ok(Looked { found: unregistered, failures: taken.failures })
    }

    /// What the operator decides.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        self.disk.root()
    }

    /// Its file system.
    pub fn disk(&self) -> &Disk {
        &self.disk
    }
}

fn make_private(disk: &Disk) -> Result<()> {
    let private = disk.root().join(PRIVATE);
    disk.make_folders(Path::new(PRIVATE)).map_err(|e| Error::writing(private.display().to_string(), e))?;
    // SQLite syncs what it writes, but not the names of new databases.
    disk.names_changed_in(Path::new(""));
    disk.names_changed_in(Path::new(PRIVATE));
    Ok(())
}

/// The time now, in whole milliseconds: finer is noise for a reader.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

impl HasObjects for Local {
    type Objects = Folder;

    fn objects(&self) -> &Folder {
        &self.objects
    }
}

impl HasState for Local {
    type State = SqliteState;

    fn state(&self) -> &SqliteState {
        &self.state
    }
}

impl HasConfigCache for Local {
    fn config_cache(&self) -> &Cache {
        &self.configs
    }
}

impl HasRecords for Local {
    type Records = FolderRecords;

    fn records(&self) -> &FolderRecords {
        &self.records
    }
}

impl HasConnections for Local {
    type Connections = FolderConnections;

    fn connections(&self) -> &FolderConnections {
        &self.connections
    }
}

impl HasMailer for Local {
    type Mailer = EmlFolder;

    fn mailer(&self) -> &EmlFolder {
        &self.mailer
    }
}

impl HasQueue for Local {
    type Queue = LocalQueue;

    fn queue(&self) -> &LocalQueue {
        &self.queue
    }
}

impl Clock for Local {
    fn now(&self) -> Timestamp {
        (self.clock)()
    }
}

impl IntakePolicy for Local {
    fn quiet_period(&self, configured: u64) -> i64 {
        self.quiet_period.unwrap_or_else(|| i64::try_from(configured).unwrap_or(i64::MAX))
    }

    fn partners_activate(&self) -> bool {
        self.settings.partners_activate
    }
}

impl HasDecryptionKeys for Local {
    async fn decryption_keys(&self) -> Result<Option<Arc<Keys>>> {
        self.keys.keys()
    }
}

impl HasLocator for Local {
    async fn locator(&self) -> Result<Option<Arc<dyn Locate>>> {
        self.locations.locator()
    }
}

impl Capacity for Local {
    fn loaders(&self, _bytes: u64) -> u32 {
        self.loaders
    }
}

impl Reader for Local {
    fn new_run(&self) -> ImportId {
        ImportId::new(self.now(), drops::fresh_random())
    }

    /// One process at a time works on a folder: what an earlier one began is taken up at once.
    fn reader(&self) -> String {
        "folder".to_owned()
    }

    fn read_seconds(&self) -> u32 {
        READ_SECONDS
    }
}

impl Observes for Local {
    fn observe(&self, progress: &Observation<'_>) {
        if let Some(observer) = &self.observer {
            observer(progress);
        }
    }
}

impl Postpones for Local {
    async fn postpone(&self, outcome: &Arc<Postponed>) -> Result<bool> {
        if !self.together.postpones(outcome) {
            return Ok(false);
        }
        self.state.take_off_ready(&outcome.import)?;
        self.together.postpone(outcome);
        Ok(true)
    }

    fn is_postponed(&self, import: ImportId) -> bool {
        self.together.is_postponed(import)
    }
}

impl CleansUp for Local {
    async fn forget_batches(&self, universe: &str, run: ImportId) -> Result<()> {
        self.records.forget(universe, run).await
    }
}
