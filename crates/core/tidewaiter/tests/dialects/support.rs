//! Reads files by the options of an import.

use std::sync::Arc;

use serde_json::{Value, json};
use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink, Summary};
use tidewaiter::config::Config;
use tidewaiter::schema::compile::Scope;

/// What came out of a checker.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Read {
    pub(crate) header: Vec<u8>,
    /// The good records: number, bytes of the file, and the values that are read, by column of the scope.
    pub(crate) good: Vec<(u64, Vec<u8>, Vec<Option<String>>)>,
    pub(crate) bad: Vec<Vec<u8>>,
    pub(crate) aside: Vec<Vec<u8>>,
    /// All bytes in the order in which they came.
    pub(crate) bytes: Vec<u8>,
    pub(crate) summary: Summary,
}

impl Sink for Read {
    fn header(&mut self, raw: &[u8], _header: &Header) {
        self.header = raw.to_vec();
        self.bytes.extend_from_slice(raw);
    }

    fn accepted(&mut self, line: &Line<'_>) {
        let columns = 0..COLUMNS;
        let values = columns.map(|column| line.value(column).map(std::borrow::Cow::into_owned));
        self.good.push((line.number(), line.raw().to_vec(), values.collect()));
        self.bytes.extend_from_slice(line.raw());
    }

    fn rejected(&mut self, raw: &[u8]) {
        self.bad.push(raw.to_vec());
        self.bytes.extend_from_slice(raw);
    }

    fn aside(&mut self, raw: &[u8]) {
        self.aside.push(raw.to_vec());
        self.bytes.extend_from_slice(raw);
    }
}

/// More columns than any scope of these tests has.
const COLUMNS: usize = 8;

impl Read {
    /// The values of the good records, one string for each record.
    pub(crate) fn lines(&self) -> Vec<String> {
        let shown = |value: &Option<String>| value.as_deref().unwrap_or("∅").to_owned();
        let line = |values: &Vec<Option<String>>| values.iter().map(shown).collect::<Vec<_>>().join("|");
        self.good
            .iter()
            .map(|(_, _, values)| line(values))
            .map(|line| line.trim_end_matches("|∅").to_owned())
            .collect()
    }

    /// What was found, as people read it.
    pub(crate) fn findings(&self) -> Vec<String> {
        let shown = |finding: &tidewaiter::finding::Finding| {
            let line = finding.line.map_or("file".to_owned(), |line| line.to_string());
            let lines = if finding.lines > 1 { format!("+{}", finding.lines - 1) } else { String::new() };
            let field = finding.field.as_ref().map(|field| format!(" {}", field.name)).unwrap_or_default();
            format!("{line}{lines}{field}: {}", finding.message)
        };
        self.summary.findings.kept().iter().map(shown).collect()
    }
}

/// An import with these options, of a scope with these fields.
pub(crate) struct Import {
    pub(crate) scope: Arc<Scope>,
    pub(crate) dialect: Dialect,
}

impl Import {
    pub(crate) fn new(fields: &Value, options: &Value) -> Self {
        let schema = json!({ "fields": fields, "onExisting": "append" });
        Self::of(&schema, options).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    /// The mistakes of these options.
    pub(crate) fn mistakes(fields: &Value, options: &Value) -> Vec<String> {
        let schema = json!({ "fields": fields, "onExisting": "append" });
        Self::of(&schema, options).err().unwrap_or_default()
    }

    fn of(schema: &Value, options: &Value) -> Result<Self, Vec<String>> {
        let document = json!({ "acme": { "things": { "x": options } }, "scopes": { "things": schema } });
        let config = Config::parse("acme", document.to_string().as_bytes())
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        let options = &config.subsection("things", "x").unwrap().dialect;
        let scope = config.scope("things").unwrap().with_missing_texts(&options.missing_values);
        Ok(Self { scope: Arc::new(scope), dialect: Dialect::of(options) })
    }

    pub(crate) fn read_in(&self, file: &[u8], chunk: usize, limits: Limits) -> Read {
        let mut read = Read::default();
        let mut checker = Checker::new(Arc::clone(&self.scope), self.dialect.clone(), limits);
        for bytes in file.chunks(chunk) {
            checker.feed(bytes, &mut read);
        }
        read.summary = checker.finish(&mut read);
        read
    }

    /// Reads a file, whole and cut at every byte: what comes of it does not depend on that.
    pub(crate) fn read(&self, file: impl AsRef<[u8]>) -> Read {
        let file = file.as_ref();
        let whole = self.read_in(file, usize::MAX, Limits::default());
        if file.len() < 4096 {
            for chunk in [1, 2, 3, 7] {
                assert_eq!(self.read_in(file, chunk, Limits::default()), whole, "in chunks of {chunk}");
            }
        }
        let bogus = whole.summary.bogus && whole.summary.incomplete.is_none();
        assert!(bogus || whole.bytes == file, "the bytes that come out are the file");
        let Summary { lines_read, accepted, rejected, .. } = whole.summary;
        assert_eq!(lines_read, accepted + rejected);
        assert_eq!(accepted, whole.good.len() as u64);
        whole
    }
}

/// Fields of texts with these names.
pub(crate) fn texts(names: &[&str]) -> Value {
    names.iter().map(|name| json!({ "name": name })).collect()
}
