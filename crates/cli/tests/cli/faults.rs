//! What cannot be read or written: it is told with its path and reason, once, and holds up nobody else.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::user::{Locked, User, mode};
use crate::support::{Answer, Place};

const CONFIG: &str = r#"{ "UNIVERSE": { "contacts": { "crm": {} } }, "settings": { "settle_seconds": 0 } }"#;
const GOOD: &str = "email\nana@example.org\n";

/// Two repositories, `acme` with the universe `shop` and `other` with `zoo`.
fn two_repositories() -> Place {
    let place = Place::empty();
    for (repository, universe) in [("acme", "shop"), ("other", "zoo")] {
        for folder in ["archives", "badlines", "bogus", "logs", "notprocessed"] {
            fs::create_dir_all(place.path(&format!("drop/{folder}/{repository}"))).unwrap();
        }
        let config = CONFIG.replace("UNIVERSE", universe);
        place.write(&format!("drop/imports/{repository}/{universe}_imports_config.json"), config);
    }
    place
}

/// A group that is stopped by its first file, so that the second is set aside; a file behind it; a file of the other.
fn drop_files(place: &Place) {
    place
        .write("drop/imports/acme/g.01-02_shop_contacts_crm_20260101.csv", "nonsense\nx\n")
        .write("drop/imports/acme/g.02-02_shop_contacts_crm_20260101.csv", GOOD)
        .write("drop/imports/acme/shop_contacts_crm_20260105.csv", GOOD)
        .write("drop/imports/other/zoo_contacts_crm_20260105.csv", GOOD);
}

fn failures(answer: &Answer) -> Vec<&str> {
    answer.err.lines().filter(|line| line.starts_with("failed:")).collect()
}

fn outcomes(place: &Place) -> Vec<(String, String)> {
    let entries = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("none").to_owned();
    entries.as_array().unwrap().iter().map(|e| (text(&e["file"]), text(&e["outcome"]))).collect()
}

fn assert_outcome(place: &Place, file: &str, outcome: &str) {
    let found = outcomes(place);
    assert!(found.contains(&(file.to_owned(), outcome.to_owned())), "{file}: {found:?}");
}

/// `t_nploop`: the run never ended.
#[test]
fn a_folder_that_cannot_be_written_is_told_once_and_holds_up_its_repository_alone() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    drop_files(&place);
    user.owns("drop");
    let locked = Locked::new(place.path("drop/notprocessed/acme"), 0o500);
    for _ in 0..2 {
        let begun = Instant::now();
        let answer = user.import().expect(2);
        assert!(begun.elapsed() < Duration::from_mins(1), "{:?}", begun.elapsed());
        let [failure] = failures(&answer)[..] else { panic!("one cause: {answer:?}") };
        for part in ["notprocessed/acme", "cannot be written: Permission denied", "(2 wait)"] {
            assert!(failure.contains(part), "{failure}");
        }
        assert!(answer.out.contains("1 failure; the next run retries it"), "{answer:?}");
    }
    assert_outcome(&place, "zoo_contacts_crm_20260105.csv", "imported");
    let status = place.run(&["status", "drop"]).expect(0).out;
    assert!(status.contains("shop_contacts_crm_20260105.csv"), "it waits for earlier files: {status}");
    drop(locked);
    user.import().expect(0);
    assert_outcome(&place, "g.02-02_shop_contacts_crm_20260101.csv", "notprocessed");
    assert_outcome(&place, "shop_contacts_crm_20260105.csv", "imported");
}

/// Many files that fail for one cause are told of once.
#[test]
fn files_that_fail_for_one_cause_are_told_together() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    user.owns("drop").import().expect(0);
    for n in 0..30 {
        place.write(&format!("drop/imports/acme/notes{n}.txt"), "x");
    }
    user.owns("drop/imports");
    let locked = Locked::new(place.path("drop/bogus/acme"), 0o500);
    let answer = user.import().expect(2);
    let [failure] = failures(&answer)[..] else { panic!("one cause: {answer:?}") };
    let told =
        "continuing files of acme: bogus/acme cannot be written: Permission denied (os error 13) (30 wait)";
    assert!(failure.contains(told), "{failure}");
    drop(locked);
    assert_eq!(answer.out.matches("refused       acme/notes").count(), 30, "their outcome is decided");
    assert!(!place.path("drop/bogus/acme/notes7.txt").exists());
    user.import().expect(0);
    assert!(place.path("drop/bogus/acme/notes7.txt").exists());
}

