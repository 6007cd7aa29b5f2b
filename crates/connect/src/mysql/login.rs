//! A connection to MySQL or MariaDB, and what may be wrong with one.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error, Opts, OptsBuilder, SslOpts};
use secrecy::ExposeSecret;
use tidewaiter_engine::ports::{Fault, SourceError};

use super::cut::MOST_WARNINGS;
use super::failure::{failed, unconnected};
use crate::meter::Meter;
use crate::settings::{Protection, Remote, Roots};
use crate::steps::{Check, Step};
use crate::{reach, tls};

/// Modes in which texts and names are quoted otherwise than the lexer takes them, with those that include them.
const OTHER_QUOTES: [&str; 8] =
    ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ANSI", "DB2", "MAXDB", "MSSQL", "ORACLE", "POSTGRESQL"];
/// How long a value of `GROUP_CONCAT` may be, in bytes: as long as a row. A function may make a short value of a long one,
/// so it is never less than servers allow by themselves.
const LEAST_CONCAT: usize = 1 << 20;
/// What every server takes.
const LONGEST_CONCAT: usize = u32::MAX as usize;
/// Privileges that change nothing, as far as a name says so.
const READS: [&str; 8] = [
    "USAGE",
    "SELECT",
    "SHOW DATABASES",
    "SHOW VIEW",
    "PROCESS",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "EXECUTE",
];

/// Connects and logs in.
pub(crate) async fn connect(remote: &Remote, meter: &Meter) -> Result<Conn, SourceError> {
    remote.check_protection()?;
    // The client does it again, and tells less of a name that has no address.
    reach::within(remote, meter, reach::resolved(remote)).await?;
    let options = options(remote, meter)?;
    let connecting = async { Conn::new(options).await.map_err(|error| unconnected(&error, remote, meter)) };
    tokio::time::timeout(meter.limits.connect, connecting)
        .await
        .unwrap_or_else(|_| Err(reach::silent(remote, meter)))
}

fn options(remote: &Remote, meter: &Meter) -> Result<Opts, SourceError> {
    let tls = match &remote.protection {
        Protection::None => None,
        Protection::Verified(roots) => Some(protected(roots)?),
    };
    let password = remote.login.password.as_ref().map(|password| password.expose_secret().to_owned());
    let options = OptsBuilder::default()
        .ip_or_hostname(remote.host.clone())
        .tcp_port(remote.port)
        .user(Some(remote.login.user.clone()))
        .pass(password)
        .db_name(Some(remote.database.clone()))
        // A socket would be taken instead of a protected connection.
        .prefer_socket(false)
        .stmt_cache_size(0)
        .max_allowed_packet(Some(meter.limits.row_bytes))
        .ssl_opts(tls);
    Ok(options.into())
}

fn protected(roots: &Roots) -> Result<SslOpts, SourceError> {
    // It is the only one that is compiled in; the client asks for the one of the process.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let trusted = tls::certificates(roots)?;
    let trusted = trusted.into_iter().map(|certificate| certificate.to_vec().into()).collect();
    Ok(SslOpts::default().with_root_certs(trusted).with_disable_built_in_roots(true))
}

/// Sets the session up, and begins the transaction: it reads only, and ends by itself.
pub(crate) async fn begin(conn: &mut Conn, remote: &Remote, meter: &Meter) -> Result<(), SourceError> {
    set_up(conn, meter).await.map_err(|error| failed(&error, remote, meter))
}

