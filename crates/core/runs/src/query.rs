//! What is kept of a query: where its next read begins, which read is in hand, and how the last ones ended.
//!
//! A read is one part of one occurrence. It is claimed, it reads, and it ends in one of three ways: a file is registered, there
//! was nothing new, or it failed. `{lastItem}` moves in the step that registers the file. The next read is claimed after
//! that file has its outcome: if the file is refused as a whole, `{lastItem}` goes back to where the read began. So no row
//! is skipped by a file that is refused, and none comes twice.
//!
//! A read that was claimed belongs to its process until its time is over. One that failed belongs to no process: it waits for
//! its next try, and gives way to the next occurrence.
//!
//! Every store of queries applies these rules and keeps the result on the condition that no other process wrote it.

mod end;
mod phase;
mod seen;

use serde::{Deserialize, Serialize};
use tidewaiter_model::id::{ImportId, Timestamp};
use tidewaiter_model::item::LastItem;
use tidewaiter_schema::config::{QueryOptions, Schedule};

pub use end::{Ended, ReadEnd, Trouble as ReadTrouble};
pub use phase::{Claim, Definition, Landing, Phase, Reading, Why};
pub use seen::{MOST_SEEN, RowHash, SeenRows};

/// How many reads are remembered.
const REMEMBERED: usize = 50;
/// The longest time before a read that failed is tried again, in seconds.
const MOST_WAIT: i64 = 1_800;

/// What is kept of a query.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryState {
    /// Where the next read begins.
    pub position: Position,
    /// The columns of the last answer, to tell when the source changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<AnswerColumn>,
    /// No occurrence of the schedule up to this moment is due any more.
    pub since: Timestamp,
    /// The schedule as it was last seen, in words. None if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Who asked for a read that has not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// The query as it was when it was last claimed, by a hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// What is in hand.
    pub phase: Phase,
    /// The last reads, and what people did, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
}

/// Where a read begins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The column that it is of. None before the first read with new rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The last item. None before the first read with new rows: the start that the configuration names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<LastItem>,
    /// The rows that were imported and come again.
    #[serde(default, skip_serializing_if = "SeenRows::is_empty")]
    pub seen: SeenRows,
}

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerColumn {
    /// Its name.
    pub name: String,
    /// Its type, as the server calls it.
    pub kind: String,
}

/// What is to be done about a query now.
#[derive(Debug, Clone, PartialEq)]
pub enum Due {
    /// A read is claimed.
    Claim(Why),
    /// The read in hand is taken up.
    TakeUp,
    /// The file in hand is looked at.
    Settle(ImportId),
    /// Nothing.
    Nothing,
}

impl QueryState {
    /// The state of a query that is seen for the first time at `now`. Occurrences before are none of it.
    pub fn new(now: Timestamp) -> Self {
        Self {
            position: Position::default(),
            columns: Vec::new(),
            since: now,
            schedule: None,
            asked: None,
            definition: None,
            phase: Phase::Idle,
            ended: Vec::new(),
        }
    }

    /// Sees the schedule of the query at `now`. One that is new or was changed begins now: no occurrence before is due. True if
    /// it is another one than before, which is to be kept.
    pub fn see_schedule(&mut self, query: &QueryOptions, now: Timestamp) -> bool {
        let schedule = query.schedule.as_ref().map(Schedule::in_words);
        if schedule == self.schedule {
            return false;
        }
        self.since = self.since.max(now);
        self.schedule = schedule;
        true
    }

    /// What is to be done at `now` by a process that is called `holder`. `definition` is a hash of the query.
    pub fn due(&self, query: &QueryOptions, definition: &str, holder: &str, now: Timestamp) -> Due {
        let reading = match &self.phase {
            Phase::Landing(landing) => return Due::Settle(landing.run),
            Phase::Reading(reading) => Some(reading),
            Phase::Idle => None,
        };
        // A read that waits for its next try gives way to the next occurrence.
        let is_free = reading.is_none_or(|reading| reading.trouble.is_some());
        let why = is_free.then(|| self.why(query, definition, now)).flatten();
        match why {
            Some(why) => Due::Claim(why),
            None if reading.is_some_and(|reading| reading.may_be_taken_up(holder, now)) => Due::TakeUp,
            None => Due::Nothing,
        }
    }

    fn why(&self, query: &QueryOptions, definition: &str, now: Timestamp) -> Option<Why> {
        if let Some(by) = &self.asked {
            return Some(Why::Asked { by: by.clone() });
        }
        if query.run_on_change && self.definition.as_deref() != Some(definition) {
            return Some(Why::Changed);
        }
        let latest = query.schedule.as_ref()?.latest(now)?.at;
        (latest > self.since).then_some(Why::Scheduled { at: latest })
    }

    /// Claims a read. Occurrences of the schedule up to now are made up for by it.
    pub fn claim(&mut self, why: Why, definition: Definition<'_>, claim: Claim<'_>) {
        // One that failed again and again gives way.
        if let Phase::Reading(Reading { trouble: Some(trouble), .. }) = &self.phase {
            self.end_failed(trouble.clone(), 0);
        }
        self.since = self.since.max(claim.now);
        self.asked = None;
        self.follow(definition, claim.now);
        self.phase = claim.reading(why, 1);
    }

