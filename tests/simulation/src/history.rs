//! One history: the scheduler that lets processes go on, one call at a time, and breaks what can break.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{Drop, Nature, Source};
use tidewaiter_tests::generate::Chance;
use tokio::runtime::Runtime;

use crate::fault::{Fault, Faults};
use crate::gate::Verdict;
use crate::judge;
use crate::ports::Reader;
use crate::process::{Function, Process};
use crate::scenario::{Action, Dropped, Scenario};
use crate::watch::{Upload, Watch};
use crate::world::{Body, Rates, World, describe};

/// How many messages are treated at a time.
const HANDS: usize = 4;
/// A function is stopped after so many milliseconds.
const TIME_OUT: i64 = 900_000;
/// A message is hidden for so long from others while somebody has it.
const HIDDEN: i64 = 5_430_000;
/// A message that was tried so often goes to the dead letters.
const TRIES: u32 = 5;
/// How long the schedule waits between two sweeps once it is calm.
const SWEEP_EVERY: i64 = 30 * 60 * 1_000;
/// More sweeps than that are needed for nothing.
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
}

/// Runs the history of a seed.
///
/// # Panics
/// If no runtime or database can be made.
#[expect(clippy::expect_used, reason = "without them nothing can be simulated")]
pub fn run(runtime: &Runtime, seed: u64, is_traced: bool) -> Told {
    let mut chance = Chance::new(seed);
    let scenario = Scenario::draw(&mut chance);
    let rates = Rates::draw(&mut chance);
    let world = World::new(chance, rates, Watch::new(scenario.partners.clone()), is_traced);
    let world = world.expect("databases can be made in memory");
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
                if let Some(variant) = partner.variants.first() {
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
        while self.count_step() {
            if self.tasks.len() < HANDS && (self.tasks.is_empty() || self.below(4) == 0) && self.deliver() {
                continue;
            }
            if self.go_on().await || self.deliver() {
                continue;
            }
            if self.world.with(|inner| !inner.queue.is_empty()) {
                self.jump_to_next();
                continue;
            }
            if self.is_swept(sweeps) {
                return;
            }
            sweeps += 1;
            if sweeps > SWEEPS {
                self.wrong("each sweep finds something to be done".to_owned());
            }
            self.world.with(|inner| {
                inner.pass(SWEEP_EVERY);
                let now = inner.now;
                inner.watch.sent_before_sweep = inner.sent;
                inner.send(Body::Sweep, now);
            });
        }
    }

    /// True if the last sweep found nothing.
    fn is_swept(&self, sweeps: u32) -> bool {
        sweeps > 1 && self.world.with(|inner| inner.sent == inner.watch.sent_before_sweep + 1)
    }

    /// Does what comes next from outside.
    fn act(&mut self) {
        let Some(action) = self.actions.pop() else { return };
        match action {
            Action::Drop(dropped) => self.upload(*dropped),
            Action::Delete(n) => {
                let Some(id) = self.dropped.get(n).copied() else { return };
                self.world.with(|inner| {
                    let id = inner.watch.taken_as(id);
                    let Some(key) = inner.watch.uploads.get(&id).map(|upload| upload.source.key.clone())
                    else {
                        return;
                    };
                    if inner.bucket.get(&key, None).is_ok() {
                        inner.faults.add(Fault::Deleted);
                        inner.tell(|| format!("the partner deletes {key}"));
                        inner.bucket.delete(&key, None);
                    }
                });
            }
            Action::DeleteForGood(n) => {
                let Some(id) = self.dropped.get(n).copied() else { return };
                self.world.with(|inner| {
                    let id = inner.watch.taken_as(id);
                    let Some(upload) = inner.watch.uploads.get_mut(&id) else { return };
                    let Source { key, version } = upload.source.clone();
                    if inner.bucket.get(&key, version.as_deref()).is_ok() {
                        upload.is_gone = true;
                        inner.faults.add(Fault::DeletedForGood);
                        inner.tell(|| format!("somebody deletes the version of {id}, {key}, for good"));
                        inner.bucket.delete(&key, version.as_deref());
                    }
                });
            }
        }
    }

    fn upload(&mut self, dropped: Dropped) {
        let Some((repository, _)) = self.partners.get(dropped.partner) else { return };
        let key = format!("imports/{repository}/{}", dropped.file);
        let Ok(repository) = repository.parse() else { return };
        let id = self.world.with(|inner| {
            let version = inner.bucket.put(&key, dropped.bytes.clone(), false).ok();
            let arrived = inner.time();
            let id = import_id(&key, version.as_deref().unwrap_or_default(), arrived);
            let source = Source { key: key.clone(), version };
            inner.tell(|| format!("DROPPED: {key}, {} bytes, import {id}", dropped.bytes.len()));
            let bytes = dropped.bytes.len() as u64;
            let (file, nature) = (dropped.file.clone(), Nature::File);
            let event = Drop { repository, file, import: id, source: source.clone(), nature, bytes, arrived };
            if matches!(dropped.what, crate::scenario::What::Configuration(_)) {
                inner.faults.add(Fault::ConfigChanged);
            }
            if let Some(fault) = inner.watch.uploaded(id, Upload { dropped, source, is_gone: false }) {
                inner.faults.add(fault);
            }
            let now = inner.now;
            inner.send(Body::Upload(event), now);
            id
        });
        self.dropped.push(id);
    }

    /// The clock jumps forward.
    fn jump(&mut self) {
        let seconds = self.world.with(|inner| match inner.chance.below(10) {
            0..6 => 1 + inner.chance.below(20),
            6..8 => 60 + inner.chance.below(1_200),
            8 => 3_600 + inner.chance.below(7_200),
            _ => 86_400 + inner.chance.below(100_000),
        });
        self.fault(Fault::ClockJumped);
        self.advance(seconds.cast_signed() * 1_000);
    }

    /// Waits for the next message.
    fn jump_to_next(&mut self) {
        let wait = self.world.with(|inner| {
            let next =
                inner.queue.iter().filter(|envelope| !envelope.is_in_hand).map(|envelope| envelope.visible);
            next.min().map_or(1_000, |next| next - inner.now)
        });
        self.advance(wait.max(0));
    }

    fn advance(&mut self, millis: i64) {
        let now = self.world.with(|inner| {
            inner.pass(millis);
            inner.now
        });
        // Who has taken too long is stopped.
        let mut n = 0;
        while let Some(task) = self.tasks.get(n) {
            if now - task.began > TIME_OUT && !self.is_calm {
                self.fault(Fault::OutOfTime);
                self.kill(n, "took too long");
            } else {
                n += 1;
            }
        }
    }

    /// New versions of the functions.
    fn redeploy(&mut self) {
        self.fault(Fault::Redeployed);
        self.idle.clear();
        self.loaders = self.world.with(|inner| one_to_three(&mut inner.chance));
        self.tell(|| format!("the functions are deployed anew, with {} loaders", self.loaders));
    }

    fn sweep(&mut self) {
        if !self.tasks.is_empty() {
            self.fault(Fault::SweptAtWork);
        }
        self.world.with(|inner| {
            let now = inner.now;
            inner.sent += 1;
            let number = inner.sent;
            let envelope = crate::world::Envelope {
                number,
                body: Body::Sweep,
                visible: now,
                tries: 0,
                is_in_hand: false,
            };
            inner.queue.push(envelope);
        });
    }

    /// Hands out a message that is due; false if there is none.
    fn deliver(&mut self) -> bool {
        let is_calm = self.is_calm;
        let chosen = self.world.with(|inner| {
            let now = inner.now;
            let is_due =
                |envelope: &&mut crate::world::Envelope| !envelope.is_in_hand && envelope.visible <= now;
            let due = inner.queue.iter_mut().filter(is_due).count();
            let nth = usize::try_from(inner.chance.below(due as u64)).unwrap_or(0);
            let envelope = inner.queue.iter_mut().filter(is_due).nth(nth)?;
            envelope.tries += 1;
            let chosen = envelope.clone();
            if chosen.tries > TRIES && !is_calm && !matches!(chosen.body, Body::Sweep) {
                inner.queue.retain(|envelope| envelope.number != chosen.number);
                inner.faults.add(Fault::DeadLetter);
                inner.tell(|| format!("to the dead letters: {}", describe(&chosen.body)));
                return Some((chosen, false));
            }
            envelope.is_in_hand = true;
            envelope.visible = now + HIDDEN;
            if nth > 0 {
                inner.faults.add(Fault::OutOfOrder);
            }
            Some((chosen, true))
        });
        match chosen {
            Some((envelope, true)) => {
                self.begin(envelope.body, envelope.number, envelope.tries);
                true
            }
            Some((envelope, false)) => {
                // What a sweep finds need not come again.
                if matches!(envelope.body, Body::Upload(_)) {
                    self.dead_letters.push(envelope.body);
                }
                true
            }
            None => false,
        }
    }

    /// Hands out what somebody has in hand.
    fn deliver_again(&mut self) {
        if self.tasks.is_empty() || self.tasks.len() >= HANDS {
            return;
        }
        let nth = self.below(self.tasks.len());
        let Some(number) = self.tasks.get(nth).map(|task| task.message) else { return };
        let envelope =
            self.world.with(|inner| inner.queue.iter().find(|envelope| envelope.number == number).cloned());
        if let Some(envelope) = envelope
            && !matches!(envelope.body, Body::Sweep)
        {
            self.fault(Fault::TwoAtOnce);
            self.begin(envelope.body, envelope.number, envelope.tries + 1);
        }
    }

    fn begin(&mut self, body: Body, message: u64, tries: u32) {
        let process = self.process(Function::of(&body));
        self.world.with(|inner| inner.watch.began(process.number));
        self.tell(|| {
            format!("{}#{} takes, try {tries}: {}", process.function.name(), process.number, describe(&body))
        });
        let began = self.world.with(|inner| inner.now);
        let at_work = process.clone();
        let work: Work = Box::pin(async move { at_work.handle(&body, tries).await });
        self.tasks.push(Task { process, work, message, began, stalled_until: 0 });
    }

    /// A process that has nothing to do, or a new one.
    fn process(&mut self, function: Function) -> Arc<Process> {
        let idle = self.idle.iter().position(|process| process.function == function);
        if let Some(idle) = idle
            && self.below(8) > 0
        {
            return self.idle.swap_remove(idle);
        }
        self.processes += 1;
        let skewed = self.world.with(|inner| inner.rates.skewed);
        let skew = if self.happens(skewed) {
            self.fault(Fault::ClockSkewed);
            i64::try_from(self.below(240_000)).unwrap_or(0) - 120_000
        } else {
            0
        };
        let (world, loaders) = (self.world.clone(), self.loaders);
        Arc::new(Process::new(world, self.processes, function, skew, loaders, self.names_for))
    }

    /// Lets one task make its next call, or breaks it; false if there is none.
    async fn go_on(&mut self) -> bool {
        let step = self.step;
        let able: Vec<usize> = (0..self.tasks.len())
            .filter(|n| self.tasks.get(*n).is_some_and(|task| task.stalled_until <= step))
            .collect();
        let Some(n) =
            able.get(self.below(able.len())).copied().or_else(|| (!self.tasks.is_empty()).then_some(0))
        else {
            return false;
        };
        let rates = self.world.with(|inner| inner.rates);
        if self.happens(rates.stalled) {
            self.fault(Fault::Stalled);
            let long = 10 + self.below(150) as u64;
            if let Some(task) = self.tasks.get_mut(n) {
                task.stalled_until = step + long;
            }
            return true;
        }
        let lane = self.tasks.get(n).map(|task| task.process.lane().clone());
        if let Some(call) = lane.as_ref().and_then(crate::gate::Lane::asked) {
            self.calls += 1;
            self.mix(n, call.name);
            let Some(verdict) = self.decide(call.name) else {
                self.tell(|| format!("{}: {} {}: KILLED before", self.title(n), call.name, call.about));
                self.kill(n, "");
                return true;
            };
            self.tell(|| {
                let fate = match verdict {
                    Verdict::Go => "",
                    Verdict::FailBefore => ": FAILS, no effect",
                    Verdict::FailAfter => ": FAILS after it took effect",
                    Verdict::DieAfter => ": KILLED after it took effect",
                };
                format!("{}: {} {}{fate}", self.title(n), call.name, call.about)
            });
            if let Some(lane) = &lane {
                lane.answer(verdict);
            }
        }
        let Some(task) = self.tasks.get_mut(n) else { return false };
        match poll_to_stop(task).await {
            Stopped::Parked => {
                if task.process.lane().asked().is_some_and(|call| call.is_end) {
                    self.kill(n, "");
                }
            }
            Stopped::Ended(result) => self.ended(n, result),
            Stopped::Panicked(what) => self.wrong(format!("{} panicked: {what}", self.title(n))),
        }
        true
    }

    fn title(&self, n: usize) -> String {
        let task = self.tasks.get(n);
        task.map_or_else(String::new, |task| {
            format!("{}#{}", task.process.function.name(), task.process.number)
        })
    }

    /// Something that tells two histories apart as soon as they differ.
    fn mix(&mut self, n: usize, name: &str) {
        let process = self.tasks.get(n).map_or(0, |task| task.process.number);
        let now = self.world.with(|inner| inner.now);
        for part in [process, now.cast_unsigned(), name.len() as u64] {
            self.print = (self.print ^ part).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(5);
        }
    }

    /// What becomes of a call; None if the process dies before it.
    fn decide(&mut self, name: &'static str) -> Option<Verdict> {
        if self.is_calm {
            return Some(Verdict::Go);
        }
        let port = name.split('.').next().unwrap_or(name);
        if let Some(left) = self.throttled.get_mut(port) {
            *left -= 1;
            if *left == 0 {
                self.throttled.remove(port);
            }
            self.fault(Fault::Throttled);
            return Some(Verdict::FailBefore);
        }
        let rates = self.world.with(|inner| inner.rates);
        // A thread that reads does nothing: before and after are the same.
        let is_read = name == Reader::REQUEST;
        let is_after = !is_read && self.below(2) == 0;
        if self.happens(rates.throttled) {
            let calls = 1 + u32::try_from(self.below(6)).unwrap_or(0);
            self.throttled.insert(port, calls);
            self.fault(Fault::Throttled);
            return Some(Verdict::FailBefore);
        }
        if self.happens(rates.timed_out) {
            self.fault(Fault::TimedOut);
            let seconds = i64::try_from(1 + self.below(60)).unwrap_or(1);
            self.world.with(|inner| inner.pass(seconds * 1_000));
            return Some(if is_after { Verdict::FailAfter } else { Verdict::FailBefore });
        }
        if self.happens(rates.failed) {
            self.fault(if is_after { Fault::FailedAfter } else { Fault::FailedBefore });
            return Some(if is_after { Verdict::FailAfter } else { Verdict::FailBefore });
        }
        if self.happens(rates.killed) {
            self.fault(if is_after { Fault::KilledAfter } else { Fault::KilledBefore });
            return is_after.then_some(Verdict::DieAfter);
        }
        Some(Verdict::Go)
    }

    /// The process dies; its message comes again when its time is over.
    fn kill(&mut self, n: usize, why: &str) {
        let task = self.tasks.swap_remove(n);
        if !why.is_empty() {
            self.tell(|| {
                format!("{}#{} is KILLED: it {why}", task.process.function.name(), task.process.number)
            });
        }
        task.process.lane().kill();
        self.release(task.message, HIDDEN / 6);
    }

    /// A message comes again after a while, unless another copy of it was treated.
    fn release(&mut self, message: u64, after: i64) {
        let is_elsewhere = self.tasks.iter().any(|task| task.message == message);
        self.world.with(|inner| {
            let now = inner.now;
            if let Some(envelope) = inner.queue.iter_mut().find(|envelope| envelope.number == message) {
                envelope.is_in_hand = is_elsewhere;
                envelope.visible = now + after;
            }
        });
    }

    fn ended(&mut self, n: usize, result: Result<()>) {
        let task = self.tasks.swap_remove(n);
        let title = format!("{}#{}", task.process.function.name(), task.process.number);
        match result {
            Ok(()) => {
                self.tell(|| format!("{title} is done"));
                self.world.with(|inner| inner.queue.retain(|envelope| envelope.number != task.message));
            }
            Err(error) => {
                self.tell(|| format!("{title} failed: {error}"));
                let tries = self.world.with(|inner| {
                    let mut queue = inner.queue.iter();
                    queue
                        .find(|envelope| envelope.number == task.message)
                        .map_or(0, |envelope| envelope.tries)
                });
                if self.is_calm && tries > 3 * TRIES {
                    self.wrong(format!("{title} fails again and again: {error}"));
                }
                self.release(task.message, 30_000 << (2 * tries.min(4)));
            }
        }
        self.idle.push(task.process);
    }
}

/// Polls a task until it is at its next call, or done. What it awaits of threads is waited for.
async fn poll_to_stop(task: &mut Task) -> Stopped {
    poll_fn(|context| {
        let lane = task.process.lane();
        lane.wake_with(context.waker());
        let polled = catch_unwind(AssertUnwindSafe(|| task.work.as_mut().poll(context)));
        match polled {
            Ok(Poll::Ready(result)) => Poll::Ready(Stopped::Ended(result)),
            Ok(Poll::Pending) if lane.is_asking() => Poll::Ready(Stopped::Parked),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => {
                let what = panic.downcast_ref::<String>().cloned();
                let what = what.or_else(|| panic.downcast_ref::<&str>().map(|what| (*what).to_owned()));
                Poll::Ready(Stopped::Panicked(what.unwrap_or_default()))
            }
        }
    })
    .await
}

fn one_to_three(chance: &mut Chance) -> u32 {
    1 + u32::try_from(chance.below(3)).unwrap_or(0)
}

/// The id of the import of a version: the same however often its event comes.
pub(crate) fn import_id(key: &str, version: &str, arrived: Timestamp) -> ImportId {
    let hash = Sha256::digest(format!("{key}?{version}"));
    let random = hash.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    ImportId::new(arrived, random)
}
