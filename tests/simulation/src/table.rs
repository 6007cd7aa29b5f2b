//! A table of a partner's database: rows come, change and go while it is read. A read sees what was committed when it began.

use std::collections::BTreeMap;

use jiff::Timestamp;
use tidewaiter_engine::ports::{Fault, LastItem};
use tidewaiter_tests::generate::Chance;

/// The columns of each answer, in their order.
pub const COLUMNS: [&str; 5] = ["card_code", "points", "id", "rev", "at"];
/// As many rows a table has at most, so that histories stay short.
const MOST_ROWS: u64 = 30;
/// As many rows have the same time at most: fewer than a page has.
const MOST_TIES: usize = 4;
/// Times are rounded to so many seconds, so that rows have the same.
const ROUNDED: i64 = 60;

/// One row, in one of its revisions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What it is known by. It is given when a transaction begins.
    pub id: u64,
    /// Counts up with each change.
    pub rev: u64,
    /// When it was changed, in seconds since 1970, by the clock of its transaction. None is NULL.
    pub at: Option<i64>,
    /// True if no number is where its points are: the check rejects its line.
    pub is_bad: bool,
}

impl Row {
    /// Its values, as an answer has them.
    pub fn values(&self) -> [Option<String>; 5] {
        let code = if self.id.is_multiple_of(2) { "2990000000019" } else { "2990000000026" };
        let points = if self.is_bad { "x".to_owned() } else { (1 + self.id % 7).to_string() };
        let at = self.at.map(moment);
        [Some(code.to_owned()), Some(points), Some(self.id.to_string()), Some(self.rev.to_string()), at]
    }
}

fn moment(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// How a query asks. It is read from the SQL, as a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Which column it goes on in. None: it asks for all rows.
    pub by: Option<By>,
    /// True if it asks for rows with the last item, too.
    pub from: bool,
    /// True if it asks for rows without a value, too.
    pub with_null: bool,
    /// True if its import leaves rows without a value out. A server knows nothing of that: such a query has another name for
    /// the table.
    pub skips_null: bool,
    /// How many rows it takes at most.
    pub limit: Option<usize>,
}

/// A column in which a query goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The number of a row: unique, and never changed.
    Id,
    /// When it was changed last.
    At,
}

impl By {
    /// The value of a row.
    pub fn of(self, row: &Row) -> Option<i64> {
        match self {
            Self::Id => i64::try_from(row.id).ok(),
            Self::At => row.at,
        }
    }

    /// The value of a last item.
    pub fn read(self, last: &LastItem) -> Option<i64> {
        match self {
            Self::Id => last.text.parse().ok(),
            Self::At => last.text.parse::<Timestamp>().ok().map(Timestamp::as_second),
        }
    }

    /// A value as a last item has it.
    pub fn text(self, value: i64) -> String {
        match self {
            Self::Id => value.to_string(),
            Self::At => moment(value),
        }
    }
}

impl Asked {
    /// What some SQL asks for.
    pub fn read(sql: &str) -> Self {
        let by = [("ORDER BY id", By::Id), ("ORDER BY at", By::At)];
        let limit = sql.rsplit_once("LIMIT ").and_then(|(_, number)| number.trim().parse().ok());
        Self {
            by: by.into_iter().find(|(order, _)| sql.contains(order)).map(|(_, by)| by),
            from: sql.contains(">= {lastItem}"),
            with_null: sql.contains("at IS NULL"),
            skips_null: sql.contains(" AS dated"),
            limit,
        }
    }

    /// True if a row lies behind a value.
    pub fn is_behind(&self, by: By, row: &Row, begin: i64) -> bool {
        by.of(row).map_or(self.with_null, |value| value > begin || (self.from && value == begin))
    }
}

/// A table.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// What is committed.
    pub rows: BTreeMap<u64, Row>,
    /// What transactions have written that are not committed yet.
    open: Vec<Row>,
    /// When each revision was committed, as a step of the history.
    pub commits: BTreeMap<(u64, u64), u64>,
    /// Why it cannot be asked now.
    pub broken: Option<Fault>,
    next: u64,
}

