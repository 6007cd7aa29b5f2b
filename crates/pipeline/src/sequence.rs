//! The thin shell around the core's state machine: reads where a repository is, asks what is to be done,
//! writes the state if nobody was faster, and does it.
//!
//! However many events are answered at once, a round is one read and at most one write. That one write also says
//! that the file which ended is done, and under which configuration the next one begins: the configuration that
//! is active when its turn comes, whoever checks it, and however often. Nothing is done before the state that
//! asks for it is written.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::{self, Command, Event, GroupRef, think};

use crate::conclude::{self, Findings};
use crate::ports::{
    Along, Conclusion, Import, Kind, Message, News, Pinned, Platform, Progress, Queue, Refusal, State, Task,
};
use crate::{Error, Result, configs};

/// Takes news about a repository.
pub async fn sequence<P: Platform>(platform: &P, repository: &Repository, news: News) -> Result<()> {
    let at = platform.now();
    let events = match news {
        News::Arrived { settle_seconds } => vec![Event::Arrived { at, settle_seconds }],
        News::Poke => vec![Event::Poke { at }],
        News::Happened(event) => vec![event],
    };
    let done = Shell { platform, repository }.follow(events).await;
    if done.is_err() {
        // The state may have moved on, so that the same event again would ask for nothing.
        platform.queue().send(Message::news(repository, News::Poke), None).await?;
    }
    done
}

/// How often others may be faster before the news is left to come again.
const MOST_ROUNDS: u32 = 100;

struct Shell<'a, P: Platform> {
    platform: &'a P,
    repository: &'a Repository,
}

impl<P: Platform> Shell<'_, P> {
    /// Takes events until there are none left; what is carried out may answer with more.
    async fn follow(&self, mut events: Vec<Event>) -> Result<()> {
        let state = self.platform.state();
        let mut rounds = 0;
        while !events.is_empty() {
            let ended = self.ended(&events).await?;
            let ends = ended.as_ref().map(|(id, _)| *id);
            let turn = state.turn(self.repository).await?;
            let (next, commands) = think(&turn.state, &turn.ready, &events, ends, self.platform.now());
            let begun = self.begins(&turn.state, &commands).await?;
            if next != turn.state {
                let begins = begun.as_ref().map(|(id, pin)| (*id, pin));
                if !state.advance(self.repository, turn.version, &next, Along { begins, ends }).await? {
                    // Somebody was faster: the same events again, where the repository is now.
                    rounds += 1;
                    if rounds == MOST_ROUNDS {
                        let source = "others were faster each time".into();
                        return Err(Error::Store { what: "deciding what is next", source });
                    }
                    continue;
                }
            } else if let Some(id) = ends {
                state.finish(id).await?;
            }
            if let Some((id, conclusion)) = &ended {
                conclude::tell_people(self.platform, *id, conclusion).await?;
            }
            events.clear();
            let begun = begun.map(|(id, _)| id);
            for command in commands {
                events.extend(self.carry_out(command, begun).await?);
            }
        }
        Ok(())
    }

    /// The import that reached its outcome and how, unless somebody has written down that it is done.
    async fn ended(&self, events: &[Event]) -> Result<Option<(ImportId, Conclusion)>> {
        let finished = events.iter().find_map(|event| match event {
            Event::Finished(id, _) => Some(*id),
            _ => None,
        });
        let Some(id) = finished else { return Ok(None) };
        let decided = |import: Option<Import>| match import.map(|import| import.progress) {
            Some(Progress::Concluding(conclusion)) => Some((id, conclusion)),
            _ => None,
        };
        let recalled = decided(self.platform.state().recall(id).await?);
        // What is recalled may be older than the news.
        Ok(if recalled.is_some() { recalled } else { decided(self.platform.state().import(id).await?) })
    }

    /// The file that is handed out now, and what it runs under, if it has not begun. If that cannot be found out,
    /// it is handed out all the same, and whoever checks it says why. One that was handed out before is not looked
    /// at: somebody has it in hand.
    async fn begins(
        &self,
        before: &sequence::State,
        commands: &[Command],
    ) -> Result<Option<(ImportId, Pinned)>> {
        let handed_out = commands.iter().find_map(|command| match command {
            Command::Check(id) | Command::Import(id) => Some(*id),
            _ => None,
        });
        let Some(id) = handed_out.filter(|id| before.handed_out() != Some(*id)) else { return Ok(None) };
        let Some(import) = self.platform.state().recall(id).await? else { return Ok(None) };
        let (Kind::Data { name, .. }, Progress::Registered) = (&import.kind, &import.progress) else {
            return Ok(None);
        };
        match configs::pin(self.platform, &import, &name.universe).await {
            Ok(pinned) => Ok(pinned.map(|pinned| (id, pinned))),
            Err(error) => {
                tracing::warn!(import = %id, %error, "its configuration cannot be read yet");
                Ok(None)
            }
        }
    }

    /// Carries out a command; the answer, if there is one now. `begun` is what has begun just now.
    async fn carry_out(&self, command: Command, begun: Option<ImportId>) -> Result<Option<Event>> {
        let state = self.platform.state();
        let repository = self.repository;
        match command {
            Command::WakeAt(at) => {
                self.platform.queue().send(Message::news(repository, News::Poke), Some(at)).await?;
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
            Command::Check(import) => self.work(import, Task::Check, begun).await,
            Command::Import(import) => self.work(import, Task::Import, begun).await,
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

    async fn work(&self, import: ImportId, task: Task, begun: Option<ImportId>) -> Result<Option<Event>> {
        let known = self.platform.state().remembered(import).filter(|_| begun == Some(import)).map(Box::new);
        self.platform.queue().send(Message::Work { import, task, known, landed: 0 }, None).await?;
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
