//! What queries may read: each row once, none skipped of what the cursor promises, one read at a time.
#![allow(clippy::indexing_slicing, reason = "documents that the simulation has made itself")]

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use jiff::Timestamp;
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::run::Why;
use tidewaiter_engine::ports::{Ended, ImportRun, Phase, QueryState, ReadEnd, Reading};

use super::{Upload, Watch, is_rejection};
use crate::scenario::queries::{Kind, LAG, LAST_DAY, SCOPE, SUBSECTION};
use crate::scenario::{Data, Dropped, Partner, What};
use crate::table::{Asked, By, Row, Table};

/// After so many reads a history asks for no more.
pub(crate) const READS: u32 = 30;
/// How many ends of reads a state remembers.
const MOST_ENDED: usize = 50;
/// The longest time between two occurrences of a schedule, in seconds.
const LONGEST: i64 = 3 * 3_600;

/// A row in one of its revisions.
type RowId = (u64, u64);

/// An answer, as a process reads it.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    asked: Asked,
    answer: Vec<Row>,
    delivered: usize,
    step: u64,
}

/// A file of a query that has no outcome yet.
#[derive(Debug, Clone)]
struct Landed {
    run: ImportId,
    opened: Opened,
}

/// What is known of the query of a partner.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Its state, as it was written last.
    pub(crate) state: Option<QueryState>,
    /// What processes read now.
    opened: BTreeMap<u64, Opened>,
    landed: Option<Landed>,
    /// Where the last item is: the greatest one of what was imported, or what a person has set.
    last: Option<i64>,
    /// What a person has set.
    base: Option<i64>,
    /// What was imported since the last item was set.
    imported: BTreeSet<RowId>,
    /// The imported reads since then: as of which step, and where the last item was behind them.
    ends: Vec<(u64, i64)>,
    /// The reads that were claimed.
    claimed: BTreeSet<ImportId>,
    /// How many files there were when a read was claimed.
    numbers: BTreeMap<ImportId, usize>,
    /// When the last read of an occurrence was claimed, by the clock of its process.
    since: Option<Timestamp>,
}

/// How many rows of a table a query has still to import; why they never were.
pub(crate) struct Behind {
    pub(crate) count: usize,
    pub(crate) skipped: Vec<RowId>,
}

fn reading(state: &QueryState) -> Option<&Reading> {
    match &state.phase {
        Phase::Reading(reading) => Some(reading),
        _ => None,
    }
}

fn moved(state: &QueryState) -> Option<&Ended> {
    state.ended.last().filter(|end| matches!(end.end, ReadEnd::Moved { .. }))
}

/// The column of a position, and its value.
fn position(state: &QueryState) -> Option<(By, i64)> {
    let by = if state.position.column.as_deref() == Some("id") { By::Id } else { By::At };
    Some((by, by.read(state.position.last.as_ref()?)?))
}

impl Watch {
    /// The partners whose tables are read.
    pub(crate) fn readers(&self) -> Vec<(usize, Repository)> {
        let has_query =
            |partner: &Partner| partner.variants.first().is_some_and(|variant| variant.query.is_some());
        let partners = self.partners.iter().enumerate().filter(|(_, partner)| has_query(partner));
        partners.map(|(n, partner)| (n, partner.repository.clone())).collect()
    }

    /// True if a process reads the table of a partner now.
    pub(crate) fn is_read(&self, partner: usize) -> bool {
        self.reads.get(&partner).is_some_and(|reads| !reads.opened.is_empty())
    }

    /// The number of the partner with this repository.
    pub(crate) fn partner_called(&self, repository: &Repository) -> Option<usize> {
        self.partners.iter().position(|partner| partner.repository == *repository)
    }

    /// A process has stopped, or is done with its message.
    pub(crate) fn stopped(&mut self, process: u64) {
        for reads in self.reads.values_mut() {
            reads.opened.remove(&process);
        }
    }

