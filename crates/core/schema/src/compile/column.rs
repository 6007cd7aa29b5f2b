//! One column of a scope, ready to check cells.

use std::cmp::Ordering;

use tidewaiter_model::finding::is_treacherous;
use tidewaiter_model::mistake::{self, Mistake};

use super::calendar::{Moment, Point};
use super::decimal::{Decimal, OwnedDecimal};
use super::kind::{CellType, Measure, name_of};
use super::pattern::{Pattern, Patterns};
use super::quick::{self, Day, Lengths, Quick, Way};
use super::reading;
use crate::{Bound, Constraints, FieldSchema, FieldType};

/// The longest name a column may have, in bytes.
const NAME_BYTES: usize = 128;
/// How many values of an enumeration a message lists.
const LISTED: usize = 10;

/// A column of a compiled scope.
#[derive(Debug, Clone)]
pub struct Column {
    name: String,
    field_type: FieldType,
    pub(crate) kind: CellType,
    required: bool,
    rules: Option<Box<Rules>>,
    quick: Quick,
}

/// The constraints on a column's values; most columns have none.
#[derive(Debug, Clone, Default)]
struct Rules {
    min_length: Option<u64>,
    max_length: Option<u64>,
    minimum: Option<(Limit, String)>,
    maximum: Option<(Limit, String)>,
    pattern: Option<Pattern>,
    one_of: Option<Vec<String>>,
}

/// A bound, read once.
#[derive(Debug, Clone)]
enum Limit {
    Decimal(OwnedDecimal),
    Point(Point),
}

/// What is wrong with the value of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is not of the column's type or format.
    Type,
    /// It has too few characters.
    MinLength,
    /// It has too many characters.
    MaxLength,
    /// It is less than the minimum.
    Minimum,
    /// It is greater than the maximum.
    Maximum,
    /// It does not match the pattern.
    Pattern,
    /// It is not one of the values allowed.
    OneOf,
}

impl Column {
    /// The name, as it stands in the header.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its values.
    pub fn field_type(&self) -> FieldType {
        self.field_type
    }

    /// True if the column must be in the header and have a value on each line.
    pub fn required(&self) -> bool {
        self.required
    }

    /// A way to let most good values pass that are not empty.
    pub fn quick(&self) -> &Quick {
        &self.quick
    }

    /// Checks a value; the first problem is given. Values that mean "no value" are the scope's affair.
    #[inline]
    pub fn check(&self, value: &str) -> Result<(), Problem> {
        let measure = self.kind.measure(value).ok_or(Problem::Type)?;
        match &self.rules {
            None => Ok(()),
            Some(rules) => rules.check(value, measure),
        }
    }

    /// What is wrong, in words that begin a sentence and need no position.
    pub fn describe(&self, problem: Problem, value: &str) -> String {
        let rules = self.rules.as_deref();
        let count = || value.chars().count();
        match problem {
            Problem::Type => match self.kind.fault(value) {
                Some(fault) => format!("not {}: {fault}", self.kind.described()),
                None => format!("not {}", self.kind.described()),
            },
            Problem::MinLength => {
                let least = rules.and_then(|r| r.min_length).unwrap_or(0);
                format!("{} where at least {least} are required", characters(count()))
            }
            Problem::MaxLength => {
                let most = rules.and_then(|r| r.max_length).unwrap_or(0);
                format!("{} where at most {most} are allowed", characters(count()))
            }
            Problem::Minimum => format!("less than {}", bound_text(rules.and_then(|r| r.minimum.as_ref()))),
            Problem::Maximum => format!("more than {}", bound_text(rules.and_then(|r| r.maximum.as_ref()))),
            Problem::Pattern => {
                let pattern = rules.and_then(|r| r.pattern.as_ref()).map_or("", Pattern::text);
                format!("does not match the pattern `{pattern}`")
            }
            Problem::OneOf => {
                let values = self.one_of();
                let listed =
                    values.iter().take(LISTED).map(|v| format!("`{v}`")).collect::<Vec<_>>().join(", ");
                let more = if values.len() > LISTED { ", …" } else { "" };
                format!("not one of {listed}{more}")
            }
        }
    }

