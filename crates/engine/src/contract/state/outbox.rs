//! What an outbox promises of digests.

use tidewaiter::config::Digest;
use tidewaiter::id::ImportId;
use tidewaiter::report::Outcome;

use super::super::{at, id, repository};
use super::{conclusion, single};
use crate::ports::{
    Conclusion, Delivery, DigestPlace, ImportRun, Outbox, Progress, RunLedger, Told, Trouble, WaitingDigest,
};
use crate::{Error, Result};

pub(super) async fn digests<S: RunLedger + Outbox>(state: &S) -> Result<()> {
    a_digest_tells_of_each_report_once(state).await?;
    many_reports_go_into_one_digest(state).await
}

/// A digest for this recipient.
fn hourly(to: &str) -> DigestPlace {
    DigestPlace {
        every: Digest::Hour,
        from: Some(at(0)),
        recipients: vec![to.to_owned()],
        due: true,
        trouble: None,
    }
}

/// A file whose report waits for a digest.
async fn end_in<S: RunLedger + Outbox>(state: &S, import: &ImportRun, digest: &DigestPlace) -> Result<()> {
    state.register(std::slice::from_ref(import)).await?;
    let decided =
        Conclusion { mail_due: false, digest: Some(digest.clone()), ..conclusion(import, Outcome::Imported) };
    state.conclude(import, &decided, &[&decided.place], Told::default()).await?;
    state.finish(import.id).await
}

async fn a_digest_tells_of_each_report_once<S: RunLedger + Outbox>(state: &S) -> Result<()> {
    let place = repository("digests");
    let (ours, others) = (hourly("data@example.org"), hourly("ops@example.org"));
    assert_eq!(state.digests(&place).await?, []);
    assert_eq!(state.gather(&place, &ours.key(), 10).await?, None);
    for (n, digest) in [(100, &ours), (101, &others), (102, &ours)] {
        end_in(state, &single("digests", n, &format!("d{n}.csv"), 0, 1), digest).await?;
    }
    let waiting = async |digest: &DigestPlace| {
        let all = state.digests(&place).await?;
        Ok::<_, Error>(all.into_iter().find(|waiting| waiting.digest == digest.key()))
    };
    let reports = |waiting: Option<WaitingDigest>| waiting.map(|waiting| (waiting.first, waiting.reports));
    assert_eq!(reports(waiting(&ours).await?), Some((id(100), 2)));
    assert_eq!(reports(waiting(&others).await?), Some((id(101), 1)));
    assert!(!state.unmailed().await?.contains(&id(100)), "it is mailed with others, and not by itself");

    let gathered = state.gather(&place, &ours.key(), 10).await?;
    assert_eq!(gathered.as_ref().map(|g| g.imports.clone()), Some(vec![id(100), id(102)]));
    // What comes now is for another mail. A second call gets the same one.
    end_in(state, &single("digests", 103, "d103.csv", 0, 1), &ours).await?;
    assert_eq!(state.gather(&place, &ours.key(), 10).await?, gathered);
    let Some(gathered) = gathered else { return Ok(()) };
    let trouble = Trouble { at: at(104), why: "refused".to_owned() };
    state.digested(&place, &gathered, &Delivery::Delayed(trouble.clone())).await?;
    assert_eq!(waiting(&ours).await?.and_then(|waiting| waiting.trouble), Some(trouble.clone()));
    let again = state.gather(&place, &ours.key(), 10).await?.map(|g| g.imports);
    assert_eq!(again.as_ref(), Some(&gathered.imports), "it is the same mail that is tried again");
    for _ in 0..2 {
        state.digested(&place, &gathered, &Delivery::Failed(trouble.clone())).await?;
    }
    for (n, told) in [(100, true), (101, false), (102, true), (103, false)] {
        let digest = match state.run(id(n)).await?.map(|import| import.progress) {
            Some(Progress::Done(done)) => done.digest,
            _ => None,
        };
        assert_eq!(digest.as_ref().map(|digest| !digest.due), Some(told), "{n}");
        assert_eq!(digest.and_then(|digest| digest.trouble), told.then(|| trouble.clone()), "{n}");
    }
    assert_eq!(reports(waiting(&ours).await?), Some((id(103), 1)));
    let next = state.gather(&place, &ours.key(), 10).await?;
    assert_eq!(next.as_ref().map(|g| g.imports.clone()), Some(vec![id(103)]));
    // Word of the earlier mail that comes late is not about this one.
    state.digested(&place, &gathered, &Delivery::Sent).await?;
    assert_eq!(state.gather(&place, &ours.key(), 10).await?, next);
    if let Some(next) = next {
        state.digested(&place, &next, &Delivery::Sent).await?;
    }
    assert_eq!(waiting(&ours).await?, None);
    Ok(())
}

/// More than any store takes at once.
async fn many_reports_go_into_one_digest<S: RunLedger + Outbox>(state: &S) -> Result<()> {
    let (place, digest) = (repository("crowd"), hourly("data@example.org"));
    let ids: Vec<ImportId> = (200..330).map(id).collect();
    for n in 200..330 {
        end_in(state, &single("crowd", n, &format!("m{n}.csv"), 0, 1), &digest).await?;
    }
    let read: Vec<ImportId> = state.runs(&ids).await?.iter().map(|import| import.id).collect();
    assert_eq!(read, ids);
    assert_eq!(state.runs(&[id(9_999)]).await?, []);
    let some = state.gather(&place, &digest.key(), 120).await?;
    assert_eq!(some.as_ref().map(|g| g.imports.len()), Some(120));
    let Some(some) = some else { return Ok(()) };
    state.digested(&place, &some, &Delivery::Sent).await?;
    let rest = state.gather(&place, &digest.key(), 120).await?;
    assert_eq!(rest.as_ref().map(|g| g.imports.as_slice()), ids.get(120..));
    let Some(rest) = rest else { return Ok(()) };
    state.digested(&place, &rest, &Delivery::Sent).await?;
    assert_eq!(state.gather(&place, &digest.key(), 120).await?, None);
    assert_eq!(state.digests(&place).await?, []);
    Ok(())
}
