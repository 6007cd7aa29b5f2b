//! What goes out: the members, and a summary of them.

use std::convert::Infallible;

/// Takes the members of an archive, one after the other.
///
/// For each member: [`begin`](Sink::begin), any number of [`write`](Sink::write), then
/// [`end`](Sink::end). A member without `end` is incomplete, and so is an archive whose
/// extraction did not return `Ok`.
pub trait Sink {
    /// Why a member could not be taken.
    type Error;

    /// Whether the file of this size at this path is left out: then it is no member, and only counted. The path is not
    /// checked for being unique, and what is no text in it is replaced.
    fn ignores(&self, _path: &str, _bytes: u64) -> bool {
        false
    }

    /// A member begins. The name is the last part of its path in the archive, checked: no
    /// separators, no control characters, 1 to 255 bytes, unique in the archive even when
    /// case is ignored.
    fn begin(&mut self, name: &str) -> Result<(), Self::Error>;

    /// The next bytes of the member; never empty, at most 128 KiB.
    fn write(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// The member is complete. Its length, and where the format has one its checksum, fit.
    fn end(&mut self) -> Result<(), Self::Error>;
}

/// What an archive held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Members handed to the sink.
    pub members: u64,
    /// Their unpacked bytes together.
    pub bytes: u64,
    /// Entries left out because the sink [ignores](Sink::ignores) them.
    pub ignored: Ignored,
}

/// What was left out because the sink [ignores](Sink::ignores) it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ignored {
    /// How many entries.
    pub count: u64,
    /// The paths of the first [`Ignored::SHOWN`] of them.
    pub paths: Vec<String>,
}

impl Ignored {
    /// How many paths are kept at most.
    pub const SHOWN: usize = 20;

    pub(crate) fn add(&mut self, path: &str) {
        self.count += 1;
        if self.paths.len() < Self::SHOWN {
            self.paths.push(path.to_owned());
        }
    }
}

/// What would take the members of an archive; a package gives its parts itself.
pub(crate) struct Nothing;

impl Sink for Nothing {
    type Error = Infallible;

    fn begin(&mut self, _name: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn write(&mut self, _bytes: &[u8]) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
