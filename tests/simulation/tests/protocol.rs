//! The protocol of the sequencer, checked exhaustively: every interleaving of two processes that read, write under a
//! condition and carry out, with messages that come twice, late or never, and processes that stop anywhere.
//!
//! The decisions are the real ones, [`think`] and the `step` it is made of; around them is what the shell, the
//! store of state and validate promise. Of every state that can be reached at all it is asked whether the reconciliation and
//! what is in the queues lead from there to the end.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::sync::Mutex;

use stateright::{Checker, Model, Property};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::sequence::{
    Command, Event, GroupRef, GroupRule, Ready, Running, State, Verdict, run_to_quiescence,
};

/// A file: its place in the order of treatment.
type File = u8;

/// What is being checked.
#[derive(Debug)]
struct Protocol {
    /// Whether the files are a group of two, and by which rule; single files if they are not.
    group: Option<GroupRule>,
    /// What becomes of each file by what it holds.
    ends: [Outcome; 2],
    /// How many messages may be in a queue, in hand or not.
    queued: usize,
    /// The fingerprints of the states that are known to lead to the end: each is asked by all that come before it.
    recovering: Mutex<HashSet<u64>>,
}

const FILES: [File; 2] = [0, 1];
/// How many messages may be in hand at a time.
const HANDS: usize = 2;
/// How many messages may be in a queue: as many as are checked within seconds, and as many as there can be, which
/// `make protocol` waits for. To check first and load then takes more messages, and more of them meet.
const QUEUED: (usize, usize) = (2, usize::MAX);
const QUEUED_TO_CHECK: (usize, usize) = (2, 3);

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Outcome {
    Imported,
    /// It was imported before, and is not loaded again.
    Known,
    Rejected,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Message {
    Arrived,
    Poke,
    Checked(File),
    Finished(File),
    Work { file: File, only_check: bool },
}

/// A message in hand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Hand {
    message: Message,
    doing: Doing,
}

/// How far whoever has it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Doing {
    /// The sequencer is about to read.
    Reading(Vec<Event>),
    /// It has read, and is about to write.
    Writing {
        events: Vec<Event>,
        next: State,
        ends: Option<File>,
        commands: Vec<Command>,
        seen: BTreeSet<File>,
    },
    /// It has written, and carries out.
    CarryingOut { commands: Vec<Command>, answers: Vec<Event> },
    /// Validate is about to look at the file.
    Beginning,
    /// It checks or loads it.
    AtWork,
    /// Its outcome was decided by somebody else, and is carried out.
    Ending,
    /// It is about to send word.
    Telling,
    /// Nothing is left but to acknowledge the message.
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    state: State,
    registered: BTreeSet<File>,
    checked: BTreeSet<File>,
    /// The files whose outcome is decided, in that order.
    decided: Vec<(File, Outcome)>,
    done: BTreeSet<File>,
    is_sealed: bool,
    is_closed: bool,
    /// The messages, and whether each was handed out before.
    queue: BTreeMap<Message, bool>,
    hands: Vec<Hand>,
    /// What was registered when the turn of the file that is running began.
    begun_with: BTreeSet<File>,
    /// What must not be and was.
    wrong: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Action {
    Register(File),
    HandOut(Message),
    Lose(Message),
    /// The `n`th hand goes on.
    GoOn(usize),
    /// The `n`th hand acknowledges, and the message comes once more all the same.
    Twice(usize),
    /// The `n`th hand stops for good.
    Crash(usize),
    Sweep,
}

