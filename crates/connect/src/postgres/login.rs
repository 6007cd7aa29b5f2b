//! A connection to PostgreSQL, and what may be wrong with one.

use secrecy::ExposeSecret;
use tidewaiter_engine::ports::SourceError;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{Client, Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::failure::{Asked, failed, other, without_tls};
use super::frames::{Framed, FramedTls};
use super::opening::{First, Tls, opening};
use crate::meter::Meter;
use crate::settings::{Protection, Remote};
use crate::steps::{Check, Step};
use crate::{reach, tls};

/// What every session is set to: values are written in one way, and nothing can be changed. A database without an
/// encoding hands its bytes on as they are: it would refuse those that are not UTF-8 in the middle of the rows.
const SETTINGS: &str = "
    SET default_transaction_read_only = on; SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD';
    SET intervalstyle = 'iso_8601'; SET extra_float_digits = 3; SET standard_conforming_strings = on;
    SET client_min_messages = error;
    SELECT set_config('client_encoding', 'SQL_ASCII', false) WHERE current_setting('server_encoding') = 'SQL_ASCII'";

/// A connection. It ends when this is dropped.
pub(crate) struct Session {
    pub(crate) client: Client,
    /// Moves bytes. How the connection ended is what it answers.
    connection: Option<JoinHandle<Result<(), tokio_postgres::Error>>>,
    /// Where the server is.
    place: String,
}

impl Session {
    /// The error for what went wrong. Of a connection that ended, the client knows only that; why is told by the task
    /// that held it.
    pub(crate) async fn failed(
        &mut self,
        error: tokio_postgres::Error,
        asked: &Asked<'_>,
        meter: &Meter,
    ) -> SourceError {
        if error.is_closed()
            && let Some(connection) = self.connection.take()
            && let Ok(Err(cause)) = connection.await
        {
            return failed(&cause, asked, &self.place, meter);
        }
        failed(&error, asked, &self.place, meter)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = &self.connection {
            connection.abort();
        }
    }
}

/// Connects and logs in.
pub(crate) async fn connect(remote: &Remote, meter: &Meter) -> Result<Session, SourceError> {
    remote.check_protection()?;
    let stream = reach::reach(remote, meter).await?;
    log_in(remote, stream, meter).await
}

async fn log_in(remote: &Remote, stream: TcpStream, meter: &Meter) -> Result<Session, SourceError> {
    let connecting = async {
        let place = remote.place();
        let asked = Asked::Connection;
        let failed = |error| failed(&error, &asked, &place, meter);
        let config = config(remote);
        let most = meter.limits.row_bytes;
        let (client, connection) = match &remote.protection {
            Protection::None => {
                let stream = Framed::new(stream, most);
                let (client, connection) = config.connect_raw(stream, NoTls).await.map_err(failed)?;
                (client, tokio::spawn(connection))
            }
            Protection::Verified(roots) => {
                let mut make = MakeRustlsConnect::new(tls::client(roots)?);
                let first = First::default();
                let stream = opening(stream, first.clone());
                let tls = connector(&mut make, &remote.host, &stream)
                    .map_err(|error| reach::bad_name(remote, &error.to_string()))?;
                let connecting = config.connect_raw(stream, FramedTls { tls, most });
                let (client, connection) = connecting.await.map_err(|error| match first.answer() {
                    Some(Tls::None) => without_tls(&place),
                    Some(Tls::Unknown) => other(&place),
                    Some(Tls::Given) | None => failed(error),
                })?;
                (client, tokio::spawn(connection))
            }
        };
        let mut session = Session { client, connection: Some(connection), place: place.clone() };
        match session.client.batch_execute(SETTINGS).await {
            Ok(()) => Ok(session),
            Err(error) => Err(session.failed(error, &asked, meter).await),
        }
    };
    tokio::time::timeout(meter.limits.connect, connecting)
        .await
        .unwrap_or_else(|_| Err(reach::silent(remote, meter)))
}

fn config(remote: &Remote) -> Config {
    let mut config = Config::new();
    config.user(&remote.login.user).dbname(&remote.database).application_name("tidewaiter");
    config.ssl_mode(match remote.protection {
        Protection::Verified(_) => SslMode::Require,
        Protection::None => SslMode::Disable,
    });
    if let Some(password) = &remote.login.password {
        config.password(password.expose_secret());
    }
    config
}

/// Looks at a connection that was reached, step by step.
pub(crate) async fn check(remote: &Remote, stream: TcpStream, meter: &Meter, check: &mut Check) {
    let mut session = match log_in(remote, stream, meter).await {
        Ok(session) => session,
        Err(error) => return check.fails_to_begin(error),
    };
    if matches!(remote.protection, Protection::Verified(_)) {
        check.passes(Step::Tls, "the certificate is for this host, and signed by a trusted authority");
    }
    check.passes(Step::Login, format!("{:?} is logged in to {:?}", remote.login.user, remote.database));
    match reach::within(remote, meter, may_write(&mut session, meter)).await {
        Err(error) => return check.fails(Step::Rights, error),
        Ok(Some(what)) => check.warns(
            Step::Rights,
            format!("the login may write: {what}"),
            "use a login of its own that has USAGE on schemas and SELECT on tables, and nothing else",
        ),
        Ok(None) => check.passes(Step::Rights, "the login may write to no table"),
    }
    match reach::within(remote, meter, refuses_to_write(&mut session, meter)).await {
        Err(error) => check.fails(Step::ReadOnly, error),
        Ok(()) => check.passes(Step::ReadOnly, "the server refuses to write in this session"),
    }
}

/// What the login may write, if anything.
async fn may_write(session: &mut Session, meter: &Meter) -> Result<Option<String>, SourceError> {
    let sql = "SELECT CASE
        WHEN (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN 'it is a superuser'
        ELSE (
            SELECT 'table ' || c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
            AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') LIMIT 1
        ) END";
    let row = one(session, sql, meter).await?;
    row.try_get(0).map_err(|error| failed(&error, &Asked::Rows, &session.place, meter))
}

async fn refuses_to_write(session: &mut Session, meter: &Meter) -> Result<(), SourceError> {
    let sql = "SELECT pg_catalog.current_setting('transaction_read_only')";
    let row = one(session, sql, meter).await?;
    match row.try_get::<_, &str>(0) {
        Ok("on") => Ok(()),
        _ => Err(SourceError::new(tidewaiter_engine::ports::Fault::Operator, "the session is not read-only")
            .with_hint("something between tidewaiter and the server changes the settings of sessions")),
    }
}

/// The one row that a query of ours answers.
async fn one(session: &mut Session, sql: &str, meter: &Meter) -> Result<Row, SourceError> {
    match session.client.query_one(sql, &[]).await {
        Ok(row) => Ok(row),
        Err(error) => Err(session.failed(error, &Asked::Rows, meter).await),
    }
}

/// What begins TLS with a host on a stream of this type.
fn connector<S>(
    make: &mut MakeRustlsConnect,
    host: &str,
    _: &S,
) -> Result<
    <MakeRustlsConnect as MakeTlsConnect<S>>::TlsConnect,
    <MakeRustlsConnect as MakeTlsConnect<S>>::Error,
>
where
    MakeRustlsConnect: MakeTlsConnect<S>,
{
    MakeTlsConnect::<S>::make_tls_connect(make, host)
}
