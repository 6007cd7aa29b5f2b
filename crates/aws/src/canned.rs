//! A service on this machine with canned answers, for tests: what AWS says when it refuses something is not to be had
//! from AWS at will.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// An answer: status, type of content, content.
pub(crate) type Answer = (u16, &'static str, String);

/// Serves requests for as long as the test runs; `answer` is given their bodies. Where it is.
pub(crate) fn serve(mut answer: impl FnMut(String) -> Answer + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve_one(stream.unwrap(), &mut answer);
        }
    });
    endpoint
}

fn serve_one(mut stream: TcpStream, answer: &mut impl FnMut(String) -> Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let (status, kind, body) = answer(String::from_utf8(body).unwrap());
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
}
