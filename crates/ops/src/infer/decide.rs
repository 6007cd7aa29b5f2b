//! The options that hold for all columns of an import, chosen so that they read as many columns as possible.

use std::collections::BTreeSet;

use super::dates::{Form, forms};
use super::judge::{Judged, Note, Shape};
use super::typed::Type;
use super::values::{PLAIN, STYLES, Style};

/// What is decided for an import.
#[derive(Debug)]
pub(super) struct Decision {
    /// The type of each column.
    pub(super) types: Vec<Type>,
    /// What there is to say of a column, by its place.
    pub(super) notes: Vec<(usize, Note)>,
    pub(super) style: Style,
    pub(super) date_formats: Vec<&'static str>,
    /// The texts that mean true and false, unless they are the usual ones.
    pub(super) truths: Option<(BTreeSet<String>, BTreeSet<String>)>,
    pub(super) missing: BTreeSet<String>,
}

/// The texts that mean true or false without options.
const USUAL_TRUTHS: [&str; 8] = ["true", "True", "TRUE", "1", "false", "False", "FALSE", "0"];

/// Decides for columns. `is_european` says whether the file has other signs that commas are decimal separators and days
/// come before months.
pub(super) fn decide(columns: &[Judged], is_european: bool) -> Decision {
    let mut decision = Decision {
        types: columns
            .iter()
            .map(|column| if let Shape::Is(kind) = column.shape { kind } else { Type::Text })
            .collect(),
        notes: Vec::new(),
        style: PLAIN,
        date_formats: Vec::new(),
        truths: None,
        missing: columns.iter().flat_map(|column| column.missing.iter().cloned()).collect(),
    };
    for (n, column) in columns.iter().enumerate() {
        if let Some(note) = &column.note {
            decision.notes.push((n, note.clone()));
        }
    }
    decision.numbers(columns, is_european);
    let is_european = is_european || decision.style.decimal == ',';
    decision.dates(columns, is_european);
    decision.truths(columns);
    decision
}

impl Decision {
    fn note(&mut self, column: usize, is_doubt: bool, text: String) {
        self.notes.push((column, Note { text, is_doubt }));
    }

    fn set(&mut self, column: usize, kind: Type) {
        if let Some(known) = self.types.get_mut(column) {
            *known = kind;
        }
    }

    /// Chooses one style of numbers.
    fn numbers(&mut self, columns: &[Judged], is_european: bool) {
        let numeric: Vec<(usize, &Vec<bool>, &Vec<bool>)> = columns
            .iter()
            .enumerate()
            .filter_map(|(n, column)| match &column.shape {
                Shape::Numbers { fits, whole } => Some((n, fits, whole)),
                _ => None,
            })
            .collect();
        if numeric.is_empty() {
            return;
        }
        let is = |list: &[bool], n: usize| list.get(n).copied().unwrap_or(false);
        let count = |n: usize| numeric.iter().filter(|(_, fits, _)| is(fits, n)).count();
        let most = (0..STYLES.len()).map(count).max().unwrap_or_default();
        let best: Vec<usize> = (0..STYLES.len()).filter(|n| count(*n) == most).collect();
        let style_of = |n: usize| STYLES.get(n).copied().unwrap_or(PLAIN);
        let is_comma = |n: &&usize| style_of(**n).decimal == ',';
        // `1.234` and `12.500` alone may be thousands where commas are decimal separators.
        let points = STYLES.iter().position(|style| style.decimal == ',' && style.thousands == Some('.'));
        let grouped = points.filter(|points| {
            is_european
                && best.contains(points)
                && best.contains(&0)
                && numeric.iter().any(|(_, _, whole)| !is(whole, 0) && is(whole, *points))
        });
        let preferred = if is_european { best.iter().find(is_comma) } else { best.first() };
        let chosen = match grouped {
            Some(points) => points,
            None if best.contains(&0) => 0,
            None => preferred.or(best.first()).copied().unwrap_or_default(),
        };
        self.style = style_of(chosen);
        let is_ambiguous = |fits: &[bool], whole: &[bool]| {
            best.iter().any(|other| {
                style_of(*other).decimal != style_of(chosen).decimal
                    && is(fits, *other)
                    && is(whole, *other) != is(whole, chosen)
            })
        };
        for (n, fits, whole) in &numeric {
            let (n, fits, whole) = (*n, *fits, *whole);
            if !is(fits, chosen) {
                let text = format!(
                    "numbers that are written otherwise than those of other columns ({}): kept as text",
                    self.style.described()
                );
                self.note(n, true, text);
                continue;
            }
            self.set(n, if is(whole, chosen) { Type::Integer } else { Type::Number });
            if is_ambiguous(fits, whole) {
                let example = columns.get(n).map(|column| column.example.clone()).unwrap_or_default();
                let text = format!(
                    "all values could be read in two ways (the first is `{example}`); read as numbers {}",
                    self.style.described()
                );
                self.note(n, true, text);
            }
        }
    }

