//! What keeps a command from doing its work, and what a person can do about it.

use std::io;
use std::path::PathBuf;

use tidewaiter::name::did_you_mean;
use tidewaiter_ops::{Error as Ops, Location};

/// A result of a command.
pub type Result<T> = std::result::Result<T, Error>;

/// What helps where the scope of a file cannot be told.
pub(crate) const WHICH_SCOPE: &str = "give --config with its configuration, or --scope with its scope";

/// Failures of a command. All of them end with exit code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A question about a deployment or a file cannot be answered.
    #[error(transparent)]
    Ops(Ops),
    /// Two repositories were named.
    #[error("{} names one repository, and --repository {named} another", address.display())]
    TwoRepositories {
        /// The address.
        address: PathBuf,
        /// The other one.
        named: String,
    },
    /// The address of a stack was given to a command for folders.
    #[error("{} is a deployed stack, and {what} is for folders", address.display())]
    OnlyFolders {
        /// The address.
        address: PathBuf,
        /// The command.
        what: &'static str,
        /// What there is in its place.
        instead: String,
    },
    /// The address of a stack names a repository where that says nothing.
    #[error("records belong to universes, not to repositories such as {0}")]
    NotByRepository(String),
    /// A universe belongs to another repository.
    #[error("universe {universe} belongs to another repository than {repository}")]
    NotOwned {
        /// The deployment.
        location: Location,
        /// The universe.
        universe: String,
        /// The repository that does not own it.
        repository: String,
    },
    /// A configuration that came later is active.
    #[error("a newer configuration of universe {0} is active")]
    Superseded(String),
    /// Standard input cannot be read.
    #[error("cannot read standard input: {0}")]
    Stdin(io::Error),
    /// One file is fixed at a time.
    #[error("--fix takes one file, not standard input")]
    OneFile,
    /// A configuration is inferred for one repository at a time.
    #[error("--from infers the configuration of one repository")]
    OneRepository,
    /// Records came and went while they were listed.
    #[error("the records changed while they were being read: column {column} is new")]
    RecordsChanged {
        /// The column that was not there at first.
        column: String,
    },
    /// A format has no place for an option.
    #[error("{option} does not go with --format {format}")]
    NotWithFormat {
        /// What is asked for.
        option: &'static str,
        /// The format.
        format: &'static str,
        /// What there is in its place.
        instead: &'static str,
    },
    /// Parquet would be written to a terminal.
    #[error("parquet is no text, and standard output is a terminal")]
    ToTerminal,
    /// The file of an export cannot be made.
    #[error("cannot write {}: {source}", path.display())]
    OutputFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The output cannot be written.
    #[error("cannot write the output: {0}")]
    Output(io::Error),
    /// The runtime did not start.
    #[error("cannot start: {0}")]
    Runtime(io::Error),
}

impl From<Ops> for Error {
    fn from(error: Ops) -> Self {
        match error {
            // In the words of the command line.
            Ops::TwoRepositories { address, named } => Self::TwoRepositories { address, named },
            error => Self::Ops(error),
        }
    }
}

impl From<tidewaiter_engine::Error> for Error {
    fn from(error: tidewaiter_engine::Error) -> Self {
        Self::Ops(error.into())
    }
}

impl Error {
    /// What to do about it, when that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Ops(error) => return hint(error),
            Self::OnlyFolders { instead, .. } => instead.clone(),
            Self::NotByRepository(_) => {
                "leave the repository out; --universe shows the records of one universe".to_owned()
            }
            Self::NotOwned { location, universe, repository } => {
                format!("`tidewaiter universe share {location} {universe} --with {repository}`")
            }
            Self::RecordsChanged { .. } => "try again, or wait until the import is finished".to_owned(),
            Self::NotWithFormat { instead, .. } => (*instead).to_owned(),
            Self::ToTerminal => "--output FILE writes it to a file".to_owned(),
            Self::TwoRepositories { .. }
            | Self::Superseded(_)
            | Self::Stdin(_)
            | Self::OneFile
            | Self::OneRepository
            | Self::OutputFile { .. }
            | Self::Output(_)
            | Self::Runtime(_) => return None,
        })
    }
}

/// What to do on the command line where a question cannot be answered.
fn hint(error: &Ops) -> Option<String> {
    Some(match error {
        Ops::NoFolder(dir) | Ops::NotADeployment(dir) => {
            format!("`tidewaiter init {}` makes one", dir.display())
        }
        Ops::Address { .. } => "write it as s3://bucket or s3://bucket/repository".to_owned(),
        Ops::OnlyStacks(dir) => format!("`tidewaiter run {}` retries what failed", dir.display()),
        Ops::WithoutAws(_) => {
            "build it with its default features: `make install`, or `cargo install --path crates/cli`"
                .to_owned()
        }
        #[cfg(feature = "aws")]
        Ops::Stack(problem) => return problem.hint(),
        Ops::Pipeline(tidewaiter_engine::Error::Refused { .. }) => {
            "docs/operating.md lists the permissions an operator needs (Looking at a stack), docs/postgres.md those of \
             a database (Roles)"
                .to_owned()
        }
        Ops::Pipeline(tidewaiter_engine::Error::Lost { .. }) => {
            "restore it from a backup; or continue without its contents: `tidewaiter init DIR --accept-empty`"
                .to_owned()
        }
        Ops::Read { path, .. } if path.starts_with("s3://") => {
            format!("files are read where you are: `aws s3 cp {} .` fetches it", path.display())
        }
        Ops::RecordsInPostgres(_) => {
            "query the schema of their universe with any client, such as psql; docs/postgres.md describes the tables"
                .to_owned()
        }
        Ops::WhichChanges(_) => "name one with --universe".to_owned(),
        Ops::ChangesGone { .. } => {
            "read all records with `tidewaiter records`, then follow the changes from the last one on"
                .to_owned()
        }
        Ops::Exists(_) => "name a file that does not exist yet, or remove this one".to_owned(),
        Ops::NoUniverse { .. } => {
            "the first repository that activates a configuration of a universe owns it".to_owned()
        }
        Ops::NoVersions { .. } => {
            "`tidewaiter universe list` shows the universes, and whose they are".to_owned()
        }
        Ops::NoVersion { .. } | Ops::NoEarlierVersion { .. } => {
            "`tidewaiter config history` lists the versions".to_owned()
        }
        Ops::VersionGone { .. } => {
            "what was replaced lies under config/<repository>/replaced/, too; activate it from there"
                .to_owned()
        }
        Ops::WhichRepository { .. } => "name one with --repository".to_owned(),
        Ops::WhichUniverse(_) => {
            "name it <universe>_imports_config.json or <universe>.json, or give --universe".to_owned()
        }
        Ops::NoScope { name, known } | Ops::NoColumn { name, known, .. } | Ops::NoConnection { name, known } => {
            return did_you_mean(name, known.iter().map(String::as_str));
        }
        Ops::WhichScope(_) => WHICH_SCOPE.to_owned(),
        Ops::NoSuchFile(_) => {
            "`tidewaiter history DIR --file TEXT` finds names with a text in them".to_owned()
        }
        Ops::NoOutcome(_) => "`tidewaiter explain DIR FILE` says what it waits for".to_owned(),
        Ops::ReportGone(_) => "its log may exist; `tidewaiter history` shows where".to_owned(),
        _ => return None,
    })
}
