//! One history: the scheduler that lets processes go on, one call at a time, and breaks what can break.

mod acts;
mod hands;
mod tables;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tidewaiter::id::ImportId;
use tidewaiter_engine::Result;
use tidewaiter_tests::generate::Chance;
use tokio::runtime::Runtime;

use crate::fault::{Fault, Faults};
use crate::judge;
use crate::messages::Body;
use crate::process::Process;
use crate::scenario::{Action, Scenario};
use crate::watch::Watch;
use crate::world::{Lands, Rates, World};

/// How many messages are treated at a time.
const HANDS: usize = 4;
/// A function is stopped after so many milliseconds.
const TIME_OUT: i64 = 900_000;
/// A message is hidden for so long from others while somebody has it.
const HIDDEN: i64 = 5_430_000;
/// A message that was tried so often goes to the dead letters.
const TRIES: u32 = 5;
/// How long the schedule waits between two reconciliations once it is calm.
const RECONCILE_EVERY: i64 = 30 * 60 * 1_000;
/// More reconciliations than that are needed for nothing.
const SWEEPS: u32 = 40;
/// More steps than that take no history to its end.
const STEPS: u64 = 60_000;

/// What came of a history.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Its seed.
    pub seed: u64,
    /// What went wrong in it, injected.
    pub faults: Faults,
    /// What went wrong in the system.
    pub violations: Vec<String>,
    /// What happened, line by line; empty unless it was asked for.
    pub trace: Vec<String>,
    /// How many calls of ports were made.
    pub calls: u64,
    /// How many files reached an outcome.
    pub files: u64,
    /// How many lines were read from what was imported.
    pub lines: u64,
    /// Something that is the same whenever the same happened.
    pub print: u64,
}

type Work = Pin<Box<dyn Future<Output = Result<()>>>>;

/// A message that is treated.
struct Task {
    process: Arc<Process>,
    work: Work,
    message: u64,
    began: i64,
    /// It does not go on before this step.
    stalled_until: u64,
}

/// How a task stopped.
enum Stopped {
    /// Before a call.
    Parked,
    Ended(Result<()>),
    Panicked(String),
}

