//! What the values of one column may be.

use std::collections::{BTreeSet, HashSet};

use tidewaiter::schema::FieldType;

use super::dates::forms;
use super::typed::{self, Type};
use super::values::{self, PAIRS, STYLES};
use super::vocabulary::{CODES, COUNTRIES, DAYS, TRUTHS};
use super::words::words;

/// How many values show which forms of dates are worth counting.
const GLANCE: usize = 100;
/// The longest whole number that is read as one: a float of an export's program would change longer ones.
const DIGITS: usize = 15;
/// From how many values on a few strange ones are worth a word.
const FEW: usize = 20;

/// What is known of a column.
#[derive(Debug)]
pub(super) struct Judged {
    /// Values that are no missing ones.
    pub(super) filled: usize,
    /// Empty and missing values.
    pub(super) empty: usize,
    /// Texts that mean "no value" here.
    pub(super) missing: BTreeSet<String>,
    pub(super) shape: Shape,
    /// A value, to show.
    pub(super) example: String,
    /// True if each value is there once in its file.
    pub(super) is_unique: bool,
    /// The longest value, in characters.
    pub(super) longest: usize,
    /// Why it is a text, where that may surprise.
    pub(super) note: Option<Note>,
}

/// What all values of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// Of this type, whatever the options of the import.
    Is(Type),
    Truths {
        yes: BTreeSet<String>,
        no: BTreeSet<String>,
    },
    /// Numbers: which styles read all of them, and which of these read whole numbers only.
    Numbers {
        fits: Vec<bool>,
        whole: Vec<bool>,
    },
    /// Dates: which forms read all of them, as places in [`forms`].
    Dates(Vec<usize>),
}

/// Why a column is a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) text: String,
    pub(super) is_doubt: bool,
}

/// Judges the values of a column, file by file. `wanted` is the type of the field that it is to fill, if that is known.
pub(super) fn judge(label: &str, files: &[Vec<&str>], wanted: Option<FieldType>) -> Judged {
    let all = || files.iter().flatten().copied();
    let mut missing: BTreeSet<String> = BTreeSet::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut is_unique = true;
    let (mut filled, mut empty, mut longest) = (Vec::new(), 0, 0);
    for file in files {
        seen.clear();
        for value in file {
            if value.is_empty() {
                empty += 1;
            } else if values::is_missing(value) {
                empty += 1;
                missing.insert((*value).to_owned());
            } else {
                is_unique &= seen.insert(value);
                longest = longest.max(value.chars().count());
                filled.push(*value);
            }
        }
    }
    let hints = Hints::of(label, wanted);
    let (mut shape, mut note) = shape(&filled, &hints);
    if shape == Shape::Is(Type::Text) && filled.iter().any(|value| values::may_be_missing(value)) {
        let rest: Vec<&str> = filled.iter().filter(|value| !values::may_be_missing(value)).copied().collect();
        let (other, other_note) = self::shape(&rest, &hints);
        if !matches!(other, Shape::Is(_)) {
            (shape, note) = (other, other_note);
            empty += filled.len() - rest.len();
            missing.extend(all().filter(|value| values::may_be_missing(value)).map(str::to_owned));
            filled = rest;
        }
    }
    let example = filled.first().map(|value| (*value).to_owned()).unwrap_or_default();
    Judged { filled: filled.len(), empty, missing, shape, example, is_unique, longest, note }
}

/// What a label, or the field that it fills, says of the values.
struct Hints {
    is_text: bool,
    is_code: bool,
    is_day: bool,
    is_truth: bool,
    is_country: bool,
    is_number: bool,
    /// The type is known, so a few values that are not of it are mistakes.
    is_known: bool,
}

impl Hints {
    fn of(label: &str, wanted: Option<FieldType>) -> Self {
        let words = words(label);
        let joined = words.concat();
        let says = |list: &[&str]| {
            words.iter().any(|word| list.contains(&word.as_str())) || list.contains(&joined.as_str())
        };
        let is_free = wanted.is_none();
        Self {
            is_text: wanted == Some(FieldType::String),
            is_code: is_free && says(&CODES),
            is_day: matches!(wanted, Some(FieldType::Date | FieldType::Datetime)) || (is_free && says(&DAYS)),
            is_truth: wanted == Some(FieldType::Boolean) || (is_free && says(&TRUTHS)),
            is_country: is_free && says(&COUNTRIES),
            is_number: matches!(wanted, Some(FieldType::Integer | FieldType::Number)),
            is_known: wanted.is_some(),
        }
    }
}

