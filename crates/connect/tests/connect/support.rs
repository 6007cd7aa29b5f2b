//! A database for each test, and what a query answers.

use std::path::Path;
use std::sync::OnceLock;

use mysql_async::prelude::Queryable;
use tidewaiter_connect::{Connection, Limits, Login, Protection, Remote, Roots, SecretString, Server};
use tidewaiter_engine::ports::{
    DataSource, LastItem, Query, RowBatch, SourceColumn, SourceError, SourceRows,
};
use tidewaiter_tests::{clickhouse, mariadb, postgres, sqlserver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_postgres::{Client, NoTls};

/// The rows of an answer, as texts.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) columns: Vec<SourceColumn>,
    pub(crate) rows: Vec<Vec<Option<Vec<u8>>>>,
}

impl Answer {
    /// Each row as one text: its values, `-` for NULL.
    pub(crate) fn told(&self) -> Vec<String> {
        let value = |value: &Option<Vec<u8>>| {
            value.as_ref().map_or_else(|| "-".to_owned(), |bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        self.rows.iter().map(|row| row.iter().map(value).collect::<Vec<_>>().join("|")).collect()
    }
}

/// All rows that a query answers.
pub(crate) async fn ask(
    connection: &Connection,
    sql: &str,
    last: Option<LastItem>,
) -> Result<Answer, SourceError> {
    let mut rows = connection.open(&Query { sql: sql.to_owned(), last }).await?;
    let columns = rows.columns().to_vec();
    let mut answer = Answer { columns, rows: Vec::new() };
    let mut batch = RowBatch::default();
    while rows.next(&mut batch).await? {
        assert!(batch.rows() > 0, "a batch has rows");
        answer.rows.extend(batch.iter().map(|row| row.map(|value| value.map(<[u8]>::to_vec)).collect()));
    }
    assert!(!rows.next(&mut batch).await?, "the end stays the end");
    Ok(answer)
}

/// What a query answers, or what is wrong with it.
pub(crate) async fn told(connection: &Connection, sql: &str) -> Result<Vec<String>, String> {
    ask(connection, sql, None).await.map(|answer| answer.told()).map_err(|error| error.to_string())
}

/// A database of PostgreSQL of its own.
pub(crate) struct Postgres {
    pub(crate) remote: Remote,
}

impl Postgres {
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// A database that is made with options.
    pub(crate) async fn with(options: &str) -> Self {
        let name = unique("connect");
        client("postgres").await.batch_execute(&format!("CREATE DATABASE {name} {options}")).await.unwrap();
        let (user, host, port) = server();
        let login = Login { user: user.to_owned(), password: None };
        Self {
            remote: Remote {
                host: host.to_owned(),
                port,
                database: name,
                protection: Protection::None,
                login,
            },
        }
    }

    /// A client that may write.
    pub(crate) async fn client(&self) -> Client {
        client(&self.remote.database).await
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection { server: Server::Postgres(self.remote.clone()), limits: Limits::default() }
    }

    /// The same by way of another port.
    pub(crate) fn by_way_of(&self, port: u16) -> Connection {
        let remote = Remote { port, host: "localhost".to_owned(), ..self.remote.clone() };
        Connection { server: Server::Postgres(remote), limits: Limits::default() }
    }

    /// Where the server is.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.remote.host, self.remote.port)
    }
}

/// User, host and port of the server.
fn server() -> (&'static str, &'static str, u16) {
    static SERVER: OnceLock<(String, String, u16)> = OnceLock::new();
    let (user, host, port) = SERVER.get_or_init(|| {
        let (_, rest) = postgres::address().split_once("//").unwrap();
        let (user, rest) = rest.split_once('@').unwrap();
        let (host, port) = rest.split_once('/').unwrap().0.rsplit_once(':').unwrap();
        (user.to_owned(), host.to_owned(), port.parse().unwrap())
    });
    (user, host, *port)
}

async fn client(database: &str) -> Client {
    let (user, host, port) = server();
    let address = format!("postgresql://{user}@{host}:{port}/{database}");
    let (client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A database of MariaDB of its own.
pub(crate) struct Mariadb {
    pub(crate) remote: Remote,
}

impl Mariadb {
    /// None where no MariaDB can be had.
    pub(crate) async fn new() -> Option<Self> {
        let (_, rest) = mariadb::address()?.split_once("//").unwrap();
        let (user, rest) = rest.split_once('@').unwrap();
        let (host, port) = rest.split_once('/').unwrap().0.rsplit_once(':').unwrap();
        let login = Login { user: user.to_owned(), password: None };
        let (host, port, protection) = (host.to_owned(), port.parse().unwrap(), Protection::None);
        let mut made = Self { remote: Remote { host, port, database: "test".to_owned(), protection, login } };
        let name = unique("connect");
        made.run(&[&format!("CREATE DATABASE {name}")]).await;
        made.remote.database = name;
        Some(made)
    }

    /// A client that may write.
    pub(crate) async fn client(&self) -> mysql_async::Conn {
        let Remote { host, port, database, login, .. } = &self.remote;
        let options = mysql_async::OptsBuilder::default()
            .ip_or_hostname(host.clone())
            .tcp_port(*port)
            .user(Some(login.user.clone()))
            .db_name(Some(database.clone()))
            .prefer_socket(false);
        mysql_async::Conn::new(options).await.unwrap()
    }

    /// Runs statements.
    pub(crate) async fn run(&self, statements: &[&str]) {
        let mut client = self.client().await;
        for statement in statements {
            client.query_drop(*statement).await.unwrap();
        }
        client.disconnect().await.unwrap();
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection { server: Server::Mysql(self.remote.clone()), limits: Limits::default() }
    }

    /// The same by way of another port.
    pub(crate) fn by_way_of(&self, port: u16) -> Connection {
        let remote = Remote { port, host: "localhost".to_owned(), ..self.remote.clone() };
        Connection { server: Server::Mysql(remote), limits: Limits::default() }
    }

    /// Where the server is.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.remote.host, self.remote.port)
    }
}

/// Where `scheme://user:password@host:port/database` is.
fn remote(address: &str, protection: Protection) -> Remote {
    let (_, rest) = address.split_once("//").unwrap();
    let (login, rest) = rest.split_once('@').unwrap();
    let (user, password) = login.split_once(':').unwrap();
    let (place, database) = rest.split_once('/').unwrap();
    let (host, port) = place.rsplit_once(':').unwrap();
    let login = Login { user: user.to_owned(), password: Some(SecretString::from(password)) };
    let (host, port, database) = (host.to_owned(), port.parse().unwrap(), database.to_owned());
    Remote { host, port, database, protection, login }
}

/// A server of SQL Server's protocol. All tests of a process have the same one.
pub(crate) struct SqlServer {
    pub(crate) remote: Remote,
}

impl SqlServer {
    /// None where no such server can be had.
    pub(crate) fn new() -> Option<Self> {
        let (address, authority) = sqlserver::address()?.split_once('?').unwrap();
        let roots = Roots::Pem(std::fs::read(authority).unwrap());
        Some(Self { remote: remote(address, Protection::Verified(roots)) })
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection { server: Server::SqlServer(self.remote.clone()), limits: Limits::default() }
    }

    /// The same by way of another port.
    pub(crate) fn by_way_of(&self, port: u16) -> Connection {
        let remote = Remote { port, ..self.remote.clone() };
        Connection { server: Server::SqlServer(remote), limits: Limits::default() }
    }

    /// Where the server is.
    pub(crate) fn place(&self) -> String {
        format!("127.0.0.1:{}", self.remote.port)
    }
}

/// An engine of ClickHouse of its own.
pub(crate) struct ClickHouse {
    pub(crate) remote: Remote,
    _engine: clickhouse::Engine,
}

impl ClickHouse {
    /// None where it is not installed.
    pub(crate) fn new() -> Option<Self> {
        let engine = clickhouse::Engine::new()?;
        Some(Self { remote: remote(engine.address(), Protection::None), _engine: engine })
    }

    /// Runs statements.
    pub(crate) async fn run(&self, statements: &[&str]) {
        for statement in statements {
            let mut stream = tokio::net::TcpStream::connect(self.place()).await.unwrap();
            let head = "POST /?database=default HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
                X-ClickHouse-User: tidewaiter\r\nX-ClickHouse-Key: geheim\r\nContent-Length:";
            let request = format!("{head} {}\r\n\r\n{statement}", statement.len());
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200"), "{statement}: {answer}");
        }
    }

    pub(crate) fn connection(&self) -> Connection {
        Connection { server: Server::ClickHouse(self.remote.clone()), limits: Limits::default() }
    }

    /// The same by way of another port.
    pub(crate) fn by_way_of(&self, port: u16) -> Connection {
        let remote = Remote { port, host: "localhost".to_owned(), ..self.remote.clone() };
        Connection { server: Server::ClickHouse(remote), limits: Limits::default() }
    }

    /// The same for a login whose name says how a failure in the middle of an answer is told.
    pub(crate) fn as_user(&self, user: &str) -> Connection {
        let mut remote = self.remote.clone();
        user.clone_into(&mut remote.login.user);
        Connection { server: Server::ClickHouse(remote), limits: Limits::default() }
    }

    /// Where the server is.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.remote.host, self.remote.port)
    }
}

/// A database of SQLite that holds what these statements make.
pub(crate) fn sqlite(folder: &Path, sql: &str) -> Connection {
    let file = folder.join("data.sqlite");
    rusqlite::Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    Connection { server: Server::Sqlite(file), limits: Limits::default() }
}

/// A name that is used nowhere else.
pub(crate) fn unique(prefix: &str) -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{prefix}_{:016x}", RandomState::new().hash_one(prefix))
}
