//! What lies in the queues.

use tidewaiter::keys::Repository;
use tidewaiter_engine::ports::{DroppedObject, Message};

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A file was dropped.
    Upload(DroppedObject),
    /// From one function to the other.
    Message(Message),
    /// The schedule: look for what is undone.
    Sweep,
    /// The same, for queries only.
    Tick,
    /// A person does something about the query of a repository.
    Person(Repository, Act),
}

/// What a person does about a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Asks for a read.
    Ask,
    /// Sets the last item to where it is, less so much.
    Set(i64),
    /// Sets it to the start that the configuration names.
    Reset,
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// Counts up in the order of sending.
    pub number: u64,
    /// What it says.
    pub body: Body,
    /// From when on it is handed out, in milliseconds since 1970.
    pub visible: i64,
    /// How often it was handed out.
    pub tries: u32,
    /// True while a process has it.
    pub is_in_hand: bool,
}

/// What a message says, in a line.
pub fn describe(body: &Body) -> String {
    match body {
        Body::Upload(dropped) => format!("event of {} ({})", dropped.source.key, dropped.import),
        Body::Message(message) => serde_json::to_string(message).unwrap_or_default(),
        Body::Sweep => "sweep".to_owned(),
        Body::Tick => "tick".to_owned(),
        Body::Person(repository, act) => format!("a person at {repository}: {act:?}"),
    }
}
