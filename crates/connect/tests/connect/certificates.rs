//! Connections with TLS. The server of these tests has none, so a proxy in front of it ends it.

use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tidewaiter_connect::{Connection, Protection, Roots, Server, Step, Verdict};
use tidewaiter_engine::ports::{Fault, SourceError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Postgres, ask};

/// A port whose certificate is for a name, and the authority that signed it.
async fn protected(server: String, name: &str) -> (u16, Roots) {
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
        while let Ok((mut client, _)) = listener.accept().await {
            let (server, acceptor) = (server.clone(), acceptor.clone());
            tokio::spawn(async move {
                // The client asks for TLS with eight bytes, and the server says yes.
                let mut request = [0; 8];
                client.read_exact(&mut request).await.unwrap();
                client.write_all(b"S").await.unwrap();
                if let Ok(mut client) = acceptor.accept(client).await {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    (port, Roots::Pem(authority.pem().into_bytes()))
}

fn trusting(database: &Postgres, port: u16, roots: Roots) -> Connection {
    let mut connection = database.by_way_of(port);
    if let Server::Postgres(remote) = &mut connection.server {
        remote.protection = Protection::Verified(roots);
    }
    connection
}

#[tokio::test]
async fn the_server_is_verified() {
    let database = Postgres::new().await;
    let (port, roots) = protected(database.place(), "localhost").await;
    let (other_port, other_roots) = protected(database.place(), "db.example.org").await;
    let good = trusting(&database, port, roots.clone());
    assert_eq!(ask(&good, "SELECT 1 AS one", None).await.unwrap().told(), ["1"]);
    let steps: Vec<Step> = good.check().await.steps.iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [Step::Name, Step::Route, Step::Tls, Step::Login, Step::Rights, Step::ReadOnly]);
    let failing = async |port, roots| -> SourceError {
        let connection = trusting(&database, port, roots);
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
    let none = failing(database.remote.port, roots).await.to_string();
    assert!(none.contains("server does not support TLS"), "{none}");
}
