//! State in SQLite: what changes it. What only reads is in `state_read`.

use std::path::Path;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension, params};
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::order::{group_key, member_key, single_key};
use tidewaiter::report::Outcome;
use tidewaiter::sequence::{self, GroupRef, GroupRule};

use super::disk::Disk;
use super::sqlite::{Database, to_json};
use super::state_claims::claim;
use super::state_digests;
use super::state_owners as owners;
use super::state_read as read;
use super::state_tables::MIGRATIONS;
use crate::Result;
use crate::ports::{
    AdvanceWrites, Conclusion, Decision, Delivery, DigestPlace, DroppedObject, Gathered, HistoryFilter,
    ImportRun, Kind, Pinned, Progress, State, Turn, Universe, WaitingDigest, WaitingGroup,
};

/// State in SQLite.
#[derive(Debug, Clone)]
pub struct SqliteState {
    database: Database,
}

impl SqliteState {
    /// Opens or creates the store.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self::of(Database::open(path, MIGRATIONS)?))
    }

    pub(super) fn of(database: Database) -> Self {
        Self { database }
    }

    /// With the files of a deployment beside it: what was changed there is durable before anything is written here.
    #[must_use]
    pub fn on(mut self, disk: &Disk) -> Self {
        self.database = self.database.on(disk);
        self
    }

    /// How many files [`State::queued`] would give if it had no limit.
    pub async fn queued_count(&self, repository: &Repository) -> Result<u64> {
        let name = repository.to_string();
        self.database.read("counting the queue", move |sql| read::queued_count(sql, &name)).await
    }
}

impl State for SqliteState {
    async fn register(&self, imports: &[ImportRun]) -> Result<Vec<ImportRun>> {
        let imports = imports.to_vec();
        let register =
            move |sql: &rusqlite::Transaction<'_>| imports.into_iter().map(|i| register(sql, i)).collect();
        self.database.write("registering files", register).await
    }

    async fn resolve(&self, id: ImportId, kind: &Kind) -> Result<Option<ImportRun>> {
        let kind = kind.clone();
        self.database.write("resolving a file", move |sql| resolve(sql, id, kind)).await
    }

