//! The lines behind the header: each is shaped, then its cells are written as they are meant.

use std::sync::Arc;

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::{Column, Scope};

use super::Notes;
use super::cells::{Done, repaired};
use super::fields::{loose, strict};
use super::header::{Opening, trimmed};
use super::shape::{Shaped, Shaper};
use super::survey::{self, Survey};
use crate::Dialect;
use crate::hint::{self, Style, Writing};
use crate::judge::Scratch;
use crate::rules::Rules;
use crate::split::{self, value_of};

/// The whole file, fixed. None if it cannot be told how its lines are delimited, or what its values mean.
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
        let fits = strict(content, opening.used).is_ok_and(|fields| opening.fits(fields.len()));
        !fits && strict(content, delimiter).is_ok_and(|fields| fields.len() > 1)
    };
    if opening.used != delimiter && lines.iter().any(mixed) {
        notes.left("some lines use the delimiter of the header, and others do not", None, None);
        return None;
    }
    let mut survey = Survey::of(&lines, &opening);
    if opening.trailing {
        if survey.have_values {
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
    if let Some(rules) = &rules {
        if let Some(place) = survey::foreign_header(rules, &lines, &opening) {
            let why = "a header of other columns stands between the lines: files were joined";
            notes.left(why, None, Some(place as u64 + 2));
            return None;
        }
        survey.padded |= survey::is_padded(rules, &lines, &opening, notes);
    }
    let line = std::mem::take(&mut opening.line);
    let scratch = Scratch::default();
    let mut shaper =
        Shaper { lines: &lines, rules: rules.as_ref(), opening: &opening, survey, delimiter, scratch };
    shaper.survey.surplus |= survey.longer && is_proven(&mut shaper);
    let styles = match &rules {
        Some(rules) => styles(rules, &mut shaper, notes)?,
        None => Vec::new(),
    };
    let mut out = line.into_bytes();
    out.reserve(rest.len());
    write(&mut shaper, &styles, notes, &mut out);
    Some(out)
}

/// True if all lines have a delimiter too many at their end: of one of them it is known, since it cannot be read in
/// another way.
fn is_proven(shaper: &mut Shaper<'_, '_>) -> bool {
    let (Some(rules), used) = (shaper.rules, shaper.opening.used) else { return false };
    let lines = shaper.lines;
    lines.iter().any(|line| {
        let content = trimmed(line);
        let fields = strict(content, used).ok().or_else(|| loose(content, used).map(|(fields, _)| fields));
        fields
            .filter(|fields| fields.len() == rules.width() + 1)
            .is_some_and(|fields| !shaper.holds_delimiter(rules, &fields, true))
    })
}

/// How the columns are written. None if the values of one make each other doubtful, which is noted. A repair makes lines
/// pass, and with them values that were good before: if these may mean something else, nothing of the file is repaired.
fn styles(rules: &Rules, shaper: &mut Shaper<'_, '_>, notes: &mut Notes) -> Option<Vec<Style>> {
    let columns: Vec<Option<&Column>> =
        rules.plan.iter().map(|plan| rules.column(plan).filter(|column| has_style(column))).collect();
    let mut writings = vec![Writing::default(); columns.len()];
    let (mut at, mut number, mut spans) = (0, 1, Vec::new());
    while columns.iter().any(Option::is_some) && at < shaper.lines.len() {
        let (taken, becomes) = shaper.shape(at);
        let raw = shaper.lines.get(at).copied().map(trimmed).unwrap_or_default();
        let (text, lines) = match &becomes {
            Shaped::Dropped(_) => (None, 0),
            Shaped::Record { text, .. } => (Some(text.as_ref()), 1),
            Shaped::Raw { seen, .. } => (Some(seen.as_deref().unwrap_or(raw)), taken as u64),
        };
        at += taken;
        if let Some(text) = text {
            spans.clear();
            let fields = split::quoted(text.as_bytes(), rules.delimiter, columns.len() + 1, &mut spans);
            // Where a comma is between fields and in a value as well, it may be before its decimals.
            let is_raw = matches!(becomes, Shaped::Raw { seen: None, .. });
            if shaper.opening.used == b',' && (is_raw || fields.is_ok_and(|fields| fields > columns.len())) {
                writings.iter_mut().for_each(Writing::see_unread_comma);
            }
            if is_raw {
                see_unread_days(raw, shaper.opening.used, &columns, &mut writings);
            }
            if fields.is_ok_and(|fields| fields >= columns.len()) {
                for ((span, column), writing) in spans.iter().zip(&columns).zip(&mut writings) {
                    if let Some(column) = column {
                        writing.see(column, &value_of(text, *span), number + 1);
                    }
                }
            }
        }
        number += lines;
    }
    let mut is_doubtful = false;
    for (n, writing) in writings.iter().enumerate() {
        if let Some(why) = writing.doubt() {
            notes.left(why, Some(rules.header.label(n)), None);
            is_doubtful = true;
        }
    }
    (!is_doubtful).then(|| writings.iter().map(Writing::style).collect())
}

/// Takes into account how days are written in a line that is not repaired. In which column a day stands is not known of
/// a line that has too many fields, but a day holds no delimiter.
fn see_unread_days(line: &str, used: u8, columns: &[Option<&Column>], writings: &mut [Writing]) {
    let fields = strict(line, used).unwrap_or_default();
    if !fields.iter().any(|field| hint::has_day_second(field)) {
        return;
    }
    for (column, writing) in columns.iter().zip(writings) {
        if column.is_some_and(|column| matches!(column.field_type(), FieldType::Date | FieldType::Datetime)) {
            writing.see_unread_day();
        }
    }
}

/// True if the values of a column may be written in several ways that look alike.
fn has_style(column: &Column) -> bool {
    let kind = column.field_type();
    matches!(kind, FieldType::Number | FieldType::Integer | FieldType::Date | FieldType::Datetime)
}

/// Writes all lines.
fn write(shaper: &mut Shaper<'_, '_>, styles: &[Style], notes: &mut Notes, out: &mut Vec<u8>) {
    let (mut at, mut number) = (0, 1);
    while at < shaper.lines.len() {
        let (taken, becomes) = shaper.shape(at);
        let raw = shaper.lines.get(at..at + taken).unwrap_or_default();
        at += taken;
        let told = match becomes {
            Shaped::Dropped(why) => {
                notes.changed(why, None, None);
                continue;
            }
            Shaped::Record { text, end, told, open, .. } => {
                let text = match shaper.rules.filter(|_| open) {
                    Some(rules) => cells(rules, &text, styles, number + 1, notes).into(),
                    None => text,
                };
                out.extend_from_slice(text.as_bytes());
                out.extend_from_slice(end.as_bytes());
                number += 1;
                told.into_iter().map(|told| (told, number)).collect::<Vec<_>>()
            }
            Shaped::Raw { told, .. } => {
                out.extend(raw.iter().flat_map(|raw| raw.as_bytes()));
                let first = number + 1;
                number += taken as u64;
                told.into_iter().map(|told| (told, first)).collect()
            }
        };
        for (told, number) in told {
            let column = told.column.as_deref();
            if told.changed {
                notes.changed(&told.what, column, Some(number));
            } else {
                notes.left(&told.what, column, Some(number));
            }
        }
    }
}

/// Writes the cells of a line as they are meant, each that is meant beyond doubt, and says so.
fn cells(rules: &Rules, line: &str, styles: &[Style], number: u64, notes: &mut Notes) -> String {
    let (written, cells) = repaired(rules, line, styles);
    // Nothing but words for "no value": as a blank row it would not be known for a record any more.
    if hint::blank_row(written.as_bytes(), rules.delimiter)
        && rules.judge_one(&written, &mut Scratch::default()).is_err()
    {
        return line.to_owned();
    }
    for (column, done) in cells {
        let what = "values are rewritten in the format of the column";
        match done {
            Done::Written(None) => notes.changed(what, Some(column.name()), Some(number)),
            Done::Written(Some(because)) => {
                let what = format!("{what}, read as {} because of line {}", because.reading, because.line);
                notes.changed(&what, Some(column.name()), Some(number));
            }
            Done::Left(why) => {
                notes.left(&format!("the intent is unclear: {why}"), Some(column.name()), Some(number));
            }
            Done::Unknown => {}
        }
    }
    written
}
