//! A process: one instance of a function, with what it remembers. It treats one message at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::item::LastItem;
use tidewaiter::keys::Repository;
use tidewaiter_engine::capabilities::{
    Capacity, CleansUp, Clock, HasConfigCache, HasConnections, HasDecryptionKeys, HasLocator, HasMailer,
    HasObjects, HasQueries, HasQueue, HasRecords, HasState, IntakePolicy, Observes, Postpones, Reader,
};
use tidewaiter_engine::config_cache::Cache;
use tidewaiter_engine::follow::BufferedQueue;
use tidewaiter_engine::ports::{
    ImportRun, ImportSnapshot, Message, News, Objects, Position, Progress, QueryStates, Records, RunLedger,
};
use tidewaiter_engine::process::Tried;
use tidewaiter_engine::{Result, configs, digest, fetch, follow, intake, reconcile, report, sequence, watch};

use crate::fault::Fault;
use crate::gate::Lane;
use crate::messages::{Act, Body};
use crate::ports::{Held, Memory, Ports};
use crate::table::By;
use crate::watch::reader_name;
use crate::world::{World, at};

/// A file that arrived less than so many seconds ago is likely to be in hand, and a reconciliation leaves it alone.
const IN_HAND: SignedDuration = SignedDuration::from_secs(20 * 60);

/// For how long a read belongs to its process, in seconds: longer than a process lives, whatever the clocks say.
const LONGER_THAN_ANY: u32 = 1_800;
/// The same, where a process may be late that has lost its read to another one.
const SHORTER_THAN_SOME: u32 = 60;

/// A message that hands out a file is the first one about it for so long.
const FRESH: SignedDuration = SignedDuration::from_secs(5 * 60);

/// What a process can be started as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Takes in.
    Unpack,
    /// Decides what is next, and reconciliations.
    Sequence,
    /// Checks and loads.
    Validate,
    /// Mails.
    Report,
    /// Reads databases.
    Fetch,
    /// What a person does with a command.
    Person,
}

impl Function {
    /// Whose message this is.
    pub fn of(body: &Body) -> Self {
        match body {
            Body::Upload(_) | Body::Message(Message::TakeIn { .. } | Message::Missed { .. }) => Self::Unpack,
            Body::Sweep | Body::Tick | Body::Message(Message::Sequence { .. }) => Self::Sequence,
            Body::Message(Message::Fetch { .. }) => Self::Fetch,
            Body::Person(..) => Self::Person,
            Body::Message(Message::Work { .. }) => Self::Validate,
            Body::Message(Message::Report { .. } | Message::Digest { .. } | Message::Notice { .. }) => {
                Self::Report
            }
        }
    }

    /// The name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unpack => "unpack",
            Self::Sequence => "sequence",
            Self::Validate => "validate",
            Self::Report => "report",
            Self::Fetch => "fetch",
            Self::Person => "person",
        }
    }
}

/// One instance of a function.
pub struct Process {
    /// Its number.
    pub number: u64,
    /// What it is.
    pub function: Function,
    /// By how many milliseconds its clock is wrong.
    pub skew: i64,
    /// How many loaders its version shares lines among.
    pub loaders: u32,
    /// True if its time is not up before it is done with what it does.
    has_time: AtomicBool,
    ports: Ports,
    queue: BufferedQueue<Ports>,
    cache: Cache,
}

impl Process {
    /// A process that remembers nothing yet.
    pub fn new(
        world: Arc<World>,
        number: u64,
        function: Function,
        skew: i64,
        loaders: u32,
        names_for: Duration,
    ) -> Self {
        let (memory, held) = (Memory::default(), Held::default());
        let ports = Ports { world, lane: Lane::default(), process: number, memory, held };
        let queue = BufferedQueue::new(ports.clone());
        let (has_time, cache) = (AtomicBool::new(false), Cache::with_names_for(names_for));
        Self { number, function, skew, loaders, has_time, ports, queue, cache }
    }

    /// Where its calls stop.
    pub fn lane(&self) -> &Lane {
        &self.ports.lane
    }

    /// Treats a message that was handed out `tries` times, this time included, as the functions do.
    ///
    /// # Errors
    /// The message is to come again.
    pub async fn handle(&self, body: &Body, tries: u32) -> Result<()> {
        // Where a file is landed as a whole, the second invocation is its last one. It has the time.
        let is_last = self.ports.lands_whole()
            && matches!(body, Body::Message(Message::Work { landed, .. }) if *landed > 0);
        self.has_time.store(is_last, Ordering::Relaxed);
        match body {
            Body::Upload(dropped) => intake::intake(self, dropped).await,
            Body::Sweep => {
                let left_alone = self.now().checked_sub(IN_HAND).unwrap_or(Timestamp::MIN);
                reconcile::reconcile(self, left_alone).await?;
                self.look_for_queries().await
            }
            Body::Tick => self.look_for_queries().await,
            Body::Person(repository, act) => self.act(repository, *act).await,
            Body::Message(Message::Fetch { repository, entry }) => {
                fetch::fetch(self, repository, entry).await.map(|_| ())
            }
            Body::Message(Message::Missed { dropped }) => intake::intake(self, dropped).await,
            Body::Message(Message::TakeIn { import }) => reconcile::resume_by_id(self, *import).await,
            Body::Message(Message::Sequence { repository, news, known }) => {
                self.remember(known.as_deref());
                sequence::sequence(self, repository, news.clone()).await?;
                // Whoever had it before may have died when the state had moved on.
                if tries > 1 && !matches!(news, News::Poke) {
                    sequence::sequence(self, repository, News::Poke).await?;
                }
                Ok(())
            }
            Body::Message(Message::Work { import, task, known, landed }) => {
                self.remember(known.as_deref());
                let is_first =
                    tries == 1 && known.as_ref().is_some_and(|known| self.has_just_begun(&known.import));
                follow::process_and_follow(self, *import, *task, Tried::told(is_first, *landed)).await
            }
            Body::Message(Message::Report { import }) => report::report(self, *import).await,
            Body::Message(Message::Digest { repository, digest }) => {
                digest::digest(self, repository, digest).await
            }
            Body::Message(Message::Notice { notice }) => watch::tell(self, notice).await,
        }
    }
}