    async fn unresolved(&self, repository: &Repository) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        let read = move |sql: &Connection| read::unresolved(sql, &repository);
        self.database.read("finding unresolved files", read).await
    }

    async fn unregistered(&self, drops: Vec<DroppedObject>) -> Result<Vec<DroppedObject>> {
        self.database.read("looking for what was missed", move |sql| read::unregistered(sql, drops)).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<ImportRun>> {
        self.database.read("reading an import", move |sql| read::import(sql, id)).await
    }

    async fn imports(&self, ids: &[ImportId]) -> Result<Vec<ImportRun>> {
        let ids = ids.to_vec();
        self.database.read("reading imports", move |sql| read::imports(sql, &ids)).await
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<ImportRun>> {
        self.database.read("reading members", move |sql| read::members(sql, archive)).await
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Option<Pinned>> {
        let pin = pin.clone();
        self.database.write("starting an import", move |sql| start(sql, id, pin)).await
    }

    async fn conclude(
        &self,
        seen: &ImportRun,
        conclusion: &Conclusion,
        outputs: &[&Key],
        late: Option<Date>,
    ) -> Result<Decision> {
        let (id, had_passed) = (seen.id, seen.has_passed());
        let conclusion = conclusion.clone();
        let outputs: Vec<Key> = outputs.iter().map(|key| (*key).clone()).collect();
        let conclude = move |sql: &rusqlite::Transaction<'_>| {
            if late.is_none()
                && conclusion.outcome == Outcome::Imported
                && let Some(date) = later_date(sql, id)?
            {
                return Ok(Decision::Late(date));
            }
            let mut otherwise = None;
            change(sql, id, |import| match &import.progress {
                Progress::Concluding(decided) | Progress::Done(decided) if *decided == conclusion => {}
                Progress::Concluding(decided) | Progress::Done(decided) => {
                    otherwise = Some(Decision::Before(Box::new(decided.clone())));
                }
                Progress::Started(_) if import.has_passed() && !had_passed => {
                    otherwise = Some(Decision::Passed);
                }
                Progress::Registered | Progress::Started(_) => {
                    import.progress = Progress::Concluding(conclusion.clone());
                }
            })?;
            if let Some(otherwise) = otherwise {
                return Ok(otherwise);
            }
            let taken = outputs.iter().map(|key| claim(sql, key, id));
            Ok(Decision::Taken(taken.collect::<rusqlite::Result<_>>()?))
        };
        self.database.write("deciding an outcome", conclude).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        self.database.write("finishing an import", move |sql| finish(sql, id)).await
    }

    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        let keys: Vec<Key> = keys.iter().map(|key| (*key).clone()).collect();
        let claim =
            move |sql: &rusqlite::Transaction<'_>| keys.iter().map(|key| claim(sql, key, id)).collect();
        self.database.write("claiming keys", claim).await
    }

    async fn mailed(&self, id: ImportId, delivery: &Delivery) -> Result<()> {
        let (due, trouble) = delivery.state();
        let mailed = move |sql: &rusqlite::Transaction<'_>| {
            change(sql, id, |import| {
                if let Progress::Done(conclusion) = &mut import.progress {
                    conclusion.mail_due &= due;
                    conclusion.mail_trouble = trouble;
                }
            })
        };
        self.database.write("noting a mail", mailed).await
    }

    async fn gather(&self, repository: &Repository, digest: &str, most: usize) -> Result<Option<Gathered>> {
        let (repository, digest) = (repository.to_string(), digest.to_owned());
        let gather =
            move |sql: &rusqlite::Transaction<'_>| state_digests::gather(sql, &repository, digest, most);
        self.database.write("gathering a digest", gather).await
    }

    async fn digested(
        &self,
        repository: &Repository,
        gathered: &Gathered,
        delivery: &Delivery,
    ) -> Result<()> {
        let (repository, gathered, delivery) = (repository.to_string(), gathered.clone(), delivery.clone());
        let digested = move |sql: &rusqlite::Transaction<'_>| {
            state_digests::digested(sql, &repository, gathered, &delivery)
        };
        self.database.write("noting a digest", digested).await
    }

    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let repository = repository.to_string();
        self.database.read("reading a turn", move |sql| read::turn(sql, &repository)).await
    }

    async fn advance(
        &self,
        repository: &Repository,
        version: u64,
        state: &sequence::State,
        along: AdvanceWrites<'_>,
    ) -> Result<bool> {
        let (repository, state) = (repository.to_string(), state.clone());
        let (begins, ends) = (along.begins.map(|(id, pin)| (id, pin.clone())), along.ends);
        let registered = along.registered;
        let advance = move |sql: &rusqlite::Transaction<'_>| {
            if let Some(registered) = registered
                && read::configurations(sql, &repository)?.registered != registered
            {
                return Ok(false);
            }
            let next = version + 1;
            let document = to_json(&state)?;
            let written = if version == 0 {
                sql.prepare_cached(
                    "INSERT INTO sequences (repository, version, document) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                )?
                .execute(params![repository, next, document])?
            } else {
                sql.prepare_cached(
                    "UPDATE sequences SET version = ?2, document = ?3 WHERE repository = ?1 AND version = ?4",
                )?
                .execute(params![repository, next, document, version])?
            };
            if written == 0 {
                return Ok(false);
            }
            if let Some((id, pin)) = begins {
                start(sql, id, pin)?;
            }
            if let Some(id) = ends {
                finish(sql, id)?;
            }
            Ok(true)
        };
        self.database.write("writing a sequence", advance).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let seal = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached(
                "UPDATE groups SET open = ?4 + 1 WHERE repository = ?1 AND id = ?2 AND last = ?3 AND open <= ?4",
            )?
            .execute(params![repository, group.id, group.last, group.generation])
        };
        self.database.write("sealing a group", seal).await.map(|_| ())
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let find = move |sql: &Connection| read::next_member(sql, &repository, &group, checking);
        self.database.read("finding a member", find).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<ImportRun>> {
        let (repository, group) = (repository.to_string(), group.clone());
        let members = move |sql: &Connection| read::group_members(sql, &repository, &group);
        self.database.read("reading a group", members).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let (repository, group) = (repository.to_string(), group.clone());
        let close = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?
                .execute(params![repository, group_key(&group.id, group.last, group.generation)])?;
            sql.prepare_cached(
                "UPDATE groups SET closed = max(closed, ?4) WHERE repository = ?1 AND id = ?2 AND last = ?3",
            )?
            .execute(params![repository, group.id, group.last, group.generation])
        };
        self.database.write("closing a group", close).await.map(|_| ())
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let (repository, group) = (repository.to_string(), group.clone());
        let expire = move |sql: &rusqlite::Transaction<'_>| expire(sql, &repository, &group);
        self.database.write("expiring a group", expire).await
    }

    async fn find_duplicate(
        &self,
        repository: &Repository,
        name: &DataName,
        sha256: &str,
    ) -> Result<Option<ImportRun>> {
        let (repository, entry, sha256) = (repository.to_string(), entry_of(name), sha256.to_owned());
        let find = move |sql: &Connection| read::find_duplicate(sql, &repository, &entry, &sha256);
        self.database.read("finding the same content", find).await
    }

    async fn note(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        let (key, millis) = (key.to_owned(), at.as_millisecond());
        let note = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("INSERT INTO notes (key, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![key, millis])?;
            read::noticed(sql, &key)
        };
        Ok(self.database.write("noting something", note).await?.unwrap_or(at))
    }

    async fn renew(&self, key: &str, at: Timestamp) -> Result<()> {
        let (key, millis) = (key.to_owned(), at.as_millisecond());
        let renew = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached("INSERT OR REPLACE INTO notes (key, at) VALUES (?1, ?2)")?
                .execute(params![key, millis])
        };
        self.database.write("noting something", renew).await.map(|_| ())
    }

    async fn noticed(&self, key: &str) -> Result<Option<Timestamp>> {
        let key = key.to_owned();
        self.database.read("looking for a note", move |sql| read::noticed(sql, &key)).await
    }

    async fn later_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        let (repository, entry, date) = (repository.to_string(), entry_of(name), name.date);
        let later = move |sql: &Connection| read::later_date(sql, (&repository, &entry), date, before);
        self.database.read("looking for a later date", later).await
    }

    async fn keep_config(&self, hash: &str, document: &[u8]) -> Result<()> {
        let (hash, document) = (hash.to_owned(), document.to_vec());
        let keep = move |sql: &rusqlite::Transaction<'_>| {
            sql.prepare_cached(
                "INSERT INTO configurations (hash, document) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?
            .execute(params![hash, document])
        };
        self.database.write("keeping a configuration", keep).await.map(|_| ())
    }

    async fn kept_config(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        let hash = hash.to_owned();
        let read = move |sql: &Connection| {
            sql.prepare_cached("SELECT document FROM configurations WHERE hash = ?1")?
                .query_row([hash], |row| row.get(0))
                .optional()
        };
        self.database.read("reading a configuration", read).await
    }

    async fn reconfigured(&self, repository: &Repository) -> Result<()> {
        let repository = repository.to_string();
        let count = move |sql: &rusqlite::Transaction<'_>| owners::count(sql, &repository, 1, 1);
        self.database.write("counting a configuration", count).await
    }

    async fn activates(&self, repository: &Repository, universe: &str, id: ImportId) -> Result<bool> {
        let (repository, universe) = (repository.to_string(), universe.to_owned());
        let note = move |sql: &rusqlite::Transaction<'_>| owners::activates(sql, &repository, &universe, id);
        self.database.write("noting a configuration", note).await
    }

    async fn own(&self, universe: &str, repository: &Repository) -> Result<Universe> {
        let (universe, repository) = (universe.to_owned(), repository.to_string());
        let own = move |sql: &rusqlite::Transaction<'_>| owners::own(sql, &universe, &repository);
        self.database.write("owning a universe", own).await
    }

    async fn share(&self, universe: &str, repository: &Repository, is_shared: bool) -> Result<bool> {
        let (universe, repository) = (universe.to_owned(), repository.to_string());
        let share =
            move |sql: &rusqlite::Transaction<'_>| owners::share(sql, &universe, &repository, is_shared);
        self.database.write("sharing a universe", share).await
    }

    async fn universe(&self, name: &str) -> Result<Option<Universe>> {
        let name = name.to_owned();
        let read = move |sql: &Connection| owners::universe_of(sql, &name);
        self.database.read("finding a universe", read).await
    }

    async fn universes(&self) -> Result<Vec<Universe>> {
        self.database.read("listing universes", owners::universes).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.database.read("listing repositories", read::repositories).await
    }

    async fn unfinished(&self) -> Result<Vec<ImportRun>> {
        self.database.read("finding unfinished work", read::unfinished).await
    }

    async fn digests(&self, repository: &Repository) -> Result<Vec<WaitingDigest>> {
        let repository = repository.to_string();
        let read = move |sql: &Connection| state_digests::waiting(sql, &repository);
        self.database.read("listing digests", read).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        self.database.read("finding due mails", read::unmailed).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<ImportRun>> {
        let repository = repository.to_string();
        self.database.read("listing the queue", move |sql| read::queued(sql, &repository, limit)).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        let repository = repository.clone();
        self.database.read("listing waiting groups", move |sql| read::waiting(sql, &repository)).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<ImportRun>> {
        let filter = filter.clone();
        self.database.read("reading the ledger", move |sql| read::history(sql, &filter)).await
    }
}

fn entry_of(name: &DataName) -> String {
    format!("{}\u{1f}{}\u{1f}{}", name.universe, name.scope, name.subsection)
}

/// Fixes what an import runs under; what holds, unless its outcome is decided.
fn start(sql: &Connection, id: ImportId, pin: Pinned) -> rusqlite::Result<Option<Pinned>> {
    let mut held = None;
    change(sql, id, |import| {
        held = match &import.progress {
            Progress::Registered => Some(pin),
            Progress::Started(pinned) => Some(pinned.joined(pin)),
            Progress::Concluding(_) | Progress::Done(_) => None,
        };
        if let Some(held) = &held {
            import.progress = Progress::Started(held.clone());
        }
    })?;
    Ok(held)
}

/// An outcome is carried out: the import is done, and no longer ready work.
fn finish(sql: &Connection, id: ImportId) -> rusqlite::Result<()> {
    let mut ready = None;
    change(sql, id, |import| {
        if let Progress::Concluding(conclusion) = &import.progress {
            import.progress = Progress::Done(conclusion.clone());
        }
        if let Kind::Data { name, rank, group: None, .. } = &import.kind {
            ready = Some((import.repository.to_string(), single_key(name, *rank, id)));
        }
    })?;
    if let Some((repository, sort)) = ready {
        sql.prepare_cached("DELETE FROM ready WHERE repository = ?1 AND sort = ?2")?
            .execute([repository, sort])?;
    }
    Ok(())
}

/// The latest date that was imported before a file came which has no outcome yet, if it is later than its own.
fn later_date(sql: &Connection, id: ImportId) -> rusqlite::Result<Option<Date>> {
    let Some(ImportRun { repository, kind: Kind::Data { name, .. }, arrived, progress, .. }) =
        read::import(sql, id)?
    else {
        return Ok(None);
    };
    if let Progress::Concluding(_) | Progress::Done(_) = progress {
        return Ok(None);
    }
    read::later_date(sql, (&repository.to_string(), &entry_of(&name)), name.date, arrived)
}

fn register(sql: &Connection, mut import: ImportRun) -> rusqlite::Result<ImportRun> {
    if let Some(registered) = read::import(sql, import.id)? {
        return Ok(registered);
    }
    if let Some(version) = import.dropped_version() {
        if let Some(id) = read::registered_as(sql, version)?
            && let Some(registered) = read::import(sql, id)?
        {
            return Ok(registered);
        }
        sql.prepare_cached("INSERT INTO versions (key, version, import) VALUES (?1, ?2, ?3)")?
            .execute(params![version.0, version.1, import.id.to_string()])?;
    }
    if let Kind::Configuration { .. } = import.kind {
        owners::count(sql, import.repository.as_str(), 1, 0)?;
    }
    let place = Place::take(sql, &mut import)?;
    sql.prepare_cached(
        "INSERT INTO imports (id, repository, file, archive, document, is_data) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
    )?
    .execute(params![
        import.id.to_string(),
        import.repository.as_str(),
        import.file,
        import.archive.as_ref().map(|(id, _)| id.to_string()),
        to_json(&import)?,
    ])?;
    place.write(sql, &import)?;
    Ok(import)
}

/// Says what an unresolved file is; the import as it is then.
fn resolve(sql: &Connection, id: ImportId, kind: Kind) -> rusqlite::Result<Option<ImportRun>> {
    let Some(mut import) = read::import(sql, id)? else { return Ok(None) };
    if !matches!(import.kind, Kind::Unresolved { .. }) {
        return Ok(Some(import));
    }
    import.kind = kind;
    let place = Place::take(sql, &mut import)?;
    sql.prepare_cached("UPDATE imports SET document = ?2 WHERE id = ?1")?
        .execute(params![id.to_string(), to_json(&import)?])?;
    place.write(sql, &import)?;
    Ok(Some(import))
}

/// What an import is asked for by, beside its document.
#[derive(Default)]
struct Place {
    sort: Option<String>,
    entry: Option<String>,
    date: Option<String>,
    member: Option<(GroupRef, (u8, GroupRule))>,
    fills_a_slot: bool,
}

impl Place {
    /// Finds the place of a file that becomes known for what it is. A single data file becomes ready work; a member is told
    /// the generation of its group.
    fn take(sql: &Connection, import: &mut ImportRun) -> rusqlite::Result<Self> {
        let mut place = Self::default();
        let Kind::Data { name, rank, group, .. } = &mut import.kind else { return Ok(place) };
        place.entry = Some(entry_of(name));
        place.date = Some(name.date.to_string());
        let repository = import.repository.as_str();
        if let Some(of) = group {
            let (open, closed) = open_generation(sql, repository, &of.group)?;
            of.group.generation = open;
            of.late = closed + 1 < open;
            place.fills_a_slot = !read::slot_is_filled(sql, repository, &of.group, of.slot)?;
            place.sort = Some(member_key(of.slot, name, import.id));
            place.member = Some((of.group.clone(), (of.slot, of.rule)));
        } else {
            let key = single_key(name, *rank, import.id);
            sql.prepare_cached("INSERT INTO ready (repository, sort, import) VALUES (?1, ?2, ?3)")?
                .execute(params![repository, key, import.id.to_string()])?;
            place.sort = Some(key);
        }
        Ok(place)
    }

    /// Writes it. A group whose last slot is filled by it becomes ready work.
    fn write(self, sql: &Connection, import: &ImportRun) -> rusqlite::Result<()> {
        let Self { sort, entry, date, member, fills_a_slot } = self;
        let repository = import.repository.as_str();
        let (group, in_group) = member.unzip();
        let (slot, rule) = in_group.unzip();
        sql.prepare_cached(
            "UPDATE imports SET is_data = ?2, is_unresolved = ?3, group_id = ?4, group_last = ?5, generation = ?6,
             slot = ?7, sort = ?8, entry = ?9, date = ?10 WHERE id = ?1",
        )?
        .execute(params![
            import.id.to_string(),
            matches!(import.kind, Kind::Data { .. }),
            matches!(import.kind, Kind::Unresolved { .. }),
            group.as_ref().map(|g| &g.id),
            group.as_ref().map(|g| g.last),
            group.as_ref().map(|g| g.generation),
            slot,
            sort,
            entry,
            date,
        ])?;
        // Only a file that fills a slot can complete the group.
        if let (Some(group), Some(rule)) = (group, rule)
            && fills_a_slot
            && read::missing_slots(sql, repository, &group)?.is_empty()
        {
            let key = group_key(&group.id, group.last, group.generation);
            sql.prepare_cached(
                "INSERT INTO ready (repository, sort, group_ref, group_rule) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
            )?
            .execute(params![repository, key, to_json(&group)?, to_json(&rule)?])?;
        }
        Ok(())
    }
}

/// Makes a group that is incomplete ready to be set aside; false if it is not.
fn expire(sql: &Connection, repository: &str, group: &GroupRef) -> rusqlite::Result<bool> {
    let (open, _) = open_generation(sql, repository, group)?;
    if open != group.generation || read::missing_slots(sql, repository, group)?.is_empty() {
        return Ok(false);
    }
    sql.prepare_cached("UPDATE groups SET open = open + 1 WHERE repository = ?1 AND id = ?2 AND last = ?3")?
        .execute(params![repository, group.id, group.last])?;
    let key = group_key(&group.id, group.last, group.generation);
    sql.prepare_cached(
        "INSERT INTO ready (repository, sort, group_ref) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
    )?
    .execute(params![repository, key, to_json(group)?])?;
    Ok(true)
}

/// The generation that files of a group join now, and the last one that was closed.
fn open_generation(sql: &Connection, repository: &str, group: &GroupRef) -> rusqlite::Result<(u64, u64)> {
    sql.prepare_cached(
        "INSERT INTO groups (repository, id, last, open, closed) VALUES (?1, ?2, ?3, 1, 0) ON CONFLICT DO NOTHING",
    )?
    .execute(params![repository, group.id, group.last])?;
    sql.prepare_cached("SELECT open, closed FROM groups WHERE repository = ?1 AND id = ?2 AND last = ?3")?
        .query_row(params![repository, group.id, group.last], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, u64>(1)?))
        })
}

