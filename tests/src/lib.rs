//! Support for the tests that drive tidewaiter as its users do: files go into a folder, a run treats
//! them, and what lies in the folder afterwards is looked at.
//!
//! * [`World`] is a deployment in a folder of its own.
//! * [`golden`] compares what comes of deliveries with what was expected of them, case by case.
//! * [`mod@reference`] says what an import means, a second time and plainly.
//! * [`postgres`], [`mariadb`] and [`localstack`] start a server for the tests of a process.
//! * [`generate`] makes data of any size that looks like a retailer's, always the same for a seed.
#![expect(clippy::expect_used, reason = "test support: what fails here fails the test that uses it")]
#![expect(clippy::panic, reason = "test support: what fails here fails the test that uses it")]
#![allow(clippy::missing_panics_doc, reason = "test support: what fails here fails the test that uses it")]

mod fixture;
pub mod generate;
pub mod golden;
pub mod invariants;
pub mod localstack;
pub mod mail;
pub mod mariadb;
pub mod mask;
pub mod postgres;
pub mod reference;
pub mod spelling;
pub mod world;

pub use mask::Mask;
/// A plain client of SQLite, for databases that partners have and for records.
pub use rusqlite;
pub use world::World;
