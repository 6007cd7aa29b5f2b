//! One block of a tar archive that describes an entry.
//!
//! The `tar` library knows the fields; what it would let pass is refused here.

use crate::refusal::{Refusal, RefusalCode};
use crate::tar_block::{BLOCK, checksum_fits};

/// A header block whose checksum fits.
pub(crate) struct Header<'a> {
    fields: &'a tar::Header,
    /// What kind of entry it is; the letters and digits are those of the format.
    pub(crate) kind: u8,
    /// Bytes of data that follow.
    pub(crate) size: u64,
}

impl<'a> Header<'a> {
    /// `position` is where the block lies in the tar, for the message.
    pub(crate) fn parse(block: &'a [u8; BLOCK], position: u64) -> Result<Self, Refusal> {
        let fields = tar::Header::from_byte_slice(block);
        let refuse = |what: &str| {
            let what = format_args!("the tar header at byte {position} {what}");
            Refusal::new(RefusalCode::Corrupt, what).of(fields.path_bytes())
        };
        if !checksum_fits(fields) {
            return Err(refuse("has a wrong checksum"));
        }
        let size = size(fields).ok_or_else(|| refuse("has no valid size"))?;
        Ok(Self { fields, kind: fields.entry_type().as_byte(), size })
    }

    /// The path as far as the header holds it.
    pub(crate) fn path(&self) -> Vec<u8> {
        self.fields.path_bytes().into_owned()
    }
}

/// Octal digits, or binary when the first bit is set. The library would also take a sign, and
/// of a binary number only the last eight bytes.
fn size(fields: &tar::Header) -> Option<u64> {
    let field = &fields.as_old().size;
    let is_octal = field.iter().all(|byte| matches!(byte, b'0'..=b'7' | b' ' | 0));
    let is_binary = field.starts_with(&[0x80, 0, 0, 0]);
    if is_octal || is_binary { fields.entry_size().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(field: &[u8]) -> Option<u64> {
        let mut fields = tar::Header::new_old();
        fields.as_old_mut().size[..field.len()].copy_from_slice(field);
        size(&fields)
    }

    #[test]
    fn numbers_come_in_octal_and_binary() {
        assert_eq!(number(b"00000001750\0"), Some(1000));
        assert_eq!(number(b"  1750 \0\0\0\0\0"), Some(1000));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), Some(1 << 33));
        for bad in [
            &b"+1"[..],
            b"-1",
            b"8",
            b"",
            b"\0\0",
            b"\x80\0\0\x01\0\0\0\0\0\0\0\x03",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(number(bad), None, "{bad:?}");
        }
    }
}
