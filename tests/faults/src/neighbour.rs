//! A partner that changes its own drop zone between any two calls.
//!
//! It acts with the rights of a partner: inside `imports/acme`, never through a link of its own. What it does there is
//! its own business; nothing of another repository or outside of the deployment may move, change, or show in what it
//! gets back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{CWD, FileType, Mode};
use tidewaiter_engine::ports::Progress;
use tidewaiter_folder::disk::{Call, Interference};
use tidewaiter_tests::generate::Chance;
use tidewaiter_tests::world::files;
use tokio::sync::Notify;

use crate::deployment::{Between, Deployment, Ended};
use crate::scenario::{ACME, BETA, DELTA, GAMMA, OUTSIDE, SECRET};
use crate::seen::{Stored, differences, done, look, stored};
use crate::trial::Bench;

/// The most it does during one run.
const ACTS: u64 = 40;
/// How often it is left to itself again before everything must be done.
const RUNS: u32 = 3;

/// A partner that changes its own drop zone between any two calls.
pub struct Neighbour {
    held: Mutex<Held>,
    ends: Arc<Notify>,
}

struct Held {
    chance: Chance,
    /// Its drop zone.
    zone: PathBuf,
    /// What lies outside of the deployment.
    outside: PathBuf,
    /// It acts at one of so many calls.
    every: u64,
    calls: u64,
    most: u64,
    made: u64,
    told: Vec<String>,
}

impl Neighbour {
    /// One whose acts a seed decides. A run of more than `most` calls is endless.
    pub fn new(deployment: &Deployment, seed: u64, most: u64) -> Self {
        let mut chance = Chance::new(seed);
        let every = [20, 60, 200].get(usize::try_from(chance.below(3)).unwrap_or(0)).copied().unwrap_or(20);
        let zone = deployment.root().join("imports").join(ACME);
        let outside = deployment.outside();
        let held = Held { chance, zone, outside, every, calls: 0, most, made: 0, told: Vec::new() };
        Self { held: Mutex::new(held), ends: Arc::default() }
    }
}

impl Interference for Neighbour {
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.calls += 1;
        if held.calls > held.most {
            self.ends.notify_one();
            return Err(io::ErrorKind::Other.into());
        }
        let every = held.every;
        if held.made < ACTS && held.chance.below(every) == 0 {
            held.made += 1;
            let act = held.act();
            let text = act.unwrap_or_else(|error| format!("could not: {error}"));
            let told =
                format!("before call {} ({:?} {}): {text}", held.calls, call.what, call.path.display());
            held.told.push(told);
        }
        Ok(None)
    }

    fn after(&self, _call: &Call<'_>) -> io::Result<()> {
        Ok(())
    }
}

