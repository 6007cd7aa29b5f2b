//! Files that tools leave beside data: marks that a transfer is complete, thumbnails, lock files.
//!
//! This is the only list of them, for folders, buckets and archives alike. A name is on it only if no partner would
//! use it for data, because such a file is set aside without a word to its sender.

/// The names of such files, in any case of letters.
const NAMES: [&str; 9] = [
    "_SUCCESS",
    ".DS_Store",
    ".localized",
    ".directory",
    ".gitkeep",
    ".keep",
    "Thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
];

/// What they begin with: the second half of a file of a Mac, and the lock of an open document of Microsoft Office.
const BEGINNINGS: [&str; 2] = ["._", "~$"];

/// What they end with: checksums of Hadoop, and its mark of a folder.
const ENDINGS: [&str; 2] = [".crc", "_$folder$"];

/// The lock of an open document of `LibreOffice` begins and ends like this.
const DOCUMENT_LOCK: (&str, &str) = (".~lock.", "#");

/// What a transaction of Spark begins its marks with, before its number.
const TRANSACTIONS: [&str; 2] = ["_committed_", "_started_"];

/// What a mark ends with that says of another file that it is complete.
const MARKS: [&str; 3] = [".ok", ".done", ".ready"];

/// The most bytes of such a mark: it may hold a time, a count or a checksum. Some programs rename the data file itself
/// when they have sent it, so anything longer is not passed over without a word.
const MARK_BYTES: u64 = 256;

/// The folder in which a Mac packs what it knows of files.
const FOLDER: &str = "__MACOSX";

/// True for a file of this path and size that a tool made for itself, beside the data.
///
/// ```
/// use tidewaiter_model::name::is_tool_file;
///
/// assert!(is_tool_file("_SUCCESS", 0));
/// assert!(is_tool_file("january/Thumbs.db", 7_168));
/// assert!(is_tool_file("acme_contacts_crm_20260131.csv.ok", 0));
/// assert!(!is_tool_file("acme_contacts_crm_20260131.csv.ok", 80_000));
/// assert!(!is_tool_file("acme_contacts_crm_20260131.csv", 0));
/// ```
pub fn is_tool_file(path: &str, bytes: u64) -> bool {
    let mut parts = path.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    is_by_name(file) || bytes <= MARK_BYTES && is_mark(file) || parts.any(|part| part == FOLDER)
}

fn is_by_name(file: &str) -> bool {
    let transaction = TRANSACTIONS.iter().find_map(|beginning| file.strip_prefix(beginning));
    NAMES.iter().any(|name| file.eq_ignore_ascii_case(name))
        || BEGINNINGS.iter().any(|beginning| file.starts_with(beginning))
        || ENDINGS.iter().any(|ending| strip_ending(file, ending).is_some())
        || file.starts_with(DOCUMENT_LOCK.0) && file.ends_with(DOCUMENT_LOCK.1)
        || transaction.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_mark(file: &str) -> bool {
    MARKS.iter().any(|ending| strip_ending(file, ending).is_some())
}

/// `str::strip_suffix`, but blind to the case of ASCII letters. `ending` is ASCII.
pub(super) fn strip_ending<'a>(file: &'a str, ending: &str) -> Option<&'a str> {
    let (stem, tail) = file.split_at_checked(file.len().checked_sub(ending.len())?)?;
    tail.eq_ignore_ascii_case(ending).then_some(stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_leave_beside_data_is_known() {
        for path in [
            "_SUCCESS",
            "x/_success",
            "THUMBS.DB",
            "x\\Desktop.ini",
            ".DS_Store",
            "._acme_contacts_crm_20260131.csv",
            "__MACOSX/x/acme_contacts_crm_20260131.csv",
            "~$customers.xlsx",
            ".~lock.acme_contacts_crm_20260131.csv#",
            "_committed_4181936592471863187",
            "_started_12",
            ".part-00000.csv.crc",
            "in_$folder$",
            ".gitkeep",
        ] {
            assert!(is_tool_file(path, 10_000), "{path}");
        }
        for mark in ["acme_contacts_crm_20260131.csv.ok", "day.DONE", "all.ready"] {
            assert!(is_tool_file(mark, MARK_BYTES), "{mark}");
            assert!(!is_tool_file(mark, MARK_BYTES + 1), "{mark} may be a data file that was renamed");
        }
    }

    #[test]
    fn what_may_be_data_is_none() {
        for path in [
            "acme_contacts_crm_20260131.csv",
            "success.csv",
            "_started_contacts_crm_20260131.csv",
            "_committed_",
            "__MACOSX",
            "x._a",
            "notes.txt",
            "ok",
            "done",
            "acme_contacts_crm_20260131.csv.part",
            "",
        ] {
            assert!(!is_tool_file(path, 0), "{path}");
        }
    }
}
