//! Where each thing lies in the table: a partition key and a sort key, both text.
//!
//! Names of repositories have no `#`, and the numbers behind a group's id none either, so that two things
//! never share a key whatever is in the names that partners choose.

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::{DataName, Entry};
use tidewaiter::order::group_key;
use tidewaiter::run::Listing;
use tidewaiter::sequence::GroupRef;
use tidewaiter_engine::ports::ImportRun;

use crate::table::At;

fn at(pk: String, sk: impl Into<String>) -> At {
    At { pk, sk: sk.into() }
}

/// An import with all that is known of it: its line in the ledger.
pub(super) fn import(id: ImportId) -> At {
    at(format!("import#{id}"), "import")
}

/// The run that took in a version of a dropped object.
pub(super) fn version(key: &str, version: &str) -> At {
    at(format!("version#{key}"), version)
}

/// The partition of a repository's imports, by id: by the time of their arrival.
pub(super) fn ledger(repository: &Repository) -> String {
    format!("ledger#{repository}")
}

/// The partition of a repository's imports that have their outcome, by the time of that.
pub(super) fn ended(repository: &Repository) -> String {
    format!("ended#{repository}")
}

/// The sort keys of what ended at this millisecond begin with this, and sort by it.
pub(super) fn ended_at(at: Timestamp) -> String {
    format!("{:015}", at.as_millisecond())
}

/// The partition of an archive's members, by id: in the order of the archive.
pub(super) fn archive(archive: ImportId) -> String {
    format!("archive#{archive}")
}

/// Says that all members of an archive are registered.
pub(super) fn unpacked(archive: ImportId) -> At {
    at(format!("unpacked#{archive}"), "unpacked")
}

/// The partition of a repository's ready work, in treatment order, behind the state of its sequencer.
pub(super) fn ready(repository: &Repository) -> String {
    format!("ready#{repository}")
}

/// A complete group's marker among the ready work.
pub(super) fn ready_group(repository: &Repository, group: &GroupRef) -> At {
    at(ready(repository), group_key(&group.id, group.last, group.generation))
}

/// A group, whatever its generation: which one is open, and the slots that are filled in it.
pub(super) fn group(repository: &Repository, group: &GroupRef) -> At {
    at(format!("group#{repository}#{}#{:02}", group.id, group.last), "group")
}

/// The partition of a repository's incomplete groups.
pub(super) fn waiting(repository: &Repository) -> String {
    format!("waiting#{repository}")
}

/// An incomplete group.
pub(super) fn waiting_group(repository: &Repository, group: &GroupRef) -> At {
    at(waiting(repository), format!("{}#{:02}", group.id, group.last))
}

/// The partition of the members of one generation of a group.
pub(super) fn members(repository: &Repository, group: &GroupRef) -> String {
    let GroupRef { id, last, generation } = group;
    format!("members#{repository}#{id}#{last:02}#{generation:010}")
}

/// The sort keys of members that are not done, in their order.
pub(super) const OPEN: &str = "open#";
/// The sort keys of members that are not checked, in their order.
pub(super) const UNCHECKED: &str = "unchecked#";

/// The partition of a repository's imports that a reconciliation looks at.
pub(super) fn unfinished(repository: &Repository) -> String {
    format!("unfinished#{repository}")
}

/// The partition of a repository's imports whose mail is due.
pub(super) fn unmailed(repository: &Repository) -> String {
    format!("unmailed#{repository}")
}

/// The partition of a repository's imports that leave an open problem.
pub(super) fn problems(repository: &Repository) -> String {
    format!("problems#{repository}")
}

/// The partition of a repository's digests.
pub(super) fn digests(repository: &Repository) -> String {
    format!("digests#{repository}")
}

/// The sort keys of what is gathered for a mail.
pub(super) const GATHERED: &str = "gathered#";
/// The sort keys of reports that wait.
pub(super) const WAITS: &str = "waits#";

/// What is gathered for a mail of a digest.
pub(super) fn gathered(repository: &Repository, digest: &str) -> At {
    at(digests(repository), format!("{GATHERED}{digest}"))
}

/// The sort keys of the reports that wait for a digest, by id.
pub(super) fn waits(digest: &str) -> String {
    format!("{WAITS}{digest}#")
}

/// An import in one of these.
pub(super) fn of(partition: String, id: ImportId) -> At {
    at(partition, id.to_string())
}

/// The state of a repository's sequencer: before its ready work, so that one request reads it with the first
/// piece of that.
pub(super) fn sequence(repository: &Repository) -> At {
    at(ready(repository), SEQUENCE)
}

/// The sort key of a sequencer's state. Those of ready work begin with letters.
pub(super) const SEQUENCE: &str = "!";

/// How many configurations of a repository were registered, and how many have their outcome: one item, so that both
/// are of one moment. It lies behind the sequencer's state and before its ready work, so that the same request reads it.
pub(super) fn configurations(repository: &Repository) -> At {
    at(ready(repository), CONFIGURATIONS)
}

