//! References checked before anything is loaded (`check_references: group`).
//!
//! A parent is there if the store has it, or if a file of the same group that comes earlier brings it. Lines
//! whose parents are in neither are counted as rejected, and the policy decides.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::config::{Config, Mode};
use tidewaiter::finding::Tally;
use tidewaiter::name::DataName;
use tidewaiter::record::{Change, Layout, Reader, Refusal, Subject, fingerprint, join_key};
use tidewaiter::schema::{OnExisting, RowEffect};

use super::begin::File;
use super::check::fixed;
use super::lines::{Batches, LineBatch, read_lines};
use super::refused;
use crate::Result;
use crate::capabilities::{HasGroups, HasObjects, HasRecords};
use crate::examine::{CheckSpec, Examined};
use crate::ports::{GroupQueue, ImportRun, Kind, Records};

/// How many lines with open references are held until the earlier files are read.
const WINDOW: usize = 50_000;

/// Checks the references of a file; the lines whose parents are missing are added to what was found.
pub(super) async fn check<D: HasObjects + HasGroups + HasRecords>(
    deployment: &D,
    file: &File,
    bytes: u64,
    examined: &mut Examined,
) -> Result<()> {
    let File { run: import, name, config, terms, .. } = file;
    if terms.plan.references.is_empty() {
        return Ok(());
    }
    let earlier = earlier(deployment, import, name, config, terms).await?;
    let mut search = Search {
        deployment,
        import,
        name,
        terms,
        earlier,
        open: Vec::new(),
        missing: Tally::default(),
        lines: 0,
    };
    let mut batches = Batches::new(deployment, file, bytes, None, None);
    while let Some(batch) = batches.next().await? {
        search.look_up(batches.layout(), batch).await?;
    }
    search.resolve(batches.layout()).await?;
    examined.summary.rejected += search.lines;
    examined.summary.accepted -= search.lines;
    examined.summary.findings.merge(search.missing);
    Ok(())
}

/// A file that comes before this one and is not loaded yet, or this one where it refers to itself.
struct Earlier {
    import: ImportRun,
    terms: CheckSpec,
}

/// The files of the same group and universe that come earlier and bring records that are referred to.
async fn earlier<D: HasGroups>(
    deployment: &D,
    import: &ImportRun,
    name: &DataName,
    config: &Config,
    terms: &CheckSpec,
) -> Result<Vec<Earlier>> {
    let mut members = match &import.kind {
        Kind::Data { group: Some(group), .. } => {
            deployment.groups().group_members(&import.repository, &group.group).await?
        }
        _ => Vec::new(),
    };
    let own = members.iter().position(|member| member.id == import.id).unwrap_or(0);
    members.truncate(own);
    members.push(import.clone());
    let mut earlier = Vec::new();
    for member in members {
        let Kind::Data { name: theirs, .. } = &member.kind else { continue };
        let Some(of) = CheckSpec::find(config, &theirs.scope, &theirs.subsection) else { continue };
        let referred = terms.plan.references.iter().any(|to| to.scopes.contains(&of.plan.records));
        let brings = of.plan.row != RowEffect::Delete
            && of.plan.on_existing != OnExisting::Append
            && of.plan.mode != Mode::Update;
        if theirs.universe == name.universe && referred && brings {
            earlier.push(Earlier { import: member, terms: of });
        }
    }
    Ok(earlier)
}

/// Looks for the parents of lines.
struct Search<'a, D: HasObjects + HasRecords> {
    deployment: &'a D,
    import: &'a ImportRun,
    name: &'a DataName,
    terms: &'a CheckSpec,
    earlier: Vec<Earlier>,
    /// Lines with parents that the store does not have: the line, its first byte, and which references.
    open: Vec<(Change, u64, Vec<usize>)>,
    missing: Tally,
    lines: u64,
}

