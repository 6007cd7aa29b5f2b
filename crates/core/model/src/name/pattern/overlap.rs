//! Whether one name can fit two patterns.

use std::collections::HashSet;

use super::{FilePattern, Form, Part, Piece};

/// How many steps of comparing patterns are left. Patterns that people write differ after a few.
#[derive(Debug, Clone, Copy)]
pub struct Steps(pub u32);

/// There are too many patterns, or too open ones, to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMuch;

impl FilePattern {
    /// A name that fits this pattern and another one; None if there is none.
    ///
    /// # Errors
    /// [`TooMuch`] if no steps are left before that is known.
    pub fn overlap(&self, other: &Self, left: &mut Steps) -> Result<Option<String>, TooMuch> {
        let (one, other) = (self.rows(), other.rows());
        for (one, other) in one.iter().flat_map(|one| other.iter().map(move |other| (one, other))) {
            if let Some(name) = common(one, other, left)? {
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    /// Each form of it as a row of classes of characters.
    fn rows(&self) -> Vec<Vec<Class>> {
        let mut rows = vec![Vec::new()];
        for part in &self.parts {
            match part {
                Part::Char(c) => rows.iter_mut().for_each(|row| row.push(Class::Char(*c))),
                Part::Suffix => rows.iter_mut().for_each(|row| row.push(Class::Alphanumerics)),
                Part::Any => rows.iter_mut().for_each(|row| row.push(Class::Any)),
                Part::Date(forms) => {
                    let longer = |row: &Vec<Class>| {
                        let longer = |form: &Form| {
                            let digits = form.iter().flat_map(|piece| classes(*piece));
                            row.iter().copied().chain(digits).collect::<Vec<Class>>()
                        };
                        forms.iter().map(longer).collect::<Vec<_>>()
                    };
                    rows = rows.iter().flat_map(longer).collect();
                }
            }
        }
        rows
    }
}

/// The classes of the characters of a piece, each with a digit of an example.
fn classes(piece: Piece) -> Vec<Class> {
    let digits = |text: &str| text.chars().map(Class::Digit).collect();
    match piece {
        Piece::Year => digits("2026"),
        Piece::ShortYear => digits("26"),
        Piece::Month => digits("01"),
        Piece::Day => digits("31"),
        Piece::Char(c) => vec![Class::Char(c)],
    }
}

/// A class of characters at a place of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Char(char),
    /// A digit; this one in an example.
    Digit(char),
    /// One or more letters and digits.
    Alphanumerics,
    /// Any number of characters.
    Any,
}

impl Class {
    fn has(self, c: char) -> bool {
        match self {
            Self::Char(own) => own == c,
            Self::Digit(_) => c.is_ascii_digit(),
            Self::Alphanumerics => c.is_ascii_alphanumeric(),
            Self::Any => true,
        }
    }

    /// A character that is of both classes. One that either of them names is the only one it may be.
    fn common(self, other: Self) -> Option<char> {
        let example = |class: Self| match class {
            Self::Char(c) | Self::Digit(c) => c,
            Self::Alphanumerics | Self::Any => 'a',
        };
        [example(self), example(other)].into_iter().find(|c| self.has(*c) && other.has(*c))
    }

    fn repeats(self) -> bool {
        matches!(self, Self::Alphanumerics | Self::Any)
    }
}

/// A place in a row, and whether its class took a character already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct At {
    place: usize,
    has_taken: bool,
}

impl At {
    const START: Self = Self { place: 0, has_taken: false };

    fn next(self) -> Self {
        Self { place: self.place + 1, has_taken: false }
    }

    /// Where a row is behind a character that its class here takes.
    fn taken(self, class: Class) -> Self {
        if class.repeats() { Self { has_taken: true, ..self } } else { self.next() }
    }

