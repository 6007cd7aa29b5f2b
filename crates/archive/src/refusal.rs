//! Why an archive is not taken, told so that its sender can mend it.

use std::fmt;
use std::io;

use crate::printable::printable;

/// The ground for a refusal. The text of a code is stable: programs may compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// More entries than [`Limits::members`](crate::Limits::members).
    TooManyMembers,
    /// A member unpacks to more than [`Limits::member_bytes`](crate::Limits::member_bytes).
    MemberTooLarge,
    /// All together unpack to more than [`Limits::total_bytes`](crate::Limits::total_bytes).
    ArchiveTooLarge,
    /// Compressed harder than [`Limits::ratio`](crate::Limits::ratio): how bombs are built.
    RatioTooHigh,
    /// A name that is empty, too long, not UTF-8, absolute, leads out of its folder, or
    /// holds control or direction-changing characters. Names in old code pages are not
    /// guessed at: which one was meant is written nowhere. Folders may have such names,
    /// because they are not used.
    UnsafeName,
    /// A symbolic or hard link.
    Link,
    /// A device, pipe, socket, sparse file or anything else that is not a plain file.
    SpecialFile,
    /// Two members with one name, once folders and case are ignored.
    DuplicateName,
    /// A member that is an archive itself, by its name or its content.
    NestedArchive,
    /// A member that needs a password.
    EncryptedMember,
    /// A member compressed by a method other than stored, deflate or bzip2.
    UnsupportedCompression,
    /// Two members that share bytes of a zip: how the densest bombs are built.
    OverlappingMembers,
    /// Damaged or contradictory: checksums, sizes, headers.
    Corrupt,
    /// The end is missing.
    Truncated,
    /// Something that is not part of the archive follows it.
    TrailingGarbage,
    /// No bytes, or no members.
    EmptyArchive,
    /// The content is not what the extension says.
    NotAnArchive,
}

impl RefusalCode {
    /// The stable text of the code, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooManyMembers => "too-many-members",
            Self::MemberTooLarge => "member-too-large",
            Self::ArchiveTooLarge => "archive-too-large",
            Self::RatioTooHigh => "ratio-too-high",
            Self::UnsafeName => "unsafe-name",
            Self::Link => "link",
            Self::SpecialFile => "special-file",
            Self::DuplicateName => "duplicate-name",
            Self::NestedArchive => "nested-archive",
            Self::EncryptedMember => "encrypted-member",
            Self::UnsupportedCompression => "unsupported-compression",
            Self::OverlappingMembers => "overlapping-members",
            Self::Corrupt => "corrupt",
            Self::Truncated => "truncated",
            Self::TrailingGarbage => "trailing-garbage",
            Self::EmptyArchive => "empty-archive",
            Self::NotAnArchive => "not-an-archive",
        }
    }

    /// How the sender can mend it; closes every message.
    fn advice(self) -> &'static str {
        match self {
            Self::TooManyMembers | Self::ArchiveTooLarge => "spread the files over several archives",
            Self::MemberTooLarge => "split the file into smaller ones",
            Self::RatioTooHigh => "send this file uncompressed if it is meant to be so repetitive",
            Self::UnsafeName => {
                "rename the file to plain letters, digits, '_', '-' and '.', and pack it again"
            }
            Self::Link => "pack the file itself instead of a link to it",
            Self::SpecialFile => "pack plain files only",
            Self::DuplicateName => "give each file its own name: folders and case do not count",
            Self::NestedArchive => "put its files directly into this archive, and drop a workbook by itself",
            Self::EncryptedMember => "pack without a password",
            Self::UnsupportedCompression => "pack with deflate, the usual method of zip programs",
            Self::OverlappingMembers | Self::Corrupt => {
                "pack the files again and test the archive before sending it"
            }
            Self::Truncated => "send the whole archive again",
            Self::TrailingGarbage => "pack the files again and add nothing behind the archive",
            Self::EmptyArchive => "put at least one file into it",
            Self::NotAnArchive => "give the file the extension of what it is, or pack it",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why an archive was not taken: a finding about the sender's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The ground.
    pub code: RefusalCode,
    /// The member at fault, as the archive names it, made printable and shortened. `None`
    /// when the archive as a whole is at fault.
    pub member: Option<String>,
    /// What was found, against what was expected, and how to mend it. One line.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, what: impl fmt::Display) -> Self {
        Self { code, member: None, message: format!("{what}; {}", code.advice()) }
    }

    /// Says which member it is about; `path` may be anything, it is made printable.
    pub(crate) fn of(mut self, path: impl AsRef<[u8]>) -> Self {
        self.member = Some(printable(path.as_ref()));
        self
    }

    /// What a failed read says about the archive. A failing source is told apart in
    /// [`extract`](crate::extract), so whatever comes here is about the bytes.
    pub(crate) fn io(member: Option<&[u8]>, error: &io::Error) -> Self {
        let refusal = if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::new(RefusalCode::Truncated, "the data end too early")
        } else {
            Self::new(RefusalCode::Corrupt, format_args!("the data are damaged ({error})"))
        };
        match member {
            Some(member) => refusal.of(member),
            None => refusal,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.member {
            Some(member) => write!(formatter, "{}: {member}: {}", self.code, self.message),
            None => write!(formatter, "{}: {}", self.code, self.message),
        }
    }
}

/// Why an archive was not extracted to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError<E> {
    /// The archive is bad: a finding about the sender's data. Trying again gives the same.
    #[error("the archive is refused: {0}")]
    Refused(Refusal),
    /// The bytes of the archive could not be read, or there were fewer than the source had
    /// said. This is about us or the platform; trying again may help.
    #[error("the archive could not be read")]
    Source(#[source] io::Error),
    /// The sink did not take a member.
    #[error("a member of the archive could not be taken")]
    Sink(#[source] E),
}

impl<E> From<Refusal> for ExtractError<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
