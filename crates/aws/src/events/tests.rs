//! Events as they really come, with what is in them cut to what is of use.

use serde_json::json;

use super::*;

const BUCKET: &str = "acme-landing";

fn s3(name: &str, key: &str) -> Value {
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-west-1",
        "eventTime": "2026-01-31T12:00:00.123Z", "eventName": name,
        "userIdentity": { "principalId": "AWS:AIDAINPONIXQXHT3IKHL2" },
        "requestParameters": { "sourceIPAddress": "203.0.113.7" },
        "responseElements": { "x-amz-request-id": "D82B88E5F771F645" },
        "s3": {
            "s3SchemaVersion": "1.0", "configurationId": "imports",
            "bucket": { "name": BUCKET, "ownerIdentity": { "principalId": "A3NL1KOZZKExample" },
                        "arn": "arn:aws:s3:::acme-landing" },
            "object": { "key": key, "size": 1024, "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                        "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko", "sequencer": "0055AED6DCD90281E5" }
        }
    }]})
}

fn bridge(kind: &str, key: &str) -> Value {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": kind,
        "source": "aws.s3", "account": "111122223333", "time": "2026-01-31T12:00:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:s3:::acme-landing"],
        "detail": {
            "version": "0", "bucket": { "name": BUCKET },
            "object": { "key": key, "size": 5, "etag": "b1946ac92492d2347c6235b4d2611184",
                        "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", "sequencer": "00617F08299329D189" },
            "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "reason": "PutObject"
        }
    })
}

fn sns(message: &Value) -> Value {
    json!({
        "Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-west-1:111122223333:drops", "Subject": "Amazon S3 Notification",
        "Message": message.to_string(), "Timestamp": "2026-01-31T12:00:01.000Z", "SignatureVersion": "1"
    })
}

fn told(event: &Value) -> Vec<Notice> {
    notices(&event.to_string(), BUCKET).unwrap()
}

fn dropped(event: &Value) -> DroppedObject {
    match <[Notice; 1]>::try_from(told(event)) {
        Ok([Notice::Dropped(dropped)]) => dropped,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_dropped_file_is_told_of_with_its_version() {
    let found = dropped(&s3("ObjectCreated:Put", "imports/acme/shop_contacts_crm_20260131.csv"));
    assert_eq!(found.repository.as_str(), "acme");
    assert_eq!(found.file, "shop_contacts_crm_20260131.csv");
    assert_eq!(found.source.key, "imports/acme/shop_contacts_crm_20260131.csv");
    assert_eq!(found.source.version.as_deref(), Some("096fKKXTRTtl3on89fVO.nfljtsv6qko"));
    assert_eq!((found.nature, found.bytes), (Nature::File, 1024));
    assert_eq!(found.arrived.to_string(), "2026-01-31T12:00:00.123Z");
    for kind in ["ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy", "s3:ObjectCreated:Post"] {
        assert_eq!(dropped(&s3(kind, "imports/acme/shop_contacts_crm_20260131.csv")), found);
    }
}

#[test]
fn an_event_that_comes_again_is_the_same_import_and_another_version_is_another() {
    let first = s3("ObjectCreated:Put", "imports/acme/x.csv");
    let mut second = first.clone();
    *second.pointer_mut("/Records/0/s3/object/versionId").unwrap() = "another".into();
    assert_eq!(dropped(&first).import, dropped(&sns(&first)).import);
    assert_ne!(dropped(&first).import, dropped(&second).import);
    assert_ne!(dropped(&first).import, dropped(&s3("ObjectCreated:Put", "imports/acme/y.csv")).import);
}

#[test]
fn keys_are_decoded_as_each_sender_encodes_them() {
    for (encoded, key) in [
        ("imports/acme/a+b.csv", "a b.csv"),
        ("imports/acme/a%2Bb.csv", "a+b.csv"),
        ("imports/acme/100%25.csv", "100%.csv"),
        ("imports/acme/d%C3%A9p%C3%B4t+%E6%95%B0.csv", "dépôt 数.csv"),
        ("imports/acme/%252F.csv", "%2F.csv"),
        ("imports/acme/50%.csv", "50%.csv"),
        ("imports%2Facme%2Fx.csv", "x.csv"),
        ("imports/acme/sub/x.csv", "sub/x.csv"),
    ] {
        assert_eq!(dropped(&s3("ObjectCreated:Put", encoded)).file, key, "{encoded}");
    }
    for key in ["a+b.csv", "a%2Bb.csv", "dépôt 数.csv", "100%.csv"] {
        assert_eq!(dropped(&bridge("Object Created", &format!("imports/acme/{key}"))).file, key);
    }
}

#[test]
fn every_wrapping_is_taken_off() {
    let event = s3("ObjectCreated:Put", "imports/acme/x.csv");
    let lambda =
        json!({ "Records": [{ "EventSource": "aws:sns", "EventVersion": "1.0", "Sns": sns(&event) }] });
    for wrapped in
        [sns(&event), sns(&bridge("Object Created", "imports/acme/x.csv")), lambda, sns(&sns(&event))]
    {
        assert_eq!(dropped(&wrapped).file, "x.csv");
    }
    assert!(notices(&sns(&sns(&sns(&event))).to_string(), BUCKET).is_err(), "not without end");
    let two = json!({ "Records": [event["Records"][0], event["Records"][0]] });
    assert_eq!(told(&two).len(), 2);
}

#[test]
fn what_is_none_of_our_business_is_ignored() {
    for prefix in ["archives", "badlines", "bogus", "notprocessed", "logs", "config", "unpacked", "import"] {
        let key = format!("{prefix}/acme/x.csv");
        assert_eq!(told(&s3("ObjectCreated:Put", &key)), []);
        assert_eq!(told(&bridge("Object Created", &key)), []);
    }
    for kind in ["ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated", "ObjectTagging:Put"] {
        assert_eq!(told(&s3(kind, "imports/acme/x.csv")), []);
    }
    assert_eq!(told(&bridge("Object Deleted", "imports/acme/x.csv")), []);
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-01-31T12:00:00.000Z",
                       "Bucket": BUCKET, "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8vvZa3eH" });
    assert_eq!(told(&test), []);
    assert_eq!(told(&sns(&test)), []);
    for mark in ["imports/", "imports/acme/"] {
        assert_eq!(told(&s3("ObjectCreated:Put", mark)), [], "{mark}: as consoles make folders");
    }
}

