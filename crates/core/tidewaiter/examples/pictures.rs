//! The mails and the page of a day that the pictures of the documentation show; see `docs/pictures`.
//!
//! usage: pictures mail|digest|notice|day

use std::fmt::Write;
use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::finding::{Code, Finding, Tally};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::notice::{Notice, What};
use tidewaiter::render::{Html, Renderer};
use tidewaiter::report::day::{Column, Day, File, Page, Problem, Waiting};
use tidewaiter::report::digest::{self, Digest};
use tidewaiter::report::{Counts, GroupPlace, Outcome, Reason, Report};
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;

struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _: &[u8], _: &Header) {}
    fn accepted(&mut self, _: &Line<'_>) {}
    fn rejected(&mut self, _: &[u8]) {}
}

/// Contacts as a partner might send them, with the mistakes that partners make.
fn contacts() -> String {
    let mut text = "email;firstname;lastname;birthdate;country\n".to_owned();
    for n in 0..1_240 {
        let day = 1 + n % 28;
        let (month, year) = (1 + n % 12, 1960 + n % 40);
        let birthdate = if n % 31 == 9 {
            format!("{}/{month:02}/{year}", 13 + n % 15)
        } else {
            format!("{year}-{month:02}-{day:02}")
        };
        let at = if n % 103 == 7 { "" } else { "@" };
        let end = if n % 401 == 80 { ";" } else { "" };
        let _ = writeln!(text, "client{n}{at}example.org;Ana;Durand;{birthdate};FR{end}");
    }
    text
}

/// The report of a file of contacts with these mistakes.
fn report() -> Result<Report, String> {
    let schema = catalogue::scopes().get("contacts").ok_or("there are no contacts")?;
    let scope = Scope::compile("contacts", schema).map_err(|mistakes| format!("{mistakes:?}"))?;
    let content = contacts();
    let mut checker = Checker::new(Arc::new(scope), Dialect::default(), Limits::default());
    checker.feed(content.as_bytes(), &mut Ignore);
    let summary = checker.finish(&mut Ignore);
    let file = "club.02-03_northwind_fr_contacts_crm_20260210.csv";
    let mut report = Report {
        repository: "northwind".to_owned(),
        import: "01KH3N6W800000000000000000".parse()?,
        file: file.to_owned(),
        archive: Some("club_2026-02-10.zip".to_owned()),
        bytes: content.len() as u64,
        sha256: None,
        universe: None,
        scope: None,
        subsection: None,
        date: None,
        group: Some(GroupPlace { id: "club".to_owned(), slot: 2, last: 3, generation: 1 }),
        outcome: Outcome::Imported,
        reason: None,
        counts: Counts {
            read: summary.lines_read,
            imported: summary.accepted - 212,
            unchanged: 212,
            rejected: summary.rejected,
            ..Counts::default()
        },
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: Vec::new(),
        arrived: at("2026-02-10T06:12:40Z")?,
        began: Some(at("2026-02-10T08:31:02Z")?),
        finished: at("2026-02-10T08:31:03Z")?,
        place: format!("archives/northwind/{file}"),
        badlines: Some("badlines/northwind/northwind_fr_contacts_crm_20260210.csv".to_owned()),
        log: format!("logs/northwind/{file}.log"),
        recipients: Vec::new(),
    };
    report.take_findings(&summary.findings);
    Ok(report)
}

/// A digest of an hour: two files that need attention, and what came with them.
fn digest() -> Result<String, String> {
    let part = report()?;
    let mut bogus = Report {
        file: "northwind_fr_contacts_partner_20260210.csv".to_owned(),
        outcome: Outcome::Bogus,
        reason: Some(Reason::new("extra-label", "fristname: the column is unknown in contacts")),
        counts: Counts::default(),
        place: "bogus/northwind/northwind_fr_contacts_partner_20260210.csv".to_owned(),
        badlines: None,
        log: "logs/northwind/northwind_fr_contacts_partner_20260210.csv.log".to_owned(),
        ..part.clone()
    };
    let mut tally = Tally::default();
    tally.push(
        Finding::line(Code::ExtraLabel, 1, 0, "the column is unknown in contacts")
            .at(2, "fristname")
            .with_hint("did you mean `firstname`?"),
    );
    bogus.take_findings(&tally);
    let told = [bogus, part];
    let names = ["stores_erp", "products_catalogue", "orders_shop", "ordersitems_shop", "events_web"];
    let clean = (0_u64..130).zip(names.iter().cycle()).map(|(n, name)| {
        let read = 90 + 37 * (n % 17);
        let counts = Counts { read, imported: read, ..Counts::default() };
        (format!("northwind_fr_{name}_20260210_{n:03}.csv"), Outcome::Imported, counts, false)
    });
    let told_of = told.iter().map(|one| (one.file.clone(), one.outcome, one.counts, true));
    let second = |n: i64| Timestamp::from_second(1_770_710_400 + n).map_err(|error| error.to_string());
    let mut files = Vec::new();
    for (n, (name, outcome, counts, needs_attention)) in (0..).zip(told_of.chain(clean)) {
        let finished = second(n)?;
        let import = ImportId::new(finished, 0);
        files.push(digest::File { import, name, finished, outcome, counts, needs_attention, report: None });
    }
    let mut digest = Digest::new("northwind", "2026-02-10 08:00–09:00 UTC", files);
    for file in digest.to_detail() {
        file.report = told.iter().find(|one| one.file == file.name).cloned().map(Box::new);
    }
    Ok(Html.render(&digest))
}

