//! The records against a PostgreSQL: what the port promises, and what is particular to tables.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here fails the test that uses it"
)]

mod access;
mod changes;
mod contract;
mod faults;
mod functions;
mod landings;
mod support;
mod tables;
mod tls;