#[test]
fn folders_and_strays_are_told_apart_from_files() {
    let folder = dropped(&s3("ObjectCreated:Put", "imports/acme/sub/"));
    assert_eq!((folder.file.as_str(), folder.nature), ("sub", Nature::Folder));
    for key in ["imports/x.csv", "imports/.hidden/x.csv", "imports//x.csv", "imports/../x.csv"] {
        assert_eq!(told(&s3("ObjectCreated:Put", key)), [Notice::Stray { key: key.to_owned() }]);
    }
}

#[test]
fn what_cannot_be_understood_is_a_clear_error() {
    let event = s3("ObjectCreated:Put", "imports/acme/x.csv");
    let without = |pointer: &str, name: &str| {
        let mut event = event.clone();
        event.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
        event
    };
    let mut late = event.clone();
    *late.pointer_mut("/Records/0/eventTime").unwrap() = "yesterday".into();
    for (event, said) in [
        (json!("text"), "none that S3"),
        (json!([]), "none that S3"),
        (json!({}), "none that S3"),
        (json!({ "Records": {} }), "none that S3"),
        (json!({ "Records": [null] }), "none that S3"),
        (json!({ "Records": [{ "eventSource": "aws:sqs", "body": "{}" }] }), "aws:sqs"),
        (
            json!({ "detail-type": "Scheduled Event", "source": "aws.events", "detail": {} }),
            "Scheduled Event",
        ),
        (sns(&json!({ "a": 1 })), r#"{"a":1}"#),
        (without("/Records/0/s3", "object"), "missing field `object`"),
        (without("/Records/0/s3/object", "key"), "missing field `key`"),
        (without("/Records/0", "eventTime"), "missing field `eventTime`"),
        (late, "`yesterday` is not a time"),
        (s3("ObjectCreated:Put", "imports/acme/%FF.csv"), "%FF.csv` is not UTF-8"),
    ] {
        let error = notices(&event.to_string(), BUCKET).unwrap_err().to_string();
        assert!(error.contains(said), "{event}: {error}");
    }
    for bad in ["", "{", "\u{0}", "imports/acme/x.csv"] {
        assert!(matches!(notices(bad, BUCKET), Err(EventError::Json(_))), "{bad}");
    }
    let wrapped = r#"{"Type":"Notification","Message":"not JSON"}"#;
    assert!(matches!(notices(wrapped, BUCKET), Err(EventError::Json(_))));
    let elsewhere = notices(&event.to_string(), "another").unwrap_err().to_string();
    assert!(elsewhere.contains("bucket acme-landing") && elsewhere.contains("another"), "{elsewhere}");
}
