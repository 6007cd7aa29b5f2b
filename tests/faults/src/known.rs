//! What is known to be broken, and is not the folder adapter's: each with its reason. What is found is counted, and fails
//! nothing. `STRICT=yes` counts nothing as known.

use tidewaiter_pipeline::local::disk::Op;

use crate::fault::Kind;
use crate::inject::Made;

/// Something that is known.
#[derive(Debug)]
pub struct Known {
    /// What it is.
    pub what: &'static str,
    applies: fn(Kind, &Made, &str) -> bool,
}

/// What is known.
pub const KNOWN: &[Known] = &[Known {
    what: "a mail waits for the next run when the answer of the write that ends its import was lost",
    applies: |kind, hit, problem| {
        kind == Kind::Lost && hit.op == Op::Database && problem.starts_with("no failure was said")
    },
}];

/// What a problem is known as.
pub fn known(kind: Kind, hit: &Made, problem: &str) -> Option<&'static str> {
    if std::env::var_os("STRICT").is_some() {
        return None;
    }
    KNOWN.iter().find(|known| (known.applies)(kind, hit, problem)).map(|known| known.what)
}
