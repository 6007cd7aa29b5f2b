//! The core of tidewaiter: what a file name means, in which order files are treated, what a line must
//! be, what a line does, and what people are told.
//!
//! Nothing here reads a clock, a file, the environment or the network. Bytes and events come in,
//! decisions go out; the engine around it acts on them.
//!
//! The core is made of crates in layers. This one holds nothing but the paths by which they are used.

#[doc(inline)]
pub use tidewaiter_check as check;
#[doc(inline)]
pub use tidewaiter_model::{finding, id, item, keys, mistake, name, order, sequence};
#[doc(inline)]
pub use tidewaiter_records as record;
#[doc(inline)]
pub use tidewaiter_render::{self as render, notice};
#[doc(inline)]
pub use tidewaiter_runs as run;
#[doc(inline)]
pub use tidewaiter_schema::{self as schema, config};

/// What people and programs are told of one file, and the words for it.
pub mod report {
    #[doc(inline)]
    pub use tidewaiter_model::report::*;
    #[doc(inline)]
    pub use tidewaiter_render::words::{ago, gone_along, left_alone, moment, number, plural, waited};
}
