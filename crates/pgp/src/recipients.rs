//! For which keys a message is encrypted: the packets before the encrypted data.

use std::io::{Read, copy, sink};

use pgp::composed::PlainSessionKey;
use pgp::packet::{PacketHeader, PublicKeyEncryptedSessionKey};
use pgp::types::{EskType, PkeskVersion, Tag};

use crate::keys::Keys;
use crate::packets::{Packets, damaged, tag};
use crate::refusal::{Refusal, RefusalCode};

/// The most bytes of a session key: an answer of the largest keys has about 2,000.
const MOST_BYTES: u64 = 8 << 10;
/// How many session keys are tried at most. To try one costs arithmetic, and many may hide for whom they are.
const MOST: usize = 64;
/// How many ids of keys a refusal names.
const NAMED: usize = 4;

/// The session keys that may be for one of our keys.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    ours: Vec<PublicKeyEncryptedSessionKey>,
    others: Vec<String>,
    others_count: u64,
    has_password: bool,
}

/// What encrypted data is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The packet of the standards, in one of its versions.
    Standard,
    /// The packet of `GnuPG` for authenticated encryption.
    Gnupg,
}

/// Reads up to the encrypted data.
pub(crate) fn read<R: Read>(packets: &mut Packets<R>, keys: &Keys) -> Result<(Recipients, Kind), Refusal> {
    let mut recipients = Recipients::default();
    let refuse = |code, what: &str| Err(Refusal::new(code, what));
    let mut is_first = true;
    loop {
        let Some(tag) = packets.next().map_err(|error| damaged(&error))? else {
            return refuse(RefusalCode::Truncated, "the file ends before the encrypted data");
        };
        match tag {
            tag::PUBLIC_KEY_SESSION => recipients.add(packets, keys)?,
            tag::PASSWORD_SESSION => recipients.has_password = true,
            tag::PROTECTED => return Ok((recipients, Kind::Standard)),
            tag::GNUPG_AEAD => return Ok((recipients, Kind::Gnupg)),
            tag::UNPROTECTED => {
                return refuse(RefusalCode::Unprotected, "the message has no protection against changes");
            }
            tag::MARKER | tag::PADDING => {}
            tag::SIGNATURE | tag::ONE_PASS_SIGNATURE if is_first => {
                return refuse(RefusalCode::NotEncrypted, "the file is signed, not encrypted");
            }
            tag::LITERAL | tag::COMPRESSED if is_first => {
                return refuse(
                    RefusalCode::NotEncrypted,
                    "the file is packed as a message, but not encrypted",
                );
            }
            tag::SECRET_KEY | tag::PUBLIC_KEY if is_first => {
                return refuse(RefusalCode::NotEncrypted, "the file is a key, not an encrypted file");
            }
            tag if tag >= tag::FIRST_NOT_CRITICAL => {}
            tag => {
                let what = format!("a packet of kind {tag} stands where encrypted data should begin");
                return refuse(RefusalCode::Corrupt, &what);
            }
        }
        is_first = false;
        copy(packets, &mut sink()).map_err(|error| damaged(&error))?;
    }
}

impl Recipients {
    fn add<R: Read>(&mut self, packets: &mut Packets<R>, keys: &Keys) -> Result<(), Refusal> {
        let body = packets.body(MOST_BYTES).map_err(|error| damaged(&error))?;
        let session = body.and_then(|body| {
            let length = u32::try_from(body.len()).ok()?;
            let header = PacketHeader::new_fixed(Tag::PublicKeyEncryptedSessionKey, length);
            PublicKeyEncryptedSessionKey::try_from_reader(header, &body[..]).ok()
        });
        match session {
            Some(session) if keys.are_named_by(&session) => {
                if self.ours.len() < MOST {
                    self.ours.push(session);
                }
            }
            session => {
                self.others_count += 1;
                let name = session.as_ref().and_then(name);
                if let Some(name) = name.filter(|_| self.others.len() < NAMED) {
                    self.others.push(name);
                }
            }
        }
        Ok(())
    }

    /// The key of the encrypted data, by session keys of this version.
    pub(crate) fn session_key(&self, keys: &Keys, version: PkeskVersion) -> Result<PlainSessionKey, Refusal> {
        let kind = if version == PkeskVersion::V6 { EskType::V6 } else { EskType::V3_4 };
        let mut fitting = self.ours.iter().filter(|session| session.version() == version).peekable();
        if fitting.peek().is_none() {
            return Err(self.none(keys));
        }
        fitting.find_map(|session| keys.decrypt(session, kind)).ok_or_else(|| self.modified())
    }

    /// Why a message that is for one of our keys is not decrypted. Whether the session key or the data are wrong is not
    /// said: an attacker who may ask often would learn session keys from it.
    pub(crate) fn modified(&self) -> Refusal {
        let hides = |session: &PublicKeyEncryptedSessionKey| match session {
            PublicKeyEncryptedSessionKey::V3 { id, .. } => id.is_wildcard(),
            PublicKeyEncryptedSessionKey::V6 { fingerprint, .. } => fingerprint.is_none(),
            PublicKeyEncryptedSessionKey::Other { .. } => false,
        };
        let what = if self.ours.iter().any(hides) {
            "the message was changed or damaged on its way, or it is for another key and hides for which"
        } else {
            "the message was changed or damaged on its way"
        };
        Refusal::new(RefusalCode::Modified, what)
    }

    /// Why none of our keys decrypts a message.
    fn none(&self, keys: &Keys) -> Refusal {
        if self.others_count == 0 && self.ours.is_empty() {
            let what = if self.has_password {
                "the message is encrypted with a password, not for a key"
            } else {
                "the message does not say for which key it is encrypted"
            };
            return Refusal::new(RefusalCode::PasswordOnly, what);
        }
        let more = self.others_count.saturating_sub(self.others.len() as u64);
        let mut others = self.others.clone();
        if more > 0 {
            others.push(format!("{more} more"));
        }
        let (others, ours) = (others.join(", "), keys.names().join(", "));
        let what = format!("the message is encrypted for the key {others}, and not for {ours}");
        Refusal::new(RefusalCode::OtherKey, what)
    }
}

/// The id of the key that a session key is for.
fn name(session: &PublicKeyEncryptedSessionKey) -> Option<String> {
    match session {
        PublicKeyEncryptedSessionKey::V3 { id, .. } => Some(id.to_string().to_uppercase()),
        PublicKeyEncryptedSessionKey::V6 { fingerprint, .. } => {
            fingerprint.as_ref().map(|fingerprint| fingerprint.to_string().to_uppercase())
        }
        PublicKeyEncryptedSessionKey::Other { .. } => None,
    }
}
