//! Connections to hosts that users name: to addresses that have been looked at, and to nothing else.
//!
//! One place resolves, judges and connects. What is connected to is the very address that was judged, so a name
//! that resolves to something else a moment later gains nothing; and an address that is written as such is judged
//! like one that a name has.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::face::policy::Admission;
use crate::face::{FetchFailure, Policy};

/// What is yet to come of a [`Network`].
pub(super) type Coming<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Names and addresses: the system's, or a test's.
pub(super) trait Network: fmt::Debug + Send + Sync {
    /// The addresses of a name.
    fn resolve<'a>(&'a self, name: &'a str) -> Coming<'a, io::Result<Vec<IpAddr>>>;

    /// A connection to just this address.
    fn connect(&self, address: SocketAddr) -> Coming<'_, io::Result<TcpStream>>;
}

/// The system's resolver and its sockets.
#[derive(Debug)]
pub(super) struct System;

impl Network for System {
    fn resolve<'a>(&'a self, name: &'a str) -> Coming<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> Coming<'_, io::Result<TcpStream>> {
        Box::pin(TcpStream::connect(address))
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no connection: {}", .0.label())]
pub(super) struct NoConnection(pub(super) FetchFailure);

/// Connects to what a policy allows.
#[derive(Clone)]
pub(super) struct Connector {
    policy: Arc<Policy>,
    network: Arc<dyn Network>,
    /// None: https is not allowed.
    tls: Option<TlsConnector>,
}

impl Connector {
    pub(super) fn new(
        policy: Arc<Policy>,
        network: Arc<dyn Network>,
        tls: Option<Arc<ClientConfig>>,
    ) -> Self {
        Self { policy, network, tls: tls.map(TlsConnector::from) }
    }

    async fn connect(self, uri: Uri) -> Result<TokioIo<Stream>, NoConnection> {
        let timeout = self.policy.connect_timeout;
        let done = tokio::time::timeout(timeout, self.in_time(&uri)).await;
        done.unwrap_or(Err(NoConnection(FetchFailure::Timeout))).map(TokioIo::new)
    }

    async fn in_time(&self, uri: &Uri) -> Result<Stream, NoConnection> {
        let refused = || NoConnection(FetchFailure::Refused);
        let url = Url::parse(&uri.to_string()).map_err(|_| refused())?;
        let admission = self.policy.admit(&url).map_err(|_| refused())?;
        let port = url.port_or_known_default().ok_or_else(refused)?;
        let host = url.host().ok_or_else(refused)?;
        let addresses = self.addresses(&host).await?;
        if admission == Admission::Checked && !addresses.iter().all(|address| self.policy.allows(*address)) {
            return Err(refused());
        }
        let stream = self.first(&addresses, port).await?;
        if url.scheme() == "http" {
            return Ok(Stream(Box::new(stream)));
        }
        let failed = |_| NoConnection(FetchFailure::Connect);
        let tls = self.tls.as_ref().ok_or_else(refused)?;
        let name = match host {
            Host::Domain(name) => {
                ServerName::try_from(name.to_owned()).map_err(|_| NoConnection(FetchFailure::Connect))?
            }
            Host::Ipv4(ip) => ServerName::IpAddress(IpAddr::from(ip).into()),
            Host::Ipv6(ip) => ServerName::IpAddress(IpAddr::from(ip).into()),
        };
        Ok(Stream(Box::new(tls.connect(name, stream).await.map_err(failed)?)))
    }

    /// The addresses of a host: at least one.
    async fn addresses(&self, host: &Host<&str>) -> Result<Vec<IpAddr>, NoConnection> {
        let unresolved = || NoConnection(FetchFailure::Resolve);
        let addresses = match host {
            Host::Ipv4(ip) => vec![IpAddr::from(*ip)],
            Host::Ipv6(ip) => vec![IpAddr::from(*ip)],
            Host::Domain(name) => self.network.resolve(name).await.map_err(|_| unresolved())?,
        };
        if addresses.is_empty() { Err(unresolved()) } else { Ok(addresses) }
    }

    /// A connection to the first address that takes one. Each has its part of the time, so that one that is silent
    /// does not hide the next.
    async fn first(&self, addresses: &[IpAddr], port: u16) -> Result<TcpStream, NoConnection> {
        let part = self.policy.connect_timeout / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        let mut failure = FetchFailure::Connect;
        for address in addresses {
            let connection = self.network.connect(SocketAddr::new(*address, port));
            match tokio::time::timeout(part, connection).await {
                Ok(Ok(stream)) => {
                    // It costs no more than time.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Ok(Err(_)) => failure = FetchFailure::Connect,
                Err(_) => failure = FetchFailure::Timeout,
            }
        }
        Err(NoConnection(failure))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = NoConnection;
    type Future = Coming<'static, Result<TokioIo<Stream>, NoConnection>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NoConnection>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// Bytes to and from a server, with TLS or without.
trait Bytes: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytes for T {}

/// A connection.
pub(super) struct Stream(Box<dyn Bytes>);

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
