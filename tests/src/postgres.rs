//! A PostgreSQL for the tests of one process: started when the first of them asks, gone with the process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The environment variable with the address of a PostgreSQL that runs already: `postgresql://user@host:port/database`.
/// The user must be allowed to create schemas and roles there.
const GIVEN: &str = "TIDEWAITER_TEST_POSTGRES";

/// The address of a PostgreSQL. It is used by all tests of a process at the same time, and may be used by others: what
/// a test makes there needs a name of its own.
///
/// # Panics
/// If none can be started; `tests/postgres/postgres` has said why.
pub fn address() -> &'static str {
    static SERVER: OnceLock<(String, Option<Child>)> = OnceLock::new();
    let (address, _) = SERVER.get_or_init(|| {
        let given = std::env::var(GIVEN).ok().filter(|given| !given.is_empty());
        given.map_or_else(start, |address| (address, None))
    });
    address
}

fn start() -> (String, Option<Child>) {
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/postgres/postgres");
    // It stops when its standard input ends, which it does when this process does, in whatever way.
    let mut child = Command::new(program)
        .arg("fixture")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let mut address = String::new();
    let output = child.stdout.take().expect("its output is a pipe");
    BufReader::new(output).read_line(&mut address).expect("its output can be read");
    assert!(address.starts_with("postgresql://"), "PostgreSQL did not start");
    (address.trim().to_owned(), Some(child))
}