    /// A process asks a database: it gets this answer.
    pub(crate) fn opened(
        &mut self,
        process: u64,
        partner: usize,
        asked: Asked,
        begin: Option<i64>,
        answer: Vec<Row>,
    ) {
        let step = self.step;
        let is_exclusive = self.is_exclusive;
        let reads = self.reads.entry(partner).or_default();
        let others: Vec<u64> = reads.opened.keys().copied().filter(|other| *other != process).collect();
        // What a process asks with is where the last item is, or before it by the lag.
        let last = reads.last.filter(|_| asked.by.is_some());
        let is_right = match (last, begin) {
            (Some(last), Some(begin)) => begin == last || (asked.by == Some(By::At) && begin == last - LAG),
            (Some(_), None) => false,
            (None, _) => true,
        };
        // One that has lost its read to another process may be out of date.
        let holds = reads.state.as_ref().and_then(reading).is_some_and(|of| of.holder == name(process));
        reads.opened.insert(process, Opened { asked, answer, delivered: 0, step });
        self.expect(!holds || is_right, || {
            format!("a query is asked with {begin:?}, and {last:?} was the last item")
        });
        self.expect(others.is_empty() || !is_exclusive, || {
            format!("{process} reads a query, and so does {others:?}")
        });
    }

    /// A process got so many more rows.
    pub(crate) fn delivered(&mut self, process: u64, partner: usize, rows: usize) {
        let opened = self.reads.get_mut(&partner).and_then(|reads| reads.opened.get_mut(&process));
        if let Some(opened) = opened {
            opened.delivered += rows;
        }
    }

    /// A file of a query is registered: it is as if it had been dropped.
    pub(crate) fn fetched(&mut self, process: u64, run: &ImportRun, bytes: &Bytes) {
        let Some(partner) = self.partner_called(&run.repository) else { return };
        let data = data(run, bytes);
        let found: Vec<Option<RowId>> = data.lines.iter().map(|(raw, _)| row_id(raw)).collect();
        let reads = self.reads.entry(partner).or_default();
        let Some(opened) = reads.opened.remove(&process) else {
            self.wrong(format!("{} is registered, and {process} has read nothing", run.file));
            return;
        };
        let rows = opened.answer.iter().take(opened.delivered);
        let is_kept = |row: &&Row| match opened.asked.by {
            None => true,
            Some(by) if by.of(row).is_some() => !reads.imported.contains(&(row.id, row.rev)),
            Some(_) => !opened.asked.skips_null,
        };
        let expected: Vec<Option<RowId>> = rows.filter(is_kept).map(|row| Some((row.id, row.rev))).collect();
        reads.landed = Some(Landed { run: run.id, opened });
        let number = reads.numbers.get(&run.id).copied().unwrap_or_default();
        self.expect(found == expected, || {
            format!("{} has the rows {found:?}, and should have {expected:?}", run.file)
        });
        let (file, what) = (run.file.clone(), What::Data(data));
        let dropped = Dropped { partner, file, bytes: bytes.clone(), what };
        let upload = Upload { number, is_fetched: true, ..Upload::new(dropped, run.source.clone()) };
        self.uploads.insert(run.id, upload);
        self.registered(process, std::slice::from_ref(run));
    }

    /// The state of a query was written.
    pub(crate) fn query_put(&mut self, process: u64, repository: &Repository, state: &QueryState) {
        let Some(partner) = self.partner_called(repository) else { return };
        let mut reads = self.reads.remove(&partner).unwrap_or_default();
        let before = reads.state.replace(state.clone());
        // A process that writes this has read to the end, or has not begun.
        reads.opened.remove(&process);
        let mut wrong = Vec::new();
        self.judge_outcome_of_file(&mut reads, before.as_ref(), state, &mut wrong);
        if let Some(end) = moved(state)
            && before.as_ref().and_then(moved) != Some(end)
        {
            reads.imported.clear();
            reads.ends.clear();
            reads.last = position(state).map(|(_, last)| last);
            reads.base = reads.last;
        }
        // What is in a file without an outcome is where the last item is going to be, or has been.
        let landing = matches!(state.phase, Phase::Landing(_));
        let landed = reads.landed.iter().filter(|_| landing).filter_map(|landed| greatest(&landed.opened));
        let expected = reads.last.into_iter().chain(landed).max();
        let is = position(state).map(|(_, last)| last);
        if is != expected {
            wrong.push(format!("the last item is {is:?}, and should be {expected:?}"));
        }
        self.judge_claim(process, &mut reads, before.as_ref(), state, &mut wrong);
        self.reads.insert(partner, reads);
        for what in wrong {
            self.wrong(format!("the query of {repository}: {what}"));
        }
    }

