//! Messages in hand: handed out, treated call by call, broken, acknowledged or left to come again.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Poll;

use tidewaiter_engine::Result;

use super::{HANDS, HIDDEN, History, Stopped, TRIES, Task, Work};
use crate::fault::Fault;
use crate::gate::Verdict;
use crate::messages::{Body, Envelope, describe};
use crate::ports::Reader;
use crate::process::{Function, Process};

impl History {
    /// Hands out a message that is due; false if there is none.
    pub(super) fn deliver(&mut self) -> bool {
        let is_calm = self.is_calm;
        let chosen = self.world.with(|inner| {
            let now = inner.now;
            let is_due =
                |envelope: &&mut crate::messages::Envelope| !envelope.is_in_hand && envelope.visible <= now;
            let due = inner.queue.iter_mut().filter(is_due).count();
            let nth = usize::try_from(inner.chance.below(due as u64)).unwrap_or(0);
            let envelope = inner.queue.iter_mut().filter(is_due).nth(nth)?;
            envelope.tries += 1;
            let chosen = envelope.clone();
            if chosen.tries > TRIES && !is_calm && !matches!(chosen.body, Body::Sweep | Body::Tick) {
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
                // What a reconciliation finds need not come again.
                if matches!(envelope.body, Body::Upload(_)) {
                    self.dead_letters.push(envelope.body);
                }
                true
            }
            None => false,
        }
    }

    /// Hands out what somebody has in hand.
    pub(super) fn deliver_again(&mut self) {
        if self.tasks.is_empty() || self.tasks.len() >= HANDS {
            return;
        }
        let nth = self.below(self.tasks.len());
        let Some(number) = self.tasks.get(nth).map(|task| task.message) else { return };
        let envelope =
            self.world.with(|inner| inner.queue.iter().find(|envelope| envelope.number == number).cloned());
        if let Some(envelope) = envelope
            && !matches!(envelope.body, Body::Sweep | Body::Tick)
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
    pub(super) async fn go_on(&mut self) -> bool {
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
    pub(super) fn kill(&mut self, n: usize, why: &str) {
        let task = self.tasks.swap_remove(n);
        if !why.is_empty() {
            self.tell(|| {
                format!("{}#{} is KILLED: it {why}", task.process.function.name(), task.process.number)
            });
        }
        task.process.lane().kill();
        self.world.with(|inner| inner.watch.stopped(task.process.number));
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
        self.world.with(|inner| inner.watch.stopped(task.process.number));
        match result {
            Ok(()) => {
                self.tell(|| format!("{title} is done"));
                self.world.with(|inner| {
                    let is_it = |envelope: &Envelope| envelope.number == task.message;
                    if let Some(envelope) = inner.queue.iter().find(|envelope| is_it(envelope)) {
                        inner.watch.acknowledged(&envelope.body);
                    }
                    inner.queue.retain(|envelope| !is_it(envelope));
                });
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
