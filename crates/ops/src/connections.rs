//! Which connections a folder has, and what is wrong with them.

use std::path::Path;

use serde::Serialize;
use tidewaiter::keys::Repository;
use tidewaiter_connect::{Definition, Verdict};
use tidewaiter_folder::FolderConnections;

use crate::deployment::is_deployment;
use crate::{Error, Result};

/// The connections of a folder.
#[derive(Debug)]
pub struct Connections(FolderConnections);

/// A connection, as the operator defined it.
#[derive(Debug, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// The engine of its database.
    pub engine: &'static str,
    /// Where its database is.
    pub place: String,
    /// Who logs in; None for a file.
    pub user: Option<String>,
    /// The repositories that may use it.
    pub repositories: Vec<Repository>,
    /// The most rows that a query may read.
    pub max_rows: u64,
    /// The most bytes that a query may read.
    pub max_bytes: u64,
    /// The most bytes of one row.
    pub max_row_bytes: usize,
    /// The longest time that a query may take, in seconds.
    pub max_seconds: u64,
    /// How many queries may be read at the same time.
    pub max_reads: u32,
}

/// What was found of a connection.
#[derive(Debug, Serialize)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// The engine of its database.
    pub engine: &'static str,
    /// Where its database is.
    pub place: String,
    /// True if queries can be asked.
    pub works: bool,
    /// What was looked at, in this order. The steps behind one that fails are missing.
    pub steps: Vec<TestedStep>,
}

/// What was found of one step.
#[derive(Debug, Serialize)]
pub struct TestedStep {
    /// The step: `name`, `route`, `TLS`, `login`, `rights` or `read-only`.
    pub step: String,
    /// How it ended.
    pub result: StepResult,
    /// What there is. No secret is in it.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepResult {
    /// It is as it should be.
    Passes,
    /// It works, and should be changed.
    Warns,
    /// It does not work.
    Fails,
}

impl Connections {
    /// The connections of a folder. Its records and its state are not opened: a connection can be tested while they
    /// cannot be reached.
    ///
    /// # Errors
    /// If there is no deployment, or its settings have a mistake.
    pub fn of(dir: &Path) -> Result<Self> {
        is_deployment(dir)?;
        Ok(Self(FolderConnections::of(dir)?))
    }

    /// All of them, by name.
    pub fn list(&self) -> Vec<Listed> {
        self.0.definitions().all().map(listed).collect()
    }

    /// The names of those that are asked for; all of them if none is named.
    ///
    /// # Errors
    /// [`Error::NoConnection`] if one is not there.
    pub fn names(&self, asked: Vec<String>) -> Result<Vec<String>> {
        let known = || self.0.definitions().all().map(|known| known.name().to_owned());
        if let Some(name) = asked.iter().find(|asked| !known().any(|known| known == **asked)) {
            return Err(Error::NoConnection { name: name.clone(), known: known().collect() });
        }
        Ok(if asked.is_empty() { known().collect() } else { asked })
    }

    /// Looks at one of them step by step.
    ///
    /// # Errors
    /// [`Error::NoConnection`] if it is not there. What is wrong with it is no error.
    pub async fn test(&self, name: &str) -> Result<Tested> {
        let mut definitions = self.0.definitions().all();
        let Some(definition) = definitions.find(|definition| definition.name() == name) else {
            let known = self.0.definitions().all().map(|known| known.name().to_owned()).collect();
            return Err(Error::NoConnection { name: name.to_owned(), known });
        };
        let check = Box::pin(self.0.check(definition)).await;
        let works = check.works();
        let steps = check.steps.into_iter().map(|(step, verdict)| {
            let (result, message, hint) = match verdict {
                Verdict::Passes(message) => (StepResult::Passes, message, None),
                Verdict::Warns { message, hint } => (StepResult::Warns, message, Some(hint)),
                Verdict::Fails(error) => (StepResult::Fails, error.message, error.hint),
            };
            TestedStep { step: step.to_string(), result, message, hint }
        });
        Ok(Tested {
            name: name.to_owned(),
            engine: definition.engine(),
            place: definition.place(),
            works,
            steps: steps.collect(),
        })
    }
}

fn listed<P>(definition: &Definition<P>) -> Listed {
    let limits = definition.limits();
    Listed {
        name: definition.name().to_owned(),
        engine: definition.engine(),
        place: definition.place(),
        user: definition.user().map(str::to_owned),
        repositories: definition.repositories().to_vec(),
        max_rows: limits.rows,
        max_bytes: limits.bytes,
        max_row_bytes: limits.row_bytes,
        max_seconds: limits.time.as_secs(),
        max_reads: definition.max_reads(),
    }
}
