//! Several small files in one invocation.
//!
//! Between two files of a repository, one message goes to the sequencer and one comes back. On AWS each of them waits
//! in a queue and costs an invocation, which together takes about as long as loading a small file. So a worker that
//! finishes a file takes the sequencer's step itself and continues with the next file, if that is small and there is
//! time.
//!
//! The steps and their order are the same, but the messages between them are not in a queue. If this process dies
//! they are lost, as any message may be. The state knows what is running, and a reconciliation finds it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;
use tidewaiter::id::{ImportId, Timestamp};
use tracing::Instrument;

use crate::capabilities::{HasQueue, trait_alias};
use crate::ports::{Message, Queue, Task};
use crate::process::{Processes, Tried, process};
use crate::sequence::Sequences;
use crate::{Result, sequence};

trait_alias! {
    /// What loading a file and the small ones after it needs.
    pub trait Follows = Processes + Sequences
}

/// Larger files get an invocation of their own, in bytes.
const SMALL: u64 = 1 << 20;
/// After so long the worker enqueues the next file instead, so that other repositories are not starved.
const LONG: SignedDuration = SignedDuration::from_secs(5);

/// A queue that, for a while, keeps what this process can do itself.
#[derive(Debug)]
pub struct BufferedQueue<Q> {
    queue: Q,
    /// What was sent meanwhile; None if nothing is kept.
    messages: Mutex<Option<VecDeque<Message>>>,
}

impl<Q: Queue> BufferedQueue<Q> {
    /// A queue that keeps nothing yet.
    pub fn new(queue: Q) -> Self {
        Self { queue, messages: Mutex::new(None) }
    }

    fn messages(&self) -> MutexGuard<'_, Option<VecDeque<Message>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on messages are kept.
    fn begin(&self) {
        *self.messages() = Some(VecDeque::new());
    }

    fn next(&self) -> Option<Message> {
        self.messages().as_mut()?.pop_front()
    }

    /// Messages are no longer kept; those that were are sent.
    async fn end(&self) -> Result<()> {
        let kept = self.messages().take();
        for message in kept.into_iter().flatten() {
            self.queue.send(message, None).await?;
        }
        Ok(())
    }
}

impl<Q: Queue> Queue for BufferedQueue<Q> {
    async fn send(&self, message: Message, at: Option<Timestamp>) -> Result<()> {
        if at.is_none()
            && matches!(message, Message::Sequence { .. } | Message::Work { .. })
            && let Some(messages) = self.messages().as_mut()
        {
            messages.push_back(message);
            return Ok(());
        }
        self.queue.send(message, at).await
    }
}

/// Carries out a task on a registered file, and what follows from it as long as that is small.
///
/// # Errors
/// If the task failed. What failed of that which follows is sent as a message, to be tried by itself.
pub async fn process_and_follow<D, Q>(deployment: &D, id: ImportId, task: Task, tried: Tried) -> Result<()>
where
    D: Follows + HasQueue<Queue = BufferedQueue<Q>>,
    Q: Queue,
{
    let queue = deployment.queue();
    let begun = deployment.now();
    queue.begin();
    let done = Box::pin(process(deployment, id, task, tried)).await;
    let followed = if done.is_ok() { follow(deployment, queue, begun).await } else { Ok(()) };
    queue.end().await?;
    done.and(followed)
}

async fn follow<D, Q>(deployment: &D, queue: &BufferedQueue<Q>, begun: Timestamp) -> Result<()>
where
    D: Follows + HasQueue<Queue = BufferedQueue<Q>>,
    Q: Queue,
{
    while let Some(message) = queue.next() {
        let is_long = deployment.now().duration_since(begun) >= LONG;
        let is_followed = match &message {
            Message::Work { .. } => is_small(&message) && !is_long,
            _ => true,
        };
        if deployment.time_is_up() || !is_followed {
            queue.queue.send(message, None).await?;
        } else if let Err(error) = step(deployment, &message).await {
            tracing::warn!(%error, transient = error.is_transient(), "a message continues the work");
            queue.queue.send(as_tried(message), None).await?;
            return Ok(());
        }
    }
    Ok(())
}

/// True of a small file that has begun just now.
fn is_small(message: &Message) -> bool {
    matches!(message, Message::Work { known: Some(known), .. } if known.import.bytes <= SMALL)
}

async fn step<D: Follows>(deployment: &D, message: &Message) -> Result<()> {
    match message {
        Message::Sequence { repository, news, .. } => {
            Box::pin(sequence::sequence(deployment, repository, news.clone())).await
        }
        Message::Work { import, task, .. } => {
            let span = tracing::info_span!("follows", import = %import);
            Box::pin(process(deployment, *import, *task, Tried::Never)).instrument(span).await
        }
        _ => Ok(()),
    }
}

/// The message for the next try: something of its file may be loaded by now.
fn as_tried(message: Message) -> Message {
    match message {
        Message::Work { import, task, landed, .. } => Message::Work { import, task, known: None, landed },
        message => message,
    }
}
