//! Registration in SQLite: a file becomes known for what it is, and takes its place in the order.

use rusqlite::{Connection, params};
use tidewaiter::id::ImportId;
use tidewaiter::order::{group_key, member_key, single_key};
use tidewaiter::sequence::{GroupRef, GroupRule};

use super::groups::open_generation;
use super::{configs, entry_of, read};
use crate::local::sqlite::to_json;
use crate::ports::{ImportRun, Kind};

pub(super) fn register(sql: &Connection, mut import: ImportRun) -> rusqlite::Result<ImportRun> {
    if let Some(registered) = read::run(sql, import.id)? {
        return Ok(registered);
    }
    if let Some(version) = import.dropped_version() {
        if let Some(id) = read::registered_as(sql, version)?
            && let Some(registered) = read::run(sql, id)?
        {
            return Ok(registered);
        }
        sql.prepare_cached("INSERT INTO versions (key, version, import) VALUES (?1, ?2, ?3)")?
            .execute(params![version.0, version.1, import.id.to_string()])?;
    }
    if let Kind::Configuration { .. } = import.kind {
        configs::count(sql, import.repository.as_str(), 1, 0)?;
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
pub(super) fn resolve(sql: &Connection, id: ImportId, kind: Kind) -> rusqlite::Result<Option<ImportRun>> {
    let Some(mut import) = read::run(sql, id)? else { return Ok(None) };
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
