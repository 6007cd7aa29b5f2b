//! Reads workbooks cell by cell: by the reader of this software and by the crate `calamine`.

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use calamine::{Data, DataRef, Reader, Xlsx};
use rust_xlsxwriter::{Format, Workbook as Written};
use tidewaiter_sheet::{Choice, Limits, SeekScratch, Workbook};

/// Writes a workbook of so many rows: texts that differ and texts that repeat, numbers, dates and truths.
pub(crate) fn write(rows: &str, path: &str) -> Result<String, Box<dyn Error>> {
    let rows: u32 = rows.parse()?;
    let mut book = Written::new();
    // The texts are shared, as spreadsheets do it.
    let sheet = book.add_worksheet_with_low_memory()?;
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for (column, label) in (0_u16..).zip(["id", "name", "city", "price", "count", "day", "active", "note"]) {
        sheet.write(0, column, label)?;
    }
    for row in 1..=rows {
        let n = f64::from(row);
        sheet.write(row, 0, format!("P-{row:08}"))?;
        sheet.write(row, 1, format!("Product number {row}"))?;
        let city = match row % 4 {
            0 => "Paris",
            1 => "Lyon",
            2 => "Marseille",
            _ => "Toulouse",
        };
        sheet.write(row, 2, city)?;
        sheet.write(row, 3, n / 100.0)?;
        sheet.write(row, 4, n)?;
        sheet.write_with_format(row, 5, 40_000.0 + f64::from(row % 5_000), &date)?;
        sheet.write(row, 6, row % 3 == 0)?;
        sheet.write(row, 7, "the same note in every row")?;
    }
    book.save(path)?;
    Ok(format!("{rows} rows"))
}

/// How many cells of the first sheet are filled, by the reader of this software. Its errors are those of broken files.
pub(crate) fn ours(path: &str) -> Result<String, Box<dyn Error>> {
    let scratch = SeekScratch::new(tempfile::tempfile()?);
    let mut book =
        Workbook::open(File::open(path)?, scratch, &Limits::default()).map_err(|e| format!("{e:?}"))?;
    let mut rows = book.rows(Choice::FirstVisible).map_err(|e| format!("{e:?}"))?;
    let (mut cells, mut letters) = (0_u64, 0);
    while let Some(row) = rows.next_row().map_err(|e| format!("{e:?}"))? {
        for cell in row.cells() {
            cells += 1;
            letters += cell.value.to_string().len();
        }
    }
    Ok(format!("{cells} cells, {letters} letters"))
}

/// The same by `calamine`, one cell after the other: that is its fastest way. Dates are written as dates, too.
pub(crate) fn calamine(path: &str) -> Result<String, Box<dyn Error>> {
    let mut book: Xlsx<_> = calamine::open_workbook::<Xlsx<BufReader<File>>, _>(path)?;
    let name = book.sheet_names().first().cloned().ok_or("no sheet")?;
    let mut reader = book.worksheet_cells_reader(&name)?;
    let (mut cells, mut letters) = (0_u64, 0);
    while let Some(cell) = reader.next_cell()? {
        let value = cell.get_value();
        if matches!(value, DataRef::Empty) {
            continue;
        }
        cells += 1;
        letters += match value {
            DataRef::SharedString(text) => text.to_string().len(),
            DataRef::DateTime(time) => {
                let (year, month, day, ..) = time.to_ymd_hms_milli();
                format!("{year:04}-{month:02}-{day:02}").len()
            }
            other => Data::from(other.clone()).to_string().len(),
        };
    }
    Ok(format!("{cells} cells, {letters} letters"))
}
