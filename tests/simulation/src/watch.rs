//! Watches over a history while it goes on: what took effect, and whether it may.
//!
//! Everything is written down a second time here, as plainly as possible: what is ready and what comes first, whose
//! turn it is, which generation a member joins, and what each file means, one after the other in the order of
//! their outcomes. Nothing here asks the code under test how anything is done.

mod queries;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use sha2::{Digest, Sha256};
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Repository};
use tidewaiter::report::Outcome;
use tidewaiter::sequence::{self, GroupRef, GroupRule, Ready, Running, Stage};
use tidewaiter_engine::ports::{
    BatchNumber, Conclusion, DroppedObject, ImportRun, KeptReport, Kind, Mail, Message, Pinned, Source,
};
use tidewaiter_tests::reference::Reference;

use self::queries::Reads;
pub(crate) use self::queries::{READS, name as reader_name};
use crate::fault::Fault;
use crate::messages::Body;
use crate::scenario::{Data, Dropped, Member, Partner, Variant, What};

/// An upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// What was dropped.
    pub dropped: Dropped,
    /// Where it is.
    pub source: Source,
    /// True once its version was deleted for good.
    pub is_gone: bool,
    /// True once somebody has hidden it: only whoever was told of it finds it.
    pub is_hidden: bool,
    /// Counts up in the order of dropping.
    number: usize,
    /// True if a query made it.
    is_fetched: bool,
}

impl Upload {
    /// Something that is dropped now.
    pub fn new(dropped: Dropped, source: Source) -> Self {
        Self { dropped, source, is_gone: false, is_hidden: false, number: 0, is_fetched: false }
    }
}

/// A data file, wherever it came from.
pub(crate) struct Subject<'a> {
    pub(crate) partner: usize,
    /// The name of the data: not that of an archive with this file alone.
    pub(crate) file: &'a str,
    pub(crate) data: &'a Data,
    pub(crate) is_member: bool,
}

/// True for a name that only a pattern can be for.
pub(crate) fn has_own_name(file: &str) -> bool {
    file.contains(" shop ")
}

/// A group in one of its generations, of a repository.
type GroupKey = (Repository, GroupRef);

/// What was seen.
#[derive(Default)]
pub struct Watch {
    /// The repositories.
    pub partners: Vec<Partner>,
    /// What must not be and was.
    pub violations: Vec<String>,
    /// Events that never came.
    pub lost: Vec<DroppedObject>,
    /// What was dropped, by import.
    pub uploads: BTreeMap<ImportId, Upload>,
    /// What was taken in by a reconciliation, which gives another id than the event does.
    taken_as: BTreeMap<ImportId, ImportId>,
    /// What each import holds that was decided: the conclusion as it was first.
    pub conclusions: BTreeMap<ImportId, Conclusion>,
    /// The rejected lines of what was imported, with its header.
    pub badlines: BTreeMap<ImportId, Vec<u8>>,
    /// What was imported into a torn universe: which of its lines were rejected depends on what nobody knows.
    pub unforeseen: BTreeSet<ImportId>,
    /// The records of each universe.
    pub references: BTreeMap<&'static str, Reference>,
    /// Universes in which a file was removed in the midst of its loading: half of it may be records.
    pub torn: BTreeSet<&'static str>,
    /// How often each mail was sent.
    pub mails: BTreeMap<String, u64>,
    /// How many messages were sent before the last reconciliation.
    pub sent_before_sweep: u64,
    /// Counts up with everything that happens.
    pub step: u64,
    /// Members of archives, by their import: that of the archive, and which one.
    members: BTreeMap<ImportId, (ImportId, usize)>,
    /// By process, when its task began.
    began: BTreeMap<u64, u64>,
    /// By partner: from when on which variant was active, if any was.
    active: Vec<Vec<(u64, Option<usize>)>>,
    /// What is registered.
    pub imports: BTreeMap<ImportId, ImportRun>,
    started: BTreeMap<ImportId, Pinned>,
    checked: BTreeSet<ImportId>,
    applied: BTreeSet<(ImportId, u32, u64)>,
    done: BTreeSet<ImportId>,
    /// The generation that a group's files join.
    open: BTreeMap<(Repository, String, u8), u64>,
    ready: BTreeMap<Repository, Vec<ImportId>>,
    ready_groups: BTreeMap<GroupKey, Option<GroupRule>>,
    expired: BTreeSet<GroupKey>,
    sequences: BTreeMap<Repository, sequence::State>,
    /// By process: what was ready when it last looked.
    turns: BTreeMap<u64, Vec<Ready>>,
    noted: BTreeMap<ImportId, u64>,
    /// The query of each partner.
    pub(crate) reads: BTreeMap<usize, Reads>,
    /// True if a read belongs to its process for longer than a process lives.
    pub is_exclusive: bool,
}

