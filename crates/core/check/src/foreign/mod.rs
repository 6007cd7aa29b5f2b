//! Reads a file in a dialect: `opening` finds the header, and `records` reads what follows it.

mod opening;
mod records;

pub(crate) use opening::{Good, Opening, Verdict};
pub(crate) use records::Records;
