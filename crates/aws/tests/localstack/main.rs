//! The adapters against a LocalStack: what the ports promise, and what is particular to each service.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: what fails here fails the test that uses it"
)]

mod cloud;
mod connections;
mod crowd;
mod deployed;
mod faults;
mod golden;
mod in_flight;
mod killed;
mod large;
mod locations;
mod messages;
mod missed;
mod objects;
mod operator;
mod postgres;
mod proxy;
mod queries;
mod records;
mod requests;
mod secret_keys;
mod stack;
mod state;
mod support;
