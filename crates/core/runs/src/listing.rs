//! The lists of a store that a run is on.

use std::collections::BTreeSet;

use super::{ImportRun, Kind, Progress};
use tidewaiter_model::id::Timestamp;
use tidewaiter_model::order::{member_key, single_key};
use tidewaiter_model::sequence::GroupRef;

/// A list that a store keeps of the runs of a repository, so that processes find them without reading every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Listing {
    /// The single files that are not done, at this place in treatment order.
    Ready(String),
    /// The members of this group that are not done, at this place in its order.
    Open(GroupRef, String),
    /// The members of this group that are not checked, at this place in its order. They are open as well.
    Unchecked(GroupRef, String),
    /// The files of which it is not known what they are.
    Unresolved,
    /// What a reconciliation goes on with, because no other list leads to it.
    Unfinished,
    /// The runs that have their outcome, by the time of that.
    Ended(Timestamp),
    /// The runs that are to be mailed by themselves.
    MailDue,
    /// The runs whose reports wait for this digest; see [`DigestPlace::key`](super::DigestPlace::key).
    Digest(String),
    /// The runs that leave an open problem.
    Problem,
}

impl ImportRun {
    /// The lists that it is on. A store that replaces a run takes it off the lists that the new one is not on, and puts
    /// it on those that the old one was not on, in the same transaction.
    pub fn listings(&self) -> BTreeSet<Listing> {
        let mut on = BTreeSet::new();
        if !self.is_done() {
            match &self.kind {
                Kind::Data { name, group: Some(member), .. } => {
                    let sort = member_key(member.slot, name, self.id);
                    if !self.is_checked() {
                        on.insert(Listing::Unchecked(member.group.clone(), sort.clone()));
                    }
                    on.insert(Listing::Open(member.group.clone(), sort));
                }
                Kind::Data { name, rank, group: None, .. } => {
                    on.insert(Listing::Ready(single_key(name, *rank, self.id)));
                }
                Kind::Unresolved { .. } => _ = on.insert(Listing::Unresolved),
                Kind::Archive | Kind::Configuration { .. } | Kind::Refused(_) => {
                    on.insert(Listing::Unfinished);
                }
            }
        }
        match &self.progress {
            Progress::Registered | Progress::Started(_) => {}
            Progress::Concluding(conclusion) => {
                on.insert(Listing::Unfinished);
                on.insert(Listing::Ended(conclusion.finished));
            }
            Progress::Done(conclusion) => {
                on.insert(Listing::Ended(conclusion.finished));
                if conclusion.mail_due {
                    on.insert(Listing::MailDue);
                }
                let digest = conclusion.digest.as_ref().filter(|digest| digest.due);
                on.extend(digest.map(|digest| Listing::Digest(digest.key())));
            }
        }
        if self.has_open_problem() {
            on.insert(Listing::Problem);
        }
        on
    }

    fn is_checked(&self) -> bool {
        match &self.progress {
            Progress::Registered => false,
            Progress::Started(pinned) => pinned.checked,
            Progress::Concluding(_) | Progress::Done(_) => true,
        }
    }
}
