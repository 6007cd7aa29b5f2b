//! The mail about one file: what happened first, then what to do, then what was wrong, the worst first.
//!
//! Its size is bounded whatever the report holds: see [`KINDS`], [`EXAMPLES`] and [`MISTAKES`].

use std::fmt::Write;

use askama::Template;
use tidewaiter_model::finding::{Finding, Kind};
use tidewaiter_model::mistake::Mistake;
use tidewaiter_model::report::{Counts, Outcome, Report, Worst, worst};

use super::filters::{self, capital, sentence};
use super::{Facts, Frame, Html, Part, Tile, colour, document, line_tiles, shares};
use crate::phrases::{beyond, more_mistakes};
use crate::words::{gone_along, left_alone, moment, plural, waited};
use crate::{Headline, Renderer};

/// How many kinds of findings a mail shows.
const KINDS: usize = 8;
/// How many lines show a kind.
const EXAMPLES: usize = 3;
/// How many mistakes of a configuration a mail shows.
const MISTAKES: usize = 20;

#[derive(Template)]
#[template(path = "report.html")]
struct Mail<'a> {
    frame: Frame,
    /// What the reader is to do.
    advice: Option<String>,
    counts: &'a Counts,
    tiles: Vec<Tile>,
    shares: Vec<Share>,
    left_alone: Option<String>,
    kinds: Vec<KindOfFinding<'a>>,
    more_findings: Option<String>,
    mistakes: &'a [Mistake],
    more_mistakes: Option<String>,
    facts: Facts,
}

/// A part of the bar that shows what became of lines.
struct Share {
    percent: u128,
    colour: &'static str,
}

/// Findings of a kind: what they have in common, a few of them, and the hint that fixes them.
struct KindOfFinding<'a> {
    kind: &'a Kind,
    message: Option<&'a str>,
    examples: Vec<Example<'a>>,
    beyond: u64,
    hint: Option<&'a str>,
}

/// A finding, with what it says that the others do not.
struct Example<'a> {
    place: String,
    parts: Vec<Part<'a>>,
}

impl Renderer<Report> for Html {
    fn render(&self, report: &Report) -> String {
        let counts = &report.counts;
        let kinds = worst(report, KINDS, EXAMPLES);
        let mail = Mail {
            frame: frame(report),
            advice: advice(report),
            counts,
            tiles: line_tiles(counts),
            shares: bar(counts),
            left_alone: left_alone(counts),
            more_findings: more_findings(report, &kinds),
            kinds: kinds.iter().map(|kind| kind_of_finding(kind, hint(report))).collect(),
            mistakes: report.mistakes.get(..MISTAKES).unwrap_or(&report.mistakes),
            more_mistakes: match report.mistakes_beyond(MISTAKES) {
                0 => None,
                more => Some(format!("… and {}.", more_mistakes(more))),
            },
            facts: facts(report),
        };
        document(&mail)
    }
}

/// The outcome, on its colour: a word, what happened, and to which file.
fn frame(report: &Report) -> Frame {
    let title = Headline.render(report);
    let (word, headline) = match (report.outcome, title.split_once(": ")) {
        (Outcome::Unpacked, _) => ("unpacked", "the files of the archive are being processed"),
        (Outcome::Activated, _) => ("activated", "this configuration is now active"),
        (_, Some(parts)) => parts,
        (outcome, None) => (outcome.word(), title.as_str()),
    };
    let Report { import, repository, file, .. } = report;
    Frame {
        colour: colour::tone(report.outcome, &report.counts),
        word: word.to_owned(),
        headline: capital(headline),
        about: file.clone(),
        preview: file.clone(),
        footer: format!("Import {import} in {repository}. The log lists the recorded findings."),
        title,
    }
}

fn hint(report: &Report) -> Option<&str> {
    report.reason.as_ref().and_then(|reason| reason.hint.as_deref())
}

fn advice(report: &Report) -> Option<String> {
    let hint = hint(report).map(sentence);
    let badlines = report.badlines.as_ref().map(|badlines| {
        format!(
            "The rejected lines, and nothing else, are in `{badlines}`. Fix them there and drop that file again under the same name."
        )
    });
    let advice: Vec<String> = hint.into_iter().chain(badlines).collect();
    (!advice.is_empty()).then(|| advice.join(" "))
}

fn bar(counts: &Counts) -> Vec<Share> {
    let of = |tile: Tile| Share {
        // A share that can be seen at all is seen: one line of a million too.
        percent: (u128::from(tile.count) * 100 / u128::from(counts.read.max(1))).max(1),
        colour: tile.colour.unwrap_or_default(),
    };
    shares(counts).into_iter().filter(|tile| tile.count > 0).map(of).collect()
}

fn more_findings(report: &Report, kinds: &[Worst<'_>]) -> Option<String> {
    let shown: u64 = kinds.iter().map(|kind| kind.kind.count).sum();
    let more = report.findings_total.checked_sub(shown).filter(|more| *more > 0)?;
    let others = plural(beyond(report.kinds.len(), kinds.len()).unwrap_or_default(), "other kind");
    Some(format!("… and {} of {others}; the log counts each.", plural(more, "finding")))
}

/// `told`: the advice that was given already.
fn kind_of_finding<'a>(worst: &Worst<'a>, told: Option<&str>) -> KindOfFinding<'a> {
    let (message, hint) = (worst.message(), worst.hint());
    KindOfFinding {
        kind: worst.kind,
        message,
        examples: (worst.examples.iter())
            .filter_map(|finding| example(finding, message.is_none(), hint.is_none()))
            .collect(),
        beyond: worst.beyond(),
        hint: hint.filter(|hint| Some(*hint) != told),
    }
}

/// A finding, with its message and its hint if they are not those of all examples.
fn example(finding: &Finding, message: bool, hint: bool) -> Option<Example<'_>> {
    let mut parts = Vec::new();
    if message {
        parts.push(Part::Words(&finding.message));
    }
    parts.extend(finding.value.as_deref().map(Part::Found));
    if hint {
        parts.extend(finding.hint.as_deref().map(Part::Words));
    }
    let mut place = String::new();
    // Writing into a String cannot fail.
    let _ = match finding.line {
        Some(line) if finding.lines > 1 => write!(place, "lines {line}–{}", line + finding.lines - 1),
        Some(line) => write!(place, "line {line}"),
        None if parts.is_empty() => return None,
        None => write!(place, "the file"),
    };
    Some(Example { place, parts })
}

/// Where things are, and how the file came.
fn facts(report: &Report) -> Facts {
    let group = report.group.as_ref();
    let group = group.map(|group| format!("{}, slot {:02} of {:02}", group.id, group.slot, group.last));
    let facts = [
        ("Now at", Some(report.place.clone())),
        ("Rejected lines", report.badlines.clone()),
        ("Log", Some(report.log.clone())),
        ("From archive", report.archive.clone()),
        ("Group", group),
        ("Waited", waited(report)),
        ("Arrived", Some(moment(report.arrived))),
        ("Finished", Some(moment(report.finished))),
        ("Removed", gone_along(&report.counts)),
    ];
    let notes = report.notes.iter().map(|note| ("Note", note.clone()));
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?))).chain(notes);
    facts.map(|(name, value)| (name.to_owned(), vec![value])).collect()
}
