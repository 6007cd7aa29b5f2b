//! One record of the directory of a zip.

use flate2::Crc;

use crate::fields::Fields;
use crate::name::last;
use crate::printable::printable;
use crate::refusal::{Refusal, RefusalCode};

/// Bytes of a record before the name.
pub(super) const RECORD_BYTES: usize = 46;

/// The flag of encrypted members, in both headers.
pub(super) const ENCRYPTED: u16 = 1;
const PATCHED: u16 = 1 << 5;
const STRONGLY_ENCRYPTED: u16 = 1 << 6;
const MASKED: u16 = 1 << 13;

const SIGNATURE: u32 = 0x0201_4b50;
const ZIP64: u16 = 1;
const UNICODE_PATH: u16 = 0x7075;
const AES: u16 = 99;

const FILE_TYPE: u32 = 0o170_000;
const TYPE_FIFO: u32 = 0o010_000;
const TYPE_FOLDER: u32 = 0o040_000;
const TYPE_FILE: u32 = 0o100_000;
const TYPE_LINK: u32 = 0o120_000;

/// How a member is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflate,
    Bzip2,
}

impl Method {
    pub(super) fn id(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflate => 8,
            Self::Bzip2 => 12,
        }
    }
}

/// The fixed part of a record, then completed from its extra field.
pub(super) struct Record {
    flags: u16,
    method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    pub(super) name_len: u16,
    pub(super) extra_len: u16,
    pub(super) comment_len: u16,
    disk: u16,
    mode: u32,
    pub(super) offset: u64,
}

impl Record {
    /// `None` when this is no record of a directory.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut fields = Fields(bytes);
        if fields.u32()? != SIGNATURE {
            return None;
        }
        fields.bytes(4)?; // versions
        let (flags, method) = (fields.u16()?, fields.u16()?);
        fields.bytes(4)?; // time and date
        let crc = fields.u32()?;
        let (packed, size) = (fields.u32()?.into(), fields.u32()?.into());
        let (name_len, extra_len, comment_len) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        fields.bytes(2)?; // internal attributes
        // Unix programs keep the mode in the upper half; others leave it zero.
        let mode = fields.u32()? >> 16;
        let offset = fields.u32()?.into();
        Some(Self { flags, method, crc, packed, size, name_len, extra_len, comment_len, disk, mode, offset })
    }

    /// Takes what was too large for the fixed part from the extra fields. `None` when it is
    /// not there, or there twice, or the member lies in another part of a split archive.
    pub(super) fn complete(&mut self, extra: &[u8]) -> Option<()> {
        let is_long = |value: u64| value == u64::from(u32::MAX);
        let mut has_zip64 = false;
        for field in extra_fields(extra) {
            let (id, body) = field?;
            if id == ZIP64 {
                if std::mem::replace(&mut has_zip64, true) {
                    return None;
                }
                let mut body = Fields(body);
                for value in [&mut self.size, &mut self.packed, &mut self.offset] {
                    if is_long(*value) {
                        *value = body.u64()?;
                    }
                }
                if self.disk == u16::MAX {
                    self.disk = u16::try_from(body.u32()?).ok()?;
                }
            }
        }
        let is_complete = ![self.size, self.packed, self.offset].into_iter().any(is_long);
        (self.disk == 0 && is_complete).then_some(())
    }

    pub(super) fn is_folder(&self) -> bool {
        self.mode & FILE_TYPE == TYPE_FOLDER
    }

    /// Refuses what is not a plain file that everybody can open.
    pub(super) fn check_kind(&self) -> Result<(), Refusal> {
        let refuse = |code, what: &str| Err(Refusal::new(code, what));
        match self.mode & FILE_TYPE {
            // `… | zip a.zip -` marks what it read from the pipe as a pipe; it is a file now.
            0 | TYPE_FILE | TYPE_FIFO => {}
            TYPE_LINK => return refuse(RefusalCode::Link, "the member is a symbolic link"),
            _ => return refuse(RefusalCode::SpecialFile, "the member is a device or socket"),
        }
        if self.flags & (ENCRYPTED | STRONGLY_ENCRYPTED | MASKED) != 0 || self.method == AES {
            return refuse(RefusalCode::EncryptedMember, "the member is encrypted");
        }
        Ok(())
    }

    pub(super) fn method(&self) -> Result<Method, Refusal> {
        let method = [Method::Stored, Method::Deflate, Method::Bzip2]
            .into_iter()
            .find(|method| method.id() == self.method && self.flags & PATCHED == 0);
        method.ok_or_else(|| {
            let what = format_args!("the member is compressed by {}", method_label(self.method));
            Refusal::new(RefusalCode::UnsupportedCompression, what)
        })
    }
}

