//! The page of a day: one static file, of bounded size, for a browser.

use askama::Template;
use tidewaiter_model::id::Timestamp;
use tidewaiter_model::report::day::{COLUMNS, Column, Day, FILES, File, PROBLEMS, Page, Problem, Waiting};
use tidewaiter_model::report::{Counts, NONE_IMPORTED, Outcome};

use super::chart::{self, Chart};
use super::{Html, Tile, document, filters};
use crate::Renderer;
use crate::phrases::beyond;
use crate::words::{ago, moment, number, plural};

#[derive(Template)]
#[template(path = "day.html")]
struct Shown<'a> {
    date: String,
    made: String,
    days: Vec<ShownDay<'a>>,
}

struct ShownDay<'a> {
    repository: &'a str,
    looked_at: Option<u64>,
    tiles: Vec<Tile>,
    chart: Chart,
    waiting: Vec<ShownGroup<'a>>,
    problems: Vec<ShownProblem<'a>>,
    more_problems: Option<u64>,
    columns: Vec<ShownColumn>,
    more_columns: Option<u64>,
    look: Listing<'a>,
    fine: Listing<'a>,
}

struct ShownGroup<'a> {
    group: &'a str,
    there: u64,
    last: u8,
    missing: String,
    ago: String,
    since: String,
}

struct ShownProblem<'a> {
    name: &'a str,
    fault: String,
    ago: String,
    since: String,
}

struct ShownColumn {
    /// None for findings that are about the whole file.
    name: Option<String>,
    title: &'static str,
    percent: u128,
    count: u64,
    files: u64,
}

/// A list of files, the latest first, because readers look for what has just gone wrong.
struct Listing<'a> {
    all: u64,
    files: Vec<ShownFile<'a>>,
    more: Option<u64>,
}

struct ShownFile<'a> {
    time: String,
    name: &'a str,
    colour: &'static str,
    word: &'static str,
    reason: Option<&'a str>,
    read: u64,
    rejected: u64,
}

impl Renderer<Page> for Html {
    fn render(&self, page: &Page) -> String {
        document(&Shown {
            date: page.date.to_string(),
            made: moment(page.made),
            days: page.days.iter().map(|day| ShownDay::new(day, page.made)).collect(),
        })
    }
}

impl<'a> ShownDay<'a> {
    fn new(day: &'a Day, now: Timestamp) -> Self {
        let (look, fine): (Vec<&File>, Vec<&File>) =
            day.files.iter().partition(|file| file.needs_attention());
        Self {
            repository: &day.repository,
            looked_at: day.looked_at,
            tiles: tiles(day),
            chart: Chart::new(day),
            waiting: day.waiting.iter().map(|group| ShownGroup::new(group, now)).collect(),
            problems: (day.problems.iter().take(PROBLEMS))
                .map(|problem| ShownProblem::new(problem, now))
                .collect(),
            more_problems: beyond(day.problems.len(), PROBLEMS),
            columns: columns(&day.columns),
            more_columns: beyond(day.columns.len(), COLUMNS),
            look: Listing::new(&look),
            fine: Listing::new(&fine),
        }
    }
}

