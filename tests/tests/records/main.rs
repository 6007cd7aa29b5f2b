//! What an import means, held against a reference: a plain fold over the good lines, in their order.
//!
//! Random sequences of files go through the check, the reader and the store, whatever delivery does to
//! them, and through whole deployments. The effects of the lines, the records and where each of their
//! values came from must be those of the reference.
#![expect(clippy::indexing_slicing, reason = "helpers of tests")]
#![expect(clippy::expect_used, reason = "helpers of tests")]
#![expect(clippy::panic, reason = "helpers of tests")]

mod cases;
mod delivery;
mod deployments;
mod dynamodb;
mod postgres;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tidewaiter::record::{Effect, Record};

use cases::Case;
use delivery::{Delivery, Random, Shows, Store};
use tidewaiter_engine::ports::Records;
use tidewaiter_folder::SqliteRecords;
use tidewaiter_tests::reference::{File, Reference};
use tidewaiter_tests::spelling::is_ean13;

/// Loads the files of a case one after the other, and compares.
fn agree<R: Records + Shows>(
    store: &mut Store<R>,
    case: &Case,
    delivery: impl Fn(&mut Random) -> Delivery,
) -> Result<(), TestCaseError> {
    let universe = store.universe();
    let mut random = Random(case.seed);
    let mut reference = Reference::default();
    for (n, file) in case.files.iter().enumerate() {
        let import = store.import_id();
        let terms = delivery::terms(file);
        if !store.takes(&terms.plan) {
            continue;
        }
        let Some(checked) = delivery::check(file, &terms, import) else { continue };
        prop_assert_eq!(checked.read, checked.lines.len() as u64 + checked.rejected);
        let expected = reference.import(&File {
            import,
            scope: file.scope,
            options: &file.options,
            columns: &checked.columns,
            lines: &checked.lines,
            rejected: checked.rejected,
        });
        if expected.too_much {
            continue;
        }
        let how = delivery(&mut random);
        let loaded = store.load(&universe, import, &checked, how, &mut random);
        prop_assert_eq!(&loaded.effects, &expected.effects, "effects of file {} ({:?})", n, how);
        prop_assert_eq!(loaded.removed, expected.removed, "removed by file {} ({:?})", n, how);
        prop_assert_eq!(loaded.swept, expected.swept, "swept by file {} ({:?})", n, how);
        // Looking at all of them takes as long as loading a file.
        if random.below(3) == 0 {
            same(&store.records(&universe), &reference.records)?;
        }
    }
    same(&store.records(&universe), &reference.records)?;
    invariants(&reference.records)
}

type AllRecords = BTreeMap<(String, String), Record>;

/// Compares the records found with those expected, and shows those that differ.
fn same(found: &AllRecords, expected: &AllRecords) -> Result<(), TestCaseError> {
    let only = |these: &AllRecords, those: &AllRecords| -> AllRecords {
        let differs = |(at, record): &(&(String, String), &Record)| those.get(*at) != Some(*record);
        these.iter().filter(differs).map(|(at, record)| (at.clone(), record.clone())).collect()
    };
    if found != expected {
        prop_assert_eq!(only(found, expected), only(expected, found), "records");
    }
    Ok(())
}

/// What holds of records whatever happened.
fn invariants(records: &AllRecords) -> Result<(), TestCaseError> {
    let of = |scope: &'static str| records.iter().filter(move |((of, _), _)| of == scope);
    let number = |record: &Record, column: &str| {
        record.text(column).map_or(0, |text| text.parse::<i64>().unwrap_or(0))
    };
    for ((_, code), card) in of("cardcode") {
        prop_assert_eq!(card.text("card_code"), Some(code.as_str()));
        let credited = of("creditpoints").filter(|(_, line)| line.text("card_code") == Some(code));
        let sum: i64 = credited.map(|(_, line)| number(line, "points")).sum();
        prop_assert_eq!(number(card, "points_balance"), sum, "the balance of {} is that of its ledger", code);
        if !code.starts_with("29900000000") {
            prop_assert!(is_ean13(code), "{} is no EAN-13", code);
        }
    }
    for ((_, key), earn) in of("earnreward") {
        let burns: Vec<_> = of("burnreward").filter(|(_, burn)| burn.text("earn_id") == Some(key)).collect();
        // A reward that was removed and earned again is free again.
        if let Some(by) = earn.text("burned_by") {
            prop_assert!(burns.iter().any(|((_, burn), _)| burn == by));
        }
    }
    for (_, subscription) in of("subscriptions") {
        let contact = subscription.text("contact").map(|contact| ("contacts".to_owned(), contact.to_owned()));
        prop_assert!(contact.is_none_or(|contact| records.contains_key(&contact)), "it belongs to a contact");
    }
    for ((_, key), _) in of("abandonedcarts") {
        let order = ("orders".to_owned(), key.clone());
        prop_assert!(!records.contains_key(&order), "a cart goes when its order comes");
    }
    Ok(())
}

