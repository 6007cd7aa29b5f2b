//! What a file is checked against: by its name and a configuration, by a scope that is named, or by the
//! scope that its name seems to hold.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use tidewaiter::check::{Dialect, Limits};
use tidewaiter::config::dialect::Delimiter;
use tidewaiter::config::{Active, Config, ImportOptions};
use tidewaiter::id::{Timestamp, day_of};
use tidewaiter::keys::Repository;
use tidewaiter::mistake::Mistake;
use tidewaiter::name::{DataName, Directory, NameError, packed_name};
use tidewaiter::record::Plan;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;
use tidewaiter_engine::capabilities::Keys;
use tidewaiter_engine::configs;
use tidewaiter_engine::examine::CheckSpec;
use tidewaiter_engine::intake::{archive_limits, not_grouped};
use tidewaiter_engine::ports::Refusal;
use tidewaiter_engine::register::refused_name;
use tidewaiter_folder::KeyFiles;

use super::Preflight;
use crate::configurations;
use crate::deployment::{Deployed, Deployment, repositories, with_deployed};
use crate::text::listed;
use crate::{Error, Result};

/// What becomes of a file by its name.
pub(super) enum Ruling {
    /// It is checked.
    Check {
        /// Against this.
        terms: Box<CheckSpec>,
        /// What its name says, if that was looked at.
        name: Option<Box<DataName>>,
        /// What else there is to say.
        notes: Vec<String>,
    },
    /// It is not even looked into.
    Refuse {
        /// Why.
        refusal: Refusal,
        /// What else there is to say.
        notes: Vec<String>,
    },
}

impl From<Refusal> for Ruling {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse { refusal, notes: Vec::new() }
    }
}

/// Finds out what files are to be checked against.
#[derive(Debug)]
pub struct Judge {
    by: By,
    delimiter: Option<Delimiter>,
    /// A configuration that is judged is put beside these.
    active: Active,
    pub(super) advice: Advice,
}

/// What is advised where a check has to be told more. Only who asks knows how that is done: by an option of a command, or
/// a field of a page.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// Where the scope of a file cannot be told by its name.
    pub which_scope: &'static str,
    /// Where a file is refused for its name before its content is looked at; `{scope}` stands for what it seems to hold.
    pub whatever_the_name: &'static str,
    /// Where a file is encrypted, and there is no key for it.
    pub encrypted: &'static str,
}

impl Advice {
    /// None: names are judged by configurations.
    pub(crate) const NONE: Self = Self { which_scope: "", whatever_the_name: "", encrypted: "" };
}

#[derive(Debug)]
enum By {
    /// The configured imports.
    Names,
    /// One scope for all.
    Scope(Arc<Scope>, u64),
    /// The scope that a name seems to hold.
    Guess,
}

impl Judge {
    /// Judges by the configurations that are active, if there are any; by this scope whatever the names of files, if
    /// one is given; and with this delimiter in place of the configured one.
    ///
    /// # Errors
    /// [`Error::NoScope`] if there is no such scope.
    pub fn new(
        active: Option<Active>,
        scope: Option<&str>,
        delimiter: Option<Delimiter>,
        advice: Advice,
    ) -> Result<Self> {
        let is_configured = active.is_some();
        let active = active.unwrap_or_default();
        let by = match scope {
            Some(name) => {
                let line_bytes = active.settings().limits.max_line_bytes;
                By::Scope(scope_of(&active, name)?, line_bytes)
            }
            None if is_configured => By::Names,
            None => By::Guess,
        };
        Ok(Self { by, delimiter, active, advice })
    }

    /// True if files are checked whatever they are called.
    pub(super) fn ignores_names(&self) -> bool {
        matches!(self.by, By::Scope(..))
    }

    /// What archives may hold.
    pub(super) fn archive_limits(&self) -> tidewaiter_archive::Limits {
        archive_limits(&self.active)
    }

    /// What becomes of data that has no name.
    pub(super) fn nameless(&self, file: &str) -> Result<Ruling> {
        match &self.by {
            By::Scope(scope, line_bytes) => Ok(self.by_scope(scope.clone(), *line_bytes, Vec::new())),
            By::Names | By::Guess => Err(Error::WhichScope(file.to_owned())),
        }
    }

