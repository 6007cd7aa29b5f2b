//! `report` and `explain`: what became of a file, told again.

use serde_json::Value;

use crate::support::{CONTACTS, GOOD, MIXED, Place};

/// A deployment in which the same name was used twice, and more went wrong.
fn used_twice() -> Place {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED).dropped("x.csv", "email\n");
    place.import().expect(1);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    place
}

#[test]
fn a_report_is_rendered_again_in_each_form() {
    let place = used_twice();
    let text = place.run(&["report", "drop", "x.csv"]).expect(0).out;
    let log = std::fs::read_to_string(place.path("drop/logs/default/x.csv.log")).unwrap();
    assert_eq!(text, log);
    let html = place.run(&["report", "drop", "x.csv", "--format", "html"]).expect(0).out;
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"), "{html}");
    let json = place.run(&["report", "drop", "x.csv", "--format", "json"]).expect(0).json();
    assert_eq!(json["reason"]["code"], "name");
}

#[test]
fn a_report_of_a_name_used_again_is_found_by_its_import_and_says_where_things_are_now() {
    let place = used_twice();
    let last = place.run(&["report", "drop", CONTACTS, "--format", "json"]).expect(0).json();
    assert_eq!(last["counts"]["read"], 2);
    let ledger = place.run(&["history", "drop", "--file", CONTACTS, "--format", "json"]).expect(0).json();
    let first = ledger.as_array().unwrap().iter().find(|e: &&Value| e["import"] != last["import"]).unwrap();
    let moved = first["place"].as_str().unwrap();
    assert!(moved.contains(first["import"].as_str().unwrap()), "{moved}");
    for known_by in [first["import"].as_str().unwrap(), moved, first["log"].as_str().unwrap()] {
        let report = place.run(&["report", "drop", known_by, "--format", "json"]).expect(0).json();
        for key in ["import", "place", "log", "badlines"] {
            assert_eq!(report[key], first[key], "{known_by}");
        }
    }
}

#[test]
fn a_large_report_is_kept_beside_the_log() {
    let place = Place::deployment();
    let bad = "nobody;x;23/04/1988\n".repeat(200);
    place.dropped(CONTACTS, format!("email;firstname;birthdate\n{bad}"));
    place.import().expect(1);
    let entry = &place.run(&["history", "drop", "--format", "json"]).expect(0).json()[0];
    let kept = std::fs::read(place.path("drop").join(entry["report"].as_str().unwrap())).unwrap();
    let report = place.run(&["report", "drop", CONTACTS, "--format", "json"]).expect(0).json();
    assert_eq!(serde_json::from_slice::<Value>(&kept).unwrap(), report);
    assert_eq!(report["findings_total"], 400);
    std::fs::remove_file(place.path("drop").join(entry["report"].as_str().unwrap())).unwrap();
    let gone = place.run(&["report", "drop", CONTACTS]).expect(2).err;
    assert!(gone.contains("is gone"), "{gone}");
}

#[test]
fn a_file_nobody_saw_or_that_waits_has_no_report() {
    let place = Place::deployment();
    let unknown = place.run(&["report", "drop", "y.csv"]).expect(2).err;
    assert!(unknown.contains("no file y.csv was registered"), "{unknown}");
    place.dropped(&format!("g.01-02_{CONTACTS}"), GOOD);
    place.import().expect(0);
    let waits = place.run(&["report", "drop", &format!("g.01-02_{CONTACTS}")]).expect(2).err;
    assert!(waits.contains("has no outcome yet") && waits.contains("explain"), "{waits}");
}

#[test]
fn a_file_is_explained_from_its_drop_to_its_outcome() {
    let place = used_twice();
    let explained = place.run(&["explain", "drop", CONTACTS, "--format", "json"]).expect(0).json();
    let files = explained.as_array().unwrap();
    assert_eq!(files.len(), 2, "{explained:?}");
    let steps = |n: usize| -> Vec<(&str, &str)> {
        let steps = files[n]["steps"].as_array().unwrap();
        steps.iter().map(|step| (step["name"].as_str().unwrap(), step["text"].as_str().unwrap())).collect()
    };
    let names: Vec<&str> = steps(0).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["arrived", "named", "begun", "outcome", "place", "mail", "next"]);
    assert!(steps(0)[4].1.contains("were changed when a later file used the name"), "{:?}", steps(0));
    assert_eq!(steps(1)[3].1, "imported: all 2 lines");
    let text = place.run(&["explain", "drop", "x.csv"]).expect(0).out;
    assert!(text.contains("it was refused without being opened: the name has no date"), "{text}");
}

