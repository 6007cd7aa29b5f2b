//! The same in DynamoDB: a table in memory, which charges for what it is asked.

mod cost;
mod interleaved;
mod table;
mod weather;

use std::cell::RefCell;

use tidewaiter_aws::RecordsTable;
use tidewaiter_engine::contract;

use crate::delivery::{Delivery, Shows, Store};
use crate::run;
use table::MemoryTable;
use weather::Weather;

/// How many cases each delivery is tried with: the client of AWS takes most of their time.
const CASES: u32 = 20;

impl Shows for RecordsTable {
    fn finds_by_any_column(&self) -> bool {
        false
    }
}

/// From how many writes on a part is written record by record: always where its lines allow it, and as it is deployed.
const WAYS: [usize; 2] = [0, 8];

fn store(from: usize) -> Store<RecordsTable> {
    Store::new(async || (MemoryTable::default().records().record_by_record_from(from), None))
}

fn run_each_way(delivery: impl Fn(&mut crate::delivery::Random) -> Delivery) {
    let delivery = RefCell::new(delivery);
    for from in WAYS {
        run(store(from), CASES, |random| delivery.borrow()(random));
    }
}

#[tokio::test]
async fn a_table_is_a_store_of_records() {
    for from in WAYS {
        contract::records(&MemoryTable::default().records().record_by_record_from(from)).await.unwrap();
    }
}

/// Records that were written before have no notes of other columns.
#[tokio::test]
async fn an_import_that_matches_by_a_column_without_notes_is_told_what_to_do() {
    use tidewaiter_engine::ports::{Cargo, Records};
    let store = MemoryTable::default().records();
    for (scope, options, is_taken) in [
        ("products", "upsert-ignore-name", false),
        ("products", "upsert-ignore-ean", true),
        ("contacts", "upsert-ignore-alertssmscellphone", true),
    ] {
        let (options, csv) = (crate::cases::named(scope, options), String::new());
        let terms = crate::delivery::terms(&crate::cases::CaseFile { scope, options, csv });
        let import = tidewaiter::id::ImportId::new(tidewaiter::id::Timestamp::UNIX_EPOCH, 1);
        let cargo = Cargo { universe: "u", import, file: "file.csv", bytes: 0, plan: &terms.plan };
        match store.begin(cargo).await {
            Ok(_) => assert!(is_taken, "{scope}"),
            Err(error) => {
                assert!(!is_taken, "{error}");
                let told = error.to_string();
                assert!(told.contains("records of products in DynamoDB cannot be matched by name"), "{told}");
            }
        }
    }
}

#[test]
fn the_store_agrees_with_the_reference() {
    run_each_way(|_| Delivery::Once);
}

#[test]
fn it_agrees_when_every_batch_comes_twice() {
    run_each_way(|_| Delivery::Twice);
}

#[test]
fn it_agrees_when_loading_is_stopped_anywhere_and_begun_again() {
    run_each_way(|_| Delivery::Interrupted);
}

#[test]
fn it_agrees_when_loaders_share_the_lines() {
    run_each_way(|random| {
        let of = [1, 2, 7, 16][random.below(4)];
        if random.below(2) == 0 { Delivery::OneByOne(of) } else { Delivery::SideBySide(of) }
    });
}

#[test]
fn it_agrees_when_processes_die_at_any_request() {
    for (from, one_in) in [(0, 7), (0, 23), (8, 7)] {
        let store = Store::new(async || (Weather::deaths(&MemoryTable::default(), one_in, from), None));
        run(
            store,
            CASES,
            |random| {
                if random.below(2) == 0 { Delivery::Interrupted } else { Delivery::SideBySide(7) }
            },
        );
    }
}

/// Fewer cases: workers that meet wait a moment.
#[test]
fn it_agrees_when_two_workers_land_the_same_file() {
    for from in [0, 8] {
        let store = Store::new(async || (Weather::twins(&MemoryTable::default(), from), None));
        run(store, 15, |_| Delivery::Once);
    }
}
