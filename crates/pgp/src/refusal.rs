//! Why a message is not decrypted, told so that its sender can fix it.

use std::fmt;
use std::io;

/// The ground for a refusal. The text of a code is stable: programs may compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The file is no encrypted message: text, a signature, a key, nothing at all.
    NotEncrypted,
    /// The message is encrypted with a password only, and for no key.
    PasswordOnly,
    /// The message is encrypted for other keys than those that were given.
    OtherKey,
    /// The message has no protection against changes, so anybody may have changed it.
    Unprotected,
    /// The message was changed or damaged on its way.
    Modified,
    /// The message ends too early.
    Truncated,
    /// The bytes are none that programs for `OpenPGP` write.
    Corrupt,
    /// Something follows the message.
    TrailingGarbage,
    /// The message uses what is not supported; it says what.
    Unsupported,
    /// One of the limits on sizes is exceeded.
    TooLarge,
    /// The content is much larger than what it was compressed to.
    RatioTooHigh,
}

impl RefusalCode {
    /// The stable text of the code, in kebab-case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotEncrypted => "not-encrypted",
            Self::PasswordOnly => "password-only",
            Self::OtherKey => "other-key",
            Self::Unprotected => "no-integrity-protection",
            Self::Modified => "modified",
            Self::Truncated => "truncated",
            Self::Corrupt => "corrupt",
            Self::TrailingGarbage => "trailing-garbage",
            Self::Unsupported => "unsupported-encryption",
            Self::TooLarge => "too-large",
            Self::RatioTooHigh => "ratio-too-high",
        }
    }

    /// How the sender can fix it; closes every message.
    fn advice(self) -> &'static str {
        match self {
            Self::NotEncrypted => "drop the encrypted file, or the file itself without this ending",
            Self::PasswordOnly | Self::OtherKey => {
                "encrypt the file for the public key that the operator of this deployment gives out"
            }
            Self::Unprotected => "encrypt the file again without options that switch the protection off",
            Self::Modified | Self::Corrupt => "encrypt the file again and send it in binary mode",
            Self::Truncated => "send the whole file again",
            Self::TrailingGarbage => "put one message into a file, and nothing behind it",
            Self::Unsupported => "encrypt the file with GnuPG and its usual options",
            Self::TooLarge => "split the file into smaller ones",
            Self::RatioTooHigh => "send this file uncompressed if it is meant to be so repetitive",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Why a message was not decrypted: a finding about the sender's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The ground.
    pub code: RefusalCode,
    /// What was found, against what was expected, and how to fix it. One line.
    pub message: String,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, what: impl fmt::Display) -> Self {
        Self { code, message: format!("{what}; {}", code.advice()) }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code, self.message)
    }
}

/// Why a message was not decrypted to its end.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError<E> {
    /// The message is bad: a finding about the sender's file. Trying again gives the same.
    #[error("the message is refused: {0}")]
    Refused(Refusal),
    /// The bytes of the message could not be read, or there were fewer than the source had said. This is about us or the
    /// platform; trying again may help.
    #[error("the message could not be read")]
    Source(#[source] io::Error),
    /// The sink did not take the content.
    #[error("the content of the message could not be taken")]
    Sink(#[source] E),
}
