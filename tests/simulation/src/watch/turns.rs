//! Whose turn it is: what is ready, what comes first, and where a repository stands.

use std::collections::BTreeSet;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready, Running, Stage};
use tidewaiter_engine::ports::{AdvanceWrites, ImportRun, Kind, Turn};

use super::{GroupKey, Watch};

/// The scopes in the order of treatment, as far as they are used here.
const SCOPES: [&str; 5] = ["contacts", "batch", "cardcode", "creditpoints", "deletecontacts"];

impl Watch {
    pub(super) fn members_of(&self, key: &GroupKey) -> impl Iterator<Item = (&ImportRun, u8)> {
        self.imports.values().filter_map(move |import| match &import.kind {
            Kind::Data { group: Some(place), .. } if import.repository == key.0 && place.group == key.1 => {
                Some((import, place.slot))
            }
            _ => None,
        })
    }

    pub(super) fn slots(&self, key: &GroupKey) -> BTreeSet<u8> {
        self.members_of(key).map(|(_, slot)| slot).collect()
    }

    /// True if not every slot of a group is filled.
    pub(crate) fn is_incomplete(&self, repository: &Repository, group: &GroupRef) -> bool {
        self.slots(&(repository.clone(), group.clone())).len() < usize::from(group.last)
    }

    /// What is to be treated first, and what second.
    fn first_ready(&self, repository: &Repository) -> Vec<Ready> {
        let groups = self.ready_groups.iter().filter(|((of, _), _)| of == repository);
        let mut groups: Vec<_> = groups.map(|((_, group), rule)| (group, rule)).collect();
        groups.sort_by_key(|(group, _)| (*group).clone());
        let groups = groups.into_iter().map(|(group, rule)| match rule {
            Some(rule) => Ready::Group(group.clone(), *rule),
            None => Ready::Expired(group.clone()),
        });
        let mut files = self.ready.get(repository).cloned().unwrap_or_default();
        let place = |id: &&ImportId| {
            let subject = self.subject(**id)?;
            let scope = SCOPES.iter().position(|scope| *scope == subject.data.scope);
            Some((scope, subject.data.day, subject.file.to_owned(), **id))
        };
        files.sort_by_key(|id| place(&id));
        groups.chain(files.into_iter().map(Ready::File)).take(2).collect()
    }

    /// A process read where a repository is.
    pub fn turned(&mut self, process: u64, repository: &Repository, turn: &Turn) {
        let first = self.first_ready(repository);
        self.expect(turn.ready == first, || {
            format!("{repository}: {:?} are said to be ready first, and {first:?} are", turn.ready)
        });
        self.turns.insert(process, first);
    }

    pub(super) fn running(&self, repository: &Repository) -> Option<&Running> {
        self.sequences.get(repository).and_then(|state| state.running.as_ref())
    }

    /// True if it is the turn of an import.
    pub(super) fn is_running(&self, id: ImportId) -> bool {
        let repository = self.imports.get(&id).map(|import| &import.repository);
        match repository.and_then(|repository| self.running(repository)) {
            Some(Running::File { import }) => *import == id,
            Some(Running::Group { member, .. }) => *member == Some(id),
            None => false,
        }
    }

    /// The sequencer wrote down where a repository is, and with it what begins and what ends.
    pub fn advanced(
        &mut self,
        process: u64,
        repository: &Repository,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) {
        let before = self.running(repository).cloned();
        let now = state.running.clone();
        self.sequences.insert(repository.clone(), state.clone());
        if let Some(id) = along.ends {
            self.finished(id);
        }
        if before != now {
            self.moved_on(process, repository, before.as_ref(), now.as_ref(), along.ends);
        }
        if let Some((id, pinned)) = along.begins {
            self.started(process, id, pinned);
        }
    }

