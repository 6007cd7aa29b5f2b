//! The report of a file, from what was found out about it.

use jiff::civil::Date;
use tidewaiter::finding::Code;
use tidewaiter::keys::Key;
use tidewaiter::report::{DUPLICATE, GroupPlace, Outcome, Reason, Report, plural};

use super::Findings;
use crate::capabilities::Clock;
use crate::ports::{Fetched, ImportRun, Kind, Progress};

pub(super) fn report_of<D: Clock>(
    deployment: &D,
    import: &ImportRun,
    findings: &Findings,
    late: Option<Date>,
) -> Report {
    let (name, group) = match &import.kind {
        Kind::Data { name, group, .. } => (Some(name), group.as_ref()),
        _ => (None, None),
    };
    let mut report = Report {
        repository: import.repository.to_string(),
        import: import.id,
        file: import.data_file().to_owned(),
        // One that came packed says what it came in, as a member does.
        archive: match &import.archive {
            Some((_, archive)) => Some(archive.clone()),
            None => import.unpacked().map(|_| import.file.clone()),
        },
        bytes: import.content().1,
        sha256: findings.sha256.clone(),
        universe: name.map(|n| n.universe.clone()),
        scope: name.map(|n| n.scope.clone()),
        subsection: name.map(|n| n.subsection.clone()),
        date: name.map(|n| n.date),
        group: group.map(|g| GroupPlace {
            id: g.group.id.clone(),
            slot: g.slot,
            last: g.group.last,
            generation: g.group.generation,
        }),
        outcome: findings.outcome,
        reason: findings
            .reason
            .clone()
            .map(|reason| if goes_back(import, findings) { not_dropped(reason) } else { reason }),
        counts: findings.counts,
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: came_late(import, findings.outcome, late)
            .chain(import.unpacked().map(|unpacked| unpacked.notes.clone()).unwrap_or_default())
            .chain(import.fetched.as_deref().map(read_note))
            .chain(findings.notes.iter().cloned())
            .collect(),
        arrived: import.arrived,
        began: match (&import.kind, &import.progress) {
            (Kind::Data { .. }, Progress::Started(pinned)) => Some(pinned.at),
            _ => None,
        },
        finished: deployment.now(),
        place: Key::placed(findings.outcome.place(), &import.repository, &import.file).to_string(),
        badlines: findings.badlines.as_ref().map(ToString::to_string),
        log: Key::log(&import.repository, import.data_file()).to_string(),
        recipients: Vec::new(),
    };
    report.take_findings(&findings.tally);
    report.take_mistakes(findings.mistakes.clone());
    report
}

/// True for a file of a query that is refused as a whole: `{lastItem}` goes back.
fn goes_back(import: &ImportRun, findings: &Findings) -> bool {
    let is_duplicate = findings.reason.as_ref().is_some_and(|reason| reason.code == DUPLICATE);
    import.fetched.is_some()
        && !is_duplicate
        && matches!(findings.outcome, Outcome::Bogus | Outcome::NotProcessed)
}

/// The reason with a hint that fits a file of a query: a person who drops it as well imports its rows twice.
fn not_dropped(reason: Reason) -> Reason {
    let rest = "the next read has these rows again, so do not drop this file";
    let own = match reason.code.as_str() {
        code if code == Code::PolicyExceeded.as_str() => None,
        code if code == Code::RemovalExceeded.as_str() => {
            Some("check that the query has all rows; if it does, raise max_removed in the configuration")
        }
        _ => reason.hint.as_deref(),
    };
    let hint = own.unwrap_or("fix the rows in the database, or the configuration");
    let hint = format!("{hint}; {rest}");
    reason.with_hint(Some(hint))
}

/// What the report says of the read that made a file.
#[expect(clippy::cast_precision_loss, reason = "no read takes 2^53 milliseconds")]
fn read_note(fetched: &Fetched) -> String {
    let Fetched { connection, rows, left_out, millis, .. } = fetched;
    let rows = plural(*rows, "row");
    let seconds = *millis as f64 / 1_000.0;
    let left_out = match left_out {
        0 => String::new(),
        left_out => format!(
            "; {} left out: imported before, or without a value in the column of the last item",
            plural(*left_out, "row")
        ),
    };
    format!("read from connection {connection} in {seconds:.1} s: {rows}{left_out}")
}

/// What the report says about a file if newer files, or later members of its group, came before it.
fn came_late(import: &ImportRun, outcome: Outcome, late: Option<Date>) -> impl Iterator<Item = String> {
    let date = late.map(|date| format!("out of order: a newer file ({date}) was imported first"));
    let group = match &import.kind {
        Kind::Data { group: Some(group), .. } if group.late && outcome != Outcome::NotProcessed => {
            let id = &group.group.id;
            Some(format!(
                "out of order: group {id} had already started, so the file waited for the next group"
            ))
        }
        _ => None,
    };
    date.into_iter().chain(group)
}
