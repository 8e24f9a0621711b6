//! Connections to the backend.

mod proxy;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout, timeout_at};

pub(crate) use self::proxy::Ends;
use super::prepare;
use super::socket::Socket;
use super::tls::{Client, TlsError};
use crate::config::{Backend, BackendUrl, ProxyProtocol};

/// Why there is no connection to the backend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DialError {
    /// Its name stands for no address.
    #[error("the name \"{name}\" cannot be resolved: {source}")]
    Unknown { name: String, source: io::Error },
    /// None of its addresses takes connections; this is the last.
    #[error("{address}: {source}")]
    Refused { address: SocketAddr, source: io::Error },
    /// It took too long.
    #[error("no answer within backend.connect_timeout")]
    Timeout,
    /// It closed before TLS began.
    #[error("the connection failed at once: {0}")]
    Broken(#[source] io::Error),
    /// TLS failed.
    #[error(
        "the TLS handshake failed: {0}; does the backend offer TLS, and is backend.ca_file its certificate's \
         authority?"
    )]
    Tls(#[source] io::Error),
}

/// Connects to the backend of a configuration.
#[derive(Debug, Clone)]
pub(crate) struct Dialer {
    url: BackendUrl,
    timeout: Duration,
    proxy_protocol: ProxyProtocol,
    tls: Option<Client>,
}

impl Dialer {
    pub(crate) fn new(backend: &Backend) -> Result<Self, TlsError> {
        Ok(Self {
            url: backend.url.clone(),
            timeout: backend.connect_timeout,
            proxy_protocol: backend.proxy_protocol,
            tls: Client::new(backend)?,
        })
    }

    /// Connects: the name is resolved anew, and every address tried in turn. `client` is whom the connection
    /// is for; `None`: ourselves.
    pub(crate) async fn dial(&self, client: Option<Ends>) -> Result<Socket, DialError> {
        let deadline = Instant::now() + self.timeout;
        timeout_at(deadline, self.connect(client, deadline)).await.map_err(|_| DialError::Timeout)?
    }

    async fn connect(&self, client: Option<Ends>, deadline: Instant) -> Result<Socket, DialError> {
        let name = self.url.address.to_string();
        let unknown = |source| DialError::Unknown { name: self.url.address.host.to_string(), source };
        let addresses: Vec<SocketAddr> = lookup_host(&name).await.map_err(unknown)?.collect();
        let mut stream = connect_any(&addresses, deadline)
            .await
            .unwrap_or_else(|| Err(unknown(io::Error::new(io::ErrorKind::NotFound, "it has no address"))))?;
        prepare(&stream).map_err(DialError::Broken)?;
        let header = proxy::header(self.proxy_protocol, client);
        stream.write_all(&header).await.map_err(DialError::Broken)?;
        match &self.tls {
            None => Ok(Socket::Plain(stream)),
            Some(tls) => {
                let stream = tls.connect(stream).await.map_err(DialError::Tls)?;
                Ok(Socket::Tls(Box::new(stream.into())))
            }
        }
    }
}

/// Connects to the first address that answers. Each has its share of the time, so that one that is silent
/// does not keep us from the next.
async fn connect_any(addresses: &[SocketAddr], deadline: Instant) -> Option<Result<TcpStream, DialError>> {
    let mut last = None;
    for (tried, &address) in addresses.iter().enumerate() {
        let left = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = deadline.saturating_duration_since(Instant::now()) / left;
        last = Some(match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Some(Ok(stream)),
            Ok(Err(source)) => Err(DialError::Refused { address, source }),
            Err(_) => Err(DialError::Timeout),
        });
    }
    last
}

#[cfg(test)]
mod tests;
