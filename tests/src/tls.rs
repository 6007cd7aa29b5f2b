//! TLS for the servers of tests, which have none: a proxy in front of one ends it.

use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A PostgreSQL with TLS.
#[derive(Debug)]
pub struct Protected {
    /// Its port on `localhost`.
    pub port: u16,
    /// The certificate of the authority that signed its certificate, in PEM.
    pub authority: String,
}

/// Puts TLS in front of a PostgreSQL at `host:port`, with a certificate for `name`. It answers until the process ends.
pub fn protect_postgres(server: &str, name: &str) -> Protected {
    let (acceptor, authority) = certified(name);
    let server = server.to_owned();
    let (told, port) = sync_channel(1);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime can be made");
        runtime.block_on(async {
            let listener = TcpListener::bind("localhost:0").await.expect("a port is free");
            told.send(listener.local_addr().expect("it is bound").port()).expect("it is waited for");
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(end_tls(client, server.clone(), acceptor.clone()));
            }
        });
    });
    Protected { port: port.recv().expect("the proxy starts"), authority }
}

fn certified(name: &str) -> (TlsAcceptor, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("it has no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let new_key = || KeyPair::generate().expect("a key can be made");
    let authority = CertifiedIssuer::self_signed(params, new_key()).expect("it can be signed");
    let key = new_key();
    let own = CertificateParams::new(vec![name.to_owned()])
        .and_then(|params| params.signed_by(&key, &authority))
        .expect("it can be signed");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("the key is one");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key))
        .expect("the certificate fits the key");
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

/// A client that does not trust the certificate goes away: that is no failure of the proxy.
async fn end_tls(mut client: TcpStream, server: String, acceptor: TlsAcceptor) -> std::io::Result<()> {
    // The client asks for TLS with eight bytes, and the server says yes.
    client.read_exact(&mut [0; 8]).await?;
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    let mut server = TcpStream::connect(server).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}