    /// What becomes of a file.
    pub(super) fn rule(&self, file: &str) -> Result<Ruling> {
        match &self.by {
            By::Scope(scope, line_bytes) => Ok(self.by_scope(scope.clone(), *line_bytes, Vec::new())),
            By::Names => Ok(match self.active.resolve(file, today()) {
                Ok(name) => self.by_name(name),
                Err(error) => refused_name(&error).into(),
            }),
            By::Guess => self.guess(file),
        }
    }

    /// What becomes of the only data file of an archive: what becomes of it without the archive.
    pub(super) fn rule_lone(&self, archive: &str, file: &str) -> Result<Ruling> {
        match &self.by {
            By::Scope(scope, line_bytes) => Ok(self.by_scope(scope.clone(), *line_bytes, Vec::new())),
            By::Names => Ok(match self.active.resolve_packed(archive, file, today()) {
                Ok(name) => self.by_name(name),
                Err(error) => refused_name(&error).into(),
            }),
            // By its own name, or by that of the archive where its own is none.
            By::Guess => match (self.guess(file), packed_name(archive)) {
                (Ok(Ruling::Refuse { .. }) | Err(_), Some(packed)) if is_legal(&packed) => {
                    self.guess(&packed)
                }
                (ruling, _) => ruling,
            },
        }
    }

    /// What becomes of a member of an archive with several: it must be grouped, and is set aside if it is not.
    pub(super) fn rule_member(&self, file: &str) -> Ruling {
        let set_aside = |reason| Refusal { outcome: Outcome::NotProcessed, reason };
        match self.rule(file) {
            // One member that cannot be judged does not keep the others from it.
            Err(error) => {
                let name = illegal(file);
                let reason = name.map(|error| refused_name(&error).reason);
                let unknown = || {
                    Reason::new("not-configured", error.to_string())
                        .with_hint(Some(self.advice.which_scope.to_owned()))
                };
                set_aside(reason.unwrap_or_else(unknown)).into()
            }
            Ok(Ruling::Refuse { refusal, notes }) => {
                Ruling::Refuse { refusal: set_aside(refusal.reason), notes }
            }
            Ok(Ruling::Check { name: Some(name), .. }) if name.group.is_none() => not_grouped().into(),
            // Of the dots that a legal name may have, one is that of the group tag and one that of `.csv`.
            Ok(Ruling::Check { .. }) if matches!(self.by, By::Guess) && file.matches('.').count() < 2 => {
                not_grouped().into()
            }
            Ok(ruling) => ruling,
        }
    }

    /// What becomes of a configuration.
    pub(super) fn configuration(&self, file: &str, universe: &str, document: &[u8]) -> Preflight {
        let others = self.active.without(universe);
        let checked = Config::parse(universe, document).and_then(|config| others.with(config).map(|_| ()));
        let mut preflight = Preflight::new(file, Outcome::Activated, document.len() as u64);
        preflight.universe = Some(universe.to_owned());
        if let Err(mistakes) = checked {
            preflight.outcome = Outcome::Bogus;
            let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
            preflight.reason = Some(Reason::new("configuration", first));
            preflight.mistakes = mistakes;
        }
        preflight
    }

    fn by_name(&self, name: DataName) -> Ruling {
        let config = self.active.config(&name.universe);
        if let Some(terms) = config.and_then(|config| CheckSpec::find(config, &name.scope, &name.subsection))
        {
            return self.check(terms, Some(name), Vec::new());
        }
        // Never seen: what was resolved has its terms in the same configuration.
        let message = format!("no configuration available for {}", name.entry());
        Refusal { outcome: Outcome::NotProcessed, reason: Reason::new("not-configured", message) }.into()
    }

    fn by_scope(&self, scope: Arc<Scope>, line_bytes: u64, notes: Vec<String>) -> Ruling {
        let line_bytes = usize::try_from(line_bytes).unwrap_or(usize::MAX);
        let limits = Limits { line_bytes, ..Limits::default() };
        let options = ImportOptions::default();
        // Nothing is loaded, so what other scopes are like does not matter.
        let plan = Arc::new(Plan::new(scope.clone(), catalogue::scopes(), &options));
        let dialect = Dialect::default();
        self.check(CheckSpec { scope, options, dialect, plan, limits }, None, notes)
    }

