//! What S3 tells of dropped files, in each form in which it can come: from S3 itself, by EventBridge, wrapped
//! by SNS. Pure: text in, drops out.
//!
//! Only what is created under `imports/` is a drop. Everything else is none of our business, above all what we
//! write ourselves. What cannot be read is an error, and its message comes to the dead letters.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter_engine::ports::{DroppedObject, Nature, Source};

/// The prefix of the drop zone.
pub(crate) const DROPS: &str = "imports/";
/// SNS may hold an event that SNS wrapped; no sender nests deeper.
const WRAPPINGS: u32 = 2;

/// What an event tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A file was dropped.
    Dropped(DroppedObject),
    /// Something was put where no repository is. There is no place for it to go: an operator is told.
    Stray {
        /// Its key.
        key: String,
    },
}

/// Why an event cannot be understood. The same event never can.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It is not JSON.
    #[error("the event is not JSON: {0}")]
    Json(serde_json::Error),
    /// It is JSON, and none of the events that are known.
    #[error("the event is none that S3, EventBridge or SNS sends: {0}")]
    Unknown(String),
    /// It lacks something, or something in it has another type.
    #[error("the {form} event is not complete: {source}")]
    Incomplete {
        /// The sender.
        form: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// Its key is not text.
    #[error("the key `{0}` is not UTF-8")]
    Key(String),
    /// Its time is none.
    #[error("`{0}` is not a time")]
    Time(String),
    /// It is about another bucket: two deployments are mixed up.
    #[error("the event is about bucket {found}, and this deployment's is {expected}")]
    Bucket {
        /// The bucket it is about.
        found: String,
        /// Ours.
        expected: String,
    },
}

/// Reads the body of a message from S3 about `bucket`.
///
/// # Errors
/// If it is not understood; then nothing of it is taken.
pub fn notices(body: &str, bucket: &str) -> Result<Vec<Notice>, EventError> {
    let event: Value = serde_json::from_str(body).map_err(EventError::Json)?;
    read(event, bucket, WRAPPINGS)
}

fn read(event: Value, bucket: &str, wrappings: u32) -> Result<Vec<Notice>, EventError> {
    let field = |name: &str| event.get(name).and_then(Value::as_str);
    if field("Event") == Some("s3:TestEvent") {
        // Sent once, when the notification is set up.
        return Ok(Vec::new());
    }
    if field("Type") == Some("Notification")
        && let Some(message) = field("Message")
    {
        return unwrap(message, bucket, wrappings);
    }
    if event.get("detail-type").is_some() {
        return Ok(from_bridge(event, bucket)?.into_iter().collect());
    }
    let Some(Value::Array(records)) = event.get("Records") else {
        return Err(EventError::Unknown(start_of(&event)));
    };
    let mut notices = Vec::new();
    for record in records {
        if let Some(message) = record.pointer("/Sns/Message").and_then(Value::as_str) {
            notices.extend(unwrap(message, bucket, wrappings)?);
        } else if record.get("eventSource").and_then(Value::as_str) == Some("aws:s3") {
            notices.extend(from_s3(record.clone(), bucket)?);
        } else {
            return Err(EventError::Unknown(start_of(record)));
        }
    }
    Ok(notices)
}

fn unwrap(message: &str, bucket: &str, wrappings: u32) -> Result<Vec<Notice>, EventError> {
    let event: Value = serde_json::from_str(message).map_err(EventError::Json)?;
    match wrappings.checked_sub(1) {
        Some(left) => read(event, bucket, left),
        None => Err(EventError::Unknown(start_of(&event))),
    }
}

