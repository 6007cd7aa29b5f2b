//! A server for the tests of one process, started by a program under `tests/` that prints where it is reached.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// Where a server is reached, and its process if this one has started it.
pub(crate) type Server = (String, Option<Child>);

/// The server that is `given`, or one that `tests/<program> fixture` starts.
///
/// # Panics
/// If it does not start; the program has said why.
pub(crate) fn server(given: Option<String>, program: &str, scheme: &str) -> Server {
    let start = || {
        let (address, child, _) = started(program, scheme);
        (address, Some(child))
    };
    given.filter(|given| !given.is_empty()).map_or_else(start, |given| (given, None))
}

/// Starts a server: where it is reached, its process, and what it says from then on.
pub(crate) fn started(program: &str, scheme: &str) -> (String, Child, BufReader<ChildStdout>) {
    let path = format!("{}/{program}", env!("CARGO_MANIFEST_DIR"));
    // It stops when its standard input ends, which it does when this process does, in whatever way.
    let mut child = Command::new(&path)
        .arg("fixture")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut address = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    output.read_line(&mut address).expect("its output can be read");
    assert!(address.starts_with(scheme), "{program} did not start a server");
    (address.trim().to_owned(), child, output)
}
