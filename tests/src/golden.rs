//! Golden folders: what is delivered, and what is expected to come of it.
//!
//! ```text
//! tests/golden/<case>/
//!     config/<universe>.json       active from the start
//!     tidewaiter.toml, keys/…      what the operator decides, and the keys that it names; most cases have none
//!     deliveries/1/…, 2/…          dropped into the repository `partner`, one run after each
//!     expected/tree.txt            every visible file; `= 1/<file>` if it has the bytes of that delivery
//!     expected/ledger.txt          the imports in the order of their treatment, then what waits
//!     expected/records/<scope>.jsonl
//!     expected/logs/…, badlines/…  and all other files that were not delivered
//!     expected/mails/…             recipients, subject and text
//! ```
//!
//! With `UPDATE_GOLDEN=1` the expected folders are written anew. Read what changed before you believe it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use tidewaiter::record::Value;
use tidewaiter_engine::ports::{ImportRun, Kind, Progress, StoredRecord};

use crate::mask::Mask;
use crate::world::{PARTNER, World, files};

/// Runs the case in a folder, with more settings than its own, and gives what came of it by path below `expected/`.
pub fn outcome(case: &Path, more: &str) -> BTreeMap<String, Vec<u8>> {
    let world = World::new();
    settings(&world, case);
    let path = world.path("tidewaiter.toml");
    let own = fs::read_to_string(&path).unwrap_or_default();
    fs::write(path, format!("{own}\n{more}")).expect("the settings can be written");
    let mut given = BTreeMap::new();
    for (name, content) in files(&case.join("config"), "") {
        let universe = name.trim_end_matches(".json");
        world.config(universe, &String::from_utf8_lossy(&content));
        given.insert(content, format!("config/{name}"));
    }
    let mut numbers: Vec<u32> = fs::read_dir(case.join("deliveries"))
        .unwrap_or_else(|error| panic!("{} has no deliveries: {error}", case.display()))
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    assert!(!numbers.is_empty(), "{} has no deliveries", case.display());
    for number in numbers {
        for (name, content) in files(&case.join(format!("deliveries/{number}")), "") {
            world.drop(PARTNER, &name, &content);
            let told = format!("{number}/{name}");
            given.entry(content).and_modify(|names| *names = format!("{names}, {told}")).or_insert(told);
        }
        world.run();
        world.check();
    }
    let before = world.tree();
    world.run();
    assert_eq!(world.tree(), before, "{}: one more run changes something", case.display());
    describe(&world, &given)
}

/// Gives a deployment the settings of a case, if it has any.
pub fn settings(world: &World, case: &Path) {
    let (name, keys) = ("tidewaiter.toml", case.join("keys"));
    if let Ok(text) = fs::read(case.join(name)) {
        fs::write(world.path(name), text).expect("the settings can be written");
    }
    for (name, content) in if keys.is_dir() { files(&keys, "keys/") } else { BTreeMap::new() } {
        fs::create_dir_all(world.path("keys")).expect("the folder can be made");
        fs::write(world.path(&name), content).expect("a key can be written");
    }
}

fn describe(world: &World, given: &BTreeMap<Vec<u8>, String>) -> BTreeMap<String, Vec<u8>> {
    let mut expected = BTreeMap::new();
    let mut listing = String::new();
    for (key, content) in world.tree() {
        let is_log = key.strip_suffix(".log").is_some();
        let is_report = key.starts_with("logs/") && !is_log;
        let names = given.get(&content).filter(|_| !content.is_empty() || !key.starts_with("logs/"));
        match names {
            Some(names) => writeln!(listing, "{key}  = {names}"),
            None => writeln!(listing, "{key}"),
        }
        .expect("text can be written to a string");
        // A report says what its log says; that is checked for each.
        if names.is_none() && !is_report {
            let place = key.replace("outbox/", "mails/").replace(".eml", ".txt").replace(['<', '>'], "");
            expected.insert(place, content);
        }
    }
    expected.insert("tree.txt".to_owned(), listing.into_bytes());
    expected.insert("ledger.txt".to_owned(), ledger(world).into_bytes());
    let mask = world.mask();
    for (scope, records) in world.records() {
        let mut lines: Vec<String> = records.iter().map(|record| record_line(record, &mask)).collect();
        lines.sort();
        expected.insert(format!("records/{scope}.jsonl"), lines.concat().into_bytes());
    }
    expected
}

