//! What a message is about, as far as it can be read; never what else it holds.

use tidewaiter_engine::ports::Message;

use super::tags::Function;
use crate::events::{Notice, notices};
use crate::queues;

/// What a message is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    /// Files that were dropped; none, if it is an event that asks for nothing.
    Drops(Vec<Notice>),
    /// A step of a file or a repository.
    Step(Message),
    /// A step that another function takes: this one refuses it each time.
    Misdirected(Message),
    /// The function cannot read it, and never will.
    Unreadable,
}

/// What a message for `function` is about, in a stack with this bucket.
pub fn subject(function: Function, body: &str, bucket: &str) -> Subject {
    match queues::message(body) {
        Ok(message) if takes(function, &message) => Subject::Step(message),
        Ok(message) => Subject::Misdirected(message),
        Err(_) if function == Function::Unpack => {
            notices(body, bucket).map_or(Subject::Unreadable, Subject::Drops)
        }
        Err(_) => Subject::Unreadable,
    }
}

fn takes(function: Function, message: &Message) -> bool {
    let of = match message {
        Message::TakeIn { .. } | Message::Missed { .. } => Function::Unpack,
        Message::Sequence { .. } => Function::Sequence,
        Message::Work { .. } => Function::Validate,
        Message::Report { .. } | Message::Digest { .. } | Message::Notice { .. } => Function::Report,
        Message::Fetch { .. } => Function::Fetch,
    };
    of == function
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_about_a_file_a_step_or_nothing_that_can_be_read() {
        let work = r#"{"work":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","task":"import"}}"#;
        assert!(matches!(subject(Function::Validate, work, "landing"), Subject::Step(Message::Work { .. })));
        assert!(matches!(subject(Function::Report, work, "landing"), Subject::Misdirected(_)));
        assert!(matches!(subject(Function::Unpack, work, "landing"), Subject::Misdirected(_)));
        assert_eq!(subject(Function::Sequence, "{", "landing"), Subject::Unreadable);
        let event = |key: &str| {
            json!({ "source": "aws.s3", "detail-type": "Object Created", "time": "2026-01-31T12:00:00Z",
                    "detail": { "bucket": { "name": "landing" }, "object": { "key": key, "size": 7 } } })
            .to_string()
        };
        let Subject::Drops(drops) = subject(Function::Unpack, &event("imports/acme/x.csv"), "landing") else {
            panic!("it is a drop");
        };
        assert!(matches!(&drops[..], [Notice::Dropped(one)] if one.file == "x.csv"), "{drops:?}");
        let stray = subject(Function::Unpack, &event("imports/x.csv"), "landing");
        assert!(matches!(stray, Subject::Drops(drops) if matches!(drops[..], [Notice::Stray { .. }])));
        assert_eq!(subject(Function::Unpack, &event("imports/acme/x.csv"), "other"), Subject::Unreadable);
        assert_eq!(subject(Function::Sequence, &event("imports/acme/x.csv"), "landing"), Subject::Unreadable);
    }
}
