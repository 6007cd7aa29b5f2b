//! Counts the entries of an archive and remembers their names, within the limit.

use std::collections::HashSet;

use crate::limits::Limits;
use crate::name;
use crate::refusal::{Refusal, RefusalCode};
use crate::sink::{Ignored, Sink};

/// What counts as the name of a member.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The last part of its path: members are files that lie side by side. Archives among them, and what packing programs add,
    /// are told apart.
    Base,
    /// The whole path: members are parts of one document, whatever they are.
    Path,
}

/// What has been seen of an archive. The only thing here that grows with it, up to
/// [`Limits::members`] names.
pub(crate) struct Roster<'l> {
    limits: &'l Limits,
    naming: Naming,
    entries: u64,
    /// Names in lower case.
    names: HashSet<String>,
    ignored: Ignored,
}

impl<'l> Roster<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self::naming(limits, Naming::Base)
    }

    pub(crate) fn naming(limits: &'l Limits, naming: Naming) -> Self {
        Self { limits, naming, entries: 0, names: HashSet::new(), ignored: Ignored::default() }
    }

    /// One more entry of whatever kind.
    pub(crate) fn count(&mut self) -> Result<(), Refusal> {
        self.entries += 1;
        let limit = self.limits.members;
        if self.entries > limit {
            let what = format_args!("the archive holds more than {limit} entries, the limit");
            return Err(Refusal::new(RefusalCode::TooManyMembers, what));
        }
        Ok(())
    }

    /// Whether the file of this size at this path is left out, as the sink wants it; if so, it is noted.
    pub(crate) fn ignores<S: Sink>(&mut self, path: &[u8], bytes: u64, sink: &S) -> bool {
        let path = String::from_utf8_lossy(path);
        let is_ignored = sink.ignores(&path, bytes);
        if is_ignored {
            self.ignored.add(&path);
        }
        is_ignored
    }

    /// Takes the file at this path, and gives its name without folders.
    pub(crate) fn register<'p>(&mut self, path: &'p [u8]) -> Result<&'p str, Refusal> {
        let name = name::base(path)?;
        if self.naming == Naming::Path {
            self.unique(path, name::key(name::whole(path)?))?;
            return Ok(name);
        }
        if name::is_archive(name) {
            let what = "the member has the name of an archive";
            return Err(Refusal::new(RefusalCode::NestedArchive, what).of(path));
        }
        self.unique(path, name.to_lowercase())?;
        Ok(name)
    }

    fn unique(&mut self, path: &[u8], name: String) -> Result<(), Refusal> {
        if self.names.contains(&name) {
            let what = format_args!("another member is also named {name:?}");
            return Err(Refusal::new(RefusalCode::DuplicateName, what).of(path));
        }
        self.names.insert(name);
        Ok(())
    }

    pub(crate) fn into_ignored(self) -> Ignored {
        self.ignored
    }
}
