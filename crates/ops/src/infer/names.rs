//! Names of files: which belong to one import, and the pattern that they have in common.

use tidewaiter::name::{ARCHIVES, FilePattern, is_part};

use super::words::words;

/// Words of file names that do not say what a file holds.
const NOISE: [&str; 17] = [
    "export",
    "exports",
    "extract",
    "extraction",
    "dump",
    "daily",
    "full",
    "delta",
    "data",
    "list",
    "liste",
    "file",
    "report",
    "all",
    "csv",
    "txt",
    "copy",
];

/// The forms of a day in a name of digits and what stands between them, with the placeholder for each. The order decides
/// where a name has two readings.
const DATES: [(&str, &str); 12] = [
    ("yyyy-mm-dd", "{date}"),
    ("yyyy_mm_dd", "{date}"),
    ("yyyy.mm.dd", "{date:yyyy.mm.dd}"),
    ("dd-mm-yyyy", "{date:dd-mm-yyyy}"),
    ("dd_mm_yyyy", "{date:dd_mm_yyyy}"),
    ("dd.mm.yyyy", "{date:dd.mm.yyyy}"),
    ("mm-dd-yyyy", "{date:mm-dd-yyyy}"),
    ("mm_dd_yyyy", "{date:mm_dd_yyyy}"),
    ("mm.dd.yyyy", "{date:mm.dd.yyyy}"),
    ("yyyymmdd", "{date}"),
    ("ddmmyyyy", "{date:ddmmyyyy}"),
    ("mmddyyyy", "{date:mmddyyyy}"),
];

/// What a pattern may have of `*`.
const MOST_OPEN: usize = 4;

/// What the names of the files of one import have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Naming {
    /// The pattern; None if no pattern fits all of them.
    pub(super) pattern: Option<String>,
    /// A name for the import.
    pub(super) import: String,
    /// What the files seem to hold.
    pub(super) words: Vec<String>,
    /// Another form of the day that fits all of the names.
    pub(super) other_date: Option<&'static str>,
}

