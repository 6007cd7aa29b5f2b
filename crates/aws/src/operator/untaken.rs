//! What lies in the drop zone and was not taken in.

use std::collections::{BTreeMap, HashSet};

use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::Running;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{GroupQueue, RunLedger};

use super::Stack;
use crate::events::DROPS;
use crate::failure;

/// An object in the drop zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untaken {
    /// Its name in its repository.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// When it was put there.
    pub changed: Option<Timestamp>,
}

impl Stack {
    /// What lies in the drop zone of a repository and no import knows: its event is on its way, or was lost. A
    /// file that waits lies there too, until it has its outcome.
    pub async fn untaken(&self, repository: &Repository) -> Result<Vec<Untaken>> {
        let prefix = format!("{DROPS}{repository}/");
        let mut found = self.listed_below(&prefix).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        for key in self.known(repository).await? {
            found.remove(&key);
        }
        if !found.is_empty() {
            // What reached its outcome in between is not there any more.
            let still = self.listed_below(&prefix).await?;
            found.retain(|key, one| still.get(key) == Some(one));
        }
        Ok(found.into_values().collect())
    }

    /// The keys of what lies beside the repositories in the drop zone, where nothing is taken in from.
    pub async fn strays(&self) -> Result<Vec<String>> {
        let mut strays: Vec<String> =
            self.listed(DROPS, Some("/")).await?.into_iter().map(|(key, _)| key).collect();
        let folders = self.folders(DROPS).await?;
        let unnamed = folders.iter().filter(|name| name.parse::<Repository>().is_err());
        strays.extend(unnamed.map(|name| format!("{DROPS}{name}/")));
        Ok(strays)
    }

    /// The keys that imports of a repository have which have no outcome yet.
    async fn known(&self, repository: &Repository) -> Result<HashSet<String>> {
        let mut known = HashSet::new();
        let sequence = self.state.turn(repository).await?.state;
        let running = match sequence.running {
            Some(Running::File { import }) => Some(import),
            Some(Running::Group { member, .. }) => member,
            None => None,
        };
        if let Some(import) = running {
            known.extend(self.state.run(import).await?.map(|import| import.source.key));
        }
        known.extend(self.state.queued(repository, usize::MAX).await?.into_iter().map(|one| one.source.key));
        let unfinished = self.state.unfinished().await?.into_iter();
        known.extend(unfinished.map(|one| one.source.key));
        for group in self.state.waiting(repository).await? {
            known.extend(group.files.iter().map(|file| format!("{DROPS}{repository}/{file}")));
        }
        Ok(known)
    }

    /// The files under the prefix of a repository, by key.
    async fn listed_below(&self, prefix: &str) -> Result<BTreeMap<String, Untaken>> {
        let found = self.listed(prefix, None).await?.into_iter();
        let file = |(key, one): (String, Untaken)| {
            let file = key.strip_prefix(prefix)?.to_owned();
            // The mark of the folder itself, as consoles make it, is no file.
            (!file.is_empty()).then_some((key, Untaken { file, ..one }))
        };
        Ok(found.filter_map(file).collect())
    }

    async fn listed(&self, prefix: &str, delimiter: Option<&str>) -> Result<Vec<(String, Untaken)>> {
        let request = self.s3.list_objects_v2().bucket(&self.bucket).prefix(prefix);
        let mut pages = request.set_delimiter(delimiter.map(str::to_owned)).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| failure::object(prefix, &e))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key.filter(|key| key != DROPS) else { continue };
                let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
                let changed = object.last_modified.and_then(|at| Timestamp::from_second(at.secs()).ok());
                found.push((key.clone(), Untaken { file: key, bytes, changed }));
            }
        }
        Ok(found)
    }
}
