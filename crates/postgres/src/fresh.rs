//! New records as the lines wrote them. A large file has millions of them, and most are written as they are: so they are kept
//! in one piece for a batch, and become [`Record`]s only if a later line asks for them.

use std::collections::BTreeMap;

use tidewaiter::record::{Record, Source, Value};

/// New records of a batch.
#[derive(Debug, Default)]
pub(crate) struct FreshRecords {
    /// The fields, in the order in which they came.
    fields: Vec<String>,
    text: String,
    /// The field of each cell, and where its text ends.
    cells: Vec<(u32, usize)>,
}

/// One of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh {
    pub(crate) source: Source,
    first: usize,
    end: usize,
    text: usize,
}

impl FreshRecords {
    /// Adds a record with the values of one line.
    pub(crate) fn add<'v>(
        &mut self,
        source: Source,
        values: impl Iterator<Item = (&'v str, &'v str)>,
    ) -> Fresh {
        let (first, text) = (self.cells.len(), self.text.len());
        // Lines name their fields in one order: the next one is usually behind the last one.
        let mut next = 0;
        for (field, value) in values {
            let known = self.fields.iter().skip(next).position(|known| known == field).map(|at| at + next);
            let known = known.or_else(|| self.fields.iter().position(|known| known == field));
            let at = known.unwrap_or_else(|| {
                self.fields.push(field.to_owned());
                self.fields.len() - 1
            });
            next = at + 1;
            self.text.push_str(value);
            self.cells.push((u32::try_from(at).unwrap_or(u32::MAX), self.text.len()));
        }
        Fresh { source, first, end: self.cells.len(), text }
    }

    /// The fields that any of them has.
    pub(crate) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The values of a record: the place of each field among the fields, and the text.
    pub(crate) fn cells(&self, fresh: Fresh) -> impl ExactSizeIterator<Item = (usize, &str)> {
        let mut from = fresh.text;
        let cells = self.cells.get(fresh.first..fresh.end).unwrap_or_default();
        cells.iter().map(move |(field, end)| {
            let text = self.text.get(from..*end).unwrap_or_default();
            from = *end;
            (*field as usize, text)
        })
    }

    /// The text in a field of a record.
    pub(crate) fn text(&self, fresh: Fresh, field: &str) -> Option<&str> {
        let at = self.fields.iter().position(|known| known == field)?;
        self.cells(fresh).find(|(place, _)| *place == at).map(|(_, text)| text)
    }

    /// The record.
    pub(crate) fn record(&self, fresh: Fresh) -> Record {
        let source = fresh.source;
        let value = |(field, text): (usize, &str)| {
            let name = self.fields.get(field)?.clone();
            Some((name, Value { text: text.to_owned(), source }))
        };
        let values: BTreeMap<String, Value> = self.cells(fresh).filter_map(value).collect();
        Record { values, changed: source }
    }
}

#[cfg(test)]
mod tests {
    use tidewaiter::id::{ImportId, Timestamp};

    use super::*;

    #[test]
    fn each_record_has_its_own_values() {
        let source = |line| Source { import: ImportId::new(Timestamp::UNIX_EPOCH, 1), line };
        let mut records = FreshRecords::default();
        let lines: [&[(&str, &str)]; 3] =
            [&[("a", "1"), ("c", "3")], &[("b", "2")], &[("a", ""), ("b", "x")]];
        let fresh: Vec<Fresh> =
            lines.iter().zip(1..).map(|(values, n)| records.add(source(n), values.iter().copied())).collect();
        for (values, fresh) in lines.iter().zip(&fresh) {
            let record = records.record(*fresh);
            let texts: Vec<(&str, &str)> =
                record.values.iter().map(|(field, value)| (field.as_str(), value.text.as_str())).collect();
            assert_eq!(texts, *values);
        }
        assert_eq!(records.text(fresh[2], "b"), Some("x"));
        assert_eq!(records.text(fresh[2], "c"), None);
        assert_eq!(records.fields(), ["a", "c", "b"]);
    }
}
