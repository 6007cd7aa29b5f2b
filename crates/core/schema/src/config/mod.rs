//! The configuration of a universe: which imports it has, and how each is done.
//!
//! ```json
//! {
//!   "acme": {
//!     "contacts": {
//!       "crm": {},
//!       "webshop": { "mode": "create", "policy": { "max_rejected_share": 0.05 } }
//!     }
//!   },
//!   "settings": { "report_recipients": ["data@example.org"] },
//!   "scopes": { "contacts": { "fields": [{ "name": "shoe_size", "type": "number" }] } }
//! }
//! ```
//!
//! A document is taken as a whole or not at all. Its author is told of every mistake at once, up to
//! [`mistake::MOST`], each with its path, so it is not decoded by serde in one go but taken apart key by key. The
//! published JSON Schema ([`json_schema()`]) is generated from the same types, and tests hold the two
//! together.
//!
//! A document may cost no more than its size allows: `bounds` says how much it may hold, and its patterns share one
//! [budget](crate::compile::Patterns).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

mod access;
mod active;
pub mod dialect;
mod expected;
mod fields;
mod files;
mod fit;
mod json;
mod json_schema;
mod location;
mod match_by;
mod options;
mod query;
mod relations;
mod schedule;
mod scopes;
mod settings;
mod subscriptions;
mod table;
mod values;

pub use access::Access;
pub use active::Active;
pub use dialect::DialectOptions;
pub use expected::{Day, Expected, Window};
pub use files::FilePatterns;
pub use json_schema::json_schema;
pub use location::Location;
pub use match_by::{BySubscription, MatchBy};
pub use options::{
    CheckReferences, Digest, Duplicates, Empty, ImportOptions, Mode, Policy, ReplaceAll, ReportOn,
};
pub use query::{LastItemOptions, Missing, QueryOptions, Repeat};
pub use schedule::{Occurrence, Schedule};
pub use scopes::Addition;
pub use settings::{ArchiveLimits, Limits, MAX_SETTLE_SECONDS, Settings, Waiting};
pub use subscriptions::{OnCreate, OnUpdate, Subscription, SubscriptionName};
pub use values::{Email, PhonePrefix};

use crate::Scopes;
use crate::compile::Scope;
use crate::{bounds, catalogue};
use fields::{Fields, missing, wrong_format};
use scopes::{Merged, did_you_mean_scope};
use settings::Stated;
use tidewaiter_model::mistake::{self, Mistake};
use tidewaiter_model::name::{CONFIGURATION, Directory, Entry, is_part};

/// The longest document that is read, in bytes.
pub const CONFIGURATION_BYTES: usize = 1 << 20;

/// Keys of a document that are not universes.
const RESERVED: [&str; 2] = ["settings", "scopes"];

/// One universe's configuration: valid, complete, all defaults filled in.
#[derive(Debug, Clone)]
pub struct Config {
    universe: String,
    imports: BTreeMap<String, BTreeMap<String, ImportOptions>>,
    stated: Stated,
    merged: Merged,
    /// How long the document is.
    bytes: usize,
}

impl Config {
    /// Reads the document of a universe, whose name is that of its file.
    ///
    /// ```
    /// use tidewaiter_schema::config::{Config, Mode};
    ///
    /// let config = Config::parse("acme", br#"{ "acme": { "contacts": { "crm": {} } } }"#).unwrap();
    /// assert_eq!(config.subsection("contacts", "crm").unwrap().mode, Mode::Upsert);
    ///
    /// let mistakes =
    ///     Config::parse("acme", br#"{ "acme": { "contacts": { "crm": { "modes": 1 } } } }"#).unwrap_err();
    /// assert_eq!(
    ///     mistakes[0].to_string(),
    ///     r#"acme.contacts.crm.modes: unknown configuration option "modes" (did you mean `mode`?)"#
    /// );
    /// ```
    ///
    /// # Errors
    /// Every mistake of the document, at least one; of more than [`mistake::MOST`] the first ones. If it is not JSON,
    /// that is the only one.
    pub fn parse(universe: &str, bytes: &[u8]) -> Result<Self, Vec<Mistake>> {
        Self::read(universe, bytes).map_err(mistake::told)
    }

    fn read(universe: &str, bytes: &[u8]) -> Result<Self, Vec<Mistake>> {
        let (document, mut mistakes) = json::read(universe, bytes).map_err(|mistake| vec![mistake])?;
        check_universe(universe, &mut mistakes);
        if !document.is_object() {
            let file = format!("{universe}{CONFIGURATION}");
            mistakes.push(wrong_format("", &file, "an object", &document));
            return Err(mistakes);
        }
        let Some(mut root) = Fields::open("", document, &mut mistakes) else { return Err(mistakes) };
        root.read::<String>("$schema", "the address of a schema");
        let own_scopes = root.take("scopes");
        let own_settings = root.take("settings");
        let universes = root.rest();

        let mut merged = Merged::read(own_scopes, &mut mistakes);
        let stated =
            own_settings.map(|value| Stated::read(value, &merged.schemas, &mut mistakes)).unwrap_or_default();
        if universes.is_empty() {
            mistakes.push(missing(universe, universe, "an object with the scopes of the universe"));
        }
        let mut imports = BTreeMap::new();
        for (name, value) in universes {
            if mistake::enough(&mistakes) {
                break;
            }
            let path = json::below("", &name);
            if name != universe {
                if !is_part(&name) {
                    mistakes.push(bad_name(&path, &name));
                }
                let hint = format!("the file is named for universe {universe:?}: one document, one universe");
                mistakes.push(Mistake::new(&path, format!("can't find universe {name:?}")).with_hint(hint));
            }
            let read = read_universe(&path, value, &mut merged, &stated.settings, &mut mistakes);
            if name == universe {
                imports = read;
            }
        }
        merged.patterns.forget();
        let config = Self { universe: universe.to_owned(), imports, stated, merged, bytes: bytes.len() };
        let conflicts = config.names().conflicts();
        mistakes.extend(conflicts.iter().map(|conflict| conflict.mistake(universe)));
        if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
    }

