//! An encrypted file: what it holds is decrypted to `unpacked/`, and taken in from there as if that had been dropped.
//!
//! Nothing is there before the whole message was read and found to be as it was sent. The key is the same at each try, so a
//! crash costs another decryption and leaves nothing else.

use std::io::{self, Read, Seek};

use tidewaiter::name::DroppedName;
use tidewaiter::report::{Outcome, Reason};
use tidewaiter_archive::{Ignored, Limits, Sink, Summary};
use tidewaiter_pgp::{DecryptError, Keys};

use super::members::{Member, Stopped, Written, write_pieces};
use crate::capabilities::{HasDecryptionKeys, HasObjects};
use crate::ports::{ImportRun, Objects, Refusal, Source};
use crate::{Error, Result};

/// Why the content of an encrypted file was not written to its end.
#[derive(Debug)]
pub enum ContentStopped<E> {
    /// The message is bad, or not for us.
    Refused(Refusal),
    /// Its bytes cannot be read.
    Source(io::Error),
    /// The sink failed.
    Sink(E),
}

/// Writes what an encrypted file holds as one member of this name. What there is to say of it.
///
/// # Errors
/// [`ContentStopped`]. Then the sink was not told of an end, and what it got is to be discarded.
pub fn write_content<R: Read + Seek, S: Sink>(
    reader: R,
    name: &str,
    keys: &Keys,
    limits: &Limits,
    sink: &mut S,
) -> std::result::Result<Vec<String>, ContentStopped<S::Error>> {
    match tidewaiter_pgp::decrypt(reader, name, keys, limits, sink) {
        Ok(decrypted) => {
            let signed = "the file is signed; the signature is not checked";
            Ok(decrypted.is_signed.then(|| signed.to_owned()).into_iter().collect())
        }
        Err(DecryptError::Refused(refusal)) => Err(ContentStopped::Refused(refused(refusal))),
        Err(DecryptError::Source(error)) => Err(ContentStopped::Source(error)),
        Err(DecryptError::Sink(error)) => Err(ContentStopped::Sink(error)),
    }
}

/// Why a bad message is not taken.
fn refused(refusal: tidewaiter_pgp::Refusal) -> Refusal {
    let tidewaiter_pgp::Refusal { code, message } = refusal;
    Refusal { outcome: Outcome::Bogus, reason: Reason::new(code.as_str(), message) }
}

/// What becomes of an encrypted file where no key is configured. The file may be good, so its partner gets it back.
pub fn no_key() -> Refusal {
    let reason = Reason::new(
        "no-decryption-key",
        "the file is encrypted, and no key to decrypt it is configured here",
    )
    .with_hint(Some(
        "ask the operator of this deployment to configure a key, encrypt the file for it, and drop it again"
            .to_owned(),
    ));
    Refusal { outcome: Outcome::NotProcessed, reason }
}

/// What a file is unpacked from: itself, or what it was decrypted to.
pub(super) struct Opened {
    /// Its name, without that of the encryption.
    pub(super) file: String,
    /// Where it is.
    pub(super) source: Source,
    decrypted: Option<Member>,
    notes: Vec<String>,
}

/// Decrypts a file that came encrypted. Any other one is opened as it is.
pub(super) async fn open<D: HasObjects + HasDecryptionKeys>(
    deployment: &D,
    run: &ImportRun,
    limits: &Limits,
) -> std::result::Result<Opened, Stopped> {
    let DroppedName::Encrypted { content } = DroppedName::of(&run.file) else {
        let (file, source) = (run.file.clone(), run.source.clone());
        return Ok(Opened { file, source, decrypted: None, notes: Vec::new() });
    };
    let keys = deployment.decryption_keys().await.map_err(Stopped::Failed)?;
    let keys = keys.ok_or_else(|| Stopped::Refused(no_key()))?;
    let reader = deployment.objects().open(&run.source).map_err(Stopped::Failed)?;
    let (name, key, limits) = (content.to_owned(), run.source.key.clone(), limits.clone());
    let (written, result) = write_pieces(deployment, run, move |pieces| {
        write_content(reader, &name, &keys, &limits, pieces).map_err(|stopped| match stopped {
            ContentStopped::Refused(refusal) => Stopped::Refused(refusal),
            ContentStopped::Source(error) => Stopped::Failed(Error::object(key, error)),
            ContentStopped::Sink(error) => Stopped::Failed(Error::Task(error.to_string())),
        })
    })
    .await;
    let notes = result?;
    let [decrypted] = <[Member; 1]>::try_from(written)
        .map_err(|_| Stopped::Failed(Error::Task("a message was not written as one file".to_owned())))?;
    let source = deployment.objects().source(&decrypted.key);
    Ok(Opened { file: content.to_owned(), source, decrypted: Some(decrypted), notes })
}

impl Opened {
    /// Takes what was decrypted for the only member of an archive. What is neither encrypted nor an archive has none.
    pub(super) fn into_only_member(self) -> (Vec<Member>, std::result::Result<Written, Stopped>) {
        let Some(member) = self.decrypted else {
            let reason = Reason::new("not-an-archive", "the name is not an archive name");
            return (Vec::new(), Err(Stopped::Refused(Refusal { outcome: Outcome::Bogus, reason })));
        };
        let summary = Summary { members: 1, bytes: member.bytes, ignored: Ignored::default() };
        (vec![member], Ok(Written { summary, notes: self.notes }))
    }

    /// Removes what was decrypted only to be unpacked. What there is to say of how it was decrypted.
    ///
    /// This comes before the run can become that of a data file: from then on, nothing would remember it.
    pub(super) async fn close<D: HasObjects>(self, deployment: &D) -> Result<Vec<String>> {
        if let Some(decrypted) = &self.decrypted {
            deployment.objects().discard(&decrypted.key).await?;
        }
        Ok(self.notes)
    }
}
