//! Processes a data file: begin, check, decide, land, conclude.
//!
//! Each step is a module, and returns a type that lists what can come of it. Nothing is loaded before the whole file has
//! passed. Loading goes batch by batch; each batch takes effect once, however often an interrupted run begins again. The
//! configuration, and that the file has passed, are pinned before the first batch: what was begun goes on, whatever
//! others have changed since.

mod begin;
mod check;
mod decide;
mod land;
mod lines;
mod load;
mod lost;
mod messages;
mod references;
mod refused;
mod replace_all;

use tidewaiter::finding::{Code, Finding};
use tidewaiter::id::ImportId;
use tidewaiter::sequence::{Event, Verdict};

use crate::Result;
use crate::capabilities::{
    Capacity, Clock, HasClaims, HasGroups, HasLocator, HasMarks, HasObjects, HasQueue, HasRecords, HasRuns,
    Observes, trait_alias,
};
use crate::conclude::{self, Audience, Concludes, Findings, Finisher};
use crate::configs::Pins;
use crate::lost::Lost;
use crate::ports::{ImportRun, Message, News, Pinned, Queue, RunLedger, Task};
use begin::{Begun, File};
use check::Checked;
use decide::Decided;
use land::Landed;

trait_alias! {
    /// What loading a file that has passed needs.
    pub trait Loads = HasObjects + HasClaims + HasRecords + HasLocator + HasMarks + Clock + Capacity + Observes
}

trait_alias! {
    /// What processing a file needs.
    pub trait Processes = Concludes + HasGroups + Pins + Loads
}

/// What was tried of a task before, as far as can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// This is the first try: the snapshot of the run is current, and nothing of it is loaded.
    Never,
    /// There may have been a try.
    Perhaps,
    /// An earlier invocation landed so many batches, and had no time for the others. A store that lands whole did not keep
    /// them.
    Landed(u64),
}

impl Tried {
    /// As a message tells it: whether it is the first about the task, and how many batches it says are landed.
    pub fn told(is_first: bool, landed: u64) -> Self {
        match landed {
            0 if is_first => Self::Never,
            0 => Self::Perhaps,
            landed => Self::Landed(landed),
        }
    }

    fn batches(self) -> u64 {
        if let Self::Landed(batches) = self { batches } else { 0 }
    }
}

/// What comes of a file that has begun.
enum Passage {
    /// It passed the check of a group that is all or nothing. The sequencer says when it is loaded.
    Checked,
    /// Its outcome is found.
    Ends(Box<Findings>),
    /// The time of this process is up, after so many batches.
    Paused(u64),
    /// It cannot be brought to its end.
    Lost(Lost),
}

/// Carries out a task on a registered file.
pub async fn process<D: Processes>(deployment: &D, id: ImportId, task: Task, tried: Tried) -> Result<()> {
    let mut file = match begin::begin(deployment, id, tried).await? {
        Begun::File(file) => file,
        Begun::Concluded(run, conclusion) => {
            return conclude::carry_out(deployment, &run, &conclusion).await;
        }
        Begun::NoData => {
            tracing::warn!(import = %id, "no data file: nothing to check");
            return Ok(());
        }
        Begun::Refused(run, refusal) => {
            return conclude::conclude(deployment, &run, Findings::refused(refusal)).await;
        }
    };
    match pass(deployment, &mut file, task, tried).await? {
        Passage::Checked => tell_checked(deployment, &file.run).await,
        Passage::Ends(mut findings) => {
            tell_changes(&file.run, &mut findings);
            findings.notes.extend(file.fixed.iter().flat_map(|fixed| fixed.notes.clone()));
            end(deployment, &file, &findings).await
        }
        Passage::Paused(landed) => {
            let message = Message::Work { import: id, task, known: None, landed };
            deployment.queue().send(message, None).await
        }
        Passage::Lost(lost) => Box::pin(lost::leave(deployment, &file, lost)).await,
    }
}

async fn pass<D: Processes>(deployment: &D, file: &mut File, task: Task, tried: Tried) -> Result<Passage> {
    if file.pinned.checked && task == Task::Check {
        return Ok(Passage::Checked);
    }
    let (id, has_begun) = (file.run.id, file.has_begun);
    tracing::debug!(import = %id, ?task, has_begun, "processing started");
    let read = match check::check(deployment, file).await? {
        Checked::Read(read) => read,
        Checked::Lost(lost) => return Ok(Passage::Lost(lost)),
    };
    let (lines, rejected) = (read.examined.summary.lines_read, read.examined.summary.rejected);
    tracing::debug!(import = %id, bytes = read.bytes, lines, rejected, "checked");
    let passed = match decide::decide(deployment, file, read).await? {
        Decided::Passed(passed) => passed,
        Decided::Refused(findings) => return Ok(Passage::Ends(findings)),
    };
    if task == Task::Check {
        deployment.runs().start(file.run.id, &Pinned { checked: true, ..file.pinned.clone() }).await?;
        return Ok(Passage::Checked);
    }
    decide::pin_content(deployment, file, &passed.content).await?;
    let mut findings = match land::land(deployment, file, &passed, tried.batches()).await? {
        Landed::All(findings) => findings,
        Landed::Unfit(refusal) => return Ok(Passage::Ends(Box::new(Findings::refused(refusal)))),
        Landed::Paused(landed) => return Ok(Passage::Paused(landed)),
        Landed::Lost(lost) => return Ok(Passage::Lost(lost)),
    };
    if let Some(duplicate) = &passed.duplicate {
        let hint = "check whether it was sent twice on purpose: amounts that its lines add are added twice";
        let message = messages::same_content(duplicate);
        findings.tally.push(Finding::file(Code::DuplicateFile, message).with_hint(hint));
    }
    Ok(Passage::Ends(findings))
}

/// Tells how the source of a file has changed since the read before.
fn tell_changes(run: &ImportRun, findings: &mut Findings) {
    for change in run.fetched.iter().flat_map(|fetched| &fetched.changes) {
        let hint = "check that the query still means what the import expects";
        findings.tally.push(Finding::file(Code::SourceChanged, change.clone()).with_hint(hint));
    }
}

/// Gives a file its outcome. The sequencer marks it done, in the write with which it goes on.
async fn end<D: Processes>(deployment: &D, file: &File, findings: &Findings) -> Result<()> {
    let audience = Audience::of_subsection(&file.terms.options);
    // On the heap, as whatever else is large here: all of it would lie on the stack at once.
    Box::pin(conclude::conclude_and_tell(deployment, &file.run, findings, &audience, Finisher::Sequencer))
        .await
}

async fn tell_checked<D: HasRuns + HasQueue>(deployment: &D, run: &ImportRun) -> Result<()> {
    let news = News::Happened(Event::Checked(run.id, Verdict::Accepted));
    let known = deployment.runs().remembered(run.id).map(Box::new);
    let message = Message::Sequence { repository: run.repository.clone(), news, known };
    deployment.queue().send(message, None).await
}
