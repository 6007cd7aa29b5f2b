//! Texts that are imported although they may not be what was meant.
//!
//! A column of free text takes anything. A blank at an end, `NULL`, or what a spreadsheet made of an identifier is a value
//! for it, and becomes part of a record. The report of the import counts such values, so that the partner learns of them.
//! In keys, in references and in required columns they are findings, see [`Checker`](crate::Checker).

use std::collections::BTreeMap;

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::Scope;

use super::hint::{self, Suspicion};
use super::{Header, Line};

/// How many kinds are told one by one.
const TOLD: usize = 10;

/// What is counted of the texts of a file.
#[derive(Debug, Default)]
pub struct TextRemarks {
    /// The columns of free text that the file has: each with its place in the file and its name.
    columns: Vec<(usize, usize, String)>,
    header: String,
    found: BTreeMap<(usize, Suspicion), Count>,
    headers: Count,
}

#[derive(Debug, Default, Clone, Copy)]
struct Count {
    count: u64,
    first_line: u64,
}

impl Count {
    fn add(&mut self, line: u64) {
        if self.count == 0 {
            self.first_line = line;
        }
        self.count += 1;
    }
}

impl TextRemarks {
    /// Begins with the header of a file: `raw`, as it stands there.
    pub fn header(&mut self, raw: &[u8], header: &Header, scope: &Scope) {
        // Where a form is asked for, the column itself decides.
        let free = scope.columns().iter().enumerate().filter_map(|(n, column)| {
            let is_free = column.field_type() == FieldType::String && column.check("\u{1}").is_ok();
            Some((n, header.file_column(n).filter(|_| is_free)?, column.name().to_owned()))
        });
        self.columns = free.collect();
        self.header = String::from_utf8_lossy(super::without_break(raw)).into_owned();
    }

    /// Looks at an accepted line.
    pub fn look(&mut self, line: &Line<'_>) {
        for (n, (column, place, _)) in self.columns.iter().enumerate() {
            // The value as it stands in the file, first: to find what it means takes longer.
            if line.field(*place).is_none_or(|value| hint::is_usual(&value)) {
                continue;
            }
            if let Some(suspicion) = line.value(*column).and_then(|value| hint::remarkable(&value)) {
                self.found.entry((n, suspicion)).or_default().add(line.number());
            }
        }
        if line.text() == self.header {
            self.headers.add(line.number());
        }
    }

    /// What there is to say, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let name = |n: usize| self.columns.get(n).map_or("", |(_, _, name)| name.as_str());
        let of_values = |(&(n, suspicion), count): (&(usize, Suspicion), &Count)| {
            let values = if count.count == 1 { "value" } else { "values" };
            let (count, line) = (count.count, count.first_line);
            format!("{}: {count} {values} {} (first in line {line})", name(n), suspicion.of_values())
        };
        let mut notes: Vec<String> = self.found.iter().take(TOLD).map(of_values).collect();
        if self.found.len() > TOLD {
            notes.push(format!("{} more kinds of remarkable values", self.found.len() - TOLD));
        }
        if self.headers.count > 0 {
            let (count, line) = (self.headers.count, self.headers.first_line);
            notes.push(format!(
                "the header is repeated {count} times among the records (first in line {line})"
            ));
        }
        notes
    }
}
