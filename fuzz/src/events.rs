//! What arrives in queues: whatever it is, it is understood as a whole or not at all, and the three who tell of a
//! dropped file tell of the same file.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tidewaiter_engine::ports::Message;

use crate::decoding::{Notice, from_listing, notices};

const BUCKET: &str = "landing";
const TIME: &str = "2026-01-31T06:00:00Z";

pub(crate) fn seed(name: &str, _: Vec<u8>) -> Option<Vec<u8>> {
    let key = format!("imports/acme/{name}");
    // Of the forms each third.
    let [first, second, third] = forms(&key);
    let form = [first, second, third].into_iter().cycle().nth(name.len() % 3);
    form.map(|form| form.to_string().into())
}

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(found) = notices(text, BUCKET) {
        assert_eq!(notices(text, BUCKET).expect("what was understood is understood again"), found);
        found.iter().for_each(keeps_its_place);
    }
    if let Ok(message) = serde_json::from_str::<Message>(text) {
        let written = serde_json::to_string(&message).expect("a message can be written");
        let read: Message = serde_json::from_str(&written).expect("what we write can be read");
        assert_eq!(serde_json::to_string(&read).expect("a message"), written);
    }
    // The same bytes as a key.
    let told = forms(text).map(|event| notices(&event.to_string(), BUCKET).expect("a whole event"));
    for notices in &told {
        assert_eq!(*notices, told[0]);
        assert!(notices.len() <= 1);
        assert!(text.starts_with("imports/") || notices.is_empty(), "only drops are our business");
    }
    told[0].iter().for_each(keeps_its_place);
}

fn keeps_its_place(notice: &Notice) {
    match notice {
        Notice::Stray { key } => assert!(key.starts_with("imports/") && key.len() > "imports/".len()),
        Notice::Dropped(dropped) => {
            let folder = format!("imports/{}/", dropped.repository);
            let file = dropped.source.key.strip_prefix(&folder).expect("a key of its repository");
            assert_eq!(file.strip_suffix('/').unwrap_or(file), dropped.file);
            assert!(!file.is_empty());
            let found = from_listing(BUCKET, dropped.source.clone(), dropped.bytes, dropped.arrived);
            assert_eq!(found.as_ref(), Some(dropped), "found by a sweep, it is the same");
        }
    }
}

/// That an object of this key was created: as S3 says it, EventBridge, and SNS for S3.
fn forms(key: &str) -> [Value; 3] {
    let spaces_as_plus = utf8_percent_encode(key, NON_ALPHANUMERIC).to_string().replace("%20", "+");
    let s3 = json!({ "Records": [{
        "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": TIME,
        "s3": { "bucket": { "name": BUCKET }, "object": { "key": spaces_as_plus, "size": 3, "versionId": "v1" } }
    }] });
    let bridge = json!({
        "source": "aws.s3", "detail-type": "Object Created", "time": TIME,
        "detail": { "bucket": { "name": BUCKET }, "object": { "key": key, "size": 3, "version-id": "v1" } }
    });
    let sns = json!({ "Type": "Notification", "Message": s3.to_string() });
    [s3, bridge, sns]
}
