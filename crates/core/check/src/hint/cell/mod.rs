//! Advice on the value of a cell: a table of classic causes, each with how to recognise it, and with what
//! to write instead where there is no doubt.
//!
//! A hint that names one value names the value that is meant. Where two readings are possible, it names both, or none.
//! `tidewaiter check --fix` knows more than a hint does: how the other values of the column are [written](Style).

mod clock;
mod day;
mod form;
mod number;
mod style;
mod text;

use tidewaiter_schema::FieldType;
use tidewaiter_schema::compile::{Column, Problem};

pub(crate) use day::has_day_second;
pub(crate) use style::{Because, Style, Writing};
pub(crate) use text::{Suspicion, is_usual, remarkable, suspect, unguarded};

/// The longest value that is looked at, in bytes.
const LONGEST: usize = 1024;

/// One cause. The first of [`CAUSES`] that recognises a value gives the advice.
struct Cause {
    /// The problems it can explain.
    explains: fn(&Column, Problem) -> bool,
    /// The advice, if the value looks like it.
    advice: fn(&Column, &str, &Style) -> Option<Advice>,
}

/// What to do about a value.
struct Advice {
    /// In words.
    text: String,
    /// What is meant beyond doubt, if anything is. What a person has to decide, or what has lost digits, is
    /// not.
    meant: Option<String>,
    /// The line that settles it, if the value alone does not.
    because: Option<Because>,
    /// The option of the import by which the value is read as it is.
    option: Option<String>,
}

impl Advice {
    /// Words alone.
    fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), meant: None, because: None, option: None }
    }

    /// Words, and what is meant beyond doubt.
    fn write(text: impl Into<String>, meant: impl Into<String>) -> Self {
        Self { text: text.into(), meant: Some(meant.into()), because: None, option: None }
    }

    /// The same, as another line of the column settles it.
    fn because(self, because: Option<Because>) -> Self {
        Self { because, ..self }
    }

    /// The same, where an option of the import reads the value as it is.
    fn or_option(self, option: Option<String>) -> Self {
        Self { option, ..self }
    }

    /// In words, with the option.
    fn with_option(self) -> String {
        match self.option {
            Some(option) => format!("{}, or add `{option}` to the import", self.text),
            None => self.text,
        }
    }
}

const CAUSES: &[Cause] = &[
    Cause { explains: any_type, advice: text::no_value },
    Cause { explains: numeric_or_text, advice: number::scientific },
    Cause { explains: phoned, advice: form::decimal_phone },
    Cause { explains: texts, advice: number::float },
    Cause { explains: numeric, advice: number::too_long },
    Cause { explains: numeric, advice: number::number },
    Cause { explains: dated, advice: day::moment },
    Cause { explains: dated, advice: day::day_number },
    Cause { explains: dated, advice: day::epoch },
    Cause { explains: dated, advice: day::no_such_day },
    Cause { explains: timed, advice: clock::time_of_day },
    Cause {
        explains: |c, p| p == Problem::Type && c.field_type() == FieldType::Boolean,
        advice: form::truth,
    },
    Cause { explains: any_type, advice: form::addresses },
    Cause { explains: |_, p| p == Problem::OneOf, advice: form::near_miss },
];

/// How to fix a value, if the cause is a classic one.
pub(crate) fn cell(column: &Column, problem: Problem, value: &str) -> Option<String> {
    advice(column, problem, value, &Style::default()).map(Advice::with_option)
}

/// A value that is meant beyond doubt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Meant {
    /// It, in the form of the column. Empty text means "no value".
    pub(crate) value: String,
    /// The line that settles it, if the value alone does not.
    pub(crate) because: Option<Because>,
}

/// What is meant by a value, if that is beyond doubt in a column that is written like this. The column takes it.
pub(crate) fn meant(column: &Column, problem: Problem, value: &str, style: &Style) -> Option<Meant> {
    let Advice { meant, because, .. } = advice(column, problem, value, style)?;
    let meant = meant.filter(|meant| meant.is_empty() || accepts(column, meant))?;
    Some(Meant { value: meant, because })
}

fn advice(column: &Column, problem: Problem, value: &str, style: &Style) -> Option<Advice> {
    if value.len() > LONGEST {
        return None;
    }
    // What is around a value says nothing about it, so it hides no other cause.
    let bare = text::bare(column, value);
    let Some(bare) = bare.filter(|bare| bare.value != value && !bare.value.is_empty()) else {
        return caused(column, problem, value, style);
    };
    match column.check(&bare.value) {
        Ok(()) => number::with_two_readings(column, &bare.value, style)
            .or_else(|| Some(Advice::write(bare.words(), bare.value))),
        Err(problem) => caused(column, problem, &bare.value, style),
    }
}

fn caused(column: &Column, problem: Problem, value: &str, style: &Style) -> Option<Advice> {
    CAUSES
        .iter()
        .filter(|cause| (cause.explains)(column, problem))
        .find_map(|cause| (cause.advice)(column, value, style))
}

fn any_type(_: &Column, problem: Problem) -> bool {
    problem == Problem::Type
}

fn numeric(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && matches!(column.field_type(), FieldType::Integer | FieldType::Number)
}

/// Identifiers are texts. What is wrong with a damaged one is its length, its pattern or its form.
fn texts(column: &Column, _: Problem) -> bool {
    column.field_type() == FieldType::String
}

fn numeric_or_text(column: &Column, problem: Problem) -> bool {
    numeric(column, problem) || texts(column, problem)
}

fn phoned(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && is_format(column, "33120202020")
}

fn dated(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && matches!(column.field_type(), FieldType::Date | FieldType::Datetime)
}

fn timed(column: &Column, problem: Problem) -> bool {
    problem == Problem::Type && column.field_type() == FieldType::Time
}

/// True if a column has a form, and the sample has it.
fn is_format(column: &Column, sample: &str) -> bool {
    column.field_type() == FieldType::String && column.check("\u{1}").is_err() && column.check(sample).is_ok()
}

fn accepts(column: &Column, value: &str) -> bool {
    column.check(value).is_ok()
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests;
