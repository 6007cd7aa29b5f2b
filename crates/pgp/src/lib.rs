//! Decrypts files that may be broken or hostile, as streams, within limits.
//!
//! Partners encrypt with `gpg`, or with what else writes `OpenPGP` messages: armored or not, for one key or several. [`decrypt`]
//! hands what is in a message to a [`Sink`] as one member. Three outcomes are kept apart, as for archives:
//!
//! * [`DecryptError::Refused`]: the message is bad. This is a finding about the partner's file, with a stable code, and how
//!   to fix it.
//! * [`DecryptError::Source`]: the bytes could not be read. Ours; retry.
//! * [`DecryptError::Sink`]: what the caller does with the content failed. The caller's.
//!
//! # Nothing counts before the end
//!
//! A message is decrypted as it is read, so the sink gets bytes before their integrity is verified. [`Sink::end`] is called only after the last byte of the file was read, and the integrity protection of the
//! message was found to be right. A message without such protection is refused before it is decrypted. What is wrong
//! within a message is told only if the message is as it was sent: otherwise the answers would tell an attacker, bit by
//! bit, what an intercepted message says.
//!
//! # Memory
//!
//! Constant: buffers, the window of a decompressor, one chunk of an authenticated message (4 MiB at most, held twice),
//! and at most 64 session keys. This is why packets are walked here, and why `pgp` (rPGP) only does what
//! is cryptography: its reader of messages collects padding, signatures and session keys of any size.
//!
//! # What is taken
//!
//! Messages with a modification detection code (version 1), with authenticated encryption (version 2 of RFC 9580, and that
//! of `GnuPG`), compressed once or not. A signature within the message is skipped: it is no reason to trust the
//! sender, and its lack is none not to.

mod armor;
mod container;
mod content;
mod keys;
mod packets;
mod recipients;
mod refusal;
mod source;
mod verdict;

use std::io::{Read, Seek};

pub use tidewaiter_archive::{Limits, Sink};

pub use crate::keys::{KeyError, Keys};
pub use crate::refusal::{DecryptError, Refusal, RefusalCode};

use crate::armor::Message;
use crate::container::Container;
use crate::content::Content;
use crate::packets::Packets;
use crate::source::Source;
use crate::verdict::{Stop, Verdict};

/// What a message held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decrypted {
    /// How many bytes the sink got.
    pub bytes: u64,
    /// Whether the message is signed. By whom is not looked at.
    pub is_signed: bool,
}

/// Decrypts the message in `source` with one of `keys`, and hands what it holds to `sink` as a member of this name.
///
/// The source must answer `SeekFrom::End` with its true length: fewer bytes than that are a failure of the source, not a
/// cut message. It is read once, forward. The name that the message gives its content is ignored: it is
/// not seen before, and it survives renaming.
///
/// # Errors
/// [`DecryptError`]. Then [`Sink::end`] was not called, and what the sink got is to be discarded.
pub fn decrypt<R: Read + Seek, S: Sink>(
    source: R,
    name: &str,
    keys: &Keys,
    limits: &Limits,
    sink: &mut S,
) -> Result<Decrypted, DecryptError<S::Error>> {
    let outer = Verdict::default();
    let source = Source::open(source, &outer).map_err(DecryptError::Source)?;
    let mut content = Content::new(name, limits, source.position(), sink);
    let read = read(source, keys, &outer, &mut content);
    match (outer.take(), read) {
        (Some(Stop::Source(error)), _) => Err(DecryptError::Source(error)),
        (Some(Stop::Refused(refusal)), _) | (None, Err(refusal)) => match content.into_failure() {
            Some(error) => Err(DecryptError::Sink(error)),
            None => Err(DecryptError::Refused(refusal)),
        },
        (None, Ok(())) => content.finish().map_err(DecryptError::Sink),
    }
}

/// Reads a message from its first byte to its last.
fn read<R: Read + Seek, S: Sink>(
    source: Source<R>,
    keys: &Keys,
    outer: &Verdict,
    content: &mut Content<'_, S>,
) -> Result<(), Refusal> {
    let mut packets = Packets::new(Message::open(source, outer)?, outer);
    let (recipients, kind) = recipients::read(&mut packets, keys)?;
    let mut container = Container::open(&mut packets, kind, keys, &recipients)?;
    let walked = content.walk(&mut container);
    if content.has_failed() {
        return walked;
    }
    container.verify()?;
    walked?;
    drop(container);
    packets.expect_end()
}
