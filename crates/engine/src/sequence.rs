//! The thin shell around the core's state machine: reads the state of a repository, asks the machine for commands,
//! writes the new state if no other process did so meanwhile, and carries the commands out.
//!
//! A round answers any number of events with one read and at most one write. That write also marks the ended file
//! done, and pins the configuration of the next one: the active one at that moment, for every try. No command is
//! carried out before the state that asks for it is written.
//!
//! A file or group begins when no configuration of its repository is in flight: see `crate::in_flight`.

use std::collections::BTreeSet;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::sequence::{self, Command, Event, GroupRef, Ready, Running, Stage, run_to_quiescence};

use crate::capabilities::{HasGroups, trait_alias};
use crate::conclude::{self, Concludes, Findings};
use crate::configs::Pins;
use crate::in_flight::{self, Wait};
use crate::ports::{
    AdvanceWrites, Conclusion, GroupQueue, ImportRun, Kind, Message, News, Pinned, Progress, Queue, Refusal,
    RunLedger, Task, Turn,
};
use crate::register::Registers;
use crate::{Error, Result, configs};

trait_alias! {
    /// What ordering the files of a repository needs.
    pub trait Sequences = Concludes + Pins + Registers + HasGroups
}

/// Takes news about a repository.
pub async fn sequence<D: Sequences>(deployment: &D, repository: &Repository, news: News) -> Result<()> {
    let at = deployment.now();
    let events = match news {
        News::Arrived { settle_seconds } => vec![Event::Arrived { at, settle_seconds }],
        News::Poke => vec![Event::Poke { at }],
        News::Released => vec![Event::Released { at }],
        News::Happened(event) => vec![event],
    };
    let done = Shell { deployment, repository }.follow(events).await;
    if done.is_err() {
        // The state may have moved on, so that the same event again would ask for nothing.
        deployment.queue().send(Message::news(repository, News::Poke), None).await?;
    }
    done
}

/// What begins between two states of a repository, if anything does: a single file, or a group.
fn begins<'a>(before: &sequence::State, next: &'a sequence::State) -> Option<&'a Running> {
    let is_begun = |running: &&Running| match (running, &before.running) {
        (Running::Group { group, .. }, Some(Running::Group { group: before, .. })) => group != before,
        (running, before) => Some(*running) != before.as_ref(),
    };
    next.running.as_ref().filter(is_begun)
}

/// How often others may be faster before the news is left to come again.
const MOST_ROUNDS: u32 = 100;

struct Shell<'a, D: Sequences> {
    deployment: &'a D,
    repository: &'a Repository,
}

