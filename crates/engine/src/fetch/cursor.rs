//! Follows the column of the last item through an answer, and leaves out what was imported before.
//!
//! It holds the query to what it promises: rows come in the order of the column, none before `{lastItem}`, and no value
//! comes twice where the configuration says that values are unique. What breaks the promise fails the read, since it would
//! lead to rows that are skipped or imported twice.

mod unfit;

use std::cmp::Ordering;
use std::collections::VecDeque;

use tidewaiter::config::{LastItemOptions, Missing};
use tidewaiter::item::LastItem;
use tidewaiter::name::did_you_mean;
use tidewaiter::run::{MOST_SEEN, RowHash, SeenRows};

use crate::ports::{Fault, Form, Position, SourceColumn, SourceError};
use unfit::{UNORDERED, unfit, values};

/// Follows the column of the last item.
#[derive(Debug)]
pub struct Cursor<'a> {
    options: &'a LastItemOptions,
    /// Which column it is.
    at: usize,
    /// Its type, as the server calls it.
    kind: String,
    /// What the query was asked to begin behind, as it was asked.
    asked: LastItem,
    form: Form,
    /// What the query was asked to begin behind, if it can be compared with the values.
    begin: Option<String>,
    /// The greatest value so far.
    last: Option<String>,
    /// The position before the read.
    before: Position,
    /// The last item of that position, as values of the column are written.
    before_last: Option<String>,
    /// Rows that were imported before, and have not come again yet.
    seen: SeenRows,
    /// Rows that may come again: those of the last value, or those that the lag reaches.
    window: VecDeque<(String, RowHash)>,
    rows: u64,
    /// The rows with a value that were not imported before.
    new: u64,
    left_out: u64,
}

impl<'a> Cursor<'a> {
    /// What a query is asked with: the last item, or the start that the configuration names, minus the lag.
    ///
    /// # Errors
    /// The lag does not fit the type of the column.
    pub fn begin(options: &LastItemOptions, position: &Position) -> Result<LastItem, SourceError> {
        let Some(last) = &position.last else { return Ok(options.start.clone()) };
        let Some(lag) = options.lag else { return Ok(last.clone()) };
        lag.before(last).ok_or_else(|| unfit(&options.column, None))
    }

    /// Begins to follow an answer with these columns, that was asked for from `begin` on.
    ///
    /// # Errors
    /// The answer does not have the column, or it is of another type than before.
    pub fn new(
        options: &'a LastItemOptions,
        position: Position,
        begin: &LastItem,
        columns: &[SourceColumn],
    ) -> Result<Self, SourceError> {
        let name = &options.column;
        let Some(at) = columns.iter().position(|column| column.name == *name) else {
            let hint = did_you_mean(name, columns.iter().map(|column| column.name.as_str()));
            let error = SourceError::new(
                Fault::Query,
                format!("the answer has no column `{name}`, in which the last item is"),
            );
            return Err(error.with_hint(
                hint.unwrap_or_else(|| "select it, or name another column in `last_item`".to_owned()),
            ));
        };
        let found = columns.get(at);
        let (form, kind) = found.map_or((Form::Text, ""), |column| (column.form, column.kind.as_str()));
        if UNORDERED.contains(&kind) {
            let message = format!(
                "column `{name}` of the last item is of the type {kind}, which is sorted in one order and compared in another"
            );
            return Err(SourceError::new(Fault::Query, message).with_hint(
                "take another column, or select it as a text and order by that: CAST(… AS CHAR)",
            ));
        }
        let before_last = match &position.last {
            None => None,
            Some(last) => Some(last.written_as(form).ok_or_else(|| {
                let message = format!(
                    "column `{name}` of the last item has another type than before: it held {}, and now it holds {}",
                    values(last.form),
                    values(form)
                );
                SourceError::new(Fault::Query, message).with_hint(
                    "set where the next read begins: `tidewaiter query set`, or `tidewaiter query reset`",
                )
            })?),
        };
        if options.lag.is_some_and(|lag| !lag.fits(form)) {
            return Err(unfit(name, Some(kind)));
        }
        let (asked, kind) = (begin.clone(), kind.to_owned());
        let begin = begin.written_as(form);
        let (seen, before) = (position.seen.clone(), position);
        Ok(Self {
            options,
            at,
            kind,
            asked,
            form,
            begin,
            last: None,
            before,
            before_last,
            seen,
            window: VecDeque::new(),
            rows: 0,
            new: 0,
            left_out: 0,
        })
    }

