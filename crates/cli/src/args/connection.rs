//! Arguments of `connection`.

use clap::{Args, Subcommand};

use super::Deployment;
use crate::format::Format;

/// What can be asked of connections.
#[derive(Debug, Subcommand)]
pub enum ConnectionCommand {
    /// List the connections, where they lead, and who may use them
    List(ConnectionListArgs),
    /// Say step by step what is wrong with a connection
    Test(ConnectionTestArgs),
}

/// Arguments of `connection list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter connection list drop
  tidewaiter connection list drop --format json

Connections are defined in [connections.NAME] of tidewaiter.toml. No password is
shown: none is in it.")]
pub struct ConnectionListArgs {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Arguments of `connection test`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter connection test drop           all of them
  tidewaiter connection test drop shop      this one
  tidewaiter connection test drop shop --format json

The steps: the name of the host, the route to its port, TLS, the login, its
rights, and that the session is read-only. No row of a table is read.

Exit codes: 0 each connection works, though there may be warnings; 1 one of them
does not; 2 the settings cannot be read, or there is no such connection.")]
pub struct ConnectionTestArgs {
    #[command(flatten)]
    pub(crate) deployment: Deployment,
    /// The connections; all of them if none is named
    pub(crate) names: Vec<String>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
