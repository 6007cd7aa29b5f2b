//! A mount inside of a deployment: files are copied from one file system to the other. The answer of the kernel is
//! simulated; with the right to mount (root on Linux) it is a mount, too.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tidewaiter_faults::deployment::{Between, Ended};
use tidewaiter_faults::fault::Refusal;
use tidewaiter_faults::scenario;
use tidewaiter_faults::seen::{differences, look};
use tidewaiter_faults::trial::Bench;
use tidewaiter_folder::disk::{Call, Interference, Op};

/// Where a mount may be: folders of a repository, and folders of all.
const PLACES: [&str; 12] = [
    "archives/acme",
    "badlines/acme",
    "bogus/acme",
    "logs/acme",
    "notprocessed/acme",
    "imports/acme",
    "config/acme",
    "waiting",
    "imports",
    "outbox",
    "unpacked",
    ".tidewaiter/partial",
];

/// Refuses what goes into a folder or out of it.
struct Mounted(&'static str);

impl Interference for Mounted {
    fn before(&self, call: &Call<'_>) -> io::Result<Option<usize>> {
        let is_inside = |path: &Path| path.starts_with(self.0) && path != Path::new(self.0);
        match (call.what, call.to) {
            (Op::Rename | Op::Link, Some(to)) if is_inside(call.path) != is_inside(to) => {
                Err(Refusal::Across.error())
            }
            _ => Ok(None),
        }
    }

    fn after(&self, _call: &Call<'_>) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_folder_on_another_file_system_changes_nothing() {
    let bench = Bench::new();
    for place in PLACES {
        let deployment = bench.begun();
        let between = Between { interference: Some(Arc::new(Mounted(place))), ..Between::default() };
        assert_eq!(deployment.run(&between), Ended::ByItself(Vec::new()), "{place}");
        let found = look(&deployment.root(), None).unwrap();
        assert_eq!(differences(&found, bench.expected()), Vec::<String>::new(), "{place}");
    }
}

/// A mount of a file system in memory, as long as it lives.
struct Mount(PathBuf);

impl Mount {
    /// Puts one over a folder, with what the folder holds. None where that is not allowed.
    fn over(folder: &Path) -> Option<Self> {
        fs::create_dir_all(folder).unwrap();
        let aside = folder.with_extension("aside");
        fs::rename(folder, &aside).unwrap();
        fs::create_dir(folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(folder).output();
        let is_mounted = mounted.is_ok_and(|output| output.status.success());
        if is_mounted {
            // With its links, pipes and second names.
            let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(folder).status();
            assert!(copied.unwrap().success());
            fs::remove_dir_all(&aside).unwrap();
            return Some(Self(folder.to_owned()));
        }
        fs::remove_dir(folder).unwrap();
        fs::rename(&aside, folder).unwrap();
        None
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_mount_inside_of_a_deployment_changes_nothing() {
    let bench = Bench::new();
    for place in PLACES {
        let deployment = bench.begun();
        let Some(_mount) = Mount::over(&deployment.root().join(place)) else {
            println!("skipped: a file system cannot be mounted here (this needs root on Linux)");
            return;
        };
        assert_eq!(deployment.run(&Between::default()), Ended::ByItself(Vec::new()), "{place}");
        let found = look(&deployment.root(), None).unwrap();
        assert_eq!(differences(&found, bench.expected()), Vec::<String>::new(), "{place}");
        assert!(deployment.root().join("archives").join(scenario::ACME).is_dir());
    }
}
