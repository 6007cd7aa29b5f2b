//! What people see of a report, as a whole: the log, the mail, the JSON and the line.

use tidewaiter::finding::{Code, Finding, Tally};
use tidewaiter::mistake::Mistake;
use tidewaiter::report::{
    Counts, GroupPlace, Outcome, Reason, Report, html, json, log, subject, summary, waited,
};

fn report(outcome: Outcome) -> Report {
    let place = match outcome {
        Outcome::Bogus => "bogus",
        Outcome::NotProcessed => "notprocessed",
        _ => "archives",
    };
    Report {
        repository: "partner".to_owned(),
        import: "01J9Z3ND1V0000000000000000".to_owned(),
        file: "daily.02-03_acme_contacts_crm_20260101.csv".to_owned(),
        archive: None,
        bytes: 120_000,
        sha256: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned()),
        universe: Some("acme".to_owned()),
        scope: Some("contacts".to_owned()),
        subsection: Some("crm".to_owned()),
        date: Some("2026-01-01".to_owned()),
        group: Some(GroupPlace { id: "daily".to_owned(), slot: 2, last: 3, generation: 7 }),
        outcome,
        reason: None,
        counts: Counts::default(),
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: Vec::new(),
        arrived: "2026-01-01T10:00:00.25Z".to_owned(),
        began: Some("2026-01-01T12:30:00Z".to_owned()),
        finished: "2026-01-01T12:30:01.5Z".to_owned(),
        place: format!("{place}/partner/daily.02-03_acme_contacts_crm_20260101.csv"),
        badlines: None,
        log: "logs/partner/daily.02-03_acme_contacts_crm_20260101.csv.log".to_owned(),
        recipients: vec!["data@example.org".to_owned()],
    }
}

fn imported() -> Report {
    let mut tally = Tally::default();
    for line in 2..=60 {
        tally.add(Code::TypeError, Some("birthdate"), || {
            Finding::line(Code::TypeError, line, 40 * line, "not a date such as 2026-01-31")
                .at(3, "birthdate")
                .with_value(b"23/04/1988")
                .with_hint("write it as `1988-04-23`")
        });
    }
    for line in [70, 90] {
        tally.push(
            Finding::line(Code::ExtraCell, line, 40 * line, "4 fields where the header has 3")
                .with_record(b"=HYPERLINK(1);<script>alert(1)</script>;2026-01-31;")
                .with_hint("the line ends with a delimiter too many"),
        );
    }
    let mut report = report(Outcome::Imported);
    report.archive = Some("monday.zip".to_owned());
    report.counts = Counts {
        read: 1_261,
        imported: 1_000,
        unchanged: 150,
        superseded: 50,
        rejected: 61,
        existing: 7,
        removed: 3,
        ..Counts::default()
    };
    report.badlines = Some("badlines/partner/acme_contacts_crm_20260101.csv".to_owned());
    report.notes.push("it came late: a file of 2026-01-02 was imported before it".to_owned());
    report.take_findings(&tally);
    report
}

fn bogus() -> Report {
    let mut tally = Tally::default();
    tally.push(
        Finding::line(Code::ExtraLabel, 1, 0, "the column is unknown in contacts")
            .at(2, "fristname")
            .with_hint("did you mean `firstname`?"),
    );
    let mut report = report(Outcome::Bogus);
    let reason = Reason::new("extra-label", "fristname: the column is unknown in contacts");
    report.reason = Some(reason.with_hint(Some("did you mean `firstname`?".to_owned())));
    report.take_findings(&tally);
    report
}

fn configuration() -> Report {
    let mut report = report(Outcome::Bogus);
    report.group = None;
    report.began = None;
    "acme_imports_config.json".clone_into(&mut report.file);
    report.reason = Some(Reason::new("configuration", "acme.contacts: it is empty (and 29 more)"));
    report.take_mistakes(
        (0..30).map(|n| Mistake::new(format!("acme.contacts.x{n}"), "what is `x`?")).collect(),
    );
    report
}

fn all() -> [(&'static str, Report); 6] {
    let mut clean = report(Outcome::Imported);
    clean.counts = Counts { read: 1_200, imported: 1_200, ..Counts::default() };
    let mut stopped = report(Outcome::NotProcessed);
    let reason = Reason::new("group-stopped", "group daily was stopped: slot 01 was rejected");
    stopped.reason = Some(reason.with_hint(Some("mend it and drop the whole group again".to_owned())));
    let mut unpacked = report(Outcome::Unpacked);
    "monday.zip".clone_into(&mut unpacked.file);
    unpacked.notes.push("member daily.02-03_acme_contacts_crm_20260101.csv".to_owned());
    [
        ("clean", clean),
        ("imported", imported()),
        ("bogus", bogus()),
        ("stopped", stopped),
        ("unpacked", unpacked),
        ("configuration", configuration()),
    ]
}

#[test]
fn logs() {
    for (name, report) in all() {
        insta::assert_snapshot!(format!("{name}-log"), log(&report));
    }
}

#[test]
fn mails() {
    for (name, report) in all() {
        insta::assert_snapshot!(
            format!("{name}-html"),
            html(&report).replace("<td", "\n<td").replace("<div", "\n<div")
        );
    }
}

#[test]
fn json_for_programs() {
    insta::assert_snapshot!("bogus-json", json(&bogus()));
    assert!(json(&imported()).ends_with("}\n"));
}

#[test]
fn lines() {
    let lines: Vec<String> = all().iter().flat_map(|(_, r)| [subject(r), summary(r)]).collect();
    insta::assert_snapshot!("lines", lines.join("\n"));
}

#[test]
fn what_it_waited_for_is_told() {
    let mut report = report(Outcome::Imported);
    assert_eq!(
        waited(&report).as_deref(),
        Some("2 hours, until all 3 files of group daily were there and it was its turn")
    );
    report.group = None;
    report.began = Some("2026-01-01T10:05:10Z".to_owned());
    assert_eq!(waited(&report).as_deref(), Some("5 minutes, until it was its turn"));
    report.began = Some("2026-01-01T10:00:10Z".to_owned());
    assert_eq!(waited(&report), None);
}

/// The mail holds what the log holds: every fact of it, except for the bytes and their hash.
#[test]
fn the_mail_says_what_the_log_says() {
    let text = |html: &str| {
        html.replace("&lt;", "<").replace("&gt;", ">").replace("<code>", "`").replace("</code>", "`")
    };
    for (name, report) in all() {
        let html = text(&html(&report));
        for fact in [&report.file, &report.place, &report.log, &report.import] {
            assert!(html.contains(fact), "{name}: {fact}");
        }
        for note in report.notes.iter().chain(&report.badlines) {
            assert!(html.contains(note), "{name}: {note}");
        }
        for kind in &report.kinds {
            assert!(html.contains(kind.code.as_str()), "{name}: {}", kind.code);
        }
    }
}

#[test]
fn nothing_of_a_mail_is_loaded_or_run() {
    for (name, report) in all() {
        let html = html(&report);
        for never in ["<script", "<img", "<link", "src=", "href=", "url(", "@import", "javascript:"] {
            assert!(!html.contains(never), "{name}: {never}");
        }
    }
}
