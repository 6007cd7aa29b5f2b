//! A file's way in words that a partner understands. Pure: what is known goes in, sentences come out.
//!
//! Every state a file can be in has its words; the matches are exhaustive, so that a new state has to be
//! given some.

use std::fmt::Write;

use serde::Serialize;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Key;
use tidewaiter::render::{Headline, Renderer};
use tidewaiter::report::{Outcome, Report};
use tidewaiter_engine::ports::{
    Conclusion, Group, ImportRun, Kind, Pinned, Problem, Progress, Trouble, WaitingGroup,
};

use super::mail;
use crate::text::{listed, plural, size, slots};

/// How many members of an archive are named.
const NAMED: usize = 20;

/// One step of a file's way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Which one it is.
    pub name: Name,
    /// What happened, in a sentence.
    pub text: String,
}

/// The steps there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// It was dropped.
    Arrived,
    /// What its name says.
    Named,
    /// What it waits for.
    Waits,
    /// What is done with it.
    Begun,
    /// How it ended.
    Outcome,
    /// Where it is, and what belongs to it.
    Place,
    /// Who got a mail.
    Mail,
    /// What can be done.
    Next,
}

/// What is known around an import.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Its group, if it is not complete.
    pub(super) waiting: Option<WaitingGroup>,
    /// How many files are treated before it, if it is ready.
    pub(super) before: Option<u64>,
    /// True if it is the file in hand.
    pub(super) in_hand: bool,
    /// True if a configuration of its repository has no outcome yet.
    pub(super) in_flight: bool,
    /// True if a process works on the folder.
    pub(super) at_work: bool,
    /// Its report.
    pub(super) report: Option<Report>,
    /// What is wrong with the mail of the digest that its report waits for.
    pub(super) digest_trouble: Option<Trouble>,
    /// The id of the corrected file that was imported after it, though that is not written down yet.
    pub(super) correction: Option<ImportId>,
    /// The names of the files that came in it.
    pub(super) members: Vec<String>,
}

/// The way of a file, from its drop to where it is now.
pub(super) fn story(import: &ImportRun, around: &Around) -> Vec<Step> {
    let mut steps = vec![arrived(import), name(import)];
    match &import.progress {
        Progress::Registered => steps.push(waits(import, around)),
        Progress::Started(pinned) => {
            steps.push(begun(import, pinned));
            steps.push(in_between(import, pinned, around));
        }
        Progress::Concluding(conclusion) => {
            ended(&mut steps, import, conclusion, around);
            let text = "its outcome is decided but not complete: the next run moves the file".to_owned();
            steps.push(Step { at: None, name: Name::Next, text });
        }
        Progress::Done(conclusion) => {
            ended(&mut steps, import, conclusion, around);
            steps.extend(next(import, conclusion, around));
        }
    }
    steps
}

fn arrived(import: &ImportRun) -> Step {
    let bytes = size(import.bytes);
    let text = match (&import.archive, &import.fetched) {
        (_, Some(fetched)) => {
            let rows = plural(fetched.rows, "row");
            format!(
                "its query read {rows} from connection {}, and made and registered it; {bytes}",
                fetched.connection
            )
        }
        (Some((_, archive)), None) => format!("it arrived in the archive {archive}; {bytes}"),
        (None, None) => format!("it was dropped into imports/{}/ and registered; {bytes}", import.repository),
    };
    Step { at: Some(import.arrived), name: Name::Arrived, text }
}

fn name(import: &ImportRun) -> Step {
    let text = match &import.kind {
        Kind::Data { name, group, .. } => {
            let packed = import.unpacked().map(|unpacked| format!("it holds one file, {}; ", unpacked.file));
            let mut text = packed.unwrap_or_default();
            let (scope, universe, date) = (&name.scope, &name.universe, name.date);
            let subsection = &name.subsection;
            let _ = write!(
                text,
                "its name means: {scope} of universe {universe}, import {subsection}, of {date}"
            );
            if let Some(Group { group, slot, late, .. }) = group {
                let (id, last) = (&group.id, group.last);
                let _ = write!(text, "; slot {slot:02} of {last:02} of group {id}");
                if *late {
                    text.push_str(", which had already started, so it belongs to the next one");
                }
            } else {
                text.push_str("; it belongs to no group");
            }
            text
        }
        Kind::Unresolved { .. } if import.conclusion().is_some() => {
            "no active configuration knows its name".to_owned()
        }
        Kind::Unresolved { .. } => "no active configuration knows its name yet".to_owned(),
        Kind::Archive => {
            "its name is that of an archive: each of several files in it is an import of its own".to_owned()
        }
        Kind::Configuration { universe } => {
            format!("its name is that of the configuration of universe {universe}")
        }
        Kind::Refused(refusal) => {
            format!("it was refused without being opened: {}", refusal.reason.message)
        }
    };
    Step { at: None, name: Name::Named, text }
}