/// The sort key of these numbers.
pub(super) const CONFIGURATIONS: &str = "#";

/// The sort keys of unresolved files among what a reconciliation looks at.
pub(super) const UNRESOLVED: &str = "unresolved#";

/// The import that last activated a configuration.
pub(super) fn activated(repository: &Repository, universe: &str) -> At {
    at(format!("activated#{repository}"), universe)
}

/// The partition of the versions of a configuration, in the order of their numbers.
pub(super) fn versions(repository: &Repository, universe: &str) -> String {
    format!("versions#{repository}#{universe}")
}

/// A version among them.
pub(super) fn version_of(repository: &Repository, universe: &str, number: u32) -> At {
    at(versions(repository, universe), format!("{number:010}"))
}

/// The universes that have an owner.
pub(super) const UNIVERSES: &str = "universes";

/// A universe among them, with its owner.
pub(super) fn universe(name: &str) -> At {
    at(UNIVERSES.to_owned(), name)
}

/// The partition of the repositories that a universe is shared with.
pub(super) fn shared(universe: &str) -> String {
    format!("shared#{universe}")
}

/// A repository among them.
pub(super) fn shared_with(universe: &str, repository: &Repository) -> At {
    at(shared(universe), repository.as_str())
}

/// The repositories in which something was ever registered.
pub(super) const REPOSITORIES: &str = "repositories";

/// A repository among them.
pub(super) fn repository(repository: &Repository) -> At {
    at(REPOSITORIES.to_owned(), repository.as_str())
}

/// The run whose output lies at a key.
pub(super) fn place(key: &Key) -> At {
    at(format!("place#{key}"), "place")
}

/// Under which key an import had to keep what it found at a key.
pub(super) fn displaced(key: &Key, by: ImportId) -> At {
    at(format!("place#{key}"), format!("displaced#{by}"))
}

/// The partition of the dates that were imported for one configured import.
pub(super) fn dates(repository: &Repository, name: &DataName) -> String {
    let DataName { universe, scope, subsection, .. } = name;
    format!("dates#{repository}#{universe}\u{1f}{scope}\u{1f}{subsection}")
}

/// The latest of these dates.
pub(super) fn latest_date(repository: &Repository, name: &DataName) -> At {
    at(format!("latest#{repository}"), dates(repository, name))
}

/// One of these dates.
pub(super) fn date(repository: &Repository, name: &DataName, date: Date) -> At {
    at(dates(repository, name), date.to_string())
}

/// The run that brought a content first, for one configured import.
pub(super) fn content(repository: &Repository, name: &DataName, sha256: &str) -> At {
    let DataName { universe, scope, subsection, .. } = name;
    at(format!("content#{repository}#{universe}\u{1f}{scope}\u{1f}{subsection}"), sha256)
}

/// The ignored columns that the files of one configured import had.
pub(super) fn seen_columns(repository: &Repository, name: &DataName) -> At {
    let DataName { universe, scope, subsection, .. } = name;
    at(format!("columns#{repository}"), format!("{universe}\u{1f}{scope}\u{1f}{subsection}"))
}

/// The state of a query.
pub(super) fn query(repository: &Repository, entry: &Entry) -> At {
    let Entry { universe, scope, subsection } = entry;
    at(format!("query#{repository}"), format!("{universe}\u{1f}{scope}\u{1f}{subsection}"))
}

/// The repositories of which the state of a query is kept.
pub(super) const QUERIES: &str = "queries";

/// A repository among them.
pub(super) fn has_queries(repository: &Repository) -> At {
    at(QUERIES.to_owned(), repository.as_str())
}

/// When something was noted.
pub(super) fn note(key: &str) -> At {
    at(format!("note#{key}"), "note")
}

/// The partition of a configuration's parts.
pub(super) fn config(hash: &str) -> String {
    format!("config#{hash}")
}

/// A part of a configuration.
pub(super) fn config_part(hash: &str, number: usize) -> At {
    at(config(hash), format!("part#{number:03}"))
}

/// The place of a run on a list.
pub(super) fn listed(run: &ImportRun, listing: &Listing) -> At {
    let (repository, id) = (&run.repository, run.id);
    match listing {
        Listing::Ready(sort) => at(ready(repository), sort),
        Listing::Open(group, sort) => at(members(repository, group), format!("{OPEN}{sort}")),
        Listing::Unchecked(group, sort) => at(members(repository, group), format!("{UNCHECKED}{sort}")),
        Listing::Unresolved => at(unfinished(repository), format!("{UNRESOLVED}{id}")),
        Listing::Unfinished => of(unfinished(repository), id),
        Listing::Ended(finished) => at(ended(repository), format!("{}#{id}", ended_at(*finished))),
        Listing::MailDue => of(unmailed(repository), id),
        Listing::Problem => of(problems(repository), id),
        Listing::Digest(digest) => at(digests(repository), format!("{}{id}", waits(digest))),
    }
}
