//! Files as partners have them: each dialect reads what the file says, and nothing else.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod agreement;
mod headers;
mod records;
mod support;
mod values;
