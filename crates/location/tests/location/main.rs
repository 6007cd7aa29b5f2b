//! Databases that `mmdb-writer` made, whole and damaged. `tests/made/make.py` makes them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it does not expect")]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tidewaiter::record::{Locate, Place};
use tidewaiter_location::{Database, DatabaseError};

fn made(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/made").join(name)).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "it is compared with what is found")]
fn place(country: Option<&str>, city: Option<&str>) -> Option<Place> {
    Some(Place { country: country.map(str::to_owned), city: city.map(str::to_owned) })
}

#[test]
fn addresses_have_the_country_and_the_city_of_their_network() {
    let database = Database::open(made("cities.mmdb")).unwrap();
    let at = |address: &str| database.locate(address.parse().unwrap());
    assert_eq!(at("192.0.2.1"), place(Some("FR"), Some("Marseille")));
    assert_eq!(at("192.0.2.200"), place(Some("DE"), Some("Köln")), "by its English name");
    assert_eq!(at("198.51.100.7"), place(Some("IT"), None));
    assert_eq!(at("2001:db8:1::7"), place(Some("SE"), Some("Malmö")));
    assert_eq!(at("2001:db8:2::7"), None);
    assert_eq!(at("203.0.113.1"), None, "where a network is registered is no place of an address");
    assert_eq!(at("8.8.8.8"), None);
}

#[test]
fn a_database_of_ipv4_knows_no_ipv6() {
    let database = Database::open(made("cities-ipv4.mmdb")).unwrap();
    let at = |address: &str| database.locate(address.parse().unwrap());
    assert_eq!(at("192.0.2.1"), place(Some("FR"), Some("Marseille")));
    assert_eq!(at("2001:db8:1::7"), None);
}

#[test]
fn a_database_of_something_else_is_told() {
    let told = Database::open(made("networks.mmdb")).unwrap_err().to_string();
    assert!(told.starts_with(r#"it holds neither countries nor cities ("Test-ASN"): bring one"#), "{told}");
    for bytes in [Vec::new(), b"PK\x03\x04".to_vec(), vec![0; 5_000]] {
        let told = Database::open(bytes).unwrap_err().to_string();
        assert!(
            told.contains("not in the MaxMind DB format") && told.contains("download it again"),
            "{told}"
        );
    }
}

#[test]
fn a_database_is_refused_wherever_it_is_cut() {
    let whole = made("cities.mmdb");
    for length in 0..whole.len() {
        let cut = Database::open(whole[..length].to_vec());
        assert!(matches!(cut, Err(DatabaseError::Damaged(_))), "the first {length} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What can be opened answers, whatever it says.
    #[test]
    fn no_damage_stops_the_program(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        addresses in prop::collection::vec(any::<std::net::IpAddr>(), 20),
    ) {
        for name in ["cities.mmdb", "cities-ipv4.mmdb"] {
            let mut bytes = made(name);
            for (at, byte) in &flips {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            let Ok(database) = Database::open(bytes) else { continue };
            let known = ["192.0.2.1", "198.51.100.200", "2001:db8:1::7"].map(|text| text.parse().unwrap());
            for address in addresses.iter().copied().chain(known) {
                let _ = database.locate(address);
            }
        }
    }
}
