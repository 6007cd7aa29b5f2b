//! A PostgreSQL for the tests of one process: started when the first of them asks, gone with the process.

use std::sync::OnceLock;

use crate::fixture::{Server, server};

/// The environment variable with the address of a PostgreSQL that runs already: `postgresql://user@host:port/database`.
/// The user must be allowed to create schemas and roles there.
const GIVEN: &str = "TIDEWAITER_TEST_POSTGRES";

/// The address of a PostgreSQL. It is used by all tests of a process at the same time, and may be used by others: what
/// a test makes there needs a name of its own.
///
/// # Panics
/// If none can be started; `tests/postgres/postgres` has said why.
pub fn address() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let (address, _) =
        SERVER.get_or_init(|| server(std::env::var(GIVEN).ok(), "postgres/postgres", "postgresql://"));
    address
}
