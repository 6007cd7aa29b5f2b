//! What the tests of the checker share: a sink that remembers, and short ways to run a file through.

use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink, Summary};
use tidewaiter::finding::{Code, Finding};
use tidewaiter::schema::compile::Scope;

/// What a sink was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    Header { raw: Vec<u8>, labels: Vec<String> },
    Accepted { number: u64, byte: u64, raw: Vec<u8>, fields: Vec<String> },
    Rejected(Vec<u8>),
}

impl Call {
    pub(crate) fn raw(&self) -> &[u8] {
        match self {
            Self::Header { raw, .. } | Self::Accepted { raw, .. } | Self::Rejected(raw) => raw,
        }
    }
}

/// A sink that remembers everything.
#[derive(Debug, Default)]
pub(crate) struct Calls(pub(crate) Vec<Call>);

impl Sink for Calls {
    fn header(&mut self, raw: &[u8], header: &Header) {
        self.0.push(Call::Header { raw: raw.to_vec(), labels: header.labels().to_vec() });
    }

    fn accepted(&mut self, line: &Line<'_>) {
        assert_eq!(line.width(), line.header().width());
        self.0.push(Call::Accepted {
            number: line.number(),
            byte: line.byte(),
            raw: line.raw().to_vec(),
            fields: line.fields().map(String::from).collect(),
        });
    }

    fn rejected(&mut self, raw: &[u8]) {
        assert!(!raw.is_empty());
        self.0.push(Call::Rejected(raw.to_vec()));
    }
}

/// The outcome of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) calls: Vec<Call>,
    pub(crate) summary: Summary,
}

impl Run {
    pub(crate) fn rejected(&self) -> String {
        let rejected = self.calls.iter().filter(|call| matches!(call, Call::Rejected(_)));
        String::from_utf8_lossy(&rejected.flat_map(Call::raw).copied().collect::<Vec<_>>()).into_owned()
    }

    pub(crate) fn accepted(&self) -> Vec<u64> {
        let number =
            |call: &Call| if let Call::Accepted { number, .. } = call { Some(*number) } else { None };
        self.calls.iter().filter_map(number).collect()
    }

    pub(crate) fn all_bytes(&self) -> Vec<u8> {
        self.calls.iter().flat_map(Call::raw).copied().collect()
    }

    pub(crate) fn findings(&self) -> &[Finding] {
        self.summary.findings.kept()
    }

    /// Code and line of each finding that was kept.
    pub(crate) fn codes(&self) -> Vec<(Code, u64)> {
        self.findings().iter().map(|f| (f.code, f.line.unwrap_or(0))).collect()
    }

    #[track_caller]
    pub(crate) fn only_finding(&self) -> &Finding {
        assert_eq!(self.summary.findings.total(), 1, "{:#?}", self.findings());
        &self.findings()[0]
    }
}

pub(crate) fn scope(schema: &str) -> Arc<Scope> {
    Arc::new(Scope::compile("people", &serde_json::from_str(schema).unwrap()).unwrap())
}

/// The scope of most tests.
pub(crate) fn people() -> Arc<Scope> {
    scope(
        r#"{
            "fields": [
                { "name": "id", "type": "integer" },
                { "name": "name", "constraints": { "maxLength": 12 } },
                { "name": "score", "type": "number", "constraints": { "minimum": 0 } },
                { "name": "born", "type": "date" },
                { "name": "email", "format": "email" },
                { "name": "phone", "format": "phone" }
            ],
            "primaryKey": ["id"]
        }"#,
    )
}

pub(crate) fn run_chunked(scope: &Arc<Scope>, limits: Limits, file: &[u8], chunk: usize) -> Run {
    run_through(Checker::new(Arc::clone(scope), Dialect::default(), limits), file, chunk)
}

fn run_through(mut checker: Checker, file: &[u8], chunk: usize) -> Run {
    let mut sink = Calls::default();
    for bytes in file.chunks(chunk.max(1)) {
        checker.feed(bytes, &mut sink);
    }
    let bogus = checker.is_bogus();
    let summary = checker.finish(&mut sink);
    assert!(summary.bogus || !bogus);
    Run { calls: sink.0, summary }
}

/// The summary of a file whose lines are judged apart, so many at a time.
fn run_apart(mut checker: Checker, file: &[u8], lines: usize) -> Summary {
    let mut sink = Calls::default();
    let header = file.iter().position(|&b| b == b'\n').map_or(file.len(), |end| end + 1);
    checker.feed(&file[..header], &mut sink);
    let rest: Vec<&[u8]> = file[header..].split_inclusive(|&b| b == b'\n').collect();
    for part in rest.chunks(lines).map(<[_]>::concat) {
        match checker.judge() {
            Some(mut judge) => checker.feed_judged(&part, &judge.judge(&part)),
            None => checker.feed(&part, &mut sink),
        }
    }
    checker.finish(&mut sink)
}

/// Runs a file through in chunks of several sizes, with what only some processors can do and without, neither of
/// which must matter, and checks what always holds.
#[track_caller]
pub(crate) fn run_with(scope: &Arc<Scope>, limits: Limits, file: impl AsRef<[u8]>) -> Run {
    let file = file.as_ref();
    let run = run_chunked(scope, limits, file, usize::MAX);
    let portable = |chunk| {
        run_through(Checker::new(Arc::clone(scope), Dialect::default(), limits).portable(), file, chunk)
    };
    assert_eq!(portable(usize::MAX), run, "portable");
    if file.len() < 100_000 {
        for chunk in [1, 2, 3, 7] {
            assert_eq!(run_chunked(scope, limits, file, chunk), run, "in chunks of {chunk}");
            assert_eq!(portable(chunk), run, "in chunks of {chunk}, portable");
        }
    }
    for lines in [1, 2, 5, usize::MAX] {
        let checker = Checker::new(Arc::clone(scope), Dialect::default(), limits);
        assert_eq!(run_apart(checker, file, lines), run.summary, "{lines} lines apart");
    }
    let summary = &run.summary;
    assert_eq!(summary.bytes, file.len() as u64);
    assert_eq!(summary.lines_read, summary.accepted + summary.rejected);
    assert_eq!(summary.accepted, run.accepted().len() as u64);
    // A quoted line break is one finding on several lines; all else has at least one a line.
    let kept_all = summary.findings.total() == summary.findings.kept().len() as u64;
    if kept_all && !summary.bogus {
        let spared: u64 = summary.findings.kept().iter().map(|f| f.lines - 1).sum();
        assert!(
            summary.rejected <= summary.findings.total() + spared,
            "a rejected line has no finding: {run:#?}"
        );
        assert_eq!(summary.rejected == 0, summary.findings.is_empty());
    }
    if summary.bogus {
        assert!(run.calls.is_empty() && summary.lines_read == 0 && !summary.findings.is_empty());
    } else {
        assert_eq!(run.all_bytes(), file, "header, accepted and rejected bytes must be the file");
    }
    run
}

#[track_caller]
pub(crate) fn run(file: impl AsRef<[u8]>) -> Run {
    run_with(&people(), Limits::default(), file)
}
