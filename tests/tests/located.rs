//! Contacts get the country and the city of their addresses, from a database that the operator brings.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tidewaiter::report::{Counts, Outcome};
use tidewaiter_engine::ports::{Conclusion, Progress};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

const CONFIG: &str = r#"{
    "acme": {
        "contacts": { "web": { "location": { "address": "ip" } }, "clear": { "location": { "address": "ip" }, "empty": "clear" } },
        "stores": { "crm": {} }
    },
    "scopes": { "contacts": { "fields": [{ "name": "ip" }] } }
}"#;
const FILE: &str = "acme_contacts_web_20260131.csv";
const LINES: &str = "email;ip;city\n\
    ana@example.org;192.0.2.1;\n\
    ben@example.org;2001:db8:1::7;\n\
    cleo@example.org;::ffff:192.0.2.200;Bonn\n\
    dan@example.org;10.1.2.3;\n\
    eve@example.org;8.8.8.8;\n\
    finn@example.org;198.51.100.200;\n\
    gil@example.org;;\n";

fn database(world: &World, name: &str) {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/location/tests/made").join(name);
    fs::copy(made, world.path("places.mmdb")).unwrap();
}

/// A deployment with a database.
fn world() -> World {
    let world = World::new();
    fs::write(world.path("tidewaiter.toml"), "[location]\nfile = \"places.mmdb\"\n").unwrap();
    database(&world, "cities.mmdb");
    world.config("acme", CONFIG);
    world
}

fn conclusion(world: &World, file: &str) -> Conclusion {
    match world.import(file).progress {
        Progress::Done(conclusion) => conclusion,
        other => panic!("{file} has no outcome: {other:?}"),
    }
}

fn counts(world: &World, file: &str) -> (u64, u64) {
    let Counts { imported, unchanged, .. } = conclusion(world, file).counts;
    (imported, unchanged)
}

/// The country and the city of each contact.
fn places(world: &World) -> BTreeMap<String, String> {
    let text = |record: &tidewaiter::record::Record, column| record.text(column).unwrap_or("-").to_owned();
    let place = |stored: &tidewaiter_engine::ports::StoredRecord| {
        (stored.key.clone(), format!("{} {}", text(&stored.record, "country"), text(&stored.record, "city")))
    };
    world.records()["contacts"].iter().map(place).collect()
}

fn log(world: &World, file: &str) -> String {
    fs::read_to_string(world.path(&format!("logs/{PARTNER}/{file}.log"))).unwrap()
}

fn expected(places: &[(&str, &str)]) -> BTreeMap<String, String> {
    let place = |(name, place): &(&str, &str)| (format!("{name}@example.org"), (*place).to_owned());
    places.iter().map(place).collect()
}

const LOCATED: [(&str, &str); 7] = [
    ("ana", "FR Marseille"),
    ("ben", "SE Malmö"),
    ("cleo", "DE Bonn"),
    ("dan", "- -"),
    ("eve", "- -"),
    ("finn", "- -"),
    ("gil", "- -"),
];

#[test]
fn contacts_get_the_place_of_their_address_and_keep_what_their_line_says() {
    let world = world();
    world.drop(PARTNER, FILE, LINES);
    world.run();
    world.check();
    assert_eq!(places(&world), expected(&LOCATED));
    assert!(!log(&world, FILE).contains("locations"), "{}", log(&world, FILE));

    let again = "acme_contacts_web_20260201.csv";
    world.drop(PARTNER, again, LINES);
    world.run();
    world.check();
    assert_eq!((counts(&world, FILE), counts(&world, again)), ((7, 0), (0, 7)), "it is the same again");
}

#[test]
fn a_column_that_the_file_lacks_clears_nothing() {
    let world = world();
    world.drop(PARTNER, FILE, LINES);
    world.run();
    let file = "acme_contacts_clear_20260201.csv";
    world.drop(PARTNER, file, "email;ip\nana@example.org;10.1.2.3\nben@example.org;192.0.2.1\n");
    world.run();
    world.check();
    let found = places(&world);
    assert_eq!(found["ana@example.org"], "FR Marseille", "the file says nothing of places");
    assert_eq!(found["ben@example.org"], "FR Marseille", "another address is another place");
}

#[test]
fn without_a_database_a_file_lands_and_its_report_says_what_is_missing() {
    let world = world();
    fs::remove_file(world.path("tidewaiter.toml")).unwrap();
    world.drop(PARTNER, FILE, LINES);
    world.run();
    world.check();
    let places = places(&world);
    assert_eq!((places.len(), places["ana@example.org"].as_str()), (7, "- -"));
    assert_eq!(places["cleo@example.org"], "- Bonn");
    let log = log(&world, FILE);
    assert!(log.contains("no database of locations is configured here; ask the operator"), "{log}");
}

/// Breaks the database, sees that only the file that needs it waits, and replaces it.
fn waits_until_replaced(break_it: impl Fn(&World), told: &str) {
    let world = world();
    break_it(&world);
    world.drop(PARTNER, FILE, LINES);
    world.drop(PARTNER, "acme_stores_crm_20260131.csv", "store_id;name\nPAR01;Paris\n");
    for _ in 0..2 {
        let failures = world.try_run(Duration::ZERO, Duration::ZERO).failures;
        assert!(failures.iter().any(|failure| failure.error.contains(told)), "{failures:?}");
        assert!(!matches!(world.import(FILE).progress, Progress::Done(_)), "no partner has to do with it");
    }
    database(&world, "cities.mmdb");
    world.run();
    world.check();
    assert_eq!(places(&world), expected(&LOCATED));
    assert_eq!(conclusion(&world, "acme_stores_crm_20260131.csv").outcome, Outcome::Imported);
}

#[test]
fn a_database_that_is_not_there_is_no_outcome_of_a_partner() {
    waits_until_replaced(
        |world| fs::remove_file(world.path("places.mmdb")).unwrap(),
        "places.mmdb does not exist",
    );
}

#[test]
fn a_database_that_is_cut_off_is_no_outcome_of_a_partner() {
    let cut = |world: &World| {
        let whole = fs::read(world.path("places.mmdb")).unwrap();
        fs::write(world.path("places.mmdb"), &whole[..whole.len() / 2]).unwrap();
    };
    waits_until_replaced(cut, "it is damaged or not in the MaxMind DB format");
}

#[test]
fn a_database_of_something_else_is_no_outcome_of_a_partner() {
    waits_until_replaced(|world| database(world, "networks.mmdb"), "it holds neither countries nor cities");
}
