//! The records of a scope, page by page.

use std::collections::BTreeMap;

use serde::Serialize;
use tidewaiter::id::ImportId;
use tidewaiter::record::Source;
use tidewaiter_engine::capabilities::HasRecords;
use tidewaiter_engine::ports::{self, Selection, StoredRecord};

use crate::Result;
use crate::deployment::{Deployment, with_deployed};

/// How many records are held at a time; fewer if they are wide.
const PAGE: usize = 500;

/// Records of a selection, page by page.
#[derive(Debug)]
pub struct Pages<'a> {
    deployment: &'a Deployment,
    pages: ports::Pages<'a>,
}

impl<'a> Pages<'a> {
    /// The records of a selection by universe and key.
    pub fn new(deployment: &'a Deployment, selection: &'a Selection) -> Self {
        Self { deployment, pages: ports::Pages::new(selection) }
    }

    /// The next page, which may be empty; none when there are no more records.
    ///
    /// # Errors
    /// If the deployment cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<StoredRecord>>> {
        Ok(with_deployed!(self.deployment, deployed => self.pages.next(deployed.records(), PAGE).await?))
    }
}

/// A record of a listing, for programs.
#[derive(Debug, Serialize)]
pub struct Row<'a> {
    /// Its universe.
    pub universe: &'a str,
    /// Its key, as it is kept.
    pub key: &'a str,
    /// Its values, by column.
    pub values: BTreeMap<&'a str, &'a str>,
    /// Where each value came from, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sources: Option<BTreeMap<&'a str, Source>>,
    /// The import that last changed it.
    pub import: ImportId,
    /// The line of it; 0 for the file as a whole.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// A record, with where each value came from or without.
    pub fn of(stored: &'a StoredRecord, with_sources: bool) -> Self {
        let StoredRecord { universe, key, record } = stored;
        let values = record.values.iter().map(|(name, value)| (name.as_str(), value.text.as_str()));
        let sources = record.values.iter().map(|(name, value)| (name.as_str(), value.source));
        Self {
            universe,
            key,
            values: values.collect(),
            sources: with_sources.then(|| sources.collect()),
            import: record.changed.import,
            line: record.changed.line,
        }
    }
}
