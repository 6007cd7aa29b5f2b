//! State: that of a folder, in memory; and what a process remembers of it, as with a table in the cloud.

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::sequence::{self, GroupRef, Ready};
use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{
    AdvanceWrites, Conclusion, Decision, Delivery, DroppedObject, Gathered, HistoryFilter, ImportRun,
    ImportSnapshot, Kind, Pinned, Progress, State, Turn, Universe, WaitingDigest, WaitingGroup,
};

use super::Ports;
use super::known::{begin, conclusion as decided, end};

/// The revision of an import as it was registered.
pub(crate) const FIRST_REVISION: u64 = 1;

fn named(group: &GroupRef) -> String {
    format!("{} of {:02}, generation {}", group.id, group.last, group.generation)
}

impl State for Ports {
    async fn register(&self, imports: &[ImportRun]) -> Result<Vec<ImportRun>> {
        let about = || {
            let named = imports.iter().map(|import| format!("{} {}", import.id, import.file));
            named.collect::<Vec<_>>().join(", ")
        };
        let register = async {
            let registered = self.world.state.register(imports).await?;
            self.seen(|inner| inner.watch.registered(self.process, &registered));
            for import in &registered {
                self.remember_current(import.id).await?;
            }
            Ok(registered)
        };
        self.table("state.register", about, register).await
    }

    async fn resolve(&self, id: ImportId, kind: &Kind) -> Result<Option<ImportRun>> {
        let resolve = async {
            let resolved = self.world.state.resolve(id, kind).await?;
            if let Some(import) = &resolved {
                self.seen(|inner| {
                    if inner.watch.resolved(self.process, import) {
                        let known = inner.revised(import.clone());
                        inner.markers.insert(id, known);
                    }
                });
                self.remember_current(id).await?;
            }
            Ok(resolved)
        };
        self.table("state.resolve", || format!("{id} {kind:?}"), resolve).await
    }

    async fn unresolved(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        let unresolved = self.world.state.unresolved(repository);
        self.table("state.unresolved", || repository.to_string(), unresolved).await
    }

    async fn reconfigured(&self, repository: &Repository) -> Result<()> {
        let count = self.world.state.reconfigured(repository);
        self.table("state.reconfigured", || repository.to_string(), count).await
    }

    async fn activates(&self, repository: &Repository, universe: &str, id: ImportId) -> Result<bool> {
        let note = self.world.state.activates(repository, universe, id);
        self.table("state.activates", || format!("{universe} of {repository}, {id}"), note).await
    }

    async fn own(&self, universe: &str, repository: &Repository) -> Result<Universe> {
        let own = self.world.state.own(universe, repository);
        self.table("state.own", || format!("{universe} of {repository}"), own).await
    }

    async fn share(&self, universe: &str, repository: &Repository, is_shared: bool) -> Result<bool> {
        let share = self.world.state.share(universe, repository, is_shared);
        self.table("state.share", || format!("{universe} with {repository}: {is_shared}"), share).await
    }

    async fn universe(&self, name: &str) -> Result<Option<Universe>> {
        self.table("state.universe", || name.to_owned(), self.world.state.universe(name)).await
    }

    async fn universes(&self) -> Result<Vec<Universe>> {
        self.table("state.universes", String::new, self.world.state.universes()).await
    }

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        let about = format!("{} of them", drops.len());
        self.table("state.unregistered", || about, self.world.state.unregistered(drops)).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<ImportRun>> {
        let import = async {
            let found = self.current(id).await?;
            Ok(found.map(|known| {
                self.memory.put(&known);
                known.import
            }))
        };
        self.table("state.import", || id.to_string(), import).await
    }

    async fn imports(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        self.table("state.imports", || format!("{} of them", ids.len()), self.world.state.imports(ids)).await
    }

    fn remembered(&self, id: ImportId) -> Option<ImportSnapshot> {
        self.memory.get(id)
    }

