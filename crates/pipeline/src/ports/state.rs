//! The store of state: files, groups, whose turn it is, and the ledger.

use std::future::Future;

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::sequence::{self, GroupRef};

use super::mails::{Delivery, Gathered, WaitingDigest};
use super::model::{
    AdvanceWrites, Conclusion, Decision, DroppedObject, HistoryFilter, ImportRun, ImportSnapshot, Kind,
    Pinned, Turn, Universe, WaitingGroup,
};
use crate::Result;

/// How often a key is renamed in search of one that is nobody else's. Partners choose names, so one may be
/// taken; only a name that is as long as names can be stays the same each time.
pub const RENAMINGS: usize = 4;

/// The store of state. Each method is one atomic step, and can be taken again without harm.
pub trait State: Send + Sync + 'static {
    /// Registers files together: all become visible, or none. A file that is registered stays as it is.
    /// Data files without a group become ready work at once; a member joins the open generation of its
    /// group, and completes it if it fills the last free slot. The answer is what is registered, in the same
    /// order.
    ///
    /// A version of a dropped object is registered once, whatever id it is given: the answer is the import that has
    /// it already.
    fn register(&self, imports: &[ImportRun]) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Says what an [unresolved](Kind::Unresolved) file is. A data file becomes ready work or joins its group, as when
    /// it is registered. The first call wins; the answer is the import as it is then, None if there is none.
    fn resolve(&self, id: ImportId, kind: &Kind) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// The files of a repository that are unresolved, by id.
    fn unresolved(&self, repository: &Repository) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Those of these whose version nobody has registered, in the same order. What has no version is left out.
    fn unregistered(
        &self,
        drops: Vec<DroppedObject>,
    ) -> impl Future<Output = Result<Vec<DroppedObject>>> + Send;
    /// One import.
    fn import(&self, id: ImportId) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// Several imports, by id; those that there are.
    fn imports(&self, ids: &[ImportId]) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// The files that came in an archive, in its order; none if it has not been unpacked yet.
    fn members(&self, archive: ImportId) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// What this process has last seen of an import, to be told to whoever takes the next step. None if it
    /// costs nothing to ask the store.
    fn remembered(&self, _id: ImportId) -> Option<ImportSnapshot> {
        None
    }
    /// Takes over what another process has last seen.
    fn remember(&self, _known: &ImportSnapshot) {}
    /// One import, perhaps as it was a moment ago: asked for by those whose next write finds out.
    fn recall(&self, id: ImportId) -> impl Future<Output = Result<Option<ImportRun>>> + Send {
        self.import(id)
    }
    /// Fixes what an import runs under, before anything of it is loaded. The first call wins; a later one only
    /// adds that it was checked and its content, if none is fixed yet and the configuration is the same. The
    /// answer is what holds; None if its outcome is decided.
    fn start(&self, id: ImportId, pin: &Pinned) -> impl Future<Output = Result<Option<Pinned>>> + Send;
    /// Decides the outcome of an import before anything is moved, and takes the keys of its `outputs`. The first
    /// call wins. Nothing is decided of an import that has [passed](Import::has_passed) and had not when it was seen:
    /// what others do with it rests on that. `late` is the later date that was imported before the file came, if its report names one;
    /// of a data file that is imported, it has to be named if there is one.
    fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        late: Option<Date>,
    ) -> impl Future<Output = Result<Decision>> + Send;
    /// The outcome is carried out: the import is done, and no longer ready work.
    fn finish(&self, id: ImportId) -> impl Future<Output = Result<()>> + Send;
    /// Takes keys for an import's outputs; the answer for each is the key that what lies there is to be kept
    /// under.
    /// If it is another import's output, its line in the ledger says so from now on, and the answer is the
    /// same whenever the same import asks. If it is nobody's, somebody put it there by hand, or the state
    /// was lost: the answer is a key of this import's own, and only the first time, since afterwards what
    /// lies there is ours. None: it is ours. A key that is a third import's output is never the answer: it is
    /// renamed again, up to [`RENAMINGS`] times.
    ///
    /// Nothing is taken from an import that is not done, since what lies there may not be its own yet; and an
    /// import that is done takes nothing back that another one took. Both are errors which pass by themselves.
    fn claim(&self, keys: &[&Key], id: ImportId) -> impl Future<Output = Result<Vec<Option<Key>>>> + Send;
    /// What became of the mail of an import.
    fn mailed(&self, id: ImportId, delivery: &Delivery) -> impl Future<Output = Result<()>> + Send;
    /// Fixes which reports go into the next mail of a digest: those that wait for it, at most `most`, the first by
    /// id. It stays fixed until [`State::digested`]; the answer is what holds. None if no report waits.
    fn gather(
        &self,
        repository: &Repository,
        digest: &str,
        most: usize,
    ) -> impl Future<Output = Result<Option<Gathered>>> + Send;
    /// What became of the mail of a gathered digest. If it is over, so is the gathering: what waits from then on is
    /// for another mail. The one method that is no single step: stopped in between, some imports still wait, and
    /// the same call does the rest.
    fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Where a repository is: what it is doing, what is next, and its configurations, which are counted with their
    /// registration and with their outcome.
    fn turn(&self, repository: &Repository) -> impl Future<Output = Result<Turn>> + Send;
    /// Writes the sequencer's state if its version is still `version`, and what goes along with it. False if
    /// somebody was faster, or if a configuration was registered meanwhile: then nothing is written.
    fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// From now on, what arrives for this group belongs to its next generation.
    fn seal(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<()>> + Send;
    /// The first member of a group, in its order, that is not checked yet (`checking`), or not done yet.
    fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> impl Future<Output = Result<Option<ImportId>>> + Send;
    /// The members of a group that are not done, in their order.
    fn group_members(
        &self,
        repository: &Repository,
        group: &GroupRef,
    ) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// The group is no longer ready work.
    fn close(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<()>> + Send;
    /// What was incomplete for too long becomes ready work, to be set aside; what arrives from now on belongs to
    /// the next generation. False if the group is complete by now, or over.
    fn expire(&self, repository: &Repository, group: &GroupRef) -> impl Future<Output = Result<bool>> + Send;
    /// The file with this content that was imported first for the same universe, scope and subsection.
    fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> impl Future<Output = Result<Option<ImportRun>>> + Send;
    /// Notes something. The answer is when it was noted first.
    fn note(&self, key: &str, at: Timestamp) -> impl Future<Output = Result<Timestamp>> + Send;
    /// Notes something anew: it was noted at this time, whatever was noted before.
    fn renew(&self, key: &str, at: Timestamp) -> impl Future<Output = Result<()>> + Send;
    /// When something was noted, if it was.
    fn noticed(&self, key: &str) -> impl Future<Output = Result<Option<Timestamp>>> + Send;
    /// The latest date, if it is later than that of `name`, of a file with the same universe, scope and subsection that
    /// was imported before `before`.
    fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> impl Future<Output = Result<Option<Date>>> + Send;

    /// Keeps a configuration under its hash.
    fn keep_config(&self, hash: &str, document: &[u8]) -> impl Future<Output = Result<()>> + Send;
    /// A configuration by its hash.
    fn kept_config(&self, hash: &str) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// Counts a change of the active configurations that no import made, so that every process reads them again.
    fn reconfigured(&self, repository: &Repository) -> impl Future<Output = Result<()>> + Send;
    /// Notes that an import is about to activate a configuration of a universe in a repository. False if one that came
    /// later has done so: then it must not.
    fn activates(
        &self,
        repository: &Repository,
        universe: &str,
        id: ImportId,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// Makes a repository the owner of a universe that has none. The answer is what holds then.
    fn own(&self, universe: &str, repository: &Repository) -> impl Future<Output = Result<Universe>> + Send;
    /// Shares a universe with a repository, or no longer. False if the universe has no owner, so that there is nothing
    /// to be shared.
    fn share(
        &self,
        universe: &str,
        repository: &Repository,
        is_shared: bool,
    ) -> impl Future<Output = Result<bool>> + Send;
    /// A universe, if it has an owner.
    fn universe(&self, name: &str) -> impl Future<Output = Result<Option<Universe>>> + Send;
    /// The universes that have an owner, by name.
    fn universes(&self) -> impl Future<Output = Result<Vec<Universe>>> + Send;

    /// The repositories in which something was ever registered.
    fn repositories(&self) -> impl Future<Output = Result<Vec<Repository>>> + Send;
    /// Archives, configurations, unresolved and refused files that do not have their outcome yet, and data files
    /// whose outcome is decided but not carried out.
    fn unfinished(&self) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// The digests of a repository that reports wait for, or whose gathering is not over.
    fn digests(&self, repository: &Repository) -> impl Future<Output = Result<Vec<WaitingDigest>>> + Send;
    /// Imports whose mail of their own is due.
    fn unmailed(&self) -> impl Future<Output = Result<Vec<ImportId>>> + Send;
    /// Data files that are registered and not done, in treatment order: first the members of complete
    /// groups, then single files. At most `limit`.
    fn queued(
        &self,
        repository: &Repository,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
    /// Groups that are not complete.
    fn waiting(&self, repository: &Repository) -> impl Future<Output = Result<Vec<WaitingGroup>>> + Send;
    /// The ledger, the latest first: by arrival, or by the time of the outcome if the filter has a range of that.
    fn history(&self, filter: &HistoryFilter) -> impl Future<Output = Result<Vec<ImportRun>>> + Send;
}
