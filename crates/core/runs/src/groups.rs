//! The generations of a group, and how files join them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use tidewaiter_model::sequence::{GroupRef, GroupRule};

/// A file's place in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The group and its generation.
    pub group: GroupRef,
    /// The slot.
    pub slot: u8,
    /// The rule it is treated by, by the configuration when the file came. That of the file which completes the
    /// group holds.
    pub rule: GroupRule,
    /// True if an earlier generation of the group was under way when the file came.
    pub late: bool,
}

/// The generations of a group: all that a store keeps of it beside its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generations {
    /// The one that files join now.
    pub open: u64,
    /// The last one that was closed; 0 if none was.
    pub closed: u64,
    /// The slots that are filled in the open one.
    pub slots: BTreeSet<u8>,
    /// The rule of the file that filled the last slot of the open one. None while a slot is missing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<GroupRule>,
}

impl Default for Generations {
    fn default() -> Self {
        Self::after(1, 0)
    }
}

impl Generations {
    fn after(open: u64, closed: u64) -> Self {
        Self { open, closed, slots: BTreeSet::new(), rule: None }
    }

    /// A file joins the open generation, and is told which one that is.
    pub fn join(&mut self, member: &mut Group) {
        member.group.generation = self.open;
        member.late = self.closed + 1 < self.open;
        let fills_a_slot = self.slots.insert(member.slot);
        if fills_a_slot && self.missing(member.group.last).is_empty() {
            self.rule = Some(member.rule);
        }
    }

    /// The slots of the open generation for which no file has come.
    pub fn missing(&self, last: u8) -> Vec<u8> {
        (1..=last).filter(|slot| !self.slots.contains(slot)).collect()
    }

    /// What arrives from now on belongs to the generation behind this one. Returns false if that was so.
    pub fn seal(&mut self, generation: u64) -> bool {
        let is_open = self.open <= generation;
        if is_open {
            *self = Self::after(generation + 1, self.closed);
        }
        is_open
    }

    /// Gives up waiting for the rest of a generation. Returns false if it is complete, or is not the open one.
    pub fn expire(&mut self, group: &GroupRef) -> bool {
        self.open == group.generation && self.rule.is_none() && self.seal(group.generation)
    }

    /// The members of a generation have their outcomes. Returns false if that was known.
    pub fn close(&mut self, generation: u64) -> bool {
        let is_new = self.closed < generation;
        self.closed = self.closed.max(generation);
        is_new
    }
}
