//! The thin shell around the core's state machine: reads the state, asks what is to be done, writes the
//! state if nobody was faster, and does it.

use std::collections::VecDeque;
use std::sync::Arc;

use tidewaiter::config::Active;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::{Command, Event, GroupRef, Ready, step};

use crate::conclude::{self, Findings};
use crate::ports::{Message, News, Platform, Queue, ReadyWork, Refusal, State, Task};
use crate::{Error, Result, configs};

/// Takes news about a repository.
pub async fn sequence<P: Platform>(platform: &P, repository: &Repository, news: News) -> Result<()> {
    let active = configs::active(platform, repository).await?;
    let shell = Shell { platform, repository, active };
    let mut events = VecDeque::from(match news {
        News::Arrived => vec![Event::Arrived { at: platform.now() }, shell.poke()],
        News::Poke => vec![shell.poke()],
        News::Happened(event) => vec![event],
    });
    let done = shell.follow(&mut events).await;
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
    active: Arc<Active>,
}

impl<P: Platform> Shell<'_, P> {
    fn poke(&self) -> Event {
        let settle_seconds = self.platform.settle_seconds(self.active.settings().settle_seconds);
        Event::Poke { at: self.platform.now(), settle_seconds }
    }

    /// Takes events until there are none left; what is carried out may answer with more.
    async fn follow(&self, events: &mut VecDeque<Event>) -> Result<()> {
        while let Some(event) = events.pop_front() {
            for command in self.advance(&event).await? {
                events.extend(self.carry_out(command).await?);
            }
        }
        Ok(())
    }

    /// One step of the state machine; taken again on the newer state if somebody was faster.
    async fn advance(&self, event: &Event) -> Result<Vec<Command>> {
        loop {
            let (state, version) = self.platform.state().sequence(self.repository).await?;
            let (next, commands) = step(&state, event);
            if next == state || self.platform.state().advance(self.repository, version, &next).await? {
                return Ok(commands);
            }
        }
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
            Command::LookAgain => Ok(Some(self.poke())),
            Command::FindReady => Ok(Some(Event::Found(self.first_ready().await?))),
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
                self.set_aside(&group, because_of).await?;
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

    async fn first_ready(&self) -> Result<Option<Ready>> {
        let found = self.platform.state().first_ready(self.repository).await?;
        Ok(found.map(|work| match work {
            ReadyWork::File(import) => Ready::File(import),
            ReadyWork::Group(group) => Ready::Group(group, self.active.settings().group_policy),
        }))
    }

    /// Puts what is left of a group under `notprocessed/`, file by file.
    async fn set_aside(&self, group: &GroupRef, because_of: ImportId) -> Result<()> {
        let state = self.platform.state();
        let rejected = self.platform.state().import(because_of).await?;
        let file = rejected.map_or_else(|| because_of.to_string(), |import| import.file);
        while let Some(id) = state.next_member(self.repository, group, false).await? {
            let member = state.import(id).await?;
            let member = member.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
            let message = format!("group {} was stopped: {file} was rejected", group.id);
            let hint =
                "mend that file, then drop it again with all files of the group that were not imported, \
                        as a group or without its tag in their names"
                    .to_owned();
            let reason = Reason::new("group-stopped", message).with_hint(Some(hint));
            let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
            conclude::conclude(self.platform, &member, Findings::refused(refusal)).await?;
        }
        Ok(())
    }
}