struct History {
    world: Arc<World>,
    actions: Vec<Action>,
    partners: Vec<(String, &'static str)>,
    /// The imports of what was dropped, in that order.
    dropped: Vec<ImportId>,
    tasks: Vec<Task>,
    /// Processes that treat nothing now.
    idle: Vec<Arc<Process>>,
    processes: u64,
    loaders: u32,
    names_for: Duration,
    throttled: BTreeMap<&'static str, u32>,
    dead_letters: Vec<Body>,
    step: u64,
    calls: u64,
    print: u64,
    is_calm: bool,
    /// How often persons asked for what queries have still to import.
    asked: u32,
}

/// Runs the history of a seed.
///
/// # Panics
/// If no runtime or database can be made.
#[expect(clippy::expect_used, reason = "without them nothing can be simulated")]
pub fn run(runtime: &Runtime, seed: u64, is_traced: bool) -> Told {
    let mut chance = Chance::new(seed);
    let mut scenario = Scenario::draw(&mut chance);
    scenario.add_queries(seed);
    let rates = Rates::draw(&mut chance);
    // From a copy: what else happens does not depend on it.
    let lands = Lands::any(&mut chance.clone());
    let world = World::new(chance, rates, Watch::new(scenario.partners.clone()), is_traced, lands);
    let world = world.expect("databases can be made in memory");
    // In the other half, a process may be late that has lost its read to another one.
    world.with(|inner| inner.watch.is_exclusive = seed.is_multiple_of(2));
    let mut history = History::new(world, scenario);
    runtime.block_on(history.run());
    history.told(seed)
}

impl History {
    fn new(world: Arc<World>, scenario: Scenario) -> Self {
        let partners: Vec<(String, &'static str)> = scenario
            .partners
            .iter()
            .map(|partner| (partner.repository.to_string(), partner.universe))
            .collect();
        let (names_for, loaders) = world.with(|inner| {
            for partner in &scenario.partners {
                let key = format!("config/{}/{}.json", partner.repository, partner.universe);
                if let Some(variant) = partner.variants.first().filter(|_| partner.is_configured) {
                    let document = variant.document(partner.universe);
                    let _ = inner.bucket.put(&key, document, false);
                }
            }
            let names_for = if inner.chance.below(2) == 0 { Duration::ZERO } else { Duration::MAX };
            (names_for, one_to_three(&mut inner.chance))
        });
        let mut actions = scenario.actions;
        actions.reverse();
        Self {
            world,
            actions,
            partners,
            dropped: Vec::new(),
            tasks: Vec::new(),
            idle: Vec::new(),
            processes: 0,
            loaders,
            names_for,
            throttled: BTreeMap::new(),
            dead_letters: Vec::new(),
            step: 0,
            calls: 0,
            print: 0,
            is_calm: false,
            asked: 0,
        }
    }

    fn told(self, seed: u64) -> Told {
        drop(self.tasks);
        self.world.with(|inner| Told {
            seed,
            faults: inner.faults,
            violations: std::mem::take(&mut inner.watch.violations),
            trace: inner.trace.take().unwrap_or_default(),
            calls: self.calls,
            files: inner.watch.conclusions.len() as u64,
            lines: inner.watch.conclusions.values().map(|conclusion| conclusion.counts.read).sum(),
            print: self.print,
        })
    }

    async fn run(&mut self) {
        self.storm().await;
        if self.is_wrong() {
            return;
        }
        self.calm_down();
        self.come_to_rest().await;
        if !self.is_wrong() {
            match judge::at_rest(&self.world).await {
                Ok(wrong) => self.world.with(|inner| inner.watch.violations.extend(wrong)),
                Err(error) => self.wrong(format!("the stores cannot be read: {error}")),
            }
        }
    }

    fn is_wrong(&self) -> bool {
        self.world.with(|inner| !inner.watch.violations.is_empty())
    }

    fn wrong(&self, what: String) {
        self.world.with(|inner| inner.watch.violations.push(what));
    }

    fn happens(&self, in_a_thousand: u64) -> bool {
        self.world.with(|inner| inner.happens(in_a_thousand))
    }

    fn below(&self, end: usize) -> usize {
        let below = self.world.with(|inner| inner.chance.below(end as u64));
        usize::try_from(below).unwrap_or(0)
    }

    fn fault(&self, fault: Fault) {
        self.world.with(|inner| inner.faults.add(fault));
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        self.world.with(|inner| inner.tell(what));
    }

    fn count_step(&mut self) -> bool {
        self.step += 1;
        let step = self.step;
        self.world.with(|inner| {
            inner.watch.step = step;
            let millis = inner.chance.below(40).cast_signed();
            inner.pass(millis);
        });
        if step > STEPS {
            self.wrong("it does not come to an end".to_owned());
        }
        !self.is_wrong()
    }

    /// As long as things go wrong.
    async fn storm(&mut self) {
        let mut left = 100 + self.below(600);
        let rates = self.world.with(|inner| inner.rates);
        while left > 0 && self.count_step() {
            if self.actions.is_empty() {
                left -= 1;
            } else if self.below(30) == 0 {
                self.act();
            }
            if self.happens(rates.clock) {
                self.jump();
            }
            if self.happens(rates.redeployed) {
                self.redeploy();
            }
            if self.happens(rates.swept) {
                self.sweep();
            }
            self.change_tables();
            if self.happens(rates.two_at_once) {
                self.deliver_again();
            }
            // To hand something out, or to let somebody go on who has something.
            let may_deliver = self.tasks.len() < HANDS;
            if may_deliver && (self.tasks.is_empty() || self.below(4) == 0) && self.deliver() {
                continue;
            }
            if !self.go_on().await && !self.deliver() {
                // Nothing to be done before some time has passed.
                if self.actions.is_empty() {
                    self.jump_to_next();
                } else {
                    self.act();
                }
            }
        }
        while !self.actions.is_empty() {
            self.act();
        }
    }

    /// From now on nothing goes wrong any more, and operators do what is theirs.
    fn calm_down(&mut self) {
        self.is_calm = true;
        self.throttled.clear();
        for task in &mut self.tasks {
            task.stalled_until = 0;
        }
        self.tell(|| "from now on nothing goes wrong".to_owned());
        self.leave_schedules_behind();
        let letters = std::mem::take(&mut self.dead_letters);
        self.world.with(|inner| {
            inner.rates = Rates::default();
            let now = inner.now;
            for body in letters {
                inner.send(body, now);
            }
            let lost = std::mem::take(&mut inner.watch.lost);
            for dropped in lost {
                // Some operators look at what lies in the drop zone, and send its event again.
                if inner.chance.below(2) == 0 {
                    inner.send(Body::Upload(dropped), now);
                } else {
                    inner.watch.lost.push(dropped);
                }
            }
        });
    }

    /// Until nothing is left to be done.
    async fn come_to_rest(&mut self) {
        let mut sweeps = 0;
        let mut swept_at = self.world.with(|inner| inner.now);
        while self.count_step() {
            if self.tasks.len() < HANDS && (self.tasks.is_empty() || self.below(4) == 0) && self.deliver() {
                continue;
            }
            if self.go_on().await || self.deliver() {
                continue;
            }
            let (now, next) = self
                .world
                .with(|inner| (inner.now, inner.queue.iter().map(|envelope| envelope.visible).min()));
            if let Some(next) = next {
                // The schedule does not wait until messages that fail go well.
                if next.max(now) > swept_at + RECONCILE_EVERY {
                    swept_at = now.max(swept_at + RECONCILE_EVERY);
                    self.world.with(|inner| {
                        inner.pass(swept_at - now);
                        inner.send(Body::Sweep, swept_at);
                    });
                } else {
                    self.jump_to_next();
                }
                continue;
            }
            if self.ask_for_the_rest(self.is_swept(sweeps)) {
                sweeps = 0;
                continue;
            }
            if self.is_swept(sweeps) {
                return;
            }
            sweeps += 1;
            if sweeps > SWEEPS {
                self.wrong("each reconciliation finds something to be done".to_owned());
            }
            swept_at = self.world.with(|inner| {
                inner.pass(RECONCILE_EVERY);
                let now = inner.now;
                inner.watch.sent_before_sweep = inner.sent;
                inner.send(Body::Sweep, now);
                now
            });
        }
    }

    /// True if the last reconciliation found nothing.
    fn is_swept(&self, sweeps: u32) -> bool {
        sweeps > 1 && self.world.with(|inner| inner.sent == inner.watch.sent_before_sweep + 1)
    }
}

fn one_to_three(chance: &mut Chance) -> u32 {
    1 + u32::try_from(chance.below(3)).unwrap_or(0)
}
