//! Finds files in the ledger by what people know of them.

use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter_engine::ports::{HistoryFilter, ImportRun, RunLedger};

use crate::deployment::Deployed;
use crate::{Error, Result};

/// How many files of one name are looked at: the latest ones.
const MOST: usize = 1_000;

/// The imports of a file in the order in which they arrived: by its name or a path that ends in it, by the
/// name of its log or report, by a name that holds the import's id since another file took its own, or by
/// that id itself.
///
/// # Errors
/// [`Error::NoSuchFile`] if there is none.
pub(crate) async fn imports_of(
    deployed: &impl Deployed,
    repository: Option<Repository>,
    text: &str,
) -> Result<Vec<ImportRun>> {
    let name = text.rsplit('/').next().unwrap_or(text);
    let name = name.strip_suffix(".log").or_else(|| name.strip_suffix(".json")).unwrap_or(name);
    // A configuration's own name ends in `.json`.
    for name in [name, text.rsplit('/').next().unwrap_or(text), text] {
        let filter = HistoryFilter {
            repository: repository.clone(),
            file: Some(name.to_owned()),
            limit: MOST,
            ..HistoryFilter::default()
        };
        let mut found = deployed.state().history(&filter).await?;
        found.retain(|import| import.file == name || import.data_file() == name);
        if !found.is_empty() {
            found.sort_by_key(|import| import.id);
            return Ok(found);
        }
    }
    for id in name.split(['_', '.']).filter_map(|part| part.parse::<ImportId>().ok()) {
        if let Some(import) = deployed.state().run(id).await?
            && repository.as_ref().is_none_or(|repository| *repository == import.repository)
        {
            return Ok(vec![import]);
        }
    }
    Err(Error::NoSuchFile(text.to_owned()))
}
