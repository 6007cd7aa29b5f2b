//! Configurations: whether one is right, what it configures, and making it the active one.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};
use tidewaiter::config::{CONFIGURATION_BYTES, Config, ImportOptions, QueryOptions, Schedule, Settings};
use tidewaiter::finding::printable;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::mistake::Mistake;
use tidewaiter::name::{CONFIGURATION, Entry};
use tidewaiter::schema::{TableSchema, catalogue};
pub use tidewaiter_engine::configs::Activation;
use tidewaiter_engine::configs::{Candidate, activate as activate_configuration};
use tidewaiter_engine::ports::{Author, ConfigStore};
use tidewaiter_folder::Local;

use crate::deployment::{Deployed, Deployment, repositories, with_deployed};
use crate::{Error, Result};

/// How many of the next times of a query are told.
const NEXT: usize = 5;
/// How many characters of an operator's name are kept.
const OPERATOR: usize = 200;

/// What a configuration holds, or everything that is wrong with it.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// The name of its file.
    pub file: String,
    /// The universe it is for.
    pub universe: String,
    /// True if there is no mistake in it.
    pub valid: bool,
    /// All of its mistakes.
    pub mistakes: Vec<Mistake>,
    /// What it configures, if it is valid.
    #[serde(flatten)]
    pub configured: Option<Configured>,
}

/// What a configuration configures.
#[derive(Debug, Serialize)]
pub struct Configured {
    /// The imports, by scope and name.
    pub imports: Vec<ConfiguredImport>,
    /// The settings, with what they are where the configuration says nothing.
    pub settings: Settings,
    /// What differs from the default, by setting.
    pub changed_settings: Map<String, Value>,
    /// The scopes that are not as they are in the catalogue.
    pub own_scopes: Vec<String>,
}

/// A configured import.
#[derive(Debug, Serialize)]
pub struct ConfiguredImport {
    /// Its scope.
    pub scope: String,
    /// Its name.
    pub subsection: String,
    /// How its files are named.
    pub files: String,
    /// Its options, with what they are where the configuration says nothing.
    pub options: ImportOptions,
    /// What differs from the default, by option.
    pub changed: Map<String, Value>,
    /// When its query is read, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads: Option<Reads>,
}

/// When a query is read.
#[derive(Debug, Serialize)]
pub struct Reads {
    /// The connection.
    pub connection: String,
    /// The schedule in words; none if it is read only when a person asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// The next five times, as a clock in the time zone of the schedule shows them.
    pub next: Vec<String>,
}

impl Reads {
    /// When a query is read from now on.
    pub(crate) fn of(query: &QueryOptions, now: Timestamp) -> Self {
        let next = query.schedule.iter().flat_map(|schedule| {
            schedule.upcoming(now).take(NEXT).map(|occurrence| schedule.local(occurrence))
        });
        Self {
            connection: query.connection.clone(),
            next: next.collect(),
            schedule: query.schedule.as_ref().map(Schedule::in_words),
        }
    }
}

/// Finds every mistake of a configuration, or what it configures. `file` is the name of the file that holds it; the next
/// times of its queries are those after `now`.
pub fn check(file: &str, universe: &str, document: &[u8], now: Timestamp) -> Checked {
    let (mistakes, configured) = match Config::parse(universe, document) {
        Ok(config) => (Vec::new(), Some(configured(&config, now))),
        Err(mistakes) => (mistakes, None),
    };
    let (file, universe) = (file.to_owned(), universe.to_owned());
    Checked { file, universe, valid: configured.is_some(), mistakes, configured }
}

fn configured(config: &Config, now: Timestamp) -> Configured {
    let import = |(entry, options): (Entry, &ImportOptions)| ConfiguredImport {
        scope: entry.scope.clone(),
        subsection: entry.subsection.clone(),
        files: names(&entry, options),
        options: options.clone(),
        changed: changed(options, &defaults(config.settings())),
        reads: options.query.as_ref().map(|query| Reads::of(query, now)),
    };
    Configured {
        imports: config.entries().map(import).collect(),
        settings: config.settings().clone(),
        changed_settings: changed(config.settings(), &Settings::default()),
        own_scopes: own_scopes(config),
    }
}