impl Process {
    /// In histories without queries, nothing is looked for.
    async fn look_for_queries(&self) -> Result<()> {
        if self.ports.world.with(|inner| inner.watch.readers().is_empty()) {
            return Ok(());
        }
        for repository in self.objects().configured().await? {
            fetch::ask(self, &repository).await?;
        }
        Ok(())
    }

    /// What the command does for a person. What stands against it is told, and the person leaves it.
    async fn act(&self, repository: &Repository, act: Act) -> Result<()> {
        let active = configs::active(self, repository).await?;
        for (entry, _, query) in fetch::queries(&active) {
            let (mut state, version) = fetch::state_of(self, repository, &entry).await?;
            let column = query.last_item.as_ref().map(|last| last.column.as_str());
            let is_done = match act {
                Act::Ask => {
                    state.asked = Some("a person".to_owned());
                    true
                }
                Act::Reset => state.move_to(None, column, "a person", self.now()),
                Act::Set(less) => match lessened(&state.position, column, less) {
                    Some(last) => state.move_to(Some(last), column, "a person", self.now()),
                    None => false,
                },
            };
            if is_done
                && self.queries().put_query(repository, &entry, &state, version).await?
                && act != Act::Ask
            {
                self.ports.world.with(|inner| inner.faults.add(Fault::LastItemSet));
            }
        }
        if act == Act::Ask {
            fetch::ask(self, repository).await?;
        }
        Ok(())
    }

    /// Takes over what the sender of a message has seen.
    fn remember(&self, known: Option<&ImportSnapshot>) {
        if let Some(known) = known {
            self.ports.remember(known);
        }
    }

    /// False of what was replayed from the dead letters.
    fn has_just_begun(&self, import: &ImportRun) -> bool {
        let Progress::Started(pinned) = &import.progress else { return false };
        self.now().duration_since(pinned.at) < FRESH
    }
}

/// The last item of a position in this column, less so much.
fn lessened(position: &Position, column: Option<&str>, less: i64) -> Option<LastItem> {
    let last = position.last.as_ref().filter(|_| position.column.as_deref() == column)?;
    let by = if column == Some("id") { By::Id } else { By::At };
    Some(LastItem { text: by.text(by.read(last)? - less), form: last.form })
}

impl HasConnections for Process {
    type Connections = Ports;

    fn connections(&self) -> &Ports {
        &self.ports
    }
}

impl Reader for Process {
    fn new_run(&self) -> ImportId {
        let random = self.ports.world.with(|inner| inner.chance.any());
        ImportId::new(self.now(), random.into())
    }

    fn reader(&self) -> String {
        reader_name(self.number)
    }

    fn read_seconds(&self) -> u32 {
        let is_exclusive = self.ports.world.with(|inner| inner.watch.is_exclusive);
        if is_exclusive { LONGER_THAN_ANY } else { SHORTER_THAN_SOME }
    }
}

impl HasObjects for Process {
    type Objects = Ports;

    fn objects(&self) -> &Ports {
        &self.ports
    }
}

impl HasState for Process {
    type State = Ports;

    fn state(&self) -> &Ports {
        &self.ports
    }
}

impl HasConfigCache for Process {
    fn config_cache(&self) -> &Cache {
        &self.cache
    }
}

impl HasRecords for Process {
    type Records = Ports;

    fn records(&self) -> &Ports {
        &self.ports
    }
}

impl HasMailer for Process {
    type Mailer = Ports;

    fn mailer(&self) -> &Ports {
        &self.ports
    }
}

impl HasQueue for Process {
    type Queue = BufferedQueue<Ports>;

    fn queue(&self) -> &BufferedQueue<Ports> {
        &self.queue
    }
}

impl Clock for Process {
    fn now(&self) -> Timestamp {
        at(self.ports.world.with(|inner| inner.now) + self.skew)
    }
}

impl IntakePolicy for Process {}

impl HasDecryptionKeys for Process {}

impl HasLocator for Process {}

impl Capacity for Process {
    fn loaders(&self, _bytes: u64) -> u32 {
        self.loaders
    }

    fn time_is_up(&self) -> bool {
        if self.has_time.load(Ordering::Relaxed) {
            return false;
        }
        self.ports.world.with(|inner| {
            let is_up = inner.happens(inner.rates.handed_on);
            if is_up {
                inner.faults.add(Fault::HandedOn);
                inner.tell(|| format!("{}#{}: its TIME IS UP", self.function.name(), self.number));
            }
            is_up
        })
    }
}

impl Observes for Process {}

impl Postpones for Process {}

impl CleansUp for Process {
    async fn forget_batches(&self, universe: &str, run: ImportId) -> Result<()> {
        self.ports.forget(universe, run).await
    }
}
