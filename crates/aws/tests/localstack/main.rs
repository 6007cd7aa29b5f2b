//! The adapters against a LocalStack: what the ports promise, and what is particular to each service.

mod objects;
mod state;
mod support;
