//! The state machine that keeps the order of one repository: it decides what happens next.
//!
//! [`step`] is pure. It takes the state of a repository and an event, and answers with the new state and commands.
//! The caller writes the state on the condition that it is unchanged, then carries out the commands and feeds their
//! answers back. Every command can be carried out twice; every event can come twice, late, or not at all. An
//! [`Event::Poke`] asks again for whatever the state waits for. `Arrived` never re-dispatches running work; otherwise
//! each of ten thousand files would dispatch the running one again.

use serde::{Deserialize, Serialize};

use crate::id::{ImportId, Timestamp};

/// A group that belongs together, in one of its generations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupRef {
    /// The group id of the file names.
    pub id: String,
    /// ZZ: the number of its last slot.
    pub last: u8,
    /// Counts up each time the group begins; what arrives after that belongs to the next one.
    pub generation: u64,
}

/// What a rejected member means for the rest of its group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupRule {
    /// Members are imported one after the other; a rejected one stops those behind it.
    #[default]
    Sequential,
    /// All members are checked before the first is loaded; one rejected stops all.
    AllOrNothing,
}

/// The first piece of ready work.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ready {
    /// A single file.
    File(ImportId),
    /// A complete group, and the rule it is treated by.
    Group(GroupRef, GroupRule),
    /// A group that was incomplete for too long: its files are to be set aside.
    Expired(GroupRef),
}

/// What a repository is doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Running {
    /// A single file is being imported.
    File {
        /// Its import.
        import: ImportId,
    },
    /// A group is being treated.
    Group {
        /// Which.
        group: GroupRef,
        /// How far it is.
        stage: Stage,
        /// The member that was handed out and has not answered yet.
        member: Option<ImportId>,
    },
}

/// How far a group is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Its members are being checked, none is loaded yet (only under [`GroupRule::AllOrNothing`]).
    Checking,
    /// Its members are being imported one by one.
    Importing,
    /// One was rejected; the rest is being set aside.
    SettingAside {
        /// The member that was rejected.
        because_of: ImportId,
    },
    /// It was incomplete for too long; its files are being set aside.
    Expiring,
    /// All members have their outcome; the group is being closed.
    Closing,
}

/// The state of one repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct State {
    /// What is going on, if anything is.
    pub running: Option<Running>,
    /// When files last arrived, if the repository has not settled since.
    pub unsettled: Option<Unsettled>,
}

impl State {
    /// The file that a worker has.
    #[must_use]
    pub fn handed_out(&self) -> Option<ImportId> {
        match self.running.as_ref()? {
            Running::File { import } => Some(*import),
            Running::Group { member, .. } => *member,
        }
    }
}

/// A repository that files are still arriving in, whether it is waited for or has been for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unsettled {
    /// When the first of them arrived.
    pub first: Timestamp,
    /// When the last of them arrived.
    pub last: Timestamp,
    /// How long it must have been quiet before anything begins, in seconds, by the configuration when the last
    /// of them arrived.
    pub settle_seconds: i64,
}

/// How often the settling time may be prolonged by files that keep arriving, so that a partner who never stops
/// sending does not delay its own files for ever.
const SETTLE_AT_MOST: i64 = 10;

impl Unsettled {
    /// When it will have been quiet for long enough.
    fn quiet_at(&self) -> Timestamp {
        later(self.last, self.settle_seconds)
    }

    /// Until when nothing begins.
    fn until(&self) -> Timestamp {
        self.quiet_at().min(later(self.first, self.settle_seconds.saturating_mul(SETTLE_AT_MOST)))
    }

    /// Whether nothing begins yet.
    #[must_use]
    pub fn is_waited_for(&self, now: Timestamp) -> bool {
        self.until() > now
    }

    /// Whether a file that arrives now belongs to those that arrived before. It does not after a pause that no event
    /// reported, because there was nothing left to wait for.
    fn goes_on(&self, now: Timestamp) -> bool {
        self.quiet_at() > now || self.until() == self.quiet_at()
    }
}

fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// How an import ended, as far as the order is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Its good lines are, or can be, loaded.
    Accepted,
    /// Nothing of it was taken.
    Rejected,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Files were registered.
    Arrived {
        /// When.
        at: Timestamp,
        /// How long the repository must have been quiet before anything begins, in seconds.
        settle_seconds: i64,
    },
    /// Time to look again, and to ask again for what is running.
    Poke {
        /// The time now.
        at: Timestamp,
    },
    /// What kept everything from beginning is over: a configuration has its outcome. Nothing is asked for again that
    /// is running.
    Released {
        /// The time now.
        at: Timestamp,
    },
    /// The answer to [`Command::FindReady`].
    Found(Option<Ready>),
    /// The answer to [`Command::FindMember`].
    Member {
        /// The group that was asked about.
        group: GroupRef,
        /// Whether members were asked for that are not checked, or not imported.
        checking: bool,
        /// The first such member.
        next: Option<ImportId>,
    },
    /// A member passed, or did not pass, the check that comes before loading.
    Checked(ImportId, Verdict),
    /// An import reached its outcome.
    Finished(ImportId, Verdict),
    /// The answer to [`Command::SetAside`] and [`Command::Expire`]: what was left of the group has its outcome.
    AllSetAside(GroupRef),
    /// The answer to [`Command::Close`]: the group is no longer ready work.
    Closed(GroupRef),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Poke again at this time, not before.
    WakeAt(Timestamp),
    /// Poke again now: there may be more to do, unless files are still arriving.
    LookAgain,
    /// Find the first piece of ready work.
    FindReady,
    /// From now on, what arrives for this group belongs to its next generation.
    Seal(GroupRef),
    /// Find the first member of the group that is not checked yet, or has no outcome yet.
    FindMember {
        /// The group.
        group: GroupRef,
        /// True: not checked yet. False: no outcome yet.
        checking: bool,
    },
    /// Check this file, and load nothing.
    Check(ImportId),
    /// Check this file and load it.
    ImportRun(ImportId),
    /// Put what is left of the group under `notprocessed/`, because this member was rejected.
    SetAside {
        /// The group.
        group: GroupRef,
        /// The member that was rejected.
        because_of: ImportId,
    },
    /// Put the files of the group under `notprocessed/`, because it was incomplete for too long.
    Expire(GroupRef),
    /// Take the group off the ready work.
    Close(GroupRef),
}

/// What comes of an event. An event that does not fit the state (a duplicate, or one that comes late)
/// changes nothing and asks for nothing.
#[must_use]
pub fn step(state: &State, event: &Event) -> (State, Vec<Command>) {
    let mut next = state.clone();
    let commands = match event {
        Event::Arrived { at, settle_seconds } => {
            let before = state.unsettled.filter(|u| u.goes_on(*at));
            let first = before.map_or(*at, |u| u.first.min(*at));
            let last = before.map_or(*at, |u| u.last.max(*at));
            let unsettled = Unsettled { first, last, settle_seconds: *settle_seconds };
            next.unsettled = Some(unsettled);
            // One of many files that arrive together asks when to begin. The worker that ends the running file looks
            // again.
            let is_asked = before.is_some_and(|u| u.is_waited_for(*at) && u.until() <= unsettled.until());
            if state.running.is_some() || is_asked { Vec::new() } else { vec![Command::LookAgain] }
        }
        Event::Released { .. } if state.running.is_some() => Vec::new(),
        Event::Poke { at } | Event::Released { at } => match &state.running {
            Some(running) => resume(running),
            None => match state.unsettled {
                Some(unsettled) if unsettled.is_waited_for(*at) => vec![Command::WakeAt(unsettled.until())],
                _ => {
                    // Do not wait again for a partner that never stops sending, or each wait would import one file.
                    next.unsettled = state.unsettled.filter(|u| u.quiet_at() > *at);
                    vec![Command::FindReady]
                }
            },
        },
        Event::Found(found) => match (&state.running, found) {
            (None, Some(Ready::File(import))) => become_running(&mut next, Running::File { import: *import }),
            (None, Some(Ready::Group(group, rule))) => {
                let first = match rule {
                    GroupRule::Sequential => Stage::Importing,
                    GroupRule::AllOrNothing => Stage::Checking,
                };
                become_running(&mut next, Running::Group { group: group.clone(), stage: first, member: None })
            }
            (None, Some(Ready::Expired(group))) => {
                let group = group.clone();
                become_running(&mut next, Running::Group { group, stage: Stage::Expiring, member: None })
            }
            (_, None) | (Some(_), _) => Vec::new(),
        },
        Event::Finished(import, _) if state.running == Some(Running::File { import: *import }) => {
            next.running = None;
            vec![Command::LookAgain]
        }
        _ => match &state.running {
            Some(Running::Group { group, stage, member }) => match group_step(group, stage, *member, event) {
                Some(running) => become_running(&mut next, running),
                None if *event == Event::Closed(group.clone()) && *stage == Stage::Closing => {
                    next.running = None;
                    vec![Command::LookAgain]
                }
                None => Vec::new(),
            },
            _ => Vec::new(),
        },
    };
    (next, commands)
}

