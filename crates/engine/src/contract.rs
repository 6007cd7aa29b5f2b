//! What every adapter promises, as checks that any of them can be put through.
//!
//! The adapters for a folder pass it in this crate's tests; an adapter for another store calls the same
//! functions. A check panics with what was promised and not kept.

mod exports;
mod objects;
mod records;
mod state;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;

pub use exports::exports;
pub use objects::objects;
pub use records::records;
pub use state::{StateStore, conclusion, state};

/// The `n`th id of the suite.
fn id(n: u32) -> ImportId {
    ImportId::new(at(n), u128::from(n))
}

/// The `n`th moment of the suite.
fn at(n: u32) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + i64::from(n)).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn repository(name: &str) -> Repository {
    match name.parse() {
        Ok(repository) => repository,
        Err(error) => unreachable!("{error}"),
    }
}
