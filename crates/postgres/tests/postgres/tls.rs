//! Connections with TLS. The server of these tests has none, so a proxy in front of it ends it.

use std::path::{Path, PathBuf};

use tidewaiter_engine::ports::Records;
use tidewaiter_postgres::{Address, PostgresRecords};
use tidewaiter_tests::tls::protect_postgres;

use crate::support::Database;

/// A server with a certificate for a name, and the file with the authority that signed it.
fn protected(server: &str, name: &str, folder: &Path) -> (u16, PathBuf) {
    let protected = protect_postgres(server, name);
    let roots = folder.join(format!("{name}.pem"));
    std::fs::write(&roots, protected.authority).unwrap();
    (protected.port, roots)
}

#[tokio::test]
async fn the_server_is_verified() {
    let database = Database::new().await;
    let folder = tempfile::tempdir().unwrap();
    let (port, roots) = protected(database.server(), "localhost", folder.path());
    let (other_port, other_roots) = protected(database.server(), "db.example.org", folder.path());
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
