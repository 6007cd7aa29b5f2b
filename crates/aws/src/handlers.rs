//! What the functions do with what they are invoked with: batches of messages, and what schedules ask for.
//!
//! Each message is treated on its own. One that fails is named in the answer and comes again, and goes to the
//! dead letters when it came too often. What kind of failure it was is said in the log: what may pass by
//! itself is a warning, and comes again soon; what an operator has to mend, or what never can be understood, is
//! an error, and comes again when the queue lets it.

use serde::{Deserialize, Serialize};
use tidewaiter::id::Timestamp;
use tidewaiter_engine::capabilities::{Clock, HasRecords, HasRuns};
use tidewaiter_engine::ports::{ImportRun, ImportSnapshot, Message, News, Progress, Records, RunLedger};
use tidewaiter_engine::process::Tried;
use tidewaiter_engine::{Error, digest, fetch, follow, intake, reconcile, report, sequence, watch};
use tracing::{Instrument, Span, field};

use crate::deployment::{Deployment, Fetching, Loading, Mailing, Messaging, TakingIn};
use crate::events::{EventError, Notice, notices};
use crate::{queries, queues};

/// A file that arrived less than so many seconds ago is likely to be in the hands of an unpack, which may take
/// 15 minutes: a reconciliation leaves it alone.
const IN_HAND_SECONDS: i64 = 20 * 60;

/// A message that hands out a file is the first one about it for so many seconds. To come to the dead letters it
/// takes longer.
const FRESH_SECONDS: i64 = 5 * 60;

/// A batch of messages, as Lambda hands it over.
#[derive(Debug, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    messages: Vec<SqsMessage>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SqsMessage {
    message_id: String,
    body: String,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
struct Attributes {
    #[serde(rename = "ApproximateReceiveCount")]
    tries: Option<String>,
}

impl Attributes {
    fn tries(&self) -> u32 {
        self.tries.as_deref().and_then(|tries| tries.parse().ok()).unwrap_or(1)
    }
}

/// What sequence is invoked with.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Invocation {
    /// Messages.
    Batch(Batch),
    /// The schedule: look for unfinished work.
    Reconcile {
        /// Nothing is said about it.
        #[allow(dead_code, reason = "it only has to be there")]
        reconcile: serde_json::Map<String, serde_json::Value>,
    },
    /// Another schedule: look for queries that are due.
    Queries {
        /// Nothing is said about it.
        #[allow(dead_code, reason = "it only has to be there")]
        queries: serde_json::Map<String, serde_json::Value>,
    },
}

/// The messages that are to come again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    batch_item_failures: Vec<Failed>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    item_identifier: String,
}

/// Why a message was not brought to its end.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Event(#[from] EventError),
    #[error("the message is none of ours: {0}")]
    Message(#[from] serde_json::Error),
    #[error("the message is for another function")]
    Misdirected,
    #[error(transparent)]
    Pipeline(#[from] Error),
}

impl Problem {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Pipeline(error) if error.is_transient())
    }
}

// The use cases are boxed: their futures are deep, and the compiler gives up on what contains them.
type Handled = std::result::Result<(), Problem>;

/// Takes in what was dropped.
pub async fn unpack(deployment: &TakingIn, batch: Batch, request: &str) -> Answer {
    deployment.each(batch, request, async |body, _| unpack_one(deployment, body).await).await
}

/// Decides which file is next; or looks for what was left undone, or for queries that are due.
///
/// `ends` is when this invocation is stopped.
///
/// # Errors
/// If what a schedule asks for failed. The next time it looks for the same.
pub async fn sequence(
    deployment: &Messaging,
    invocation: Invocation,
    request: &str,
    ends: Timestamp,
) -> tidewaiter_engine::Result<Answer> {
    deployment.begins(request, ends);
    match invocation {
        Invocation::Batch(batch) => Ok(deployment
            .each(batch, request, async |body, tries| sequence_one(deployment, body, tries).await)
            .await),
        Invocation::Reconcile { .. } => {
            let span = tracing::info_span!("reconcile", request);
            Box::pin(reconcile_all(deployment)).instrument(span).await.map(|()| Answer::default())
        }
        Invocation::Queries { .. } => {
            let span = tracing::info_span!("queries", request);
            Box::pin(queries::look(deployment)).instrument(span).await.map(|()| Answer::default())
        }
    }
}

