//! What `make bench` measures as a process: one engine over one file, `bench check|portable|types|csv SCOPE FILE`, which reads
//! the file in pieces and prints how many lines it accepted and rejected; `bench unpack ARCHIVE`; `bench choose FILES`;
//! `bench sheet|calamine WORKBOOK` of one that `bench workbook ROWS OUT` wrote; `bench query|copy PORT … OUT` of a PostgreSQL.
#![expect(clippy::print_stderr, clippy::print_stdout, reason = "a command line talks to people")]

mod choose;
mod query;
mod sheet;
mod unpack;

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use tidewaiter::check::{Checker, Dialect, Header, Limits, Line, Sink};
use tidewaiter::schema::compile::Scope;
use tidewaiter::schema::{Constraints, FieldType, TableSchema, catalogue};

const USAGE: &str = "usage: bench check|portable|types|csv SCOPE FILE | unpack ARCHIVE | choose FILES | \
     workbook ROWS OUT | sheet|calamine WORKBOOK | query PORT CONFIGURATION OUT | copy PORT SQL OUT";
/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// Accepted and rejected lines.
type Counts = (u64, u64);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let told = match arguments.as_slice() {
        ["unpack", archive] => unpack::run(archive),
        ["choose", files] => choose::run(files),
        ["workbook", rows, out] => sheet::write(rows, out),
        ["sheet", file] => sheet::ours(file),
        ["calamine", file] => sheet::calamine(file),
        ["query", port, configuration, out] => query::ours(port, configuration, out),
        ["copy", port, sql, out] => query::copy(port, sql, out),
        [engine, scope, file] => run(engine, scope, file)
            .map(|(accepted, rejected)| format!("accepted {accepted} rejected {rejected}")),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match told {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(engine: &str, scope: &str, file: &str) -> Result<Counts, Box<dyn Error>> {
    let mut schema = catalogue::scopes().get(scope).ok_or("unknown scope")?.clone();
    if engine == "types" {
        leave_types(&mut schema);
    }
    let scope = Scope::compile(scope, &schema).map_err(|_| "the scope does not compile")?;
    let file = File::open(file)?;
    match engine {
        "check" | "types" => check(checker(scope), file),
        "portable" => check(checker(scope).portable(), file),
        "csv" => with_csv(&scope, file),
        _ => Err(USAGE.into()),
    }
}

/// Leaves of a schema what engines for analysis check, too: the types.
fn leave_types(schema: &mut TableSchema) {
    for field in &mut schema.fields {
        field.constraints = Constraints::default();
        if field.kind == FieldType::String {
            field.format = None;
        }
    }
}

fn checker(scope: Scope) -> Checker {
    Checker::new(Arc::new(scope), Dialect::default(), Limits::default())
}

/// The checker of this software.
fn check(mut checker: Checker, mut file: File) -> Result<Counts, Box<dyn Error>> {
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            break;
        }
        checker.feed(chunk.get(..count).unwrap_or_default(), &mut Ignore);
    }
    let summary = checker.finish(&mut Ignore);
    Ok((summary.accepted, summary.rejected))
}

struct Ignore;

impl Sink for Ignore {
    fn header(&mut self, _raw: &[u8], _header: &Header) {}
    fn accepted(&mut self, _line: &Line<'_>) {}
    fn rejected(&mut self, _raw: &[u8]) {}
}

/// The same checks of the same columns, on records of the `csv` crate.
fn with_csv(scope: &Scope, file: File) -> Result<Counts, Box<dyn Error>> {
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b';').flexible(true).buffer_capacity(CHUNK).from_reader(file);
    let header = reader.byte_headers()?.clone();
    let columns: Vec<usize> = header
        .iter()
        .map(|label| std::str::from_utf8(label).ok().and_then(|label| scope.column(label)))
        .collect::<Option<_>>()
        .ok_or("a column is unknown")?;
    let places = |set: &[usize]| -> Vec<usize> {
        set.iter().filter_map(|column| columns.iter().position(|c| c == column)).collect()
    };
    let key = places(scope.primary_key());
    let sets: Vec<Vec<usize>> =
        [scope.identified_by()].into_iter().filter(|set| !set.is_empty()).map(places).collect();
    let mut record = csv::ByteRecord::new();
    let (mut accepted, mut rejected) = (0, 0);
    while reader.read_byte_record(&mut record)? {
        if is_good(scope, &columns, &key, &sets, &record) {
            accepted += 1;
        } else {
            rejected += 1;
        }
    }
    Ok((accepted, rejected))
}

fn is_good(
    scope: &Scope,
    columns: &[usize],
    key: &[usize],
    sets: &[Vec<usize>],
    record: &csv::ByteRecord,
) -> bool {
    if record.len() != columns.len() {
        return false;
    }
    let has_value = |place: &usize| record.get(*place).is_some_and(|cell| !cell.is_empty());
    let cells_are_good = record.iter().zip(columns).all(|(cell, &column)| {
        let Some(column) = scope.columns().get(column) else { return false };
        if cell.is_empty() {
            return !column.required();
        }
        let is_clean = !cell.iter().any(|b| matches!(b, 0 | b'\r' | b'\n'));
        is_clean && simdutf8::basic::from_utf8(cell).is_ok_and(|cell| column.check(cell).is_ok())
    });
    cells_are_good && key.iter().all(has_value) && sets.iter().all(|set| set.iter().any(has_value))
}
