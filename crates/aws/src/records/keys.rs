//! Where each thing lies in the table of records.
//!
//! The records of a scope are spread over partitions by the hash of the first part of their keys, so that what
//! belongs to one record lies together, in order, and no partition takes all the writes.

use tidewaiter::record::{KEY_SEPARATOR, fingerprint, join_key, owned_prefix, share};

use crate::table::At;

/// Over how many partitions a scope is spread.
pub(super) const PARTITIONS: u32 = 16;
/// A sort key has at most 1,024 bytes; what is longer is cut, and told apart by its hash.
const SORT_BYTES: usize = 900;

/// A record.
pub(super) fn record(universe: &str, scope: &str, key: &str) -> At {
    At { pk: partition(universe, scope, share(first_part(key), PARTITIONS)), sk: sort(key) }
}

/// What tells a record from the others of its scope: the number of its partition, of two digits, and its sort key.
pub(super) fn within_scope(at: &At) -> String {
    let number = at.pk.get(at.pk.len().saturating_sub(2)..).unwrap_or_default();
    format!("{number}{}", at.sk)
}

/// The record of a scope that [`within_scope`] tells from the others.
pub(super) fn of_scope(universe: &str, scope: &str, within: &str) -> Option<At> {
    let (number, sk) = within.split_at_checked(2)?;
    Some(At { pk: partition(universe, scope, number.parse().ok()?), sk: sk.to_owned() })
}

/// A partition of a scope.
pub(super) fn partition(universe: &str, scope: &str, number: u32) -> String {
    format!("r/{universe}/{scope}/{number:02}")
}

/// Where the records of an owner lie, and what their sort keys begin with.
pub(super) fn owned(universe: &str, scope: &str, owner: &str) -> At {
    let prefix = owned_prefix(owner);
    let pk = partition(universe, scope, share(first_part(&prefix), PARTITIONS));
    At { pk, sk: cut(&prefix).to_owned() }
}

/// That a record has a value in a column it may be matched by.
pub(super) fn matched(universe: &str, scope: &str, column: &str, value: &str, key: &str) -> At {
    At { pk: matches(universe, scope, column, value), sk: sort(&join_key([value, key].into_iter())) }
}

/// The partition in which records with this value in a column are noted.
pub(super) fn matches(universe: &str, scope: &str, column: &str, value: &str) -> String {
    format!("m/{universe}/{scope}/{column}/{:032x}", fingerprint(value))
}

/// That there are records of a scope in a universe.
pub(super) fn collection(scope: &str, universe: &str) -> At {
    At { pk: COLLECTIONS.to_owned(), sk: format!("{scope}{KEY_SEPARATOR}{universe}") }
}

/// The partition of the collections.
pub(super) const COLLECTIONS: &str = "c";

/// The answer to a part of a batch or a reconciliation.
pub(super) fn answer(import: &str, share: &str, number: u64, part: u64) -> At {
    At { pk: answers_to(import), sk: format!("{}{part:06}", answers(share, number)) }
}

/// The share of a loader, as answers are kept under it.
pub(super) fn loader(number: u32) -> String {
    format!("{number:05}")
}

/// The partition of the answers to all batches of an import.
pub(super) fn answers_to(import: &str) -> String {
    format!("a/{import}")
}

/// What the answers to the parts of a batch or a reconciliation begin with.
pub(super) fn answers(share: &str, number: u64) -> String {
    format!("{share}/{number:015}/")
}

/// The first part of a key, up to a separator that is not escaped.
fn first_part(key: &str) -> &str {
    let mut escaped = false;
    for (at, c) in key.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\u{1e}' => escaped = true,
            KEY_SEPARATOR => return key.get(..at).unwrap_or(key),
            _ => {}
        }
    }
    key
}

fn cut(key: &str) -> &str {
    let end = (0..=SORT_BYTES.min(key.len())).rev().find(|end| key.is_char_boundary(*end));
    key.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// The sort key of a record.
pub(super) fn sort(key: &str) -> String {
    if key.len() <= SORT_BYTES {
        key.to_owned()
    } else {
        format!("{}\u{10ffff}{:032x}", cut(key), fingerprint(key))
    }
}
