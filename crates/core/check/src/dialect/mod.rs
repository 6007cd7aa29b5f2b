//! How a file is written: strict, or as a partner's export has it.
//!
//! A dialect changes how bytes become values, and nothing else. The rules of the scope judge the values. What is said of a
//! line, and the bytes of a rejected one, are those of the partner's file.
//!
//! `cutter` tells the fields of a line apart. `mapping` finds the column that a label means.
//! `cell_format` turns a value into the form that the type of its column has. The module `foreign` reads files with them.

mod cell_format;
mod cutter;
mod mapping;
mod trailer;

use std::sync::Arc;

use tidewaiter_schema::config::DialectOptions;
use tidewaiter_schema::config::dialect::LineBreaks;

pub use cell_format::number;
pub(crate) use cell_format::{CellFormat, Unreadable};
pub(crate) use cutter::{Cells, Cutter, Openness};
pub use mapping::column_of;
pub(crate) use mapping::{Mapping, Meant};
pub(crate) use trailer::{Fitting, Trailer};

/// How the fields of a file are told apart, and what they mean.
#[derive(Debug, Clone)]
pub struct Dialect {
    /// The byte between fields: ASCII, and neither a quote, a line break nor a NUL. Where a delimiter is no single
    /// byte, it is the first one.
    pub delimiter: u8,
    /// What differs from the strict form.
    own: Option<Arc<Own>>,
}

/// What differs from the strict form.
#[derive(Debug, Default)]
pub(crate) struct Own {
    pub(crate) options: DialectOptions,
    /// How fields are told apart, unless it is by one byte and doubled quotes.
    pub(crate) cutter: Option<Cutter>,
    pub(crate) mapping: Mapping,
    pub(crate) trailer: Option<Trailer>,
}

impl Default for Dialect {
    /// The strict form.
    fn default() -> Self {
        Self::delimited_by(b';')
    }
}

impl Dialect {
    /// The strict form with another delimiter.
    pub fn delimited_by(delimiter: u8) -> Self {
        Self { delimiter, own: None }
    }

    /// What the options of an import say.
    pub fn of(options: &DialectOptions) -> Self {
        let delimiter = options.delimiter.as_str().as_bytes().first().copied().unwrap_or(b';');
        if options.is_strict() {
            return Self::delimited_by(delimiter);
        }
        let own = Own {
            cutter: Cutter::of(options),
            mapping: Mapping::of(options),
            trailer: options.trailer.as_ref().map(Trailer::of),
            options: options.clone(),
        };
        Self { delimiter, own: Some(Arc::new(own)) }
    }

    /// True if nothing but the delimiter differs from the strict form.
    pub fn is_strict(&self) -> bool {
        self.own.is_none()
    }

    /// The trailer of a file that holds other records than the one it was read from: the rejected ones. `raw` is the
    /// trailer of that file.
    pub fn trailer_for(&self, raw: &[u8], records: u64, lines: u64) -> Vec<u8> {
        let trailer = self.own.as_ref().and_then(|own| own.trailer.as_ref());
        trailer.map_or_else(|| raw.to_vec(), |trailer| trailer.rewritten(raw, records, lines))
    }

    pub(crate) fn own(&self) -> Option<&Arc<Own>> {
        self.own.as_ref()
    }
}

impl Own {
    /// True if the lines behind the header are lines of the strict form, apart from what labels and values mean.
    pub(crate) fn has_plain_lines(&self) -> bool {
        self.cutter.is_none()
            && self.trailer.is_none()
            && self.options.comment.is_none()
            && self.options.line_breaks == LineBreaks::Reject
    }
}