/// Checks and loads files.
///
/// `ends` is when this invocation is stopped.
pub async fn validate(deployment: &Loading, batch: Batch, request: &str, ends: Timestamp) -> Answer {
    deployment.begins(request, ends);
    let handle = async |body: &str, tries| validate_one(deployment, body, tries).await;
    let answer = deployment.each(batch, request, handle).await;
    // From the answer on, Lambda lets the process stand still.
    deployment.records().rest().await;
    answer
}

/// Reads queries.
///
/// `ends` is when this invocation is stopped.
pub async fn fetch(deployment: &Fetching, batch: Batch, request: &str, ends: Timestamp) -> Answer {
    deployment.begins(request, ends);
    deployment.each(batch, request, async |body, _| fetch_one(deployment, body).await).await
}

/// Mails reports, and what is to be told besides.
pub async fn report(deployment: &Mailing, batch: Batch, request: &str) -> Answer {
    deployment.each(batch, request, async |body, _| report_one(deployment, body).await).await
}

async fn unpack_one(deployment: &TakingIn, body: &str) -> Handled {
    match queues::message(body) {
        Ok(Message::TakeIn { import }) => {
            about(&[("import", &import)]);
            return Ok(Box::pin(reconcile::resume_by_id(deployment, import)).await?);
        }
        Ok(Message::Missed { dropped }) => {
            about(&[("repository", &dropped.repository), ("import", &dropped.import)]);
            return Ok(Box::pin(intake::intake(deployment, &dropped)).await?);
        }
        _ => {}
    }
    // A message of S3 may tell of several files: none of them is to suffer from another.
    let mut done = Ok(());
    for notice in notices(body, &deployment.bucket_name)? {
        let handled = match notice {
            Notice::Dropped(dropped) => {
                about(&[("repository", &dropped.repository), ("import", &dropped.import)]);
                Box::pin(intake::intake(deployment, &dropped)).await
            }
            Notice::Stray { key } => Err(Error::Stray { key }),
        };
        done = done.and(handled);
    }
    Ok(done?)
}

async fn sequence_one(deployment: &Messaging, body: &str, tries: u32) -> Handled {
    let Message::Sequence { repository, news, known } = queues::message(body)? else {
        return Err(Problem::Misdirected);
    };
    about(&[("repository", &repository)]);
    remember(deployment, known.as_deref());
    // A poke asks for what is next by itself.
    let asks_nothing_twice = !matches!(news, News::Poke);
    Box::pin(sequence::sequence(deployment, &repository, news)).await?;
    if tries > 1 && asks_nothing_twice {
        // The receiver before may have died after the state had moved on, and before it asked for what is next: then
        // this asked for nothing either. A reconciliation would find it, but only after minutes.
        Box::pin(sequence::sequence(deployment, &repository, News::Poke)).await?;
    }
    Ok(())
}

async fn validate_one(deployment: &Loading, body: &str, tries: u32) -> Handled {
    let Message::Work { import, task, known, landed } = queues::message(body)? else {
        return Err(Problem::Misdirected);
    };
    about(&[("import", &import)]);
    remember(deployment, known.as_deref());
    let is_first = tries == 1 && known.is_some_and(|known| has_just_begun(&known.import, deployment.now()));
    let before = Tried::told(is_first, landed);
    Ok(Box::pin(follow::process_and_follow(deployment, import, task, before)).await?)
}

/// False of what was replayed from the dead letters: its tries are counted anew.
fn has_just_begun(import: &ImportRun, now: Timestamp) -> bool {
    let Progress::Started(pinned) = &import.progress else { return false };
    now.duration_since(pinned.at).as_secs() < FRESH_SECONDS
}

/// Takes over what the sender of a message has seen.
fn remember(deployment: &impl HasRuns, known: Option<&ImportSnapshot>) {
    if let Some(known) = known {
        deployment.runs().remember(known);
    }
}

async fn fetch_one(deployment: &Fetching, body: &str) -> Handled {
    let Message::Fetch { repository, entry } = queues::message(body)? else {
        return Err(Problem::Misdirected);
    };
    about(&[("repository", &repository)]);
    // That a database cannot be read is kept in the state of the query. The message is done.
    Box::pin(fetch::fetch(deployment, &repository, &entry)).await?;
    Ok(())
}

async fn report_one(deployment: &Mailing, body: &str) -> Handled {
    match queues::message(body)? {
        Message::Report { import } => {
            about(&[("import", &import)]);
            Ok(Box::pin(report::report(deployment, import)).await?)
        }
        Message::Digest { repository, digest: which } => {
            about(&[("repository", &repository)]);
            Ok(Box::pin(digest::digest(deployment, &repository, &which)).await?)
        }
        Message::Notice { notice } => {
            about(&[("repository", &notice.repository)]);
            Ok(Box::pin(watch::tell(deployment, &notice)).await?)
        }
        _ => Err(Problem::Misdirected),
    }
}

