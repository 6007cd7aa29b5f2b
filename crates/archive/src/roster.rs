//! Counts the entries of an archive and remembers their names, within the limit.

use std::collections::HashSet;

use crate::limits::Limits;
use crate::name;
use crate::refusal::{Refusal, RefusalCode};
use crate::sink::{Ignored, Sink};

/// What has been seen of an archive. The only thing here that grows with it, up to
/// [`Limits::members`] names.
pub(crate) struct Roster<'l> {
    limits: &'l Limits,
    entries: u64,
    /// Base names in lower case.
    names: HashSet<String>,
    ignored: Ignored,
}

impl<'l> Roster<'l> {
    pub(crate) fn new(limits: &'l Limits) -> Self {
        Self { limits, entries: 0, names: HashSet::new(), ignored: Ignored::default() }
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
        if name::is_archive(name) {
            let what = "the member has the name of an archive";
            return Err(Refusal::new(RefusalCode::NestedArchive, what).of(path));
        }
        if !self.names.insert(name.to_lowercase()) {
            let what = format_args!("another member is also named {name:?}");
            return Err(Refusal::new(RefusalCode::DuplicateName, what).of(path));
        }
        Ok(name)
    }

    pub(crate) fn into_ignored(self) -> Ignored {
        self.ignored
    }
}
