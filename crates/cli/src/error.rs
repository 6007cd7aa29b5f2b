//! What keeps a command from doing its work, and what a person can do about it.

use std::io;
use std::path::PathBuf;

/// A result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// Failures of a command. All of them end with exit code 2.
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
    /// The address of a stack was given to a command for folders.
    #[error("{} is a deployed stack, and {what} is for folders", address.display())]
    OnlyFolders {
        /// The address.
        address: PathBuf,
        /// The command.
        what: &'static str,
        /// What there is in its place.
        instead: Option<String>,
    },
    /// A folder was given to a command for stacks.
    #[error("{} is a folder, and only a deployed stack has dead letters", .0.display())]
    OnlyStacks(PathBuf),
    /// The address of a stack names a repository where that says nothing.
    #[error("records belong to universes, not to repositories such as {0}")]
    NotByRepository(String),
    /// Two repositories were named.
    #[error("{} names one repository, and --repository {named} another", address.display())]
    TwoRepositories {
        /// The address.
        address: PathBuf,
        /// The other one.
        named: String,
    },
    /// This program cannot look at a stack.
    #[error("{} is a deployed stack, and this tidewaiter was built without AWS", .0.display())]
    WithoutAws(PathBuf),
    /// A stack cannot be looked at.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Stack(#[from] tidewaiter_aws::operator::Problem),
    /// The repository that was asked for is not there.
    #[error("there is no repository {name}{}", known_repositories(.known))]
    NoRepository {
        /// The one that was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A universe that nobody owns.
    #[error("no repository owns universe {name}{}", known_universes(.known))]
    NoUniverse {
        /// The one that was asked for.
        name: String,
        /// Those that have an owner.
        known: Vec<String>,
    },
    /// A universe belongs to another repository.
    #[error("universe {universe} belongs to another repository than {repository}")]
    NotOwned {
        /// The deployment.
        dir: PathBuf,
        /// The universe.
        universe: String,
        /// The repository that does not own it.
        repository: String,
    },
    /// A configuration that came later is active.
    #[error("a newer configuration of universe {0} is active")]
    Superseded(String),
    /// Several repositories are there, and none was named.
    #[error("{} has several repositories: {}", dir.display(), known.join(", "))]
    WhichRepository {
        /// The deployment.
        dir: PathBuf,
        /// Its repositories.
        known: Vec<String>,
    },
    /// A file that was named cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Stdin(io::Error),
    /// A file or folder cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
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
    #[error("cannot tell the scope of {file} by its name")]
    WhichScope {
        /// The file.
        file: String,
    },
    /// A scope that nobody knows.
    #[error("there is no scope {name}; there are {}", known.join(", "))]
    NoScope {
        /// The one that was asked for.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A scope of the catalogue cannot be used. That is a mistake of ours.
    #[error("the scope {name} cannot be used: {mistakes}")]
    Scope {
        /// The scope.
        name: String,
        /// Why.
        mistakes: String,
    },
    /// The ledger does not know a file.
    #[error("no file {file} was registered")]
    NoSuchFile {
        /// The name that was asked for.
        file: String,
    },
    /// A file is still on its way.
    #[error("{file} has no outcome yet, so there is no report")]
    NoOutcome {
        /// The name that was asked for.
        file: String,
    },
    /// Somebody removed a report.
    #[error("the report of {file} is gone")]
    ReportGone {
        /// The name that was asked for.
        file: String,
    },
    /// One file is mended at a time.
    #[error("--fix takes one file, not standard input")]
    OneFile,
    /// Records came and went while they were listed.
    #[error("the records changed while they were being read: column {column} is new")]
    RecordsChanged {
        /// The column that was not there at first.
        column: String,
    },
    /// The pipeline failed.
    #[error(transparent)]
    Pipeline(#[from] tidewaiter_pipeline::Error),
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// The runtime did not start.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
}

impl Error {
    /// What to do about it, when that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoFolder(dir) | Self::NotADeployment(dir) => {
                format!("`tidewaiter init {}` makes one", dir.display())
            }
            Self::Address { .. } => "write it as s3://bucket or s3://bucket/repository".to_owned(),
            Self::OnlyFolders { instead, .. } => return instead.clone(),
            Self::OnlyStacks(dir) => format!("`tidewaiter run {}` retries what failed", dir.display()),
            Self::NotByRepository(_) => {
                "leave the repository out; --universe shows the records of one universe".to_owned()
            }
            Self::WithoutAws(_) => {
                "build it with its default features: `make install`, or `cargo install --path crates/cli`"
                    .to_owned()
            }
            #[cfg(feature = "aws")]
            Self::Stack(problem) => return problem.hint(),
            Self::Pipeline(tidewaiter_pipeline::Error::Refused { .. }) => {
                "docs/operating.md lists the permissions an operator needs (Looking at a stack)".to_owned()
            }
            Self::Pipeline(tidewaiter_pipeline::Error::Lost { .. }) => {
                "restore it from a backup; or continue without its contents: `tidewaiter init DIR --accept-empty`"
                    .to_owned()
            }
            Self::Read { path, .. } if path.starts_with("s3://") => {
                format!("files are read where you are: `aws s3 cp {} .` fetches it", path.display())
            }
            Self::NoUniverse { .. } => {
                "the first repository that activates a configuration of a universe owns it".to_owned()
            }
            Self::NotOwned { dir, universe, repository } => {
                format!("`tidewaiter universe share {} {universe} --with {repository}`", dir.display())
            }
            Self::WhichRepository { .. } => "name one with --repository".to_owned(),
            Self::WhichUniverse(_) => {
                "name it <universe>_imports_config.json or <universe>.json, or give --universe".to_owned()
            }
            Self::WhichScope { .. } => {
                "give --config with its configuration, or --scope with its scope"
                    .to_owned()
            }
            Self::NoSuchFile { .. } => {
                "`tidewaiter history DIR --file TEXT` finds names with a text in them".to_owned()
            }
            Self::NoOutcome { .. } => "`tidewaiter explain DIR FILE` says what it waits for".to_owned(),
            Self::ReportGone { .. } => "its log may exist; `tidewaiter history` shows where".to_owned(),
            Self::RecordsChanged { .. } => "try again, or wait until the import is finished".to_owned(),
            _ => return None,
        })
    }
}

fn known_universes(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) }
}

fn known_repositories(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are {}", known.join(", ")) }
}
