//! Reads definitions, or tells every mistake in them with its path.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::{Map, Value};
use tidewaiter::mistake::Mistake;
use tidewaiter::name::did_you_mean;

use super::engines::{ENGINES, Engine, Reached};
use super::keys::Keys;
use super::{Definition, Definitions, Forms, Network, PasswordKey, Target};
use crate::settings::{Limits, is_near};

const MAX_ROWS: RangeInclusive<u64> = 1..=1_000_000_000_000;
const MAX_BYTES: RangeInclusive<u64> = 1..=1 << 50;
/// The first fits a row of short values. The last is the longest answer of MySQL.
const MAX_ROW_BYTES: RangeInclusive<u64> = 1_024..=1 << 30;
const MAX_SECONDS: RangeInclusive<u64> = 1..=86_400;
const MAX_READS: RangeInclusive<u64> = 1..=100;
/// The keys of a database that is a file, and of one in a network. Those that name a password are beside them.
const FILE: &[&str] = &["file"];
const NETWORK: &[&str] = &["host", "port", "database", "user", "tls", "certificates"];

impl<P> Definitions<P> {
    /// Reads definitions: an object for each name. `path` is the one of the document in mistakes; it is empty if the
    /// definitions are the whole document.
    ///
    /// ```
    /// use tidewaiter_connect::{Definitions, Forms};
    ///
    /// let forms = Forms::<String> {
    ///     passwords: &[], advice: "", certificates: "a file", has_files: true, user_beside_password: false,
    /// };
    /// let document = serde_json::json!({
    ///     "shop": { "engine": "sqlite", "file": "shop.sqlite", "repositories": ["acme"] },
    /// });
    /// let definitions = Definitions::read("connections", document, &forms).unwrap();
    /// assert!(definitions.open_to("shop", &"acme".parse().unwrap()).is_ok());
    /// assert!(definitions.open_to("shop", &"globex".parse().unwrap()).is_err());
    /// ```
    ///
    /// # Errors
    /// Every mistake.
    pub fn read(path: &str, document: Value, forms: &Forms<P>) -> Result<Self, Vec<Mistake>> {
        let Value::Object(document) = document else {
            return Err(vec![Mistake::new(path, "this is a table with a connection for each name")]);
        };
        let (mut read, mut mistakes) = (Vec::new(), Vec::new());
        for (name, value) in document {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match value {
                _ if !is_name(&name) => mistakes.push(Mistake::new(
                    path,
                    "the name of a connection has up to 64 letters, digits, `_` and `-`",
                )),
                Value::Object(table) => read.extend(definition(path, name, table, forms, &mut mistakes)),
                _ => mistakes.push(Mistake::new(path, "this is a table")),
            }
        }
        read.sort_by(|one, other| one.name.cmp(&other.name));
        if mistakes.is_empty() { Ok(Self(read)) } else { Err(mistakes) }
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// Reads one definition. None if it has a mistake.
fn definition<P>(
    path: String,
    name: String,
    table: Map<String, Value>,
    forms: &Forms<P>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Definition<P>> {
    let mut keys = Keys::new(path, table, mistakes);
    let engine = engine(&mut keys, forms);
    let passwords: Vec<&'static str> = forms.passwords.iter().map(|password| password.key).collect();
    let target = match engine.map(|engine| engine.reached) {
        Some(Reached::File(server)) => {
            let hint = "`file` names it";
            keys.refuse(
                &[NETWORK, &passwords].concat(),
                "a database of SQLite is a file, and takes none",
                hint,
            );
            let what = "the path of a database of SQLite";
            keys.needed("file", what).map(|file| Target::File(file.into(), server))
        }
        Some(Reached::Network(port, server)) => {
            keys.refuse(
                FILE,
                "this engine is reached by a network, and takes none",
                "`host` names its server",
            );
            network(port, &mut keys, forms).map(|network| Target::Network(network, server))
        }
        None => {
            // Which of these go with the engine is not known.
            for key in [FILE, NETWORK, &passwords].concat() {
                keys.take(key);
            }
            None
        }
    };
    keys.refuse(&["password"], "a password is not written here", forms.advice);
    let repositories = keys.repositories("repositories");
    let limits = limits(&mut keys);
    let max_reads = keys.number("max_reads", MAX_READS).and_then(|reads| u32::try_from(reads).ok());
    keys.finish();
    Some(Definition {
        name,
        engine: engine?.word,
        target: target?,
        repositories,
        limits,
        max_reads: max_reads.unwrap_or(1),
    })
}

fn engine<P>(keys: &mut Keys<'_>, forms: &Forms<P>) -> Option<&'static Engine> {
    let here = |engine: &&Engine| forms.has_files || matches!(engine.reached, Reached::Network(..));
    let words: Vec<&str> = ENGINES.iter().filter(here).map(|engine| engine.word).collect();
    let what = words.join(", ");
    let word = keys.needed("engine", &format!("one of {what}"))?;
    let found = ENGINES.iter().filter(here).find(|engine| engine.word == word);
    if found.is_none() {
        let hint = did_you_mean(&word, words.iter().copied()).unwrap_or_default();
        keys.mistake("engine", &format!("this is one of {what}"), &hint);
    }
    found
}

fn network<P>(default_port: u16, keys: &mut Keys<'_>, forms: &Forms<P>) -> Option<Network<P>> {
    let host = keys.needed("host", "the name or the address of a server");
    if let Some(host) = &host {
        check_host(host, keys);
    }
    let port = keys.number("port", 1..=u64::from(u16::MAX)).and_then(|port| u16::try_from(port).ok());
    let database = keys.needed("database", "the name of a database");
    let password = password(keys, forms);
    let user = if forms.user_beside_password && password.is_some() {
        keys.text("user", "the name of a user")
    } else {
        keys.needed("user", "the name of a user")
    };
    let is_protected = keys.flag("tls", true);
    let certificates = keys.text("certificates", forms.certificates);
    if !is_protected && host.as_deref().is_some_and(|host| !is_near(host)) {
        let hint =
            "remove it; `certificates` names the authority of the server if the machine does not know it";
        keys.mistake("tls", "TLS may be left out for this machine only", hint);
    }
    if !is_protected && certificates.is_some() {
        keys.mistake("certificates", "without TLS there are no certificates", "remove `tls = false`");
    }
    Some(Network {
        host: host?,
        port: port.unwrap_or(default_port),
        database: database?,
        user,
        password,
        is_protected,
        certificates,
    })
}

/// Tells what is no host. The text is not shown: it may be an address with a password.
fn check_host(host: &str, keys: &mut Keys<'_>) {
    let is_name =
        |host: &str| host.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_'));
    if host.parse::<std::net::IpAddr>().is_ok() || is_name(host) {
        return;
    }
    let hint = match host.rsplit_once(':') {
        Some((name, port)) if is_name(name) && port.parse::<u16>().is_ok() => "write its port into `port`",
        _ => "port, database and user have keys of their own",
    };
    keys.mistake("host", "this is the name or the address of a server, and nothing else", hint);
}

fn password<P>(keys: &mut Keys<'_>, forms: &Forms<P>) -> Option<P> {
    let mut found = Vec::new();
    for PasswordKey { key, what, place } in forms.passwords {
        found.extend(keys.text(key, what).map(|text| (*key, place(text))));
    }
    if let [(first, _), (second, _), ..] = &*found {
        keys.mistake(second, "there are two passwords", &format!("remove this one or `{first}`"));
    }
    found.pop().map(|(_, password)| password)
}

fn limits(keys: &mut Keys<'_>) -> Limits {
    let default = Limits::default();
    let row_bytes = keys.number("max_row_bytes", MAX_ROW_BYTES).and_then(|bytes| usize::try_from(bytes).ok());
    let time = keys.number("max_seconds", MAX_SECONDS).map_or(default.time, Duration::from_secs);
    Limits {
        rows: keys.number("max_rows", MAX_ROWS).unwrap_or(default.rows),
        bytes: keys.number("max_bytes", MAX_BYTES).unwrap_or(default.bytes),
        row_bytes: row_bytes.unwrap_or(default.row_bytes),
        time,
        connect: default.connect.min(time),
    }
}