    /// Chooses forms of dates that do not contradict each other.
    fn dates(&mut self, columns: &[Judged], is_european: bool) {
        let dated = |column: &Judged| match &column.shape {
            Shape::Dates(fitting) => {
                Some(fitting.iter().filter_map(|n| forms().get(*n)).collect::<Vec<&Form>>())
            }
            _ => None,
        };
        let dated: Vec<(usize, Vec<&Form>)> =
            columns.iter().enumerate().filter_map(|(n, column)| Some((n, dated(column)?))).collect();
        if dated.iter().all(|(_, fitting)| fitting.iter().any(|form| form.is_native)) {
            for (n, fitting) in &dated {
                let has_time = fitting.iter().any(|form| form.is_native && form.has_time);
                self.set(*n, if has_time { Type::Datetime } else { Type::Date });
            }
            return;
        }
        // What only one form reads settles what several read.
        let day_first = |form: &&&Form| form.is_day_first();
        let month_first = |form: &&&Form| form.is_month_first();
        let is_open = |fitting: &[&Form]| {
            fitting.iter().find(day_first).is_some() && fitting.iter().find(month_first).is_some()
        };
        let settled = |wanted: fn(&&&Form) -> bool| {
            dated
                .iter()
                .filter(|(_, fitting)| !is_open(fitting) && fitting.iter().find(wanted).is_some())
                .count()
        };
        let (days, months) = (settled(|form| form.is_day_first()), settled(|form| form.is_month_first()));
        let prefers_days = days > months || (days == months && is_european);
        let mut order: Vec<&(usize, Vec<&Form>)> = dated.iter().collect();
        order.sort_by_key(|(_, fitting)| is_open(fitting));
        let mut chosen: Vec<&Form> = Vec::new();
        for (n, fitting) in order {
            let possible = |form: &&&Form| {
                !form.is_native
                    && !chosen.iter().any(|other| form.contradicts(other) && form.written != other.written)
            };
            let suits =
                |form: &&&Form| if prefers_days { !form.is_month_first() } else { !form.is_day_first() };
            let found = fitting.iter().filter(possible).find(suits).or_else(|| fitting.iter().find(possible));
            let Some(form) = found.copied() else {
                let text = "dates in a form that contradicts that of other columns: kept as text".to_owned();
                self.note(*n, true, text);
                continue;
            };
            self.set(*n, if form.has_time { Type::Datetime } else { Type::Date });
            let is_settled = days + months > 0 && days != months;
            if is_open(fitting) && !is_settled {
                let example = columns.get(*n).map(|column| column.example.clone()).unwrap_or_default();
                let side = if form.is_day_first() { "day first" } else { "month first" };
                let why = if is_european {
                    "as the rest of the file looks European"
                } else {
                    "as the rest of the file looks English"
                };
                self.note(
                    *n,
                    true,
                    format!("no value has a day above 12 (the first is `{example}`); read {side}, {why}"),
                );
            } else if is_open(fitting) {
                self.note(
                    *n,
                    false,
                    format!(
                        "read as {}: other columns settle which of day and month comes first",
                        form.written
                    ),
                );
            }
            if !chosen.iter().any(|other| other.written == form.written) {
                chosen.push(form);
            }
        }
        self.date_formats = chosen.iter().map(|form| form.written).collect();
    }

