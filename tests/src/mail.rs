//! Reads the mails of an outbox, as far as they are looked at here: their headers and their plain text.

use std::fmt;

use crate::mask::Mask;

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The addresses it goes to, as the header has them.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its plain text.
    pub text: String,
    /// Its HTML.
    pub html: String,
}

impl Mail {
    /// The same mail with ids and times masked.
    #[must_use]
    pub fn masked(&self, mask: &Mask) -> Self {
        Self {
            to: self.to.clone(),
            subject: mask.ids(&self.subject),
            text: mask.text(&self.text),
            html: String::new(),
        }
    }
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "To: {}\nSubject: {}\n\n{}", self.to, self.subject, self.text)
    }
}

/// Reads a mail.
pub fn parse(message: &[u8]) -> Mail {
    let message = String::from_utf8_lossy(message).replace("\r\n", "\n");
    let (headers, body) = message.split_once("\n\n").unwrap_or((&message, ""));
    let headers = unfolded(headers);
    let boundary = parameter(&header(&headers, "content-type"), "boundary");
    let part = |kind: &str| {
        if boundary.is_empty() {
            // Text, and nothing else.
            return if kind == "text/plain" { decoded(&headers, body) } else { String::new() };
        }
        let opening = format!("--{boundary}\n");
        let parts = body.split(&opening).filter_map(|part| part.split_once("\n\n"));
        parts
            .map(|(headers, body)| (unfolded(headers), body))
            .find(|(headers, _)| header(headers, "content-type").starts_with(kind))
            .map(|(headers, body)| {
                decoded(&headers, body.split(&format!("\n--{boundary}")).next().unwrap_or_default())
            })
            .unwrap_or_default()
    };
    Mail {
        to: header(&headers, "to"),
        subject: words(&header(&headers, "subject")),
        text: part("text/plain"),
        html: part("text/html"),
    }
}

fn unfolded(headers: &str) -> String {
    headers.replace("\n\t", " ").replace("\n ", " ")
}

fn header(headers: &str, name: &str) -> String {
    let of = |line: &str| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    };
    headers.lines().find_map(of).unwrap_or_default()
}

fn parameter(header: &str, name: &str) -> String {
    let of =
        |part: &str| Some(part.trim().strip_prefix(name)?.strip_prefix('=')?.trim_matches('"').to_owned());
    header.split(';').find_map(of).unwrap_or_default()
}

fn decoded(headers: &str, body: &str) -> String {
    let bytes = match header(headers, "content-transfer-encoding").to_ascii_lowercase().as_str() {
        "base64" => base64(body),
        "quoted-printable" => quoted_printable(body),
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8_lossy(&bytes).replace("\r\n", "\n")
}

fn quoted_printable(body: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = body.replace("=\n", "");
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(byte);
        rest = after.get(2..).unwrap_or_default().to_owned();
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

fn base64(body: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in body.bytes().filter_map(|b| DIGITS.iter().position(|d| *d == b)) {
        held = (held << 6 | digit as u32) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}

/// Decodes the encoded words of a header.
fn words(header: &str) -> String {
    let mut text = String::new();
    let mut rest = header;
    while let Some((before, word)) = rest.split_once("=?") {
        // The space between two encoded words belongs to neither.
        if text.is_empty() || !before.trim().is_empty() {
            text.push_str(before);
        }
        let mut parts = word.splitn(3, '?');
        let (_charset, encoding, tail) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        let (encoded, behind) = tail.split_once("?=").unwrap_or((tail, ""));
        let bytes = match encoding {
            Some("B" | "b") => base64(encoded),
            _ => quoted_printable(&encoded.replace('_', " ")),
        };
        text.push_str(&String::from_utf8_lossy(&bytes));
        rest = behind;
    }
    text.push_str(rest);
    text
}
