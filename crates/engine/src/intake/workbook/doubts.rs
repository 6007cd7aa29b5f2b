//! What a workbook holds that a text file cannot show.

use std::collections::BTreeMap;

use tidewaiter_sheet::{CellName, Doubt};

/// How many cells a note names.
const NAMED: usize = 3;

/// Cells that deserve a word, by what is doubtful about them.
#[derive(Debug, Default)]
pub(super) struct Doubts(BTreeMap<&'static str, (u64, Vec<CellName>)>);

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
        };
        let (count, cells) = self.0.entry(what).or_default();
        *count += 1;
        if cells.len() < NAMED {
            cells.push(cell);
        }
    }

    /// A sentence for each kind.
    pub(super) fn notes(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(what, (count, cells))| {
            let named: Vec<String> = cells.iter().map(CellName::to_string).collect();
            let more = *count - cells.len() as u64;
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let holds = if *count == 1 { "cell" } else { "cells" };
            format!("{holds} {}{more}: {what}", named.join(", "))
        })
    }
}
