//! `tidewaiter universe`: whose universes are, and with whom they are shared.

use std::path::PathBuf;

use tidewaiter::keys::Repository;
use tidewaiter_pipeline::ports::{Platform, State};

use super::repositories;
use crate::args::Format;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::{Line, Printer, style};
use crate::{Error, Result, Status};

/// What to list.
#[derive(Debug)]
pub struct ListOptions {
    /// The deployment.
    pub dir: PathBuf,
    /// How to write it.
    pub format: Format,
}

/// What to share.
#[derive(Debug)]
pub struct ShareOptions {
    /// The deployment.
    pub dir: PathBuf,
    /// The universe.
    pub universe: String,
    /// The repository.
    pub repository: Repository,
    /// False if it is not to be shared any more.
    pub is_shared: bool,
}

/// Lists the universes that have an owner.
pub async fn list(options: ListOptions, printer: &Printer) -> Result<Status> {
    with_deployed!(deployed::look(&options.dir).await?, deployed => {
        let universes = deployed.state().universes().await?;
        match options.format {
            Format::Json => printer.json(&universes)?,
            Format::Text if universes.is_empty() => {
                printer.line("no universe has an owner: the first repository that activates a configuration owns it")?;
            }
            Format::Text => {
                for universe in universes {
                    let mut line = Line::new().styled(style::BOLD, &universe.name);
                    line = line.text(format!("  belongs to {}", universe.owner));
                    if !universe.shared.is_empty() {
                        let shared: Vec<String> = universe.shared.iter().map(ToString::to_string).collect();
                        line = line.text(format!(", shared with {}", shared.join(", ")));
                    }
                    printer.line(line)?;
                }
            }
        }
        Ok(Status::Clean)
    })
}

/// Shares a universe with a repository, or no longer.
pub async fn share(options: ShareOptions, printer: &Printer) -> Result<Status> {
    with_deployed!(deployed::open(&options.dir).await?, deployed => share_in(deployed, options, printer).await)
}

async fn share_in(deployed: &impl Deployed, options: ShareOptions, printer: &Printer) -> Result<Status> {
    let ShareOptions { universe, repository, is_shared, .. } = options;
    repositories(deployed, Some(repository.clone())).await?;
    let state = deployed.state();
    if !state.share(&universe, &repository, is_shared).await? {
        let known = state.universes().await?.into_iter().map(|one| one.name).collect();
        return Err(Error::NoUniverse { name: universe, known });
    }
    // Whoever has read that it may, or may not, reads it again.
    state.reconfigured(&repository).await?;
    let now = if is_shared { "is shared with" } else { "is no longer shared with" };
    printer.line(format!("universe {universe} {now} {repository}"))?;
    Ok(Status::Clean)
}
