//! A LocalStack for the tests of one process: started when a test asks, gone with the process.
//!
//! Each works on one processor, so tests that run side by side have one each, up to two.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::fixture::{Server, server};

/// The endpoint of a LocalStack that runs already, in a container for example. All tests use that one.
const GIVEN: [&str; 2] = ["LOCALSTACK_ENDPOINT", "AWS_ENDPOINT_URL"];

/// How many there are at most.
const MOST: usize = 2;

struct LocalStack {
    server: OnceLock<Server>,
    /// How many threads use it.
    threads: AtomicUsize,
}

static ALL: [LocalStack; MOST] =
    [const { LocalStack { server: OnceLock::new(), threads: AtomicUsize::new(0) } }; MOST];

/// The LocalStack of a thread, until the thread ends.
struct Lease(&'static LocalStack);

impl Lease {
    /// Of the one that the fewest threads use.
    fn new() -> Self {
        let fewest = ALL.iter().min_by_key(|one| one.threads.load(Ordering::SeqCst)).unwrap_or(&ALL[0]);
        fewest.threads.fetch_add(1, Ordering::SeqCst);
        Self(fewest)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.threads.fetch_sub(1, Ordering::SeqCst);
    }
}

thread_local! {
    static MINE: Lease = Lease::new();
}

/// The endpoint of the LocalStack of this thread: a test stays on one. What it does in other threads takes the endpoint along,
/// or has clients that know it.
///
/// Other tests may use it at the same time: what a test makes there needs a name of its own.
///
/// # Panics
/// If none can be started; `tests/localstack/localstack` has said why.
pub fn endpoint() -> &'static str {
    let given = GIVEN.iter().find_map(|name| std::env::var(name).ok());
    let mine = if given.is_some() { &ALL[0] } else { MINE.with(|lease| lease.0) };
    let (endpoint, _) = mine.server.get_or_init(|| server(given, "localstack/localstack", "http://"));
    endpoint
}

/// A unique name with this prefix, fit for buckets, tables and queues.
pub fn unique(prefix: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{prefix}-{:016x}", RandomState::new().hash_one(prefix))
}

/// What a LocalStack answers to a GET of one of its own paths, such as `/_aws/ses`: what was sent is read there.
///
/// # Panics
/// If it does not answer.
pub fn get(path: &str) -> String {
    let address = endpoint().trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(address).expect("LocalStack can be reached");
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("LocalStack takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("LocalStack answers");
    answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).expect("the answer has a body")
}
