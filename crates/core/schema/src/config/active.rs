//! All active configurations of a repository, as one.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use tidewaiter_model::mistake::{self, Mistake};
use tidewaiter_model::name::{DataName, Directory};

use super::settings::SHARED;
use super::{Config, ImportOptions, Settings};
use crate::compile::Scope;
use crate::{bounds, catalogue};

/// The active configurations of one repository: at most one a universe, free of conflicts, and together no larger than
/// what is read in a moment.
///
/// Settings of the repository may be stated in any of its documents. A document that does not state
/// one has no say in it; those that do must agree.
#[derive(Debug, Clone)]
pub struct Active {
    configs: BTreeMap<String, Arc<Config>>,
    names: Directory,
    settings: Settings,
}

impl Default for Active {
    /// No configuration. The scopes of the catalogue are known.
    fn default() -> Self {
        Self { configs: BTreeMap::new(), names: no_names(), settings: Settings::default() }
    }
}

/// The names of no import: what the scopes of the catalogue tell of a name.
fn no_names() -> Directory {
    Directory::of_scopes(catalogue::names())
}

impl Active {
    /// Puts configurations together.
    ///
    /// # Errors
    /// What they contradict each other in.
    pub fn new(configs: impl IntoIterator<Item = Config>) -> Result<Self, Vec<Mistake>> {
        let mut active = Self::default();
        let mut mistakes = Vec::new();
        for config in configs {
            mistakes.extend(active.put(config));
        }
        mistakes.extend(active.rebuild(""));
        if mistakes.is_empty() { Ok(active) } else { Err(mistake::told(mistakes)) }
    }

    /// The same repository with one more configuration, or with another one for its universe.
    ///
    /// ```
    /// use tidewaiter_schema::config::{Active, Config};
    ///
    /// let acme = Config::parse("acme", br#"{ "acme": { "contacts": { "crm": {} } } }"#).unwrap();
    /// let active = Active::default().with(acme).unwrap();
    /// let today = jiff::civil::date(2026, 2, 1);
    /// let name = active.resolve("acme_contacts_crm_20260131.csv", today).unwrap();
    /// assert!(active.subsection(&name).is_some());
    /// ```
    ///
    /// # Errors
    /// What the configuration contradicts the others in, with paths in its own document.
    pub fn with(&self, config: Config) -> Result<Self, Vec<Mistake>> {
        let universe = config.universe.clone();
        let mut active = self.clone();
        let mut mistakes = active.put(config);
        mistakes.extend(active.rebuild(&universe));
        if mistakes.is_empty() { Ok(active) } else { Err(mistake::told(mistakes)) }
    }

    /// The same repository without the configuration of a universe.
    #[must_use]
    pub fn without(&self, universe: &str) -> Self {
        let mut active = self.clone();
        active.configs.remove(universe);
        // What was free of conflicts stays so when something is taken away.
        let _ = active.rebuild("");
        active
    }

