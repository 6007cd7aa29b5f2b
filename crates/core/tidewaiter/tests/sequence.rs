//! The order of a repository, held against an obvious one: whatever is lost, repeated or comes late.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::sequence::{Command, Event, GroupRef, GroupRule, Ready, Running, State, Verdict, step};

/// Files and groups as the state store keeps them, and what was done with them.
#[derive(Default)]
struct World {
    state: State,
    rule: GroupRule,
    /// Ready work by its place in the order.
    ready: BTreeMap<u32, Ready>,
    members: BTreeMap<GroupRef, Vec<ImportId>>,
    /// What each file holds.
    content: BTreeMap<ImportId, Content>,
    checked: Vec<ImportId>,
    outcomes: BTreeMap<ImportId, &'static str>,
    order: Vec<ImportId>,
    sealed: Vec<GroupRef>,
}

/// What becomes of a file by what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Good,
    Bad,
    /// The same as an earlier one, and such are left out.
    Known,
}

impl Content {
    fn outcome(self) -> &'static str {
        match self {
            Self::Good => "imported",
            Self::Bad => "bogus",
            Self::Known => "duplicate",
        }
    }
}

fn id(n: u32) -> ImportId {
    ImportId::new(Timestamp::from_second(1_790_000_000).unwrap(), u128::from(n))
}

fn group(n: u32) -> GroupRef {
    GroupRef { id: format!("g{n}"), last: 2, generation: 1 }
}

fn poke() -> Event {
    Event::Poke { at: Timestamp::from_second(1_790_000_500).unwrap() }
}

impl World {
    fn finish(&mut self, import: ImportId, outcome: &'static str) -> Verdict {
        // An import has one outcome, however often it is asked for.
        let decided = *self.outcomes.entry(import).or_insert_with(|| {
            self.order.push(import);
            self.ready.retain(|_, ready| *ready != Ready::File(import));
            outcome
        });
        if matches!(decided, "imported" | "duplicate") { Verdict::Accepted } else { Verdict::Rejected }
    }

    fn carry_out(&mut self, command: &Command) -> Option<Event> {
        match command {
            Command::WakeAt(_) => None,
            Command::LookAgain => Some(poke()),
            Command::FindReady => Some(Event::Found(self.ready.values().next().cloned())),
            Command::Seal(group) => {
                self.sealed.push(group.clone());
                None
            }
            Command::FindMember { group, checking } => {
                assert!(self.sealed.contains(group), "a group is sealed before it begins");
                let open = |import: &&ImportId| {
                    !(self.outcomes.contains_key(import) || *checking && self.checked.contains(import))
                };
                let next = self.members[group].iter().find(open).copied();
                Some(Event::Member { group: group.clone(), checking: *checking, next })
            }
            Command::Check(import) => {
                let content = self.content[import];
                if content != Content::Good {
                    let verdict = self.finish(*import, content.outcome());
                    return Some(Event::Finished(*import, verdict));
                }
                self.checked.push(*import);
                Some(Event::Checked(*import, Verdict::Accepted))
            }
            Command::ImportRun(import) => {
                let verdict = self.finish(*import, self.content[import].outcome());
                Some(Event::Finished(*import, verdict))
            }
            Command::SetAside { group, .. } | Command::Expire(group) => {
                for import in self.members[group].clone() {
                    self.finish(import, "notprocessed");
                }
                Some(Event::AllSetAside(group.clone()))
            }
            Command::Close(group) => {
                let is_it =
                    |ready: &Ready| matches!(ready, Ready::Group(g, _) | Ready::Expired(g) if g == group);
                self.ready.retain(|_, ready| !is_it(ready));
                Some(Event::Closed(group.clone()))
            }
        }
    }

    /// Runs until nothing is left. `fate` says for each event whether it is lost, repeated or delayed.
    fn run(&mut self, fate: &[u8]) {
        let mut events = VecDeque::from([poke()]);
        let mut fates = fate.iter().copied().cycle();
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 20_000, "it goes on for ever");
            let Some(event) = events.pop_front() else {
                if self.ready.is_empty() && self.state.running.is_none() {
                    return;
                }
                // The reconciliation finds what a lost event left undone.
                events.push_back(poke());
                continue;
            };
            // Faults come to an end, or nothing could be promised.
            match if steps < 2_000 { fates.next().unwrap_or(0) } else { 0 } {
                1 => continue,
                2 => events.push_back(event.clone()),
                3 => {
                    events.push_back(event);
                    continue;
                }
                _ => {}
            }
            let (next, commands) = step(&self.state, &event);
            self.state = next;
            for command in commands {
                events.extend(self.carry_out(&command));
            }
        }
    }
}

