//! What a group waits for, in words.

use tidewaiter::id::Timestamp;
use tidewaiter_engine::ports::WaitingGroup;

use crate::printer::{Line, style};
use crate::text::{ago, plural, slots};

/// Group `daily` waits for slot 02 of 03; it has 2 files, the first since 5 minutes.
pub(super) fn sentence(group: &WaitingGroup, now: Timestamp) -> Line {
    let files = match group.files.as_slice() {
        [only] => only.clone(),
        several => format!("{}, the first of them", plural(several.len() as u64, "file")),
    };
    Line::new()
        .text("group ")
        .styled(style::BOLD, &group.group.id)
        .text(" waits for ")
        .styled(style::WARN, slots(&group.missing))
        .text(format!(" of {:02}; {files} came {}", group.group.last, ago(now, group.since)))
}
