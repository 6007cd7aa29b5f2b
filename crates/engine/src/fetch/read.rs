//! One read: rows stream into a file, which is registered in the step that moves `{lastItem}`.

use bytes::Bytes;
use tidewaiter::config::{Active, ImportOptions, QueryOptions, Repeat};
use tidewaiter::id::{Timestamp, day_of};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::Entry;

use super::answer::{Opened, open};
use super::commit::Commit;
use super::{Fetch, Fetches, columns, tell_sequencer, trouble};
use crate::capabilities::{Capacity, HasObjects};
use crate::ports::{
    Answered, Fault, Fetched, ImportRun, Objects, Observation, Position, Progress, QueryState, Reading,
    RowBatch, SourceColumn, SourceError, SourceRows, Upload,
};
use crate::register::data_kind;
use crate::{Error, Result};

/// How much is handed to the object store at once.
const PIECE: usize = 1 << 20;

/// What is read.
pub(super) struct Work<'a> {
    pub(super) repository: &'a Repository,
    pub(super) entry: &'a Entry,
    pub(super) active: &'a Active,
    pub(super) options: &'a ImportOptions,
    pub(super) query: &'a QueryOptions,
    /// The read, as this process has claimed it.
    pub(super) reading: &'a Reading,
}

/// Why a read ended early.
enum Stopped {
    /// The database cannot be read, or not as the configuration promises.
    Source(SourceError),
    /// Something of ours failed.
    Ours(Error),
}

impl From<SourceError> for Stopped {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// The rows of an answer in a file.
struct Written {
    /// How many bytes; 0 if there is no file, since there were no new rows.
    bytes: u64,
    rows: u64,
    left_out: u64,
    /// True if the answer has as many rows as the SQL takes at most.
    is_full: bool,
    /// True if the time of this process was up before the last row.
    is_cut: bool,
    position: Position,
    columns: Vec<SourceColumn>,
}

/// Reads what is claimed in a state of this version.
pub(super) async fn read<D: Fetches>(
    deployment: &D,
    work: &Work<'_>,
    state: QueryState,
    version: u64,
) -> Result<Fetch> {
    let Work { repository, reading, query, .. } = work;
    let begun = deployment.now();
    let file = file_name(work.entry, reading);
    let place = |attempt| Key::fetched(repository, reading.run, attempt, &file);
    if reading.attempt > 1 {
        remove_earlier(deployment, work, place).await?;
    }
    let key = place(reading.attempt);
    let written = write(deployment, work, &state.position, &key, &file).await;
    let now = deployment.now();
    let millis = millis_since(begun, now);
    let before = state.position.last.clone();
    let columns_before = state.columns.clone();
    let commit = Commit { deployment, work, state, version };
    let written = match written {
        Ok(written) => written,
        Err(Stopped::Ours(error)) => return Err(error),
        Err(Stopped::Source(error)) => {
            deployment.observe(&Observation::Unread { repository, entry: work.entry, error: &error });
            let (trouble, passes) = (trouble(&error), error.is_transient());
            let fail = |state: &mut QueryState| state.fail(trouble.clone(), passes, now, millis);
            return Ok(if commit.end(fail, None).await? { Fetch::Failed } else { Fetch::Idle });
        }
    };
    let moved = written.position.last != before;
    let changes = columns::changes(&columns_before, &written.columns);
    let answered = Answered {
        rows: written.rows,
        left_out: written.left_out,
        millis,
        // Where rows share a value, a full answer may not get beyond it, although there are more rows.
        goes_on: (moved || written.is_full) && (written.is_cut || query.repeat == Repeat::UntilEmpty),
        position: written.position,
        columns: columns::kept(&written.columns),
    };
    if written.bytes == 0 {
        let finish = |state: &mut QueryState| state.finish_empty(answered.clone());
        return Ok(if commit.end(finish, None).await? { Fetch::Nothing } else { Fetch::Idle });
    }
    let fetched = Fetched {
        connection: query.connection.clone(),
        rows: written.rows,
        left_out: written.left_out,
        millis,
        changes,
    };
    let run = run_of(deployment, work, file.clone(), &key, written.bytes, fetched)?;
    let register = |state: &mut QueryState| state.register(answered.clone());
    if !commit.end(register, Some((&run, &key))).await? {
        return Ok(Fetch::Idle);
    }
    tracing::debug!(%repository, import = %run.id, bytes = run.bytes, "a query made a file");
    tell_sequencer(deployment, repository).await?;
    Ok(Fetch::Registered)
}

/// Removes what processes that were stopped have left of the same read. What a later attempt wrote stays: a process that is
/// late removes nothing that is registered.
async fn remove_earlier<D: HasObjects>(
    deployment: &D,
    work: &Work<'_>,
    place: impl Fn(u32) -> Key,
) -> Result<()> {
    let Work { repository, reading, .. } = work;
    for left in deployment.objects().list(&Key::fetched_by(repository, reading.run)).await? {
        if (1..reading.attempt).any(|earlier| place(earlier) == left.key) {
            deployment.objects().discard(&left.key).await?;
        }
    }
    Ok(())
}

/// `<universe>_<scope>_<name>_<yyyymmdd>_<hhmmss>.csv`, with `p` and the number of the part behind the time from the second
/// part on.
fn file_name(entry: &Entry, reading: &Reading) -> String {
    let Entry { universe, scope, subsection } = entry;
    let at = reading.at.strftime("%Y%m%d_%H%M%S");
    match reading.part {
        1 => format!("{universe}_{scope}_{subsection}_{at}.csv"),
        part => format!("{universe}_{scope}_{subsection}_{at}p{part}.csv"),
    }
}

fn millis_since(begun: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(begun).as_millis()).unwrap_or_default()
}

