//! What a group waits for, in words.

use tidewaiter::id::Timestamp;
use tidewaiter_engine::ports::WaitingGroup;

use crate::printer::{Line, style};
use crate::text::{ago, plural, slots};

/// Group `daily` waits for slot 02 of 03; it has 2 files, the first since 5 minutes.
pub(super) fn sentence(group: &WaitingGroup, now: Timestamp) -> Line {
    let first = match group.files.len() {
        1 => "since".to_owned(),
        count => format!("{}, the first of them", plural(count as u64, "file")),
    };
    let came = match group.files.as_slice() {
        [only] => format!("{only} came {}", ago(now, group.since)),
        _ => format!("{first} came {}", ago(now, group.since)),
    };
    Line::new()
        .text("group ")
        .styled(style::BOLD, &group.group.id)
        .text(" waits for ")
        .styled(style::WARN, slots(&group.missing))
        .text(format!(" of {:02}; {came}", group.group.last))
}
