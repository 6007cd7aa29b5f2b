//! The same in PostgreSQL.

use tidewaiter_engine::ports::{ChangeFeed, ChangePage};
use tidewaiter_postgres::{Address, PostgresRecords};
use tidewaiter_tests::postgres;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use crate::delivery::{Delivery, Shows, Store};
use crate::run;

/// How many cases each delivery is tried with. Most of the time goes into making tables, which each case needs anew.
const CASES: u32 = 40;

impl Shows for PostgresRecords {
    fn shown_changes(&self, runtime: &Runtime, universe: &str, after: u64) -> Option<ChangePage> {
        Some(runtime.block_on(self.changes(universe, after, 1)).expect("they are kept"))
    }
}

/// Records in a database of their own.
fn store() -> Store<PostgresRecords> {
    use std::hash::{BuildHasher, RandomState};
    let server = postgres::address();
    let name = format!("records_{:016x}", RandomState::new().hash_one(server));
    Store::new(async || {
        let (client, connection) =
            tokio_postgres::connect(server, NoTls).await.expect("the server can be reached");
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database can be made");
        let (host, _) = server.rsplit_once('/').expect("the address names a database");
        let address = Address::parse(&format!("{host}/{name}?sslmode=disable"), None);
        (PostgresRecords::new(address.expect("it is an address")), None)
    })
}

#[test]
fn the_store_agrees_with_the_reference() {
    run(store(), CASES, |_| Delivery::Once);
}

#[test]
fn it_agrees_when_every_batch_comes_twice() {
    run(store(), CASES, |_| Delivery::Twice);
}

#[test]
fn it_agrees_when_loading_is_stopped_anywhere_and_begun_again() {
    run(store(), CASES, |_| Delivery::Interrupted);
}

#[test]
fn it_agrees_when_loaders_share_the_lines() {
    run(store(), CASES, |random| {
        let of = [1, 2, 7, 16][random.below(4)];
        if random.below(2) == 0 { Delivery::OneByOne(of) } else { Delivery::SideBySide(of) }
    });
}
