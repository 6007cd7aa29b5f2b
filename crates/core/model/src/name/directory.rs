//! The names of all configured imports, and how a file name finds its own among them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::error::{NameError, NameFault};
use super::pattern::{FilePattern, Steps, TooMuch};
use super::shape::{self, Reading, Shape, without_date};
use super::{DataName, diagnose, without_import_id};
use crate::mistake::Mistake;

/// How many steps comparing all patterns of a repository may take: a fraction of a second.
const MOST_STEPS: Steps = Steps(1_000_000);

/// One configured import: what a configuration defines, and what a data file names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// A file name that fits both. None if their patterns cannot be compared.
    pub example: Option<String>,
    /// True if the one that is named by the document has a pattern that fits it.
    by_pattern: bool,
}

impl Conflict {
    /// The conflict as a mistake of the document of a universe, at the entry that is in it.
    pub fn mistake(&self, universe: &str) -> Mistake {
        let (here, there) =
            if self.other.universe == universe { (&self.other, &self.one) } else { (&self.one, &self.other) };
        let at = if self.by_pattern { format!("{here}.files") } else { here.to_string() };
        match &self.example {
            None => Mistake::new(at, "the file patterns of this repository are too open to be compared")
                .with_hint("use fewer `*`, and begin patterns with text that only their files begin with"),
            Some(example) => {
                let hint = if self.by_pattern { "say more in one pattern" } else { "rename one of the two" };
                Mistake::new(at, format!("a file name such as {example:?} also matches {there}"))
                    .with_hint(hint)
            }
        }
    }
}

