//! How a run goes on. Each of these is done again without harm: the second time changes nothing.

use std::mem::discriminant;

use tidewaiter_model::keys::Key;

use super::{Conclusion, Decision, Delivery, ImportRun, Kind, Pinned, Progress, Trouble};

impl ImportRun {
    /// Says what an unresolved file is, or which file it is that an archive holds and nothing else. Returns false if
    /// that is known, and leaves it as it is.
    pub fn resolve(&mut self, kind: &Kind) -> bool {
        let is_open = match self.kind {
            Kind::Unresolved { .. } => !matches!(kind, Kind::Unresolved { .. }),
            // An archive whose members are registered stays one.
            Kind::Archive => matches!(self.progress, Progress::Registered),
            Kind::Data { .. } | Kind::Configuration { .. } | Kind::Refused(_) => false,
        };
        let is_resolved = is_open && self.conclusion().is_none();
        if is_resolved {
            self.kind = kind.clone();
        }
        is_resolved
    }

    /// Fixes what it works under. Returns what holds, or None if its outcome is decided.
    pub fn start(&mut self, pin: &Pinned) -> Option<Pinned> {
        let held = match &self.progress {
            Progress::Registered => pin.clone(),
            Progress::Started(pinned) => pinned.joined(pin.clone()),
            Progress::Concluding(_) | Progress::Done(_) => return None,
        };
        self.progress = Progress::Started(held.clone());
        Some(held)
    }

    /// Decides its outcome, by one who had `seen` it as it was. Returns what stands against it: then nothing is decided.
    pub fn conclude(&mut self, seen: &Self, conclusion: &Conclusion) -> Option<Decision> {
        match self.conclusion() {
            // It is another file by now than the one that the caller looked at, and its outputs have other keys.
            _ if discriminant(&self.kind) != discriminant(&seen.kind) => Some(Decision::Passed),
            Some(decided) if decided == conclusion => None,
            Some(decided) => Some(Decision::Before(Box::new(decided.clone()))),
            None if self.has_passed() && !seen.has_passed() => Some(Decision::Passed),
            None => {
                self.progress = Progress::Concluding(conclusion.clone());
                None
            }
        }
    }

    /// Marks it done, if its outcome is decided.
    pub fn finish(&mut self) {
        if let Progress::Concluding(conclusion) = &self.progress {
            self.progress = Progress::Done(conclusion.clone());
        }
    }

    /// Notes what became of the mail about it alone. A mail that is not due never becomes due.
    pub fn mailed(&mut self, delivery: &Delivery) {
        if let Progress::Done(conclusion) = &mut self.progress {
            let (due, trouble) = delivery.state();
            conclusion.mail_due &= due;
            conclusion.mail_trouble = trouble;
        }
    }

    /// Notes that its report waits for no digest any more, and why some recipients never get that.
    pub fn digested(&mut self, trouble: Option<&Trouble>) {
        if let Progress::Done(conclusion) = &mut self.progress
            && let Some(place) = &mut conclusion.digest
        {
            place.due = false;
            place.trouble = trouble.cloned();
        }
    }

    /// Says where an output that lay at `key` is kept from now on. Returns false if none of its outputs lay there.
    pub fn rename_output(&mut self, key: &Key, older: &Key) -> bool {
        let Some(conclusion) = self.conclusion_mut() else { return false };
        let outputs = [&mut conclusion.place, &mut conclusion.log];
        let mut is_renamed = false;
        for output in outputs.into_iter().chain(conclusion.badlines.as_mut()).filter(|output| *output == key)
        {
            output.clone_from(older);
            is_renamed = true;
        }
        is_renamed
    }

    /// True if a try has found that it passes, and others go by that: half of it may be loaded, or the rest of its
    /// group may be checked.
    pub fn has_passed(&self) -> bool {
        matches!(&self.progress, Progress::Started(pinned) if pinned.checked || pinned.content.is_some())
    }
}
