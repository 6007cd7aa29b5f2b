//! What the ports of state promise. A check asks for the ports it needs, and the suite for all of them.

mod claims;
mod configs;
mod groups;
mod marks;
mod outbox;
mod queries;
mod runs;

use jiff::civil::date;
use tidewaiter::id::ImportId;
use tidewaiter::keys::{Key, Place, Repository};
use tidewaiter::name::{DataName, GroupTag};
use tidewaiter::report::{Counts, Outcome};
use tidewaiter::sequence::{GroupRef, GroupRule, Ready};

use super::{at, id, repository};
use crate::Result;
use crate::ports::{
    Conclusion, ConfigStore, Group, GroupQueue, ImportRun, KeptReport, KeyClaims, Kind, Marks, Outbox,
    Progress, QueryStates, RunLedger, Source, Told,
};

/// A store that implements every port of state.
pub trait StateStore:
    RunLedger + GroupQueue + KeyClaims + Outbox + ConfigStore + Marks + QueryStates
{
}
impl<S> StateStore for S where
    S: RunLedger + GroupQueue + KeyClaims + Outbox + ConfigStore + Marks + QueryStates
{
}

/// Checks every promise of the ports of state on a store, which has to be empty.
pub async fn state<S: StateStore>(state: &S) -> Result<()> {
    runs::an_import_goes_down_its_path_once(state).await?;
    runs::a_version_is_registered_once(state).await?;
    groups::ready_work_is_in_treatment_order(state).await?;
    groups::a_group_is_a_set_of_slots(state).await?;
    groups::a_generation_is_closed_to_late_files(state).await?;
    groups::a_group_expires_only_while_it_is_incomplete(state).await?;
    claims::a_key_is_taken_from_its_owner_and_remembered(state).await?;
    runs::a_problem_is_open_until_it_is_settled(state).await?;
    groups::a_lost_race_writes_nothing(state).await?;
    runs::a_file_that_came_late_says_so(state).await?;
    runs::ignored_columns_are_remembered_with_the_outcome(state).await?;
    groups::configurations_in_flight_are_counted(state).await?;
    runs::an_unresolved_file_becomes_what_it_is(state).await?;
    runs::an_archive_of_one_file_becomes_that_file(state).await?;
    configs::the_latest_configuration_is_the_active_one(state).await?;
    configs::a_version_is_added_once_and_stays(state).await?;
    configs::versions_that_race_are_all_kept(state).await?;
    configs::a_universe_has_one_owner(state).await?;
    outbox::digests(state).await?;
    runs::the_ledger_is_kept(state).await?;
    runs::the_ledger_is_read_by_the_time_of_outcomes(state).await?;
    queries::queries(state).await?;
    marks::a_mark_is_set_once_unless_it_is_renewed(state).await?;
    configs::a_configuration_is_kept_by_its_hash(state).await
}

fn name(file: &str, scope: &str, day: i8) -> DataName {
    DataName {
        file: file.to_owned(),
        group: None,
        universe: "acme".to_owned(),
        scope: scope.to_owned(),
        subsection: "crm".to_owned(),
        date: date(2026, 1, day),
        suffix: None,
    }
}

fn data(place: &str, n: u32, kind: Kind) -> ImportRun {
    let file = match &kind {
        Kind::Data { name, .. } => name.file.clone(),
        _ => format!("file-{n}"),
    };
    ImportRun {
        id: id(n),
        repository: repository(place),
        source: Source { key: format!("waiting/{n}"), version: None },
        file,
        archive: None,
        fetched: None,
        bytes: 1,
        arrived: at(n),
        kind,
        progress: Progress::Registered,
    }
}

fn single(place: &str, n: u32, file: &str, rank: usize, day: i8) -> ImportRun {
    let name = name(file, &format!("scope{rank}"), day);
    data(place, n, Kind::Data { name, rank, settle_seconds: 10, group: None, unpacked: None })
}

fn member(place: &str, n: u32, group: &str, slot: u8, last: u8, file: &str) -> ImportRun {
    let tag = GroupTag { id: group.to_owned(), slot, last };
    let name = DataName { group: Some(tag), ..name(file, "contacts", 1) };
    let group = GroupRef { id: group.to_owned(), last, generation: 0 };
    let group = Group { group, slot, rule: GroupRule::AllOrNothing, late: false };
    data(place, n, Kind::Data { name, rank: 0, settle_seconds: 10, group: Some(group), unpacked: None })
}

/// An outcome of an import, with a report that is kept elsewhere and a mail that is due.
pub fn conclusion(import: &ImportRun, outcome: Outcome) -> Conclusion {
    Conclusion {
        outcome,
        code: None,
        counts: Counts { read: 3, imported: 2, rejected: 1, ..Counts::default() },
        findings: vec!["type-error".to_owned()],
        sha256: Some("00".to_owned()),
        finished: at(90),
        place: Key::placed(Place::Archives, &import.repository, &import.file),
        log: Key::log(&import.repository, &import.file),
        report: KeptReport::At(Key::report(&import.repository, &import.file, import.id, 1)),
        badlines: None,
        mail_due: true,
        mail_trouble: None,
        problem: None,
        bytes: None,
        digest: None,
    }
}

async fn end<S: RunLedger>(state: &S, import: &ImportRun, outcome: Outcome) -> Result<()> {
    let conclusion = conclusion(import, outcome);
    state.conclude(import, &conclusion, &[&conclusion.place], Told::default()).await?;
    state.finish(import.id).await
}

/// The first piece of ready work.
async fn ready<S: GroupQueue>(state: &S, place: &Repository) -> Result<Option<Ready>> {
    Ok(state.turn(place).await?.ready.into_iter().next())
}

async fn claim<S: KeyClaims>(state: &S, key: &Key, id: ImportId) -> Result<Option<Key>> {
    Ok(state.claim(&[key], id).await?.pop().flatten())
}
