//! The layout of a form of dates whose numbers have fixed widths: most dates of a file are read by it, many times as fast as by
//! the pattern.

use jiff::civil::{Date, Time};

use crate::compile::Moment;

/// Where the numbers of a date and a time stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A number of so many digits.
    Number(Unit, usize),
    /// A character that stands for itself.
    Byte(u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// What a text is by a layout.
pub(super) enum Look {
    /// It says this.
    Read(Moment),
    /// It lacks a character that stands for itself, so that it is not of this form.
    Unlike,
    /// The pattern has to tell: numbers may have fewer digits, and there may be more spaces.
    Unclear,
}

impl Layout {
    /// The layout of a pattern of strptime. None if it has other parts than numbers of a whole date, and of a time with
    /// minutes.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let (mut parts, mut bytes) = (Vec::new(), pattern.bytes());
        while let Some(byte) = bytes.next() {
            let part = match byte {
                b'%' => match bytes.next()? {
                    b'Y' => Part::Number(Unit::Year, 4),
                    b'm' => Part::Number(Unit::Month, 2),
                    b'd' => Part::Number(Unit::Day, 2),
                    b'H' => Part::Number(Unit::Hour, 2),
                    b'M' => Part::Number(Unit::Minute, 2),
                    b'S' => Part::Number(Unit::Second, 2),
                    _ => return None,
                },
                byte if byte.is_ascii_graphic() || byte == b' ' => Part::Byte(byte),
                _ => return None,
            };
            parts.push(part);
        }
        let count = |wanted| {
            parts.iter().filter(|part| matches!(part, Part::Number(unit, _) if *unit == wanted)).count()
        };
        let is_date = [Unit::Year, Unit::Month, Unit::Day].into_iter().all(|unit| count(unit) == 1);
        let time = [Unit::Hour, Unit::Minute, Unit::Second].map(count);
        (is_date && matches!(time, [0, 0, 0] | [1, 1, 0 | 1])).then_some(Self(parts))
    }

    /// Looks at a text.
    pub(super) fn read(&self, text: &str) -> Look {
        let (mut rest, mut numbers) = (text.as_bytes(), [0_i16; 6]);
        for part in &self.0 {
            let width = if let Part::Number(_, width) = part { *width } else { 1 };
            let Some((own, behind)) = rest.split_at_checked(width) else { return self.unclear(text) };
            rest = behind;
            let fits = match part {
                Part::Byte(byte) => own == [*byte],
                Part::Number(unit, _) if own.iter().all(u8::is_ascii_digit) => {
                    let number = own.iter().fold(0, |number, digit| number * 10 + i16::from(digit - b'0'));
                    numbers.get_mut(*unit as usize).is_some_and(|place| {
                        *place = number;
                        true
                    })
                }
                Part::Number(..) => false,
            };
            if !fits {
                return self.unclear(text);
            }
        }
        match self.moment(numbers).filter(|_| rest.is_empty()) {
            Some(moment) => Look::Read(moment),
            None => self.unclear(text),
        }
    }

    fn unclear(&self, text: &str) -> Look {
        let lacks = |part: &Part| matches!(part, Part::Byte(byte) if *byte != b' ' && !text.as_bytes().contains(byte));
        if self.0.iter().any(lacks) { Look::Unlike } else { Look::Unclear }
    }

    fn moment(&self, [year, month, day, hour, minute, second]: [i16; 6]) -> Option<Moment> {
        let small = |number: i16| i8::try_from(number).ok();
        let date = Date::new(year, small(month)?, small(day)?).ok().filter(|date| date.year() >= 1000)?;
        if !self.0.contains(&Part::Number(Unit::Hour, 2)) {
            return Some(Moment::Day(date));
        }
        let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
        Some(Moment::At(date.to_datetime(time), None))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::date_format::{DateFormat, by_pattern};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

        /// A layout says what the pattern says, or leaves it to the pattern.
        #[test]
        fn a_layout_reads_what_its_pattern_reads(
            pattern in prop_oneof![
                Just("%d/%m/%Y"), Just("%Y%m%d"), Just("%m-%d-%Y %H:%M"), Just("%Y-%m-%dT%H:%M:%SZ"),
                Just("%d.%m.%Y %H:%M:%S"), Just("%d %m %Y"), Just("%Y-%m-%d"), Just("%H:%M %d/%m/%Y"),
            ],
            text in prop_oneof![
                "[0-9]{1,4}[/. -]?[0-9]{1,2}[/. -]?[0-9]{1,4}([T ][0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}Z?)?)?",
                "[0-3][0-9]/[01][0-9]/(19|20)[0-9]{2}",
                "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z)?",
                "[0-3][0-9]\\.[01][0-9]\\.[0-9]{4}  ?[0-2][0-9]:[0-5][0-9]:[0-6][0-9]",
                "(19|20)[0-9]{6}", "[+-]?[0-9/ :.TZ-]{0,20}", "\\PC{0,12}",
            ],
        ) {
            let format = DateFormat::try_from(pattern.to_owned()).unwrap();
            prop_assert_eq!(format.read(&text), by_pattern(pattern, &text), "{} {}", pattern, text);
        }
    }
}
