//! New names for older files: a name that is used again never costs the earlier content.

use super::shape::{EXTENSION, Shape};
use super::tool_file::strip_ending;
use super::{decrypted_name, packing};
use crate::id::ImportId;

/// The longest file name that file systems take, in bytes.
pub(super) const LONGEST: usize = 255;

/// The length of an import id as text.
pub(super) const ID_BYTES: usize = 26;

/// Longer endings are not taken for one.
const LONGEST_ENDING: usize = 16;

/// The name an older file is given when its name is used again.
///
/// A data file stays a valid data file of the same import: the id becomes its suffix, or lengthens
/// it. In any other name the id stands before the ending. The result has at most 255 bytes.
///
/// If a name can be read with and without a suffix (`…_20260101_20260102.csv`), the last part is
/// taken for the suffix.
///
/// ```
/// use tidewaiter_model::name::with_import_id;
///
/// let id: tidewaiter_model::id::ImportId = "01J9Z3ND1V0000000000000000".parse().unwrap();
/// assert_eq!(
///     with_import_id("acme_contacts_crm_20260101.csv", id),
///     "acme_contacts_crm_20260101_01J9Z3ND1V0000000000000000.csv"
/// );
/// assert_eq!(
///     with_import_id("acme_contacts_crm_20260101_a7.csv", id),
///     "acme_contacts_crm_20260101_a701J9Z3ND1V0000000000000000.csv"
/// );
/// assert_eq!(
///     with_import_id("acme_contacts_crm_20260101.CSV", id),
///     "acme_contacts_crm_20260101_01J9Z3ND1V0000000000000000.CSV"
/// );
/// assert_eq!(with_import_id("monday.tar.gz", id), "monday.01J9Z3ND1V0000000000000000.tar.gz");
/// ```
pub fn with_import_id(file: &str, id: ImportId) -> String {
    if let Some(renamed) = data_name(file, id) {
        return renamed;
    }
    // A compressed data file takes the name of its member from its own: keep that valid, too.
    if let Some(packing) = packing(file)
        && let Some(renamed) = file.strip_suffix(packing).and_then(|stem| data_name(stem, id))
        && renamed.len() + packing.len() <= LONGEST
    {
        return format!("{renamed}{packing}");
    }
    let ending = ending(file);
    let stem = file.strip_suffix(ending).unwrap_or(file);
    let room = LONGEST.saturating_sub(ending.len() + ".".len() + ID_BYTES);
    format!("{}.{id}{ending}", cut(stem, room))
}

/// The name that [`with_import_id`] made another one of, where the configuration says what a name means. None if it did
/// not make it.
///
/// ```
/// use tidewaiter_model::name::{with_import_id, without_import_id};
///
/// let id: tidewaiter_model::id::ImportId = "01J9Z3ND1V0000000000000000".parse().unwrap();
/// for file in ["products.csv", "products_2026-11-28.csv.gz", "shop_all_products_20261128.csv", "x.xlsx.pgp"] {
///     assert_eq!(without_import_id(&with_import_id(file, id)).as_deref(), Some(file));
/// }
/// assert_eq!(without_import_id("products.csv"), None);
/// ```
pub fn without_import_id(file: &str) -> Option<String> {
    let ending = ending(file);
    let stem = file.strip_suffix(ending)?;
    let (stem, id) = stem.split_at_checked(stem.len().checked_sub(ID_BYTES)?)?;
    id.parse::<ImportId>().ok()?;
    let stem = stem.strip_suffix(['.', '_']).unwrap_or(stem);
    (!stem.is_empty()).then(|| format!("{stem}{ending}"))
}

fn data_name(file: &str, id: ImportId) -> Option<String> {
    let shape = Shape::of(file).ok()?;
    let (stem, extension) = file.split_at_checked(file.len().checked_sub(EXTENSION.len())?)?;
    let separator = if shape.suffixed.is_some() { "" } else { "_" };
    Some(format!("{stem}{separator}{id}{extension}"))
}

/// The ending of a name with its dot: both of `.tar.gz` and of `.csv.gz`, all three of `.csv.gz.pgp`, none of `.profile` and `README`.
fn ending(file: &str) -> &str {
    if let Some(content) = decrypted_name(file) {
        let own = ending(content);
        return content.strip_suffix(own).and_then(|stem| file.get(stem.len()..)).unwrap_or_default();
    }
    if let Some(packing) = packing(file).filter(|ending| ending.len() < file.len()) {
        let stem = file.strip_suffix(packing).unwrap_or(file);
        let own = strip_ending(stem, EXTENSION).filter(|own| !own.is_empty());
        return own.and_then(|own| file.get(own.len()..)).unwrap_or(packing);
    }
    match file.rfind('.') {
        Some(at) if at > 0 && file.len() - at <= LONGEST_ENDING => file.get(at..).unwrap_or_default(),
        _ => "",
    }
}

/// At most `room` bytes of a text, cut between characters.
fn cut(text: &str, room: usize) -> &str {
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
