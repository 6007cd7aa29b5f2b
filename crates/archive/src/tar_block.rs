//! How a block of a tar archive is told from other bytes: by its checksum, or by the magic of newer formats.

/// Everything in a tar comes in blocks of this many bytes.
pub(crate) const BLOCK: usize = 512;

const MAGIC: &[u8] = b"ustar";

/// The sum of all bytes, with spaces for the checksum itself. Some old programs summed
/// signed bytes; GNU tar accepts that too.
pub(crate) fn checksum_fits(fields: &tar::Header) -> bool {
    let Ok(wanted) = fields.cksum() else {
        return false;
    };
    let summed = || {
        let byte = |(index, byte): (usize, &u8)| if (148..156).contains(&index) { b' ' } else { *byte };
        fields.as_bytes().iter().enumerate().map(byte)
    };
    let unsigned: u32 = summed().map(u32::from).sum();
    let signed: i32 = summed().map(|byte| i32::from(byte.cast_signed())).sum();
    wanted == unsigned || u32::try_from(signed).is_ok_and(|signed| wanted == signed)
}

/// Whether a tar begins like this. The oldest format has no magic, but a checksum.
pub(crate) fn looks_like_tar(head: &[u8]) -> bool {
    let has_magic = head.get(257..).is_some_and(|rest| rest.starts_with(MAGIC));
    let block = head.first_chunk::<BLOCK>();
    has_magic || block.is_some_and(|block| checksum_fits(tar::Header::from_byte_slice(block)))
}
