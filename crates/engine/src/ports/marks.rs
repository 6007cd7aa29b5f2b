//! Marks: at which time something was noted, by a key.

use std::future::Future;

use tidewaiter::id::Timestamp;

use crate::Result;

/// Marks: notices that were sent, and heartbeats. Each method is one atomic step and may be repeated without harm.
pub trait Marks: Send + Sync + 'static {
    /// Sets a mark unless it is set. Returns the time that is set then.
    fn put_if_absent(&self, key: &str, at: Timestamp) -> impl Future<Output = Result<Timestamp>> + Send;
    /// Sets a mark, whatever was set before.
    fn put(&self, key: &str, at: Timestamp) -> impl Future<Output = Result<()>> + Send;
    /// Returns the time of a mark, or None if it is not set.
    fn get(&self, key: &str) -> impl Future<Output = Result<Option<Timestamp>>> + Send;
}
