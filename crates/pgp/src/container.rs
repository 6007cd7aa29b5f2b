//! The encrypted data of a message. What it gives counts when [`Container::verify`] says so, and not before.

use std::io::{self, BufReader, Read, copy, sink};

use pgp::composed::PlainSessionKey;
use pgp::crypto::aead::{self, AeadAlgorithm, ChunkSize};
use pgp::crypto::sym::{self, SymmetricKeyAlgorithm};
use pgp::types::{PkeskVersion, Seipdv1ReadMode};

use crate::keys::Keys;
use crate::packets::{Packets, damaged};
use crate::recipients::{Kind, Recipients};
use crate::refusal::{Refusal, RefusalCode};

/// The bytes of the packet that holds the encrypted data.
type Body<'a, R> = BufReader<&'a mut Packets<R>>;

/// Encrypted data, decrypted as they are read.
pub(crate) struct Container<'a, R: Read> {
    stream: Stream<Body<'a, R>>,
    /// What is said if it is not as it was sent.
    modified: Refusal,
    /// It is not: what comes after that means nothing.
    is_modified: bool,
}

enum Stream<B: io::BufRead> {
    /// With a modification detection code at the end.
    Mdc(Box<sym::StreamDecryptor<B>>),
    /// Authenticated chunk by chunk, and as a whole at the end.
    Aead(Box<aead::StreamDecryptor<B>>),
}

impl<'a, R: Read> Container<'a, R> {
    /// Begins to decrypt the body of the packet that was begun last.
    pub(crate) fn open(
        packets: &'a mut Packets<R>,
        kind: Kind,
        keys: &Keys,
        recipients: &Recipients,
    ) -> Result<Self, Refusal> {
        let unread = |error: io::Error| damaged(&error);
        let modified = recipients.modified();
        let [version] = packets.take().map_err(unread)?;
        let stream = match (kind, version) {
            (Kind::Standard, 1) => {
                let key = recipients.session_key(keys, PkeskVersion::V3)?;
                let PlainSessionKey::V3_4 { sym_alg, key } = &key else { return Err(modified) };
                let stream = sym_alg.stream_decryptor_protected(
                    Seipdv1ReadMode::Streaming,
                    key.as_ref(),
                    BufReader::new(packets),
                );
                Stream::Mdc(Box::new(stream.map_err(|_| modified.clone())?))
            }
            (Kind::Standard, 2) => {
                let (cipher, mode, chunk) = Self::parameters(packets)?;
                let salt = packets.take().map_err(unread)?;
                let key = recipients.session_key(keys, PkeskVersion::V6)?;
                let PlainSessionKey::V6 { key } = &key else { return Err(modified) };
                if key.len() != cipher.key_size() {
                    return Err(modified);
                }
                let body = BufReader::new(packets);
                let stream =
                    aead::StreamDecryptor::new_rfc9580(cipher, mode, chunk, &salt, key.as_ref(), body);
                Stream::Aead(Box::new(stream.map_err(|_| modified.clone())?))
            }
            (Kind::Gnupg, 1) => {
                let (cipher, mode, chunk) = Self::parameters(packets)?;
                let mut iv = vec![0; mode.iv_size()];
                packets.read_exact(&mut iv).map_err(unread)?;
                let key = recipients.session_key(keys, PkeskVersion::V3)?;
                let PlainSessionKey::V3_4 { sym_alg, key } = &key else { return Err(modified) };
                if *sym_alg != cipher || key.len() != cipher.key_size() {
                    return Err(modified);
                }
                let body = BufReader::new(packets);
                let stream = aead::StreamDecryptor::new_gnupg(cipher, mode, chunk, key.as_ref(), &iv, body);
                Stream::Aead(Box::new(stream.map_err(|_| modified.clone())?))
            }
            (_, version) => {
                let what = format!("the encrypted data are of version {version}");
                return Err(Refusal::new(RefusalCode::Unsupported, what));
            }
        };
        Ok(Self { stream, modified, is_modified: false })
    }

    /// Cipher, mode and size of chunks of authenticated data. What rPGP has no code for never reaches it.
    fn parameters(
        packets: &mut Packets<R>,
    ) -> Result<(SymmetricKeyAlgorithm, AeadAlgorithm, ChunkSize), Refusal> {
        let [cipher, mode, chunk] = packets.take().map_err(|error| damaged(&error))?;
        let (cipher, mode) = (SymmetricKeyAlgorithm::from(cipher), AeadAlgorithm::from(mode));
        let is_known = matches!(
            cipher,
            SymmetricKeyAlgorithm::AES128 | SymmetricKeyAlgorithm::AES192 | SymmetricKeyAlgorithm::AES256
        ) && matches!(mode, AeadAlgorithm::Eax | AeadAlgorithm::Ocb | AeadAlgorithm::Gcm);
        match ChunkSize::try_from(chunk) {
            Ok(chunk) if is_known => Ok((cipher, mode, chunk)),
            Ok(_) => {
                let what = format!("the message is encrypted by {cipher:?} in the mode {mode:?}");
                Err(Refusal::new(RefusalCode::Unsupported, what))
            }
            Err(_) => {
                let what = "the message is encrypted in chunks of more than 4 MiB";
                Err(Refusal::new(RefusalCode::Unsupported, what))
            }
        }
    }

    /// Reads what is left, and says whether all of it is as it was sent.
    pub(crate) fn verify(&mut self) -> Result<(), Refusal> {
        match copy(self, &mut sink()) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.modified.clone()),
        }
    }
}

impl<R: Read> Read for Container<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // A decryptor that failed may say that it is at the end when it is asked again.
        if self.is_modified {
            return Err(io::Error::other("the message was changed"));
        }
        let read = match &mut self.stream {
            Stream::Mdc(stream) => stream.read(buffer),
            Stream::Aead(stream) => stream.read(buffer),
        };
        self.is_modified = read.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        read
    }
}
