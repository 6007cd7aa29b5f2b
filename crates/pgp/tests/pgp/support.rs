//! Decrypts into memory.

use std::convert::Infallible;
use std::io::Cursor;
use std::sync::OnceLock;

use tidewaiter_pgp::{DecryptError, Decrypted, Keys, Limits, Refusal, Sink, decrypt};

/// What most messages of `made/` hold.
pub(crate) const CONTACTS: &[u8] = b"contact_id;email\nC-1;ana@example.com\nC-2;bo@example.com\n";

/// A file of `made/`.
pub(crate) fn made(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/made/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Our key, and the one that it replaced.
pub(crate) fn ours() -> &'static Keys {
    static OURS: OnceLock<Keys> = OnceLock::new();
    OURS.get_or_init(|| {
        let both = [made("ours.sec.asc"), made("rotated.sec.asc")].concat();
        Keys::read(&both, &["correct horse".to_owned()]).expect("the keys are good")
    })
}

/// Keeps what it gets.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_complete: bool,
}

impl Sink for Kept {
    type Error = Infallible;

    fn begin(&mut self, _: &str) -> Result<(), Infallible> {
        assert!(self.bytes.is_empty(), "one member");
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        assert!(!bytes.is_empty());
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Infallible> {
        self.is_complete = true;
        Ok(())
    }
}

/// Decrypts a message with `keys`; a refused one never comes to an end.
pub(crate) fn decrypted_with(
    message: &[u8],
    keys: &Keys,
    limits: &Limits,
) -> Result<(Vec<u8>, Decrypted), Refusal> {
    let mut kept = Kept::default();
    match decrypt(Cursor::new(message), "x.csv", keys, limits, &mut kept) {
        Ok(decrypted) => {
            assert!(kept.is_complete);
            assert_eq!(decrypted.bytes, kept.bytes.len() as u64);
            Ok((kept.bytes, decrypted))
        }
        Err(DecryptError::Refused(refusal)) => {
            assert!(!kept.is_complete, "{refusal}");
            Err(refusal)
        }
        Err(other) => panic!("{other:?}"),
    }
}

/// Decrypts a message with our keys.
pub(crate) fn decrypted(message: &[u8]) -> Result<(Vec<u8>, Decrypted), Refusal> {
    decrypted_with(message, ours(), &Limits::default())
}
