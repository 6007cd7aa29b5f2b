//! Rows with more values than a page has room for.
//!
//! PostgreSQL keeps a row on one page of 8 KiB. It moves long values elsewhere, and leaves 18 bytes of each; short ones stay as
//! they are. So a row of a few hundred values may not fit, whatever is moved. The values that have no room are kept beside the
//! columns, in `_exact`, which is one long value. Those of the last columns go first.

use std::borrow::Cow;

use crate::kind::Kind;
use crate::stored::{Exact, Key, Stored};

/// How many bytes values may take. A page has 8,160; the header of a row, the marks of its columns without a value, and the
/// columns of our own take less than the rest.
const ROOM: usize = 7_700;
/// The most bytes of a value that stay in a row.
const MOST_BYTES: usize = 24;

impl Stored {
    /// True if a row may have more values than a page has room for.
    pub(crate) fn may_be_wide(&self) -> bool {
        (self.columns.len() + 1) * MOST_BYTES > ROOM
    }
}

/// The texts of a row that may be too wide, by the places of their columns.
pub(crate) struct WideRow<'a> {
    pub(crate) texts: Vec<(usize, &'a str)>,
}

impl<'a> WideRow<'a> {
    /// None if each row of the table fits.
    pub(crate) fn of(table: &Stored) -> Option<Self> {
        table.may_be_wide().then(|| Self { texts: Vec::new() })
    }

    /// Moves values beside the columns until the others fit. A key stays, and so does what records are matched by.
    pub(crate) fn spill(
        mut self,
        table: &Stored,
        values: &mut [Option<Cow<'a, str>>],
        exact: &mut Exact<'a>,
    ) {
        let own = usize::from(table.key == Key::Own);
        let kind = |at: usize| {
            at.checked_sub(own).and_then(|at| table.columns.get(at)).map_or(Kind::Text, |one| one.kind)
        };
        let bytes = |at: usize, value: &str| row_bytes(kind(at), value);
        let mut sum: usize =
            values.iter().enumerate().filter_map(|(at, value)| Some(bytes(at, value.as_deref()?))).sum();
        self.texts.sort_unstable_by_key(|(at, _)| std::cmp::Reverse(*at));
        for (at, text) in self.texts {
            if sum <= ROOM {
                break;
            }
            let Some(column) = table.columns.get(at) else { continue };
            let is_key = matches!(&table.key, Key::Columns(places) if places.contains(&at));
            if is_key || column.is_matched {
                continue;
            }
            if let Some(value) = values.get_mut(at + own).and_then(Option::take) {
                sum -= bytes(at + own, &value);
                exact.insert(column.field.clone().into(), Some(text.into()));
            }
        }
    }
}

/// The most bytes that a value takes in a row, wherever its text is.
fn row_bytes(kind: Kind, printed: &str) -> usize {
    match kind {
        // One of more than 20 bytes can be moved.
        Kind::Text => (printed.len() + 1).min(21),
        // Two bytes for four digits, and what is before them.
        Kind::Integer | Kind::Number => (printed.len() / 2 + 9).min(MOST_BYTES),
        Kind::Boolean => 1,
        // With the bytes before them, which bring them to their place.
        Kind::Date | Kind::Year => 7,
        Kind::Moment | Kind::Time => 15,
    }
}