fn record_line(record: &StoredRecord, mask: &Mask) -> String {
    let shown = |(column, value): (&String, &Value)| {
        let arrival = value.source.import.at().to_string();
        let is_arrival = value.text == arrival;
        let text =
            if is_arrival { format!("<arrival of {}>", value.source.import) } else { value.text.clone() };
        (column.clone(), text)
    };
    let values: BTreeMap<String, String> = record.record.values.iter().map(shown).collect();
    let changed = record.record.changed;
    let earlier: BTreeMap<&String, String> = (record.record.values.iter())
        .filter(|(_, value)| value.source != changed)
        .map(|(column, value)| (column, format!("{}:{}", value.source.import, value.source.line)))
        .collect();
    let mut json = serde_json::json!({
        "universe": record.universe,
        "key": record.key,
        "values": values,
        "import": record.record.changed.import,
        "line": record.record.changed.line,
    });
    if !earlier.is_empty() {
        json.as_object_mut().map(|json| json.insert("earlier".to_owned(), serde_json::json!(earlier)));
    }
    format!("{}\n", mask.ids(&json.to_string()))
}

/// The ledger for people: what is no data file by name, then the data files in the order in which they
/// were treated, then those that wait.
fn ledger(world: &World) -> String {
    let mask = world.mask();
    let (mut others, mut data) = (Vec::new(), Vec::new());
    for import in world.treated() {
        let line = mask.ids(&ledger_line(&import));
        if matches!(import.kind, Kind::Data { .. }) { data.push(line) } else { others.push(line) }
    }
    others.sort();
    let mut text = others.into_iter().chain(data).collect::<String>();
    for group in world.waiting() {
        let tag =
            format!("{} of {:02}, generation {}", group.group.id, group.group.last, group.group.generation);
        let missing = group.missing.iter().map(|slot| format!("{slot:02}")).collect::<Vec<_>>().join(" ");
        writeln!(text, "waiting       group {tag}: missing {missing}")
            .expect("text can be written to a string");
        for file in group.files {
            writeln!(text, "waiting       {file}").expect("text can be written to a string");
        }
    }
    text
}

fn ledger_line(import: &ImportRun) -> String {
    let Progress::Done(done) = &import.progress else { return String::new() };
    let mut line = format!("{:<13} {}", done.outcome.as_str(), import.file);
    if let Some((_, archive)) = &import.archive {
        write!(line, "  from {archive}").expect("text can be written to a string");
    }
    let counts = done.counts;
    if counts.read > 0 {
        let (read, imported) = (counts.read, counts.imported);
        let (unchanged, rejected) = (counts.unchanged, counts.rejected);
        write!(line, "  {read} = {imported} + {unchanged} unchanged")
            .expect("text can be written to a string");
        if counts.superseded > 0 {
            write!(line, " + {} superseded", counts.superseded).expect("text can be written to a string");
        }
        write!(line, " + {rejected} rejected").expect("text can be written to a string");
        for (count, what) in
            [(counts.existing, "existing"), (counts.unknown, "unknown"), (counts.removed, "removed")]
        {
            if count > 0 {
                write!(line, ", {count} {what}").expect("text can be written to a string");
            }
        }
    }
    if let Some(code) = &done.code {
        write!(line, "  [{code}]").expect("text can be written to a string");
    }
    for finding in &done.findings {
        write!(line, "  {finding}").expect("text can be written to a string");
    }
    line.push('\n');
    line
}

/// Compares a case, run with more settings than its own, with what is expected of it, or writes that anew. The answer is what
/// differs.
pub fn judge(case: &Path, more: &str, update: bool) -> Option<String> {
    let found = outcome(case, more);
    let folder = case.join("expected");
    if update {
        let _ = fs::remove_dir_all(&folder);
        for (name, content) in &found {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
            fs::write(path, content).expect("the file can be written");
        }
        return None;
    }
    let expected = files(&folder, "");
    if expected.is_empty() {
        return Some(format!("{}: there is no expected/; see tests/src/golden.rs", case.display()));
    }
    let mut differences = String::new();
    let names: std::collections::BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let (wanted, got) = (expected.get(name), found.get(name));
        if wanted != got {
            let shown = |content: Option<&Vec<u8>>| {
                content
                    .map_or("(nothing)".to_owned(), |content| String::from_utf8_lossy(content).into_owned())
            };
            write!(
                differences,
                "--- {}/{name}\nexpected:\n{}\nfound:\n{}\n",
                case.display(),
                shown(wanted),
                shown(got)
            )
            .expect("text can be written to a string");
        }
    }
    (!differences.is_empty()).then_some(differences)
}
