//! What can go wrong with a call.

use std::fmt;
use std::io;
use std::str::FromStr;

use rustix::io::Errno;
use tidewaiter_folder::disk::Op;

/// What the kernel answers to a call that it does not make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// The disk is broken (`EIO`).
    Broken,
    /// The disk is full (`ENOSPC`).
    Full,
    /// A permission is missing (`EACCES`).
    Denied,
    /// The process has too many files open (`EMFILE`).
    TooMany,
    /// The two names are on different file systems (`EXDEV`).
    Across,
}

impl Refusal {
    const ALL: [Self; 5] = [Self::Broken, Self::Full, Self::Denied, Self::TooMany, Self::Across];

    /// The error.
    pub fn error(self) -> io::Error {
        io::Error::from_raw_os_error(self.errno().raw_os_error())
    }

    fn errno(self) -> Errno {
        match self {
            Self::Broken => Errno::IO,
            Self::Full => Errno::NOSPC,
            Self::Denied => Errno::ACCESS,
            Self::TooMany => Errno::MFILE,
            Self::Across => Errno::XDEV,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Broken => "EIO",
            Self::Full => "ENOSPC",
            Self::Denied => "EACCES",
            Self::TooMany => "EMFILE",
            Self::Across => "EXDEV",
        }
    }

    /// True if the kernel can give this answer to such a call.
    pub fn suits(self, op: Op) -> bool {
        match self {
            Self::Broken => true,
            Self::Full => writes(op),
            Self::Denied | Self::TooMany => names(op),
            Self::Across => matches!(op, Op::Rename | Op::Link),
        }
    }
}

/// True for a call that may need room on the disk.
fn writes(op: Op) -> bool {
    matches!(
        op,
        Op::Create
            | Op::Write
            | Op::MakeFolder
            | Op::Rename
            | Op::Link
            | Op::SyncFile
            | Op::SyncFolder
            | Op::SyncAll
            | Op::Lock
            | Op::Database
    )
}

/// True for a call that opens folders on its way to a name.
fn names(op: Op) -> bool {
    matches!(
        op,
        Op::List
            | Op::Stat
            | Op::Open
            | Op::Create
            | Op::MakeFolder
            | Op::Rename
            | Op::Link
            | Op::Remove
            | Op::RemoveFolder
            | Op::SyncFolder
            | Op::Lock
    )
}

/// For which calls a refusal stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// The same call of the same file.
    Call,
    /// The same call anywhere in the same `<prefix>/<repository>`.
    Place,
    /// Every call that can be refused so.
    All,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The call is refused, and the next one is not.
    Once(Refusal),
    /// The same call is refused so many times.
    Times(u32, Refusal),
    /// From this call on such calls are refused until the process ends.
    Stays(Reach, Refusal),
    /// A write takes one byte.
    Short,
    /// A write takes one byte, and then the disk is full.
    ShortThenFull,
    /// The call takes an hour.
    Stall,
    /// The call takes effect, and fails.
    Lost,
    /// The process dies before the call.
    Dies,
    /// The power goes before the call: what is not durable is lost.
    PowerCut,
    /// The process dies before the call; it is started again, and the power goes at any moment of that.
    DiesThenPowerCut,
}

impl Kind {
    /// Every kind of fault.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Refusal::ALL.map(Self::Once).into();
        all.extend([
            Self::Times(2, Refusal::Broken),
            Self::Times(5, Refusal::Broken),
            Self::Stays(Reach::Call, Refusal::Broken),
            Self::Stays(Reach::Place, Refusal::Denied),
            Self::Stays(Reach::Place, Refusal::Across),
            Self::Stays(Reach::All, Refusal::Full),
            Self::Stays(Reach::All, Refusal::TooMany),
            Self::Short,
            Self::ShortThenFull,
            Self::Stall,
            Self::Lost,
            Self::Dies,
            Self::PowerCut,
            Self::DiesThenPowerCut,
        ]);
        all
    }

    /// True if it can happen to such a call.
    pub fn suits(self, op: Op) -> bool {
        match self {
            Self::Once(refusal) | Self::Times(_, refusal) | Self::Stays(_, refusal) => refusal.suits(op),
            Self::Short | Self::ShortThenFull => op == Op::Write,
            Self::Stall | Self::Dies | Self::PowerCut | Self::DiesThenPowerCut => true,
            // What changes nothing has no effect that could be lost.
            Self::Lost => !matches!(op, Op::Stat | Op::List | Op::Open | Op::Read),
        }
    }

    /// True if no line of the program runs after it.
    pub fn kills(self) -> bool {
        matches!(self, Self::Dies | Self::PowerCut | Self::DiesThenPowerCut)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Once(refusal) => f.write_str(refusal.name()),
            Self::Times(times, refusal) => write!(f, "{}x{times}", refusal.name()),
            Self::Stays(Reach::Call, refusal) => write!(f, "{}-stays", refusal.name()),
            Self::Stays(Reach::Place, refusal) => write!(f, "{}-stays-there", refusal.name()),
            Self::Stays(Reach::All, refusal) => write!(f, "{}-everywhere", refusal.name()),
            Self::Short => f.write_str("short-write"),
            Self::ShortThenFull => f.write_str("short-write-then-full"),
            Self::Stall => f.write_str("stall"),
            Self::Lost => f.write_str("answer-lost"),
            Self::Dies => f.write_str("dies"),
            Self::PowerCut => f.write_str("power-cut"),
            Self::DiesThenPowerCut => f.write_str("dies-then-power-cut"),
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::all().into_iter().find(|kind| kind.to_string() == text);
        found.ok_or_else(|| format!("{text} is no kind of fault"))
    }
}
