//! What a deployment measures: lines of the embedded metric format, in the log. Written by hand: there are three.

use std::io::Write;

use serde_json::{Value, json};
use tidewaiter::id::Timestamp;
use tidewaiter::report::Report;

/// The namespace of all metrics.
const NAMESPACE: &str = "tidewaiter";

/// Metrics of one deployment.
#[derive(Debug, Clone)]
pub struct Metrics {
    stack: String,
}

impl Metrics {
    /// Metrics of the deployment `stack`.
    pub fn new(stack: impl Into<String>) -> Self {
        Self { stack: stack.into() }
    }

    /// A file reached its outcome.
    pub fn concluded(&self, report: &Report, now: Timestamp) {
        write(&self.of_file(report, now));
    }

    /// A sweep looked for what waits: since when the oldest incomplete group does.
    pub fn swept(&self, waiting_since: Option<Timestamp>, now: Timestamp) {
        let seconds = waiting_since.map_or(0.0, |since| seconds_between(since, now));
        write(&self.line(now, &json!({ "OldestWaitingGroupSeconds": seconds }), &json!({}), &[]));
    }

    /// A message was given back.
    pub fn failed(&self, now: Timestamp) {
        write(&self.line(now, &json!({ "Failures": 1 }), &json!({}), &[]));
    }

    fn of_file(&self, report: &Report, now: Timestamp) -> Value {
        let waited = match (report.arrived.parse(), report.finished.parse()) {
            (Ok(arrived), Ok(finished)) => seconds_between(arrived, finished),
            _ => 0.0,
        };
        let values = json!({
            "Files": 1,
            "Lines": report.counts.read,
            "Rejected": report.counts.rejected,
            "SecondsWaiting": waited,
        });
        let said = json!({
            "Outcome": report.outcome.as_str(),
            "repository": report.repository,
            "import": report.import,
        });
        self.line(now, &values, &said, &["Outcome"])
    }

    /// A line with `values`, each a metric of the stack. Where it is `by` something that is `said` with it,
    /// files are counted by that, too.
    fn line(&self, now: Timestamp, values: &Value, said: &Value, by: &[&str]) -> Value {
        let metric = |name: &str| {
            let unit = if name.contains("Seconds") { "Seconds" } else { "Count" };
            json!({ "Name": name, "Unit": unit })
        };
        let names = values.as_object().into_iter().flat_map(|values| values.keys());
        let metrics: Vec<Value> = names.map(|name| metric(name)).collect();
        let mut told = vec![json!({ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": metrics })];
        told.extend(by.iter().map(|by| {
            json!({ "Namespace": NAMESPACE, "Dimensions": [["Stack", by]], "Metrics": [metric("Files")] })
        }));
        let mut line = json!({
            "_aws": { "Timestamp": now.as_millisecond(), "CloudWatchMetrics": told },
            "Stack": self.stack,
        });
        for more in [values, said] {
            if let (Some(line), Some(more)) = (line.as_object_mut(), more.as_object()) {
                line.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        line
    }
}

fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64().max(0.0)
}

/// A metric that cannot be written is no reason to fail.
fn write(line: &Value) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_its_metrics_as_the_format_wants_them() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let line = Metrics::new("landing").line(
            now,
            &json!({ "Files": 1, "SecondsWaiting": 2.5 }),
            &json!({ "Outcome": "imported", "import": "x" }),
            &["Outcome"],
        );
        let expected = json!({
            "_aws": { "Timestamp": 1_769_860_800_000_i64, "CloudWatchMetrics": [
                { "Namespace": "tidewaiter", "Dimensions": [["Stack"]], "Metrics": [
                    { "Name": "Files", "Unit": "Count" }, { "Name": "SecondsWaiting", "Unit": "Seconds" }] },
                { "Namespace": "tidewaiter", "Dimensions": [["Stack", "Outcome"]], "Metrics": [
                    { "Name": "Files", "Unit": "Count" }] },
            ] },
            "Stack": "landing", "Files": 1, "SecondsWaiting": 2.5, "Outcome": "imported", "import": "x",
        });
        assert_eq!(line, expected);
    }
}
