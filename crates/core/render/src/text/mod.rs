//! Plain text for mails: what the HTML says, for programs and people that do without it.

mod digest;

use std::fmt::Write;

use tidewaiter_model::report::Report;

use super::{Log, Renderer};
use crate::notice::{Notice, Told};

/// Plain text, ending in a line break: the other half of a mail with [`Html`](super::Html).
#[derive(Debug, Clone, Copy)]
pub struct Text;

/// The log is the text form of a report; there is no second wording.
impl Renderer<Report> for Text {
    fn render(&self, report: &Report) -> String {
        Log.render(report)
    }
}

impl Renderer<Notice> for Text {
    fn render(&self, notice: &Notice) -> String {
        let Told { sentence, facts, hint, .. } = notice.told();
        let mut text = format!("Repository {}\n\n{sentence}\n", notice.repository);
        for (name, values) in facts {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{name}: {}", values.join(", "));
        }
        if let Some(hint) = hint {
            let _ = writeln!(text, "Hint: {hint}");
        }
        text
    }
}
