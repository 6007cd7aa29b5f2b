//! What an operator asks of a deployment, in a folder or on AWS.
//!
//! A [`Location`] names a deployment, [`Deployment::look`] opens it, and each module answers one question about it with
//! typed values: how things stand ([`status`]), which problems are open ([`problems`]), what became of files ([`history`], [`explain`], [`report`], [`day`]), which
//! records there are ([`records`]), what an import would say of a file ([`preflight`]), whose universes are and what is
//! configured ([`universes`], [`configurations`]), which databases queries may read ([`connections`]), who configured what and when ([`versions`]), what a new configuration would change ([`trial`]), and what a stack could not handle ([`replay`]).
//!
//! The library prints nothing, and reads neither flags nor the environment. Answers that programs get as JSON implement
//! [`serde::Serialize`]; the command line and the page render the same answers for people.

pub mod changes;
pub mod configurations;
pub mod connections;
pub mod day;
mod deployment;
mod error;
pub mod explain;
pub mod history;
pub mod infer;
mod location;
mod lookup;
mod marks;
pub mod preflight;
pub mod problems;
pub mod queries;
pub mod records;
pub mod replay;
pub mod report;
pub mod scopes_page;
pub mod status;
pub mod text;
pub mod trial;
pub mod universes;
pub mod versions;

pub use deployment::{Deployment, open_folder};
pub use error::{Error, Result};
pub use location::{Location, StackAddress};
pub use marks::Marks;