#[test]
fn a_file_that_is_not_taken_in_and_one_that_waits_are_explained() {
    let place = Place::deployment();
    place.dropped("a.csv.part", "email\n");
    place.dropped(CONTACTS, GOOD).dropped(&format!("g.02-03_{CONTACTS}"), GOOD);
    let text = place.run(&["explain", "drop", CONTACTS]).expect(0).out;
    assert!(text.contains("it is in the drop zone and is not registered yet"), "{text}");
    place.run(&["run", "drop", "--quiet-for", "0", "--patience", "0"]);
    let text = place.run(&["explain", "drop", "a.csv.part"]).expect(0).out;
    assert!(text.contains("unfinished uploads"), "{text}");
    let text = place.run(&["explain", "drop", &format!("g.02-03_{CONTACTS}")]).expect(0).out;
    assert!(text.contains("it waits for slots 01 and 03 of 03 of its group g"), "{text}");
    let none = place.run(&["explain", "drop", "y.csv"]).expect(2).err;
    assert!(none.contains("no file y.csv was registered"), "{none}");
}

#[test]
fn a_day_has_a_page() {
    let place = used_twice();
    place.dropped(&format!("g.02-03_{CONTACTS}"), GOOD);
    place.import().expect(0);
    let ended = place.run(&["history", "drop", "--format", "json"]).expect(0).json();
    let day = ended[0]["finished"].as_str().unwrap().get(..10).unwrap().to_owned();
    let page = place.run(&["report", "drop", "--day", &day, "--repository", "default"]).expect(0).out;
    for told in
        ["<h1>default</h1>", "<code>contacts.birthdate</code>", ">x.csv<", "the name has no date", ">01, 03<"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    let other = place.run(&["report", "drop", "--day", "2020-01-01"]).expect(0).out;
    let files = other.matches("<td class=\"t dim\">").count();
    assert!(other.contains("<b>0</b><span>files</span>") && files == 0, "{other}");
    place.run(&["report", "drop", "--day", "yesterday"]).expect(2);
    place.run(&["report", "drop"]).expect(2);
}

/// A deployment with these settings.
fn with_settings(settings: &str) -> Place {
    let place = Place::deployment();
    let imports = r#""default": { "contacts": { "main": {} } }"#;
    place.write("drop/config/default/default.json", format!(r#"{{ {imports}, "settings": {settings} }}"#));
    place
}

#[test]
fn a_report_that_waits_for_its_digest_is_told_by_status_and_explain() {
    let place = with_settings(r#"{ "report_recipients": ["data@example.org"], "digest": "day" }"#);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let status = place.run(&["status", "drop"]).expect(0).out;
    assert!(status.contains("  1 report waits for the digest of "), "{status}");
    assert!(status.contains(" (UTC) to data@example.org, mailed after "), "{status}");
    assert!(!status.contains("nothing is waiting"), "{status}");
    let status = place.run(&["status", "drop", "--format", "json"]).expect(0).json();
    assert_eq!(status[0]["digests"][0]["reports"], 1);
    assert_eq!(status[0]["mails_due"], 0);
    let story = place.run(&["explain", "drop", CONTACTS]).expect(0).out;
    assert!(story.contains("its report waits for the digest of "), "{story}");
}

#[test]
fn a_mail_that_could_not_be_sent_is_told_by_status_and_explain() {
    use tidewaiter_engine::capabilities::HasState;
    use tidewaiter_engine::ports::{Delivery, HistoryFilter, Outbox, RunLedger, Trouble};
    let place = with_settings(r#"{ "report_recipients": ["data@example.org"] }"#);
    place.dropped(CONTACTS, GOOD);
    place.import().expect(0);
    let why = "data@example.org did not get it: verify the address";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let local = tidewaiter_folder::Local::open(&place.path("drop")).unwrap();
        let all = HistoryFilter { limit: 1, ..HistoryFilter::default() };
        let import = local.state().history(&all).await.unwrap().remove(0);
        let trouble = Trouble { at: import.arrived, why: why.to_owned() };
        local.state().mailed(import.id, &Delivery::Failed(trouble)).await.unwrap();
    });
    let status = place.run(&["status", "drop"]).expect(0).out;
    assert!(status.contains(&format!("  the mail about {CONTACTS} could not be sent: {why}")), "{status}");
    let story = place.run(&["explain", "drop", CONTACTS]).expect(0).out;
    assert!(story.contains(&format!("is not retried: {why}")), "{story}");
}
