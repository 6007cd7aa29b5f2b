//! `tidewaiter universe`: the owners of universes, and the repositories that share them.

use tidewaiter_ops::{Deployment, Location, universes};

use crate::args::{UniverseListArgs, UniverseShareArgs};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::{Result, Status};

/// Lists the universes that have an owner.
pub async fn list(args: UniverseListArgs, printer: &Printer) -> Result<Status> {
    let location = Location::of(args.deployment.dir)?;
    let universes = universes::list(&Deployment::look(&location).await?).await?;
    match args.format {
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
pub async fn share(args: UniverseShareArgs, is_shared: bool, printer: &Printer) -> Result<Status> {
    let UniverseShareArgs { dir, universe, repository } = args;
    let deployment = Deployment::open(&Location::of(dir)?).await?;
    universes::share(&deployment, &universe, &repository, is_shared).await?;
    let now = if is_shared { "is shared with" } else { "is no longer shared with" };
    printer.line(format!("universe {universe} {now} {repository}"))?;
    Ok(Status::Clean)
}