    fn remember(&self, known: &ImportSnapshot) {
        self.memory.put(known);
    }

    async fn recall(&self, id: ImportId) -> Result<Option<ImportRun>> {
        match self.memory.get(id) {
            Some(known) => Ok(Some(known.import)),
            None => self.import(id).await,
        }
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        self.table("state.members", || archive.to_string(), self.world.state.members(archive)).await
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let start = async {
            let mut held = None;
            if self.compare(id, |import| held = begin(import, pin)).await?.is_none() {
                return Ok(held);
            }
            let held = self.world.state.start(id, pin).await?;
            if let Some(held) = &held {
                self.seen(|inner| inner.watch.started(self.process, id, held));
            }
            self.remember_current(id).await?;
            Ok(held)
        };
        self.table("state.start", || id.to_string(), start).await
    }

    async fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        late: Option<Date>,
    ) -> Result<Decision> {
        let id = seen.id;
        let about =
            || format!("{id}: {} {}", conclusion.outcome, conclusion.code.as_deref().unwrap_or_default());
        let conclude = async {
            if let Some(known) = self.memory.get(id)
                && let Some(before) = decided(&known.import)
                && before != conclusion
            {
                return Ok(Decision::Before(Box::new(before.clone())));
            }
            let decision = self.world.state.conclude(seen, conclusion, outputs, late).await?;
            self.seen(|inner| match &decision {
                Decision::Taken(_) => inner.watch.concluded(self.process, id, conclusion),
                Decision::Before(held) => inner.watch.concluded(self.process, id, held),
                Decision::Late(_) | Decision::Passed => {}
            });
            self.remember_current(id).await?;
            Ok(decision)
        };
        self.table("state.conclude", about, conclude).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        let finish = async {
            if self.memory.get(id).is_some_and(|known| decided(&known.import).is_none()) {
                self.memory.forget(id);
            }
            if self.compare(id, end).await?.is_some() {
                self.world.state.finish(id).await?;
                self.seen(|inner| inner.watch.finished(id));
                self.remember_current(id).await?;
            }
            Ok(())
        };
        self.table("state.finish", || id.to_string(), finish).await
    }

    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        let about =
            || format!("{id}: {}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        self.table("state.claim", about, self.world.state.claim(keys, id)).await
    }

    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        let (due, trouble) = delivery.state();
        let note = |import: &mut ImportRun| {
            if let Progress::Done(conclusion) = &mut import.progress {
                conclusion.mail_due &= due;
                conclusion.mail_trouble.clone_from(&trouble);
            }
        };
        let mailed = async {
            if self.compare(id, note).await?.is_some() {
                self.world.state.mailed(id, delivery).await?;
                if !due {
                    self.seen(|inner| inner.watch.noted_mail(id));
                }
                self.remember_current(id).await?;
            }
            Ok(())
        };
        self.table("state.mailed", || id.to_string(), mailed).await
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        let gather = self.world.state.gather(repository, digest, most);
        self.table("state.gather", || digest.to_owned(), gather).await
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        let digested = async {
            self.world.state.digested(repository, gathered, delivery).await?;
            for id in &gathered.imports {
                self.memory.forget(*id);
            }
            Ok(())
        };
        self.table("state.digested", || gathered.digest.clone(), digested).await
    }

    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let turn = async {
            let turn = self.world.state.turn(repository).await?;
            self.seen(|inner| {
                inner.watch.turned(self.process, repository, &turn);
                // The marker of a file holds it as it was when it became ready.
                for ready in &turn.ready {
                    let Ready::File(id) = ready else { continue };
                    let registered = || {
                        let import = inner.watch.imports.get(id)?.clone();
                        Some(ImportSnapshot { import, revision: FIRST_REVISION })
                    };
                    if let Some(marker) = inner.markers.get(id).cloned().or_else(registered) {
                        self.memory.put(&marker);
                    }
                }
            });
            Ok(turn)
        };
        self.table("state.turn", || repository.to_string(), turn).await
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        let about = || {
            let named =
                |what: &str, id: Option<ImportId>| id.map(|id| format!(", {what} {id}")).unwrap_or_default();
            let begins = named("begins", along.begins.map(|(id, _)| id));
            let state = serde_json::to_string(state).unwrap_or_default();
            format!("{repository} from {version}: {state}{begins}{}", named("ends", along.ends))
        };
        let advance = async {
            let (mut written, mut is_current) =
                (AdvanceWrites { registered: along.registered, ..AdvanceWrites::default() }, true);
            if let Some((id, pin)) = along.begins
                && let Some(is_so) = self.compare(id, |import| _ = begin(import, pin)).await?
            {
                (written.begins, is_current) = (along.begins, is_so);
            }
            if let Some(id) = along.ends
                && let Some(is_so) = self.compare(id, end).await?
            {
                (written.ends, is_current) = (along.ends, is_current && is_so);
            }
            let won = is_current && self.world.state.advance(repository, version, state, written).await?;
            if won {
                self.seen(|inner| inner.watch.advanced(self.process, repository, state, written));
            }
            for id in written.begins.map(|(id, _)| id).into_iter().chain(written.ends) {
                self.memory.forget(id);
                self.remember_current(id).await?;
            }
            Ok(won)
        };
        self.table("state.advance", about, advance).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let seal = async {
            self.world.state.seal(repository, group).await?;
            self.seen(|inner| inner.watch.sealed(repository, group));
            Ok(())
        };
        self.table("state.seal", || named(group), seal).await
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let find = self.world.state.next_member(repository, group, checking);
        self.table("state.next_member", || named(group), find).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        let members = self.world.state.group_members(repository, group);
        self.table("state.group_members", || named(group), members).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let close = async {
            self.world.state.close(repository, group).await?;
            self.seen(|inner| inner.watch.closed(repository, group));
            Ok(())
        };
        self.table("state.close", || named(group), close).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let expire = async {
            let expired = self.world.state.expire(repository, group).await?;
            if expired {
                self.seen(|inner| inner.watch.expired(repository, group));
            }
            Ok(expired)
        };
        self.table("state.expire", || named(group), expire).await
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
        let twin = self.world.state.find_duplicate(repository, name, sha256);
        self.table("state.twin", || name.file.clone(), twin).await
    }

    async fn note(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        self.table("state.note", || key.to_owned(), self.world.state.note(key, at)).await
    }

    async fn renew(&self, key: &str, at: Timestamp) -> Result<()> {
        self.table("state.renew", || key.to_owned(), self.world.state.renew(key, at)).await
    }

    async fn noticed(&self, key: &str) -> Result<Option<Timestamp>> {
        self.table("state.noticed", || key.to_owned(), self.world.state.noticed(key)).await
    }

    async fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        let latest = self.world.state.later_date(repository, name, before);
        self.table("state.later_date", || name.file.clone(), latest).await
    }

    async fn keep_config(&self, hash: &str, document: &[u8]) -> Result<()> {
        self.table("state.keep_config", || hash.to_owned(), self.world.state.keep_config(hash, document))
            .await
    }

    async fn kept_config(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        self.table("state.kept_config", || hash.to_owned(), self.world.state.kept_config(hash)).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.table("state.repositories", String::new, self.world.state.repositories()).await
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        self.table("state.unfinished", String::new, self.world.state.unfinished()).await
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        self.table("state.digests", || repository.to_string(), self.world.state.digests(repository)).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        self.table("state.unmailed", String::new, self.world.state.unmailed()).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        let queued = self.world.state.queued(repository, limit);
        self.table("state.queued", || repository.to_string(), queued).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        self.table("state.waiting", || repository.to_string(), self.world.state.waiting(repository)).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        self.table("state.history", String::new, self.world.state.history(filter)).await
    }
}