    /// The universe it is for.
    pub fn universe(&self) -> &str {
        &self.universe
    }

    /// Its imports, by scope and name.
    pub fn entries(&self) -> impl Iterator<Item = (Entry, &ImportOptions)> {
        self.imports.iter().flat_map(move |(scope, named)| {
            named.iter().map(move |(name, options)| (Entry::new(&self.universe, scope, name), options))
        })
    }

    /// The options of an import.
    pub fn subsection(&self, scope: &str, name: &str) -> Option<&ImportOptions> {
        self.imports.get(scope)?.get(name)
    }

    /// The settings of the document, defaults filled in. Those that hold for a whole repository are
    /// told by [`Active::settings`].
    pub fn settings(&self) -> &Settings {
        &self.stated.settings
    }

    /// All scopes: those of the catalogue, with the document's own additions.
    pub fn scopes(&self) -> &Scopes {
        &self.merged.schemas
    }

    /// The compiled schema of a scope that has imports here, or that the document defines.
    pub fn scope(&self, name: &str) -> Option<&Arc<Scope>> {
        self.merged.compiled.get(name)
    }

    fn names(&self) -> Directory {
        let mut names = Directory::default();
        self.declare(&mut names);
        names
    }

    fn declare(&self, names: &mut Directory) {
        names.declare_universe(&self.universe);
        self.merged.schemas.keys().for_each(|scope| names.declare_scope(scope));
        for (entry, options) in self.entries() {
            options.files.iter().for_each(|pattern| names.insert_pattern(pattern.clone(), entry.clone()));
            names.insert(entry);
        }
    }
}

/// The mistake for a universe, scope or subsection that no file name could contain.
fn bad_name(path: &str, name: &str) -> Mistake {
    Mistake::new(path, format!("{name:?} is not a valid name"))
        .with_hint("names are made of 1 to 64 ASCII letters, digits, `_` and `-`")
}

fn check_universe(universe: &str, mistakes: &mut Vec<Mistake>) {
    if RESERVED.contains(&universe) {
        let message = format!("{universe:?} cannot be the name of a universe: it is reserved");
        mistakes.push(Mistake::new("", message));
    } else if !is_part(universe) {
        mistakes.push(bad_name("", universe));
    }
}

fn read_universe(
    path: &str,
    value: Value,
    merged: &mut Merged,
    settings: &Settings,
    mistakes: &mut Vec<Mistake>,
) -> BTreeMap<String, BTreeMap<String, ImportOptions>> {
    let mut imports = BTreeMap::new();
    let Some(scopes) = Fields::open(path, value, mistakes).map(Fields::rest) else { return imports };
    let count = scopes.values().map(|named| named.as_object().map_or(1, serde_json::Map::len)).sum();
    if let Some(beyond) = bounds::IMPORTS.check(path, count) {
        mistakes.push(beyond);
        return imports;
    }
    for (scope, value) in scopes {
        if mistake::enough(mistakes) {
            break;
        }
        let path = json::below(path, &scope);
        if !is_part(&scope) {
            mistakes.push(bad_name(&path, &scope));
        } else if !merged.knows(&scope) {
            let mut mistake = Mistake::new(&path, format!("unknown scope {scope:?}"));
            mistake.hint = did_you_mean_scope(&scope, &merged.schemas);
            if scope == catalogue::SUBSCRIPTIONS {
                mistake.hint =
                    Some("imports into contacts fill it: give one of them `subscriptions`".to_owned());
            }
            mistakes.push(mistake);
        }
        let Some(subsections) = Fields::open(&path, value, mistakes).map(Fields::rest) else { continue };
        merged.compile(&scope, mistakes);
        let schema = merged.schemas.get(&scope).filter(|_| merged.compiled.contains_key(&scope));
        let mut named = BTreeMap::new();
        for (name, value) in subsections {
            if mistake::enough(mistakes) {
                break;
            }
            let path = json::below(&path, &name);
            if !is_part(&name) {
                mistakes.push(bad_name(&path, &name));
            }
            let options = ImportOptions::read(&path, value, settings, mistakes);
            if let Some(schema) = schema {
                fit::check(&path, &options, &scope, schema, &merged.schemas, mistakes);
            }
            named.insert(name, options);
        }
        merged.note_matched(&scope, named.values());
        imports.insert(scope, named);
    }
    imports
}
