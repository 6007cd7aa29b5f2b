//! The values of one column until their row group is written.

use bytes::Bytes;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::writer::SerializedColumnWriter;
use tidewaiter_engine::ports::Cell;

use super::super::text_of;
use super::kind::{Kind, Plain};

/// How many texts are handed to the writer at a time.
const AT_ONCE: usize = 1_024;

/// A column of a row group.
#[derive(Debug)]
pub(super) struct Column {
    kind: Kind,
    /// For each row, 1 if it has a value and 0 if not.
    has_value: Vec<i16>,
    values: Values,
}

#[derive(Debug)]
enum Values {
    Booleans(Vec<bool>),
    Days(Vec<i32>),
    Integers(Vec<i64>),
    Numbers(Vec<f64>),
    /// All texts in one piece, and where each ends.
    Texts(Vec<u8>, Vec<usize>),
}

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Boolean => Values::Booleans(Vec::new()),
            Kind::Date => Values::Days(Vec::new()),
            Kind::Integer | Kind::Moment | Kind::Local | Kind::Time => Values::Integers(Vec::new()),
            Kind::Number => Values::Numbers(Vec::new()),
            Kind::Text => Values::Texts(Vec::new(), Vec::new()),
        };
        Self { kind, has_value: Vec::new(), values }
    }

    /// Adds the value of the next row. False if the column does not hold such a value.
    pub(super) fn push(&mut self, cell: Cell<'_>) -> bool {
        if cell == Cell::Missing {
            self.has_value.push(0);
            return true;
        }
        self.has_value.push(1);
        if let Values::Texts(bytes, ends) = &mut self.values {
            text_of(cell, bytes);
            ends.push(bytes.len());
            return true;
        }
        match (&mut self.values, self.kind.plain(cell)) {
            (Values::Booleans(values), Some(Plain::Boolean(value))) => values.push(value),
            (Values::Days(values), Some(Plain::Days(value))) => values.push(value),
            (Values::Integers(values), Some(Plain::Integer(value))) => values.push(value),
            (Values::Numbers(values), Some(Plain::Number(value))) => values.push(value),
            _ => return false,
        }
        true
    }

    /// About how many bytes it holds.
    pub(super) fn bytes(&self) -> usize {
        let values = match &self.values {
            Values::Booleans(values) => values.len(),
            Values::Days(values) => 4 * values.len(),
            Values::Integers(values) => 8 * values.len(),
            Values::Numbers(values) => 8 * values.len(),
            Values::Texts(bytes, ends) => bytes.len() + 8 * ends.len(),
        };
        values + 2 * self.has_value.len()
    }

    /// Writes the column, and empties it.
    pub(super) fn write(&mut self, mut writer: SerializedColumnWriter<'_>) -> Result<()> {
        let levels = Some(self.has_value.as_slice());
        match &mut self.values {
            Values::Booleans(values) => {
                writer.typed::<BoolType>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Days(values) => {
                writer.typed::<Int32Type>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Integers(values) => {
                writer.typed::<Int64Type>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Numbers(values) => {
                writer.typed::<DoubleType>().write_batch(values, levels, None)?;
                values.clear();
            }
            Values::Texts(bytes, ends) => {
                let bytes = Bytes::from(std::mem::take(bytes));
                let (mut start, mut ends) = (0, std::mem::take(ends).into_iter());
                let mut texts: Vec<ByteArray> = Vec::with_capacity(AT_ONCE);
                for levels in self.has_value.chunks(AT_ONCE) {
                    let count = levels.iter().filter(|level| **level == 1).count();
                    texts.clear();
                    for end in ends.by_ref().take(count) {
                        texts.push(bytes.slice(start..end).into());
                        start = end;
                    }
                    writer.typed::<ByteArrayType>().write_batch(&texts, Some(levels), None)?;
                }
            }
        }
        self.has_value.clear();
        writer.close()
    }
}