/// Runs many cases against a store of their own.
fn run<R: Records + Shows>(store: Store<R>, cases: u32, delivery: impl Fn(&mut Random) -> Delivery) {
    let store = std::cell::RefCell::new(store);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 4_000, ..Config::default() };
    let result =
        TestRunner::new(config).run(&cases::cases(), |case| agree(&mut store.borrow_mut(), &case, &delivery));
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// How many cases each delivery is tried with.
const CASES: u32 = 600;

/// Records in SQLite.
fn sqlite() -> Store<SqliteRecords> {
    Store::new(async || {
        // Nothing here is about power cuts: where memory looks like a disk, it is quicker to wait for.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let folder = folder.expect("a temporary folder can be made");
        (SqliteRecords::open(folder.path()), Some(folder))
    })
}

#[test]
fn the_store_agrees_with_the_reference() {
    run(sqlite(), CASES, |_| Delivery::Once);
}

#[test]
fn it_agrees_when_every_batch_comes_twice() {
    run(sqlite(), CASES, |_| Delivery::Twice);
}

#[test]
fn it_agrees_when_loading_is_stopped_anywhere_and_begun_again() {
    run(sqlite(), CASES, |_| Delivery::Interrupted);
}

#[test]
fn it_agrees_when_loaders_share_the_lines() {
    run(sqlite(), CASES, |random| {
        let of = [1, 2, 7, 16][random.below(4)];
        if random.below(2) == 0 { Delivery::OneByOne(of) } else { Delivery::SideBySide(of) }
    });
}

