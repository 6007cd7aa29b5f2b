//! The lines behind the header, one by one.

use std::sync::Arc;

use tidewaiter_schema::compile::Scope;

use super::Notes;
use super::header::{Opening, as_written, delimited, text_of, trimmed};
use crate::Dialect;
use crate::hint::{self, Writing};
use crate::judge::Scratch;
use crate::plan::Need;
use crate::rules::{Fault, Rules};
use crate::split::{self, QuoteFault, Span, value_of};

/// How many lines a value with line breaks may take.
const JOINED: usize = 100;

/// The whole file, fixed. None if it cannot be told how its lines are delimited.
pub(super) fn fix(
    text: &str,
    mut opening: Opening,
    scope: &Arc<Scope>,
    delimiter: u8,
    notes: &mut Notes,
) -> Option<Vec<u8>> {
    let rest = text.get(opening.rest..).unwrap_or_default();
    let lines: Vec<&str> = rest.split_inclusive('\n').collect();
    // A line that would be left as it is must not become one that means something.
    let mixed = |line: &&str| {
        let content = trimmed(line);
        let fields = split::quoted(content.as_bytes(), delimiter, usize::MAX, &mut Vec::new());
        redelimited(content, &opening, delimiter).is_none() && fields.is_ok_and(|fields| fields > 1)
    };
    if opening.used != delimiter && lines.iter().any(mixed) {
        notes.left("some lines use the delimiter of the header, and others do not", None, None);
        return None;
    }
    let ends = Ends::of(&lines, &opening);
    if opening.trailing {
        if ends.have_values {
            notes.left("the last column has values but no name", None, Some(1));
            opening.line.insert(trimmed(&opening.line).len(), char::from(delimiter));
            opening.header = None;
        } else {
            notes.changed("removed an extra delimiter at the end of the header", None, Some(1));
        }
    }
    let rules = opening
        .header
        .take()
        .map(|header| Rules::new(Arc::clone(scope), header, &Dialect::delimited_by(delimiter)));
    if rules.as_ref().is_some_and(|rules| is_doubtful(rules, &lines, &opening, notes)) {
        return None;
    }
    let mut out = std::mem::take(&mut opening.line).into_bytes();
    // Where some lines end like the header and others do not, it is not sure of any what its last delimiter is.
    let surplus = opening.trailing && !ends.differ;
    let mut fixer = Fixer { rules, opening, delimiter, surplus, number: 1, notes };
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += fixer.line(line, lines.get(at + 1..).unwrap_or_default(), &mut out);
    }
    Some(out)
}

/// How lines end behind a header that ends with a delimiter.
#[derive(Default)]
struct Ends {
    /// Some have a value where the header has no name.
    have_values: bool,
    /// Some end with a delimiter as the header does, and others do not.
    differ: bool,
}

impl Ends {
    fn of(lines: &[&str], opening: &Opening) -> Self {
        let mut ends = Self::default();
        let (mut like_header, mut without) = (false, false);
        let mut spans = Vec::new();
        for line in lines {
            spans.clear();
            match split::quoted(trimmed(line).as_bytes(), opening.used, usize::MAX, &mut spans) {
                Ok(fields) if fields == opening.width => {
                    let is_empty = spans.last().is_some_and(|span| span.start == span.end);
                    ends.have_values |= !is_empty;
                    like_header |= is_empty;
                }
                Ok(fields) => without |= fields + 1 == opening.width,
                Err(_) => {}
            }
        }
        Self { differ: like_header && without, ..ends }
    }
}

/// True if the values of a column make each other doubtful, which is noted. A repair makes lines pass, and with them values
/// that were good before: if these may mean something else, nothing of the file is repaired.
fn is_doubtful(rules: &Rules, lines: &[&str], opening: &Opening, notes: &mut Notes) -> bool {
    let mut columns = vec![Writing::default(); rules.width()];
    let mut spans = Vec::new();
    for line in lines {
        spans.clear();
        let content = trimmed(line);
        let fields = split::quoted(content.as_bytes(), opening.used, rules.width() + 1, &mut spans);
        if !fields.is_ok_and(|fields| fields >= rules.width()) {
            continue;
        }
        for ((span, plan), writing) in spans.iter().zip(&rules.plan).zip(&mut columns) {
            if let Some(column) = plan.column.and_then(|column| rules.scope.columns().get(column)) {
                writing.see(column, &value_of(content, *span));
            }
        }
    }
    let doubts = columns.into_iter().enumerate().filter_map(|(n, writing)| Some((n, writing.doubt()?)));
    let mut is_doubtful = false;
    for (number, why) in doubts {
        notes.left(why, Some(rules.header.label(number)), None);
        is_doubtful = true;
    }
    is_doubtful
}