    /// Takes up the read in hand, for a process that goes on with it, under the query as it is now.
    pub fn take_up(&mut self, definition: Definition<'_>, claim: Claim<'_>) {
        let Phase::Reading(reading) = &mut self.phase else { return };
        claim.holder.clone_into(&mut reading.holder);
        reading.until = claim.until;
        // A process that told that it failed has left nothing behind.
        if reading.trouble.take().is_none() {
            reading.attempt = reading.attempt.saturating_add(1);
        }
        self.follow(definition, claim.now);
    }

    /// Reads a query as it is now. A position in another column says nothing about this one.
    fn follow(&mut self, definition: Definition<'_>, now: Timestamp) {
        self.definition = Some(definition.hash.to_owned());
        if self.position.last.is_some() && self.position.column.as_deref() != definition.column {
            let before = std::mem::take(&mut self.position);
            self.remember(Ended::moved(now, before.last, None, None));
        }
    }

    /// The read in hand fails. One that may pass by itself is tried again, later and later, until the next occurrence.
    pub fn fail(&mut self, trouble: ReadTrouble, passes: bool, now: Timestamp, millis: u64) {
        let Phase::Reading(reading) = &mut self.phase else { return };
        if passes {
            reading.tries = reading.tries.saturating_add(1);
            let wait = (15_i64 << reading.tries.min(10)).min(MOST_WAIT);
            reading.until = now.checked_add(jiff::SignedDuration::from_secs(wait)).unwrap_or(now);
            reading.trouble = Some(trouble);
            return;
        }
        self.end_failed(trouble, millis);
    }

    fn end_failed(&mut self, trouble: ReadTrouble, millis: u64) {
        let Phase::Reading(reading) = &self.phase else { return };
        let (before, after) = (self.position.last.clone(), self.position.last.clone());
        let end = Ended { millis, before, after, end: ReadEnd::Failed(trouble), ..Ended::of(reading) };
        self.phase = Phase::Idle;
        self.remember(end);
    }

    /// The read in hand had nothing new.
    pub fn finish_empty(&mut self, answer: Answered) {
        let Phase::Reading(reading) = &self.phase else { return };
        let end = Ended {
            millis: answer.millis,
            rows: 0,
            left_out: answer.left_out,
            before: self.position.last.clone(),
            after: self.position.last.clone(),
            end: ReadEnd::Nothing,
            ..Ended::of(reading)
        };
        self.position.seen = answer.position.seen;
        self.columns = answer.columns;
        self.phase = Phase::Idle;
        self.remember(end);
    }

    /// The file of the read in hand is registered: in the same step `{lastItem}` moves.
    pub fn register(&mut self, answer: Answered) {
        let Phase::Reading(reading) = &self.phase else { return };
        let end = Ended {
            millis: answer.millis,
            rows: answer.rows,
            left_out: answer.left_out,
            before: self.position.last.clone(),
            after: answer.position.last.clone(),
            end: ReadEnd::File,
            ..Ended::of(reading)
        };
        let back = std::mem::replace(&mut self.position, answer.position);
        let Reading { run, why, part, .. } = reading.clone();
        self.phase = Phase::Landing(Landing { run, why, part, back, goes_on: answer.goes_on });
        self.columns = answer.columns;
        self.remember(end);
    }

    /// The file in hand has its outcome. If it is refused as a whole, `{lastItem}` goes back. If it is imported and the
    /// query goes on until there is nothing new, the next part is claimed. There is none of a query that was changed since.
    pub fn settle(&mut self, is_refused: bool, definition: &str, next: Claim<'_>) {
        let Phase::Landing(landing) = &mut self.phase else { return };
        let (run, why, part, goes_on) = (landing.run, landing.why.clone(), landing.part, landing.goes_on);
        if is_refused {
            self.position = std::mem::take(&mut landing.back);
            self.phase = Phase::Idle;
            if let Some(ended) = self.ended.iter_mut().rev().find(|ended| ended.run == Some(run)) {
                ended.end = ReadEnd::WentBack;
                ended.after.clone_from(&ended.before);
            }
            return;
        }
        let goes_on = goes_on && self.definition.as_deref() == Some(definition);
        self.phase = if goes_on { next.reading(why, part.saturating_add(1)) } else { Phase::Idle };
    }

    /// A person moves `{lastItem}`; None: to the start that the configuration names. False if rows are read, or are in a
    /// file without an outcome, which stands against it. A read that waits for its next try begins at the new place.
    pub fn move_to(&mut self, last: Option<LastItem>, column: Option<&str>, by: &str, at: Timestamp) -> bool {
        let is_free = match &self.phase {
            Phase::Idle => true,
            Phase::Reading(reading) => reading.trouble.is_some(),
            Phase::Landing(_) => false,
        };
        if !is_free {
            return false;
        }
        let column = last.as_ref().and(column).map(ToOwned::to_owned);
        let before =
            std::mem::replace(&mut self.position, Position { column, last, seen: SeenRows::default() });
        self.remember(Ended::moved(at, before.last, self.position.last.clone(), Some(by.to_owned())));
        true
    }

    fn remember(&mut self, ended: Ended) {
        self.ended.push(ended);
        let surplus = self.ended.len().saturating_sub(REMEMBERED);
        self.ended.drain(..surplus);
    }
}

/// What a read found.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The rows of its file.
    pub rows: u64,
    /// The rows that were left out: imported before, or without a value in the column of the last item.
    pub left_out: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// True if the next part is to be read once the file is imported.
    pub goes_on: bool,
    /// Where the next read begins.
    pub position: Position,
    /// The columns of the answer.
    pub columns: Vec<AnswerColumn>,
}
