//! ClickHouse, by its HTTP interface: the server writes the rows as lines, and a mark behind the last one.
//!
//! Requests are sent by a plain client of HTTP. The client of ClickHouse's makers reads rows into types that are known
//! when it is compiled, which a query has not; and it looks for a failure in the middle of an answer at the end of each
//! piece that comes, where an older server gives no mark. The mark of ours is missing whenever an answer was cut off.

mod failure;
mod kinds;
mod last;
mod lines;
mod session;
mod settings;
mod values;

use tidewaiter_engine::ports::{Fault, Query, RowBatch, SourceColumn, SourceError};
use tokio::net::TcpStream;

use crate::columns::is_full;
use crate::meter::Meter;
use crate::settings::{Protection, Remote};
use crate::sql::{Dialect, Statement};
use crate::steps::{Check, Step};
use crate::{reach, tabbed};
use kinds::Writing;
use lines::Lines;
use session::Session;

/// What says which profile the login has: 0 it may write, 1 it may read and change no setting, 2 it may read.
const READONLY: &str = "SELECT toString(getSetting('readonly')) FORMAT TSVRaw";
/// Privileges that change nothing, as far as a name says so.
const READS: [&str; 5] = ["SELECT", "SHOW", "dictGet", "NONE", "USAGE"];

/// The rows that a query answers.
pub(crate) struct ClickHouseRows {
    lines: Lines,
    writings: Vec<Writing>,
    is_done: bool,
    /// The connection ends with it.
    _session: Session,
}

impl std::fmt::Debug for ClickHouseRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClickHouseRows").finish_non_exhaustive()
    }
}

impl ClickHouseRows {
    pub(crate) async fn next(&mut self, batch: &mut RowBatch, meter: &Meter) -> Result<bool, SourceError> {
        while !self.is_done && !is_full(batch) {
            match self.lines.next(meter).await? {
                Some(line) => {
                    let before = batch.bytes();
                    if let Err(error) = tabbed::read(line, &self.writings, values::write, batch) {
                        return Err(self.lines.explained(error, meter).await);
                    }
                    if batch.bytes() - before > meter.limits.row_bytes {
                        return Err(meter.too_wide());
                    }
                }
                None => self.is_done = true,
            }
        }
        Ok(batch.rows() > 0)
    }
}

/// Asks a query.
pub(crate) async fn open(
    remote: &Remote,
    query: &Query,
    meter: &Meter,
) -> Result<(Vec<SourceColumn>, ClickHouseRows), SourceError> {
    let statement = Statement::read(&query.sql, Dialect::ClickHouse)?;
    let bound = statement.last_of(query)?.map(last::bound);
    remote.check_protection()?;
    let stream = reach::reach(remote, meter).await?;
    let mut session = reach::within(remote, meter, Session::new(remote, stream)).await?;
    let plain = settings::plain(&remote.database);
    let readonly = reach::within(remote, meter, session.text(&plain, READONLY, meter)).await?;
    let (place, last) = bound.unzip();
    let target = settings::bounded(&remote.database, readonly.trim(), last.as_deref(), meter)?;
    let sql = statement.with(|_| place.clone().unwrap_or_default());
    let answer = session.ask(&target, sql, meter).await?;
    let format = answer.headers().get("x-clickhouse-format").map(hyper::header::HeaderValue::as_bytes);
    if format.is_some_and(|format| format != settings::FORMAT.as_bytes()) {
        return Err(SourceError::new(Fault::Query, "the query names the FORMAT of its answer")
            .with_hint("remove FORMAT from its end"));
    }
    let mut lines = Lines::new(answer.into_body(), remote.place());
    let names = cells(lines.next(meter).await?);
    let kinds = cells(lines.next(meter).await?);
    if names.len() != kinds.len() {
        return Err(SourceError::new(Fault::Passing, "the server names other columns than it announced"));
    }
    let found: Vec<_> =
        names.iter().zip(&kinds).map(|(name, kind)| kinds::column(name, kind)).collect::<Result<_, _>>()?;
    let (columns, writings): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    crate::columns::check_names(&columns)?;
    Ok((columns, ClickHouseRows { lines, writings, is_done: false, _session: session }))
}

