//! What a workbook holds that a text file cannot show.

use std::collections::BTreeMap;

use tidewaiter_sheet::{CellName, Doubt};

/// How many cells a note names.
const NAMED: usize = 3;

/// Cells that deserve a word, by what is doubtful about them.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    cells: BTreeMap<&'static str, (u64, Vec<CellName>)>,
    /// Whether a value holds a line break, so that lines are not rows.
    has_breaks: bool,
}

impl Doubts {
    pub(super) fn add(&mut self, cell: CellName, doubt: Doubt) {
        let what = match doubt {
            Doubt::NotComputed => {
                "a formula without a stored result, which is read as empty: save the workbook in Excel"
            }
            Doubt::DigitsLost => {
                "a number of more than 15 digits, of which Excel does not keep the rest: format the column as text"
            }
            Doubt::Error => "an error instead of a value",
            Doubt::LineBreak => {
                self.has_breaks = true;
                return;
            }
        };
        let (count, cells) = self.cells.entry(what).or_default();
        *count += 1;
        if cells.len() < NAMED {
            cells.push(cell);
        }
    }

    /// What there is to say of a sheet: how its lines are rows, and a sentence for each kind.
    pub(super) fn notes(&self, sheet: &str) -> Vec<String> {
        let breaks = if self.has_breaks {
            "; below a cell with a line break, line numbers are larger than rows"
        } else {
            ""
        };
        let rows = format!("sheet {sheet:?}: line numbers are rows, field 1 is column A{breaks}");
        let doubts = self.cells.iter().map(|(what, (count, cells))| {
            let named: Vec<String> = cells.iter().map(CellName::to_string).collect();
            let more = *count - cells.len() as u64;
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let holds = if *count == 1 { "cell" } else { "cells" };
            format!("{holds} {}{more}: {what}", named.join(", "))
        });
        std::iter::once(rows).chain(doubts).collect()
    }
}