/// What events lead to, one after the other, from where a repository was read to be with its first two pieces of
/// ready work: the state to be written, and what is to be done then. What is asked about ready work is answered at
/// once; what `ends` with that write is none any more.
#[must_use]
pub fn run_to_quiescence(
    state: &State,
    ready: &[Ready],
    events: &[Event],
    ends: Option<ImportId>,
    now: Timestamp,
) -> (State, Vec<Command>) {
    let (mut state, mut to_do) = (state.clone(), Vec::new());
    let is_left = |ready: &&Ready| !matches!(ready, Ready::File(id) if Some(*id) == ends);
    let mut events: Vec<Event> = events.iter().rev().cloned().collect();
    while let Some(event) = events.pop() {
        let (next, commands) = step(&state, &event);
        state = next;
        for command in commands {
            match command {
                Command::LookAgain => events.push(Event::Poke { at: now }),
                Command::FindReady => events.push(Event::Found(ready.iter().find(is_left).cloned())),
                command => to_do.push(command),
            }
        }
    }
    (state, to_do)
}

/// Where a group goes from here; None if the event does not concern it.
fn group_step(group: &GroupRef, stage: &Stage, member: Option<ImportId>, event: &Event) -> Option<Running> {
    let to =
        |stage: Stage, member: Option<ImportId>| Some(Running::Group { group: group.clone(), stage, member });
    match (stage, event) {
        (Stage::Checking, Event::Member { group: g, checking: true, next })
            if g == group && member.is_none() =>
        {
            match next {
                Some(next) => to(Stage::Checking, Some(*next)),
                None => to(Stage::Importing, None),
            }
        }
        (Stage::Importing, Event::Member { group: g, checking: false, next })
            if g == group && member.is_none() =>
        {
            match next {
                Some(next) => to(Stage::Importing, Some(*next)),
                None => to(Stage::Closing, None),
            }
        }
        // One that is done already has nothing to be loaded: its content was imported before.
        (
            Stage::Checking,
            Event::Checked(import, Verdict::Accepted) | Event::Finished(import, Verdict::Accepted),
        ) if member == Some(*import) => to(Stage::Checking, None),
        (Stage::Importing, Event::Finished(import, Verdict::Accepted)) if member == Some(*import) => {
            to(Stage::Importing, None)
        }
        (
            Stage::Checking | Stage::Importing,
            Event::Checked(import, Verdict::Rejected) | Event::Finished(import, Verdict::Rejected),
        ) if member == Some(*import) => to(Stage::SettingAside { because_of: *import }, None),
        (Stage::SettingAside { .. } | Stage::Expiring, Event::AllSetAside(g)) if g == group => {
            to(Stage::Closing, None)
        }
        _ => None,
    }
}

fn become_running(next: &mut State, running: Running) -> Vec<Command> {
    let commands = resume(&running);
    next.running = Some(running);
    commands
}

/// What a running repository waits for, asked for (again).
fn resume(running: &Running) -> Vec<Command> {
    match running {
        Running::File { import } => vec![Command::ImportRun(*import)],
        Running::Group { group, stage, member } => match (stage, member) {
            (Stage::Checking, Some(member)) => vec![Command::Check(*member)],
            (Stage::Importing, Some(member)) => vec![Command::ImportRun(*member)],
            (Stage::Checking | Stage::Importing, None) => vec![
                Command::Seal(group.clone()),
                Command::FindMember { group: group.clone(), checking: *stage == Stage::Checking },
            ],
            (Stage::SettingAside { because_of }, _) => {
                vec![Command::SetAside { group: group.clone(), because_of: *because_of }]
            }
            (Stage::Expiring, _) => vec![Command::Expire(group.clone())],
            (Stage::Closing, _) => vec![Command::Close(group.clone())],
        },
    }
}