    /// True if a row may go on without a further character here.
    fn passes(self, row: &[Class]) -> bool {
        match row.get(self.place) {
            Some(Class::Any) => true,
            Some(Class::Alphanumerics) => self.has_taken,
            _ => false,
        }
    }
}

/// How a pair of places was reached: from which pair, and by which character.
struct Reached {
    one: At,
    other: At,
    from: usize,
    by: Option<char>,
}

/// A name that fits both rows: all pairs of places in them that one name can reach.
fn common(one: &[Class], other: &[Class], left: &mut Steps) -> Result<Option<String>, TooMuch> {
    let mut seen = HashSet::new();
    let mut reached = vec![Reached { one: At::START, other: At::START, from: 0, by: None }];
    let mut n = 0;
    while let Some(Reached { one: a, other: b, .. }) = reached.get(n) {
        let (a, b, from) = (*a, *b, n);
        n += 1;
        left.0 = left.0.checked_sub(1).ok_or(TooMuch)?;
        if !seen.insert((a, b)) {
            continue;
        }
        if a.place == one.len() && b.place == other.len() {
            return Ok(Some(name(&reached, from)));
        }
        if a.passes(one) {
            reached.push(Reached { one: a.next(), other: b, from, by: None });
        }
        if b.passes(other) {
            reached.push(Reached { one: a, other: b.next(), from, by: None });
        }
        if let (Some(x), Some(y)) = (one.get(a.place), other.get(b.place))
            && let Some(c) = x.common(*y)
            // Two that take anything need not take it together: one of them passes.
            && !(*x == Class::Any && *y == Class::Any)
        {
            reached.push(Reached { one: a.taken(*x), other: b.taken(*y), from, by: Some(c) });
        }
    }
    Ok(None)
}

/// The characters on the way to a pair of places.
fn name(reached: &[Reached], mut at: usize) -> String {
    let mut backwards = Vec::new();
    while let Some(Reached { from, by, .. }) = reached.get(at) {
        backwards.extend(*by);
        if at == 0 {
            break;
        }
        at = *from;
    }
    backwards.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> FilePattern {
        FilePattern::parse(text).unwrap()
    }

    fn overlap(one: &FilePattern, other: &FilePattern) -> Option<String> {
        one.overlap(other, &mut Steps(100_000)).unwrap()
    }

    #[test]
    fn patterns_that_one_name_fits() {
        for (one, other) in [
            ("p_{date}.csv", "p_2026*.csv"),
            ("p_{date}.csv", "p_{date:yyyymmdd}.csv"),
            ("p_{date}.csv.gz", "p_{date}.zip"),
            ("p_{suffix}.csv", "p_{date}.csv"),
            ("*orders*", "web*{date}.csv"),
            ("a*b", "ab"),
        ] {
            let (one, other) = (pattern(one), pattern(other));
            let name = overlap(&one, &other).unwrap();
            assert!(one.fit(&name).is_some() && other.fit(&name).is_some(), "{one} {other} {name}");
        }
        for (one, other) in [
            ("p_{date}.csv", "q_{date}.csv"),
            ("p_{date:yyyy-mm-dd}.csv", "p_{suffix}.csv"),
            ("p_{date:ddmmyyyy}.csv", "p_{date:ddmmyy}.csv"),
            ("a*b", "a*c"),
            ("p_{suffix}.csv", "p_.csv"),
        ] {
            assert_eq!(overlap(&pattern(one), &pattern(other)), None, "{one} {other}");
        }
    }

    #[test]
    fn comparing_ends() {
        let many = |end: &str| pattern(&format!("*{0}*{0}*{0}*{end}", "a".repeat(60)));
        assert_eq!(many("b").overlap(&many("c"), &mut Steps(10_000)), Err(TooMuch));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// If a name fits two patterns, they overlap.
        #[test]
        fn an_overlap_is_found(
            one in "(a|b|1|\\*|\\{suffix\\}|\\{date\\}){1,5}",
            other in "(a|b|1|\\*|\\{suffix\\}|\\{date\\}){1,5}",
            name in "(a|b|1|20260131|2026-01-31){0,5}",
        ) {
            let (Ok(one), Ok(other)) = (FilePattern::parse(&one), FilePattern::parse(&other)) else { return Ok(()) };
            if one.fit(&name).is_some() && other.fit(&name).is_some() {
                prop_assert!(overlap(&one, &other).is_some());
            }
            prop_assert_eq!(overlap(&one, &other).is_some(), overlap(&other, &one).is_some());
        }
    }
}
