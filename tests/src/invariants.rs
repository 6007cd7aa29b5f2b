//! What holds of every deployment between two runs, whatever was dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io::Cursor;

use tidewaiter::config::{Config, DialectOptions};
use tidewaiter::name::{DroppedName, is_tool_file};
use tidewaiter::record::Source;
use tidewaiter::render::{Log, Renderer};
use tidewaiter::report::{Outcome, Report};
use tidewaiter::schema::catalogue::SUBSCRIPTIONS;
use tidewaiter_archive::{Format, Limits, Sink, extract};
use tidewaiter_engine::intake::{SheetForm, write_content, write_sheet};
use tidewaiter_engine::ports::{Conclusion, ImportRun, KeptReport, Kind, Progress};

use crate::world::World;

impl World {
    /// Checks what must hold of every deployment at any time between two runs.
    pub fn check(&self) {
        check(self);
    }
}

/// Checks that every object has exactly one place, every line is counted once, and that log, report,
/// ledger and badlines say the same.
fn check(world: &World) {
    let tree = world.raw_tree();
    let imports = world.history();
    let mut claimed: BTreeMap<String, String> = BTreeMap::new();
    let mut claim = |key: &str, by: &ImportRun| {
        let before = claimed.insert(key.to_owned(), by.file.clone());
        assert_eq!(before, None, "{key} is the output of two imports, the second of {}", by.file);
        let shapes = [key.to_owned(), format!("{key}@")];
        let below = format!("{key}/");
        shapes.iter().any(|shape| tree.contains_key(shape)) || tree.keys().any(|key| key.starts_with(&below))
    };
    for import in &imports {
        match &import.progress {
            Progress::Done(done) => {
                let report = match &done.report {
                    KeptReport::Here(_) => None,
                    KeptReport::At(key) => Some(key),
                };
                for key in [&done.place, &done.log].into_iter().chain(&done.badlines).chain(report) {
                    assert!(claim(key.as_str(), import), "{key} of {} is not there", import.file);
                }
                check_done(world, &tree, import, done);
            }
            Progress::Registered | Progress::Started(_) => {
                assert!(claim(&import.source.key, import), "{} waits, but its content is gone", import.file);
                let unpacked = import.unpacked().is_none_or(|unpacked| claim(&unpacked.source.key, import));
                assert!(unpacked, "{} waits, but what was taken out of it is gone", import.file);
            }
            Progress::Concluding(_) => panic!("{} has an outcome that was not carried out", import.file),
        }
    }
    for key in tree.keys() {
        let plain = key.trim_end_matches(['@', '/']);
        let theirs = ["imports/", "config/", "outbox/"].iter().any(|prefix| key.starts_with(prefix));
        let mut folders = plain.match_indices('/').filter_map(|(at, _)| plain.get(..at));
        let claimed = claimed.contains_key(plain) || folders.any(|folder| claimed.contains_key(folder));
        assert!(theirs || claimed, "{key} belongs to no import");
    }
    check_records(world, &imports);
}

fn check_done(world: &World, tree: &BTreeMap<String, Vec<u8>>, import: &ImportRun, done: &Conclusion) {
    let file = &import.file;
    let counts = done.counts;
    assert_eq!(
        counts.read,
        counts.imported + counts.unchanged + counts.superseded + counts.rejected,
        "lines of {file}"
    );
    let content = |key: &tidewaiter::keys::Key| tree.get(key.as_str()).cloned().unwrap_or_default();

    let report = match &done.report {
        KeptReport::Here(report) => Report::clone(report),
        KeptReport::At(key) => serde_json::from_slice(&content(key)).expect("a report is JSON"),
    };
    assert_eq!(Log.render(&report), String::from_utf8_lossy(&content(&done.log)), "log and report of {file}");
    assert_eq!((report.outcome, report.counts), (done.outcome, counts), "report and ledger of {file}");
    assert_eq!(report.import, import.id);
    assert_eq!(report.findings_total, report.kinds.iter().map(|kind| kind.count).sum::<u64>(), "{file}");

    let imported = done.outcome == Outcome::Imported;
    assert_eq!(
        imported,
        report.reason.is_none() && !matches!(done.outcome, Outcome::Unpacked | Outcome::Activated)
    );
    assert_eq!(done.badlines.is_some(), imported && counts.rejected > 0, "badlines of {file}");
    if !imported {
        assert_eq!(counts.imported + counts.unchanged, 0, "{file} was not imported, and has lines that were");
        return;
    }
    let archived = match import.unpacked() {
        Some(_) => {
            let (name, content) = decrypted(world, &import.file, content(&done.place));
            if DroppedName::of(name) == DroppedName::Data {
                content
            } else {
                only_member(name, content, &dialect(tree, import))
            }
        }
        None => content(&done.place),
    };
    let strict = dialect(tree, import).is_strict();
    if strict {
        assert_eq!(lines(&archived).len() as u64, counts.read + 1, "lines of {file} against its content");
    } else {
        assert!(lines(&archived).len() as u64 >= counts.read, "lines of {file} against its content");
    }
    if let Some(badlines) = &done.badlines {
        let badlines = content(badlines);
        let (rejected, original) = (lines(&badlines), lines(&archived));
        if strict {
            assert_eq!(rejected.len() as u64, counts.rejected + 1, "lines in the badlines of {file}");
            assert_eq!(rejected.first(), original.first(), "the header in the badlines of {file}");
        } else {
            assert!(rejected.len() as u64 >= counts.rejected, "lines in the badlines of {file}");
        }
        let mut rest = original.iter();
        // A trailer counts what is rejected, so it is another one.
        let trailer = usize::from(!strict);
        let own = rejected.get(..rejected.len().saturating_sub(trailer)).unwrap_or_default();
        for line in own {
            assert!(rest.any(|one| one == line), "badlines of {file} are not lines of it, in its order");
        }
    }
}

