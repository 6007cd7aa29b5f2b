//! Tables that are read: they change while they are, persons do something about their queries, and in the end everything
//! is imported.

use tidewaiter::keys::Repository;

use super::History;
use crate::fault::Fault;
use crate::messages::{Act, Body};
use crate::watch::READS;

/// One in so many steps changes a table.
const CHANGED: u64 = 12;
/// One in so many looks for queries that are due, unless something is about to.
const TICKED: u64 = 24;
/// One in so many is that of a person.
const PERSONS: u64 = 80;
/// How long histories last at most before they come to rest, in milliseconds: their schedules are over by then.
const SCHEDULED: i64 = 2 * 86_400_000;

impl History {
    /// The partners whose tables are read.
    fn readers(&self) -> Vec<(usize, Repository)> {
        self.world.with(|inner| inner.watch.readers())
    }

    /// Tables are changed, it is looked for queries, and persons do something about them.
    pub(super) fn change_tables(&mut self) {
        for (partner, repository) in self.readers() {
            self.world.with(|inner| {
                if inner.chance.below(CHANGED) == 0 {
                    let (step, now) = (inner.watch.step, inner.now / 1_000);
                    let table = inner.tables.entry(partner).or_default();
                    let what = table.change(&mut inner.chance, step, now);
                    if inner.watch.is_read(partner) {
                        inner.faults.add(Fault::TableChanged);
                    }
                    inner.tell(|| format!("the table of {repository}: {what}"));
                }
                let now = inner.now;
                let is_ticked = inner.queue.iter().any(|envelope| envelope.body == Body::Tick);
                if inner.chance.below(TICKED) == 0 && !is_ticked {
                    inner.send(Body::Tick, now);
                }
                if inner.chance.below(PERSONS) == 0 {
                    let act = match inner.chance.below(8) {
                        0 => Act::Reset,
                        1 => Act::Set(inner.chance.below(4).cast_signed()),
                        _ => Act::Ask,
                    };
                    inner.send(Body::Person(repository, act), now);
                }
            });
        }
    }

    /// What is due of a schedule from now on is only what was missed. Databases that were broken are repaired: a read that is
    /// tried again and again would leave nothing at rest.
    pub(super) fn leave_schedules_behind(&mut self) {
        if !self.readers().is_empty() {
            self.world.with(|inner| {
                inner.tables.values_mut().for_each(|table| table.broken = None);
                // No claim outlives a process that works meanwhile.
                inner.watch.is_exclusive = false;
                inner.pass(SCHEDULED);
            });
        }
    }

    /// Once everything else is at rest, tables are left as they are, and persons ask for one read after the other until
    /// everything is imported. True if one of them asks now.
    pub(super) fn ask_for_the_rest(&mut self, is_at_rest: bool) -> bool {
        let is_first = self.asked == 0;
        if is_first && !is_at_rest {
            return false;
        }
        let mut asks = false;
        for (partner, repository) in self.readers() {
            self.world.with(|inner| {
                let (step, now) = (inner.watch.step, inner.now);
                let table = inner.tables.entry(partner).or_default();
                if is_first {
                    table.come_to_rest(&mut inner.chance, step, now / 1_000);
                }
                let is_behind = inner.watch.may_read_on(partner, table) && self.asked < READS;
                if is_first || is_behind {
                    asks = true;
                    inner.send(Body::Person(repository, Act::Ask), now);
                }
            });
        }
        self.asked += u32::from(asks);
        asks
    }
}