    /// Puts the texts for true and false of all columns together.
    fn truths(&mut self, columns: &[Judged]) {
        let (mut all_yes, mut all_no) = (BTreeSet::<String>::new(), BTreeSet::<String>::new());
        for (n, column) in columns.iter().enumerate() {
            let Shape::Truths { yes, no } = &column.shape else { continue };
            if !yes.is_disjoint(&all_no) || !no.is_disjoint(&all_yes) {
                let text = "truths whose texts mean the opposite in another column: kept as text".to_owned();
                self.note(n, true, text);
                continue;
            }
            all_yes.extend(yes.iter().cloned());
            all_no.extend(no.iter().cloned());
            self.set(n, Type::Boolean);
        }
        let is_usual = |text: &String| USUAL_TRUTHS.contains(&text.as_str());
        if !all_yes.iter().chain(&all_no).all(is_usual) {
            // The option takes the place of the usual texts, so the counterpart of a lone 1 or 0 belongs to it, too.
            if all_yes.contains("1") || all_no.contains("0") {
                all_yes.insert("1".to_owned());
                all_no.insert("0".to_owned());
            }
            self.truths = Some((all_yes, all_no));
        }
    }
}

impl Style {
    /// The style in words.
    pub(super) fn described(self) -> String {
        let separator = match self.thousands {
            None => String::new(),
            Some(' ') => " and spaces between thousands".to_owned(),
            Some(c) => format!(" and `{c}` between thousands"),
        };
        format!("with a decimal `{}`{separator}", self.decimal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::judge::judge;
    use super::*;

    fn decided(columns: &[&[&str]], is_european: bool) -> Decision {
        let judged: Vec<Judged> = columns.iter().map(|values| judge("x", &[values.to_vec()], None)).collect();
        decide(&judged, is_european)
    }

    #[test]
    fn one_style_of_numbers_is_chosen() {
        let found = decided(&[&["1.234,50", "2,00"], &["1.200"], &["5"]], true);
        assert_eq!((found.style.decimal, found.style.thousands), (',', Some('.')));
        assert_eq!(found.types, [Type::Number, Type::Integer, Type::Integer]);
        let found = decided(&[&["12.50"], &["1"], &["3.25"], &["12,50"]], false);
        assert_eq!(found.style, PLAIN);
        assert_eq!(found.types[3], Type::Text);
        assert!(found.notes.iter().any(|(n, note)| *n == 3 && note.is_doubt));
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_a_doubt() {
        let found = decided(&[&["1,234"]], false);
        assert_eq!((found.style.thousands, found.types[0]), (Some(','), Type::Integer));
        assert!(found.notes.iter().any(|(_, note)| note.is_doubt));
        let found = decided(&[&["1,234"]], true);
        assert_eq!((found.style.decimal, found.types[0]), (',', Type::Number));
        let found = decided(&[&["1.234", "900"]], true);
        assert_eq!((found.style.thousands, found.types[0]), (Some('.'), Type::Integer));
        assert!(decided(&[&["1.5", "900"]], true).notes.is_empty());
    }

    #[test]
    fn dates_of_one_column_settle_those_of_another() {
        let found = decided(&[&["01/02/2026"], &["23/04/2026"]], false);
        assert_eq!(found.date_formats, ["dd/mm/yyyy"]);
        assert!(found.notes.iter().all(|(_, note)| !note.is_doubt));
        let found = decided(&[&["01/02/2026"]], false);
        assert_eq!(found.date_formats, ["mm/dd/yyyy"]);
        assert!(found.notes.iter().any(|(_, note)| note.is_doubt));
        assert_eq!(decided(&[&["01/02/2026"]], true).date_formats, ["dd/mm/yyyy"]);
    }

    #[test]
    fn dates_that_contradict_stay_text() {
        let found = decided(&[&["23/04/2026"], &["04/23/2026"], &["2026-01-31"]], false);
        assert_eq!(found.types.iter().filter(|kind| **kind == Type::Text).count(), 1);
        assert!(found.date_formats.contains(&"yyyy-mm-dd"));
        let found = decided(&[&["2026-01-31"], &["2026-01-31T13:45:00Z"]], false);
        assert!(found.date_formats.is_empty());
        assert_eq!(found.types, [Type::Date, Type::Datetime]);
    }

    #[test]
    fn truths_are_put_together() {
        let found = decided(&[&["true", "false"]], false);
        assert_eq!(found.truths, None);
        let found = decided(&[&["oui", "non"], &["O", "N"]], false);
        let (yes, no) = found.truths.unwrap();
        assert!(yes.contains("oui") && yes.contains("O") && no.contains("non") && no.contains("N"));
    }
}