/// How the files of an import are named: by its own name, or by its patterns.
fn names(entry: &Entry, options: &ImportOptions) -> String {
    let patterns = options.files.iter().map(ToString::to_string);
    std::iter::once(format!("{}_<yyyymmdd>.csv", entry.joined()))
        .chain(patterns)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Makes a configuration the active one of a repository, as an operator. The deployment is to be
/// [open](Deployment::open) for changes. `operator` is the user and the machine, as the new version names them. The
/// answer says what came of it; nothing changed unless it is [`Activation::Active`].
///
/// # Errors
/// If there is no such repository, or the deployment cannot be read or written.
pub async fn activate(
    deployment: &Deployment,
    repository: &Repository,
    universe: &str,
    document: Vec<u8>,
    operator: &str,
) -> Result<Activation> {
    with_deployed!(deployment, deployed => {
        repositories(deployed, Some(repository)).await?;
        Box::pin(activate_in(deployed, repository, universe, document, operator, None)).await
    })
}

/// The same in a folder that is open, with a repository that may have been made just now.
///
/// # Errors
/// If the folder cannot be read or written.
pub async fn activate_in_folder(
    folder: &Local,
    repository: &Repository,
    universe: &str,
    document: Vec<u8>,
    operator: &str,
) -> Result<Activation> {
    Box::pin(activate_in(folder, repository, universe, document, operator, None)).await
}

/// Activates a document as an operator; `restores` is the number of the version that it is the document of.
pub(crate) async fn activate_in(
    deployed: &impl Deployed,
    repository: &Repository,
    universe: &str,
    document: Vec<u8>,
    operator: &str,
    restores: Option<u32>,
) -> Result<Activation> {
    let random = RandomState::new().hash_one(&document);
    let id = ImportId::new(deployed.now(), u128::from(random));
    let by = Author::Operator { name: printable(operator, OPERATOR) };
    let candidate = Candidate { repository, universe, id, document: document.into(), by, restores };
    let activation = activate_configuration(deployed, &candidate, async { Ok(()) }).await?;
    if let Activation::Active = activation {
        deployed.state().reconfigured(repository).await?;
    }
    Ok(activation)
}

/// Reads a configuration from a file of this machine: a byte more than is allowed at most, so that one that is too long
/// has that mistake.
///
/// # Errors
/// [`Error::Read`] if it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = |source| Error::Read { path: path.to_owned(), source };
    let mut document = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    file.take(CONFIGURATION_BYTES as u64 + 1).read_to_end(&mut document).map_err(cannot)?;
    Ok(document)
}

/// The universe that a configuration is for by the name of its file: `<universe>_imports_config.json` or
/// `<universe>.json`.
///
/// # Errors
/// [`Error::WhichUniverse`] if the name does not say it.
pub fn universe_of(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let universe = name.strip_suffix(CONFIGURATION).or_else(|| name.strip_suffix(".json"));
    let universe = universe.filter(|universe| !universe.is_empty());
    universe.map(str::to_owned).ok_or_else(|| Error::WhichUniverse(path.to_owned()))
}

/// The options of an import that says nothing.
fn defaults(settings: &Settings) -> ImportOptions {
    ImportOptions {
        phone_prefix: settings.phone_prefix.clone(),
        report_recipients: settings.report_recipients.clone(),
        alert_recipients: settings.alert_recipients.clone(),
        report_on: settings.report_on,
        digest: settings.digest,
        ..ImportOptions::default()
    }
}

/// The scopes that are not as they are in the catalogue.
fn own_scopes(config: &Config) -> Vec<String> {
    let shipped = catalogue::scopes();
    // What imports match by is no part of a scope.
    let written = |scope: &TableSchema| TableSchema { matched: Vec::new(), ..scope.clone() };
    let scopes = config.scopes().iter();
    let own = scopes.filter(|(name, scope)| shipped.get(*name) != Some(&written(scope)));
    own.map(|(name, _)| name.clone()).collect()
}

/// What differs from the default, by option.
fn changed<T: Serialize>(options: &T, default: &T) -> Map<String, Value> {
    let object = |value: &T| match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let default = object(default);
    let differs = |(name, value): &(String, Value)| default.get(name) != Some(value);
    object(options).into_iter().filter(differs).map(|(name, value)| (name, without_null(value))).collect()
}

/// A value without what is not given: leaving a key out is the one way to say nothing.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let given = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name, without_null(value))).collect())
        }
        other => other,
    }
}
