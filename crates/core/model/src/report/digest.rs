//! Many files, one mail: counts first, then the files that need attention with what is worst about them, then the
//! others.
//!
//! However many files there are, the mail has a bounded size: see [`LOOK`], [`FINE`] and [`KINDS`]. The counts are
//! exact, and what is not shown is counted.

use super::{Counts, Outcome, Report};
use crate::id::{ImportId, Timestamp};

/// How many files that need attention are shown, each with its findings.
pub const LOOK: usize = 25;
/// How many of the other files are shown.
pub const FINE: usize = 100;
/// How many kinds of findings are shown of a file.
pub const KINDS: usize = 3;

/// What is told of many files together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    repository: String,
    span: String,
    /// Those that need attention come first.
    files: Vec<File>,
    /// How many of them need attention.
    look: usize,
}

/// A file of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The id of its import.
    pub import: ImportId,
    /// Its name.
    pub name: String,
    /// When it ended.
    pub finished: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What became of its lines.
    pub counts: Counts,
    /// True if it needs attention.
    pub needs_attention: bool,
    /// What is told of it in full, if it is one of those that are shown in full; see [`Digest::to_detail`].
    pub report: Option<Box<Report>>,
}

impl File {
    /// How much it matters: what was refused comes first, then by the lines that were; what needs no attention is in
    /// the order in which it ended.
    fn rank(&self) -> impl Ord + use<> {
        let outcome = match self.outcome {
            Outcome::Bogus => 0,
            Outcome::NotProcessed => 1,
            Outcome::Imported | Outcome::Unpacked | Outcome::Activated => 2,
        };
        (
            !self.needs_attention,
            if self.needs_attention { outcome } else { 0 },
            std::cmp::Reverse(if self.needs_attention { self.counts.rejected } else { 0 }),
            self.finished,
        )
    }
}

/// How many files ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// Completed, with nothing to see.
    pub whole: u64,
    /// Completed without some of their lines.
    pub part: u64,
    /// Completed, and yet there is something to see.
    pub remarked: u64,
    /// Refused.
    pub bogus: u64,
    /// Not processed.
    pub not_processed: u64,
}

impl Digest {
    /// The digest of a repository's `files`. `span` is the time that it is about,
    /// for people.
    pub fn new(repository: impl Into<String>, span: impl Into<String>, mut files: Vec<File>) -> Self {
        let look = files.iter().filter(|file| file.needs_attention).count();
        files.sort_by_key(File::rank);
        Self { repository: repository.into(), span: span.into(), files, look }
    }

    /// The files that are shown in full, to be given their reports. Without one, less is told of a file.
    pub fn to_detail(&mut self) -> impl Iterator<Item = &mut File> {
        self.files.iter_mut().take(self.look.min(LOOK))
    }

    /// The repository.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The time that it is about, for people.
    pub fn span(&self) -> &str {
        &self.span
    }

    /// All files; those that need attention come first.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// The files that need attention, the worst first.
    pub fn look(&self) -> &[File] {
        self.files.get(..self.look).unwrap_or_default()
    }

    /// The other files, in the order in which they ended.
    pub fn fine(&self) -> &[File] {
        self.files.get(self.look..).unwrap_or_default()
    }

    /// How many files ended how.
    pub fn ends(&self) -> Ends {
        let mut ends = Ends::default();
        for file in &self.files {
            *match file.outcome {
                Outcome::Bogus => &mut ends.bogus,
                Outcome::NotProcessed => &mut ends.not_processed,
                _ if file.counts.rejected > 0 => &mut ends.part,
                _ if file.needs_attention => &mut ends.remarked,
                Outcome::Imported | Outcome::Unpacked | Outcome::Activated => &mut ends.whole,
            } += 1;
        }
        ends
    }

    /// The lines of all files together.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        for counts in self.files.iter().map(|file| &file.counts) {
            sum.read += counts.read;
            sum.imported += counts.imported;
            sum.unchanged += counts.unchanged;
            sum.superseded += counts.superseded;
            sum.rejected += counts.rejected;
        }
        sum
    }
}