    /// How a moment is written in this column; None if its values are no dates or times, or of another precision.
    pub fn write(&self, moment: Moment) -> Option<String> {
        self.kind.write(moment)
    }

    /// The first of the texts that mean true, and of those that mean false, in a column of booleans.
    pub fn truths(&self) -> Option<(&str, &str)> {
        match &self.kind {
            CellType::Boolean { yes, no } => Some((yes.first()?, no.first()?)),
            _ => None,
        }
    }

    /// How two [kept](super::Reading::kept) values stand to each other, if both are of a type with an order.
    pub fn compare(&self, one: &str, other: &str) -> Option<Ordering> {
        match (self.kind.measure_kept(one)?, self.kind.measure_kept(other)?) {
            (Measure::Decimal(one), Measure::Decimal(other)) => Some(one.compare(other)),
            (Measure::Point(one), Measure::Point(other)) => Some(one.cmp(&other)),
            _ => None,
        }
    }

    /// The only values allowed; empty if there is no such list.
    pub fn one_of(&self) -> &[String] {
        self.rules.as_ref().and_then(|r| r.one_of.as_deref()).unwrap_or_default()
    }

    /// True if the column allows this value of a type that means true or false; None for other texts and types.
    pub fn truth(&self, value: &str) -> Option<bool> {
        let CellType::Boolean { yes, no } = &self.kind else { return None };
        reading::truth(yes, no, value)
    }

    /// Compiles a field. Everything wrong with it is added to `mistakes`, with paths below `path`.
    pub(crate) fn compile(
        field: &FieldSchema,
        path: &str,
        patterns: &mut Patterns,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        if let Some(reason) = check_name(&field.name) {
            mistakes.push(Mistake::new(format!("{path}.name"), reason));
        }
        let before = mistakes.len();
        let kind = CellType::compile(field, path, mistakes);
        let constraints = &field.constraints;
        let mut column = Self {
            name: field.name.clone(),
            field_type: field.kind,
            kind,
            required: constraints.required,
            rules: None,
            quick: Quick::NEVER,
        };
        if mistakes.len() == before {
            let place = format!("{path}.constraints");
            let plain = Constraints { required: constraints.required, ..Constraints::default() };
            if *constraints != plain {
                column.rules =
                    Some(Box::new(Rules::compile(&column, constraints, &place, patterns, mistakes)));
            }
        }
        column.quick = Quick::of(column.kind.quick(column.rules.as_deref()));
        if let Some(example) = &field.example
            && mistakes.len() == before
            && let Err(problem) = column.check(example)
        {
            let message = format!("the example `{example}` is {}", column.describe(problem, example));
            mistakes.push(Mistake::new(format!("{path}.example"), message));
        }
        column
    }
}

impl Rules {
    fn check(&self, value: &str, measure: Measure<'_>) -> Result<(), Problem> {
        // A character takes one to four bytes, so most lengths are known without counting.
        let bytes = value.len() as u64;
        if let Some(least) = self.min_length
            && (bytes < least || (bytes / 4 < least && (value.chars().count() as u64) < least))
        {
            return Err(Problem::MinLength);
        }
        if let Some(most) = self.max_length
            && bytes > most
            && (value.chars().count() as u64) > most
        {
            return Err(Problem::MaxLength);
        }
        if let Some((limit, _)) = &self.minimum
            && limit.compared_with(measure) == Some(Ordering::Less)
        {
            return Err(Problem::Minimum);
        }
        if let Some((limit, _)) = &self.maximum
            && limit.compared_with(measure) == Some(Ordering::Greater)
        {
            return Err(Problem::Maximum);
        }
        if self.pattern.as_ref().is_some_and(|pattern| !pattern.takes(value)) {
            return Err(Problem::Pattern);
        }
        if self.one_of.as_ref().is_some_and(|values| !values.iter().any(|v| v == value)) {
            return Err(Problem::OneOf);
        }
        Ok(())
    }

