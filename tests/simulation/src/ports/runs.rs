//! The ledger of import runs: that of a folder, in memory; and what a process remembers of it, as with a table in the
//! cloud.

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    Conclusion, Decision, DroppedObject, HistoryFilter, ImportRun, ImportSnapshot, Kind, Pinned, Problem,
    RunLedger, SeenColumns, Told,
};

use super::Ports;

impl RunLedger for Ports {
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

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        let about = format!("{} of them", drops.len());
        self.table("state.unregistered", || about, self.world.state.unregistered(drops)).await
    }

    async fn run(&self, id: ImportId) -> Result<Option<ImportRun>> {
        let import = async {
            let found = self.current(id).await?;
            Ok(found.map(|known| {
                self.memory.put(&known);
                known.import
            }))
        };
        self.table("state.run", || id.to_string(), import).await
    }

    async fn runs(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        self.table("state.runs", || format!("{} of them", ids.len()), self.world.state.runs(ids)).await
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        self.table("state.members", || archive.to_string(), self.world.state.members(archive)).await
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
            None => self.run(id).await,
        }
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let start = async {
            let mut held = None;
            if self.compare(id, |import| held = import.start(pin)).await?.is_none() {
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
        told: Told<'_>,
    ) -> Result<Decision> {
        let id = seen.id;
        let about =
            || format!("{id}: {} {}", conclusion.outcome, conclusion.code.as_deref().unwrap_or_default());
        let conclude = async {
            if let Some(known) = self.memory.get(id)
                && let Some(before) = known.import.conclusion()
                && before != conclusion
            {
                return Ok(Decision::Before(Box::new(before.clone())));
            }
            let decision = self.world.state.conclude(seen, conclusion, outputs, told).await?;
            self.seen(|inner| match &decision {
                Decision::Taken(_) => inner.watch.concluded(self.process, id, conclusion),
                Decision::Before(held) => inner.watch.concluded(self.process, id, held),
                Decision::Late(_) | Decision::Columns | Decision::Passed => {}
            });
            self.remember_current(id).await?;
            Ok(decision)
        };
        self.table("state.conclude", about, conclude).await
    }

    async fn seen_columns(&self, repository: &Repository, name: &DataName) -> Result<SeenColumns> {
        let seen = self.world.state.seen_columns(repository, name);
        self.table("state.seen_columns", || name.file.clone(), seen).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        let finish = async {
            if self.memory.get(id).is_some_and(|known| known.import.conclusion().is_none()) {
                self.memory.forget(id);
            }
            if self.compare(id, ImportRun::finish).await?.is_some() {
                self.world.state.finish(id).await?;
                self.seen(|inner| inner.watch.finished(id));
                self.remember_current(id).await?;
            }
            Ok(())
        };
        self.table("state.finish", || id.to_string(), finish).await
    }

    async fn problems(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        let problems = self.world.state.problems(repository);
        self.table("state.problems", || repository.to_string(), problems).await
    }

    async fn settle(&self, id: ImportId, problem: &Problem) -> Result<bool> {
        let settle = async {
            let mut is_settled = false;
            if self.compare(id, |run| is_settled = run.settle(problem)).await?.is_none() {
                return Ok(is_settled);
            }
            let is_settled = self.world.state.settle(id, problem).await?;
            self.remember_current(id).await?;
            Ok(is_settled)
        };
        self.table("state.settle", || id.to_string(), settle).await
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
        let twin = self.world.state.find_duplicate(repository, name, sha256);
        self.table("state.find_duplicate", || name.file.clone(), twin).await
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

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        self.table("state.history", String::new, self.world.state.history(filter)).await
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        self.table("state.unfinished", String::new, self.world.state.unfinished()).await
    }
}