    fn moved_on(
        &mut self,
        process: u64,
        repository: &Repository,
        before: Option<&Running>,
        now: Option<&Running>,
        ends: Option<ImportId>,
    ) {
        let goes_on = match (before, now) {
            (Some(Running::Group { group: a, .. }), Some(Running::Group { group: b, .. })) => a == b,
            _ => false,
        };
        if !goes_on {
            match before {
                Some(Running::File { import }) if !self.done.contains(import) => {
                    let name = self.name(*import);
                    self.wrong(format!("{repository}: the turn of {name} is over, and it is not done"));
                }
                Some(Running::Group { group, .. }) => {
                    let key = (repository.clone(), group.clone());
                    let left = self.members_of(&key).find(|(member, _)| !self.done.contains(&member.id));
                    let left = left.map(|(member, _)| member.file.clone());
                    self.expect(left.is_none(), || {
                        format!("{repository}: group {} is over without {left:?}", group.id)
                    });
                }
                _ => {}
            }
            if let Some(now) = now {
                self.judge_begin(repository, now);
                let picked = match now {
                    Running::File { import } => Some(Ready::File(*import)),
                    Running::Group { group, stage: Stage::Expiring, .. } => {
                        Some(Ready::Expired(group.clone()))
                    }
                    Running::Group { group, stage, .. } => {
                        let is_checked = matches!(stage, Stage::Checking);
                        let rule = if is_checked { GroupRule::AllOrNothing } else { GroupRule::Sequential };
                        Some(Ready::Group(group.clone(), rule))
                    }
                };
                // What ends with this is none any more.
                let is_left = |ready: &&Ready| !matches!(ready, Ready::File(id) if Some(*id) == ends);
                let first = self.turns.get(&process).and_then(|turn| turn.iter().find(is_left).cloned());
                self.expect(picked == first, || {
                    format!("{repository}: {picked:?} begins, and {first:?} was first")
                });
            }
        }
        if let Some(Running::Group { group, stage, member: Some(member) }) = now {
            self.judge_member(repository, group, stage, *member);
        }
    }

    /// Nothing begins that has to wait for a configuration. A group that is set aside needs none.
    fn judge_begin(&mut self, repository: &Repository, begins: &Running) {
        let files: Vec<ImportId> = match begins {
            Running::File { import } => vec![*import],
            Running::Group { stage: Stage::Expiring, .. } => Vec::new(),
            Running::Group { group, .. } => {
                let key = (repository.clone(), group.clone());
                self.members_of(&key).map(|(import, _)| import.id).collect()
            }
        };
        for file in files {
            if let Some(configuration) = self.waited_for(file) {
                let name = self.name(file);
                self.wrong(format!("{name} begins, and {configuration} has no outcome"));
            }
        }
    }

    fn judge_member(&mut self, repository: &Repository, group: &GroupRef, stage: &Stage, member: ImportId) {
        let is_open = |id: ImportId| match stage {
            Stage::Checking => !self.checked.contains(&id) && !self.conclusions.contains_key(&id),
            Stage::Importing => !self.done.contains(&id),
            _ => id == member,
        };
        let key = (repository.clone(), group.clone());
        let open = self.members_of(&key).filter(|(import, _)| is_open(import.id));
        let place = |(import, slot): &(&ImportRun, u8)| {
            let named = self.subject(import.id).map(|subject| (subject.data.day, subject.file.to_owned()));
            (*slot, named, import.id)
        };
        let first = open.min_by_key(place).map(|(import, _)| import.id);
        // Who asked before somebody else was told may hand out again what is over.
        let is_again = !is_open(member);
        self.expect(first == Some(member) || is_again || stage_is_over(stage), || {
            format!("group {}: {member} is next, and {first:?} comes first", group.id)
        });
    }

    /// From now on, what arrives for a group belongs to the next generation.
    pub fn sealed(&mut self, repository: &Repository, group: &GroupRef) {
        let open = self.open.entry((repository.clone(), group.id.clone(), group.last)).or_insert(1);
        *open = (*open).max(group.generation + 1);
        let is_incomplete = self.is_incomplete(repository, group);
        self.expect(!is_incomplete, || format!("group {} begins, and is not complete", group.id));
    }

    /// A group is to be set aside.
    pub fn expired(&mut self, repository: &Repository, group: &GroupRef) {
        let is_incomplete = self.is_incomplete(repository, group);
        self.expect(is_incomplete, || format!("group {} expired, and is complete", group.id));
        let open = self.open.entry((repository.clone(), group.id.clone(), group.last)).or_insert(1);
        *open = (*open).max(group.generation + 1);
        let key = (repository.clone(), group.clone());
        self.expired.insert(key.clone());
        self.ready_groups.insert(key, None);
    }

    /// A group is no longer ready work.
    pub fn closed(&mut self, repository: &Repository, group: &GroupRef) {
        self.ready_groups.remove(&(repository.clone(), group.clone()));
    }
}

fn stage_is_over(stage: &Stage) -> bool {
    !matches!(stage, Stage::Checking | Stage::Importing)
}
