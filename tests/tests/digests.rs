//! Many files in one mail, and quiet where all is well. Hours pass by the clock that the deployment is given.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::time::Duration;

use tidewaiter::id::Timestamp;
use tidewaiter_engine::capabilities::HasState;
use tidewaiter_engine::ports::{ImportRun, Outbox, Progress};
use tidewaiter_folder::{Local, Runner};
use tidewaiter_tests::World;
use tidewaiter_tests::mail::Mail;
use tidewaiter_tests::world::PARTNER;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn local(world: &World, at: &str) -> Local {
    let at: Timestamp = at.parse().unwrap();
    Local::open(world.root()).unwrap().without_settling().with_clock(move || at)
}

/// A run at this time.
fn run(world: &World, at: &str) {
    let mut runner = Runner::new(local(world, at), Duration::ZERO).unwrap();
    let summary = block_on(runner.run(Duration::ZERO));
    assert!(summary.failures.is_empty(), "the run failed: {:#?}", summary.failures);
    drop(runner);
    world.note_ids();
}

fn configure(world: &World, settings: &str) {
    let imports = r#""contacts": { "crm": {}, "loud": { "digest": "none", "report_on": "always" } }"#;
    world.config("acme", &format!(r#"{{ "acme": {{ {imports} }}, "settings": {settings} }}"#));
}

const GOOD: &str = "email;firstname\nada@example.org;Ada\n";
const BAD: &str = "email;firstname\nbob@example.org;Bob\nnot an address;Cy\n";

fn file(day: u32) -> String {
    format!("acme_contacts_crm_202601{day:02}.csv")
}

fn mails_to(world: &World, recipient: &str) -> Vec<Mail> {
    world.mails().into_values().filter(|mail| mail.to.contains(recipient)).collect()
}

fn subjects(world: &World, recipient: &str) -> Vec<String> {
    let mut subjects: Vec<String> = mails_to(world, recipient).into_iter().map(|mail| mail.subject).collect();
    subjects.sort();
    subjects
}

/// Whether the report of a file waits for its digest.
fn waits(world: &World, file: &str) -> bool {
    let ImportRun { progress: Progress::Done(done), .. } = world.import(file) else {
        panic!("{file} is not done")
    };
    done.digest.unwrap().due
}

#[test]
fn the_files_of_a_run_are_told_in_one_mail_and_alerts_do_not_wait_for_it() {
    let world = World::new();
    configure(
        &world,
        r#"{ "report_recipients": ["data@example.org"], "alert_recipients": ["ops@example.org"], "digest": "run" }"#,
    );
    for day in 1..=12 {
        world.drop(PARTNER, &file(day), GOOD);
    }
    world.drop(PARTNER, &file(13), BAD);
    world.drop(PARTNER, &file(14), "colour\nred\n");
    world.drop(PARTNER, "acme_contacts_loud_20260101.csv", GOOD);
    run(&world, "2026-01-20T08:10:00Z");
    let of_loud = "[partner] imported: acme_contacts_loud_20260101.csv";
    let digest = "[partner] 2 of 14 files need attention: 1 refused, 1 partly imported";
    assert_eq!(subjects(&world, "data@example.org"), [digest, of_loud]);
    let alerts =
        [format!("[partner] 1 line rejected: {}", file(13)), format!("[partner] refused: {}", file(14))];
    assert_eq!(subjects(&world, "ops@example.org"), alerts, "each by itself, and only what is to be seen");
    let mail = mails_to(&world, "data@example.org").into_iter().find(|mail| mail.subject == digest).unwrap();
    let html = &mail.html;
    for part in [file(1), file(12), file(13), file(14), "not an address".to_owned()] {
        assert!(mail.text.contains(&part), "{part} is not in {}", mail.text);
        assert!(html.contains(&part), "{part} is not in the HTML");
    }
    for part in
        ["14 = 12 completed + 1 partly imported + 1 refused", "badlines/partner/", "2026-01-20 08:10:00 UTC"]
    {
        assert!(mail.text.contains(part), "{part} is not in {}", mail.text);
    }
    assert!((1..=14).all(|day| !waits(&world, &file(day))));
    // Nothing happened: nothing is told. Then something does.
    run(&world, "2026-01-20T08:20:00Z");
    assert_eq!(subjects(&world, "data@example.org").len(), 2);
    world.drop(PARTNER, &file(15), GOOD);
    run(&world, "2026-01-20T08:30:00Z");
    let next = "[partner] 1 file completed";
    assert_eq!(subjects(&world, "data@example.org"), [next, digest, of_loud]);
    world.check();
}

#[test]
fn the_files_of_an_hour_wait_for_its_end() {
    let world = World::new();
    configure(&world, r#"{ "report_recipients": ["data@example.org"], "digest": "hour" }"#);
    world.drop(PARTNER, &file(1), GOOD);
    run(&world, "2026-01-20T08:10:00Z");
    world.drop(PARTNER, &file(2), GOOD);
    run(&world, "2026-01-20T08:59:59Z");
    assert!(subjects(&world, "data@example.org").is_empty(), "the hour is not over");
    assert!(waits(&world, &file(1)) && waits(&world, &file(2)));
    // What ends in the next hour is told with that one.
    world.drop(PARTNER, &file(3), GOOD);
    run(&world, "2026-01-20T09:00:00Z");
    let both = "[partner] 2 files completed";
    assert_eq!(subjects(&world, "data@example.org"), [both]);
    let mail = mails_to(&world, "data@example.org").remove(0);
    assert!(mail.text.contains("2026-01-20 08:00–09:00 UTC"), "{}", mail.text);
    assert!(!mail.text.contains(&file(3)), "{}", mail.text);
    assert!(waits(&world, &file(3)));
    run(&world, "2026-01-20T09:59:00Z");
    assert_eq!(subjects(&world, "data@example.org").len(), 1);
    run(&world, "2026-01-21T00:00:00Z");
    assert_eq!(subjects(&world, "data@example.org"), ["[partner] 1 file completed", both]);
}

#[test]
fn who_asks_for_problems_alone_hears_of_all_of_them_and_of_nothing_else() {
    for (digest, problem) in [
        ("none", format!("[partner] 1 line rejected: {}", file(2))),
        ("run", "[partner] 1 file needs attention: 1 partly imported".to_owned()),
    ] {
        let world = World::new();
        let settings = serde_json::json!({
            "report_recipients": ["data@example.org"], "report_on": "problems", "digest": digest
        });
        configure(&world, &settings.to_string());
        world.drop(PARTNER, &file(1), GOOD);
        run(&world, "2026-01-20T08:10:00Z");
        assert!(subjects(&world, "data@example.org").is_empty(), "all is well");
        world.drop(PARTNER, &file(2), BAD);
        world.drop(PARTNER, &file(3), GOOD);
        world.drop(PARTNER, "acme_contacts_loud_20260101.csv", GOOD);
        run(&world, "2026-01-20T08:20:00Z");
        let loud = "[partner] imported: acme_contacts_loud_20260101.csv".to_owned();
        assert_eq!(subjects(&world, "data@example.org"), [problem, loud]);
        // What belongs to no import is told as the settings say: a name that cannot be resolved is a problem.
        world.drop(PARTNER, "what is this.csv", GOOD);
        run(&world, "2026-01-20T08:30:00Z");
        assert_eq!(subjects(&world, "data@example.org").len(), 3, "{digest}");
    }
}

/// Stopped when it was fixed what a mail tells of, and before that mail is known to be sent.
#[test]
fn what_was_gathered_for_a_mail_stays_so_and_what_comes_later_is_told_by_another() {
    let world = World::new();
    configure(&world, r#"{ "report_recipients": ["data@example.org"], "digest": "hour" }"#);
    for day in 1..=2 {
        world.drop(PARTNER, &file(day), GOOD);
    }
    run(&world, "2026-01-20T08:10:00Z");
    let stopped = local(&world, "2026-01-20T09:00:00Z");
    let repository = PARTNER.parse().unwrap();
    let gathered = block_on(async {
        let waiting = stopped.state().digests(&repository).await.unwrap().remove(0);
        assert_eq!(waiting.reports, 2);
        stopped.state().gather(&repository, &waiting.digest, 100).await.unwrap().unwrap()
    });
    drop(stopped);
    // A file of the same hour, by a clock that goes back.
    world.drop(PARTNER, &file(3), GOOD);
    run(&world, "2026-01-20T08:59:00Z");
    run(&world, "2026-01-20T09:05:00Z");
    let two = "[partner] 2 files completed";
    assert_eq!(subjects(&world, "data@example.org"), ["[partner] 1 file completed", two]);
    let keys: Vec<String> = world.raw_tree().into_keys().filter(|key| key.starts_with("outbox/")).collect();
    let first = format!("outbox/{}.digest-partner.eml", gathered.imports[0]);
    assert!(keys.contains(&first), "{keys:?}");
    run(&world, "2026-01-20T10:05:00Z");
    assert_eq!(subjects(&world, "data@example.org").len(), 2, "once");
}

#[test]
fn many_files_make_a_mail_of_bounded_size_with_exact_counts() {
    let world = World::new();
    configure(&world, r#"{ "report_recipients": ["data@example.org"], "digest": "run" }"#);
    for n in 0..150 {
        world.drop(PARTNER, &format!("acme_contacts_crm_20260101_g{n:03}.csv"), GOOD);
    }
    for n in 0..40 {
        world.drop(PARTNER, &format!("acme_contacts_crm_20260102_b{n:03}.csv"), BAD);
    }
    run(&world, "2026-01-20T08:10:00Z");
    let mail = mails_to(&world, "data@example.org").remove(0);
    assert_eq!(mail.subject, "[partner] 40 of 190 files need attention: 40 partly imported");
    for part in ["… and 15 more files that need attention", "… and 50 more files;", "190 = 150 completed"]
    {
        assert!(mail.text.contains(part), "{part} is not in {}", mail.text);
    }
    assert_eq!(mail.text.matches("_20260102_b").count() / 4, 25, "a name and three places each");
}
