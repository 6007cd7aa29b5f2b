//! The adapters of tidewaiter for AWS: objects in S3, state in DynamoDB, records there or in PostgreSQL, messages in SQS,
//! mails by SES, keys and logins in Secrets Manager, and the events that tell of dropped files.
//!
//! A [`Deployment`] puts them together as a function finds them in its environment, and [`handlers`] are what
//! the functions do with the batches they are invoked with. An [`operator`] looks at it from outside.
//!
//! Nothing here decides what becomes of a file: that is done by the use cases of `tidewaiter-engine`, over
//! the ports that these adapters implement. They pass the same contract suite as the adapters for a folder.

#[cfg(test)]
mod canned;
mod certificates;
pub mod clients;
mod connections;
pub mod deployment;
pub mod environment;
pub mod events;
mod failure;
pub mod handlers;
mod locations;
mod login;
pub mod logs;
mod mails;
pub mod metrics;
mod objects;
pub mod operator;
mod queries;
pub mod queues;
mod records;
mod secret_keys;
mod state;
mod store;
mod table;

pub use connections::{ConnectionsPlace, StackConnections};
pub use deployment::Deployment;
pub use locations::{LocationObject, LocationPlace};
pub use login::{LoginPlace, SecretLogin};
pub use mails::Mails;
pub use objects::{Bucket, CopySizes, ObjectReader, ObjectUpload};
pub use queues::{QueueUrls, Queues};
pub use records::RecordsTable;
pub use secret_keys::SecretKeys;
pub use state::StateTable;
pub use store::{Database, StackLanding, StackRecords};
