//! `tidewaiter replay`: dead letters of a deployed stack go back to their queues.

#[cfg(feature = "aws")]
mod letters;
#[cfg(feature = "aws")]
mod messages;

use std::path::PathBuf;

use crate::args::{Format, Queue};
use crate::deployed::{self, Opened};
use crate::printer::Printer;
use crate::{Error, Result, Status};

/// What to send back.
#[derive(Debug)]
pub struct Options {
    /// The address of the stack.
    pub dir: PathBuf,
    /// The queues whose dead letters are meant.
    pub queues: Vec<Queue>,
    /// Only those that are about something with this text.
    pub only: Option<String>,
    /// Show them, and leave them.
    pub dry_run: bool,
    /// How to write it.
    pub format: Format,
}

/// Sends dead letters back. That there were some is no finding of this command.
#[cfg_attr(not(feature = "aws"), expect(unused_variables, reason = "this deployment has no dead letters"))]
pub async fn run(options: Options, printer: &Printer) -> Result<Status> {
    match deployed::look(&options.dir).await {
        Ok(Opened::Folder(_)) | Err(Error::NoFolder(_) | Error::NotADeployment(_)) => {
            Err(Error::OnlyStacks(options.dir))
        }
        #[cfg(feature = "aws")]
        Ok(Opened::Stack(stack)) => letters::replay(&stack, &options, printer).await,
        Err(error) => Err(error),
    }
}
