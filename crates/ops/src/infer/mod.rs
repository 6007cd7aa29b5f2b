//! Infers a configuration from files: how they are written, what their columns hold, and the scope that fits.
//!
//! [`infer`] is pure over [`Sample`]s: the names of files, and their beginnings. Each question has a module: the encoding, what
//! stands between fields and around the table (`layout`), what the values of one column may be (`judge`), the options that hold
//! for all columns (`decide`), the scope of the catalogue (`catalogue`), or one of its own (`own`).
//!
//! The check of an import tries each proposal on the samples (`trial`). What it rejects is loosened, and said.

mod catalogue;
mod dates;
mod decide;
mod draft;
mod encoding;
mod group;
mod judge;
mod kind;
mod layout;
mod names;
mod naming;
mod options;
mod own;
mod propose;
mod records;
mod references;
mod remark;
mod sample;
mod synonyms;
#[cfg(test)]
mod tests;
mod trial;
mod typed;
mod values;
mod vocabulary;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;
use tidewaiter::config::{Active, Config};
use tidewaiter::mistake::Mistake;

pub use self::remark::Remark;
pub use self::sample::{SAMPLE_BYTES, Sample, Unusable};

use self::catalogue::{candidates, nearly};
use self::draft::document;
use self::group::{Group, groups};
use self::propose::{Proposed, catalogued, owned};
use self::references::{Keys, keys_of};

/// A configuration that was inferred.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The universe that it is for.
    pub universe: String,
    /// The document; empty if no file could be used.
    pub document: String,
    /// Its imports, in the order of the files.
    pub imports: Vec<Inferred>,
    /// Files from which nothing was inferred.
    pub unusable: Vec<Unusable>,
}

/// An import that was inferred.
#[derive(Debug, Clone, Serialize)]
pub struct Inferred {
    /// Its scope.
    pub scope: String,
    /// Its name.
    pub import: String,
    /// The files that were looked at.
    pub files: Vec<Looked>,
    /// What was chosen, and why.
    pub remarks: Vec<Remark>,
}

/// A file that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Looked {
    /// Its name.
    pub file: String,
    /// How many rows were read.
    pub rows: usize,
    /// How much of it was read, in words.
    pub extent: String,
}

/// Infers the configuration of a universe from files. Files whose names differ in digits only are files of one import.
pub fn infer(universe: &str, samples: &[Sample]) -> Proposal {
    let mut unusable = Vec::new();
    let mut decoded = Vec::new();
    for sample in samples {
        match kind::readable(sample) {
            Ok(text) => decoded.push((sample, text)),
            Err(why) => unusable.push(Unusable::new(&sample.name, why)),
        }
    }
    let groups = groups(&decoded, &mut unusable);
    let proposed = propose(universe, &groups);
    let (mut drafts, mut imports) = (Vec::new(), Vec::new());
    let mut taken = BTreeSet::new();
    for (group, Proposed { mut draft, remarks }) in groups.iter().zip(proposed) {
        // Two own scopes are two kinds of records, even if their files have the same name.
        let (scope, import) = (draft.scope.clone(), draft.import.clone());
        let mut number = 2;
        while !taken.insert((draft.scope.clone(), draft.import.clone())) {
            if draft.is_own {
                draft.scope = format!("{scope}_{number}");
            }
            draft.import = format!("{import}-{number}");
            number += 1;
        }
        imports.push(Inferred {
            scope: draft.scope.clone(),
            import: draft.import.clone(),
            files: group.members.iter().map(looked).collect(),
            remarks: remarks.0,
        });
        drafts.push(draft);
    }
    let document = if drafts.is_empty() { String::new() } else { document(universe, &drafts) };
    Proposal { universe: universe.to_owned(), document, imports, unusable }
}

impl Proposal {
    /// The configuration as the only active one.
    ///
    /// # Errors
    /// The mistakes of the document. There are some if names of files fit two of its imports.
    pub fn active(&self) -> Result<Active, Vec<Mistake>> {
        Config::parse(&self.universe, self.document.as_bytes()).and_then(|config| Active::new([config]))
    }
}

fn looked(member: &group::Member<'_>) -> Looked {
    Looked { file: member.sample.name.clone(), rows: member.table.rows.len(), extent: member.sample.extent() }
}

/// A proposal for each group. A scope whose records refer to others is proposed behind those of the other files.
fn propose(universe: &str, groups: &[Group<'_>]) -> Vec<Proposed> {
    let mut proposed: Vec<Option<Proposed>> = groups.iter().map(|_| None).collect();
    let mut reasons: Vec<Option<String>> = groups.iter().map(|_| None).collect();
    let mut keys = Keys::new();
    // Each round can only add records that others refer to.
    for _ in 0..groups.len().min(4) {
        for (n, group) in groups.iter().enumerate() {
            let (Some(place), Some(reason)) = (proposed.get_mut(n), reasons.get_mut(n)) else { continue };
            if place.is_some() || !group.has_header() {
                continue;
            }
            let found = candidates(&group.labels, &group.naming.words);
            if found.is_empty() {
                *reason = nearly(&group.labels, &group.naming.words);
            }
            let best = found.first().map_or(0, |candidate| candidate.score);
            // A scope that fits worse is not taken for one whose records cannot land: it is another kind of record.
            for candidate in found.into_iter().take_while(|candidate| candidate.score == best) {
                match catalogued(universe, group, candidate.clone(), &keys) {
                    Ok(done) => {
                        let found = keys_of(&done.draft, group, &candidate);
                        keys.entry(candidate.scope.to_owned()).or_default().extend(found);
                        *place = Some(done);
                        break;
                    }
                    Err(why) => *reason = Some(fits_not(candidate.scope, &why)),
                }
            }
        }
    }
    let rest = groups.iter().zip(proposed).zip(reasons);
    rest.map(|((group, place), why)| place.unwrap_or_else(|| owned(universe, group, why))).collect()
}

fn fits_not(scope: &str, why: &str) -> String {
    if why.starts_with("the labels are") {
        why.to_owned()
    } else {
        format!("the labels are those of {scope} of the catalogue, but its rules reject rows ({why})")
    }
}
