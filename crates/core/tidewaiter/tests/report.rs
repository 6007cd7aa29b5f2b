//! Reports as programs and people get them.
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test, which compares a committed file with a generated one"
)]

use tidewaiter::finding::{Code, Finding, Tally};
use tidewaiter::mistake::Mistake;
use tidewaiter::render::{Headline, Html, Log, Renderer, Subject};
use tidewaiter::report::{Counts, KEPT_MISTAKES, Outcome, Reason, Report, gone_along, json_schema};

fn report(outcome: Outcome) -> Report {
    Report {
        repository: "partner".to_owned(),
        import: "01J9Z3ND1V0000000000000000".parse().unwrap(),
        file: "acme_contacts_crm_20260101.csv".to_owned(),
        archive: None,
        bytes: 120,
        sha256: None,
        universe: Some("acme".to_owned()),
        scope: Some("contacts".to_owned()),
        subsection: Some("crm".to_owned()),
        date: Some("2026-01-01".parse().unwrap()),
        group: None,
        outcome,
        reason: None,
        counts: Counts { read: 1_200, imported: 1_000, unchanged: 150, rejected: 50, ..Counts::default() },
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: Vec::new(),
        arrived: "2026-01-01T10:00:00Z".parse().unwrap(),
        began: None,
        finished: "2026-01-01T10:00:01Z".parse().unwrap(),
        place: "archives/partner/acme_contacts_crm_20260101.csv".to_owned(),
        badlines: Some("badlines/partner/acme_contacts_crm_20260101.csv".to_owned()),
        log: "logs/partner/acme_contacts_crm_20260101.csv.log".to_owned(),
        recipients: Vec::new(),
    }
}

fn finding(line: u64) -> Finding {
    Finding::line(Code::TypeError, line, 7 * line, "not an e-mail address")
        .at(1, "email")
        .with_value(b"<b>=1+1")
}

fn tally_of(finding: Finding) -> Tally {
    let mut tally = Tally::default();
    tally.push(finding);
    tally
}

#[test]
fn the_published_schema_is_the_one_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/report.schema.json");
    let generated = serde_json::to_string_pretty(&json_schema()).unwrap() + "\n";
    if std::env::var("UPDATE_SCHEMAS").is_ok() {
        std::fs::write(path, &generated).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == generated, "run `UPDATE_SCHEMAS=1 cargo test -p tidewaiter --test report`");
}

#[test]
fn a_report_is_what_its_schema_says() {
    let mut report = report(Outcome::Bogus);
    report.reason = Some(Reason::new("type-error", "why").with_hint(Some("how".to_owned())));
    report.take_findings(&tally_of(finding(2)));
    let json = serde_json::to_value(&report).unwrap();
    let schema = jsonschema::validator_for(&json_schema()).unwrap();
    assert!(schema.is_valid(&json));
    assert!(!schema.is_valid(&serde_json::json!({ "outcome": "lost" })));
    assert_eq!(serde_json::from_value::<Report>(json).unwrap(), report);
}

#[test]
fn a_million_findings_make_a_report_of_bounded_size_with_exact_counts() {
    let mut tally = Tally::default();
    for line in 0..1_000_000 {
        tally.add(Code::TypeError, Some("email"), || finding(line));
        if line % 10 == 0 {
            tally.add(Code::MissingCell, None, || Finding::line(Code::MissingCell, line, 0, "too few"));
        }
    }
    let mut report = report(Outcome::Imported);
    report.take_findings(&tally);
    assert_eq!(report.findings_total, 1_100_000);
    let counts: Vec<(Code, u64)> = report.kinds.iter().map(|kind| (kind.code, kind.count)).collect();
    assert_eq!(counts, [(Code::TypeError, 1_000_000), (Code::MissingCell, 100_000)]);
    assert_eq!(report.not_shown(), 1_100_000 - 40);
    assert!(serde_json::to_vec(&report).unwrap().len() < 20_000);
    let log = Log.render(&report);
    assert!(log.contains("… and 1,099,960 findings not shown; all are counted below"));
    assert!(log.contains("   1000000  type-error in column email, 20 shown\n"), "{log}");
    let html = Html.render(&report);
    assert!(html.contains(">1,000,000 times<") && html.contains("… and 999,997 more like this."), "{html}");
    assert!(html.len() < 20_000);
}

#[test]
fn a_configuration_with_very_many_mistakes_makes_a_report_of_bounded_size() {
    let key = |n: usize| format!("{n:05}{}", "x".repeat(2_000));
    let mistake = |n| Mistake::new(format!("acme.contacts.crm.{}", key(n)), format!("unknown {:?}", key(n)));
    let mut report = report(Outcome::Bogus);
    report.take_mistakes((0..5_000).map(mistake).collect());
    assert_eq!((report.mistakes_total, report.mistakes.len()), (5_000, KEPT_MISTAKES));
    assert!(serde_json::to_vec(&report).unwrap().len() < 200_000);
    let log = Log.render(&report);
    assert_eq!(log.matches("mistake   acme").count(), KEPT_MISTAKES);
    assert!(log.contains("\n… and 4,900 more mistakes\n"), "{log}");
    let html = Html.render(&report);
    assert_eq!(html.matches("<code>acme.").count(), 20);
    assert!(html.contains("… and 4,980 more mistakes."));
}

