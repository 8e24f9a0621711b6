//! Listening on an address of the configuration.

use std::io;

use tokio::net::TcpListener;

use crate::config::HostPort;

/// An address of the configuration that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("{key} = \"{address}\": cannot listen there: {source}")]
pub struct ListenError {
    /// The key.
    pub key: &'static str,
    /// Its value.
    pub address: HostPort,
    /// Why.
    pub source: io::Error,
}

/// Listens on the address that the key names.
///
/// # Errors
/// Fails if the port is in use or the address is not one of this machine.
pub(crate) async fn listen(key: &'static str, address: &HostPort) -> Result<TcpListener, ListenError> {
    let bound = TcpListener::bind(address.to_string()).await;
    bound.map_err(|source| ListenError { key, address: address.clone(), source })
}
