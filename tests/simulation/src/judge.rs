//! What each file must come to, and what must be there when everything is at rest.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::without_import_id;
use tidewaiter::record::Effect;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::{Outcome, Report};
use tidewaiter_engine::Result;
use tidewaiter_engine::hash::hex;
use tidewaiter_engine::ports::{
    Conclusion, ConfigStore, HistoryFilter, ImportRun, KeptReport, KeyClaims, Kind, Problem, Progress,
    Records, RunLedger,
};
use tidewaiter_tests::reference::{File, Reference};

use crate::bucket::Bucket;
use crate::scenario::{ALERTS, EXTRA, REPORTS, Variant, What};
use crate::watch::{Subject, Watch, has_own_name};
use crate::world::{Inner, World};

/// What a process leaves here that was killed while it unpacked is seen by nobody, and expires in the bucket.
const UNPACKED: &str = "unpacked/";
/// What a process leaves here that has lost its read to another one, and is killed before it removes its file, is seen by
/// nobody, and expires in the bucket.
const FETCHED: &str = "fetched/";

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

/// A problem is open as long as no later file of its name was imported, and what is written down agrees.
async fn problems(world: &World, imports: &[ImportRun]) -> Result<Vec<String>> {
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

/// Where a second copy of an import's outputs may be: under its own names, in the order of log, file, badlines. Two
/// who carry out one import at the same time cannot tell what the other one wrote from what somebody put there by
/// hand, and keep it.
fn own_names(import: &ImportRun, done: &Conclusion) -> Vec<String> {
    let log = Key::log(&import.repository, import.data_file());
    let place = Key::placed(done.outcome.place(), &import.repository, &import.file);
    let badlines = match &import.kind {
        Kind::Data { name, .. } => Some(Key::badlines(&import.repository, name)),
        _ => None,
    };
    let is_moved = done.code.as_deref() != Some("gone") || import.unpacked().is_some();
    let place = is_moved.then_some(place);
    [Some(log), place, badlines].into_iter().flatten().map(|key| key.renamed(import.id).to_string()).collect()
}

/// Each version has one outcome at one place with its bytes, and nothing lies about.
fn objects(inner: &Inner, imports: &[ImportRun]) -> Vec<String> {
    let mut wrong = latest(inner, imports);
    wrong.append(&mut ignored(inner, imports));
    let mut places = Places {
        bucket: &inner.bucket,
        watch: &inner.watch,
        claimed: BTreeMap::new(),
        left_behind: BTreeMap::new(),
        wrong: Vec::new(),
    };
    places.never_taken_in(imports);
    for import in imports {
        match &import.progress {
            Progress::Done(done) => places.done(import, done),
            _ => places.waiting(import),
        }
    }
    places.of_nobody();
    wrong.append(&mut places.wrong);
    wrong
}

/// The configuration that was dropped last is active, whichever was told of first.
fn latest(inner: &Inner, imports: &[ImportRun]) -> Vec<String> {
    let mut wrong = Vec::new();
    for partner in &inner.watch.partners {
        let key = Key::config(&partner.repository, partner.universe);
        let mut activated: Vec<&ImportRun> = (imports.iter())
            .filter(|import| import.repository == partner.repository)
            .filter(|import| match (&import.kind, &import.progress) {
                (Kind::Configuration { .. }, Progress::Done(done)) => done.outcome == Outcome::Activated,
                _ => false,
            })
            .collect();
        activated.sort_by_key(|import| import.id);
        let is_torn = inner
            .watch
            .uploads
            .values()
            .any(|upload| upload.is_gone && matches!(upload.dropped.what, What::Configuration(_)));
        let Some(last) = activated.last().filter(|_| !is_torn) else { continue };
        let expected = inner.watch.content(last.id).map(|(_, bytes)| bytes.to_vec());
        let active = inner.bucket.content(key.as_str(), None).map(|active| active.to_vec());
        if active != expected {
            wrong.push(format!("{key} is not {} ({}), which was dropped last", last.file, last.id));
        }
    }
    wrong
}

/// Each ignored column is told in one report, however often its run was tried.
fn ignored(inner: &Inner, imports: &[ImportRun]) -> Vec<String> {
    let mut wrong = Vec::new();
    for partner in &inner.watch.partners {
        for label in EXTRA {
            let (mut had, mut told) = (0, Vec::new());
            for import in imports.iter().filter(|import| import.repository == partner.repository) {
                let Some(done) = import.conclusion().filter(|done| done.outcome == Outcome::Imported) else {
                    continue;
                };
                let Some(Subject { data, .. }) = inner.watch.subject(import.id) else { continue };
                let header = data.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
                had += u32::from(header.split(|byte| *byte == b',').any(|name| name == label.as_bytes()));
                let notes = report_of(&inner.bucket, done).map(|report| report.notes).unwrap_or_default();
                if notes.iter().any(|note| note.contains(&format!("\"{label}\""))) {
                    told.push(import.id);
                }
            }
            if told.len() != usize::from(had > 0) {
                wrong.push(format!(
                    "column {label} of {}: {had} files had it, told by {told:?}",
                    partner.repository
                ));
            }
        }
    }
    wrong
}

/// The report of a run that has its outcome.
fn report_of(bucket: &Bucket, done: &Conclusion) -> Option<Report> {
    match &done.report {
        KeptReport::Here(report) => Some(Report::clone(report)),
        KeptReport::At(key) => serde_json::from_slice(&bucket.content(key.as_str(), None)?).ok(),
    }
}

/// What lies where.
struct Places<'a> {
    bucket: &'a Bucket,
    watch: &'a Watch,
    /// By key: whose it is.
    claimed: BTreeMap<String, ImportId>,
    /// What may lie about as well, with what it holds then.
    left_behind: BTreeMap<String, Option<Vec<u8>>>,
    wrong: Vec<String>,
}

