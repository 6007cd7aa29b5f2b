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
    /// The columns of free text that the file has, with their names.
    columns: Vec<(usize, String)>,
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
        let free = scope.columns().iter().enumerate().filter(|(n, column)| {
            column.field_type() == FieldType::String
                && column.check("\u{1}").is_ok()
                && header.file_column(*n).is_some()
        });
        self.columns = free.map(|(n, column)| (n, column.name().to_owned())).collect();
        self.header = String::from_utf8_lossy(super::without_break(raw)).into_owned();
    }

    /// Looks at an accepted line.
    pub fn look(&mut self, line: &Line<'_>) {
        for (place, (column, _)) in self.columns.iter().enumerate() {
            if let Some(suspicion) = line.value(*column).and_then(|value| hint::remarkable(&value)) {
                self.found.entry((place, suspicion)).or_default().add(line.number());
            }
        }
        if line.text() == self.header {
            self.headers.add(line.number());
        }
    }

    /// What there is to say, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let name = |place: usize| self.columns.get(place).map_or("", |(_, name)| name.as_str());
        let of_values = |(&(place, suspicion), count): (&(usize, Suspicion), &Count)| {
            let values = if count.count == 1 { "value" } else { "values" };
            let (count, line) = (count.count, count.first_line);
            format!("{}: {count} {values} {} (first in line {line})", name(place), suspicion.of_values())
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
