//! Messages between the functions, in SQS queues: one for each function that takes them.

use aws_sdk_sqs::Client;
use tidewaiter::id::Timestamp;
use tidewaiter_engine::ports::{Message, Queue};
use tidewaiter_engine::{Error, Result};

use crate::failure;

/// SQS holds a message back for at most so many seconds.
const MAX_DELAY_SECONDS: i64 = 15 * 60;
/// A message that failed comes again after so many seconds at the latest.
const MAX_RETRY_SECONDS: i32 = 60 * 60;

/// Where the messages to each function go.
#[derive(Debug, Clone)]
pub struct QueueUrls {
    /// To unpack.
    pub unpack: String,
    /// To the sequencer.
    pub sequence: String,
    /// To validate.
    pub work: String,
    /// To report.
    pub report: String,
    /// To fetch; None in a stack that has no connections, and so no such function.
    pub fetch: Option<String>,
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

    /// True if this stack reads queries.
    pub(crate) fn leads_to_fetch(&self) -> bool {
        self.urls.fetch.is_some()
    }
}

impl Queue for Queues {
    /// A message for later than SQS can hold it is delivered early. It is a hint: the sequencer sees that it
    /// is not time yet, and asks for another one. What is to be fetched is told to no one where nothing is fetched.
    async fn send(&self, message: Message, at: Option<Timestamp>) -> Result<()> {
        let url = match &message {
            Message::Sequence { .. } => &self.urls.sequence,
            Message::Work { .. } => &self.urls.work,
            Message::Report { .. } | Message::Digest { .. } | Message::Notice { .. } => &self.urls.report,
            Message::TakeIn { .. } | Message::Missed { .. } => &self.urls.unpack,
            Message::Fetch { .. } => match &self.urls.fetch {
                Some(url) => url,
                None => return Ok(()),
            },
        };
        send(&self.client, url, &message, at).await
    }
}

/// Sends a message to a queue, to be delivered at a time, or at once.
pub(crate) async fn send(client: &Client, url: &str, message: &Message, at: Option<Timestamp>) -> Result<()> {
    const WHAT: &str = "sending a message";
    let body =
        serde_json::to_string(message).map_err(|e| Error::Store { what: WHAT, source: Box::new(e) })?;
    let delay = at.map(|at| delay_seconds(at, Timestamp::now())).filter(|seconds| *seconds > 0);
    let request = client.send_message().queue_url(url).message_body(body).set_delay_seconds(delay);
    request.send().await.map(|_| ()).map_err(|e| failure::store(WHAT, &e))
}

/// How long a message is held back, in whole seconds: not less than is left, as far as that is possible.
fn delay_seconds(at: Timestamp, now: Timestamp) -> i32 {
    let left = at.duration_since(now).as_millis();
    let seconds = left.div_euclid(1_000) + i128::from(left.rem_euclid(1_000) > 0);
    i32::try_from(seconds.clamp(0, i128::from(MAX_DELAY_SECONDS))).unwrap_or(0)
}

/// The queue that a function takes its messages from, as far as those are concerned that failed.
#[derive(Debug, Clone)]
pub(crate) struct OwnQueue {
    client: Client,
    url: String,
    first_seconds: i32,
}

impl OwnQueue {
    /// The queue at `url`. A message that failed once comes again after `first_seconds`.
    pub(crate) fn new(client: Client, url: String, first_seconds: i32) -> Self {
        Self { client, url, first_seconds }
    }

    /// Has a message that failed `tries` times come again, sooner than it would if the function had died. After
    /// how many seconds is what is returned. If it cannot be done the message comes all the same, later.
    pub(crate) async fn retry(&self, receipt: &str, tries: u32) -> Result<i32> {
        let seconds = retry_seconds(self.first_seconds, tries);
        let request = self.client.change_message_visibility().queue_url(&self.url).receipt_handle(receipt);
        let changed = request.visibility_timeout(seconds).send().await;
        changed.map(|_| seconds).map_err(|e| failure::store("bringing a message back", &e))
    }
}

