//! The checker from outside: every rule with its exact finding, and properties that hold for any bytes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a panic is a failed test"
)]

mod agreement;
mod classics;
mod files;
mod hostile;
mod lines;
mod model;
mod oracle;
mod quotes;
mod reference;
mod support;
