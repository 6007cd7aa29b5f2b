//! One fault at one call, and what comes of it.

use std::path::Path;
use std::sync::Arc;

use tidewaiter_engine::ports::{KeptReport, Progress};
use tidewaiter_tests::generate::Chance;

use crate::deployment::{Between, Deployment, Ended};
use crate::fault::Kind;
use crate::inject::{Injector, Made, Plan, Target};
use crate::journal::Journal;
use crate::scenario;
use crate::seen::{Seen, differences, look, stored};

/// A run with a fault may make so many times the calls of an undisturbed one.
const PATIENCE: u64 = 8;

/// When a run has said that nothing failed.
const SILENT: &str = "no failure was said, and";

/// True for an empty folder that was left around a file, and for what was half written.
fn is_rest(difference: &str) -> bool {
    let folders = ["waiting/", "unpacked/", "imports/"].iter().any(|prefix| difference.starts_with(prefix));
    let is_extra = difference.contains(" should not be there");
    is_extra
        && (difference.starts_with(".tidewaiter/partial/") || (folders && difference.contains("/ should")))
}

/// What trials begin with, and what they are compared with.
pub struct Bench {
    begin: Deployment,
    expected: Seen,
    others: Result<Seen, String>,
    /// The calls of the undisturbed run.
    pub calls: Vec<Made>,
}

impl Bench {
    /// Makes the undisturbed run.
    #[expect(clippy::new_without_default, reason = "it is a run, and takes its time")]
    pub fn new() -> Self {
        let begin = Deployment::new();
        let undisturbed = begin.copied();
        scenario::drops(&undisturbed.root());
        let injector = Arc::new(Injector::new(None, u64::MAX).traced());
        let ended = undisturbed.run(&between(&injector));
        assert_eq!(ended, Ended::ByItself(Vec::new()), "the undisturbed run fails nowhere");
        let expected = look(&undisturbed.root(), None).expect("it can be looked at");
        let others = look(&undisturbed.root(), Some(&[scenario::BETA, scenario::GAMMA, scenario::DELTA]));
        assert_eq!(standing(&undisturbed.root()), Vec::<String>::new(), "the undisturbed run is whole");
        Self { begin, expected, others, calls: injector.take_trace() }
    }

    /// What comes of the undisturbed run.
    pub fn expected(&self) -> &Seen {
        &self.expected
    }

    /// The same of all repositories but that of the neighbour.
    pub fn expected_of_others(&self) -> Result<&Seen, &String> {
        self.others.as_ref()
    }

    /// A deployment in which everything is dropped, and nothing has run.
    pub fn begun(&self) -> Deployment {
        let deployment = self.begin.copied();
        scenario::drops(&deployment.root());
        deployment
    }

    /// The call that has this number in the undisturbed run.
    fn target(&self, number: u64) -> Target {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        let calls = at.and_then(|at| self.calls.get(..=at)).unwrap_or_default();
        let Some(meant) = calls.last().map(Made::masked) else { return Target::Number(number) };
        let alike = calls.iter().filter(|call| call.op == meant.op && call.masked() == meant).count();
        Target::Nth(meant, alike as u64)
    }

    /// How many calls a run may make.
    pub fn most(&self) -> u64 {
        self.calls.len() as u64 * PATIENCE
    }
}

/// A fault at a call.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// The number of the call, from 1.
    pub call: u64,
    /// What happens to it.
    pub kind: Kind,
    /// What decides what is lost in a power cut.
    pub seed: u64,
}

impl std::fmt::Display for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "faults one {} {} {}", self.call, self.kind, self.seed)
    }
}

/// What came of a trial.
#[derive(Debug, Default)]
pub struct Told {
    /// The call that was hit. None if the run made fewer calls.
    pub hit: Option<Made>,
    /// What must not be.
    pub problems: Vec<String>,
    /// How the runs went.
    pub story: Vec<String>,
}

/// Makes a trial.
pub fn make(bench: &Bench, trial: Trial) -> Told {
    let mut told = Told::default();
    let mut chance = Chance::new(trial.seed);
    let deployment = bench.begun();
    let root = deployment.root();
    let mut injector =
        Injector::new(Some(Plan { call: bench.target(trial.call), kind: trial.kind }), bench.most());
    if matches!(trial.kind, Kind::PowerCut | Kind::DiesThenPowerCut) {
        injector = injector.with_journal(Journal::new(&root, &deployment.side()));
    }
    let mut injector = Arc::new(injector);
    let ended = deployment.run(&between(&injector));
    told.hit = injector.hit();
    told.story.push(format!("the run with the fault: {ended:?}"));
    told.check_end(&ended, &injector, "the run with the fault");
    told.story.extend(injector.last());
    if told.hit.is_none() {
        return told;
    }
    if trial.kind == Kind::DiesThenPowerCut
        && let Some(journal) = injector.take_journal()
    {
        let call = 1 + chance.below(injector.calls());
        let plan = Plan { call: Target::Number(call), kind: Kind::PowerCut };
        injector = Arc::new(Injector::new(Some(plan), bench.most()).with_journal(journal));
        let ended = deployment.run(&between(&injector));
        told.story.push(format!(
            "killed, started again, and cut at call {} {:?}: {ended:?}",
            call,
            injector.hit()
        ));
        told.check_end(&ended, &injector, "the run before the power cut");
    }
    if let Some(journal) = injector.take_journal() {
        cut(&root, journal, &mut chance, &mut told);
    }
    for problem in standing(&root) {
        told.problems.push(format!("after the fault: {problem}"));
    }
    if !trial.kind.kills() && ended == Ended::ByItself(Vec::new()) {
        told.compare(&root, bench, SILENT);
    }
    let mut ended = Ended::ByItself(Vec::new());
    for run in 2..=3 {
        // Nothing fails, and yet a run must end.
        let quiet = Arc::new(Injector::new(None, bench.most()));
        ended = deployment.run(&between(&quiet));
        told.story.push(format!("run {run}, undisturbed: {ended:?}"));
        told.check_end(&ended, &quiet, "the run after the fault");
        if ended == Ended::ByItself(Vec::new()) {
            break;
        }
    }
    for failure in ended.failures() {
        told.problems.push(format!("the fault is gone, and it still fails: {failure}"));
    }
    for problem in standing(&root) {
        told.problems.push(format!("in the end: {problem}"));
    }
    told.compare(&root, bench, "in the end");
    told
}

