//! From the lines of a file to records: what stands between them is dropped, a record that takes several lines becomes
//! one line, and each line has as many fields as the header. What is in the cells comes after that, so that one repair
//! never hides another.

use std::borrow::Cow;

use super::cells::{badness, is_understood, suspect};
use super::fields::{Fields, is_blank, line_of, loose, strict};
use super::header::{Opening, trimmed};
use super::survey::Survey;
use crate::hint;
use crate::judge::Scratch;
use crate::rules::{Fault, Rules};
use crate::split::{self, QuoteFault};

/// How many lines a value with line breaks may take.
const JOINED: usize = 100;

/// Something that is said of a line.
pub(super) struct Told {
    pub(super) changed: bool,
    pub(super) what: String,
    pub(super) column: Option<String>,
}

impl Told {
    fn changed(what: &str, column: Option<&str>) -> Self {
        Self { changed: true, what: what.to_owned(), column: column.map(str::to_owned) }
    }

    fn left(what: impl Into<String>, column: Option<&str>) -> Self {
        Self { changed: false, what: what.into(), column: column.map(str::to_owned) }
    }
}

/// What becomes of some lines.
pub(super) enum Shaped<'t> {
    /// They hold no record; why.
    Dropped(&'static str),
    /// They are one record.
    Record {
        text: Cow<'t, str>,
        end: &'t str,
        told: Vec<Told>,
        /// Its cells may be repaired.
        open: bool,
        /// The line was not good before.
        repaired: bool,
    },
    /// They stay as they are. If they can be read, `seen` is how.
    Raw { told: Vec<Told>, seen: Option<String> },
}

/// Shapes the lines of one file.
pub(super) struct Shaper<'t, 'r> {
    pub(super) lines: &'r [&'t str],
    pub(super) rules: Option<&'r Rules>,
    pub(super) opening: &'r Opening,
    pub(super) survey: Survey,
    pub(super) delimiter: u8,
    pub(super) scratch: Scratch,
}

