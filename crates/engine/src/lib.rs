//! The use cases of tidewaiter, over ports.
//!
//! A file passes through [`intake`], [`sequence`], [`process`] and [`report`]. Each takes a message, acts through the
//! [`ports`], and may be called again with the same message at any time: it picks up where it stopped. Each names the
//! [`capabilities`] that it needs, and a deployment implements those that it has.

pub mod capabilities;
pub mod change_blocks;
mod chunks;
pub mod conclude;
pub mod config_cache;
pub mod configs;
#[cfg(feature = "contract")]
pub mod contract;
pub mod digest;
mod displace;
pub mod error;
pub mod examine;
pub mod fetch;
pub mod follow;
pub mod hash;
mod in_flight;
pub mod intake;
mod lost;
mod parts;
pub mod ports;
pub mod problems;
pub mod process;
mod pulse;
pub mod reconcile;
pub mod register;
pub mod report;
pub mod sequence;
pub mod watch;
mod written;

pub use error::{Error, Result};
