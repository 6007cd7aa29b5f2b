//! Why reading stopped, noted where it is known.
//!
//! Decoders and decryptors answer a failing read and damaged data alike, with an `io::Error`. So a reason is kept beside
//! them by the layer that knows it, and the error that goes up through the others only stops them.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use crate::refusal::Refusal;

/// Why reading stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The source failed.
    Source(io::Error),
    /// The message is bad.
    Refused(Refusal),
}

/// The first reason that was noted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict(Rc<RefCell<Option<Stop>>>);

impl Verdict {
    /// Notes a reason, and gives an error to hand up.
    pub(crate) fn note(&self, stop: Stop) -> io::Error {
        self.0.borrow_mut().get_or_insert(stop);
        io::Error::other("reading stopped")
    }

    /// Notes why the message is bad.
    pub(crate) fn refuse(&self, refusal: Refusal) -> io::Error {
        self.note(Stop::Refused(refusal))
    }

    /// The reason, if there is one.
    pub(crate) fn take(&self) -> Option<Stop> {
        self.0.borrow_mut().take()
    }
}
