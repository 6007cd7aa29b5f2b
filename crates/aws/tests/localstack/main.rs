//! The adapters against a LocalStack: what the ports promise, and what is particular to each service.
#![expect(clippy::unwrap_used, reason = "test support: what fails here fails the test that uses it")]

mod messages;
mod objects;
mod state;
mod support;
