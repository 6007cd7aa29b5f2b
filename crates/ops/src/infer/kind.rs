//! Files that are no tables of text, in clear words.

use std::sync::{Arc, LazyLock};

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::finding::Code;
use tidewaiter::schema::catalogue;
use tidewaiter::schema::compile::Scope;

use super::encoding::{Decoded, decode};
use super::sample::Sample;

/// How many bytes show what a file is.
const START: usize = 4096;

static ANY: LazyLock<Option<Arc<Scope>>> = LazyLock::new(|| {
    let (name, schema) = catalogue::scopes().first_key_value()?;
    Scope::compile(name, schema).ok().map(Arc::new)
});

/// The text of a sample; an error says what it is instead.
pub(super) fn readable(sample: &Sample) -> Result<Decoded, String> {
    let is_workbook =
        [".xlsb", ".xls", ".ods"].iter().any(|ending| sample.name.to_ascii_lowercase().ends_with(ending));
    if is_workbook {
        return Err("is a workbook of a form that imports do not read: save it as .xlsx".to_owned());
    }
    if sample.bytes.is_empty() {
        return Err("is empty: nothing can be inferred from it".to_owned());
    }
    if let Some(what) = other(&sample.bytes) {
        return Err(what);
    }
    let decoded = decode(&sample.bytes).ok_or("is no text: it holds bytes that no encoding of text has")?;
    if decoded.text.trim().is_empty() {
        return Err("is empty: nothing can be inferred from it".to_owned());
    }
    if decoded.text.contains('\r') && !decoded.text.contains('\n') {
        return Err(
            "ends its lines with carriage returns alone, which imports do not read: save it with line feeds"
                .to_owned(),
        );
    }
    let is_control = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}');
    let controls = decoded.text.chars().filter(|c| is_control(*c)).count();
    if controls * 100 > decoded.text.chars().count() {
        return Err("is no text: it is full of control characters".to_owned());
    }
    Ok(decoded)
}

/// What the check of an import says of bytes that are no table.
fn other(bytes: &[u8]) -> Option<String> {
    let scope = ANY.clone()?;
    let mut checker = Checker::new(scope, Dialect::default(), Limits::default());
    checker.feed(bytes.get(..START).unwrap_or(bytes), &mut Nothing);
    let summary = checker.finish(&mut Nothing);
    let found = summary.findings.kept().iter().find(|finding| finding.code == Code::FormatError)?;
    let hint = found.hint.as_deref().map(|hint| format!(": {hint}")).unwrap_or_default();
    Some(format!("cannot be used: {}{hint}", found.message))
}

/// Keeps nothing.
struct Nothing;

impl Sink for Nothing {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}

    fn accepted(&mut self, _line: &Line<'_>) {}

    fn rejected(&mut self, _raw: &[u8]) {}
}