fn problem(name: &str, outcome: Outcome, (rejected, read): (u64, u64), since: Timestamp) -> Problem {
    Problem { name: name.to_owned(), outcome, read, rejected, reason: None, since }
}

fn at(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|error: jiff::Error| error.to_string())
}

/// A group that has been incomplete since the morning.
fn notice() -> Result<String, String> {
    let what = What::Waiting {
        group: "club".to_owned(),
        last: 3,
        generation: 1,
        missing: vec![3],
        files: vec![
            "club.01-03_northwind_fr_stores_erp_20260210.csv".to_owned(),
            "club.02-03_northwind_fr_contacts_crm_20260210.csv".to_owned(),
        ],
        since: at("2026-02-10T06:12:40Z")?,
        expires: Some(at("2026-02-12T06:12:40Z")?),
    };
    Ok(Html.render(&Notice { repository: "northwind".to_owned(), what }))
}

fn file(n: u64, hour: u16, name: &str, read: u64, rejected: u64) -> File {
    File {
        name: format!("northwind_fr_{name}_20260210.csv"),
        minute: hour * 60 + u16::try_from(7 * n % 60).unwrap_or(0),
        outcome: Outcome::Imported,
        counts: Counts {
            read,
            imported: read - rejected - read / 9,
            unchanged: read / 9,
            rejected,
            ..Counts::default()
        },
        has_findings: rejected > 0,
        reason: None,
    }
}

fn refused(minute: u16, outcome: Outcome, name: &str, reason: &str) -> File {
    File {
        name: name.to_owned(),
        minute,
        outcome,
        counts: Counts::default(),
        has_findings: true,
        reason: Some(reason.to_owned()),
    }
}

fn day() -> Result<String, String> {
    let names =
        ["stores_erp", "products_catalogue", "contacts_crm", "orders_shop", "ordersitems_shop", "events_web"];
    let busy = [0, 0, 3, 9, 4, 0, 6, 12, 30, 22, 14, 9, 11, 18, 26, 20, 12, 8, 5, 3, 2, 4, 1, 0];
    let mut files = Vec::new();
    for (hour, load) in (0..).zip(busy) {
        for (n, name) in (0..).zip(names).take(usize::from(load > 0) * names.len().min(load)) {
            let read = load as u64 * (90 + 37 * n + 5 * u64::from(hour));
            let rejected = if (u64::from(hour) + 5 * n) % 23 == 9 { read / 12 } else { 0 };
            files.push(file(n, hour, &format!("{name}{hour:02}"), read, rejected));
        }
    }
    files.extend([
        refused(
            8 * 60 + 40,
            Outcome::Bogus,
            "northwind_fr_contacts_partner_20260210.csv",
            "fristname: the column is unknown in contacts",
        ),
        refused(
            14 * 60 + 31,
            Outcome::Bogus,
            "march.zip",
            "the data end too early; send the whole archive again",
        ),
        refused(
            15 * 60 + 2,
            Outcome::NotProcessed,
            "northwind_fr_contacts_newsletter_20260210.csv",
            "can't find config for contacts scope import named \"newsletter\"",
        ),
    ]);
    files.sort_by_key(|file| file.minute);
    let waiting = |group: &str, last, missing: &[u8], since| Waiting {
        group: group.to_owned(),
        last,
        missing: missing.to_vec(),
        files: 2,
        since,
    };
    let column = |scope: &str, column: &str, code, count, files| Column {
        scope: scope.to_owned(),
        column: column.to_owned(),
        code,
        count,
        files,
    };
    let day = Day {
        repository: "northwind".to_owned(),
        files,
        waiting: vec![
            waiting("daily", 3, &[2], at("2026-02-10T04:31:07Z")?),
            waiting("loyalty", 5, &[3, 4, 5], at("2026-02-10T16:58:40Z")?),
        ],
        problems: vec![
            problem(
                "acme_products_erp_20260210.csv",
                Outcome::Imported,
                (64, 12_480),
                at("2026-02-10T11:20:00Z")?,
            ),
            problem(
                "acme_orders_shop_20260208.csv",
                Outcome::Imported,
                (7, 8_112),
                at("2026-02-08T04:40:12Z")?,
            ),
        ],
        columns: vec![
            column("contacts", "birthdate", Code::TypeError, 412, 3),
            column("orders", "contact", Code::ForeignKey, 187, 4),
            column("products", "price", Code::TypeError, 64, 1),
            column("events", "", Code::ExtraCell, 22, 2),
            column("contacts", "fristname", Code::ExtraLabel, 1, 1),
        ],
        looked_at: None,
    };
    let made = at("2026-02-10T23:58:12Z")?;
    Ok(Html.render(&Page { date: jiff::civil::date(2026, 2, 10), made, days: vec![day] }))
}

fn main() -> Result<(), String> {
    #[expect(clippy::disallowed_methods, reason = "an example is no part of the core")]
    let what = std::env::args().nth(1).unwrap_or_default();
    let page = match what.as_str() {
        "mail" => Html.render(&report()?),
        "digest" => digest()?,
        "notice" => notice()?,
        "day" => day()?,
        _ => return Err("usage: pictures mail|digest|notice|day".to_owned()),
    };
    std::io::Write::write_all(&mut std::io::stdout(), page.as_bytes()).map_err(|error| error.to_string())
}
