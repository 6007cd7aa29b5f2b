//! `tidewaiter init`: the folders of a deployment, and an example to begin with.

use std::path::Path;

use serde_json::json;
use tidewaiter::config::Config;
use tidewaiter::keys::{Key, Repository};
use tidewaiter_engine::capabilities::{HasObjects, HasState};
use tidewaiter_engine::ports::{ConfigStore, Objects};
use tidewaiter_folder::Local;
use tidewaiter_ops::open_folder;

use super::only_folder;
use crate::args::InitArgs;
use crate::printer::{Line, Printer, style};
use crate::{Result, Status};

/// Makes what is not there, and says what to do next.
pub async fn run(args: InitArgs, printer: &Printer) -> Result<Status> {
    let InitArgs { deployment, repositories, accept_empty } = args;
    let dir = &only_folder(deployment, "`init`", "`make deploy` makes a stack: see infra/README.md")?;
    for repository in &repositories {
        Local::init(dir, repository)?;
    }
    let local = if accept_empty { Local::open_anew(dir)? } else { open_folder(dir)? };
    for repository in &repositories {
        let drop = dir.join("imports").join(repository.as_str());
        printer.line(Line::new().styled(style::GOOD, "ready").text(format!("  {}", drop.display())))?;
        if !local.objects().list(&Key::configs(repository)).await?.is_empty() {
            printer.line(format!("       {repository} has a configuration already; it stays as it is"))?;
            continue;
        }
        let universe = example_universe(repository);
        let key = Key::config(repository, &universe);
        let owner = local.state().own(&universe, repository).await?;
        if !owner.admits(repository) {
            printer.line(format!("       no example: universe {universe} belongs to {}", owner.owner))?;
            continue;
        }
        local.objects().put(&key, example(&universe).into()).await?;
        printer.line(format!(
            "       {} is an example configuration, active now",
            dir.join(key.as_str()).display()
        ))?;
    }
    if let Some(repository) = repositories.first() {
        next_steps(dir, repository, printer)?;
    }
    Ok(Status::Clean)
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
