//! Queries that cannot be read, and those that can be read again.

use jiff::SignedDuration;
use tidewaiter::config::Active;
use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter::notice::{Notice, Unread, What};

use crate::Result;
use crate::capabilities::{HasMarks, HasQueries};
use crate::fetch;
use crate::ports::{Ended, Marks, Phase, QueryState, QueryStates, ReadEnd, ReadTrouble, Reading};

/// For how long a read that is tried again by itself fails before people are told.
const PATIENCE: SignedDuration = SignedDuration::from_mins(10);

/// What is to be told of the queries of a repository.
pub(super) async fn notices<D: HasQueries + HasMarks>(
    deployment: &D,
    repository: &Repository,
    active: &Active,
    now: Timestamp,
) -> Result<Vec<Notice>> {
    let mut notices = Vec::new();
    for (entry, _, query) in fetch::queries(active) {
        let Some((state, _)) = deployment.queries().query(repository, &entry).await? else { continue };
        let notice = |what| Notice { repository: repository.to_string(), what };
        let unread =
            |since: Timestamp, trouble: &ReadTrouble| unread(&entry, &query.connection, since, trouble);
        if let Some((since, trouble)) = failing(&state, now) {
            notices.push(notice(What::Unread(unread(since, trouble))));
        } else if let Some((since, trouble, at)) = recovered(&state) {
            // An all-clear is sent only after an alarm.
            let alarm = notice(What::Unread(unread(since, trouble)));
            if deployment.marks().get(&alarm.key()).await?.is_some() {
                notices.push(notice(What::ReadAgain { unread: unread(since, trouble), at }));
            }
        }
    }
    Ok(notices)
}

fn unread(entry: &Entry, connection: &str, since: Timestamp, trouble: &ReadTrouble) -> Unread {
    Unread {
        universe: entry.universe.clone(),
        scope: entry.scope.clone(),
        subsection: entry.subsection.clone(),
        connection: connection.to_owned(),
        since,
        message: trouble.message.clone(),
        hint: trouble.hint.clone(),
    }
}

/// Since when a query cannot be read, and why.
fn failing(state: &QueryState, now: Timestamp) -> Option<(Timestamp, &ReadTrouble)> {
    let before = streak(&state.ended);
    match &state.phase {
        Phase::Reading(Reading { at, trouble: Some(trouble), .. }) => {
            let since = before.map_or(*at, |(since, _)| since);
            (now.duration_since(since) >= PATIENCE).then_some((since, trouble))
        }
        _ => before,
    }
}

/// When the failures began with which the last reads ended, and why the last one failed.
fn streak(ended: &[Ended]) -> Option<(Timestamp, &ReadTrouble)> {
    let mut streak = None;
    for end in ended.iter().rev() {
        match &end.end {
            ReadEnd::Failed(trouble) => streak = Some((end.at, streak.map_or(trouble, |(_, last)| last))),
            ReadEnd::Moved { .. } => {}
            ReadEnd::File | ReadEnd::WentBack | ReadEnd::Nothing => break,
        }
    }
    streak
}

/// The failures before the last read, which went well: when they began, why the last one failed, and when it went well.
fn recovered(state: &QueryState) -> Option<(Timestamp, &ReadTrouble, Timestamp)> {
    let good = |end: &Ended| !matches!(end.end, ReadEnd::Failed(_) | ReadEnd::Moved { .. });
    let first = state.ended.iter().rposition(|end| matches!(end.end, ReadEnd::Failed(_)))? + 1;
    let (before, after) = state.ended.split_at_checked(first)?;
    let at = after.iter().find(|end| good(end))?.at;
    let (since, trouble) = streak(before)?;
    Some((since, trouble, at))
}
