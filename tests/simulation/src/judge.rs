//! What each file must come to, and what must be there when everything is at rest.

mod objects;
mod problems;

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::record::Effect;
use tidewaiter::report::{Outcome, Report};
use tidewaiter_engine::Result;
use tidewaiter_engine::hash::hex;
use tidewaiter_engine::ports::{
    Conclusion, ConfigStore, HistoryFilter, ImportRun, KeptReport, Kind, Records, RunLedger,
};
use tidewaiter_tests::reference::{File, Reference};

use self::objects::objects;
use self::problems::problems;
use crate::scenario::{ALERTS, REPORTS, Variant, What};
use crate::watch::{Subject, Watch, has_own_name};
use crate::world::World;

type Verdict = std::result::Result<(), String>;

fn told(report: &Report, variant: &Variant) -> Vec<String> {
    let alert = (variant.alerts && report.needs_attention()).then_some(ALERTS);
    let report = variant.reports.then_some(REPORTS);
    alert.into_iter().chain(report).map(str::to_owned).collect()
}

impl Watch {
    /// Whether an import may end so, under one of the configurations that were active.
    pub(crate) fn judge_outcome(
        &mut self,
        id: ImportId,
        held: &Conclusion,
        candidates: &[Variant],
        is_unconfigured: bool,
    ) -> Verdict {
        let counts = held.counts;
        if counts.read != counts.imported + counts.unchanged + counts.superseded + counts.rejected {
            return Err(format!("its lines do not add up: {counts:?}"));
        }
        let pinned = self.subject(id).and_then(|subject| {
            self.variant_of(subject.partner, &self.pinned(id)?.config).map(|(_, variant)| variant)
        });
        let code = held.code.as_deref().unwrap_or_default();
        let is_set_aside = code.starts_with("group-");
        // What was begun ends under what it was begun with; who is told of others is asked of what is active.
        let told_by = match pinned {
            Some(pinned) if matches!(held.outcome, Outcome::Imported) => vec![pinned],
            _ => candidates.iter().copied().chain(pinned).collect(),
        };
        if let KeptReport::Here(report) = &held.report {
            let is_right = is_unconfigured && report.recipients.is_empty()
                || told_by.iter().any(|variant| told(report, variant) == report.recipients);
            if !is_right {
                return Err(format!("{:?} are told", report.recipients));
            }
        }
        if code == "gone" {
            let is_gone = self.uploads.get(&id).is_some_and(|upload| upload.is_gone);
            if let Some(partner) = self.subject(id).map(|subject| subject.partner)
                && self.is_begun(id)
                && let Some(universe) = self.partners.get(partner).map(|partner| partner.universe)
            {
                self.torn.insert(universe);
            }
            return is_gone.then_some(()).ok_or_else(|| "nobody deleted it".to_owned());
        }
        if is_set_aside {
            return Ok(());
        }
        let kind = self.imports.get(&id).map(|import| import.kind.clone());
        match (self.uploads.get(&id).map(|upload| &upload.dropped.what), kind) {
            (_, Some(Kind::Refused(refusal))) if self.subject(id).is_some() => {
                (held.outcome == refusal.outcome).then_some(()).ok_or_else(|| "not as refused".to_owned())
            }
            (Some(What::Junk | What::Archive(None) | What::Configuration(None) | What::Foreign), _) => {
                (held.outcome == Outcome::Bogus).then_some(()).ok_or_else(|| "it is wrong".to_owned())
            }
            (Some(What::Configuration(Some(_))), _) => {
                (held.outcome == Outcome::Activated).then_some(()).ok_or_else(|| "it is right".to_owned())
            }
            (_, Some(Kind::Unresolved { .. })) => {
                let is_illegal = self.subject(id).is_some_and(|subject| has_own_name(subject.file));
                let expected = if is_illegal { Outcome::Bogus } else { Outcome::NotProcessed };
                (held.outcome == expected).then_some(()).ok_or_else(|| "no name".to_owned())
            }
            (Some(What::Archive(Some(members))), _) if members.len() > 1 => {
                let all = (0..members.len()).all(|n| self.imports.contains_key(&id.member(n as u64)));
                match held.outcome {
                    Outcome::Unpacked if all => Ok(()),
                    Outcome::Unpacked => Err("not all members are registered".to_owned()),
                    _ => Err("it is right".to_owned()),
                }
            }
            _ => self.judge_data(id, held, pinned, candidates),
        }
    }

