//! The names of all configured imports, and how a file name finds its own among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::DataName;
use super::diagnose;
use super::error::{NameError, NameFault};
use super::shape::{Reading, Shape, without_date};
use crate::mistake::Mistake;

/// One configured import: what a configuration defines, and what a data file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// The tenant.
    pub universe: String,
    /// The kind of record.
    pub scope: String,
    /// The name of the import within its scope.
    pub subsection: String,
}

impl Entry {
    /// An entry of these three parts.
    pub fn new(universe: &str, scope: &str, subsection: &str) -> Self {
        Self { universe: universe.to_owned(), scope: scope.to_owned(), subsection: subsection.to_owned() }
    }

    /// `<universe>_<scope>_<name>`, as it stands in file names.
    pub fn joined(&self) -> String {
        format!("{}_{}_{}", self.universe, self.scope, self.subsection)
    }
}

impl fmt::Display for Entry {
    /// The path of the entry in its document: `acme.contacts.crm`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.universe, self.scope, self.subsection)
    }
}

/// Two entries between which a file name could not decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// One of them.
    pub one: Entry,
    /// The other.
    pub other: Entry,
    /// A file name that fits both.
    pub example: String,
}

impl Conflict {
    /// The conflict as a mistake of the document of a universe, at the entry that is in it.
    pub fn mistake(&self, universe: &str) -> Mistake {
        let (here, there) =
            if self.other.universe == universe { (&self.other, &self.one) } else { (&self.one, &self.other) };
        Mistake::new(here.to_string(), format!("a file name such as {:?} also matches {there}", self.example))
            .with_hint("rename one of the two")
    }
}

/// All configured imports of a repository, made to be looked up by file name.
///
/// Looking up a name takes at most two lookups, however many imports are configured.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    by_name: HashMap<String, Vec<Entry>>,
    pub(super) universes: BTreeMap<String, BTreeMap<String, BTreeSet<String>>>,
    /// Scopes that exist, configured or not: with them the parts of an unknown name can be guessed.
    pub(super) scopes: BTreeSet<String>,
}

impl Directory {
    /// No imports. These scopes are known.
    pub fn of_scopes<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Self {
        Self { scopes: scopes.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Adds a configured import.
    pub fn insert(&mut self, entry: Entry) {
        self.declare_scope(&entry.scope);
        let scopes = self.universes.entry(entry.universe.clone()).or_default();
        if scopes.entry(entry.scope.clone()).or_default().insert(entry.subsection.clone()) {
            self.by_name.entry(entry.joined()).or_default().push(entry);
        }
    }

    /// Makes a universe known, even if it has no imports.
    pub fn declare_universe(&mut self, universe: &str) {
        self.universes.entry(universe.to_owned()).or_default();
    }

    /// Makes a scope known, even if no import uses it.
    pub fn declare_scope(&mut self, scope: &str) {
        if !self.scopes.contains(scope) {
            self.scopes.insert(scope.to_owned());
        }
    }

    /// How many imports are configured.
    pub fn len(&self) -> usize {
        self.by_name.values().map(Vec::len).sum()
    }

    /// True if no import is configured.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All configured imports, by universe, scope and name.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.universes.iter().flat_map(|(universe, scopes)| {
            scopes.iter().flat_map(move |(scope, names)| {
                names.iter().map(move |name| Entry::new(universe, scope, name))
            })
        })
    }

    /// Finds the import that a data file is for.
    ///
    /// # Errors
    /// Why there is none: the name is malformed ([`NameError::is_illegal`]), or nothing fits it.
    pub fn resolve(&self, file: &str) -> Result<DataName, NameError> {
        let shape = match Shape::of(file) {
            Ok(shape) => shape,
            Err(fault) => {
                let hint = diagnose::malformed(file, &fault);
                return Err(NameError::new(file, fault, hint));
            }
        };
        let mut fitting = shape
            .readings()
            .flat_map(|reading| self.found(reading).iter().map(move |entry| (reading, entry)));
        let Some((reading, entry)) = fitting.next() else {
            let (fault, hint) = diagnose::unconfigured(self, &shape);
            return Err(NameError::new(file, fault, hint));
        };
        if let Some((_, other)) = fitting.next() {
            let fault = NameFault::Ambiguous(entry.to_string(), other.to_string());
            return Err(NameError::new(file, fault, Some("rename one of the two imports".to_owned())));
        }
        drop(fitting);
        Ok(DataName {
            file: file.to_owned(),
            group: shape.group,
            universe: entry.universe.clone(),
            scope: entry.scope.clone(),
            subsection: entry.subsection.clone(),
            date: reading.date,
            suffix: reading.suffix.map(str::to_owned),
        })
    }

    /// Finds the import that the only data file of an archive is for: by its own name, or by [that of the
    /// archive](super::packed_name).
    ///
    /// # Errors
    /// Why there is none. A name that only no import fits is told rather than a malformed one.
    pub fn resolve_packed(&self, archive: &str, member: &str) -> Result<DataName, NameError> {
        let own = match self.resolve(member) {
            Ok(name) => return Ok(name),
            Err(error) => error,
        };
        match super::packed_name(archive).map(|name| self.resolve(&name)) {
            Some(Err(error)) if own.is_illegal() && !error.is_illegal() => Err(error),
            Some(Ok(name)) => Ok(name),
            _ => Err(own),
        }
    }

    fn found(&self, reading: Reading<'_>) -> &[Entry] {
        self.by_name.get(reading.joined).map_or(&[], Vec::as_slice)
    }

    /// The pairs of imports whose file names could be confused: their joined names are the same, or
    /// one is the other with a date behind it, where the true date would be read as a suffix.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for entry in self.entries() {
            let joined = entry.joined();
            let twins = self.by_name.get(&joined).map_or(&[][..], Vec::as_slice);
            if let Some(first) = twins.iter().min().filter(|first| **first != entry) {
                let example = format!("{joined}_20260131.csv");
                conflicts.push(Conflict { one: first.clone(), other: entry.clone(), example });
            }
            let shorter = without_date(&joined).and_then(|shorter| self.by_name.get(shorter));
            if let Some(other) = shorter.and_then(|entries| entries.first()) {
                let example = format!("{joined}_20260131.csv");
                conflicts.push(Conflict { one: other.clone(), other: entry, example });
            }
        }
        conflicts
    }
}
