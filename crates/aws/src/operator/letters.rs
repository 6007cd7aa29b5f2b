//! Dead letters: messages that were tried too often, and how they go back.

use std::collections::{HashMap, HashSet};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry as Entry, Message, MessageAttributeValue,
    MessageSystemAttributeName, QueueAttributeName,
};
use tidewaiter::id::Timestamp;
use tidewaiter_engine::{Error, Result};

use super::tags::Function;
use crate::failure;

/// For how long received messages are hidden from other receivers, in seconds. A command that is stopped leaves it
/// hidden for no longer than that.
const HOLD_SECONDS: i32 = 300;
/// SQS hands over no more at once, and takes no more at once.
const BATCH: i32 = 10;
/// An answer that was waited for comes from all servers of the queue: an empty one means that it is empty.
const WAIT_SECONDS: i32 = 1;

/// A message that could not be handled.
#[derive(Debug)]
pub struct DeadLetter {
    /// Its id. It keeps it where it came from, too.
    pub id: String,
    /// What it says.
    pub body: String,
    /// When it was first sent.
    pub sent: Option<Timestamp>,
    receipt: String,
    attributes: Option<HashMap<String, MessageAttributeValue>>,
}

/// The dead letters of one function. They are taken one after the other, and each either goes back or is left;
/// [`DeadLetters::finish`] shows those again that were left.
#[derive(Debug)]
pub struct DeadLetters {
    client: Client,
    function: Function,
    work: String,
    dead: String,
    /// What was seen, and what was sent back by us: it is not to come twice.
    seen: HashSet<String>,
    /// The receipts of what is left, by id.
    left: HashMap<String, String>,
}

impl DeadLetters {
    pub(super) fn new(client: Client, function: Function, work: &str, dead: &str) -> Self {
        let (work, dead) = (work.to_owned(), dead.to_owned());
        Self { client, function, work, dead, seen: HashSet::new(), left: HashMap::new() }
    }

    /// The function they are for.
    pub fn function(&self) -> Function {
        self.function
    }

    /// About how many there are, without those that are being received.
    pub async fn count(&self) -> Result<u64> {
        self.counted(QueueAttributeName::ApproximateNumberOfMessages).await
    }

    /// About how many are being received, and come back unless they are deleted.
    pub async fn in_hand(&self) -> Result<u64> {
        self.counted(QueueAttributeName::ApproximateNumberOfMessagesNotVisible).await
    }

    async fn counted(&self, name: QueueAttributeName) -> Result<u64> {
        let request = self.client.get_queue_attributes().queue_url(&self.dead).attribute_names(name.clone());
        let found = request.send().await.map_err(|e| failure::store("counting dead letters", &e))?;
        let count = found.attributes.and_then(|mut all| all.remove(&name));
        Ok(count.and_then(|count| count.parse().ok()).unwrap_or_default())
    }

    /// The next few; none if there are no more.
    pub async fn next(&mut self) -> Result<Vec<DeadLetter>> {
        loop {
            let taken = self.take().await?;
            if taken.is_empty() {
                return Ok(Vec::new());
            }
            let mut letters = Vec::new();
            for message in taken {
                let letter = letter(message)?;
                if self.seen.insert(letter.id.clone()) {
                    letters.push(letter);
                } else {
                    // Held for so long that it was shown again, or sent back by us and dead once more.
                    self.left.insert(letter.id, letter.receipt);
                }
            }
            if !letters.is_empty() {
                return Ok(letters);
            }
        }
    }

    async fn take(&self) -> Result<Vec<Message>> {
        let request = self
            .client
            .receive_message()
            .queue_url(&self.dead)
            .max_number_of_messages(BATCH)
            .visibility_timeout(HOLD_SECONDS)
            .wait_time_seconds(WAIT_SECONDS)
            .message_attribute_names("All")
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let found = request.send().await.map_err(|e| failure::store("taking dead letters", &e))?;
        Ok(found.messages.unwrap_or_default())
    }

    /// Sends it back to the queue it came from, then takes it out of the dead letters: if we are stopped in
    /// between it is in both, and a message that comes twice does nothing twice.
    pub async fn replay(&mut self, letter: DeadLetter) -> Result<()> {
        let DeadLetter { id, body, receipt, attributes, .. } = letter;
        let request = self.client.send_message().queue_url(&self.work).message_body(body);
        match request.set_message_attributes(attributes).send().await {
            Ok(sent) => self.seen.extend(sent.message_id),
            Err(error) => {
                self.left.insert(id, receipt);
                return Err(failure::store("sending a message back", &error));
            }
        }
        let deleted = self.client.delete_message().queue_url(&self.dead).receipt_handle(receipt).send().await;
        deleted.map(|_| ()).map_err(|e| failure::store("taking a message out of the dead letters", &e))
    }

    /// Leaves it where it is.
    pub fn leave(&mut self, letter: DeadLetter) {
        self.left.insert(letter.id, letter.receipt);
    }

    /// Shows others again what was left.
    pub async fn finish(self) -> Result<()> {
        const WHAT: &str = "showing dead letters again";
        let receipts: Vec<String> = self.left.into_values().collect();
        for batch in receipts.chunks(BATCH.unsigned_abs() as usize) {
            let entry = |(number, receipt): (usize, &String)| {
                Entry::builder().id(number.to_string()).receipt_handle(receipt).visibility_timeout(0).build()
            };
            let entries: std::result::Result<Vec<Entry>, _> = batch.iter().enumerate().map(entry).collect();
            let entries = entries.map_err(|e| Error::Store { what: WHAT, source: Box::new(e) })?;
            let request = self.client.change_message_visibility_batch().queue_url(&self.dead);
            // One that failed is shown again by itself, a little later.
            request.set_entries(Some(entries)).send().await.map_err(|e| failure::store(WHAT, &e))?;
        }
        Ok(())
    }
}

fn letter(message: Message) -> Result<DeadLetter> {
    let sent =
        message.attributes.as_ref().and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    let sent = sent.and_then(|millis| Timestamp::from_millisecond(millis.parse().ok()?).ok());
    let (Some(id), Some(receipt), Some(body)) = (message.message_id, message.receipt_handle, message.body)
    else {
        let source = "a message without id, receipt or body".into();
        return Err(Error::Store { what: "taking dead letters", source });
    };
    Ok(DeadLetter { id, body, sent, receipt, attributes: message.message_attributes })
}
