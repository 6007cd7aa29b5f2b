//! The change feed of a folder: what was decided about records, in order.

mod write;

use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::ChangeFeed;
pub use tidewaiter_engine::ports::{Operation, RecordChange};
use tidewaiter_folder::Local;

pub use self::write::{ChangeFormat, ChangeWriter};
use crate::deployment::Deployment;
use crate::{Error, Result};

/// About how many changes are read at a time.
const PAGE: usize = 1_000;

/// The changes of a universe, page by page.
pub struct Changes<'a> {
    folder: &'a Local,
    universe: String,
    last: u64,
    /// True if they begin wherever the first one is that is kept.
    is_anywhere: bool,
}

impl<'a> Changes<'a> {
    /// The changes behind the one with a number; without it, all that are kept. None if there are none at all.
    ///
    /// # Errors
    /// [`Error::OnlyFoldersKeepChanges`] or [`Error::KeepsNoChanges`], or [`Error::WhichChanges`] if several have changes and none is named.
    pub async fn behind(
        deployment: &'a Deployment,
        universe: Option<&str>,
        since: Option<u64>,
    ) -> Result<Option<Self>> {
        let folder: &Local = match deployment {
            Deployment::Folder(folder) => folder,
            #[cfg(feature = "aws")]
            Deployment::Stack(_) => return Err(Error::OnlyFoldersKeepChanges),
        };
        if folder.settings().records.keep_changes_days == 0 {
            return Err(Error::KeepsNoChanges);
        }
        let mut known = folder.records().changed_universes().await?;
        if let Some(name) = universe {
            if !known.iter().any(|known| known == name) {
                return Err(Error::NoChanges { name: name.to_owned(), known });
            }
            known = vec![name.to_owned()];
        }
        if known.len() > 1 {
            return Err(Error::WhichChanges(known));
        }
        let (last, is_anywhere) = (since.unwrap_or_default(), since.is_none());
        Ok(known.pop().map(|universe| Self { folder, universe, last, is_anywhere }))
    }

    /// The next changes; none behind the last one.
    ///
    /// # Errors
    /// [`Error::ChangesGone`] if the first of those that were asked for are not kept any more.
    pub async fn next(&mut self) -> Result<Vec<RecordChange>> {
        let page = self.folder.records().changes(&self.universe, self.last, PAGE).await?;
        // From the first page on there is a place to go on from, and what lies behind it may go while it is read.
        if !std::mem::replace(&mut self.is_anywhere, false) && self.last + 1 < page.oldest {
            return Err(Error::ChangesGone { since: self.last, oldest: page.oldest });
        }
        self.last = page.changes.last().map_or(self.last, |change| change.order);
        Ok(page.changes)
    }
}