impl<D: HasObjects + HasRecords> Search<'_, D> {
    /// Asks the store for the parents of a batch.
    async fn look_up(&mut self, layout: &Layout, batch: LineBatch) -> Result<()> {
        let mut asked = Vec::new();
        for (change, _) in batch.items.iter().filter_map(|item| item.good.as_ref()) {
            asked.extend(change.references.iter().flat_map(|(n, key)| self.candidates(*n, key)));
        }
        asked.sort();
        asked.dedup();
        let exist = self.deployment.records().exist(&self.name.universe, &asked).await?;
        let known: HashSet<&(String, String)> =
            asked.iter().zip(exist).filter(|(_, exists)| *exists).map(|(record, _)| record).collect();
        for (change, byte) in batch.items.into_iter().filter_map(|item| item.good) {
            let is_open = |(n, key): &&(usize, String)| {
                !self.candidates(*n, key).iter().any(|record| known.contains(record))
            };
            let open: Vec<usize> = change.references.iter().filter(is_open).map(|(n, _)| *n).collect();
            if !open.is_empty() {
                self.open.push((change, byte, open));
            }
        }
        if self.open.len() >= WINDOW { self.resolve(layout).await } else { Ok(()) }
    }

    /// The records that a reference may mean.
    fn candidates(&self, reference: usize, key: &str) -> Vec<(String, String)> {
        let scopes = self.terms.plan.references.get(reference).map(|to| to.scopes.as_slice());
        scopes.unwrap_or_default().iter().map(|scope| (scope.clone(), key.to_owned())).collect()
    }

    /// Looks for the parents that are still open in the earlier files; those that are not there are missing.
    async fn resolve(&mut self, layout: &Layout) -> Result<()> {
        let open = std::mem::take(&mut self.open);
        let mut wanted: HashMap<u128, Option<u64>> = open
            .iter()
            .flat_map(|(change, _, numbers)| {
                let keys = numbers.iter().filter_map(|n| Some((*n, change.reference(*n)?)));
                keys.flat_map(|(n, key)| self.candidates(n, key))
                    .map(|(scope, key)| (name(&scope, &key), None))
            })
            .collect();
        for earlier in self.earlier.iter().filter(|_| !open.is_empty()) {
            let mut keys = Keys {
                reader: Reader::new(Arc::clone(&earlier.terms.plan), earlier.import.id),
                scope: &earlier.terms.plan.records,
                // In an earlier file every line is before ours.
                own: earlier.import.id == self.import.id,
                wanted: &mut wanted,
            };
            let (source, bytes) = earlier.import.content();
            let held = if earlier.terms.options.fix {
                fixed(self.deployment, &earlier.import, &earlier.terms).await?.content
            } else {
                None
            };
            let bytes = held.as_ref().map_or(bytes, |held| held.len() as u64);
            read_lines(self.deployment, source, bytes, held, &earlier.terms, &mut keys).await?;
        }
        for (change, byte, numbers) in open {
            let found = |n: usize, key: &str| {
                let names = self.candidates(n, key).into_iter().map(|(scope, key)| name(&scope, &key));
                let first = |name| wanted.get(&name).copied().flatten();
                names.filter_map(first).any(|line: u64| line < change.line)
            };
            let missing = numbers.iter().find(|n| change.reference(**n).is_some_and(|key| !found(**n, key)));
            if let Some(reference) = missing {
                let refusal = Refusal::Missing { reference: *reference };
                let (code, field) = refused::kind(&self.terms.plan, &refusal);
                self.missing.add(code, field.as_deref(), || {
                    refused::finding(&self.terms.plan, layout, &change, byte, &refusal)
                });
                self.lines += 1;
            }
        }
        Ok(())
    }
}

fn name(scope: &str, key: &str) -> u128 {
    fingerprint(&join_key([scope, key].into_iter()))
}

/// Notes on which line a file first brings the records that are wanted; 0 if it is an earlier file.
struct Keys<'a> {
    reader: Reader,
    scope: &'a str,
    own: bool,
    wanted: &'a mut HashMap<u128, Option<u64>>,
}

impl Sink for Keys<'_> {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        if let Subject::Key(key) | Subject::Match { key: Some(key), .. } = self.reader.change(line).subject
            && let Some(first) = self.wanted.get_mut(&name(self.scope, &key))
        {
            first.get_or_insert(if self.own { line.number() } else { 0 });
        }
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}
