//! What a function knows of the invocation that it is in.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tidewaiter::id::Timestamp;

/// How long before its end an invocation begins nothing further, at most; a tenth of its time if that is less.
const SPARE: Duration = Duration::from_mins(1);
/// How much longer than its invocation a read is held to be under way: the clocks of two processes differ, and what was
/// sent last may arrive a little later.
const MARGIN_SECONDS: u32 = 60;

/// The invocation that a process is in; it has one at a time.
#[derive(Debug, Default)]
pub(super) struct Invocation(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    request: String,
    /// When it is stopped. None where nothing stops it.
    ends: Option<Timestamp>,
    /// When it leaves what is left to another one.
    leaves: Option<Timestamp>,
}

impl Invocation {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An invocation begins.
    pub(super) fn begin(&self, request: &str, ends: Timestamp, now: Timestamp) {
        let spare = SPARE.min(until(ends, now) / 10);
        let leaves = ends.checked_sub(spare).unwrap_or(ends);
        *self.known() = Known { request: request.to_owned(), ends: Some(ends), leaves: Some(leaves) };
    }

    /// The request that it answers.
    pub(super) fn request(&self) -> String {
        self.known().request.clone()
    }

    /// How long it may go on with what it does. None where nothing stops it.
    pub(super) fn time_left(&self, now: Timestamp) -> Option<Duration> {
        self.known().leaves.map(|leaves| until(leaves, now))
    }

    /// After how many seconds a read that is claimed now has ended, whatever became of this invocation.
    pub(super) fn read_seconds(&self, now: Timestamp) -> u32 {
        let left = self.known().ends.map(|ends| until(ends, now)).unwrap_or_default();
        u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1).saturating_add(MARGIN_SECONDS)
    }
}

fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    #[test]
    fn an_invocation_stops_before_it_is_stopped_and_its_read_is_over_after_that() {
        let invocation = Invocation::default();
        assert_eq!(invocation.time_left(at(0)), None, "nothing stops it");
        invocation.begin("r1", at(900), at(0));
        assert_eq!(invocation.request(), "r1");
        assert_eq!(invocation.time_left(at(0)), Some(Duration::from_mins(14)));
        assert_eq!(invocation.time_left(at(839)), Some(Duration::from_secs(1)));
        assert_eq!(invocation.time_left(at(900)), Some(Duration::ZERO));
        assert_eq!(invocation.read_seconds(at(0)), 961);
        assert_eq!(invocation.read_seconds(at(899)), 62, "however late it is claimed");
        invocation.begin("r2", at(1_000), at(950));
        assert_eq!(
            invocation.time_left(at(950)),
            Some(Duration::from_secs(45)),
            "a tenth of a short one is spare"
        );
        assert_eq!(invocation.request(), "r2");
    }
}
