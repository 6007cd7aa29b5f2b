//! Lines judged apart from their checker: on other threads, in any order, and told in the order of the file.
//!
//! Whether a line is accepted depends on nothing before it, so whole lines can be judged wherever there is a
//! processor. What follows from it does depend on what came before (line numbers, which findings are kept, what an
//! open quote meant), and is left to the checker, which takes the verdicts in order. So the summary is the same,
//! byte by byte, however a file is cut.

use std::sync::Arc;

use super::judge::Scratch;
use super::rules::{Fault, Rules};
use super::segments::Segments;

/// How many rejected lines a judge remembers. What is behind them is left to the checker.
const REMEMBERED: usize = 16 << 10;

/// Judges lines of a file whose header is known.
#[derive(Debug)]
pub struct Judge {
    rules: Arc<Rules>,
    longest: usize,
    scratch: Scratch,
}

/// What a [`Judge`] says of some lines.
#[derive(Debug, Default)]
pub struct Judged {
    /// How many bytes it is about.
    pub(crate) bytes: usize,
    /// How many lines these are.
    pub(crate) lines: u64,
    pub(crate) rejected: Vec<Rejected>,
}

/// A line that is rejected: how many lines are before it, where it begins and ends, and why.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) before: u64,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) fault: Fault,
}

impl Judge {
    pub(crate) fn new(rules: Arc<Rules>, longest: usize, scratch: Scratch) -> Self {
        Self { rules, longest, scratch }
    }

    /// Judges the whole lines that these bytes begin with. The first of them begins a line.
    pub fn judge(&mut self, bytes: &[u8]) -> Judged {
        let mut judged = Judged::default();
        for lines in Segments::new(bytes, self.longest) {
            let Judged { bytes, lines: count, rejected } = &mut judged;
            if rejected.len() >= REMEMBERED {
                break;
            }
            self.rules.judge(lines, self.longest, &mut self.scratch, |raw, verdict| {
                let (start, end) = (*bytes, *bytes + raw.len());
                if let Err(fault) = verdict {
                    rejected.push(Rejected { before: *count, start, end, fault });
                }
                *count += 1;
                *bytes = end;
            });
        }
        judged
    }
}