    fn check(&self, mut terms: CheckSpec, name: Option<DataName>, mut notes: Vec<String>) -> Ruling {
        if terms.options.replace_all.is_some() {
            let note = "records it does not name would be removed: an import refuses it if there are more of them than max_removed";
            notes.push(note.to_owned());
        }
        if let Some(delimiter) = self.delimiter.clone() {
            terms.options.dialect.delimiter = delimiter;
            terms.dialect = Dialect::of(&terms.options.dialect);
        }
        Ruling::Check { terms: Box::new(terms), name: name.map(Box::new), notes }
    }

    fn guess(&self, file: &str) -> Result<Ruling> {
        let [scope] = Self::scopes_in(file)[..] else {
            return Err(Error::WhichScope(file.to_owned()));
        };
        // A name that no configuration could make valid is refused, whatever the file holds.
        if let Some(error) = illegal(file) {
            let note = self.advice.whatever_the_name.replace("{scope}", scope);
            return Ok(Ruling::Refuse { refusal: refused_name(&error), notes: vec![note] });
        }
        let note = format!(
            "checked as {scope} because of its name, with default options: no configuration was given"
        );
        let line_bytes = self.active.settings().limits.max_line_bytes;
        Ok(self.by_scope(scope_of(&self.active, scope)?, line_bytes, vec![note]))
    }

    fn scopes_in(file: &str) -> Vec<&'static str> {
        catalogue::names().filter(|scope| file.contains(&format!("_{scope}_"))).collect()
    }
}

/// The day on which a file arrives that is checked now.
fn today() -> Date {
    day_of(Timestamp::now())
}

/// Why no configuration could make a name valid.
fn illegal(file: &str) -> Option<NameError> {
    Directory::default().resolve(file, today()).err().filter(NameError::is_illegal)
}

fn is_legal(file: &str) -> bool {
    illegal(file).is_none()
}

/// The configurations in these files of this machine, as if they were the active ones of a repository.
///
/// # Errors
/// If one cannot be read, has mistakes, does not fit the others, or has a name that does not say its universe.
pub fn active_in_files(paths: &[PathBuf]) -> Result<Active> {
    let mut active = Active::default();
    for path in paths {
        let universe = configurations::universe_of(path)?;
        let unusable = |mistakes: Vec<Mistake>| Error::Configuration {
            path: path.clone(),
            mistakes: mistakes.iter().map(ToString::to_string).collect(),
        };
        let config = Config::parse(&universe, &configurations::read(path)?).map_err(unusable)?;
        active = active.with(config).map_err(unusable)?;
    }
    Ok(active)
}

/// The active configurations of a repository; it need not be named if there is only one.
///
/// # Errors
/// [`Error::WhichRepository`] if there are several; also if the deployment cannot be read, or there is no such
/// repository.
pub async fn active_in(deployment: &Deployment, repository: Option<&Repository>) -> Result<Active> {
    with_deployed!(deployment, deployed => {
        let known = repositories(deployed, repository).await?;
        if let [only] = known.as_slice() {
            return Ok(Arc::unwrap_or_clone(configs::active(deployed, only).await?));
        }
        let known = known.iter().map(ToString::to_string).collect();
        Err(Error::WhichRepository { deployment: deployment.name(), known })
    })
}

/// The keys in these files of this machine, unlocked by the passphrases in another one.
///
/// # Errors
/// If one cannot be read or used.
pub fn keys_in_files(keys: &[PathBuf], passphrases: Option<&Path>) -> Result<Option<Arc<Keys>>> {
    Ok(KeyFiles::new(keys.to_vec(), passphrases.map(Path::to_owned)).keys()?)
}

/// The keys of a deployment, if it has some that may be read here: those of a stack may not.
///
/// # Errors
/// If one cannot be read or used.
pub async fn keys_in(deployment: &Deployment) -> Result<Option<Arc<Keys>>> {
    with_deployed!(deployment, deployed => Deployed::decryption_keys(deployed).await)
}

/// The scope of that name: as a configuration has it, or as it is in the catalogue.
fn scope_of(active: &Active, name: &str) -> Result<Arc<Scope>> {
    if let Some(scope) = active.configs().find_map(|config| config.scope(name)) {
        return Ok(scope.clone());
    }
    let Some(schema) = catalogue::scopes().get(name) else {
        let known = catalogue::names().map(str::to_owned).collect();
        return Err(Error::NoScope { name: name.to_owned(), known });
    };
    Scope::compile(name, schema).map(Arc::new).map_err(|mistakes| Error::Scope {
        name: name.to_owned(),
        mistakes: listed(&mistakes.iter().map(ToString::to_string).collect::<Vec<_>>()),
    })
}