impl Held {
    fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        let at = self.chance.below(from.len() as u64);
        usize::try_from(at).ok().and_then(|at| from.get(at)).cloned()
    }

    /// What is in its drop zone: files, folders and the rest, itself left out. No link is followed.
    fn entries(&self) -> (Vec<PathBuf>, Vec<PathBuf>, Vec<PathBuf>) {
        let (mut files, mut folders, mut others) = (Vec::new(), Vec::new(), Vec::new());
        let mut open = vec![self.zone.clone()];
        while let Some(folder) = open.pop() {
            let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => {
                        folders.push(entry.path());
                        open.push(entry.path());
                    }
                    Ok(kind) if kind.is_file() => files.push(entry.path()),
                    _ => others.push(entry.path()),
                }
            }
        }
        (files, folders, others)
    }

    /// A place that is not its own.
    fn target(&mut self) -> PathBuf {
        let outside = self.outside.clone();
        let targets = [
            "../../archives/beta",
            "../../config/beta",
            "../../imports/beta",
            "../beta",
            "../../waiting/beta",
            "../../waiting",
            "../../logs/gamma",
            "../../bogus/gamma",
            "../../.tidewaiter",
            "../..",
            "..",
            ".",
            "../acme",
            "nowhere",
        ];
        let at = self.chance.below(targets.len() as u64 + 2);
        let target = usize::try_from(at).ok().and_then(|at| targets.get(at));
        target.map_or(outside, PathBuf::from)
    }

    /// A file that is not its own.
    fn file_target(&mut self) -> PathBuf {
        let outside = self.outside.join("keys.csv");
        let targets = [
            PathBuf::from("../../config/beta/beta.json"),
            PathBuf::from("../../archives/beta/beta_contacts_crm_20260101.csv"),
            PathBuf::from("../../.tidewaiter/state.sqlite"),
            PathBuf::from("../../records.sqlite"),
            outside.clone(),
        ];
        self.pick(&targets).unwrap_or(outside)
    }

    fn fresh(&mut self) -> PathBuf {
        let names = [
            "acme_contacts_crm_20260131.csv",
            "acme_contacts_crm_20260202.csv",
            "acme_stores_crm_20260131.csv",
            "monday.tar",
            "grp.01-02_acme_contacts_group_20260131.csv",
            "beta.json",
            "beta_contacts_crm_20260101.csv",
            "keys.csv",
            "any.txt",
            "zz.part",
        ];
        let name = self.pick(&names).unwrap_or("any.txt");
        let folders = self.entries().1;
        match self.pick(&folders) {
            Some(folder) if self.chance.below(3) == 0 => folder.join(name),
            _ => self.zone.join(name),
        }
    }

    fn act(&mut self) -> io::Result<String> {
        let (files, folders, others) = self.entries();
        let kind = self.chance.below(16);
        let any: Vec<PathBuf> = files.iter().chain(&folders).chain(&others).cloned().collect();
        let (file, folder, entry) = (self.pick(&files), self.pick(&folders), self.pick(&any));
        match (kind, file, folder, entry) {
            (0..=3, _, Some(folder), _) => {
                // The name of a transfer that goes on: the folder itself is left alone from now on.
                let aside = folder.with_file_name(format!(".aside-{}", self.made));
                fs::rename(&folder, &aside)?;
                let target = self.target();
                symlink(&target, &folder)?;
                Ok(format!("swaps the folder {} for a link to {}", folder.display(), target.display()))
            }
            (4, Some(file), ..) => {
                fs::remove_file(&file)?;
                let target = self.file_target();
                symlink(&target, &file)?;
                Ok(format!("swaps {} for a link to {}", file.display(), target.display()))
            }
            (5, Some(file), ..) => {
                fs::remove_file(&file)?;
                rustix::fs::mknodat(CWD, &file, FileType::Fifo, Mode::from_raw_mode(0o666), 0)?;
                Ok(format!("swaps {} for a pipe", file.display()))
            }
            (6, Some(file), ..) => {
                fs::remove_file(&file)?;
                fs::create_dir(&file)?;
                fs::write(file.join("beta.json"), "acme in a folder")?;
                Ok(format!("swaps {} for a folder", file.display()))
            }
            (7, Some(file), ..) => {
                let length = fs::metadata(&file)?.len();
                File::options().write(true).open(&file)?.set_len(self.chance.below(length + 1))?;
                Ok(format!("truncates {}", file.display()))
            }
            (8, Some(file), ..) => {
                let mut open = File::options().append(true).open(&file)?;
                open.write_all(b"more@acme.example\nmore\n")?;
                Ok(format!("grows {}", file.display()))
            }
            (9, Some(file), ..) => {
                File::options().write(true).open(&file)?.set_len(1 << 20)?;
                Ok(format!("makes a hole of 1 MB at the end of {}", file.display()))
            }
            (10, Some(file), ..) => {
                let to = self.fresh();
                fs::hard_link(&file, &to)?;
                Ok(format!("gives {} the name {}, too", file.display(), to.display()))
            }
            (11, _, _, Some(entry)) => {
                let to = self.fresh();
                fs::rename(&entry, &to)?;
                Ok(format!("renames {} to {}", entry.display(), to.display()))
            }
            (12, _, _, Some(entry)) => {
                if fs::symlink_metadata(&entry)?.is_dir() {
                    fs::remove_dir_all(&entry)?;
                } else {
                    fs::remove_file(&entry)?;
                }
                Ok(format!("removes {}", entry.display()))
            }
            (13, ..) => {
                let to = self.fresh().with_extension("d");
                fs::create_dir(&to)?;
                for name in ["beta_contacts_crm_20260101.csv", "beta.json", "keys.csv", "state.sqlite"] {
                    fs::write(to.join(name), "acme prepares")?;
                }
                Ok(format!("prepares the folder {}", to.display()))
            }
            _ => {
                let to = self.fresh();
                // Never through a link: that would write with the rights of the partner, who has none there.
                let _ = fs::remove_file(&to);
                fs::write(&to, "email\nfresh@acme.example\nbad\n")?;
                Ok(format!("drops {}", to.display()))
            }
        }
    }
}

