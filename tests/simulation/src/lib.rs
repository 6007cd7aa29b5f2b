//! The whole system, simulated: the use cases as they are, over objects, tables, queues, mails and a clock that
//! fail in every way that is known, in one thread and driven by one seed.
//!
//! * [`scenario`] says what partners and operators do;
//! * [`history`] lets processes go on, one call at a time, and breaks calls, processes, messages and clocks;
//! * [`watch`] says of everything that takes effect whether it may, [`judge`] of what is there in the end
//!   whether it must.
//!
//! `docs/simulation.md` says how it is used.

pub mod bucket;
pub mod fault;
pub mod gate;
pub mod history;
pub mod judge;
pub mod messages;
pub mod ports;
pub mod process;
pub mod scenario;
pub mod table;
pub mod watch;
pub mod world;