/// A name without the tag of a group before it: `daily.01-03_`. Patterns are compared with the rest.
fn untagged(name: &str) -> &str {
    let is_tag = |at: &usize| {
        let tag = name.as_bytes().get(*at..*at + 7).unwrap_or_default();
        let digit = |n: usize| tag.get(n).is_some_and(u8::is_ascii_digit);
        tag.first() == Some(&b'.')
            && tag.get(3) == Some(&b'-')
            && tag.get(6) == Some(&b'_')
            && [1, 2, 4, 5].into_iter().all(digit)
    };
    let tag = (1..name.len()).find(is_tag);
    tag.and_then(|at| name.get(at + 7..)).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// A name with its digits made equal, so that files of different days look the same.
pub(super) fn skeleton(name: &str) -> String {
    let (stem, ending) = stem(untagged(name));
    let stem = without_copy(stem);
    let mut skeleton = String::new();
    for c in stem.chars() {
        let c = if c.is_ascii_digit() { '0' } else { c };
        if c != '0' || !skeleton.ends_with('0') {
            skeleton.push(c);
        }
    }
    skeleton + "|" + &ending.to_ascii_lowercase()
}

/// What names of one skeleton have in common.
pub(super) fn common(names: &[&str]) -> Naming {
    let names: Vec<&str> = names.iter().map(|name| untagged(name)).collect();
    let mut fitting = DATES.iter().filter_map(|(form, placeholder)| {
        let patterns: Option<Vec<String>> = names.iter().map(|name| dated(name, form, placeholder)).collect();
        Some((*placeholder, patterns?))
    });
    let first = fitting.next();
    let other_date = first.as_ref().and_then(|_| fitting.next()).map(|(placeholder, _)| placeholder);
    let patterns =
        first.map_or_else(|| names.iter().map(|name| undated(name)).collect(), |(_, patterns)| patterns);
    let mut written = patterns.first().cloned().unwrap_or_default();
    if patterns.iter().any(|pattern| *pattern != written) {
        // Digits that differ where none was expected to.
        written = open_digits(&written);
    }
    let fits = |pattern: &FilePattern| names.iter().all(|name| pattern.fit(name).is_some());
    let pattern = FilePattern::parse(&written).ok().filter(fits).map(|pattern| pattern.to_string());
    let words = subject(&written);
    Naming { pattern, import: import_name(&words), words, other_date }
}

/// The import and the scope of a name of the usual form; None if the name is of another one.
pub(super) fn usual(name: &str, universe: &str) -> Option<(String, String)> {
    let stem = untagged(name).strip_suffix(".csv")?;
    let rest = stem.strip_prefix(universe)?.strip_prefix('_')?;
    let (rest, date) = rest.rsplit_once('_')?;
    if date.len() != 8 || dated(&format!("{date}.csv"), "yyyymmdd", "{date}").is_none() {
        return None;
    }
    let (scope, import) = rest.split_once('_')?;
    (is_part(scope) && is_part(import)).then(|| (scope.to_owned(), import.to_owned()))
}

/// A name that a scope or an import may have, made of words.
pub(super) fn part(words: &[String], between: &str) -> String {
    let ascii: Vec<String> = words
        .iter()
        .map(|word| word.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    let mut part = String::new();
    for word in ascii {
        if part.len() + word.len() > 40 {
            break;
        }
        if !part.is_empty() {
            part.push_str(between);
        }
        part.push_str(&word);
    }
    if part.is_empty() { "main".to_owned() } else { part }
}

/// The words of a subject that say what a file holds.
pub(super) fn telling(words: &[String]) -> Vec<String> {
    let telling: Vec<String> = words.iter().filter(|word| !NOISE.contains(&word.as_str())).cloned().collect();
    if telling.is_empty() { words.to_vec() } else { telling }
}

fn import_name(words: &[String]) -> String {
    part(words, "-")
}

/// The words of a pattern, without its placeholders and endings.
fn subject(pattern: &str) -> Vec<String> {
    let (stem, _) = stem(pattern);
    let mut plain = String::new();
    let mut is_placeholder = false;
    for c in stem.chars() {
        match c {
            '{' => is_placeholder = true,
            '}' => is_placeholder = false,
            _ if is_placeholder => {}
            _ => plain.push(c),
        }
        if c == '}' || c == '*' {
            plain.push(' ');
        }
    }
    words(&plain)
}

/// The stem of a name and its endings: `a.csv.gz` is `a` and `.csv.gz`.
fn stem(name: &str) -> (&str, &str) {
    let lower = name.to_ascii_lowercase();
    let packed = ARCHIVES.iter().find(|ending| lower.ends_with(*ending)).map_or(0, |ending| ending.len());
    let unpacked = name.len() - packed;
    let inner = name.get(..unpacked).unwrap_or(name);
    let end = match inner.rsplit_once('.') {
        Some((stem, ending))
            if (1..=5).contains(&ending.len())
                && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && ending.bytes().any(|byte| byte.is_ascii_alphabetic()) =>
        {
            stem.len()
        }
        _ => inner.len(),
    };
    name.split_at_checked(end).unwrap_or((name, ""))
}

/// A stem without the ` (2)` that a browser adds to a second download.
fn without_copy(stem: &str) -> &str {
    let copy = stem.strip_suffix(')').and_then(|open| open.rsplit_once('('));
    match copy {
        Some((before, digits)) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            before.trim_end()
        }
        _ => stem,
    }
}

/// The pattern of a name with a day in this form; None if it has none.
fn dated(name: &str, form: &str, placeholder: &str) -> Option<String> {
    let (whole, ending) = stem(name);
    let inner = without_copy(whole);
    let at = inner.char_indices().map(|(at, _)| at).find(|at| is_date(inner, *at, form))?;
    let before = inner.get(..at)?;
    let behind = inner.get(at + form.len()..)?;
    let copy = if inner.len() < whole.len() { "*" } else { "" };
    Some(tidy(&format!("{}{placeholder}{}{copy}{ending}", open_counters(before), open_counters(behind))))
}

/// The pattern of a name without a day.
fn undated(name: &str) -> String {
    let (whole, ending) = stem(name);
    let inner = without_copy(whole);
    let copy = if inner.len() < whole.len() { "*" } else { "" };
    tidy(&format!("{}{copy}{ending}", open_counters(inner)))
}

/// True if a day in this form begins at this place. A form without separators takes whole runs of digits, or the first
/// digits of a day with a time.
fn is_date(text: &str, at: usize, form: &str) -> bool {
    let digit = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_digit);
    let Some(found) = text.get(at..at + form.len()) else { return false };
    let run = text.get(at..).map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let is_compact = form.bytes().all(|byte| byte.is_ascii_alphabetic());
    let ends = if is_compact { matches!(run, 8 | 12 | 14) } else { !digit(Some(at + form.len())) };
    if digit(at.checked_sub(1)) || !ends {
        return false;
    }
    let (mut year, mut month, mut day) = (0_u32, 0_u32, 0_u32);
    for (letter, c) in form.chars().zip(found.chars()) {
        let part = match letter {
            'y' => &mut year,
            'm' => &mut month,
            'd' => &mut day,
            _ if letter == c => continue,
            _ => return false,
        };
        let Some(digit) = c.to_digit(10) else { return false };
        *part = *part * 10 + digit;
    }
    let date = (i16::try_from(year), i8::try_from(month), i8::try_from(day));
    let (Ok(year), Ok(month), Ok(day)) = date else { return false };
    (1990..2100).contains(&year) && jiff::civil::Date::new(year, month, day).is_ok()
}