impl Hints {
    /// True if so many of the first values make a form worth counting.
    fn is_glanced(&self, count: usize, of: usize) -> bool {
        count * 10 >= of * 9 || self.is_enough(count, of)
    }

    /// True if so many of the values are enough to believe that all are meant to be alike.
    fn is_enough(&self, count: usize, of: usize) -> bool {
        count == of || (self.is_known && of >= 3 && of - count <= (of / 20).max(1))
    }
}

fn shape(values: &[&str], hints: &Hints) -> (Shape, Option<Note>) {
    let is = |kind| (Shape::Is(kind), None);
    if values.is_empty() || hints.is_text {
        return is(Type::Text);
    }
    if let Some(shape) = truths(values, hints) {
        let note = one_sided(&shape, values);
        return (shape, note);
    }
    if values.iter().all(|value| values::is_country(value)) {
        let kind = if values.iter().all(|value| value.len() == 2) { Type::Country2 } else { Type::Country3 };
        let is_even = kind == Type::Country2 || values.iter().all(|value| value.len() == 3);
        if hints.is_country && is_even {
            return is(kind);
        }
        if hints.is_country {
            let text = "countries, some as two letters, some as three: kept as text".to_owned();
            return (Shape::Is(Type::Text), Some(Note { text, is_doubt: true }));
        }
    }
    for kind in [Type::Email, Type::Uuid] {
        if values.iter().all(|value| typed::fits(kind, value)) {
            return is(kind);
        }
    }
    if values.iter().all(|value| value.contains("://") && typed::fits(Type::Uri, value)) {
        return is(Type::Uri);
    }
    let mut near = None;
    match dates(values, hints) {
        Ok(Some(fitting)) => return (Shape::Dates(fitting), None),
        Ok(None) => {}
        Err(note) => near = Some(note),
    }
    match numbers(values, hints) {
        Ok(Some(shape)) => (shape, None),
        Ok(None) => (Shape::Is(Type::Text), near),
        Err(note) => (Shape::Is(Type::Text), Some(note)),
    }
}

/// A column of truths: each value is of one pair of texts.
fn truths(values: &[&str], hints: &Hints) -> Option<Shape> {
    let digit = |value: &&str| matches!(*value, "0" | "1");
    let mut distinct: BTreeSet<&str> = BTreeSet::new();
    for value in values {
        distinct.insert(value);
        // A column of truths has few spellings.
        if distinct.len() > 8 {
            return None;
        }
    }
    if distinct.iter().all(digit) {
        let side = |wanted: &str| {
            distinct.iter().filter(|value| **value == wanted).map(|value| (*value).to_owned()).collect()
        };
        return hints.is_truth.then(|| Shape::Truths { yes: side("1"), no: side("0") });
    }
    let fits = |pair: usize| -> Option<Shape> {
        let (mut yes, mut no) = (BTreeSet::new(), BTreeSet::new());
        for value in &distinct {
            let (_, is_true) = values::truths(value).find(|(found, _)| *found == pair)?;
            if is_true { &mut yes } else { &mut no }.insert((*value).to_owned());
        }
        // One side alone may be a word of another meaning, unless the label says what it is.
        if (yes.is_empty() || no.is_empty()) && !hints.is_truth && pair != 0 {
            return None;
        }
        if yes.is_empty() {
            yes = no.iter().filter_map(|text| values::counterpart(pair, text)).collect();
        }
        if no.is_empty() {
            no = yes.iter().filter_map(|text| values::counterpart(pair, text)).collect();
        }
        Some(Shape::Truths { yes, no })
    };
    (0..PAIRS).find_map(fits)
}

