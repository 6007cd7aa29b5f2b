//! Files that are the whole of a scope or of a list: what they do not name goes.
//!
//! Which records a file names is held in memory as fingerprints, a share of them at a time, so that memory
//! does not grow with the file. Before anything is loaded it is counted how many would go: a file that was
//! cut off is refused. Nothing goes if a line was rejected, since what it names may be unreadable.

use std::collections::HashSet;
use std::sync::Arc;

use tidewaiter::check::{Header, Line, Sink};
use tidewaiter::config::ReplaceAll;
use tidewaiter::record::{Plan, Reader, Record, fingerprint, share};

use super::begin::File;
use super::lines::read_lines;
use super::load::LandingOf;
use crate::Result;
use crate::capabilities::{HasObjects, HasRecords};
use crate::ports::{Landing, Pruning, Records};

/// What to do about a file that would remove too much.
pub(super) const RAISE: &str =
    "check that the file is complete; if it is, raise max_removed in the configuration and drop it again";

/// How many lines a share has, more or less.
const LINES: u64 = 1_000_000;
/// How many records are looked at in one go.
const PAGE: usize = 5_000;

/// A file that replaces all, as long as it is read.
pub(super) struct Replacement<'a, D: HasObjects + HasRecords> {
    pub(super) deployment: &'a D,
    pub(super) file: &'a File,
    /// How many bytes of it count.
    pub(super) bytes: u64,
    /// How many good lines they hold.
    pub(super) accepted: u64,
}

impl<D: HasObjects + HasRecords> Replacement<'_, D> {
    /// Whether more would go than the import allows: why, in words and numbers. With what the file has landed itself, if
    /// it is landing.
    pub(super) async fn guard(
        &self,
        rule: &ReplaceAll,
        landing: Option<&LandingOf<D>>,
    ) -> Result<Option<String>> {
        let (mut records, mut unnamed) = (0, 0);
        for number in 0..self.shares() {
            let named = self.named(number).await?;
            let mut after = Some((self.file.name.universe.clone(), String::new()));
            while let Some((universe, key)) = after.take() {
                let scope = &self.file.terms.plan.records;
                let behind = Some((universe.as_str(), key.as_str()));
                let page = match landing {
                    Some(landing) => landing.scan(scope, behind, PAGE).await?,
                    None => self.deployment.records().scan(scope, behind, PAGE).await?,
                };
                let own = page.iter().take_while(|record| record.universe == self.file.name.universe);
                for stored in own {
                    if self.file.terms.plan.is_replaced(&stored.record)
                        && let Some(stays) = named.judge(&stored.key, &stored.record)
                    {
                        records += 1;
                        unnamed += u64::from(!stays);
                    }
                }
                let last = page.last().filter(|last| last.universe == universe);
                after = last.map(|last| (universe, last.key.clone()));
            }
        }
        Ok(rule.verdict(records, unnamed))
    }

    /// Removes what the file does not name. Answers how many records went, and how many with them; None if the time
    /// `is_up` before the last page.
    pub(super) async fn prune_unlisted(
        &self,
        landing: &impl Landing,
        is_up: impl Fn() -> bool,
    ) -> Result<Option<(u64, u64)>> {
        let (mut removed, mut dependents, mut page) = (0, 0, 0);
        for number in 0..self.shares() {
            let named = Arc::new(self.named(number).await?);
            let mut after: Option<String> = None;
            loop {
                if is_up() {
                    return Ok(None);
                }
                let named = Arc::clone(&named);
                let pruning = Pruning {
                    universe: &self.file.name.universe,
                    import: self.file.run.id,
                    page,
                    after: after.as_deref(),
                    limit: PAGE,
                    plan: &self.file.terms.plan,
                    stays: Arc::new(move |key, record| named.judge(key, record).unwrap_or(true)),
                };
                let pruned = landing.prune_unlisted(&pruning).await?;
                page += 1;
                removed += pruned.removed;
                dependents += pruned.dependents;
                match pruned.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
        }
        Ok(Some((removed, dependents)))
    }

    fn shares(&self) -> u32 {
        u32::try_from(self.accepted.div_ceil(LINES).max(1)).unwrap_or(u32::MAX)
    }

    /// What the file names, as far as it belongs to a share.
    async fn named(&self, number: u32) -> Result<Named> {
        let plan = &self.file.terms.plan;
        let mut names = Names {
            reader: Reader::new(Arc::clone(plan), self.file.run.id),
            named: Named { plan: Arc::clone(plan), share: number, of: self.shares(), names: HashSet::new() },
        };
        let (source, held) = (self.file.run.content().0, self.file.fixed_content());
        read_lines(self.deployment, source, self.bytes, held, &self.file.terms, &mut names).await?;
        Ok(names.named)
    }
}

/// A share of what a file names.
struct Named {
    plan: Arc<Plan>,
    share: u32,
    of: u32,
    names: HashSet<u128>,
}

impl Named {
    /// Whether a record stays; None if another share has the say.
    fn judge(&self, key: &str, record: &Record) -> Option<bool> {
        let name = self.plan.name_of(key, record);
        self.has(&name).then(|| self.names.contains(&fingerprint(&name)))
    }

    fn has(&self, name: &str) -> bool {
        share(name, self.of) == self.share
    }
}

/// Collects what the good lines name.
struct Names {
    reader: Reader,
    named: Named,
}

impl Sink for Names {
    fn header(&mut self, _raw: &[u8], header: &Header) {
        self.reader.header(header);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        for name in Plan::names_in(&self.reader.change(line).subject) {
            if self.named.has(&name) {
                self.named.names.insert(fingerprint(&name));
            }
        }
    }

    fn rejected(&mut self, _raw: &[u8]) {}
}
