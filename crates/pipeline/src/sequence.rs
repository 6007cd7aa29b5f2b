//! The thin shell around the core's state machine: reads where a repository is, asks what is to be done,
//! writes the state if nobody was faster, and does it.
//!
//! However many events are answered at once, a round is one read and at most one write. Nothing is done before
//! the state that asks for it is written.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::{Command, Event, GroupRef, think};

use crate::conclude::{self, Findings};
use crate::ports::{Message, News, Platform, Queue, Refusal, State, Task};
use crate::{Error, Result};

/// Takes news about a repository.
pub async fn sequence<P: Platform>(platform: &P, repository: &Repository, news: News) -> Result<()> {
    let at = platform.now();
    let events = match news {
        News::Arrived { settle_seconds } => vec![Event::Arrived { at, settle_seconds }, Event::Poke { at }],
        News::Poke => vec![Event::Poke { at }],
        News::Happened(event) => vec![event],
    };
    let done = Shell { platform, repository }.follow(events).await;
    if done.is_err() {
        // The state may have moved on, so that the same event again would ask for nothing.
        let message = Message::Sequence { repository: repository.clone(), news: News::Poke };
        platform.queue().send(message, None).await?;
    }
    done
}

struct Shell<'a, P: Platform> {
    platform: &'a P,
    repository: &'a Repository,
}

impl<P: Platform> Shell<'_, P> {
    /// Takes events until there are none left; what is carried out may answer with more.
    async fn follow(&self, mut events: Vec<Event>) -> Result<()> {
        while !events.is_empty() {
            let turn = self.platform.state().turn(self.repository).await?;
            let (next, commands) = think(&turn.state, turn.ready.as_ref(), &events, self.platform.now());
            if next != turn.state
                && !self.platform.state().advance(self.repository, turn.version, &next).await?
            {
                // Somebody was faster: the same events again, where the repository is now.
                continue;
            }
            events.clear();
            for command in commands {
                events.extend(self.carry_out(command).await?);
            }
        }
        Ok(())
    }

    /// Carries out a command; the answer, if there is one now.
    async fn carry_out(&self, command: Command) -> Result<Option<Event>> {
        let state = self.platform.state();
        let repository = self.repository;
        match command {
            Command::WakeAt(at) => {
                let message = Message::Sequence { repository: repository.clone(), news: News::Poke };
                self.platform.queue().send(message, Some(at)).await?;
                Ok(None)
            }
            // Answered while thinking.
            Command::LookAgain | Command::FindReady => Ok(None),
            Command::Seal(group) => {
                state.seal(repository, &group).await?;
                Ok(None)
            }
            Command::FindMember { group, checking } => {
                let next = state.next_member(repository, &group, checking).await?;
                Ok(Some(Event::Member { group, checking, next }))
            }
            Command::Check(import) => self.work(import, Task::Check).await,
            Command::Import(import) => self.work(import, Task::Import).await,
            Command::SetAside { group, because_of } => {
                let rejected = state.import(because_of).await?;
                let file = rejected.map_or_else(|| because_of.to_string(), |import| import.file);
                let message = format!("group {} was stopped: {file} was rejected", group.id);
                let hint = "mend that file, then drop it again with all files of the group that were not imported, \
                            as a group or without its tag in their names";
                let reason = Reason::new("group-stopped", message).with_hint(Some(hint.to_owned()));
                self.set_aside(&group, &reason).await?;
                Ok(Some(Event::AllSetAside(group)))
            }
            Command::Expire(group) => {
                let message =
                    format!("group {} was incomplete for longer than its configuration allows", group.id);
                let hint = "drop it again together with what was missing; or without the group in its name, to be \
                            imported by itself";
                let reason = Reason::new("group-expired", message).with_hint(Some(hint.to_owned()));
                self.set_aside(&group, &reason).await?;
                Ok(Some(Event::AllSetAside(group)))
            }
            Command::Close(group) => {
                state.close(repository, &group).await?;
                Ok(Some(Event::Closed(group)))
            }
        }
    }

    async fn work(&self, import: ImportId, task: Task) -> Result<Option<Event>> {
        self.platform.queue().send(Message::Work { import, task }, None).await?;
        Ok(None)
    }

    /// Puts what is left of a group under `notprocessed/`, file by file.
    async fn set_aside(&self, group: &GroupRef, reason: &Reason) -> Result<()> {
        let state = self.platform.state();
        while let Some(id) = state.next_member(self.repository, group, false).await? {
            let member = state.import(id).await?;
            let member = member.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
            let refusal = Refusal { outcome: Outcome::NotProcessed, reason: reason.clone() };
            conclude::conclude(self.platform, &member, Findings::refused(refusal)).await?;
        }
        Ok(())
    }
}