    /// Looks at a row. False if it is left out.
    ///
    /// # Errors
    /// The row breaks what the query promises.
    pub fn take<'r>(
        &mut self,
        row: impl Iterator<Item = Option<&'r [u8]>> + Clone,
    ) -> Result<bool, SourceError> {
        self.rows += 1;
        let Some(value) = row.clone().nth(self.at).flatten() else { return self.without_value() };
        let value = std::str::from_utf8(value).map_err(|_| self.unordered())?;
        self.check_blank(value)?;
        self.check_order(value)?;
        let is_tie = self.last.as_ref().is_some_and(|last| self.is_same(last, value));
        if !is_tie {
            self.last = Some(value.to_owned());
        }
        if self.options.unique && self.options.lag.is_none() {
            self.new += 1;
            return Ok(true);
        }
        if !is_tie && self.options.lag.is_none() {
            self.window.clear();
        }
        let hash = SeenRows::hash(row);
        self.window.push_back((value.to_owned(), hash));
        // One more than may come again tells that there are too many, if the answer ends here.
        if self.window.len() > MOST_SEEN + 1 {
            self.window.pop_front();
        }
        let is_seen = self.seen.take(&hash);
        self.left_out += u64::from(is_seen);
        self.new += u64::from(!is_seen);
        Ok(!is_seen)
    }

    /// True if two values have the same place in the order of the column. Of texts, the server knows: they are taken for the
    /// same if they differ in case or in blanks at the end. A row that is kept for nothing does no harm.
    fn is_same(&self, one: &str, other: &str) -> bool {
        match self.form.compare(one, other) {
            Ok(Some(order)) => order == Ordering::Equal,
            _ => one == other || one.trim_end().to_lowercase() == other.trim_end().to_lowercase(),
        }
    }

    /// True if the last value of the answer is behind the last item of the read before.
    fn has_moved(&self, last: &str) -> bool {
        self.before_last.as_ref().is_none_or(|before| match self.form.compare(last, before) {
            Ok(Some(order)) => order == Ordering::Greater,
            _ => !self.is_same(last, before),
        })
    }

    /// How many rows were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Where the next read begins: never before the last item of the read before, since what is between would come twice.
    ///
    /// # Errors
    /// Too many rows come again; or an answer that the SQL limits has nothing new, and so would the next one.
    pub fn end(mut self, limit: Option<u64>) -> Result<(Position, u64), SourceError> {
        let is_limited = limit.is_some_and(|limit| self.rows > 0 && self.rows >= limit);
        let has_moved = self.last.as_ref().is_some_and(|last| self.has_moved(last));
        if is_limited && self.new == 0 {
            let message = format!(
                "all {} rows of the answer were imported before, and there may be more behind them",
                self.rows
            );
            let (column, within) =
                (&self.options.column, self.options.lag.map_or("", |_| ", or lie within the lag"));
            let hint = format!(
                "let LIMIT be greater than the number of rows that have the same `{column}`, or none{within}"
            );
            return Err(SourceError::new(Fault::Query, message).with_hint(hint));
        }
        self.cut_window();
        let window = self.window.iter().map(|(_, hash)| *hash);
        let Some(last) = self.last.as_ref().filter(|_| has_moved) else {
            // What did not come may come with the next read, for which the boundary is the same.
            let seen: Vec<RowHash> = window.chain(self.seen.rows().iter().copied()).collect();
            Self::check_count(seen.len())?;
            return Ok((Position { seen: SeenRows::new(seen), ..self.before }, self.left_out));
        };
        Self::check_count(self.window.len())?;
        let last = Some(LastItem { text: last.clone(), form: self.form });
        let column = Some(self.options.column.clone());
        Ok((Position { column, last, seen: SeenRows::new(window.collect()) }, self.left_out))
    }

    fn without_value(&mut self) -> Result<bool, SourceError> {
        match self.options.missing {
            Missing::Import => Ok(true),
            Missing::Skip => {
                self.left_out += 1;
                Ok(false)
            }
            Missing::Refuse => {
                let message =
                    format!("a row has no value in column `{}` of the last item", self.options.column);
                Err(SourceError::new(Fault::Query, message).with_hint(
                    "leave such rows out by the SQL, or say in `last_item` what becomes of them: \"missing\": \"skip\" or \"import\"",
                ))
            }
        }
    }

    fn check_order(&self, value: &str) -> Result<(), SourceError> {
        let column = &self.options.column;
        let fails =
            |message: String, hint: String| Err(SourceError::new(Fault::Query, message).with_hint(hint));
        if let Some(last) = &self.last {
            match self.form.compare(value, last).map_err(|_| self.unordered())? {
                Some(Ordering::Less) => {
                    let message = format!("the rows do not come in the order of `{column}`");
                    return fails(message, format!("write ORDER BY {column}"));
                }
                order if self.options.unique && (order == Some(Ordering::Equal) || value == last) => {
                    let message = format!(
                        "several rows have the same `{column}`, and `last_item` says that it is unique"
                    );
                    let hint =
                        "say \"unique\": false in `last_item`, and compare with >= {lastItem}".to_owned();
                    return fails(message, hint);
                }
                _ => {}
            }
        } else if let Some(begin) = &self.begin {
            let order = self.form.compare(value, begin).map_err(|_| self.unordered())?;
            let comes_again = !self.options.unique || self.options.lag.is_some();
            let is_equal = order == Some(Ordering::Equal) || value == begin;
            let is_before = order == Some(Ordering::Less) || (is_equal && !comes_again);
            if is_before {
                let message = format!("the answer has a row from before {{lastItem}} in `{column}`");
                return fails(message, format!("the SQL has to leave it out: WHERE {column} > {{lastItem}}"));
            }
        }
        Ok(())
    }

    /// Removes what does not come again from the window.
    fn cut_window(&mut self) {
        let (Some(lag), Some(last)) = (self.options.lag, &self.last) else { return };
        let from = lag.before(&LastItem { text: last.clone(), form: self.form });
        let comes_again = |value: &str| {
            from.as_ref().is_none_or(|from| {
                self.form.compare(value, &from.text).is_ok_and(|order| order != Some(Ordering::Less))
            })
        };
        let cut = self.window.iter().take_while(|(value, _)| !comes_again(value)).count();
        self.window.drain(..cut);
    }

    fn check_count(rows: usize) -> Result<(), SourceError> {
        if rows <= MOST_SEEN {
            return Ok(());
        }
        let message = format!("more than {MOST_SEEN} rows would come again with the next read");
        Err(SourceError::new(Fault::Query, message)
            .with_hint("use a shorter lag, or a column whose values are not shared by so many rows"))
    }
}
