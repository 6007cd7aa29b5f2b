//! What can be seen of a deployment when nothing runs, as far as it may not differ from run to run.

use std::collections::BTreeMap;
use std::path::Path;

use tidewaiter::keys::Key;
use tidewaiter_engine::capabilities::{HasRecords, HasState};
use tidewaiter_engine::ports::{
    Conclusion, GroupQueue, HistoryFilter, ImportRun, KeptReport, Progress, Records, RunLedger, StoredRecord,
};
use tidewaiter_folder::Local;
use tidewaiter_tests::world::{VISIBLE, files};
use tidewaiter_tests::{Mask, mail};

use crate::deployment::runtime;

/// How much of a difference is shown.
const SHOWN: usize = 300;

/// Everything that can be seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Each file by its key, ids and times masked.
    pub tree: BTreeMap<String, Vec<u8>>,
    /// A line for each import.
    pub ledger: Vec<String>,
    /// A line for each record, with the source of each value.
    pub records: Vec<String>,
    /// The files that wait for their group.
    pub waiting: Vec<Vec<String>>,
}

/// The ledger and the records as they are.
pub struct Stored {
    /// All imports, by id.
    pub imports: Vec<ImportRun>,
    /// All records, by scope.
    pub records: Vec<(String, StoredRecord)>,
    /// The files that wait for their group.
    pub waiting: Vec<Vec<String>>,
}

/// Reads the ledger and the records of a root.
pub fn stored(root: &Path) -> Result<Stored, String> {
    let read = async {
        let local = Local::look(root)?;
        let all = HistoryFilter { limit: usize::MAX >> 1, ..HistoryFilter::default() };
        let mut imports = local.state().history(&all).await?;
        imports.sort_by_key(|import| import.id);
        let mut records = Vec::new();
        for (_, scope, _) in local.records().counts().await? {
            if !records.iter().any(|(known, _)| *known == scope) {
                let found = local.records().scan(&scope, None, usize::MAX >> 1).await?;
                records.extend(found.into_iter().map(|record| (scope.clone(), record)));
            }
        }
        let mut waiting = Vec::new();
        for repository in local.state().repositories().await? {
            let groups = local.state().waiting(&repository).await?;
            waiting.extend(groups.into_iter().map(|group| group.files));
        }
        Ok(Stored { imports, records, waiting })
    };
    let stored: tidewaiter_engine::Result<Stored> = runtime().block_on(read);
    stored.map_err(|error| format!("the ledger cannot be read: {error}"))
}

/// Looks at a root; only at some repositories if they are named.
pub fn look(root: &Path, only: Option<&[&str]>) -> Result<Seen, String> {
    let is_seen = |repository: &str| only.is_none_or(|only| only.contains(&repository));
    let Stored { mut imports, records, waiting } = stored(root)?;
    imports.retain(|import| is_seen(import.repository.as_str()));
    let mask = mask(&imports);
    let ids: Vec<String> = imports.iter().map(|import| import.id.to_string()).collect();
    let mut records: Vec<String> = records
        .into_iter()
        .filter(|(_, record)| ids.contains(&record.record.changed.import.to_string()))
        .map(|(scope, record)| {
            mask.ids(&format!("{scope} {}", serde_json::to_string(&record).unwrap_or_default()))
        })
        .collect();
    records.sort();
    let mut ledger: Vec<String> = imports.iter().map(|import| line(import, &mask)).collect();
    ledger.sort();
    let waiting = if only.is_some() { Vec::new() } else { waiting };
    Ok(Seen { tree: tree(root, &imports, &mask, only)?, ledger, records, waiting })
}

/// Ids in an order that is the same in each run: by file name, and by when they were treated.
fn mask(imports: &[ImportRun]) -> Mask {
    let mut order: Vec<(&str, &str, String, String)> = imports
        .iter()
        .map(|import| {
            let finished = done(import).map(|done| format!("{:020}", done.finished.as_nanosecond()));
            let finished = finished.unwrap_or_else(|| "not yet".to_owned());
            (import.file.as_str(), import.repository.as_str(), finished, import.id.to_string())
        })
        .collect();
    order.sort();
    Mask::new(&order.into_iter().map(|(.., id)| id).collect::<Vec<_>>())
}

/// What came of an import that is done.
pub fn done(import: &ImportRun) -> Option<&Conclusion> {
    match &import.progress {
        Progress::Done(done) => Some(done),
        _ => None,
    }
}

