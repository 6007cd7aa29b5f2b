//! What all lines of a file say together, which none of them says alone.

use super::Notes;
use super::fields::{is_blank, loose, strict};
use super::header::{Opening, trimmed};
use crate::hint;
use crate::rules::Rules;

/// What holds for a whole file.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Survey {
    /// Lines of one field more than there are columns, an empty one, have a delimiter too many.
    pub(super) surplus: bool,
    /// Blanks stand between delimiters and values.
    pub(super) padded: bool,
    /// Some lines have a value where the header has no name.
    pub(super) have_values: bool,
    /// All lines have one field more than the header, an empty one; none has as many as the header.
    pub(super) longer: bool,
}

impl Survey {
    /// Looks at all lines.
    pub(super) fn of(lines: &[&str], opening: &Opening) -> Self {
        let mut survey = Self { padded: opening.padded, ..Self::default() };
        let (mut like_header, mut without, mut longer, mut others) = (0_u64, 0_u64, 0_u64, 0_u64);
        for line in lines.iter().map(|line| trimmed(line)) {
            let fields =
                strict(line, opening.used).or_else(|_| loose(line, opening.used).map(|(f, _)| f).ok_or(()));
            let Ok(fields) = fields else { continue };
            if fields.iter().all(|field| is_blank(field)) || opening.is_repeated(line) {
                continue;
            }
            let is_open = fields.last().is_some_and(|last| last.is_empty());
            match fields.len().checked_sub(opening.width) {
                Some(0) => {
                    survey.have_values |= !is_open;
                    like_header += u64::from(is_open);
                    others += 1;
                }
                Some(1) if is_open => longer += 1,
                None if fields.len() + 1 == opening.width => without += 1,
                _ => others += 1,
            }
        }
        // Where some lines end like the header and others do not, it is not sure of any what its last delimiter is.
        survey.surplus = opening.trailing && !(like_header > 0 && without > 0);
        survey.longer = !opening.trailing && longer > 1 && without + others == 0;
        survey
    }
}

/// True if the data has blanks behind its delimiters throughout, and columns whose values have none show that it does: for
/// a text alone, a blank may be part of the value, which is noted.
pub(super) fn is_padded(rules: &Rules, lines: &[&str], opening: &Opening, notes: &mut Notes) -> bool {
    let (mut padded_lines, mut formed) = (0_u64, false);
    for line in lines.iter().map(|line| trimmed(line)) {
        let Ok(fields) = strict(line, opening.used) else { continue };
        if fields.len() != rules.width() || opening.is_repeated(line) {
            continue;
        }
        let mut filled = 0_u64;
        for (field, plan) in fields.iter().zip(&rules.plan).skip(1).filter(|(field, _)| !is_blank(field)) {
            if !field.starts_with(' ') {
                return false;
            }
            filled += 1;
            let column = rules.column(plan);
            formed |= column.is_some_and(|column| column.check("\u{1}").is_err());
        }
        padded_lines += u64::from(filled > 0);
    }
    let is_padded = padded_lines > 1 && opening.used != b' ';
    if is_padded && !formed {
        let why = "values begin with a space, which may be part of them: remove it, or add `\"trim\": true` to the import";
        notes.left(why, None, None);
    }
    is_padded && formed
}

/// The first line that is a header of other columns, with its number among the lines.
pub(super) fn foreign_header(rules: &Rules, lines: &[&str], opening: &Opening) -> Option<usize> {
    let scope = &rules.scope;
    lines
        .iter()
        .map(|line| trimmed(line))
        .position(|line| hint::foreign_header(line, scope, opening.used) && !opening.is_repeated(line))
}
