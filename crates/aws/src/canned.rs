//! A service on this machine with canned answers, for tests: what AWS says when it refuses something is not to be had
//! from AWS at will.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};

use crate::clients;

/// An answer: status, type of content, content.
pub(crate) type Answer = (u16, &'static str, String);

/// Serves requests for as long as the test runs; `answer` is given their bodies. Clients with what is returned send
/// theirs there, each once.
pub(crate) fn serve(mut answer: impl FnMut(String) -> Answer + Send + 'static) -> SdkConfig {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            serve_one(stream.unwrap(), &mut answer);
        }
    });
    let credentials = Credentials::new("a", "b", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .http_client(clients::http())
        .endpoint_url(endpoint)
        .build()
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
