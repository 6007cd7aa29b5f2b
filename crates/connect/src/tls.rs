//! TLS that verifies the server.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tidewaiter_engine::ports::{Fault, SourceError};

use crate::settings::Roots;

/// A client that trusts these certificate authorities only.
pub(crate) fn client(roots: &Roots) -> Result<ClientConfig, SourceError> {
    client_of(roots, rustls::DEFAULT_VERSIONS)
}

/// The same for some versions of TLS.
pub(crate) fn client_of(
    roots: &Roots,
    versions: &[&'static SupportedProtocolVersion],
) -> Result<ClientConfig, SourceError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| unusable(&error.to_string()))?;
    Ok(config.with_root_certificates(trusted(roots)?).with_no_client_auth())
}

fn trusted(roots: &Roots) -> Result<RootCertStore, SourceError> {
    let mut trusted = RootCertStore::empty();
    for certificate in certificates(roots)? {
        trusted.add(certificate).map_err(|error| unusable(&error.to_string()))?;
    }
    Ok(trusted)
}

/// The certificates of the authorities that are trusted; at least one.
pub(crate) fn certificates(roots: &Roots) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    match roots {
        Roots::Machine => {
            // The machine may hold certificates in forms that rustls does not read.
            let mut known = RootCertStore::empty();
            let found = rustls_native_certs::load_native_certs().certs;
            let usable: Vec<_> = found.into_iter().filter(|one| known.add(one.clone()).is_ok()).collect();
            if usable.is_empty() {
                Err(unusable("this machine trusts no certificate authority"))
            } else {
                Ok(usable)
            }
        }
        Roots::Pem(text) => {
            let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
            match found {
                Ok(found) if !found.is_empty() => Ok(found),
                Ok(_) => Err(unusable("the file of certificate authorities holds no certificate")),
                Err(error) => Err(unusable(&error.to_string())),
            }
        }
    }
}

fn unusable(reason: &str) -> SourceError {
    SourceError::new(Fault::Operator, format!("TLS cannot be used: {reason}"))
        .with_hint("name a PEM file with the certificate authority of the server")
}
