//! A file that cannot be read to its end: it disappeared, or its sender locked it.

use tidewaiter::report::{Outcome, Reason};

use crate::conclude::{Findings, GONE};
use crate::ports::{ImportRun, Refusal};
use crate::{Error, Result};

/// Why the file of a run cannot be read.
#[derive(Debug)]
pub(crate) enum Lost {
    /// It is not there any more, or another worker has found so.
    Gone,
    /// Its sender does not let us open it: what the store says.
    Locked(String),
}

impl Lost {
    /// What an error says about the file of a run. Any other error stays one: a permission of ours that is missing is no
    /// partner's outcome.
    pub(crate) fn of(error: Error, run: &ImportRun) -> Result<Self> {
        match error {
            Error::Closed { .. } => Ok(Self::Gone),
            Error::NotFound { key } if key == run.source.key || key == run.content().0.key => Ok(Self::Gone),
            Error::Unreadable { ref key, .. } if *key == run.source.key => {
                Ok(Self::Locked(error.to_string()))
            }
            error => Err(error),
        }
    }

    /// What its report says. `has_begun` if some of its lines may be records.
    pub(crate) fn findings(self, run: &ImportRun, has_begun: bool) -> Findings {
        let (code, why, hint) = match self {
            Self::Gone => (
                GONE,
                Error::NotFound { key: run.content().0.key.clone() }.to_string(),
                "the file was removed after it was registered; drop it again to import it",
            ),
            Self::Locked(why) => ("cannot-open", why, "make it readable for tidewaiter, then drop it again"),
        };
        let reason = Reason::new(code, format!("can't open file \"{}\": {why}", run.file))
            .with_hint(Some(hint.to_owned()));
        let notes = has_begun.then(|| "loading had started: some of its lines may be records".to_owned());
        let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
        Findings { notes: notes.into_iter().collect(), ..Findings::refused(refusal) }
    }
}
