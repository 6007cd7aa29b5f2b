//! Progress bars for big files, on a terminal only.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::printer::Printer;
use crate::text::safe;

/// Files smaller than this are done before anybody could look.
const WORTH_A_BAR: u64 = 4 << 20;

/// Shows how far the file in hand is.
pub struct Progress {
    printer: Printer,
    current: Mutex<Option<Current>>,
}

struct Current {
    phase: &'static str,
    file: String,
    bar: ProgressBar,
}

impl Progress {
    /// Draws where the printer prints, so that the two do not get into each other's way.
    pub fn new(printer: &Printer) -> Self {
        Self { printer: printer.clone(), current: Mutex::new(None) }
    }

    /// So many bytes of a file are done, of so many; nothing is shown if it is small or output is not a terminal.
    pub fn show(&self, phase: &'static str, file: &str, done: u64, of: u64) {
        if of < WORTH_A_BAR || self.printer.bars().is_hidden() {
            return;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let same = current
            .as_ref()
            .is_some_and(|c| c.phase == phase && c.file == file && c.bar.length() == Some(of));
        if !same {
            if let Some(before) = current.take() {
                before.bar.finish_and_clear();
            }
            let bar = self.printer.bars().add(bar(phase, file, of));
            *current = Some(Current { phase, file: file.to_owned(), bar });
        }
        if let Some(current) = current.as_ref() {
            current.bar.set_position(done);
        }
    }

    /// So many rows of a query are read. How many there are is not known before the end.
    pub fn rows(&self, file: &str, rows: u64) {
        if self.printer.bars().is_hidden() {
            return;
        }
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|current| current.file != file) {
            if let Some(before) = current.take() {
                before.bar.finish_and_clear();
            }
            let bar = styled(ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()), ROWS);
            let bar = self.printer.bars().add(bar.with_prefix("reading").with_message(safe(file)));
            *current = Some(Current { phase: "reading", file: file.to_owned(), bar });
        }
        if let Some(current) = current.as_ref() {
            current.bar.set_position(rows);
        }
    }

    /// The file is done.
    pub fn clear(&self) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(current) = current.take() {
            current.bar.finish_and_clear();
        }
    }
}

const BYTES: &str = "{prefix} {wide_msg} [{bar:16}] {percent:>3}% {binary_bytes_per_sec}, {eta} left";
const ROWS: &str = "{prefix} {wide_msg} {human_pos} rows, {per_sec}";

/// A bar that is not drawn yet: that begins when it is added to the others.
fn bar(phase: &'static str, file: &str, of: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(of), ProgressDrawTarget::hidden());
    styled(bar, BYTES).with_prefix(phase).with_message(safe(file))
}

fn styled(bar: ProgressBar, template: &str) -> ProgressBar {
    // A template that could not be read would show the plain bar instead.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.progress_chars("=> ")),
        Err(_) => bar,
    }
}
