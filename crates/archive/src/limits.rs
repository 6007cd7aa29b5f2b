//! How much one archive may cost, so that a small upload cannot fill a disk.

/// What an archive may hold at most. Each limit is judged while streaming, on what is
/// measured, and beforehand where the archive declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Entries, counting folders and the metadata of packing programs too: they cost as
    /// much to read as members do. 10,000 by default.
    pub members: u64,
    /// Unpacked bytes of one member. 50 GiB by default.
    pub member_bytes: u64,
    /// Unpacked bytes of the whole archive; for compressed tar archives the headers and
    /// padding of the tar count too. 100 GiB by default.
    pub total_bytes: u64,
    /// Unpacked bytes per compressed byte, judged once more than [`RATIO_FLOOR`] came out.
    /// 1,000 by default: text rarely passes 50, and deflate cannot pass 1,032.
    pub ratio: u64,
}

/// Unpacked bytes below which [`Limits::ratio`] is not judged: small files of repeated content compress extremely
/// well and do no harm.
pub const RATIO_FLOOR: u64 = 1 << 20;

impl Default for Limits {
    fn default() -> Self {
        Self { members: 10_000, member_bytes: 50 << 30, total_bytes: 100 << 30, ratio: 1_000 }
    }
}

impl Limits {
    /// Whether `unpacked` bytes out of `packed` ones are more than the ratio allows.
    pub fn is_bomb(&self, unpacked: u64, packed: u64) -> bool {
        unpacked > RATIO_FLOOR && unpacked > packed.saturating_mul(self.ratio)
    }
}
