//! The mail about many files: counts first, then the files that need attention with what is worst about them, then the
//! others. What is not shown is counted.

use askama::Template;
use tidewaiter_model::finding::Kind;
use tidewaiter_model::report::digest::{Digest, FINE, File, KINDS, LOOK};
use tidewaiter_model::report::{Outcome, Report, Worst, worst};

use super::colour::{BAD, GOOD, HELD, SOME, tone};
use super::{Facts, Frame, Html, Part, Tile, document, filters, line_tiles};
use crate::phrases::{beyond_fine, beyond_look, ended, other_kinds, taken};
use crate::words::number;
use crate::{Headline, Renderer};

#[derive(Template)]
#[template(path = "digest.html")]
struct Mail<'a> {
    frame: Frame,
    rows: Vec<Vec<Tile>>,
    look: Vec<Look<'a>>,
    beyond_look: Option<String>,
    fine: Facts,
    beyond_fine: Option<String>,
}

/// A file that needs attention: how it ended, what is worst about it, and where things are.
struct Look<'a> {
    colour: &'static str,
    name: &'a str,
    headline: String,
    hint: Option<&'a str>,
    kinds: Vec<KindOfFinding<'a>>,
    other_kinds: Option<String>,
    places: Vec<String>,
}

struct KindOfFinding<'a> {
    kind: &'a Kind,
    parts: Vec<Part<'a>>,
    hint: Option<&'a str>,
}

impl Renderer<Digest> for Html {
    fn render(&self, digest: &Digest) -> String {
        let rows = [file_tiles(digest), line_tiles(&digest.counts())];
        let mail = Mail {
            frame: frame(digest),
            rows: rows.into_iter().filter(|row| !row.is_empty()).collect(),
            look: digest.look().iter().take(LOOK).map(look).collect(),
            beyond_look: beyond_look(digest),
            fine: (digest.fine().iter().take(FINE))
                .map(|file| (taken(file), vec![file.name.clone()]))
                .collect(),
            beyond_fine: beyond_fine(digest),
        };
        document(&mail)
    }
}

fn frame(digest: &Digest) -> Frame {
    let title = Headline.render(digest);
    let (headline, rest) = title.split_once(": ").unwrap_or((&title, ""));
    let about =
        if rest.is_empty() { digest.span().to_owned() } else { format!("{rest} · {}", digest.span()) };
    let (files, repository) = (number(digest.files().len() as u64), digest.repository());
    Frame {
        preview: digest.span().to_owned(),
        colour: worst_tone(digest),
        word: repository.to_owned(),
        headline: headline.to_owned(),
        about,
        footer: format!(
            "A digest of {files} of {repository}. The log of a file lists its recorded findings."
        ),
        title,
    }
}

/// The colour of the worst that happened.
fn worst_tone(digest: &Digest) -> &'static str {
    let ends = digest.ends();
    match (ends.bogus, ends.not_processed, ends.part + ends.remarked) {
        (1.., ..) => BAD,
        (0, 1.., _) => HELD,
        (0, 0, 1..) => SOME,
        (0, 0, 0) => GOOD,
    }
}

fn file_tiles(digest: &Digest) -> Vec<Tile> {
    let ends = digest.ends();
    let tile = |count, name, colour| Tile { count, name, colour: Some(colour) };
    let all = Tile { count: digest.files().len() as u64, name: "files", colour: None };
    // How many were taken is always told, also if none was.
    let whole = tile(ends.whole, "completed", GOOD);
    let others = [
        tile(ends.part, "partly imported", SOME),
        tile(ends.remarked, "with findings", SOME),
        tile(ends.bogus, Outcome::Bogus.word(), BAD),
        tile(ends.not_processed, Outcome::NotProcessed.word(), HELD),
    ];
    [all, whole].into_iter().chain(others.into_iter().filter(|tile| tile.count > 0)).collect()
}

fn look(file: &File) -> Look<'_> {
    let report = file.report.as_deref();
    let hint = report.and_then(|report| report.reason.as_ref()?.hint.as_deref());
    let worst = report.map(|report| worst(report, KINDS, 1)).unwrap_or_default();
    Look {
        colour: match file.outcome {
            Outcome::Bogus | Outcome::NotProcessed => tone(file.outcome, &file.counts),
            _ => SOME,
        },
        name: &file.name,
        headline: ended(file),
        hint,
        kinds: worst.iter().map(|kind| kind_of_finding(kind, hint)).collect(),
        other_kinds: report.and_then(|report| other_kinds(report.kinds.len())),
        places: report.map(places).unwrap_or_default(),
    }
}

/// `told`: the advice that was given already.
fn kind_of_finding<'a>(worst: &Worst<'a>, told: Option<&str>) -> KindOfFinding<'a> {
    let example = worst.examples.first();
    let mut parts = Vec::new();
    if let Some(example) = example {
        parts.push(Part::Words(&example.message));
        parts.extend(example.line.map(Part::Line));
        parts.extend(example.value.as_deref().map(Part::Found));
    }
    let hint = example.and_then(|example| example.hint.as_deref()).filter(|hint| Some(*hint) != told);
    KindOfFinding { kind: worst.kind, parts, hint }
}

fn places(report: &Report) -> Vec<String> {
    let badlines = report.badlines.as_ref().map(|key| format!("Rejected lines: {key}"));
    let others = [format!("Now at: {}", report.place), format!("Log: {}", report.log)];
    badlines.into_iter().chain(others).collect()
}
