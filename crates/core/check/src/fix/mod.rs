//! Fixing a file whose mistakes have one meaning only.
//!
//! What is changed is said; everything else stays as it is, byte for byte. Nothing is guessed: where two
//! readings are possible (is `01/02/2026` in January or in February?) the file keeps what it has, and that is
//! said too. What is claimed to be fixed passes the check.

mod cells;
mod encoding;
mod fields;
mod header;
mod lines;
mod shape;
mod survey;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tidewaiter_model::finding::printable;
use tidewaiter_schema::compile::Scope;

pub use self::encoding::Encoding;
use super::{Dialect, kind_of_file};

/// How many lines of a kind are named.
const NAMED: usize = 20;
/// How many kinds of what is left are told apart: the values in their words make many.
const KINDS: usize = 1_000;
/// The longest note, in characters: values of the file may stand in it.
const NOTE_CHARACTERS: usize = 2_000;

/// A file, and what was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The file as it is now; the same as it was if nothing was changed.
    pub content: Vec<u8>,
    /// What was changed, in the order of the first place of each.
    pub changes: Vec<Note>,
    /// What would have to be guessed, and was left.
    pub left: Vec<Note>,
}

/// What was done, or left, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What, in words.
    pub what: String,
    /// The column, if one is meant.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<String>,
    /// How often.
    pub count: u64,
    /// The first lines of the fixed file that are meant, counted from 1; none if it is the file as a whole.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lines: Vec<u64>,
}

/// Notes as they are made.
#[derive(Debug, Default)]
struct Notes {
    changes: Vec<Note>,
    left: Vec<Note>,
    known: BTreeMap<(bool, String, Option<String>), usize>,
}

impl Notes {
    fn changed(&mut self, what: &str, column: Option<&str>, line: Option<u64>) {
        self.add(true, what, column, line);
    }

    fn left(&mut self, what: &str, column: Option<&str>, line: Option<u64>) {
        self.add(false, what, column, line);
    }

    fn add(&mut self, changed: bool, what: &str, column: Option<&str>, line: Option<u64>) {
        let notes = if changed { &mut self.changes } else { &mut self.left };
        let mut key = (changed, printable(what, NOTE_CHARACTERS), column.map(str::to_owned));
        if self.known.len() >= KINDS && !self.known.contains_key(&key) {
            key = (changed, "and others that are not listed".to_owned(), None);
        }
        let (_, what, column) = key.clone();
        let place = *self.known.entry(key).or_insert_with(|| {
            notes.push(Note { what, column, count: 0, lines: Vec::new() });
            notes.len() - 1
        });
        if let Some(note) = notes.get_mut(place) {
            note.count += 1;
            note.lines.extend(line.filter(|_| note.lines.len() < NAMED));
        }
    }
}

/// Fixes a file of this scope. `encoding` is what a person says that it is in, for files that do not say so
/// themselves.
pub fn fix(content: &[u8], scope: &Arc<Scope>, dialect: &Dialect, encoding: Option<Encoding>) -> Fixed {
    let mut notes = Notes::default();
    let fixed = attempt(content, scope, dialect, encoding, &mut notes);
    let Notes { changes, left, .. } = notes;
    match fixed {
        Some(content) => Fixed { content, changes, left },
        // What was found out on the way is of no use then.
        None => Fixed { content: content.to_vec(), changes: Vec::new(), left },
    }
}

/// The fixed content; None if the file is none that can be read.
fn attempt(
    content: &[u8],
    scope: &Arc<Scope>,
    dialect: &Dialect,
    encoding: Option<Encoding>,
    notes: &mut Notes,
) -> Option<Vec<u8>> {
    let text = encoding::decode(content, encoding, notes)?;
    if let Some(kind) = kind_of_file::recognise(text.get(..text.floor_char_boundary(512))?.as_bytes()) {
        notes.left(&kind.message, None, None);
        return None;
    }
    let text = header::line_ends(text, notes);
    let opening = header::opening(&text, scope, dialect.delimiter, notes);
    lines::fix(&text, opening, scope, dialect.delimiter, notes)
}
