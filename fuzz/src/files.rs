//! Whole files of every scope: no piece of a file is lost, and how it is cut into chunks does not matter.

use std::sync::{Arc, LazyLock};

use tidewaiter::check::{Checker, Dialect, Limits};
use tidewaiter::name::DroppedName;
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;

use crate::support::{Calls, Run};

static SCOPES: LazyLock<Vec<Arc<Scope>>> = LazyLock::new(|| {
    let compile = |(name, schema)| Arc::new(Scope::compile(name, schema).expect("the catalogue compiles"));
    catalogue::scopes().iter().map(|(name, schema)| compile((name.as_str(), schema))).collect()
});

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    (DroppedName::of(name) == DroppedName::Data).then_some(bytes)
}

/// The first byte that is one of them separates the fields.
fn dialect(file: &[u8]) -> Dialect {
    let delimiter = file.iter().copied().find(|byte| b";,|\t".contains(byte));
    delimiter.map(Dialect::delimited_by).unwrap_or_default()
}

pub(crate) fn run(file: &[u8]) {
    let dialect = dialect(file);
    for scope in SCOPES.iter() {
        let whole = check(scope, &dialect, file, usize::MAX);
        let summary = &whole.summary;
        assert_eq!(summary.bytes, file.len() as u64);
        if summary.bogus {
            assert!(whole.calls.is_empty() && !summary.findings.is_empty());
        } else {
            assert_eq!(whole.all_bytes(), file, "header, accepted and rejected bytes are the file");
            assert_eq!(summary.lines_read, summary.accepted + summary.rejected);
            assert_eq!(summary.accepted, whole.accepted().len() as u64);
        }
        for finding in whole.findings() {
            assert!(!finding.message.contains(['\n', '\u{1b}']), "{finding:?}");
        }
        // Most files are of no more than one scope; of the others one is enough.
        if !summary.bogus || scope.name() == "contacts" {
            for chunk in [1, 2, 7, 61] {
                assert_eq!(check(scope, &dialect, file, chunk), whole, "in chunks of {chunk}");
            }
        }
    }
}

fn check(scope: &Arc<Scope>, dialect: &Dialect, file: &[u8], chunk: usize) -> Run {
    let limits = Limits { line_bytes: 200, header_bytes: 600, open_quote_lines: 4, columns: 60 };
    let mut calls = Calls::default();
    let mut checker = Checker::new(Arc::clone(scope), dialect.clone(), limits);
    for bytes in file.chunks(chunk) {
        checker.feed(bytes, &mut calls);
    }
    let summary = checker.finish(&mut calls);
    Run { calls: calls.0, summary }
}