impl<D: Sequences> Shell<'_, D> {
    /// Takes events until there are none left; what is carried out may answer with more.
    async fn follow(&self, mut events: Vec<Event>) -> Result<()> {
        let (runs, groups) = (self.deployment.runs(), self.deployment.groups());
        let mut rounds = 0;
        while !events.is_empty() {
            let ended = self.ended(&events).await?;
            let ends = ended.as_ref().map(|(run, _)| run.id);
            let turn = groups.turn(self.repository).await?;
            let (next, commands, begins_work) = self.decide(&turn, &events, ends).await?;
            let begun = self.begins(&turn, &commands).await?;
            if next != turn.state {
                let begins = begun.as_ref().map(|(id, pin)| (*id, pin));
                // The state was asked before the drop zone. A configuration that left it since is registered.
                let registered = begins_work.then_some(turn.configurations.registered);
                let along = AdvanceWrites { begins, ends, registered };
                if !groups.advance(self.repository, turn.version, &next, along).await? {
                    // Another process was faster: apply the same events to the new state.
                    rounds += 1;
                    if rounds == MOST_ROUNDS {
                        let source = "other processes were faster each time".into();
                        return Err(Error::Store { what: "deciding what is next", source });
                    }
                    continue;
                }
            } else if let Some(id) = ends {
                runs.finish(id).await?;
            }
            if let Some((run, conclusion)) = &ended {
                conclude::tell_people(self.deployment, run.id, conclusion).await?;
                conclude::tell_query(self.deployment, run).await?;
            }
            events.clear();
            let begun = begun.map(|(id, _)| id);
            for command in commands {
                events.extend(self.carry_out(command, begun).await?);
            }
        }
        Ok(())
    }

    /// What is to be done. As long as a configuration is on its way nothing that is ready begins; what is running goes
    /// on. True if something begins.
    async fn decide(
        &self,
        turn: &Turn,
        events: &[Event],
        ends: Option<ImportId>,
    ) -> Result<(sequence::State, Vec<Command>, bool)> {
        let now = self.deployment.now();
        let decide = |ready: &[Ready]| run_to_quiescence(&turn.state, ready, events, ends, now);
        if turn.configurations.in_flight() {
            let (next, commands) = decide(&[]);
            return Ok((next, commands, false));
        }
        let (next, commands) = decide(&turn.ready);
        let Some(begins) = begins(&turn.state, &next) else { return Ok((next, commands, false)) };
        let mut wait = None;
        for universe in self.universes(begins).await? {
            wait = wait.max(in_flight::look(self.deployment, self.repository, &universe).await?);
        }
        match wait {
            None => Ok((next, commands, true)),
            Some(wait) => {
                let (next, mut commands) = decide(&[]);
                if let Wait::Until(at) = wait {
                    commands.push(Command::WakeAt(at));
                }
                Ok((next, commands, false))
            }
        }
    }

    /// The universes of the files that would begin.
    async fn universes(&self, begins: &Running) -> Result<BTreeSet<String>> {
        let (runs, groups) = (self.deployment.runs(), self.deployment.groups());
        let imports = match begins {
            Running::File { import } => runs.recall(*import).await?.into_iter().collect(),
            // No configuration is needed to set files aside.
            Running::Group { stage: Stage::Expiring, .. } => Vec::new(),
            Running::Group { group, .. } => groups.group_members(self.repository, group).await?,
        };
        let universe = |import: ImportRun| match import.kind {
            Kind::Data { name, .. } => Some(name.universe),
            _ => None,
        };
        Ok(imports.into_iter().filter_map(universe).collect())
    }

    /// The run that reached its outcome and how, unless it is marked done already.
    async fn ended(&self, events: &[Event]) -> Result<Option<(ImportRun, Conclusion)>> {
        let finished = events.iter().find_map(|event| match event {
            Event::Finished(id, _) => Some(*id),
            _ => None,
        });
        // A run whose outcome is postponed is marked done when its file is at its place.
        let Some(id) = finished.filter(|id| !self.deployment.is_postponed(*id)) else { return Ok(None) };
        let decided = |import: Option<ImportRun>| {
            let import = import?;
            match &import.progress {
                Progress::Concluding(conclusion) => Some(conclusion.clone()).map(|decided| (import, decided)),
                _ => None,
            }
        };
        let recalled = decided(self.deployment.runs().recall(id).await?);
        // What is recalled may be older than the news.
        Ok(if recalled.is_some() { recalled } else { decided(self.deployment.runs().run(id).await?) })
    }

    /// The file that is dispatched now, and the configuration that it is pinned to, if it has not begun. If that
    /// cannot be found out, the file is dispatched all the same, and the worker reports why. A file that was
    /// dispatched before is not looked at, because a worker has it.
    async fn begins(&self, turn: &Turn, commands: &[Command]) -> Result<Option<(ImportId, Pinned)>> {
        let handed_out = commands.iter().find_map(|command| match command {
            Command::Check(id) | Command::ImportRun(id) => Some(*id),
            _ => None,
        });
        let Some(id) = handed_out.filter(|id| turn.state.handed_out() != Some(*id)) else { return Ok(None) };
        let Some(import) = self.deployment.runs().recall(id).await? else { return Ok(None) };
        let (Kind::Data { name, .. }, Progress::Registered) = (&import.kind, &import.progress) else {
            return Ok(None);
        };
        match configs::pin(self.deployment, &import, &name.universe, Some(turn.configurations)).await {
            Ok(pin) => Ok(pin.ok().map(|pinned| (id, pinned))),
            Err(error) => {
                tracing::warn!(import = %id, %error, "its configuration cannot be read yet");
                Ok(None)
            }
        }
    }

    /// Carries out a command; the answer, if there is one now. `begun` is what has begun just now.
    async fn carry_out(&self, command: Command, begun: Option<ImportId>) -> Result<Option<Event>> {
        let (runs, groups) = (self.deployment.runs(), self.deployment.groups());
        let repository = self.repository;
        match command {
            Command::WakeAt(at) => {
                self.deployment.queue().send(Message::news(repository, News::Poke), Some(at)).await?;
                Ok(None)
            }
            // Answered while thinking.
            Command::LookAgain | Command::FindReady => Ok(None),
            Command::Seal(group) => {
                groups.seal(repository, &group).await?;
                Ok(None)
            }
            Command::FindMember { group, checking } => {
                let next = groups.next_member(repository, &group, checking).await?;
                Ok(Some(Event::Member { group, checking, next }))
            }
            Command::Check(import) => self.work(import, Task::Check, begun).await,
            Command::ImportRun(import) => self.work(import, Task::Import, begun).await,
            Command::SetAside { group, because_of } => {
                let rejected = runs.run(because_of).await?;
                let file = rejected.map_or_else(|| because_of.to_string(), |import| import.file);
                let message = format!("group {} was stopped: {file} was rejected", group.id);
                let hint = "fix that file, then drop it again with all files of the group that were not imported, as a group or without the group tag";
                let reason = Reason::new("group-stopped", message).with_hint(Some(hint.to_owned()));
                self.set_aside(&group, &reason).await?;
                Ok(Some(Event::AllSetAside(group)))
            }
            Command::Expire(group) => {
                let message =
                    format!("group {} was incomplete for longer than its configuration allows", group.id);
                let hint =
                    "drop it again with the missing files; or without the group tag, to import it by itself";
                let reason = Reason::new("group-expired", message).with_hint(Some(hint.to_owned()));
                self.set_aside(&group, &reason).await?;
                Ok(Some(Event::AllSetAside(group)))
            }
            Command::Close(group) => {
                groups.close(repository, &group).await?;
                Ok(Some(Event::Closed(group)))
            }
        }
    }

    async fn work(&self, import: ImportId, task: Task, begun: Option<ImportId>) -> Result<Option<Event>> {
        tracing::debug!(repository = %self.repository, %import, ?task, "dispatched");
        let known = self.deployment.runs().remembered(import).filter(|_| begun == Some(import)).map(Box::new);
        self.deployment.queue().send(Message::Work { import, task, known, landed: 0 }, None).await?;
        Ok(None)
    }

    /// Puts what is left of a group under `notprocessed/`, file by file.
    async fn set_aside(&self, group: &GroupRef, reason: &Reason) -> Result<()> {
        let (runs, groups) = (self.deployment.runs(), self.deployment.groups());
        while let Some(id) = groups.next_member(self.repository, group, false).await? {
            let member = runs.run(id).await?;
            let member = member.ok_or_else(|| Error::UnknownImport { id: id.to_string() })?;
            let refusal = Refusal { outcome: Outcome::NotProcessed, reason: reason.clone() };
            conclude::conclude(self.deployment, &member, Findings::refused(refusal)).await?;
        }
        Ok(())
    }
}
