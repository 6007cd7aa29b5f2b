//! The page of a day.
#![expect(clippy::unwrap_used, reason = "a test")]

use tidewaiter::finding::Code;
use tidewaiter::render::{Html, Renderer};
use tidewaiter::report::day::{COLUMNS, Column, Day, FILES, File, PROBLEMS, Page, Problem, Waiting};
use tidewaiter::report::{Counts, Outcome};

fn file(name: &str, minute: u16, outcome: Outcome, read: u64, rejected: u64) -> File {
    let imported = if outcome == Outcome::Imported { read - rejected } else { 0 };
    let counts = Counts { read, imported, rejected, ..Counts::default() };
    let refused = matches!(outcome, Outcome::Bogus | Outcome::NotProcessed);
    File {
        name: name.to_owned(),
        minute,
        outcome,
        counts,
        has_findings: rejected > 0,
        reason: refused.then(|| "the name has no `date`".to_owned()),
    }
}

fn problem(name: &str, outcome: Outcome, rejected: u64, reason: Option<&str>) -> Problem {
    Problem {
        name: name.to_owned(),
        outcome,
        read: 100,
        rejected,
        reason: reason.map(str::to_owned),
        since: "2026-01-31T09:00:00Z".parse().unwrap(),
    }
}

fn column(name: &str, count: u64) -> Column {
    Column { scope: "contacts".to_owned(), column: name.to_owned(), code: Code::TypeError, count, files: 1 }
}

fn day() -> Day {
    Day {
        repository: "partner".to_owned(),
        files: vec![
            file("clean.csv", 0, Outcome::Imported, 1_000_000, 0),
            file("part.csv", 65, Outcome::Imported, 10, 3),
            file("x.csv", 1_439, Outcome::Bogus, 0, 0),
            file("y.csv", 1_439, Outcome::NotProcessed, 0, 0),
            file("z.zip", 700, Outcome::Unpacked, 0, 0),
            file("acme_imports_config.json", 701, Outcome::Activated, 0, 0),
        ],
        waiting: vec![Waiting {
            group: "daily".to_owned(),
            last: 3,
            missing: vec![1, 3],
            files: 2,
            since: "2026-01-31T10:00:00Z".parse().unwrap(),
        }],
        problems: vec![
            problem("x.csv", Outcome::Imported, 20, None),
            problem("y.csv", Outcome::NotProcessed, 0, Some("its group was not complete in time <b>")),
        ],
        columns: vec![column("birthdate", 20), column("", 1)],
        looked_at: None,
    }
}

/// The page of these days, made at one in the afternoon.
fn page(days: Vec<Day>) -> String {
    Html.render(&Page {
        date: "2026-01-31".parse().unwrap(),
        made: "2026-01-31T13:00:00Z".parse().unwrap(),
        days,
    })
}

#[test]
fn a_day() {
    let page = page(vec![day(), Day::default()]);
    insta::assert_snapshot!("page", page);
}

#[test]
fn what_a_partner_sends_is_escaped() {
    let bad = "<script>alert(1)</script>\"'&";
    let mut day = day();
    for file in &mut day.files {
        bad.clone_into(&mut file.name);
        file.reason = Some(bad.to_owned());
    }
    day.waiting[0].group = bad.to_owned();
    day.columns = vec![Column { scope: bad.to_owned(), ..column(bad, 1) }];
    let page = page(vec![day]);
    assert!(
        !page.contains("<script")
            && page.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;")
    );
    for never in ["<img", "<link", "src=", "href=", "url(", "@import", "onload"] {
        assert!(!page.contains(never), "{never}");
    }
}

#[test]
fn a_page_is_of_bounded_size() {
    let mut day = day();
    day.files = (0..50_000)
        .map(|n| file(&format!("f{n}.csv"), n % 1_440, Outcome::Imported, 9, u64::from(n % 2)))
        .collect();
    day.problems = (0..1_000).map(|n| problem(&format!("{n}.csv"), Outcome::Bogus, 0, None)).collect();
    day.columns = (0..1_000).map(|n| column(&format!("c{n}"), 1_000 - n)).collect();
    let page = page(vec![day]);
    assert!(page.len() < 400_000, "{}", page.len());
    assert_eq!(page.matches("<td class=\"t dim\">").count(), 2 * FILES);
    assert!(
        page.contains("… and 24,500 earlier files;")
            && page.contains(&format!("… and {} earlier ones;", 1_000 - PROBLEMS))
            && page.contains(&format!("… and {} other kinds.", 1_000 - COLUMNS))
    );
}

#[test]
fn a_file_that_came_twice_is_one_to_look_at_and_what_was_not_looked_at_is_said() {
    let mut day = Day { files: vec![file("twice.csv", 1, Outcome::Imported, 10, 0)], ..Day::default() };
    let nothing = "every file completed";
    assert!(page(vec![day.clone()]).contains(nothing));
    day.files[0].has_findings = true;
    let page = page(vec![Day { looked_at: Some(100_000), ..day }]);
    assert!(!page.contains(nothing) && !page.contains("without findings"), "{page}");
    assert!(page.contains("with findings"), "{page}");
    assert!(page.contains("only the latest 100,000 files"), "{page}");
}

#[test]
fn a_deployment_without_a_repository_has_a_page_too() {
    assert!(page(Vec::new()).contains("There is no repository."));
}
