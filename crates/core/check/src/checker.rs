//! The checker: the beginning of a file, then its body.

use std::sync::Arc;

use tidewaiter_schema::compile::Scope;

use super::apart::{Judge, Judged};
use super::body::Body;
use super::explain::Place;
use super::opening::{Opening, Verdict};
use super::rules::Rules;
use super::scan::Kernel;
use super::{Dialect, Limits, Sink, Summary};

/// Checks one file, pushed in chunks of any size. See the [module](super).
#[derive(Debug)]
pub struct Checker {
    stage: Stage,
    kernel: Kernel,
    summary: Summary,
}

#[derive(Debug)]
enum Stage {
    Opening(Opening),
    Body(Box<Body>),
    Bogus,
}

impl Checker {
    /// A checker for one file of this scope.
    pub fn new(scope: Arc<Scope>, dialect: Dialect, limits: Limits) -> Self {
        let stage = Stage::Opening(Opening::new(scope, dialect, limits));
        Self { stage, kernel: Kernel::default(), summary: Summary::default() }
    }

    /// The same checker without what only some processors can do: slower, and with the same results, which is what
    /// tests use it for. Called before anything is fed.
    #[must_use]
    pub fn portable(self) -> Self {
        Self { kernel: Kernel::Portable, ..self }
    }

    /// Takes the next bytes of the file. What they decide goes to the sink before this returns.
    pub fn feed(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        self.summary.bytes += bytes.len() as u64;
        if let Stage::Opening(opening) = &mut self.stage {
            let verdict = opening.feed(&mut bytes, &mut self.summary.findings, sink);
            self.enter(verdict);
        }
        if let Stage::Body(body) = &mut self.stage {
            body.feed(bytes, &mut self.summary, sink);
        }
    }

    /// The judge of lines with the rules of this checker, for any thread; None while the header is not known, or if
    /// it is refused.
    pub fn judge(&self) -> Option<Judge> {
        match &self.stage {
            Stage::Body(body) => Some(body.judge()),
            Stage::Opening(_) | Stage::Bogus => None,
        }
    }

    /// Takes the next bytes of the file, of which the first begins a line, with what a [judge](Self::judge) of this
    /// checker said of the same bytes. It comes to the same as [`Self::feed`] with a sink that forgets.
    pub fn feed_judged(&mut self, bytes: &[u8], judged: &Judged) {
        if let Stage::Body(body) = &mut self.stage {
            self.summary.bytes += bytes.len() as u64;
            body.feed_judged(bytes, judged, &mut self.summary);
        }
    }

    /// True as soon as the file as a whole is refused: what follows is ignored, so there is no need to
    /// feed it.
    pub fn is_bogus(&self) -> bool {
        matches!(self.stage, Stage::Bogus)
    }

    /// What is known so far: to show progress, or to stop early. The explanation of a line with an open
    /// quote may still be missing; the counts are complete.
    pub fn so_far(&self) -> &Summary {
        &self.summary
    }

    /// The file ends here. Also right after the last line that a caller who stops early wants to know about.
    pub fn finish(mut self, sink: &mut impl Sink) -> Summary {
        if let Stage::Opening(opening) = &mut self.stage {
            let verdict = opening.finish(&mut self.summary.findings, sink);
            self.enter(verdict);
        }
        if let Stage::Body(body) = &mut self.stage {
            body.finish(&mut self.summary, sink);
        }
        self.summary
    }

    fn enter(&mut self, verdict: Verdict) {
        let Stage::Opening(opening) = &self.stage else { return };
        match verdict {
            Verdict::Undecided => {}
            Verdict::Good(header, bytes) => {
                let rules = Rules::new(Arc::clone(&opening.scope), header, opening.dialect.delimiter);
                let next = Place { number: 2, byte: bytes };
                self.stage = Stage::Body(Box::new(Body::new(rules, self.kernel, opening.limits, next)));
            }
            Verdict::Bogus => {
                self.stage = Stage::Bogus;
                self.summary.bogus = true;
            }
        }
    }
}
