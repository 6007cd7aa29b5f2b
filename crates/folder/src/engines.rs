//! The records of a folder, in the engine that its settings choose.

use std::sync::Arc;

use tidewaiter::id::ImportId;
use tidewaiter::schema::FieldType;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{
    Cargo, ChangeFeed, ChangePage, EitherLanding, ExportColumn, Exports, Pinned, Records, Rows, Selection,
    StoredRecord,
};
use tidewaiter_postgres::{PostgresLanding, PostgresRecords};

use crate::disk::Disk;
use crate::records::{SqliteLanding, SqliteRecords};
use crate::settings::RecordSettings;
use crate::together::Together;

/// The records of a folder.
#[derive(Debug, Clone)]
pub enum FolderRecords {
    /// In SQLite, in the folder.
    Sqlite(SqliteRecords),
    /// In PostgreSQL.
    Postgres(PostgresRecords),
}

impl FolderRecords {
    /// With the files of a deployment beside it, as its settings say.
    #[must_use]
    pub(super) fn on(self, disk: &Disk, settings: &RecordSettings, together: &Together) -> Self {
        match self {
            Self::Sqlite(records) => {
                let records = records.on(disk).together(together);
                Self::Sqlite(records.keep_changes_days(settings.keep_changes_days))
            }
            Self::Postgres(records) => Self::Postgres(records),
        }
    }

    /// What files work under that were landed together, and which the state may not have.
    pub(super) fn pins(&self) -> Result<Vec<(ImportId, Pinned)>> {
        match self {
            Self::Sqlite(records) => records.pins(),
            // There each file is committed for itself.
            Self::Postgres(_) => Ok(Vec::new()),
        }
    }
}

/// What one worker lands of one file: in SQLite, or in PostgreSQL.
pub type FolderLanding = EitherLanding<SqliteLanding, PostgresLanding>;

/// Does the same with either engine.
macro_rules! either {
    ($store:expr, $own:ident => $do:expr) => {
        match $store {
            Self::Sqlite($own) => $do,
            Self::Postgres($own) => $do,
        }
    };
}

impl Records for FolderRecords {
    type Landing = FolderLanding;

    async fn begin(&self, cargo: Cargo<'_>) -> Result<FolderLanding> {
        match self {
            Self::Sqlite(records) => records.begin(cargo).await.map(EitherLanding::One),
            Self::Postgres(records) => records.begin(cargo).await.map(Box::new).map(EitherLanding::Other),
        }
    }

    async fn has_begun(&self, universe: &str, import: ImportId) -> Result<bool> {
        either!(self, records => records.has_begun(universe, import).await)
    }

    async fn close(&self, universe: &str, import: ImportId, loaders: u32) -> Result<bool> {
        either!(self, records => records.close(universe, import, loaders).await)
    }

    async fn forget(&self, universe: &str, import: ImportId) -> Result<()> {
        either!(self, records => records.forget(universe, import).await)
    }

    fn lands_whole(&self) -> bool {
        either!(self, records => records.lands_whole())
    }

    fn batch_lines(&self) -> usize {
        either!(self, records => records.batch_lines())
    }

    async fn exist(&self, universe: &str, records: &[(String, String)]) -> Result<Vec<bool>> {
        either!(self, store => store.exist(universe, records).await)
    }

    async fn find(&self, scope: &str, key: &str, limit: usize) -> Result<Vec<StoredRecord>> {
        either!(self, records => records.find(scope, key, limit).await)
    }

    async fn scan(
        &self,
        scope: &str,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<StoredRecord>> {
        either!(self, records => records.scan(scope, after, limit).await)
    }

    async fn counts(&self) -> Result<Vec<(String, String, u64)>> {
        either!(self, records => records.counts().await)
    }
}

impl Exports for FolderRecords {
    async fn fields(&self, selection: &Selection) -> Result<Vec<(String, Option<FieldType>)>> {
        either!(self, records => records.fields(selection).await)
    }

    async fn export<R: Rows>(
        &self,
        selection: &Selection,
        columns: &Arc<[ExportColumn]>,
        rows: R,
    ) -> Result<R> {
        either!(self, records => records.export(selection, columns, rows).await)
    }
}

impl ChangeFeed for FolderRecords {
    async fn changes(&self, universe: &str, after: u64, limit: usize) -> Result<ChangePage> {
        either!(self, records => records.changes(universe, after, limit).await)
    }

    async fn changed_universes(&self) -> Result<Vec<String>> {
        either!(self, records => records.changed_universes().await)
    }
}