/// A watch that is stopped when the test is over.
struct Watch {
    child: Child,
}

impl Watch {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("watching"), "{line}");
        Self { child }
    }

    /// Stops it; what it said of failures.
    fn stop(mut self) -> String {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let asked = Instant::now();
        let mut err = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0), "{err}");
        assert!(asked.elapsed() < Duration::from_secs(30), "it took {:?} to stop", asked.elapsed());
        err
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_mins(2), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// `t_watchloop`: other repositories starved, and SIGTERM was not heard.
#[test]
fn a_watch_goes_on_with_others_and_says_once_that_a_folder_cannot_be_written_and_once_that_it_can() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    user.owns("drop").import().expect(0);
    let watch = Watch::start(user.command(&["watch", "drop", "--quiet-for", "0"]));
    let locked = Locked::new(place.path("drop/notprocessed/acme"), 0o500);
    drop_files(&place);
    user.owns("drop/imports");
    wait_for("the other's file", || place.path("drop/archives/other/zoo_contacts_crm_20260105.csv").exists());
    // It is tried after one, two and four seconds.
    std::thread::sleep(Duration::from_secs(4));
    drop(locked);
    let set_aside = "drop/notprocessed/acme/g.02-02_shop_contacts_crm_20260101.csv";
    wait_for("it is tried again", || place.path(set_aside).exists());
    wait_for("what is behind it", || {
        place.path("drop/archives/acme/shop_contacts_crm_20260105.csv").exists()
    });
    std::thread::sleep(Duration::from_millis(500));
    let err = watch.stop();
    assert_eq!(err.matches("failed:").count(), 1, "{err}");
    assert_eq!(err.matches("recovered:").count(), 1, "{err}");
    assert!(err.contains("notprocessed/acme"), "{err}");
}

/// `t_watchdie`, the third part: the watch ended.
#[test]
fn a_watch_lives_though_a_configuration_cannot_be_read() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    user.owns("drop").import().expect(0);
    let locked = Locked::new(place.path("drop/config/acme"), 0o000);
    let watch = Watch::start(user.command(&["watch", "drop", "--quiet-for", "0"]));
    place.write("drop/imports/acme/shop_contacts_crm_20260101.csv", GOOD);
    place.write("drop/imports/other/zoo_contacts_crm_20260105.csv", GOOD);
    user.owns("drop/imports");
    wait_for("the other's file", || place.path("drop/archives/other/zoo_contacts_crm_20260105.csv").exists());
    drop(locked);
    wait_for("the file", || place.path("drop/archives/acme/shop_contacts_crm_20260101.csv").exists());
    let err = watch.stop();
    assert!(err.contains("failed: checking expectations of acme: config/acme/ cannot be read"), "{err}");
}

/// `r_allrepos`: the trouble of one repository stopped the run of all.
#[test]
fn a_repository_whose_folders_cannot_be_read_holds_up_no_other() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    user.owns("drop").import().expect(0);
    place.write("drop/waiting/acme/01M8HA4YN045V2PBBTASBQMWZ1/x.csv", "x");
    user.owns("drop");
    let folders = ["drop/config/acme", "drop/waiting/acme/01M8HA4YN045V2PBBTASBQMWZ1", "drop/imports/acme"];
    for (n, folder) in folders.into_iter().enumerate() {
        let file = format!("zoo_contacts_crm_2026010{n}.csv");
        let file = file.replace("0.csv", "9.csv");
        place.write(&format!("drop/imports/other/{file}"), GOOD);
        user.owns("drop/imports");
        for locked in [0o000, 0o444] {
            let _locked = Locked::new(place.path(folder), locked);
            let answer = user.import();
            // A folder that can be listed is as good as any, if nothing in it is asked for.
            if answer.code != 2 {
                assert_eq!((folder, locked), ("drop/imports/acme", 0o444), "{answer:?}");
                continue;
            }
            let folder = folder.strip_prefix("drop/").unwrap();
            assert!(failures(&answer).iter().any(|failure| failure.contains(folder)), "{answer:?}");
        }
        assert_outcome(&place, &file, "imported");
    }
    // While the drop zone cannot be read, a configuration may lie there that takes this name.
    user.import().expect(1);
    assert_outcome(&place, "x.csv", "bogus");
}

