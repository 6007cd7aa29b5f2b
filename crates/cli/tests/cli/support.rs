//! A deployment in a temporary folder, and the binary run beside it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Contacts of which one of three is good.
pub(crate) const MIXED: &str = "email;firstname;birthdate\n\
    ana.lopez@example.org;Ana;1988-04-23\n\
    nobody;Bob;1988-04-23\n\
    cyd@example.org;Cyd;23/04/1988\n";

/// Contacts that are all good.
pub(crate) const GOOD: &str = "email;firstname\nana.lopez@example.org;Ana\nbo@example.org;Bo\n";

/// A name that the example configuration knows.
pub(crate) const CONTACTS: &str = "default_contacts_main_20260131.csv";

/// What the binary answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Answer {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Standard output as JSON Lines.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// A folder to work in.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with a deployment in `drop`.
    pub(crate) fn deployment() -> Self {
        let place = Self::empty();
        place.run(&["init", "drop"]).expect(0);
        place
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Puts a file into the drop zone.
    pub(crate) fn dropped(&self, file: &str, content: impl AsRef<[u8]>) -> &Self {
        self.write(&format!("drop/imports/default/{file}"), content)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        self.run_with(arguments, b"")
    }

    /// Imports what is there, without waiting for it to be quiet.
    pub(crate) fn import(&self) -> Answer {
        self.run(&["run", "drop", "--quiet-for", "0"])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Answer {
        answer(command(self.folder.path(), arguments), input)
    }
}

/// What a command answers.
pub(crate) fn answer(mut command: Command, input: &[u8]) -> Answer {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The program may end before it has read all of it.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    Answer {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The binary in a folder, with nothing of the environment that could change what it prints.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidewaiter"));
    command.args(arguments).current_dir(folder);
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TIDEWAITER_LOG", "COLUMNS"] {
        command.env_remove(variable);
    }
    command
}

/// A user who is not allowed everything.
#[cfg(unix)]
pub(crate) mod user {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::{Answer, Place, answer, command};

    /// The user that nobody is.
    const NOBODY: u32 = 65_534;

    /// A user who owns nothing of a place, or only what is given to it.
    pub(crate) struct User<'a> {
        place: &'a Place,
        /// None if whoever runs the tests is such a user, and owns what is there.
        uid: Option<u32>,
    }

    impl<'a> User<'a> {
        /// One in a place; None, and the reason said, if there is none: root may everything, and another user may not
        /// be able to start the program.
        pub(crate) fn of(place: &'a Place) -> Option<Self> {
            let folder = place.path("");
            mode(&folder, 0o755);
            let probe = place.path("probe");
            fs::write(&probe, "").unwrap();
            let is_root = chown(&probe, Some(NOBODY), Some(NOBODY)).is_ok();
            fs::remove_file(&probe).unwrap();
            if !is_root {
                return Some(Self { place, uid: None });
            }
            // Where it was built may be a folder that only we may enter.
            let program = place.path("tidewaiter");
            let built = env!("CARGO_BIN_EXE_tidewaiter");
            fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(|_| ())).unwrap();
            let user = Self { place, uid: Some(NOBODY) };
            let started = user.command(&["--version"]).stdout(Stdio::null()).status();
            if !started.as_ref().is_ok_and(std::process::ExitStatus::success) {
                println!("skipped: uid {NOBODY} cannot start the program: {started:?}");
                return None;
            }
            Some(user)
        }

        /// True if it is another one than whoever runs the tests.
        pub(crate) fn is_another(&self) -> bool {
            self.uid.is_some()
        }

        /// Gives it a path and what is below.
        pub(crate) fn owns(&self, path: &str) -> &Self {
            if let Some(uid) = self.uid {
                give(&self.place.path(path), uid);
            }
            self
        }

        /// The program, started by it.
        pub(crate) fn command(&self, arguments: &[&str]) -> Command {
            let folder = self.place.path("");
            let Some(uid) = self.uid else { return command(&folder, arguments) };
            let mut other = Command::new(self.place.path("tidewaiter"));
            other.args(arguments).current_dir(&folder).uid(uid).gid(uid);
            other
        }

        pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
            answer(self.command(arguments), b"")
        }

        pub(crate) fn import(&self) -> Answer {
            self.run(&["run", "drop", "--quiet-for", "0"])
        }
    }

    fn give(path: &Path, uid: u32) {
        std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
        if fs::symlink_metadata(path).unwrap().is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                give(&entry.unwrap().path(), uid);
            }
        }
    }

    /// Sets the permissions of a path.
    pub(crate) fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Permissions that come back when the test is over, so that its folder can be removed.
    pub(crate) struct Locked(std::path::PathBuf, u32);

    impl Locked {
        pub(crate) fn new(path: std::path::PathBuf, locked: u32) -> Self {
            let before = fs::metadata(&path).unwrap().permissions().mode();
            mode(&path, locked);
            Self(path, before)
        }
    }

    impl Drop for Locked {
        fn drop(&mut self) {
            // It may have been moved, which is for the test to say.
            let _ = fs::set_permissions(&self.0, fs::Permissions::from_mode(self.1));
        }
    }
}
