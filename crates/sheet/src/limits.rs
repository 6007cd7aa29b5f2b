//! How much one workbook may cost.

/// What a workbook may hold at most. Each limit is judged while reading, on what is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The limits of the zip that the workbook is: parts, their unpacked bytes, and the ratio of both.
    pub archive: tidewaiter_archive::Limits,
    /// Sheets. 1,000 by default.
    pub sheets: usize,
    /// Different texts of the whole workbook (shared strings). Each costs four bytes of memory. 8,000,000 by default.
    pub strings: usize,
    /// Bytes of shared strings that are kept in memory; the rest goes to the [`Scratch`](crate::Scratch).
    /// 16 MiB by default.
    pub resident_bytes: usize,
    /// Bytes of one text, and of one tag with its attributes. 1 MiB by default: a cell of Excel has at most 32,767
    /// characters, which some writers spell as seven bytes each.
    pub text_bytes: usize,
    /// Bytes of all texts of one row. 16 MiB by default.
    pub row_bytes: usize,
    /// Cell formats. 65,536 by default, slightly more than Excel allows.
    pub styles: usize,
    /// Elements within each other. 64 by default; a sheet needs six.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive: tidewaiter_archive::Limits::default(),
            sheets: 1_000,
            strings: 8_000_000,
            resident_bytes: 16 << 20,
            text_bytes: 1 << 20,
            row_bytes: 16 << 20,
            styles: 1 << 16,
            depth: 64,
        }
    }
}
