//! Parquet: typed columns. A column whose type does not hold each of its values exactly is text.
//!
//! Which type that is, is known when all values were seen. So the rows are read twice: [`Guesses`] takes them first, then
//! [`Parquet`].

mod buffer;
mod kind;
mod table;

use std::io::{self, Write};
use std::ops::ControlFlow;

use tidewaiter_engine::ports::{Cell, Origin, Rows};

use self::kind::Guess;
pub(crate) use self::kind::Kind;
pub(crate) use self::table::Table;
use super::Layout;

/// Finds the types of columns.
#[derive(Debug)]
pub(super) struct Guesses {
    columns: Vec<Guess>,
    at: usize,
}

impl Guesses {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { columns: layout.columns.iter().map(|column| Guess::of(column.kind)).collect(), at: 0 }
    }
}

impl Rows for Guesses {
    fn begin(&mut self, _origin: &Origin<'_>) {
        self.at = 0;
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if let Some(guess) = self.columns.get_mut(self.at) {
            guess.see(cell);
        }
        self.at += 1;
    }

    fn end(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Writes rows as Parquet.
pub(super) struct Parquet<W: Write + Send> {
    table: Table<W>,
    layout: Layout,
    failure: Option<io::Error>,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(to: W, layout: Layout, guesses: &Guesses) -> io::Result<Self> {
        let mut kinds = Vec::new();
        if layout.universe.is_some() {
            kinds.push(Kind::Text);
        }
        if layout.origin.is_some() {
            kinds.extend([Kind::Text, Kind::Text, Kind::Integer]);
        }
        kinds.extend(guesses.columns.iter().map(Guess::kind));
        let table = Table::new(to, "record", layout.names().into_iter().zip(kinds))?;
        Ok(Self { table, layout, failure: None })
    }

    pub(super) fn finish(self) -> io::Result<W> {
        self.failure.map_or_else(|| self.table.finish(), Err)
    }
}

impl<W: Write + Send + 'static> Rows for Parquet<W> {
    fn begin(&mut self, origin: &Origin<'_>) {
        let leading = self.layout.leading(origin);
        leading.for_each(|cell| self.cell(cell));
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if !self.table.push(cell) {
            let why = "the records changed while they were being read; try again";
            self.failure.get_or_insert_with(|| io::Error::other(why));
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        if self.failure.is_none()
            && let Err(error) = self.table.end_row()
        {
            self.failure = Some(error);
        }
        if self.failure.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
