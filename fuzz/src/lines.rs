//! The lines of a file against a slow and obvious reading of them.

use tidewaiter::name::DroppedName;

use crate::model::{LIMITS, assert_agrees, small};
use crate::support::run_with;

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    (DroppedName::of(name) == DroppedName::Data).then_some(bytes)
}

pub(crate) fn run(body: &[u8]) {
    assert_agrees(body);
    // Without a header of its own: the first line may be anything.
    run_with(&small(), LIMITS, body);
}
