//! Reads a file in a dialect: `opening` finds the header, and `records` reads what follows it. `open_record` holds lines whose
//! quote is open, and `asides` the lines that are no records.

mod asides;
mod line;
mod open_record;
mod opening;
mod records;

pub(crate) use opening::{Good, Opening, Verdict};
pub(crate) use records::Records;