/// What is said of truths of which only one side was seen.
fn one_sided(shape: &Shape, values: &[&str]) -> Option<Note> {
    let Shape::Truths { yes, no } = shape else { return None };
    let is_seen = |texts: &BTreeSet<String>| values.iter().any(|value| texts.contains(*value));
    let (seen, other) = match (is_seen(yes), is_seen(no)) {
        (true, false) => (yes, no),
        (false, true) => (no, yes),
        _ => return None,
    };
    let listed = |texts: &BTreeSet<String>| {
        texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(" or ")
    };
    let text = if other.is_empty() {
        format!("only {} was seen of true and false", listed(seen))
    } else {
        format!("only {} was seen; {} is taken to be its opposite", listed(seen), listed(other))
    };
    Some(Note { text, is_doubt: true })
}

/// The forms of dates that read all values; an error if they read nearly all.
fn dates(values: &[&str], hints: &Hints) -> Result<Option<Vec<usize>>, Note> {
    let glance: Vec<&str> = values.iter().take(GLANCE).copied().collect();
    let has_digits = |value: &&&str| value.bytes().any(|byte| byte.is_ascii_digit());
    if !hints.is_glanced(glance.iter().filter(has_digits).count(), glance.len()) {
        return Ok(None);
    }
    let worth = |form: &super::dates::Form| {
        (hints.is_day || !form.needs_label)
            && hints.is_glanced(glance.iter().filter(|value| form.reads(value)).count(), glance.len())
    };
    let counted: Vec<(usize, usize)> = forms()
        .iter()
        .enumerate()
        .filter(|(_, form)| worth(form))
        .map(|(n, form)| (n, values.iter().filter(|value| form.reads(value)).count()))
        .collect();
    let most = counted.iter().map(|(_, count)| *count).max().unwrap_or_default();
    let is_enough = hints.is_enough(most, values.len());
    let fitting: Vec<usize> =
        counted.iter().filter(|(_, count)| is_enough && *count == most).map(|(n, _)| *n).collect();
    if !fitting.is_empty() {
        return Ok(Some(fitting));
    }
    let Some((best, count)) = counted.into_iter().max_by_key(|(_, count)| *count) else { return Ok(None) };
    let Some(form) = forms().get(best) else { return Ok(None) };
    match values.iter().find(|value| !form.reads(value)) {
        Some(strange) if values.len() >= FEW => Err(nearly("dates", count, values.len(), strange)),
        _ => Ok(None),
    }
}