/// `r_skipped_folder`: it was skipped silently.
#[test]
fn a_folder_in_the_drop_zone_that_cannot_be_read_is_told_by_run_and_status() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    place.write("drop/imports/acme/sub/x.csv", "x");
    user.owns("drop");
    for locked in [0o000, 0o444] {
        let _locked = Locked::new(place.path("drop/imports/acme/sub"), locked);
        let answer = user.import().expect(2);
        assert!(failures(&answer).iter().any(|failure| failure.contains("imports/acme/sub")), "{answer:?}");
        let answer = user.run(&["status", "drop"]).expect(2);
        assert!(failures(&answer).iter().any(|failure| failure.contains("imports/acme/sub")), "{answer:?}");
    }
    // In a folder it is no file that can be imported.
    user.import().expect(1);
    assert_outcome(&place, "sub%2Fx.csv", "bogus");
}

/// `r_perm_outcome`: files ended as "notprocessed" because of permissions of ours.
#[test]
fn a_folder_of_ours_that_cannot_be_entered_is_nobodys_outcome() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    place.write("drop/imports/acme/h.01-02_shop_contacts_crm_20260101.csv", GOOD);
    user.owns("drop").import().expect(0);
    let waiting: Vec<_> =
        fs::read_dir(place.path("drop/waiting/acme")).unwrap().map(Result::unwrap).collect();
    assert_eq!(waiting.len(), 1);
    let locked = Locked::new(waiting[0].path(), 0o000);
    let second = "h.02-02_shop_contacts_crm_20260102.csv";
    place.write(&format!("drop/imports/acme/{second}"), "email\nbo@example.org\n");
    user.owns("drop/imports");
    let answer = user.import().expect(2);
    assert!(answer.err.contains("cannot be read: Permission denied"), "{answer:?}");
    assert_eq!(outcomes(&place).iter().filter(|(_, outcome)| outcome == "notprocessed").count(), 0);
    drop(locked);
    user.import().expect(0);
    assert_outcome(&place, "h.01-02_shop_contacts_crm_20260101.csv", "imported");
    assert_outcome(&place, second, "imported");
}

/// A file that its sender locked is the sender's to fix.
#[test]
fn a_file_that_its_sender_locked_has_its_outcome() {
    let place = two_repositories();
    let Some(user) = User::of(&place) else { return };
    let file = "shop_contacts_crm_20260101.csv";
    place.write(&format!("drop/imports/acme/{file}"), GOOD);
    user.owns("drop");
    mode(&place.path(&format!("drop/imports/acme/{file}")), 0o000);
    user.import().expect(1);
    assert_outcome(&place, file, "notprocessed");
}

/// A file system of a few megabytes, which is gone when the test is over.
struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(path: std::path::PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", size, "none"]).arg(&path).output();
        if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
            println!("skipped: no small disk can be mounted: {mounted:?}");
            return None;
        }
        Some(Self(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Left behind it is gone with the machine.
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// `t_fullloop`: the run went on for ever.
#[test]
fn a_full_disk_ends_the_run_and_the_next_one_goes_on() {
    let place = Place::empty();
    let Some(disk) = SmallDisk::mount(place.path("drop"), "size=3m") else { return };
    place.run(&["init", "drop"]).expect(0);
    let lines = (0..40_000).map(|n| format!("person{n:06}@example.org\n")).collect::<Vec<_>>().concat();
    place.dropped(crate::support::CONTACTS, format!("email\n{lines}"));
    place.dropped("default_contacts_main_20260201.csv", GOOD);
    let begun = Instant::now();
    let answer = place.import().expect(2);
    assert!(begun.elapsed() < Duration::from_mins(3), "{:?}", begun.elapsed());
    let [failure] = failures(&answer)[..] else { panic!("one cause: {answer:?}") };
    assert!(failure.contains("full") && failure.contains("drop/"), "{failure}");
    let grown = Command::new("mount").args(["-o", "remount,size=60m"]).arg(&disk.0).status();
    assert!(grown.unwrap().success());
    place.import().expect(0);
    assert!(place.run(&["records", "drop"]).expect(0).out.contains("40,001"));
}
