//! A server for the tests of one process, started by a program under `tests/` that prints where it is reached.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

/// The environment variable that is set where every server has to be there, as for `make test-databases`.
const ALL: &str = "TIDEWAITER_TEST_ALL_DATABASES";

/// Tells that nothing is tested with a server.
///
/// # Panics
/// Where every server has to be there.
#[expect(clippy::print_stderr, reason = "tests that do not run are told to the one who runs them")]
pub(crate) fn missing(name: &str, reason: &str) {
    assert!(std::env::var_os(ALL).is_none(), "no {name}, and {ALL} asks for it: {reason}");
    eprintln!("no {name}, so nothing is tested with it: {reason}");
}

/// Where a server is reached, and its process if this one has started it.
pub(crate) type Server = (String, Option<Child>);

/// A server that was started: where it is reached, its process, and what it says from then on.
pub(crate) type Started = (String, Child, BufReader<ChildStdout>);

/// The server that is `given`, or one that `tests/<program> fixture` starts.
///
/// # Panics
/// If it does not start; the program has said why.
pub(crate) fn server(given: Option<String>, program: &str, scheme: &str) -> Server {
    let server = optional(given, program, scheme);
    server.unwrap_or_else(|reason| panic!("{program} did not start a server: {reason}"))
}

/// The same; the reason if the server cannot be had here.
///
/// # Panics
/// If it does not start; the program has said why.
pub(crate) fn optional(given: Option<String>, program: &str, scheme: &str) -> Result<Server, String> {
    let start = || try_start(program, scheme).map(|(address, child, _)| (address, Some(child)));
    given.filter(|given| !given.is_empty()).map_or_else(start, |given| Ok((given, None)))
}

/// Starts a server.
///
/// # Panics
/// If it does not start; the program has said why.
pub(crate) fn started(program: &str, scheme: &str) -> Started {
    try_start(program, scheme).unwrap_or_else(|reason| panic!("{program} did not start a server: {reason}"))
}

fn try_start(program: &str, scheme: &str) -> Result<Started, String> {
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
    if let Some(reason) = address.strip_prefix("none:") {
        child.wait().expect("it ends by itself");
        return Err(reason.trim().to_owned());
    }
    assert!(address.starts_with(scheme), "{program} did not start a server");
    Ok((address.trim().to_owned(), child, output))
}
