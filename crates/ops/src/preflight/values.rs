//! The values that an import would read of the first lines of a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::name::DroppedName;
use tidewaiter_engine::examine::{CheckSpec, FIXED_BYTES, Fixed};

use super::judge::Ruling;
use super::{Checks, file_name};
use crate::{Error, Result};

/// How many accepted lines are looked at.
const LINES: usize = 1_000;

/// Values by field, of each accepted line by its number.
pub(crate) type Values = BTreeMap<u64, BTreeMap<String, String>>;

impl Checks {
    /// The values of the first lines of a data file that are accepted. None of a file that is packed, encrypted, a workbook,
    /// or that is refused for its name.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn values(&self, path: &Path) -> Result<Values> {
        let name = file_name(path);
        let is_plain = matches!(DroppedName::of(&name), DroppedName::Data | DroppedName::Other);
        let Ruling::Check { terms, .. } = self.judge.rule(&name)? else { return Ok(Values::new()) };
        if !is_plain {
            return Ok(Values::new());
        }
        let cannot = |source| Error::Read { path: path.to_owned(), source };
        let mut content = Vec::new();
        File::open(path).map_err(cannot)?.take(FIXED_BYTES).read_to_end(&mut content).map_err(cannot)?;
        let content = if terms.options.fix {
            Fixed::of(content.into(), &terms).content.unwrap_or_default()
        } else {
            content.into()
        };
        let mut read = Reading { terms: &terms, values: Values::new() };
        let mut checker = terms.checker();
        checker.feed(&content, &mut read);
        checker.finish(&mut read);
        Ok(read.values)
    }
}

/// Takes down the values of accepted lines.
struct Reading<'a> {
    terms: &'a CheckSpec,
    values: Values,
}

impl Sink for Reading<'_> {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}

    fn accepted(&mut self, line: &Line<'_>) {
        if self.values.len() >= LINES {
            return;
        }
        let columns = self.terms.scope.columns().iter().enumerate();
        let values =
            columns.filter_map(|(n, column)| Some((column.name().to_owned(), line.value(n)?.into_owned())));
        self.values.insert(line.number(), values.collect());
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}