    fn judge_data(
        &mut self,
        id: ImportId,
        held: &Conclusion,
        pinned: Option<Variant>,
        candidates: &[Variant],
    ) -> Verdict {
        let Some(Subject { partner, data, .. }) = self.subject(id) else {
            return Err("nobody knows what it is".to_owned());
        };
        let data = data.clone();
        let Some(universe) = self.partners.get(partner).map(|partner| partner.universe) else {
            return Err("it has no repository".to_owned());
        };
        let variants = pinned.map_or_else(|| candidates.to_vec(), |pinned| vec![pinned]);
        let code = held.code.as_deref().unwrap_or_default();
        let mut why = "no configuration was active".to_owned();
        for variant in variants {
            let options = variant.options(&data);
            let (good, rejected) = (data.good(), data.rejected());
            let file = File {
                import: id,
                scope: data.scope,
                options: &options,
                columns: &data.columns,
                lines: &good,
                rejected,
            };
            let expected = if !variant.has(&data) {
                (Outcome::NotProcessed, "not-configured")
            } else if !data.is_valid
                || variant.is_strict(&data) && rejected > 0
                || options.replace_all.is_some() && self.reference(universe).clone().import(&file).too_much
            {
                (Outcome::Bogus, code)
            } else if data.subsection == "once" && self.has_twin(id) {
                (Outcome::NotProcessed, "duplicate")
            } else {
                (Outcome::Imported, "")
            };
            // Of what somebody deleted while it was loaded half may be records, which the reference does not know.
            let may_be_too_much = options.replace_all.is_some()
                && self.torn.contains(universe)
                && (held.outcome, code) == (Outcome::Bogus, "removal-exceeded");
            if expected != (held.outcome, code) && !may_be_too_much {
                why = format!("it should be {expected:?}");
                continue;
            }
            if held.outcome == Outcome::Imported {
                let outcome = self.reference(universe).import(&file);
                let counts = outcome.counts(data.lines.len() as u64, rejected, &options);
                let mut effects = outcome.effects.iter();
                let header = data.bytes.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
                let mut badlines = header.to_vec();
                for (raw, good) in &data.lines {
                    let effect = good.as_ref().and_then(|_| effects.next());
                    if effect.is_none_or(|effect| matches!(effect, Effect::Refused(_))) {
                        badlines.extend_from_slice(raw);
                    }
                }
                if self.torn.contains(universe) {
                    self.unforeseen.insert(id);
                } else if counts != held.counts {
                    return Err(format!("{:?} are its counts, and should be {counts:?}", held.counts));
                } else if counts.rejected > 0 {
                    self.badlines.insert(id, badlines);
                }
            }
            return Ok(());
        }
        Err(why)
    }

    fn reference(&mut self, universe: &'static str) -> &mut Reference {
        self.references.entry(universe).or_default()
    }

    /// True if the same content was imported before, in the same repository for the same subsection.
    fn has_twin(&self, id: ImportId) -> bool {
        let Some(this) = self.subject(id) else { return false };
        self.conclusions.iter().any(|(other, conclusion)| {
            *other != id
                && conclusion.outcome == Outcome::Imported
                && self.subject(*other).is_some_and(|other| {
                    (other.partner, other.data.scope, other.data.subsection)
                        == (this.partner, this.data.scope, this.data.subsection)
                        && other.data.bytes == this.data.bytes
                })
        })
    }
}

/// Looks at everything once nothing is left to be done; what is wrong.
///
/// # Errors
/// If a store cannot be read.
pub async fn at_rest(world: &World) -> Result<Vec<String>> {
    let all = HistoryFilter { limit: usize::MAX >> 1, ..HistoryFilter::default() };
    let imports = world.state.history(&all).await?;
    let mut found = BTreeMap::new();
    for scope in ["contacts", "batch", "cardcode", "creditpoints", "deletecontacts"] {
        for stored in world.records.scan(scope, None, usize::MAX >> 1).await? {
            let of: &mut BTreeMap<_, _> = found.entry(stored.universe).or_default();
            of.insert((scope.to_owned(), stored.key), stored.record);
        }
    }
    let unsettled = problems(world, &imports).await?;
    let unversioned = versions(world, &imports).await?;
    Ok(world.with(|inner| {
        let mut wrong = objects(inner, &imports);
        wrong.extend(unsettled);
        wrong.extend(unversioned);
        for partner in &inner.watch.partners {
            let universe = partner.universe;
            let empty = Reference::default();
            let expected = inner.watch.references.get(universe).unwrap_or(&empty);
            let records = found.remove(universe).unwrap_or_default();
            if records != expected.records && !inner.watch.torn.contains(universe) {
                let keys: BTreeSet<_> = records.keys().chain(expected.records.keys()).collect();
                let odd = keys.into_iter().find(|key| records.get(*key) != expected.records.get(*key));
                let (is, should) =
                    odd.map_or((None, None), |key| (records.get(key), expected.records.get(key)));
                wrong.push(format!("records of {universe}: {odd:?} is {is:?} and should be {should:?}"));
            }
        }
        for (partner, table) in &inner.tables {
            wrong.extend(inner.watch.judge_rest(*partner, table));
        }
        if !inner.watch.is_idle() {
            wrong.push("something is running, and nobody does it".to_owned());
        }
        wrong
    }))
}

/// Whatever was replaced and whatever a file activated is a version that can be brought back, and each number is used
/// once.
async fn versions(world: &World, imports: &[ImportRun]) -> Result<Vec<String>> {
    let partners: Vec<(Repository, &'static str)> = world.with(|inner| {
        inner.watch.partners.iter().map(|partner| (partner.repository.clone(), partner.universe)).collect()
    });
    let mut wrong = Vec::new();
    for (repository, universe) in partners {
        let all = world.state.versions(&repository, universe).await?;
        for (n, version) in (1..).zip(&all) {
            let kept = world.state.kept(&version.sha256).await?;
            let is_kept = kept.is_some_and(|kept| hex(&Sha256::digest(kept)) == version.sha256);
            if version.number != n || !is_kept {
                wrong.push(format!(
                    "version {n} of {universe} in {repository} is {version:?}, kept: {is_kept}"
                ));
            }
        }
        let is_activated = imports.iter().any(|import| {
            let is_of = matches!(&import.kind, Kind::Configuration { universe: of } if of == universe);
            let outcome = import.conclusion().map(|conclusion| conclusion.outcome);
            is_of && import.repository == repository && outcome == Some(Outcome::Activated)
        });
        let key = Key::config(&repository, universe);
        let active =
            world.with(|inner| inner.bucket.content(key.as_str(), None).map(|active| active.to_vec()));
        let active = active.map(|active| hex(&Sha256::digest(active)));
        if is_activated && !all.iter().any(|version| Some(&version.sha256) == active.as_ref()) {
            wrong.push(format!("what is active of {universe} in {repository} is none of its versions"));
        }
    }
    Ok(wrong)
}