async fn set_up(conn: &mut Conn, meter: &Meter) -> mysql_async::Result<()> {
    let found: Option<(String, String)> = conn.query_first("SELECT VERSION(), @@sql_mode").await?;
    let (version, modes) = found.unwrap_or_default();
    let modes: Vec<&str> = modes
        .split(',')
        .filter(|mode| {
            !OTHER_QUOTES.contains(mode)
                && mode.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
        .collect();
    let remaining = meter.deadline.saturating_duration_since(tokio::time::Instant::now());
    let is_mariadb = version.to_lowercase().contains("mariadb");
    let time = if is_mariadb {
        format!("max_statement_time = {:.3}", remaining.as_secs_f64().max(0.001))
    } else {
        format!("max_execution_time = {}", remaining.as_millis().clamp(1, u128::from(u32::MAX)))
    };
    conn.query_drop(format!(
        "SET SESSION sql_mode = '{}', time_zone = '+00:00', character_set_results = utf8mb4, {time}, \
         sql_select_limit = 18446744073709551615, group_concat_max_len = {}, max_error_count = {MOST_WARNINGS}",
        modes.join(","),
        meter.limits.row_bytes.clamp(LEAST_CONCAT, LONGEST_CONCAT),
    ))
    .await?;
    if is_mariadb {
        lift_recursion(conn).await?;
    }
    conn.query_drop("SET SESSION TRANSACTION READ ONLY").await?;
    conn.query_drop("START TRANSACTION READ ONLY").await
}

/// Lets a recursion go on as long as the statement may take. MariaDB would end it silently.
async fn lift_recursion(conn: &mut Conn) -> mysql_async::Result<()> {
    match conn.query_drop("SET SESSION max_recursive_iterations = 4294967295").await {
        // Versions without recursion do not know it.
        Err(Error::Server(answer)) if answer.code == 1193 => Ok(()),
        set => set,
    }
}

/// Looks at a connection whose host has an address, step by step.
pub(crate) async fn check(remote: &Remote, meter: &Meter) -> Check {
    let mut check = Check::default();
    look(remote, meter, &mut check).await;
    check
}

async fn look(remote: &Remote, meter: &Meter, check: &mut Check) {
    let mut conn = match connect(remote, meter).await {
        Ok(conn) => conn,
        Err(error) => {
            let step = match error.fault {
                Fault::Operator
                    if error.message.contains("protected connection") || error.message.contains("TLS") =>
                {
                    Step::Tls
                }
                Fault::Operator => Step::Login,
                _ => Step::Route,
            };
            return check.fails(step, error);
        }
    };
    check.passes(Step::Route, format!("port {} answers", remote.port));
    if matches!(remote.protection, Protection::Verified(_)) {
        check.passes(Step::Tls, "the certificate is for this host, and signed by a trusted authority");
    }
    check.passes(Step::Login, format!("{:?} is logged in to {:?}", remote.login.user, remote.database));
    let rights = async { may_write(&mut conn).await.map_err(|error| failed(&error, remote, meter)) };
    match reach::within(remote, meter, rights).await {
        Err(error) => return check.fails(Step::Rights, error),
        Ok(Some(what)) => check.warns(
            Step::Rights,
            format!("the login may write: it has the privilege {what}"),
            "use a login of its own that has SELECT on what queries read, and nothing else",
        ),
        Ok(None) => check.passes(Step::Rights, "the login may write to no table"),
    }
    match reach::within(remote, meter, begin(&mut conn, remote, meter)).await {
        Err(error) => check.fails(Step::ReadOnly, error),
        Ok(()) => check.passes(Step::ReadOnly, "the server refuses to write in this session"),
    }
    // It is known what is to be known, so it does not matter how it ends.
    let _ = tokio::time::timeout(meter.limits.connect, conn.disconnect()).await;
}

/// A privilege that writes, if the login has one.
async fn may_write(conn: &mut Conn) -> mysql_async::Result<Option<String>> {
    let grants: Vec<String> = conn.query("SHOW GRANTS").await?;
    Ok(grants.iter().find_map(|grant| {
        let privileges = grant.strip_prefix("GRANT ")?.split_once(" ON ")?.0;
        let names = privileges.split(", ").map(|name| name.split(" (").next().unwrap_or(name));
        // Columns of a privilege are in parentheses, and may be split here.
        let mut names =
            names.filter(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b' '));
        names.find(|name| !READS.contains(name)).map(str::to_owned)
    }))
}
