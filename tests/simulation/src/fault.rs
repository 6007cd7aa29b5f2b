//! What goes wrong, and how often it did.

use std::fmt;

/// A kind of fault. Each is injected by the scheduler, but for those of partners and operators, which are part
/// of the scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The event of an upload comes twice.
    EventTwice,
    /// The event of an upload comes late.
    EventLate,
    /// The event of an upload never comes, unless an operator sends it again.
    EventLost,
    /// A message comes twice.
    MessageTwice,
    /// A message comes late.
    MessageLate,
    /// A message never comes.
    MessageLost,
    /// A message overtakes one that was sent before it.
    OutOfOrder,
    /// A message is delivered while its other copy is in hand.
    TwoAtOnce,
    /// A message was tried too often, and goes to the dead letters.
    DeadLetter,
    /// A call fails and did nothing.
    FailedBefore,
    /// A call takes effect, and its caller is told that it failed.
    FailedAfter,
    /// A call is not answered for a long time, and then fails. It may have taken effect.
    TimedOut,
    /// A port refuses some calls in a row.
    Throttled,
    /// A process is killed before a call.
    KilledBefore,
    /// A process is killed after a call took effect.
    KilledAfter,
    /// A process is killed since its message took too long.
    OutOfTime,
    /// The time of a process is up between two batches of a file, or between two files.
    HandedOn,
    /// A process stands still while others go on.
    Stalled,
    /// The clock jumps forward.
    ClockJumped,
    /// The clock of a process is wrong.
    ClockSkewed,
    /// New versions of the functions, with another number of loaders and nothing remembered.
    Redeployed,
    /// A reconciliation looks for what is undone while somebody has it in hand.
    SweptAtWork,
    /// A name is used again while its file waits.
    Overwritten,
    /// A name is used again while its file is checked or loaded.
    OverwrittenAtWork,
    /// The same name again while its archive is unpacked.
    OverwrittenArchive,
    /// A partner deletes what it dropped.
    Deleted,
    /// Somebody deletes the version of a dropped file: its bytes are nowhere any more.
    DeletedForGood,
    /// Another configuration is uploaded while files are on their way.
    ConfigChanged,
    /// A table is changed while it is read.
    TableChanged,
    /// A person sets the last item of a query.
    LastItemSet,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 30] = [
        Self::EventTwice,
        Self::EventLate,
        Self::EventLost,
        Self::MessageTwice,
        Self::MessageLate,
        Self::MessageLost,
        Self::OutOfOrder,
        Self::TwoAtOnce,
        Self::DeadLetter,
        Self::FailedBefore,
        Self::FailedAfter,
        Self::TimedOut,
        Self::Throttled,
        Self::KilledBefore,
        Self::KilledAfter,
        Self::OutOfTime,
        Self::HandedOn,
        Self::Stalled,
        Self::ClockJumped,
        Self::ClockSkewed,
        Self::Redeployed,
        Self::SweptAtWork,
        Self::Overwritten,
        Self::OverwrittenAtWork,
        Self::OverwrittenArchive,
        Self::Deleted,
        Self::DeletedForGood,
        Self::ConfigChanged,
        Self::TableChanged,
        Self::LastItemSet,
    ];

    /// The name of it, for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::EventTwice => "event of an upload twice",
            Self::EventLate => "event of an upload late",
            Self::EventLost => "event of an upload lost",
            Self::MessageTwice => "message twice",
            Self::MessageLate => "message late",
            Self::MessageLost => "message lost",
            Self::OutOfOrder => "message out of order",
            Self::TwoAtOnce => "two copies of a message in hand at once",
            Self::DeadLetter => "message to the dead letters",
            Self::FailedBefore => "call failed, no effect",
            Self::FailedAfter => "call failed after it took effect",
            Self::TimedOut => "call timed out",
            Self::Throttled => "call throttled",
            Self::KilledBefore => "process killed before a call",
            Self::KilledAfter => "process killed after a call",
            Self::OutOfTime => "process killed since it took too long",
            Self::HandedOn => "time of a process up",
            Self::Stalled => "process stalled",
            Self::ClockJumped => "clock jumped",
            Self::ClockSkewed => "clock of a process wrong",
            Self::Redeployed => "functions deployed anew",
            Self::SweptAtWork => "reconciliation while work is in hand",
            Self::Overwritten => "name used again while its file waits",
            Self::OverwrittenAtWork => "name used again while its file is imported",
            Self::OverwrittenArchive => "archive overwritten while it is unpacked",
            Self::Deleted => "dropped file deleted",
            Self::DeletedForGood => "dropped version deleted",
            Self::ConfigChanged => "configuration changed",
            Self::TableChanged => "table changed while it is read",
            Self::LastItemSet => "last item of a query set by a person",
        }
    }
}

/// How often each kind of fault was injected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults([u64; Fault::ALL.len()]);

impl Faults {
    /// Counts one.
    pub fn add(&mut self, fault: Fault) {
        if let Some(count) = self.0.get_mut(fault as usize) {
            *count += 1;
        }
    }

    /// Adds those of another history.
    pub fn join(&mut self, others: &Self) {
        for (count, other) in self.0.iter_mut().zip(others.0) {
            *count += other;
        }
    }

    /// How often one was injected.
    pub fn of(&self, fault: Fault) -> u64 {
        self.0.get(fault as usize).copied().unwrap_or(0)
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in Fault::ALL {
            writeln!(f, "{:>12}  {}", self.of(fault), fault.name())?;
        }
        Ok(())
    }
}
