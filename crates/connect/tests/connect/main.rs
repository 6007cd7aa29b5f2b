//! Databases, read: against a real server of each kind.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here fails the test that uses it"
)]

mod certificates;
mod clickhouse;
mod hostile;
mod last_item;
mod mariadb;
mod network;
mod sqlserver;
mod support;
mod types;
mod wrong_place;
