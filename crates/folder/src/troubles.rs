//! What failed: how often it was tried, when it is tried next, and what is said of it.
//!
//! Each piece of work that fails has a trouble of its own and waits alone: neither the other repositories nor, where
//! the order allows it, the other files of the same one wait with it. While it waits it is not tried, whatever
//! message asks for it: the state says what is under way, so messages can be dropped. That is what keeps a failure
//! from becoming a loop. What many pieces of work fail for is told once.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tokio::time::Instant;

use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{DroppedObject, Message};

/// How often something is tried that may pass by itself, before it is told and, in a run, left for the next one.
const TRIES: u32 = 4;
/// How long the first retry waits of what may pass by itself. Each further one waits twice as long.
const SOON: Duration = Duration::from_millis(100);
/// The same of what an operator has to see to.
const LATER: Duration = Duration::from_secs(1);
/// The longest wait.
const LONGEST: Duration = Duration::from_mins(1);

/// A piece of work that fails and succeeds by itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Unit {
    /// The whole of the state.
    State,
    /// The whole of the drop zone.
    Inbox,
    /// A path in the drop zone.
    Dropped(PathBuf),
    /// A folder of ours that a reconciliation has to look into.
    Place(PathBuf),
    /// A file on its way in: until it is registered, and until what is no data has its outcome.
    File(ImportId),
    /// The data files of a repository, of which one follows the other.
    Order(Repository),
    /// A mail, by what identifies it.
    Mail(String),
    /// What is expected in a repository, and what waits there.
    Watch(Repository),
    /// Looking for queries of a repository that are due.
    Queries(Repository),
    /// A query.
    Query(Repository, Entry),
}

/// What is done when a unit is tried again.
#[derive(Debug, Clone)]
pub(super) enum Task {
    /// The drop zone is looked at.
    Look,
    /// The reconciliation.
    Reconcile,
    /// A file is taken in.
    TakeIn(Box<DroppedObject>),
    /// A file that is registered goes on; what it is about.
    Resume(ImportId, (Option<Repository>, String)),
    /// A message is sent once more.
    Send(Message),
    /// The sequencer of a repository is asked again.
    Poke(Repository),
    /// A repository is watched over, in which something was registered or not.
    Watch(Repository, bool),
    /// It is looked for queries that are due.
    Queries,
}

/// What could not be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was being done.
    pub what: String,
    /// Why it failed.
    pub error: String,
    /// How many files or mails wait because of it, if any do.
    pub waiting: u64,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.error)?;
        if self.waiting > 1 { write!(f, " ({} wait)", self.waiting) } else { Ok(()) }
    }
}

/// What many units may fail for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cause {
    /// What kind of unit, so that mails are not counted among files.
    kind: u8,
    repository: Option<Repository>,
    /// The folder, if it concerns one.
    folder: Option<String>,
    reason: String,
}

#[derive(Debug)]
struct Trouble {
    task: Task,
    what: String,
    error: String,
    cause: Cause,
    tries: u32,
    version: Option<u64>,
    is_said: bool,
    wait: Wait,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// Not before.
    Until(Instant),
    /// It is being tried again.
    Over,
    /// This run does not try it again.
    GivenUp,
}

/// All that fails.
#[derive(Debug)]
pub(super) struct Troubles {
    root: PathBuf,
    gives_up: bool,
    all: HashMap<Unit, Trouble>,
    /// What failed in the order of a repository and then seemed to go on: how often it had been tried, and at which
    /// version of the order. At the same version nothing went on, so the tries are counted further.
    paused: HashMap<Unit, (u32, Option<u64>)>,
    /// Something has changed since it was last told.
    changed: bool,
}

impl Troubles {
    /// For the folder `root`. One that `gives_up` does not try again what needs an operator, and what may pass by itself
    /// a few times only.
    pub(super) fn new(root: &Path, gives_up: bool) -> Self {
        Self { root: root.to_owned(), gives_up, all: HashMap::new(), paused: HashMap::new(), changed: false }
    }

