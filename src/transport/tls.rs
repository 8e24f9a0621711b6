//! TLS on both sides: what the configuration's PEM files hold, and what rustls makes of it.

mod client;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub(crate) use self::client::Client;
pub(crate) use self::server::Server;

/// Why TLS cannot be had as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file that is not there, not readable, or not PEM.
    #[error("{key} = \"{}\": cannot be read: {source}", path.display())]
    Unreadable {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// A PEM file without a certificate.
    #[error("{key} = \"{}\": there is no certificate in it", path.display())]
    Empty {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// What the file holds is of no use: no certificate that can be parsed, or not that of the key.
    #[error("{key} = \"{}\": {source}", path.display())]
    Refused {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// No authorities that client certificates could be checked by.
    #[error("listen.tls_client_ca: {0}")]
    ClientAuthority(#[from] rustls::client::VerifierBuilderError),
    /// The authorities of this system cannot be had.
    #[error(
        "backend.url: the certificate authorities of this system cannot be read ({0}); name the backend's in \
         backend.ca_file"
    )]
    System(#[source] rustls::Error),
    /// A host that no certificate can be for.
    #[error("backend.url: no certificate can be for the host \"{0}\"")]
    Host(String),
    /// What rustls has no cipher for: a fault of the program.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

/// The cryptography of all our TLS.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificates of a PEM file: at least one.
fn certificates(key: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { key, path: path.to_owned(), source };
    let read = CertificateDer::pem_file_iter(path).map_err(unreadable)?;
    let certificates = read.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    if certificates.is_empty() {
        return Err(TlsError::Empty { key, path: path.to_owned() });
    }
    Ok(certificates)
}

/// The private key of a PEM file.
fn private_key(key: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { key, path: path.to_owned(), source };
    PrivateKeyDer::from_pem_file(path).map_err(unreadable)
}

/// The authorities of a PEM file.
fn authorities(key: &'static str, path: &Path) -> Result<Arc<RootCertStore>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(key, path)? {
        let refused = |source| TlsError::Refused { key, path: path.to_owned(), source };
        roots.add(certificate).map_err(refused)?;
    }
    Ok(Arc::new(roots))
}
