//! The arguments of `check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use tidewaiter::config::dialect::Delimiter;
use tidewaiter::keys::Repository;

use super::delimiter;
use crate::format::Format;

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter check --config acme_imports_config.json *.csv
  tidewaiter check --dir drop --repository acme *.csv monday.zip
  tidewaiter check --dir s3://bucket/acme *.csv
  tidewaiter check --scope contacts --delimiter , export.csv
  some-export | tidewaiter check --scope orders -
  tidewaiter check --scope orders --fix fixed.csv export.csv

With a configuration, each file is judged as an import would judge it, its name
included. With --scope its name does not matter: it is checked against that
scope of the configuration or the catalogue, with default options. With neither,
the scope is taken from the name (`_contacts_`).

Archives are looked into without unpacking them anywhere, with the same limits
as an import. What a file refers to (the contact of an order) is not looked up,
and what records hold already is not, either: which lines change something, and
which are superseded by later ones, only an import can count.
JSON is one array with an object for each file.

An encrypted file (.pgp, .gpg, .asc) is looked into with --key-file, or with the
keys of the folder that --dir names. Without a key, check the file before it is
encrypted.

--fix repairs what has only one meaning (a byte order mark, UTF-16, the
delimiter, capitals in the header, decimal commas, dates with the year last, …),
keeps everything else byte for byte, and lists each change. It never guesses:
01/02/2026 stays. If anything changed, it writes OUT and checks that.

Exit codes: 0 nothing is wrong; 1 something is; 2 a file could not be judged.")]
pub struct CheckArgs {
    /// Data files, archives, configurations; `-` is standard input
    #[arg(required = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<PathBuf>,
    /// A configuration to judge by; may be given several times
    #[arg(long = "config", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) configs: Vec<PathBuf>,
    /// Judge by the active configurations of a deployment: a folder, or `s3://bucket/repository`
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with = "configs")]
    pub(crate) dir: Option<PathBuf>,
    /// Which repository of the deployment; may be left out if there is only one
    #[arg(long, value_name = "R", requires = "dir")]
    pub(crate) repository: Option<Repository>,
    /// What the files hold, whatever their names
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// The character between fields, instead of the configured one
    #[arg(long, value_name = "C", value_parser = delimiter)]
    pub(crate) delimiter: Option<Delimiter>,
    /// A file with a secret key, to look into encrypted files; may be given several times. With --dir, the keys of the
    /// folder are used
    #[arg(long = "key-file", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) keys: Vec<PathBuf>,
    /// A file with the passphrases of the keys, one a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "keys")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Write the file as it should be, where there is no doubt
    #[arg(long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) fix: Option<PathBuf>,
    /// What the file is in, if --fix cannot know
    #[arg(long, value_name = "ENCODING", requires = "fix")]
    pub(crate) encoding: Option<EncodingName>,
    /// Show all findings that are kept, not only the first few
    #[arg(long)]
    pub(crate) all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

/// Encodings that a file does not tell by itself.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum EncodingName {
    /// Windows-1252, and Latin-1, which is a part of it
    #[value(name = "windows-1252", alias = "latin-1")]
    Windows1252,
}
