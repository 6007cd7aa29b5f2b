//! The columns of files that their import neither imports nor names: what is news of them, and what was told before.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use tidewaiter_model::finding::printable;

/// How many columns of a file are looked at. A file with more is no table that people read.
const LOOKED_AT: usize = 500;
/// How many columns are remembered. Those that came last stay: a label that holds a date is another one every day.
const REMEMBERED: usize = 1_000;
/// How many characters of a label are told and remembered.
const CHARACTERS: usize = 120;
/// How many columns are told one by one.
const TOLD: usize = 10;

/// A column of a file that its import does not name, and ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnlistedColumn {
    /// Its place in the file, from 1.
    pub number: usize,
    /// Its label.
    pub label: String,
}

/// The ignored columns of the files of an import, as far as such files were imported: what is in here is no news.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenColumns {
    /// Their labels, those that came last at the end.
    pub labels: Vec<String>,
    /// How often the store has changed them; 0 if no file was imported. A run that adds some writes on the condition
    /// that it is still this.
    #[serde(skip)]
    pub revision: u64,
}

impl SeenColumns {
    /// What the report of a file says of its ignored columns. Those of the first file of an import are no news: nothing
    /// is known with which they could be compared. Later, only those are told that no file before had.
    #[must_use]
    pub fn notes(&self, columns: &[UnlistedColumn]) -> Vec<String> {
        let news = self.news(columns);
        let hidden = news.len().saturating_sub(TOLD);
        let told: Vec<String> = news
            .iter()
            .take(TOLD)
            .map(|column| format!("\"{}\" (column {})", column.label, column.number))
            .collect();
        match (news.len(), self.revision) {
            (0, _) => Vec::new(),
            (count, 0) => vec![of_the_first(count, hidden, &told)],
            _ => {
                let more = (hidden > 0).then(|| format!("and {hidden} more new columns, not imported"));
                told.iter().map(|column| of_a_new_one(column)).chain(more).collect()
            }
        }
    }

    /// Returns what is remembered once a file with these columns was imported; None if nothing changes.
    #[must_use]
    pub fn with(&self, columns: &[UnlistedColumn]) -> Option<Self> {
        let news = self.news(columns);
        if news.is_empty() && self.revision > 0 {
            return None;
        }
        let mut labels = self.labels.clone();
        labels.extend(news.into_iter().map(|column| column.label));
        let forgotten = labels.len().saturating_sub(REMEMBERED);
        Some(Self { labels: labels.split_off(forgotten), revision: self.revision })
    }

    /// The columns that no file had before, each label once and as it is remembered.
    fn news(&self, columns: &[UnlistedColumn]) -> Vec<UnlistedColumn> {
        let mut known: HashSet<String> = self.labels.iter().cloned().collect();
        let remembered = |column: &UnlistedColumn| UnlistedColumn {
            label: printable(column.label.trim(), CHARACTERS),
            number: column.number,
        };
        columns
            .iter()
            .take(LOOKED_AT)
            .map(remembered)
            .filter(|column| known.insert(column.label.clone()))
            .collect()
    }
}

/// The note of the first file of an import, on so many columns.
fn of_the_first(count: usize, hidden: usize, told: &[String]) -> String {
    let what = if count == 1 { "column is" } else { "columns are" };
    let more = if hidden > 0 { format!(" and {hidden} more") } else { String::new() };
    format!(
        "{count} {what} not imported, because the import ignores unknown columns: {}{more}",
        told.join(", ")
    )
}

fn of_a_new_one(column: &str) -> String {
    format!(
        "new column {column}, not imported: the import ignores unknown columns; add it to \"columns\" to import it, or \
         set it to null to hide this"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(labels: &[&str]) -> Vec<UnlistedColumn> {
        (labels.iter().zip(7..))
            .map(|(label, number)| UnlistedColumn { number, label: (*label).to_owned() })
            .collect()
    }

    /// As a store keeps it.
    fn kept(seen: Option<SeenColumns>) -> SeenColumns {
        seen.map(|seen| SeenColumns { revision: seen.revision + 1, ..seen }).unwrap()
    }

    #[test]
    fn a_new_column_is_told_once_and_those_of_the_first_file_are_no_news() {
        let none = SeenColumns::default();
        assert_eq!(
            none.notes(&columns(&["Tier", "Shoe size"])),
            ["2 columns are not imported, because the import ignores unknown columns: \"Tier\" (column 7), \
              \"Shoe size\" (column 8)"]
        );
        let first = kept(none.with(&columns(&["Tier"])));
        assert_eq!(first.notes(&columns(&["Tier"])), [""; 0]);
        assert_eq!(first.with(&columns(&["Tier"])), None);
        let new = columns(&["Tier", " Loyalty ", "Loyalty"]);
        assert_eq!(
            first.notes(&new),
            [
                "new column \"Loyalty\" (column 8), not imported: the import ignores unknown columns; add it to \
              \"columns\" to import it, or set it to null to hide this"
            ]
        );
        let second = kept(first.with(&new));
        assert_eq!(
            (second.notes(&new).len(), second.labels.as_slice()),
            (0, &["Tier".to_owned(), "Loyalty".to_owned()][..])
        );
    }

    #[test]
    fn a_first_file_without_such_columns_makes_the_next_one_news() {
        let seen = kept(SeenColumns::default().with(&[]));
        assert_eq!(seen.notes(&columns(&["Tier"])).len(), 1);
        assert!(seen.notes(&columns(&["Tier"])).iter().all(|note| note.starts_with("new column \"Tier\"")));
    }

    #[test]
    fn what_is_told_and_remembered_has_a_bound() {
        let many: Vec<String> = (0..2_000).map(|n| format!("{n}\u{1b}{}", "x".repeat(1_000))).collect();
        let many = columns(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let mut seen = kept(SeenColumns::default().with(&[]));
        let notes = seen.notes(&many);
        assert_eq!(
            (notes.len(), notes.last().map(String::as_str)),
            (11, Some("and 490 more new columns, not imported"))
        );
        assert!(!notes.concat().contains('\u{1b}'));
        for part in many.chunks(400) {
            seen = kept(seen.with(part));
        }
        assert_eq!(seen.labels.len(), REMEMBERED);
        assert!(seen.labels.last().is_some_and(|last| last.starts_with("1999")));
    }
}
