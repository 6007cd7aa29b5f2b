//! Why a stack cannot be looked at, and what to do about it.

use aws_sdk_s3::error::SdkError;

use crate::failure;

/// What keeps an operator from a stack. Each is one line, with a hint of what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The region is not configured.
    #[error("no AWS region is set")]
    NoRegion,
    /// There are no credentials.
    #[error("there are no credentials for AWS: {0}")]
    NoCredentials(String),
    /// There are, and AWS does not take them.
    #[error("AWS does not take these credentials: {0}")]
    Credentials(String),
    /// There is no such bucket.
    #[error("there is no bucket {0}")]
    NoBucket(String),
    /// It is in another region.
    #[error("bucket {bucket} is in {}, and {asked} was asked", there.as_deref().unwrap_or("another region"))]
    Region {
        /// The bucket.
        bucket: String,
        /// Where it is, if the answer says so.
        there: Option<String>,
        /// The region that was asked.
        asked: String,
    },
    /// Its tags may not be read.
    #[error("the tags of bucket {bucket} may not be read: {reason}")]
    Denied {
        /// The bucket.
        bucket: String,
        /// What AWS said.
        reason: String,
    },
    /// It does not say where the parts of its stack are.
    #[error("bucket {bucket} does not say where its stack is: it lacks the tags {}", missing.join(", "))]
    Untagged {
        /// The bucket.
        bucket: String,
        /// The tags that it lacks.
        missing: Vec<&'static str>,
    },
    /// The endpoint does not answer.
    #[error("AWS cannot be reached: {0}")]
    Unreachable(String),
    /// Something else.
    #[error("the tags of bucket {bucket} cannot be read: {reason}")]
    Other {
        /// The bucket.
        bucket: String,
        /// What AWS said.
        reason: String,
    },
}

impl Problem {
    /// What to do about it, when that is known.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoRegion => "set AWS_REGION to the region of the stack, or name a profile by AWS_PROFILE".to_owned(),
            Self::NoCredentials(_) | Self::Credentials(_) => {
                "name a profile by AWS_PROFILE or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; for a profile \
                 with single sign-on, `eval \"$(aws configure export-credentials --format env)\"` does it"
                    .to_owned()
            }
            Self::NoBucket(_) => {
                "it is the output Bucket of the stack; is this the right account, and if AWS_ENDPOINT_URL is set, \
                 the right place?"
                    .to_owned()
            }
            Self::Region { there, .. } => {
                format!("set AWS_REGION={}", there.as_deref().unwrap_or("<the region of the stack>"))
            }
            Self::Denied { .. } => {
                "the policy LookPolicy of the stack allows what is needed to look at it (infra/README.md)".to_owned()
            }
            Self::Untagged { .. } => {
                "infra/template.yaml sets them: deploy the stack with it (`make deploy ENV=…`); if it is no bucket \
                 of a stack, name that one"
                    .to_owned()
            }
            Self::Unreachable(_) => {
                "is there a network, and if AWS_ENDPOINT_URL is set, does a service listen there?".to_owned()
            }
            Self::Other { .. } => return None,
        })
    }

    /// Why the tags of a bucket were not read.
    pub(super) fn of_tags<E: failure::Failed>(bucket: &str, region: &str, error: &SdkError<E>) -> Self {
        let (named, reason) = (bucket.to_owned(), failure::text(error));
        let there = error
            .raw_response()
            .and_then(|answer| answer.headers().get("x-amz-bucket-region"))
            .filter(|there| *there != region)
            .map(ToOwned::to_owned);
        match (failure::code(error), failure::status(error)) {
            (Some("NoSuchBucket"), _) => Self::NoBucket(named),
            (
                Some(
                    "PermanentRedirect"
                    | "TemporaryRedirect"
                    | "AuthorizationHeaderMalformed"
                    | "IllegalLocationConstraintException",
                ),
                _,
            )
            | (_, Some(301 | 307)) => Self::Region { bucket: named, there, asked: region.to_owned() },
            (
                Some(
                    "InvalidAccessKeyId"
                    | "SignatureDoesNotMatch"
                    | "ExpiredToken"
                    | "InvalidToken"
                    | "TokenRefreshRequired"
                    | "RequestTimeTooSkewed",
                ),
                _,
            ) => Self::Credentials(reason),
            (Some("AccessDenied" | "AllAccessDisabled"), _) | (None, Some(401 | 403)) => {
                Self::Denied { bucket: named, reason }
            }
            _ => match error {
                SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Self::Unreachable(reason),
                _ => Self::Other { bucket: named, reason },
            },
        }
    }
}