/// Changes an import in place; nothing happens if there is none.
pub(super) fn change(
    sql: &Connection,
    id: ImportId,
    edit: impl FnOnce(&mut ImportRun),
) -> rusqlite::Result<()> {
    let Some(mut import) = read::import(sql, id)? else { return Ok(()) };
    let is_open = |import: &ImportRun| matches!(import.progress, Progress::Registered | Progress::Started(_));
    let was_open = is_open(&import);
    edit(&mut import);
    if was_open && !is_open(&import) && matches!(import.kind, Kind::Configuration { .. }) {
        owners::count(sql, import.repository.as_str(), 0, 1)?;
    }
    let (stage, conclusion) = match &import.progress {
        Progress::Registered | Progress::Started(_) => (0, None),
        Progress::Concluding(conclusion) => (1, Some(conclusion)),
        Progress::Done(conclusion) => (2, Some(conclusion)),
    };
    let checked = matches!(&import.progress, Progress::Started(pinned) if pinned.checked) || stage > 0;
    sql.prepare_cached(
        "UPDATE imports SET document = ?2, checked = ?3, stage = ?4, outcome = ?5, mail_due = ?6, finished = ?7,
         sha256 = ?8, digest = ?9 WHERE id = ?1",
    )?
    .execute(params![
        id.to_string(),
        to_json(&import)?,
        checked,
        stage,
        conclusion.map(|c| c.outcome.as_str()),
        stage == 2 && conclusion.is_some_and(|c| c.mail_due),
        conclusion.map(|c| c.finished.as_millisecond()),
        conclusion.and_then(|c| c.sha256.as_deref()),
        conclusion.filter(|_| stage == 2).and_then(|c| c.digest.as_ref()).filter(|d| d.due).map(DigestPlace::key),
    ])
    .map(|_| ())
}
