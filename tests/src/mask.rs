//! Hides what differs from run to run: import ids and times.

use std::io;

/// Replaces import ids by `<id1>`, `<id2>`, … and times by `<time>`.
#[derive(Debug, Clone, Default)]
pub struct Mask {
    ids: Vec<(String, String)>,
}

impl Mask {
    /// A mask for these ids, in their order.
    pub fn new(ids: &[String]) -> Self {
        Self { ids: (1..).zip(ids).map(|(n, id): (usize, _)| (id.clone(), format!("<id{n}>"))).collect() }
    }

    /// The text with ids masked.
    pub fn ids(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for (id, name) in &self.ids {
            if masked.contains(id) {
                masked = masked.replace(id, name);
            }
        }
        masked
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

/// What stands for the content of a file that cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Vec<u8> {
    format!("<{}>", error.kind()).into_bytes()
}
