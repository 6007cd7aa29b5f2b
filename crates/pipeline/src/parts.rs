//! A file checked by all processors: cut at line feeds into parts, each judged by a thread, the verdicts taken in
//! the order of the file.
//!
//! What is said of the file does not depend on how it is cut or on who is faster: see `tidewaiter::check::Judge`. No more than
//! a few parts are held at a time.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use memchr::{memchr, memrchr};
use tidewaiter::check::{Checker, Header, Judge, Judged, Line, Sink, Summary};

/// How much of a part is given to a thread at a time, in bytes.
const PART: usize = 256 << 10;
/// How many parts each thread may have waiting.
const AHEAD: usize = 3;

/// A checker, perhaps with threads that judge for it.
pub(crate) struct Parts {
    checker: Checker,
    threads: Vec<Helper>,
    /// What is not told to the checker yet, in the order of the file.
    waiting: VecDeque<Part>,
    /// Whose turn it is to judge.
    next: usize,
}

/// Bytes of the file, and which thread judges them; None if they are not whole lines.
struct Part {
    bytes: Bytes,
    thread: Option<usize>,
}

/// A thread that judges what it is sent, one part after the other.
struct Helper {
    work: Sender<Bytes>,
    done: Receiver<Judged>,
    thread: Option<JoinHandle<()>>,
}

impl Parts {
    /// A checker that works alone.
    pub(crate) fn new(checker: Checker) -> Self {
        Self { checker, threads: Vec::new(), waiting: VecDeque::new(), next: 0 }
    }

    /// Lets so many threads help, if the header is known; says whether any do.
    pub(crate) fn share(&mut self, threads: usize) -> bool {
        while self.threads.len() < threads {
            // Without the memory for one more thread, fewer will do.
            let Some(Ok(helper)) = self.checker.judge().map(Helper::start) else { break };
            self.threads.push(helper);
        }
        !self.threads.is_empty()
    }

    /// Takes the next bytes of the file.
    pub(crate) fn feed(&mut self, bytes: &Bytes) {
        if self.threads.is_empty() {
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
        while self.waiting.iter().filter(|part| part.thread.is_some()).count() >= self.threads.len() * AHEAD {
            self.tell_one();
        }
        let helper = self.threads.get(self.next).filter(|_| whole_lines);
        let thread = helper.filter(|helper| helper.work.send(bytes.clone()).is_ok()).map(|_| self.next);
        if thread.is_some() {
            self.next = (self.next + 1) % self.threads.len();
        }
        self.waiting.push_back(Part { bytes, thread });
    }

    /// Tells the checker of the first part that waits; false if there is none.
    fn tell_one(&mut self) -> bool {
        let Some(part) = self.waiting.pop_front() else { return false };
        let helper = part.thread.and_then(|thread| self.threads.get(thread));
        match helper.and_then(|helper| helper.done.recv().ok()) {
            Some(judged) => self.checker.feed_judged(&part.bytes, &judged),
            // Not whole lines; or the thread is gone, and its work is done here.
            None => self.checker.feed(&part.bytes, &mut Ignore),
        }
        true
    }
}

impl Helper {
    fn start(mut judge: Judge) -> std::io::Result<Self> {
        let (work, parts) = channel::<Bytes>();
        let (verdicts, done) = channel();
        let thread = thread::Builder::new().name("judge".to_owned()).spawn(move || {
            for part in parts {
                if verdicts.send(judge.judge(&part)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { work, done, thread: Some(thread) })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // Without work to come it ends.
        self.work = channel().0;
        if let Some(thread) = self.thread.take() {
            // A panic of it has been said on standard error, and its work was done elsewhere.
            drop(thread.join());
        }
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