/// Digits that stand alone are a counter or a time; those of a word, such as `crm2`, are part of the name.
fn open_counters(text: &str) -> String {
    let mut open = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run = rest.bytes().take_while(u8::is_ascii_digit).count();
        let is_counter = run > 0 && !open.chars().next_back().is_some_and(char::is_alphabetic);
        if is_counter || matches!(c, '{' | '}' | '%' | '\\' | '/') || c.is_control() {
            open.push('*');
        } else {
            open.push_str(rest.get(..run.max(c.len_utf8())).unwrap_or_default());
        }
        rest = rest.get(run.max(c.len_utf8())..).unwrap_or_default();
    }
    open
}

fn open_digits(pattern: &str) -> String {
    let mut open = String::new();
    let mut is_placeholder = false;
    for c in pattern.chars() {
        is_placeholder = (is_placeholder || c == '{') && c != '}';
        open.push(if c.is_ascii_digit() && !is_placeholder { '*' } else { c });
    }
    tidy(&open)
}

/// A pattern without a `*` behind another, and with at most four.
fn tidy(pattern: &str) -> String {
    let mut tidy = String::new();
    let mut count = 0;
    for c in pattern.chars() {
        if c == '*' && (tidy.ends_with('*') || count == MOST_OPEN) {
            continue;
        }
        count += usize::from(c == '*');
        tidy.push(c);
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_made_of_names() {
        for (names, pattern) in [
            (vec!["products_2026-11-28.csv.gz"], "products_{date}.csv.gz"),
            (vec!["products_2026-11-28.csv.gz", "products_2026-11-29.csv.gz"], "products_{date}.csv.gz"),
            (vec!["ORDERS_28112026.txt"], "ORDERS_{date:ddmmyyyy}.txt"),
            (vec!["Kunden 28.11.2026.csv"], "Kunden {date:dd.mm.yyyy}.csv"),
            (vec!["Kunden 28.11.2026 (2).csv"], "Kunden {date:dd.mm.yyyy}*.csv"),
            (vec!["export_20261128_131500.csv"], "export_{date}_*.csv"),
            (vec!["export_20261128131500.csv"], "export_{date}*.csv"),
            (vec!["customers-export.csv"], "customers-export.csv"),
            (vec!["crm2_export_00012.csv"], "crm2_export_*.csv"),
            (vec!["stores (1).csv"], "stores*.csv"),
            (vec!["a1.csv", "a2.csv"], "a*.csv"),
            (vec!["daily.01-02_stores_2026-11-28.csv"], "stores_{date}.csv"),
            (vec!["100%.csv", "12%.csv"], "*.csv"),
        ] {
            let found = common(&names);
            assert_eq!(found.pattern.unwrap_or_default(), pattern, "{names:?}");
        }
    }

    #[test]
    fn two_readings_of_a_date_are_told() {
        assert_eq!(common(&["a_05-06-2026.csv"]).other_date, Some("{date:mm-dd-yyyy}"));
        assert_eq!(common(&["a_05-06-2026.csv", "a_25-06-2026.csv"]).other_date, None);
    }

    #[test]
    fn imports_are_named_after_files() {
        assert_eq!(common(&["ORDERS_28112026.txt"]).import, "orders");
        assert_eq!(common(&["customers-export.csv"]).import, "customers-export");
        assert_eq!(telling(&common(&["customers-export.csv"]).words), ["customers"]);
        assert_eq!(common(&["20261128.csv"]).import, "main");
    }

    #[test]
    fn names_of_the_usual_form_need_no_pattern() {
        let found = usual("acme_contacts_crm_20260131.csv", "acme");
        assert_eq!(found, Some(("contacts".to_owned(), "crm".to_owned())));
        assert_eq!(usual("acme_contacts_crm.csv", "acme"), None);
        assert_eq!(usual("shop_contacts_crm_20260131.csv", "acme"), None);
    }

    #[test]
    fn files_of_one_import_have_one_skeleton() {
        assert_eq!(skeleton("p_2026-11-28.csv"), skeleton("p_2026-11-29 (3).csv"));
        assert_ne!(skeleton("p_2026-11-28.csv"), skeleton("q_2026-11-28.csv"));
    }
}
