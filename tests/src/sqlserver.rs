//! A server of SQL Server's protocol for the tests of one process: started when the first of them asks, gone with the
//! process.

use std::sync::OnceLock;

use crate::fixture::{Server, missing, optional};

/// The address of the server, as `sqlserver://user:password@host:port/database?file`; the file holds the certificate
/// authority. None where none can be had. Each process says so once.
///
/// # Panics
/// If one can be had and does not start; `tests/sqlserver/sqlserver` has said why. If none can be had where every server
/// has to be there.
pub fn address() -> Option<&'static str> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| {
        optional(None, "sqlserver/sqlserver", "sqlserver://")
            .inspect_err(|reason| missing("SQL Server", reason))
            .ok()
    });
    server.as_ref().map(|(address, _)| address.as_str())
}
