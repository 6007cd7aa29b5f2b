//! `tidewaiter config`: is a configuration right, and what does it configure?

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tidewaiter::config::{Config, ImportOptions, Settings, json_schema};
use tidewaiter::id::ImportId;
use tidewaiter::keys::Repository;
use tidewaiter::mistake::Mistake;
use tidewaiter::schema::catalogue;
use tidewaiter_pipeline::configs::{Activation, Candidate, activate as activate_configuration};
use tidewaiter_pipeline::ports::State;

use super::{file_name, read_configuration, repositories, universe_of};
use crate::args::Format;
use crate::deployed::{self, Deployed, with_deployed};
use crate::printer::{Line, Printer, style};
use crate::text::{listed, plural};
use crate::{Error, Result, Status};

/// What to check.
#[derive(Debug)]
pub struct Options {
    /// The configuration.
    pub file: PathBuf,
    /// The universe it is for, if its name does not say so.
    pub universe: Option<String>,
    /// How to write the answer.
    pub format: Format,
}

/// What to activate.
#[derive(Debug)]
pub struct ActivateOptions {
    /// The deployment.
    pub dir: PathBuf,
    /// The repository.
    pub repository: Repository,
    /// The configuration.
    pub file: PathBuf,
    /// The universe it is for, if its name does not say so.
    pub universe: Option<String>,
}

/// Makes a configuration the active one of a repository, as an operator.
pub async fn activate(options: ActivateOptions, printer: &Printer) -> Result<Status> {
    with_deployed!(deployed::open(&options.dir).await?, deployed => {
        Box::pin(activate_in(deployed, options, printer)).await
    })
}

async fn activate_in(
    deployed: &impl Deployed,
    options: ActivateOptions,
    printer: &Printer,
) -> Result<Status> {
    let ActivateOptions { dir, repository, file, universe } = options;
    repositories(deployed, Some(repository.clone())).await?;
    let universe =
        universe.or_else(|| universe_of(&file)).ok_or_else(|| Error::WhichUniverse(file.clone()))?;
    let document = read_configuration(&file)?;
    let random = RandomState::new().hash_one(&document);
    let id = ImportId::new(deployed.now(), u128::from(random));
    let candidate = Candidate { repository: &repository, universe: &universe, id, document: document.into() };
    match activate_configuration(deployed, &candidate, async { Ok(()) }).await? {
        Activation::Active => {}
        Activation::Superseded => return Err(Error::Superseded(universe)),
        Activation::NotOwned => {
            return Err(Error::NotOwned { dir, universe, repository: repository.to_string() });
        }
        Activation::Wrong(mistakes) => {
            let count = plural(mistakes.len() as u64, "mistake");
            printer.line(Line::from(format!("{}: ", file_name(&file))).styled(style::BAD, count))?;
            tell_mistakes(&mistakes, printer)?;
            return Ok(Status::Findings);
        }
    }
    deployed.state().reconfigured(&repository).await?;
    printer.line(format!("it is now the active configuration of universe {universe} in {repository}"))?;
    Ok(Status::Clean)
}

/// Prints the JSON Schema of configurations.
pub fn schema(printer: &Printer) -> Result<Status> {
    printer.json(&json_schema())?;
    Ok(Status::Clean)
}

/// Finds every mistake of a configuration, or shows what it configures.
pub fn check(options: Options, printer: &Printer) -> Result<Status> {
    let Options { file, universe, format } = options;
    let universe =
        universe.or_else(|| universe_of(&file)).ok_or_else(|| Error::WhichUniverse(file.clone()))?;
    let checked = Config::parse(&universe, &read_configuration(&file)?);
    let name = file_name(&file);
    let status = if checked.is_ok() { Status::Clean } else { Status::Findings };
    match (format, &checked) {
        (Format::Json, _) => printer.json(&document(&name, &universe, &checked))?,
        (Format::Text, Ok(config)) => describe(&name, config, printer)?,
        (Format::Text, Err(mistakes)) => {
            let count = plural(mistakes.len() as u64, "mistake");
            printer.line(Line::from(format!("{name}: ")).styled(style::BAD, count))?;
            tell_mistakes(mistakes, printer)?;
        }
    }
    Ok(status)
}

