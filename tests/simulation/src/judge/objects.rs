//! What lies where when everything is at rest.

use std::collections::{BTreeMap, BTreeSet};

use tidewaiter::id::ImportId;
use tidewaiter::keys::Key;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::{Outcome, Report};
use tidewaiter_engine::ports::{Conclusion, ImportRun, KeptReport, Kind, Progress};

use crate::bucket::Bucket;
use crate::scenario::{EXTRA, What};
use crate::watch::{Subject, Watch};
use crate::world::Inner;

/// What a process leaves here that was killed while it unpacked lies hidden, and the bucket lets it expire.
const UNPACKED: &str = "unpacked/";
/// What a process leaves here that has lost its read to another one, and is killed before it removes its file, is seen by
/// nobody, and expires in the bucket.
const FETCHED: &str = "fetched/";

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
pub(super) fn objects(inner: &Inner, imports: &[ImportRun]) -> Vec<String> {
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
