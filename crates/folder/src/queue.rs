//! Messages in memory. They are only hints: the state is in SQLite, and a reconciliation at the start finds what
//! was under way when a process stopped.
//!
//! A message that waits already is not queued once more. So the queue is never longer than what there is to do, whatever
//! asks for it and however often.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;

use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Message, Queue, Task};

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
    /// What is in `ready`.
    asked: HashSet<Asked>,
    later: Vec<(Timestamp, Message)>,
}

/// What a message asks for, whatever it knows beside that.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Asked {
    Work(ImportId, bool),
    Report(ImportId),
    Digest(Repository, String),
    Notice(String),
    TakeIn(ImportId),
    Missed(ImportId),
    Fetch(Repository, Entry),
}

impl Asked {
    /// None of news, which are compared as a whole.
    fn of(message: &Message) -> Option<Self> {
        Some(match message {
            Message::Sequence { .. } => return None,
            Message::Work { import, task, .. } => Self::Work(*import, *task == Task::Check),
            Message::Report { import } => Self::Report(*import),
            Message::Digest { repository, digest } => Self::Digest(repository.clone(), digest.clone()),
            Message::Notice { notice } => Self::Notice(notice.key()),
            Message::TakeIn { import } => Self::TakeIn(*import),
            Message::Missed { dropped } => Self::Missed(dropped.import),
            Message::Fetch { repository, entry } => Self::Fetch(repository.clone(), entry.clone()),
        })
    }
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
        if let Some(news) = messages.news.pop_front() {
            return Some(news);
        }
        let message = messages.ready.pop_front()?;
        if let Some(asked) = Asked::of(&message) {
            messages.asked.remove(&asked);
        }
        Some(message)
    }

    /// How many messages wait.
    #[cfg(test)]
    fn len(&self) -> usize {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        messages.news.len() + messages.ready.len() + messages.later.len()
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
            // The same twice, and none of it read yet: once is enough.
            None => match Asked::of(&message) {
                Some(asked) => {
                    if messages.asked.insert(asked) {
                        messages.ready.push_back(message);
                    }
                }
                None if messages.news.contains(&message) => {}
                None => messages.news.push_back(message),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tidewaiter_engine::ports::News;

    #[tokio::test]
    async fn what_waits_already_is_not_queued_once_more() {
        let queue = LocalQueue::default();
        let repository: Repository = "acme".parse().unwrap();
        let import = ImportId::new(Timestamp::UNIX_EPOCH, 1);
        let work = || Message::Work { import, task: Task::Import, known: None, landed: 0 };
        for _ in 0..100 {
            queue.send(work(), None).await.unwrap();
            queue.send(Message::Report { import }, None).await.unwrap();
            queue.send(Message::news(&repository, News::Poke), None).await.unwrap();
            queue.send(Message::news(&repository, News::Poke), Some(Timestamp::MAX)).await.unwrap();
        }
        assert_eq!(queue.len(), 4);
        let next = || queue.next(Timestamp::UNIX_EPOCH);
        assert!(matches!(next(), Some(Message::Sequence { .. })));
        assert!(matches!(next(), Some(Message::Work { .. })));
        queue.send(work(), None).await.unwrap();
        assert!(matches!(next(), Some(Message::Report { .. })));
        assert!(matches!(next(), Some(Message::Work { .. })), "what was read may be asked for again");
        assert_eq!(next(), None);
    }
}
