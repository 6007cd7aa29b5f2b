//! What must hold for any bytes at all. A target takes bytes and panics if something does not hold.
//!
//! The same targets are run in two ways: by the tests, on every seed and on a bounded number of mangled seeds; and by
//! libFuzzer (`make fuzz`), which looks for inputs that reach code that none has reached.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to panic is how a target tells what it found"
)]

#[allow(dead_code, reason = "shared with the tests of the archive reader, which need more of it")]
#[path = "../../crates/archive/tests/archive/oracle.rs"]
mod archive_oracle;
mod archives;
mod config;
#[allow(dead_code, reason = "shared with the tests of the check, which need more of it")]
#[path = "../../crates/core/tidewaiter/tests/check_csv/oracle.rs"]
mod csv_oracle;
#[allow(
    unreachable_pub,
    reason = "shared with the adapters for AWS, whose clients nobody wants to build for this"
)]
#[path = "../../crates/aws/src/events.rs"]
mod decoding;
mod events;
mod fields;
mod files;
mod lines;
#[allow(dead_code, reason = "shared with the tests of the check, which need more of it")]
#[path = "../../crates/core/tidewaiter/tests/check_csv/model.rs"]
mod model;
mod names;
pub mod seeds;
#[allow(dead_code, reason = "shared with the tests of the check, which need more of it")]
#[path = "../../crates/core/tidewaiter/tests/check_csv/support.rs"]
mod support;
mod tars;
mod zips;

/// Something that must hold for any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called on the command line; its corpus is `corpus/<name>.jsonl`.
    pub name: &'static str,
    /// Panics if it does not hold.
    pub run: fn(&[u8]),
    /// How many mangled seeds the tests try: each target takes a second or so.
    pub cases: u32,
    seeds: fn(&str, Vec<u8>) -> Option<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 9] = [
    Target { name: "names", run: names::run, cases: 2_000, seeds: names::seed },
    Target { name: "config", run: config::run, cases: 300, seeds: config::seed },
    Target { name: "events", run: events::run, cases: 2_000, seeds: events::seed },
    Target { name: "lines", run: lines::run, cases: 500, seeds: lines::seed },
    Target { name: "files", run: files::run, cases: 200, seeds: files::seed },
    Target { name: "fields", run: fields::run, cases: 1_000, seeds: fields::seed },
    Target { name: "archives", run: archives::run, cases: 500, seeds: archives::seed },
    Target { name: "zips", run: zips::run, cases: 5_000, seeds: zips::seed },
    Target { name: "tars", run: tars::run, cases: 2_000, seeds: tars::seed },
];

impl Target {
    /// The target of this name.
    pub fn named(name: &str) -> Option<Self> {
        TARGETS.into_iter().find(|target| target.name == name)
    }
}