/// What a file waits for that has not begun.
fn waits(import: &ImportRun, around: &Around) -> Step {
    let text = match &import.kind {
        Kind::Data { group: Some(group), .. } => match (&around.waiting, around.before) {
            (Some(waiting), _) => format!(
                "it waits for {} of {:02} of its group {}; {} received since {}",
                slots(&waiting.missing),
                group.group.last,
                group.group.id,
                plural(waiting.files.len() as u64, "file"),
                waiting.since,
            ),
            (None, before) => format!("its group is complete; {}", turn(before, around)),
        },
        Kind::Data { group: None, .. } => turn(around.before, around),
        Kind::Unresolved { .. } if around.in_flight => {
            "it waits for a configuration that was dropped before it and is not active yet".to_owned()
        }
        Kind::Unresolved { .. } => "it waits for a configuration that may still come".to_owned(),
        Kind::Archive => "it is about to be unpacked".to_owned(),
        Kind::Configuration { .. } => "it is about to be checked".to_owned(),
        Kind::Refused(_) => "it is about to be moved to the refused files".to_owned(),
    };
    let text = format!("{text}; until then it lies at {}", import.source.key);
    Step { at: None, name: Name::Waits, text }
}

fn turn(before: Option<u64>, around: &Around) -> String {
    match before {
        _ if around.in_hand => "it is next".to_owned(),
        _ if around.in_flight => {
            "it waits for a configuration of its repository that is not active yet".to_owned()
        }
        Some(0) => "it is the next one to be imported".to_owned(),
        Some(before) => format!(
            "{} before it",
            if before == 1 { "1 file is".to_owned() } else { format!("{before} files are") }
        ),
        None => "it waits for earlier files".to_owned(),
    }
}

fn begun(import: &ImportRun, pinned: &Pinned) -> Step {
    let mut text = match &import.kind {
        Kind::Data { .. } => {
            "processing started; it is imported under the configuration that was active then".to_owned()
        }
        Kind::Archive => "it was unpacked, and its files are registered".to_owned(),
        Kind::Unresolved { .. } | Kind::Configuration { .. } | Kind::Refused(_) => {
            "processing started".to_owned()
        }
    };
    for note in &pinned.notes {
        let _ = write!(text, "; {note}");
    }
    Step { at: Some(pinned.at), name: Name::Begun, text }
}

/// Between the beginning and the outcome.
fn in_between(import: &ImportRun, pinned: &Pinned, around: &Around) -> Step {
    let doing = match (&import.kind, &pinned.content, pinned.checked) {
        (Kind::Data { .. }, Some(content), _) => {
            format!("it passed its check ({}), and its lines are being loaded", size(content.bytes))
        }
        (Kind::Data { .. }, None, true) => {
            "it passed the check of its group; nothing is loaded before all files of it have".to_owned()
        }
        (Kind::Data { .. }, None, false) => "it is being checked; nothing of it is loaded yet".to_owned(),
        (Kind::Archive | Kind::Unresolved { .. } | Kind::Configuration { .. } | Kind::Refused(_), ..) => {
            "its outcome is about to be decided".to_owned()
        }
    };
    let text = if around.at_work {
        doing
    } else {
        format!("{doing}; no process is working on it: it was interrupted, and the next run continues")
    };
    Step { at: None, name: Name::Waits, text }
}

