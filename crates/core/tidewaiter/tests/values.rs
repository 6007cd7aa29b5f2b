//! A value of one meaning is one value: what lines keep of their cells, and the keys that they name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at what it does not expect")]

use std::sync::Arc;

use serde_json::json;
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::config::Config;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::record::{Change, Plan, Reader, Subject};

/// Takes the changes of good lines, and counts the others.
struct Changes {
    reader: Reader,
    all: Vec<Change>,
    rejected: usize,
}

impl Sink for Changes {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        self.all.push(self.reader.change(line));
    }

    fn rejected(&mut self, _raw: &[u8]) {
        self.rejected += 1;
    }
}

/// A file of a scope, in French hands, with scopes of its own beside the catalogue.
fn changes(scope: &str, csv: &str) -> Changes {
    let document = json!({
        "shop": { scope: { "crm": { "phone_prefix": "33" } } },
        "scopes": {
            "days": {
                "fields": [
                    { "name": "day", "type": "date", "format": "%d/%m/%Y" },
                    { "name": "open", "type": "boolean", "trueValues": ["oui"], "falseValues": ["non"] },
                    { "name": "note" },
                ],
                "primaryKey": ["day"],
            },
            "visits": {
                "fields": [
                    { "name": "visit", "type": "integer" },
                    { "name": "day", "type": "date", "format": "%Y%m%d" },
                    { "name": "closes" },
                ],
                "primaryKey": ["visit"],
                "foreignKeys": [
                    { "fields": ["day"], "reference": { "resource": "days" } },
                    { "fields": ["closes"], "reference": { "resource": "days" } },
                ],
            },
            "boxes": {
                "fields": [{ "name": "box" }, { "name": "number", "type": "integer" }],
                "primaryKey": ["box"],
                "foreignKeys": [{ "fields": ["number"], "reference": { "resource": "stores" } }],
            },
        },
    });
    let config = Config::parse("shop", document.to_string().as_bytes()).unwrap();
    let compiled = Arc::clone(config.scope(scope).unwrap());
    let plan = Plan::new(Arc::clone(&compiled), config.scopes(), config.subsection(scope, "crm").unwrap());
    let import = ImportId::new(Timestamp::UNIX_EPOCH, 1);
    let reader = Reader::new(Arc::new(plan), import);
    let mut changes = Changes { reader, all: Vec::new(), rejected: 0 };
    let mut checker = Checker::new(compiled, Dialect::default(), Limits::default());
    checker.feed(csv.as_bytes(), &mut changes);
    checker.finish(&mut changes);
    changes
}

/// The keys of the lines, and what they keep of their cells.
fn kept(scope: &str, csv: &str) -> Vec<(String, Vec<String>)> {
    let key = |subject: &Subject| match subject {
        Subject::Key(key) => key.clone(),
        other => panic!("{other:?} is no key"),
    };
    let values = |change: &Change| change.values.iter().map(|cell| cell.unwrap_or("-").to_owned()).collect();
    changes(scope, csv).all.iter().map(|change| (key(&change.subject), values(change))).collect()
}

#[track_caller]
fn assert_same(scope: &str, csv: &str, key: &str, values: &[&str]) {
    let kept = kept(scope, csv);
    assert_eq!(kept.len(), csv.lines().count() - 1, "each line is good");
    for line in kept {
        assert_eq!(line, (key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
    }
}

#[test]
fn an_address_is_one_contact_however_its_domain_is_written() {
    let file = "email;firstname\n\
                mail@m\u{fc}ller.example;Ze\u{301}\n\
                Mail@mu\u{308}ller.example;Ze\u{301}\n\
                mail@xn--mller-kva.example;Ze\u{301}\n\
                mail@M\u{dc}LLER.EXAMPLE;Ze\u{301}\n";
    assert_same("contacts", file, "mail@xn--mller-kva.example", &["mail@xn--mller-kva.example", "Ze\u{301}"]);
    let local = "email\nh\u{e4}hnchen@example.org\nha\u{308}hnchen@example.org\n";
    assert_same("contacts", local, "h\u{e4}hnchen@example.org", &["h\u{e4}hnchen@example.org"]);
}

#[test]
fn an_address_with_a_soft_hyphen_is_rejected() {
    let changes =
        changes("contacts", "email\nada@exam\u{ad}ple.org\nad\u{ad}a@example.org\nada@xn--99999999.com\n");
    assert_eq!((changes.all.len(), changes.rejected), (0, 3));
}

#[test]
fn a_telephone_number_is_one_contact_however_its_country_is_written() {
    let file = "cellphone\n+33639980012\n+33 (0)6 39 98 00 12\n0639980012\n+330639980012\n33 06 39 98 00 12\n00330639980012\n";
    assert_same("contacts", file, "33639980012", &["33639980012"]);
    assert_same("contacts", "cellphone\n639980012\n", "639980012", &["639980012"]);
}

/// An export that was switched to another time zone, or to fewer decimals, changes nothing.
#[test]
fn typed_values_are_kept_in_one_form() {
    let orders = "order_id;contact;order_date;total_price;line_count\n\
                  1;Ada@X.org;2026-01-31T14:45:00+01:00;1.50;03\n\
                  1;ada@x.org;2026-01-31 13:45:00.000Z;1.5;3\n\
                  1;ADA@X.ORG;2026-01-31T13:45:00+0000;01.500;003\n";
    assert_same("orders", orders, "1", &["1", "ada@x.org", "2026-01-31T13:45:00Z", "1.5", "3"]);
    let stores = "store_id;name;active\ncaf\u{e9};A;1\ncafe\u{301};A;TRUE\n";
    assert_same("stores", stores, "caf\u{e9}", &["caf\u{e9}", "A", "true"]);
    let moved = "card_code;change_date;tier\n2990000000019;2026-01-01T01:00:00+01:00;gold\n2990000000019;2026-01-01T00:00:00Z;gold\n";
    assert_same(
        "tierchange",
        moved,
        "2990000000019\u{1f}2026-01-01T00:00:00Z",
        &["2990000000019", "2026-01-01T00:00:00Z", "gold"],
    );
}

#[test]
fn a_date_is_one_key_whatever_pattern_writes_it() {
    assert_same(
        "days",
        "day;open;note\n31/01/2026;oui;1.50\n",
        "2026-01-31",
        &["2026-01-31", "true", "1.50"],
    );
    // One column has a pattern of its own, the other is a text in the form that is asked for there.
    let visits = changes("visits", "visit;day;closes\n007;20260131;01/02/2026\n");
    let [visit] = visits.all.as_slice() else { panic!("{} lines are good", visits.all.len()) };
    assert_eq!(visit.subject, Subject::Key("7".to_owned()));
    assert_eq!(visit.references, [(0, "2026-01-31".to_owned()), (1, "2026-02-01".to_owned())]);
    assert_eq!(visit.values.iter().collect::<Vec<_>>(), [Some("7"), Some("2026-01-31"), Some("2026-02-01")]);
}

/// A column of numbers that names a text must find it with its zeros.
#[test]
fn a_number_that_names_a_text_is_that_text() {
    let boxes = changes("boxes", "box;number\nB1;007\n");
    let [change] = boxes.all.as_slice() else { panic!("{} lines are good", boxes.all.len()) };
    assert_eq!(change.references, [(0, "007".to_owned())]);
}
