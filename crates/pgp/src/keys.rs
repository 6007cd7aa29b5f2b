//! The secret keys of a deployment.

use std::fmt;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pgp::composed::{Deserializable, PlainSessionKey, SignedSecretKey};
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::{PublicKeyEncryptedSessionKey, SecretKey, SecretSubkey};
use pgp::types::{DecryptionKey, EskType, KeyDetails, Password};

/// What the text form of a key begins with.
const ARMOR: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";
/// The most bytes of what holds keys.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// Secret keys, unlocked. What is secret in them is never shown.
pub struct Keys {
    components: Vec<Component>,
    /// What people call them: the ids of the whole keys.
    names: Vec<String>,
}

/// A key that may decrypt: a whole key is made of several.
enum Component {
    Primary(SecretKey),
    Sub(SecretSubkey),
}

/// Why there are no keys. It never says anything of what is secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is something else.
    #[error("it holds no secret key: export one with `gpg --export-secret-keys --armor`")]
    NoSecretKey,
    /// The bytes are damaged.
    #[error("the key is damaged, or of a kind that is not supported")]
    Damaged,
    /// The key is protected by a passphrase that was not given.
    #[error("key {0} is protected, and none of the passphrases that were given is its own")]
    Locked(String),
    /// The key can sign, and not decrypt.
    #[error("key {0} cannot decrypt: it has no subkey for encryption")]
    CannotDecrypt(String),
}

impl Keys {
    /// Reads keys, armored one behind the other or in binary form, and unlocks them with these passphrases. At most
    /// 1 MiB is taken for keys.
    ///
    /// # Errors
    /// [`KeyError`]. A key that cannot be used is an error, though others could be: it would be missed later.
    pub fn read(bytes: &[u8], passphrases: &[String]) -> Result<Self, KeyError> {
        if bytes.len() > MOST_BYTES {
            return Err(KeyError::NoSecretKey);
        }
        let mut keys = Self { components: Vec::new(), names: Vec::new() };
        let passwords: Vec<Password> =
            passphrases.iter().map(|passphrase| Password::from(passphrase.as_str())).collect();
        for key in parse(bytes)? {
            keys.add(key, &passwords)?;
        }
        if keys.names.is_empty() { Err(KeyError::NoSecretKey) } else { Ok(keys) }
    }

    /// The ids of the keys, as `gpg --list-keys --keyid-format long` shows them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// These keys and others.
    #[must_use]
    pub fn with(mut self, others: Self) -> Self {
        self.components.extend(others.components);
        self.names.extend(others.names);
        self
    }

    fn add(&mut self, key: SignedSecretKey, passwords: &[Password]) -> Result<(), KeyError> {
        let name = key.primary_key.legacy_key_id().to_string().to_uppercase();
        let before = self.components.len();
        for subkey in key.secret_subkeys {
            let mut subkey = subkey.key;
            if can_decrypt(subkey.algorithm()) {
                unlock(passwords, |password| subkey.remove_password(password).is_ok())
                    .ok_or_else(|| KeyError::Locked(name.clone()))?;
                self.components.push(Component::Sub(subkey));
            }
        }
        let mut primary = key.primary_key;
        let is_unlocked = can_decrypt(primary.algorithm())
            && unlock(passwords, |password| primary.remove_password(password).is_ok()).is_some();
        if is_unlocked {
            self.components.push(Component::Primary(primary));
        } else if self.components.len() == before {
            // The secret of a primary key may be kept elsewhere, if a subkey decrypts.
            let is_locked = can_decrypt(primary.algorithm());
            return Err(if is_locked { KeyError::Locked(name) } else { KeyError::CannotDecrypt(name) });
        }
        self.names.push(name);
        Ok(())
    }

    /// True if a session key names one of these keys, or hides for which key it is.
    pub(crate) fn are_named_by(&self, session: &PublicKeyEncryptedSessionKey) -> bool {
        self.components.iter().any(|component| component.is_named_by(session))
    }

    /// Decrypts a session key; None if that cannot be done.
    pub(crate) fn decrypt(
        &self,
        session: &PublicKeyEncryptedSessionKey,
        kind: EskType,
    ) -> Option<PlainSessionKey> {
        let values = session.values().ok()?;
        self.components.iter().filter(|component| component.is_named_by(session)).find_map(|component| {
            let key: &dyn DecryptionKey = match component {
                Component::Primary(key) => key,
                Component::Sub(key) => key,
            };
            // What was sent meets five kinds of arithmetic here. If one of them has a flaw, that is a message which is not
            // decrypted, and no reason to try it again for ever.
            let decrypted = catch_unwind(AssertUnwindSafe(|| key.decrypt(&Password::empty(), values, kind)));
            decrypted.ok()?.ok()?.ok()
        })
    }
}

impl Component {
    fn is_named_by(&self, session: &PublicKeyEncryptedSessionKey) -> bool {
        match self {
            Self::Primary(key) => session.match_identity(key.public_key()),
            Self::Sub(key) => session.match_identity(key.public_key()),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keys").field(&self.names).finish()
    }
}

/// Tries passwords, and none at all first.
fn unlock(passwords: &[Password], fits: impl FnMut(&Password) -> bool) -> Option<()> {
    let none = Password::empty();
    std::iter::once(&none).chain(passwords).any(fits).then_some(())
}

fn can_decrypt(algorithm: PublicKeyAlgorithm) -> bool {
    use PublicKeyAlgorithm::{ECDH, Elgamal, ElgamalEncrypt, RSA, RSAEncrypt, X448, X25519};
    matches!(algorithm, RSA | RSAEncrypt | Elgamal | ElgamalEncrypt | ECDH | X25519 | X448)
}

fn parse(bytes: &[u8]) -> Result<Vec<SignedSecretKey>, KeyError> {
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        return all(SignedSecretKey::from_bytes_many(bytes));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| KeyError::NoSecretKey)?;
    let mut keys = Vec::new();
    // One armor holds the keys of one export.
    for (at, _) in text.match_indices(ARMOR) {
        let armored = text.get(at..).unwrap_or_default().as_bytes();
        keys.extend(all(SignedSecretKey::from_armor_many(armored.take(u64::MAX)).map(|(keys, _)| keys))?);
    }
    Ok(keys)
}

fn all<'a>(
    keys: pgp::errors::Result<Box<dyn Iterator<Item = pgp::errors::Result<SignedSecretKey>> + 'a>>,
) -> Result<Vec<SignedSecretKey>, KeyError> {
    let keys = keys.and_then(Iterator::collect);
    keys.map_err(|_| KeyError::Damaged)
}
