//! A connection to SQL Server, and what may be wrong with one.

use secrecy::ExposeSecret;
use tiberius::error::Error;
use tiberius::{AuthMethod, Config};
use tidewaiter_engine::ports::SourceError;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt};

use super::carrier::{Allowance, Carrier};
use super::failure::failed;
use super::handshake;
use crate::meter::Meter;
use crate::reach;
use crate::settings::{Protection, Remote};
use crate::steps::{Check, Step};

/// The client of a connection.
pub(super) type Client = tiberius::Client<Compat<Carrier>>;

/// Connects and logs in.
pub(super) async fn connect(remote: &Remote, meter: &Meter) -> Result<(Client, Allowance), SourceError> {
    remote.check_protection()?;
    let stream = reach::reach(remote, meter).await?;
    let carrier = reach::within(remote, meter, handshake::protected(remote, stream)).await?;
    log_in(remote, carrier, meter).await
}

/// Logs in. A server may send its readers to another one, once: to a copy of its database, or past a gateway.
async fn log_in(
    remote: &Remote,
    carrier: Carrier,
    meter: &Meter,
) -> Result<(Client, Allowance), SourceError> {
    match reach::within(remote, meter, async { Ok(try_log_in(remote, carrier).await) }).await? {
        Err(Error::Routing { host, port }) => {
            let other = Remote { host, port, ..remote.clone() };
            other.check_protection()?;
            let stream = reach::reach(&other, meter).await?;
            let carrier = reach::within(&other, meter, handshake::protected(&other, stream)).await?;
            let trying = async { Ok(try_log_in(&other, carrier).await) };
            let logged_in = reach::within(&other, meter, trying).await?;
            logged_in.map_err(|error| reach::at(&other.place(), failed(&error, &other, meter)))
        }
        logged_in => logged_in.map_err(|error| reach::at(&remote.place(), failed(&error, remote, meter))),
    }
}

async fn try_log_in(remote: &Remote, carrier: Carrier) -> Result<(Client, Allowance), Error> {
    let mut config = Config::new();
    config.host(&remote.host);
    config.port(remote.port);
    config.database(&remote.database);
    config.application_name("tidewaiter");
    let password = remote.login.password.as_ref().map_or("", |password| password.expose_secret());
    config.authentication(AuthMethod::sql_server(&remote.login.user, password));
    // A copy of the database that cannot be written to answers, where there is one.
    config.readonly(true);
    // The meter ends what takes too long.
    config.handshake_timeout(None);
    config.command_timeout(None);
    let allowance = carrier.allowance();
    let client = tiberius::Client::connect(config, carrier.compat()).await?;
    Ok((client, allowance))
}

/// Sets the session up, and begins the transaction. Nothing ends it but the end of the connection, which rolls it back.
pub(super) async fn begin(client: &mut Client, remote: &Remote, meter: &Meter) -> Result<(), SourceError> {
    let remaining = meter.deadline.saturating_duration_since(tokio::time::Instant::now());
    let milliseconds = i32::try_from(remaining.as_millis()).unwrap_or(i32::MAX).max(1);
    // The settings say what is quoted, and that an error ends the transaction.
    let sql = format!(
        "SET NOCOUNT ON; SET XACT_ABORT ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; \
         SET LOCK_TIMEOUT {milliseconds}; BEGIN TRANSACTION"
    );
    let begun = client.simple_query(sql).await.map_err(|error| failed(&error, remote, meter))?;
    begun.into_results().await.map_err(|error| failed(&error, remote, meter))?;
    Ok(())
}

/// Looks at a connection that was reached, step by step.
pub(super) async fn check(remote: &Remote, stream: TcpStream, meter: &Meter, check: &mut Check) {
    let carrier = match reach::within(remote, meter, handshake::protected(remote, stream)).await {
        Ok(carrier) => carrier,
        Err(error) => return check.fails_to_begin(error),
    };
    if matches!(remote.protection, Protection::Verified(_)) {
        check.passes(Step::Tls, "the certificate is for this host, and signed by a trusted authority");
    }
    let mut client = match log_in(remote, carrier, meter).await {
        Ok((client, _)) => client,
        Err(error) => return check.fails_to_begin(error),
    };
    check.passes(Step::Login, format!("{:?} is logged in to {:?}", remote.login.user, remote.database));
    match reach::within(remote, meter, may_write(&mut client, remote, meter)).await {
        Err(error) => return check.fails(Step::Rights, error),
        Ok(Some(what)) => check.warns(
            Step::Rights,
            format!("the login may write: {what}"),
            "use a login of its own that has SELECT on what queries read, and nothing else",
        ),
        Ok(None) => check.passes(Step::Rights, "the login may write to no table of the whole database"),
    }
    match reach::within(remote, meter, begin(&mut client, remote, meter)).await {
        Err(error) => check.fails(Step::ReadOnly, error),
        Ok(()) => check.passes(
            Step::ReadOnly,
            "a server of this kind has no sessions that only read; what the session does is rolled back",
        ),
    }
}

/// What the login may write, if anything.
async fn may_write(
    client: &mut Client,
    remote: &Remote,
    meter: &Meter,
) -> Result<Option<String>, SourceError> {
    let sql = "SELECT CASE
        WHEN IS_SRVROLEMEMBER('sysadmin') = 1 THEN 'it is a member of sysadmin'
        WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'CONTROL') = 1 THEN 'it controls the database'
        WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'INSERT') = 1 THEN 'it may INSERT into all tables'
        WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'UPDATE') = 1 THEN 'it may UPDATE all tables'
        WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'DELETE') = 1 THEN 'it may DELETE from all tables'
        WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'EXECUTE') = 1 THEN 'it may EXECUTE all procedures'
        ELSE NULL END AS rights";
    let asked = async {
        let row = client.simple_query(sql).await?.into_row().await?;
        row.map_or(Ok(None), |row| row.try_get::<&str, _>(0).map(|what| what.map(str::to_owned)))
    };
    asked.await.map_err(|error| failed(&error, remote, meter))
}
