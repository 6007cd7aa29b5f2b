//! What people see of a report, as a whole: the log, the mail, the JSON and the line; and of many files, and of none.
#![expect(clippy::unwrap_used, reason = "a test")]

use tidewaiter::finding::{Code, Finding, Tally};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::mistake::Mistake;
use tidewaiter::notice::{Expectation, Notice, What};
use tidewaiter::render::{Html, Json, Log, Renderer, Subject, Summary, Text};
use tidewaiter::report::digest::{Digest, File};
use tidewaiter::report::{Counts, GroupPlace, Outcome, Reason, Report, waited};

fn report(outcome: Outcome) -> Report {
    let place = match outcome {
        Outcome::Bogus => "bogus",
        Outcome::NotProcessed => "notprocessed",
        _ => "archives",
    };
    Report {
        repository: "partner".to_owned(),
        import: "01J9Z3ND1V0000000000000000".parse().unwrap(),
        file: "daily.02-03_acme_contacts_crm_20260101.csv".to_owned(),
        archive: None,
        bytes: 120_000,
        sha256: Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned()),
        universe: Some("acme".to_owned()),
        scope: Some("contacts".to_owned()),
        subsection: Some("crm".to_owned()),
        date: Some("2026-01-01".parse().unwrap()),
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
        arrived: "2026-01-01T10:00:00.25Z".parse().unwrap(),
        began: Some("2026-01-01T12:30:00Z".parse().unwrap()),
        finished: "2026-01-01T12:30:01.5Z".parse().unwrap(),
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
    report.notes.push("out of order: a newer file (2026-01-02) was imported first".to_owned());
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
        insta::assert_snapshot!(format!("{name}-log"), Log.render(&report));
    }
}

#[test]
fn mails() {
    for (name, report) in all() {
        insta::assert_snapshot!(format!("{name}-html"), Html.render(&report));
    }
}

#[test]
fn json_for_programs() {
    insta::assert_snapshot!("bogus-json", Json.render(&bogus()));
    assert!(Json.render(&imported()).ends_with("}\n"));
}

#[test]
fn lines() {
    let lines: Vec<String> = all().iter().flat_map(|(_, r)| [Subject.render(r), Summary.render(r)]).collect();
    insta::assert_snapshot!("lines", lines.join("\n"));
}

#[test]
fn what_it_waited_for_is_told() {
    let mut report = report(Outcome::Imported);
    assert_eq!(
        waited(&report).as_deref(),
        Some("2 hours, for all 3 files of group daily and for earlier files")
    );
    report.group = None;
    report.began = Some("2026-01-01T10:05:10Z".parse().unwrap());
    assert_eq!(waited(&report).as_deref(), Some("5 minutes, for earlier files"));
    report.began = Some("2026-01-01T10:00:10Z".parse().unwrap());
    assert_eq!(waited(&report), None);
}

