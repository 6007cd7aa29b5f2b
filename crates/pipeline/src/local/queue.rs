//! Messages in memory. They are only hints: the state is in SQLite, and a sweep at the start finds what
//! was under way when a process stopped.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tidewaiter::id::Timestamp;

use crate::Result;
use crate::ports::{Message, Queue};

/// A queue of messages, some of them for later.
#[derive(Debug, Default)]
pub struct LocalQueue {
    messages: Mutex<Messages>,
}

#[derive(Debug, Default)]
struct Messages {
    /// News for the sequencer; few, since news that say the same are one.
    news: VecDeque<Message>,
    ready: VecDeque<Message>,
    later: Vec<(Timestamp, Message)>,
}

impl LocalQueue {
    /// The next message whose time has come.
    pub(super) fn next(&self, now: Timestamp) -> Option<Message> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let due = |at: Timestamp| at <= now;
        if let Some(n) = messages.later.iter().position(|(at, _)| due(*at)) {
            let (_, message) = messages.later.swap_remove(n);
            messages.news.push_back(message);
        }
        messages.news.pop_front().or_else(|| messages.ready.pop_front())
    }
}

impl Queue for LocalQueue {
    async fn send(&self, message: Message, at: Option<Timestamp>) -> Result<()> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        match at {
            // One reminder per repository is enough: the later of two says nothing new.
            Some(at) => {
                messages.later.retain(|(_, waiting)| *waiting != message);
                messages.later.push((at, message));
            }
            None if !matches!(message, Message::Sequence { .. }) => messages.ready.push_back(message),
            // The same news twice, and none of it read yet: once is enough.
            None if messages.news.contains(&message) => {}
            None => messages.news.push_back(message),
        }
        Ok(())
    }
}