    /// The next read begins when the file has its outcome. What it held is imported, or comes again.
    fn judge_outcome_of_file(
        &self,
        reads: &mut Reads,
        before: Option<&QueryState>,
        state: &QueryState,
        wrong: &mut Vec<String>,
    ) {
        let Some(Phase::Landing(landing)) = before.map(|before| &before.phase) else { return };
        if matches!(&state.phase, Phase::Landing(now) if now.run == landing.run) {
            return;
        }
        let name = self.name(landing.run);
        let Some(landed) = reads.landed.take_if(|landed| landed.run == landing.run) else {
            return wrong.push(format!("{name} is left behind, and was never read"));
        };
        let outcome = self.conclusions.get(&landing.run).filter(|_| self.done.contains(&landing.run));
        let Some(outcome) = outcome else {
            return wrong.push(format!("the next read begins, and {name} has no outcome"));
        };
        if is_rejection(outcome) || landed.opened.asked.by.is_none() {
            return;
        }
        let last = reads.last.into_iter().chain(greatest(&landed.opened)).max();
        reads.last = last;
        reads.ends.extend(last.map(|last| (landed.opened.step, last)));
        let rows = landed.opened.answer.iter().take(landed.opened.delivered);
        reads.imported.extend(rows.map(|row| (row.id, row.rev)));
    }

    /// Reads are claimed one after the other; those of a schedule at its times.
    fn judge_claim(
        &self,
        process: u64,
        reads: &mut Reads,
        before: Option<&QueryState>,
        state: &QueryState,
        wrong: &mut Vec<String>,
    ) {
        let Some(claim) = reading(state) else { return };
        let earlier = before.and_then(reading);
        let is_again = earlier.is_some_and(|earlier| earlier.run == claim.run);
        if !is_again {
            reads.claimed.insert(claim.run);
            reads.numbers.insert(claim.run, self.uploads.len());
            if earlier.is_some_and(|earlier| earlier.trouble.is_none()) {
                wrong.push(format!("{} is claimed while {earlier:?} is read", claim.run));
            }
        }
        let is_taken_over = earlier.is_none_or(|earlier| earlier.holder != claim.holder);
        // A read whose failure is kept is in nobody's hand, though its process may still be ending.
        let has_failed = earlier.is_some_and(|earlier| earlier.trouble.is_some());
        let others = !has_failed && reads.opened.keys().any(|other| *other != process);
        if self.is_exclusive && is_taken_over && others && claim.holder == name(process) {
            wrong.push(format!("{process} takes a read that another process has in hand"));
        }
        if let Why::Scheduled { at } = claim.why
            && claim.part == 1
            && !is_again
        {
            let (second, now) = (at.as_second(), claim.at.as_second());
            let end = format!("{LAST_DAY}T23:59:59Z").parse::<Timestamp>().unwrap_or_default().as_second();
            let is_occurrence = second % 3_600 == 0 && second <= end;
            let is_latest = second <= now && second + LONGEST > now.min(end);
            let is_new = reads.since.is_none_or(|since| at > since);
            if !(is_occurrence && is_latest && is_new) {
                wrong.push(format!("the occurrence of {at} is read, after that of {:?}", reads.since));
            }
        }
        if !is_again && claim.part == 1 {
            reads.since = reads.since.max(Some(claim.at));
        }
    }

    /// True if nothing is in hand of a query, and there is something left to be imported.
    pub(crate) fn may_read_on(&self, partner: usize, table: &Table) -> bool {
        let state = self.reads.get(&partner).and_then(|reads| reads.state.as_ref());
        let is_idle = state.is_some_and(|state| state.phase == Phase::Idle && state.asked.is_none());
        is_idle && self.behind(partner, table).is_some_and(|behind| behind.count > 0)
    }

