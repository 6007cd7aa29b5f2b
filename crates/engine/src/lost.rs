//! A file that cannot be brought to its end: it disappeared, its sender locked it, or loading it takes too long.

use tidewaiter::report::{Outcome, Reason, plural};

use crate::conclude::{Findings, GONE};
use crate::ports::{ImportRun, Refusal};
use crate::{Error, Result};

/// Why the file of a run cannot be brought to its end.
#[derive(Debug)]
pub(crate) enum Lost {
    /// It is not there any more.
    Gone,
    /// Another worker has found that it is lost, and closed it.
    Closed,
    /// Its sender does not let us open it: what the store says.
    Locked(String),
    /// It is kept as a whole or not at all, and takes longer than one process may take: how many lines fit, if that is
    /// known.
    TooLong(Option<u64>),
}

impl Lost {
    /// What an error says about the file of a run. Any other error stays one: a permission of ours that is missing is no
    /// partner's outcome.
    pub(crate) fn of(error: Error, run: &ImportRun) -> Result<Self> {
        match error {
            Error::Closed { .. } => Ok(Self::Closed),
            Error::NotFound { key } if key == run.source.key || key == run.content().0.key => Ok(Self::Gone),
            Error::Unreadable { ref key, .. } if *key == run.source.key => {
                Ok(Self::Locked(error.to_string()))
            }
            error => Err(error),
        }
    }

    /// What its report says. `has_begun` if some of its lines may be records.
    pub(crate) fn findings(self, run: &ImportRun, has_begun: bool) -> Findings {
        let (code, what, why, hint) = match self {
            Self::Gone | Self::Closed => (
                GONE,
                "open",
                Error::NotFound { key: run.content().0.key.clone() }.to_string(),
                "the file was removed after it was registered; drop it again to import it".to_owned(),
            ),
            Self::Locked(why) => {
                let hint = "make it readable for tidewaiter, then drop it again".to_owned();
                ("cannot-open", "open", why, hint)
            }
            Self::TooLong(fit) => {
                let why = "loading it takes longer than one process of this deployment may take".to_owned();
                let hint = match fit {
                    Some(lines) => format!("split it into files of at most {}", plural(lines, "line")),
                    None => "split it into smaller files".to_owned(),
                };
                ("too-long", "load", why, hint)
            }
        };
        let reason =
            Reason::new(code, format!("can't {what} file \"{}\": {why}", run.file)).with_hint(Some(hint));
        let notes = has_begun.then(|| "loading had started: some of its lines may be records".to_owned());
        let refusal = Refusal { outcome: Outcome::NotProcessed, reason };
        Findings { notes: notes.into_iter().collect(), ..Findings::refused(refusal) }
    }
}
