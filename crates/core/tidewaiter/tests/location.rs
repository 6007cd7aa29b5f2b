//! Lines are filled from where an address is: only what they do not say themselves, and only with what fits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it does not expect")]

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::config::Config;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Locate, Place, Plan, Reader};

/// Knows a few addresses.
#[derive(Debug)]
struct Atlas;

impl Locate for Atlas {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        let (country, city) = match address.to_string().as_str() {
            "192.0.2.1" | "2001:db8::1" => (Some("FR"), Some("Marseille")),
            "192.0.2.2" => (Some("FR"), None),
            "192.0.2.3" => (None, Some("Marseille")),
            "192.0.2.4" => (Some("fr"), Some("Marseille")),
            "192.0.2.5" => (Some("FR"), Some(LONG)),
            "10.0.0.1" => panic!("a private address is looked up"),
            _ => return None,
        };
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Place { country: owned(country), city: owned(city) })
    }
}

/// One character more than a city may have.
const LONG: &str =
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

struct Changes {
    reader: Reader,
    all: Vec<Change>,
}

impl Sink for Changes {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.all.push(self.reader.change(line));
    }

    fn rejected(&mut self, raw: &[u8]) {
        panic!("rejected: {}", String::from_utf8_lossy(raw));
    }
}

/// The lines of a file of contacts as `column=value`, without those of the file's own columns that are empty.
#[expect(clippy::needless_pass_by_value, reason = "callers write the value where it is needed")]
fn read(location: Value, locator: Option<Arc<dyn Locate>>, csv: &str) -> Vec<String> {
    let document = json!({
        "shop": { "contacts": { "crm": { "location": location } } },
        "scopes": { "contacts": { "fields": [{ "name": "ip" }, { "name": "ip_country" }] } },
    });
    let config = Config::parse("shop", document.to_string().as_bytes()).unwrap();
    let scope = Arc::clone(config.scope("contacts").unwrap());
    let options = config.subsection("contacts", "crm").unwrap();
    let plan = Arc::new(Plan::new(Arc::clone(&scope), config.scopes(), options));
    let mut reader = Reader::new(plan, ImportId::new(Timestamp::UNIX_EPOCH, 1));
    if let Some(locator) = locator {
        reader = reader.with_locator(locator);
    }
    let mut changes = Changes { reader, all: Vec::new() };
    let mut checker = Checker::new(scope, Dialect::default(), Limits::default());
    checker.feed(csv.as_bytes(), &mut changes);
    checker.finish(&mut changes);
    let layout = changes.reader.layout();
    let told = |change: &Change| {
        let cells = layout.columns.iter().zip(change.values.iter());
        let told = cells.filter_map(|(column, cell)| Some(format!("{column}={}", cell?)));
        told.filter(|cell| !cell.starts_with("email=")).collect::<Vec<_>>().join(" ")
    };
    changes.all.iter().map(told).collect()
}

/// What becomes of one line.
fn line(header: &str, cells: &str) -> String {
    let csv = format!("email;{header}\na@example.org;{cells}\n");
    read(json!({ "address": "ip" }), Some(Arc::new(Atlas)), &csv).concat()
}

#[test]
fn a_line_gets_what_it_does_not_say_itself() {
    assert_eq!(line("ip", "192.0.2.1"), "ip=192.0.2.1 country=FR city=Marseille");
    assert_eq!(line("ip", "2001:db8::1"), "ip=2001:db8::1 country=FR city=Marseille");
    assert_eq!(line("ip", "::ffff:192.0.2.1"), "ip=::ffff:192.0.2.1 country=FR city=Marseille");
    assert_eq!(line("city;ip;country", ";192.0.2.1;"), "city=Marseille ip=192.0.2.1 country=FR");
    assert_eq!(line("ip;country", "192.0.2.1;FR"), "ip=192.0.2.1 country=FR city=Marseille");
    assert_eq!(line("ip;city", "192.0.2.1;Aubagne"), "ip=192.0.2.1 city=Aubagne country=FR");
    assert_eq!(line("ip", "192.0.2.2"), "ip=192.0.2.2 country=FR");
    assert_eq!(line("ip", "192.0.2.3"), "ip=192.0.2.3 city=Marseille");
}

#[test]
fn a_city_is_not_put_into_another_country() {
    assert_eq!(line("ip;country", "192.0.2.1;DE"), "ip=192.0.2.1 country=DE");
    assert_eq!(line("ip;country", "192.0.2.3;DE"), "ip=192.0.2.3 country=DE");
}

#[test]
fn what_is_no_public_or_no_known_address_fills_nothing() {
    for ip in ["10.0.0.1", "::ffff:10.0.0.1", "192.0.2.9", "unknown"] {
        assert_eq!(line("ip", ip), format!("ip={ip}"));
    }
    assert_eq!(line("ip;lang", ";fr"), "lang=fr");
    assert_eq!(line("lang", "fr"), "lang=fr", "a file without addresses");
}

#[test]
fn what_no_file_might_bring_is_not_filled() {
    assert_eq!(line("ip", "192.0.2.4"), "ip=192.0.2.4 city=Marseille", "a country has two capital letters");
    assert_eq!(line("ip", "192.0.2.5"), "ip=192.0.2.5 country=FR", "a city has 100 characters");
}

#[test]
fn only_the_columns_that_are_named_are_filled() {
    let csv = "email;ip\na@example.org;192.0.2.1\n";
    let with = |location| read(location, Some(Arc::new(Atlas)), csv).concat();
    assert_eq!(with(json!({ "address": "ip", "city": "city" })), "ip=192.0.2.1 city=Marseille");
    assert_eq!(with(json!({ "address": "ip", "country": "ip_country" })), "ip=192.0.2.1 ip_country=FR");
    assert_eq!(read(json!({ "address": "ip" }), None, csv).concat(), "ip=192.0.2.1", "no database");
}