/// How the files of an import are written. In the strict form, a record is a line, and the first one is the header.
fn dialect(tree: &BTreeMap<String, Vec<u8>>, import: &ImportRun) -> DialectOptions {
    let Kind::Data { name, .. } = &import.kind else { return DialectOptions::default() };
    let key = format!("config/{}/{}.json", import.repository, name.universe);
    let config = tree.get(&key).and_then(|document| Config::parse(&name.universe, document).ok());
    let options = config.as_ref().and_then(|config| config.subsection(&name.scope, &name.subsection));
    options.map(|options| options.dialect.clone()).unwrap_or_default()
}

/// What an encrypted file holds, and its name; any other file as it is.
fn decrypted<'a>(world: &World, name: &'a str, content: Vec<u8>) -> (&'a str, Vec<u8>) {
    let DroppedName::Encrypted { content: inner } = DroppedName::of(name) else { return (name, content) };
    let keys = world.decryption_keys().expect("an encrypted file was decrypted with a key");
    let mut only = OnlyMember::default();
    let written = write_content(Cursor::new(content), inner, &keys, &Limits::default(), &mut only);
    assert!(written.is_ok(), "{name} cannot be decrypted: {written:?}");
    (inner, only.0)
}

/// The content of the only file in an archive, or of the sheet of a workbook that an import reads.
fn only_member(name: &str, archive: Vec<u8>, dialect: &DialectOptions) -> Vec<u8> {
    let mut only = OnlyMember::default();
    let Some(format) = Format::from_name(name) else {
        let form = SheetForm::of(dialect);
        let written = write_sheet(Cursor::new(archive), name, &form, &Limits::default(), &mut only);
        assert!(written.is_ok(), "{name} is neither an archive nor a workbook: {written:?}");
        return only.0;
    };
    let read = extract(format, name, Cursor::new(archive), &Limits::default(), &mut only);
    assert_eq!(read.map(|summary| summary.members).expect("a sound archive"), 1, "members of {name}");
    only.0
}

#[derive(Default)]
struct OnlyMember(Vec<u8>);

impl Sink for OnlyMember {
    type Error = Infallible;

    fn ignores(&self, path: &str, bytes: u64) -> bool {
        is_tool_file(path, bytes)
    }

    fn begin(&mut self, _name: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The lines of a file with their line breaks.
fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Every record comes from an import that took it, and no import left more records than lines.
fn check_records(world: &World, imports: &[ImportRun]) {
    let mut taken: BTreeMap<String, u64> = BTreeMap::new();
    // A line may change many subscriptions.
    let records = world.records().into_iter().filter(|(scope, _)| scope != SUBSCRIPTIONS);
    for record in records.flat_map(|(_, records)| records) {
        let Source { import, line } = record.record.changed;
        // What a file took off a list, no line of it names.
        *taken.entry(import.to_string()).or_default() += u64::from(line > 0);
    }
    let known: BTreeSet<String> = imports.iter().map(|import| import.id.to_string()).collect();
    for (id, records) in &taken {
        assert!(known.contains(id), "a record is from {id}, which is no import");
        let import = imports.iter().find(|import| import.id.to_string() == *id);
        let Some(Progress::Done(done)) = import.map(|import| &import.progress) else {
            panic!("a record is from {id}, which is not done");
        };
        assert_eq!(done.outcome, Outcome::Imported, "a record is from {id}, which was not imported");
        // What its lines adjust, they changed as well.
        let most = 2 * done.counts.imported;
        assert!(*records <= most, "{records} records are from {id}: {:?}", done.counts);
    }
}
