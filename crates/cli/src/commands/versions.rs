//! `tidewaiter config history` and `config rollback`: the versions of a configuration.

use tidewaiter_ops::configurations::Activation;
use tidewaiter_ops::versions::{Author, Changes, RolledBack, State, Version, Versions, roll_back, versions};
use tidewaiter_ops::{Deployment, Location};

use super::config::tell_wrong;
use super::look;
use crate::args::{ConfigHistoryArgs, ConfigRollbackArgs};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::table::{Align, Table};
use crate::text::moment;
use crate::{Error, Result, Status};

/// How many paths of a kind are shown; JSON has all.
const PATHS: usize = 3;

/// Lists the versions of a configuration, the newest first.
pub async fn history(args: ConfigHistoryArgs, printer: &Printer) -> Result<Status> {
    let ConfigHistoryArgs { configured, limit, format } = args;
    let (deployment, repository) = look(&configured.deployment.dir, configured.repository).await?;
    let found = versions(&deployment, repository.as_ref(), &configured.universe, limit).await?;
    match format {
        Format::Json => printer.json(&found)?,
        Format::Text => tell(&found, printer)?,
    }
    Ok(Status::Clean)
}

fn tell(found: &Versions, printer: &Printer) -> Result<()> {
    let headings = ["VERSION", "WHEN", "STATE", "WHO", "CHANGES"];
    let align = |n: usize| if n == 0 { Align::Right } else { Align::Left };
    let mut table = Table::new(headings.into_iter().enumerate().map(|(n, heading)| (heading, align(n))));
    for version in &found.versions {
        let (state, style) = match version.state {
            State::Active => ("active", style::GOOD),
            State::Replaced => ("replaced", style::DIM),
            State::Skipped => ("not active", style::DIM),
        };
        table.row([
            Line::from(version.number.to_string()),
            Line::from(version.at.map_or_else(|| "unknown".to_owned(), moment)),
            Line::new().styled(style, state),
            Line::from(who(version)),
            Line::from(told(version.changes.as_ref())),
        ]);
    }
    table.print(printer)?;
    let shown = found.versions.len() as u64;
    if shown < u64::from(found.total) {
        let more = format!("the newest {shown} of {}; --limit shows more", found.total);
        printer.line(Line::new().styled(style::DIM, more))?;
    }
    let latest_is_shown = found.versions.first().is_some_and(|version| version.number == found.total);
    if latest_is_shown && found.versions.iter().all(|version| version.state == State::Replaced) {
        printer
            .line(format!("none is active: config/{}/{}.json is gone", found.repository, found.universe))?;
    }
    Ok(())
}

fn who(version: &Version) -> String {
    let who = match (&version.by, version.id) {
        (Author::Dropped { file }, Some(id)) => format!("{file} (import {id})"),
        (Author::Dropped { file }, None) => file.clone(),
        (Author::Operator { name }, _) => name.clone(),
        (Author::Hand, _) if version.replaces.is_none() => "put there by hand".to_owned(),
        (Author::Hand, _) => "changed by hand".to_owned(),
    };
    match version.restores {
        Some(restored) => format!("{who}, back to version {restored}"),
        None => who,
    }
}

/// What a version changed, in a line.
fn told(changes: Option<&Changes>) -> String {
    let Some(changes) = changes else { return "cannot be compared: not JSON".to_owned() };
    let kinds = [("added", &changes.added), ("removed", &changes.removed), ("changed", &changes.changed)];
    let parts: Vec<String> = kinds
        .into_iter()
        .filter(|(_, paths)| !paths.is_empty())
        .map(|(verb, paths)| {
            let shown: Vec<&str> = paths.iter().take(PATHS).map(String::as_str).collect();
            let more = match paths.len().saturating_sub(shown.len()) {
                0 => String::new(),
                hidden => format!(" and {hidden} more"),
            };
            format!("{verb} {}{more}", shown.join(", "))
        })
        .collect();
    if parts.is_empty() { "nothing but its layout".to_owned() } else { parts.join("; ") }
}

/// Makes an earlier version of a configuration active again.
pub async fn rollback(args: ConfigRollbackArgs, printer: &Printer, operator: &str) -> Result<Status> {
    let ConfigRollbackArgs { configured, version } = args;
    let universe = configured.universe;
    let location = Location::of(configured.deployment.dir)?;
    let repository = location.repository(configured.repository)?;
    let deployment = Deployment::open(&location).await?;
    let back = roll_back(&deployment, repository.as_ref(), &universe, version, operator).await?;
    match back.result {
        RolledBack::Active(now) => {
            let of =
                now.restores.map(|of| format!(", with the document of version {of}")).unwrap_or_default();
            printer.line(format!(
                "version {} of universe {universe} is active now in {}{of}",
                now.number, back.repository
            ))?;
            printer.line(format!("  {}", told(now.changes.as_ref())))?;
        }
        RolledBack::Already(number) => {
            let of = match version.filter(|of| *of != number) {
                Some(of) => format!(", with the document of version {of}"),
                None => String::new(),
            };
            printer.line(format!(
                "version {number} of universe {universe} is active already{of}; nothing changed"
            ))?;
        }
        RolledBack::Before(now) => {
            let of =
                now.restores.map(|of| format!(", with the document of version {of}")).unwrap_or_default();
            printer.line(format!(
                "version {} of universe {universe} is active since {}{of}; nothing changed",
                now.number,
                moment(now.at)
            ))?;
            printer.line("  name a version to go to another one; `tidewaiter config history` lists them")?;
        }
        RolledBack::Refused { version, activation } => {
            return refused(version, activation, location, universe, &back.repository.to_string(), printer);
        }
    }
    Ok(Status::Clean)
}

/// Says why a version may not be activated.
fn refused(
    version: u32,
    activation: Activation,
    location: Location,
    universe: String,
    repository: &str,
    printer: &Printer,
) -> Result<Status> {
    match activation {
        Activation::Wrong(mistakes) => {
            tell_wrong(&format!("version {version}"), &mistakes, printer)?;
            printer.line("the active configuration stays as it is")?;
            Ok(Status::Findings)
        }
        Activation::NotOwned => {
            Err(Error::NotOwned { location, universe, repository: repository.to_owned() })
        }
        Activation::Superseded | Activation::Active => Err(Error::Superseded(universe)),
    }
}
