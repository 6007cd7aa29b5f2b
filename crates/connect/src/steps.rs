//! The steps by which a connection is looked at, and what was found.

use std::fmt;

use tidewaiter_engine::ports::{Fault, SourceError};

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The name of the host has an address; the file is there.
    Name,
    /// The port answers.
    Route,
    /// The connection is protected, and the server is the right one.
    Tls,
    /// The login is taken.
    Login,
    /// The login may read, and not write.
    Rights,
    /// The server refuses to write in the session.
    ReadOnly,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Route => "route",
            Self::Tls => "TLS",
            Self::Login => "login",
            Self::Rights => "rights",
            Self::ReadOnly => "read-only",
        })
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it should be; what there is.
    Passes(String),
    /// It works, and should be changed.
    Warns {
        /// What there is.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// It does not work. The steps that follow were not tried.
    Fails(SourceError),
}

/// The steps of a connection that were looked at, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// Each step with what was found.
    pub steps: Vec<(Step, Verdict)>,
}

impl Check {
    /// True if queries can be asked.
    pub fn works(&self) -> bool {
        !self.steps.iter().any(|(_, verdict)| matches!(verdict, Verdict::Fails(_)))
    }

    pub(crate) fn passes(&mut self, step: Step, message: impl Into<String>) {
        self.steps.push((step, Verdict::Passes(message.into())));
    }

    pub(crate) fn warns(&mut self, step: Step, message: String, hint: &str) {
        self.steps.push((step, Verdict::Warns { message, hint: hint.to_owned() }));
    }

    /// Takes back that the step passed, if it did: each step is told once.
    pub(crate) fn fails(&mut self, step: Step, error: SourceError) {
        self.steps.retain(|(passed, _)| *passed != step);
        self.steps.push((step, Verdict::Fails(error)));
    }

    /// Tells why there is no session with a server that was reached.
    pub(crate) fn fails_to_begin(&mut self, error: SourceError) {
        let says = |text: &&str| error.message.contains(*text);
        let is_other =
            ["does not speak", "closes the connection before it answers", "does not answer within"]
                .iter()
                .any(says);
        // A server that was the right one for TLS is that for the rest.
        let is_known = self.steps.iter().any(|(step, _)| *step == Step::Tls);
        let step = if is_known {
            Step::Login
        } else if error.fault == Fault::Passing && is_other {
            Step::Route
        } else if ["TLS", "protected connection"].iter().any(says) {
            Step::Tls
        } else {
            Step::Login
        };
        self.fails(step, error);
    }
}
