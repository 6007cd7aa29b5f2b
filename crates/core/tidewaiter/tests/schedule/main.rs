//! When something runs by itself.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

mod clocks;
mod model;
mod oracle;
mod reading;

use serde_json::Value;
use tidewaiter::config::Schedule;

fn schedule(document: Value) -> Schedule {
    let text = document.to_string();
    Schedule::parse("schedule", document).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"))
}

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}
