//! What lies in the drop zone and was not taken in.

use std::collections::{BTreeMap, HashSet};

use aws_sdk_s3::types::Object;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::sequence::Running;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{GroupQueue, RunLedger, Untaken};

use super::Stack;
use crate::events::DROPS;

impl Stack {
    /// What lies in the drop zone of a repository and no import knows: its event is on its way, or was lost. A
    /// file that waits lies there too, until it has its outcome.
    pub async fn untaken(&self, repository: &Repository) -> Result<Vec<Untaken>> {
        let mut found = self.listed_below(repository).await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        for key in self.known(repository).await? {
            found.remove(&key);
        }
        if !found.is_empty() {
            // What reached its outcome in between is not there any more.
            let still = self.listed_below(repository).await?;
            found.retain(|key, one| still.get(key) == Some(one));
        }
        Ok(found.into_values().collect())
    }

    /// The keys of what lies beside the repositories in the drop zone, where nothing is taken in from.
    pub async fn strays(&self) -> Result<Vec<String>> {
        let (objects, folders) = self.objects.listed(DROPS, Some("/")).await?;
        let keys = objects.into_iter().filter_map(|object| object.key);
        let mut strays: Vec<String> = keys.filter(|key| key != DROPS).collect();
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
    async fn listed_below(&self, repository: &Repository) -> Result<BTreeMap<String, Untaken>> {
        let prefix = format!("{DROPS}{repository}/");
        let (objects, _) = self.objects.listed(&prefix, None).await?;
        let untaken = |object: Object| {
            let key = object.key?;
            // The mark of the folder itself, as consoles make it, is no file.
            let file = key.strip_prefix(&prefix).filter(|file| !file.is_empty())?.to_owned();
            let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
            let changed = object.last_modified.and_then(|at| Timestamp::from_second(at.secs()).ok());
            // An object is there as a whole or not at all.
            let unfinished = false;
            Some((key, Untaken { repository: repository.clone(), file, bytes, changed, unfinished }))
        };
        Ok(objects.into_iter().filter_map(untaken).collect())
    }
}
