//! The order in which files are treated, as text whose byte order is that order.
//!
//! Ready work lies in a key range of the state table: picking what comes next is reading its first
//! entry, however many wait. So the order is not a comparison function but a sort key, built here.

use jiff::civil::Date;

use crate::id::ImportId;
use crate::name::DataName;

/// Sorts before every character that may stand in a name, so that `daily` comes before `daily2`.
const SEPARATOR: char = '\u{1f}';

/// The order of scopes among single files, unless a configuration changes it.
pub const SCOPE_ORDER: [&str; 15] = [
    "contacts",
    "stores",
    "products",
    "orders",
    "abandonedcarts",
    "ordersitems",
    "batch",
    "cardcode",
    "earnreward",
    "burnreward",
    "creditpoints",
    "deletecontacts",
    "events",
    "tierchange",
    "masterreward",
];

/// The place of a scope: those the configuration names come first, in its order; then the order of
/// the catalogue; then scopes of the configuration's own, by name.
pub fn scope_rank(scope: &str, configured: &[String]) -> usize {
    if let Some(rank) = configured.iter().position(|s| s == scope) {
        return rank;
    }
    let known = SCOPE_ORDER.iter().position(|s| *s == scope).unwrap_or(SCOPE_ORDER.len());
    configured.len() + known
}

/// The sort key of a complete group. Groups come before single files, by group id in byte order.
pub fn group_key(id: &str, last: u8, generation: u64) -> String {
    format!("g{id}{SEPARATOR}{last:02}{SEPARATOR}{generation:010}")
}

/// The sort key of a single file: scope by scope, then date, then file name, then arrival.
pub fn single_key(name: &DataName, rank: usize, import: ImportId) -> String {
    let scope = &name.scope;
    let (date, file) = (compact(name.date), &name.file);
    format!("s{rank:05}{SEPARATOR}{scope}{SEPARATOR}{date}{SEPARATOR}{file}{SEPARATOR}{import}")
}

/// The sort key of a file within its group: slot, then date, then file name, then arrival.
pub fn member_key(slot: u8, name: &DataName, import: ImportId) -> String {
    let (date, file) = (compact(name.date), &name.file);
    format!("{slot:02}{SEPARATOR}{date}{SEPARATOR}{file}{SEPARATOR}{import}")
}

fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}
