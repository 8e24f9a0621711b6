//! Connections to the backend.

use std::io;

use tokio::net::TcpStream;

use crate::config;

/// Connects to the backend: its name is resolved anew, and every address tried in turn.
pub(crate) async fn dial(backend: &config::Backend) -> io::Result<TcpStream> {
    let connecting = TcpStream::connect(backend.url.address.to_string());
    let stream = tokio::time::timeout(backend.connect_timeout, connecting)
        .await
        .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no answer within backend.connect_timeout"))??;
    stream.set_nodelay(true)?;
    Ok(stream)
}