impl Watch {
    /// Watches over these repositories.
    pub fn new(partners: Vec<Partner>) -> Self {
        let active = partners.iter().map(|partner| vec![(0, partner.is_configured.then_some(0))]).collect();
        Self { partners, active, ..Self::default() }
    }

    fn wrong(&mut self, what: String) {
        self.violations.push(what);
    }

    fn expect(&mut self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            self.wrong(what());
        }
    }

    /// A process began to treat a message.
    pub fn began(&mut self, process: u64) {
        self.began.insert(process, self.step);
    }

    /// The name of an import's file.
    pub fn name(&self, id: ImportId) -> String {
        self.imports.get(&id).map_or_else(|| id.to_string(), |import| format!("{} ({id})", import.file))
    }

    /// A file was dropped. The answer: what that does to another one of the same name.
    pub fn uploaded(&mut self, id: ImportId, mut upload: Upload) -> Option<Fault> {
        upload.number = self.uploads.len();
        let key = &upload.source.key;
        let earlier = self.uploads.iter().filter(|(_, earlier)| earlier.source.key == *key);
        let earlier = earlier.filter(|(id, _)| !self.done.contains(id)).map(|(id, _)| *id).last();
        let fault = earlier.map(|earlier| match &upload.dropped.what {
            What::Archive(_) if !self.conclusions.contains_key(&earlier) => Fault::OverwrittenArchive,
            _ if self.is_running(earlier) => Fault::OverwrittenAtWork,
            _ => Fault::Overwritten,
        });
        for n in 0..upload.dropped.what.runs_beside() {
            self.members.insert(id.member(n as u64), (id, n));
        }
        self.uploads.insert(id, upload);
        fault
    }

    /// Somebody has hidden what lies at a key.
    pub fn hidden(&mut self, key: &str) {
        for upload in self.uploads.values_mut().filter(|upload| upload.source.key == *key) {
            upload.is_hidden = true;
        }
    }

    /// A configuration that a file has to wait for: of its repository, dropped before it, and without its outcome. One
    /// that is not registered is looked for only by the universe that the file is for.
    pub(crate) fn waited_for(&self, file: ImportId) -> Option<String> {
        let archive = self.members.get(&file).map_or(file, |(archive, _)| *archive);
        let Upload { dropped, number, is_fetched, .. } = self.uploads.get(&archive)?;
        // When a file of a query came is told by the clock of the process that read it, which may be wrong.
        if *is_fetched {
            return None;
        }
        let is_registered = |id: &ImportId| self.imports.contains_key(id);
        let open = self.uploads.iter().find(|(id, other)| {
            let is_configuration = matches!(other.dropped.what, What::Configuration(_));
            // Of several versions the newest counts: those before it are not looked for.
            let is_newest = !self.uploads.iter().any(|(id, newer)| {
                newer.source.key == other.source.key && newer.number > other.number && is_registered(id)
            });
            let lies_there = !other.is_gone && !other.is_hidden && is_newest;
            is_configuration
                && other.dropped.partner == dropped.partner
                && other.number < *number
                && !self.conclusions.contains_key(id)
                && (is_registered(id) || lies_there)
        });
        open.map(|(id, other)| format!("{} ({id})", other.source.key))
    }

    /// The import that was made of an upload, by the id that its event would give it.
    pub fn taken_as(&self, id: ImportId) -> ImportId {
        self.taken_as.get(&id).copied().unwrap_or(id)
    }

    /// What was registered under another id than its event gives it is called by that one from now on.
    fn call(&mut self, import: &ImportRun) {
        let is_it = |upload: &Upload| upload.source == import.source;
        let of_event = self.uploads.iter().find(|(_, upload)| is_it(upload)).map(|(id, _)| *id);
        let Some(before) = of_event.filter(|before| *before != import.id) else { return };
        let is_known = self.imports.contains_key(&before);
        self.expect(!is_known, || format!("{} ({}) was registered twice", import.file, import.id));
        if let Some(upload) = self.uploads.remove(&before) {
            for n in 0..upload.dropped.what.runs_beside() {
                self.members.remove(&before.member(n as u64));
                self.members.insert(import.id.member(n as u64), (import.id, n));
            }
            self.uploads.insert(import.id, upload);
            self.taken_as.insert(before, import.id);
        }
    }

    /// A message will not come again. The reconciliation would find what is lost so, but much later.
    pub fn acknowledged(&mut self, body: &Body) {
        let dropped = match body {
            Body::Upload(dropped) => dropped,
            Body::Message(Message::Missed { dropped }) => &**dropped,
            _ => return,
        };
        // Under which id does not matter: there are several for a version that more than one told of.
        let is_registered = self.imports.values().any(|import| import.source == dropped.source);
        self.expect(is_registered, || {
            format!(
                "the event of {} ({}) is acknowledged, and it is not registered",
                dropped.file, dropped.import
            )
        });
    }

    /// The data that an import holds, if it holds any.
    pub(crate) fn subject(&self, id: ImportId) -> Option<Subject<'_>> {
        if let Some((archive, n)) = self.members.get(&id) {
            let Dropped { partner, what: What::Archive(Some(members)), .. } =
                &self.uploads.get(archive)?.dropped
            else {
                return None;
            };
            let Member { file, data } = members.get(*n)?;
            return Some(Subject { partner: *partner, file, data, is_member: true });
        }
        match &self.uploads.get(&id)?.dropped {
            Dropped { partner, file, what: What::Data(data), .. } => {
                Some(Subject { partner: *partner, file, data, is_member: false })
            }
            // One file in an archive is handled as if it had been dropped itself.
            Dropped { partner, what: What::Archive(Some(members)), .. } if members.len() == 1 => {
                let Member { file, data } = members.first()?;
                Some(Subject { partner: *partner, file, data, is_member: false })
            }
            _ => None,
        }
    }

    /// The name and the bytes that an import must have.
    pub(crate) fn content(&self, id: ImportId) -> Option<(&str, &[u8])> {
        if let Some((archive, n)) = self.members.get(&id) {
            let What::Archive(Some(members)) = &self.uploads.get(archive)?.dropped.what else { return None };
            return members.get(*n).map(|member| (member.file.as_str(), &*member.data.bytes));
        }
        self.uploads.get(&id).map(|upload| (upload.dropped.file.as_str(), &*upload.dropped.bytes))
    }

    fn partner_of(&self, id: ImportId) -> usize {
        let archive = self.members.get(&id).map_or(id, |(archive, _)| *archive);
        self.uploads.get(&archive).map_or(0, |upload| upload.dropped.partner)
    }

    /// True if no configuration was active at some time since a process began with its message.
    fn may_be_unconfigured(&self, process: u64, partner: usize) -> bool {
        let since = self.began.get(&process).copied().unwrap_or(0);
        let Some(active) = self.active.get(partner) else { return true };
        let current = active.iter().rposition(|(from, _)| *from <= since).unwrap_or(0);
        active.iter().skip(current).any(|(_, variant)| variant.is_none())
    }

    /// The configurations that were active at some time since a process began with its message.
    fn candidates(&self, process: u64, partner: usize) -> Vec<(usize, Variant)> {
        let since = self.began.get(&process).copied().unwrap_or(0);
        let (Some(active), Some(of)) = (self.active.get(partner), self.partners.get(partner)) else {
            return Vec::new();
        };
        let current = active.iter().rposition(|(from, _)| *from <= since).unwrap_or(0);
        let variants = active.iter().skip(current).filter_map(|(_, variant)| *variant);
        variants.filter_map(|n| of.variants.get(n).map(|variant| (n, *variant))).collect()
    }

    /// An object was written.
    pub fn written(&mut self, key: &str, content: &[u8]) {
        let is_config =
            |partner: &Partner| Key::config(&partner.repository, partner.universe).as_str() == key;
        let Some(n) = self.partners.iter().position(is_config) else { return };
        let Some(partner) = self.partners.get(n) else { return };
        let is_it = |variant: &Variant| variant.document(partner.universe) == content;
        match partner.variants.iter().position(is_it) {
            Some(variant) => {
                let step = self.step;
                if let Some(active) = self.active.get_mut(n) {
                    active.push((step, Some(variant)));
                }
            }
            None => self.wrong(format!("{key} holds a configuration that nobody uploaded, or half of one")),
        }
    }

    /// Files were registered.
    pub fn registered(&mut self, process: u64, imports: &[ImportRun]) {
        for import in imports {
            if self.imports.contains_key(&import.id) {
                continue;
            }
            self.call(import);
            let id = import.id;
            let Some((file, bytes)) = self.content(id) else {
                self.wrong(format!("{} ({id}) was registered, and nobody dropped it", import.file));
                continue;
            };
            let is_it = import.file == file && import.bytes == bytes.len() as u64;
            self.expect(is_it, || format!("{} ({id}) was registered as something else", import.file));
            self.known_as(process, import);
        }
    }

    /// A file is known for what it is, that was not when it was registered, or an archive for the only file in it; false
    /// if it was known before.
    pub fn resolved(&mut self, process: u64, import: &ImportRun) -> bool {
        let before = self.imports.get(&import.id).map(|import| &import.kind);
        let is_new = before.is_some_and(|before| discriminant(before) != discriminant(&import.kind));
        if is_new {
            self.known_as(process, import);
        }
        is_new
    }

    fn known_as(&mut self, process: u64, import: &ImportRun) {
        let id = import.id;
        self.imports.insert(id, import.clone());
        self.judge_kind(process, import);
        let Kind::Data { group, .. } = &import.kind else { return };
        match group {
            None => self.ready.entry(import.repository.clone()).or_default().push(id),
            Some(place) => {
                let GroupRef { id: name, last, generation } = &place.group;
                let open = (import.repository.clone(), name.clone(), *last);
                let open = *self.open.entry(open).or_insert(1);
                self.expect(*generation == open, || {
                    format!("{} joined generation {generation}, and {open} is open", import.file)
                });
                let key = (import.repository.clone(), place.group.clone());
                let slots: BTreeSet<u8> = self.slots(&key);
                if slots.len() == usize::from(*last) {
                    self.ready_groups.entry(key).or_insert(Some(place.rule));
                }
            }
        }
    }

    fn judge_kind(&mut self, process: u64, import: &ImportRun) {
        let Kind::Refused(refusal) = &import.kind else { return };
        self.judge_refusal(process, import.id, &refusal.reason.code);
    }

    /// A file was refused for its name.
    fn judge_refusal(&mut self, process: u64, id: ImportId, code: &str) {
        let Some(Subject { partner, file, data, is_member }) = self.subject(id) else { return };
        let lacks = self.may_be_unconfigured(process, partner)
            || self.candidates(process, partner).iter().any(|(_, variant)| !variant.has(data));
        let waits = self.waited_for(id).filter(|_| matches!(code, "not-configured" | "name"));
        let is_right = match code {
            "not-configured" => lacks && !has_own_name(file),
            "name" => lacks && has_own_name(file),
            "not-grouped" => is_member && data.group.is_none(),
            _ => false,
        };
        let name = self.name(id);
        self.expect(is_right, || format!("{name} was refused as {code}"));
        if let Some(configuration) = waits {
            self.wrong(format!("{name} was refused, and {configuration} is on its way"));
        }
    }

    /// It is fixed what an import runs under.
    pub fn started(&mut self, process: u64, id: ImportId, held: &Pinned) {
        let Some(Subject { partner, data, .. }) = self.subject(id) else { return };
        let (sha256, bytes) = (hex(&Sha256::digest(&data.bytes)), data.bytes.len() as u64);
        let is_running = self.is_running(id);
        let name = self.name(id);
        match self.started.get(&id) {
            Some(before) => {
                let is_same = before.config == held.config
                    && (before.content.is_none() || before.content == held.content);
                self.expect(is_same, || format!("{name}: what was fixed has changed"));
            }
            None if !self.conclusions.contains_key(&id) => {
                let candidates = self.candidates(process, partner);
                let is_active = self.variant_of(partner, &held.config).is_some_and(|(n, _)| {
                    candidates.iter().any(|(candidate, _)| self.is_same_document(partner, n, *candidate))
                });
                self.expect(is_active, || format!("{name} begins under a configuration that was not active"));
                self.expect(is_running, || format!("{name} begins, and it is not its turn"));
            }
            None => return,
        }
        if let Some(content) = &held.content {
            let is_it = (content.bytes, &content.sha256) == (bytes, &sha256);
            self.expect(is_it, || format!("{name} is to be loaded with other content than was dropped"));
        }
        if held.checked {
            self.checked.insert(id);
        }
        self.started.insert(id, held.clone());
    }

    fn is_same_document(&self, partner: usize, one: usize, other: usize) -> bool {
        let variants = self.partners.get(partner).map(|partner| &partner.variants);
        variants.is_some_and(|variants| variants.get(one) == variants.get(other))
    }

    /// The variant whose document has this hash.
    pub(crate) fn variant_of(&self, partner: usize, hash: &str) -> Option<(usize, Variant)> {
        let partner = self.partners.get(partner)?;
        let is_it = |variant: &Variant| hex(&Sha256::digest(variant.document(partner.universe))) == hash;
        let n = partner.variants.iter().position(is_it)?;
        partner.variants.get(n).map(|variant| (n, *variant))
    }

    /// What an import was started under.
    pub(crate) fn pinned(&self, id: ImportId) -> Option<&Pinned> {
        self.started.get(&id)
    }

    /// A batch of records took effect, or had before.
    pub fn applied(&mut self, id: ImportId, number: BatchNumber) {
        if !self.applied.insert((id, number.share, number.batch)) {
            return;
        }
        let (name, is_running) = (self.name(id), self.is_running(id));
        self.expect(is_running, || format!("{name} is loaded, and it is not its turn"));
        // What its bytes and its configuration alone decide need not be fixed: its version is what it is.
        let is_alone =
            self.subject(id).is_some_and(|subject| !matches!(subject.data.subsection, "full" | "once"));
        let is_fixed = self
            .started
            .get(&id)
            .is_some_and(|pinned| pinned.content.is_some() || is_alone || pinned.checked);
        self.expect(is_fixed, || format!("{name} is loaded, and its content is not fixed"));
        let is_decided = self.conclusions.contains_key(&id);
        self.expect(!is_decided, || format!("{name} is loaded, and its outcome is decided"));
    }

    /// True if some of an import may be records.
    pub(crate) fn is_begun(&self, id: ImportId) -> bool {
        self.applied.iter().any(|(import, _, _)| *import == id)
    }

    /// An outcome was decided.
    pub fn concluded(&mut self, process: u64, id: ImportId, held: &Conclusion) {
        let name = self.name(id);
        if let Some(first) = self.conclusions.get(&id) {
            let is_same =
                (first.outcome, &first.code, first.counts) == (held.outcome, &held.code, held.counts);
            self.expect(is_same, || format!("{name} has two outcomes"));
            return;
        }
        self.conclusions.insert(id, held.clone());
        // One that came packed is refused for its name with its outcome.
        let is_unresolved =
            self.imports.get(&id).is_some_and(|import| matches!(import.kind, Kind::Unresolved { .. }));
        if let Some(code) = held.code.as_deref().filter(|_| is_unresolved) {
            self.judge_refusal(process, id, code);
        }
        let partner = self.partner_of(id);
        let candidates: Vec<Variant> =
            self.candidates(process, partner).into_iter().map(|(_, variant)| variant).collect();
        let is_unconfigured = self.may_be_unconfigured(process, partner);
        if let Err(why) = self
            .judge_order(id, held)
            .and_then(|()| self.judge_outcome(id, held, &candidates, is_unconfigured))
        {
            self.wrong(format!("{name} ends as {} {:?}: {why}", held.outcome, held.code));
        }
    }

    /// Whether it was the turn of an import to end so.
    fn judge_order(&self, id: ImportId, held: &Conclusion) -> Result<(), String> {
        let Some(import) = self.imports.get(&id) else { return Err("it is not registered".to_owned()) };
        let Kind::Data { group, .. } = &import.kind else { return Ok(()) };
        let code = held.code.as_deref().unwrap_or_default();
        let running = self.running(&import.repository);
        if code == "group-stopped" || code == "group-expired" {
            let Some(place) = group else { return Err("it is in no group".to_owned()) };
            let Some(Running::Group { group, stage, .. }) = running else {
                return Err("its group is not running".to_owned());
            };
            if *group != place.group {
                return Err("another group is running".to_owned());
            }
            return match stage {
                Stage::Expiring if code == "group-expired" => Ok(()),
                Stage::SettingAside { because_of } if code == "group-stopped" => {
                    let stopped = self.conclusions.get(because_of).is_some_and(is_rejection);
                    stopped.then_some(()).ok_or_else(|| "no file of its group was rejected".to_owned())
                }
                _ => Err(format!("its group is {stage:?}")),
            };
        }
        if !self.is_running(id) {
            return Err("it is not its turn".to_owned());
        }
        if let Some(place) = group {
            let key = (import.repository.clone(), place.group.clone());
            let stopped = self.members_of(&key).any(|(other, _)| {
                other.id != id && self.conclusions.get(&other.id).is_some_and(is_rejection)
            });
            if stopped {
                return Err("a file of its group was rejected before".to_owned());
            }
        }
        Ok(())
    }

    /// An import is done.
    pub fn finished(&mut self, id: ImportId) {
        let name = self.name(id);
        let is_decided = self.conclusions.contains_key(&id);
        self.expect(is_decided, || format!("{name} is done without an outcome"));
        self.done.insert(id);
        for ready in self.ready.values_mut() {
            ready.retain(|ready| *ready != id);
        }
    }

    /// A mail was sent.
    pub fn mailed(&mut self, process: u64, mail: &Mail) {
        *self.mails.entry(mail.id.clone()).or_default() += 1;
        let Ok(id) = mail.id.parse::<ImportId>() else { return };
        let name = self.name(id);
        let began = self.began.get(&process).copied().unwrap_or(0);
        let is_again = self.noted.get(&id).is_some_and(|noted| *noted < began);
        self.expect(!is_again, || format!("the mail of {name} is sent again, and nothing went wrong"));
        let is_right = self.conclusions.get(&id).is_some_and(|conclusion| {
            recipients(conclusion).is_none_or(|recipients| recipients == mail.recipients)
        });
        self.expect(is_right, || format!("the mail of {name} goes to {:?}", mail.recipients));
    }

    /// It was noted that a mail was sent.
    pub fn noted_mail(&mut self, id: ImportId) {
        let (name, is_sent) = (self.name(id), self.mails.contains_key(&id.to_string()));
        self.expect(is_sent, || format!("the mail of {name} is noted, and was not sent"));
        let step = self.step;
        self.noted.entry(id).or_insert(step);
    }

    /// True if nothing is running.
    pub(crate) fn is_idle(&self) -> bool {
        self.sequences.values().all(|state| state.running.is_none())
    }
}

/// True if the rest of a group stops for such an outcome.
pub(crate) fn is_rejection(conclusion: &Conclusion) -> bool {
    matches!(conclusion.outcome, Outcome::Bogus | Outcome::NotProcessed)
        && conclusion.code.as_deref() != Some("duplicate")
}

fn hex(bytes: &[u8]) -> String {
    tidewaiter_engine::hash::hex(bytes)
}

/// Who is told of an outcome; None if the report is too large to be kept with it.
fn recipients(conclusion: &Conclusion) -> Option<&[String]> {
    match &conclusion.report {
        KeptReport::Here(report) => Some(&report.recipients),
        KeptReport::At(_) => None,
    }
}
