//! The arguments of `init`.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use tidewaiter::keys::Repository;

/// Arguments of `init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter init drop
  tidewaiter init drop --repository acme --repository globex
  tidewaiter init drop --from customers-export.csv ORDERS_28112026.txt
  tidewaiter init --from *.csv --repository acme --print > draft.json

What exists stays unchanged. The example configuration is written only
into repositories that have no configuration yet; it is active at once.

--from infers the configuration from files as partners send them: encoding,
delimiter, header, types, required columns, what identifies a record, the scope.
It looks at the first 16 MiB of each, also of a .gz, a .bz2, an .xlsx, or a .zip
with one file. Files whose names differ in digits only are files of one import.
It says what it chose and from how many rows; what the data do not settle is
marked as a doubt: look at these choices. Then it checks the whole files by the
new configuration, as an import would. It never replaces a configuration.

If a database was lost or emptied, every command says so and stops: restore it
from a backup, or give --accept-empty once to go on without what it knew.

Exit codes: 0 nothing is wrong; 1 files given to --from would not land as a
whole; 2 something failed, or no configuration could be written.")]
pub struct InitArgs {
    /// The folder of the deployment: the one that holds imports/
    #[arg(value_hint = ValueHint::DirPath, required_unless_present = "print")]
    pub(crate) dir: Option<PathBuf>,
    /// A partner's drop folder to make; may be given several times
    #[arg(long = "repository", value_name = "NAME", default_value = "default")]
    pub(crate) repositories: Vec<Repository>,
    /// Infer the configuration from these files, instead of the example
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath)]
    pub(crate) from: Vec<PathBuf>,
    /// Print the inferred configuration instead of writing it; what was chosen goes to standard error
    #[arg(long, requires = "from", conflicts_with = "dir")]
    pub(crate) print: bool,
    /// Go on though a database was lost or emptied: it begins anew, without what it knew
    #[arg(long)]
    pub(crate) accept_empty: bool,
}