    /// Whether something may be tried now.
    pub(super) fn may_try(&self, unit: &Unit, now: Instant) -> bool {
        self.all.get(unit).is_none_or(|trouble| match trouble.wait {
            Wait::Until(at) => at <= now,
            Wait::Over => true,
            Wait::GivenUp => false,
        })
    }

    /// Something was tried and failed, at this version of the order if it is about one and the version is known.
    pub(super) fn failed(
        &mut self,
        unit: Unit,
        about: (Option<Repository>, String),
        task: Task,
        error: &Error,
        version: Option<u64>,
    ) {
        let (repository, what) = about;
        let (key, reason) = error.cause();
        let kind = unit.kind();
        let cause = if error.is_shared() {
            Cause { kind, repository: None, folder: None, reason }
        } else {
            let folder = key.map(|key| folder_of(&self.root, key));
            Cause { kind, repository, folder, reason }
        };
        let paused = self.paused.remove(&unit).filter(|(_, at)| *at == version);
        let before = self.all.get(&unit).map(|trouble| trouble.tries);
        let tries = before.or(paused.map(|(tries, _)| tries)).unwrap_or(0) + 1;
        let passes = error.is_transient();
        let is_said = !passes || tries >= TRIES;
        let wait = if self.gives_up && is_said {
            Wait::GivenUp
        } else {
            let first = if passes { SOON } else { LATER };
            Wait::Until(Instant::now() + first.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST))
        };
        tracing::debug!(%error, what, tries, "it failed");
        let trouble = Trouble { task, what, error: error.to_string(), cause, tries, version, is_said, wait };
        self.changed |= is_said;
        self.all.insert(unit, trouble);
    }

    /// Something went well.
    pub(super) fn solved(&mut self, unit: &Unit) {
        if let Some(trouble) = self.all.remove(unit) {
            self.changed |= trouble.is_said;
            if matches!(unit, Unit::Order(_)) {
                self.paused.insert(unit.clone(), (trouble.tries, trouble.version));
            }
        }
    }

    /// Of the units of which `is_seen` is true, only those stay that are `left`.
    pub(super) fn solved_but(&mut self, is_seen: impl Fn(&Unit) -> bool, left: impl Fn(&Unit) -> bool) {
        let solved: Vec<Unit> =
            self.all.keys().filter(|unit| is_seen(unit) && !left(unit)).cloned().collect();
        for unit in solved {
            self.solved(&unit);
        }
    }

    /// What fails.
    pub(super) fn units(&self) -> impl Iterator<Item = &Unit> {
        self.all.keys()
    }

    /// True if nothing fails.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// How a unit is tried again, if it fails.
    pub(super) fn task(&self, unit: &Unit) -> Option<&Task> {
        self.all.get(unit).map(|trouble| &trouble.task)
    }

    /// When the next unit may be tried again.
    pub(super) fn next(&self) -> Option<Instant> {
        let waits = self.all.values().filter_map(|trouble| match trouble.wait {
            Wait::Until(at) => Some(at),
            Wait::Over | Wait::GivenUp => None,
        });
        waits.min()
    }

    /// What is to be tried again now. It is being tried from then on.
    pub(super) fn due(&mut self, now: Instant) -> Vec<(Unit, Task)> {
        let mut due = Vec::new();
        for (unit, trouble) in &mut self.all {
            if matches!(trouble.wait, Wait::Until(at) if at <= now) {
                trouble.wait = Wait::Over;
                due.push((unit.clone(), trouble.task.clone()));
            }
        }
        due.sort_by(|a, b| a.0.cmp(&b.0));
        due
    }

    /// Whether something has changed of what is said; asked once.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What is said: each cause once, with the repositories whose files wait for it in their order.
    pub(super) fn said(&self) -> BTreeMap<Cause, (Failure, Vec<Repository>)> {
        let mut units: Vec<_> = self.all.iter().filter(|(_, trouble)| trouble.is_said).collect();
        units.sort_by_key(|(unit, _)| *unit);
        let mut said: BTreeMap<Cause, (Failure, Vec<Repository>)> = BTreeMap::new();
        for (unit, trouble) in units {
            let Trouble { what, error, cause, .. } = trouble;
            let orders =
                if let Unit::Order(repository) = unit { vec![repository.clone()] } else { Vec::new() };
            let waiting = u64::from(unit.is_one());
            if let Some((failure, others)) = said.get_mut(cause) {
                others.extend(orders);
                failure.waiting += waiting;
                failure.what = unit.several(cause);
                // No longer about the one that was found first.
                if let Some(folder) = &cause.folder {
                    failure.error = format!("{folder} {}", cause.reason);
                }
            } else {
                let failure = Failure { what: what.clone(), error: error.clone(), waiting };
                said.insert(cause.clone(), (failure, orders));
            }
        }
        said
    }
}

