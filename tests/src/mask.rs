//! Hides what differs from run to run: import ids and times.

use std::io;

/// Replaces import ids by `<id1>`, `<id2>`, …, times by `<time>`, and the day on which the same content came by `<day>`.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    ids: Vec<(String, String)>,
}

impl Mask {
    /// A mask for these ids, in their order.
    pub fn new(ids: &[String]) -> Self {
        Self { ids: (1..).zip(ids).map(|(n, id): (usize, _)| (id.clone(), format!("<id{n}>"))).collect() }
    }

    /// The text with ids and days masked.
    pub fn ids(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (id, name) in &self.ids {
            if masked.contains(id) {
                masked = masked.replace(id, name);
            }
        }
        masked_days(&masked)
    }

    /// A log or report with ids and times masked.
    pub fn log(&self, content: &[u8]) -> Vec<u8> {
        self.text(&String::from_utf8_lossy(content)).into_bytes()
    }

    /// The text of a log or report with ids and times masked.
    pub fn text(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        for line in self.ids(text).split_inclusive('\n') {
            let label = [
                "arrived   ",
                "started   ",
                "finished  ",
                "  \"arrived\": \"",
                "  \"began\": \"",
                "  \"finished\": \"",
            ]
            .into_iter()
            .find(|label| line.starts_with(label));
            match label {
                Some(label) => {
                    let end = line.trim_end_matches(['\n', ',', '"']);
                    masked.push_str(label);
                    masked.push_str("<time>");
                    masked.push_str(line.get(end.len()..).unwrap_or_default());
                }
                None => masked.push_str(line),
            }
        }
        masked
    }
}

/// Masks the day behind `was imported before, as <file> on `.
fn masked_days(text: &str) -> String {
    const BEFORE: &str = "was imported before, as ";
    const DAY: usize = "2026-01-31".len();
    let (mut masked, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, behind)) = rest.split_once(BEFORE) {
        masked.push_str(before);
        masked.push_str(BEFORE);
        let day = behind.find(" on ").map(|at| at + 4).filter(|at| behind.is_char_boundary(at + DAY));
        if let Some((file, behind)) = day.and_then(|at| behind.split_at_checked(at)) {
            masked.push_str(file);
            masked.push_str("<day>");
            rest = behind.get(DAY..).unwrap_or_default();
        } else {
            rest = behind;
        }
    }
    masked.push_str(rest);
    masked
}

/// What stands for the content of a file that cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Vec<u8> {
    format!("<{}>", error.kind()).into_bytes()
}