impl<'t> Shaper<'t, '_> {
    /// Takes the line at this place: how many are taken, which are more if it goes on in those behind it, and what
    /// becomes of them.
    pub(super) fn shape(&mut self, at: usize) -> (usize, Shaped<'t>) {
        let Some(raw) = self.lines.get(at) else { return (1, Shaped::Raw { told: Vec::new(), seen: None }) };
        let content = trimmed(raw);
        let end = raw.get(content.len()..).unwrap_or_default();
        let same_delimiter = self.opening.used == self.delimiter;
        if content.is_empty() {
            return (1, Shaped::Dropped("removed empty lines"));
        }
        if content.as_bytes() == hint::END_MARK && at + 1 == self.lines.len() {
            return (1, Shaped::Dropped("removed the end-of-file mark of old systems"));
        }
        if self.repeats_header(content) {
            return (1, Shaped::Dropped("removed lines that repeat the header"));
        }
        let Some(rules) = self.rules else { return (1, self.without_rules(content, end)) };
        let is_plain = same_delimiter && !self.survey.padded;
        if is_plain && rules.judge_one(content, &mut self.scratch).is_ok() {
            return (1, record(Cow::Borrowed(content), end));
        }
        if let Err(QuoteFault::Open { field, .. }) =
            split::quoted(content.as_bytes(), self.opening.used, usize::MAX, &mut Vec::new())
        {
            if let Some((whole, taken)) = self.joined(rules, content, at) {
                let what = "replaced a line break in a value with a space";
                let told = Told::changed(what, Some(rules.header.label(field)));
                let last = self.lines.get(at + taken - 1).copied().unwrap_or_default();
                let end = last.get(trimmed(last).len()..).unwrap_or_default();
                let shaped = self.fields(rules, &whole, end, vec![told]);
                let is_record = matches!(&shaped, Shaped::Record { text, .. } if is_understood(rules, text, field, &mut self.scratch));
                if is_record || matches!(&shaped, Shaped::Raw { seen: Some(_), .. }) {
                    return (taken, owned(shaped, end));
                }
            }
            return (1, self.unclear(content, end));
        }
        (1, self.fields(rules, content, end, Vec::new()))
    }

    /// A line whose header is not good: nothing is known but the delimiter.
    fn without_rules(&self, content: &'t str, end: &'t str) -> Shaped<'t> {
        let is_wide = |fields: &Fields<'_>| self.opening.fits(fields.len());
        match strict(content, self.opening.used) {
            _ if self.opening.used == self.delimiter => record(Cow::Borrowed(content), end),
            Ok(fields) if is_wide(&fields) => record(Cow::Owned(line_of(&fields, self.delimiter)), end),
            _ => self.unclear(content, end),
        }
    }

    /// A line that cannot be read.
    fn unclear(&self, content: &'t str, end: &'t str) -> Shaped<'t> {
        if self.opening.used == self.delimiter {
            return record(Cow::Borrowed(content), end);
        }
        let why = format!("cannot be told apart by {}", hint::name_of(self.opening.used));
        Shaped::Raw { told: vec![Told::left(why, None)], seen: None }
    }

    fn repeats_header(&mut self, content: &str) -> bool {
        let Opening { labels, .. } = self.opening;
        self.opening.is_repeated(content)
            // The name of a single column may be a value.
            && (labels.len() > 1 || self.rules.is_some_and(|rules| rules.judge_one(content, &mut self.scratch).is_err()))
    }

    /// A line by its fields; `told` says what was done before.
    fn fields<'c>(
        &mut self,
        rules: &Rules,
        content: &'c str,
        end: &'c str,
        mut told: Vec<Told>,
    ) -> Shaped<'c> {
        let used = self.opening.used;
        let mut repaired = !told.is_empty();
        let mut fields = match strict(content, used) {
            Ok(fields) => fields,
            Err(_) => match loose(content, used) {
                Some((fields, around)) if fields.len() >= rules.width() => {
                    for (is_there, what) in [
                        (around.blanks, "removed spaces between quotes and delimiters"),
                        (around.guards, "removed a spreadsheet's guards around values"),
                    ] {
                        told.extend(is_there.then(|| Told::changed(what, None)));
                    }
                    repaired = true;
                    fields
                }
                _ if used == self.delimiter => return record(Cow::Borrowed(content), end),
                _ => {
                    let why = format!("cannot be told apart by {}", hint::name_of(used));
                    return Shaped::Raw { told: vec![Told::left(why, None)], seen: None };
                }
            },
        };
        if fields.len() > 1 && fields.iter().all(|field| is_blank(field)) {
            let line = line_of(&fields, self.delimiter);
            if rules.judge_one(&line, &mut self.scratch).is_err() {
                return Shaped::Dropped("removed rows of delimiters without a value");
            }
        }
        if fields.len() == rules.width() + 1 && fields.last().is_some_and(|last| last.is_empty()) {
            let holds_delimiter = !self.survey.surplus && self.holds_delimiter(rules, &fields, false);
            if holds_delimiter {
                let why = "the intent is unclear: the line ends with an extra delimiter, or an earlier value contains one and needs quotes";
                told = vec![Told::left(why, None)];
            } else {
                // Where the header has one too, the file was refused for it, and no line was.
                if !self.survey.surplus || !self.opening.trailing {
                    repaired = true;
                    told.push(Told::changed("removed an extra delimiter at the end of the line", None));
                }
                fields.pop();
            }
        }
        if fields.len() != rules.width() {
            if used == self.delimiter {
                told.retain(|told| !told.changed);
                return Shaped::Record {
                    text: Cow::Borrowed(content),
                    end,
                    told,
                    open: false,
                    repaired: false,
                };
            }
            let why = format!("cannot be told apart by {}", hint::name_of(used));
            return Shaped::Raw { told: vec![Told::left(why, None)], seen: None };
        }
        let mut is_trimmed = false;
        if self.survey.padded {
            for field in &mut fields {
                let is_blank = |c: char| matches!(c, ' ' | '\t' | '\u{a0}') && c != char::from(used);
                let bare = field.trim_matches(is_blank);
                if bare.len() < field.len() {
                    *field = Cow::Owned(bare.to_owned());
                    is_trimmed = true;
                }
            }
        }
        told.extend(is_trimmed.then(|| Told::changed("removed spaces between delimiters and values", None)));
        let line = line_of(&fields, self.delimiter);
        let verdict = rules.judge_one(&line, &mut self.scratch);
        let needs_repair = repaired || verdict == Err(Fault::Cells);
        if needs_repair && let Some((column, why)) = suspect(rules, &line) {
            let told = vec![Told::left(format!("the line is left, because a text {why}"), Some(column))];
            if repaired {
                return Shaped::Raw { told, seen: Some(line) };
            }
            return Shaped::Record { text: Cow::Owned(line), end, told, open: false, repaired: false };
        }
        let text = if line == content { Cow::Borrowed(content) } else { Cow::Owned(line) };
        Shaped::Record { text, end, told, open: needs_repair, repaired }
    }

    /// True if a line of one field too many may be a good one in which a value holds the delimiter without quotes: then
    /// what is behind that value belongs one column further to the left, and the last cell is empty. If `within`, a
    /// value that ends with the delimiter is not thought of.
    pub(super) fn holds_delimiter(&mut self, rules: &Rules, fields: &Fields<'_>, within: bool) -> bool {
        let (used, width) = (self.opening.used, rules.width());
        let mut bad =
            |fields: &Fields<'_>| badness(rules, &line_of(fields, self.delimiter), &mut self.scratch);
        let dropped = bad(&fields.get(..width).unwrap_or_default().to_vec()).unwrap_or(usize::MAX);
        (0..width.saturating_sub(usize::from(within))).any(|first| {
            let (Some([one, other]), Some(before), Some(behind)) =
                (fields.get(first..first + 2), fields.get(..first), fields.get(first + 2..))
            else {
                return false;
            };
            let is_last = behind.is_empty();
            if one.starts_with('"')
                || other.starts_with('"')
                || is_blank(one)
                || (is_blank(other) && !is_last)
            {
                return false;
            }
            let value = format!("\"{one}{}{other}\"", char::from(used));
            let read = [before, &[Cow::Owned(value)], behind].concat();
            bad(&read).is_some_and(|bad| bad <= dropped)
        })
    }

    /// A line whose quote stays open, with the lines that close it, if together they are as wide as the header and none
    /// of them may be a record: neither is it good by itself, nor has as much of it as would stand in the value as many
    /// delimiters as a record. And how many lines that are.
    fn joined(&mut self, rules: &Rules, line: &str, at: usize) -> Option<(String, usize)> {
        let used = self.opening.used;
        let mut whole = line.to_owned();
        for (n, raw) in self.lines.get(at + 1..)?.iter().take(JOINED).enumerate() {
            let content = trimmed(raw);
            let undoubled = content.replace("\"\"", "");
            let within = undoubled.split('"').next().unwrap_or_default();
            let delimiters = memchr::memchr_iter(used, within.as_bytes()).count();
            if delimiters + 1 >= rules.width() || self.is_good(rules, content) {
                return None;
            }
            whole.push(' ');
            whole.push_str(content);
            match split::quoted(whole.as_bytes(), used, usize::MAX, &mut Vec::new()) {
                Ok(fields) if self.opening.fits(fields) || fields == rules.width() + 1 => {
                    return Some((whole, n + 2));
                }
                Err(QuoteFault::Open { .. }) => {}
                Ok(_) | Err(QuoteFault::Stray { .. }) => return None,
            }
        }
        None
    }

    fn is_good(&mut self, rules: &Rules, content: &str) -> bool {
        if self.opening.used == self.delimiter {
            return rules.judge_one(content, &mut self.scratch).is_ok();
        }
        strict(content, self.opening.used)
            .is_ok_and(|fields| rules.judge_one(&line_of(&fields, self.delimiter), &mut self.scratch).is_ok())
    }
}

/// A record that needs nothing.
fn record<'t>(text: Cow<'t, str>, end: &'t str) -> Shaped<'t> {
    Shaped::Record { text, end, told: Vec::new(), open: false, repaired: false }
}

/// The same with a text of its own.
fn owned<'t>(shaped: Shaped<'_>, end: &'t str) -> Shaped<'t> {
    match shaped {
        Shaped::Dropped(why) => Shaped::Dropped(why),
        Shaped::Raw { told, seen } => Shaped::Raw { told, seen },
        Shaped::Record { text, told, open, repaired, .. } => {
            Shaped::Record { text: Cow::Owned(text.into_owned()), end, told, open, repaired }
        }
    }
}
