//! What to say about a rejected line.
//!
//! Only rejected lines come here, and text is made only for findings that are kept.

use tidewaiter_model::finding::{Code, Finding, Tally};

use super::dialect::{Cells, Unreadable};
use super::fields::Fields;
use super::header::names;
use super::hint;
use super::place::Place;
use super::plan::{Need, Plan};
use super::rules::{Fault, Rules};
use super::split::{self, QuoteFault, Span, value_of};

/// How many findings one line may give.
const PER_LINE: usize = 10;

impl Rules {
    /// Adds the findings on a rejected line.
    #[cold]
    pub(crate) fn explain(&self, place: Place, content: &[u8], fault: Fault, tally: &mut Tally) {
        let is_blank_row = matches!(fault, Fault::Cells | Fault::Width { .. });
        if is_blank_row && hint::blank_row(content, self.delimiter) {
            let message = "the line holds no values, only delimiters";
            tally.add(Code::BlankRow, None, || {
                place.finding(Code::BlankRow, message).with_hint(hint::messages::BLANK_ROW)
            });
            return;
        }
        match fault {
            // Said where such a line begins.
            Fault::Length => {}
            Fault::Encoding => {
                tally.add(Code::EncodingError, None, || hint::not_utf8(content, place.number, place.byte));
            }
            Fault::Control => tally.add(Code::ControlCharacter, None, || control(place, content)),
            Fault::Blank => {
                tally.add(Code::BlankRow, None, || place.finding(Code::BlankRow, "the line is empty"));
            }
            Fault::Quotes(fault) => self.explain_quotes(place, content, fault, tally),
            Fault::Width { fields } => self.explain_width(place, content, fields, tally),
            Fault::Cells => self.explain_cells(place, content, tally),
        }
    }

    fn explain_quotes(&self, place: Place, content: &[u8], fault: QuoteFault, tally: &mut Tally) {
        let (code, field, at, message) = match fault {
            QuoteFault::Stray { field, at } => (Code::StrayQuote, field, at, "a quote is out of place"),
            QuoteFault::Open { field, at } => {
                (Code::UnclosedQuote, field, at, "a quote is opened but not closed")
            }
        };
        // A field beyond the header has no name and no place of its own.
        let label = (field < self.width()).then(|| self.header.label(field));
        tally.add(code, label, || {
            let finding = place.finding(code, message).with_hint(match fault {
                QuoteFault::Stray { .. } => hint::stray_quote(content, self.delimiter, at),
                QuoteFault::Open { .. } => hint::messages::OPEN_QUOTE.to_owned(),
            });
            let shown = content.get(at.saturating_sub(10)..).unwrap_or_default();
            let finding = finding.with_value(if code == Code::UnclosedQuote {
                content.get(at..).unwrap_or_default()
            } else {
                shown
            });
            match label {
                Some(label) => finding.at(field as u64 + 1, label),
                None => finding,
            }
        });
    }

    fn explain_width(&self, place: Place, content: &[u8], fields: usize, tally: &mut Tally) {
        let wanted = self.width();
        let code = if fields < wanted { Code::MissingCell } else { Code::ExtraCell };
        tally.add(code, None, || {
            let plural = if fields == 1 { "field" } else { "fields" };
            let finding = place
                .finding(code, format!("{fields} {plural} where the header has {wanted}"))
                .with_record(content);
            let advice = if self.cutter().is_some() {
                None
            } else if fields < wanted {
                hint::missing_cells(content, self.delimiter, wanted)
            } else {
                let mut spans = Vec::new();
                let _ = split::quoted(content, self.delimiter, wanted + 1, &mut spans);
                let is_empty = spans.last().is_some_and(|span| span.start == span.end);
                Some(hint::extra_cells(fields, wanted, is_empty).to_owned())
            };
            match self.advice_on_odd(content).or(advice) {
                Some(advice) => finding.with_hint(advice),
                None => finding,
            }
        });
    }

