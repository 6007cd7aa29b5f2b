//! Small files that share a commit, when the power goes or the process dies.
#![allow(clippy::indexing_slicing, reason = "a test stops at what it does not expect")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use tidewaiter::keys::Repository;
use tidewaiter_faults::Deployment;
use tidewaiter_faults::deployment::{Between, Ended};
use tidewaiter_faults::fault::{Kind, Refusal};
use tidewaiter_faults::inject::{Injector, Made, Plan, Target};
use tidewaiter_faults::journal::Journal;
use tidewaiter_faults::scenario::write;
use tidewaiter_faults::seen::{Seen, differences, look, stored};
use tidewaiter_faults::trial::standing;
use tidewaiter_folder::Local;
use tidewaiter_folder::disk::Op;
use tidewaiter_tests::generate::Chance;

/// So many files are dropped together.
const FILES: u32 = 6;

/// How the commits of what several files wrote are named: of the records, and of the state.
const RECORDS: &str = "committing what several files landed";
const STATE: &str = "committing what several files wrote";

const CONTACTS: &str = r#"{ "zoo": { "contacts": { "crm": {} } } }"#;

/// A deployment in which several small files wait that change the same record: what it holds in the end shows their order.
fn begun() -> Deployment {
    begun_with(|n| format!("email;firstname\nall@example.org;Name {n}\nof{n}@example.org;Own {n}\n"))
}

/// The same with this content of each file.
fn begun_with(content: impl Fn(u32) -> String) -> Deployment {
    let deployment = Deployment::empty();
    let root = deployment.root();
    let repository: Repository = "acme".parse().unwrap();
    Local::init(&root, &repository).unwrap();
    write(&root, "config/acme/zoo.json", CONTACTS);
    // The database of the universe is there before several files share a commit.
    write(&root, "imports/acme/zoo_contacts_crm_20260101.csv", "email;firstname\nfirst@example.org;First\n");
    assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()));
    for n in 1..=FILES {
        write(&root, &format!("imports/acme/zoo_contacts_crm_202602{n:02}.csv"), content(n));
    }
    deployment
}

fn between(injector: &Arc<Injector>) -> Between {
    Between { interference: Some(injector.clone()), clock: injector.clock(), ends: injector.ends() }
}

/// The calls of an undisturbed run, and what comes of it.
fn undisturbed(begin: &Deployment) -> (Vec<Made>, Seen) {
    let deployment = begin.copied();
    let injector = Arc::new(Injector::new(None, u64::MAX).traced());
    assert_eq!(deployment.run(&between(&injector)), Ended::ByItself(Vec::new()));
    (injector.take_trace(), look(&deployment.root(), None).unwrap())
}

fn uses(calls: &[Made], what: &str) -> usize {
    calls.iter().filter(|made| made.op == Op::Database && made.path == Path::new(what)).count()
}

/// Runs until a call at which the power goes, or the process dies.
fn cut(begin: &Deployment, call: u64, kind: Kind, seed: u64) -> Deployment {
    let deployment = begin.copied();
    let plan = Plan { call: Target::Number(call), kind };
    let mut injector = Injector::new(Some(plan), u64::MAX);
    if kind == Kind::PowerCut {
        injector = injector.with_journal(Journal::new(&deployment.root(), &deployment.side()));
    }
    let injector = Arc::new(injector);
    deployment.run(&between(&injector));
    if let Some(journal) = injector.take_journal() {
        let registered: Vec<String> =
            stored(&deployment.root()).unwrap().imports.iter().map(|import| import.id.to_string()).collect();
        journal.cut(&mut Chance::new(seed), |import| registered.iter().any(|id| id == import));
    }
    deployment
}

/// Whatever is lost: each file is as if it was never touched or is brought to its end, and their order is kept.
#[test]
fn files_that_share_a_commit_survive_a_power_cut_at_every_call() {
    let begin = begun();
    let (calls, expected) = undisturbed(&begin);
    assert_eq!(uses(&calls, RECORDS), 1, "the files share the commit of their records: {calls:#?}");
    let commits = uses(&calls, STATE);
    assert_eq!(commits, 4, "registered, with a configuration, decided, done: {calls:#?}");
    survives(&begin, &calls, &expected);
}

