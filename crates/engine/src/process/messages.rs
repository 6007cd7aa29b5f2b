//! What is said of a file beside its findings.

use tidewaiter::name::DataName;
use tidewaiter::record::Plan;
use tidewaiter::report::{DUPLICATE, Outcome, Reason, plural};

use super::load::{LeftAlone, Named};
use crate::examine::CheckSpec;
use crate::ports::{ImportRun, Kind, Refusal};

/// What is said of a file whose lines were not filled from where an address is.
pub(super) const NO_LOCATIONS: &str = "nothing is filled from the addresses: no database of locations is configured here; ask the operator of this deployment to configure one";

pub(super) fn same_content(earlier: &ImportRun) -> String {
    let day = earlier.arrived.to_string().chars().take(10).collect::<String>();
    format!("the same content was imported before, as {} on {day}", earlier.file)
}

pub(super) fn came_before(earlier: &ImportRun) -> Refusal {
    let hint = "no action is needed; to import it again, set `\"duplicates\": \"import\"` in the configuration and drop it again";
    let reason = Reason::new(DUPLICATE, same_content(earlier)).with_hint(Some(hint.to_owned()));
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// What is to be said of a file with which its group stops.
pub(super) fn stops_group(import: &ImportRun, name: &DataName) -> Option<String> {
    let Kind::Data { group: Some(_), .. } = &import.kind else { return None };
    let tag = name.file.strip_suffix(name.ungrouped()).unwrap_or_default();
    Some(format!(
        "the group stops here: fix the file, then drop it again with all files of the group that were not imported, as a group or without `{tag}` in its name"
    ))
}

/// What is to be said of records that have another key now.
pub(super) fn moved(count: u64, records: &str) -> Option<String> {
    let have = if count == 1 { "has" } else { "have" };
    let record = plural(count, "record");
    (count > 0)
        .then(|| format!("{record} of {records} now {have} another key; references to the old key keep it"))
}

/// What is to be said of lines that did nothing.
pub(super) fn left_alone(lines: &LeftAlone, plan: &Plan) -> impl Iterator<Item = String> {
    let named = |lines: &Named, what: String| {
        let numbers: Vec<String> = lines.first.iter().map(ToString::to_string).collect();
        let more = if lines.count > lines.first.len() as u64 { ", …" } else { "" };
        let (verb, word) = if lines.count == 1 { ("names", "line") } else { ("name", "lines") };
        let count = plural(lines.count, "line");
        let said = format!(
            "{count} {verb} a record of {} {what} ({word} {}{more})",
            plan.records,
            numbers.join(", ")
        );
        (lines.count > 0).then_some(said)
    };
    let order = plan.gives_way_to.as_deref().unwrap_or_default();
    let said = [
        named(&lines.existing, "that already exists, and left it unchanged".to_owned()),
        named(&lines.unknown, "that does not exist".to_owned()),
        named(&lines.gave_way, format!("that gives way to an existing one of {order}")),
    ];
    said.into_iter().flatten()
}

/// What is to be said of the records that a file which replaces all did not name.
pub(super) fn left_out(removed: u64, terms: &CheckSpec) -> String {
    let records = &terms.plan.records;
    match terms.options.replace_all.as_ref().and_then(|rule| rule.list) {
        Some(list) => format!("{} left list {list}, not named in the file", plural(removed, "record")),
        None => format!("{} of {records} removed, not named in the file", plural(removed, "record")),
    }
}
