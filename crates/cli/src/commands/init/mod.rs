//! `tidewaiter init`: the folders of a deployment, and a configuration to begin with.

mod infer;

use std::path::Path;

use serde_json::json;
use tidewaiter::config::Config;
use tidewaiter::keys::{Key, Repository};
use tidewaiter_engine::capabilities::{HasObjects, HasState};
use tidewaiter_engine::ports::{ConfigStore, Objects};
use tidewaiter_folder::Local;
use tidewaiter_ops::configurations::{Activation, activate_in_folder};
use tidewaiter_ops::open_folder;

use super::config::tell_mistakes;
use super::only_folder;
use crate::args::{Deployment, InitArgs};
use crate::printer::{Line, Printer, style};
use crate::{Error, Result, Status};

/// Makes what is not there, and says what to do next.
pub async fn run(args: InitArgs, printer: &Printer, operator: &str) -> Result<Status> {
    let InitArgs { dir, repositories, from, print: _, accept_empty } = args;
    if !from.is_empty() && repositories.len() > 1 {
        return Err(Error::OneRepository);
    }
    let inferred = match repositories.first() {
        Some(repository) if !from.is_empty() => Some(infer::read(&example_universe(repository), &from)),
        _ => None,
    };
    let Some(dir) = dir else {
        let Some(inferred) = &inferred else { return Ok(Status::Clean) };
        return infer::print(inferred, &from, printer);
    };
    let deployment = Deployment { dir };
    let dir = &only_folder(deployment, "`init`", "`make deploy` makes a stack: see infra/README.md")?;
    for repository in &repositories {
        Local::init(dir, repository)?;
    }
    let local = if accept_empty { Local::open_anew(dir)? } else { open_folder(dir)? };
    let mut status = Status::Clean;
    for repository in &repositories {
        let drop = dir.join("imports").join(repository.as_str());
        printer.line(Line::new().styled(style::GOOD, "ready").text(format!("  {}", drop.display())))?;
        if !local.objects().list(&Key::configs(repository)).await?.is_empty() {
            printer.line(format!("       {repository} has a configuration already; it stays as it is"))?;
            if inferred.is_some() {
                printer.line("       nothing was inferred or written; --print in place of the folder shows what would be")?;
                status = Status::Failure;
            }
            continue;
        }
        let universe = example_universe(repository);
        let key = Key::config(repository, &universe);
        let path = dir.join(key.as_str());
        let owner = local.state().own(&universe, repository).await?;
        if !owner.admits(repository) {
            let what = if inferred.is_some() { "configuration" } else { "example" };
            printer.line(format!("       no {what}: universe {universe} belongs to {}", owner.owner))?;
            if inferred.is_some() {
                status = Status::Failure;
            }
            continue;
        }
        let Some(inferred) = &inferred else {
            let document = example(&universe).into_bytes();
            if is_activated(&local, repository, &universe, document, operator, printer).await? {
                printer.line(format!("       {} is an example configuration, active now", path.display()))?;
            } else {
                status = Status::Failure;
            }
            continue;
        };
        if !infer::is_usable(inferred, printer)? {
            status = Status::Failure;
            continue;
        }
        let document = inferred.document.clone().into_bytes();
        if !is_activated(&local, repository, &universe, document, operator, printer).await? {
            status = Status::Failure;
            continue;
        }
        printer.line(format!("       {} is the configuration, active now", path.display()))?;
        status = infer::tell(inferred, &from, printer)?;
    }
    match repositories.first() {
        Some(repository) if inferred.is_none() => next_steps(dir, repository, printer)?,
        Some(repository) if status != Status::Failure => land(dir, repository, &from, printer)?,
        _ => {}
    }
    Ok(status)
}

/// Activates a configuration as the first version of it; false if it may not be, and says why.
async fn is_activated(
    local: &Local,
    repository: &Repository,
    universe: &str,
    document: Vec<u8>,
    operator: &str,
    printer: &Printer,
) -> Result<bool> {
    match activate_in_folder(local, repository, universe, document, operator).await? {
        Activation::Active => return Ok(true),
        Activation::Wrong(mistakes) => {
            printer.line("       no configuration was written: it is not usable")?;
            tell_mistakes(&mistakes, printer)?;
        }
        Activation::Superseded | Activation::NotOwned => {
            printer
                .line(format!("       no configuration was written: universe {universe} has another one"))?;
        }
    }
    Ok(false)
}

/// How to import the files from which a configuration was inferred.
fn land(dir: &Path, repository: &Repository, from: &[std::path::PathBuf], printer: &Printer) -> Result<()> {
    let drop = dir.join("imports").join(repository.as_str());
    let files: Vec<String> = from.iter().map(|file| quoted(file)).collect();
    printer.blank()?;
    printer.line(Line::new().styled(style::BOLD, "What to do next"))?;
    printer.line("  look at the doubts, drop the files as they are, and import them:")?;
    printer.line(format!("    cp {} {}", files.join(" "), quoted(&drop)))?;
    printer.line(format!("    tidewaiter run {}", quoted(dir)))
}

fn next_steps(dir: &Path, repository: &Repository, printer: &Printer) -> Result<()> {
    let drop = dir.join("imports").join(repository.as_str());
    let universe = example_universe(repository);
    let file = drop.join(format!("{universe}_contacts_main_20260131.csv"));
    printer.blank()?;
    printer.line(Line::new().styled(style::BOLD, "What to do next"))?;
    printer.line("  drop a file, such as one with two columns:")?;
    printer.line(format!("    echo 'email;firstname' > {}", quoted(&file)))?;
    printer.line(format!("    echo 'ana.lopez@example.org;Ana' >> {}", quoted(&file)))?;
    printer.line("  import it, and see what became of it:")?;
    printer.line(format!("    tidewaiter run {}", quoted(dir)))?;
    printer.line(format!("    tidewaiter history {}", quoted(dir)))?;
    printer.line("  write a configuration of your own, check it, and drop it like any other file:")?;
    printer.line("    tidewaiter config check acme_imports_config.json")?;
    printer.line(format!("    cp acme_imports_config.json {}", quoted(&drop)))
}

/// A universe named after the repository, as far as its name can be one.
fn example_universe(repository: &Repository) -> String {
    let name = repository.as_str().replace('.', "_");
    let usable = Config::parse(&name, example(&name).as_bytes()).is_ok();
    if usable { name } else { "demo".to_owned() }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn example(universe: &str) -> String {
    let document = json!({
        universe: {
            "contacts": { "main": {} },
            "stores": { "main": {} },
            "products": { "main": {} },
            "orders": { "main": {} },
            "ordersitems": { "main": { "policy": { "max_rejected_share": 0.1 } } },
        },
    });
    format!("{document:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_valid_for_every_repository() {
        for name in ["default", "a.b-c_d", "settings", "scopes", "9lives"] {
            let universe = example_universe(&name.parse().unwrap());
            Config::parse(&universe, example(&universe).as_bytes()).unwrap();
        }
    }
}