/// A file whose header is wrong and one with a rejected line end the shared commit by themselves.
#[test]
fn a_refused_file_among_others_survives_a_power_cut_at_every_call() {
    let begin = begun_with(|n| match n {
        3 => "nothing\nthat is known\n".to_owned(),
        5 => "email;firstname\nall@example.org;Name 5\nno address;Nobody\n".to_owned(),
        n => format!("email;firstname\nall@example.org;Name {n}\nof{n}@example.org;Own {n}\n"),
    });
    let (calls, expected) = undisturbed(&begin);
    assert!(uses(&calls, RECORDS) >= 3, "before each of both, and behind: {calls:#?}");
    survives(&begin, &calls, &expected);
}

fn survives(begin: &Deployment, calls: &[Made], expected: &Seen) {
    for kind in [Kind::PowerCut, Kind::Dies] {
        for call in 1..=calls.len() as u64 {
            for seed in 1..=if kind == Kind::PowerCut { 2 } else { 1 } {
                let deployment = cut(begin, call, kind, seed);
                let root = deployment.root();
                let at = format!("{kind} at call {call} ({}), seed {seed}", calls[call as usize - 1]);
                assert_eq!(standing(&root), Vec::<String>::new(), "{at}");
                assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()), "{at}");
                let found = differences(&look(&root, None).unwrap(), expected);
                assert_eq!(found, Vec::<String>::new(), "{at}");
            }
        }
    }
}

/// A commit that fails undoes what the files wrote. The run says so once, and the next one brings them to their end.
#[test]
fn files_whose_shared_commit_fails_are_treated_anew() {
    let begin = begun();
    let (calls, expected) = undisturbed(&begin);
    for what in [RECORDS, STATE] {
        for nth in 1..=uses(&calls, what) as u64 {
            for kind in [Kind::Once(Refusal::Broken), Kind::Once(Refusal::Full), Kind::Lost] {
                let deployment = begin.copied();
                let made = Made { op: Op::Database, path: what.into(), to: None };
                let plan = Plan { call: Target::Nth(made, nth), kind };
                let ended = deployment.run(&between(&Arc::new(Injector::new(Some(plan), u64::MAX))));
                let at = format!("{kind} at {nth}. {what}: {ended:?}");
                assert!(ended.failures().len() <= 1, "{at}");
                assert_eq!(standing(&deployment.root()), Vec::<String>::new(), "{at}");
                assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()), "{at}");
                let found = differences(&look(&deployment.root(), None).unwrap(), &expected);
                assert_eq!(found, Vec::<String>::new(), "{at}");
            }
        }
    }
}

/// The power goes when the records are committed and the state is not. The operator changes the configuration before the
/// next run. The files end as those do that were landed: under the configuration with which they were.
#[test]
fn files_that_were_landed_keep_their_configuration_when_the_state_was_not_committed() {
    let begin = begun();
    let (calls, _) = undisturbed(&begin);
    let landed = calls.iter().position(|made| made.path == Path::new(RECORDS)).unwrap();
    let behind = calls.iter().skip(landed).position(|made| made.path == Path::new(STATE)).unwrap();
    let deployment = cut(&begin, (landed + behind) as u64 + 1, Kind::Dies, 1);
    let root = deployment.root();
    fs::write(root.join("config/acme/zoo.json"), CONTACTS.replace("contacts", "stores")).unwrap();
    assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()));
    let after = stored(&root).unwrap();
    let outcomes: Vec<_> = after.imports.iter().map(|run| run.conclusion().map(|end| end.outcome)).collect();
    assert!(
        outcomes.iter().all(|outcome| *outcome == Some(tidewaiter::report::Outcome::Imported)),
        "{outcomes:?}"
    );
    assert_eq!(after.records.len() as u32, FILES + 2);
}
