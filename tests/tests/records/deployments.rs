//! The same through whole deployments: files are dropped, runs treat them, and outcomes, counts and records
//! are looked at, with one loader and with seven.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use tidewaiter::report::{Counts, Outcome as Fate};
use tidewaiter_engine::ports::Progress;
use tidewaiter_folder::{Local, Runner};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

use crate::cases::{self, Case, CaseFile, UNIVERSE};
use crate::delivery;
use tidewaiter_tests::reference::{File, Reference};

/// Treats what was dropped, its lines shared among so many loaders.
fn treat(world: &World, loaders: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = Local::open(world.root()).expect("the folder can be opened");
    let mut runner = Runner::new(local.without_settling().with_loaders(loaders), Duration::ZERO)
        .expect("nobody else works on the folder");
    let summary = runtime.block_on(runner.run(Duration::ZERO));
    assert!(summary.failures.is_empty(), "the run failed: {:#?}", summary.failures);
    drop(runner);
    world.note_ids();
}

/// What the report must say of a file.
fn expected(reference: &mut Reference, file: &CaseFile, import: tidewaiter::id::ImportId) -> (Fate, Counts) {
    let Some(checked) = delivery::check(file, &delivery::terms(file), import) else {
        return (Fate::Bogus, Counts::default());
    };
    let outcome = reference.import(&File {
        import,
        scope: file.scope,
        options: &file.options,
        columns: &checked.columns,
        lines: &checked.lines,
        rejected: checked.rejected,
    });
    let fate = if outcome.too_much { Fate::Bogus } else { Fate::Imported };
    let counts = outcome.counts(checked.read, checked.rejected, &file.options);
    (fate, counts)
}

/// Drops the files of a case one after the other, and compares. Answers what lies in the folder.
fn agree(case: &Case, loaders: u32) -> Result<BTreeMap<String, Vec<u8>>, TestCaseError> {
    let world = World::new();
    world.config(UNIVERSE, &cases::document(case.files.iter().map(|file| (file.scope, &file.options))));
    let mut reference = Reference::default();
    for (n, file) in case.files.iter().enumerate() {
        let name = format!("{UNIVERSE}_{}_{}_202601{:02}.csv", file.scope, file.options.name(), n + 1);
        world.drop(PARTNER, &name, &file.csv);
        treat(&world, loaders);
        let import = world.import(&name);
        let (fate, counts) = expected(&mut reference, file, import.id);
        let Progress::Done(done) = &import.progress else { panic!("{name} has no outcome") };
        prop_assert_eq!(done.outcome, fate, "outcome of {}", &name);
        if fate == Fate::Imported {
            prop_assert_eq!(done.counts, counts, "counts of {}", &name);
            let sum = counts.imported + counts.unchanged + counts.superseded + counts.rejected;
            prop_assert_eq!(counts.read, sum, "each line of {} is counted once", &name);
        }
    }
    let mut records = BTreeMap::new();
    for (scope, stored) in world.records() {
        records.extend(stored.into_iter().map(|stored| ((scope.clone(), stored.key), stored.record)));
    }
    crate::same(&records, &reference.records)?;
    world.check();
    Ok(world.tree())
}

#[test]
fn deployments_agree_with_the_reference_with_one_loader_and_with_seven() {
    let config = Config { cases: 12, failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let result = TestRunner::new(config).run(&cases::cases(), |case| {
        let one = agree(&case, 1)?;
        let seven = agree(&case, 7)?;
        let texts = |tree: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, String> {
            tree.iter()
                .map(|(key, bytes)| (key.clone(), String::from_utf8_lossy(bytes).into_owned()))
                .collect()
        };
        prop_assert_eq!(texts(&one), texts(&seven), "what lies in the folder");
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