/// The run of a file that was read.
fn run_of<D: Fetches>(
    deployment: &D,
    work: &Work<'_>,
    file: String,
    key: &Key,
    bytes: u64,
    fetched: Fetched,
) -> Result<ImportRun> {
    let now = deployment.now();
    let name = work.active.resolve(&file, day_of(now)).map_err(|error| Error::Task(error.to_string()))?;
    Ok(ImportRun {
        id: work.reading.run,
        repository: work.repository.clone(),
        kind: data_kind(deployment, work.active, name, None),
        file,
        source: deployment.objects().source(key),
        archive: None,
        bytes,
        arrived: now,
        fetched: Some(Box::new(fetched)),
        progress: Progress::Registered,
    })
}

/// Reads the answer into a file.
async fn write<D: Fetches>(
    deployment: &D,
    work: &Work<'_>,
    position: &Position,
    key: &Key,
    file: &str,
) -> std::result::Result<Written, Stopped> {
    let opened = open(deployment, work.repository, work.options, work.query, position);
    let Opened { mut answer, columns, mut cursor, form } =
        in_time(deployment, opened).await.ok_or_else(too_long)??;
    let mut upload = None;
    let (mut buffer, mut batch) = (Vec::with_capacity(PIECE + PIECE / 4), RowBatch::default());
    let (mut bytes, mut rows, mut taken, mut is_cut) = (0_u64, 0_u64, 0_u64, false);
    form.header(&columns, &mut buffer);
    loop {
        let Some(is_more) = in_time(deployment, answer.next(&mut batch)).await else {
            is_cut = true;
            break;
        };
        if !is_more? {
            break;
        }
        for row in batch.iter() {
            taken += 1;
            let is_new = cursor.as_mut().map_or(Ok(true), |cursor| cursor.take(row.clone()))?;
            if is_new {
                rows += 1;
                form.row(&columns, row, &mut buffer);
            }
        }
        if rows > 0 && buffer.len() >= PIECE {
            let upload = match &mut upload {
                Some(upload) => upload,
                none => none.insert(deployment.objects().create(key).await?),
            };
            bytes += buffer.len() as u64;
            upload.write(Bytes::copy_from_slice(&buffer)).await?;
            buffer.clear();
            deployment.observe(&Observation::Reading { file, rows });
        }
        if deployment.time_is_up() {
            is_cut = true;
            break;
        }
    }
    drop(answer);
    // Without a place to go on, a part of an answer is no file.
    if is_cut && (rows == 0 || cursor.is_none()) {
        return Err(too_long().into());
    }
    let unmoved = (position.clone(), 0);
    let limit = work.query.limit().filter(|_| !is_cut);
    let is_full = limit.is_some_and(|limit| taken > 0 && taken >= limit);
    let (position, left_out) = cursor.map_or(Ok(unmoved), |cursor| cursor.end(limit))?;
    // An empty file says that nothing is left, where a file is the whole.
    if rows > 0 || work.options.replace_all.is_some() {
        let mut upload = match upload {
            Some(upload) => upload,
            None => deployment.objects().create(key).await?,
        };
        bytes += buffer.len() as u64;
        upload.write(Bytes::from(buffer)).await?;
        upload.finish().await?;
    }
    Ok(Written { bytes, rows, left_out, is_full, is_cut, position, columns })
}

/// Waits for a database for as long as this process has time. None if its time is up before there is an answer.
async fn in_time<D: Capacity, T>(deployment: &D, answer: impl Future<Output = T>) -> Option<T> {
    match deployment.time_left() {
        None => Some(answer.await),
        Some(left) => tokio::time::timeout(left, answer).await.ok(),
    }
}

fn too_long() -> SourceError {
    SourceError::new(Fault::Limit, "the answer is not read within the time of a function")
        .with_hint("take it in parts: `last_item`, with ORDER BY and LIMIT in the SQL")
}
