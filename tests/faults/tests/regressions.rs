//! What was found, each by its name.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tidewaiter::keys::Repository;
use tidewaiter_engine::ports::Progress;
use tidewaiter_faults::Deployment;
use tidewaiter_faults::deployment::{Between, Ended};
use tidewaiter_faults::fault::{Kind, Reach, Refusal};
use tidewaiter_faults::inject::{Injector, Made, Plan, Target};
use tidewaiter_faults::journal::Journal;
use tidewaiter_faults::scenario::write;
use tidewaiter_faults::seen::stored;
use tidewaiter_faults::trial::standing;
use tidewaiter_folder::Local;
use tidewaiter_folder::disk::{Call, Interference, Op};
use tidewaiter_tests::generate::Chance;
use tidewaiter_tests::world::files;

const CONTACTS: &str = r#"{ "zoo": { "contacts": { "crm": { "report_recipients": ["a@example.org"] } } } }"#;

/// A deployment with these repositories; the last one has the universe `zoo`.
fn deployment(repositories: &[&str]) -> Deployment {
    let deployment = Deployment::empty();
    for name in repositories {
        let repository: Repository = name.parse().unwrap();
        Local::init(&deployment.root(), &repository).unwrap();
    }
    let owner = repositories.last().unwrap();
    write(&deployment.root(), &format!("config/{owner}/zoo.json"), CONTACTS);
    deployment
}

fn run(deployment: &Deployment) {
    assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()));
}

/// Acts once, before the first call that it waits for.
struct Once<W, A> {
    waits_for: W,
    act: A,
    done: std::sync::Mutex<bool>,
}

