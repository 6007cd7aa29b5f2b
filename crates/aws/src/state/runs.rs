//! The ledger of import runs in DynamoDB.

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    Conclusion, Decision, DroppedObject, HistoryFilter, ImportRun, ImportSnapshot, Kind, Pinned, Problem,
    RunLedger, SeenColumns, Told,
};

use super::imports;
use super::{StateTable, conclude, keys, read, register};

impl RunLedger for StateTable {
    async fn register(&self, imports: &[ImportRun]) -> Result<Vec<ImportRun>> {
        for import in imports {
            self.note(&import.repository).await?;
        }
        register::register(&self.table, &self.known, imports).await
    }

    async fn resolve(&self, id: ImportId, kind: &Kind) -> Result<Option<ImportRun>> {
        register::resolve(&self.table, &self.known, id, kind).await
    }

    async fn unresolved(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        read::unresolved(&self.table, repository).await
    }

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        register::unregistered(&self.table, drops).await
    }

    async fn run(&self, id: ImportId) -> Result<Option<ImportRun>> {
        let found = imports::find(&self.table, "reading an import", id).await?;
        Ok(found.map(|(import, revision)| {
            self.known.put(&import, revision);
            import
        }))
    }

    async fn runs(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        imports::find_all(&self.table, "reading imports", ids).await
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        register::members(&self.table, archive).await
    }

    fn remembered(&self, id: ImportId) -> Option<ImportSnapshot> {
        self.known.get(id).map(|(import, revision)| ImportSnapshot { import, revision })
    }

    fn remember(&self, known: &ImportSnapshot) {
        self.known.put(&known.import, known.revision);
    }

    async fn recall(&self, id: ImportId) -> Result<Option<ImportRun>> {
        match self.known.get(id) {
            Some((import, _)) => Ok(Some(import)),
            None => self.run(id).await,
        }
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let mut held = None;
        let start = |import: &mut ImportRun| held = import.start(pin);
        self.change("starting an import", id, start).await?;
        Ok(held)
    }

    async fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        told: Told<'_>,
    ) -> Result<Decision> {
        conclude::conclude(&self.table, &self.known, seen, conclusion, outputs, told).await
    }

    async fn seen_columns(&self, repository: &Repository, name: &DataName) -> Result<SeenColumns> {
        conclude::seen_columns(&self.table, repository, name).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        // A process that carries out another process's decision may remember the run as it was before.
        if self.known.get(id).is_some_and(|(import, _)| import.conclusion().is_none()) {
            self.known.forget(id);
        }
        self.change("finishing an import", id, ImportRun::finish).await
    }

    async fn problems(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        read::problems(&self.table, repository).await
    }

    async fn settle(&self, id: ImportId, problem: &Problem) -> Result<bool> {
        let mut is_settled = false;
        self.change("ending a problem", id, |import| is_settled = import.settle(problem)).await?;
        Ok(is_settled)
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
        const WHAT: &str = "finding the same content";
        let Some(first) = self.table.get(WHAT, &keys::content(repository, name, sha256)).await? else {
            return Ok(None);
        };
        let first = imports::import_of(&first, WHAT)?;
        Ok(imports::find(&self.table, WHAT, first).await?.map(|(import, _)| import))
    }

    async fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        read::later_date(&self.table, repository, name, before).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        read::history(&self.table, filter).await
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        read::unfinished(&self.table).await
    }
}
