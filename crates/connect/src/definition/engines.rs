//! The engines that can be asked.

use std::path::PathBuf;

use crate::settings::{Remote, Server};

/// An engine, as settings call it.
pub(super) struct Engine {
    pub(super) word: &'static str,
    pub(super) reached: Reached,
}

/// How a database of an engine is reached.
#[derive(Clone, Copy)]
pub(super) enum Reached {
    /// It is a file of this machine.
    File(fn(PathBuf) -> Server),
    /// It is in a network, at this port unless another one is given.
    Network(u16, fn(Remote) -> Server),
}

pub(super) const ENGINES: &[Engine] = &[
    Engine { word: "sqlite", reached: Reached::File(Server::Sqlite) },
    Engine { word: "postgres", reached: Reached::Network(5432, Server::Postgres) },
    Engine { word: "mysql", reached: Reached::Network(3306, Server::Mysql) },
    Engine { word: "mariadb", reached: Reached::Network(3306, Server::Mysql) },
];
