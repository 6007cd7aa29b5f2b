//! The arguments of `replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::format::Format;

/// The queues of a stack as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    /// What was dropped.
    Unpack,
    /// What the order of files depends on.
    Sequence,
    /// Files to check and to load.
    Validate,
    /// Reports to mail.
    Report,
    /// Queries to read.
    Fetch,
}

/// Arguments of `replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tidewaiter replay s3://bucket --dry-run   what the dead letters are about
  tidewaiter replay s3://bucket             all of them go back
  tidewaiter replay s3://bucket/acme --queue validate
  tidewaiter replay s3://bucket --only contacts_crm

Fix the cause first: the log of the function names it. A message that comes
again changes nothing that is done, so sending back too many is safe. A message
that no function can read becomes a dead letter again; --only leaves it out.

Each goes back to its queue before it is taken out of the dead letters: whatever
happens in between, none is lost. Those that are left are hidden from others
while this runs, and for five minutes if it is stopped.")]
pub struct ReplayArgs {
    /// The stack, as `s3://bucket` or `s3://bucket/repository`
    pub(crate) stack: PathBuf,
    /// Only the dead letters of this queue; may be given several times
    #[arg(long = "queue", value_name = "QUEUE", value_enum)]
    pub(crate) queues: Vec<QueueName>,
    /// Only those that are about something with this text, as it is shown
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Show what would go back, and leave it
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
