//! Many files, one mail: counts first, then the files that need somebody with what is worst about them, then the
//! others.
//!
//! However many files there are, the mail has a bounded size: see [`LOOK`], [`FINE`] and `KINDS`. The counts are
//! exact, and what is not shown is counted.

mod html;
mod text;

use super::{Counts, Outcome, Report, number, plural};
use crate::id::Timestamp;

pub use html::html;
pub use text::text;

/// How many files that need somebody are shown, each with its findings.
pub const LOOK: usize = 25;
/// How many of the other files are shown.
pub const FINE: usize = 100;
/// How many kinds of findings are shown of a file.
const KINDS: usize = 3;

/// What is told of many files together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    repository: String,
    span: String,
    /// Those that need somebody come first.
    files: Vec<File>,
    /// How many of them need somebody.
    look: usize,
}

/// A file of a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// The id of its import.
    pub import: String,
    /// Its name.
    pub name: String,
    /// When it ended.
    pub finished: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// What became of its lines.
    pub counts: Counts,
    /// True if somebody ought to look at it.
    pub needs_attention: bool,
    /// What is told of it in full, if it is one of those that are shown in full; see [`Digest::to_detail`].
    pub report: Option<Box<Report>>,
}

impl File {
    /// How much it matters: what was refused comes first, then by the lines that were; what needs nobody is in the
    /// order in which it ended.
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

    fn headline(&self) -> String {
        match &self.report {
            Some(report) => super::headline(report),
            None => self.outcome.to_string(),
        }
    }
}

/// How many files ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends {
    whole: u64,
    part: u64,
    /// Taken whole, and yet there is something to see.
    remarked: u64,
    bogus: u64,
    not_processed: u64,
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

    fn look(&self) -> &[File] {
        self.files.get(..self.look).unwrap_or_default()
    }

    fn fine(&self) -> &[File] {
        self.files.get(self.look..).unwrap_or_default()
    }

    fn ends(&self) -> Ends {
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
    fn counts(&self) -> Counts {
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

    /// What happened, in one line.
    pub fn headline(&self) -> String {
        let all = self.files.len() as u64;
        let Ends { part, remarked, bogus, not_processed, .. } = self.ends();
        let files = plural(all, "file");
        if self.look == 0 {
            let were = if all == 1 { "was" } else { "were" };
            return format!("{files} {were} taken whole");
        }
        let look = self.look as u64;
        let who = match (look == all, look) {
            (true, 1) => "1 file needs somebody".to_owned(),
            (true, _) => format!("{files} need somebody"),
            (false, 1) => format!("1 of {files} needs somebody"),
            (false, _) => format!("{} of {files} need somebody", number(look)),
        };
        let of = [
            (bogus, "bogus"),
            (not_processed, "not processed"),
            (part, "taken in part"),
            (remarked, "with a remark"),
        ];
        let of: Vec<String> = (of.iter())
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{} {word}", number(*count)))
            .collect();
        format!("{who}: {}", of.join(", "))
    }

    /// The subject of the mail.
    pub fn subject(&self) -> String {
        format!("[{}] {}", self.repository, self.headline())
    }

    /// What is said of files that need somebody and are not shown.
    fn beyond_look(&self) -> Option<String> {
        let more = self.look.checked_sub(LOOK).filter(|more| *more > 0)? as u64;
        let need = if more == 1 { "needs" } else { "need" };
        Some(format!(
            "… and {} that {need} somebody; `tidewaiter history` lists them.",
            plural(more, "more file")
        ))
    }

    /// What is said of the other files that are not shown.
    fn beyond_fine(&self) -> Option<String> {
        let more = self.fine().len().checked_sub(FINE).filter(|more| *more > 0)? as u64;
        Some(format!("… and {}; `tidewaiter history` lists them.", plural(more, "more file")))
    }
}
