//! Connections with TLS. The server of these tests has none, so a proxy in front of it ends it.

use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tidewaiter_engine::ports::Records;
use tidewaiter_postgres::{Address, PostgresRecords};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::Database;

/// A server with a certificate for a name, and the file with the authority that signed it.
async fn protected(server: String, name: &str, folder: &std::path::Path) -> (u16, PathBuf) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let roots = folder.join(format!("{name}.pem"));
    std::fs::write(&roots, authority.pem()).unwrap();
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
    (port, roots)
}

#[tokio::test]
async fn the_server_is_verified() {
    let database = Database::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (port, roots) = protected(database.server().to_owned(), "localhost", folder.path()).await;
    let (other_port, other_roots) =
        protected(database.server().to_owned(), "db.example.org", folder.path()).await;
    let counts = async |port: u16, parameters: String| {
        let address = Address::parse(&database.by_way_of(port, &parameters), None).unwrap();
        PostgresRecords::new(address).counts().await.map_err(|error| error.to_string())
    };
    let trusting = |roots: &PathBuf| format!("sslmode=verify-full&sslrootcert={}", roots.display());
    assert_eq!(counts(port, trusting(&roots)).await, Ok(Vec::new()));
    let unknown = counts(port, String::new()).await.unwrap_err();
    assert!(unknown.contains("UnknownIssuer"), "the machine does not know the authority: {unknown}");
    let unknown = counts(port, trusting(&other_roots)).await.unwrap_err();
    assert!(unknown.contains("BadSignature") || unknown.contains("UnknownIssuer"), "{unknown}");
    let other = counts(other_port, trusting(&other_roots)).await.unwrap_err();
    assert!(other.contains("not valid for name"), "the certificate is for another host: {other}");
}
