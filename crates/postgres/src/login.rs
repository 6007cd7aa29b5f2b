//! Where the database is and who logs in, asked whenever a connection is made.
//!
//! Passwords are exchanged while a process runs, and a login may lie where asking for it takes a request. So a store is
//! given one that answers, and keeps no password itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use tidewaiter_engine::Result;

use crate::address::Address;

/// An answer that may have to be waited for.
pub type Told<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// Tells where the database is, and who logs in.
pub trait Login: fmt::Debug + Send + Sync + 'static {
    /// The address. It may be one that was read before.
    fn address(&self) -> Told<'_, Address>;
    /// The address as it is now, asked after a connection to [`Self::address`] failed. None if asking again is of no use,
    /// or if nothing changed.
    fn renewed(&self) -> Told<'_, Option<Address>>;
}

/// An address reads its password for each connection.
impl Login for Address {
    fn address(&self) -> Told<'_, Address> {
        Box::pin(async { Ok(self.clone()) })
    }

    fn renewed(&self) -> Told<'_, Option<Address>> {
        Box::pin(async { Ok(None) })
    }
}
