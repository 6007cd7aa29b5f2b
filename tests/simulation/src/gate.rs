//! Where tasks stop: before each call of a port, until the scheduler lets them go on.
//!
//! A process has one lane, since it treats one message at a time. Whoever makes a call says so on the lane and
//! waits; the scheduler, which polls the task, sees it there, and answers with what is to become of the call. Of calls
//! that a process makes at the same time, the one that was asked for first is answered first.
//! What a task awaits besides (a thread that reads an archive, the thread of a database) is nobody's choice:
//! the scheduler waits until the task is at its next call.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is made.
    Go,
    /// It fails and does nothing.
    FailBefore,
    /// It takes effect, and fails.
    FailAfter,
    /// It takes effect, and the process dies.
    DieAfter,
}

/// A call that waits to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which method of which port.
    pub name: &'static str,
    /// What it is about; empty if nobody follows the trace.
    pub about: String,
    /// True if the process is dead: it did what it was to do, and goes no further.
    pub is_end: bool,
}

#[derive(Debug, Default)]
struct Held {
    /// How many calls were asked for: the next one's number.
    calls: u64,
    /// The calls that wait, by number.
    asked: VecDeque<(u64, Call)>,
    /// What was answered and is not known yet to whoever asked.
    verdicts: BTreeMap<u64, Verdict>,
    /// How many calls are being made, perhaps by a thread.
    made: usize,
    /// The process is no more: who waits on another thread gives up.
    dead: bool,
    waker: Option<Waker>,
}

impl Held {
    fn ask(&mut self, call: Call) -> u64 {
        let number = self.calls;
        self.calls += 1;
        self.asked.push_back((number, call));
        number
    }

    /// The place of the call that is next: who is dead makes no other.
    fn next(&self) -> usize {
        self.asked.iter().position(|(_, call)| call.is_end).unwrap_or_default()
    }
}

/// Where the calls of one process stop.
#[derive(Debug, Clone, Default)]
pub struct Lane(Arc<(Mutex<Held>, Condvar)>);

impl Lane {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the call may be made.
    pub async fn ask(&self, call: Call) -> Verdict {
        let number = self.held().ask(call);
        poll_fn(|_| match self.held().verdicts.remove(&number) {
            Some(verdict) => Poll::Ready(verdict),
            None => Poll::Pending,
        })
        .await
    }

    /// The same on a thread that may block. None if the process is dead.
    pub fn ask_blocking(&self, call: Call) -> Option<Verdict> {
        let mut held = self.held();
        let number = held.ask(call);
        if let Some(waker) = held.waker.take() {
            waker.wake();
        }
        loop {
            if held.dead {
                return None;
            }
            if let Some(verdict) = held.verdicts.remove(&number) {
                return Some(verdict);
            }
            held = self.0.1.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Goes no further: the process is dead.
    pub async fn end(&self) -> ! {
        loop {
            self.ask(Call { name: "", about: String::new(), is_end: true }).await;
        }
    }

    /// Who is to be woken when a thread asks.
    pub(crate) fn wake_with(&self, waker: &Waker) {
        self.held().waker = Some(waker.clone());
    }

    /// The call that is to be answered next; None while one is being made.
    pub(crate) fn asked(&self) -> Option<Call> {
        let held = self.held();
        if held.made > 0 {
            return None;
        }
        held.asked.get(held.next()).map(|(_, call)| call.clone())
    }

    /// True if a call waits, and none is being made.
    pub(crate) fn is_asking(&self) -> bool {
        self.asked().is_some()
    }

    /// Makes a call, whose time has come.
    pub(crate) async fn make<T>(&self, work: impl Future<Output = T>) -> T {
        self.held().made += 1;
        let _made = Made(self);
        work.await
    }

    /// Answers the call that is next.
    pub(crate) fn answer(&self, verdict: Verdict) {
        let mut held = self.held();
        let next = held.next();
        if let Some((number, _)) = held.asked.remove(next) {
            held.verdicts.insert(number, verdict);
        }
        self.0.1.notify_all();
    }

    /// The process is dead.
    pub(crate) fn kill(&self) {
        let mut held = self.held();
        held.asked.clear();
        held.dead = true;
        self.0.1.notify_all();
    }
}

/// A call that is being made.
struct Made<'a>(&'a Lane);

impl Drop for Made<'_> {
    fn drop(&mut self) {
        self.0.held().made -= 1;
    }
}

/// Carries out work outside a history: `decide` says of each call what becomes of it. None if the process is to die
/// before the call; then it does.
pub async fn drive<T>(
    lane: &Lane,
    work: impl Future<Output = T>,
    mut decide: impl FnMut(&Call) -> Option<Verdict>,
) -> Option<T> {
    let mut work = Box::pin(work);
    poll_fn(|context| {
        loop {
            lane.wake_with(context.waker());
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            let Some(call) = lane.asked() else { return Poll::Pending };
            match decide(&call) {
                Some(verdict) if !call.is_end => lane.answer(verdict),
                _ => {
                    lane.kill();
                    return Poll::Ready(None);
                }
            }
        }
    })
    .await
}