/// The mail holds what the log holds: every fact of it, except for the bytes and their hash.
#[test]
fn the_mail_says_what_the_log_says() {
    let text = |html: &str| {
        html.replace("&#60;", "<").replace("&#62;", ">").replace("<code>", "`").replace("</code>", "`")
    };
    for (name, report) in all() {
        let html = text(&Html.render(&report));
        for fact in [&report.file, &report.place, &report.log, &report.import.to_string()] {
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
        let html = Html.render(&report);
        for never in ["<script", "<img", "<link", "src=", "href=", "url(", "@import", "javascript:"] {
            assert!(!html.contains(never), "{name}: {never}");
        }
    }
}

/// A digest of these reports, and of as many clean files as are asked for.
fn digest(reports: &[Report], clean: u64) -> Digest {
    let file = |report: &Report, n: u64| File {
        import: ImportId::new(Timestamp::UNIX_EPOCH, n.into()),
        name: report.file.clone(),
        finished: Timestamp::from_second(1_767_261_600 + i64::try_from(n).unwrap()).unwrap(),
        outcome: report.outcome,
        counts: report.counts,
        needs_attention: report.needs_attention(),
        report: None,
    };
    let mut files: Vec<File> = (0..).zip(reports).map(|(n, report)| file(report, n)).collect();
    for n in 0..clean {
        let mut report = report(Outcome::Imported);
        report.file = format!("acme_contacts_crm_20260101_c{n}.csv");
        report.counts = Counts { read: 1_200, imported: 1_200, ..Counts::default() };
        files.push(file(&report, 1_000 + n));
    }
    let mut digest = Digest::new("partner", "2026-01-01 10:00–11:00 UTC", files);
    for file in digest.to_detail() {
        let n = file.finished.as_second() - 1_767_261_600;
        file.report = reports.get(usize::try_from(n).unwrap()).cloned().map(Box::new);
    }
    digest
}

fn digests() -> [(&'static str, Digest); 2] {
    let reports: Vec<Report> = all().into_iter().map(|(_, report)| report).collect();
    [("digest", digest(&reports, 2)), ("digest-clean", digest(&[], 3))]
}

fn notices() -> [(&'static str, Notice); 3] {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let expected = Expectation {
        universe: "acme".to_owned(),
        scope: "orders".to_owned(),
        subsection: "shop".to_owned(),
        by: "by 06:00 Europe/Paris".to_owned(),
        deadline: at("2026-01-31T05:00:00Z"),
    };
    let waiting = What::Waiting {
        group: "daily".to_owned(),
        last: 4,
        generation: 2,
        missing: vec![2, 4],
        files: ["<b>", "=1"].iter().map(|part| format!("daily.01-04_{part}.csv")).collect(),
        since: at("2026-01-31T06:00:00Z"),
        expires: Some(at("2026-02-01T06:00:00Z")),
    };
    let came = What::Came {
        expected: expected.clone(),
        file: "acme_orders_shop_20260131.csv".to_owned(),
        at: at("2026-01-31T07:00:00Z"),
    };
    let notice = |what| Notice { repository: "partner".to_owned(), what };
    [("waiting", notice(waiting)), ("missed", notice(What::Missed(expected))), ("came", notice(came))]
}

#[test]
fn mails_about_many_files() {
    for (name, digest) in digests() {
        insta::assert_snapshot!(
            format!("{name}-text"),
            format!("{}\n\n{}", Subject.render(&digest), Text.render(&digest))
        );
        let html = Html.render(&digest);
        insta::assert_snapshot!(format!("{name}-html"), html);
    }
}

#[test]
fn mails_about_no_file() {
    for (name, notice) in notices() {
        insta::assert_snapshot!(
            format!("{name}-text"),
            format!("{}\n\n{}", Subject.render(&notice), Text.render(&notice))
        );
        let html = Html.render(&notice);
        insta::assert_snapshot!(format!("{name}-html"), html);
    }
}

/// The words of an HTML document, without its markup.
fn bare(html: &str) -> String {
    let html = html.split_once("<body").unwrap().1;
    let text: String =
        html.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&#34;", "\"")
        .replace("&#39;", "'")
        .replace("&#38;", "&")
}

#[test]
fn html_and_text_say_the_same_of_many_files_and_of_none() {
    for (name, digest) in digests() {
        let (html, text) = (bare(&Html.render(&digest)), Text.render(&digest));
        for report in all().map(|(_, report)| report).iter().filter(|report| report.needs_attention()) {
            let places = [&report.file, &report.place, &report.log].into_iter().chain(&report.badlines);
            for fact in places.filter(|_| name == "digest") {
                assert!(html.contains(fact.as_str()) && text.contains(fact.as_str()), "{name}: {fact}");
            }
        }
        for count in ["partner", "2026-01-01 10:00–11:00 UTC", "acme_contacts_crm_20260101_c0.csv"] {
            assert!(html.contains(count) && text.contains(count), "{name}: {count}");
        }
        assert!(!Html.render(&digest).contains("<script"), "{name}");
    }
    for (name, notice) in notices() {
        let (html, text) = (bare(&Html.render(&notice)), Text.render(&notice));
        for line in text.lines().filter(|line| !line.is_empty()) {
            let said = line.strip_prefix("Hint: ").unwrap_or(line).replace('`', "");
            // `Name: value, value` stands in two cells and on several lines; advice begins with a capital there.
            let said = said.split_once(": ").map_or(said.as_str(), |(_, value)| value);
            for said in said.split(", ") {
                let tail: String = said.chars().skip(1).collect();
                assert!(html.contains(&tail), "{name}: {said} is not in {html}");
            }
        }
        assert!(!Html.render(&notice).contains("<b>.csv"), "{name}");
    }
}

#[test]
fn a_digest_of_thousands_of_files_has_a_bounded_size_and_exact_counts() {
    let bad: Vec<Report> = (0..3_000).map(|_| imported()).collect();
    let digest = digest(&bad, 5_000);
    assert_eq!(
        Subject.render(&digest),
        "[partner] 3,000 of 8,000 files need attention: 3,000 partly imported"
    );
    let (html, text) = (Html.render(&digest), Text.render(&digest));
    assert!(html.len() < 200_000 && text.len() < 60_000, "{} and {}", html.len(), text.len());
    for rendered in [html, text] {
        for part in ["2,975 more files that need attention", "4,900 more files", "8,000"] {
            assert!(rendered.contains(part), "{part}");
        }
    }
}