fn tiles(day: &Day) -> Vec<Tile> {
    let files = |is: fn(&File) -> bool| day.files.iter().filter(|file| is(file)).count() as u64;
    let lines = |of: fn(&Counts) -> u64| day.files.iter().map(|file| of(&file.counts)).sum::<u64>();
    let plain = |count, name| Tile { count, name, colour: None };
    let coloured = |count, name, colour| Tile { count, name, colour: Some(colour) };
    let whole = files(|file| !file.needs_attention());
    let part = files(|file| file.outcome == Outcome::Imported && file.counts.rejected > 0);
    let remarked =
        files(|file| file.outcome == Outcome::Imported && file.has_findings && file.counts.rejected == 0);
    let mut tiles = vec![
        plain(day.files.len() as u64, "files"),
        coloured(whole, "completed", "--good"),
        coloured(part, "partly imported", "--some"),
    ];
    if remarked > 0 {
        tiles.push(coloured(remarked, "with findings", "--some"));
    }
    tiles.extend([
        coloured(files(|file| file.outcome == Outcome::Bogus), Outcome::Bogus.word(), "--bad"),
        coloured(files(|file| file.outcome == Outcome::NotProcessed), Outcome::NotProcessed.word(), "--held"),
        coloured(day.waiting.len() as u64, "incomplete groups", "--quiet"),
        coloured(day.problems.len() as u64, "open problems", "--some"),
        plain(lines(|counts| counts.read), "lines read"),
        plain(lines(|counts| counts.imported), "imported"),
        plain(lines(|counts| counts.unchanged), "unchanged"),
        plain(lines(|counts| counts.superseded), "superseded"),
        plain(lines(|counts| counts.rejected), "rejected"),
        plain(lines(|counts| counts.removed), "records removed"),
    ]);
    tiles
}

impl<'a> ShownGroup<'a> {
    fn new(waiting: &'a Waiting, now: Timestamp) -> Self {
        let missing: Vec<String> = waiting.missing.iter().map(|slot| format!("{slot:02}")).collect();
        Self {
            group: &waiting.group,
            there: u64::from(waiting.last).saturating_sub(waiting.missing.len() as u64),
            last: waiting.last,
            missing: missing.join(", "),
            ago: ago(now, waiting.since),
            since: moment(waiting.since),
        }
    }
}

impl<'a> ShownProblem<'a> {
    fn new(problem: &'a Problem, now: Timestamp) -> Self {
        let fault = match &problem.reason {
            Some(reason) => format!("{}: {reason}", problem.outcome.word()),
            None => format!("{} of {} rejected", number(problem.rejected), plural(problem.read, "line")),
        };
        Self { name: &problem.name, fault, ago: ago(now, problem.since), since: moment(problem.since) }
    }
}

fn columns(columns: &[Column]) -> Vec<ShownColumn> {
    let most = columns.iter().map(|column| column.count).max().unwrap_or(1).max(1);
    let shown = |column: &Column| ShownColumn {
        name: match (column.scope.as_str(), column.column.as_str()) {
            ("", "") => None,
            (name, "") | ("", name) => Some(name.to_owned()),
            (scope, name) => Some(format!("{scope}.{name}")),
        },
        title: column.code.title(),
        percent: (u128::from(column.count) * 100 / u128::from(most)).max(2),
        count: column.count,
        files: column.files,
    };
    columns.iter().take(COLUMNS).map(shown).collect()
}

impl<'a> Listing<'a> {
    fn new(files: &[&'a File]) -> Self {
        Self {
            all: files.len() as u64,
            files: files.iter().rev().take(FILES).map(|file| ShownFile::new(file)).collect(),
            more: beyond(files.len(), FILES),
        }
    }
}

impl<'a> ShownFile<'a> {
    fn new(file: &'a File) -> Self {
        let (colour, word) = match file.outcome {
            Outcome::Bogus => ("--bad", file.outcome.word()),
            Outcome::NotProcessed => ("--held", file.outcome.word()),
            Outcome::Imported if file.counts.all_rejected() => ("--bad", NONE_IMPORTED),
            Outcome::Imported if file.counts.rejected > 0 => ("--some", "partly imported"),
            Outcome::Imported if file.has_findings => ("--some", "with findings"),
            Outcome::Imported | Outcome::Unpacked | Outcome::Activated => ("--good", file.outcome.word()),
        };
        Self {
            time: format!("{:02}:{:02}", file.minute / 60, file.minute % 60),
            name: &file.name,
            colour,
            word,
            reason: file.reason.as_deref(),
            read: file.counts.read,
            rejected: file.counts.rejected,
        }
    }
}