/// The styles of numbers that read all values; an error says why digits are a text.
fn numbers(values: &[&str], hints: &Hints) -> Result<Option<Shape>, Note> {
    let mut counts = [0_usize; STYLES.len()];
    let mut whole = [true; STYLES.len()];
    let (mut zero, mut long) = (None, None);
    for value in values {
        for (n, style) in STYLES.iter().enumerate() {
            let Some(read) = values::number(value, *style) else { continue };
            if let (Some(count), Some(whole)) = (counts.get_mut(n), whole.get_mut(n)) {
                *count += 1;
                *whole &= read.is_whole;
            }
            if read.has_leading_zero {
                zero = zero.or(Some(*value));
            }
            if read.is_whole && read.digits > DIGITS {
                long = long.or(Some(*value));
            }
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let is_all = hints.is_enough(most, values.len());
    if !is_all {
        let best = STYLES.iter().zip(counts).find(|(_, count)| *count == most).map(|(style, _)| *style);
        let strange = best.and_then(|best| values.iter().find(|value| values::number(value, best).is_none()));
        return match strange {
            Some(strange) if values.len() >= FEW && most * 10 >= values.len() * 9 => {
                Err(nearly("numbers", most, values.len(), strange))
            }
            _ => Ok(None),
        };
    }
    let text = |why: String| Note { text: why, is_doubt: false };
    if !hints.is_number {
        if hints.is_code {
            return Err(text("digits of a code, not a quantity: kept as text".to_owned()));
        }
        if let Some(value) = zero {
            return Err(text(format!(
                "`{value}` begins with a zero, which a number would lose: kept as text"
            )));
        }
        if let Some(value) = long {
            return Err(text(format!("`{value}` has more digits than a quantity: kept as text")));
        }
    }
    let fits = counts.iter().map(|count| *count == most).collect();
    Ok(Some(Shape::Numbers { fits, whole: whole.to_vec() }))
}

fn nearly(what: &str, count: usize, of: usize, strange: &str) -> Note {
    let strange: String = strange.chars().take(40).collect();
    let text = format!(
        "{count} of {of} values are {what}, but not `{strange}`: kept as text, so that every row lands"
    );
    Note { text, is_doubt: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape_of(label: &str, values: &[&str]) -> Shape {
        judge(label, &[values.to_vec()], None).shape
    }

    fn dates_of(values: &[&str]) -> Vec<&'static str> {
        match shape_of("x", values) {
            Shape::Dates(fitting) => fitting.iter().map(|n| forms()[*n].written).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dates_are_settled_by_all_values() {
        assert_eq!(dates_of(&["01/02/2026", "23/04/1988"]), ["dd/mm/yyyy"]);
        assert_eq!(dates_of(&["01/02/2026", "04/23/1988"]), ["mm/dd/yyyy"]);
        assert_eq!(dates_of(&["01/02/2026", "02/03/1988"]), ["dd/mm/yyyy", "mm/dd/yyyy"]);
        assert_eq!(dates_of(&["2026-01-31"])[0], "");
        assert_eq!(dates_of(&["28.11.2026 13:45"]), ["dd.mm.yyyy hh:mm"]);
    }

    #[test]
    fn digits_of_a_day_need_a_label() {
        assert!(matches!(shape_of("number", &["20261128", "20261129"]), Shape::Numbers { .. }));
        assert!(matches!(shape_of("order date", &["20261128", "20261129"]), Shape::Dates(_)));
    }

    #[test]
    fn codes_stay_texts() {
        for (label, value) in [("zip", "13002"), ("n", "007"), ("n", "1234567890123456"), ("Telefon", "0612")]
        {
            let judged = judge(label, &[vec![value]], None);
            assert_eq!(judged.shape, Shape::Is(Type::Text), "{label}");
            assert!(judged.note.is_some(), "{label}");
        }
    }

    #[test]
    fn truths_come_in_pairs() {
        assert!(matches!(shape_of("x", &["Yes", "No"]), Shape::Truths { .. }));
        assert!(matches!(shape_of("x", &["oui", "NON"]), Shape::Truths { .. }));
        assert_eq!(shape_of("x", &["no", "no"]), Shape::Is(Type::Text));
        assert!(matches!(shape_of("is_active", &["0", "0"]), Shape::Truths { .. }));
        assert!(matches!(shape_of("count", &["0", "1"]), Shape::Numbers { .. }));
    }

    #[test]
    fn links_addresses_and_countries_are_told() {
        assert_eq!(shape_of("x", &["https://example.org/a.pdf"]), Shape::Is(Type::Uri));
        assert_eq!(shape_of("x", &["a@example.org"]), Shape::Is(Type::Email));
        assert_eq!(shape_of("Pays", &["FR", "DE"]), Shape::Is(Type::Country2));
        assert_eq!(shape_of("country_code", &["FRA", "DEU"]), Shape::Is(Type::Country3));
        assert_eq!(shape_of("Pays", &["FR", "DEU"]), Shape::Is(Type::Text));
        assert_eq!(shape_of("size", &["FR", "DE"]), Shape::Is(Type::Text));
    }

    #[test]
    fn words_for_no_value_do_not_hide_a_type() {
        let judged = judge("price", &[vec!["1", "NULL", "", "-"]], None);
        assert!(matches!(judged.shape, Shape::Numbers { .. }));
        assert_eq!((judged.filled, judged.empty), (1, 3));
        assert!(judged.missing.contains("NULL") && judged.missing.contains("-"));
        let judged = judge("country", &[vec!["NA", "FR"]], None);
        assert_eq!((judged.shape, judged.missing.len()), (Shape::Is(Type::Country2), 0));
    }

    #[test]
    fn one_strange_value_makes_a_text_and_is_shown() {
        let mut values = vec!["2026-01-31"; 30];
        values.push("soon");
        let judged = judge("x", &[values], None);
        assert_eq!(judged.shape, Shape::Is(Type::Text));
        assert!(judged.note.is_some_and(|note| note.is_doubt && note.text.contains("`soon`")));
    }
}