/// The line with the configured delimiter. None if it is not one line of as many fields as the header.
fn redelimited(content: &str, opening: &Opening, delimiter: u8) -> Option<String> {
    if opening.used == delimiter {
        return Some(content.to_owned());
    }
    let mut spans = Vec::new();
    let fields = split::quoted(content.as_bytes(), opening.used, usize::MAX, &mut spans).ok()?;
    if fields != opening.width && !(opening.trailing && fields + 1 == opening.width) {
        return None;
    }
    let field = |span: &Span| delimited(as_written(content, *span).to_owned(), opening.used, delimiter);
    Some(spans.iter().map(field).collect::<Vec<_>>().join(&text_of(delimiter)))
}

struct Fixer<'a> {
    rules: Option<Rules>,
    opening: Opening,
    delimiter: u8,
    /// Lines as wide as the header was have a delimiter too many.
    surplus: bool,
    /// The number of the last line that was written.
    number: u64,
    notes: &'a mut Notes,
}

impl Fixer<'_> {
    /// Takes a line; how many were taken, which are more if it goes on in those behind it.
    fn line(&mut self, raw: &str, next: &[&str], out: &mut Vec<u8>) -> usize {
        let content = trimmed(raw);
        let end = raw.get(content.len()..).unwrap_or_default();
        if content.is_empty() {
            self.notes.changed("removed empty lines", None, None);
            return 1;
        }
        if content.as_bytes() == hint::END_MARK && next.is_empty() {
            self.notes.changed("removed the end-of-file mark of old systems", None, None);
            return 1;
        }
        self.number += 1;
        let Some(line) = redelimited(content, &self.opening, self.delimiter) else {
            let why = format!("cannot be told apart by {}", hint::name_of(self.opening.used));
            self.notes.left(&why, None, Some(self.number));
            out.extend_from_slice(raw.as_bytes());
            return 1;
        };
        let mut taken = 1;
        let fixed = match self.rules.take() {
            None => line,
            Some(rules) => {
                let line = self.judged(&rules, line, next, &mut taken);
                self.rules = Some(rules);
                line
            }
        };
        out.extend_from_slice(fixed.as_bytes());
        let end = taken
            .checked_sub(2)
            .and_then(|n| next.get(n))
            .map_or(end, |last| last.get(trimmed(last).len()..).unwrap_or_default());
        out.extend_from_slice(end.as_bytes());
        taken
    }

    fn judged(&mut self, rules: &Rules, line: String, next: &[&str], taken: &mut usize) -> String {
        match rules.judge_one(&line, &mut Scratch::default()) {
            Err(Fault::Width { .. }) => self.shortened(rules, line),
            Err(Fault::Cells) => self.cells(rules, &line),
            Err(Fault::Quotes(QuoteFault::Open { field, .. })) => {
                let Some((joined, lines)) = joined(rules, self.delimiter, &line, next) else { return line };
                let column = rules.header.label(field);
                self.notes.changed(
                    "replaced a line break in a value with a space",
                    Some(column),
                    Some(self.number),
                );
                *taken = lines;
                joined
            }
            // It is good, or what was meant is not known.
            Ok(())
            | Err(
                Fault::Length
                | Fault::Encoding
                | Fault::Control
                | Fault::Blank
                | Fault::Quotes(QuoteFault::Stray { .. }),
            ) => line,
        }
    }

    /// A line of one field too many, which is empty.
    fn shortened(&mut self, rules: &Rules, line: String) -> String {
        let mut spans = Vec::new();
        let fields = split::quoted(line.as_bytes(), self.delimiter, usize::MAX, &mut spans).unwrap_or(0);
        let Some(bare) = line.strip_suffix(char::from(self.delimiter)) else { return line };
        if fields != rules.width() + 1 || bare.is_empty() {
            return line;
        }
        if !self.surplus && self.holds_delimiter(rules, &line, &spans) {
            let why = "the intent is unclear: the line ends with an extra delimiter, or an earlier value contains one and needs quotes";
            self.notes.left(why, None, Some(self.number));
            return line;
        }
        if !self.surplus {
            self.notes.changed("removed an extra delimiter at the end of the line", None, Some(self.number));
        }
        let bare = bare.to_owned();
        match rules.judge_one(&bare, &mut Scratch::default()) {
            Err(Fault::Cells) => self.cells(rules, &bare),
            _ => bare,
        }
    }

    /// True if a line of one field too many may be a good one in which a value holds the delimiter without quotes: then
    /// what is behind that value belongs one column further to the left, and the last cell is empty.
    fn holds_delimiter(&self, rules: &Rules, line: &str, spans: &[Span]) -> bool {
        let fields: Vec<&str> = spans.iter().map(|span| as_written(line, *span)).collect();
        let delimiter = text_of(self.delimiter);
        // Where it ends the last value there is nothing behind that would move.
        (0..rules.width().saturating_sub(1)).any(|first| {
            let (Some([one, other]), Some(before), Some(behind)) =
                (fields.get(first..first + 2), fields.get(..first), fields.get(first + 2..))
            else {
                return false;
            };
            if one.starts_with('"') || other.starts_with('"') {
                return false;
            }
            let value = format!("\"{one}{delimiter}{other}\"");
            let read = [before, &[value.as_str()], behind].concat().join(&delimiter);
            self.is_readable(rules, &read)
        })
    }

    /// True if a line is good, or would be with its cells repaired.
    fn is_readable(&self, rules: &Rules, line: &str) -> bool {
        match rules.judge_one(line, &mut Scratch::default()) {
            Ok(()) => true,
            Err(Fault::Cells) => {
                let (line, _) = repaired(rules, self.delimiter, line);
                rules.judge_one(&line, &mut Scratch::default()).is_ok()
            }
            Err(_) => false,
        }
    }

    /// Writes the cells as they are meant, each that is meant beyond doubt.
    fn cells(&mut self, rules: &Rules, line: &str) -> String {
        let (written, cells) = repaired(rules, self.delimiter, line);
        for (column, left) in cells {
            match left {
                None => {
                    let what = "values are rewritten in the format of the column";
                    self.notes.changed(what, Some(column), Some(self.number));
                }
                Some(why) => {
                    let why = format!("the intent is unclear: {why}");
                    self.notes.left(&why, Some(column), Some(self.number));
                }
            }
        }
        written
    }
}