impl Unit {
    fn kind(&self) -> u8 {
        match self {
            Self::State => 0,
            Self::Inbox => 1,
            Self::Dropped(_) => 2,
            Self::Place(_) => 3,
            Self::File(_) => 4,
            Self::Order(_) => 5,
            Self::Mail(_) => 6,
            Self::Watch(_) => 7,
            Self::Queries(_) => 8,
            Self::Query(..) => 9,
        }
    }

    /// True if it is one file or one mail.
    fn is_one(&self) -> bool {
        matches!(self, Self::Dropped(_) | Self::File(_) | Self::Mail(_))
    }

    /// What is being done, said of several of them.
    fn several(&self, cause: &Cause) -> String {
        let what = match self {
            Self::State => "reading the state",
            Self::Inbox | Self::Dropped(_) => "registering files",
            Self::Place(_) => "looking into folders",
            Self::File(_) => "continuing files",
            Self::Order(_) => "importing the files",
            Self::Mail(_) => "sending mails",
            Self::Watch(_) => "checking expectations",
            Self::Queries(_) | Self::Query(..) => "reading queries",
        };
        match &cause.repository {
            Some(repository) => format!("{what} of {repository}"),
            None => what.to_owned(),
        }
    }
}

/// The folder that several objects share: `archives/acme` of `archives/acme/x.csv`.
fn folder_of(root: &Path, key: &str) -> String {
    let below = Path::new(key).strip_prefix(root).unwrap_or(Path::new(key));
    let parts: Vec<_> = below.components().collect();
    let kept = parts.len().saturating_sub(1).clamp(1, 2);
    let folder: PathBuf = if below.is_absolute() {
        below.parent().unwrap_or(below).to_owned()
    } else {
        parts.into_iter().take(kept).collect()
    };
    folder.display().to_string()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn acme() -> Repository {
        "acme".parse().unwrap()
    }

    fn denied(key: &str) -> Error {
        Error::writing(key, io::ErrorKind::PermissionDenied.into())
    }

    fn busy() -> Error {
        Error::Store { what: "writing", source: "busy".into() }
    }

    fn fail(troubles: &mut Troubles, unit: Unit, error: &Error) {
        troubles.failed(unit, (Some(acme()), "doing something".to_owned()), Task::Look, error, None);
    }

    fn file(n: u128) -> Unit {
        Unit::File(ImportId::new(jiff::Timestamp::UNIX_EPOCH, n))
    }

    #[test]
    fn a_run_gives_up_at_once_what_needs_an_operator_and_after_some_tries_what_may_pass() {
        let mut troubles = Troubles::new(Path::new("drop"), true);
        let order = Unit::Order(acme());
        fail(&mut troubles, order.clone(), &denied("archives/acme/x.csv"));
        let far = Instant::now() + Duration::from_hours(1);
        assert!(!troubles.may_try(&order, far) && troubles.next().is_none());
        for tries in 1..=TRIES {
            assert_eq!(troubles.said().len(), 1, "{tries}");
            fail(&mut troubles, Unit::State, &busy());
        }
        assert!(!troubles.may_try(&Unit::State, far) && troubles.due(far).is_empty());
        assert_eq!(troubles.said().len(), 2);
    }

    #[test]
    fn tries_are_counted_further_until_the_order_of_a_repository_goes_on() {
        let mut troubles = Troubles::new(Path::new("drop"), true);
        let order = Unit::Order(acme());
        let fail = |troubles: &mut Troubles, version| {
            troubles.failed(order.clone(), (Some(acme()), String::new()), Task::Look, &busy(), version);
            troubles.solved(&order);
            troubles.paused[&order].0
        };
        let tries = [Some(1), Some(1), Some(1), Some(2), None, None].map(|at| fail(&mut troubles, at));
        assert_eq!(tries, [1, 2, 3, 1, 1, 2]);
    }

    #[test]
    fn whoever_watches_waits_longer_each_time_and_for_a_minute_at_most() {
        let mut troubles = Troubles::new(Path::new("drop"), false);
        let mut waits = Vec::new();
        for _ in 0..10 {
            let now = Instant::now();
            fail(&mut troubles, Unit::Order(acme()), &denied("archives/acme/x.csv"));
            assert!(!troubles.may_try(&Unit::Order(acme()), now));
            waits.push((troubles.next().unwrap() - now).as_secs());
            assert_eq!(troubles.due(Instant::now() + LONGEST).len(), 1);
            assert!(troubles.may_try(&Unit::Order(acme()), now), "it is being tried");
            assert!(troubles.due(Instant::now() + LONGEST).is_empty(), "once");
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        troubles.solved(&Unit::Order(acme()));
        assert!(troubles.is_empty() && troubles.take_changed() && !troubles.take_changed());
    }

    #[test]
    fn a_cause_is_said_once_with_its_folder_and_how_many_wait() {
        let mut troubles = Troubles::new(Path::new("drop"), true);
        fail(&mut troubles, file(1), &denied("bogus/acme/x.csv"));
        let one = troubles.said().into_values().next().unwrap().0;
        assert_eq!(one.to_string(), "doing something: bogus/acme/x.csv cannot be written: permission denied");
        fail(&mut troubles, file(2), &denied("bogus/acme/y.csv"));
        fail(&mut troubles, file(3), &denied("drop/bogus/acme/z.csv"));
        fail(&mut troubles, file(4), &denied("logs/acme/z.csv.log"));
        let said: Vec<Failure> = troubles.said().into_values().map(|(failure, _)| failure).collect();
        assert_eq!(said.len(), 2);
        let text = "continuing files of acme: bogus/acme cannot be written: permission denied (3 wait)";
        assert_eq!((said[0].to_string().as_str(), said[0].waiting, said[1].waiting), (text, 3, 1));
    }

    #[test]
    fn what_all_repositories_have_in_common_is_said_once_for_all() {
        let mut troubles = Troubles::new(Path::new("drop"), true);
        let full = |key: &str| Error::writing(key, io::ErrorKind::StorageFull.into());
        for name in ["acme", "other"] {
            let repository: Repository = name.parse().unwrap();
            let about = (Some(repository.clone()), format!("importing x of {name}"));
            troubles.failed(
                Unit::Order(repository),
                about,
                Task::Look,
                &full(&format!("logs/{name}/x")),
                None,
            );
        }
        let said = troubles.said();
        let [(failure, repositories)] = &said.values().collect::<Vec<_>>()[..] else { panic!("{said:?}") };
        assert_eq!(
            failure.to_string(),
            "importing the files: logs/acme/x cannot be written: no storage space"
        );
        assert_eq!(repositories.len(), 2);
    }
}
