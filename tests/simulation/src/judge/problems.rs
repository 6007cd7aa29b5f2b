//! Which problems are open, and what has corrected the others.

use std::collections::BTreeSet;

use tidewaiter::id::ImportId;
use tidewaiter::keys::Key;
use tidewaiter::name::without_import_id;
use tidewaiter::report::Outcome;
use tidewaiter_engine::Result;
use tidewaiter_engine::ports::{Conclusion, ImportRun, KeyClaims, Kind, Problem, RunLedger};

use crate::world::World;

/// A problem is open as long as no later file of its name was imported, and what is written down agrees.
pub(super) async fn problems(world: &World, imports: &[ImportRun]) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for run in imports.iter().filter(|run| run.is_done()) {
        let Some(done) = run.conclusion() else { continue };
        let name = format!("{} ({})", run.file, run.id);
        let is_refused = matches!(done.outcome, Outcome::Bogus | Outcome::NotProcessed)
            && !matches!(done.code.as_deref(), Some("duplicate" | "tool-file"));
        if done.problem.is_some() != (is_refused || done.counts.rejected > 0) {
            wrong.push(format!("{name} leaves {:?}", done.problem));
        }
        if done.problem.is_none() {
            continue;
        }
        if run.fetched.is_some() {
            wrong.extend(told_of_refused_rows(imports, run, done));
            continue;
        }
        let corrections: Vec<&ImportRun> = imports.iter().filter(|later| corrects(later, run)).collect();
        let expected: BTreeSet<ImportId> = corrections.iter().map(|later| later.id).collect();
        // One that was imported before this file was refused has lost its place to it, and corrects nothing.
        let is_certain = corrections.iter().any(|later| has_its_name(later, &names_of(run)));
        let owners = world.state.owners(&run.keys_of_corrections()).await?;
        let told = world.state.runs(&owners.into_iter().collect::<Vec<_>>()).await?;
        let is_told = told.iter().any(|later| later.resolves(run));
        let is_right = match &done.problem {
            Some(Problem::Resolved { by }) => expected.contains(by),
            _ if is_told => !expected.is_empty(),
            _ => !is_certain,
        };
        if !is_right {
            wrong.push(format!("{name} has the problem {:?}, and {expected:?} correct it", done.problem));
        }
    }
    Ok(wrong)
}

/// Of a file of a query that was refused, another one that was imported has had the rows again.
fn told_of_refused_rows(imports: &[ImportRun], run: &ImportRun, done: &Conclusion) -> Option<String> {
    let Some(Problem::Resolved { by }) = &done.problem else { return None };
    let is_it = |other: &&ImportRun| other.id == *by && other.repository == run.repository;
    let is_imported = imports.iter().filter(is_it).any(|other| {
        let outcome = other.conclusion().map(|conclusion| conclusion.outcome);
        other.fetched.is_some() && outcome == Some(Outcome::Imported)
    });
    let is_refused = matches!(done.outcome, Outcome::Bogus | Outcome::NotProcessed);
    (!is_imported || !is_refused)
        .then(|| format!("{} ({}) is said to be corrected by {by}", run.file, run.id))
}

/// True if a file that corrects one of these names has not given that name to another file: by the name that it was dropped
/// by goes its place, by that of its data goes its log.
fn has_its_name(run: &ImportRun, names: &BTreeSet<String>) -> bool {
    let is_own = |key: &Key| {
        let name = key.file_name();
        without_import_id(name.strip_suffix(".log").unwrap_or(name)).is_none()
    };
    run.conclusion().is_some_and(|done| {
        names.contains(&run.file) && is_own(&done.place)
            || names.contains(run.data_file()) && is_own(&done.log)
    })
}

/// The names under which a file can be corrected.
fn names_of(run: &ImportRun) -> BTreeSet<String> {
    let plain = |name: &str| without_import_id(name).unwrap_or_else(|| name.to_owned());
    let mut names: BTreeSet<String> = [plain(&run.file), plain(run.data_file())].into();
    if let Kind::Data { name, .. } = &run.kind {
        names.insert(plain(name.ungrouped()));
    }
    let badlines = run.conclusion().and_then(|done| done.badlines.as_ref());
    names.extend(badlines.map(|key| key.file_name().to_owned()));
    names
}

/// True if a file was imported later than one that left a problem, under one of its names.
fn corrects(later: &ImportRun, run: &ImportRun) -> bool {
    let names = names_of(run);
    let is_imported = later.conclusion().is_some_and(|done| match done.outcome {
        Outcome::Imported => done.counts.rejected == 0 || done.counts.rejected < done.counts.read,
        Outcome::Unpacked | Outcome::Activated => true,
        Outcome::Bogus | Outcome::NotProcessed => false,
    });
    is_imported
        && later.id > run.id
        && later.repository == run.repository
        && (names.contains(&later.file) || names.contains(later.data_file()))
}