    fn compile(
        column: &Column,
        asked: &Constraints,
        path: &str,
        patterns: &mut Patterns,
        mistakes: &mut Vec<Mistake>,
    ) -> Self {
        let mut unfit = |present: bool, name: &str, fits: bool| {
            if present && !fits {
                let message = format!("{} columns have no {name}", name_of(column.field_type));
                mistakes.push(Mistake::new(format!("{path}.{name}"), message));
            }
            present && fits
        };
        let text = column.kind.is_text();
        let order = column.kind.has_order();
        unfit(asked.min_length.is_some(), "minLength", text);
        unfit(asked.max_length.is_some(), "maxLength", text);
        let bounded = (
            unfit(asked.minimum.is_some(), "minimum", order),
            unfit(asked.maximum.is_some(), "maximum", order),
        );
        let patterned = unfit(asked.pattern.is_some(), "pattern", text);
        let listed = unfit(asked.one_of.is_some(), "enum", column.field_type != FieldType::Boolean);

        if let (Some(least), Some(most)) = (asked.min_length, asked.max_length)
            && least > most
        {
            let message = format!("minLength is {least}, more than maxLength, which is {most}");
            mistakes.push(Mistake::new(format!("{path}.minLength"), message));
        }
        let mut bound = |name: &str, wanted: bool, bound: &Option<Bound>| {
            let bound = bound.as_ref().filter(|_| wanted)?;
            read_bound(column, bound)
                .map_err(|message| mistakes.push(Mistake::new(format!("{path}.{name}"), message)))
                .ok()
        };
        let minimum = bound("minimum", bounded.0, &asked.minimum);
        let maximum = bound("maximum", bounded.1, &asked.maximum);
        if let (Some((least, a)), Some((_, b))) = (&minimum, &maximum)
            && column.kind.measure(b).and_then(|most| least.compared_with(most)) == Some(Ordering::Less)
        {
            let message = format!("the minimum, {a}, is more than the maximum, {b}");
            mistakes.push(Mistake::new(format!("{path}.minimum"), message));
        }
        let pattern = asked.pattern.as_deref().filter(|_| patterned).and_then(|pattern| {
            patterns
                .compile(pattern)
                .map_err(|mistake| mistakes.push(Mistake { path: format!("{path}.pattern"), ..mistake }))
                .ok()
                .flatten()
        });
        let one_of = asked.one_of.as_ref().filter(|_| listed);
        if one_of.is_some_and(Vec::is_empty) {
            mistakes.push(Mistake::new(format!("{path}.enum"), "an empty enum allows no value at all"));
        }
        for (n, value) in one_of.into_iter().flatten().enumerate() {
            if mistake::enough(mistakes) {
                break;
            }
            if column.kind.measure(value).is_none() {
                let message = format!("`{value}` is not {}", column.kind.described());
                mistakes.push(Mistake::new(format!("{path}.enum[{n}]"), message));
            }
        }
        Self {
            min_length: asked.min_length,
            max_length: asked.max_length,
            minimum,
            maximum,
            pattern,
            one_of: one_of.cloned(),
        }
    }
}

impl Limit {
    fn is_at_most_zero(&self) -> bool {
        self.compared_with(Measure::Decimal(Decimal::ZERO)) != Some(Ordering::Less)
    }

    /// How a value compares with this limit.
    fn compared_with(&self, value: Measure<'_>) -> Option<Ordering> {
        match (self, value) {
            (Self::Decimal(limit), Measure::Decimal(value)) => Some(value.compare(limit.borrow())),
            (Self::Point(limit), Measure::Point(value)) => Some(value.cmp(limit)),
            _ => None,
        }
    }
}

