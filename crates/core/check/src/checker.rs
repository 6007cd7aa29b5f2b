//! The checker: the beginning of a file, then its body.

use std::sync::Arc;

use tidewaiter_schema::compile::Scope;

use super::apart::{Judge, Judged};
use super::body::Body;
use super::foreign::{self, Records};
use super::opening::{Opening, Verdict};
use super::place::Place;
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
    /// The same two for a file in a dialect.
    Foreign(Box<foreign::Opening>),
    Records(Box<Records>),
    Bogus,
}

impl Checker {
    /// A checker for one file of this scope.
    pub fn new(scope: Arc<Scope>, dialect: Dialect, limits: Limits) -> Self {
        let stage = match dialect.own().cloned() {
            None => Stage::Opening(Opening::new(scope, dialect, limits)),
            Some(own) => Stage::Foreign(Box::new(foreign::Opening::new(scope, dialect, own, limits))),
        };
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
        if let Stage::Foreign(opening) = &mut self.stage {
            let verdict = opening.feed(bytes, &mut self.summary.findings, sink);
            // What follows the header is in the opening's hands.
            let rest = self.enter_records(verdict);
            return self.feed_body(&rest, sink);
        }
        self.feed_body(bytes, sink);
    }

    fn feed_body(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        match &mut self.stage {
            Stage::Body(body) => body.feed(bytes, &mut self.summary, sink),
            Stage::Records(records) => records.feed(bytes, &mut self.summary, sink),
            Stage::Opening(_) | Stage::Foreign(_) | Stage::Bogus => {}
        }
    }

    /// The judge of lines with the rules of this checker, for any thread; None while the header is not known, if it is
    /// refused, or if the dialect needs more than whole lines of UTF-8 to tell records apart.
    pub fn judge(&self) -> Option<Judge> {
        match &self.stage {
            Stage::Body(body) => Some(body.judge()),
            _ => None,
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
        if let Stage::Foreign(opening) = &mut self.stage {
            let verdict = opening.finish(&mut self.summary.findings, sink);
            let rest = self.enter_records(verdict);
            self.feed_body(&rest, sink);
        }
        match &mut self.stage {
            Stage::Body(body) => body.finish(&mut self.summary, sink),
            Stage::Records(records) => records.finish(&mut self.summary, sink),
            Stage::Opening(_) | Stage::Foreign(_) | Stage::Bogus => {}
        }
        self.summary
    }

    fn enter(&mut self, verdict: Verdict) {
        let Stage::Opening(opening) = &self.stage else { return };
        match verdict {
            Verdict::Undecided => {}
            Verdict::Good(header, bytes) => {
                let rules = Rules::new(Arc::clone(&opening.scope), header, &opening.dialect);
                let next = Place::of_line(2, bytes);
                self.stage = Stage::Body(Box::new(Body::new(rules, self.kernel, opening.limits, next)));
            }
            Verdict::Bogus => {
                self.stage = Stage::Bogus;
                self.summary.bogus = true;
            }
        }
    }

    /// The same for a file in a dialect. Gives what was fed and follows the header.
    fn enter_records(&mut self, verdict: foreign::Verdict) -> Vec<u8> {
        let Stage::Foreign(opening) = &self.stage else { return Vec::new() };
        match verdict {
            foreign::Verdict::Undecided => Vec::new(),
            foreign::Verdict::Good(good) => {
                let foreign::Good { header, decoder, next, rest } = *good;
                let rules = Rules::new(Arc::clone(&opening.scope), header, &opening.dialect);
                let limits = opening.limits;
                let is_plain = decoder.is_utf8() && opening.has_plain_lines();
                self.stage = if is_plain {
                    Stage::Body(Box::new(Body::new(rules, self.kernel, limits, next)))
                } else {
                    Stage::Records(Box::new(Records::new(rules, self.kernel, limits, decoder, next)))
                };
                rest
            }
            foreign::Verdict::Bogus => {
                self.stage = Stage::Bogus;
                self.summary.bogus = true;
                Vec::new()
            }
        }
    }
}
