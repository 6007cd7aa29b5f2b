//! The files that partners drop: what they hold, and how it is written.

use bytes::Bytes;
use tidewaiter_tests::generate::Chance;
use tidewaiter_tests::reference::Line;

use super::{Member, index, pick};

/// The lines of a file that has many batches of them.
const MANY_LINES: usize = 41;

/// A data file.
#[derive(Debug, Clone)]
pub struct Data {
    /// The scope.
    pub scope: &'static str,
    /// The subsection.
    pub subsection: &'static str,
    /// Group id, YY and ZZ.
    pub group: Option<(String, u8, u8)>,
    /// The day of its date, counted so that a later one has a greater number.
    pub day: u32,
    /// Its columns.
    pub columns: Vec<String>,
    /// False if its header is wrong.
    pub is_valid: bool,
    /// Its lines: the bytes and, if the line is good, its cells.
    pub lines: Vec<(Vec<u8>, Option<Line>)>,
    /// All of its bytes.
    pub bytes: Bytes,
}

impl Data {
    /// How many lines the check rejects.
    pub fn rejected(&self) -> u64 {
        self.lines.iter().filter(|(_, good)| good.is_none()).count() as u64
    }

    /// The good lines, each with its number in the file.
    pub fn good(&self) -> Vec<(u64, Line)> {
        let numbered = (2..).zip(&self.lines);
        numbered.filter_map(|(number, (_, good))| good.clone().map(|good| (number, good))).collect()
    }
}

/// A file and its name.
pub(super) fn named(
    chance: &mut Chance,
    universe: &str,
    group: Option<(String, u8, u8)>,
    has_many_lines: bool,
) -> (String, Data) {
    let (scope, subsection) = match chance.below(if group.is_some() { 12 } else { 15 }) {
        0..3 => ("contacts", "crm"),
        3 => ("contacts", "strict"),
        4 => ("contacts", "shop"),
        5..7 => ("cardcode", "crm"),
        7..10 => ("creditpoints", "crm"),
        10 => ("creditpoints", "once"),
        11 => ("deletecontacts", "crm"),
        12 => ("batch", "crm"),
        _ => ("batch", "full"),
    };
    // Few days, so that names meet.
    let day = 1 + chance.below(3) as u32;
    let is_long = has_many_lines && matches!(scope, "contacts" | "creditpoints") && chance.below(2) == 0;
    let data = Data::draw(chance, scope, subsection, group, day, is_long);
    let tag = data.group.as_ref().map(|(id, slot, last)| format!("{id}.{slot:02}-{last:02}_"));
    let tag = tag.unwrap_or_default();
    let file = if subsection == "shop" && chance.below(3) > 0 {
        format!("{tag}{universe} shop {day:02}.01.2026.txt")
    } else {
        format!("{tag}{universe}_{scope}_{subsection}_202601{day:02}.csv")
    };
    (file, data)
}

/// Columns that no import knows.
pub(crate) const EXTRA: [&str; 3] = ["Tier", "Shoe size", "Loyalty"];

impl Data {
    pub(super) fn draw(
        chance: &mut Chance,
        scope: &'static str,
        subsection: &'static str,
        group: Option<(String, u8, u8)>,
        day: u32,
        is_long: bool,
    ) -> Self {
        let columns: &[&str] = match scope {
            "contacts" => &["email", "firstname", "lastname"],
            "cardcode" => &["card_code", "contact"],
            "creditpoints" => &["card_code", "points"],
            "deletecontacts" => &["email"],
            _ => &["batch_id", "batch_date"],
        };
        let is_valid = chance.below(16) > 0;
        let (delimiter, mut header) = match subsection {
            "shop" => (",", "Mail,First Name,Name".to_owned()),
            _ => (";", columns.join(";")),
        };
        // A column that the import does not know is ignored in one subsection, and no mistake there.
        let extra =
            if subsection == "shop" && chance.below(2) == 0 { Some(pick(chance, &EXTRA)) } else { None };
        let wrong = if subsection == "shop" { "Mail" } else { "nonsense" };
        for label in extra.into_iter().chain((!is_valid).then_some(wrong)) {
            header.push_str(delimiter);
            header.push_str(label);
        }
        let mut bytes = format!("{header}\n").into_bytes();
        let mut lines = Vec::new();
        let count = if is_long { MANY_LINES } else { 1 + index(chance, 4) };
        for _ in 0..count {
            let cells = columns.iter().map(|column| (*column, cell(chance, column)));
            let cells: Vec<(&str, String)> = cells.collect();
            let mut raw = cells.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(delimiter);
            if extra.is_some() {
                raw.push_str(delimiter);
                raw.push('x');
            }
            let is_bad = chance.below(9) == 0;
            if is_bad {
                raw.push_str(&["", "too", "much"].join(delimiter));
            }
            raw.push('\n');
            bytes.extend_from_slice(raw.as_bytes());
            let good = cells.into_iter().filter(|(_, text)| !text.is_empty());
            let good: Line = good.map(|(column, text)| (column.to_owned(), text)).collect();
            lines.push((raw.into_bytes(), (!is_bad).then_some(good)));
        }
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Self { scope, subsection, group, day, columns, is_valid, lines, bytes: bytes.into() }
    }
}

fn cell(chance: &mut Chance, column: &str) -> String {
    let of = match column {
        "email" | "contact" => &["a@x.org", "b@x.org", "c@x.org"][..],
        "firstname" => &["", "Ada", "Bob"][..],
        "lastname" => &["", "Byron", "Cole", "Dee"][..],
        "card_code" => &["2990000000019", "2990000000026"][..],
        "points" => &["1", "20", "-3"][..],
        "batch_id" => &["B1", "B2", "B3", "B4"][..],
        _ => &["2026-01-31T02:00:00Z", "2026-02-01T02:00:00Z"][..],
    };
    pick(chance, of).to_owned()
}

/// A tar archive of these files.
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut archive = Vec::new();
    for Member { file, data } in members {
        let mut header = Vec::with_capacity(512);
        let size = format!("{:011o}\0", data.bytes.len());
        let parts: [(usize, &[u8]); 8] = [
            (100, file.as_bytes()),
            (8, b"0000644\0"),
            (8, b"0000000\0"),
            (8, b"0000000\0"),
            (12, size.as_bytes()),
            (12, b"00000000000\0"),
            (8, b"        "),
            (101, b"0"),
        ];
        let mut end = 0;
        for (width, part) in parts {
            header.extend_from_slice(part);
            end += width;
            header.resize(end, 0);
        }
        header.extend_from_slice(b"ustar\x0000");
        header.resize(512, 0);
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header.splice(148..156, format!("{sum:06o}\0 ").into_bytes());
        archive.extend_from_slice(&header);
        archive.extend_from_slice(&data.bytes);
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1_024, 0);
    archive
}
