//! A file checked by all processors: cut at line feeds into parts, each judged by whoever is free, the verdicts taken in
//! the order of the file. Whoever reads the file judges, too, instead of waiting.
//!
//! What is said of the file does not depend on how it is cut or on who is faster: see `tidewaiter::check::Judge`. No more than
//! a few parts are held at a time.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use memchr::{memchr, memrchr};
use tidewaiter::check::{Checker, Header, Judge, Judged, Line, Sink, Summary};

/// How much is judged in one go, in bytes.
const PART: usize = 256 << 10;
/// How many parts may wait for each who judges.
const AHEAD: usize = 3;

/// A checker, perhaps with threads that judge for it.
pub(crate) struct Parts {
    checker: Checker,
    team: Option<Team>,
    /// What is not told to the checker yet, in the order of the file.
    waiting: VecDeque<Part>,
}

/// Bytes of the file, and the verdict on them when it is there; None if they are not whole lines.
struct Part {
    bytes: Bytes,
    verdict: Option<Receiver<Judged>>,
}

/// Those who judge: some threads, and whoever reads the file when nothing else is to be done.
struct Team {
    queue: Arc<Queue>,
    threads: Vec<JoinHandle<()>>,
    own: Judge,
}

/// What is to be judged, in the order of the file. Whoever is free takes the next.
#[derive(Default)]
struct Queue {
    jobs: Mutex<Jobs>,
    more: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    /// No more will come.
    over: bool,
}

struct Job {
    bytes: Bytes,
    verdict: Sender<Judged>,
}

impl Parts {
    /// A checker that works alone.
    pub(crate) fn new(checker: Checker) -> Self {
        Self { checker, team: None, waiting: VecDeque::new() }
    }

    /// Lets so many threads help, if the header is known; says whether any do.
    pub(crate) fn share(&mut self, threads: usize) -> bool {
        if self.team.is_none() {
            self.team = Team::gather(&self.checker, threads);
        }
        self.team.is_some()
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &Bytes) {
        if self.team.is_none() {
            return self.checker.feed(bytes, &mut Ignore);
        }
        // A line that began before ends in the first part, and one that ends later begins in the last.
        let begin = memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
        let end = memrchr(b'\n', bytes).map_or(begin, |end| end + 1);
        self.wait_for(bytes.slice(..begin), false);
        let mut lines = bytes.slice(begin..end);
        while !lines.is_empty() {
            let most = lines.len().min(PART);
            let cut = memrchr(b'\n', lines.get(..most).unwrap_or_default())
                .or_else(|| memchr(b'\n', &lines))
                .map_or(lines.len(), |end| end + 1);
            self.wait_for(lines.split_to(cut), true);
        }
        self.wait_for(bytes.slice(end..), false);
    }

    /// True if the file as a whole is refused.
    pub(crate) fn is_bogus(&self) -> bool {
        self.checker.is_bogus()
    }

    /// The file ends here.
    pub(crate) fn finish(mut self) -> Summary {
        while self.tell_one() {}
        self.checker.finish(&mut Ignore)
    }

    fn wait_for(&mut self, bytes: Bytes, whole_lines: bool) {
        if bytes.is_empty() {
            return;
        }
        let most = self.team.as_ref().map_or(0, Team::most);
        while self.waiting.iter().filter(|part| part.verdict.is_some()).count() >= most.max(1) {
            self.tell_one();
        }
        let team = self.team.as_ref().filter(|_| whole_lines);
        let verdict = team.map(|team| team.queue.push(bytes.clone()));
        self.waiting.push_back(Part { bytes, verdict });
    }

    /// Tells the checker of the first part that waits; false if there is none.
    fn tell_one(&mut self) -> bool {
        let Some(part) = self.waiting.pop_front() else { return false };
        let judged = match (part.verdict, &mut self.team) {
            (Some(verdict), Some(team)) => team.wait(&verdict),
            _ => None,
        };
        match judged {
            Some(judged) => self.checker.feed_judged(&part.bytes, &judged),
            // Not whole lines; or the thread is gone, and its work is done here.
            None => self.checker.feed(&part.bytes, &mut Ignore),
        }
        true
    }
}

impl Team {
    /// A team with so many threads, or as many as there is memory for; None if the header is not known.
    fn gather(checker: &Checker, threads: usize) -> Option<Self> {
        let queue = Arc::new(Queue::default());
        let mut team = Self { queue, threads: Vec::new(), own: checker.judge()? };
        for _ in 0..threads {
            let (queue, mut judge) = (Arc::clone(&team.queue), checker.judge()?);
            let work = move || {
                while let Some(job) = queue.wait() {
                    job.done(&mut judge);
                }
            };
            let Ok(thread) = thread::Builder::new().name("judge".to_owned()).spawn(work) else { break };
            team.threads.push(thread);
        }
        Some(team)
    }

    /// How many parts may wait.
    fn most(&self) -> usize {
        (self.threads.len() + 1) * AHEAD
    }

    /// Waits for a verdict, and judges what nobody has begun meanwhile. None if who had it is gone.
    fn wait(&mut self, verdict: &Receiver<Judged>) -> Option<Judged> {
        loop {
            match verdict.try_recv() {
                Ok(judged) => return Some(judged),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            match self.queue.pop() {
                Some(job) => job.done(&mut self.own),
                None => return verdict.recv().ok(),
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.queue.lock().over = true;
        self.queue.more.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of it has been said on standard error, and its work was done elsewhere.
            drop(thread.join());
        }
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what is to be judged; the verdict will come there.
    fn push(&self, bytes: Bytes) -> Receiver<Judged> {
        let (verdict, comes) = channel();
        self.lock().waiting.push_back(Job { bytes, verdict });
        self.more.notify_one();
        comes
    }

    /// The next, if one waits.
    fn pop(&self) -> Option<Job> {
        self.lock().waiting.pop_front()
    }

    /// The next, when it comes; None if no more will.
    fn wait(&self) -> Option<Job> {
        let mut jobs = self.lock();
        loop {
            if jobs.over {
                return None;
            }
            if let Some(job) = jobs.waiting.pop_front() {
                return Some(job);
            }
            jobs = self.more.wait(jobs).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Job {
    fn done(self, judge: &mut Judge) {
        // Nobody waits for it if the file is given up.
        let _ = self.verdict.send(judge.judge(&self.bytes));
    }
}

/// The check keeps no lines.
struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}

#[cfg(test)]
mod tests;
