//! A LocalStack for the tests of one process: started when the first of them asks, gone with the process.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::OnceLock;

use crate::fixture::{Server, server};

/// The endpoint of a LocalStack that runs already, in a container for example.
const GIVEN: [&str; 2] = ["LOCALSTACK_ENDPOINT", "AWS_ENDPOINT_URL"];

/// The endpoint of a LocalStack. It is used by all tests of a process at the same time, and may be used by
/// others: what a test makes there needs a name of its own.
///
/// # Panics
/// If none can be started; `tests/localstack/localstack` has said why.
pub fn endpoint() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let (endpoint, _) = SERVER.get_or_init(|| {
        let given = GIVEN.iter().find_map(|name| std::env::var(name).ok());
        server(given, "localstack/localstack", "http://")
    });
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