#[derive(Debug, Clone)]
enum Work {
    File(Content),
    Group(Vec<Content>),
    Expired { members: usize },
}

fn work() -> impl Strategy<Value = Vec<Work>> {
    let content = prop_oneof![6 => Just(Content::Good), 2 => Just(Content::Bad), 1 => Just(Content::Known)];
    let file = content.clone().prop_map(Work::File);
    let group = prop::collection::vec(content, 1..5).prop_map(Work::Group);
    let expired = (1_usize..4).prop_map(|members| Work::Expired { members });
    prop::collection::vec(prop_oneof![3 => file, 3 => group, 1 => expired], 0..6)
}

/// What must come of it: in order, one after the other, and nothing behind a rejected member.
fn expected(work: &[Work], rule: GroupRule) -> Vec<(ImportId, &'static str)> {
    let mut next = 0;
    let mut outcomes = Vec::new();
    for piece in work {
        match piece {
            Work::File(content) => {
                outcomes.push((id(next), content.outcome()));
                next += 1;
            }
            Work::Expired { members } => {
                let ids: Vec<ImportId> = (next..).map(id).take(*members).collect();
                next += u32::try_from(*members).unwrap();
                outcomes.extend(ids.iter().map(|i| (*i, "notprocessed")));
            }
            Work::Group(members) => {
                let members: Vec<(ImportId, Content)> =
                    (next..).map(id).zip(members.iter().copied()).collect();
                next += u32::try_from(members.len()).unwrap();
                outcomes.extend(expected_of_group(&members, rule));
            }
        }
    }
    outcomes
}

