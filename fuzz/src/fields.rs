//! Fields of lines against the crate `csv`: of a line that the checker accepts, both read the same.

use tidewaiter::name::DroppedName;

use crate::csv_oracle::{DELIMITERS, assert_agrees_with_csv};

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    (DroppedName::of(name) == DroppedName::Data).then_some(bytes)
}

pub(crate) fn run(body: &[u8]) {
    let first = body.split(|byte| *byte == b'\n').next().unwrap_or_default();
    for delimiter in DELIMITERS {
        // Behind a header as wide as the first line, so that some lines are accepted.
        let columns = first.split(|byte| *byte == delimiter).count().min(60);
        assert_agrees_with_csv(body, delimiter, columns);
    }
}
