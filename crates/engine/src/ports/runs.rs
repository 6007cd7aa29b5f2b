//! The ledger of import runs: what was registered, how far each run is, and how it ended.

use std::future::Future;

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::run::{Conclusion, Decision, ImportRun, Kind, Pinned, Problem, SeenColumns, Told};

use super::model::{DroppedObject, HistoryFilter, ImportSnapshot};
use crate::Result;

/// The ledger of import runs. Each method is one atomic step and may be repeated without harm.
pub trait RunLedger: Send + Sync + 'static {
    /// Registers files together: all become visible, or none. A file that is registered stays as it is.
    ///
    /// A data file without a group becomes ready work at once. A member of a group joins the open generation, and
    /// completes the group if it fills the last free slot. A version of a dropped object is registered once, whatever
    /// id it is given: for a repeated version the ledger returns the run that it belongs to.
    ///
    /// Returns the registered runs in the order of `runs`.
    fn register(&self, runs: &[ImportRun]) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Gives an [unresolved](Kind::Unresolved) file its kind, or the run of an archive that of the only data file in it.
    /// A data file becomes ready work or joins its group, as when it is registered. The first call wins, and an archive
    /// that was started or has its outcome stays one. Returns the run as it is then, or None if there is none.
    fn resolve(&self, id: ImportId, kind: &Kind) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// Returns the unresolved files of a repository, by id.
    fn unresolved(&self, repository: &Repository) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Returns those of `drops` whose version is not registered, in the same order. An object without a version is
    /// left out.
    fn unregistered(
        &self,
        drops: Vec<DroppedObject>,
    ) -> impl Future<Output = Result<Vec<DroppedObject>>> + Send;
    /// Returns a run.
    fn run(&self, id: ImportId) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// Returns the runs that exist among `ids`, by id.
    fn runs(&self, ids: &[ImportId]) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Returns the files that came in an archive, in its order; none before the archive is unpacked.
    fn members(&self, archive: ImportId) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Returns the snapshot of a run that this process saw last, for the message to the next process. None if
    /// reading the store costs nothing.
    fn remembered(&self, _id: ImportId) -> Option<ImportSnapshot> {
        None
    }
    /// Stores the snapshot that another process saw last.
    fn remember(&self, _known: &ImportSnapshot) {}
    /// Returns a run, perhaps as it was a moment ago. The caller's next write is conditional, and fails if the run
    /// has changed since.
    fn recall(&self, id: ImportId) -> impl Future<Output = Result<Option<ImportRun>>> + Send {
        self.run(id)
    }
    /// Fixes what a run works under, before anything of it is loaded. The first call wins. A later call under the
    /// same configuration only adds that the file was checked, and its content if none is fixed yet. Returns what
    /// holds, or None if the outcome is decided.
    fn start(&self, id: ImportId, pin: &Pinned) -> impl Future<Output = Result<Option<Pinned>>> + Send;
    /// Decides the outcome of a run before anything is moved, and claims the keys of its `outputs` as
    /// [`KeyClaims::claim`](super::KeyClaims::claim) does. The first call wins.
    ///
    /// The ledger decides nothing if the run is of another kind than when it was `seen`, or if it has [passed](ImportRun::has_passed) and had not when it was `seen`: other
    /// processes rely on the pass. `told` is what the report says of other runs: the report of an imported data file has
    /// to name the later date that was imported before it came, if there is one. The ignored columns are remembered
    /// with the outcome, or nothing is decided: if another run added some, the report goes by an old list.
    fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        told: Told<'_>,
    ) -> impl Future<Output = Result<Decision>> + Send;
    /// Returns the ignored columns that earlier files with the same universe, scope and subsection had.
    fn seen_columns(
        &self,
        repository: &Repository,
        name: &DataName,
    ) -> impl Future<Output = Result<SeenColumns>> + Send;
    /// Marks a run done after its outcome is carried out. It is no longer ready work.
    fn finish(&self, id: ImportId) -> impl Future<Output = Result<()>> + Send;
    /// Returns the runs of a repository that leave an open problem, by id.
    fn problems(&self, repository: &Repository) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Ends the open problem of a run; see [`ImportRun::settle`]. Returns false, and changes nothing, if it has none.
    fn settle(&self, id: ImportId, problem: &Problem) -> impl Future<Output = Result<bool>> + Send;
    /// Returns the first imported file with this content, of the same universe, scope and subsection.
    fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// Returns the latest date, if it is later than that of `name`, of a file with the same universe, scope and
    /// subsection that was imported before `before`.
    fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> impl Future<Output = Result<Option<Date>>> + Send;
    /// Returns the runs that match a filter, the latest first: by arrival, or by the time of the outcome if the filter has a
    /// range of that.
    fn history(&self, filter: &HistoryFilter) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Returns archives, configurations, unresolved and refused files that have no outcome yet, and data files whose
    /// outcome is decided but not carried out.
    fn unfinished(&self) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
}
