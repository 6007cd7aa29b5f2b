//! The core of tidewaiter: what a file name means, in which order files are treated, what a line must
//! be, what a line does, and what people are told.
//!
//! Nothing here reads a clock, a file, the environment or the network. Bytes and events come in,
//! decisions go out; the pipeline around it acts on them.

mod bounds;
pub mod check;
pub mod config;
pub mod finding;
pub mod id;
pub mod keys;
mod lists;
pub mod mistake;
pub mod name;
pub mod notice;
pub mod order;
pub mod record;
pub mod render;
pub mod report;
pub mod run;
pub mod schema;
pub mod sequence;
