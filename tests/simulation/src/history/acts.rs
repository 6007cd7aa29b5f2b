//! What happens from outside: partners drop and delete, the clock goes on or jumps, functions are deployed anew, the
//! schedule fires.

use tidewaiter_engine::ports::{DroppedObject, Nature, Source};

use super::{History, TIME_OUT, one_to_three};
use crate::fault::Fault;
use crate::messages::Body;
use crate::scenario::{Action, Dropped, What};
use crate::watch::Upload;
use crate::world::import_id;

impl History {
    /// Does what comes next from outside.
    pub(super) fn act(&mut self) {
        let Some(action) = self.actions.pop() else { return };
        match action {
            Action::Drop(dropped) => self.upload(*dropped),
            Action::Delete(n) => {
                let Some(id) = self.dropped.get(n).copied() else { return };
                self.world.with(|inner| {
                    let id = inner.watch.taken_as(id);
                    let Some(key) = inner.watch.uploads.get(&id).map(|upload| upload.source.key.clone())
                    else {
                        return;
                    };
                    if inner.bucket.get(&key, None).is_ok() {
                        inner.faults.add(Fault::Deleted);
                        inner.tell(|| format!("the partner deletes {key}"));
                        inner.watch.hidden(&key);
                        inner.bucket.delete(&key, None);
                    }
                });
            }
            Action::DeleteForGood(n) => {
                let Some(id) = self.dropped.get(n).copied() else { return };
                self.world.with(|inner| {
                    let id = inner.watch.taken_as(id);
                    let Some(upload) = inner.watch.uploads.get_mut(&id) else { return };
                    let Source { key, version } = upload.source.clone();
                    if inner.bucket.get(&key, version.as_deref()).is_ok() {
                        upload.is_gone = true;
                        inner.faults.add(Fault::DeletedForGood);
                        inner.tell(|| format!("somebody deletes the version of {id}, {key}, for good"));
                        inner.bucket.delete(&key, version.as_deref());
                    }
                });
            }
        }
    }

    fn upload(&mut self, dropped: Dropped) {
        let Some((repository, _)) = self.partners.get(dropped.partner) else { return };
        let key = format!("imports/{repository}/{}", dropped.file);
        let Ok(repository) = repository.parse() else { return };
        let id = self.world.with(|inner| {
            let version = inner.bucket.put(&key, dropped.bytes.clone(), false).ok();
            let arrived = inner.time();
            let id = import_id(&key, version.as_deref().unwrap_or_default(), arrived);
            let source = Source { key: key.clone(), version };
            inner.tell(|| format!("DROPPED: {key}, {} bytes, import {id}", dropped.bytes.len()));
            let bytes = dropped.bytes.len() as u64;
            let (file, nature) = (dropped.file.clone(), Nature::File);
            let event = DroppedObject {
                repository,
                file,
                import: id,
                source: source.clone(),
                nature,
                bytes,
                arrived,
            };
            if matches!(dropped.what, What::Configuration(_) | What::Foreign) {
                inner.faults.add(Fault::ConfigChanged);
            }
            if let Some(fault) = inner.watch.uploaded(id, Upload::new(dropped, source)) {
                inner.faults.add(fault);
            }
            let now = inner.now;
            inner.send(Body::Upload(event), now);
            id
        });
        self.dropped.push(id);
    }

    /// The clock jumps forward.
    pub(super) fn jump(&mut self) {
        let seconds = self.world.with(|inner| match inner.chance.below(10) {
            0..6 => 1 + inner.chance.below(20),
            6..8 => 60 + inner.chance.below(1_200),
            8 => 3_600 + inner.chance.below(7_200),
            _ => 86_400 + inner.chance.below(100_000),
        });
        self.fault(Fault::ClockJumped);
        self.advance(seconds.cast_signed() * 1_000);
    }

    /// Waits for the next message.
    pub(super) fn jump_to_next(&mut self) {
        let wait = self.world.with(|inner| {
            let next =
                inner.queue.iter().filter(|envelope| !envelope.is_in_hand).map(|envelope| envelope.visible);
            next.min().map_or(1_000, |next| next - inner.now)
        });
        self.advance(wait.max(0));
    }

    fn advance(&mut self, millis: i64) {
        let now = self.world.with(|inner| {
            inner.pass(millis);
            inner.now
        });
        // Who has taken too long is stopped.
        let mut n = 0;
        while let Some(task) = self.tasks.get(n) {
            if now - task.began > TIME_OUT && !self.is_calm {
                self.fault(Fault::OutOfTime);
                self.kill(n, "took too long");
            } else {
                n += 1;
            }
        }
    }

    /// New versions of the functions.
    pub(super) fn redeploy(&mut self) {
        self.fault(Fault::Redeployed);
        self.idle.clear();
        self.loaders = self.world.with(|inner| one_to_three(&mut inner.chance));
        self.tell(|| format!("the functions are deployed anew, with {} loaders", self.loaders));
    }

    pub(super) fn sweep(&mut self) {
        if !self.tasks.is_empty() {
            self.fault(Fault::SweptAtWork);
        }
        self.world.with(|inner| {
            let now = inner.now;
            inner.sent += 1;
            let number = inner.sent;
            let envelope = crate::messages::Envelope {
                number,
                body: Body::Sweep,
                visible: now,
                tries: 0,
                is_in_hand: false,
            };
            inner.queue.push(envelope);
        });
    }
}