#[test]
fn few_mistakes_are_all_told() {
    let mut report = report(Outcome::Bogus);
    assert!(serde_json::to_value(&report).unwrap().get("mistakes_total").is_none());
    report.take_mistakes(vec![Mistake::new("acme", "why")]);
    assert!(
        Log.render(&report).contains("mistake   acme: why\n")
            && !Log.render(&report).contains("more mistake")
    );
    assert!(!Html.render(&report).contains("more mistake"));
    report.take_mistakes(vec![Mistake::new("acme", "why"); KEPT_MISTAKES + 1]);
    assert!(Log.render(&report).contains("… and 1 more mistake\n"));
}

#[test]
fn findings_of_two_looks_at_a_file_are_merged_in_the_order_of_lines() {
    let (mut first, mut second) = (Tally::default(), Tally::default());
    first.push(finding(9));
    second.push(Finding::line(Code::ForeignKey, 3, 0, "no parent"));
    second.push(finding(5));
    first.merge(second);
    assert_eq!(first.total(), 3);
    assert_eq!(first.kept().iter().map(|f| f.line).collect::<Vec<_>>(), [Some(3), Some(5), Some(9)]);
}

#[test]
fn what_a_partner_sends_is_escaped_in_a_mail() {
    let mut report = report(Outcome::Imported);
    report.file = "<script>alert(1)</script>.csv".to_owned();
    report.take_findings(&tally_of(finding(2)));
    let html = Html.render(&report);
    assert!(!html.contains("<script>") && !html.contains("<b>="));
    assert!(html.contains("&#60;script&#62;") && html.contains("“&#60;b&#62;=1+1”"));
}

#[test]
fn the_outcome_comes_first() {
    let imported = report(Outcome::Imported);
    assert_eq!(Headline.render(&imported), "imported: 1,150 of 1,200 lines, 50 rejected");
    assert_eq!(Subject.render(&imported), "[partner] 50 lines rejected: acme_contacts_crm_20260101.csv");
    let mut clean = report(Outcome::Imported);
    clean.counts = Counts { read: 1, imported: 1, ..Counts::default() };
    assert_eq!(Headline.render(&clean), "imported: 1 of 1 lines");
    assert_eq!(Subject.render(&clean), "[partner] imported: acme_contacts_crm_20260101.csv");
    let mut bogus = report(Outcome::Bogus);
    bogus.reason = Some(Reason::new("empty-file", "the file is empty"));
    assert_eq!(Headline.render(&bogus), "refused: the file is empty");
}

/// A report in which lines had every fate there is.
fn everything() -> Report {
    let counts = Counts {
        read: 12,
        imported: 5,
        unchanged: 4,
        superseded: 2,
        rejected: 1,
        existing: 2,
        unknown: 1,
        removed: 14,
    };
    Report { counts, ..report(Outcome::Imported) }
}

#[test]
fn every_fate_of_a_line_is_told_and_the_sum_is_plain() {
    let report = everything();
    assert_eq!(
        Headline.render(&report),
        "imported: 11 of 12 lines (2 superseded, 2 existing, 1 unknown), 1 rejected"
    );
    let log = Log.render(&report);
    let lines = "\
lines     12 read = 5 imported + 4 unchanged + 2 superseded + 1 rejected
          2 existing, 1 unknown among the 4 unchanged
          14 other records were removed
now at    ";
    assert!(log.contains(lines), "{log}");
    let html = Html.render(&report);
    for told in [
        "Of the unchanged lines: 2 existing, 1 unknown.",
        "A superseded line is about a record that a later line of the file changes again.",
        ">14 other records were removed<",
    ] {
        assert!(html.contains(told), "{html}");
    }
    let mut clean = everything();
    clean.counts.rejected = 0;
    clean.counts.read = 11;
    assert_eq!(Headline.render(&clean), "imported: all 11 lines (2 superseded, 2 existing, 1 unknown)");
    assert_eq!(Subject.render(&clean), "[partner] imported: acme_contacts_crm_20260101.csv");
}

#[test]
fn what_there_is_none_of_is_not_told() {
    let report = report(Outcome::Imported);
    let log = Log.render(&report);
    assert!(
        log.contains("lines     1200 read = 1000 imported + 150 unchanged + 50 rejected\nnow at"),
        "{log}"
    );
    let html = Html.render(&report);
    assert!(
        !html.contains("uperseded") && !html.contains("Removed") && !html.contains("Of the lines"),
        "{html}"
    );
}

#[test]
fn records_that_were_removed_are_told() {
    let sentence = |removed| gone_along(&Counts { removed, ..Counts::default() });
    assert_eq!(sentence(0), None);
    assert_eq!(sentence(1).as_deref(), Some("1 other record was removed"));
    assert_eq!(sentence(1_400).as_deref(), Some("1,400 other records were removed"));
}
