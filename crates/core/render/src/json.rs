//! A report for programs.

use tidewaiter_model::report::Report;

use super::Renderer;

/// JSON as [`json_schema`](tidewaiter_model::report::json_schema) describes it, ending in a line break.
#[derive(Debug, Clone, Copy)]
pub struct Json;

impl Renderer<Report> for Json {
    fn render(&self, report: &Report) -> String {
        // Serialization cannot fail: a report has no map with keys that are not text, and writes into memory.
        serde_json::to_string_pretty(report).map(|json| json + "\n").unwrap_or_default()
    }
}
