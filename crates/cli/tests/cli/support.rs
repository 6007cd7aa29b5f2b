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
        let mut child = command(self.folder.path(), arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The program may end before it has read all of it.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Answer {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
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