/// All configured imports of a repository, made to be looked up by file name.
///
/// Looking up a name of the usual form takes at most two lookups, however many imports are configured. Any other name is
/// compared with each pattern.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    by_name: HashMap<String, Vec<Entry>>,
    patterns: Vec<(FilePattern, Entry)>,
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

    /// Has files whose names fit a pattern be for an import. Of several patterns of one import, the first counts.
    pub fn insert_pattern(&mut self, pattern: FilePattern, entry: Entry) {
        self.patterns.push((pattern, entry));
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

    /// How many patterns of names are configured.
    pub fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// Finds the import that a data file is for. `arrived` is the day on which it came: its date, if its name has none.
    ///
    /// # Errors
    /// Why there is none: the name is malformed ([`NameError::is_illegal`]), or nothing fits it.
    pub fn resolve(&self, file: &str, arrived: Date) -> Result<DataName, NameError> {
        match self.by_form(file) {
            Err(error) if error.may_be_configured() => match self.by_pattern(file, arrived) {
                Some(found) => found,
                None => Err(error),
            },
            resolved => resolved,
        }
    }

    /// Finds the import whose name is in that of the file.
    fn by_form(&self, file: &str) -> Result<DataName, NameError> {
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
            return Err(ambiguous(file, entry, other));
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

    /// Finds the import with a pattern that fits the name behind the group tag; also if the name was given an import id.
    fn by_pattern(&self, file: &str, arrived: Date) -> Option<Result<DataName, NameError>> {
        if self.patterns.is_empty() {
            return None;
        }
        let (group, own) = match shape::split_group(file) {
            Some((group, own)) => (Some(group), own),
            None => (None, file),
        };
        let mut name = own.to_owned();
        loop {
            let mut fitting =
                self.patterns.iter().filter_map(|(pattern, entry)| Some((pattern.fit(&name)?, entry)));
            if let Some((found, entry)) = fitting.next() {
                if let Some((_, other)) = fitting.find(|(_, other)| *other != entry) {
                    return Some(Err(ambiguous(file, entry, other)));
                }
                return Some(Ok(DataName {
                    file: file.to_owned(),
                    group,
                    universe: entry.universe.clone(),
                    scope: entry.scope.clone(),
                    subsection: entry.subsection.clone(),
                    date: found.date.unwrap_or(arrived),
                    suffix: found.suffix,
                }));
            }
            name = without_import_id(&name)?;
        }
    }

    /// Finds the import that the only data file of an archive is for: by its own name, or by [that of the
    /// archive](super::packed_name).
    ///
    /// # Errors
    /// Why there is none. A name that only no import fits is told rather than a malformed one.
    pub fn resolve_packed(&self, archive: &str, member: &str, arrived: Date) -> Result<DataName, NameError> {
        let own = match self.resolve(member, arrived) {
            Ok(name) => return Ok(name),
            Err(error) => error,
        };
        match super::packed_name(archive).map(|name| self.resolve(&name, arrived)) {
            Some(Err(error)) if own.is_illegal() && !error.is_illegal() => Err(error),
            Some(Ok(name)) => Ok(name),
            _ => Err(own),
        }
    }

    fn found(&self, reading: Reading<'_>) -> &[Entry] {
        self.by_name.get(reading.joined).map_or(&[], Vec::as_slice)
    }

    /// The pairs of imports whose file names could be confused: their joined names are the same, or
    /// one is the other with a date behind it, where the true date would be read as a suffix; or a pattern of one fits
    /// names of the other.
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut conflicts = Vec::new();
        for entry in self.entries() {
            let joined = entry.joined();
            let mut confused = |one: &Entry| {
                let example = Some(format!("{joined}_20260131.csv"));
                conflicts.push(Conflict {
                    one: one.clone(),
                    other: entry.clone(),
                    example,
                    by_pattern: false,
                });
            };
            let twins = self.by_name.get(&joined).map_or(&[][..], Vec::as_slice);
            if let Some(first) = twins.iter().min().filter(|first| **first != entry) {
                confused(first);
            }
            let shorter = without_date(&joined).and_then(|shorter| self.by_name.get(shorter));
            if let Some(other) = shorter.and_then(|entries| entries.first()) {
                confused(other);
            }
        }
        let mut left = MOST_STEPS;
        for (n, (pattern, entry)) in self.patterns.iter().enumerate() {
            let conflict = |other: &Entry, example| Conflict {
                one: entry.clone(),
                other: other.clone(),
                example,
                by_pattern: true,
            };
            match self.confused(n, pattern, entry, &mut left) {
                Ok(None) => {}
                Ok(Some((other, example))) => conflicts.push(conflict(other, Some(example))),
                Err(TooMuch) => {
                    conflicts.push(conflict(entry, None));
                    break;
                }
            }
        }
        conflicts
    }

    /// The first import that a pattern takes names of, with one of them. Patterns before the `n`th are compared with it
    /// already.
    fn confused(
        &self,
        n: usize,
        pattern: &FilePattern,
        entry: &Entry,
        left: &mut Steps,
    ) -> Result<Option<(&Entry, String)>, TooMuch> {
        let prefix = pattern.prefix();
        let may_share = |begin: &str| begin.starts_with(&*prefix) || prefix.starts_with(begin);
        for (other, owner) in self.patterns.iter().skip(n + 1).filter(|(_, owner)| owner != entry) {
            if may_share(&other.prefix())
                && let Some(example) = pattern.overlap(other, left)?
            {
                return Ok(Some((owner, example)));
            }
        }
        let mut named: Vec<_> = self.by_name.iter().filter(|(joined, _)| may_share(joined)).collect();
        // The same mistake is told each time.
        named.sort();
        for (joined, owners) in named {
            let Some(owner) = owners.iter().find(|owner| *owner != entry) else { continue };
            for form in ["{date:yyyymmdd}.csv", "{date:yyyymmdd}_{suffix}.csv"] {
                if let Ok(own) = FilePattern::parse(&format!("{joined}_{form}"))
                    && let Some(example) = pattern.overlap(&own, left)?
                {
                    return Ok(Some((owner, example)));
                }
            }
        }
        Ok(None)
    }
}

fn ambiguous(file: &str, one: &Entry, other: &Entry) -> NameError {
    let fault = NameFault::Ambiguous(one.to_string(), other.to_string());
    NameError::new(file, fault, Some("rename one of the two imports".to_owned()))
}
