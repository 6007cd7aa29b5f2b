//! What stands between a function and LocalStack, and kills the function at a request that it was told:
//! before it is passed on, or when it was answered and the function does not know yet.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use tidewaiter_tests::localstack;

/// How often the clients ask before they give up.
const TRIES: u32 = 3;

/// When a function dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing came of the request.
    Before,
    /// It took effect, and nobody was told.
    After,
}

/// One round of deaths: at the first request of a process, at the second of the next one, and so on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Round {
    pub(crate) when: When,
    pub(crate) from: u32,
    pub(crate) to: u32,
    /// How many requests later the next one dies.
    pub(crate) step: u32,
}

#[derive(Debug, Default)]
struct Orders {
    rounds: VecDeque<Round>,
    /// How many requests each process has made.
    lives: BTreeMap<u32, u32>,
    kills: Vec<String>,
    /// What is answered with a failure, in how many invocations.
    refuse: Option<(String, u32)>,
    refused: u32,
    requests: u64,
    most: u32,
}

impl Orders {
    /// Notes a request of a process; whether it dies of it.
    fn request(&mut self, process: u32, what: &str) -> Option<When> {
        let made = self.lives.entry(process).or_default();
        *made += 1;
        self.requests += 1;
        self.most = self.most.max(*made);
        let round = self.rounds.front_mut()?;
        if *made < round.from {
            return None;
        }
        self.kills.push(format!("{:?} request {made}, {what}", round.when));
        let when = round.when;
        round.from += round.step.max(1);
        if round.from > round.to {
            self.rounds.pop_front();
        }
        self.lives.remove(&process);
        Some(when)
    }
}

/// A proxy for the processes of one function.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    address: SocketAddr,
    /// Where LocalStack is reached.
    server: &'static str,
    orders: Arc<Mutex<Orders>>,
}

impl Proxy {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = localstack::endpoint().trim_start_matches("http://").trim_end_matches('/');
        let proxy = Self { address: listener.local_addr().unwrap(), server, orders: Arc::default() };
        let serving = proxy.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let proxy = serving.clone();
                // A connection that breaks is none of our business: mostly it is we who broke it.
                std::thread::spawn(move || proxy.serve(&stream).unwrap_or_default());
            }
        });
        proxy
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Kills from now on.
    pub(crate) fn kill(&self, rounds: &[Round]) {
        self.orders.lock().unwrap().rounds = rounds.iter().copied().collect();
    }

    /// Answers requests that are so called with a failure of the service, until a function gave up so many times.
    pub(crate) fn refuse(&self, what: &str, times: u32) {
        self.orders.lock().unwrap().refuse = Some((what.to_owned(), times * TRIES));
    }

    /// How often a function gave up.
    pub(crate) fn refused(&self) -> u32 {
        self.orders.lock().unwrap().refused / TRIES
    }

    fn is_refused(&self, what: &str) -> bool {
        let mut orders = self.orders.lock().unwrap();
        let Some((refused, left)) = orders.refuse.as_mut() else { return false };
        if *left == 0 || !what.starts_with(refused.as_str()) {
            return false;
        }
        *left -= 1;
        orders.refused += 1;
        true
    }

    /// Whether there is nothing left to kill for; how often the function was killed, and when.
    pub(crate) fn kills(&self) -> (bool, Vec<String>) {
        let orders = self.orders.lock().unwrap();
        (orders.rounds.is_empty(), orders.kills.clone())
    }

    /// How many requests passed, and the most that one process made.
    pub(crate) fn requests(&self) -> (u64, u32) {
        let orders = self.orders.lock().unwrap();
        (orders.requests, orders.most)
    }

    /// One request a connection: the answer ends it.
    fn serve(&self, client: &TcpStream) -> std::io::Result<()> {
        let Some(request) = request(&mut BufReader::new(client))? else { return Ok(()) };
        let mut output = client;
        if self.is_refused(&request.what) {
            let answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return output.write_all(answer.as_bytes());
        }
        let order = self.process_of(client).and_then(|process| {
            let order = self.orders.lock().unwrap().request(process, &request.what);
            order.map(|when| (process, when))
        });
        if let Some((process, When::Before)) = order {
            return kill(process);
        }
        let mut server = TcpStream::connect(self.server)?;
        server.write_all(&request.bytes)?;
        // It closes when it has answered: that was asked of it.
        let mut answer = Vec::new();
        server.read_to_end(&mut answer)?;
        if let Some((process, When::After)) = order {
            return kill(process);
        }
        output.write_all(&answer)?;
        client.shutdown(std::net::Shutdown::Both)
    }

    /// The process at the other end, if it is one of the function.
    fn process_of(&self, client: &TcpStream) -> Option<u32> {
        let peer = client.peer_addr().ok()?;
        let SocketAddr::V4(address) = peer else { return None };
        let here = format!("{:08X}:{:04X}", u32::from_le_bytes(address.ip().octets()), address.port());
        let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
        let inode = table.lines().find_map(|line| {
            let columns: Vec<&str> = line.split_whitespace().collect();
            (columns.get(1) == Some(&here.as_str())).then(|| columns[9].to_owned())
        })?;
        let (socket, mark) = (format!("socket:[{inode}]"), format!("AWS_ENDPOINT_URL={}", self.endpoint()));
        std::fs::read_dir("/proc").ok()?.filter_map(Result::ok).find_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            environment.split(|byte| *byte == 0).find(|variable| *variable == mark.as_bytes())?;
            let mut files = std::fs::read_dir(entry.path().join("fd")).ok()?.filter_map(Result::ok);
            let is_its = |file: std::fs::DirEntry| {
                std::fs::read_link(file.path()).is_ok_and(|link| link.to_str() == Some(socket.as_str()))
            };
            files.any(is_its).then_some(process)
        })
    }
}

fn kill(process: u32) -> std::io::Result<()> {
    let killed = Command::new("kill").args(["-KILL", &process.to_string()]).status()?;
    assert!(killed.success(), "{process} is not there any more");
    Ok(())
}

struct Request {
    what: String,
    bytes: Vec<u8>,
}

/// A request as it is passed on: with its body, and so that the connection ends with the answer.
fn request(input: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let (mut head, mut length, mut chunked, mut target) = (String::new(), 0, false, String::new());
    let mut first = String::new();
    if input.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    head.push_str(&first);
    loop {
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.trim().split_once(':').unwrap_or_default();
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "connection" | "expect" => continue,
            "content-length" => length = value.parse().unwrap_or(0),
            "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
            "x-amz-target" => value.clone_into(&mut target),
            _ => (),
        }
        head.push_str(&line);
    }
    assert!(!chunked, "the clients say how long a body is");
    head.push_str("Connection: close\r\n\r\n");
    let mut bytes = head.into_bytes();
    let start = bytes.len();
    bytes.resize(start + length, 0);
    input.read_exact(&mut bytes[start..])?;
    let what =
        if target.is_empty() { first.split(" HTTP").next().unwrap_or_default().to_owned() } else { target };
    Ok(Some(Request { what, bytes }))
}
