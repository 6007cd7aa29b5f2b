//! `init`, `run`, `watch` and `status`.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::{CONTACTS, GOOD, MIXED, Place, command};

#[test]
fn init_makes_folders_and_an_example_and_says_what_to_do_next() {
    let place = Place::empty();
    let answer = place.run(&["init", "drop", "--repository", "acme", "--repository", "globex"]).expect(0);
    assert!(answer.out.contains("What to do next"), "{answer:?}");
    for folder in ["imports/acme", "imports/globex", "archives/acme", "bogus/globex", "logs/acme"] {
        assert!(place.path("drop").join(folder).is_dir(), "{folder}");
    }
    place.run(&["config", "check", "drop/config/acme/acme.json"]).expect(0);

    // What it proposes works as it stands.
    place.write("drop/imports/acme/acme_contacts_main_20260131.csv", GOOD);
    place.import().expect(0);
}

#[test]
fn init_leaves_a_configuration_alone() {
    let place = Place::deployment();
    place.write("drop/config/default/default.json", r#"{ "default": {} }"#);
    let answer = place.run(&["init", "drop"]).expect(0);
    assert!(answer.out.contains("stays as it is"), "{answer:?}");
    let kept = std::fs::read_to_string(place.path("drop/config/default/default.json")).unwrap();
    assert_eq!(kept, r#"{ "default": {} }"#);
}

#[test]
fn a_run_tells_of_each_file_and_sums_up() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED).dropped("readme.txt", "hello");
    let answer = place.import().expect(1);
    insta::assert_snapshot!(answer.out, @r"
    refused       default/readme.txt
                  the name does not end in `.csv`
                  hint: if this is CSV, end its name in `.csv`, or add a pattern of its name to `files` of an import
                  log: logs/default/readme.txt.log
    imported      default/default_contacts_main_20260131.csv  3 lines: 1 imported, 2 rejected
                  rejected lines: badlines/default/default_contacts_main_20260131.csv
                  log: logs/default/default_contacts_main_20260131.csv.log
    2 files: 1 imported, 1 refused; 3 lines: 1 imported, 2 rejected
    ");
    assert_eq!(answer.err, "");
}

#[test]
fn a_second_run_has_nothing_to_do() {
    let place = Place::deployment();
    place.dropped(CONTACTS, GOOD);
    let first = place.import().expect(0);
    assert!(first.out.ends_with("1 file: 1 imported; 2 lines: 2 imported\n"), "{first:?}");
    assert_eq!(place.import().expect(0).out, "nothing to do\n");
    place.dropped(CONTACTS, GOOD);
    assert!(place.import().expect(0).out.contains("2 lines: 2 unchanged"));
}

#[test]
fn a_run_as_json_is_an_object_for_each_file_and_a_summary() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED).dropped("d.01-02_default_orders_main_20260131.csv", "x\n");
    let events = place.run(&["run", "drop", "--quiet-for", "0", "--format", "json"]).expect(1).json_lines();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["event"], "concluded");
    assert_eq!(events[0]["report"]["file"], CONTACTS);
    assert_eq!(events[0]["report"]["counts"]["rejected"], 2);
    assert_eq!(events[1]["event"], "summary");
    assert_eq!(events[1]["files"]["imported"], 1);
    assert_eq!(events[1]["lines"]["read"], 3);
    assert_eq!(events[1]["waiting"][0]["group"]["id"], "d");
    assert_eq!(events[1]["waiting"][0]["missing"][0], 2);
}

#[test]
fn groups_that_wait_and_files_that_are_being_written_are_told_and_are_no_finding() {
    let place = Place::deployment();
    place
        .dropped("d.01-03_default_orders_main_20260131.csv", "order_id\n")
        .dropped("default_stores_main_20260131.csv.part", "store");
    let answer = place.run(&["run", "drop", "--quiet-for", "0", "--patience", "0"]).expect(0);
    assert!(answer.out.contains("default: group d waits for slots 02 and 03 of 03"), "{answer:?}");
    let left =
        "its name is that of an unfinished upload: imports/default/default_stores_main_20260131.csv.part";
    assert!(answer.out.contains(left), "{answer:?}");
}

#[test]
fn a_file_in_no_repository_is_told_once_and_fails_no_run() {
    let place = Place::deployment();
    place.write("drop/imports/x.csv", "lost").write("drop/imports/Thumbs.db", "");
    let answer = place.run(&["run", "drop", "--quiet-for", "0"]).expect(0);
    let told = "skipped, in no repository: imports/x.csv; move files into a folder imports/<repository>/";
    assert_eq!(answer.out.matches(told).count(), 1, "{answer:?}");
    assert_eq!(answer.err, "", "{answer:?}");
    let events = place.run(&["run", "drop", "--quiet-for", "0", "--format", "json"]).expect(0).json_lines();
    let last = events.last().unwrap();
    assert_eq!(last["strays"], serde_json::json!(["imports/x.csv"]), "{events:?}");
}

