//! A folder deployment on a file system that fails at every call, and beside a hostile neighbour.
//!
//! * [`scenario`] says what is dropped: it reaches every path of the folder adapter;
//! * [`fault`] says what can go wrong with a call, and [`inject`] lets it;
//! * [`journal`] knows what of the files is durable, and cuts the power;
//! * [`trial`] runs a deployment with one fault, and compares what comes of it with an undisturbed run;
//! * [`neighbour`] is a partner that changes its own drop zone between any two calls;
//! * [`sweep`] does both for many faults and seeds.
//!
//! `docs/faults.md` says how it is used.
#![expect(clippy::expect_used, reason = "test support: what fails here fails the test that uses it")]
#![allow(clippy::missing_panics_doc, reason = "test support: what fails here fails the test that uses it")]

pub mod deployment;
pub mod fault;
pub mod inject;
pub mod journal;
pub mod neighbour;
pub mod scenario;
pub mod seen;
pub mod sweep;
pub mod trial;

pub use deployment::Deployment;
