//! Mails: how they are sent, what became of them, and which reports go into one together.

use std::future::Future;

use serde::{Deserialize, Serialize};
use tidewaiter::id::ImportId;
use tidewaiter::run::Trouble;

use crate::Result;

/// Sends mails. Sending the same mail twice is allowed, and avoided where the service can tell.
pub trait Mailer: Send + Sync + 'static {
    /// Who the mails come from: a name and an address that the service may send from.
    fn sender(&self) -> (&str, &str) {
        ("tidewaiter", "tidewaiter@localhost")
    }
    /// Sends a whole message, headers included, to the recipients it names. The answer is who does not get it,
    /// however often it is tried; the others have it. An error concerns all of them: possibly no recipient has it.
    fn send(&self, mail: &Mail) -> impl Future<Output = Result<Vec<Undelivered>>> + Send;
}

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// What it is about, an import, a digest or a notice: the mail about the same is the same mail. Fit for a file's
    /// name.
    pub id: String,
    /// A name for it that is fit for a file: repository and file.
    pub name: String,
    /// Who gets it.
    pub recipients: Vec<String>,
    /// The message as RFC 5322 has it.
    pub message: Vec<u8>,
}

/// Recipients who do not get a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undelivered {
    /// Their addresses.
    pub recipients: Vec<String>,
    /// Why, and what an operator can do about it.
    pub why: String,
}

/// A digest that reports wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDigest {
    /// Which one; see [`DigestPlace::key`](tidewaiter::run::DigestPlace::key).
    pub digest: String,
    /// One of the imports that it tells of, for what they have in common.
    pub first: ImportId,
    /// How many reports wait for it; 0 if its mail was sent, and that is not yet noted wholly.
    pub reports: u64,
    /// What is wrong with its mail, if it was tried.
    pub trouble: Option<Trouble>,
}

/// The reports of one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// Which digest it is of; see [`DigestPlace::key`](tidewaiter::run::DigestPlace::key).
    pub digest: String,
    /// The imports, by id; at least one.
    pub imports: Vec<ImportId>,
    /// What is wrong with the mail, if it was tried.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<Trouble>,
}