async fn reconcile_all(deployment: &Messaging) -> tidewaiter_engine::Result<()> {
    let now = deployment.now();
    let in_hand = jiff::SignedDuration::from_secs(IN_HAND_SECONDS);
    let left_alone = now.checked_sub(in_hand).unwrap_or(Timestamp::MIN);
    let found = Box::pin(reconcile::reconcile(deployment, left_alone)).await;
    match &found {
        Ok(found) => {
            let reconcile::Found { unfinished, missed, repositories, mails, digests, .. } = *found;
            tracing::info!(unfinished, missed, repositories, mails, digests, "swept");
            deployment.metrics.swept(found.waiting_since, now);
        }
        Err(error) => tracing::error!(%error, transient = error.is_transient(), "reconciliation failed"),
    }
    found.map(|_| ())?;
    queries::look_everywhere(deployment).await
}

/// Says in each line of the log from now on what the message is about.
fn about(fields: &[(&'static str, &dyn std::fmt::Display)]) {
    for (name, value) in fields {
        Span::current().record(*name, field::display(value));
    }
}

impl<R, M, Q, B, C> Deployment<R, M, Q, B, C> {
    /// Treats the messages of a batch, one after the other. `handle` is told how often each was tried, this time
    /// included.
    async fn each(&self, batch: Batch, request: &str, handle: impl AsyncFn(&str, u32) -> Handled) -> Answer {
        let mut answer = Answer::default();
        for message in batch.messages {
            let tries = message.attributes.tries();
            let span = tracing::info_span!(
                "message",
                request,
                message = message.message_id,
                tries,
                repository = field::Empty,
                import = field::Empty
            );
            let handled = Box::pin(async {
                let handled = handle(&message.body, tries).await;
                match &handled {
                    Ok(()) => tracing::debug!("done"),
                    Err(error) if error.is_transient() => {
                        tracing::warn!(%error, transient = true, "the message comes again");
                    }
                    Err(error) => {
                        tracing::error!(%error, transient = false, "the message will be retried; it needs an operator");
                    }
                }
                handled
            });
            if let Err(error) = handled.instrument(span.clone()).await {
                self.metrics.failed(self.now());
                if error.is_transient() {
                    self.retry(&message).instrument(span).await;
                }
                answer.batch_item_failures.push(Failed { item_identifier: message.message_id });
            }
        }
        answer
    }

    /// Has a message come again sooner than it would if this function had died with it.
    async fn retry(&self, message: &SqsMessage) {
        match self.own.retry(&message.receipt_handle, message.attributes.tries()).await {
            Ok(seconds) => tracing::debug!(seconds, "the message comes again soon"),
            Err(error) => {
                tracing::warn!(%error, "the message comes again, but not sooner than its queue lets it");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_schedules_ask_for_is_told_from_messages() {
        let invocation = serde_json::from_value(json!({ "reconcile": {} })).unwrap();
        assert!(matches!(invocation, Invocation::Reconcile { .. }));
        let invocation = serde_json::from_value(json!({ "queries": {} })).unwrap();
        assert!(matches!(invocation, Invocation::Queries { .. }));
        let record = json!({
            "messageId": "m1", "receiptHandle": "h", "body": "{}", "eventSource": "aws:sqs",
            "attributes": { "ApproximateReceiveCount": "2", "SentTimestamp": "1" }, "messageAttributes": {},
        });
        let batch = serde_json::from_value(json!({ "Records": [record] })).unwrap();
        let Invocation::Batch(batch) = batch else { panic!("{batch:?}") };
        assert_eq!(batch.messages.len(), 1);
        assert_eq!(batch.messages[0].attributes.tries(), 2);
        assert_eq!(Attributes::default().tries(), 1);
        assert!(serde_json::from_value::<Invocation>(json!({ "other": 1 })).is_err());
    }

    #[test]
    fn an_answer_names_what_is_to_come_again() {
        assert_eq!(serde_json::to_value(Answer::default()).unwrap(), json!({ "batchItemFailures": [] }));
        let answer = Answer { batch_item_failures: vec![Failed { item_identifier: "m1".to_owned() }] };
        assert_eq!(
            serde_json::to_value(answer).unwrap(),
            json!({ "batchItemFailures": [{ "itemIdentifier": "m1" }] })
        );
    }
}
