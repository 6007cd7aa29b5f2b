//! Messages between the functions, in SQS queues: one for each function that takes them.

use aws_sdk_sqs::Client;
use tidewaiter::id::Timestamp;
use tidewaiter_pipeline::ports::{Message, Queue};
use tidewaiter_pipeline::{Error, Result};

use crate::failure;

/// SQS holds a message back for at most so many seconds.
const MAX_DELAY_SECONDS: i64 = 15 * 60;

/// Where the messages to each function go.
#[derive(Debug, Clone)]
pub struct QueueUrls {
    /// To those who take in; None for those who have nothing to say to them.
    pub unpack: Option<String>,
    /// To the sequencer.
    pub sequence: String,
    /// To those who check and load.
    pub work: String,
    /// To the one who mails.
    pub report: String,
}

/// The queues between the functions.
#[derive(Debug, Clone)]
pub struct Queues {
    client: Client,
    urls: QueueUrls,
}

impl Queues {
    /// The queues at these addresses.
    pub fn new(client: Client, urls: QueueUrls) -> Self {
        Self { client, urls }
    }
}

impl Queue for Queues {
    /// A message for later than SQS can hold it is delivered early. It is a hint: the sequencer sees that it
    /// is not time yet, and asks for another one.
    async fn send(&self, message: Message, at: Option<Timestamp>) -> Result<()> {
        const WHAT: &str = "sending a message";
        let url = match &message {
            Message::Sequence { .. } => &self.urls.sequence,
            Message::Work { .. } => &self.urls.work,
            Message::Report { .. } | Message::Notice { .. } => &self.urls.report,
            Message::TakeIn { .. } => self.urls.unpack.as_ref().ok_or_else(|| Error::Refused {
                what: WHAT.to_owned(),
                reason: "this function does not know the queue of unpack".to_owned(),
            })?,
        };
        let body =
            serde_json::to_string(&message).map_err(|e| Error::Store { what: WHAT, source: Box::new(e) })?;
        let delay = at.map(|at| delay_seconds(at, Timestamp::now())).filter(|seconds| *seconds > 0);
        let request = self.client.send_message().queue_url(url).message_body(body).set_delay_seconds(delay);
        request.send().await.map(|_| ()).map_err(|e| failure::store(WHAT, &e))
    }
}

/// How long a message is held back, in whole seconds: not less than is left, as far as that is possible.
fn delay_seconds(at: Timestamp, now: Timestamp) -> i32 {
    let left = at.duration_since(now).as_millis();
    let seconds = left.div_euclid(1_000) + i128::from(left.rem_euclid(1_000) > 0);
    i32::try_from(seconds.clamp(0, i128::from(MAX_DELAY_SECONDS))).unwrap_or(0)
}

/// A message as it came out of a queue.
///
/// # Errors
/// It is none of ours: it comes to the dead letters.
pub fn message(body: &str) -> std::result::Result<Message, serde_json::Error> {
    serde_json::from_str(body)
}

#[cfg(test)]
mod tests {
    use tidewaiter::sequence::{Event, Verdict};
    use tidewaiter_pipeline::ports::{News, Task};

    use super::*;

    #[test]
    fn a_message_waits_for_its_time_and_no_longer_than_it_can() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        for (at, seconds) in [
            ("2026-01-31T11:59:00Z", 0),
            ("2026-01-31T12:00:00Z", 0),
            ("2026-01-31T12:00:00.001Z", 1),
            ("2026-01-31T12:00:10Z", 10),
            ("2026-01-31T12:15:00Z", 900),
            ("2026-02-01T12:00:00Z", 900),
            ("9999-12-30T22:00:00Z", 900),
        ] {
            assert_eq!(delay_seconds(at.parse().unwrap(), now), seconds, "{at}");
        }
    }

    /// Messages wait in queues while a new version is deployed: it must read those of the old one.
    #[test]
    fn the_form_of_messages_stays() {
        let import = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let repository: tidewaiter::keys::Repository = "acme".parse().unwrap();
        let news = |news| Message::Sequence { repository: repository.clone(), news };
        for (sent, body) in [
            (news(News::Poke), r#"{"sequence":{"repository":"acme","news":"poke"}}"#),
            (
                news(News::Arrived { settle_seconds: 10 }),
                r#"{"sequence":{"repository":"acme","news":{"arrived":{"settle_seconds":10}}}}"#,
            ),
            (
                news(News::Happened(Event::Finished(import, Verdict::Rejected))),
                r#"{"sequence":{"repository":"acme","news":{"happened":{"finished":["01ARZ3NDEKTSV4RRFFQ69G5FAV","rejected"]}}}}"#,
            ),
            (
                Message::Work { import, task: Task::Import },
                r#"{"work":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","task":"import"}}"#,
            ),
            (Message::Report { import }, r#"{"report":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}"#),
            (Message::TakeIn { import }, r#"{"take_in":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}"#),
        ] {
            assert_eq!(serde_json::to_string(&sent).unwrap(), body);
            assert_eq!(message(body).unwrap(), sent);
        }
        for bad in ["", "{}", r#"{"sequence":{"repository":"../x","news":"poke"}}"#, r#"{"other":1}"#] {
            assert!(message(bad).is_err(), "{bad}");
        }
    }
}
