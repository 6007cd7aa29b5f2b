//! What AWS says when it does not do something, told apart once, here: what may go well later, and what
//! an operator has to mend.

use std::io;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tidewaiter_engine::Error;

/// Answers that stay the same until an operator changes a permission, a name or the deployment. Everything else,
/// throttling and whatever is new to us included, is tried again.
const REFUSALS: [&str; 18] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Forbidden",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "NoSuchBucket",
    "PermanentRedirect",
    "ResourceNotFoundException",
    "ValidationException",
    "ValidationError",
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "InvalidParameterValue",
];

/// What a service answers with where it fails.
pub(crate) trait Failed: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static {}
impl<E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static> Failed for E {}

/// What an AWS service answered.
pub(crate) type Answer<E> = SdkError<E>;

/// The service's own code of an error, such as `NoSuchKey`.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &Answer<E>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// The status of the HTTP answer. Answers to HEAD have no body, so that it is all they say.
pub(crate) fn status<E>(error: &Answer<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// The error in words, with its code; without what a caller says anyway.
pub(crate) fn text<E: Failed>(error: &Answer<E>) -> String {
    let service = error.as_service_error().map(|e| (e.code(), e.message()));
    match service {
        Some((Some(code), Some(message))) => format!("{code}: {message}"),
        Some((Some(code), None)) => code.to_owned(),
        _ => match status(error) {
            Some(status) => format!("HTTP {status}: {}", chain(error)),
            None => chain(error),
        },
    }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut said: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| error.source()) {
        let text = error.to_string();
        // Some repeat what caused them.
        if said.last().is_none_or(|last| !last.ends_with(&text)) {
            said.push(text);
        }
    }
    said.join(": ")
}

fn is_refusal<E: ProvideErrorMetadata>(error: &Answer<E>) -> bool {
    code(error).is_some_and(|code| REFUSALS.contains(&code) || code.starts_with("KMS."))
        || status(error) == Some(403) && code(error).is_none()
        || matches!(error, SdkError::ConstructionFailure(_))
}

/// A failure of the object store at `key`, sorted by meaning.
pub(crate) fn object<E: Failed>(key: &str, error: &Answer<E>) -> Error {
    let key = key.to_owned();
    // 405 is the answer for a version that is the mark of a deletion.
    let is_gone = matches!(code(error), Some("NoSuchKey" | "NoSuchVersion" | "NotFound"))
        || matches!(status(error), Some(404 | 405)) && code(error) != Some("NoSuchBucket");
    if is_gone {
        Error::NotFound { key }
    } else if status(error) == Some(412) {
        Error::Changed { key }
    } else if is_refusal(error) {
        Error::Refused { what: key, reason: text(error) }
    } else {
        Error::Objects { key, source: io::Error::other(text(error)) }
    }
}

/// A failure of the store of state, sorted by meaning.
pub(crate) fn store<E: Failed>(what: &'static str, error: &Answer<E>) -> Error {
    if is_refusal(error) {
        Error::Refused { what: what.to_owned(), reason: text(error) }
    } else {
        Error::Store { what, source: text(error).into() }
    }
}

/// A mail that was not sent, for a reason that is not one of mails alone.
pub(crate) fn mail<E: Failed>(id: &str, error: &Answer<E>) -> Error {
    if is_refusal(error) {
        Error::Refused { what: format!("the mail about {id}"), reason: text(error) }
    } else {
        Error::Mail { id: id.to_owned(), source: io::Error::other(text(error)) }
    }
}