#[test]
fn status_says_what_is_waited_for() {
    let place = Place::deployment();
    assert_eq!(place.run(&["status", "drop"]).expect(0).out, "default\n  nothing is waiting\n");

    place.dropped("d.01-03_default_orders_main_20260131.csv", "order_id\n");
    place.import().expect(0);
    place.dropped("late.csv.part", "12345");
    let answer = place.run(&["status", "drop"]).expect(0);
    let text = answer.out.replace(|c: char| c.is_ascii_digit(), "#");
    insta::assert_snapshot!(text, @r"
    default
      group d waits for slots ## and ## of ##; d.##-##_default_orders_main_########.csv came just now
        has d.##-##_default_orders_main_########.csv
      # file in the drop zone was not registered yet:
        late.csv.part  # B, changed just now, its name is that of an unfinished upload
    ");

    let answer = place.run(&["status", "drop", "--repository", "default", "--format", "json"]).expect(0);
    let standing = &answer.json()[0];
    assert_eq!(standing["repository"], "default");
    assert_eq!(standing["universes"][0], "default");
    assert_eq!(standing["waiting"][0]["missing"], serde_json::json!([2, 3]));
    assert_eq!(standing["dropped"][0]["file"], "late.csv.part");
    assert_eq!(standing["queued"]["count"], 0);
    assert_eq!(standing["mails_due"], 0);
    assert!(standing["running"].is_null());
}

#[test]
fn status_says_why_nothing_is_imported() {
    let place = Place::deployment();
    place.write("drop/config/default/default.json", "{ broken");
    place.write("drop/imports/beside.csv", "x");
    place.dropped("default_contacts_main_20260131.csv", "email\nada@example.org\n");
    place.run(&["run", "drop", "--quiet-for", "0"]).expect(2);
    let answer = place.run(&["status", "drop"]).expect(0);
    assert!(
        answer.out.contains("nothing is imported: config/default/default.json is not a usable"),
        "{answer:?}"
    );
    let taken = "default_contacts_main_20260131.csv is registered; the next run processes it";
    assert!(answer.out.contains(taken), "{answer:?}");
    assert!(answer.out.contains("imports/beside.csv is in no repository"), "{answer:?}");
}

#[test]
fn a_folder_that_is_none_of_ours_is_told_so() {
    let place = Place::empty();
    for command in ["run", "watch", "status", "history", "records"] {
        let answer = place.run(&[command, "nowhere"]).expect(2);
        let told = "error: there is no folder nowhere\nhint: `tidewaiter init nowhere` makes one\n";
        assert_eq!(answer.err, told, "{command}");
        assert!(place.run(&[command, "."]).expect(2).err.contains("it has no imports/"), "{command}");
    }
    let place = Place::deployment();
    let answer = place.run(&["status", "drop", "--repository", "acme"]).expect(2);
    assert_eq!(answer.err, "error: there is no repository acme; there are default\n");
}

#[test]
fn one_process_at_a_time_works_on_a_folder() {
    let place = Place::deployment();
    let mut watch = command(&place.path(""), &["watch", "drop"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(watch.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
    let answer = place.import();
    watch.kill().unwrap();
    watch.wait().unwrap();
    assert_eq!(answer.code, 2);
    assert!(answer.err.contains("another tidewaiter process is working on drop"), "{answer:?}");
}

#[cfg(unix)]
#[test]
fn watch_imports_what_arrives_until_it_is_told_to_stop() {
    let place = Place::deployment();
    // The example lets a repository settle for two seconds; here nobody wants to wait.
    let quick = r#"{ "default": { "contacts": { "main": {} } }, "settings": { "settle_seconds": 0 } }"#;
    place.write("drop/config/default/default.json", quick);
    let mut watch = command(&place.path(""), &["watch", "drop", "--quiet-for", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(watch.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "watching drop/imports (default); Ctrl-C stops\n");

    place.dropped(CONTACTS, GOOD);
    line.clear();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, format!("imported      default/{CONTACTS}  2 lines: 2 imported\n"));

    let id = watch.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    line.clear();
    out.read_to_string(&mut line).unwrap();
    assert_eq!(line, "stopped; 1 file: 1 imported; 2 lines: 2 imported\n");
    assert_eq!(watch.wait().unwrap().code(), Some(0));
}

#[cfg(unix)]
#[test]
fn a_watch_that_is_told_twice_stops_at_once_and_the_next_run_goes_on() {
    let place = Place::deployment();
    let many = (0..200_000).map(|n| format!("n{n:06}@example.org\n")).collect::<Vec<_>>().concat();
    let quick = r#"{ "default": { "contacts": { "main": {} } }, "settings": { "settle_seconds": 0 } }"#;
    place.write("drop/config/default/default.json", quick).dropped(CONTACTS, format!("email\n{many}"));
    let mut watch = command(&place.path(""), &["watch", "drop", "--quiet-for", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let id = watch.id().to_string();
    let terminate =
        || assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let busy = || place.run(&["status", "drop"]).out.contains("importing");
    assert!((0..1_000).any(|_| busy()), "the import never began");
    terminate();
    let mut told = String::new();
    BufReader::new(watch.stderr.take().unwrap()).read_line(&mut told).unwrap();
    assert_eq!(told, "Finishing the current file; press Ctrl-C again to stop now\n");
    terminate();
    // A quick machine may have been done with the file in between.
    assert!(matches!(watch.wait().unwrap().code(), Some(130 | 0)));

    place.import().expect(0);
    let counted = place.run(&["records", "drop"]).expect(0).out;
    assert!(counted.contains("200,000"), "{counted}");
    assert!(place.run(&["status", "drop"]).expect(0).out.contains("nothing is waiting"));
}

#[test]
fn verbose_names_each_step_of_a_file_and_none_of_its_values() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    let err = place.run(&["run", "drop", "-v"]).expect(1).err;
    for step in ["registered", "dispatched", "processing started", "checked", "outcome decided"] {
        assert!(err.contains(step), "{step}: {err}");
    }
    assert!(!err.contains("ana.lopez"), "{err}");
}

#[test]
fn a_day_in_another_form_is_answered_with_the_form() {
    let place = Place::deployment();
    for arguments in [["report", "drop", "--day", "28/11/2026"], ["history", "drop", "--since", "28/11/2026"]]
    {
        let err = place.run(&arguments).expect(2).err;
        assert!(err.contains("a day is written year-month-day, such as 2026-01-31"), "{err}");
    }
}
