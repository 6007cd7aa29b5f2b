//! Times this reader beside calamine on one large sheet, by turns, and shows the memory of each.
//!
//! ```text
//! cargo run --release --package tidewaiter-sheet --example time_xlsx              # both by turns, then each alone
//! cargo run --release --package tidewaiter-sheet --example time_xlsx -- ours FILE # one alone
//! ```
//!
//! The sheet has 200,000 rows of 15 columns: ids, names of which each is another, names that repeat, numbers and dates.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use calamine::{Reader, Xlsx};
use rust_xlsxwriter::Format;
use tidewaiter_sheet::{Choice, Limits, SeekScratch, Value, Workbook};

const ROWS: u32 = 200_000;
const TURNS: usize = 5;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [who, file] = arguments.as_slice() {
        let cells = one(who, Path::new(file))?;
        return say(&format!("{cells} cells, peak memory {} MB", peak()? / 1024));
    }
    for (kind, is_inline) in [("shared strings", false), ("inline strings", true)] {
        let file = std::env::temp_dir().join(format!("time_xlsx-{is_inline}-{}.xlsx", std::process::id()));
        make(&file, is_inline)?;
        say(&format!("{kind}, {} MB", fs::metadata(&file)?.len() >> 20))?;
        let outcome = compare(&file);
        fs::remove_file(&file)?;
        outcome?;
    }
    Ok(())
}

fn compare(file: &PathBuf) -> Outcome<()> {
    let names = ["ours", "calamine", "calamine-cells"];
    let mut best = [Duration::MAX; 3];
    for _ in 0..TURNS {
        for (name, best) in names.iter().zip(&mut best) {
            let begin = Instant::now();
            black_box(one(name, file)?);
            *best = begin.elapsed().min(*best);
        }
    }
    let [ours, ..] = best;
    for (name, best) in names.iter().zip(best) {
        let alone = Command::new(std::env::current_exe()?).arg(name).arg(file).output()?;
        let alone = String::from_utf8_lossy(&alone.stdout).trim().to_owned();
        let ratio = best.as_secs_f64() / ours.as_secs_f64();
        say(&format!("  {name:15} {:.3} s ({ratio:.2} times ours); alone: {alone}", best.as_secs_f64()))?;
    }
    Ok(())
}

fn one(who: &str, file: &Path) -> Outcome<usize> {
    match who {
        "ours" => ours(file),
        "calamine" => whole(file),
        "calamine-cells" => cells(file),
        _ => Err("ours, calamine or calamine-cells".into()),
    }
}

fn ours(file: &Path) -> Outcome<usize> {
    let scratch = SeekScratch::new(tempfile::tempfile()?);
    let mut workbook = Workbook::open(File::open(file)?, scratch, &Limits::default())?;
    let mut rows = workbook.rows(Choice::FirstVisible)?;
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next_row()? {
        for cell in row.cells() {
            count += 1;
            bytes += match cell.value {
                Value::Text(text) | Value::Number { text, .. } => text.len(),
                _ => 1,
            };
        }
    }
    black_box(bytes);
    Ok(count)
}

/// As most programs use it: the sheet as a range in memory.
fn whole(file: &Path) -> Outcome<usize> {
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(BufReader::new(File::open(file)?))?;
    let range = workbook.worksheet_range("Sheet1")?;
    Ok(black_box(range.used_cells()).count())
}

/// At its quickest: cell by cell, and its texts borrowed.
fn cells(file: &Path) -> Outcome<usize> {
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(BufReader::new(File::open(file)?))?;
    let mut cells = workbook.worksheet_cells_reader("Sheet1")?;
    let mut count = 0;
    while let Some(cell) = cells.next_cell()? {
        black_box(&cell);
        count += 1;
    }
    Ok(count)
}

fn make(file: &Path, is_inline: bool) -> Outcome<()> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet =
        if is_inline { workbook.add_worksheet_with_constant_memory()? } else { workbook.add_worksheet() };
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for row in 0..ROWS {
        let number = f64::from(row);
        sheet.write(row, 0, format!("C-{row:08}"))?;
        sheet.write(row, 1, format!("Žofia {row} & Söhne"))?;
        sheet.write(row, 2, format!("user{row}@example.org"))?;
        sheet.write(
            row,
            3,
            ["Paris", "Lyon", "Marseille", "Köln"].get(row as usize % 4).copied().unwrap_or_default(),
        )?;
        sheet.write(row, 4, ["FR", "DE"].get(row as usize % 2).copied().unwrap_or_default())?;
        sheet.write_with_format(row, 5, 40_000.0 + f64::from(row % 6_000), &day)?;
        sheet.write_with_format(row, 6, 30_000.0 + f64::from(row % 15_000), &day)?;
        sheet.write(row, 7, row % 2 == 0)?;
        for column in 8..15_u16 {
            sheet.write(row, column, (number * f64::from(column) * 37.0).round() / 100.0)?;
        }
    }
    workbook.save(file)?;
    Ok(())
}

/// Kilobytes, of this process since it began.
fn peak() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse()?)
}

fn say(line: &str) -> Outcome<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