/// The line with its cells as they are meant, each that is meant beyond doubt. And the columns with cells that are not
/// good: those without words are written anew, of the others the words say why they are left.
fn repaired<'r>(rules: &'r Rules, delimiter: u8, line: &str) -> (String, Vec<(&'r str, Option<String>)>) {
    let mut spans = Vec::new();
    if split::quoted(line.as_bytes(), delimiter, rules.width() + 1, &mut spans).is_err() {
        return (line.to_owned(), Vec::new());
    }
    let mut written = String::with_capacity(line.len());
    let (mut copied, mut cells) = (0, Vec::new());
    for (&span, plan) in spans.iter().zip(&rules.plan) {
        let value = value_of(line, span);
        let Some(column) = plan.column.and_then(|column| rules.scope.columns().get(column)) else { continue };
        if rules.is_missing(&value, plan.need) {
            continue;
        }
        let Err(problem) = column.check(&value) else { continue };
        let meant = hint::meant(column, problem, &value).filter(|meant| {
            let fits = !meant.contains('"') && !meant.as_bytes().contains(&delimiter);
            // An empty cell must mean "no value", and be allowed to.
            let empty = meant.is_empty() && !(plan.need == Need::Optional && rules.scope.is_missing(""));
            fits && !empty
        });
        if let Some(meant) = meant {
            written.push_str(line.get(copied..span.start as usize).unwrap_or_default());
            written.push_str(&meant);
            copied = span.end as usize;
            cells.push((column.name(), None));
        } else {
            let hint = hint::cell(column, problem, &value);
            cells.extend(hint.map(|hint| (column.name(), Some(hint))));
        }
    }
    written.push_str(line.get(copied..).unwrap_or_default());
    (written, cells)
}

/// A line whose quote stays open, with the lines that close it, if together they make one good record and none
/// of them may be a record: neither is it good by itself, nor has as much of it as would stand in the value as many
/// delimiters as a record. And how many lines that are.
fn joined(rules: &Rules, delimiter: u8, line: &str, next: &[&str]) -> Option<(String, usize)> {
    let mut scratch = Scratch::default();
    let mut whole = line.to_owned();
    for (n, raw) in next.iter().take(JOINED).enumerate() {
        let content = trimmed(raw);
        let undoubled = content.replace("\"\"", "");
        let within = undoubled.split('"').next().unwrap_or_default();
        let delimiters = memchr::memchr_iter(delimiter, within.as_bytes()).count();
        if delimiters + 1 >= rules.width() || rules.judge_one(content, &mut scratch).is_ok() {
            return None;
        }
        whole.push(' ');
        whole.push_str(content);
        match rules.judge_one(&whole, &mut scratch) {
            Ok(()) => return Some((whole, n + 2)),
            Err(Fault::Quotes(QuoteFault::Open { .. })) => {}
            Err(_) => return None,
        }
    }
    None
}