/// The beginning of an event, to recognise it by.
fn start_of(event: &Value) -> String {
    event.to_string().chars().take(200).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct S3Record {
    event_name: String,
    event_time: String,
    s3: S3Entity,
}

#[derive(Deserialize)]
struct S3Entity {
    bucket: Named,
    object: Stored,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// An object, in either form.
#[derive(Deserialize)]
struct Stored {
    key: String,
    #[serde(default)]
    size: u64,
    #[serde(alias = "versionId", alias = "version-id")]
    version_id: Option<String>,
}

/// S3's own form. Its keys are encoded as in a form of the web: `+` is a space.
fn from_s3(record: Value, bucket: &str) -> Result<Option<Notice>, EventError> {
    let record: S3Record =
        serde_json::from_value(record).map_err(|source| EventError::Incomplete { form: "S3", source })?;
    let name = record.event_name.strip_prefix("s3:").unwrap_or(&record.event_name);
    if !name.starts_with("ObjectCreated:") {
        return Ok(None);
    }
    let object = record.s3.object;
    let encoded = object.key.replace('+', " ");
    let key = percent_decode_str(&encoded).decode_utf8();
    let key = key.map_err(|_| EventError::Key(object.key.clone()))?.into_owned();
    let found = Found { key, version: object.version_id, bytes: object.size, time: record.event_time };
    found.notice(&record.s3.bucket.name, bucket)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BridgeEvent {
    detail_type: String,
    time: String,
    detail: BridgeDetail,
}

#[derive(Deserialize)]
struct BridgeDetail {
    bucket: Named,
    object: Stored,
}

/// EventBridge's form. Its keys are as they are.
fn from_bridge(event: Value, bucket: &str) -> Result<Option<Notice>, EventError> {
    if event.get("source").and_then(Value::as_str) != Some("aws.s3") {
        return Err(EventError::Unknown(start_of(&event)));
    }
    let event: BridgeEvent = serde_json::from_value(event)
        .map_err(|source| EventError::Incomplete { form: "EventBridge", source })?;
    if event.detail_type != "Object Created" {
        return Ok(None);
    }
    let BridgeDetail { bucket: of, object } = event.detail;
    let found = Found { key: object.key, version: object.version_id, bytes: object.size, time: event.time };
    found.notice(&of.name, bucket)
}

/// A created object, from any kind of event.
struct Found {
    key: String,
    version: Option<String>,
    bytes: u64,
    time: String,
}

impl Found {
    /// What is to be done about it; None if it is none of our business.
    fn notice(self, bucket: &str, ours: &str) -> Result<Option<Notice>, EventError> {
        if bucket != ours {
            return Err(EventError::Bucket { found: bucket.to_owned(), expected: ours.to_owned() });
        }
        match Place::of(&self.key) {
            Place::Nowhere => Ok(None),
            Place::Stray => Ok(Some(Notice::Stray { key: self.key })),
            Place::Repository { repository, file, nature } => {
                let arrived: Timestamp =
                    self.time.parse().map_err(|_| EventError::Time(self.time.clone()))?;
                let import = import_id(ours, &self.key, self.version.as_deref(), arrived);
                let source = Source { key: self.key, version: self.version };
                let bytes = self.bytes;
                let dropped = DroppedObject { repository, file, import, source, nature, bytes, arrived };
                Ok(Some(Notice::Dropped(dropped)))
            }
        }
    }
}

/// What the event of an object would have told that was found in the drop zone; None if there is nothing to be done
/// about it. By its `arrived` time, which may be another one than that of its event, it may have another id.
pub fn from_listing(bucket: &str, source: Source, bytes: u64, arrived: Timestamp) -> Option<DroppedObject> {
    let Place::Repository { repository, file, nature } = Place::of(&source.key) else { return None };
    let import = import_id(bucket, &source.key, source.version.as_deref(), arrived);
    Some(DroppedObject { repository, file, import, source, nature, bytes, arrived })
}

/// Where an object lies.
enum Place {
    /// Not in the drop zone; or it is the mark of a folder there, as consoles make it.
    Nowhere,
    /// In the drop zone, and in no repository.
    Stray,
    /// In a repository.
    Repository { repository: Repository, file: String, nature: Nature },
}

impl Place {
    fn of(key: &str) -> Self {
        let Some(path) = key.strip_prefix(DROPS) else { return Self::Nowhere };
        let Some((repository, file)) = path.split_once('/') else {
            return if path.is_empty() { Self::Nowhere } else { Self::Stray };
        };
        let Ok(repository) = repository.parse() else { return Self::Stray };
        match file.strip_suffix('/') {
            _ if file.is_empty() => Self::Nowhere,
            Some(folder) => Self::Repository { repository, file: folder.to_owned(), nature: Nature::Folder },
            None => Self::Repository { repository, file: file.to_owned(), nature: Nature::File },
        }
    }
}

/// The id of the import of an object version: the same however often its event comes.
fn import_id(bucket: &str, key: &str, version: Option<&str>, at: Timestamp) -> ImportId {
    let mut hash = Sha256::new();
    for part in [bucket, key, version.unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let random =
        hash.finalize().iter().take(16).fold(0_u128, |number, byte| (number << 8) | u128::from(*byte));
    ImportId::new(at, random)
}

#[cfg(test)]
#[path = "events/tests.rs"] // Also where a fuzz target includes this file.
mod tests;
