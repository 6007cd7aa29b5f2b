//! A MariaDB for the tests of one process: started when the first of them asks, gone with the process.

use std::sync::OnceLock;

use crate::fixture::{Server, missing, optional};

/// The environment variable with the address of a MariaDB or MySQL that runs already: `mysql://user@host:port/database`,
/// without a password. The user must be allowed to create databases and users there.
const GIVEN: &str = "TIDEWAITER_TEST_MARIADB";

/// The address of a MariaDB; None where none can be had: its packages are those of one system. Each process says so once.
///
/// # Panics
/// If one can be had and does not start; `tests/mariadb/mariadb` has said why. If none can be had where every server has
/// to be there.
pub fn address() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        optional(std::env::var(GIVEN).ok(), "mariadb/mariadb", "mysql://")
            .inspect_err(|reason| missing("MariaDB", reason))
            .ok()
    });
    server.as_ref().map(|(address, _)| address.as_str())
}