fn fingerprint(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn id(file: File) -> ImportId {
    ImportId::new(now(), u128::from(file))
}

fn file(id: ImportId) -> File {
    FILES.into_iter().find(|file| self::id(*file) == id).expect("there are no others")
}

fn group() -> GroupRef {
    GroupRef { id: "g".to_owned(), last: 2, generation: 1 }
}

impl Protocol {
    fn outcome(&self, file: File) -> Outcome {
        let [first, second] = self.ends;
        if file == 0 { first } else { second }
    }

    /// The first two pieces of ready work.
    fn ready(&self, world: &World) -> Vec<Ready> {
        match self.group {
            Some(rule) => {
                let is_ready = world.registered.len() == FILES.len() && !world.is_closed;
                is_ready.then(|| Ready::Group(group(), rule)).into_iter().collect()
            }
            None => world.registered.difference(&world.done).map(|file| Ready::File(id(*file))).collect(),
        }
    }

    fn events(world: &World, message: &Message) -> Vec<Event> {
        // A file that was set aside was rejected, whatever it holds.
        let is_rejected = |file: File| world.decided.contains(&(file, Outcome::Rejected));
        let verdict = |file: File| if is_rejected(file) { Verdict::Rejected } else { Verdict::Accepted };
        match message {
            Message::Arrived => vec![Event::Arrived { at: now(), settle_seconds: 0 }],
            Message::Poke => vec![Event::Poke { at: now() }],
            Message::Checked(file) => vec![Event::Checked(id(*file), Verdict::Accepted)],
            Message::Finished(file) => vec![Event::Finished(id(*file), verdict(*file))],
            Message::Work { .. } => Vec::new(),
        }
    }

    fn hand_out(world: &mut World, message: &Message) {
        let doing = match message {
            Message::Work { .. } => Doing::Beginning,
            news => Doing::Reading(Self::events(world, news)),
        };
        world.hands.push(Hand { message: message.clone(), doing });
    }

    /// Takes the next step of a hand.
    fn go_on(&self, world: &mut World, n: usize) {
        let Hand { message, doing } = world.hands.remove(n);
        let was_out_before = world.queue.get(&message).copied().unwrap_or(true);
        let doing = match (doing, &message) {
            (Doing::Reading(events), _) => {
                let ready = self.ready(world);
                let ends = Self::ended(world, &events);
                let (next, commands) = run_to_quiescence(&world.state, &ready, &events, ends.map(id), now());
                if next == world.state {
                    world.done.extend(ends);
                    Doing::CarryingOut { commands, answers: Vec::new() }
                } else {
                    let seen = world.registered.clone();
                    Doing::Writing { events, next, ends, commands, seen }
                }
            }
            (Doing::Writing { next, ends, commands, seen, .. }, _) => {
                world.done.extend(ends);
                if next.running != world.state.running {
                    world.begun_with = seen;
                }
                world.state = next;
                // The condition of whoever else was about to write does not hold any more: it reads again.
                for hand in &mut world.hands {
                    if let Doing::Writing { events, .. } = &mut hand.doing {
                        hand.doing = Doing::Reading(mem::take(events));
                    }
                }
                Doing::CarryingOut { commands, answers: Vec::new() }
            }
            (Doing::CarryingOut { mut commands, mut answers }, _) => {
                if commands.is_empty() && answers.is_empty() {
                    // Whoever had the news before may have stopped when the state had moved on.
                    let asks_again = was_out_before && message != Message::Poke;
                    if asks_again {
                        world.queue.insert(Message::Poke, false);
                    }
                    Doing::Over
                } else {
                    let command = commands.remove(0);
                    if let Some(again) = Self::carry_out(world, command, &mut answers) {
                        commands.insert(0, again);
                    }
                    if commands.is_empty() && !answers.is_empty() {
                        Doing::Reading(answers)
                    } else {
                        Doing::CarryingOut { commands, answers }
                    }
                }
            }
            (Doing::Beginning, Message::Work { file, .. }) => {
                if world.done.contains(file) {
                    Doing::Telling
                } else if world.decided.iter().any(|(decided, _)| decided == file) {
                    Doing::Ending
                } else {
                    Doing::AtWork
                }
            }
            (Doing::AtWork, Message::Work { file, only_check }) => {
                let is_decided = world.decided.iter().any(|(decided, _)| decided == file);
                if *only_check && self.outcome(*file) == Outcome::Imported {
                    world.checked.insert(*file);
                    Doing::Telling
                } else if is_decided {
                    Doing::Ending
                } else {
                    // That it is done is left to the sequencer.
                    self.decide(world, *file);
                    Doing::Telling
                }
            }
            (Doing::Ending, Message::Work { file, .. }) => {
                world.done.insert(*file);
                Doing::Telling
            }
            (Doing::Telling, Message::Work { file, only_check }) => {
                let is_checked = *only_check && !world.decided.iter().any(|(decided, _)| decided == file);
                let told = if is_checked { Message::Checked(*file) } else { Message::Finished(*file) };
                world.queue.insert(told, false);
                Doing::Over
            }
            (_, message) => {
                world.queue.remove(message);
                return;
            }
        };
        world.hands.push(Hand { message, doing });
    }

    /// The file that reached its outcome, unless it is written down already that it is done.
    fn ended(world: &World, events: &[Event]) -> Option<File> {
        let finished = events.iter().find_map(|event| match event {
            Event::Finished(id, _) => Some(file(*id)),
            _ => None,
        })?;
        let is_decided = world.decided.iter().any(|(decided, _)| *decided == finished);
        (is_decided && !world.done.contains(&finished)).then_some(finished)
    }

    /// Decides the outcome of a file by its content.
    fn decide(&self, world: &mut World, file: File) {
        let outcome = self.outcome(file);
        let is_imported = outcome == Outcome::Imported;
        let is_running = match &world.state.running {
            Some(Running::File { import }) => *import == id(file),
            Some(Running::Group { member, .. }) => *member == Some(id(file)),
            None => false,
        };
        let earlier = FILES.into_iter().find(|earlier| {
            *earlier < file
                && world.begun_with.contains(earlier)
                && !world.decided.iter().any(|(decided, _)| decided == earlier)
        });
        if !is_running {
            world.wrong = Some("a file is imported, and it is not its turn");
        } else if earlier.is_some() && self.group != Some(GroupRule::AllOrNothing) {
            world.wrong = Some("a file is imported before one that was ready before it");
        } else if is_imported && earlier.is_some() {
            world.wrong = Some("a member is imported before an earlier one");
        } else if self.group.is_some() && world.registered.len() < FILES.len() {
            world.wrong = Some("a member is imported, and its group is not complete");
        } else if is_imported
            && self.group.is_some()
            && world.decided.iter().any(|(_, other)| *other == Outcome::Rejected)
        {
            world.wrong = Some("a member is imported behind one that was rejected");
        } else if is_imported
            && self.group == Some(GroupRule::AllOrNothing)
            && self.ends.contains(&Outcome::Rejected)
        {
            world.wrong = Some("a member is imported, and another one does not pass");
        }
        world.decided.push((file, outcome));
    }

    /// Carries out a command; again, if there is more of it to do.
    fn carry_out(world: &mut World, command: Command, answers: &mut Vec<Event>) -> Option<Command> {
        match command {
            Command::WakeAt(_) => {
                world.queue.insert(Message::Poke, false);
            }
            Command::LookAgain | Command::FindReady | Command::Expire(_) => unreachable!("not asked here"),
            Command::Seal(_) => world.is_sealed = true,
            Command::FindMember { group, checking } => {
                if !world.is_sealed {
                    world.wrong = Some("a group begins, and is not sealed");
                }
                let is_decided = |file: &File| world.decided.iter().any(|(decided, _)| decided == file);
                let is_open = |file: &File| {
                    if checking {
                        !world.checked.contains(file) && !is_decided(file)
                    } else {
                        !world.done.contains(file)
                    }
                };
                let next = FILES.into_iter().find(is_open).map(id);
                answers.push(Event::Member { group, checking, next });
            }
            Command::Check(import) => {
                world.queue.insert(Message::Work { file: file(import), only_check: true }, false);
            }
            Command::ImportRun(import) => {
                world.queue.insert(Message::Work { file: file(import), only_check: false }, false);
            }
            Command::SetAside { group, because_of } => {
                let Some(left) = FILES.into_iter().find(|file| !world.done.contains(file)) else {
                    answers.push(Event::AllSetAside(group));
                    return None;
                };
                if !world.decided.iter().any(|(decided, _)| *decided == left) {
                    world.decided.push((left, Outcome::Rejected));
                }
                world.done.insert(left);
                world.queue.insert(Message::Finished(left), false);
                return Some(Command::SetAside { group, because_of });
            }
            Command::Close(group) => {
                world.is_closed = true;
                answers.push(Event::Closed(group));
            }
        }
        None
    }

    fn sweep(&self, world: &mut World) {
        if world.state != State::default() || !self.ready(world).is_empty() {
            world.queue.insert(Message::Poke, false);
        }
    }

    /// True if from here, when nothing goes wrong any more, everything comes to its end.
    fn recovers(&self, world: &World) -> bool {
        let mut world = world.clone();
        let mut passed = Vec::new();
        let reaches = self.reaches_the_end(&mut world, &mut passed);
        if reaches {
            self.recovering.lock().expect("nobody panics with it").extend(passed);
        }
        reaches
    }

    fn reaches_the_end(&self, world: &mut World, passed: &mut Vec<u64>) -> bool {
        for _ in 0..400 {
            let here = fingerprint(&*world);
            if self.recovering.lock().expect("nobody panics with it").contains(&here) {
                return true;
            }
            passed.push(here);
            if !world.hands.is_empty() {
                self.go_on(world, 0);
            } else if let Some(message) = world.queue.keys().next().cloned() {
                world.queue.insert(message.clone(), true);
                Self::hand_out(world, &message);
            } else {
                self.sweep(world);
                if world.queue.is_empty() {
                    let is_incomplete = self.group.is_some() && world.registered.len() < FILES.len();
                    return world.wrong.is_none()
                        && world.state.running.is_none()
                        && (is_incomplete || world.done == world.registered);
                }
            }
        }
        false
    }
}

impl Model for Protocol {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            state: State::default(),
            registered: BTreeSet::new(),
            checked: BTreeSet::new(),
            decided: Vec::new(),
            done: BTreeSet::new(),
            is_sealed: false,
            is_closed: false,
            queue: BTreeMap::new(),
            hands: Vec::new(),
            begun_with: BTreeSet::new(),
            wrong: None,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let absent = FILES.into_iter().filter(|file| !world.registered.contains(file));
        actions.extend(absent.map(Action::Register));
        for message in world.queue.keys() {
            if world.hands.len() < HANDS {
                actions.push(Action::HandOut(message.clone()));
            }
            actions.push(Action::Lose(message.clone()));
        }
        for (n, hand) in world.hands.iter().enumerate() {
            actions.push(Action::GoOn(n));
            actions.push(Action::Crash(n));
            if hand.doing == Doing::Over {
                actions.push(Action::Twice(n));
            }
        }
        actions.push(Action::Sweep);
    }

    fn next_state(&self, before: &World, action: Action) -> Option<World> {
        let mut world = before.clone();
        match action {
            Action::Register(file) => {
                world.registered.insert(file);
                world.queue.insert(Message::Arrived, false);
            }
            Action::HandOut(message) => {
                Self::hand_out(&mut world, &message);
            }
            Action::Lose(message) => {
                world.queue.remove(&message);
            }
            Action::GoOn(n) => self.go_on(&mut world, n),
            Action::Twice(n) => {
                world.hands.remove(n);
            }
            Action::Crash(n) => {
                let Hand { message, .. } = world.hands.remove(n);
                // If it is in its queue it comes again, and is known to have been out.
                world.queue.entry(message).and_modify(|was_out| *was_out = true);
            }
            Action::Sweep => self.sweep(&mut world),
        }
        // Who goes on is the last; which of two is which does not matter.
        world.hands.sort_by_cached_key(fingerprint);
        (world != *before).then_some(world)
    }

    fn within_boundary(&self, world: &World) -> bool {
        world.queue.len() <= self.queued
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing out of turn", |_, world: &World| world.wrong.is_none()),
            Property::always("never two at once", |_, world: &World| {
                let at_work = world.hands.iter().filter_map(|hand| match (&hand.doing, &hand.message) {
                    (Doing::AtWork, Message::Work { file, .. }) => Some(*file),
                    _ => None,
                });
                let undecided =
                    at_work.filter(|file| !world.decided.iter().any(|(decided, _)| decided == file));
                undecided.filter(|file| !world.checked.contains(file)).collect::<BTreeSet<_>>().len() < 2
            }),
            Property::always("the sweep and the queues lead to the end", |model: &Self, world| {
                model.recovers(world)
            }),
            Property::sometimes("all are done", |_, world: &World| world.done.len() == FILES.len()),
        ]
    }
}