fn expected_of_group(members: &[(ImportId, Content)], rule: GroupRule) -> Vec<(ImportId, &'static str)> {
    let stop = members.iter().position(|(_, content)| *content == Content::Bad);
    let tried = &members[..stop.map_or(members.len(), |stop| stop + 1)];
    let mut outcomes: Vec<(ImportId, &'static str)> = Vec::new();
    let is_known = |(_, content): &&(ImportId, Content)| *content != Content::Good;
    let ends = |(id, content): &(ImportId, Content)| (*id, content.outcome());
    match (rule, stop) {
        (GroupRule::Sequential, _) => outcomes.extend(tried.iter().map(ends)),
        // What need not be loaded ends when it is checked, before the first one is loaded.
        (GroupRule::AllOrNothing, None) => {
            outcomes.extend(tried.iter().filter(is_known).map(ends));
            outcomes.extend(tried.iter().filter(|member| !is_known(member)).map(ends));
        }
        (GroupRule::AllOrNothing, Some(_)) => outcomes.extend(tried.iter().filter(is_known).map(ends)),
    }
    if stop.is_some() {
        let left = members.iter().map(|(id, _)| *id);
        let left: Vec<ImportId> = left.filter(|id| outcomes.iter().all(|(other, _)| other != id)).collect();
        outcomes.extend(left.into_iter().map(|id| (id, "notprocessed")));
    }
    outcomes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn the_order_holds_whatever_happens_to_messages(
        work in work(),
        fate in prop::collection::vec(0_u8..4, 1..40),
        all_or_nothing in any::<bool>(),
    ) {
        let rule = if all_or_nothing { GroupRule::AllOrNothing } else { GroupRule::Sequential };
        let mut world = World { rule, ..World::default() };
        let mut next = 0;
        for (n, piece) in (0..).zip(&work) {
            match piece {
                Work::File(content) => {
                    world.ready.insert(n, Ready::File(id(next)));
                    world.content.insert(id(next), *content);
                    next += 1;
                }
                Work::Group(members) => {
                    let members: Vec<ImportId> = members.iter().map(|content| {
                        let import = id(next);
                        next += 1;
                        world.content.insert(import, *content);
                        import
                    }).collect();
                    world.ready.insert(n, Ready::Group(group(n), world.rule));
                    world.members.insert(group(n), members);
                }
                Work::Expired { members } => {
                    let ids = (next..).map(id).take(*members).collect();
                    next += u32::try_from(*members).unwrap();
                    world.ready.insert(n, Ready::Expired(group(n)));
                    world.members.insert(group(n), ids);
                }
            }
        }
        world.run(&fate);
        let expected = expected(&work, rule);
        let happened: Vec<_> = world.order.iter().map(|i| (*i, world.outcomes[i])).collect();
        prop_assert_eq!(happened, expected);
    }
}

#[test]
fn a_repository_settles_before_it_begins_but_not_for_ever() {
    let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
    let mut state = State::default();
    let poke = |second| Event::Poke { at: at(second) };
    for second in 0..=200 {
        (state, _) = step(&state, &Event::Arrived { at: at(second), settle_seconds: 10 });
        let (next, commands) = step(&state, &poke(second));
        if second < 100 {
            let until = at((second + 10).min(100));
            assert_eq!(commands, [Command::WakeAt(until)], "a file came a moment ago");
        } else {
            assert_eq!(commands, [Command::FindReady], "they have kept coming for too long to wait on");
            return;
        }
        state = next;
    }
}

#[test]
fn files_of_who_never_stops_sending_are_imported_one_after_the_other() {
    let at = |second: i64| Timestamp::from_second(1_790_000_000 + second).unwrap();
    let (mut state, mut imported) = (State::default(), Vec::new());
    for second in 0..200 {
        (state, _) = step(&state, &Event::Arrived { at: at(second), settle_seconds: 10 });
        let (next, commands) = step(&state, &Event::Poke { at: at(second) });
        state = next;
        if commands == [Command::FindReady] {
            let import = id(u32::try_from(second).unwrap());
            (state, _) = step(&state, &Event::Found(Some(Ready::File(import))));
            (state, _) = step(&state, &Event::Finished(import, Verdict::Accepted));
            imported.push(second);
        }
    }
    assert_eq!(imported, (100..200).collect::<Vec<_>>(), "each second, once they have been waited for");
    let (quiet, commands) = step(&state, &Event::Poke { at: at(210) });
    assert_eq!((quiet.unsettled, commands), (None, vec![Command::FindReady]), "it is quiet");
    for (state, looked) in [(&quiet, "looked at"), (&state, "that nobody looked at")] {
        let (state, _) = step(state, &Event::Arrived { at: at(300), settle_seconds: 10 });
        let (_, commands) = step(&state, &Event::Poke { at: at(300) });
        assert_eq!(commands, [Command::WakeAt(at(310))], "what comes after a pause {looked} is waited for");
    }
}

#[test]
fn of_many_files_that_arrive_together_one_asks_when_to_begin() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let arrived = |second, settle_seconds| Event::Arrived { at: at(second), settle_seconds };
    let (mut state, first) = step(&State::default(), &arrived(100, 10));
    assert_eq!(first, [Command::LookAgain]);
    for second in 100..109 {
        let (next, commands) = step(&state, &arrived(second, 10));
        assert_eq!(commands, [], "the first one has asked already");
        state = next;
    }
    let (_, sooner) = step(&state, &arrived(109, 0));
    assert_eq!(sooner, [Command::LookAgain], "nobody has asked for so early a time");
    let (_, overdue) = step(&state, &arrived(118, 10));
    assert_eq!(overdue, [Command::LookAgain], "what was asked for is late, or lost");
}

#[test]
fn a_file_that_arrives_while_another_one_runs_has_nothing_handed_out_again() {
    let import = id(1);
    let state = State { running: Some(Running::File { import }), unsettled: None };
    let at = Timestamp::from_second(1_790_000_000).unwrap();
    let (state, commands) = step(&state, &Event::Arrived { at, settle_seconds: 10 });
    assert_eq!(commands, []);
    let (state, commands) = step(&state, &Event::Finished(import, Verdict::Accepted));
    assert_eq!(commands, [Command::LookAgain], "whoever ends looks for it");
    let (_, commands) = step(&state, &Event::Poke { at });
    assert!(matches!(commands[..], [Command::WakeAt(_)]), "{commands:?}");
}

#[test]
fn a_quiet_repository_begins_at_once() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let (state, _) = step(&State::default(), &Event::Arrived { at: at(100), settle_seconds: 10 });
    let poke = Event::Poke { at: at(110) };
    let (state, commands) = step(&state, &poke);
    assert_eq!((state.unsettled, commands), (None, vec![Command::FindReady]));
}
