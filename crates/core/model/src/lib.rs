//! What the core of tidewaiter speaks of: values, and what follows from them alone.
//!
//! Names and keys of files, the order in which they are treated, the turns of a repository; findings in data, mistakes in
//! configurations, and the report that holds them. `tidewaiter-render` turns these into what people read.

pub mod finding;
pub mod id;
pub mod item;
pub mod keys;
pub mod lists;
pub mod mistake;
pub mod name;
pub mod order;
pub mod report;
pub mod sequence;