impl Protocol {
    fn new(group: Option<GroupRule>, ends: [Outcome; 2]) -> Self {
        let checks_first = group == Some(GroupRule::AllOrNothing);
        let (some, all) = if checks_first { QUEUED_TO_CHECK } else { QUEUED };
        let queued = if std::env::var_os("PROTOCOL").is_some() { all } else { some };
        Self { group, ends, queued, recovering: Mutex::default() }
    }

    #[track_caller]
    fn check(self, name: &str) {
        let checker = self.checker().threads(2).spawn_bfs().join();
        println!("{name}: {} states", checker.unique_state_count());
        checker.assert_properties();
        assert!(checker.is_done() && checker.unique_state_count() > 1_000);
    }
}

#[test]
fn two_files_are_imported_in_order_whatever_happens_to_messages_and_processes() {
    Protocol::new(None, [Outcome::Imported; 2]).check("two files");
}

#[test]
fn a_group_is_imported_in_order_once_it_is_complete() {
    Protocol::new(Some(GroupRule::Sequential), [Outcome::Imported; 2]).check("a group");
}

#[test]
fn a_rejected_member_stops_its_group() {
    for (ends, which) in
        [([Outcome::Rejected, Outcome::Imported], "first"), ([Outcome::Imported, Outcome::Rejected], "last")]
    {
        Protocol::new(Some(GroupRule::Sequential), ends)
            .check(&format!("a group, its {which} file rejected"));
    }
}

#[test]
fn all_of_a_group_are_imported() {
    Protocol::new(Some(GroupRule::AllOrNothing), [Outcome::Imported; 2]).check("all or nothing");
}

#[test]
fn all_of_a_group_are_imported_of_which_one_was_imported_before() {
    Protocol::new(Some(GroupRule::AllOrNothing), [Outcome::Known, Outcome::Imported])
        .check("all or nothing, the first file imported before");
}

#[test]
fn none_of_a_group_is_imported() {
    Protocol::new(Some(GroupRule::AllOrNothing), [Outcome::Imported, Outcome::Rejected])
        .check("all or nothing, the last file rejected");
}
