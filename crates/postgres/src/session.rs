//! A connection, and the statements that it has prepared.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tidewaiter_engine::{Error, Result};
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::address::{Address, Protection, Roots};
use crate::failure::{broken, failed};
use crate::login::Login;

const CONNECTING: &str = "connecting to PostgreSQL";

/// What every session is set to. Times and dates are written in one way. Statements look a few thousand keys up by an
/// index: plans are made once, for tables that are empty then and large later, so a plan that reads a whole table for each
/// key must not be chosen. A client that is gone is noticed, and what it had not committed is undone. What is committed is
/// durable, whatever the server does for others: files move on the strength of it.
const SETTINGS: &str = "
    SET TIME ZONE 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET extra_float_digits = 1;
    SET standard_conforming_strings = on; SET client_min_messages = warning; SET search_path = pg_catalog;
    SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET jit = off;
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET idle_in_transaction_session_timeout = '10min';
    SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 15; SET tcp_keepalives_count = 4;";

/// A parameter of a statement.
pub(crate) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// A connection.
pub(crate) struct Session {
    pub(crate) client: Client,
    statements: Mutex<HashMap<String, Statement>>,
    /// What moves its bytes.
    connection: AbortHandle,
    /// True once the tables of its own schema are known to be there.
    pub(crate) has_tables: AtomicBool,
}

impl Session {
    /// Connects as a login says, and runs these settings besides those that every session has. If it cannot connect, the
    /// login may have changed: it is asked once more.
    pub(crate) async fn open(login: &dyn Login, settings: &str) -> Result<Self> {
        let failed = match Self::connect(&login.address().await?, settings).await {
            Ok(session) => return Ok(session),
            Err(failed) => failed,
        };
        match login.renewed().await? {
            Some(address) => Self::connect(&address, settings).await,
            None => Err(failed),
        }
    }

    /// True if the server answers, within so long. A connection that was left alone may be gone without a word.
    pub(crate) async fn answers(&self, within: Duration) -> bool {
        !self.client.is_closed()
            && tokio::time::timeout(within, self.client.check_connection())
                .await
                .is_ok_and(|answer| answer.is_ok())
    }

    async fn connect(address: &Address, settings: &str) -> Result<Self> {
        let (config, protection) = address.read()?;
        let (client, connection) = match &protection {
            Protection::None => {
                let (client, connection) =
                    config.connect(NoTls).await.map_err(|error| failed(CONNECTING, &error))?;
                (client, tokio::spawn(connection).abort_handle())
            }
            Protection::Verified { roots } => {
                let tls = MakeRustlsConnect::new(tls(roots)?);
                let (client, connection) =
                    config.connect(tls).await.map_err(|error| failed(CONNECTING, &error))?;
                (client, tokio::spawn(connection).abort_handle())
            }
        };
        let settings = format!("{SETTINGS}{settings}");
        client.batch_execute(&settings).await.map_err(|error| failed(CONNECTING, &error))?;
        Ok(Self { client, statements: Mutex::default(), connection, has_tables: AtomicBool::new(false) })
    }

    /// Ends the connection at once, whatever the server is about to send.
    pub(crate) fn abandon(&self) {
        self.connection.abort();
    }

    /// A statement, prepared once for each connection.
    pub(crate) async fn prepared(&self, what: &'static str, sql: &str) -> Result<Statement> {
        let statements = || self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = statements().get(sql) {
            return Ok(known.clone());
        }
        let statement = self.client.prepare(sql).await.map_err(|error| failed(what, &error))?;
        let mut known = statements();
        // A connection that serves thousands of universes must not keep the statements of all of them.
        if known.len() >= MOST_STATEMENTS {
            known.clear();
        }
        known.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Forgets what was prepared: a table has other columns now.
    pub(crate) fn forget_statements(&self) {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The rows that a statement answers.
    pub(crate) async fn rows(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>> {
        let statement = self.prepared(what, sql).await?;
        self.client.query(&statement, parameters).await.map_err(|error| failed(what, &error))
    }

    /// The first row that a statement answers, if there is one.
    pub(crate) async fn row(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>> {
        Ok(self.rows(what, sql, parameters).await?.into_iter().next())
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(
        &self,
        what: &'static str,
        sql: &str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64> {
        let statement = self.prepared(what, sql).await?;
        self.client.execute(&statement, parameters).await.map_err(|error| failed(what, &error))
    }

    /// Runs statements without parameters or answers.
    pub(crate) async fn run(&self, what: &'static str, sql: &str) -> Result<()> {
        self.client.batch_execute(sql).await.map_err(|error| failed(what, &error))
    }
}

const MOST_STATEMENTS: usize = 500;

/// A value of a row.
pub(crate) fn value<'a, T: tokio_postgres::types::FromSql<'a>>(
    what: &'static str,
    row: &'a Row,
    at: usize,
) -> Result<T> {
    row.try_get(at).map_err(|error| failed(what, &error))
}

/// TLS that verifies the server.
fn tls(roots: &Roots) -> Result<ClientConfig> {
    let mut trusted = RootCertStore::empty();
    let (what, hint) = match roots {
        Roots::Machine => {
            let found = rustls_native_certs::load_native_certs();
            let (_, _) = trusted.add_parsable_certificates(found.certs);
            (
                CONNECTING.to_owned(),
                "the machine trusts no certificate authority: name one with sslrootcert=FILE",
            )
        }
        Roots::File(path) => {
            let what = format!("sslrootcert {}", path.display());
            let refused = |reason: String| Error::Refused { what: what.clone(), reason };
            let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
            trust(&mut trusted, &pem).map_err(refused)?;
            (what, "it holds no certificate")
        }
        Roots::Given(pem) => {
            let what = "the certificates to trust".to_owned();
            trust(&mut trusted, pem).map_err(|reason| Error::Refused { what: what.clone(), reason })?;
            (what, "they hold no certificate in PEM")
        }
    };
    if trusted.is_empty() {
        return Err(Error::Refused { what, reason: hint.to_owned() });
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broken(CONNECTING, error.to_string()))?;
    Ok(config.with_root_certificates(trusted).with_no_client_auth())
}

/// Trusts the certificates of a text in PEM; what is wrong with it, if something is.
fn trust(trusted: &mut RootCertStore, pem: &[u8]) -> std::result::Result<(), String> {
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        trusted.add(certificate).map_err(|error| error.to_string())?;
    }
    Ok(())
}
