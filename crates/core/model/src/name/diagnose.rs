//! Finds out why a name was not resolved, and what its author probably meant.

use super::directory::Directory;
use super::error::NameFault;
use super::shape::{Reading, Shape, real_date};
use crate::finding::shorten;

/// The candidate that is most like a text, if one is like it at all.
///
/// Letters of another case count as alike; otherwise about one character in three may differ.
fn near_miss<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != text && candidate.len().abs_diff(text.len()) <= 3)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).min(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `did you mean …?`, if a candidate is like the text.
pub fn did_you_mean<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    near_miss(text, candidates).map(|candidate| format!("did you mean `{}`?", shorten(candidate.as_bytes())))
}

/// Advice for a name that can never be valid.
pub(super) fn malformed(file: &str, fault: &NameFault) -> Option<String> {
    let hint = match fault {
        NameFault::Extension => return extension(file),
        NameFault::TooLong(_) => "shorten the group id or the suffix".to_owned(),
        NameFault::Unsafe('/' | '\\') => {
            "drop files into the imports folder itself, not into subfolders".to_owned()
        }
        NameFault::Unsafe('%') => {
            "`%` and two hexadecimal digits stand for an invisible character: retype the name".to_owned()
        }
        NameFault::Unsafe(_) | NameFault::Character(_) => {
            "universe, scope and name are made of ASCII letters, digits, `_` and `-`".to_owned()
        }
        NameFault::Dot => {
            "dots are allowed only before the group's numbers, as in `daily.01-03_`, and before `csv`"
                .to_owned()
        }
        NameFault::GroupTag(_) | NameFault::GroupZero(_) => {
            "write slot and number of slots as two digits each, 01 to 99: `daily.01-03_`".to_owned()
        }
        NameFault::GroupBeyond { slot, last } if slot > last => {
            format!("if the group has {slot} files, the tag of each one ends in `-{slot:02}_`")
        }
        NameFault::GroupWithoutId => "give the group a name: `daily.01-03_`".to_owned(),
        NameFault::Date(date) => return day_first(date),
        NameFault::Suffix(_) => "a suffix is one `_` and letters and digits: `_20260131_a7.csv`".to_owned(),
        NameFault::TooFewParts(_) => {
            "name it like `acme_contacts_crm_20260131.csv`, or add a pattern of its name to `files` of an import"
                .to_owned()
        }
        NameFault::NoDate => {
            "put the date after the import name, as yyyymmdd: `_20260131.csv`; or add a pattern of its name to \
             `files` of an import"
                .to_owned()
        }
        _ => return None,
    };
    Some(hint)
}

fn extension(file: &str) -> Option<String> {
    let (_, ending) = file.rsplit_once('.')?;
    let hint = match ending.to_ascii_lowercase().as_str() {
        "xls" | "xlsb" | "ods" | "numbers" => "save the table as .xlsx or as CSV, and drop that",
        "xlsx" | "xlsm" => "drop the workbook itself, not in an archive",
        "pgp" | "gpg" | "asc" => "drop the encrypted file itself, not in an archive",
        "json" => "a configuration is named `<universe>_imports_config.json`",
        "txt" | "tsv" | "dat" => {
            "if this is CSV, end its name in `.csv`, or add a pattern of its name to `files` of an import"
        }
        "rar" | "7z" | "xz" | "zst" => "pack archives as .zip, .tar, .gz or .bz2",
        "part" | "filepart" | "tmp" | "crdownload" => "this looks like an unfinished upload",
        _ => return None,
    };
    Some(hint.to_owned())
}

fn day_first(date: &str) -> Option<String> {
    let iso = format!("{}{}{}", date.get(4..)?, date.get(2..4)?, date.get(..2)?);
    real_date(&iso).map(|_| format!("dates are written year first: `{iso}`"))
}

/// How far a name got, and why no further.
struct Blocked {
    depth: u8,
    fault: NameFault,
    hint: Option<String>,
}

