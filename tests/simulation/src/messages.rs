//! What lies in the queues.

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
    }
}