fn read_bound(column: &Column, bound: &Bound) -> Result<(Limit, String), String> {
    let text = match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Text(text) => text.clone(),
    };
    let limit = match column.kind.measure(&text) {
        Some(Measure::Decimal(number)) => Limit::Decimal(number.to_owned()),
        Some(Measure::Point(point)) => Limit::Point(point),
        _ => return Err(format!("`{text}` is not {}", column.kind.described())),
    };
    Ok((limit, text))
}

impl CellType {
    /// The quick way for values of this type under these rules, if there is one.
    fn quick(&self, rules: Option<&Rules>) -> Way {
        let none = Rules::default();
        let rules = rules.unwrap_or(&none);
        let lengths = Lengths::of(rules.min_length, rules.max_length);
        if let Some(texts) = &rules.one_of {
            let alone =
                matches!(self, Self::Text) && rules.pattern.is_none() && lengths == Lengths::of(None, None);
            return alone
                .then(|| Way::one_of(texts.iter().map(String::as_str)))
                .flatten()
                .unwrap_or(Way::Never);
        }
        // A minimum of zero or less is kept by whatever has no sign.
        let positive = rules.minimum.as_ref().is_none_or(|(limit, _)| limit.is_at_most_zero());
        let bounded = rules.maximum.is_some() || !positive;
        match (self, &rules.pattern) {
            (Self::Text, Some(pattern)) => match (pattern.forms(), pattern.table()) {
                (Some(forms), _) => Way::Forms(lengths, forms.into()),
                (None, Some(table)) => Way::Pattern(lengths, table.clone()),
                (None, None) => Way::Never,
            },
            (Self::Text, None) => Way::Text(lengths),
            (Self::Email, None) => Way::Email(lengths),
            (Self::Phone, None) => Way::Phone(lengths),
            (Self::Lists, None) => Way::Lists(lengths),
            (Self::Integer, None) if !bounded => Way::Integer { negative: rules.minimum.is_none() },
            (Self::Number, None) if !bounded => Way::Number { negative: rules.minimum.is_none() },
            (Self::Datetime, None) if rules.minimum.is_none() && rules.maximum.is_none() => Way::Datetime,
            (Self::Date, None) => {
                let day = |limit: &Option<(Limit, String)>, otherwise| match limit {
                    Some((_, text)) => quick::day_of(text),
                    None => Some(otherwise),
                };
                match (day(&rules.minimum, Day::MIN), day(&rules.maximum, Day::MAX)) {
                    (Some(first), Some(last)) => Way::Date { first, last },
                    _ => Way::Never,
                }
            }
            (Self::Boolean { yes, no }, None) => {
                Way::one_of(yes.iter().chain(no).map(|text| &**text)).unwrap_or(Way::Never)
            }
            _ => Way::Never,
        }
    }
}

/// Why a column cannot have this name; None if it can.
pub(super) fn check_name(name: &str) -> Option<&'static str> {
    let reason = if name.is_empty() {
        "the name is empty"
    } else if name.len() > NAME_BYTES {
        "the name is longer than 128 bytes"
    } else if name.trim() != name {
        "the name begins or ends with a space"
    } else if name.contains(|c: char| c.is_control() || matches!(c, '"' | ';' | ',' | '|')) {
        "the name holds a delimiter, a quote or a control character"
    } else if name.contains(|c: char| is_treacherous(c) || (c.is_whitespace() && c != ' ')) {
        "the name holds a character that cannot be seen"
    } else if name.starts_with(['{', '[', '<']) {
        // A header that began like this could not be told from JSON or a web page.
        "the name begins with a bracket"
    } else {
        return None;
    };
    Some(reason)
}

fn bound_text(bound: Option<&(Limit, String)>) -> &str {
    bound.map_or("", |(_, text)| text)
}

fn characters(count: usize) -> String {
    if count == 1 { "1 character".to_owned() } else { format!("{count} characters") }
}