    /// Puts a configuration in its place; says which settings it contradicts others in.
    fn put(&mut self, config: Config) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (universe, other) in self.configs.iter().filter(|(universe, _)| **universe != config.universe) {
            for shared in SHARED {
                let both = config.states(shared.name) && other.states(shared.name);
                if both && !(shared.same)(config.settings(), other.settings()) {
                    let name = shared.name;
                    let message = format!(
                        "settings.{name} differs from the active configuration of universe {universe:?}"
                    );
                    let hint = "set it in one document only, or to the same value in all";
                    mistakes.push(Mistake::new(format!("settings.{name}"), message).with_hint(hint));
                }
            }
        }
        self.configs.insert(config.universe.clone(), Arc::new(config));
        mistakes
    }

    /// Derives names and settings anew; says which names fit two imports.
    fn rebuild(&mut self, universe: &str) -> Vec<Mistake> {
        self.names = no_names();
        self.settings = Settings::default();
        let mut mailings = Vec::new();
        for config in self.configs.values() {
            config.declare(&mut self.names);
            let stated = config.settings();
            for shared in SHARED.iter().filter(|shared| config.states(shared.name)) {
                (shared.copy)(&mut self.settings, stated);
            }
            if !stated.report_recipients.is_empty() {
                mailings.push((stated.report_on, stated.digest));
            }
            self.settings.report_recipients.extend_from_slice(&stated.report_recipients);
            self.settings.alert_recipients.extend_from_slice(&stated.alert_recipients);
        }
        for recipients in [&mut self.settings.report_recipients, &mut self.settings.alert_recipients] {
            recipients.sort();
            recipients.dedup();
        }
        // Where they disagree, no recipient gets less, or later, than asked for.
        mailings.dedup();
        if let [(report_on, digest)] = mailings[..] {
            self.settings.report_on = report_on;
            self.settings.digest = digest;
        }
        let mut mistakes = self.beyond_bounds();
        if !mistakes.is_empty() {
            return mistakes;
        }
        mistakes.extend(self.names.conflicts().iter().map(|conflict| conflict.mistake(universe)));
        mistakes
    }

    /// What there is too much of in all configurations together.
    fn beyond_bounds(&self) -> Vec<Mistake> {
        let sum = |part: fn(&Config) -> usize| self.configs.values().map(|config| part(config)).sum();
        let settings = &self.settings;
        let together = [
            (bounds::UNIVERSES, "", self.configs.len()),
            (bounds::ALL_BYTES, "", sum(|config| config.bytes)),
            (bounds::ALL_IMPORTS, "", self.names.len()),
            (bounds::ALL_FILE_PATTERNS, "", self.names.patterns()),
            (bounds::ALL_PATTERNS, "", sum(|config| config.merged.patterns.spent())),
            (bounds::ALL_RECIPIENTS, "settings.report_recipients", settings.report_recipients.len()),
            (bounds::ALL_RECIPIENTS, "settings.alert_recipients", settings.alert_recipients.len()),
        ];
        together.into_iter().filter_map(|(bound, path, count)| bound.check(path, count)).collect()
    }

    /// The names of all configured imports.
    pub fn names(&self) -> &Directory {
        &self.names
    }

    /// Finds the import that a data file is for; see [`Directory::resolve`].
    ///
    /// # Errors
    /// Why there is none.
    pub fn resolve(&self, file: &str, arrived: Date) -> Result<DataName, tidewaiter_model::name::NameError> {
        self.names.resolve(file, arrived)
    }

    /// Finds the import that the only data file of an archive is for; see [`Directory::resolve_packed`].
    ///
    /// # Errors
    /// Why there is none.
    pub fn resolve_packed(
        &self,
        archive: &str,
        member: &str,
        arrived: Date,
    ) -> Result<DataName, tidewaiter_model::name::NameError> {
        self.names.resolve_packed(archive, member, arrived)
    }

    /// The settings of the repository. Recipients are those of all documents together: whom to tell of a file
    /// that belongs to no universe. Each such file has a mail of its own, unless all documents with recipients say
    /// the same else.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The configuration of a universe.
    pub fn config(&self, universe: &str) -> Option<&Arc<Config>> {
        self.configs.get(universe)
    }

    /// All configurations, by universe.
    pub fn configs(&self) -> impl Iterator<Item = &Arc<Config>> {
        self.configs.values()
    }

    /// The options of the import that a file is for.
    pub fn subsection(&self, name: &DataName) -> Option<&ImportOptions> {
        self.config(&name.universe)?.subsection(&name.scope, &name.subsection)
    }

    /// The compiled schema of the scope that a file is for.
    pub fn scope(&self, name: &DataName) -> Option<&Arc<Scope>> {
        self.config(&name.universe)?.scope(&name.scope)
    }
}

impl Config {
    /// True if the document itself says what a setting of the repository is.
    fn states(&self, setting: &str) -> bool {
        self.stated.names.contains(&setting)
    }
}
