//! What does not happen is told: groups that stay incomplete, files that do not come; and content that comes
//! twice. Days pass by the clock that the deployment is given. And what mail programs are told of mails.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::Duration;

use tidewaiter::id::Timestamp;
use tidewaiter::report::Outcome;
use tidewaiter_engine::ports::Progress;
use tidewaiter_folder::{Local, Runner};
use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;

/// A run at this time.
fn run(world: &World, at: &str) {
    let at: Timestamp = at.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = Local::open(world.root()).unwrap().without_settling().with_clock(move || at);
    let mut runner = Runner::new(local, Duration::ZERO).unwrap();
    let summary = runtime.block_on(runner.run(Duration::ZERO));
    assert!(summary.failures.is_empty(), "the run failed: {:#?}", summary.failures);
    drop(runner);
    world.note_ids();
}

/// The subjects of all mails, in no order of time.
fn subjects(world: &World) -> Vec<String> {
    world.mails().into_values().map(|mail| mail.subject).collect()
}

fn outcome(world: &World, file: &str) -> Option<(Outcome, Option<String>)> {
    match world.import(file).progress {
        Progress::Done(done) => Some((done.outcome, done.code)),
        _ => None,
    }
}

const CONTACTS: &str = "email;firstname\nada@example.org;Ada\n";

#[test]
fn a_group_that_stays_incomplete_is_told_once_and_expires() {
    let world = World::new();
    world.config(
        "acme",
        r#"{ "acme": { "contacts": { "crm": {} } }, "settings": { "alert_recipients": ["data@example.org"],
             "waiting": { "alert_after_hours": 6, "expire_after_hours": 48 } } }"#,
    );
    let (first, second) =
        ("daily.01-03_acme_contacts_crm_20260102.csv", "daily.02-03_acme_contacts_crm_20260102.csv");
    world.drop(PARTNER, first, CONTACTS);
    world.drop(PARTNER, second, CONTACTS);
    run(&world, "2026-01-02T06:00:00Z");
    run(&world, "2026-01-02T11:59:00Z");
    assert_eq!(subjects(&world), Vec::<String>::new(), "it is not late yet");
    for time in ["2026-01-02T12:00:00Z", "2026-01-02T18:00:00Z", "2026-01-03T06:00:00Z"] {
        run(&world, time);
        assert_eq!(subjects(&world), ["[partner] group daily is incomplete: 1 file missing"], "once");
    }
    let (_, mail) = world.mails().into_iter().next().unwrap();
    assert!(mail.to.contains("data@example.org"), "{mail}");
    for part in ["daily.03-03_", first, second, "2026-01-04T06:00:00Z"] {
        assert!(mail.text.contains(part), "{part} is not in {}", mail.text);
    }
    assert_eq!(outcome(&world, first), None, "it waits");
    run(&world, "2026-01-04T06:00:00Z");
    for file in [first, second] {
        let expired = Some((Outcome::NotProcessed, Some("group-expired".to_owned())));
        assert_eq!(outcome(&world, file), expired);
        assert_eq!(world.text(&format!("notprocessed/{PARTNER}/{file}")), CONTACTS);
    }
    assert!(world.waiting().is_empty());
    // The next time it is another group.
    for slot in 1..=3 {
        world.drop(PARTNER, &format!("daily.0{slot}-03_acme_contacts_crm_20260105.csv"), CONTACTS);
    }
    run(&world, "2026-01-05T06:00:00Z");
    let third = "daily.03-03_acme_contacts_crm_20260105.csv";
    assert_eq!(outcome(&world, third), Some((Outcome::Imported, None)));
    world.check();
}

#[test]
fn a_file_that_does_not_come_is_told_once_and_again_when_it_comes() {
    let world = World::new();
    world.config(
        "acme",
        r#"{ "acme": {
            "contacts": { "crm": { "expected": { "by": "06:00", "days": ["mon", "tue", "wed", "thu", "fri"],
                                                 "time_zone": "Europe/Paris" },
                                   "alert_recipients": ["night@example.org"] } },
            "stores": { "crm": {} } } }"#,
    );
    // Monday at 9 o'clock in Paris: what should have come before anybody asked is nobody's fault.
    world.drop(PARTNER, "acme_stores_crm_20260104.csv", "store_id;name\n1;Paris\n");
    run(&world, "2026-01-05T08:00:00Z");
    assert_eq!(subjects(&world), Vec::<String>::new());
    // Tuesday: it came in time.
    world.drop(PARTNER, "acme_contacts_crm_20260106.csv", CONTACTS);
    run(&world, "2026-01-06T04:00:00Z");
    run(&world, "2026-01-06T09:00:00Z");
    assert_eq!(subjects(&world), Vec::<String>::new());
    // Wednesday: it did not, at 6 o'clock in Paris.
    run(&world, "2026-01-07T04:59:00Z");
    assert_eq!(subjects(&world), Vec::<String>::new());
    let missed = "[partner] no acme_contacts_crm_<date>.csv arrived by 06:00 Europe/Paris";
    for time in ["2026-01-07T05:00:00Z", "2026-01-07T05:05:00Z"] {
        run(&world, time);
        assert_eq!(subjects(&world), [missed], "once");
    }
    world.drop(PARTNER, "acme_contacts_crm_20260107.csv", "email;firstname\nbob@example.org;Bob\n");
    for time in ["2026-01-07T07:00:00Z", "2026-01-07T07:05:00Z", "2026-01-07T07:10:00Z"] {
        run(&world, time);
    }
    let came = "[partner] acme_contacts_crm_20260107.csv arrived late, expected by 06:00 Europe/Paris";
    let mut told = subjects(&world);
    told.sort();
    assert_eq!(told, [came, missed], "once each");
    assert!(world.mails().into_values().all(|mail| mail.to.contains("night@example.org")));
    // At the weekend nothing is expected.
    world.drop(PARTNER, "acme_contacts_crm_20260108.csv", "email\ncy@example.org\n");
    run(&world, "2026-01-08T03:00:00Z");
    world.drop(PARTNER, "acme_contacts_crm_20260109.csv", "email\ndi@example.org\n");
    run(&world, "2026-01-09T03:00:00Z");
    run(&world, "2026-01-11T20:00:00Z");
    assert_eq!(subjects(&world).len(), 2);
}

