//! What a deployment measures: lines of the embedded metric format, in the log. Written by hand: there are few.
//! `infra/README.md` has the table of it, and a test here holds the lines to that.

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

    /// A reconciliation looked for what waits: since when the oldest incomplete group does.
    pub fn swept(&self, waiting_since: Option<Timestamp>, now: Timestamp) {
        write(&self.of_reconciliation(waiting_since, now));
    }

    /// A message was given back.
    pub fn failed(&self, now: Timestamp) {
        write(&self.of_failure(now));
    }

    /// A database could not be read.
    pub fn read_failed(&self, now: Timestamp) {
        write(&self.of_read(now));
    }

    fn of_reconciliation(&self, waiting_since: Option<Timestamp>, now: Timestamp) -> Value {
        let seconds = waiting_since.map_or(0.0, |since| seconds_between(since, now));
        self.line(now, &json!({ "OldestWaitingGroupSeconds": seconds }), &json!({}), &[])
    }

    fn of_failure(&self, now: Timestamp) -> Value {
        self.line(now, &json!({ "Failures": 1 }), &json!({}), &[])
    }

    fn of_read(&self, now: Timestamp) -> Value {
        self.line(now, &json!({ "FailedReads": 1 }), &json!({}), &[])
    }

    fn of_file(&self, report: &Report, now: Timestamp) -> Value {
        let values = json!({
            "Files": 1,
            "Lines": report.counts.read,
            "Rejected": report.counts.rejected,
            "SecondsWaiting": seconds_between(report.arrived, report.finished),
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
    use std::collections::BTreeSet;

    use super::*;

    fn report() -> Report {
        serde_json::from_value(json!({
            "repository": "acme", "import": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "file": "shop_contacts_crm_20260131.csv",
            "bytes": 7, "outcome": "imported",
            "counts": { "read": 3, "imported": 2, "unchanged": 0, "superseded": 0, "rejected": 1 },
            "findings_total": 1, "arrived": "2026-01-31T11:59:57.5Z", "finished": "2026-01-31T12:00:00Z",
            "place": "archives/acme/shop_contacts_crm_20260131.csv", "log": "logs/acme/shop_contacts_crm_20260131.csv.log",
        }))
        .unwrap()
    }

    fn now() -> Timestamp {
        "2026-01-31T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_line_names_its_metrics_as_the_format_wants_them() {
        let expected = json!({
            "_aws": { "Timestamp": 1_769_860_800_000_i64, "CloudWatchMetrics": [
                { "Namespace": "tidewaiter", "Dimensions": [["Stack"]], "Metrics": [
                    { "Name": "Files", "Unit": "Count" }, { "Name": "Lines", "Unit": "Count" },
                    { "Name": "Rejected", "Unit": "Count" }, { "Name": "SecondsWaiting", "Unit": "Seconds" }] },
                { "Namespace": "tidewaiter", "Dimensions": [["Stack", "Outcome"]], "Metrics": [
                    { "Name": "Files", "Unit": "Count" }] },
            ] },
            "Stack": "landing", "Files": 1, "Lines": 3, "Rejected": 1, "SecondsWaiting": 2.5,
            "Outcome": "imported", "repository": "acme", "import": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        });
        assert_eq!(Metrics::new("landing").of_file(&report(), now()), expected);
    }

    /// Metric, unit, dimensions.
    type Told = BTreeSet<(String, String, Vec<String>)>;

    /// What a line tells, if it is one that `CloudWatch` takes: by the specification of the embedded metric format.
    fn told(line: &Value) -> Told {
        let aws = line["_aws"].as_object().unwrap();
        assert!(aws["Timestamp"].is_i64(), "milliseconds since 1970");
        let mut told = Told::new();
        for directive in aws["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], NAMESPACE);
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for dimensions in directive["Dimensions"].as_array().unwrap() {
                let dimensions: Vec<&str> =
                    dimensions.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
                assert!(dimensions.len() <= 30);
                for name in &dimensions {
                    let value = line[name].as_str().unwrap();
                    assert!((1..=1024).contains(&value.len()) && value.is_ascii(), "{name}: {value}");
                }
                for metric in metrics {
                    let name = metric["Name"].as_str().unwrap();
                    assert!(line[name].is_number(), "{name} is a number beside `_aws`");
                    let unit = metric["Unit"].as_str().unwrap();
                    let dimensions = dimensions.iter().map(|name| (*name).to_owned()).collect();
                    assert!(
                        told.insert((name.to_owned(), unit.to_owned(), dimensions)),
                        "{name} is told twice"
                    );
                }
            }
        }
        told
    }

    /// The table of metrics in `infra/README.md`.
    fn written_down() -> Told {
        let readme = include_str!("../../../infra/README.md");
        let table = readme.split_once("| metric | unit | dimensions |").unwrap().1;
        let mut written = Told::new();
        for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let names =
                |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            for metric in names(cells[1]) {
                for dimensions in cells[3].split(';') {
                    written.insert((metric.clone(), cells[2].to_owned(), names(dimensions)));
                }
            }
        }
        written
    }

    #[test]
    fn what_is_measured_is_what_is_written_down() {
        let metrics = Metrics::new("landing");
        let lines = [
            metrics.of_file(&report(), now()),
            metrics.of_reconciliation(None, now()),
            metrics.of_reconciliation("2026-01-30T12:00:00Z".parse().ok(), now()),
            metrics.of_failure(now()),
            metrics.of_read(now()),
        ];
        assert_eq!(
            lines[1]["OldestWaitingGroupSeconds"], 0.0,
            "a reconciliation that finds nothing tells of it"
        );
        assert_eq!(lines[2]["OldestWaitingGroupSeconds"], 86_400.0);
        let all: Told = lines.iter().flat_map(told).collect();
        assert_eq!(all, written_down());
    }
}
