//! The simulated ports keep what the ports promise, as long as nothing is broken on purpose.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;
use std::time::Duration;

use tidewaiter_engine::capabilities::{HasObjects, HasRecords, HasState};
use tidewaiter_engine::contract;
use tidewaiter_simulation::gate::{Verdict, drive};
use tidewaiter_simulation::process::{Function, Process};
use tidewaiter_simulation::watch::Watch;
use tidewaiter_simulation::world::{Lands, Rates, World};
use tidewaiter_tests::generate::Chance;

fn process() -> Process {
    process_with(Lands::Whole)
}

fn process_with(lands: Lands) -> Process {
    let world = World::new(Chance::new(1), Rates::default(), Watch::default(), false, lands).unwrap();
    Process::new(Arc::clone(&world), 1, Function::Unpack, 0, 1, Duration::ZERO)
}

#[tokio::test]
async fn the_bucket_is_an_object_store() {
    let process = process();
    let suite = contract::objects(process.objects());
    drive(process.lane(), suite, |_| Some(Verdict::Go)).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_table_of_state_is_a_store_of_state() {
    let process = process();
    let suite = contract::state(process.state());
    drive(process.lane(), suite, |_| Some(Verdict::Go)).await.unwrap().unwrap();
}

#[tokio::test]
async fn the_table_of_records_is_a_store_of_records() {
    for lands in [Lands::InParts, Lands::Whole, Lands::Sorted] {
        let process = process_with(lands);
        let suite = contract::records(process.records());
        drive(process.lane(), suite, |_| Some(Verdict::Go)).await.unwrap().unwrap();
    }
}