/// The extra fields of a header: kind and content. `None` in place of one that is longer than what is left.
fn extra_fields(mut extra: &[u8]) -> impl Iterator<Item = Option<(u16, &[u8])>> {
    std::iter::from_fn(move || {
        let mut fields = Fields(extra);
        // Some programs pad the fields with less than a whole header.
        let (id, len) = (fields.u16()?, fields.u16()?);
        let body = fields.bytes(len.into());
        extra = if body.is_some() { fields.0 } else { &[] };
        Some(body.map(|body| (id, body)))
    })
}

/// Refuses a member that has another name in an extra field of Info-ZIP than in its header: programs read either. The field
/// holds a checksum of the name that it replaces; where it does not fit, all programs pass over the field. It was made for
/// names in old code pages: of such a path only the last part is compared, the one that is used.
pub(super) fn check_names(name: &[u8], extra: &[u8]) -> Result<(), Refusal> {
    for (_, body) in extra_fields(extra).flatten().filter(|(id, _)| *id == UNICODE_PATH) {
        let mut fields = Fields(body);
        let (Some(_), Some(crc)) = (fields.bytes(1), fields.u32()) else { continue };
        let mut replaced = Crc::new();
        replaced.update(name);
        let is_old = std::str::from_utf8(name).is_err();
        let is_same = if is_old { last(fields.0) == last(name) } else { fields.0 == name };
        if crc == replaced.sum() && !is_same {
            let what = format_args!("the member has a second name, {}", printable(fields.0));
            return Err(Refusal::new(RefusalCode::Corrupt, what).of(name));
        }
    }
    Ok(())
}

/// What people know a method by.
fn method_label(id: u16) -> String {
    let label = match id {
        1 => "Shrink",
        6 => "Implode",
        9 => "Deflate64",
        14 => "LZMA",
        93 => "Zstandard",
        95 => "XZ",
        98 => "PPMd",
        _ => return format!("the method {id}"),
    };
    format!("{label} (method {id})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(size: u64, packed: u64, offset: u64) -> Record {
        let (flags, method, crc, mode, disk) = (0, 8, 0, 0, 0);
        let (name_len, extra_len, comment_len) = (0, 0, 0);
        Record { flags, method, crc, packed, size, name_len, extra_len, comment_len, disk, mode, offset }
    }

    #[test]
    fn long_values_come_from_the_extra_field() {
        let long = u64::from(u32::MAX);
        let mut extra = vec![0x55, 0x54, 1, 0, 9]; // another field comes first
        extra.extend([1, 0, 16, 0]);
        extra.extend((1_u64 << 40).to_le_bytes());
        extra.extend(7_u64.to_le_bytes());
        let mut completed = record(long, 5, long);
        assert_eq!(completed.complete(&extra), Some(()));
        assert_eq!((completed.size, completed.packed, completed.offset), (1 << 40, 5, 7));
    }

    #[test]
    fn missing_long_values_are_noticed() {
        let long = u64::from(u32::MAX);
        for extra in [&[][..], &[1, 0, 8, 0, 0], &[1, 0, 0, 0], &[9, 9, 1, 0, 0]] {
            assert_eq!(record(long, 5, 0).complete(extra), None, "{extra:?}");
        }
        assert_eq!(record(1, 2, 3).complete(&[0, 0]), Some(()));
        let field = [&[1, 0, 8, 0][..], &7_u64.to_le_bytes()].concat();
        assert_eq!(record(long, 5, 0).complete(&field), Some(()));
        assert_eq!(record(long, 5, 0).complete(&field.repeat(2)), None, "either could count");
    }
}