impl<W, A> Interference for Once<W, A>
where
    W: Fn(&Call<'_>) -> bool + Send + Sync,
    A: Fn() -> io::Result<()> + Send + Sync,
{
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>> {
        let mut done = self.done.lock().unwrap();
        if !*done && (self.waits_for)(call) {
            *done = true;
            (self.act)()?;
        }
        Ok(None)
    }

    fn after(&self, _call: &Call<'_>) -> io::Result<()> {
        Ok(())
    }
}

/// Runs, and acts once before a call. What the run said that it could not do.
fn run_with(
    deployment: &Deployment,
    waits_for: impl Fn(&Call<'_>) -> bool + Send + Sync + 'static,
    act: impl Fn() -> io::Result<()> + Send + Sync + 'static,
) -> Vec<String> {
    let once = Arc::new(Once { waits_for, act, done: std::sync::Mutex::new(false) });
    let interference: Arc<dyn Interference> = once.clone();
    let ended = deployment.run(&Between { interference: Some(interference), ..Between::default() });
    assert!(*once.done.lock().unwrap(), "the call that was waited for was made");
    assert!(matches!(ended, Ended::ByItself(_)), "{ended:?}");
    ended.failures().to_vec()
}

/// Everything of a repository that is not acme's.
fn theirs(root: &Path) -> Vec<(String, Vec<u8>)> {
    let all = files(root, "");
    all.into_iter().filter(|(key, _)| key.contains("globex") && !key.starts_with("logs")).collect()
}

/// Another repository's archived file left it: a partner swapped a folder of its own for a link to the archives of that
/// repository, after the folder was listed and before its file was moved.
#[test]
fn a_folder_that_is_swapped_for_a_link_to_archives_moves_nothing_of_another_repository() {
    let deployment = deployment(&["acme", "globex"]);
    let root = deployment.root();
    write(&root, "imports/globex/zoo_contacts_crm_20260131.csv", "email\nsecret@globex.example\n");
    run(&deployment);
    let before = theirs(&root);
    assert!(before.iter().any(|(key, _)| key == "archives/globex/zoo_contacts_crm_20260131.csv"));
    write(&root, "imports/acme/zzz/zoo_contacts_crm_20260131.csv", "x");
    let zone = root.join("imports/acme");
    let is_move = |call: &Call<'_>| call.what == Op::Rename && call.path.starts_with("imports/acme/zzz");
    run_with(&deployment, is_move, move || {
        fs::rename(zone.join("zzz"), zone.join(".old"))?;
        symlink("../../archives/globex", zone.join("zzz"))
    });
    run(&deployment);
    assert_eq!(theirs(&root), before);
    let got = files(&root.join("bogus/acme"), "");
    assert!(got.values().all(|content| !String::from_utf8_lossy(content).contains("secret")), "{got:?}");
}

/// The same with another repository's active configuration, and with a folder outside of the deployment.
#[test]
fn a_folder_that_is_swapped_for_a_link_moves_no_configuration_and_nothing_from_outside() {
    let deployment = deployment(&["acme", "globex"]);
    let root = deployment.root();
    let outside = deployment.side();
    fs::write(outside.join("id_rsa"), "topsecret").unwrap();
    write(&root, "imports/acme/zzy/zoo.json", "x");
    write(&root, "imports/acme/zzz/id_rsa", "x");
    let zone = root.join("imports/acme");
    let is_move = |call: &Call<'_>| call.what == Op::Rename && call.path.starts_with("imports/acme/zzy");
    let target = outside.clone();
    run_with(&deployment, is_move, move || {
        fs::rename(zone.join("zzy"), zone.join(".o1"))?;
        symlink("../../config/globex", zone.join("zzy"))?;
        fs::rename(zone.join("zzz"), zone.join(".o2"))?;
        symlink(&target, zone.join("zzz"))
    });
    run(&deployment);
    assert_eq!(fs::read_to_string(root.join("config/globex/zoo.json")).unwrap(), CONTACTS);
    assert_eq!(fs::read_to_string(outside.join("id_rsa")).unwrap(), "topsecret");
    // The links themselves are what the partner dropped, and nothing of what they lead to.
    let got = files(&root.join("bogus/acme"), "");
    assert!(got.contains_key("zzy@") && got.contains_key("zzz@"), "{got:?}");
}

/// A partner kept a second name of its file, and changed what the ledger called imported.
#[test]
fn a_second_name_of_a_file_changes_nothing_after_it_was_taken_in() {
    let deployment = deployment(&["acme"]);
    let root = deployment.root();
    let (csv, config) = ("email\na@example.org\n", r#"{ "zoo": { "contacts": { "crm": {}, "web": {} } } }"#);
    write(&root, "imports/acme/zoo_contacts_crm_20260131.csv", csv);
    write(&root, "imports/acme/zoo_imports_config.json", config);
    let (zone, kept) = (root.join("imports/acme"), deployment.outside().join("kept"));
    fs::create_dir_all(&kept).unwrap();
    for name in ["zoo_contacts_crm_20260131.csv", "zoo_imports_config.json"] {
        fs::hard_link(zone.join(name), kept.join(name)).unwrap();
    }
    run(&deployment);
    for name in ["zoo_contacts_crm_20260131.csv", "zoo_imports_config.json"] {
        fs::write(kept.join(name), "tampered").unwrap();
    }
    let archived = fs::read_to_string(root.join("archives/acme/zoo_contacts_crm_20260131.csv")).unwrap();
    assert_eq!(archived, csv);
    assert_eq!(fs::read_to_string(root.join("config/acme/zoo.json")).unwrap(), config);
}

/// Archives, waiting files and mails that the ledger called done had 0 bytes after a power cut, however soon after the
/// end of a run it came.
#[test]
fn what_the_ledger_calls_done_is_whole_after_a_power_cut() {
    for seed in 0..40 {
        let deployment = deployment(&["acme"]);
        let root = deployment.root();
        write(&root, "imports/acme/zoo_contacts_crm_20260131.csv", "email\nada@example.org\nbad\n");
        write(&root, "imports/acme/g.01-02_zoo_contacts_crm_20260131.csv", "email\nbob@example.org\n");
        let journal = Journal::new(&root, &deployment.side());
        let injector = Arc::new(Injector::new(None, u64::MAX).with_journal(journal));
        let interference: Arc<dyn Interference> = injector.clone();
        let ended = deployment.run(&Between { interference: Some(interference), ..Between::default() });
        assert_eq!(ended, Ended::ByItself(Vec::new()));
        injector.take_journal().unwrap().cut(&mut Chance::new(seed), |_| true);
        assert_eq!(standing(&root), Vec::<String>::new(), "seed {seed}");
        // What waited goes on when the rest of its group comes.
        write(&root, "imports/acme/g.02-02_zoo_contacts_crm_20260131.csv", "email\ncy@example.org\n");
        run(&deployment);
        let waited = root.join("archives/acme/g.01-02_zoo_contacts_crm_20260131.csv");
        assert_eq!(fs::read_to_string(waited).unwrap(), "email\nbob@example.org\n", "seed {seed}");
        assert_eq!(stored(&root).unwrap().records.len(), 3, "seed {seed}");
    }
}

/// The calls of a run.
fn calls(deployment: &Deployment) -> Vec<Made> {
    let injector = Arc::new(Injector::new(None, u64::MAX).traced());
    let interference: Arc<dyn Interference> = injector.clone();
    deployment.run(&Between { interference: Some(interference), ..Between::default() });
    injector.take_trace()
}

/// An error of `stat` counted as "absent", and the rejected lines of an earlier file were overwritten.
#[test]
fn rejected_lines_are_not_overwritten_when_it_cannot_be_asked_whether_they_are_there() {
    let key = "badlines/acme/zoo_contacts_crm_20260101.csv";
    let begin = deployment(&["acme"]);
    write(&begin.root(), "imports/acme/zoo_contacts_crm_20260101.csv", "email\nFIRST bad\n");
    run(&begin);
    write(&begin.root(), "imports/acme/zoo_contacts_crm_20260101.csv", "email\nSECOND bad\n");
    let asked: Vec<u64> = (1..)
        .zip(calls(&begin.copied()))
        .filter(|(_, made)| made.op == Op::Stat && made.path == Path::new(key))
        .map(|(at, _)| at)
        .collect();
    assert!(!asked.is_empty());
    for call in asked {
        let deployment = begin.copied();
        let root = deployment.root();
        let plan = Plan { call: Target::Number(call), kind: Kind::Once(Refusal::Broken) };
        let injector: Arc<dyn Interference> = Arc::new(Injector::new(Some(plan), u64::MAX));
        deployment.run(&Between { interference: Some(injector), ..Between::default() });
        run(&deployment);
        let all: Vec<String> = files(&root.join("badlines"), "")
            .into_values()
            .map(|content| String::from_utf8_lossy(&content).into_owned())
            .collect();
        for word in ["FIRST", "SECOND"] {
            assert_eq!(
                all.iter().filter(|content| content.contains(word)).count(),
                1,
                "call {call}: {all:?}"
            );
        }
        assert_eq!(standing(&root), Vec::<String>::new(), "call {call}");
    }
}

/// A file that costs its sender one write took all of the disk, once it was copied.
#[test]
fn holes_of_a_file_take_no_room_when_it_is_copied() {
    let deployment = deployment(&["acme"]);
    let root = deployment.root();
    let name = "zoo_contacts_crm_20260101.csv";
    write(&root, &format!("imports/acme/{name}"), "email\na@example.org\n");
    let zone = root.join("imports/acme");
    fs::File::options().write(true).open(zone.join(name)).unwrap().set_len(64 << 20).unwrap();
    // Two names: it is copied when it is taken in.
    fs::hard_link(zone.join(name), zone.join(".keep")).unwrap();
    run(&deployment);
    let mut found = Vec::new();
    for prefix in ["archives/acme", "bogus/acme", "badlines/acme"] {
        for key in files(&root.join(prefix), "").into_keys() {
            let meta = fs::metadata(root.join(prefix).join(&key)).unwrap();
            found.push((meta.len(), meta.blocks() * 512));
        }
    }
    assert!(found.iter().any(|(bytes, _)| *bytes == 64 << 20), "{found:?}");
    let taken: u64 = found.iter().map(|(_, takes)| takes).sum();
    assert!(taken < 4 << 20, "{found:?} (bytes, and what they take)");
}

/// From 24 changed files and folders on everything was synced in one call; the root was asked for by an empty path, which
/// was an error, and nothing of a large drop could be registered.
#[test]
fn a_drop_of_many_files_is_registered() {
    let deployment = deployment(&["acme"]);
    let root = deployment.root();
    for n in 0..40 {
        write(&root, &format!("imports/acme/notes{n}.txt"), "x");
    }
    run(&deployment);
    assert_eq!(stored(&root).unwrap().imports.len(), 40);
}

/// A first configuration and its file, both dropped.
fn first_configuration() -> Deployment {
    let deployment = Deployment::empty();
    Local::init(&deployment.root(), &"acme".parse().unwrap()).unwrap();
    write(&deployment.root(), "imports/acme/zoo_imports_config.json", CONTACTS);
    write(&deployment.root(), "imports/acme/zoo_contacts_crm_20260101.csv", "email\na@example.org\n");
    deployment
}

/// Makes a run for each call that is meant, in which that call fails as `kind` says: what the run said, and the deployment.
fn failing(begin: &Deployment, kind: Kind, meant: impl Fn(&Made) -> bool) -> Vec<(Ended, Deployment)> {
    let made = calls(&begin.copied());
    let most = 8 * made.len() as u64;
    let at = (1..).zip(made).filter(|(_, made)| meant(made)).map(|(at, _)| at);
    let runs = at.map(|call| {
        let deployment = begin.copied();
        let injector = Arc::new(Injector::new(Some(Plan { call: Target::Number(call), kind }), most));
        let (clock, ends) = (injector.clock(), injector.ends());
        let ended = deployment.run(&Between { interference: Some(injector.clone()), clock, ends });
        assert!(!injector.is_endless(), "{:#?}", injector.last());
        (ended, deployment)
    });
    let runs: Vec<_> = runs.collect();
    assert!(!runs.is_empty());
    runs
}

/// What the files of a deployment came to.
fn outcomes(deployment: &Deployment) -> Vec<String> {
    let imports = stored(&deployment.root()).unwrap().imports;
    let told = imports.iter().map(|import| match &import.progress {
        Progress::Done(done) => format!("{} {}", import.file, done.outcome),
        _ => format!("{} waits", import.file),
    });
    told.collect()
}

/// A configuration that was moved out of the drop zone and could not be looked at there was in flight for nobody: its file
/// ended as "can't find universe".
#[test]
fn a_file_waits_for_a_configuration_that_cannot_be_looked_at_when_it_is_taken_in() {
    let is_taken_in = |made: &Made| made.op == Op::Stat && made.path.starts_with("waiting/acme");
    for refusal in [Refusal::Denied, Refusal::Broken] {
        for (_, deployment) in failing(&first_configuration(), Kind::Once(refusal), is_taken_in) {
            run(&deployment);
            let outcomes = outcomes(&deployment);
            let imported = ["zoo_contacts_crm_20260101.csv imported", "zoo_imports_config.json activated"];
            assert!(imported.iter().all(|told| outcomes.iter().any(|found| found == told)), "{outcomes:?}");
        }
    }
}

/// A question to the state that failed after a configuration was registered left the configuration in flight for ever, and
/// its files waited without a word.
#[test]
fn a_run_that_says_no_failure_leaves_no_file_waiting() {
    let reads = |made: &Made| made.op == Op::Database && made.path == Path::new("reading an import");
    for (ended, deployment) in failing(&first_configuration(), Kind::Once(Refusal::Full), reads) {
        let outcomes = outcomes(&deployment);
        let waits = outcomes.iter().any(|told| told.ends_with("waits"));
        assert!(!waits || !ended.failures().is_empty(), "{ended:?}: {outcomes:?}");
    }
}

/// Three files, and one use of the database that fails from each of its calls on: the run ends, and the next one imports.
fn a_run_ends_though_this_fails(use_of_the_database: &str) {
    let begin = deployment(&["acme"]);
    for n in 1..=3 {
        let file = format!("imports/acme/zoo_contacts_crm_2026010{n}.csv");
        write(&begin.root(), &file, "email\na@example.org\n");
    }
    let fails = |made: &Made| made.op == Op::Database && made.path == Path::new(use_of_the_database);
    for (ended, deployment) in failing(&begin, Kind::Stays(Reach::Call, Refusal::Broken), fails) {
        assert!(matches!(&ended, Ended::ByItself(failures) if !failures.is_empty()), "{ended:?}");
        run(&deployment);
        assert!(outcomes(&deployment).iter().all(|told| told.ends_with(" imported")));
    }
}

/// A step of the sequencer that could not be written, and a file that was loaded, reset each other's number of tries.
#[test]
fn a_run_ends_though_no_step_of_the_sequencer_can_be_written() {
    a_run_ends_though_this_fails("writing a sequence");
}

/// Work whose import run could not be read asked for a reconciliation, which asked for that work again, for ever.
#[test]
fn a_run_ends_though_no_import_can_be_read() {
    a_run_ends_though_this_fails("reading an import");
}

/// The write that ended an import took effect, and its answer was lost: the mail waited for the next run without a word.
#[test]
fn a_mail_is_sent_though_the_answer_of_the_write_that_made_it_due_was_lost() {
    let begin = deployment(&["acme"]);
    write(&begin.root(), "imports/acme/zoo_contacts_crm_20260101.csv", "email\na@example.org\n");
    let writes = |made: &Made| made.op == Op::Database;
    for (ended, deployment) in failing(&begin, Kind::Lost, writes) {
        let mails = fs::read_dir(deployment.root().join("outbox")).map_or(0, Iterator::count);
        assert!(mails == 1 || !ended.failures().is_empty(), "{ended:?}: {mails} mails");
    }
}

/// A device that goes away: once something was moved there, every call for it fails.
struct GoesAway {
    mounted: &'static str,
    is_gone: AtomicBool,
}

impl GoesAway {
    fn holds(&self, path: &Path) -> bool {
        path.starts_with(self.mounted)
    }
}

impl Interference for GoesAway {
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>> {
        let is_there = self.holds(call.path) || call.to.is_some_and(|to| self.holds(to));
        if is_there && self.is_gone.load(Ordering::Relaxed) {
            return Err(io::Error::other("the device is gone"));
        }
        Ok(None)
    }

    fn after(&self, call: &Call<'_>) -> io::Result<()> {
        if call.what == Op::Rename && call.to.is_some_and(|to| self.holds(to)) {
            self.is_gone.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A device that died under one repository's archives held up every other repository of the run: each commit waited for
/// what could not be synced there.
#[test]
fn a_device_that_goes_away_under_one_repository_holds_up_no_other() {
    let deployment = deployment(&["globex"]);
    let root = deployment.root();
    Local::init(&root, &"acme".parse().unwrap()).unwrap();
    write(&root, "config/acme/farm.json", CONTACTS.replace("zoo", "farm"));
    for day in 10..20 {
        write(&root, &format!("imports/acme/farm_contacts_crm_202601{day}.csv"), "email\na@acme.example\n");
        write(
            &root,
            &format!("imports/globex/zoo_contacts_crm_202601{day}.csv"),
            "email\ng@globex.example\n",
        );
    }
    let device = Arc::new(GoesAway { mounted: "archives/acme", is_gone: AtomicBool::new(false) });
    let ended = deployment.run(&Between { interference: Some(device.clone()), ..Between::default() });
    assert!(device.is_gone.load(Ordering::Relaxed), "something was moved there");
    let failures = ended.failures();
    assert!(!failures.is_empty(), "{ended:?}");
    for failure in failures {
        assert!(failure.contains("acme") && failure.contains("the device is gone"), "{failures:?}");
    }
    assert_eq!(files(&root.join("archives/globex"), "").len(), 10);
    assert_eq!(files(&root.join("imports"), "").len(), 0);
    run(&deployment);
    assert_eq!(files(&root.join("archives/acme"), "").len(), 10);
}
