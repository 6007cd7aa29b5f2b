//! The samples do what `samples/README.md` says of them, and the generator keeps its promises.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tidewaiter_engine::ports::{Conclusion, ImportRun, Progress};
use tidewaiter_tests::World;
use tidewaiter_tests::generate::{Plan, Scope, Sizes, generate};
use tidewaiter_tests::world::{PARTNER, files};

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples")
}

fn conclusion(import: &ImportRun) -> &Conclusion {
    match &import.progress {
        Progress::Done(done) => done,
        other => panic!("{} has no outcome: {other:?}", import.file),
    }
}

/// A world in which the deliveries were dropped, one run after each.
fn delivered() -> World {
    let world = World::new();
    let config = fs::read(samples().join("config/northwind_fr.json")).unwrap();
    world.drop(PARTNER, "northwind_fr_imports_config.json", config);
    let mut deliveries: Vec<PathBuf> =
        fs::read_dir(samples().join("deliveries")).unwrap().map(|entry| entry.unwrap().path()).collect();
    deliveries.sort();
    assert_eq!(deliveries.len(), 4);
    for (number, delivery) in (1..).zip(&deliveries) {
        for (name, content) in files(delivery, "") {
            world.drop(PARTNER, &name, content);
        }
        world.run();
        world.check();
        assert_eq!(
            world.waiting().len(),
            usize::from(number < 4),
            "the loyalty group is complete with delivery 4"
        );
    }
    world
}

/// The rows of the tables of the README that begin with a file: its name, outcome and code.
fn promised() -> BTreeMap<String, (String, String)> {
    let readme = fs::read_to_string(samples().join("README.md")).unwrap();
    let rows = readme.lines().filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [file, _what, outcome, code] = cells[..] else { return None };
        let file = file.strip_prefix('`')?.strip_suffix('`')?;
        Some((file.to_owned(), (outcome.trim_matches('`').to_owned(), code.trim_matches('`').to_owned())))
    });
    rows.collect()
}

#[test]
fn the_deliveries_are_clean_and_fit_together() {
    let world = delivered();
    for import in world.history() {
        let done = conclusion(&import);
        assert!(done.code.is_none() && done.counts.rejected == 0, "{}: {done:?}", import.file);
    }
    let counts: BTreeMap<String, usize> =
        world.records().into_iter().map(|(scope, records)| (scope, records.len())).collect();
    let expected = [
        ("abandonedcarts", 40),
        ("batch", 2),
        ("burnreward", 12),
        ("cardcode", 120),
        ("contacts", 2_095),
        ("creditpoints", 121),
        ("earnreward", 80),
        ("events", 150),
        ("masterreward", 3),
        ("orders", 1_580),
        ("ordersitems", 3_520),
        ("products", 400),
        ("stores", 63),
        ("tierchange", 20),
    ];
    assert_eq!(counts, expected.map(|(scope, count)| (scope.to_owned(), count)).into());
}

#[test]
fn every_broken_file_ends_as_the_readme_says() {
    let world = delivered();
    let before: Vec<_> = world.history().into_iter().map(|import| import.id).collect();
    let broken = files(&samples().join("broken"), "");
    for (name, content) in &broken {
        world.drop(PARTNER, name, content);
    }
    world.run();
    world.check();
    let waiting: Vec<String> = world.waiting().into_iter().flat_map(|group| group.files).collect();
    let mut found = BTreeMap::new();
    for import in world.history() {
        if before.contains(&import.id) || import.archive.is_some() {
            continue;
        }
        let ended = if waiting.contains(&import.file) {
            ("waiting".to_owned(), String::new())
        } else {
            let done = conclusion(&import);
            let code = done.code.clone().or(done.findings.first().cloned());
            (done.outcome.to_string(), code.unwrap_or_default())
        };
        found.insert(import.file.replace("%2F", "/"), ended);
    }
    let promised = promised();
    for (name, ended) in &found {
        assert_eq!(promised.get(name), Some(ended), "{name} in samples/README.md");
    }
    let names = |map: &BTreeMap<String, (String, String)>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&promised));
    assert_eq!(names(&found), broken.into_keys().collect::<Vec<_>>());
}

const SCOPES_IN_ORDER: [(Scope, &str, u64); 5] = [
    (Scope::Contacts, "contacts", 500),
    (Scope::Stores, "stores", 20),
    (Scope::Products, "products", 100),
    (Scope::Orders, "orders", 300),
    (Scope::OrdersItems, "ordersitems", 700),
];

fn generated(seed: u64, bad_share: f64) -> World {
    let world = World::new();
    let config = r#"{ "acme": { "contacts": {"x": {}}, "stores": {"x": {}}, "products": {"x": {}}, "orders": {"x": {}}, "ordersitems": {"x": {}} } }"#;
    world.config("acme", config);
    let sizes = Sizes { contacts: 500, stores: 20, products: 100, orders: 300 };
    for (scope, name, lines) in SCOPES_IN_ORDER {
        let mut content = Vec::new();
        generate(&Plan { scope, lines, first: 0, seed, bad_share, world: sizes }, &mut content).unwrap();
        world.drop(PARTNER, &format!("acme_{name}_x_20260131.csv"), content);
    }
    world.run();
    world.check();
    world
}

#[test]
fn generated_data_are_good_and_fit_together() {
    for seed in [1, 7] {
        let world = generated(seed, 0.0);
        for import in world.history() {
            let done = conclusion(&import);
            assert_eq!(done.counts.rejected, 0, "seed {seed}: {}: {done:?}", import.file);
        }
        for (_, scope, lines) in SCOPES_IN_ORDER {
            assert_eq!(world.keys(scope).len() as u64, lines, "seed {seed}: {scope}");
        }
    }
}

#[test]
fn generated_mistakes_are_mistakes() {
    let world = generated(3, 1.0);
    assert!(world.records().is_empty());
    let counts = world.history().iter().map(|import| conclusion(import).counts.rejected).sum::<u64>();
    assert_eq!(counts, SCOPES_IN_ORDER.iter().map(|(.., lines)| lines).sum::<u64>());
}
