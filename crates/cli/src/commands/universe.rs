//! `tidewaiter universe`: the owners of universes, and the repositories that share them.

use tidewaiter::keys::Repository;
use tidewaiter_ops::{Deployment, Location, universes};

use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::{Result, Status};

/// What to list.
#[derive(Debug)]
pub struct ListOptions {
    /// The deployment.
    pub location: Location,
    /// How to write it.
    pub format: Format,
}

/// What to share.
#[derive(Debug)]
pub struct ShareOptions {
    /// The deployment.
    pub location: Location,
    /// The universe.
    pub universe: String,
    /// The repository.
    pub repository: Repository,
    /// False if it is not to be shared any more.
    pub is_shared: bool,
}

/// Lists the universes that have an owner.
pub async fn list(options: ListOptions, printer: &Printer) -> Result<Status> {
    let universes = universes::list(&Deployment::look(&options.location).await?).await?;
    match options.format {
        Format::Json => printer.json(&universes)?,
        Format::Text if universes.is_empty() => {
            printer.line(
                "no universe has an owner: the first repository that activates a configuration owns it",
            )?;
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
}

/// Shares a universe with a repository, or no longer.
pub async fn share(options: ShareOptions, printer: &Printer) -> Result<Status> {
    let ShareOptions { location, universe, repository, is_shared } = options;
    let deployment = Deployment::open(&location).await?;
    universes::share(&deployment, &universe, &repository, is_shared).await?;
    let now = if is_shared { "is shared with" } else { "is no longer shared with" };
    printer.line(format!("universe {universe} {now} {repository}"))?;
    Ok(Status::Clean)
}