/// Which part of a well-formed name is not configured. Of all ways to cut the name, the one that
/// gets furthest is explained.
pub(super) fn unconfigured(directory: &Directory, shape: &Shape<'_>) -> (NameFault, Option<String>) {
    let mut best: Option<Blocked> = None;
    for reading in shape.readings() {
        let blocked = explain(directory, reading);
        if best.as_ref().is_none_or(|best| blocked.depth > best.depth) {
            best = Some(blocked);
        }
    }
    match best {
        Some(Blocked { fault, hint, .. }) => (fault, hint),
        None => (NameFault::NoDate, None),
    }
}

fn explain(directory: &Directory, reading: Reading<'_>) -> Blocked {
    let mut best: Option<Blocked> = None;
    // Longer universes first: `acme_fr` is meant rather than `acme` where both exist.
    for (universe, rest) in cuts(reading.joined).rev() {
        let Some(scopes) = directory.universes.get(universe) else { continue };
        for (scope, name) in cuts(rest).rev() {
            let Some(names) = scopes.get(scope) else { continue };
            let hint = did_you_mean(name, names.iter().map(String::as_str));
            let (universe, scope, name) = (universe.to_owned(), scope.to_owned(), name.to_owned());
            return Blocked { depth: 3, fault: NameFault::ImportOptions { universe, scope, name }, hint };
        }
        // `acme_fx_contacts_crm` names a universe that is not there, though `acme` is.
        let begins_with_scope = cuts(rest).any(|(scope, _)| directory.scopes.contains(scope));
        if best.is_none() && (begins_with_scope || before_scope(directory, rest).is_none()) {
            best = Some(unknown_scope(directory, universe, rest));
        }
    }
    best.unwrap_or_else(|| unknown_universe(directory, reading.joined))
}

fn unknown_scope(directory: &Directory, universe: &str, rest: &str) -> Blocked {
    let known = cuts(rest).rev().map(|(scope, _)| scope).find(|scope| directory.scopes.contains(*scope));
    let scope = known.unwrap_or_else(|| rest.split('_').next().unwrap_or(rest));
    let configured = directory.universes.get(universe);
    let configured = configured.into_iter().flat_map(|scopes| scopes.keys().map(String::as_str));
    let hint = did_you_mean(scope, configured.chain(directory.scopes.iter().map(String::as_str)));
    let (universe, scope) = (universe.to_owned(), scope.to_owned());
    Blocked { depth: 2, fault: NameFault::Scope { universe, scope }, hint: hint.filter(|_| known.is_none()) }
}

fn unknown_universe(directory: &Directory, joined: &str) -> Blocked {
    let first = || joined.split('_').next().unwrap_or(joined);
    let universe = before_scope(directory, joined).unwrap_or_else(first);
    let hint = if universe.split('_').any(is_slot) {
        Some("if this is a group, put a dot before its numbers: `daily.01-03_`".to_owned())
    } else if directory.universes.is_empty() {
        Some("no configuration is active in this repository".to_owned())
    } else {
        did_you_mean(universe, directory.universes.keys().map(String::as_str))
    };
    Blocked { depth: 1, fault: NameFault::Universe(universe.to_owned()), hint }
}

/// True for `01-03`, the numbers of a group tag.
fn is_slot(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b'-', c, d] if [a, b, c, d].iter().all(|byte| byte.is_ascii_digit()))
}

/// What stands before the first scope that is known.
fn before_scope<'a>(directory: &Directory, text: &'a str) -> Option<&'a str> {
    cuts(text)
        .find(|(_, rest)| cuts(rest).any(|(scope, _)| directory.scopes.contains(scope)))
        .map(|(before, _)| before)
}

/// All ways to cut a text at one `_` into two parts that are not empty.
pub(super) fn cuts(text: &str) -> impl DoubleEndedIterator<Item = (&str, &str)> {
    text.match_indices('_').filter_map(|(at, _)| {
        let (left, right) = (text.get(..at)?, text.get(at + 1..)?);
        (!left.is_empty() && !right.is_empty()).then_some((left, right))
    })
}