fn ended(steps: &mut Vec<Step>, import: &ImportRun, conclusion: &Conclusion, around: &Around) {
    if let Some(began) = around.report.as_ref().and_then(|report| report.began) {
        let text = match &import.kind {
            Kind::Data { group: Some(group), .. } if group.group.last > 1 => {
                format!("all {} files of its group had arrived, and processing started", group.group.last)
            }
            _ => "processing started".to_owned(),
        };
        steps.push(Step { at: Some(began), name: Name::Begun, text });
    }
    let mut text = match (&around.report, conclusion.outcome) {
        (Some(report), _) => Headline.render(report),
        (None, Outcome::Imported) => format!(
            "imported: {} read, {} rejected",
            plural(conclusion.counts.read, "line"),
            conclusion.counts.rejected
        ),
        (None, outcome) => match &conclusion.code {
            Some(code) => format!("{}: {code}", outcome.word()),
            None => outcome.to_string(),
        },
    };
    text.push_str(match conclusion.outcome {
        Outcome::Imported => "",
        Outcome::Unpacked if around.members.is_empty() => "; it contained no file",
        Outcome::Unpacked => "; it contained ",
        Outcome::Activated => "; files that start from now on are imported under it",
        Outcome::Bogus => "; nothing was imported",
        Outcome::NotProcessed => "; it was not processed, for a reason outside the file",
    });
    if conclusion.outcome == Outcome::Unpacked {
        let mut named: Vec<String> = around.members.iter().take(NAMED).cloned().collect();
        if around.members.len() > NAMED {
            named.push(format!("{} more", around.members.len() - NAMED));
        }
        text.push_str(&listed(&named));
    }
    for note in around.report.iter().flat_map(|report| &report.notes) {
        if conclusion.outcome != Outcome::Unpacked {
            let _ = write!(text, "; {note}");
        }
    }
    steps.push(Step { at: Some(conclusion.finished), name: Name::Outcome, text });
    steps.push(places(import, conclusion));
    steps.push(mail::step(conclusion, around));
}

fn places(import: &ImportRun, conclusion: &Conclusion) -> Step {
    let gone = conclusion.code.as_deref() == Some(tidewaiter_engine::conclude::GONE);
    let mut text = if gone {
        "the file is gone: it was removed before its outcome was decided".to_owned()
    } else {
        format!("it is at {}", conclusion.place)
    };
    if let Some(badlines) = &conclusion.badlines {
        let _ = write!(text, "; its rejected lines are at {badlines}");
    }
    let _ = write!(text, "; its log is at {}", conclusion.log);
    let renamed = |key: &Key| key.file_name().contains(&import.id.to_string());
    if renamed(&conclusion.place)
        || renamed(&conclusion.log)
        || conclusion.badlines.as_ref().is_some_and(renamed)
    {
        text.push_str("; names that contain the import id were changed when a later file used the name");
    }
    Step { at: None, name: Name::Place, text }
}

/// What there is to do about it.
fn next(import: &ImportRun, conclusion: &Conclusion, around: &Around) -> Option<Step> {
    if let Some(text) = settled(conclusion, around) {
        return Some(Step { at: None, name: Name::Next, text });
    }
    let hint = around.report.as_ref().and_then(|report| report.reason.as_ref()?.hint.clone());
    let text = match (conclusion.outcome, &conclusion.badlines) {
        (Outcome::Imported, Some(badlines)) => {
            format!("to import the rejected lines, fix {badlines} and drop it as {}", plain(import, badlines))
        }
        (Outcome::Imported | Outcome::Unpacked | Outcome::Activated, _) => return None,
        (Outcome::Bogus | Outcome::NotProcessed, _) => {
            hint.unwrap_or_else(|| "fix what the log names, then drop the whole file again".to_owned())
        }
    };
    Some(Step { at: None, name: Name::Next, text })
}

/// How its problem is over, if it is.
fn settled(conclusion: &Conclusion, around: &Around) -> Option<String> {
    let corrected = |by: &ImportId| format!("nothing: a corrected file was imported ({by})");
    match (conclusion.problem.as_ref()?, &around.correction) {
        (Problem::Resolved { by }, _) | (Problem::Open, Some(by)) => Some(corrected(by)),
        (Problem::Open, None) => None,
        (Problem::Dismissed { at, by, reason }, _) => {
            let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Some(format!("nothing: {by} dismissed it at {at}{why}"))
        }
    }
}

/// The name under which rejected lines are dropped again: without the group, and without the id of an import
/// that they may be kept under.
fn plain(import: &ImportRun, badlines: &Key) -> String {
    badlines.file_name().replace(&format!("_{}", import.id), "")
}
