//! Reads databases: a query goes in, rows come out, each value as the exact text that a file would hold.
//!
//! * [`Connection`] says where a database is, who logs in, and how much may be read. It is the operator's: no query
//!   chooses a host.
//! * [`Definitions`] are connections as the operator writes them: which repositories may use each, and where its password
//!   lies.
//! * [`Connection::check`] tells step by step what is wrong with it.
//! * [`Rows`] are what a query answers, in bounded memory.
//!
//! Nothing is changed: a statement begins with SELECT or WITH ([`sql`]), the session is told that it is read-only, and
//! so is the transaction, where a server has such; of others, the transaction is rolled back. The real guard is a login that may only read; [`Connection::check`] warns of any other. What
//! goes on is bound to the query as a parameter, never pasted.

mod aside;
mod batches;
mod clickhouse;
mod columns;
mod connection;
mod definition;
mod meter;
mod mysql;
mod numbers;
mod postgres;
mod reach;
mod rows;
mod settings;
pub mod sql;
mod sqlite;
mod sqlserver;
mod states;
mod steps;
mod tabbed;
mod tls;

pub use definition::{Definition, Definitions, Forms, PasswordKey, Unlocked};
pub use rows::Rows;
pub use secrecy::SecretString;
pub use settings::{Connection, Limits, Login, Protection, Remote, Roots, Server};
pub use steps::{Check, Step, Verdict};