/// A line for each mistake, and one for advice.
pub(super) fn tell_mistakes(mistakes: &[Mistake], printer: &Printer) -> Result<()> {
    for Mistake { path, message, hint } in mistakes {
        let place =
            if path.is_empty() { Line::new() } else { Line::new().styled(style::BOLD, path).text(": ") };
        printer.line(Line::from("  ").then(place).text(message))?;
        if let Some(hint) = hint {
            printer.line(Line::from("    ").styled(style::DIM, format!("hint: {hint}")))?;
        }
    }
    Ok(())
}

fn describe(name: &str, config: &Config, printer: &Printer) -> Result<()> {
    let imports = plural(config.entries().count() as u64, "import");
    printer.line(
        Line::from(format!("{name}: "))
            .styled(style::GOOD, "valid")
            .text(format!(", {imports} of universe {}", config.universe())),
    )?;
    for (entry, options) in config.entries() {
        let changed = changed(options, &defaults(config.settings()));
        let line = Line::from("  ").text(format!("{}_<yyyymmdd>.csv", entry.joined()));
        printer.line(if changed.is_empty() { line } else { line.styled(style::DIM, told(&changed)) })?;
    }
    let settings = changed(config.settings(), &Settings::default());
    if !settings.is_empty() {
        printer.line(format!("  settings{}", told(&settings)))?;
    }
    let scopes = own_scopes(config);
    if !scopes.is_empty() {
        printer.line(format!("  scopes with columns of its own: {}", listed(&scopes)))?;
    }
    Ok(())
}

fn document(name: &str, universe: &str, checked: &std::result::Result<Config, Vec<Mistake>>) -> Value {
    match checked {
        Err(mistakes) => {
            json!({ "file": name, "universe": universe, "valid": false, "mistakes": mistakes })
        }
        Ok(config) => {
            let imports: Vec<Value> = config
                .entries()
                .map(|(entry, options)| {
                    json!({
                        "scope": entry.scope,
                        "subsection": entry.subsection,
                        "files": format!("{}_<yyyymmdd>.csv", entry.joined()),
                        "options": options,
                        "changed": changed(options, &defaults(config.settings())),
                    })
                })
                .collect();
            json!({
                "file": name,
                "universe": universe,
                "valid": true,
                "mistakes": [],
                "imports": imports,
                "settings": config.settings(),
                "changed_settings": changed(config.settings(), &Settings::default()),
                "own_scopes": own_scopes(config),
            })
        }
    }
}

/// The options of an import that says nothing.
fn defaults(settings: &Settings) -> ImportOptions {
    ImportOptions {
        phone_prefix: settings.phone_prefix.clone(),
        report_recipients: settings.report_recipients.clone(),
        alert_recipients: settings.alert_recipients.clone(),
        report_on: settings.report_on,
        digest: settings.digest,
        ..ImportOptions::default()
    }
}

/// The scopes that are not as they are in the catalogue.
fn own_scopes(config: &Config) -> Vec<String> {
    let shipped = catalogue::scopes();
    config
        .scopes()
        .iter()
        .filter(|(name, scope)| shipped.get(*name) != Some(scope))
        .map(|(name, _)| name.clone())
        .collect()
}

/// What differs from the default, by option.
fn changed<T: Serialize>(options: &T, default: &T) -> Map<String, Value> {
    let object = |value: &T| match serde_json::to_value(value) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    };
    let default = object(default);
    let differs = |(name, value): &(String, Value)| default.get(name) != Some(value);
    object(options).into_iter().filter(differs).map(|(name, value)| (name, without_null(value))).collect()
}

/// A value without what is not given: leaving a key out is the one way to say nothing.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let given = map.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(given.map(|(name, value)| (name, without_null(value))).collect())
        }
        other => other,
    }
}

fn told(changed: &Map<String, Value>) -> String {
    let options: Vec<String> = changed.iter().map(|(name, value)| format!("{name} {value}")).collect();
    format!("  {}", options.join(", "))
}
