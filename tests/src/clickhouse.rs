//! The engine of ClickHouse for one test: it is a process of its own, and does one thing at a time.

use std::process::Child;

use crate::fixture::{missing, optional};

/// An engine. It is gone when this is dropped.
#[derive(Debug)]
pub struct Engine {
    address: String,
    child: Option<Child>,
}

impl Engine {
    /// One that runs; None where it is not installed.
    ///
    /// # Panics
    /// If it is installed and does not start; `tests/clickhouse/clickhouse` has said why. If it is not installed where
    /// every server has to be there.
    pub fn new() -> Option<Self> {
        optional(None, "clickhouse/clickhouse", "http://")
            .inspect_err(|reason| missing("ClickHouse", reason))
            .ok()
            .map(|(address, child)| Self { address, child })
    }

    /// Its address, as `http://user:password@host:port/database`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.stdin.take());
            let _ = child.wait();
        }
    }
}
