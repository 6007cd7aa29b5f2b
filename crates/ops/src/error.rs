//! What keeps a question from being answered.

use std::io;
use std::path::PathBuf;

/// A result of a question.
pub type Result<T> = std::result::Result<T, Error>;

/// Failures of a question. What is wrong with data is an answer, and no error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder of a deployment is not there.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// A folder is not one of tidewaiter.
    #[error("{} is not a folder of tidewaiter: it has no imports/", .0.display())]
    NotADeployment(PathBuf),
    /// An address that names no stack.
    #[error("{} is not the address of a stack: {why}", address.display())]
    Address {
        /// The address.
        address: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Only a stack has what was asked for.
    #[error("{} is a folder, and only a deployed stack has dead letters", .0.display())]
    OnlyStacks(PathBuf),
    /// A file of an import that reads files as partners have them cannot be fixed.
    #[error("{0}: its import says how its files are written, and `--fix` is for files in the strict form")]
    OwnDialect(String),
    /// Two repositories are named.
    #[error("{} names one repository, and {named} is asked for", address.display())]
    TwoRepositories {
        /// The address of the stack, which names one.
        address: PathBuf,
        /// The other one.
        named: String,
    },
    /// This program cannot look at a stack: it is built without the feature `aws`.
    #[error("{} is a deployed stack, and this tidewaiter was built without AWS", .0.display())]
    WithoutAws(PathBuf),
    /// A stack cannot be looked at.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Stack(#[from] tidewaiter_aws::operator::Problem),
    /// The repository that is asked for is not there.
    #[error("there is no repository {name}{}", known_ones(.known))]
    NoRepository {
        /// The one that is asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// Several repositories are there, and none is named.
    #[error("{deployment} has several repositories: {}", known.join(", "))]
    WhichRepository {
        /// The folder of the deployment, or the address of the stack.
        deployment: String,
        /// The repositories.
        known: Vec<String>,
    },
    /// A universe that no repository owns.
    #[error("no repository owns universe {name}{}", known_ones(.known))]
    NoUniverse {
        /// The one that is asked for.
        name: String,
        /// Those that have an owner.
        known: Vec<String>,
    },
    /// An import with a query that is asked for is not there.
    #[error("no import with a query is called {name}{}", in_brackets(.hint.as_ref()))]
    NoQuery {
        /// The name that is asked for.
        name: String,
        /// What may be meant.
        hint: Option<String>,
    },
    /// A stack reads no queries.
    #[error(
        "the stack of bucket {0} reads no queries: it has no connections (set ConnectionsSecretArn, and deploy it again)"
    )]
    NoFetch(String),
    /// A query is read, or its file is imported just now.
    #[error("{0} is in hand just now: it is read, or its file is imported. Try again when that is done")]
    QueryBusy(String),
    /// The last item of a query cannot be moved.
    #[error("the last item of {import} cannot be moved: {why}")]
    NoLastItem {
        /// The import, as `universe.scope.name`.
        import: String,
        /// Why.
        why: String,
    },
    /// A database cannot be read.
    #[error(transparent)]
    Source(tidewaiter_engine::ports::SourceError),
    /// A configuration contradicts the others.
    #[error("the configuration contradicts others: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Mistakes(Vec<tidewaiter::mistake::Mistake>),
    /// Only a folder has what was asked for.
    #[error("{0} is for folders: the database of a stack's connection is in the reach of its functions only")]
    OnlyInFolders(&'static str),
    /// A connection that the operator did not define.
    #[error("there is no connection {name}{}", known_ones(.known))]
    NoConnection {
        /// The one that is asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A file that left nothing to be corrected.
    #[error("{0} left no problem: all of it was imported, or there is nothing to correct")]
    NoProblem(String),
    /// No configuration of a universe was ever active in a repository.
    #[error("no configuration of universe {universe} was ever active in {repository}")]
    NoVersions {
        /// The repository.
        repository: String,
        /// The universe.
        universe: String,
    },
    /// A version of a configuration that is asked for is not there.
    #[error("there is no version {number} of universe {universe}; the latest one is {latest}")]
    NoVersion {
        /// The universe.
        universe: String,
        /// The number that is asked for.
        number: u32,
        /// The highest number that is there.
        latest: u32,
    },
    /// Nothing was active before the active version of a configuration.
    #[error("no earlier configuration of universe {universe} is known in {repository}")]
    NoEarlierVersion {
        /// The repository.
        repository: String,
        /// The universe.
        universe: String,
    },
    /// The document of a version is not kept.
    #[error("the document of version {version} of universe {universe} is gone")]
    VersionGone {
        /// The universe.
        universe: String,
        /// The version.
        version: u32,
    },
    /// A file that is named cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that was to be made is there already.
    #[error("{} is there already, and nothing is written over it", .0.display())]
    Exists(PathBuf),
    /// A configuration that a check was to use is not valid.
    #[error("{} is not a usable configuration: {}", path.display(), mistakes.join("; "))]
    Configuration {
        /// The configuration.
        path: PathBuf,
        /// What is wrong with it, one by one.
        mistakes: Vec<String>,
    },
    /// The name of a configuration does not say which universe it is for.
    #[error("{} does not say which universe it is for", .0.display())]
    WhichUniverse(PathBuf),
    /// The scope of a file cannot be told.
    #[error("cannot tell the scope of {0} by its name")]
    WhichScope(String),
    /// A scope that is neither configured nor in the catalogue.
    #[error("there is no scope {name}; there are {}", known.join(", "))]
    NoScope {
        /// The one that is asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A column that records of a scope do not have.
    #[error("{scope} has no column {name}; there are {}", known.join(", "))]
    NoColumn {
        /// The scope.
        scope: String,
        /// The one that is asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A value that no record can have in a column.
    #[error("no record has {value} in column {column}: {why}")]
    NotOfType {
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// Records cannot be written where they are to go.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// A scope of the catalogue cannot be used. That is a mistake of ours.
    #[error("the scope {name} cannot be used: {mistakes}")]
    Scope {
        /// The scope.
        name: String,
        /// Why.
        mistakes: String,
    },
    /// The ledger does not know a file.
    #[error("no file {0} was registered")]
    NoSuchFile(String),
    /// A file is still on its way.
    #[error("{0} has no outcome yet, so there is no report")]
    NoOutcome(String),
    /// The object with the report of a file is gone.
    #[error("the report of {0} is gone")]
    ReportGone(String),
    /// The records of a stack are in PostgreSQL.
    #[error("the records of {0} are in PostgreSQL, and are read there")]
    RecordsInPostgres(String),
    /// Only a folder keeps changes.
    #[error("a deployed stack keeps no changes of its records; a folder does")]
    OnlyFoldersKeepChanges,
    /// A folder that is set to keep no changes.
    #[error("this folder keeps no changes: keep_changes_days is 0 in its tidewaiter.toml")]
    KeepsNoChanges,
    /// A universe whose records never changed.
    #[error("there are no changes of universe {name}{}", known_ones(.known))]
    NoChanges {
        /// The one that is asked for.
        name: String,
        /// Those that have changes.
        known: Vec<String>,
    },
    /// Several universes have changes, and none is named.
    #[error("several universes have changes: {}", .0.join(", "))]
    WhichChanges(Vec<String>),
    /// Changes that are asked for are not kept any more.
    #[error("the changes {} to {} are not kept any more", .since + 1, .oldest - 1)]
    ChangesGone {
        /// The change behind which they were to begin.
        since: u64,
        /// The first one that is kept.
        oldest: u64,
    },
    /// The stores cannot be asked.
    #[error(transparent)]
    Pipeline(#[from] tidewaiter_engine::Error),
}

fn known_ones(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) }
}

fn in_brackets(hint: Option<&String>) -> String {
    hint.map(|hint| format!(" ({hint})")).unwrap_or_default()
}