impl Table {
    /// The rows of an answer, in order; those with the same value in any order.
    pub fn answer(&self, asked: Asked, begin: Option<i64>, chance: &mut Chance) -> Vec<Row> {
        let begin = begin.unwrap_or(i64::MIN);
        let is_in = |row: &&Row| asked.by.is_none_or(|by| asked.is_behind(by, row, begin));
        let mut found: Vec<(Option<i64>, u64, Row)> = self
            .rows
            .values()
            .filter(is_in)
            .map(|row| (asked.by.and_then(|by| by.of(row)), chance.any(), row.clone()))
            .collect();
        // NULL comes last.
        found.sort_by_key(|(value, any, _)| (value.is_none(), *value, *any));
        found.into_iter().take(asked.limit.unwrap_or(usize::MAX)).map(|(_, _, row)| row).collect()
    }

    /// Something happens to it, at a time in seconds: what, in words.
    pub fn change(&mut self, chance: &mut Chance, step: u64, now: i64) -> String {
        match chance.below(12) {
            0..4 => {
                let count = 1 + chance.below(3);
                (0..count).for_each(|_| self.insert(chance, now));
                self.commit_all(step);
                "rows are inserted".to_owned()
            }
            4..6 => {
                self.insert(chance, now);
                "a transaction inserts a row".to_owned()
            }
            6..8 if !self.open.is_empty() => {
                let at = usize::try_from(chance.below(self.open.len() as u64)).unwrap_or(0);
                let row = self.open.swap_remove(at);
                let told = format!("a transaction commits row {} {}", row.id, row.rev);
                self.commit(row, step);
                told
            }
            8..11 => {
                let at = usize::try_from(chance.below(self.rows.len().max(1) as u64)).unwrap_or(0);
                let Some(row) = self.rows.values().nth(at).cloned() else { return "nothing".to_owned() };
                if self.open.iter().any(|open| open.id == row.id) {
                    return format!("row {} is locked", row.id);
                }
                if chance.below(5) == 0 {
                    self.rows.remove(&row.id);
                    return format!("row {} is deleted", row.id);
                }
                let row = self.revised(chance, row, now);
                let told = format!("row {} is changed", row.id);
                // Its transaction may be committed later.
                if chance.below(3) == 0 {
                    self.open.push(row);
                } else {
                    self.commit(row, step);
                }
                told
            }
            11 => {
                self.broken = match (self.broken, chance.below(3)) {
                    (None, 0) => Some(Fault::Operator),
                    (None, 1) => Some(Fault::Passing),
                    _ => None,
                };
                format!("the database is {:?}", self.broken)
            }
            _ => "nothing".to_owned(),
        }
    }

    /// Every transaction is committed, and what is wrong in a row is put right.
    pub fn come_to_rest(&mut self, chance: &mut Chance, step: u64, now: i64) {
        self.broken = None;
        self.commit_all(step);
        let bad: Vec<Row> = self.rows.values().filter(|row| row.is_bad).cloned().collect();
        for row in bad {
            let row = Row { is_bad: false, ..self.revised(chance, row, now) };
            self.commit(row, step);
        }
    }

    fn insert(&mut self, chance: &mut Chance, now: i64) {
        if self.next >= MOST_ROWS {
            return;
        }
        self.next += 1;
        let at = (chance.below(12) > 0).then(|| self.time(now));
        let row = Row { id: self.next, rev: 1, at, is_bad: chance.below(10) == 0 };
        self.open.push(row);
    }

    #[expect(clippy::needless_pass_by_value, reason = "the row is another one from then on")]
    fn revised(&self, chance: &mut Chance, row: Row, now: i64) -> Row {
        Row { rev: row.rev + 1, at: Some(self.time(now)), is_bad: chance.below(12) == 0, ..row }
    }

    /// The time of a change: rounded, and not that of too many others.
    fn time(&self, now: i64) -> i64 {
        let mut time = now - now.rem_euclid(ROUNDED);
        let ties = |time| {
            self.rows.values().chain(&self.open).filter(|row| row.at == Some(time)).count() >= MOST_TIES
        };
        while ties(time) {
            time += 1;
        }
        time
    }

    fn commit_all(&mut self, step: u64) {
        for row in std::mem::take(&mut self.open) {
            self.commit(row, step);
        }
    }

    fn commit(&mut self, row: Row, step: u64) {
        self.commits.insert((row.id, row.rev), step);
        self.rows.insert(row.id, row);
    }
}