/// Four times as long after each try, and an hour at most: what passes by itself has mostly passed at the second
/// try, and what takes half an hour costs no message its last one.
fn retry_seconds(first: i32, tries: u32) -> i32 {
    let factor = 4_i32.saturating_pow(tries.saturating_sub(1));
    first.saturating_mul(factor).clamp(1, MAX_RETRY_SECONDS)
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
    use tidewaiter::name::Entry;
    use tidewaiter::sequence::{Event, Verdict};
    use tidewaiter_engine::ports::{DroppedObject, Nature, News, Source, Task};

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

    #[test]
    fn a_message_that_failed_comes_again_soon_then_later() {
        let seconds: Vec<i32> = (0..7).map(|tries| retry_seconds(30, tries)).collect();
        assert_eq!(seconds, [30, 30, 120, 480, 1_920, 3_600, 3_600]);
        assert_eq!(retry_seconds(1, 2), 4);
        assert_eq!(retry_seconds(0, 1), 1, "never at once: it would be tried over and over");
        assert_eq!(retry_seconds(900, u32::MAX), 3_600);
    }

    /// Messages wait in queues while a new version is deployed: it must read those of the old one.
    #[test]
    fn the_form_of_messages_stays() {
        let import = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let repository: tidewaiter::keys::Repository = "acme".parse().unwrap();
        let news = |news| Message::news(&repository, news);
        let missed = DroppedObject {
            repository: repository.clone(),
            file: "x.csv".to_owned(),
            import,
            source: Source { key: "imports/acme/x.csv".to_owned(), version: Some("v1".to_owned()) },
            nature: Nature::File,
            bytes: 7,
            arrived: "2026-01-31T12:00:00Z".parse().unwrap(),
        };
        for (sent, body) in [
            (news(News::Poke), r#"{"sequence":{"repository":"acme","news":"poke"}}"#),
            (news(News::Released), r#"{"sequence":{"repository":"acme","news":"released"}}"#),
            (
                news(News::Arrived { settle_seconds: 10 }),
                r#"{"sequence":{"repository":"acme","news":{"arrived":{"settle_seconds":10}}}}"#,
            ),
            (
                news(News::Happened(Event::Finished(import, Verdict::Rejected))),
                r#"{"sequence":{"repository":"acme","news":{"happened":{"finished":["01ARZ3NDEKTSV4RRFFQ69G5FAV","rejected"]}}}}"#,
            ),
            (
                Message::Work { import, task: Task::Import, known: None, landed: 0 },
                r#"{"work":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","task":"import"}}"#,
            ),
            (
                Message::Work { import, task: Task::Import, known: None, landed: 12 },
                r#"{"work":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","task":"import","landed":12}}"#,
            ),
            (Message::Report { import }, r#"{"report":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}"#),
            (
                Message::Digest { repository: repository.clone(), digest: "hour/x".to_owned() },
                r#"{"digest":{"repository":"acme","digest":"hour/x"}}"#,
            ),
            (Message::TakeIn { import }, r#"{"take_in":{"import":"01ARZ3NDEKTSV4RRFFQ69G5FAV"}}"#),
            (
                Message::Fetch {
                    repository: repository.clone(),
                    entry: Entry::new("acme", "contacts", "shop"),
                },
                r#"{"fetch":{"repository":"acme","entry":{"universe":"acme","scope":"contacts","subsection":"shop"}}}"#,
            ),
            (
                Message::Missed { dropped: Box::new(missed) },
                r#"{"missed":{"dropped":{"repository":"acme","file":"x.csv","import":"01ARZ3NDEKTSV4RRFFQ69G5FAV","source":{"key":"imports/acme/x.csv","version":"v1"},"nature":"file","bytes":7,"arrived":"2026-01-31T12:00:00Z"}}}"#,
            ),
        ] {
            assert_eq!(serde_json::to_string(&sent).unwrap(), body);
            assert_eq!(message(body).unwrap(), sent);
        }
        for bad in ["", "{}", r#"{"sequence":{"repository":"../x","news":"poke"}}"#, r#"{"other":1}"#] {
            assert!(message(bad).is_err(), "{bad}");
        }
    }
}