/// The cases must be worth something: every effect and every refusal happens in some of them.
#[test]
#[expect(clippy::too_many_lines, reason = "one line for each thing that can happen")]
fn everything_that_can_happen_happens() {
    let seen = std::cell::RefCell::new(BTreeMap::<String, u32>::new());
    let config = Config { cases: 4_000, failure_persistence: None, ..Config::default() };
    let config = Config { rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..config };
    let result = TestRunner::new(config).run(&cases::cases(), |case| {
        let mut reference = Reference::default();
        let mut store_ids = 0_u128;
        for file in &case.files {
            store_ids += 1;
            let import = tidewaiter::id::ImportId::new(tidewaiter::id::Timestamp::UNIX_EPOCH, store_ids);
            let Some(checked) = delivery::check(file, &delivery::terms(file), import) else { continue };
            let outcome = reference.import(&File {
                import,
                scope: file.scope,
                options: &file.options,
                columns: &checked.columns,
                lines: &checked.lines,
                rejected: checked.rejected,
            });
            let mut seen = seen.borrow_mut();
            let mut count = |what: String| *seen.entry(what).or_default() += 1;
            for effect in &outcome.effects {
                match effect {
                    Effect::Refused(refusal) => {
                        let kind = format!("{refusal:?}");
                        let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
                        count(format!("{} {kind}", file.scope));
                    }
                    effect => count(format!("{} {effect:?}", file.scope)),
                }
            }
            for (_, subscription) in reference.of("subscriptions") {
                count(format!("subscriptions {}", subscription.text("status").unwrap_or_default()));
                if subscription.text("contact").is_none() {
                    count("subscriptions of nobody".to_owned());
                }
            }
            for (what, happened) in [
                ("too much", outcome.too_much),
                ("removed", outcome.removed > 0),
                ("swept", outcome.swept.0 > 0),
                ("swept with dependents", outcome.swept.1 > 0),
                ("rejected", checked.rejected > 0),
            ] {
                if happened {
                    count(format!("{} {what}", file.scope));
                }
            }
        }
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
    let seen = seen.into_inner();
    let must = [
        "abandonedcarts Existing",
        "abandonedcarts GaveWay",
        "abandonedcarts Imported",
        "abandonedcarts Missing",
        "abandonedcarts Superseding",
        "abandonedcarts Unchanged",
        "abandonedcarts Unknown",
        "abandonedcarts removed",
        "abandonedcarts swept with dependents",
        "burnreward Claimed",
        "burnreward Differs",
        "burnreward Existing",
        "burnreward Imported",
        "burnreward Missing",
        "cardcode Imported",
        "cardcode Missing",
        "cardcode Superseding",
        "cardcode Unchanged",
        "contacts Ambiguous",
        "contacts Existing",
        "contacts Imported",
        "contacts Superseding",
        "contacts Taken",
        "contacts Unchanged",
        "contacts Unknown",
        "contacts rejected",
        "contacts swept",
        "contacts too much",
        "creditpoints Imported",
        "creditpoints Missing",
        "deletecontacts Ambiguous",
        "deletecontacts Imported",
        "deletecontacts Unknown",
        "events Existing",
        "events Imported",
        "orders Imported",
        "orders Superseding",
        "orders removed",
        "orders swept with dependents",
        "orders too much",
        "ordersitems Imported",
        "ordersitems Missing",
        "products Ambiguous",
        "products Taken",
        "subscriptions of nobody",
        "subscriptions subscribed",
        "subscriptions suspended",
        "subscriptions unconfirmed",
        "subscriptions unsubscribed",
        "tierchange Imported",
        "tierchange Unchanged",
    ];
    for what in must {
        assert!(seen.contains_key(what), "it never happens: {what}");
    }
}

/// A case that is written down.
fn example(files: &[(&'static str, &str, &str)]) -> Result<(), TestCaseError> {
    let file = |(scope, options, csv): &(&'static str, &str, &str)| cases::CaseFile {
        scope,
        options: cases::named(scope, options),
        csv: csv.replace(" | ", "\n"),
    };
    let case = Case { files: files.iter().map(file).collect(), seed: 0 };
    agree(&mut sqlite(), &case, |_| Delivery::Once)
}

#[test]
fn a_code_that_was_made_keeps_its_source() {
    let result = example(&[
        ("contacts", "upsert-ignore", "email | a@x.org"),
        ("cardcode", "upsert-ignore", "card_code;contact | ;a@x.org"),
        ("cardcode", "upsert-clear", "card_code;contact;status | ;a@x.org;active"),
    ]);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn a_number_is_one_key_wherever_it_is_written() {
    let result = example(&[
        ("contacts", "upsert-ignore33", "cellphone | 0033612345678"),
        (
            "events",
            "upsert-ignore33",
            "event_id;contact;event_name;event_date | V1;0033612345678;visit;2026-01-01T00:00:00Z",
        ),
    ]);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

/// Eight spellings of one number were four contacts.
#[test]
fn a_number_is_one_contact_however_its_country_is_written() {
    let spellings =
        "cellphone | +33612345678 | +33 (0)6 12 34 56 78 | 0612345678 | +330612345678 | 33 06 12 34 56 78";
    let result = example(&[
        ("contacts", "upsert-ignore33", spellings),
        ("contacts", "upsert-ignore33", "cellphone | 330612345678 | 612345678"),
    ]);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn a_value_that_comes_again_in_another_spelling_is_unchanged() {
    let result = example(&[
        ("contacts", "upsert-ignore", "email;customer_key | a@m\u{fc}.org;C\u{e9} | b@x.org;C2"),
        ("contacts", "upsert-ignore", "email;customer_key | A@mu\u{308}.org;Ce\u{301} | B@X.org;C2"),
        ("contacts", "upsert-ignore-customerkey", "email;customer_key | a@xn--m-eha.org;Ce\u{301}"),
        ("stores", "upsert-ignore", "store_id;name;active | caf\u{e9};North;true | cafe\u{301};North;1"),
        (
            "orders",
            "upsert-ignore",
            "order_id;contact;order_date;total_price | 1;a@m\u{fc}.org;2026-01-01T00:00:00Z;1.50",
        ),
        (
            "orders",
            "upsert-ignore",
            "order_id;contact;order_date;total_price | 1;A@MU\u{308}.org;2026-01-01T01:00:00+01:00;1.5",
        ),
    ]);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