#[test]
fn the_same_content_again_is_imported_told_or_left_out_as_the_configuration_says() {
    let world = World::new();
    world.config(
        "acme",
        r#"{ "acme": { "contacts": { "again": {}, "once": { "duplicates": "skip" },
                                     "told": { "duplicates": "alert", "alert_recipients": ["data@example.org"] } } } }"#,
    );
    for import in ["again", "once", "told"] {
        world.drop(PARTNER, &format!("acme_contacts_{import}_20260101.csv"), CONTACTS);
        run(&world, "2026-01-01T06:00:00Z");
        world.drop(PARTNER, &format!("acme_contacts_{import}_20260102.csv"), CONTACTS);
        // The same name again is the same content, too; another content is not.
        world.drop(
            PARTNER,
            &format!("acme_contacts_{import}_20260103.csv"),
            format!("{CONTACTS}bob@example.org;Bob\n"),
        );
        run(&world, "2026-01-02T06:00:00Z");
    }
    let found = |import: &str, day: u32| {
        outcome(&world, &format!("acme_contacts_{import}_202601{day:02}.csv")).unwrap()
    };
    for import in ["again", "once", "told"] {
        assert_eq!(found(import, 1), (Outcome::Imported, None), "{import}");
        assert_eq!(found(import, 3), (Outcome::Imported, None), "{import}");
    }
    assert_eq!(found("again", 2), (Outcome::Imported, None));
    assert_eq!(found("told", 2), (Outcome::Imported, None));
    assert_eq!(found("once", 2), (Outcome::NotProcessed, Some("duplicate".to_owned())));
    let log = world.text(&format!("logs/{PARTNER}/acme_contacts_once_20260102.csv.log"));
    assert!(log.contains("acme_contacts_once_20260101.csv"), "{log}");
    assert_eq!(subjects(&world).len(), 1, "only what is to be told is told");
    let log = world.text(&format!("logs/{PARTNER}/acme_contacts_told_20260102.csv.log"));
    assert!(
        log.contains("the same content was imported before, as acme_contacts_told_20260101.csv"),
        "{log}"
    );
}

#[test]
fn a_member_that_came_before_does_not_stop_its_group() {
    let world = World::new();
    world.config("acme", r#"{ "acme": { "contacts": { "crm": { "duplicates": "skip" } } } }"#);
    world.drop(PARTNER, "acme_contacts_crm_20260101.csv", CONTACTS);
    run(&world, "2026-01-01T06:00:00Z");
    world.drop(PARTNER, "g.01-02_acme_contacts_crm_20260102.csv", CONTACTS);
    world.drop(PARTNER, "g.02-02_acme_contacts_crm_20260102.csv", "email\nbob@example.org\n");
    run(&world, "2026-01-02T06:00:00Z");
    let found = |slot: u32| outcome(&world, &format!("g.0{slot}-02_acme_contacts_crm_20260102.csv"));
    assert_eq!(found(1), Some((Outcome::NotProcessed, Some("duplicate".to_owned()))));
    assert_eq!(found(2), Some((Outcome::Imported, None)));
    world.check();
}

#[test]
fn mails_about_the_files_of_one_import_are_one_conversation() {
    let world = World::new();
    world.config(
        "acme",
        r#"{ "acme": { "contacts": { "crm": {}, "web": {} } }, "settings": { "report_recipients": ["data@example.org"] } }"#,
    );
    for (import, day) in [("crm", 1), ("crm", 2), ("web", 1)] {
        world.drop(PARTNER, &format!("acme_contacts_{import}_202601{day:02}.csv"), CONTACTS);
    }
    run(&world, "2026-01-02T06:00:00Z");
    let mails = world.raw_tree().into_iter().filter(|(key, _)| key.starts_with("outbox/"));
    let mut conversations: Vec<String> = mails
        .filter_map(|(_, mail)| {
            let mail = String::from_utf8(mail).unwrap();
            mail.lines().find_map(|line| line.strip_prefix("References: ").map(str::to_owned))
        })
        .collect();
    conversations.sort();
    let of = |import: &str| format!("<partner.acme.contacts.{import}@tidewaiter>");
    assert_eq!(conversations, [of("crm"), of("crm"), of("web")]);
}

#[test]
fn a_file_is_expected_also_where_nothing_was_ever_dropped() {
    let world = World::new();
    world.config(
        "acme",
        r#"{ "acme": { "contacts": { "crm": { "expected": { "by": "06:00" },
                                              "alert_recipients": ["night@example.org"] } } } }"#,
    );
    run(&world, "2026-01-05T05:00:00Z");
    assert_eq!(subjects(&world), Vec::<String>::new());
    for time in ["2026-01-05T06:00:00Z", "2026-01-05T06:05:00Z"] {
        run(&world, time);
        assert_eq!(subjects(&world), ["[partner] no acme_contacts_crm_<date>.csv arrived by 06:00 UTC"]);
    }
}
