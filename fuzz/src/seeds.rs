//! What fuzzing begins with: the samples, golden drops and archives that the repository has anyway, and the corpora
//! that were kept.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Target;

/// Where files are that make good seeds.
const PLACES: [&str; 3] = ["samples", "tests/golden", "crates/archive/tests/fixtures"];

/// Larger files make slow seeds.
const BYTES: u64 = 16 << 10;

impl Target {
    /// The seeds of this target, each once, in the same order every time.
    ///
    /// # Panics
    /// If a file cannot be read.
    pub fn seeds(&self) -> Vec<Vec<u8>> {
        let mut seeds = self.at_hand();
        let corpus = fs::read_to_string(self.corpus()).unwrap_or_default();
        seeds.extend(corpus.lines().map(|line| bytes_of(line).expect("a corpus as `keep` writes it")));
        seeds.sort();
        seeds.dedup();
        seeds
    }

    /// Keeps the inputs in a folder as the corpus, but for those that are at hand anyway.
    ///
    /// # Errors
    /// If the corpus cannot be written.
    pub fn keep(&self, folder: &Path) -> io::Result<()> {
        let at_hand = self.at_hand();
        let mut inputs = Vec::new();
        walk(folder, &mut |_, bytes| inputs.push(bytes));
        inputs.retain(|input| !at_hand.contains(input));
        inputs.sort();
        inputs.dedup();
        fs::write(self.corpus(), inputs.iter().map(|input| line_of(input)).collect::<String>())
    }

    /// The corpus that was kept: an input on each line, as a JSON string with a character for each byte.
    fn corpus(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(format!("{}.jsonl", self.name))
    }

    /// The seeds that the repository has anyway.
    fn at_hand(&self) -> Vec<Vec<u8>> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace");
        let mut seeds = Vec::new();
        for place in PLACES {
            walk(&root.join(place), &mut |name, bytes| seeds.extend((self.seeds)(name, bytes)));
        }
        seeds
    }
}

fn line_of(input: &[u8]) -> String {
    let text: String = input.iter().copied().map(char::from).collect();
    format!("{}\n", serde_json::Value::from(text))
}

fn bytes_of(line: &str) -> Option<Vec<u8>> {
    let text: String = serde_json::from_str(line).ok()?;
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

fn walk(folder: &Path, found: &mut impl FnMut(&str, Vec<u8>)) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(|entry| entry.expect("a folder that can be read")) {
        let path = entry.path();
        let about = fs::symlink_metadata(&path).expect("a file that is there");
        if about.is_dir() {
            walk(&path, found);
        } else if about.is_file()
            && about.len() <= BYTES
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            found(name, fs::read(&path).expect("a file that can be read"));
        }
    }
}
