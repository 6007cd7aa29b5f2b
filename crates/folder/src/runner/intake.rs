//! What lies in the drop zone: taken in once it is complete.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use tidewaiter::keys::Repository;
use tokio::time::Instant;

use super::{Runner, taking_in};
use crate::troubles::{Task, Unit};
use crate::{Local, StillWriting};
use tidewaiter_engine::capabilities::Clock;
use tidewaiter_engine::{Error, intake};

impl Runner {
    pub(super) async fn take_in(&mut self) -> StillWriting {
        if !self.may_try(&Unit::Inbox) {
            return StillWriting::default();
        }
        let now = Instant::now();
        let troubles = &self.troubles;
        let may_try =
            |path: &Path| troubles.is_empty() || troubles.may_try(&Unit::Dropped(path.to_owned()), now);
        let taken = match self.inbox.take(self.local.now(), may_try) {
            Ok(taken) => taken,
            Err(error) => {
                let about = (None, "looking for dropped files".to_owned());
                self.failed(Unit::Inbox, about, Task::Look, &error).await;
                return StillWriting::default();
            }
        };
        self.troubles.solved(&Unit::Inbox);
        self.strays = taken.strays;
        self.note_dropped(taken.failures, &taken.writing, now);
        self.stalls = false;
        for dropped in taken.drops {
            self.join_registering(&dropped).await;
            let task = Task::TakeIn(Box::new(dropped.clone()));
            let take_in = async |local: &Local| intake::intake(local, &dropped).await;
            let is_registered =
                self.attempt(Unit::File(dropped.import), taking_in(&dropped), task, take_in).await;
            self.forget_taken_in(&dropped, is_registered).await;
        }
        self.settle_all().await;
        taken.writing
    }

    /// Keeps in mind what could not be taken in, and that everything else could be.
    fn note_dropped(&mut self, failures: Vec<(PathBuf, Error)>, writing: &StillWriting, now: Instant) {
        if failures.is_empty() && self.troubles.is_empty() {
            return;
        }
        let mut failing: HashSet<PathBuf> = failures.iter().map(|(path, _)| path.clone()).collect();
        failing.extend(writing.changing.iter().cloned());
        let troubles = &self.troubles;
        let tried: HashSet<Unit> =
            troubles.units().filter(|unit| troubles.may_try(unit, now)).cloned().collect();
        self.troubles.solved_but(
            |unit| matches!(unit, Unit::Dropped(_)) && tried.contains(unit),
            |unit| matches!(unit, Unit::Dropped(path) if failing.contains(path)),
        );
        for (path, error) in failures {
            let about = (self.repository_in(&path), format!("registering {}", path.display()));
            let unit = Unit::Dropped(path);
            if self.troubles.may_try(&unit, now) {
                self.troubles.failed(unit, about, Task::Look, &error, None);
            }
        }
    }

    /// The repository that a path of the drop zone lies in.
    fn repository_in(&self, path: &Path) -> Option<Repository> {
        let below = path.strip_prefix(self.local.root().join("imports")).ok()?;
        below.components().next()?.as_os_str().to_str()?.parse().ok()
    }
}