impl Places<'_> {
    /// What was dropped was taken in, whether its event came or not; unless it was gone by then.
    fn never_taken_in(&mut self, imports: &[ImportRun]) {
        let known: BTreeSet<ImportId> = imports.iter().map(|import| import.id).collect();
        for (id, upload) in &self.watch.uploads {
            if !known.contains(id) && !upload.is_gone {
                self.wrong
                    .push(format!("{} ({id}) was dropped, and nothing became of it", upload.source.key));
            }
        }
    }

    fn is_gone(&self, import: &ImportRun) -> bool {
        self.watch.uploads.get(&import.id).is_some_and(|upload| upload.is_gone)
    }

    /// True where a version was deleted for good when its outcome was decided and it was not moved yet: what lay at
    /// its place stays there, and the ledger says otherwise.
    fn is_torn(&self, import: &ImportRun) -> bool {
        self.watch.uploads.iter().any(|(id, upload)| {
            let code = self.watch.conclusions.get(id).and_then(|conclusion| conclusion.code.as_deref());
            let of = self.watch.partners.get(upload.dropped.partner).map(|partner| &partner.repository);
            upload.is_gone
                && code != Some("gone")
                && of == Some(&import.repository)
                && upload.dropped.file == import.file
        })
    }

    /// The rejected lines where nobody knows which ones they must be: what lies at their place, if it is as many
    /// lines of the file as were rejected, in their order, and among them all that are wrong by themselves.
    fn selected(&self, id: ImportId, done: &Conclusion) -> Option<Vec<u8>> {
        let Subject { data, .. } = self.watch.subject(id)?;
        let all = self.bucket.content(done.badlines.as_ref()?.as_str(), None)?;
        let mut rest = all.strip_prefix(data.bytes.split_inclusive(|byte| *byte == b'\n').next()?)?;
        let mut count = 0;
        for (raw, good) in &data.lines {
            match rest.strip_prefix(raw.as_slice()) {
                Some(after) => (rest, count) = (after, count + 1),
                None if good.is_none() => return None,
                None => {}
            }
        }
        (rest.is_empty() && count > 0 && count == done.counts.rejected).then(|| all.to_vec())
    }

    /// What has no outcome waits for its group, where it was.
    fn waiting(&mut self, import: &ImportRun) {
        let name = format!("{} ({})", import.file, import.id);
        let waits = match &import.kind {
            Kind::Data { group: Some(place), .. } => {
                self.watch.is_incomplete(&import.repository, &place.group)
            }
            _ => false,
        };
        let bytes = self.watch.content(import.id).map(|(_, bytes)| bytes).unwrap_or_default();
        let source = self.bucket.content(&import.source.key, import.source.version.as_deref());
        if !waits {
            self.wrong.push(format!("{name} has no outcome: {:?}", import.progress));
        } else if source.as_deref() != Some(bytes) && !self.is_gone(import) {
            self.wrong.push(format!("{name} waits, and its bytes are gone"));
        }
        self.claimed.insert(import.source.key.clone(), import.id);
        let (content, _) = import.content();
        let is_there = self.bucket.content(&content.key, content.version.as_deref()).is_some();
        if waits && !is_there && !self.is_gone(import) {
            self.wrong.push(format!("{name} waits, and its content is gone"));
        }
    }

    /// What has its outcome lies where the ledger says, with its log and its rejected lines, and nowhere else.
    fn done(&mut self, import: &ImportRun, done: &Conclusion) {
        let name = format!("{} ({})", import.file, import.id);
        let bytes = self.watch.content(import.id).map(|(_, bytes)| bytes).unwrap_or_default();
        let is_gone = self.is_gone(import);
        let source = self.bucket.content(&import.source.key, import.source.version.as_deref());
        if source.is_some() && !import.source.key.starts_with(UNPACKED) {
            self.wrong.push(format!("{name} is done, and still lies at {}", import.source.key));
        }
        if let KeptReport::At(key) = &done.report {
            self.claimed.insert(key.to_string(), import.id);
        }
        let report = report_of(self.bucket, done);
        let log = report.as_ref().map(|report| Log.render(report).into_bytes());
        let mut outputs = vec![(&done.log, log)];
        if done.code.as_deref() != Some("gone") || import.unpacked().is_some() {
            outputs.push((&done.place, Some(bytes.to_vec())));
        }
        let badlines = if self.watch.unforeseen.contains(&import.id) {
            self.selected(import.id, done)
        } else {
            self.watch.badlines.get(&import.id).cloned()
        };
        if done.badlines.is_some() != badlines.is_some() && !is_gone {
            self.wrong.push(format!("{name}: badlines are {:?}", done.badlines));
        }
        outputs.extend(done.badlines.as_ref().map(|key| (key, badlines)));
        if is_gone && let Kind::Data { name, .. } = &import.kind {
            // Its rejected lines may have been written when somebody deleted it, or still be those of an earlier
            // file that it would have written over, of which there is a copy by now. Both may have been renamed since.
            let badlines = Key::badlines(&import.repository, name);
            for key in [badlines.renamed(import.id), badlines] {
                let there = self.bucket.content(key.as_str(), None).map(|there| there.to_vec());
                self.left_behind.entry(key.to_string()).or_insert(there);
            }
        }
        for (key, own) in own_names(import, done).into_iter().zip(outputs.iter().map(|(_, own)| own)) {
            self.left_behind.entry(key).or_insert_with(|| own.clone());
        }
        for (key, expected) in outputs {
            let there = self.bucket.content(key.as_str(), None);
            // What was deleted for good while it was moved may be nowhere.
            let may_miss = *key == done.place && (is_gone && there.is_none() || self.is_torn(import));
            if !may_miss && there.as_deref() != expected.as_deref() {
                let is = there.map_or("nothing".to_owned(), |there| format!("{} other bytes", there.len()));
                self.wrong.push(format!("{key} of {name} holds {is}"));
            }
            if let Some(other) = self.claimed.insert(key.to_string(), import.id) {
                self.wrong.push(format!("{key} is the output of {name} and of {other}"));
            }
        }
        let is_told = report.is_some_and(|report| !report.recipients.is_empty());
        if is_told && !self.watch.mails.contains_key(&import.id.to_string()) || done.mail_due {
            self.wrong.push(format!("the mail of {name} was not sent"));
        }
    }

    /// Nothing else lies anywhere.
    fn of_nobody(&mut self) {
        for (key, version) in self.bucket.current("") {
            let is_document = || {
                let body = version.body.clone().unwrap_or_default();
                self.watch.partners.iter().any(|partner| {
                    partner.variants.iter().any(|variant| variant.document(partner.universe) == body)
                })
            };
            let is_copy = self
                .left_behind
                .get(key)
                .is_some_and(|own| *own == version.body.as_deref().map(<[u8]>::to_vec));
            let is_ours = self.claimed.contains_key(key)
                || is_copy
                || key.starts_with(UNPACKED)
                || key.starts_with(FETCHED) && !self.watch.is_exclusive
                || key.starts_with("config/") && is_document();
            if !is_ours {
                self.wrong.push(format!("{key} belongs to nobody"));
            }
        }
    }
}