impl Told {
    fn check_end(&mut self, ended: &Ended, injector: &Injector, what: &str) {
        match ended {
            Ended::ByItself(_) => {}
            Ended::GivenUp if !injector.is_endless() => {}
            Ended::GivenUp => self.problems.push(format!("{what} does not end")),
            Ended::Panicked(text) => self.problems.push(format!("{what} panicked: {text}")),
        }
    }

    fn compare(&mut self, root: &Path, bench: &Bench, when: &str) {
        match look(root, None) {
            Ok(found) => {
                let mut found = differences(&found, &bench.expected);
                // What could not be removed, and is nobody's, is removed by the next run.
                found.retain(|it| when != SILENT || !is_rest(it));
                self.problems.extend(found.into_iter().map(|it| format!("{when}: {it}")));
            }
            Err(error) => self.problems.push(format!("{when}: {error}")),
        }
    }
}

fn cut(root: &Path, journal: Journal, chance: &mut Chance, told: &mut Told) {
    // What was committed is durable, whatever else is lost.
    let registered = match stored(root) {
        Ok(stored) => stored.imports.iter().map(|import| import.id.to_string()).collect::<Vec<_>>(),
        Err(error) => {
            told.problems.push(format!("after the power cut: {error}"));
            Vec::new()
        }
    };
    let cut = journal.cut(chance, |import| registered.iter().any(|id| id == import));
    told.story.push(format!("lost with the power: {:#?}", cut.undone));
}

fn between(injector: &Arc<Injector>) -> Between {
    Between { interference: Some(injector.clone()), clock: injector.clock(), ends: injector.ends() }
}

/// What the ledger says is there, and is not.
pub fn standing(root: &Path) -> Vec<String> {
    let stored = match stored(root) {
        Ok(stored) => stored,
        Err(error) => return vec![error],
    };
    let mut problems = Vec::new();
    let bytes = |key: &str| {
        std::fs::symlink_metadata(root.join(key)).ok().map(|found| (found.is_file(), found.len()))
    };
    for import in &stored.imports {
        let file = &import.file;
        // The ledger names the new place of what is displaced before it is moved there: nothing is lost meanwhile.
        let names = ["_", "."].map(|before| format!("{before}{}", import.id));
        let before = |key: &str| names.iter().find_map(|name| bytes(&key.replace(name, "")));
        let found = |key: &str| bytes(key).or_else(|| before(key));
        let mut holds = |key: &str, what: &str, expected: Option<u64>| match (found(key), expected) {
            (None, _) => problems.push(format!("the {what} of {file} is not at {key}")),
            (Some((true, found)), Some(expected)) if found != expected => {
                problems.push(format!("{key} has {found} bytes instead of {expected}"));
            }
            (Some((true, 0)), None) => problems.push(format!("{key} is empty")),
            _ => {}
        };
        let is_whole = Some(import.bytes);
        match &import.progress {
            Progress::Registered | Progress::Started(_) => holds(&import.source.key, "content", is_whole),
            Progress::Concluding(concluding) => {
                if bytes(&import.source.key).is_none() {
                    holds(concluding.place.as_str(), "content", is_whole);
                }
            }
            Progress::Done(done) => {
                if done.code.as_deref() != Some("gone") {
                    holds(done.place.as_str(), "content", is_whole);
                }
                holds(done.log.as_str(), "log", None);
                if let Some(badlines) = &done.badlines {
                    holds(badlines.as_str(), "rejected lines", None);
                }
                match &done.report {
                    KeptReport::At(report) => holds(report.as_str(), "report", None),
                    KeptReport::Here(report) if !report.recipients.is_empty() && !done.mail_due => {
                        let name = format!("{}-{}-{}.eml", import.id, import.repository, import.data_file());
                        let safe =
                            |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
                        let name: String = name.chars().map(safe).collect();
                        holds(&format!("outbox/{name}"), "mail", None);
                    }
                    KeptReport::Here(_) => {}
                }
            }
        }
    }
    problems
}