fn line(import: &ImportRun, mask: &Mask) -> String {
    let (repository, file) = (&import.repository, &import.file);
    let Some(done) = done(import) else {
        let progress = match &import.progress {
            Progress::Registered => "registered",
            Progress::Started(_) => "started",
            _ => "concluding",
        };
        return format!("{repository} {file} {progress} {}", mask.ids(&import.source.key));
    };
    let key = |key: &Key| mask.ids(key.as_str());
    let digest = done.digest.as_ref().map(|digest| digest.due);
    format!(
        "{repository} {file} {} {:?} {:?} {:?} {} {} {:?} mail due {} {:?} digest {digest:?} {:?}",
        done.outcome,
        done.code,
        done.counts,
        done.findings,
        key(&done.place),
        key(&done.log),
        done.badlines.as_ref().map(key),
        done.mail_due,
        done.mail_trouble,
        done.sha256,
    )
}

/// What lies where. Long reports are as if the first try had written them.
fn tree(
    root: &Path,
    imports: &[ImportRun],
    mask: &Mask,
    only: Option<&[&str]>,
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut tree = BTreeMap::new();
    let beside = [".tidewaiter/partial"];
    for prefix in VISIBLE.iter().chain(&beside) {
        for (key, content) in files(&root.join(prefix), &format!("{prefix}/")) {
            let repository = match *prefix {
                "outbox" => key.split('-').nth(1),
                _ => key.split('/').nth(1),
            };
            if only.is_some_and(|only| !repository.is_some_and(|name| only.contains(&name))) {
                continue;
            }
            let content = match *prefix {
                "logs" => mask.log(&content),
                "outbox" => untimed(&mail::parse(&content).masked(mask).to_string()),
                _ => content,
            };
            tree.insert(mask.ids(&key), content);
        }
    }
    for import in imports {
        let Some(KeptReport::At(written)) = done(import).map(|done| &done.report) else { continue };
        let first = Key::report(&import.repository, import.data_file(), import.id, 1);
        let content = tree.remove(&mask.ids(written.as_str()));
        let content = content.ok_or_else(|| format!("the report {written} is not there"))?;
        let report = mask.text(&String::from_utf8_lossy(&content));
        if tree.insert(mask.ids(first.as_str()), report.into_bytes()).is_some() {
            return Err(format!("{first} is there too"));
        }
    }
    Ok(tree)
}

/// A mail without the time at which a digest was gathered.
fn untimed(mail: &str) -> Vec<u8> {
    let lines = mail.split_inclusive('\n').filter(|line| !line.starts_with("time        "));
    lines.collect::<String>().into_bytes()
}

/// In what two deployments differ.
pub fn differences(found: &Seen, expected: &Seen) -> Vec<String> {
    let mut differences = Vec::new();
    for (key, content) in &expected.tree {
        match found.tree.get(key) {
            None => differences.push(format!("{key} does not exist")),
            Some(there) if there != content => {
                differences.push(format!("{key} {}", first_difference(there, content)));
            }
            Some(_) => {}
        }
    }
    let extra = found.tree.iter().filter(|(key, _)| !expected.tree.contains_key(*key));
    differences.extend(extra.map(|(key, content)| format!("{key} should not be there: {}", short(content))));
    differences.extend(lines("ledger", &found.ledger, &expected.ledger));
    differences.extend(lines("records", &found.records, &expected.records));
    if found.waiting != expected.waiting {
        differences.push(format!("{:?} wait instead of {:?}", found.waiting, expected.waiting));
    }
    differences
}

/// The first line in which two contents differ.
fn first_difference(found: &[u8], expected: &[u8]) -> String {
    let (found, expected) = (String::from_utf8_lossy(found), String::from_utf8_lossy(expected));
    let (mut found, mut expected) = (found.split_inclusive('\n'), expected.split_inclusive('\n'));
    for line in 1.. {
        match (found.next(), expected.next()) {
            (None, None) => break,
            (one, other) if one != other => {
                return format!("has {one:?} in line {line}, instead of {other:?}");
            }
            _ => {}
        }
    }
    "differs".to_owned()
}

fn lines(what: &str, found: &[String], expected: &[String]) -> Vec<String> {
    let missing = expected.iter().filter(|line| !found.contains(line));
    let extra = found.iter().filter(|line| !expected.contains(line));
    let mut lines: Vec<String> = missing.map(|line| format!("{what}: not there: {line}")).collect();
    lines.extend(extra.map(|line| format!("{what}: should not be there: {line}")));
    if lines.is_empty() && found.len() != expected.len() {
        lines.push(format!("{what}: {} lines instead of {}", found.len(), expected.len()));
    }
    lines
}

fn short(content: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(content).chars().take(SHOWN).collect();
    format!("{text:?}")
}
