//! The adapters of tidewaiter for AWS: objects in S3, state in DynamoDB, messages in SQS, mails by SES, and
//! the events that tell of dropped files.
//!
//! Nothing here decides what becomes of a file: that is done by the use cases of `tidewaiter-pipeline`, over
//! the ports that these adapters implement. They pass the same contract suite as the adapters for a folder.

pub mod clients;
pub mod events;
mod failure;
mod mails;
mod objects;
pub mod queues;
mod records;
mod state;
mod table;

pub use mails::Mails;
pub use objects::{Bucket, CopySizes, ObjectReader, ObjectUpload};
pub use queues::{QueueUrls, Queues};
pub use records::RecordsTable;
pub use state::StateTable;
