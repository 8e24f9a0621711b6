//! TLS for clients, with a certificate that may be replaced while we run.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::server::{Acceptor, WebPkiClientVerifier};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;

use super::TlsError;
use crate::config::Listen;

/// How often the files are looked at. New ones are taken when two looks in a row see the same, so that a
/// certificate is not paired with the key of the one before.
const LOOK: Duration = Duration::from_secs(1);

/// TLS as `[listen]` asks for it.
#[derive(Debug)]
pub(crate) struct Server {
    files: Files,
    config: RwLock<Arc<ServerConfig>>,
}

/// The PEM files behind it.
#[derive(Debug)]
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

/// What tells one version of a file from another.
type Stamp = Option<(SystemTime, u64, u64)>;

impl Server {
    /// What the configuration asks for; `None`: no TLS.
    pub(crate) fn new(listen: &Listen) -> Result<Option<Self>, TlsError> {
        let (Some(certificate), Some(key)) = (&listen.tls_certificate, &listen.tls_key) else {
            return Ok(None);
        };
        let files = Files {
            certificate: certificate.clone(),
            key: key.clone(),
            client_ca: listen.tls_client_ca.clone(),
        };
        let config = RwLock::new(files.load()?);
        Ok(Some(Self { files, config }))
    }

    /// Must a client show a certificate?
    pub(crate) fn demands_certificate(&self) -> bool {
        self.files.client_ca.is_some()
    }

    /// The handshake with a client of whose hello `first` has been read.
    pub(crate) async fn accept(
        &self,
        first: &[u8],
        stream: TcpStream,
    ) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
        let mut acceptor = Acceptor::default();
        acceptor.read_tls(&mut &*first)?;
        let hello = LazyConfigAcceptor::new(acceptor, stream).await?;
        let config = Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner));
        hello.into_stream(config).await
    }

    /// Takes over new files as they come. Never ends.
    pub(crate) async fn watch(&self) {
        let mut taken = self.files.stamps();
        let mut seen = taken;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.files.stamps();
            if now == seen && now != taken {
                taken = now;
                self.reload();
            }
            seen = now;
        }
    }

    fn reload(&self) {
        match self.files.load() {
            Ok(config) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = config;
                tracing::info!("the new TLS certificate is in use");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the new TLS files are of no use: the certificate before stays");
            }
        }
    }
}

impl Files {
    fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = super::provider();
        let key_provider = provider.key_provider;
        let certificates = super::certificates("listen.tls_certificate", &self.certificate)?;
        let key = super::private_key("listen.tls_key", &self.key)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?;
        let builder = match &self.client_ca {
            Some(path) => {
                let roots = super::authorities("listen.tls_client_ca", path)?;
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build()?;
                builder.with_client_cert_verifier(verifier)
            }
            None => builder.with_no_client_auth(),
        };
        let unusable = |source| TlsError::Refused { key: "listen.tls_key", path: self.key.clone(), source };
        key_provider.load_private_key(key.clone_key()).map_err(unusable)?;
        let refused = |source| TlsError::Refused {
            key: "listen.tls_certificate",
            path: self.certificate.clone(),
            source,
        };
        Ok(Arc::new(builder.with_single_cert(certificates, key).map_err(refused)?))
    }

    fn stamps(&self) -> [Stamp; 3] {
        [stamp(&self.certificate), stamp(&self.key), self.client_ca.as_deref().and_then(stamp)]
    }
}

/// The file is looked up anew each time: a link to it may have moved.
fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
}