    /// What is wrong about the query of a partner when everything is at rest.
    pub(crate) fn judge_rest(&self, partner: usize, table: &Table) -> Vec<String> {
        let Some((reads, state)) =
            self.reads.get(&partner).and_then(|reads| Some((reads, reads.state.as_ref()?)))
        else {
            return Vec::new();
        };
        let mut wrong = Vec::new();
        if state.phase != Phase::Idle {
            wrong.push(format!("the query of partner {partner} is at rest as {:?}", state.phase));
        }
        let has_ended = |run: &ImportId| state.ended.iter().any(|end| end.run == Some(*run));
        let is_whole = state.ended.len() < MOST_ENDED;
        let open: Vec<_> = reads.claimed.iter().filter(|run| is_whole && !has_ended(run)).collect();
        if !open.is_empty() {
            wrong.push(format!("the reads {open:?} of partner {partner} were claimed, and never ended"));
        }
        if let Some(Behind { count, skipped }) = self.behind(partner, table) {
            if count > 0 {
                wrong.push(format!("{count} rows of partner {partner} are not imported"));
            }
            if !skipped.is_empty() {
                wrong.push(format!("the rows {skipped:?} of partner {partner} were there, and are skipped"));
            }
        }
        wrong
    }

    /// What a query has still to import of its table, which does not change any more.
    pub(crate) fn behind(&self, partner: usize, table: &Table) -> Option<Behind> {
        let query = self
            .active
            .get(partner)?
            .last()?
            .1
            .and_then(|variant| self.partners.get(partner)?.variants.get(variant)?.query)?;
        let asked = Asked::read(query.import()["query"]["sql"].as_str().unwrap_or_default());
        let by = asked.by?;
        let reads = self.reads.get(&partner)?;
        let lag = if query.kind == Kind::Late { LAG } else { 0 };
        let lies_behind = |row: &Row, last: Option<i64>| {
            by.of(row).is_some() && last.is_none_or(|last| asked.is_behind(by, row, last - lag))
        };
        let is_missing = |row: &&Row| !reads.imported.contains(&(row.id, row.rev));
        let count = table.rows.values().filter(is_missing).filter(|row| lies_behind(row, reads.last)).count();
        let is_skipped = |row: &&Row| {
            let committed = table.commits.get(&(row.id, row.rev)).copied().unwrap_or_default();
            // The read behind which it does not come any more: it saw the row.
            let passed = reads.ends.iter().find(|(_, last)| !lies_behind(row, Some(*last)));
            passed.is_some_and(|(step, _)| *step > committed) && lies_behind(row, reads.base)
        };
        let skipped = table.rows.values().filter(is_missing).filter(is_skipped);
        Some(Behind { count, skipped: skipped.map(|row| (row.id, row.rev)).collect() })
    }
}

/// The name under which a process reads.
pub(crate) fn name(process: u64) -> String {
    format!("fetch-{process}")
}

/// The greatest value of what a process got.
fn greatest(opened: &Opened) -> Option<i64> {
    let by = opened.asked.by?;
    opened.answer.iter().take(opened.delivered).filter_map(|row| by.of(row)).max()
}

/// What a file of a query holds.
fn data(run: &ImportRun, bytes: &Bytes) -> Data {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.next();
    let lines = lines.map(|raw| {
        let text = String::from_utf8_lossy(raw);
        let mut values = text.trim_end().split(';').map(str::to_owned);
        let cells = ["card_code", "points"].map(|name| (name.to_owned(), values.next().unwrap_or_default()));
        let is_good = cells.iter().all(|(_, value)| value != "x");
        (raw.to_vec(), is_good.then(|| cells.into_iter().collect()))
    });
    let lines = lines.collect();
    // `acme_creditpoints_db_20260921_060000.csv`
    let day = run.file.split('_').nth(3).and_then(|day| day.parse().ok()).unwrap_or_default();
    let columns = ["card_code", "points"].map(str::to_owned).to_vec();
    let (scope, subsection, group, is_valid) = (SCOPE, SUBSECTION, None, true);
    Data { scope, subsection, group, day, columns, is_valid, lines, bytes: bytes.clone() }
}

/// Which row a line is.
fn row_id(raw: &[u8]) -> Option<RowId> {
    let text = std::str::from_utf8(raw).ok()?;
    let mut values = text.trim_end().split(';').skip(2);
    Some((values.next()?.parse().ok()?, values.next()?.parse().ok()?))
}
