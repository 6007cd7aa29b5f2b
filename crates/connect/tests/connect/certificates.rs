//! Connections with TLS. The servers of these tests have none, so a proxy in front of them ends it. (That of SQL Server's
//! protocol has; `sqlserver` looks at its certificate.)

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tidewaiter_connect::{Connection, Protection, Roots, Server, Step, Verdict};
use tidewaiter_engine::ports::{Fault, SourceError};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{ClickHouse, Mariadb, Postgres, ask};

/// Whose server it is.
#[derive(Clone, Copy)]
enum Kind {
    Postgres,
    Mariadb,
    ClickHouse,
}

async fn end_postgres(
    mut client: TcpStream,
    mut server: TcpStream,
    acceptor: TlsAcceptor,
) -> std::io::Result<()> {
    // The client asks for TLS with eight bytes, and the server says yes.
    client.read_exact(&mut [0; 8]).await?;
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// A packet: three bytes of length, its number, what it holds.
async fn packet(from: &mut (impl AsyncRead + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    from.read_exact(&mut bytes).await?;
    let length = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]);
    bytes.resize(4 + length as usize, 0);
    from.read_exact(&mut bytes[4..]).await?;
    Ok(bytes)
}

async fn end_mariadb(
    mut client: TcpStream,
    mut server: TcpStream,
    acceptor: TlsAcceptor,
) -> std::io::Result<()> {
    // The server greets, and says now that it has TLS: behind its version, the thread and eight bytes of salt.
    let mut greeting = packet(&mut server).await?;
    let version = greeting[5..].iter().position(|byte| *byte == 0).unwrap();
    greeting[5 + version + 1 + 4 + 9 + 1] |= 0x08;
    client.write_all(&greeting).await?;
    // The client asks for TLS. The server never sees that, so packets have other numbers there until it is logged in.
    packet(&mut client).await?;
    let mut client = acceptor.accept(client).await?;
    let mut login = packet(&mut client).await?;
    login[3] -= 1;
    // Among what the client can is TLS, which this server cannot.
    login[5] &= !0x08;
    server.write_all(&login).await?;
    let mut answer = packet(&mut server).await?;
    answer[3] += 1;
    client.write_all(&answer).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

async fn end_clickhouse(
    client: TcpStream,
    mut server: TcpStream,
    acceptor: TlsAcceptor,
) -> std::io::Result<()> {
    let mut client = acceptor.accept(client).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// A port whose certificate is for a name, and the authority that signed it.
async fn protected(kind: Kind, server: String, name: &str) -> (u16, Roots) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("localhost:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (server, acceptor) = (server.clone(), acceptor.clone());
            tokio::spawn(async move {
                let server = TcpStream::connect(server).await.unwrap();
                // A client that does not trust the certificate goes away.
                let _ = match kind {
                    Kind::Postgres => end_postgres(client, server, acceptor).await,
                    Kind::Mariadb => end_mariadb(client, server, acceptor).await,
                    Kind::ClickHouse => end_clickhouse(client, server, acceptor).await,
                };
            });
        }
    });
    (port, Roots::Pem(authority.pem().into_bytes()))
}

fn trusting(mut connection: Connection, roots: Roots) -> Connection {
    if let Server::Postgres(remote) | Server::Mysql(remote) | Server::ClickHouse(remote) =
        &mut connection.server
    {
        remote.protection = Protection::Verified(roots);
    }
    connection
}

async fn is_verified(kind: Kind, server: &str, by_way_of: impl Fn(u16) -> Connection) {
    let (port, roots) = protected(kind, server.to_owned(), "localhost").await;
    let (other_port, other_roots) = protected(kind, server.to_owned(), "db.example.org").await;
    let good = trusting(by_way_of(port), roots.clone());
    assert_eq!(ask(&good, "SELECT 1 AS one", None).await.unwrap().told(), ["1"]);
    let steps: Vec<Step> = good.check().await.steps.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [Step::Name, Step::Route, Step::Tls, Step::Login, Step::Rights, Step::ReadOnly]);
    let failing = async |port, roots| -> SourceError {
        let connection = trusting(by_way_of(port), roots);
        let error = ask(&connection, "SELECT 1 AS one", None).await.unwrap_err();
        let check = connection.check().await;
        assert_eq!(check.steps.last(), Some(&(Step::Tls, Verdict::Fails(error.clone()))));
        assert_eq!(error.fault, Fault::Operator);
        error
    };
    let unknown = failing(port, Roots::Machine).await.to_string();
    assert!(unknown.contains("UnknownIssuer") || unknown.contains("trusts no"), "{unknown}");
    let unknown = failing(port, other_roots.clone()).await.to_string();
    assert!(unknown.contains("BadSignature") || unknown.contains("UnknownIssuer"), "{unknown}");
    let other = failing(other_port, other_roots).await.to_string();
    assert!(other.contains("not valid for name") && other.contains("has to be for this host"), "{other}");
    let empty = failing(port, Roots::Pem(b"no certificate".to_vec())).await.to_string();
    assert!(empty.contains("holds no certificate"), "{empty}");
    // The server itself has no TLS.
    let own = server.rsplit_once(':').unwrap().1.parse().unwrap();
    let none = failing(own, roots).await.to_string();
    assert!(none.contains("server does not support TLS"), "{none}");
    let expected = match kind {
        Kind::Postgres => "give the server a certificate, and set ssl = on",
        Kind::Mariadb => "give the server a certificate",
        Kind::ClickHouse => "the port is that of HTTPS",
    };
    assert!(none.contains(expected) && !none.contains("has to be for this host"), "{none}");
}

#[tokio::test]
async fn postgres_is_verified() {
    let database = Postgres::new().await;
    is_verified(Kind::Postgres, &database.place(), |port| database.by_way_of(port)).await;
}

#[tokio::test]
async fn mariadb_is_verified() {
    let Some(database) = Mariadb::new().await else { return };
    is_verified(Kind::Mariadb, &database.place(), |port| database.by_way_of(port)).await;
}

#[tokio::test]
async fn clickhouse_is_verified() {
    let Some(database) = ClickHouse::new() else { return };
    is_verified(Kind::ClickHouse, &database.place(), |port| database.by_way_of(port)).await;
}