    /// What to do about a line that is no record.
    fn advice_on_odd(&self, content: &[u8]) -> Option<String> {
        if self.cutter().is_some() {
            return None;
        }
        let odd = hint::odd_line(content, self.header.labels(), self.delimiter)?;
        Some(odd.advice().to_owned())
    }

    fn explain_cells(&self, place: Place, content: &[u8], tally: &mut Tally) {
        let Ok(text) = simdutf8::basic::from_utf8(content) else { return };
        let mut cells = Cells::default();
        let Ok((text, spans, _)) = self.cut(text, &mut cells) else { return };
        let mut left = PER_LINE;
        for (n, (&span, plan)) in spans.iter().zip(&self.plan).enumerate() {
            if left == 0 {
                return;
            }
            left -= usize::from(self.explain_cell(place, text, (n, span, plan), tally));
        }
        for set in &self.sets {
            if left == 0 {
                return;
            }
            if !self.is_filled(set, text, Fields::Quoted(spans)) {
                left -= 1;
                tally.add(set.code, None, || {
                    let names = names(&self.scope, &set.columns);
                    let message = match (set.code, set.columns.len()) {
                        (Code::PrimaryKey, 1) => format!("the key {names} has no value"),
                        (Code::PrimaryKey, _) => format!("one of {names} must have a value as the key"),
                        (_, 1) => format!("{names} must have a value"),
                        _ => format!("one of {names} must have a value"),
                    };
                    place.finding(set.code, message)
                });
            }
        }
    }

    /// Says what is wrong with a cell, if anything is.
    fn explain_cell(&self, place: Place, text: &str, cell: (usize, Span, &Plan), tally: &mut Tally) -> bool {
        let (n, span, plan) = cell;
        let Some(column) = plan.column.and_then(|column| self.scope.columns().get(column)) else {
            return false;
        };
        let (number, label) = (n as u64 + 1, self.header.label(n));
        let value = plan.format.clean(value_of(text, span));
        if self.is_missing(&value, plan.need) {
            let (code, message) = match plan.need {
                Need::Optional => return false,
                Need::Required => (Code::ConstraintError, "no value where one is required"),
                Need::Key => (Code::PrimaryKey, "no value in a column of the key"),
            };
            tally.add(code, Some(label), || {
                place.finding(code, message).at(number, label).with_value(value.as_bytes())
            });
            return true;
        }
        let raw = value.clone();
        let value = match plan.format.read(value) {
            Ok(value) => value,
            Err(Unreadable(wanted)) => {
                tally.add(Code::TypeError, Some(label), || {
                    let finding = place.finding(Code::TypeError, format!("not {wanted}"));
                    finding.at(number, label).with_value(raw.as_bytes())
                });
                return true;
            }
        };
        let Err(problem) = column.check(&value) else { return false };
        let code = match problem {
            tidewaiter_schema::compile::Problem::Type => Code::TypeError,
            _ => Code::ConstraintError,
        };
        tally.add(code, Some(label), || {
            let finding = place
                .finding(code, column.describe(problem, &value))
                .at(number, label)
                .with_value(raw.as_bytes());
            match self.advice_on_odd(text.as_bytes()).or_else(|| hint::cell(column, problem, &value)) {
                Some(hint) => finding.with_hint(hint),
                None => finding,
            }
        });
        true
    }
}

fn control(place: Place, content: &[u8]) -> Finding {
    let at = memchr::memchr2(0, b'\r', content).unwrap_or_default();
    let name = if content.get(at) == Some(&0) {
        "a NUL byte"
    } else {
        "a carriage return that does not end the line"
    };
    let finding = place
        .finding(Code::ControlCharacter, format!("the line contains {name}"))
        .with_value(content.get(at.saturating_sub(20)..).unwrap_or_default());
    match hint::control(content) {
        Some(hint) => finding.with_hint(hint),
        None => finding,
    }
}
