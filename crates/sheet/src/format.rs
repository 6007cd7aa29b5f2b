//! What a number format shows: a number, a date, a time, or a span of time.

/// What the numbers of a cell are, by their format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Shown {
    #[default]
    Number,
    Date,
    DateTime,
    Time,
    /// Hours, minutes or seconds that count on beyond a day: `[h]:mm`.
    Duration,
}

/// Formats that every workbook has without defining them. Those of East Asia are dates wherever they mean different things
/// in different countries.
pub(crate) fn built_in(id: u32) -> Shown {
    match id {
        14..=17 | 27..=31 | 34..=36 | 50..=58 => Shown::Date,
        18..=21 | 32 | 33 | 45 | 47 => Shown::Time,
        22 => Shown::DateTime,
        46 => Shown::Duration,
        _ => Shown::Number,
    }
}

/// What a format code shows. Only its first section counts, that of positive numbers.
pub(crate) fn of_code(code: &str) -> Shown {
    let (mut has_date, mut has_time, mut is_elapsed) = (false, false, false);
    // An `m` is a month, unless hours came before it or seconds come after it.
    let (mut after_hours, mut open_m) = (false, false);
    let mut rest = code.chars();
    while let Some(one) = rest.next() {
        match one.to_ascii_lowercase() {
            ';' => break,
            '"' => while rest.next().is_some_and(|one| one != '"') {},
            '\\' | '_' | '*' => {
                rest.next();
            }
            '[' => {
                let inner: String = rest.by_ref().take_while(|one| *one != ']').collect();
                let unit = inner.to_ascii_lowercase();
                if !unit.is_empty()
                    && ["h", "m", "s"].iter().any(|one| unit.chars().all(|got| one.contains(got)))
                {
                    (is_elapsed, after_hours) = (true, unit.starts_with('h'));
                }
            }
            'y' | 'd' | 'b' => (has_date, after_hours) = (true, false),
            'e' => {
                // `0.00E+00` is no year.
                if rest.as_str().starts_with(['+', '-']) {
                    return Shown::Number;
                }
                has_date = true;
            }
            'h' => (has_time, after_hours) = (true, true),
            's' => {
                (has_time, after_hours) = (true, false);
                // The month before the seconds was minutes.
                open_m = false;
            }
            'm' => {
                if after_hours || is_elapsed {
                    has_time = true;
                } else {
                    has_date |= std::mem::replace(&mut open_m, true);
                }
                // The second letter of `mm` is of the same kind.
                let same = rest.as_str().chars().take_while(|one| matches!(one, 'm' | 'M')).count();
                skip(&mut rest, same);
                after_hours = false;
            }
            'a' => {
                let text = rest.as_str().to_ascii_lowercase();
                if text.starts_with("m/pm") {
                    skip(&mut rest, 4);
                    has_time = true;
                } else if text.starts_with("/p") {
                    skip(&mut rest, 2);
                    has_time = true;
                }
            }
            'g' => {
                // `General` has letters of dates in it; a lone `g` is an era.
                if rest.as_str().to_ascii_lowercase().starts_with("eneral") {
                    skip(&mut rest, 6);
                } else {
                    has_date = true;
                }
            }
            _ => {}
        }
    }
    has_date |= open_m;
    match (has_date, has_time || is_elapsed) {
        (true, true) => Shown::DateTime,
        (true, false) => Shown::Date,
        (false, true) if is_elapsed => Shown::Duration,
        (false, true) => Shown::Time,
        (false, false) => Shown::Number,
    }
}

fn skip(rest: &mut std::str::Chars<'_>, count: usize) {
    rest.by_ref().take(count).for_each(|_| {});
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_show_what_people_see() {
        let cases = [
            ("General", Shown::Number),
            ("0.00", Shown::Number),
            ("0.00E+00", Shown::Number),
            ("##0.0e-0", Shown::Number),
            ("#,##0.00\\ \"days\"", Shown::Number),
            ("[Red]0;[Blue]-0", Shown::Number),
            ("#,##0.00\\ [$EUR-1]", Shown::Number),
            ("@", Shown::Number),
            ("\\d0", Shown::Number),
            ("0_d", Shown::Number),
            ("0;yyyy", Shown::Number),
            ("yyyy-mm-dd", Shown::Date),
            ("[$-409]d\\-mmm\\-yy;@", Shown::Date),
            ("DD/MM/YYYY", Shown::Date),
            ("mmm", Shown::Date),
            ("m/d/yy h:mm", Shown::DateTime),
            ("yyyy\\-mm\\-dd\\Thh:mm:ss.000", Shown::DateTime),
            ("dd/mm/yyyy hh:mm AM/PM", Shown::DateTime),
            ("h:mm", Shown::Time),
            ("hh:mm:ss", Shown::Time),
            ("mm:ss.0", Shown::Time),
            ("h:mm a/p", Shown::Time),
            ("[h]:mm:ss", Shown::Duration),
            ("[mm]:ss", Shown::Duration),
            ("[hh]:mm", Shown::Duration),
            ("ggge\"年\"m\"月\"d\"日\"", Shown::Date),
        ];
        for (code, shown) in cases {
            assert_eq!(of_code(code), shown, "{code}");
        }
    }
}