/// The texts of a line.
fn cells(line: Option<&[u8]>) -> Vec<String> {
    let text = |cell: &[u8]| {
        let mut text = Vec::new();
        tabbed::unescaped(cell, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    };
    line.map(|line| line.split(|byte| *byte == b'\t').map(text).collect()).unwrap_or_default()
}

/// Looks at a connection that was reached, step by step.
pub(crate) async fn check(remote: &Remote, stream: TcpStream, meter: &Meter, check: &mut Check) {
    let mut session = match reach::within(remote, meter, Session::new(remote, stream)).await {
        Ok(session) => session,
        Err(error) => return check.fails_to_begin(error),
    };
    if matches!(remote.protection, Protection::Verified(_)) {
        check.passes(Step::Tls, "the certificate is for this host, and signed by a trusted authority");
    }
    let plain = settings::plain(&remote.database);
    let readonly = match reach::within(remote, meter, session.text(&plain, READONLY, meter)).await {
        Ok(readonly) => readonly.trim().to_owned(),
        Err(error) => return check.fails_to_begin(error),
    };
    check.passes(Step::Login, format!("{:?} is logged in to {:?}", remote.login.user, remote.database));
    match reach::within(remote, meter, session.text(&plain, "SHOW GRANTS FORMAT TSVRaw", meter)).await {
        Err(error) => return check.fails(Step::Rights, error),
        Ok(grants) => match may_write(&grants) {
            Some(what) if readonly == "0" => check.warns(
                Step::Rights,
                format!("the login may write: it has the privilege {what}"),
                "use a login of its own that has SELECT on what queries read, and nothing else",
            ),
            _ => check.passes(Step::Rights, "the login may write to no table"),
        },
    }
    let bounded = settings::bounded(&remote.database, &readonly, None, meter);
    let asked = async { session.text(&bounded?, READONLY, meter).await };
    match reach::within(remote, meter, asked).await {
        Err(error) => check.fails(Step::ReadOnly, error),
        Ok(set) if matches!(set.trim(), "1" | "2") => {
            check.passes(Step::ReadOnly, "the server refuses to write for queries that ask so");
        }
        Ok(_) => {
            let error = SourceError::new(Fault::Operator, "the query is not read-only")
                .with_hint("something between tidewaiter and the server changes the settings of requests");
            check.fails(Step::ReadOnly, error);
        }
    }
}

/// A privilege that writes, if one was granted: `GRANT SELECT(id), INSERT ON shop.* TO reader`.
fn may_write(grants: &str) -> Option<String> {
    grants.lines().find_map(|grant| {
        let privileges = grant.strip_prefix("GRANT ")?.split_once(" ON ")?.0;
        let mut names = privileges.split(", ").filter_map(|name| name.split('(').next());
        // Columns of a privilege are in parentheses, and may be split here: they are in no capitals, or unknown.
        names
            .find(|name| {
                let is_one = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' ');
                is_one && !READS.iter().any(|reads| name.starts_with(reads))
            })
            .map(|name| name.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_privilege_that_writes_is_found() {
        let of = |grants| may_write(grants);
        assert_eq!(of("GRANT SELECT, SHOW TABLES, dictGet ON shop.* TO reader\n"), None);
        assert_eq!(of("GRANT SELECT(id, email) ON shop.t TO reader\nGRANT reader TO ada\n"), None);
        assert_eq!(
            of("GRANT SELECT ON *.* TO a\nGRANT INSERT(id) ON shop.t TO a").as_deref(),
            Some("INSERT")
        );
        assert_eq!(of("GRANT ALL ON *.* TO default WITH GRANT OPTION").as_deref(), Some("ALL"));
    }
}
