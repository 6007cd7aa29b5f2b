//! Asks and checks databases of any kind.

use std::net::SocketAddr;

use tidewaiter_engine::ports::{DataSource, Query, SourceError};
use tokio::net::TcpStream;

use crate::meter::Meter;
use crate::rows::{Inner, Rows};
use crate::settings::{Connection, Remote, Server};
use crate::steps::{Check, Step};
use crate::{clickhouse, mysql, postgres, reach, sqlite, sqlserver};

impl DataSource for Connection {
    type Rows = Rows;

    async fn open(&self, query: &Query) -> Result<Rows, SourceError> {
        let meter = Meter::start(self.limits);
        let (columns, inner) = match &self.server {
            Server::Sqlite(file) => {
                let (columns, rows) = meter.within(sqlite::open(file.clone(), query, &meter)).await?;
                (columns, Inner::Sqlite(rows))
            }
            Server::Postgres(remote) => {
                let (columns, rows) = meter.within(postgres::open(remote, query, &meter)).await?;
                (columns, Inner::Postgres(rows))
            }
            Server::Mysql(remote) => {
                let (columns, rows) = meter.within(mysql::open(remote, query, &meter)).await?;
                (columns, Inner::Aside(rows))
            }
            Server::SqlServer(remote) => {
                let (columns, rows) = meter.within(sqlserver::open(remote, query, &meter)).await?;
                (columns, Inner::Aside(rows))
            }
            Server::ClickHouse(remote) => {
                let (columns, rows) = Box::pin(meter.within(clickhouse::open(remote, query, &meter))).await?;
                (columns, Inner::ClickHouse(rows))
            }
        };
        Rows::new(columns, inner, meter)
    }
}

impl Connection {
    /// Looks at the connection step by step. Nothing is read of the tables.
    pub async fn check(&self) -> Check {
        let mut check = Check::default();
        let meter = Meter::start(self.limits);
        match &self.server {
            Server::Sqlite(file) => {
                if let Err(error) = sqlite::database(file) {
                    check.fails(Step::Name, error);
                } else {
                    check.passes(Step::Name, format!("{} is a database of SQLite", file.display()));
                    check.passes(Step::ReadOnly, "it is opened for reading only");
                }
            }
            Server::Postgres(remote) => {
                if let Some(stream) = check_reach(remote, &meter, &mut check).await {
                    postgres::check(remote, stream, &meter, &mut check).await;
                }
            }
            Server::Mysql(remote) => {
                // A connection that says nothing counts against this machine there, so the port is not tried alone.
                if check_name(remote, &meter, &mut check).await.is_some()
                    && let Err(error) = mysql::check(remote, &meter, &mut check).await
                {
                    check.fails(Step::Route, error);
                }
            }
            Server::SqlServer(remote) => {
                if let Some(stream) = check_reach(remote, &meter, &mut check).await {
                    Box::pin(sqlserver::check(remote, stream, &meter, &mut check)).await;
                }
            }
            Server::ClickHouse(remote) => {
                if let Some(stream) = check_reach(remote, &meter, &mut check).await {
                    clickhouse::check(remote, stream, &meter, &mut check).await;
                }
            }
        }
        check
    }
}

async fn check_reach(remote: &Remote, meter: &Meter, check: &mut Check) -> Option<TcpStream> {
    let addresses = check_name(remote, meter, check).await?;
    check_route(remote, &addresses, meter, check).await
}

async fn check_name(remote: &Remote, meter: &Meter, check: &mut Check) -> Option<Vec<SocketAddr>> {
    if let Err(error) = remote.check_protection() {
        check.fails(Step::Tls, error);
        return None;
    }
    match reach::within(remote, meter, reach::resolved(remote)).await {
        Ok(addresses) => {
            let told: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            check.passes(Step::Name, format!("{} is {}", remote.host, told.join(", ")));
            Some(addresses)
        }
        Err(error) => {
            check.fails(Step::Name, error);
            None
        }
    }
}

async fn check_route(
    remote: &Remote,
    addresses: &[SocketAddr],
    meter: &Meter,
    check: &mut Check,
) -> Option<TcpStream> {
    match reach::within(remote, meter, reach::connected(remote, addresses)).await {
        Ok(stream) => {
            check.passes(Step::Route, format!("port {} answers", remote.port));
            Some(stream)
        }
        Err(error) => {
            check.fails(Step::Route, error);
            None
        }
    }
}