/// Runs a deployment beside a hostile neighbour. What must not be, and the story if something is.
pub fn live(bench: &Bench, seed: u64) -> (Vec<String>, Vec<String>) {
    let deployment = bench.begun();
    let root = deployment.root();
    let outside = files(&deployment.outside(), "");
    let neighbour = Arc::new(Neighbour::new(&deployment, seed, bench.most()));
    let between =
        Between { interference: Some(neighbour.clone()), ends: neighbour.ends.clone(), ..Between::default() };
    let mut problems = Vec::new();
    let mut story = Vec::new();
    let mut ended = deployment.run(&between);
    story.append(&mut neighbour.held.lock().unwrap_or_else(PoisonError::into_inner).told);
    story.push(format!("{ended:?}"));
    for _ in 0..RUNS {
        match &ended {
            Ended::ByItself(_) => {}
            Ended::GivenUp => problems.push("a run beside the neighbour does not end".to_owned()),
            Ended::Panicked(text) => problems.push(format!("a run beside the neighbour panicked: {text}")),
        }
        ended = deployment.run(&Between::default());
        story.push(format!("left to itself: {ended:?}"));
    }
    let failures = ended.failures().iter();
    problems.extend(failures.map(|failure| format!("it still fails when the neighbour is quiet: {failure}")));
    problems.extend(others_as_expected(&root, bench));
    if files(&deployment.outside(), "") != outside {
        problems.push("something outside of the deployment changed".to_owned());
    }
    match stored(&root) {
        Ok(stored) => problems.extend(own_files(&root, &stored)),
        Err(error) => problems.push(error),
    }
    (problems, story)
}

fn others_as_expected(root: &Path, bench: &Bench) -> Vec<String> {
    let others = [BETA, GAMMA, DELTA];
    match (look(root, Some(&others)), bench.expected_of_others()) {
        (Ok(found), Ok(expected)) => {
            differences(&found, expected).into_iter().map(|it| format!("another repository: {it}")).collect()
        }
        (Err(error), _) => vec![error],
        (_, Err(error)) => vec![error.clone()],
    }
}

/// Each of its files is in one place, and nothing of others is in what it gets.
fn own_files(root: &Path, Stored { imports, records, .. }: &Stored) -> Vec<String> {
    let mut problems = Vec::new();
    let mut places = BTreeSet::new();
    let mut mine = BTreeSet::new();
    for import in imports.iter().filter(|import| import.repository.as_str() == ACME) {
        mine.insert(import.id.to_string());
        let place = match (&import.progress, done(import)) {
            (_, Some(done)) if done.code.as_deref() == Some("gone") => {
                problems.push(format!("{} was taken in and is gone", import.file));
                continue;
            }
            (_, Some(done)) => done.place.to_string(),
            (Progress::Registered | Progress::Started(_), _) => import.source.key.clone(),
            _ => {
                problems.push(format!("the outcome of {} was not carried out", import.file));
                continue;
            }
        };
        if fs::symlink_metadata(root.join(&place)).is_err() {
            problems.push(format!("{} is not at {place}", import.file));
        }
        if !places.insert(place.clone()) {
            problems.push(format!("{place} is the place of two files"));
        }
    }
    let prefixes = ["unpacked", "waiting", "archives", "badlines", "bogus", "logs", "notprocessed", "config"];
    let theirs = prefixes.map(|prefix| format!("{prefix}/{ACME}"));
    let mut outputs = BTreeMap::new();
    for folder in &theirs {
        outputs.extend(files(&root.join(folder), &format!("{folder}/")));
    }
    outputs.extend(
        files(&root.join("outbox"), "outbox/")
            .into_iter()
            .filter(|(key, _)| key.contains(&format!("-{ACME}-"))),
    );
    for (key, content) in &outputs {
        if contains(content, SECRET) || contains(content, OUTSIDE) || content.starts_with(b"SQLite format") {
            problems.push(format!("{key} holds what is not acme's"));
        }
        let plain = key.trim_end_matches(['@', '/']);
        let is_kept =
            ["archives/", "bogus/", "notprocessed/", "waiting/"].iter().any(|it| key.starts_with(it));
        let inside = places.iter().any(|place| plain == place || plain.starts_with(&format!("{place}/")));
        if is_kept && !inside {
            problems.push(format!("{key} is no import's"));
        }
    }
    for (scope, record) in records {
        let text = serde_json::to_string(&record.record).unwrap_or_default();
        if mine.contains(&record.record.changed.import.to_string()) && contains(text.as_bytes(), SECRET) {
            problems.push(format!("a record of {scope} holds what is not acme's: {text}"));
        }
    }
    problems
}

fn contains(content: &[u8], word: &str) -> bool {
    content.windows(word.len()).any(|window| window == word.as_bytes())
}
